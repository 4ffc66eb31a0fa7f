"""`flask ops …`: what whoever runs the app does besides serving it."""

import click
from flask import Flask
from flask.cli import AppGroup

from bcapp import database, rotation
from bcapp.runtime import db, runtime

BATCH = 200

ops = AppGroup("ops", help="Operate the app.")


def init_app(app: Flask) -> None:
    app.cli.add_command(ops)


@ops.command("rotate-keys")
def rotate_keys() -> None:
    """Seal every access token with the first of ENCRYPTION_KEYS.

    Runs while the app serves, may be interrupted, and then goes on where it was. When it ends with
    status 0, older keys may be taken out of ENCRYPTION_KEYS. Status 1: some tokens could not be
    opened with any key; they are left as they are, and their stores have to install again.
    """
    vault = runtime().vault
    unopenable: list[str] = []
    last_id = 0
    with click.progressbar(length=rotation.count_to_reseal(db(), vault), label="Sealing") as bar:
        while batch := rotation.reseal(db(), vault, last_id, BATCH):
            last_id = batch.last_id
            unopenable += batch.unopenable
            bar.update(batch.number)
    database.forget_deleted(db())
    for store_hash in unopenable:
        click.echo(f"{store_hash}: its token cannot be opened with any of the keys", err=True)
    click.echo(f"Sealed with key {vault.newest_id}: every token{' but those' * bool(unopenable)}.")
    if unopenable:
        raise SystemExit(1)
