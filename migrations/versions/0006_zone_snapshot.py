"""Keep each store's zones in the database, shared by all processes."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "zone_lists",
        sa.Column("store_id", sa.Integer, nullable=False),
        sa.Column("listed_at", _MOMENT),
        sa.Column("total", sa.Integer, nullable=False),
        sa.Column("unread", sa.Integer, nullable=False),
        sa.Column("due", sa.Integer, nullable=False),
        sa.Column("offered", sa.JSON, nullable=False),
        sa.Column("read_at", _MOMENT),
        sa.Column("refreshing_until", _MOMENT),
        sa.Column("paused_until", _MOMENT),
        sa.Column("used_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("store_id", name="pk_zone_lists"),
        sa.ForeignKeyConstraint(
            ["store_id"], ["stores.id"], name="fk_zone_lists_store_id", ondelete="CASCADE"
        ),
    )
    op.create_table(
        "zones",
        sa.Column("store_id", sa.Integer, nullable=False),
        sa.Column("zone_id", sa.BigInteger, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("type", sa.String(255), nullable=False),
        sa.Column("enabled", sa.Boolean, nullable=False),
        sa.Column("methods", sa.JSON, nullable=False),
        sa.Column("offers", sa.JSON, nullable=False),
        sa.Column("read_at", _MOMENT),
        sa.Column("is_due", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("store_id", "zone_id", name="pk_zones"),
        sa.ForeignKeyConstraint(
            ["store_id"], ["stores.id"], name="fk_zones_store_id", ondelete="CASCADE"
        ),
    )


def downgrade() -> None:
    op.drop_table("zones")
    op.drop_table("zone_lists")
