"""Fill databases with many stores, using SQL only."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, String, cast, create_engine, insert, literal, select, text

from bcapp import database
from bcapp.models import (
    TOKEN_PLACE,
    ActivityEntry,
    CarrierConnection,
    Event,
    Store,
    StoreUser,
    UTCDateTime,
)
from bcapp.outcomes import Outcome
from bcapp.vault import Vault
from tests import make
from tests.conftest import migrate

ENTRIES = 10
MAX_USED = 1000  # stores that are requested, evenly spread

_BEGUN = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Dataset:
    """A database with stores numbered from 1, each with one user of the same number."""

    kind: str
    stores: int
    url: str

    @property
    def used(self) -> range:
        return range(1, self.stores + 1, max(1, self.stores // MAX_USED))


def store_hash(number: int) -> str:
    return f"s{number}"


def email(number: int) -> str:
    return f"owner{number}@store.example"


def fill(dataset: Dataset) -> None:
    migrate(dataset.url)
    engine = create_engine(database.parse_url(dataset.url))
    with engine.begin() as connection:
        if dataset.kind == "sqlite":
            connection.execute(text("PRAGMA synchronous = OFF"))
            connection.execute(text("PRAGMA cache_size = -500000"))
        _insert_stores(connection, dataset)
        _insert_activity(connection, dataset.stores)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE" if dataset.kind == "sqlite" else "VACUUM ANALYZE"))
    engine.dispose()


def _insert_stores(connection: Connection, dataset: Dataset) -> None:
    numbers = select(literal(1).label("n")).cte(recursive=True)
    numbers = numbers.union_all(select(numbers.c.n + 1).where(numbers.c.n < dataset.stores))
    number, begun = cast(numbers.c.n, String), literal(_BEGUN, UTCDateTime())
    stores = {
        "store_hash": literal("s") + number,
        "sealed_access_token": literal("of a store that nobody opens"),
        "scope": literal("store_v2_information"),
        "installer_id": numbers.c.n,
        "installed_at": begun,
        "granted_at": begun,
        "information_read_at": literal(datetime.now(UTC), UTCDateTime()),
    }
    users = {
        "store_id": numbers.c.n,
        "user_id": numbers.c.n,
        "email": literal("owner") + number + literal("@store.example"),
        "added_at": begun,
    }
    for table, columns in ((Store, stores), (StoreUser, users)):
        connection.execute(insert(table).from_select([*columns], select(*columns.values())))
    vault = Vault(make.config().encryption_keys)
    sealed = [
        {"id": n, "sealed_access_token": vault.seal(TOKEN_PLACE, store_hash(n), f"token{n}")}
        for n in dataset.used
    ]
    update = "UPDATE stores SET sealed_access_token = :sealed_access_token WHERE id = :id"
    connection.execute(text(update), sealed)


def _insert_activity(connection: Connection, stores: int) -> None:
    """Insert entries as they would accumulate over time, then the last sends."""
    for day in range(ENTRIES):
        columns = {
            "store_id": Store.id,
            "at": literal(_BEGUN + timedelta(days=day), UTCDateTime()),
            "who": literal("owner@store.example"),
            "event": literal(Event.CONNECTION_SENT.value),
            "carrier_id": literal("fedex"),
            "carrier_name": literal("FedEx"),
            "outcome": literal(Outcome.SENT.value),
            "status": literal(204),
            "detail": literal(""),
        }
        chosen = select(*columns.values()).order_by(Store.id)
        connection.execute(insert(ActivityEntry).from_select([*columns], chosen))
    last = Store.id + (ENTRIES - 1) * stores
    connections = {
        "store_id": Store.id,
        "carrier_id": literal("fedex"),
        "settings": text("'[]'"),
        "last_attempt_id": last,
        "acknowledged_id": last,
    }
    chosen = select(*connections.values()).order_by(Store.id)
    connection.execute(insert(CarrierConnection).from_select([*connections], chosen))
