"""Benchmark sending account details: what the app adds to BigCommerce's own time."""

import os
import time
from collections.abc import Callable

import requests

from benchmarks import load, process_cost, raw_requests
from benchmarks.environment import KINDS, WORKERS, Environment
from benchmarks.race import Figure, Round, asking, compared, p99, race, summed_up
from benchmarks.targets import Results
from tests.served import Instance, http_session

STORES = 10_000
DELAYS = {0: 100, 50: 60, 200: 30}  # BigCommerce's delay in ms: sends per round
MAX_OWN_MS = 8
MAX_OWN_P99_MS = 25
MAX_TOTAL = 1.1  # times the bare call
SENDS = 1000
AT_ONCE = 24  # limits the threads in use


def measure(environment: Environment, results: Results) -> None:
    for kind in KINDS:
        with environment.app(environment.dataset(kind, STORES)) as app, http_session() as http:
            for delay, sends in DELAYS.items():
                environment.let_bigcommerce_take(delay / 1000)
                send = [raw_requests.send(raw_requests.token(app.port, 1))] * sends
                scenario = asking(app, lambda send=send: send, status=303, at_once=1)
                call = calling(http, environment.bigcommerce, sends)
                name = f"connect, {kind}, BigCommerce takes {delay} ms"
                results.rounds[name] = race({"app": scenario, "bare call": call})
                _judge(results, name, delay)
            if kind == KINDS[-1]:
                _connections(environment, results, app)
    environment.let_bigcommerce_take(0)


def calling(http: requests.Session, bigcommerce: str, times: int) -> Callable[[], Round]:
    """Make a candidate of the same call on a kept connection."""

    def call() -> float:
        started = time.perf_counter()
        http.put(
            f"{bigcommerce}/stores/s1/v2/shipping/carrier/connection",
            json={"carrier_id": "fedex", "connection": raw_requests.DETAILS},
            headers={"X-Auth-Token": "token1"},
            timeout=load.MAX_WAIT,
        ).raise_for_status()
        return time.perf_counter() - started

    def scenario() -> Round:
        used = process_cost.cpu_seconds([os.getpid()])
        seconds = [call() for _ in range(times)]
        return summed_up(seconds, process_cost.cpu_seconds([os.getpid()]) - used, sum(seconds))

    return scenario


def _judge(results: Results, name: str, delay: int) -> None:
    rounds = results.rounds[name]
    own = Figure(tuple(each.median_ms - delay for each in rounds["app"]))
    results.expect(f"{name}: the app’s own time", own, MAX_OWN_MS, " ms", 1)
    everything = [seconds for each in rounds["app"] for seconds in each.seconds]
    slowest = Figure((p99(everything) * 1000 - delay,))
    results.expect(f"{name}: the same, p99", slowest, MAX_OWN_P99_MS, " ms", 1)
    if delay >= 50:
        total = compared(rounds, "app", "bare call", "median_ms")
        results.expect(f"{name}: total against the bare call", total, MAX_TOTAL, " ×")


def _connections(environment: Environment, results: Results, app: Instance) -> None:
    environment.let_bigcommerce_take(0.05)
    tokens = [
        raw_requests.token(app.port, n) for n in environment.dataset(KINDS[-1], STORES).used[:100]
    ]
    sends = [raw_requests.send(token) for token in tokens] * (SENDS // len(tokens))
    environment.connections_opened()
    asking(app, lambda: sends, status=303, at_once=AT_ONCE)()
    opened = Figure((environment.connections_opened(),))
    name = f"connections opened to BigCommerce in {SENDS:,} sends"
    results.expect(name, opened, WORKERS * AT_ONCE, "", 0)
