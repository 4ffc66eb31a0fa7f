"""`flask ops stores` and `activity`: look up stores and activity for support."""

from collections.abc import Sequence
from typing import Any

import click
from flask.cli import AppGroup
from sqlalchemy import Select, exists, or_, select

from bcapp.cli.output import as_json, echo_json, echo_table, find_store, in_app
from bcapp.models import ActivityEntry, CarrierConnection, Event, Store, StoreUser
from bcapp.outcomes import Outcome
from bcapp.runtime import db

SHOWN_OF_A_STORE = 10

stores = AppGroup("stores", help="Look up stores: list them, search, show one.")


@stores.command("list")
@click.option("--installed/--uninstalled", default=None, help="Only those; otherwise all.")
@as_json
@in_app
def list_stores(installed: bool | None, is_json: bool) -> None:
    """List stores in the order of their first install."""
    query = select(Store).order_by(Store.id)
    if installed is not None:
        query = query.where(Store.sealed_access_token.is_not(None) == installed)
    _echo_stores(query, is_json)


@stores.command()
@click.argument("text")
@as_json
@in_app
def search(text: str, is_json: bool) -> None:
    """Find stores by part of their hash, name, or a user's e-mail address.

    Status 1: none found.
    """
    person = exists().where(
        StoreUser.store_id == Store.id, StoreUser.email.icontains(text, autoescape=True)
    )
    columns = (Store.store_hash, Store.name, Store.owner_email)
    matches = [column.icontains(text, autoescape=True) for column in columns]
    if not _echo_stores(select(Store).where(or_(person, *matches)).order_by(Store.id), is_json):
        raise SystemExit(1)


@stores.command()
@click.argument("store_hash", metavar="STORE")
@as_json
@in_app
def show(store_hash: str, is_json: bool) -> None:
    """Show one store: its users, its carriers, and its latest activity.

    STORE is the hash. The access token is not shown, only the id of its encryption key.
    """
    store = find_store(store_hash)
    of_store = select(StoreUser).where(StoreUser.store_id == store.id).order_by(StoreUser.id)
    users = db().scalars(of_store).all()
    connections = db().scalars(
        select(CarrierConnection)
        .where(CarrierConnection.store_id == store.id)
        .order_by(CarrierConnection.carrier_id)
    )
    latest = _entries(store.store_hash, None, None, SHOWN_OF_A_STORE)
    facts = {
        **_described(store),
        "country": store.country_code,
        "timezone": store.timezone,
        "scope": store.scope,
        "granted_at": store.granted_at,
        "token_key": (store.sealed_access_token or "").partition(".")[0] or None,
    }
    people = [
        {"id": u.user_id, "email": u.email, "added_at": u.added_at, "removed_at": u.removed_at}
        for u in users
    ]
    carriers = [_carrier(connection) for connection in connections]
    if is_json:
        echo_json({**facts, "users": people, "carriers": carriers, "activity": latest})
        return
    echo_table(("STORE", store.store_hash), list(facts.items())[1:])
    for title, rows in (("USERS", people), ("CARRIERS", carriers), ("LATEST ACTIVITY", latest)):
        click.echo(f"\n{title}")
        _echo_dicts(rows)


@click.command()
@click.argument("store_hash", metavar="[STORE]", required=False)
@click.option(
    "--outcome", type=click.Choice([o.value for o in Outcome]), help="Only with this outcome."
)
@click.option("--event", type=click.Choice([e.value for e in Event]), help="Only of this kind.")
@click.option("--limit", type=click.IntRange(1, 100_000), default=50, show_default=True)
@as_json
@in_app
def activity(
    store_hash: str | None, outcome: str | None, event: str | None, limit: int, is_json: bool
) -> None:
    """Show who did what and its outcome, newest first: of one store, or of all.

    --outcome no_answer shows where BigCommerce did not answer, --outcome rejected what it refused.
    """
    if store_hash is not None:
        find_store(store_hash)
    entries = _entries(store_hash, outcome, event, limit)
    if is_json:
        echo_json(entries)
    else:
        _echo_dicts(entries)


def _echo_stores(query: Select[Store], is_json: bool) -> int:
    found = [_described(store) for store in db().scalars(query)]
    if is_json:
        echo_json(found)
    else:
        _echo_dicts(found)
    return len(found)


def _echo_dicts(rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        echo_table([name.upper() for name in rows[0]], [list(row.values()) for row in rows])
    else:
        click.echo("none")


def _described(store: Store) -> dict[str, Any]:
    is_installed = store.sealed_access_token is not None
    return {
        "store": store.store_hash,
        "state": "installed" if is_installed else "uninstalled",
        "installed_at": store.installed_at,
        "uninstalled_at": None if is_installed else store.uninstalled_at,
        "name": store.name,
        "owner": store.owner_email,
    }


def _carrier(connection: CarrierConnection) -> dict[str, Any]:
    last, acknowledged = connection.last_attempt, connection.acknowledged
    return {
        "carrier": connection.carrier_id,
        "name": connection.name,
        "last_attempt": last.event if last else None,
        "at": last.at if last else None,
        "outcome": last.outcome if last else None,
        "last_acknowledged": acknowledged.event if acknowledged else None,
        "test_mode": connection.test_mode,
    }


def _entries(
    store_hash: str | None, outcome: str | None, event: str | None, limit: int
) -> list[dict[str, Any]]:
    query = select(ActivityEntry, Store.store_hash).join(Store, Store.id == ActivityEntry.store_id)
    if store_hash is not None:
        query = query.where(Store.store_hash == store_hash)
    if outcome is not None:
        query = query.where(ActivityEntry.outcome == Outcome(outcome))
    if event is not None:
        query = query.where(ActivityEntry.event == Event(event))
    newest = query.order_by(ActivityEntry.id.desc()).limit(limit)
    return [
        {
            "at": entry.at,
            "store": of_store,
            "who": entry.actor_email,
            "event": entry.event,
            "carrier": entry.carrier_id,
            "zone": entry.zone_name,
            "outcome": entry.outcome,
            "reason": entry.reason,
            "status": entry.status,
            "waited_seconds": entry.waited_seconds,
            "settled_at": entry.settled_at,
            "detail": entry.detail,
        }
        for entry, of_store in db().execute(newest)
    ]
