"""A client for the app: tests call verbs, not URLs."""

import html
import re
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from sandbox.world import Person, World
from tests.reference import DETAILS

Form = Mapping[str, str | list[str]]


class Browser:
    """One person's tab; carries the session token as the page's script does."""

    def __init__(self, app: Flask, world: World, store_hash: str, role: str) -> None:
        self.client = app.test_client()
        self.app = app
        self.world = world
        self.store_hash = store_hash
        self.person: Person = world.person(store_hash, role)
        self.token: str | None = None

    def another(self, role: str, store_hash: str | None = None) -> "Browser":
        return Browser(self.app, self.world, store_hash or self.store_hash, role)

    def payload(self, **changes: Any) -> str:
        return self.world.signed_payload(self.store_hash, self.person, **changes)

    def install(self, *, external: bool = False, **changes: str | None) -> TestResponse:
        query = self.world.install_query(self.store_hash, self.person, external, **changes)
        return self._keep(self.client.get("/auth", query_string=query))

    def open(self, **changes: Any) -> TestResponse:
        return self._callback("/load", **changes)

    def uninstall(self, **changes: Any) -> TestResponse:
        """Call the uninstall callback; revoking the token is up to the test."""
        return self._callback("/uninstall", **changes)

    def remove(self, **changes: Any) -> TestResponse:
        return self._callback("/remove_user", **changes)

    def get(self, path: str) -> TestResponse:
        return self._keep(self.client.get(path, headers=self._headers()))

    def post(self, path: str, form: Form | None = None) -> TestResponse:
        return self._keep(self.client.post(path, data=form or {}, headers=self._headers()))

    def send(self, carrier_id: str, form: Form | None = None) -> TestResponse:
        details = DETAILS[carrier_id] if form is None else form
        return self.post(f"/carriers/{carrier_id}/connection", details)

    def disconnect(self, carrier_id: str) -> TestResponse:
        return self.post(f"/carriers/{carrier_id}/disconnect")

    def _callback(self, path: str, **changes: Any) -> TestResponse:
        query = {"signed_payload_jwt": self.payload(**changes)}
        return self._keep(self.client.get(path, query_string=query))

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}

    def _keep(self, response: TestResponse) -> TestResponse:
        check_every_answer(response)
        self.token = response.headers.get("X-Session-Token", self.token)
        return response


def check_every_answer(response: TestResponse) -> None:
    """Check what holds for every response."""
    assert "Set-Cookie" not in response.headers
    assert "X-Frame-Options" not in response.headers
    assert response.headers["X-Request-Id"]
    if not response.mimetype.startswith("text/html") or not response.data:
        return
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors https://*.mybigcommerce.com https://*.bigcommerce.com" in policy
    assert "unsafe" not in policy
    if response.status_code not in {302, 303, 308}:
        _check_page(response.text)


def _check_page(page: str) -> None:
    if page.startswith("<!doctype html>"):  # else it is the part of a page
        assert re.search(r"<title>[^<]+ – Carrier connections</title>", page)
        assert page.count("<h1") == 1
    ids = re.findall(r'\sid="([^"]+)"', page)
    assert len(ids) == len(set(ids)), "an id stands twice"
    told = re.findall(r'\saria-(?:describedby|labelledby|controls)="([^"]+)"', page)
    named = {name for names in told for name in names.split()}
    named.update(re.findall(r'\s(?:for="|href="#)([^"]+)"', page))
    assert named <= set(ids), "what is named is not there"
    assert "style=" not in page
    assert " onclick" not in page


def said(response: TestResponse) -> str:
    """Return the page's text: no tags, entities resolved, white space folded."""
    body = re.sub(r"<(template|noscript).*?</\1>", " ", response.text, flags=re.DOTALL)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", body))).strip()


def at_once(times: int, call: Callable[[], int]) -> list[int]:
    """Make one call from several threads at the same moment; returns the results."""
    return together(*[call] * times)


def together(*calls: Callable[[], int]) -> list[int]:
    """Make several calls at the same moment, each in a thread; returns the results in order."""
    barrier = threading.Barrier(len(calls))

    def run(call: Callable[[], int]) -> int:
        barrier.wait(timeout=10)
        return call()

    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(run, calls))
