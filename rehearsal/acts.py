"""What befalls the app while merchants work, act by act."""

import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cryptography.fernet import Fernet
from sqlalchemy import create_engine

from bcapp import database
from rehearsal import postgres
from rehearsal.merchants import CARRIER, CLAIMS_END, Crowd, recorded_writes
from rehearsal.newer import COLUMN, VERSION, make_newer
from rehearsal.stage import Stage
from tests import make
from tests.conftest import on_server
from tests.served import Instance


@dataclass(frozen=True)
class Act:
    name: str
    play: Callable[[Stage, Crowd], None]
    # A POST that an instance dies over must not be repeated: nobody knows whether it arrived.
    may_fail: bool = False


class Wrong(Exception):
    """The app did not do what it has to."""


def hold(is_so: bool, what: str) -> None:
    if not is_so:
        raise Wrong(what)


def work_quietly(_stage: Stage, crowd: Crowd) -> None:
    crowd.go_on(20)


def install_here_and_open_there(stage: Stage, _crowd: Crowd) -> None:
    first, second = (instance.url for instance in stage.instances)
    for here, there in ((first, second), (second, first)):
        store_hash = stage.new_store()
        at_first, at_second = stage.tab(store_hash, here), stage.tab(store_hash, there)
        hold(at_first.install().status_code == 200, "the install failed")
        hold(at_second.open().status_code == 200, "the other instance knows nothing of the install")
        at_first.token = at_second.token
        hold(at_first.get("/activity").status_code == 200, "a session is good in one instance only")
        hold(at_second.uninstall().status_code == 204, "the uninstall failed")
        for tab in (at_first, at_second):
            hold(tab.get("/activity").status_code == 403, "a session has outlived the uninstall")


def kill_and_replace(stage: Stage, crowd: Crowd) -> None:
    stage.instances[0].kill()
    crowd.go_on(20)
    stage.instances[0].start()
    crowd.keep_on(CLAIMS_END)


def freeze_and_replace(stage: Stage, crowd: Crowd) -> None:
    """Neither dead nor alive: only what it holds may hang, until the operator kills it."""
    stage.instances[1].freeze()
    crowd.go_on(10)
    stage.instances[1].kill()
    stage.instances[1].start()
    crowd.keep_on(CLAIMS_END)


def reload_workers(stage: Stage, crowd: Crowd) -> None:
    for instance in stage.instances:
        instance.reload()
    crowd.go_on()


def migrate(stage: Stage, crowd: Crowd) -> None:
    """Expand: a column more, made by a newer version, while the older one serves."""
    stage.code = make_newer(stage.folder)
    stage.run("alembic", "upgrade", "head")
    for instance in stage.instances:
        hold(instance.is_ready(), "an instance of the old code is not ready on the newer schema")
    crowd.go_on()
    hold(launches(stage) == 0, "the old code is not what serves")


def deploy(stage: Stage, crowd: Crowd) -> None:
    """The newer version, on the schema that it needs."""
    stage.replace_instances()
    crowd.go_on()
    for instance, merchant in zip(stage.instances, crowd.merchants, strict=False):
        page = stage.tab(merchant.tab.store_hash, instance.url).open().text
        hold(VERSION in page, "an instance is still of the old version")
    hold(launches(stage) > 0, "the new column is not used")


def launches(stage: Stage) -> int:
    counting = f"SELECT sum({COLUMN}) FROM stores"  # noqa: S608 - our own name
    return int(postgres.execute(stage.environ["DATABASE_URL"], counting))


def rotate_encryption_keys(stage: Stage, crowd: Crowd) -> None:
    """As docs/operations.md has it: no step before the one before has ended everywhere."""
    old, new = make.ENCRYPTION_KEY, Fernet.generate_key().decode()
    stage.replace_instances(ENCRYPTION_KEYS=f"{old},{new}")
    stage.replace_instances(ENCRYPTION_KEYS=f"{new},{old}")
    stage.run("flask", "ops", "rotate-keys")
    stage.replace_instances(ENCRYPTION_KEYS=new)
    crowd.go_on()


def back_up_and_restore(stage: Stage, crowd: Crowd) -> None:
    quiet = stage.tab(stage.new_store())
    hold(quiet.install().status_code == 200, "the install failed")
    copy = stage.folder / "backup.dump"
    least = {merchant: merchant.acknowledged for merchant in crowd.merchants}
    run_program(stage, "pg_dump", "--format=custom", f"--file={copy}", "bcapp")
    # What was under way while the backup was made may be in it or not.
    most = {merchant: merchant.acknowledged + merchant.in_doubt + 1 for merchant in crowd.merchants}
    run_program(stage, "createdb", "restored")
    run_program(stage, "pg_restore", "--dbname=restored", "--exit-on-error", str(copy))
    engine = create_engine(database.parse_url(on_server(stage.server.url, "restored")))
    with database.session_factory(engine)() as db:
        for merchant in crowd.merchants:
            number = recorded_writes(db, merchant)
            hold(least[merchant] <= number <= most[merchant], "the copy lacks writes")
    engine.dispose()
    restored = stage.environ | {"DATABASE_URL": on_server(stage.server.url, "restored")}
    with Instance(restored, stage.folder / "restored.log", code=stage.code) as instance:
        for store_hash in (merchant.tab.store_hash for merchant in crowd.merchants):
            tab = stage.tab(store_hash, instance.url)
            opened = [tab.open().status_code, tab.get("/carriers/auspost").status_code]
            hold(opened == [200, 200], f"a restored store is answered {opened}")
        tab = stage.tab(quiet.store_hash, instance.url)
        tab.open()
        sent = tab.send(CARRIER, {"auth_key": "after-the-restore"}).status_code
        held = stage.world.store(quiet.store_hash).connections[CARRIER]["auth_key"]
        hold((sent, held) == (303, "after-the-restore"), "a restored token is of no use")


def run_program(stage: Stage, name: str, *arguments: str) -> None:
    """One of PostgreSQL's own; the address goes by the environment, as a password would."""
    folder = postgres.execute(stage.server.url, "SHOW unix_socket_directories")
    environ = {"PGHOST": str(folder), "PGUSER": "postgres", "PATH": "/usr/bin:/bin"}
    command: list[str | Path] = [stage.server.programs / name, *arguments]
    subprocess.run(command, env=environ, check=True)  # noqa: S603 - the server's own folder


ACTS = (
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
