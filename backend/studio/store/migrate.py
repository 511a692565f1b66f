"""Bring the tables up to date, once, however many processes start together."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

from studio.errors import StoreError

FOLDER = Path(__file__).parent / "migrations"
PATIENCE_S = 60  # for another process that is at it
_LOCK = 0x67706666  # any number that all versions of this service agree upon


def migrate(engine: Engine) -> None:
    """All migrations, in one transaction, behind a lock. Raises `StoreError` for tables of a later version."""
    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    script = ScriptDirectory.from_config(config)
    with engine.connect() as connection:
        known = _revision(connection)
        connection.rollback()
        if known == script.get_current_head():
            return
        if known is not None and known not in {revision.revision for revision in script.walk_revisions()}:
            raise StoreError(f"the database of designs was written by a later version of this service ({known})")
        with connection.execution_options(studio_writes=True).begin():
            _lock(connection)
            config.attributes["connection"] = connection
            command.upgrade(config, "head")


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _lock(connection: Connection) -> None:
    """SQLite holds its lock since BEGIN IMMEDIATE. PostgreSQL's ends with the transaction."""
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"SET LOCAL lock_timeout = '{PATIENCE_S}s'"))
        connection.execute(text(f"SET LOCAL statement_timeout = '{PATIENCE_S}s'"))
        connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
