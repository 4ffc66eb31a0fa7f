"""Add store information, zones in the activity log, and the zone lock."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_MOMENT = sa.DateTime(timezone=True)


# Plain ALTER TABLE on both databases: Alembic's batch mode for SQLite rebuilds a table by dropping
# it, and with it all rows that refer to it.
_COLUMNS = {
    "stores": [
        sa.Column("name", sa.String(255)),
        sa.Column("timezone", sa.String(255)),
        sa.Column("country_code", sa.String(255)),
        sa.Column("information_read_at", _MOMENT),
        sa.Column("zones_version", sa.Integer, nullable=False, server_default="0"),
    ],
    "activity_entries": [
        sa.Column("zone_id", sa.BigInteger),
        sa.Column("zone_name", sa.String(255)),
    ],
}


def upgrade() -> None:
    for table, columns in _COLUMNS.items():
        for column in columns:
            op.add_column(table, column)
    op.create_table(
        "zone_writes",
        sa.Column("store_id", sa.Integer, nullable=False),
        sa.Column("carrier_id", sa.String(32), nullable=False),
        sa.Column("zone_id", sa.BigInteger, nullable=False),
        sa.Column("holder", sa.String(32), nullable=False),
        sa.Column("until", _MOMENT, nullable=False),
        sa.Column("doubtful_until", _MOMENT),
        sa.PrimaryKeyConstraint("store_id", "carrier_id", "zone_id", name="pk_zone_writes"),
        sa.ForeignKeyConstraint(
            ["store_id"], ["stores.id"], name="fk_zone_writes_store_id", ondelete="CASCADE"
        ),
    )


def downgrade() -> None:
    op.drop_table("zone_writes")
    for table, columns in _COLUMNS.items():
        for column in columns:
            op.drop_column(table, column.name)
