"""The process that is killed: the app under gunicorn with one worker."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from bcapp import database

MAX_WAIT = 60


def until(happened: Callable[[], bool], what: str) -> None:
    """Wait for a condition in another process."""
    give_up = time.monotonic() + MAX_WAIT
    while not happened():
        assert time.monotonic() < give_up, what
        threading.Event().wait(0.005)


class Gunicorn:
    """Serve the app; the master starts a new worker for each one that is killed.

    The test owns the listening socket, so connections wait in it while there is no worker.
    """

    def __init__(self, environ: Mapping[str, str], log: Path) -> None:
        self._environ = environ
        self._log = log

    def __enter__(self) -> Self:
        self._socket = socket.create_server(("127.0.0.1", 0))
        file = self._socket.fileno()
        with self._log.open("w") as log:
            self._master = subprocess.Popen(
                [sys.executable, "-m", "gunicorn", "app:app"],
                cwd=database.CHECKOUT,
                env={
                    **os.environ,
                    "WEB_CONCURRENCY": "1",
                    **self._environ,
                    "BIND": f"fd://{file}",
                },
                pass_fds=(file,),
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            self.end()
        finally:
            if self._master.poll() is None:
                os.killpg(self._master.pid, signal.SIGKILL)
                self._master.wait()
            self._socket.close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def end(self) -> None:
        self._master.terminate()
        self._master.wait(MAX_WAIT)

    def reload(self) -> None:
        """Reload as a deployment does; returns when no old worker is left."""
        before = set(self.workers())
        self._master.send_signal(signal.SIGHUP)
        until(lambda: before.isdisjoint(self.workers()), f"no new workers: {self._said()}")

    def kill_worker(self) -> None:
        """Kill the worker; returns when another has replaced it."""
        (worker,) = self.workers()
        os.kill(worker, signal.SIGKILL)
        until(lambda: self.workers() not in ([], [worker]), f"no new worker: {self._said()}")

    def workers(self) -> list[int]:
        # Linux keeps a list of every thread's children; the master has one thread.
        assert self._master.poll() is None, f"gunicorn has ended: {self._said()}"
        master = self._master.pid
        children = Path(f"/proc/{master}/task/{master}/children").read_text()
        return [int(pid) for pid in children.split()]

    def _said(self) -> str:
        return self._log.read_text()[-2000:]
