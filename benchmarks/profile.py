"""Sample where the CPU time of a launch and of a send goes, by library, on stderr.

The app's log goes to stdout: `.venv/bin/python -m benchmarks.profile >/dev/null`

A timer samples the stack and counts for the topmost library; time in the standard library counts
for its caller.
"""

import signal
import sys
import sysconfig
import time
from collections import Counter
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from types import FrameType

from flask import Flask
from werkzeug.datastructures import Headers
from werkzeug.test import EnvironBuilder, run_wsgi_app

from bcapp.database import CHECKOUT
from bcapp.factory import create_app
from bcapp.views.session import TOKEN_HEADER
from benchmarks import raw_requests
from benchmarks.environment import KINDS, Environment, environment
from tests import make
from tests.conftest import close

STORES = 1000
_ROOTS = (Path(sysconfig.get_path("purelib")), CHECKOUT)


def main() -> int:
    with environment() as built:
        for kind in KINDS:
            print("\n".join(_profile(built, kind)), file=sys.stderr)
    return 0


def _profile(built: Environment, kind: str) -> list[str]:
    dataset = built.dataset(kind, STORES)
    settings = {"DATABASE_URL": dataset.url, "BIGCOMMERCE_API_URL": built.bigcommerce}
    app = create_app(make.config(**settings, LOG_LEVEL="INFO"))
    launches = [raw_requests.launch(number) for number in dataset.used]
    tokens = [_ask(app, _environ(launch))[TOKEN_HEADER] for launch in launches]
    sends = [raw_requests.send(token) for token in tokens]
    lines = [*_spent(app, f"launch, {kind}", launches), *_spent(app, f"send, {kind}", sends)]
    close(app)
    return lines


def _spent(app: Flask, what: str, requests: Iterable[bytes]) -> list[str]:
    first, second = ([_environ(request) for request in requests] for _ in range(2))
    for environ in first:  # warm-up
        _ask(app, environ)
    samples = Counter[str]()
    signal.signal(signal.SIGPROF, lambda _signal, frame: samples.update([_owner(frame)]))
    signal.setitimer(signal.ITIMER_PROF, 0.001, 0.001)
    used = time.process_time()
    for environ in second:
        _ask(app, environ)
    used = (time.process_time() - used) * 1000 / len(second)
    signal.setitimer(signal.ITIMER_PROF, 0)
    shares = [(name, used * count / samples.total()) for name, count in samples.most_common(12)]
    return [f"{what}: {used:.2f} ms", *(f"  {name:18} {share:5.2f} ms" for name, share in shares)]


def _owner(frame: FrameType | None) -> str:
    while frame is not None:
        owner = _library(frame.f_code.co_filename)
        if owner is not None:
            return owner
        frame = frame.f_back
    return "Python"


@cache
def _library(file: str) -> str | None:
    for root in _ROOTS:
        if Path(file).is_relative_to(root):
            return Path(file).relative_to(root).parts[0]
    return None


def _environ(request: bytes) -> dict[str, object]:
    head, _, body = request.decode().partition("\r\n\r\n")
    line, *rest = head.split("\r\n")
    method, address, _ = line.split()
    headers = Headers([tuple(header.split(": ", 1)) for header in rest])
    return EnvironBuilder(address, method=method, headers=headers, data=body).get_environ()


def _ask(app: Flask, environ: dict[str, object]) -> Headers:
    _, _, headers = run_wsgi_app(app, environ, buffered=True)
    return headers


if __name__ == "__main__":
    sys.exit(main())
