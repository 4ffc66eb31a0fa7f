"""Kill workers at any moment: answered writes are stored, nothing is half done or claimed."""

import itertools
import os
import random
import secrets
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import pytest
import requests
from sqlalchemy import make_url, select, text
from sqlalchemy.orm import Session

from bcapp import database
from bcapp.models import (
    TOKEN_PLACE,
    ActivityEntry,
    CarrierConnection,
    Event,
    Store,
    StoreUser,
)
from bcapp.outcomes import Outcome
from bcapp.vault import Vault
from sandbox.world import Person, SandboxStore, World
from tests import make
from tests.conftest import missing
from tests.crash.worker import MAX_WAIT, Gunicorn, until
from tests.reference import DETAILS

SEED = int(os.environ.get("SOAK_SEED") or secrets.randbelow(2**32))
KILLS = {"sqlite": 25, "postgresql": 10}
# A soak repeats both until so many kills are reached, each time with an empty database.
ROUNDS = -(-int(os.environ.get("SOAK_KILLS") or 1) // sum(KILLS.values()))
MERCHANTS = 4
NEWCOMERS = 0.5  # how often another store's first install follows an uninstall
MAX_LIFETIME = 0.8  # seconds that a worker works before it is killed

CONNECTION = "/shipping/carrier/connection"


class Deed(StrEnum):
    INSTALL = "install"
    OPEN = "open"
    SEND = "send"
    DISCONNECT = "disconnect"
    UNINSTALL = "uninstall"


@dataclass(frozen=True)
class Promise:
    """What an answer promises: one entry of one of these events with this outcome.

    A request without an answer may have left that entry, one with `or_else`, or none.
    """

    status: int
    events: frozenset[Event] = frozenset()
    outcome: Outcome = Outcome.DONE
    or_else: Outcome = Outcome.DONE


SENDS = frozenset({Event.CONNECTION_SENT, Event.CONNECTION_UPDATED})
DISCONNECTS = frozenset({Event.CONNECTION_DELETED})
PROMISES = {
    Deed.INSTALL: Promise(200, frozenset({Event.STORE_INSTALLED, Event.STORE_GRANTED})),
    Deed.OPEN: Promise(200),
    Deed.SEND: Promise(303, SENDS, Outcome.SENT, Outcome.NO_ANSWER),
    Deed.DISCONNECT: Promise(303, DISCONNECTS, Outcome.SENT, Outcome.NO_ANSWER),
    Deed.UNINSTALL: Promise(204, frozenset({Event.STORE_UNINSTALLED})),
}
HOW_OFTEN = {
    Deed.INSTALL: 2,
    Deed.OPEN: 1,
    Deed.SEND: 6,
    Deed.DISCONNECT: 3,
    Deed.UNINSTALL: 2,
}


class Merchant:
    """The owner of one store, acting in sequence and remembering the answers."""

    def __init__(self, world: World, number: int, seed: str) -> None:
        self.world = world
        self.owner = Person(number + 1, f"owner@crash{number}.example", "owner")
        self.shop = SandboxStore(
            f"crash{number}", "Shop", "Australia", "AU", "Australia/Sydney", [self.owner]
        )
        world.stores[self.shop.store_hash] = self.shop
        self.chance = random.Random(f"{seed}, {number}")  # noqa: S311 - chooses what comes next
        self.http = requests.Session()
        self.http.trust_env = False
        self.session: str | None = None
        # What the app may hold: a single one, unless the request that changes it was broken off.
        self.tokens: set[str | None] = {None}
        self.is_valid = False  # the token, by BigCommerce, as far as the owner can know
        self.answered: list[Deed] = []
        self.broken_off: Deed | None = None

    def work(self, url: str, killed: threading.Event) -> None:
        """Act until the worker is killed; a request without an answer is the last."""
        while not killed.is_set():
            deed = self._next()
            try:
                answer = self._ask(deed, url)
            except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError):
                self._was_broken_off(deed)
                return
            assert answer.status_code == PROMISES[deed].status, f"{deed}: {answer.text}"
            self._was_answered(deed, answer)

    def look_up(self, token: str | None) -> None:
        """Resolve what was uncertain; `token` is what the app holds."""
        self.tokens = {token}
        self.answered, self.broken_off = [], None

    def _next(self) -> Deed:
        if not self.is_valid:
            may_uninstall = self.tokens != {None} and self.chance.random() < 0.3
            return Deed.UNINSTALL if may_uninstall else Deed.INSTALL
        if self.session is None:
            return Deed.OPEN
        return self.chance.choices(list(HOW_OFTEN), list(HOW_OFTEN.values()))[0]

    def _ask(self, deed: Deed, url: str) -> requests.Response:
        carrier_id = self.chance.choice(list(DETAILS))
        match deed:
            case Deed.INSTALL:
                query = self.world.install_query(self.shop.store_hash, self.owner)
                return self._request("GET", f"{url}/auth", query)
            case Deed.OPEN:
                return self._request("GET", f"{url}/load", self._payload())
            case Deed.SEND:
                page = f"{url}/carriers/{carrier_id}/connection"
                return self._request("POST", page, form=DETAILS[carrier_id])
            case Deed.DISCONNECT:
                return self._request("POST", f"{url}/carriers/{carrier_id}/disconnect")
            case Deed.UNINSTALL:
                self.world.uninstall(self.shop.store_hash)
                self.is_valid = False
                return self._request("GET", f"{url}/uninstall", self._payload())

    def _payload(self) -> dict[str, str]:
        signed = self.world.signed_payload(self.shop.store_hash, self.owner)
        return {"signed_payload_jwt": signed}

    def _request(
        self,
        method: str,
        url: str,
        query: dict[str, str] | None = None,
        form: dict[str, str] | None = None,
    ) -> requests.Response:
        return self.http.request(
            method,
            url,
            params=query,
            data=form,
            headers={"Authorization": f"Bearer {self.session}", "Connection": "close"},
            allow_redirects=False,
            timeout=MAX_WAIT,
        )

    def _was_answered(self, deed: Deed, answer: requests.Response) -> None:
        self.answered.append(deed)
        self.session = answer.headers.get("X-Session-Token")
        if deed is Deed.INSTALL:
            self.tokens, self.is_valid = {self.shop.access_token}, True
        elif deed is Deed.UNINSTALL:
            self.tokens = {None}

    def _was_broken_off(self, deed: Deed) -> None:
        self.broken_off = deed
        if deed is Deed.INSTALL:
            # BigCommerce may have replaced the token whether or not the app came to know.
            self.tokens |= {self.shop.access_token} if self.shop.access_token else set()
            self.is_valid = False
        elif deed is Deed.UNINSTALL:
            self.tokens |= {None}


