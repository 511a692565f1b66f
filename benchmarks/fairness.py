"""What a light user notices of a heavy one: the first frame of small jobs, alone and while 64 jobs of another wait.

The heavy user is a process of its own (``python -m benchmarks.fairness PORT``): what it does with what it gets must not
be in the light user's way.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from benchmarks.server import READY_S, ROOT, Server, serving
from benchmarks.wire import run, start, user

QUEUED = 64  # jobs of the heavy user, always
JOBS, STEPS = 400, 4  # of the light user, each time: the 99th percentile leaves four jobs above it
PAUSE_S = 0.05  # between them, on average


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
        asyncio.run(_light(server, 5))  # not counted
        idle = asyncio.run(_light(server, JOBS))
        with _heavy(server):
            return Fairness(idle, asyncio.run(_light(server, JOBS)))


async def _light(server: Server, jobs: int) -> tuple[float, ...]:
    rng = np.random.default_rng(0)
    firsts = []
    async with user(server.port) as connection:
        for k in range(jobs):
            firsts.append((await run(connection, seed=k, steps=STEPS)).first)
            await asyncio.sleep(float(rng.uniform(0.0, 2.0 * PAUSE_S)))
    return tuple(firsts)


@contextmanager
def _heavy(server: Server) -> Iterator[None]:
    """For as long as the block runs, ``QUEUED`` jobs of another user that have not ended."""
    heavy = subprocess.Popen([sys.executable, "-m", "benchmarks.fairness", str(server.port)], cwd=ROOT)
    try:
        deadline = time.monotonic() + READY_S
        while server.metric("studio_jobs_unfinished") < QUEUED and time.monotonic() < deadline:
            time.sleep(0.1)
        time.sleep(1.0)
        yield
        if (code := heavy.poll()) is not None:
            raise RuntimeError(f"the heavy user ended with exit code {code}")
    finally:
        heavy.kill()
        heavy.wait()


async def _keep_up(port: int) -> None:
    """A job for each that has ended, for ever."""
    async with user(port) as connection:
        for begun in range(QUEUED):
            await start(connection, f"r{begun}", seed=begun)
        async for data in connection:
            if isinstance(data, bytes):
                continue
            message = json.loads(data)
            if message["type"] == "final":
                begun += 1
                await start(connection, f"r{begun}", seed=begun)
            elif message["type"] in ("error", "busy"):
                raise RuntimeError(data)


if __name__ == "__main__":
    asyncio.run(_keep_up(int(sys.argv[1])))
