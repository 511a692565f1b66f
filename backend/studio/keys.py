"""API keys: whose request this is. Optional; without any key everyone is `LOCAL`.

The file holds the SHA-256 of each key and never the key: a key is 32 random bytes, too many to be guessed from its
hash. Once a key has been made the service asks for one, also after the last one has been revoked; it is open again
when the file has been deleted and the service started anew.
"""

import fcntl
import hashlib
import hmac
import json
import logging
import os
import re
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from gpff.errors import InputError
from studio.errors import Unauthorized

LOCAL = "local"
PREFIX = "gpff_"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_DIGEST = re.compile(r"[0-9a-f]{64}")

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Key:
    """One key as it is stored. `name` is the owner of what it makes; `made`, `revoked` are ISO times in UTC."""

    name: str
    sha256: str
    made: str
    revoked: str | None = None


class Keys:
    """The keys of one file, read again whenever it changes, so that a revoked key ends at once.

    Raises `InputError` when the file is not a file of keys. A file that vanishes, or can no longer be read, while the
    service runs opens nothing: the keys read last stay in force.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp = _stamp(path)
        self._keys = read(path)

    @property
    def required(self) -> bool:
        """Whether a key must be shown."""
        return bool(self._current())

    def owner(self, token: str | None) -> str:
        """The name of the key `token`, `LOCAL` without keys. Raises `Unauthorized`."""
        keys = self._current()
        if not keys:
            return LOCAL
        if token is None:
            raise Unauthorized("this service asks for an API key: Authorization: Bearer, X-API-Key or hello.key")
        digest = _digest(token)
        found = [key for key in keys if hmac.compare_digest(key.sha256, digest)]
        if not found or found[0].revoked is not None:
            raise Unauthorized("this API key is not known, or was revoked")
        return found[0].name

    def _current(self) -> tuple[Key, ...]:
        stamp = _stamp(self._path)
        if stamp is not None and stamp != self._stamp:
            self._stamp = stamp
            try:
                self._keys = read(self._path)
            except InputError as error:
                log.error("the keys read before stay in force: %s", error)
        return self._keys


def create(path: Path, name: str) -> str:
    """Add a key and return it: the only time that it can be seen. Raises `InputError` for a name that is taken."""
    if not _NAME.fullmatch(name):
        raise InputError("name", "1 to 64 letters, digits, '.', '_' or '-', not starting with a sign", repr(name)[:80])
    token = PREFIX + secrets.token_urlsafe(32)
    with _locked(path):
        keys = read(path)
        if any(key.name == name and key.revoked is None for key in keys):
            raise InputError("name", "a name that no key in force has", repr(name))
        _write(path, (*keys, Key(name, _digest(token), _now())))
    return token


def revoke(path: Path, name: str) -> None:
    """End the key of this name. Raises `InputError` when none is in force."""
    with _locked(path):
        keys = read(path)
        if not any(key.name == name and key.revoked is None for key in keys):
            raise InputError("name", "the name of a key in force", repr(name)[:80])
        _write(path, tuple(_revoked(key) if key.name == name else key for key in keys))


def read(path: Path) -> tuple[Key, ...]:
    """The keys of a file, revoked ones too; none when there is no file. Raises `InputError`."""
    try:
        found = tuple(Key(**entry) for entry in json.loads(path.read_bytes())["keys"])
        if not all(_NAME.fullmatch(key.name) and _DIGEST.fullmatch(key.sha256) for key in found):
            raise ValueError("an entry without a name or a SHA-256")
        return found
    except FileNotFoundError:
        return ()
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise InputError(str(path), "a file of API keys", f"{type(error).__name__}: {error}") from error


def _revoked(key: Key) -> Key:
    return Key(key.name, key.sha256, key.made, key.revoked or _now())


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def _write(path: Path, keys: tuple[Key, ...]) -> None:
    """All or nothing, and for the eyes of its owner alone."""
    text = json.dumps({"version": 1, "keys": [asdict(key) for key in keys]}, indent=1) + "\n"
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)  # made with mode 0600
    try:
        with os.fdopen(handle, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """One change at a time, of however many commands."""
    path.parent.mkdir(parents=True, exist_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)
