"""`python -m sandbox`, that is `make run`: both programs start and find each other."""

import re
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest
import requests

from bcapp import database


@pytest.fixture
def control_panel() -> Iterator[str]:
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
    # Somebody has to read on: the app would wait for room in the pipe with its next log line.
    reader = threading.Thread(target=process.stdout.read)
    reader.start()
    yield said
    process.terminate()
    process.wait(timeout=20)
    reader.join()
    process.stdout.close()


def test_the_app_can_be_installed_from_the_control_panel_that_it_prints(control_panel: str) -> None:
    address = re.search(r"http://localhost:\d+", control_panel)
    assert address, control_panel

    with requests.Session() as session:
        session.trust_env = False
        welcome = session.post(f"{address[0]}/stores/harbour1/install", timeout=20)

    assert "Welcome to Carrier connections" in welcome.text
    assert f"frame-ancestors {address[0]}" in welcome.headers["Content-Security-Policy"]
    assert f"script-src 'self' {address[0]};" in welcome.headers["Content-Security-Policy"]