# What has to hold while the worker is dead and nobody writes.


@dataclass(frozen=True)
class Books:
    """Everything that the app's database says about one store."""

    store: Store | None
    users: Sequence[int]
    entries: Sequence[ActivityEntry]
    connections: Sequence[CarrierConnection]


def read_books(db: Session, store_hash: str) -> Books:
    db.expire_all()
    store = db.scalar(select(Store).where(Store.store_hash == store_hash))
    store_id = store.id if store else None
    users = select(StoreUser.user_id).where(StoreUser.store_id == store_id)
    entries = select(ActivityEntry).where(ActivityEntry.store_id == store_id)
    connections = select(CarrierConnection).where(CarrierConnection.store_id == store_id)
    books = Books(
        store,
        db.scalars(users).all(),
        db.scalars(entries.order_by(ActivityEntry.id)).all(),
        db.scalars(connections).all(),
    )
    db.commit()  # a reader who stays would keep SQLite from emptying its log
    return books


def check_token(books: Books, vault: Vault, merchant: Merchant) -> str | None:
    """The store is installed with a usable token and owner, or it is not installed."""
    store = books.store
    if store is None or store.sealed_access_token is None:
        assert None in merchant.tokens, "a token that was answered for is lost"
        assert store is None or store.uninstalled_at is not None, "a store is half installed"
        return None
    opened = vault.open(TOKEN_PLACE, store.store_hash, store.sealed_access_token)
    token = opened.get_secret_value()
    assert token in merchant.tokens, "a token is kept that was taken back or replaced"
    assert books.users == [merchant.owner.id]
    return token


def check_new_entries(merchant: Merchant, new: Sequence[ActivityEntry]) -> None:
    """One entry per answer, and at most one for the interrupted request."""
    promises = [PROMISES[deed] for deed in merchant.answered if PROMISES[deed].events]
    hopes = [PROMISES[deed] for deed in [merchant.broken_off] if deed and PROMISES[deed].events]
    assert len(promises) <= len(new) <= len(promises) + len(hopes)
    for promise, entry in zip(promises, new, strict=False):
        assert (entry.event in promise.events, entry.outcome) == (True, promise.outcome)
    for hope, entry in zip(hopes, new[len(promises) :], strict=False):
        assert entry.event in hope.events
        assert entry.outcome in {hope.outcome, hope.or_else}


def check_state(books: Books, token: str | None) -> None:
    """The log and the state agree."""
    of_store = [entry.event for entry in books.entries if entry.carrier_id is None]
    assert (token is None) == (of_store[-1:] in ([], [Event.STORE_UNINSTALLED]))
    tried = {entry.carrier_id: entry.id for entry in books.entries if entry.carrier_id}
    sent = {
        entry.carrier_id: entry.id
        for entry in books.entries
        if entry.carrier_id and entry.outcome is Outcome.SENT
    }
    rows = {row.carrier_id: row for row in books.connections}
    assert {carrier_id: row.last_attempt_id for carrier_id, row in rows.items()} == tried
    assert {name: row.acknowledged_id for name, row in rows.items() if row.acknowledged_id} == sent


Counted = Counter[tuple[str | None, str | None, bool]]


