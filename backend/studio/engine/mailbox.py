"""Outgoing mail of one slow reader: what must arrive keeps its order, of frames only the newest waits.

No I/O and no waiting: both the engine's process and every socket's writer take from one of these.
"""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass


@dataclass(frozen=True)
class Letter[T]:
    """`dropped`: others of its kind were replaced before this one was taken."""

    item: T
    dropped: bool = False


class Mailbox[T]:
    """A queue whose length is bounded by what must arrive, plus one item for each key."""

    def __init__(self) -> None:
        self._letters: OrderedDict[Hashable, Letter[T]] = OrderedDict()
        self._count = 0

    def __len__(self) -> int:
        return len(self._letters)

    def put(self, item: T) -> None:
        """Queue `item`; it is never dropped."""
        self._count += 1
        self._letters[("kept", self._count)] = Letter(item)

    def put_latest(self, key: Hashable, item: T, dropped: bool = False) -> None:
        """Queue `item`, or put it in the place of the one that still waits under `key`.

        It keeps that place, so no key is overtaken for ever by others. `dropped`: something was lost already.
        """
        waits = ("latest", key) in self._letters
        self._letters[("latest", key)] = Letter(item, dropped or waits)

    def discard(self, key: Hashable) -> bool:
        """Take back what waits under `key`; whether anything did."""
        return self._letters.pop(("latest", key), None) is not None

    def take(self) -> Letter[T] | None:
        """The oldest letter, or None."""
        return self._letters.popitem(last=False)[1] if self._letters else None
