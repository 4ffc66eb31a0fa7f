"""`/load` and the overview against the bare view, with few stores and with very many."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from itertools import count, cycle

from benchmarks import visits
from benchmarks.race import asking, compared, race
from benchmarks.stage import KINDS, SIZES, Stage
from benchmarks.stock import Stock
from benchmarks.targets import Results
from tests.served import Instance

FEWEST, MIDDLE, MOST = SIZES
REQUESTS = 2_000  # a round
INSTALLS = 200
MAX_CPU = 1.8  # times the bare view's
MAX_GROWTH = 1.1


def measure(stage: Stage, results: Results) -> None:
    for kind in KINDS:
        stocks = [stage.stock(kind, size) for size in SIZES]
        with ExitStack() as stack:
            apps = {each: stack.enter_context(stage.app(each)) for each in stocks}
            bares = {each: stack.enter_context(stage.bare(each)) for each in stocks}
            _known_users(results, kind, apps, bares)
            middle = stage.stock(kind, MIDDLE)
            _other_pages(results, middle, apps[middle], bares[middle])


def _known_users(
    results: Results, kind: str, apps: dict[Stock, Instance], bares: dict[Stock, Instance]
) -> None:
    contestants = {
        f"{name}, {stock.stores:,} stores": asking(instance, launches_of(stock))
        for name, instances in (("app", apps), ("bare", bares))
        for stock, instance in instances.items()
    }
    name = f"load, {kind}"
    rounds = results.rounds[name] = race(contestants)
    for size in SIZES:
        ratio = compared(rounds, f"app, {size:,} stores", f"bare, {size:,} stores")
        workload = f"{name}, {size:,} stores: CPU against the bare view"
        results.expect(workload, ratio, MAX_CPU, " ×")
    # Not CPU, which is the workers' only: what grows, if anything does, is the database's part.
    many, few = f"app, {MOST:,} stores", f"app, {FEWEST:,} stores"
    growth = compared(rounds, many, few, "median_ms")
    results.expect(f"{name}: time with {MOST:,} stores against {FEWEST}", growth, MAX_GROWTH, " ×")


def _other_pages(results: Results, stock: Stock, app: Instance, bare: Instance) -> None:
    tokens = [visits.token(app.port, number) for number in stock.used[:100]]
    strangers, installs = count(stock.stores + 1), count(stock.stores + 1)
    contestants = {
        "load, new user": asking(app, launches_of(stock, lambda: next(strangers))),
        "auth": asking(app, lambda: [visits.install(next(installs)) for _ in range(INSTALLS)]),
        "overview": asking(app, lambda: [visits.overview(token) for token in tokens] * 8),
        "bare view": asking(bare, launches_of(stock)),
    }
    results.rounds[f"other pages, {stock.kind}"] = race(contestants)


def launches_of(
    stock: Stock, user: Callable[[], int | None] = lambda: None
) -> Callable[[], Sequence[bytes]]:
    stores = cycle(stock.used)
    return lambda: [visits.launch(next(stores), user()) for _ in range(REQUESTS)]
