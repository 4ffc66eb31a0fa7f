"""Add users' locales and an index of activity by carrier."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("store_users", sa.Column("locale", sa.String(35)))
    op.create_index(
        "ix_activity_entries_carrier", "activity_entries", ["store_id", "carrier_id", "id"]
    )


def downgrade() -> None:
    op.drop_index("ix_activity_entries_carrier", "activity_entries")
    op.drop_column("store_users", "locale")
