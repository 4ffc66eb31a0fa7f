"""Turn a carrier on or off in a zone, or change its services."""

import enum
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from contextvars import copy_context

from sqlalchemy.orm import Session, sessionmaker

from bcapp import attempts
from bcapp.attempts import Actor, Attempt
from bcapp.bigcommerce.errors import (
    AccessRevoked,
    BigCommerceError,
    CallFailed,
    MalformedResponse,
    NotFound,
    RateLimited,
    Rejected,
    Unavailable,
    Unconfirmed,
)
from bcapp.bigcommerce.schemas import Method, Zone, new_method_body
from bcapp.bigcommerce.store_api import StoreApi
from bcapp.carriers.fields import Carrier
from bcapp.models import Event
from bcapp.outcomes import Outcome, Reason
from bcapp.zones import snapshot
from bcapp.zones.form import ZoneChoice
from bcapp.zones.lock import ZoneBusy, ZoneLock, zone_lock
from bcapp.zones.method_options import known_options, merge_options, typed_texts
from bcapp.zones.snapshot import method_of
from bcapp.zones.verification import ExpectedMethod, Match


class UnknownZone(Exception):
    """The store has no such zone."""


class CreationPending(Unavailable):
    """An unanswered creation may still be carried out, so nothing was sent."""

    reason = Reason.CREATION_PENDING


class ZoneNotSaved(Exception):
    """The zone was not, or may not have been, saved; `was_sent` is False if nothing was written."""

    def __init__(self, error: CallFailed, zone_name: str, *, was_sent: bool) -> None:
        super().__init__(str(error))
        self.error = error
        self.http_status, self.headers = error.http_status, error.headers
        self.zone_name = zone_name
        self.was_sent = was_sent


class Result(enum.Enum):
    CONFIRMED = enum.auto()  # BigCommerce returned what it had saved
    RECEIVED = enum.auto()  # accepted, but the response was incomplete
    NOTHING_TO_DO = enum.auto()  # turned off, and there is no method


Failure = ZoneNotSaved | ZoneBusy | AccessRevoked


def save_zone(
    db: Session, api: StoreApi, actor: Actor, carrier: Carrier, zone_id: int, choice: ZoneChoice
) -> Result:
    """Apply the choice to a carrier in one zone and record one activity entry.

    Raises UnknownZone, ZoneBusy, AccessRevoked or ZoneNotSaved.
    """
    key = (actor.store_id, carrier.id, zone_id)
    with zone_lock(db, key, api.remaining()) as lock:
        return _ZoneSave(db, api, actor, carrier, zone_id, choice, lock).apply_choice()


def turn_off(
    sessions: sessionmaker[Session],
    pool: Executor,
    api: StoreApi,
    actor: Actor,
    carrier: Carrier,
    zones: Sequence[tuple[int, str]],
) -> list[tuple[str, Failure | None]]:
    """Turn a carrier off in several zones (id, name) at once.

    Returns each zone's name and its failure, or None.
    """

    def turn_one_off(zone_id: int) -> Failure | None:
        try:
            with sessions() as db:
                save_zone(db, api, actor, carrier, zone_id, ZoneChoice(enabled=False))
        except UnknownZone:
            return None  # a deleted zone offers nothing
        except (ZoneNotSaved, ZoneBusy, AccessRevoked) as failure:
            return failure
        return None

    futures = [pool.submit(copy_context().run, turn_one_off, zone_id) for zone_id, _ in zones]
    return [(name, future.result()) for (_, name), future in zip(zones, futures, strict=True)]


class _NothingToDo(Exception):
    """To be turned off, but the zone has no method of the carrier."""


