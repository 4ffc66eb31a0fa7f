"""Create stores, users, activity and carrier connections."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_MOMENT = sa.DateTime(timezone=True)
_BIG_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "stores",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("store_hash", sa.String(64), nullable=False),
        sa.Column("sealed_access_token", sa.Text),
        sa.Column("scope", sa.Text, nullable=False),
        sa.Column("installer_id", sa.BigInteger, nullable=False),
        sa.Column("owner_id", sa.BigInteger),
        sa.Column("owner_email", sa.String(254)),
        sa.Column("installed_at", _MOMENT, nullable=False),
        sa.Column("granted_at", _MOMENT, nullable=False),
        sa.Column("uninstalled_at", _MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_stores"),
        sa.UniqueConstraint("store_hash", name="uq_stores_store_hash"),
    )
    op.create_table(
        "store_users",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("store_id", sa.Integer, nullable=False),
        sa.Column("user_id", sa.BigInteger, nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("added_at", _MOMENT, nullable=False),
        sa.Column("removed_at", _MOMENT),
        sa.Column("vouched_at", _MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_store_users"),
        sa.ForeignKeyConstraint(
            ["store_id"], ["stores.id"], name="fk_store_users_store_id", ondelete="CASCADE"
        ),
        sa.UniqueConstraint("store_id", "user_id", name="uq_store_users_store_id_user_id"),
    )
    op.create_table(
        "activity_entries",
        sa.Column("id", _BIG_ID, nullable=False),
        sa.Column("store_id", sa.Integer, nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("who", sa.String(254), nullable=False),
        sa.Column("event", sa.String(40), nullable=False),
        sa.Column("carrier_id", sa.String(32)),
        sa.Column("carrier_name", sa.String(100)),
        sa.Column("outcome", sa.String(40), nullable=False),
        sa.Column("status", sa.Integer),
        sa.Column("detail", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_activity_entries"),
        sa.ForeignKeyConstraint(
            ["store_id"], ["stores.id"], name="fk_activity_entries_store_id", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_activity_entries_store_id", "activity_entries", ["store_id", "id"])
    op.create_table(
        "carrier_connections",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("store_id", sa.Integer, nullable=False),
        sa.Column("carrier_id", sa.String(32), nullable=False),
        sa.Column("name", sa.String(100)),
        sa.Column("settings", sa.JSON, nullable=False),
        sa.Column("test_mode", sa.Boolean),
        sa.Column("last_attempt_id", _BIG_ID),
        sa.Column("acknowledged_id", _BIG_ID),
        sa.PrimaryKeyConstraint("id", name="pk_carrier_connections"),
        sa.ForeignKeyConstraint(
            ["store_id"],
            ["stores.id"],
            name="fk_carrier_connections_store_id",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["last_attempt_id"],
            ["activity_entries.id"],
            name="fk_carrier_connections_last_attempt_id",
        ),
        sa.ForeignKeyConstraint(
            ["acknowledged_id"],
            ["activity_entries.id"],
            name="fk_carrier_connections_acknowledged_id",
        ),
        sa.UniqueConstraint(
            "store_id", "carrier_id", name="uq_carrier_connections_store_id_carrier_id"
        ),
    )


def downgrade() -> None:
    op.drop_table("carrier_connections")
    op.drop_index("ix_activity_entries_store_id", "activity_entries")
    op.drop_table("activity_entries")
    op.drop_table("store_users")
    op.drop_table("stores")
