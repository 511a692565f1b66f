"""Valid molecules a second, from the socket to the verdict, at 16 network evaluations each."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

import numpy as np

from benchmarks.server import Server
from benchmarks.wire import run, user
from gpff.composition import formula
from gpff.data import load

USERS, ROUNDS, CANDIDATES, STEPS = 8, 6, 8, 16


@dataclass(frozen=True)
class Yield:
    """Candidates that were made in ``seconds``, and those of them that are molecules."""

    made: int
    valid: int
    seconds: float


def measure(server: Server) -> Yield:
    """Compositions are those of held-out molecules of QM9."""
    data = load().subset("test")
    chosen = np.random.default_rng(0).integers(0, len(data), USERS * ROUNDS)
    return asyncio.run(_measure(server, [formula(data[int(i)][0]) for i in chosen]))


async def _measure(server: Server, formulas: list[str]) -> Yield:
    async def one(mine: list[str]) -> list[bool]:
        async with user(server.port) as connection:
            jobs = [
                await run(connection, seed=i, formula=name, n_samples=CANDIDATES, steps=STEPS, stride=STEPS)
                for i, name in enumerate(mine)
            ]
        return [candidate["valid"] for job in jobs for candidate in job.result["candidates"]]

    await one(formulas[:1])  # not counted
    began = time.perf_counter()
    verdicts = [
        valid for part in await asyncio.gather(*(one(formulas[i::USERS]) for i in range(USERS))) for valid in part
    ]
    return Yield(len(verdicts), sum(verdicts), time.perf_counter() - began)
