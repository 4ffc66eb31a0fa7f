"""A store's name, time zone and country, as BigCommerce last returned them."""

from datetime import UTC, datetime, timedelta

from sqlalchemy.orm import Session

from bcapp import database
from bcapp.bigcommerce.schemas import StoreInformation
from bcapp.models import Store

_FRESH_FOR = timedelta(hours=12)


def is_stale(store: Store) -> bool:
    """Tell whether it was never fetched, or more than half a day ago."""
    read_at = store.information_read_at
    return read_at is None or datetime.now(UTC) - read_at > _FRESH_FOR


def save(db: Session, store: Store, information: StoreInformation) -> None:
    database.begin_write(db)
    store.name = information.name or None
    store.timezone = information.timezone or None
    store.country_code = information.country_code or None
    store.information_read_at = datetime.now(UTC)
    db.commit()
