"""Benchmark `/load` and the overview against the bare view, with few and with very many stores."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from itertools import count, cycle

from benchmarks import raw_requests
from benchmarks.environment import KINDS, SIZES, Environment
from benchmarks.race import asking, compared, race
from benchmarks.targets import Results
from benchmarks.test_data import Dataset
from tests.served import Instance

FEWEST, MIDDLE, MOST = SIZES
REQUESTS = 2_000  # per round
INSTALLS = 200
MAX_CPU = 1.8  # times the bare view's
MAX_GROWTH = 1.1


def measure(environment: Environment, results: Results) -> None:
    for kind in KINDS:
        datasets = [environment.dataset(kind, size) for size in SIZES]
        with ExitStack() as stack:
            apps = {each: stack.enter_context(environment.app(each)) for each in datasets}
            bares = {each: stack.enter_context(environment.bare(each)) for each in datasets}
            _known_users(results, kind, apps, bares)
            middle = environment.dataset(kind, MIDDLE)
            _other_pages(results, middle, apps[middle], bares[middle])


def _known_users(
    results: Results, kind: str, apps: dict[Dataset, Instance], bares: dict[Dataset, Instance]
) -> None:
    candidates = {
        f"{name}, {dataset.stores:,} stores": asking(instance, launches_of(dataset))
        for name, instances in (("app", apps), ("bare", bares))
        for dataset, instance in instances.items()
    }
    name = f"load, {kind}"
    rounds = results.rounds[name] = race(candidates)
    for size in SIZES:
        ratio = compared(rounds, f"app, {size:,} stores", f"bare, {size:,} stores")
        workload = f"{name}, {size:,} stores: CPU against the bare view"
        results.expect(workload, ratio, MAX_CPU, " ×")
    # Time, not CPU: the CPU figure excludes the database, which is what could grow.
    many, few = f"app, {MOST:,} stores", f"app, {FEWEST:,} stores"
    growth = compared(rounds, many, few, "median_ms")
    results.expect(f"{name}: time with {MOST:,} stores against {FEWEST}", growth, MAX_GROWTH, " ×")


def _other_pages(results: Results, dataset: Dataset, app: Instance, bare: Instance) -> None:
    tokens = [raw_requests.token(app.port, number) for number in dataset.used[:100]]
    strangers, installs = count(dataset.stores + 1), count(dataset.stores + 1)
    candidates = {
        "load, new user": asking(app, launches_of(dataset, lambda: next(strangers))),
        "auth": asking(
            app, lambda: [raw_requests.install(next(installs)) for _ in range(INSTALLS)]
        ),
        "overview": asking(app, lambda: [raw_requests.overview(token) for token in tokens] * 8),
        "bare view": asking(bare, launches_of(dataset)),
    }
    results.rounds[f"other pages, {dataset.kind}"] = race(candidates)


def launches_of(
    dataset: Dataset, user: Callable[[], int | None] = lambda: None
) -> Callable[[], Sequence[bytes]]:
    stores = cycle(dataset.used)
    return lambda: [raw_requests.launch(next(stores), user()) for _ in range(REQUESTS)]
