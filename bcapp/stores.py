"""Install, launch, uninstall and user removal; who may use the app in a store."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pydantic import SecretStr
from sqlalchemy import bindparam, delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bcapp import activity, database
from bcapp.bigcommerce.identity import Person
from bcapp.bigcommerce.oauth import Grant
from bcapp.bigcommerce.payload import Payload
from bcapp.models import TOKEN_PLACE, Event, Store, StoreUser, ZoneList, ZoneRecord
from bcapp.session_token import EmbeddedSession, InvalidSession
from bcapp.vault import Unopenable, Vault

# Uninstalls are dated by BigCommerce's clock, installs by ours.
_CLOCK_DIFFERENCE = timedelta(seconds=5)

_EPOCH = datetime(2020, 1, 1, tzinfo=UTC)


_STORE_AND_USER = (
    select(Store, StoreUser)
    .outerjoin(
        StoreUser, (StoreUser.store_id == Store.id) & (StoreUser.user_id == bindparam("user_id"))
    )
    .where(Store.store_hash == bindparam("store_hash"))
)


class NotInstalled(Exception):
    """The app is not installed in that store."""


class UserRemoved(Exception):
    """The user no longer has access to the app in that store."""


@dataclass(frozen=True)
class Installation:
    store: Store
    user: StoreUser
    is_first: bool


def install(
    db: Session, vault: Vault, grant: Grant, is_valid: Callable[[Grant], bool]
) -> Installation:
    """Store a grant after a first install, a reinstall or a new consent.

    Only the token that BigCommerce issued last is valid. If two callbacks race, neither the order
    of the answers nor of the commits tells which one that is, so the later one asks BigCommerce
    about its own token.
    """
    asked_about = None
    while True:
        database.begin_write(db)
        store = _lock(db, grant.store_hash) or _insert_store(db, grant)
        rival = store.sealed_access_token if _overlaps(store.granted_at, grant) else None
        if rival == asked_about:
            break
        db.commit()
        asked_about, is_ours_valid = rival, is_valid(grant)
    if rival is None or is_ours_valid:
        _save_grant(store, vault, grant)
    user = _add_or_restore_user(db, store, grant.user, grant.received_at)
    begins = store.installed_at == grant.received_at
    event = Event.STORE_INSTALLED if begins else Event.STORE_GRANTED
    activity.record(db, store.id, grant.user.email, event)
    db.commit()
    database.purge_deleted_pages(db)
    is_first = store.uninstalled_at is None and _overlaps(store.installed_at, grant)
    return Installation(store, user, is_first)


def authorize_launch(db: Session, payload: Payload, now: datetime) -> tuple[Store, StoreUser]:
    """Return store and user of a launch; adds a user who is new.

    Raises NotInstalled, or UserRemoved if the payload is older than the user's removal or the
    store's last uninstall: payloads stay valid for a day.
    """
    store, user = _find(db, payload.store_hash, payload.user.id)
    # Not `<=`, unlike for a removed user: a reinstall and a launch may follow within the same
    # second.
    if store.uninstalled_at is not None and payload.issued_at < store.uninstalled_at:
        raise UserRemoved
    if user is None or user.removed_at is not None or _has_changed(payload.user, user):
        database.begin_write(db)
        # Lock the store first, as everywhere, to avoid a deadlock with a concurrent removal.
        locked = _lock(db, payload.store_hash)
        if locked is None or locked.sealed_access_token is None:
            raise NotInstalled  # uninstalled meanwhile
        user = _add_or_restore_user(db, locked, payload.user, now, payload.issued_at)
        db.commit()
    return store, user


def authorize_session(db: Session, session: EmbeddedSession) -> tuple[Store, StoreUser]:
    """Look up the session's store and user, so that uninstall and removal take effect at once.

    Raises NotInstalled, UserRemoved, or InvalidSession if the session's epoch has passed.
    """
    store, user = _find(db, session.store_hash, session.user_id)
    if user is None or user.removed_at is not None:
        raise UserRemoved
    if session.epoch != session_epoch(store, user):
        raise InvalidSession  # issued before a reinstall or a restored access
    return store, user


def session_epoch(store: Store, user: StoreUser) -> int:
    """Return a number that changes on reinstall or when a user is added again."""
    return (max(store.installed_at, user.added_at) - _EPOCH) // timedelta(microseconds=1)


def uninstall(db: Session, payload: Payload, is_token_valid: Callable[[Store], bool]) -> None:
    """Delete the store's access token if the payload proves that BigCommerce removed the app.

    A payload does not name its callback, so one made for a launch could be replayed here. The
    owner's and the installer's are believed; for others the token is tried, which an uninstall has
    invalidated. The same holds for a payload slightly older than the grant, which may be from the
    previous install.
    """
    store = db.scalar(select(Store).where(Store.store_hash == payload.store_hash))
    db.commit()
    if store is None or store.sealed_access_token is None:
        return
    # The value: locking the row below refreshes the object.
    granted_at = store.granted_at
    is_current = payload.issued_at >= granted_at - _CLOCK_DIFFERENCE
    is_newer = payload.issued_at >= granted_at.replace(microsecond=0)  # `iat` has whole seconds
    is_believed = payload.is_from_owner or payload.user.id == store.installer_id
    proven = is_current and ((is_newer and is_believed) or not is_token_valid(store))

    database.begin_write(db)
    locked = _lock(db, payload.store_hash)
    if locked is not None and locked.sealed_access_token is not None:
        # A new grant may have arrived while BigCommerce was asked about the old token.
        if proven and locked.granted_at == granted_at:
            _mark_uninstalled(
                db, locked, payload.issued_at, payload.user.email, Event.STORE_UNINSTALLED
            )
        else:
            activity.record(db, locked.id, payload.user.email, Event.STORE_UNINSTALL_IGNORED)
    db.commit()
    database.purge_deleted_pages(db)


def uninstall_rejected(
    db: Session, vault: Vault, store_id: int, refused: SecretStr, asked_at: datetime
) -> bool:
    """Uninstall a store whose token BigCommerce rejected at `asked_at`.

    Returns False if the store has no token or another one by now.
    """
    database.begin_write(db)
    store = db.get(Store, store_id, with_for_update=True, populate_existing=True)
    is_same = store is not None and _holds_token(store, vault, refused)
    if store is not None and is_same:
        # Not later than BigCommerce's clock, so that a launch right after a reinstall is accepted.
        _mark_uninstalled(db, store, asked_at - _CLOCK_DIFFERENCE, "", Event.STORE_TOKEN_REFUSED)
    db.commit()
    return is_same


def remove_user(db: Session, payload: Payload) -> None:
    """End a user's access to a store; does nothing if the store is unknown.

    An unknown user is recorded too: a payload issued before the removal may still be used.
    """
    database.begin_write(db)
    store = _lock(db, payload.store_hash)
    if store is not None:
        user = _find_or_add_user(db, store, payload.user, payload.issued_at)
        if user.vouched_at is not None and payload.issued_at < user.vouched_at:
            db.commit()
            return  # access was restored later
        if user.removed_at is None:
            activity.record(db, store.id, payload.user.email, Event.USER_REMOVED)
        user.removed_at = max(payload.issued_at, user.removed_at or payload.issued_at)
    db.commit()


def _mark_uninstalled(
    db: Session, store: Store, at: datetime, actor_email: str, event: Event
) -> None:
    store.sealed_access_token = None
    store.uninstalled_at = at
    for table in (ZoneRecord, ZoneList):
        db.execute(delete(table).where(table.store_id == store.id))
    activity.record(db, store.id, actor_email, event)


def _holds_token(store: Store, vault: Vault, token: SecretStr) -> bool:
    # Compared after decryption: key rotation changes the sealed text.
    if store.sealed_access_token is None:
        return False
    try:
        return vault.open(TOKEN_PLACE, store.store_hash, store.sealed_access_token) == token
    except Unopenable:
        return False


def _find(db: Session, store_hash: str, user_id: int) -> tuple[Store, StoreUser | None]:
    database.begin_read(db)
    row = db.execute(_STORE_AND_USER, {"store_hash": store_hash, "user_id": user_id}).one_or_none()
    if row is None or row[0].sealed_access_token is None:
        raise NotInstalled
    return row[0], row[1]


def _lock(db: Session, store_hash: str) -> Store | None:
    return db.scalar(
        select(Store)
        .where(Store.store_hash == store_hash)
        .with_for_update()
        .execution_options(populate_existing=True)
    )


def _overlaps(moment: datetime, grant: Grant) -> bool:
    """Tell whether `moment` is during or after the request for the grant."""
    return moment >= grant.requested_at - _CLOCK_DIFFERENCE


def _insert_store(db: Session, grant: Grant) -> Store:
    store = Store(
        store_hash=grant.store_hash,
        scope=grant.scope,
        installer_id=grant.user.id,
        installed_at=grant.received_at,
        granted_at=grant.received_at,
    )
    try:
        with db.begin_nested():
            db.add(store)
    except IntegrityError:  # a concurrent callback was first
        found = _lock(db, grant.store_hash)
        if found is None:
            raise
        return found
    return store


def _save_grant(store: Store, vault: Vault, grant: Grant) -> None:
    if store.sealed_access_token is None:
        store.installed_at = grant.received_at
    token = grant.access_token.get_secret_value()
    store.sealed_access_token = vault.seal(TOKEN_PLACE, grant.store_hash, token)
    store.scope = grant.scope
    store.installer_id = grant.user.id
    store.granted_at = grant.received_at
    if grant.owner is not None:
        store.owner_id, store.owner_email = grant.owner.id, grant.owner.email


def _add_or_restore_user(
    db: Session, store: Store, person: Person, now: datetime, vouched_at: datetime | None = None
) -> StoreUser:
    """Give a user access: add a new one, or take a removal back.

    `vouched_at` is when BigCommerce signed for the user; None for the user of a token response.
    """
    user = _find_or_add_user(db, store, person, now)
    if user.removed_at is not None:
        # Not `<`: a user removed in the second in which the payload was issued stays removed.
        if vouched_at is not None and vouched_at <= user.removed_at:
            raise UserRemoved
        user.removed_at = None
        user.added_at = now
        user.vouched_at = vouched_at
    user.email, user.locale = person.email, person.locale or user.locale
    return user


def _has_changed(person: Person, user: StoreUser) -> bool:
    # A token response has no locale, and a launch may omit it: then keep the last one.
    return (person.email, person.locale or user.locale) != (user.email, user.locale)


def _find_or_add_user(db: Session, store: Store, person: Person, now: datetime) -> StoreUser:
    """Find or add a user of a locked store, so that concurrent requests add only one."""
    user = db.scalar(
        select(StoreUser)
        .where(StoreUser.store_id == store.id, StoreUser.user_id == person.id)
        .execution_options(populate_existing=True)
    )
    if user is None:
        user = StoreUser(store_id=store.id, user_id=person.id, email=person.email, added_at=now)
        db.add(user)
    return user
