"""What was asked before: which job each idempotency key has started, and which wishes a job has acted on.

A receipt is kept for as long as its job is, within the same bound of memory, and belongs to one owner.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

from gpff.errors import InputError

HEADER = "Idempotency-Key"
MAX_KEY = 255
MAX_NAMES = 256  # of wishes; far more than may be under way when a connection breaks


class Numbered(Protocol):
    """A job, as far as its receipt knows it."""

    number: int


class Receipts[J: Numbered]:
    """`kept`: whether the job of a number still is."""

    def __init__(self, kept: Callable[[int], bool]) -> None:
        self._kept = kept
        self._receipts: dict[tuple[str, str], tuple[bytes, asyncio.Task[J]]] = {}
        self._names: dict[int, tuple[str, str]] = {}

    def __len__(self) -> int:
        return len(self._receipts)

    async def once(self, owner: str, key: str, request: bytes, start: Callable[[], Awaitable[J]]) -> tuple[J, bool]:
        """The job that `key` stands for, and whether it is new: `start` is called for the first of equal requests.

        `request`: a digest of what is asked for. Raises `InputError` when the key came with another one before, and
        what `start` raises: the key is free again then. When a waiting caller gives up, the start goes on.
        """
        name = owner, key
        found = self._receipts.get(name)
        if found is None:
            task = asyncio.create_task(self._start(name, start))
            self._receipts[name] = request, task
            return await asyncio.shield(task), True
        if found[0] != request:
            raise InputError(f"header.{HEADER.lower()}", "a new key for a new request", "the key of another request")
        return await asyncio.shield(found[1]), False

    def forget(self, number: int) -> None:
        """The job of this number is no longer kept."""
        name = self._names.pop(number, None)
        if name is not None:
            del self._receipts[name]

    async def _start(self, name: tuple[str, str], start: Callable[[], Awaitable[J]]) -> J:
        try:
            job = await start()
        except BaseException:
            del self._receipts[name]
            raise
        if self._kept(job.number):
            self._names[job.number] = name
        else:  # it was refused at once
            del self._receipts[name]
        return job


class Names:
    """The newest names of wishes that a job has acted on."""

    def __init__(self) -> None:
        self._names: dict[str, None] = {}  # in the order in which they came

    def __contains__(self, name: str) -> bool:
        return name in self._names

    def add(self, name: str) -> None:
        self._names[name] = None
        if len(self._names) > MAX_NAMES:
            del self._names[next(iter(self._names))]
