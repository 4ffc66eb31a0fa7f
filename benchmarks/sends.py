"""Account details on their way to BigCommerce: what the app adds to the wait for it."""

import os
import time
from collections.abc import Callable

import requests

from benchmarks import cost, load, visits
from benchmarks.race import Figure, Round, asking, compared, p99, race, summed_up
from benchmarks.stage import KINDS, WORKERS, Stage
from benchmarks.targets import Results
from tests.served import Instance, http_session

STORES = 10_000
DELAYS = {0: 100, 50: 60, 200: 30}  # milliseconds that BigCommerce takes: sends a round
MAX_OWN_MS = 8
MOST_OWN_P99_MS = 25
MAX_TOTAL = 1.1  # times the bare call
SENDS = 1000
AT_ONCE = 24  # so one process uses no more threads than these


def measure(stage: Stage, results: Results) -> None:
    for kind in KINDS:
        with stage.app(stage.stock(kind, STORES)) as app, http_session() as http:
            for delay, sends in DELAYS.items():
                stage.let_bigcommerce_take(delay / 1000)
                send = [visits.send(visits.token(app.port, 1))] * sends
                act = asking(app, lambda send=send: send, status=303, at_once=1)
                call = calling(http, stage.bigcommerce, sends)
                name = f"connect, {kind}, BigCommerce takes {delay} ms"
                results.rounds[name] = race({"app": act, "bare call": call})
                _judge(results, name, delay)
            if kind == KINDS[-1]:
                _connections(stage, results, app)
    stage.let_bigcommerce_take(0)


def calling(http: requests.Session, bigcommerce: str, times: int) -> Callable[[], Round]:
    """A contestant: the same call, by whoever measures, on a connection that is kept."""

    def call() -> float:
        started = time.perf_counter()
        http.put(
            f"{bigcommerce}/stores/s1/v2/shipping/carrier/connection",
            json={"carrier_id": "fedex", "connection": visits.DETAILS},
            headers={"X-Auth-Token": "token1"},
            timeout=load.MAX_WAIT,
        ).raise_for_status()
        return time.perf_counter() - started

    def act() -> Round:
        used = cost.cpu_seconds([os.getpid()])
        seconds = [call() for _ in range(times)]
        return summed_up(seconds, cost.cpu_seconds([os.getpid()]) - used, sum(seconds))

    return act


def _judge(results: Results, name: str, delay: int) -> None:
    rounds = results.rounds[name]
    own = Figure(tuple(each.median_ms - delay for each in rounds["app"]))
    results.expect(f"{name}: the app’s own time", own, MAX_OWN_MS, " ms", 1)
    everything = [seconds for each in rounds["app"] for seconds in each.seconds]
    slowest = Figure((p99(everything) * 1000 - delay,))
    results.expect(f"{name}: the same, p99", slowest, MOST_OWN_P99_MS, " ms", 1)
    if delay >= 50:
        total = compared(rounds, "app", "bare call", "median_ms")
        results.expect(f"{name}: total against the bare call", total, MAX_TOTAL, " ×")


def _connections(stage: Stage, results: Results, app: Instance) -> None:
    stage.let_bigcommerce_take(0.05)
    tokens = [visits.token(app.port, n) for n in stage.stock(KINDS[-1], STORES).used[:100]]
    sends = [visits.send(token) for token in tokens] * (SENDS // len(tokens))
    stage.connections_opened()
    asking(app, lambda: sends, status=303, at_once=AT_ONCE)()
    opened = Figure((stage.connections_opened(),))
    name = f"connections opened to BigCommerce in {SENDS:,} sends"
    results.expect(name, opened, WORKERS * AT_ONCE, "", 0)
