"""A database that is full, locked, away, damaged or killed: a clear error, and nothing lost."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import postgres
import pytest
from sqlalchemy import event

from studio.design_types import DesignPatch, NewDesign, NewNode
from studio.errors import StoreError, StoreFull, report
from studio.store import database as database_module
from studio.store.database import Database
from studio.store.designs import Designs
from studio.store.faults import AWAY, BROKEN, BUSY
from studio.store.search import Query

ADA = "ada"
PATIENCE_S = 60.0


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "some" / "folder" / "designs.db"


@pytest.fixture
def database(file: Path) -> Iterator[Database]:
    opened = Database(f"sqlite:///{file}", timeout_s=0.2)
    yield opened
    opened.close()


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database_module, "RETRY_AFTER_S", 0.0)


def make(designs: Designs, name: str = "") -> str:
    return designs.create(ADA, NewDesign(name=name, nodes=[NewNode(id="root")]))[0].id


def names(designs: Designs) -> list[str]:
    return sorted(design.name for design in designs.search(ADA, Query()).designs)


# --- SQLite --------------------------------------------------------------------------------------------


def test_a_file_is_made_for_its_owner_alone_and_survives_power_cuts(database: Database, file: Path) -> None:
    make(Designs(database))
    assert file.stat().st_mode & 0o777 == 0o600
    with database.reading() as connection:
        ask = connection.exec_driver_sql
        assert ask("PRAGMA journal_mode").scalar() == "wal" and ask("PRAGMA synchronous").scalar() == 2
        assert ask("PRAGMA foreign_keys").scalar() == 1


def test_a_full_disk_loses_nothing_and_what_comes_later_is_kept(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    designs = Designs(database)
    id = make(designs, "before")
    before = designs.read(ADA, id)
    pages = {"most": 60}  # of 4 kB, as if the disk had no more

    def limited(connection: Any, record: Any, proxy: Any) -> None:
        connection.execute(f"PRAGMA max_page_count = {pages['most']}")

    event.listen(database.engine, "checkout", limited)
    big = [NewNode(id=f"n{i}", parent="root", payload="x" * 100_000) for i in range(4)]
    for change in (
        lambda: designs.append(ADA, id, big),
        lambda: designs.create(ADA, NewDesign(name="new", state="x" * 250_000)),
        lambda: designs.patch(ADA, id, DesignPatch(name="other", state="x" * 250_000), None),
    ):
        with pytest.raises(StoreFull) as caught:
            change()
        assert report(caught.value).status == 507 and "nothing was saved" in str(caught.value)
    assert "is full" in caplog.text and "xxx" not in caplog.text  # no one's payload is logged
    assert designs.read(ADA, id) == before and names(designs) == ["before"]
    designs.patch(ADA, id, DesignPatch(name="small"), None)  # for which there is room
    pages["most"] = 10_000
    assert designs.append(ADA, id, big).added == ["n0", "n1", "n2", "n3"]
    assert designs.node(ADA, id, "n3").payload == "x" * 100_000


def test_a_locked_database_is_waited_for_and_then_said_to_be_busy(database: Database, file: Path) -> None:
    designs = Designs(database)
    id = make(designs, "before")
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    other.execute("UPDATE designs SET name = 'other'")
    began = time.monotonic()
    with pytest.raises(StoreError) as caught:
        designs.patch(ADA, id, DesignPatch(name="mine"), None)
    assert str(caught.value) == BUSY and report(caught.value).status == 503 and time.monotonic() - began >= 0.2
    assert names(designs) == ["before"]  # reading goes on
    other.execute("ROLLBACK")
    other.close()
    assert designs.patch(ADA, id, DesignPatch(name="mine"), None).revision == 2


def test_a_lock_that_ends_in_time_is_not_noticed(file: Path) -> None:
    database = Database(f"sqlite:///{file}", timeout_s=PATIENCE_S)
    designs = Designs(database)
    id = make(designs)
    hold = (
        "import sqlite3, sys, time; c = sqlite3.connect(sys.argv[1], isolation_level=None); "
        "c.execute('BEGIN IMMEDIATE'); print('held', flush=True); time.sleep(0.3); c.execute('COMMIT')"
    )
    with subprocess.Popen([sys.executable, "-c", hold, str(file)], stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None and other.stdout.readline() == "held\n"
        assert designs.patch(ADA, id, DesignPatch(name="mine"), None).name == "mine"
    database.close()


@pytest.mark.parametrize("damage", [b"this is no database, and never was one" * 200, b"\0" * 40_000])
def test_a_file_that_is_no_database_is_left_as_it_is(database: Database, file: Path, damage: bytes) -> None:
    file.parent.mkdir(parents=True)
    file.write_bytes(damage)
    designs = Designs(database)
    for _ in range(2):
        with pytest.raises(StoreError) as caught:
            make(designs)
        assert str(caught.value) == BROKEN
    assert file.read_bytes() == damage
    file.unlink()
    make(designs, "again")
    assert names(designs) == ["again"]


def test_a_file_that_is_put_in_the_place_of_ours_is_the_one_that_is_used(database: Database, file: Path) -> None:
    designs = Designs(database)
    make(designs, "old")
    copy = file.with_name("backup.db")
    with sqlite3.connect(file) as source, sqlite3.connect(copy) as target:
        source.backup(target)
    source.close()
    target.close()
    make(designs, "lost with the file")
    for left in file.parent.glob("designs.db-*"):
        left.unlink()
    copy.replace(file)
    assert names(designs) == ["old"]
    make(designs, "new")
    kept = sqlite3.connect(file)
    assert sorted(name for (name,) in kept.execute("SELECT name FROM designs")) == ["new", "old"]
    kept.close()


def test_a_folder_that_cannot_be_made_is_said_and_tried_again(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    database = Database(f"sqlite:///{tmp_path / 'file' / 'designs.db'}", timeout_s=0.2)
    designs = Designs(database)
    with pytest.raises(StoreError, match="out of reach"):
        make(designs)
    (tmp_path / "file").unlink()
    make(designs, "made")
    assert names(designs) == ["made"]
    database.close()


WRITER = """
import sys
from studio.design_types import NewDesign, NewNode
from studio.store.database import Database
from studio.store.designs import Designs
designs = Designs(Database(sys.argv[1], timeout_s=30))
id = designs.create("ada", NewDesign(nodes=[NewNode(id="root")]))[0].id
print(id, flush=True)
for i in range(100_000):
    big = NewNode(id=f"n{i}", parent="root", payload="x" * 2000)
    designs.append("ada", id, [big, NewNode(id=f"m{i}", parent=big.id)])
    print(i, flush=True)
