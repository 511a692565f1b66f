"""What sharing calls of the network is worth: the same service with all jobs side by side, and one after the other."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from benchmarks.server import Server, serving
from benchmarks.wire import run, user

USERS, ROUNDS = 8, 15


@dataclass(frozen=True)
class Throughput:
    """Jobs of ``USERS`` users at once, each second: sharing calls, and one at a time."""

    batched: float
    one_at_a_time: float

    @property
    def ratio(self) -> float:
        """How many times more."""
        return self.batched / self.one_at_a_time


def measure() -> Throughput:
    """Two services, one after the other, that differ in how many jobs may run at once."""
    with serving() as server:
        batched = asyncio.run(_jobs_per_s(server))
    with serving(STUDIO_MAX_RUNNING="1") as server:
        return Throughput(batched, asyncio.run(_jobs_per_s(server)))


async def _jobs_per_s(server: Server) -> float:
    async def one(i: int, rounds: int) -> None:
        async with user(server.port) as connection:
            for k in range(rounds):
                await run(connection, seed=1000 * i + k)

    await one(0, 1)  # not counted
    began = time.perf_counter()
    await asyncio.gather(*(one(i, ROUNDS) for i in range(USERS)))
    return USERS * ROUNDS / (time.perf_counter() - began)
