"""The served app: shutdown, reload and hostile headers."""

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
import requests
from sqlalchemy import select
from sqlalchemy.orm import Session

from bcapp import database
from bcapp.models import ActivityEntry, Store
from bcapp.outcomes import Outcome
from sandbox.faults import Fault
from sandbox.world import World
from tests import make
from tests.crash.worker import until
from tests.over_http import Tab, add_store, was_refused
from tests.served import Instance, http_session

CONNECTION = "/shipping/carrier/connection"
SENDERS = 5

pytestmark = pytest.mark.own_database


@pytest.fixture
def environ(database_url: str, bigcommerce: str) -> dict[str, str]:
    return make.environ(
        DATABASE_URL=database_url,
        BIGCOMMERCE_LOGIN_URL=bigcommerce,
        BIGCOMMERCE_API_URL=bigcommerce,
        LOG_LEVEL="INFO",
    )


@pytest.fixture
def instance(environ: dict[str, str], tmp_path: Path) -> Iterator[Instance]:
    with Instance(environ, tmp_path / "gunicorn.log") as instance:
        yield instance


@pytest.fixture
def db(database_url: str) -> Iterator[Session]:
    engine = database.open_engine(database.parse_url(database_url))
    with database.session_factory(engine)() as session:
        yield session
    engine.dispose()


def recorded_sends(db: Session, store_hash: str) -> int:
    sent = select(ActivityEntry).join(Store, ActivityEntry.store_id == Store.id)
    sent = sent.where(Store.store_hash == store_hash, ActivityEntry.outcome == Outcome.SENT)
    return len(db.scalars(sent).all())


def installed(world: World, instance: Instance) -> list[Tab]:
    stores = [add_store(world, number) for number in range(SENDERS)]
    tabs = [Tab(world, store_hash, instance.url) for store_hash in stores]
    assert [tab.install().status_code for tab in tabs] == [200] * SENDERS
    return tabs


@pytest.mark.both_databases("failures")
def test_shutdown_waits_for_running_sends(instance: Instance, world: World, db: Session) -> None:
    tabs = installed(world, instance)
    world.set_fault(Fault("connection", "delay", seconds=1, times=SENDERS))
    with ThreadPoolExecutor(SENDERS) as threads:
        sends = [threads.submit(tab.send, "zoom2u", {"auth_key": "yourKey"}) for tab in tabs]
        until(lambda: len(world.calls_to(CONNECTION)) == SENDERS, "the sends are not under way")

        instance.terminate()

        answers = [send.result().status_code for send in sends]
    instance.wait_until_ended()
    assert answers == [303] * SENDERS
    assert [recorded_sends(db, tab.store_hash) for tab in tabs] == [1] * SENDERS


class Actor:
    """Sends one key after another, each until it is answered."""

    def __init__(self, tab: Tab) -> None:
        self.tab = tab
        self.answers: list[int] = []

    def send_until(self, stopped: threading.Event) -> None:
        while not stopped.is_set():
            try:
                key = f"key-{len(self.answers)}"
                self.answers.append(self.tab.send("zoom2u", {"auth_key": key}).status_code)
            except requests.ConnectionError as error:
                if not was_refused(error):
                    raise
                stopped.wait(0.05)


@pytest.mark.both_databases("failures")
def test_a_reload_and_a_restart_under_load_lose_nothing(
    instance: Instance, world: World, db: Session
) -> None:
    senders = [Actor(tab) for tab in installed(world, instance)]
    world.set_fault(Fault("connection", "delay", seconds=0.1, times=None))
    stopped = threading.Event()

    def answered() -> int:
        return sum(len(actor.answers) for actor in senders)

    def go_on() -> None:
        enough = answered() + SENDERS
        until(lambda: answered() >= enough, "nobody is answered")

    with ThreadPoolExecutor(SENDERS) as threads:
        working = [threads.submit(actor.send_until, stopped) for actor in senders]
        try:
            go_on()
            instance.reload()
            go_on()
            instance.terminate()
            instance.wait_until_ended()
            instance.start()
            go_on()
        finally:
            stopped.set()
        for each in working:
            each.result()

    for actor in senders:
        store_hash, number = actor.tab.store_hash, len(actor.answers)
        assert actor.answers == [303] * number
        assert recorded_sends(db, store_hash) == number
        held = world.store(store_hash).connections["zoom2u"]
        assert held["auth_key"] == f"key-{number - 1}"


class TestAnswers:
    """What does not depend on the database."""

    def test_requests_use_free_workers(
        self, environ: dict[str, str], world: World, tmp_path: Path
    ) -> None:
        environ |= {"WEB_THREADS": "2", "BIGCOMMERCE_CONCURRENCY": "1"}
        environ |= {"WEB_CONCURRENCY": "2", "BIGCOMMERCE_TIME_BUDGET": "30"}
        with (
            Instance(environ, tmp_path / "gunicorn.log") as instance,
            ThreadPoolExecutor(9) as threads,
            http_session() as http,
            ExitStack() as unfinished,
        ):
            tab = Tab(world, add_store(world, 1), instance.url)
            tab.install()
            world.set_fault(Fault("connection", "hang", seconds=10))
            send = threads.submit(tab.send, "zoom2u", {"auth_key": "yourKey"})
            until(lambda: bool(world.calls_to(CONNECTION)), "the send is not under way")
            # Two more of the four threads, so that one worker is full, whichever it is.
            for _ in range(2):
                request = unfinished.enter_context(
                    socket.create_connection(("127.0.0.1", instance.port))
                )
                request.sendall(b"GET /healthz HTTP/1.1\r\n")

            list(threads.map(http.get, [f"{instance.url}/healthz"] * 8))

            assert not send.done()
            instance.kill()
            assert isinstance(send.exception(), requests.ConnectionError)

    def test_there_is_no_keep_alive(self, instance: Instance) -> None:
        with http_session() as http:
            answer = http.get(f"{instance.url}/healthz")

        assert answer.headers["Connection"] == "close"

    def test_headers_cannot_replace_the_path(self, instance: Instance) -> None:
        with http_session() as http:
            answer = http.get(f"{instance.url}/x/healthz", headers={"SCRIPT_NAME": "/x"})

        assert answer.status_code == 404

    def test_no_url_is_logged(self, instance: Instance) -> None:
        with http_session() as http:
            http.get(f"{instance.url}/load", params={"signed_payload_jwt": "canary"})

        until(lambda: '"route": "/load"' in instance.said(), "the request is not logged")
        assert "canary" not in instance.said()
