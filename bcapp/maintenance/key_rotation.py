"""Access tokens sealed anew, after a new key was put in front."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, func, not_, select
from sqlalchemy.orm import Session

from bcapp import database
from bcapp.models import TOKEN_PLACE, Store
from bcapp.vault import Unopenable, Vault


@dataclass(frozen=True)
class Resealed:
    """One batch: where it ended, how many rows it held, the stores whose token is unreadable."""

    last_id: int
    number: int
    unopenable: list[str]


@dataclass(frozen=True)
class KeyUse:
    """How many tokens name a key, and whether one of them opens; None where there is none."""

    key_id: str
    tokens: int
    is_known: bool
    opens: bool | None


def key_uses(db: Session, vault: Vault) -> list[KeyUse]:
    """Every key of the vault, newest first, then those that are missing from it."""
    # Everything before the dot: what else there is, has been tampered with, and counts as missing.
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
    """Seal the next tokens anew with the newest key; None when none is left after `after_id`.

    Each batch is a transaction of its own, and every row is locked: an install at the same moment
    waits or is found sealed already. Interrupted, the next run goes on with what is left.
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
