"""What a request costs, counted exactly: statements, calls to BigCommerce, connections."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, event

from bcapp.runtime import runtime
from tests.merchant import DETAILS, Browser, together

Act = Callable[[Browser], object]


@pytest.fixture
def statements(app: Flask) -> Iterator[list[str]]:
    """Verb and table of everything that the app asks its database."""
    with app.app_context():
        engine: Engine = runtime().engine
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not statement.startswith("BEGIN"):  # SQLite's is ours, PostgreSQL's its driver's
            seen.append(" ".join(statement.split()))

    event.listen(engine, "before_cursor_execute", note)
    yield seen
    event.remove(engine, "before_cursor_execute", note)


# What is done, the statements it takes when nothing is new, and the calls to BigCommerce.
COSTS: dict[str, tuple[Act, int, int]] = {
    "open": (lambda tab: tab.open(), 2, 0),
    "overview": (lambda tab: tab.get("/carriers"), 2, 0),
    "carrier": (lambda tab: tab.get("/carriers/fedex"), 3, 0),
    "form": (lambda tab: tab.get("/carriers/fedex/connection"), 2, 0),
    "activity": (lambda tab: tab.get("/activity"), 3, 0),
    "send": (lambda tab: tab.send("fedex"), 10, 1),
    "disconnect": (lambda tab: tab.disconnect("fedex"), 9, 1),
    "zone": (lambda tab: tab.post("/carriers/fedex/zones/1", {"enabled": "false"}), 13, 2),
}


@pytest.mark.parametrize("name", COSTS)
def test_an_action_costs_so_many_statements_and_calls(
    merchant: Browser, statements: list[str], name: str
) -> None:
    act, most_statements, calls = COSTS[name]
    merchant.world.set_zones(merchant.store_hash, 60)
    for carrier_id in DETAILS:
        merchant.send(carrier_id)
    act(merchant)  # the zones are read once
    statements.clear()
    merchant.world.calls.clear()

    act(merchant)

    assert len(statements) == most_statements, "\n".join(statements)
    assert len(merchant.world.calls) == calls


def test_a_launch_of_somebody_known_writes_nothing(
    merchant: Browser, statements: list[str]
) -> None:
    merchant.open()
    statements.clear()

    merchant.open()

    assert {statement.partition(" ")[0] for statement in statements} == {"SELECT"}


def test_a_connection_to_bigcommerce_is_opened_once_for_each_thread(
    app: Flask, merchant: Browser
) -> None:
    def send_often() -> int:
        tab = merchant.another("owner")
        tab.token = merchant.token
        return [tab.send(carrier_id).status_code for carrier_id in [*DETAILS] * 10].count(303)

    sent = together(*[send_often] * 4)

    assert sent == [50] * 4
    with app.app_context():
        pools = runtime().http.get_adapter("http://").poolmanager.pools
    opened = [pools[key].num_connections for key in pools.keys()]  # noqa: SIM118 - no mapping
    assert len(opened) == 1
    assert opened[0] <= 4
