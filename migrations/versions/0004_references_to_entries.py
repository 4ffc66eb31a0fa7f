"""Index the references to activity entries, which pruning checks."""

from alembic import op

revision = "0004"
down_revision = "0003"

COLUMNS = ("last_attempt_id", "acknowledged_id")


def upgrade() -> None:
    for column in COLUMNS:
        op.create_index(f"ix_carrier_connections_{column}", "carrier_connections", [column])


def downgrade() -> None:
    for column in COLUMNS:
        op.drop_index(f"ix_carrier_connections_{column}", "carrier_connections")
