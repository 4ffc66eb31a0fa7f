"""Send, update and delete carrier connections, and remember what was sent."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import structlog
from sqlalchemy import bindparam, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, joinedload

from bcapp import attempts, carriers
from bcapp.attempts import Actor
from bcapp.bigcommerce.errors import BigCommerceError, Conflict, NotFound, Rejected
from bcapp.bigcommerce.store_api import StoreApi
from bcapp.carriers import custom
from bcapp.carriers.fields import Carrier, Details
from bcapp.models import ActivityEntry, CarrierConnection, Event
from bcapp.outcomes import Outcome

_log = structlog.get_logger()

# Built once: building a statement takes longer than running it.
_FOR_STORE = (
    select(CarrierConnection)
    .where(CarrierConnection.store_id == bindparam("store_id"))
    .options(
        joinedload(CarrierConnection.last_attempt),
        joinedload(CarrierConnection.acknowledged),
    )
    .execution_options(populate_existing=True)
)
_ONE = _FOR_STORE.where(CarrierConnection.carrier_id == bindparam("carrier_id"))
# No join: PostgreSQL would omit a row that another transaction has pointed at a newer entry while
# this one waited for the lock.
_LOCKED = (
    select(CarrierConnection)
    .where(
        CarrierConnection.store_id == bindparam("store_id"),
        CarrierConnection.carrier_id == bindparam("carrier_id"),
    )
    .with_for_update()
    .execution_options(populate_existing=True)
)


_NOT_CARRIED_OUT = {Outcome.NOT_SENT, Outcome.ACCESS_REVOKED}


class AlreadyListed(Exception):
    """The store has this custom carrier already, and its details were sent."""


def load_for_store(db: Session, store_id: int) -> dict[str, CarrierConnection]:
    rows = db.scalars(_FOR_STORE, {"store_id": store_id})
    return {row.carrier_id: row for row in rows}


def find(db: Session, store_id: int, carrier_id: str) -> CarrierConnection | None:
    return db.scalar(_ONE, {"store_id": store_id, "carrier_id": carrier_id})


def carriers_for_store(
    recorded: Mapping[str, CarrierConnection], country: str | None
) -> list[Carrier]:
    """List a store's carriers: the catalog by country, then its custom carriers by name."""
    custom_carriers = [c for c in map(carrier_for, recorded.values()) if c.is_custom]
    custom_carriers.sort(key=lambda carrier: carrier.name.lower())
    return [*carriers.offered(country), *custom_carriers]


def carrier_for(connection: CarrierConnection) -> Carrier:
    """Return the carrier of a row: from the catalog, or a custom one."""
    catalog_carrier = carriers.get(connection.carrier_id)
    if catalog_carrier is not None:
        return catalog_carrier
    return custom.carrier(connection.carrier_id, connection.name or "", connection.settings)


def is_sent(connection: CarrierConnection | None) -> bool:
    """Return True if the last request that BigCommerce acknowledged was a send."""
    acknowledged = connection.acknowledged if connection else None
    return acknowledged is not None and acknowledged.event is not Event.CONNECTION_DELETED


def connect(
    db: Session,
    api: StoreApi,
    actor: Actor,
    carrier: Carrier,
    details: Details,
    *,
    updating: bool,
) -> None:
    """Send the details to BigCommerce and record that they were sent.

    BigCommerce answers 204 whether or not the carrier accepts them: "sent", never "working". Raises
    BigCommerceError, which is recorded too.
    """
    test_mode = details.get("test_mode")
    _request(
        db,
        actor,
        carrier,
        Event.CONNECTION_UPDATED if updating else Event.CONNECTION_SENT,
        lambda: _send(api, carrier, details, updating),
        test_mode=test_mode if isinstance(test_mode, bool) else None,
        secrets=_text_values(details),
    )


def add_custom(
    db: Session, api: StoreApi, actor: Actor, carrier: Carrier, details: Details
) -> None:
    """Send the details of a new custom carrier; raises AlreadyListed.

    A carrier that BigCommerce refused, or that was disconnected, may be added again.
    """
    if is_sent(find(db, actor.store_id, carrier.id)):
        raise AlreadyListed
    connect(db, api, actor, carrier, details, updating=False)


def disconnect(db: Session, api: StoreApi, actor: Actor, carrier: Carrier) -> None:
    """Ask BigCommerce to delete the connection; a missing one counts as deleted."""
    _request(db, actor, carrier, Event.CONNECTION_DELETED, lambda: _delete(api, carrier.id))


