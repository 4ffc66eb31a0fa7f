"""Scenarios that happen to the app while merchants work."""

import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cryptography.fernet import Fernet
from sqlalchemy import create_engine

from bcapp import database
from rehearsal import postgres
from rehearsal.environment import Environment
from rehearsal.merchants import CARRIER, CLAIMS_END, Crowd, recorded_writes
from rehearsal.newer import COLUMN, VERSION, make_newer
from tests import make
from tests.conftest import on_server
from tests.served import Instance


@dataclass(frozen=True)
class Act:
    name: str
    play: Callable[[Environment, Crowd], None]
    # A POST must not be repeated after an instance died: it may have arrived.
    may_fail: bool = False


class Wrong(Exception):
    """The app did something wrong."""


def hold(is_so: bool, what: str) -> None:
    if not is_so:
        raise Wrong(what)


def work_quietly(_stage: Environment, crowd: Crowd) -> None:
    crowd.go_on(20)


def install_here_and_open_there(environment: Environment, _crowd: Crowd) -> None:
    first, second = (instance.url for instance in environment.instances)
    for here, there in ((first, second), (second, first)):
        store_hash = environment.new_store()
        at_first, at_second = environment.tab(store_hash, here), environment.tab(store_hash, there)
        hold(at_first.install().status_code == 200, "the install failed")
        hold(at_second.open().status_code == 200, "the other instance knows nothing of the install")
        at_first.token = at_second.token
        hold(at_first.get("/activity").status_code == 200, "a session is good in one instance only")
        hold(at_second.uninstall().status_code == 204, "the uninstall failed")
        for tab in (at_first, at_second):
            hold(tab.get("/activity").status_code == 403, "a session has outlived the uninstall")


def kill_and_replace(environment: Environment, crowd: Crowd) -> None:
    environment.instances[0].kill()
    crowd.go_on(20)
    environment.instances[0].start()
    crowd.keep_on(CLAIMS_END)


def freeze_and_replace(environment: Environment, crowd: Crowd) -> None:
    """Freeze an instance: only its own requests may hang until it is killed."""
    environment.instances[1].freeze()
    crowd.go_on(10)
    environment.instances[1].kill()
    environment.instances[1].start()
    crowd.keep_on(CLAIMS_END)


def reload_workers(environment: Environment, crowd: Crowd) -> None:
    for instance in environment.instances:
        instance.reload()
    crowd.go_on()


def migrate(environment: Environment, crowd: Crowd) -> None:
    """Expand the schema by a column while the older version serves."""
    environment.code = make_newer(environment.folder)
    environment.run("alembic", "upgrade", "head")
    for instance in environment.instances:
        hold(instance.is_ready(), "an instance of the old code is not ready on the newer schema")
    crowd.go_on()
    hold(launches(environment) == 0, "the old code is not what serves")


def deploy(environment: Environment, crowd: Crowd) -> None:
    """Deploy the newer version on the expanded schema."""
    environment.replace_instances()
    crowd.go_on()
    for instance, merchant in zip(environment.instances, crowd.merchants, strict=False):
        page = environment.tab(merchant.tab.store_hash, instance.url).open().text
        hold(VERSION in page, "an instance is still of the old version")
    hold(launches(environment) > 0, "the new column is not used")


def launches(environment: Environment) -> int:
    counting = f"SELECT sum({COLUMN}) FROM stores"  # noqa: S608 - our own name
    return int(postgres.execute(environment.environ["DATABASE_URL"], counting))


def rotate_encryption_keys(environment: Environment, crowd: Crowd) -> None:
    """Rotate keys as docs/operations.md says, each step everywhere before the next."""
    old, new = make.ENCRYPTION_KEY, Fernet.generate_key().decode()
    environment.replace_instances(ENCRYPTION_KEYS=f"{old},{new}")
    environment.replace_instances(ENCRYPTION_KEYS=f"{new},{old}")
    environment.run("flask", "ops", "rotate-keys")
    environment.replace_instances(ENCRYPTION_KEYS=new)
    crowd.go_on()


def back_up_and_restore(environment: Environment, crowd: Crowd) -> None:
    quiet = environment.tab(environment.new_store())
    hold(quiet.install().status_code == 200, "the install failed")
    copy = environment.folder / "backup.dump"
    least = {merchant: merchant.acknowledged for merchant in crowd.merchants}
    run_program(environment, "pg_dump", "--format=custom", f"--file={copy}", "bcapp")
    # Writes during the backup may or may not be in it.
    most = {merchant: merchant.acknowledged + merchant.in_doubt + 1 for merchant in crowd.merchants}
    run_program(environment, "createdb", "restored")
    run_program(environment, "pg_restore", "--dbname=restored", "--exit-on-error", str(copy))
    engine = create_engine(database.parse_url(on_server(environment.server.url, "restored")))
    with database.session_factory(engine)() as db:
        for merchant in crowd.merchants:
            number = recorded_writes(db, merchant)
            hold(least[merchant] <= number <= most[merchant], "the copy lacks writes")
    engine.dispose()
    restored = environment.environ | {"DATABASE_URL": on_server(environment.server.url, "restored")}
    with Instance(restored, environment.folder / "restored.log", code=environment.code) as instance:
        for store_hash in (merchant.tab.store_hash for merchant in crowd.merchants):
            tab = environment.tab(store_hash, instance.url)
            opened = [tab.open().status_code, tab.get("/carriers/auspost").status_code]
            hold(opened == [200, 200], f"a restored store is answered {opened}")
        tab = environment.tab(quiet.store_hash, instance.url)
        tab.open()
        sent = tab.send(CARRIER, {"auth_key": "after-the-restore"}).status_code
        held = environment.world.store(quiet.store_hash).connections[CARRIER]["auth_key"]
        hold((sent, held) == (303, "after-the-restore"), "a restored token is of no use")


def run_program(environment: Environment, name: str, *arguments: str) -> None:
    """Run one of PostgreSQL's programs, with its URL in the environment."""
    folder = postgres.execute(environment.server.url, "SHOW unix_socket_directories")
    environ = {"PGHOST": str(folder), "PGUSER": "postgres", "PATH": "/usr/bin:/bin"}
    command: list[str | Path] = [environment.server.programs / name, *arguments]
    subprocess.run(command, env=environ, check=True)  # noqa: S603 - the server's own folder


SCENARIOS = (
    Act("merchants work", work_quietly),
    Act("installed here, opened there, uninstalled everywhere", install_here_and_open_there),
    Act("one instance killed with -9, a new one started", kill_and_replace, may_fail=True),
    Act("one instance frozen, killed, a new one started", freeze_and_replace, may_fail=True),
    Act("workers reloaded (HUP), one instance after the other", reload_workers),
    Act("schema expanded under the old code", migrate),
    Act("newer version deployed (TERM), one after the other", deploy),
    Act("encryption keys rotated, three rounds of replacing", rotate_encryption_keys),
    Act("backed up, restored, served from the copy", back_up_and_restore),
)
