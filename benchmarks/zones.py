"""Benchmark the overview with sixty zones while each call takes 200 ms.

Target: three times one call plus the app's own work, which is measured with cached zones. The
tests' audit hook keeps everything on this machine.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from bcapp.bigcommerce.http import new_session
from bcapp.bigcommerce.store_api import StoreApi
from bcapp.factory import create_app
from sandbox.faults import Fault
from sandbox.server import run_sandbox
from sandbox.world import World
from tests import make
from tests.conftest import close, migrate
from tests.merchant import Browser

STORE = "harbour1"
ZONES = 60
DELAY = 0.2
TIMES = 5
MAX_CALLS = 3


@dataclass(frozen=True)
class Measured:
    """Seconds of each repetition."""

    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)

    def __str__(self) -> str:
        low, high = min(self.seconds), max(self.seconds)
        return f"{self.median * 1000:6.0f} ms  ({low * 1000:.0f} to {high * 1000:.0f})"


def main() -> int:
    world = World(make.CLIENT_ID, make.CLIENT_SECRET, make.APP_URL)
    with run_sandbox(world) as bigcommerce, installed_app(world, bigcommerce) as merchant:
        world.set_zones(STORE, ZONES)
        world.set_fault(Fault("api", "delay", seconds=DELAY, times=None))
        call = one_call(world, bigcommerce)
        page = measured(lambda: opened(merchant, "/carriers?refresh=1"))
        calls = len(world.calls_to("/methods")) // TIMES
        own_work = measured(lambda: opened(merchant, "/carriers"))
    at_most = MAX_CALLS * call.median + own_work.median
    is_met = page.median <= at_most
    print(f"{ZONES} zones, {DELAY * 1000:.0f} ms a call, median of {TIMES} (least to most)")
    print(f"  one API call              {call}")
    print(f"  /carriers, zones read     {page}, the methods of {calls} zones among it")
    print(f"  /carriers, zones kept     {own_work}: the app’s own work")
    print(f"  page / one call           {page.median / call.median:6.2f}")
    verdict = "met" if is_met else "MISSED"
    print(f"  at most {MAX_CALLS} calls + own work {at_most * 1000:6.0f} ms: {verdict}")
    return 0 if is_met else 1


@contextmanager
def installed_app(world: World, bigcommerce: str) -> Iterator[Browser]:
    """Create an app with its own database, installed in the store."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bcapp")))
        url = f"sqlite:///{folder / 'bcapp.sqlite3'}"
        migrate(url)
        app = create_app(
            make.config(
                DATABASE_URL=url,
                BIGCOMMERCE_LOGIN_URL=bigcommerce,
                BIGCOMMERCE_API_URL=bigcommerce,
            )
        )
        stack.callback(close, app)
        merchant = Browser(app, world, STORE, "owner")
        merchant.install()
        yield merchant


def one_call(world: World, bigcommerce: str) -> Measured:
    """Make a call as the app does, on an open connection."""
    token = SecretStr(world.store(STORE).access_token or "")
    with new_session() as http:

        def call() -> None:
            StoreApi(http, bigcommerce, STORE, token, budget=5).list_zones()

        call()
        return measured(call)


def opened(merchant: Browser, path: str) -> None:
    """Open a page that must show the number of zones."""
    response = merchant.get(path)
    if response.status_code != 200 or "No zones" not in response.text:
        raise RuntimeError(f"{path} was not answered with zones: {response.status}")


def measured(action: Callable[[], None]) -> Measured:
    return Measured(tuple(_seconds(action) for _ in range(TIMES)))


def _seconds(action: Callable[[], None]) -> float:
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


if __name__ == "__main__":
    sys.exit(main())
