"""What a database complains of, in the service's words."""

from typing import NamedTuple

from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as NoConnection

from studio.errors import StoreError, StoreFull

BUSY = "the database of designs is busy: ask again in a moment"
FULL = "the disk of the database of designs is full: nothing was saved"
BROKEN = "the database of designs is damaged: nothing was changed, and its file was left as it is"
AWAY = "the database of designs is out of reach"
READ_ONLY = "the database of designs cannot be written"
OTHER = "the database of designs failed"

# SQLite's primary result codes, https://www.sqlite.org/rescode.html
_SQLITE = {5: BUSY, 6: BUSY, 8: READ_ONLY, 10: OTHER, 11: BROKEN, 13: FULL, 14: AWAY, 26: BROKEN}
# PostgreSQL's codes, or the two characters of their class
_POSTGRES = {
    "08": AWAY,
    "25006": READ_ONLY,
    "28": AWAY,
    "3D": AWAY,
    "40": BUSY,
    "53100": FULL,
    "53": BUSY,
    "55P03": BUSY,
    "57014": BUSY,
    "57": AWAY,
    "XX001": BROKEN,
    "XX002": BROKEN,
}


class Fault(NamedTuple):
    """`error` is for the client. `reconnect`: the connections that are open are of no more use."""

    error: StoreError
    reconnect: bool


def fault(error: SQLAlchemyError | OSError) -> Fault:
    """What became of a transaction, or of a connection."""
    if isinstance(error, NoConnection):
        words = BUSY
    elif isinstance(error, DBAPIError):
        words = _words(error)
    else:
        words = AWAY if isinstance(error, OSError) else OTHER
    return Fault(StoreFull(words) if words == FULL else StoreError(words), words not in (BUSY, FULL, READ_ONLY))


def _words(error: DBAPIError) -> str:
    code = getattr(error.orig, "sqlite_errorcode", None)
    if code is not None:
        return _SQLITE.get(code & 0xFF, OTHER)
    state = getattr(error.orig, "sqlstate", None)
    if state is not None:
        return _POSTGRES.get(state) or _POSTGRES.get(state[:2], OTHER)
    return AWAY  # no connection, or one that broke: psycopg has no code for these
