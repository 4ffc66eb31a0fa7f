"""Precondition of the other journeys: this browser drops cookies in a cross-site frame."""

import json
import ssl
from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext
from werkzeug.wrappers import Request, Response

from sandbox.server import run_server
from tests.journeys.conftest import Sites

FRAME = """address => new Promise(done => {
  const frame = document.createElement("iframe");
  frame.src = address;
  frame.name = "counter";
  frame.onload = done;
  document.body.append(frame);
})"""


@Request.application
def counter(request: Request) -> Response:
    """Echo the received cookies and set one made for frames."""
    response = Response(json.dumps(request.cookies), mimetype="application/json")
    response.set_cookie("seen", "1", samesite="None", secure=True)
    return response


@pytest.fixture
def counter_url(certificate: ssl.SSLContext) -> Iterator[str]:
    with run_server(counter, tls=certificate) as server:
        yield f"https://counter.test:{server.port}/"


def test_third_party_cookies_are_blocked_in_the_frame(
    browser: BrowserContext, sites: Sites, counter_url: str
) -> None:
    page = browser.new_page()
    page.goto(counter_url)
    page.goto(counter_url)
    at_the_top = page.inner_text("body")
    page.goto(sites.panel)

    page.evaluate(FRAME, counter_url)
    frame = page.frame("counter")
    assert frame is not None
    in_the_frame = frame.locator("body").inner_text()

    assert (json.loads(at_the_top), json.loads(in_the_frame)) == ({"seen": "1"}, {})
    browser.clear_cookies()
    page.close()
