"""Start everything: PostgreSQL, two instances of the app, nginx, and the sandbox."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bcapp import database
from rehearsal import postgres
from rehearsal.postgres import Server
from sandbox.faults import Fault
from sandbox.server import run_sandbox
from sandbox.world import World
from tests import make
from tests.conftest import on_server
from tests.nginx import Nginx
from tests.over_http import Tab, add_store
from tests.served import Instance

ANSWERS_AFTER = 0.05  # delay of BigCommerce in seconds, so that writes overlap the failures
BUDGET = 10  # time budget in seconds


@dataclass
class Environment:
    folder: Path
    world: World
    server: Server
    environ: dict[str, str]
    instances: list[Instance]
    nginx: Nginx
    code: Path = database.CHECKOUT
    stores: int = 0

    def new_store(self) -> str:
        self.stores += 1
        return add_store(self.world, self.stores)

    def tab(self, store_hash: str, url: str | None = None) -> Tab:
        return Tab(self.world, store_hash, url or self.nginx.url, trusts=str(self.nginx.trusted))

    def run(self, *words: str, **settings: str) -> str:
        """Run one of the app's commands and return its output."""
        command = [sys.executable, "-m", *words]
        environ = {**os.environ, **self.environ, **settings}
        ended = subprocess.run(  # noqa: S603 - our own interpreter
            command, cwd=self.code, env=environ, capture_output=True, text=True, check=False
        )
        if ended.returncode != 0:
            raise RuntimeError(f"{' '.join(words)} ended with {ended.returncode}: {ended.stderr}")
        return ended.stdout

    def replace_instances(self, **settings: str) -> None:
        """Stop and start the instances one after the other, with the current code."""
        self.environ |= settings
        for instance in self.instances:
            instance.terminate()
            instance.wait_until_ended()
            instance.start(self.environ, self.code)


@contextmanager
def environment(folder: Path) -> Iterator[Environment]:
    with ExitStack() as stack:
        server = stack.enter_context(postgres.serve(folder))
        postgres.execute(server.url, "CREATE DATABASE bcapp")
        world = World(make.CLIENT_ID, make.CLIENT_SECRET, make.APP_URL)
        bigcommerce = stack.enter_context(run_sandbox(world))
        for where in ("connection", "methods"):
            world.set_fault(Fault(where, "delay", seconds=ANSWERS_AFTER, times=None))
        environ = make.environ(
            DATABASE_URL=on_server(server.url, "bcapp"),
            BIGCOMMERCE_LOGIN_URL=bigcommerce,
            BIGCOMMERCE_API_URL=bigcommerce,
            BIGCOMMERCE_TIME_BUDGET=f"{BUDGET}",
            INSTALL_LIMIT_PER_ADDRESS="1000/minute",
            TRUSTED_PROXIES="1",
        )
        instances = [Instance(environ, folder / f"app{number}.log") for number in (1, 2)]
        (folder / "nginx").mkdir()
        nginx = Nginx(folder / "nginx", [instance.port for instance in instances])
        built = Environment(folder, world, server, environ, instances, nginx)
        built.run("alembic", "upgrade", "head")
        for instance in instances:
            stack.enter_context(instance)
        stack.enter_context(nginx)
        yield built
