"""`flask ops prune`, `export` and `erase`."""

import sys
from datetime import UTC, datetime, timedelta

import click
from sqlalchemy import select

from bcapp import database
from bcapp.cli.output import as_json, echo_json, find_store, in_app
from bcapp.maintenance import retention
from bcapp.models import Store
from bcapp.runtime import db

BATCH = 1000
ZONES_KEPT = timedelta(days=30)  # they are fetched again when a page needs them

yes = click.option("--yes", is_flag=True, help="Do not ask.")


@click.command()
@click.option(
    "--activity-days",
    default=365,
    type=click.IntRange(min=2),
    show_default=True,
    help="Keep activity so long.",
)
@click.option(
    "--uninstalled-days",
    default=90,
    # A signed payload is valid for a day, so removals are kept longer than that.
    type=click.IntRange(min=2),
    show_default=True,
    help="Keep a store so long after it uninstalled.",
)
@click.option("--dry-run", is_flag=True, help="Only count.")
@yes
@as_json
@in_app
def prune(
    activity_days: int, uninstalled_days: int, dry_run: bool, yes: bool, is_json: bool
) -> None:
    """Delete activity and uninstalled stores that are past their retention period.

    Entries that hold current state are kept, however old: what was last sent for a carrier, and
    that it was turned on in a zone. A store is deleted with its users, activity and carriers. Runs
    in batches while the app serves, and may be interrupted.
    """
    now = datetime.now(UTC)
    old, gone = now - timedelta(days=activity_days), now - timedelta(days=uninstalled_days)
    stores = retention.count_expired_stores(db(), gone)
    entries = retention.count_old_activity(db(), old, gone)
    if not dry_run:  # without asking: zones are only a copy
        retention.prune_zones(db(), now - ZONES_KEPT)
    if dry_run or not stores + entries:
        _tell_pruned(entries, stores, is_json=is_json, is_dry=True)
        return
    if not yes:
        click.confirm(
            f"Delete {stores} uninstalled stores and {entries} activity entries?",
            abort=True,
            err=True,
        )
    deleted_stores = deleted_entries = last_id = 0
    with click.progressbar(length=stores + entries, label="Pruning", file=sys.stderr) as bar:
        while retention.prune_store(db(), gone):
            deleted_stores += 1
            bar.update(1)
        while batch := retention.prune_activity(db(), old, last_id, BATCH):
            last_id = batch.last_id
            deleted_entries += batch.number
            bar.update(batch.number)
    database.purge_deleted_pages(db())
    _tell_pruned(deleted_entries, deleted_stores, is_json=is_json, is_dry=False)


@click.command()
@click.argument("store_hash", metavar="STORE")
@in_app
def export(store_hash: str) -> None:
    """Print everything that is stored about a store, as JSON.

    All rows of all tables except the access token, which is not the merchant's data.
    """
    echo_json(retention.export_store(db(), find_store(store_hash)))


@click.command()
@click.argument("store_hash", metavar="STORE")
@click.option("--even-installed", is_flag=True, help="Also while the store has the app.")
@yes
@in_app
def erase(store_hash: str, even_installed: bool, yes: bool) -> None:
    """Delete everything that is stored about a store: users, activity, carriers, access token.

    Refused while the app is installed: BigCommerce would go on opening an app that does not know
    the store. Logs and backups are not touched.
    """
    store = find_store(store_hash)
    held = retention.export_store(db(), store)
    counts = ", ".join(f"{len(rows)} {table}" for table, rows in held.items() if rows)
    _refuse_installed(store, even_installed)
    if not yes:
        click.confirm(f"Delete {store.store_hash} ({counts})?", abort=True, err=True)
    database.begin_write(db())
    locked = db().scalar(
        select(Store)
        .where(Store.id == store.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if locked is not None:
        _refuse_installed(locked, even_installed)  # it may have installed meanwhile
        retention.erase_store(db(), locked)
    db().commit()
    database.purge_deleted_pages(db())
    click.echo(f"Deleted: {counts}.")


def _refuse_installed(store: Store, even_installed: bool) -> None:
    if store.sealed_access_token is not None and not even_installed:
        raise click.ClickException(
            f"{store.store_hash} has the app. Its owner uninstalls it first, or: --even-installed"
        )


def _tell_pruned(entries: int, stores: int, *, is_json: bool, is_dry: bool) -> None:
    if is_json:
        echo_json({"activity": entries, "stores": stores, "deleted": not is_dry})
        return
    done = "To delete" if is_dry else "Deleted"
    click.echo(f"{done}: {stores} uninstalled stores, {entries} activity entries.")
