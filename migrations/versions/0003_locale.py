"""The language that BigCommerce names for a user."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("store_users", sa.Column("locale", sa.String(35)))


def downgrade() -> None:
    op.drop_column("store_users", "locale")
