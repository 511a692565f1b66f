"""Whether new work is taken, and who must be told when it no longer is."""

import asyncio
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from studio.errors import Draining

RECONNECT_AFTER_S = 2.0
LOOK_EVERY_S = 0.02
COLLECT_S = 5.0  # for who was told to come back, or asks again every second, to fetch the end of a job
GOODBYE_S = 2.0  # for the news of a cancelled job to reach its client

log = logging.getLogger(__name__)


class Guest(Protocol):
    """Someone who is connected."""

    @property
    def idle(self) -> bool:
        """Whether everything that was to be sent has been."""

    def draining(self) -> None:
        """The service is about to end."""


class Work(Protocol):
    """The jobs that have not ended."""

    def __len__(self) -> int: ...

    def close(self) -> None:
        """Cancel all."""


class Door:
    """Open until the service is told to end. A closed door lets in who fetches results, and no new work.

    grace_s: how long the end of a job is kept for someone who lost the connection, or comes to fetch it. Once the door
    is closed, no end is waited for longer than `COLLECT_S`: who has not come by then most likely never will, and what
    is kept goes with the process.
    """

    def __init__(self, grace_s: float = 30.0) -> None:
        self._closed_at: float | None = None
        self._grace_s = grace_s
        self._guests: set[Guest] = set()
        self._owed: dict[str, float] = {}  # jobs whose end no one has had, and since when

    @property
    def closed(self) -> bool:
        """Whether no new work is taken."""
        return self._closed_at is not None

    def check(self) -> None:
        """Raises `Draining` when no new work is taken."""
        if self.closed:
            raise Draining("the service is about to end; ask again in a moment", RECONNECT_AFTER_S)

    @contextmanager
    def guest(self, guest: Guest) -> Iterator[None]:
        """Someone is connected for as long as the block runs."""
        self._guests.add(guest)
        if self.closed:
            guest.draining()
        try:
            yield
        finally:
            self._guests.discard(guest)

    def close(self) -> None:
        """Take no new work, and tell everyone. Once closed it stays closed."""
        if not self.closed:
            self._closed_at = time.monotonic()
            for guest in self._guests:
                guest.draining()

    def owe(self, job: str) -> None:
        """`job` has ended, and no one was there to be told."""
        self._forget_late()
        self._owed[job] = time.monotonic()

    def collected(self, job: str) -> None:
        """Someone has come for the end of `job`."""
        self._owed.pop(job, None)

    @property
    def owed(self) -> int:
        """Jobs whose end someone may still come for."""
        self._forget_late()
        return len(self._owed)

    def _forget_late(self) -> None:
        now = time.monotonic()
        for job in [job for job, since in self._owed.items() if self._is_late(since, now)]:
            del self._owed[job]

    def _is_late(self, since: float, now: float) -> bool:
        if self._closed_at is not None and now >= max(since, self._closed_at) + COLLECT_S:
            return True
        return now >= since + self._grace_s

    @property
    def unsent(self) -> int:
        """Guests to whom something is still to be sent."""
        return sum(not guest.idle for guest in self._guests)


async def drained(door: Door, jobs: Work, patience_s: float) -> bool:
    """Close the door and wait until every job has ended and its end was sent or fetched; whether they all could.

    After `patience_s` the jobs that still run are cancelled, and their clients are told so.
    """
    door.close()
    log.info("draining: %d jobs have %g s to finish", len(jobs), patience_s)
    if await _quiet(door, jobs, patience_s):
        log.info("drained: every job has ended")
        return True
    counts = len(jobs), door.unsent + door.owed
    log.warning("drained for %g s: %d jobs did not finish, the ends of others wait for %d clients", patience_s, *counts)
    jobs.close()
    await _quiet(door, jobs, GOODBYE_S)
    return False


async def _quiet(door: Door, jobs: Work, patience_s: float) -> bool:
    deadline = time.monotonic() + patience_s
    while len(jobs) or door.unsent or door.owed:
        if time.monotonic() >= deadline:
            return False
        await asyncio.sleep(LOOK_EVERY_S)
    return True
