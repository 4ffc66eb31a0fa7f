"""What `make bench` stands on: its databases and requests are those of the app."""

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bcapp.models import ActivityEntry
from benchmarks import visits
from benchmarks.stock import ENTRIES, Stock, fill
from tests.merchant import said

STORES = 3


@pytest.fixture
def stock(database_url: str) -> Stock:
    stock = Stock(database_url.partition(":")[0], STORES, database_url)
    fill(stock)
    return stock


def path_of(request: bytes) -> str:
    return request.split(b" ")[1].decode()


def test_every_store_has_its_entries_and_shows_what_it_sent(
    stock: Stock, app: Flask, db: Session
) -> None:
    page = app.test_client().get(path_of(visits.launch(STORES)))

    counted = select(func.count(ActivityEntry.id)).group_by(ActivityEntry.store_id)
    assert list(db.scalars(counted)) == [ENTRIES] * STORES
    assert page.status_code == 200
    assert "FedEx fedex Sent Last sent 10 Jan 2026, 00:00" in said(page)
