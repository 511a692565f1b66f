"""What users notice of a death: the pause when the engine is killed, what is lost when the service is told to end."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from dataclasses import dataclass
from itertools import pairwise

import websockets

from benchmarks.load.memory import family, is_engine
from benchmarks.server import Server, serving
from benchmarks.wire import start, user
from studio.codec import decode_all

USERS, KILLS = 4, 5
JOBS_EACH = 12  # when the service is told to end


@dataclass(frozen=True)
class Faults:
    """``pauses``: the longest between two frames of any stream around each kill, seconds. ``broken``: streams whose
    sequence numbers did not rise. Of the jobs ``accepted`` before SIGTERM ``finals`` told their results, in
    ``seconds``.
    """

    pauses: tuple[float, ...]
    broken: int
    accepted: int
    finals: int
    seconds: float


def measure() -> Faults:
    """One service that loses its engine again and again, and one that is told to end under load."""
    with serving() as server:
        pauses, broken = asyncio.run(_kills(server))
    with serving(STUDIO_DRAIN_S="300") as server:
        accepted, finals, seconds = asyncio.run(_end(server))
    return Faults(pauses, broken, accepted, finals, seconds)


async def _kills(server: Server) -> tuple[tuple[float, ...], int]:
    arrivals: list[list[float]] = [[] for _ in range(USERS)]
    seqs: list[list[int]] = [[] for _ in range(USERS)]

    async def watch(i: int) -> None:
        async with user(server.port) as connection:
            await start(connection, "job", i, steps=1024)
            async for data in connection:
                if isinstance(data, bytes):
                    arrived = time.perf_counter()
                    for frame in decode_all(data):
                        arrivals[i].append(arrived)
                        seqs[i].append(frame.seq)
                elif json.loads(data)["type"] == "final":
                    return

    watchers = [asyncio.create_task(watch(i)) for i in range(USERS)]
    killed = []
    for kill in range(KILLS):
        while min(map(len, arrivals)) < 60 * (kill + 1):
            await asyncio.sleep(0.01)
        (engine,) = [pid for pid in family(server.process.pid) if is_engine(pid)]
        killed.append(time.perf_counter())
        os.kill(engine, signal.SIGKILL)
    await asyncio.gather(*watchers)
    broken = sum(told != sorted(set(told)) for told in seqs)
    return tuple(max(_gap(times, at) for times in arrivals) for at in killed), broken


def _gap(times: list[float], at: float) -> float:
    """From a kill at ``at`` to the end of the longest silence that began in the quarter of a second after it."""
    pairs = [(a, b) for a, b in pairwise(times) if b > at and a < at + 0.25]
    return max(pairs, key=lambda pair: pair[1] - pair[0])[1] - at


async def _end(server: Server) -> tuple[int, int, float]:
    accepted, finals = 0, 0

    async def listen() -> None:
        nonlocal accepted, finals
        async with user(server.port) as connection:
            for i in range(JOBS_EACH):
                await start(connection, f"r{i}", i)
            try:
                async for data in connection:
                    if isinstance(data, str):
                        kind = json.loads(data)["type"]
                        accepted += kind == "accepted"
                        finals += kind == "final"
            except websockets.ConnectionClosed:
                pass

    listeners = [asyncio.create_task(listen()) for _ in range(USERS)]
    while accepted < USERS * JOBS_EACH:
        await asyncio.sleep(0.01)
    began = time.perf_counter()
    server.process.send_signal(signal.SIGTERM)
    await asyncio.gather(*listeners)
    await asyncio.to_thread(server.process.wait)
    return accepted, finals, time.perf_counter() - began
