"""How soon a stream begins and how fast it flows, for one user and for many at once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.server import Server
from benchmarks.wire import Seen, run, user

AT_ONCE = (1, 4, 8, 32)
JOBS = 128  # at least, for each number of streams


@dataclass(frozen=True)
class Streams:
    """Jobs of ``at_once`` users side by side, each with a socket of its own; ``seconds``: all of them took."""

    at_once: int
    jobs: tuple[Seen, ...]
    seconds: float

    @property
    def frames_per_s(self) -> float:
        """Frames that came to all users together, each second."""
        return sum(len(job.frames) for job in self.jobs) / self.seconds


def measure(server: Server, jobs: int = JOBS) -> Iterator[Streams]:
    """For each number of users, ``jobs`` jobs or a little more."""
    asyncio.run(_streams(server, 2, 4))  # not counted
    for at_once in AT_ONCE:
        yield asyncio.run(_streams(server, at_once, jobs))


async def _streams(server: Server, at_once: int, jobs: int) -> Streams:
    rounds = -(-jobs // at_once)

    async def one(i: int) -> list[Seen]:
        async with user(server.port) as connection:
            return [await run(connection, seed=1000 * i + k) for k in range(rounds)]

    began = time.perf_counter()
    seen = await asyncio.gather(*(one(i) for i in range(at_once)))
    seconds = time.perf_counter() - began
    return Streams(at_once, tuple(job for jobs in seen for job in jobs), seconds)
