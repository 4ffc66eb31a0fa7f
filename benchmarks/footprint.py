"""Benchmark memory and start-up time."""

import statistics
import time

from benchmarks import load, process_cost, raw_requests
from benchmarks.environment import KINDS, Environment
from benchmarks.race import Figure, Round, asking, compared, race, summed_up
from benchmarks.targets import Results
from tests.crash.worker import until
from tests.served import Instance

STORES = 10_000
REQUESTS = 100_000
SAMPLES = 20
WARM_UP = 10  # samples; the heap is stable after about 50,000 requests
MAX_PSS = 60  # MiB
MAX_GROWTH = 1  # MiB over all requests
MAX_START = 1.5  # times the bare view's


def measure(environment: Environment, results: Results) -> None:
    for kind in KINDS:
        _starts(environment, results, kind)
    _memory(environment, results, KINDS[-1])


def _starts(environment: Environment, results: Results, kind: str) -> None:
    dataset = environment.dataset(kind, STORES)

    def start(instance: Instance) -> Round:
        started = time.perf_counter()
        instance.launch()
        try:
            until(lambda: _answers(instance), "the first answer does not come")
            took = time.perf_counter() - started
            return summed_up([took], process_cost.cpu_seconds(instance.workers()), took)
        finally:
            instance.terminate()
            instance.wait_until_ended()

    app, bare = environment.app(dataset), environment.bare(dataset)
    rounds = race({"app": lambda: start(app), "bare view": lambda: start(bare)})
    results.rounds[f"start to first answer, {kind}"] = rounds
    ratio = compared(rounds, "app", "bare view", "median_ms")
    name = f"start to the first /load answered, {kind}: against the bare view"
    results.expect(name, ratio, MAX_START, " ×")


def _answers(instance: Instance) -> bool:
    try:
        return load.ask(instance.port, raw_requests.launch(1)).status == 200
    except ConnectionError:
        return False


def _memory(environment: Environment, results: Results, kind: str) -> None:
    """Measure the larger worker during launches and pages of a thousand stores."""
    dataset = environment.dataset(kind, STORES)
    sizes = []
    with environment.app(dataset) as app:
        for _ in range(WARM_UP + SAMPLES + 1):
            asked = [raw_requests.launch(number) for number in dataset.used]
            asked += [
                raw_requests.overview(raw_requests.token(app.port, n)) for n in dataset.used[:100]
            ]
            asking(app, lambda asked=asked: (asked * 5)[: REQUESTS // SAMPLES])()
            sizes.append(max(map(process_cost.pss_mib, app.workers())))
    results.expect("memory of a worker (PSS)", Figure(tuple(sizes[1:])), MAX_PSS, " MiB", 1)
    warm = sizes[WARM_UP:]
    slope = statistics.linear_regression(range(SAMPLES + 1), warm).slope * SAMPLES
    behind = REQUESTS // SAMPLES * (WARM_UP + 1)
    name = f"its growth over {REQUESTS:,} requests, after the first {behind:,}"
    results.expect(name, Figure((slope,)), MAX_GROWTH, " MiB", 2)