"""


def test_a_process_that_is_killed_loses_nothing_that_it_had_answered(database_url: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, database_url],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    ) as writer:
        assert writer.stdout is not None
        id = writer.stdout.readline().strip()
        while int(writer.stdout.readline()) < 20:
            pass
        writer.send_signal(signal.SIGKILL)
        answered = 20 + sum(1 for line in writer.stdout if line.endswith("\n"))
    database = Database(database_url, timeout_s=30)
    design = Designs(database).read(ADA, id)
    database.close()
    assert design.n_nodes == len(design.nodes) == 2 * design.revision - 1  # every change whole
    assert design.revision - 2 in (answered, answered + 1)


# --- PostgreSQL ------------------------------------------------------------------------------------------


@pytest.fixture
def server() -> Iterator[postgres.Postgres]:
    missing = postgres.missing()
    if missing is not None:
        pytest.skip(missing)
    with postgres.postgres() as own:
        yield own


def test_a_server_that_goes_away_and_comes_back_has_lost_nothing(server: postgres.Postgres) -> None:
    database = Database(server.new_database(), timeout_s=20)
    designs = Designs(database)
    make(designs, "before")
    server.stop()  # as a power cut does
    for ask in (lambda: make(designs, "meanwhile"), lambda: names(designs)):
        with pytest.raises(StoreError) as caught:
            ask()
        assert str(caught.value) == AWAY and report(caught.value).status == 503 and report(caught.value).retryable
    server.start()
    make(designs, "after")
    assert names(designs) == ["after", "before"]
    database.close()


def test_a_server_that_is_not_there_yet_is_waited_for(server: postgres.Postgres) -> None:
    url = server.new_database()
    server.stop()
    database = Database(url, timeout_s=20)
    designs = Designs(database)
    with pytest.raises(StoreError, match="out of reach"):
        make(designs)
    server.start()
    make(designs, "made")
    assert names(designs) == ["made"]
    database.close()


def test_a_row_that_another_holds_is_waited_for_and_then_said_to_be_busy(postgres_server: postgres.Postgres) -> None:
    url = postgres_server.new_database()
    patient, hasty = Database(url, timeout_s=20), Database(url, timeout_s=0.3)
    id = make(Designs(patient), "before")
    with patient.writing() as connection:
        connection.exec_driver_sql("SELECT * FROM designs FOR UPDATE")
        with pytest.raises(StoreError) as caught:
            Designs(hasty).patch(ADA, id, DesignPatch(name="mine"), None)
        assert str(caught.value) == BUSY
        assert names(Designs(hasty)) == ["before"]
    assert Designs(hasty).patch(ADA, id, DesignPatch(name="mine"), None).revision == 2
    patient.close()
    hasty.close()


def test_a_database_that_does_not_exist_and_a_user_who_may_not_are_out_of_reach(
    postgres_server: postgres.Postgres,
) -> None:
    for url in (postgres_server.url("nowhere"), postgres_server.url("postgres").replace("studio@", "nobody@")):
        database = Database(url, timeout_s=20)
        with pytest.raises(StoreError) as caught:
            make(Designs(database))
        assert str(caught.value) == AWAY
        database.close()
