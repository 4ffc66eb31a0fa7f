"""`flask ops copy-from`: copy between SQLite and PostgreSQL."""

import sys
from pathlib import Path

import click
from sqlalchemy import URL

from bcapp import database
from bcapp.cli.output import as_json, echo_json, echo_table, in_app
from bcapp.maintenance import copy_database
from bcapp.runtime import config


@click.command("copy-from")
@click.argument("address")
@as_json
@in_app
def copy_from(address: str, is_json: bool) -> None:
    """Copy all rows of the database at ADDRESS into the empty one of DATABASE_URL.

    From SQLite to PostgreSQL, or back. Stop the app first. Both need the schema of this version
    (alembic upgrade head). The source is only read; existing rows in the target are never
    overwritten. Everything is one transaction: after a refusal, failure or interrupt nothing was
    copied (status 1).

    ADDRESS is written like DATABASE_URL but without a password, which other users of this machine
    could see: set PGPASSWORD or use ~/.pgpass.
    """
    # Both without the time limit, which is for requests.
    old, new = (database.open_engine(url) for url in (_parse(address), config().database_url))
    try:
        copy_database.check(old, new)
        rows = copy_database.count(old)
        with click.progressbar(length=rows, label="Copying", file=sys.stderr) as bar:
            counts = copy_database.copy_rows(old, new, bar.update)
    except copy_database.CopyRefused as reason:
        raise click.ClickException(f"{reason}. Nothing was copied.") from None
    finally:
        old.dispose()
        new.dispose()
    if is_json:
        echo_json(counts)
    else:
        echo_table(("TABLE", "ROWS"), list(counts.items()))


def _parse(address: str) -> URL:
    try:
        url = database.parse_url(address)
    except ValueError as fault:
        raise click.BadParameter(f"{fault}") from None
    if url.password:
        raise click.BadParameter("holds a password")
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file():
        raise click.BadParameter("there is no such file")
    return url
