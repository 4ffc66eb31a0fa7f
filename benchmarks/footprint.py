"""What the app takes before it answers: memory, and time to start."""

import statistics
import time

from benchmarks import cost, load, visits
from benchmarks.race import Figure, Round, asking, compared, race, summed_up
from benchmarks.stage import KINDS, Stage
from benchmarks.targets import Results
from tests.crash.worker import until
from tests.served import Instance

STORES = 10_000
REQUESTS = 100_000
SAMPLES = 20
WARM_UP = 10  # samples: the heap has its size after some fifty thousand requests
MAX_PSS = 60  # MiB
MAX_GROWTH = 1  # MiB in all those requests
MAX_START = 1.5  # times the bare view's


def measure(stage: Stage, results: Results) -> None:
    for kind in KINDS:
        _starts(stage, results, kind)
    _memory(stage, results, KINDS[-1])


def _starts(stage: Stage, results: Results, kind: str) -> None:
    stock = stage.stock(kind, STORES)

    def start(instance: Instance) -> Round:
        started = time.perf_counter()
        instance.launch()
        try:
            until(lambda: _answers(instance), "the first answer does not come")
            took = time.perf_counter() - started
            return summed_up([took], cost.cpu_seconds(instance.workers()), took)
        finally:
            instance.terminate()
            instance.wait_until_ended()

    app, bare = stage.app(stock), stage.bare(stock)
    rounds = race({"app": lambda: start(app), "bare view": lambda: start(bare)})
    results.rounds[f"start to first answer, {kind}"] = rounds
    ratio = compared(rounds, "app", "bare view", "median_ms")
    name = f"start to the first /load answered, {kind}: against the bare view"
    results.expect(name, ratio, MAX_START, " ×")


def _answers(instance: Instance) -> bool:
    try:
        return load.ask(instance.port, visits.launch(1)).status == 200
    except ConnectionError:
        return False


def _memory(stage: Stage, results: Results, kind: str) -> None:
    """Of the larger worker, while launches and pages of a thousand stores go on."""
    stock = stage.stock(kind, STORES)
    sizes = []
    with stage.app(stock) as app:
        for _ in range(WARM_UP + SAMPLES + 1):
            asked = [visits.launch(number) for number in stock.used]
            asked += [visits.overview(visits.token(app.port, n)) for n in stock.used[:100]]
            asking(app, lambda asked=asked: (asked * 5)[: REQUESTS // SAMPLES])()
            sizes.append(max(map(cost.pss_mib, app.workers())))
    results.expect("memory of a worker (PSS)", Figure(tuple(sizes[1:])), MAX_PSS, " MiB", 1)
    warm = sizes[WARM_UP:]
    slope = statistics.linear_regression(range(SAMPLES + 1), warm).slope * SAMPLES
    behind = REQUESTS // SAMPLES * (WARM_UP + 1)
    name = f"its growth over {REQUESTS:,} requests, after the first {behind:,}"
    results.expect(name, Figure((slope,)), MAX_GROWTH, " MiB", 2)
