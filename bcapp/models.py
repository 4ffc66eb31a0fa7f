"""Tables: columns and constraints. Questions to them live in the domain modules."""

import enum
from datetime import UTC, datetime

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

# What the vault binds a store's access token to, beside the store.
TOKEN_PLACE = "store.access_token"  # noqa: S105 - a column's name


class UTCDateTime(TypeDecorator[datetime]):
    """Aware datetimes on both databases; SQLite alone would hand back naive ones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Event(enum.StrEnum):
    """What an activity entry is about. Closed: a new kind is added here and in `presenters`."""

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
    # Plain text in the database: a new member needs no migration.
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
    """One BigCommerce store, from its first install on; it outlives an uninstall."""

    __tablename__ = "stores"

    id: Mapped[int] = mapped_column(primary_key=True)
    store_hash: Mapped[str] = mapped_column(String(64), unique=True)
    # Vault.seal("store.access_token", store_hash, …); None while the app is not installed.
    sealed_access_token: Mapped[str | None] = mapped_column(Text)
    scope: Mapped[str] = mapped_column(Text)
    installer_id: Mapped[int] = mapped_column(BigInteger)
    owner_id: Mapped[int | None] = mapped_column(BigInteger)
    owner_email: Mapped[str | None] = mapped_column(String(254))
    installed_at: Mapped[datetime]  # the current installation's beginning
    granted_at: Mapped[datetime]  # when BigCommerce answered with the token that we hold
    # The last time, by BigCommerce's clock; kept over a new install, as older payloads are around.
    uninstalled_at: Mapped[datetime | None]
    # Read from BigCommerce; None until it has answered.
    name: Mapped[str | None] = mapped_column(String(255))
    timezone: Mapped[str | None] = mapped_column(String(255))
    country_code: Mapped[str | None] = mapped_column(String(255))
    information_read_at: Mapped[datetime | None]
    # Goes up with every write to a zone: a reading of the zones from before it is out of date.
    zones_version: Mapped[int] = mapped_column(default=0)


class StoreUser(Base):
    """That a BigCommerce user has (or had) this app in a store."""

    __tablename__ = "store_users"
    __table_args__ = (UniqueConstraint("store_id", "user_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    store_id: Mapped[int] = mapped_column(ForeignKey("stores.id", ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(BigInteger)
    email: Mapped[str] = mapped_column(String(254))
    locale: Mapped[str | None] = mapped_column(String(35))  # "en-US"; of the newest launch with one
    added_at: Mapped[datetime]
    # By BigCommerce's clock, `iat` of the payload: of the removal, and of the launch that took one
    # back.
    removed_at: Mapped[datetime | None]
    vouched_at: Mapped[datetime | None]


class ActivityEntry(Base):
    """Who did what through this app, and what came of it. Never what was typed."""

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
    """What this app last sent about a carrier: the only memory there is, as the API has no GET."""

    __tablename__ = "carrier_connections"
    __table_args__ = (UniqueConstraint("store_id", "carrier_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    store_id: Mapped[int] = mapped_column(ForeignKey("stores.id", ondelete="CASCADE"))
    carrier_id: Mapped[str] = mapped_column(String(32))
    # A custom carrier's own name and its settings' names and kinds; never their values.
    name: Mapped[str | None] = mapped_column(String(100))
    settings: Mapped[list[list[str]]] = mapped_column(JSON, default=list)
    test_mode: Mapped[bool | None]  # of the last acknowledged send
    # The last attempt that was carried out or may have been; one that certainly was not, as when
    # BigCommerce asks us to wait, takes nothing away from what is known or unknown.
    # Indexed for whoever deletes entries: each is looked for among those that are referred to.
    last_attempt_id: Mapped[int | None] = mapped_column(
        ForeignKey("activity_entries.id"), index=True
    )
    acknowledged_id: Mapped[int | None] = mapped_column(
        ForeignKey("activity_entries.id"), index=True
    )

    last_attempt: Mapped[ActivityEntry | None] = relationship(foreign_keys=[last_attempt_id])
    acknowledged: Mapped[ActivityEntry | None] = relationship(foreign_keys=[acknowledged_id])


class ZoneWrite(Base):
    """Somebody is writing a carrier's method in a zone; nobody else may until they are done.

    BigCommerce has no idempotency key: two tabs that both find no method would make two.
    """

    __tablename__ = "zone_writes"

    store_id: Mapped[int] = mapped_column(
        ForeignKey("stores.id", ondelete="CASCADE"), primary_key=True
    )
    carrier_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    zone_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    holder: Mapped[str] = mapped_column(String(32))
    until: Mapped[datetime]  # a writer that dies is waited for no longer than this
    # Until then a creation that went unanswered may yet be carried out.
    doubtful_until: Mapped[datetime | None]
