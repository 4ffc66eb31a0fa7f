"""Re-encrypt access tokens with the newest key."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, func, not_, select
from sqlalchemy.orm import Session

from bcapp import database
from bcapp.models import TOKEN_PLACE, Store
from bcapp.vault import Unopenable, Vault


@dataclass(frozen=True)
class Resealed:
    """One batch: its last id, its size, and the stores whose token no key decrypts."""

    last_id: int
    number: int
    unopenable: list[str]


@dataclass(frozen=True)
class KeyUse:
    """Number of tokens that name a key; `opens` tells whether one decrypts, None without any."""

    key_id: str
    tokens: int
    is_known: bool
    opens: bool | None


def key_uses(db: Session, vault: Vault) -> list[KeyUse]:
    """List the vault's keys, newest first, then keys that tokens name but the vault lacks."""
    # The part before the dot. Anything else was tampered with and counts as a missing key.
    key_id = func.substr(Store.sealed_access_token, 1, 8)
    sealed = Store.sealed_access_token.is_not(None)
    counted = db.execute(
        select(key_id, func.count(), func.min(Store.id)).where(sealed).group_by(key_id)
    ).all()
    found = {name: (number, first) for name, number, first in counted}
    uses = []
    for name in (*vault.key_ids, *(found.keys() - set(vault.key_ids))):
        number, first = found.get(name, (0, None))
        is_known = name in vault.key_ids
        opens = _opens(db.get_one(Store, first), vault) if is_known and first else None
        uses.append(KeyUse(name, number, is_known, opens))
    db.commit()
    return uses


def _opens(store: Store, vault: Vault) -> bool:
    try:
        vault.open(TOKEN_PLACE, store.store_hash, store.sealed_access_token or "")
    except Unopenable:
        return False
    return True


def count_to_reseal(db: Session, vault: Vault) -> int:
    number = db.scalar(select(func.count()).where(_sealed_with_older_key(vault)))
    db.commit()
    return number or 0


def reseal(db: Session, vault: Vault, after_id: int, at_most: int) -> Resealed | None:
    """Re-encrypt the next batch of tokens; None if none is left after `after_id`.

    Each batch is one transaction with locked rows, so that concurrent installs wait. After an
    interrupt, the next run continues.
    """
    database.begin_write(db)
    rows = db.scalars(
        select(Store)
        .where(_sealed_with_older_key(vault), Store.id > after_id)
        .order_by(Store.id)
        .limit(at_most)
        .with_for_update()
    ).all()
    unopenable = []
    for store in rows:
        assert store.sealed_access_token is not None  # noqa: S101 - asked for in the query
        try:
            store.sealed_access_token = vault.reseal(
                TOKEN_PLACE, store.store_hash, store.sealed_access_token
            )
        except Unopenable:
            unopenable.append(store.store_hash)
    db.commit()
    return Resealed(rows[-1].id, len(rows), unopenable) if rows else None


def _sealed_with_older_key(vault: Vault) -> ColumnElement[bool]:
    newest = Store.sealed_access_token.startswith(f"{vault.newest_id}.", autoescape=True)
    return and_(Store.sealed_access_token.is_not(None), not_(newest))
