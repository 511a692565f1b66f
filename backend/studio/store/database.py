"""Connections, transactions and migrations, for SQLite and PostgreSQL alike.

The database is reached when it is first needed, and again after every fault: a service that starts without it, or
loses it, answers 503 until it is back. Nothing is ever deleted or rebuilt to get there.
"""

import logging
import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DisconnectionError, IntegrityError, SQLAlchemyError
from sqlalchemy.pool import QueuePool

from gpff.errors import InputError
from studio.errors import StoreError
from studio.store.faults import fault
from studio.store.migrate import migrate

CONNECTIONS = 4
RETRY_AFTER_S = 1.0
LOCK_ASKED_EVERY_S = 0.01
EXPECTED = "sqlite:///file or postgresql://user@host/name"

log = logging.getLogger(__name__)


class Database:
    """The database at `url`; `sqlite://` is one in memory. timeout_s: to connect, and to wait for a lock.

    Raises `InputError` for a URL of no such database. Every method raises `StoreError` when the database fails, and
    `StoreFull` when its disk is full: then nothing has been changed.
    """

    def __init__(self, url: str | URL, timeout_s: float = 5.0) -> None:
        self.url = _checked(url)
        self._timeout_s = timeout_s
        self._file = _file_of(self.url)
        self.engine = self._sqlite() if self.url.get_backend_name() == "sqlite" else self._postgres()
        self._preparing = threading.Lock()
        self._prepared = False
        self._failed: tuple[float, StoreError] | None = None

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that sees one moment of the database."""
        options = {} if self._is_sqlite else {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        with self._transaction(options) as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that changes all or nothing. `IntegrityError` comes through as it is."""
        with self._transaction({"studio_writes": True}) as connection:
            yield connection

    def prepare(self) -> None:
        """Reach the database and bring its tables up to date; does nothing when that has been done."""
        if self._prepared:
            return
        if not self._preparing.acquire(timeout=self._timeout_s):
            raise StoreError("the database of designs is being prepared: ask again in a moment")
        try:
            if not self._prepared:
                self._prepare()
        finally:
            self._preparing.release()

    def check(self) -> None:
        """Returns when the database answers."""
        with self.reading() as connection:
            connection.exec_driver_sql("SELECT 1")

    def close(self) -> None:
        self.engine.dispose()

    # --- inside ------------------------------------------------------------------------------------

    @property
    def _is_sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    def _prepare(self) -> None:
        if self._failed is not None and time.monotonic() - self._failed[0] < RETRY_AFTER_S:
            raise StoreError(str(self._failed[1]))  # do not let everyone wait for the same time limit
        try:
            with self._faults():
                if self._file is not None:
                    self._file.parent.mkdir(parents=True, exist_ok=True)
                    os.close(os.open(self._file, os.O_CREAT | os.O_RDWR, 0o600))
                migrate(self.engine)
        except StoreError as error:
            self._failed = time.monotonic(), error
            raise
        self._prepared, self._failed = True, None

    @contextmanager
    def _transaction(self, options: dict[str, Any]) -> Iterator[Connection]:
        self.prepare()
        with self._faults(), self.engine.connect() as connection:
            connection = connection.execution_options(**options)
            with connection.begin():
                yield connection

    @contextmanager
    def _faults(self) -> Iterator[None]:
        try:
            yield
        except IntegrityError:
            raise
        except (SQLAlchemyError, OSError) as error:
            found = fault(error)
            log.warning("%s: %s", found.error, error)
            if found.reconnect:
                self._prepared = False
                if self._is_sqlite and self._file is None:
                    raise found.error from error  # what is in memory alone must not be let go
                self.engine.dispose()
            raise found.error from error

    def _sqlite(self) -> Engine:
        engine = create_engine(
            self.url,
            hide_parameters=True,  # in what is logged: they are people's designs
            poolclass=QueuePool,
            pool_size=1 if self._file is None else CONNECTIONS,
            max_overflow=0,
            pool_timeout=self._timeout_s,
            connect_args={"timeout": self._timeout_s, "check_same_thread": False, "isolation_level": None},
        )

        def connected(connection: Any, record: Any) -> None:
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA synchronous = FULL")  # what was answered survives a power cut
            _write_ahead(connection, self._timeout_s)
            record.info["inode"] = self._inode()

        def checkout(connection: Any, record: Any, proxy: Any) -> None:
            # A file that was put in the place of ours, such as a backup: what is written to the old one is lost.
            if record.info["inode"] != self._inode():
                raise DisconnectionError("the file is another one")

        event.listen(engine, "connect", connected)
        event.listen(engine, "checkout", checkout)
        event.listen(engine, "begin", _begin)
        return engine

    def _postgres(self) -> Engine:
        wait_ms = int(1000 * self._timeout_s)
        return create_engine(
            self.url,
            hide_parameters=True,
            pool_size=CONNECTIONS,
            max_overflow=0,
            pool_timeout=self._timeout_s,
            pool_pre_ping=True,  # the first request after a restart of the server finds it
            connect_args={
                "connect_timeout": max(2, round(self._timeout_s)),
                "tcp_user_timeout": wait_ms,
                "application_name": "gpff-studio",
                "options": f"-c lock_timeout={wait_ms} -c statement_timeout={4 * wait_ms}",
            },
        )

    def _inode(self) -> tuple[int, int] | None:
        if self._file is None:
            return None
        try:
            found = self._file.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino


def _write_ahead(connection: sqlite3.Connection, timeout_s: float) -> None:
    """Readers and a writer side by side. SQLite does not wait for the lock that a change of this mode needs, whatever
    its time limit is, so that of several that open a new file together some would be told at once that it is locked."""
    until = time.monotonic() + timeout_s
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(LOCK_ASKED_EVERY_S)


def _begin(connection: Connection) -> None:
    """Take the lock for writing at once: one that is asked for later cannot be waited for."""
    writes = connection.get_execution_options().get("studio_writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _checked(text: str | URL) -> URL:
    try:
        url = make_url(text)
    except ArgumentError:
        raise InputError("STUDIO_DATABASE", EXPECTED, "something else") from None  # it may hold a password
    if url.drivername in ("postgresql", "postgres", "postgresql+psycopg"):
        return url.set(drivername="postgresql+psycopg")
    if url.drivername == "sqlite" and not url.query:
        return url
    raise InputError("STUDIO_DATABASE", EXPECTED, url.render_as_string())


def _file_of(url: URL) -> Path | None:
    in_memory = url.get_backend_name() != "sqlite" or url.database in (None, "", ":memory:")
    return None if in_memory else Path(str(url.database))
