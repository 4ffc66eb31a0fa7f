"""Tables: columns and constraints. Queries are in the domain modules."""

import enum
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    DateTime,
    Dialect,
    Enum,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Text,
    TypeDecorator,
    UniqueConstraint,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from bcapp.outcomes import Outcome, Reason

# The vault binds the access token to this name and to the store.
TOKEN_PLACE = "store.access_token"  # noqa: S105 - a column's name


class UTCDateTime(TypeDecorator[datetime]):
    """Store aware datetimes on both databases; SQLite alone would return naive ones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Event(enum.StrEnum):
    """What an activity entry is about. A new member also needs a text in `presenters`."""

    STORE_INSTALLED = "store:installed"
    STORE_GRANTED = "store:granted"
    STORE_UNINSTALLED = "store:uninstalled"
    STORE_UNINSTALL_IGNORED = "store:uninstall_ignored"
    STORE_TOKEN_REFUSED = "store:token_refused"  # noqa: S105 - an event's name
    USER_REMOVED = "user:removed"
    CONNECTION_SENT = "connection:sent"
    CONNECTION_UPDATED = "connection:updated"
    CONNECTION_DELETED = "connection:deleted"
    ZONE_TURNED_ON = "zone:turned_on"
    ZONE_TURNED_OFF = "zone:turned_off"
    ZONE_CHANGED = "zone:changed"


def _text_enum(kind: type[enum.StrEnum]) -> Enum:
    # Stored as text, so that a new member needs no migration.
    return Enum(
        kind, native_enum=False, length=40, values_callable=lambda k: [member.value for member in k]
    )


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {datetime: UTCDateTime}  # noqa: RUF012 - SQLAlchemy reads it so


class Store(Base):
    """One BigCommerce store, kept after an uninstall."""

    __tablename__ = "stores"

    id: Mapped[int] = mapped_column(primary_key=True)
    store_hash: Mapped[str] = mapped_column(String(64), unique=True)
    # Vault.seal("store.access_token", store_hash, …); None while the app is not installed.
    sealed_access_token: Mapped[str | None] = mapped_column(Text)
    scope: Mapped[str] = mapped_column(Text)
    installer_id: Mapped[int] = mapped_column(BigInteger)
    owner_id: Mapped[int | None] = mapped_column(BigInteger)
    owner_email: Mapped[str | None] = mapped_column(String(254))
    installed_at: Mapped[datetime]  # start of the current installation
    granted_at: Mapped[datetime]  # when the current token was received
    # Of the last uninstall, by BigCommerce's clock; kept on reinstall, as older payloads are still
    # valid.
    uninstalled_at: Mapped[datetime | None]
    # Fetched from BigCommerce; NULL until it has answered.
    name: Mapped[str | None] = mapped_column(String(255))
    timezone: Mapped[str | None] = mapped_column(String(255))
    country_code: Mapped[str | None] = mapped_column(String(255))
    information_read_at: Mapped[datetime | None]
    # Unused, but version 1.0 writes it and may still be running: a later migration drops it.
    zones_version: Mapped[int] = mapped_column(default=0)


class StoreUser(Base):
    """A BigCommerce user who has, or had, access to this app in a store."""

    __tablename__ = "store_users"
    __table_args__ = (UniqueConstraint("store_id", "user_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    store_id: Mapped[int] = mapped_column(ForeignKey("stores.id", ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(BigInteger)
    email: Mapped[str] = mapped_column(String(254))
    locale: Mapped[str | None] = mapped_column(
        String(35)
    )  # such as "en-US", from the latest launch
    added_at: Mapped[datetime]
    # By BigCommerce's clock (`iat` of the payload): of the removal, and of the launch that restored
    # access.
    removed_at: Mapped[datetime | None]
    vouched_at: Mapped[datetime | None]


class ActivityEntry(Base):
    """Who did what through this app, and its outcome. Never holds what was typed."""

    __tablename__ = "activity_entries"

    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    store_id: Mapped[int] = mapped_column(ForeignKey("stores.id", ondelete="CASCADE"))
    at: Mapped[datetime]
    actor_email: Mapped[str] = mapped_column("who", String(254))
    event: Mapped[Event] = mapped_column(_text_enum(Event))
    carrier_id: Mapped[str | None] = mapped_column(String(32))
    carrier_name: Mapped[str | None] = mapped_column(String(100))
    zone_id: Mapped[int | None] = mapped_column(BigInteger)
    zone_name: Mapped[str | None] = mapped_column(String(255))
    outcome: Mapped[Outcome] = mapped_column(_text_enum(Outcome))
    reason: Mapped[Reason | None] = mapped_column(_text_enum(Reason))
    status: Mapped[int | None]  # BigCommerce's HTTP status
    waited_seconds: Mapped[int | None]  # before it timed out
    settled_at: Mapped[datetime | None]  # NULL while an answer is awaited, or after a crash
    detail: Mapped[str] = mapped_column(Text, default="")  # BigCommerce's own words, masked

    __table_args__ = (
        Index(None, "store_id", "id"),
        Index("ix_activity_entries_carrier", "store_id", "carrier_id", "id"),
    )


class CarrierConnection(Base):
    """The last request about a carrier: our only memory of it, since the API has no GET."""

    __tablename__ = "carrier_connections"
    __table_args__ = (UniqueConstraint("store_id", "carrier_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    store_id: Mapped[int] = mapped_column(ForeignKey("stores.id", ondelete="CASCADE"))
    carrier_id: Mapped[str] = mapped_column(String(32))
    # Of a custom carrier: its name, and its settings' names and kinds. Never values.
    name: Mapped[str | None] = mapped_column(String(100))
    settings: Mapped[list[list[str]]] = mapped_column(JSON, default=list)
    test_mode: Mapped[bool | None]  # as last acknowledged
    # The last attempt that was, or may have been, carried out. Indexed because pruning checks each
    # entry for references.
    last_attempt_id: Mapped[int | None] = mapped_column(
        ForeignKey("activity_entries.id"), index=True
    )
    acknowledged_id: Mapped[int | None] = mapped_column(
        ForeignKey("activity_entries.id"), index=True
    )

    last_attempt: Mapped[ActivityEntry | None] = relationship(foreign_keys=[last_attempt_id])
    acknowledged: Mapped[ActivityEntry | None] = relationship(foreign_keys=[acknowledged_id])


class ZoneWrite(Base):
    """Lock on a carrier's method in a zone.

    BigCommerce has no idempotency keys: two concurrent saves could both create a method.
    """

    __tablename__ = "zone_writes"

    store_id: Mapped[int] = mapped_column(
        ForeignKey("stores.id", ondelete="CASCADE"), primary_key=True
    )
    carrier_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    zone_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    holder: Mapped[str] = mapped_column(String(32))
    until: Mapped[datetime]  # the lock expires then if its holder died
    # An unanswered creation may still be carried out until then.
    doubtful_until: Mapped[datetime | None]


class ZoneList(Base):
    """A store's zones as a whole: when BigCommerce listed them, and a summary for the overview."""

    __tablename__ = "zone_lists"

    store_id: Mapped[int] = mapped_column(
        ForeignKey("stores.id", ondelete="CASCADE"), primary_key=True
    )
    listed_at: Mapped[datetime | None]  # NULL while the first list is being fetched
    total: Mapped[int] = mapped_column(default=0)
    unread: Mapped[int] = mapped_column(default=0)  # zones whose methods were never fetched
    due: Mapped[int] = mapped_column(default=0)  # zones to be fetched again
    offered: Mapped[dict[str, int]] = mapped_column(JSON, default=dict)  # carrier id → zones
    read_at: Mapped[datetime | None]  # of the zone that was fetched longest ago
    refreshing_until: Mapped[datetime | None]  # one request at a time fetches; expires if it dies
    paused_until: Mapped[datetime | None]  # the rest of the quota is for other apps until then
    used_at: Mapped[datetime]  # when a page last needed it


class ZoneRecord(Base):
    """One zone and its methods, as BigCommerce last returned them; only what pages need."""

    __tablename__ = "zones"

    store_id: Mapped[int] = mapped_column(
        ForeignKey("stores.id", ondelete="CASCADE"), primary_key=True
    )
    zone_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    position: Mapped[int]
    name: Mapped[str] = mapped_column(String(255))
    type: Mapped[str] = mapped_column(String(255))
    enabled: Mapped[bool]
    methods: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    offers: Mapped[list[str]] = mapped_column(JSON, default=list)  # ids of carriers that quote here
    read_at: Mapped[datetime | None]  # of the methods; NULL until they were fetched
    is_due: Mapped[bool]  # to be fetched again
