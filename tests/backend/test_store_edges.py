"""The store's words for what goes wrong, and how it is asked from the event loop."""

import asyncio
import logging
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from gpff.errors import InputError
from studio.errors import StoreError, StoreFull
from studio.store.database import Database
from studio.store.designs import Designs
from studio.store.faults import AWAY, BROKEN, BUSY, FULL, OTHER, READ_ONLY, fault
from studio.store.search import Query
from studio.store.store import MAX_PRESENT, Store

ADA = "ada"
PATIENCE_S = 60.0


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "designs.db"


# --- words -----------------------------------------------------------------------------------------------


class Driver(Exception):
    """What a driver of a database raises."""

    def __init__(self, **codes: Any) -> None:
        super().__init__("the words of the driver")
        self.__dict__.update(codes)


@pytest.mark.parametrize(
    ("codes", "words", "reconnect"),
    [
        ({"sqlite_errorcode": sqlite3.SQLITE_FULL}, FULL, False),
        ({"sqlite_errorcode": sqlite3.SQLITE_BUSY_SNAPSHOT}, BUSY, False),
        ({"sqlite_errorcode": sqlite3.SQLITE_READONLY_DIRECTORY}, READ_ONLY, False),
        ({"sqlite_errorcode": sqlite3.SQLITE_IOERR_FSYNC}, OTHER, True),
        ({"sqlite_errorcode": sqlite3.SQLITE_CORRUPT}, BROKEN, True),
        ({"sqlstate": "53100"}, FULL, False),
        ({"sqlstate": "53300"}, BUSY, False),  # too many connections
        ({"sqlstate": "40001"}, BUSY, False),
        ({"sqlstate": "25006"}, READ_ONLY, False),
        ({"sqlstate": "57P01"}, AWAY, True),  # the server ends
        ({"sqlstate": "XX001"}, BROKEN, True),
        ({"sqlstate": "42P01"}, OTHER, True),
        ({"sqlstate": None}, AWAY, True),
    ],
)
def test_what_a_driver_says_becomes_words(codes: dict[str, Any], words: str, reconnect: bool) -> None:
    found = fault(OperationalError("SELECT 1", {}, Driver(**codes)))
    assert (str(found.error), found.reconnect) == (words, reconnect)
    assert isinstance(found.error, StoreFull) == (words == FULL)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "designs.db",
        "mysql://me:secret@host/name",
        "sqlite:///file?mode=ro",
        "postgresql+asyncpg://me:secret@host/x",
    ],
)
def test_a_url_of_no_such_database_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(InputError, match="STUDIO_DATABASE: expected sqlite:///file or postgresql://") as caught:
        Database(url)
    assert "secret" not in str(caught.value)


# --- from the event loop -----------------------------------------------------------------------------------


async def test_what_hangs_is_bounded_and_holds_up_nothing_else(file: Path) -> None:
    store = Store(f"sqlite:///{file}")
    gate = asyncio.Event()
    loop = asyncio.get_running_loop()

    def hang(designs: Designs) -> None:
        asyncio.run_coroutine_threadsafe(gate.wait(), loop).result(PATIENCE_S)

    waiting = [asyncio.create_task(store.ask(hang)) for _ in range(MAX_PRESENT)]
    await asyncio.sleep(0)
    with pytest.raises(StoreError, match="too many requests"):
        await store.ask(Designs.search, ADA, Query())
    gate.set()
    await asyncio.gather(*waiting)
    assert (await store.ask(Designs.search, ADA, Query())).total == 0
    await store.close()


async def test_the_store_says_what_troubles_it_and_when_that_is_over(
    file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file.parent.write_text("in the way")
    store = Store(f"sqlite:///{file}", timeout_s=0.2)
    assert store.trouble is not None
    with caplog.at_level(logging.INFO, logger="studio.store.store"):
        store.open(watch_s=0.02)
        await _until(lambda: store.trouble == AWAY)
        file.parent.unlink()
        await _until(lambda: store.trouble is None)
    await store.close()
    assert [record.getMessage() for record in caplog.records if record.name == "studio.store.store"] == [
        f"designs: {AWAY}",
        "designs: can be saved",
    ]


async def _until(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not done():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)
