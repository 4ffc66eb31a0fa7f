"""Benchmark many merchants at once while BigCommerce is slow or hangs."""

import math
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from benchmarks import load, raw_requests
from benchmarks.environment import KINDS, THREADS, WORKERS, Environment
from benchmarks.race import ROUNDS, Figure, Round, asking, compared, race
from benchmarks.targets import Results, Target
from tests.served import Instance

STORES = 10_000
MERCHANTS = 200
IN_VAIN = 400  # more than there are slots, so that all are taken
DELAY = 1.0
IDEAL = math.ceil(MERCHANTS / (WORKERS * THREADS)) * DELAY
MAX_TIME = 1.5  # times the ideal
HANGING = 3600
BUDGET = 8  # time budget in seconds, so that a round ends
LAUNCHES = 400
LAUNCHING = 4
MAX_P99 = 3  # times the quiet one


def measure(environment: Environment, results: Results) -> None:
    for kind in KINDS:
        _all_at_once(environment, results, kind)
        _while_it_hangs(environment, results, kind)
    environment.let_bigcommerce_take(0)


def _sends(environment: Environment, kind: str, app: Instance, merchants: int) -> list[bytes]:
    stores = environment.dataset(kind, STORES).used[:merchants]
    return [raw_requests.send(raw_requests.token(app.port, number)) for number in stores]


def _all_at_once(environment: Environment, results: Results, kind: str) -> None:
    environment.let_bigcommerce_take(DELAY)
    taken, statuses = [], Counter[int]()
    with environment.app(environment.dataset(kind, STORES)) as app:
        for number in range(ROUNDS + 1):
            sends = _sends(environment, kind, app, MERCHANTS)
            started = time.perf_counter()
            answers = load.ask_all(app.port, sends, MERCHANTS)
            if number > 0:  # round 0 warms up
                taken.append((time.perf_counter() - started) / IDEAL)
            statuses.update(answer.status for answer in answers)
    name = f"{MERCHANTS} merchants at once, {kind}, BigCommerce takes {DELAY:g} s"
    ideal = f" × {IDEAL:g} s"
    results.expect(f"{name}: until all are answered", Figure(tuple(taken)), MAX_TIME, ideal)
    failed = {status: many for status, many in statuses.items() if status != 303}
    told = ", ".join(f"{many} of {sum(statuses.values())} with {s}" for s, many in failed.items())
    results.targets.append(Target(f"{name}: failed", "none", told or "none", not failed))


def _while_it_hangs(environment: Environment, results: Results, kind: str) -> None:
    """Measure launches while idle, and while more merchants wait than there are slots."""
    environment.let_bigcommerce_take(HANGING)
    dataset = environment.dataset(kind, STORES)
    with (
        environment.app(dataset, BIGCOMMERCE_TIME_BUDGET=str(BUDGET)) as app,
        ThreadPoolExecutor() as senders,
    ):
        launches = [raw_requests.launch(number) for number in dataset.used[:LAUNCHES]]
        quiet = asking(app, lambda: launches, at_once=LAUNCHING)

        def beside_hanging() -> Round:
            sends = _sends(environment, kind, app, IN_VAIN)
            sending = senders.submit(load.ask_all, app.port, sends, IN_VAIN)
            time.sleep(BUDGET / 4)  # until the excess requests are refused
            measured = quiet()
            if sending.done():
                raise RuntimeError("the launches took longer than BigCommerce hung")
            sending.result()
            return measured

        rounds = race({"quiet": quiet, "hanging": beside_hanging})
    name = f"load while BigCommerce hangs, {kind}"
    results.rounds[name] = rounds
    ratio = compared(rounds, "hanging", "quiet", "p99_ms")
    results.expect(f"{name}: p99 against its quiet p99", ratio, MAX_P99, " ×")
