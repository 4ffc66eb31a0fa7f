"""Create keys, and re-encrypt tokens with the newest key."""

import secrets
import sys

import click
from cryptography.fernet import Fernet

from bcapp import database
from bcapp.cli.output import as_json, echo_json, in_app
from bcapp.maintenance import key_rotation
from bcapp.runtime import db, runtime

BATCH = 200


@click.command("make-keys")
@as_json
def make_keys(is_json: bool) -> None:
    """Print new values for SESSION_KEYS and ENCRYPTION_KEYS.

    Nothing is stored and no settings are needed. docs/operations.md tells how to replace existing
    keys without downtime.
    """
    keys = {
        "SESSION_KEYS": secrets.token_urlsafe(48),
        "ENCRYPTION_KEYS": Fernet.generate_key().decode(),
    }
    if is_json:
        echo_json(keys)
        return
    for name, value in keys.items():
        click.echo(f"{name}={value}")


@click.command("rotate-keys")
@as_json
@in_app
def rotate_keys(is_json: bool) -> None:
    """Encrypt every access token with the first of ENCRYPTION_KEYS.

    Runs while the app serves; run it again after an interrupt. After status 0 the older keys may be
    removed from ENCRYPTION_KEYS. Status 1: no key decrypts some tokens; they are left unchanged,
    and their stores have to install the app again.
    """
    vault = runtime().vault
    unopenable: list[str] = []
    sealed = last_id = 0
    length = key_rotation.count_to_reseal(db(), vault)
    with click.progressbar(length=length, label="Sealing", file=sys.stderr) as bar:
        while batch := key_rotation.reseal(db(), vault, last_id, BATCH):
            last_id = batch.last_id
            unopenable += batch.unopenable
            sealed += batch.number - len(batch.unopenable)
            bar.update(batch.number)
    database.purge_deleted_pages(db())
    if is_json:
        echo_json({"key": vault.newest_id, "sealed": sealed, "unopenable": unopenable})
    else:
        for store_hash in unopenable:
            click.echo(f"{store_hash}: its token cannot be opened with any of the keys", err=True)
        but = " but those" * bool(unopenable)
        click.echo(f"Sealed with key {vault.newest_id}: every token{but}.")
    if unopenable:
        raise SystemExit(1)
