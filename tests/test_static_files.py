"""Compression and caching of pages and static files."""

import gzip
import re

import pytest
from flask import Flask

from tests.merchant import Browser

FOREVER = "public, max-age=31536000, immutable"
FONT = "/static/fonts/carrier-sans-400.woff2"


def test_static_urls_are_versioned_and_cached(merchant: Browser) -> None:
    page = merchant.get("/carriers").text
    files = re.findall(r'(?:href|src)="(/static/[^"]+)"', page)

    assert len(files) == 2
    for file in [*files, FONT]:
        with merchant.client.get(file) as response:
            assert response.status_code == 200
            assert response.headers["Cache-Control"] == FOREVER


def test_only_the_current_version_is_cached(merchant: Browser) -> None:
    """Names are the asker's, as many as they like: nothing is remembered of them."""
    (file,) = re.findall(r'href="/static/(bcapp.css[^"]+)"', merchant.get("/carriers").text)

    with merchant.client.get(f"/static/fonts/../{file}") as response:
        assert response.headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize("file", ["/static/bcapp.css", "/static/bcapp.css?v=ffffffff"])
def test_other_versions_are_not_cached(app: Flask, file: str) -> None:
    with app.test_client().get(file) as first:
        etag = first.headers["ETag"]
        assert first.headers["Cache-Control"] == "no-cache"

    with app.test_client().get(file, headers={"If-None-Match": etag}) as again:
        assert again.status_code == 304


@pytest.mark.parametrize("path", ["/carriers", "/static/bcapp.css", "/static/bcapp.js"])
def test_text_is_gzipped_if_accepted(merchant: Browser, path: str) -> None:
    headers = {"Authorization": f"Bearer {merchant.token}"}
    with (
        merchant.client.get(path, headers=headers) as plain,
        merchant.client.get(path, headers=headers | {"Accept-Encoding": "gzip"}) as packed,
        merchant.client.get(path, headers=headers | {"Accept-Encoding": "gzip;q=0"}) as refused,
    ):
        assert "Content-Encoding" not in plain.headers
        assert "Content-Encoding" not in refused.headers
        assert packed.headers["Content-Encoding"] == "gzip"
        assert {answer.headers["Vary"] for answer in (plain, packed)} == {"Accept-Encoding"}
        assert int(packed.headers["Content-Length"]) == len(packed.data) < len(plain.data) / 2
        titles = [
            re.findall("<title>.*|^/?[/*].*", text, re.M)[:1]
            for text in (plain.text, gzip.decompress(packed.data).decode())
        ]
        assert titles[0] == titles[1] != []


def test_range_requests_are_not_compressed(app: Flask) -> None:
    headers = {"Range": "bytes=0-9", "Accept-Encoding": "gzip"}

    with app.test_client().get("/static/bcapp.js", headers=headers) as response:
        assert response.status_code == 206
        assert response.data == b"// The emb"


def test_a_gzipped_file_supports_conditional_requests(app: Flask) -> None:
    headers = {"Accept-Encoding": "gzip"}
    with app.test_client().get("/static/bcapp.js", headers=headers) as first:
        known = headers | {"If-None-Match": first.headers["ETag"]}

    with app.test_client().get("/static/bcapp.js", headers=known) as again:
        assert again.status_code == 304
    # The same file unpacked has the same tag, so the tag must not claim the same bytes.
    assert first.headers["ETag"].startswith("W/")