def check_calls(
    books: Books, new: Sequence[ActivityEntry], store_hash: str, made: Counted, taken: Counted
) -> None:
    """Nothing is called sent that BigCommerce did not accept, and no call went unrecorded.

    `made` are all calls so far, `taken` those that BigCommerce answered since the last kill.
    """
    for carrier_id in DETAILS:
        for events, is_delete in ((SENDS, False), (DISCONNECTS, True)):
            place = (store_hash, carrier_id, is_delete)
            said_sent = [entry for entry in new if entry.outcome is Outcome.SENT]
            assert number_about(said_sent, carrier_id, events) <= taken[place]
            assert made[place] <= number_about(books.entries, carrier_id, events)


def number_about(
    entries: Sequence[ActivityEntry], carrier_id: str, events: frozenset[Event]
) -> int:
    return sum(entry.carrier_id == carrier_id and entry.event in events for entry in entries)


def count_calls(world: World) -> tuple[Counted, Counted]:
    """Count the carrier connection calls that BigCommerce got, and that it answered."""
    made, answered = Counted(), Counted()
    for call in world.calls_to(CONNECTION):
        assert isinstance(call.body, dict)
        place = (call.store_hash, call.body["carrier_id"], call.method == "DELETE")
        made[place] += 1
        answered[place] += call.status == 204
    return made, answered


@pytest.fixture
def db(database_url: str) -> Iterator[Session]:
    """The app's database, from another process."""
    engine = database.open_engine(database.parse_url(database_url))
    with database.session_factory(engine)() as session:
        yield session
    engine.dispose()


def is_at_rest(db: Session) -> bool:
    """Tell whether PostgreSQL has finished the statements of dead clients."""
    if db.get_bind().dialect.name == "sqlite":
        return True
    busy = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND pid <> pg_backend_pid() AND state IS DISTINCT FROM 'idle'"
    )
    number: int | None = db.scalar(busy)
    db.commit()
    return number == 0


@pytest.fixture
def gunicorn(database_url: str, bigcommerce: str, tmp_path: Path) -> Iterator[Gunicorn]:
    if not Path("/proc/self/task").exists():
        missing("Linux, whose /proc names gunicorn's worker")
    environ = make.environ(
        DATABASE_URL=database_url,
        BIGCOMMERCE_LOGIN_URL=bigcommerce,
        BIGCOMMERCE_API_URL=bigcommerce,
        BIGCOMMERCE_TIME_BUDGET=str(MAX_WAIT),
        INSTALL_LIMIT_PER_STORE="1000000/minute",
        INSTALL_LIMIT_PER_ADDRESS="1000000/minute",
    )
    with Gunicorn(environ, tmp_path / "gunicorn.log") as gunicorn:
        yield gunicorn


@pytest.mark.both_databases("failures")
@pytest.mark.own_database
@pytest.mark.parametrize("number", range(ROUNDS))
def test_records_stay_true_after_a_kill_at_any_moment(
    gunicorn: Gunicorn, world: World, db: Session, database_url: str, number: int
) -> None:
    kind = make_url(database_url).get_backend_name()
    seed = f"{SEED}, {kind}, {number}"
    print(f"\nSOAK_SEED={SEED}, round {number} on {kind}")
    chance = random.Random(seed)  # noqa: S311 - chooses moments
    vault = Vault(make.config().encryption_keys)
    newcomers = (Merchant(world, each, seed) for each in itertools.count())
    merchants = list(itertools.islice(newcomers, MERCHANTS))
    seen: Counter[str] = Counter()
    answered_before = Counted()
    tally: Counter[str] = Counter()
    assert is_ready(gunicorn)

    for _ in range(KILLS[kind]):
        work_until_killed(gunicorn, merchants, chance.uniform(0.02, MAX_LIFETIME))
        until(lambda: is_at_rest(db), "the database is not at rest")

        made, answered = count_calls(world)
        for place, merchant in enumerate(merchants):
            store_hash = merchant.shop.store_hash
            books = read_books(db, store_hash)
            token = check_token(books, vault, merchant)
            new = books.entries[seen[store_hash] :]
            check_new_entries(merchant, new)
            check_state(books, token)
            check_calls(books, new, store_hash, made, answered - answered_before)
            seen[store_hash] = len(books.entries)
            tally.update(f"{deed} answered" for deed in merchant.answered)
            tally.update(f"{deed} broken off" for deed in [merchant.broken_off] if deed)
            tally.update(f"{entry.outcome} on record" for entry in new)
            merchant.look_up(token)
            if token is None and chance.random() < NEWCOMERS:
                merchants[place] = next(newcomers)
        answered_before = answered

    print(dict(sorted(tally.items())))
    assert is_ready(gunicorn)
    assert any("broken off" in what for what in tally), "no kill met anybody at work"


def is_ready(gunicorn: Gunicorn) -> bool:
    with requests.Session() as http:
        http.trust_env = False
        return http.get(f"{gunicorn.url}/readyz", timeout=MAX_WAIT).status_code == 200


def work_until_killed(gunicorn: Gunicorn, merchants: Sequence[Merchant], seconds: float) -> None:
    killed = threading.Event()
    with ThreadPoolExecutor(len(merchants)) as threads:
        working = [threads.submit(each.work, gunicorn.url, killed) for each in merchants]
        killed.wait(seconds)
        killed.set()
        gunicorn.kill_worker()
    for one in working:
        one.result()
