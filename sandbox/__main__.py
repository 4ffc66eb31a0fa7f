"""`python -m sandbox`: run the sandbox, and the app as a child process."""

import argparse
import base64
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import requests

from sandbox.server import run_sandbox
from sandbox.world import World

ROOT = Path(__file__).resolve().parent.parent
START_TIMEOUT = 30
STOP_TIMEOUT = 10

# The only variables that the app inherits, so that a developer's settings do not reach it.
INHERITED_VARIABLES = (
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "TMPDIR",
    "TZ",
    "VIRTUAL_ENV",
    "SYSTEMROOT",
)

WELCOME = """\
BigCommerce sandbox

  Open       http://localhost:{port}/   (use this host name: the app is another site, {app_url})
  Database   {database}, newly created
  Keys       client ID, client secret, session and encryption keys are generated for this run
  Stop       Ctrl-C
"""


class AppFailed(Exception):
    """The app did not start, or it exited unexpectedly."""


def main() -> int:
    arguments = _parse_arguments()
    port, app_port = _free_port(arguments.port), _free_port(arguments.app_port)
    app_url = f"http://127.0.0.1:{app_port}"
    # One database per port, so that a second sandbox does not delete the first one's database.
    database = ROOT / "instance" / f"sandbox-{port}" / "bcapp.sqlite3"
    world = World(secrets.token_hex(16), secrets.token_hex(32), app_url)
    stopped = threading.Event()
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signal_number, lambda *_: stopped.set())
    try:
        with ExitStack() as stack:
            for host in _loopback_hosts():
                stack.enter_context(run_sandbox(world, host, port))
            environment = _app_environment(world, port, database)
            app = stack.enter_context(_run_app(app_port, database, environment))
            _wait_until_healthy(app, app_url, stopped)
            if not stopped.is_set():
                print(WELCOME.format(port=port, app_url=app_url, database=database), flush=True)
            _wait_until_stopped(app, stopped)
    except AppFailed as error:
        print(f"sandbox: {error}", file=sys.stderr)
        return 1
    return 0


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    parser.add_argument("--port", type=int, default=8000, help="port of the control panel")
    parser.add_argument("--app-port", type=int, default=8001, help="port of the app")
    return parser.parse_args()


def _free_port(preferred: int) -> int:
    """Return the preferred port, or any free port if it is taken."""
    for port in (preferred, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            bound_port: int = probe.getsockname()[1]
            return bound_port
    raise AppFailed("no port is free on 127.0.0.1")


def _loopback_hosts() -> tuple[str, ...]:
    """Return 127.0.0.1, and also ::1 if "localhost" resolves to nothing else."""
    addresses = {info[4][0] for info in socket.getaddrinfo("localhost", None)}
    return ("127.0.0.1",) if "127.0.0.1" in addresses else ("127.0.0.1", "::1")


def _app_environment(world: World, port: int, database: Path) -> dict[str, str]:
    """Return the app's complete environment, including every variable that a `.env` could add."""
    sandbox_url = f"http://127.0.0.1:{port}"
    inherited = {name: os.environ[name] for name in INHERITED_VARIABLES if name in os.environ}
    return inherited | {
        "BIGCOMMERCE_CLIENT_ID": world.client_id,
        "BIGCOMMERCE_CLIENT_SECRET": world.client_secret,
        "APP_URL": world.app_url,
        "SESSION_KEYS": secrets.token_urlsafe(48),
        "ENCRYPTION_KEYS": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        "DATABASE_URL": f"sqlite:///{database}",
        "BIGCOMMERCE_LOGIN_URL": sandbox_url,
        "BIGCOMMERCE_API_URL": sandbox_url,
        "BIGCOMMERCE_FRAME_ANCESTORS": f"http://localhost:{port}",
        "BIGCOMMERCE_SDK_URL": f"http://localhost:{port}/static/app-sdk.js",
        "BIGCOMMERCE_TIME_BUDGET": "25",
        "TRUSTED_PROXIES": "0",
        "LOG_LEVEL": "INFO",
        "HELP_URL": f"http://localhost:{port}/help",
        "SUPPORT_URL": f"http://localhost:{port}/support",
    }


@contextmanager
def _run_app(
    port: int, database: Path, environment: dict[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    """Run the app with an empty database, since the sandbox also starts with new stores."""
    shutil.rmtree(database.parent, ignore_errors=True)
    database.parent.mkdir(mode=0o700, parents=True)
    exit_status = _start_module(["alembic", "upgrade", "head"], environment).wait()
    if exit_status != 0:
        raise AppFailed(
            f"the database could not be created: alembic exited with status {exit_status}"
        )
    gunicorn = ["gunicorn", "-c", "gunicorn.conf.py", "app:app", "--bind", f"127.0.0.1:{port}"]
    process = _start_module(gunicorn, environment)
    try:
        yield process
    finally:
        _stop_process(process)


def _start_module(arguments: list[str], environment: dict[str, str]) -> subprocess.Popen[bytes]:
    """Start `python -m …` in its own session, so that only the sandbox receives Ctrl-C."""
    return subprocess.Popen(  # noqa: S603 - fixed arguments, no shell
        [sys.executable, "-m", *arguments], cwd=ROOT, env=environment, start_new_session=True
    )


def _stop_process(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_TIMEOUT)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _wait_until_healthy(
    app: subprocess.Popen[bytes], app_url: str, stopped: threading.Event
) -> None:
    deadline = time.monotonic() + START_TIMEOUT
    with requests.Session() as session:
        session.trust_env = False  # a proxy cannot reach the loopback interface
        while not stopped.wait(0.1):
            _raise_if_exited(app)
            try:
                if session.get(f"{app_url}/healthz", timeout=1).ok:
                    return
            except requests.RequestException:
                pass  # not listening yet
            if time.monotonic() > deadline:
                raise AppFailed(f"the app did not answer within {START_TIMEOUT} seconds")


def _wait_until_stopped(app: subprocess.Popen[bytes], stopped: threading.Event) -> None:
    while not stopped.wait(0.5):
        _raise_if_exited(app)


def _raise_if_exited(app: subprocess.Popen[bytes]) -> None:
    if app.poll() is not None:
        raise AppFailed(f"the app exited with status {app.returncode}; see its log above")


if __name__ == "__main__":
    sys.exit(main())
