"""The real thing: `python -m sandbox` as a process, and a Chromium in front of it."""

import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from bcapp import database
from tests.conftest import missing

CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
]


@dataclass(frozen=True)
class Running:
    """Both programs, as `make run` starts them."""

    panel: str
    app: str
    database: Path


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    process = subprocess.Popen(
        [sys.executable, "-m", "sandbox", "--port", "0", "--app-port", "0"],
        cwd=database.CHECKOUT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        if "Stop" in line:
            break
    panel = re.search(r"http://localhost:\d+", said)
    app = re.search(r"http://127\.0\.0\.1:\d+", said)
    file = re.search(r"Database\s+(\S+?),", said)
    assert panel, said
    assert app, said
    assert file, said
    # Somebody has to read on: the app would wait for room in the pipe with its next log line.
    reader = threading.Thread(target=process.stdout.read)
    reader.start()
    yield Running(panel[0], app[0], Path(file[1]))
    process.terminate()
    process.wait(timeout=20)
    reader.join()
    process.stdout.close()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        missing("a Chromium (Debian: apt install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM_FLAGS)
        yield browser
        browser.close()
