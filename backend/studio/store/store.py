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

log = logging.getLogger(__name__)


class Store:
    """Designs in the database at `url`, see `Database`. Raises `InputError` for a URL of none.

    Its threads are its own: a database that hangs holds up nobody else.
    """

    def __init__(self, url: str, bounds: Bounds | None = None, timeout_s: float = 5.0) -> None:
        self.database = Database(url, timeout_s)
        self.ready = False  # whether the database has been reached, and its tables are up to date
        self._designs = Designs(self.database, bounds)
        self._threads = ThreadPoolExecutor(CONNECTIONS, thread_name_prefix="store")
        self._present = 0

    async def open(self) -> None:
        """Reach the database. When it cannot be, that is logged, and every request tries again."""
        try:
            await self._run(self.database.prepare)
            self.ready = True
        except StoreError as error:
            log.error("designs cannot be saved for now: %s", error)

    async def ask[**P, T](self, question: Callable[Concatenate[Designs, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """A method of `Designs`, such as ``ask(Designs.read, owner, id)``. Raises what that does."""
        answer = await self._run(lambda: question(self._designs, *args, **kwargs))
        self.ready = True
        return answer

    async def close(self) -> None:
        """Finish what has begun, and let the database go."""
        await asyncio.to_thread(self._threads.shutdown)
        self.database.close()

    async def _run[T](self, work: Callable[[], T]) -> T:
        if self._present >= MAX_PRESENT:
            raise StoreError("too many requests wait for the database of designs: ask again in a moment")
        self._present += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._present -= 1
