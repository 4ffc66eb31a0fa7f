"""Test data and requests of `make bench` fit the app."""

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bcapp.models import ActivityEntry
from benchmarks import raw_requests
from benchmarks.test_data import ENTRIES, Dataset, fill
from tests.merchant import said

STORES = 3

pytestmark = [pytest.mark.own_database, pytest.mark.both_databases("queries")]


@pytest.fixture
def dataset(database_url: str) -> Dataset:
    dataset = Dataset(database_url.partition(":")[0], STORES, database_url)
    fill(dataset)
    return dataset


def path_of(request: bytes) -> str:
    return request.split(b" ")[1].decode()


def test_generated_stores_have_entries_and_show_them(
    dataset: Dataset, app: Flask, db: Session
) -> None:
    page = app.test_client().get(path_of(raw_requests.launch(STORES)))

    counted = select(func.count(ActivityEntry.id)).group_by(ActivityEntry.store_id)
    assert list(db.scalars(counted)) == [ENTRIES] * STORES
    assert page.status_code == 200
    assert "FedEx fedex Sent Last sent 10 Jan 2026, 00:00" in said(page)