def _delete(api: StoreApi, carrier_id: str) -> int:
    try:
        return api.delete_connection(carrier_id)
    except NotFound:
        return 404


def _send(api: StoreApi, carrier: Carrier, details: Details, updating: bool) -> int:
    try:
        return _create_or_update(api, carrier.id, details, updating)
    except Rejected as error:
        respelled = _respell(carrier, details, error)
        if respelled is None:
            raise
        try:
            status = _create_or_update(api, carrier.id, respelled, updating)
        except Rejected:
            raise error from None  # the spelling was not the problem
    _log.info("alternative_spelling_accepted", carrier_id=carrier.id)
    return status


def _create_or_update(api: StoreApi, carrier_id: str, details: Details, updating: bool) -> int:
    """POST first, PUT later; try the other verb once if BigCommerce's state differs.

    Its answers to a POST on an existing or a PUT on a missing connection are undocumented.
    """
    if updating:
        try:
            return api.update_connection(carrier_id, details)
        except NotFound:
            return api.create_connection(carrier_id, details)
    try:
        return api.create_connection(carrier_id, details)
    except Conflict:
        return api.update_connection(carrier_id, details)


def _respell(carrier: Carrier, details: Details, error: Rejected) -> Details | None:
    """Rename properties to the spelling that BigCommerce asks for; None if it names none."""
    named = set(error.missing) | {
        word.strip("[]'\",.:") for message in error.messages for word in message.split()
    }
    wanted = {
        field.name: field.alternative
        for field in carrier.credentials
        if field.alternative and field.alternative in named
    }
    if not wanted:
        return None
    return {wanted.get(name, name): value for name, value in details.items()}


def _request(
    db: Session,
    actor: Actor,
    carrier: Carrier,
    event: Event,
    send: Callable[[], int],
    *,
    test_mode: bool | None = None,
    secrets: Sequence[str] = (),
) -> None:
    """Call `send`, which returns BigCommerce's status, and record the attempt on the connection."""
    with attempts.record(db, actor, event, carrier, secrets) as attempt:
        entry = attempt.entry
        connection = _lock(db, actor.store_id, carrier.id) or _insert(db, actor, carrier)
        previous_id, connection.last_attempt_id = connection.last_attempt_id, entry.id
        if connection.acknowledged_id is None:
            for name, value in _description(carrier, event).items():
                setattr(connection, name, value)
        db.commit()
        # Nothing reads the loaded object again, so it need not be synchronized.
        its_connection = (
            update(CarrierConnection)
            .where(CarrierConnection.id == connection.id)
            .execution_options(synchronize_session=False)
        )

        try:
            status = send()
        except BigCommerceError as error:
            masked = attempt.fail(error)
            if entry.outcome in _NOT_CARRIED_OUT:
                still_the_last = its_connection.where(CarrierConnection.last_attempt_id == entry.id)
                # A subquery: the previous entry may have been pruned meanwhile.
                previous = select(ActivityEntry.id).where(ActivityEntry.id == previous_id)
                with db.no_autoflush:
                    db.execute(still_the_last.values(last_attempt_id=previous.scalar_subquery()))
            raise masked from error
        attempt.succeed(status)
        # Every value, even where it did not change: another send may have changed it meanwhile.
        # Before the entry, in the order in which a store is erased.
        with db.no_autoflush:
            db.execute(
                its_connection.values(
                    acknowledged_id=entry.id, test_mode=test_mode, **_description(carrier, event)
                )
            )


def _description(carrier: Carrier, event: Event) -> dict[str, Any]:
    """Return the stored description of a custom carrier: its name, and the settings' names."""
    if not carrier.is_custom or event is Event.CONNECTION_DELETED:
        return {}
    settings = [[field.name, field.kind] for field in carrier.credentials]
    return {"name": carrier.name, "settings": settings}


def _lock(db: Session, store_id: int, carrier_id: str) -> CarrierConnection | None:
    return db.scalar(_LOCKED, {"store_id": store_id, "carrier_id": carrier_id})


def _insert(db: Session, actor: Actor, carrier: Carrier) -> CarrierConnection:
    row = CarrierConnection(store_id=actor.store_id, carrier_id=carrier.id, settings=[])
    try:
        with db.begin_nested():
            db.add(row)
    except IntegrityError:  # a concurrent send inserted it
        found = _lock(db, actor.store_id, carrier.id)
        if found is None:
            raise
        return found
    return row


def _text_values(details: Details) -> list[str]:
    texts: list[str] = []
    for value in details.values():
        if isinstance(value, str):
            texts.append(value)
        elif isinstance(value, list):
            texts += value
    return texts
