"""Run nginx with `deploy/nginx.conf`, on ports and folders of this machine."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from bcapp.database import CHECKOUT
from tests.certificates import make_tls
from tests.crash.worker import MAX_WAIT, until
from tests.served import free_port

NOBODY = 65534


def program() -> str | None:
    return shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")


class Nginx:
    """nginx in front of two ports, run by an unprivileged user."""

    def __init__(self, folder: Path, instances: Sequence[int]) -> None:
        self._folder = folder
        self._ports = free_port(), free_port()
        self.plain_url = f"http://127.0.0.1:{self._ports[0]}"
        self.url = f"https://127.0.0.1:{self._ports[1]}"
        self.trusted = make_tls(folder / "tls")
        (folder / "nginx.conf").write_text(self._rendered(instances))
        (folder / "run").mkdir()
        self._as_user: dict[str, Any] = {}
        if os.geteuid() == 0:
            self._as_user = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
            for path in (folder, *folder.rglob("*")):
                os.chown(path, NOBODY, NOBODY)

    def _rendered(self, instances: Sequence[int]) -> str:
        here = {
            "listen 8080;": f"listen 127.0.0.1:{self._ports[0]};",
            "listen 8443 ssl;": f"listen 127.0.0.1:{self._ports[1]} ssl;",
            "app1:8000": f"127.0.0.1:{instances[0]}",
            "app2:8000": f"127.0.0.1:{instances[1]}",
            "/etc/nginx/tls/": f"{self._folder}/tls/",
            "/run/nginx/": f"{self._folder}/run/",
            "/dev/stdout": f"{self._folder}/access.log",
            "/dev/stderr": f"{self._folder}/error.log",
        }
        names = re.compile("|".join(map(re.escape, here)))
        text = (CHECKOUT / "deploy" / "nginx.conf").read_text()
        assert set(names.findall(text)) == set(here), "the configuration names other places"
        return names.sub(lambda match: here[match[0]], text)

    def _command(self, *arguments: str) -> list[str]:
        files = ["-e", str(self._folder / "error.log"), "-c", str(self._folder / "nginx.conf")]
        return [program() or "nginx", *files, *arguments]

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(self._command("-g", "daemon off;"), **self._as_user)
        until(self._listens, f"nginx does not listen: {self.errors()}")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._process.terminate()
        self._process.wait(MAX_WAIT)

    def check(self) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self._command("-t"), check=False, capture_output=True, text=True, **self._as_user
        )

    def reload(self) -> None:
        self._process.send_signal(signal.SIGHUP)

    def answered(self) -> list[dict[str, str]]:
        """Return the complete lines of the access log."""
        # Whole ones: a file can be read in the middle of a write that goes over a page's end.
        *whole, _ = self.log().split("\n")
        return [json.loads(line) for line in whole]

    def log(self) -> str:
        path = self._folder / "access.log"
        return path.read_text() if path.exists() else ""

    def errors(self) -> str:
        path = self._folder / "error.log"
        return path.read_text() if path.exists() else ""

    def _listens(self) -> bool:
        assert self._process.poll() is None, f"nginx has ended: {self.errors()}"
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self._ports[1])) == 0
