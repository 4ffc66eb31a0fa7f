"""Alembic environment: migrates the database of DATABASE_URL."""

from alembic import context
from sqlalchemy import text

from bcapp import database
from bcapp.config import read_environment
from bcapp.models import Base

# Arbitrary key of the advisory lock: two machines may upgrade at the same time.
UPGRADE_LOCK = 7_220_633_415


def run() -> None:
    address = read_environment().get("DATABASE_URL")
    engine = database.open_engine(database.parse_url(address or database.DEFAULT_URL))
    is_sqlite = engine.dialect.name == "sqlite"
    with engine.connect().execution_options(begin="IMMEDIATE") as connection:
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            render_as_batch=is_sqlite,
            transactional_ddl=True,
        )
        with context.begin_transaction():
            if not is_sqlite:
                connection.execute(
                    text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": UPGRADE_LOCK}
                )
            context.run_migrations()
    engine.dispose()


run()
