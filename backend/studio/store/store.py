"""The designs as the endpoints see them: asked from the event loop, answered by threads."""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Concatenate

from studio.errors import StoreError
from studio.store.bounds import Bounds
from studio.store.database import CONNECTIONS, Database
from studio.store.designs import Designs

MAX_PRESENT = 128  # requests that are being worked on or wait for it
WATCH_S = 5.0

log = logging.getLogger(__name__)


class Store:
    """Designs in the database at `url`, see `Database`. Raises `InputError` for a URL of none.

    Its threads are its own: a database that hangs holds up nobody else. `trouble`: why designs cannot be read and
    saved now, in words; None when they can, as far as is known.
    """

    def __init__(self, url: str, bounds: Bounds | None = None, timeout_s: float = 5.0) -> None:
        self.database = Database(url, timeout_s)
        self.trouble: str | None = "the database of designs has not been reached yet"
        self._designs = Designs(self.database, bounds)
        self._threads = ThreadPoolExecutor(CONNECTIONS, thread_name_prefix="store")
        self._present = 0
        self._watching: asyncio.Task[None] | None = None

    def open(self, watch_s: float = WATCH_S) -> None:
        """Reach the database, without anyone waiting for it, and look every `watch_s` whether it is there."""
        self._watching = asyncio.create_task(self._watch(watch_s), name="store")

    async def ask[**P, T](self, question: Callable[Concatenate[Designs, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """A method of `Designs`, such as ``ask(Designs.read, owner, id)``. Raises what that does."""
        return await self._run(lambda: question(self._designs, *args, **kwargs))

    async def close(self) -> None:
        """Finish what has begun, and let the database go."""
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)
        await asyncio.to_thread(self._threads.shutdown)
        self.database.close()

    async def _watch(self, watch_s: float) -> None:
        known: str | None = None
        while True:
            try:
                await self._threaded(self.database.check)
                self.trouble = None
            except StoreError as error:
                self.trouble = str(error)
            except Exception as error:
                self.trouble = "the database of designs failed in a way that was not foreseen"
                log.error("designs", exc_info=error)
            if self.trouble != known:
                level, words = (logging.INFO, "can be saved") if self.trouble is None else (logging.ERROR, self.trouble)
                log.log(level, "designs: %s", words)
            known = self.trouble
            await asyncio.sleep(watch_s)

    async def _run[T](self, work: Callable[[], T]) -> T:
        if self._present >= MAX_PRESENT:
            raise StoreError("too many requests wait for the database of designs: ask again in a moment")
        self._present += 1
        try:
            return await self._threaded(work)
        finally:
            self._present -= 1

    async def _threaded[T](self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)
