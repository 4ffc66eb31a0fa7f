"""Merchants at work, each alone in its store, so that it knows what must be there."""

import random
import threading
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime

import requests
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bcapp.models import ActivityEntry, Store
from bcapp.outcomes import Outcome
from bcapp.session_token import InvalidSession, SessionTokens
from rehearsal.environment import BUDGET, Environment
from tests import make
from tests.crash.worker import until

CARRIER = "zoom2u"
PAUSE = 0.05  # seconds between two requests of one merchant
SEEDS = 20261123
WRITES = ("send", "disconnect", "turn_on", "turn_off")
DEEDS = ("load", "overview", "send", "send", "turn_on", "turn_off", "disconnect", "activity")
ACKNOWLEDGED = (Outcome.SENT, Outcome.CONFIRMED)
# Seconds until the zone lock of a dead process expires (bcapp/zones/lock.py).
CLAIMS_END = BUDGET + 6

TOKENS = SessionTokens(make.config().session_keys)


class Merchant:
    def __init__(self, environment: Environment, number: int) -> None:
        self.tab = environment.tab(environment.new_store())
        self.world = environment.world
        self.chance = random.Random(SEEDS + number)  # noqa: S311 - chooses what comes next
        self.answered: Counter[int] = Counter()
        self.zone_id: int = self.world.store(self.tab.store_hash).zones[0]["id"]
        self.acknowledged = 0  # writes answered with 303
        self.in_doubt = 0  # writes without an answer, which may have been carried out
        self.keys = 0
        self.wrong: list[str] = []
        self.lost: list[str] = []

    def work(self, stopped: threading.Event) -> None:
        while not stopped.wait(PAUSE):
            deed = self.chance.choice(DEEDS)
            try:
                getattr(self, deed)()
            except requests.RequestException:
                self.answered[0] += 1
                self.in_doubt += deed in WRITES

    def install(self) -> None:
        self.check(self.tab.install(), {200})
        self.turn_on()

    def load(self) -> None:
        self.check(self.tab.open(), {200})

    def overview(self) -> None:
        self.check(self.tab.get("/carriers"), {200})

    def activity(self) -> None:
        answer = self.check(self.tab.get("/activity"), {200})
        if answer.status_code == 200 and self.tab.person.email not in answer.text:
            self.wrong.append("activity without the one who acted")

    def send(self) -> None:
        self.keys += 1
        key = f"{self.tab.store_hash}-key-{self.keys}"
        answer = self.check(self.tab.send(CARRIER, {"auth_key": key}), {303})
        if self.is_acknowledged(answer) and self.held() != key:
            self.lost.append(f"{key} was answered, but BigCommerce has {self.held()}")

    def disconnect(self) -> None:
        answer = self.check(self.tab.post(f"/carriers/{CARRIER}/disconnect"), {303})
        if self.is_acknowledged(answer) and self.held() is not None:
            self.lost.append(f"a disconnect was answered, but BigCommerce has {self.held()}")

    def turn_on(self) -> None:
        self.keys += 1
        name = f"{self.tab.store_hash}-name-{self.keys}"
        self.save_zone(True, {"enabled": "on", "name": name, "delivery_services": "VIP"}, name)

    def turn_off(self) -> None:
        self.save_zone(False, {"enabled": "off"}, None)

    def save_zone(self, is_on: bool, form: dict[str, str], name: str | None) -> None:
        path = f"/carriers/{CARRIER}/zones/{self.zone_id}"
        answer = self.check(self.tab.post(path, form), {303})
        if not self.is_acknowledged(answer):
            return
        methods = self.world.store(self.tab.store_hash).methods[self.zone_id]
        found = [(one["enabled"], one["name"]) for one in methods if one["type"] == CARRIER]
        if [(is_on, name or found[0][1])] != found:
            self.lost.append(f"a zone was answered, but BigCommerce has {found}")

    def held(self) -> object:
        return self.world.store(self.tab.store_hash).connections.get(CARRIER, {}).get("auth_key")

    def is_acknowledged(self, answer: requests.Response) -> bool:
        self.acknowledged += answer.status_code == 303
        self.in_doubt += answer.status_code != 303
        return answer.status_code == 303

    def check(self, answer: requests.Response, expected: set[int]) -> requests.Response:
        """Check that a response belongs to its store and user; 5xx are counted separately."""
        self.answered[answer.status_code] += 1
        if answer.status_code in expected:
            try:
                session = TOKENS.verify(answer.headers["X-Session-Token"], datetime.now(UTC))
                owner = session.store_hash
            except (KeyError, InvalidSession):
                owner = "nobody"
            others = answer.text.count("@store") - answer.text.count(self.tab.person.email)
            if owner != self.tab.store_hash or others:
                self.wrong.append(f"{answer.url} was answered for {owner}")
        elif answer.status_code < 500:
            self.wrong.append(f"{answer.url} was answered {answer.status_code}")
        return answer


class Crowd:
    """All merchants, working while the block runs."""

    def __init__(self, environment: Environment, number: int) -> None:
        self.merchants = [Merchant(environment, each) for each in range(number)]
        self._stopped = threading.Event()
        self._working: list[Future[None]] = []

    def __enter__(self) -> "Crowd":
        for merchant in self.merchants:
            merchant.install()
        self._threads = ThreadPoolExecutor(len(self.merchants))
        self._working = [self._threads.submit(m.work, self._stopped) for m in self.merchants]
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._threads.shutdown()
        for each in self._working:
            each.result()

    def count(self) -> int:
        return sum(sum(merchant.answered.values()) for merchant in self.merchants)

    def failed(self) -> int:
        """Count responses of 500 and more, and broken connections."""
        statuses = sum((merchant.answered for merchant in self.merchants), Counter[int]())
        return sum(number for status, number in statuses.items() if status >= 500 or status == 0)

    def go_on(self, requests_each: int = 4) -> None:
        """Wait until each merchant has made that many more requests."""
        enough = self.count() + requests_each * len(self.merchants)
        until(lambda: self.count() >= enough, "no merchant is answered")

    def keep_on(self, seconds: float) -> None:
        self._stopped.wait(seconds)


def recorded_writes(db: Session, merchant: Merchant) -> int:
    written = select(func.count()).select_from(ActivityEntry).join(Store)
    store_hash = merchant.tab.store_hash
    number = db.scalar(
        written.where(Store.store_hash == store_hash, ActivityEntry.outcome.in_(ACKNOWLEDGED))
    )
    return number or 0
