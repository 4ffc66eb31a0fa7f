"""A carrier in one zone: turned on, turned off, its services changed."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from bcapp import activity, attempts, database
from bcapp.attempts import Sender
from bcapp.bigcommerce.errors import BigCommerceError, MalformedReply, NotFound, Unavailable
from bcapp.bigcommerce.shipping import Method, Zone, new_method
from bcapp.bigcommerce.store_api import StoreApi
from bcapp.carriers.choice import Choice
from bcapp.carriers.fields import Carrier
from bcapp.models import ActivityEntry, Event, Outcome
from bcapp.zones import single_writer
from bcapp.zones.options import merged
from bcapp.zones.reading import count_up, method_of


class UnknownZone(Exception):
    """BigCommerce has no such zone in that store."""


class NotSaved(Exception):
    """A zone was not saved, or we do not know; `written` is False when nothing was sent."""

    def __init__(self, error: BigCommerceError, zone_name: str, *, written: bool) -> None:
        super().__init__(str(error))
        self.error = error
        self.zone_name = zone_name
        self.written = written


def zones_written_here(db: Session, store_id: int, carrier_id: str) -> set[int | None]:
    """Ids of the zones in which this app has saved the carrier's method before."""
    return set(
        db.scalars(
            select(ActivityEntry.zone_id)
            .where(
                ActivityEntry.store_id == store_id,
                ActivityEntry.carrier_id == carrier_id,
                ActivityEntry.outcome == Outcome.CONFIRMED,
                ActivityEntry.zone_id.is_not(None),
            )
            .distinct()
        )
    )


def save(
    db: Session, api: StoreApi, sender: Sender, carrier: Carrier, zone_id: int, choice: Choice
) -> Method | None:
    """Bring a carrier's method in one zone to what the merchant chose: one write, one entry.

    Returns the method as BigCommerce confirmed it, None where there is none to turn off. Raises
    UnknownZone, single_writer.Busy, or NotSaved.
    """
    place = (sender.store.id, carrier.id, zone_id)
    with single_writer.only_writer(db, place, api.budget):
        return _Save(db, api, sender, carrier, zone_id, choice).run()


def turn_off(
    db: Session, api: StoreApi, sender: Sender, carrier: Carrier, zones: Iterable[Zone]
) -> list[tuple[str, NotSaved | single_writer.Busy | None]]:
    """Turn a carrier off in several zones: for each its name and what went wrong, if anything."""
    results: list[tuple[str, NotSaved | single_writer.Busy | None]] = []
    for zone in zones:
        try:
            save(db, api, sender, carrier, zone.id, Choice(enabled=False))
        except UnknownZone:
            results.append((zone.name, None))  # gone, so the carrier is not offered there
        except (NotSaved, single_writer.Busy) as failure:
            results.append((zone.name, failure))
        else:
            results.append((zone.name, None))
    return results


class _NothingToDo(Exception):
    """The carrier has no method in the zone, and is to be off there."""


class _Save:
    """One save: what it knows grows with every answer of BigCommerce's."""

    def __init__(
        self,
        db: Session,
        api: StoreApi,
        sender: Sender,
        carrier: Carrier,
        zone_id: int,
        choice: Choice,
    ) -> None:
        self.db, self.api, self.sender = db, api, sender
        self.carrier, self.zone_id, self.choice = carrier, zone_id, choice
        self.event = Event.ZONE_TURNED_ON if choice.enabled else Event.ZONE_TURNED_OFF
        self.zone_name = ""
        self.writing = False

    def run(self) -> Method | None:
        entry_id = self._begin()
        try:
            saved = self._save()
        except _NothingToDo:
            self._withdraw(entry_id)
            return None
        except NotFound as error:
            if not self.zone_name:
                self._withdraw(entry_id)
                raise UnknownZone from error
            self._fail(entry_id, error)
            raise NotSaved(error, self.zone_name, written=False) from error
        except BigCommerceError as error:
            self._fail(entry_id, error)
            raise NotSaved(error, self.zone_name, written=self.writing) from error
        self._succeed(entry_id)
        return saved

    def _save(self) -> Method:
        self.zone_name = self.api.get_zone(self.zone_id).name
        present = self._read()
        if present is None and not self.choice.enabled:
            raise _NothingToDo
        if present is not None and present.enabled and self.choice.enabled:
            self.event = Event.ZONE_CHANGED
        options = merged(self.carrier, present, self.choice)
        wanted = _Wanted(self.carrier.id, self.choice.enabled, options.get("delivery_services"))
        self.writing = True
        unsure: BigCommerceError = MalformedReply(200)
        try:
            answered: Method | None = self._write(present, options)
        except Unavailable as error:
            answered, unsure = None, error
        if answered is not None and wanted.is_met_by(answered):
            return answered
        # Either it may have been carried out without an answer, or the answer shows something
        # else, as a sample in the shipping guide does. Only reading again can tell; writing again
        # could make a second method.
        found = self._read()
        if found is None or not wanted.is_met_by(found):
            raise unsure
        return found

    def _read(self) -> Method | None:
        return method_of(self.carrier.id, self.api.list_methods(self.zone_id))

    def _write(self, present: Method | None, options: dict[str, object]) -> Method:
        name = self.choice.name
        if present is None:
            body = new_method(self.carrier.id, name or self.carrier.name, options)
            return self.api.create_method(self.zone_id, body)
        body = present.changed(name or present.name, self.choice.enabled, options)
        return self.api.update_method(self.zone_id, present.id, body)

    def _begin(self) -> int:
        database.begin_write(self.db)
        entry = activity.record(
            self.db,
            self.sender.store.id,
            self.sender.who,
            self.event,
            Outcome.NO_ANSWER,
            carrier_id=self.carrier.id,
            carrier_name=self.carrier.name,
        )
        entry.zone_id = self.zone_id
        self.db.commit()
        return entry.id

    def _withdraw(self, entry_id: int) -> None:
        database.begin_write(self.db)
        self.db.delete(self.db.get_one(ActivityEntry, entry_id))
        self.db.commit()

    def _fail(self, entry_id: int, error: BigCommerceError) -> None:
        entry = self._reopen(entry_id)
        attempts.settle_failed(entry, error)
        if not self.writing and entry.outcome is Outcome.NO_ANSWER:
            entry.outcome = Outcome.NOT_SENT
        self.db.commit()

    def _succeed(self, entry_id: int) -> None:
        activity.settle(self._reopen(entry_id), Outcome.CONFIRMED, 200)
        self.db.commit()

    def _reopen(self, entry_id: int) -> ActivityEntry:
        database.begin_write(self.db)
        count_up(self.db, self.sender.store)
        entry = self.db.get_one(ActivityEntry, entry_id)
        entry.event, entry.zone_name = self.event, self.zone_name or None
        return entry


@dataclass(frozen=True)
class _Wanted:
    type: str
    enabled: bool
    services: object

    def is_met_by(self, saved: Method) -> bool:
        """Whether BigCommerce says what we asked for. Services it does not mention are no lie."""
        if (saved.type, saved.enabled) != (self.type, self.enabled):
            return False
        if saved.services is None or not isinstance(self.services, list):
            return True
        return set(saved.services) == set(self.services)