class _ZoneSave:
    """The state of one save."""

    def __init__(
        self,
        db: Session,
        api: StoreApi,
        actor: Actor,
        carrier: Carrier,
        zone_id: int,
        choice: ZoneChoice,
        lock: ZoneLock,
    ) -> None:
        self.db, self.api, self.actor, self.lock = db, api, actor, lock
        self.carrier, self.zone_id, self.choice = carrier, zone_id, choice
        self.event = Event.ZONE_TURNED_ON if choice.enabled else Event.ZONE_TURNED_OFF
        self.zone: Zone | None = None
        self.methods: list[Method] = []  # of the zone, as far as BigCommerce has shown them
        self.has_written = False

    def apply_choice(self) -> Result:
        secrets = typed_texts(self.choice)
        with attempts.record(self.db, self.actor, self.event, self.carrier, secrets) as attempt:
            attempt.entry.zone_id = self.zone_id
            self.db.commit()
            try:
                matches = self._write_methods()
            except _NothingToDo:
                attempt.discard()
                self._save_snapshot()
                return Result.NOTHING_TO_DO
            except BigCommerceError as error:
                raise self._record_failure(attempt, error) from error
            is_confirmed = all(match is Match.FULL for match in matches)
            attempt.succeed(200, Outcome.CONFIRMED if is_confirmed else Outcome.SENT)
            self._describe(attempt)
            self._save_snapshot()
        return Result.CONFIRMED if is_confirmed else Result.RECEIVED

    def _write_methods(self) -> list[Match]:
        self.zone = self.api.get_zone(self.zone_id)
        methods = self._list_own_methods()
        main = method_of(self.carrier.id, methods)
        if main is None:
            return [self._create()]
        self.lock.clear_uncertain()
        if main.enabled and self.choice.enabled:
            self.event = Event.ZONE_CHANGED
        matches = [self._update(main, self.choice)]
        if not self.choice.enabled:
            # There may be several methods, such as one per channel; turn all off.
            others = [method for method in methods if method.enabled and method.id != main.id]
            matches += [self._update(method, ZoneChoice(enabled=False)) for method in others]
        return matches

    def _create(self) -> Match:
        if not self.choice.enabled:
            raise _NothingToDo
        if self.lock.is_uncertain:
            raise CreationPending
        options = merge_options(self.carrier, None, self.choice)
        name = self.choice.name or self.carrier.name
        body = new_method_body(self.carrier.id, name, options or {})
        expected = ExpectedMethod(self.carrier.id, True, name, options or {})
        # Until this is answered, a second creation could make a second method.
        self.lock.mark_uncertain()
        try:
            match = self._write(expected, None, lambda: self.api.create_method(self.zone_id, body))
        except (Rejected, RateLimited, AccessRevoked):
            self.lock.clear_uncertain()  # not carried out
            raise
        self.lock.clear_uncertain()
        return match

    def _update(self, existing: Method, choice: ZoneChoice) -> Match:
        existing = self._fetch_own_method(existing.id)
        options = merge_options(self.carrier, existing, choice)
        body = existing.update_body(choice.name, choice.enabled, options)
        expected = ExpectedMethod(
            self.carrier.id,
            choice.enabled,
            choice.name or existing.name,
            known_options(self.carrier, options or {}, choice),
        )
        return self._write(
            expected,
            existing.id,
            lambda: self.api.update_method(self.zone_id, existing.id, body),
        )

    def _write(
        self, expected: ExpectedMethod, method_id: int | None, write: Callable[[], Method]
    ) -> Match:
        """Write once, then verify that BigCommerce has the expected method.

        If the answer is missing or shows something else, read again: writing again could create a
        second method. If reading fails too, raise the first error.
        """
        self.has_written = True
        answered, doubt = None, Unavailable()
        try:
            answered = write()
        except Unavailable as error:
            doubt = error
        else:
            doubt = Unconfirmed(200)
            is_same = method_id in (None, answered.id)
            if is_same and expected.compare(answered) is Match.FULL:
                others = [method for method in self.methods if method.id != answered.id]
                self.methods = [*others, answered]
                return Match.FULL
        try:
            methods = self._list_own_methods()
        except BigCommerceError:
            raise doubt from None
        found = method_of(self.carrier.id, [m for m in methods if method_id in (None, m.id)])
        match = expected.compare(found) if found else Match.DIFFERENT
        if match is Match.FULL or (match is Match.INCOMPLETE and answered is not None):
            return match
        raise doubt

    def _list_own_methods(self) -> list[Method]:
        self.methods = self.api.list_methods(self.zone_id)
        return [method for method in self.methods if method.type == self.carrier.id]

    def _fetch_own_method(self, method_id: int) -> Method:
        """Fetch the method to write to: an id from a list alone could be another carrier's.

        Samples of the list also show empty `settings` for carriers. Raises MalformedResponse if the
        method is not this carrier's.
        """
        method = self.api.get_method(self.zone_id, method_id)
        if method.type != self.carrier.id:
            raise MalformedResponse(200)
        return method

    def _record_failure(self, attempt: Attempt, error: BigCommerceError) -> Exception:
        if isinstance(error, NotFound) and self.zone is None:
            attempt.discard()
            snapshot.delete_zone(self.db, self.actor.store_id, self.zone_id)
            return UnknownZone()
        masked = attempt.fail(error, was_sent=self.has_written)
        self._describe(attempt)
        snapshot.expire_zone(self.db, self.actor.store_id, self.zone_id)
        if isinstance(masked, CallFailed):
            return ZoneNotSaved(masked, self.zone_name, was_sent=self.has_written)
        return masked

    @property
    def zone_name(self) -> str:
        return self.zone.name if self.zone else ""

    def _save_snapshot(self) -> None:
        if self.zone is not None:
            snapshot.save_zone(self.db, self.actor.store_id, self.zone, self.methods)

    def _describe(self, attempt: Attempt) -> None:
        """Set what is known only after BigCommerce was asked."""
        attempt.entry.event, attempt.entry.zone_name = self.event, self.zone_name or None
