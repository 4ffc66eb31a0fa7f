"""Serve the app with gunicorn and `gunicorn.conf.py`, on a port of this machine."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import requests

from bcapp import database
from tests.crash.worker import MAX_WAIT, until


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def http_session() -> requests.Session:
    session = requests.Session()
    session.trust_env = False  # a proxy from the environment cannot reach our loopback
    return session


class Instance:
    """One gunicorn with its workers, started on entering and stopped on leaving."""

    def __init__(
        self,
        environ: Mapping[str, str],
        log: Path,
        port: int | None = None,
        code: Path = database.CHECKOUT,
        program: str = "app:app",
    ) -> None:
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._environ = environ
        self._log = log
        self._code = code
        self._program = program

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.kill()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._master.poll() is not None:
            return
        self.terminate()
        try:
            self.wait_until_ended()
        finally:
            if self._master.poll() is None:
                self.kill()

    def start(self, environ: Mapping[str, str] | None = None, code: Path | None = None) -> None:
        """Start with new or unchanged settings and code; returns when it is ready."""
        self._environ, self._code = environ or self._environ, code or self._code
        self.launch()
        until(self.is_ready, "the instance is not ready")

    def launch(self) -> None:
        """Start without waiting until it listens."""
        with self._log.open("a") as log:
            self._master = subprocess.Popen(
                [sys.executable, "-m", "gunicorn", self._program],
                cwd=self._code,
                env={**os.environ, **self._environ, "BIND": f"127.0.0.1:{self.port}"},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def reload(self) -> None:
        """Send HUP; returns when the last old worker has ended."""
        before = self.workers()
        self._master.send_signal(signal.SIGHUP)
        until(lambda: not before & self.workers(), "the old workers stay")

    def terminate(self) -> None:
        self._master.terminate()

    def wait_until_ended(self) -> None:
        self._master.wait(MAX_WAIT)

    def kill(self) -> None:
        """Kill all processes, as a power failure does."""
        os.killpg(self._master.pid, signal.SIGKILL)
        self._master.wait()

    def freeze(self) -> None:
        """Stop all processes; the kernel goes on accepting connections."""
        os.killpg(self._master.pid, signal.SIGSTOP)

    def workers(self) -> set[int]:
        # Linux keeps a list of every thread's children; the master has one thread.
        master = self._master.pid
        return {int(p) for p in Path(f"/proc/{master}/task/{master}/children").read_text().split()}

    def said(self) -> str:
        return self._log.read_text()

    def is_ready(self) -> bool:
        assert self._master.poll() is None, f"gunicorn has ended: {self.said()[-2000:]}"
        with http_session() as http:
            try:
                return http.get(f"{self.url}/readyz", timeout=MAX_WAIT).status_code == 200
            except requests.ConnectionError:
                return False
