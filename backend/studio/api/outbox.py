"""What waits for one client: its streams in turn, and before them what belongs to no job. No socket in here."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Hashable
from itertools import count

from studio.api.stream import Stream
from studio.protocol import Wire

log = logging.getLogger(__name__)


class Outbox:
    """Letters in order, then one thing of each stream that has something, round and round."""

    def __init__(self) -> None:
        self._letters: OrderedDict[Hashable, Wire] = OrderedDict()
        self._ready: dict[Stream, None] = {}
        self._filled = asyncio.Event()
        self._names = count()
        self._sending = False

    def __len__(self) -> int:
        """Letters that wait."""
        return len(self._letters)

    @property
    def idle(self) -> bool:
        """Whether nothing waits and the last thing taken has been sent."""
        return not (self._letters or self._ready or self._sending)

    def post(self, message: Wire, latest: str | None = None) -> None:
        """Queue a message; one of the same `latest` that still waits is replaced."""
        self._letters[next(self._names) if latest is None else latest] = message
        self._filled.set()

    def ready(self, stream: Stream) -> None:
        """`stream` may have something."""
        self._ready[stream] = None
        self._filled.set()

    def drop(self, stream: Stream) -> None:
        """Take nothing more from `stream`."""
        self._ready.pop(stream, None)

    async def next(self) -> Wire | bytes:
        """The next message, once there is one. To ask again is to say that the last one was sent."""
        self._sending = False
        while (item := self._take()) is None:
            self._filled.clear()
            await self._filled.wait()
        self._sending = True
        return item

    def _take(self) -> Wire | bytes | None:
        if self._letters:
            return self._letters.popitem(last=False)[1]
        while self._ready:
            stream = next(iter(self._ready))
            del self._ready[stream]
            try:
                item = stream.take()
            except Exception as error:  # our own fault, which is no reason to part from the client
                log.exception("a stream broke")
                return stream.broken(error)
            if item is not None:
                self._ready[stream] = None  # behind the others
                return item
        return None
