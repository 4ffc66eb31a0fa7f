"""`flask ops reconcile` finds uninstalled stores, and only those."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from flask import Flask
from pydantic import SecretStr
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from bcapp import stores
from bcapp.config import Config
from bcapp.database import CHECKOUT
from bcapp.maintenance import key_rotation
from bcapp.models import ActivityEntry, Event, Store
from bcapp.runtime import db as request_db
from bcapp.runtime import runtime
from bcapp.vault import Vault
from sandbox.faults import Fault
from sandbox.world import Call, Person, SandboxStore, World
from tests import make
from tests.crash.worker import until
from tests.merchant import Browser, said
from tests.ops import Operator
from tests.test_key_rotation import NEW_KEY, sealed

pytestmark = pytest.mark.both_databases("locks")

FAST = ("--per-second", "50")


@pytest.fixture
def operator(app: Flask) -> Operator:
    return Operator(app)


@pytest.fixture
def shops(app: Flask, world: World) -> list[Browser]:
    """Owners of five installed stores, shop0 to shop4, in the order of their ids."""
    return [shop(app, world, number) for number in range(5)]


def shop(app: Flask, world: World, number: int) -> Browser:
    store_hash = f"shop{number}"
    owner = Person(number + 1, f"owner@shop{number}.example", "owner")
    world.stores[store_hash] = SandboxStore(
        store_hash, f"Shop {number}", "Australia", "AU", "Australia/Sydney", [owner]
    )
    browser = Browser(app, world, store_hash, "owner")
    browser.install()
    world.calls.clear()
    return browser


def state_of(db: Session) -> dict[str, bool]:
    """Tell for each store whether it is installed."""
    db.expire_all()
    rows = db.execute(select(Store.store_hash, Store.sealed_access_token).order_by(Store.id))
    return {store_hash: token is not None for store_hash, token in rows}


def all_installed(number: int = 5) -> dict[str, bool]:
    return {f"shop{n}": True for n in range(number)}


def questions(world: World) -> list[Call]:
    return world.calls_to("/v2/time")


def test_a_missed_uninstall_is_recorded_with_its_reason(
    operator: Operator, shops: list[Browser], world: World, db: Session
) -> None:
    world.uninstall("shop1")

    found = operator.read("reconcile", *FAST)

    assert (found["ended"], found["honoured"], found["unclear"]) == (["shop1"], 4, {})
    assert state_of(db) == all_installed() | {"shop1": False}
    entry = db.scalars(select(ActivityEntry).order_by(ActivityEntry.id.desc())).first()
    assert entry is not None
    assert (entry.event, entry.actor_email) == (Event.STORE_TOKEN_REFUSED, "")
    assert shops[1].get("/carriers").status_code == 403
    assert shops[2].get("/carriers").status_code == 200


def test_a_reinstalled_store_sees_the_missed_uninstall(
    operator: Operator, shops: list[Browser], world: World
) -> None:
    world.uninstall("shop1")
    operator.run("reconcile", *FAST)

    shops[1].install()
    opened = shops[1].open()
    activity = said(shops[1].get("/activity"))

    assert opened.status_code == 200
    assert "This app" in activity
    assert "Access ended: BigCommerce no longer lets this app in" in activity


def test_each_store_is_asked_once_and_the_known_good_store_twice(
    operator: Operator, shops: list[Browser], world: World
) -> None:
    world.uninstall("shop1")

    operator.run("reconcile", *FAST)

    asked = [call.store_hash for call in questions(world)]
    assert asked == ["shop4", "shop0", "shop1", "shop2", "shop3", "shop4", "shop4"]
    assert world.calls == questions(world)


def test_a_dry_run_changes_nothing(
    operator: Operator, shops: list[Browser], world: World, db: Session
) -> None:
    world.uninstall("shop1")

    result = operator.run("reconcile", *FAST, "--dry-run")

    assert result.exit_code == 0
    assert "shop1: refused; nothing was changed" in result.stdout
    assert state_of(db) == all_installed()


@pytest.mark.parametrize(
    "fault",
    [
        Fault(status=403, body='{"status":403,"title":"Forbidden"}'),
        Fault(status=404, body='[{"status":404,"message":"gone"}]'),
        Fault(status=429, body="{}"),
        Fault(status=500, body="{}"),
        Fault(status=503, body="{}", times=2),
        Fault(status=302, headers={"Location": "https://elsewhere.invalid/"}),
        Fault(status=401, body="<html>Please sign in</html>", content_type="text/html"),
        Fault(status=200, body="<html>Welcome</html>", content_type="text/html"),
        Fault(status=200, body="not json"),
        Fault(kind="reset", times=2),
        Fault(kind="truncated", times=2),
    ],
    ids=lambda fault: f"{fault.kind} {fault.status} {fault.content_type}",
)
def test_nothing_but_a_plain_401_ends_a_store(
    operator: Operator, shops: list[Browser], world: World, db: Session, fault: Fault
) -> None:
    world.set_fault(Fault("time", "delay"))  # lets the witness through
    fault.endpoint = "time"
    world.set_fault(fault)

    found = operator.read("reconcile", *FAST, status=1)

    assert (found["ended"], list(found["unclear"]), found["honoured"]) == ([], ["shop0"], 4)
    assert state_of(db) == all_installed()


def test_no_refusal_counts_if_all_are_refused(
    operator: Operator, shops: list[Browser], world: World, db: Session
) -> None:
    for number in range(5):
        world.revoke_token(f"shop{number}")

    result = operator.run("reconcile", *FAST)

    assert result.exit_code == 1
    assert "honours none of the newest tokens" in result.stderr
    assert "Go on with: flask ops reconcile --after 0" in result.stderr
    assert state_of(db) == all_installed()


@pytest.mark.parametrize(("answer", "believed"), [("y\n", True), ("n\n", False)])
def test_all_refusals_count_only_if_the_operator_says_so(
    operator: Operator,
    shops: list[Browser],
    world: World,
    db: Session,
    answer: str,
    believed: bool,
) -> None:
    for number in range(5):
        world.revoke_token(f"shop{number}")

    result = operator.run("reconcile", *FAST, "--without-witness", answer=answer)

    assert result.exit_code == (0 if believed else 1)
    assert set(state_of(db).values()) == {not believed}
    assert len(questions(world)) == (5 if believed else 0)


def test_refusals_do_not_count_if_the_known_good_store_is_refused(
    operator: Operator, shops: list[Browser], world: World, db: Session
) -> None:
    world.set_fault(Fault("time", "delay", times=3))  # the witness, shop0 and shop1
    world.set_fault(Fault("time", status=401, body='{"status":401}', times=None))

    found = operator.read("reconcile", *FAST, status=1)

    assert found["stopped"] == "shop4 was honoured before and is not now."
    assert (found["ended"], found["last_id"]) == ([], 2)
    assert state_of(db) == all_installed()


def test_it_stops_when_bigcommerce_is_down_and_can_continue(
    operator: Operator, shops: list[Browser], world: World, db: Session
) -> None:
    world.uninstall("shop3")
    world.set_fault(Fault("time", "delay", times=2))  # the witness and shop0
    world.set_fault(Fault("time", status=503, times=None))

    stopped = operator.run("reconcile", *FAST)
    asked = len(questions(world))
    world.clear_faults()
    found = operator.read("reconcile", *FAST, "--after", "1")

    assert stopped.exit_code == 1
    assert "BigCommerce did not answer 3 times in a row." in stopped.stderr
    assert "Go on with: flask ops reconcile --after 1" in stopped.stderr
    assert asked == 2 + 3 * 2  # each of the three is tried twice
    assert (found["ended"], found["honoured"]) == (["shop3"], 3)


def test_it_stops_at_once_when_bigcommerce_is_down_from_the_start(
    operator: Operator, shops: list[Browser], world: World
) -> None:
    world.set_fault(Fault("time", status=503, times=None))

    result = operator.run("reconcile", *FAST)

    assert result.exit_code == 1
    assert len(questions(world)) == 3 * 2


def test_an_undecryptable_token_is_kept_and_reported(
    operator: Operator, shops: list[Browser], db: Session
) -> None:
    damaged = sealed(db, "shop2")[:-4] + "AAA="
    db.execute(update(Store).where(Store.store_hash == "shop2").values(sealed_access_token=damaged))
    db.commit()

    found = operator.read("reconcile", *FAST, status=1)

    assert found["unclear"] == {"shop2": "its token cannot be opened"}
    assert (found["honoured"], found["ended"]) == (4, [])


def test_without_stores_there_is_nothing_to_ask(operator: Operator, world: World) -> None:
    assert operator.read("reconcile")["honoured"] == 0
    assert world.calls == []


@pytest.mark.parametrize(
    "words", [("--per-second", "0"), ("--per-second", "51"), ("--after", "-1")]
)
def test_the_request_rate_is_limited(operator: Operator, words: tuple[str, ...]) -> None:
    assert operator.run("reconcile", *words).exit_code == 2


@contextmanager
def running(config: Config, bigcommerce: str, *words: str) -> Iterator[subprocess.Popen[str]]:
    """The command in its own process."""
    address = config.database_url.render_as_string(hide_password=False)
    process = subprocess.Popen(
        [sys.executable, "-m", "flask", "ops", "reconcile", *FAST, *words],
        cwd=CHECKOUT,
        env={
            **os.environ,
            **make.environ(
                DATABASE_URL=address,
                BIGCOMMERCE_LOGIN_URL=bigcommerce,
                BIGCOMMERCE_API_URL=bigcommerce,
            ),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def answered(world: World, store_hash: str) -> bool:
    return any(call.store_hash == store_hash and call.status for call in questions(world))


def test_a_store_that_installs_again_meanwhile_keeps_its_new_token(
    config: Config, bigcommerce: str, shops: list[Browser], world: World, db: Session
) -> None:
    world.uninstall("shop0")
    world.set_fault(Fault("time", "delay", seconds=0.5, times=None))

    with running(config, bigcommerce) as process:
        until(lambda: answered(world, "shop0"), "shop0 was not asked about")
        process.send_signal(signal.SIGSTOP)  # it has read a refusal, and not yet acted on it
        world.clear_faults()
        shops[0].install()
        process.send_signal(signal.SIGCONT)
        told, _ = process.communicate(timeout=60)

    assert "shop0: installed again meanwhile" in told
    assert process.returncode == 0
    assert state_of(db) == all_installed()
    assert shops[0].send("zoom2u").status_code == 303
    entries = db.scalars(select(ActivityEntry.event)).all()
    assert Event.STORE_TOKEN_REFUSED not in entries


def test_an_interrupt_says_how_to_continue_without_gaps(
    config: Config, bigcommerce: str, operator: Operator, shops: list[Browser], world: World
) -> None:
    world.set_fault(Fault("time", "delay", seconds=0.3, times=None))

    with running(config, bigcommerce) as process:
        until(lambda: answered(world, "shop1"), "shop1 was not asked about")
        process.send_signal(signal.SIGINT)
        told, said_besides = process.communicate(timeout=60)
    before = {call.store_hash for call in questions(world) if call.status}
    world.clear_faults()
    world.calls.clear()
    after = said_besides.split("--after ")[1].strip()
    operator.run("reconcile", *FAST, "--after", after)

    assert process.returncode == 1
    assert "Stopped: Interrupted." in said_besides
    assert "Honoured: " in told
    assert int(after) >= 1
    assert "shop0" not in {call.store_hash for call in questions(world)}
    assert before | {call.store_hash for call in questions(world)} == set(all_installed())


def test_only_the_refused_token_is_deleted(app: Flask, shops: list[Browser], db: Session) -> None:
    store = db.scalars(select(Store).where(Store.store_hash == "shop0")).one()
    keys = make.config(ENCRYPTION_KEYS=f"{NEW_KEY},{make.ENCRYPTION_KEY}").encryption_keys
    both = Vault(keys)
    token = both.open("store.access_token", "shop0", sealed(db, "shop0"))

    with app.app_context():
        key_rotation.reseal(request_db(), both, 0, at_most=10)
        another = stores.uninstall_rejected(
            request_db(), both, store.id, SecretStr("another"), store.granted_at
        )
        unreadable = stores.uninstall_rejected(
            request_db(), runtime().vault, store.id, token, store.granted_at
        )
        same = stores.uninstall_rejected(request_db(), both, store.id, token, store.granted_at)
        again = stores.uninstall_rejected(request_db(), both, store.id, token, store.granted_at)

    # Sealed anew with another key it is still the same token.
    assert (another, unreadable, same, again) == (False, False, True, False)
