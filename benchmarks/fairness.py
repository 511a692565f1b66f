"""What a light user notices of a heavy one: the first frame of small jobs, alone and while 64 jobs of another wait."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import numpy as np
from websockets.asyncio.client import ClientConnection

from benchmarks.server import Server, serving
from benchmarks.wire import run, start, user

QUEUED = 64  # jobs of the heavy user, always
JOBS, STEPS = 150, 8  # of the light user, each time
PAUSE_S = 0.1  # between them, on average


@dataclass(frozen=True)
class Fairness:
    """Seconds to the first frame of each job of the light user: alone, and beside the heavy one."""

    idle: tuple[float, ...]
    loaded: tuple[float, ...]

    @property
    def ratio(self) -> float:
        """Of the 99th percentiles."""
        return float(np.percentile(self.loaded, 99) / np.percentile(self.idle, 99))


def measure() -> Fairness:
    """One service; the heavy user may have so many jobs at once."""
    # nobody comes back for the heavy user's last jobs
    with serving(STUDIO_MAX_JOBS_PER_CLIENT=str(QUEUED), STUDIO_GRACE_S="0.5") as server:
        return asyncio.run(_measure(server))


async def _measure(server: Server) -> Fairness:
    await _light(server, 5)  # not counted
    idle = await _light(server, JOBS)
    async with _heavy(server):
        return Fairness(idle, await _light(server, JOBS))


async def _light(server: Server, jobs: int) -> tuple[float, ...]:
    rng = np.random.default_rng(0)
    firsts = []
    async with user(server.port) as connection:
        for k in range(jobs):
            firsts.append((await run(connection, seed=k, steps=STEPS)).first)
            await asyncio.sleep(float(rng.uniform(0.0, 2.0 * PAUSE_S)))
    return tuple(firsts)


@asynccontextmanager
async def _heavy(server: Server) -> AsyncIterator[None]:
    """For as long as the block runs, ``QUEUED`` jobs of another user that have not ended."""
    async with user(server.port) as connection:
        for i in range(QUEUED):
            await start(connection, f"r{i}", seed=i)
        keeper = asyncio.create_task(_keep_up(connection))
        await asyncio.sleep(1.0)
        try:
            yield
        finally:
            if keeper.done():
                keeper.result()
            keeper.cancel()
            with suppress(asyncio.CancelledError):
                await keeper


async def _keep_up(connection: ClientConnection) -> None:
    begun = QUEUED
    async for data in connection:
        if isinstance(data, bytes):
            continue
        message = json.loads(data)
        if message["type"] == "final":
            begun += 1
            await start(connection, f"r{begun}", seed=begun)
        elif message["type"] in ("error", "busy"):
            raise RuntimeError(data)
