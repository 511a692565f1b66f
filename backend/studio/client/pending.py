"""Wishes that the service may not have got yet: which to send, and which again when a connection broke. No I/O.

Nothing answers a wish that is acted on. But a connection keeps its order, so that a `pong` says that all has arrived
that was sent before its `ping`. What has not is sent again, and does no harm twice: the service acts once on each name.
"""

from dataclasses import dataclass
from enum import Enum, auto
from threading import Lock


class _Where(Enum):
    HERE = auto()  # not sent on any connection
    LEAVING = auto()  # someone is sending it
    SENT = auto()


@dataclass(eq=False)
class _Wish:
    text: str
    name: str
    where: _Where = _Where.HERE


class Pending:
    """One reader sends what is `due`, with each connection first what is due `again`. Wishes come from any thread."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._wishes: list[_Wish] = []
        self._asked: list[_Wish] | None = None  # what the ping that is out asks about
        self._repeated: set[str] = set()
        self._wire = 0  # which connection it is

    def add(self, text: str, name: str) -> None:
        """A new wish. `name`: its req_id."""
        with self._lock:
            self._wishes.append(_Wish(text, name))

    def claim(self, text: str) -> int | None:
        """Whoever wished sends it now, and says `went` or `kept`. None: the reader has sent it already."""
        with self._lock:
            wish = self._find(text)
            if wish is None or wish.where is not _Where.HERE:
                return None
            wish.where = _Where.LEAVING
            return self._wire

    def went(self, text: str, wire: int) -> None:
        """It was sent on the connection that `claim` named, which may be gone by now."""
        with self._lock:
            if (wish := self._find(text)) is not None:
                if wire == self._wire:
                    wish.where = _Where.SENT
                else:
                    wish.where = _Where.HERE
                    self._repeated.add(wish.name)  # it will be: it may have arrived all the same

    def kept(self, text: str) -> None:
        """It could not be sent, or who knows: the reader will."""
        with self._lock:
            if (wish := self._find(text)) is not None:
                wish.where = _Where.HERE
                self._repeated.add(wish.name)

    def again(self) -> list[str]:
        """What to send first on a new connection."""
        with self._lock:
            self._wire += 1
            self._asked = None
            self._repeated |= {wish.name for wish in self._wishes if wish.where is _Where.SENT}
            return self._leave([wish for wish in self._wishes if wish.where is not _Where.LEAVING])

    def due(self) -> tuple[list[str], bool]:
        """What to send now on the connection that there is, and whether to ask by a ping what has arrived."""
        with self._lock:
            texts = self._leave([wish for wish in self._wishes if wish.where is _Where.HERE])
            sent = [wish for wish in self._wishes if wish.where is _Where.SENT]
            asks = self._asked is None and bool(sent)
            if asks:
                self._asked = sent
            return texts, asks

    def arrived(self) -> None:
        """A pong has come."""
        with self._lock:
            done, self._asked = self._asked or [], None
            self._wishes = [wish for wish in self._wishes if wish not in done]

    def was_repeated(self, name: str | None) -> bool:
        """Whether the wish of this req_id was sent more than once: the service may have acted on it before."""
        return name in self._repeated

    def _leave(self, wishes: list[_Wish]) -> list[str]:
        for wish in wishes:
            wish.where = _Where.SENT
        return [wish.text for wish in wishes]

    def _find(self, text: str) -> _Wish | None:
        return next((wish for wish in self._wishes if wish.text == text), None)
