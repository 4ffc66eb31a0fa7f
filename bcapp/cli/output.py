"""Shared by the commands: app context, output formats, store lookup."""

import functools
import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import click
from flask.cli import with_appcontext
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from bcapp import logs
from bcapp.models import Store
from bcapp.runtime import db

as_json = click.option("--json", "is_json", is_flag=True, help="Print JSON, for programs.")


def in_app(command: Callable[..., None]) -> Callable[..., None]:
    """Run inside the app, with its log on stderr so that stdout holds only the result."""

    @with_appcontext
    @functools.wraps(command)
    def run(*arguments: Any, **options: Any) -> None:
        with logs.log_to_stderr():
            try:
                command(*arguments, **options)
            except SQLAlchemyError as error:
                # Not the message, in which the database may quote a row.
                raise click.ClickException(
                    f"the database failed ({type(error).__name__}); see: flask ops check-config"
                ) from None

    return run


def find_store(store_hash: str) -> Store:
    store = db().scalar(select(Store).where(Store.store_hash == store_hash))
    if store is None:
        raise click.ClickException(f"no store {store_hash}; see: flask ops stores search")
    return store


def echo_json(data: object) -> None:
    click.echo(json.dumps(data, indent=2, ensure_ascii=False, default=_plain))


def echo_table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    lines = [[_cell(cell) for cell in row] for row in (heads, *rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        cells = [cell.ljust(width) for cell, width in zip(line, widths, strict=True)]
        click.echo("  ".join(cells).rstrip())


def _cell(value: object) -> str:
    if value is None:
        return "-"
    return moment(value) if isinstance(value, datetime) else str(value)


def moment(at: datetime) -> str:
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")


def _plain(value: object) -> str:
    return moment(value) if isinstance(value, datetime) else str(value)
