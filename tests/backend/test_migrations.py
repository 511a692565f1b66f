"""The migrations make the tables that the code speaks of, in SQLite and in a real PostgreSQL, once and for all."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect

from studio.design_types import NewDesign, NewNode
from studio.errors import StoreError
from studio.store.database import Database
from studio.store.designs import Designs
from studio.store.migrate import FOLDER
from studio.store.tables import metadata


@pytest.fixture
def config() -> Config:
    found = Config()
    found.set_main_option("script_location", str(FOLDER))
    return found


def shape(connection: Connection) -> dict[str, Any]:
    """Everything that a database knows of its tables."""
    there = inspect(connection)
    return {
        name: (
            [(column["name"], str(column["type"]), column["nullable"]) for column in there.get_columns(name)],
            there.get_pk_constraint(name),
            sorted(there.get_foreign_keys(name), key=str),
            sorted(there.get_unique_constraints(name), key=str),
            sorted(there.get_indexes(name), key=str),
        )
        for name in sorted(there.get_table_names())
        if name != "alembic_version"
    }


def test_the_migrations_and_the_tables_of_the_code_are_the_same(database_url: str) -> None:
    migrated = Database(database_url)
    migrated.prepare()
    with migrated.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, metadata) == []
        ours = shape(connection)
        connection.rollback()
        # Alembic does not compare everything, such as what happens at a delete: so compare with what the code makes.
        metadata.drop_all(connection)
        metadata.create_all(connection)
        assert shape(connection) == ours and set(ours) == set(metadata.tables)
        connection.rollback()
    migrated.close()


def test_every_migration_can_be_taken_back_and_made_again(database_url: str, config: Config) -> None:
    database = Database(database_url)
    database.prepare()
    script = ScriptDirectory.from_config(config)
    with database.engine.connect() as connection:
        config.attributes["connection"] = connection
        newest = shape(connection)
        for revision in script.walk_revisions():
            command.downgrade(config, str(revision.down_revision or "base"))
        assert shape(connection) == {}
        command.upgrade(config, "head")
        assert shape(connection) == newest
        connection.rollback()
    database.close()


def test_a_database_that_is_up_to_date_is_left_as_it_is(database_url: str) -> None:
    first = Database(database_url)
    id = Designs(first).create("ada", NewDesign(nodes=[NewNode(id="root")]))[0].id
    first.close()
    again = Database(database_url)
    assert Designs(again).node("ada", id, "root").id == "root"
    again.close()


def test_many_that_start_together_migrate_once(database_url: str) -> None:
    def start(_: int) -> int:
        database = Database(database_url, timeout_s=60)
        try:
            Designs(database).create("ada", NewDesign())
            return 1
        finally:
            database.close()

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(start, range(6))) == 6


def test_tables_of_a_later_version_are_not_touched(database_url: str) -> None:
    database = Database(database_url)
    database.prepare()
    with database.writing() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    database.close()
    older = Database(database_url)
    with pytest.raises(StoreError, match=r"written by a later version of this service \(9999\)"):
        older.prepare()
    older.close()


def test_there_is_one_newest_migration(config: Config) -> None:
    assert len(ScriptDirectory.from_config(config).get_heads()) == 1


def test_many_that_open_a_new_file_together_all_get_in(tmp_path: Path) -> None:
    """SQLite turns some of them away at once, about one round in seven, when they ask for its write-ahead log."""

    def open_it(database: Database, ready: Barrier) -> None:
        ready.wait()
        with closing(database), database.engine.connect() as connection:
            connection.exec_driver_sql("CREATE TABLE IF NOT EXISTS seen (x)")
            connection.commit()

    with ThreadPoolExecutor(8) as pool:
        for round_ in range(40):
            ready = Barrier(8)
            databases = [Database(f"sqlite:///{tmp_path}/{round_}.db", timeout_s=60) for _ in range(8)]
            assert list(pool.map(open_it, databases, [ready] * 8)) == [None] * 8
