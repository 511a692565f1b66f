"""A user of the socket for the benchmarks: starts jobs, and notes when what came."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from studio.client.story import EVERY_MS
from studio.codec import decode_all

SPEC: dict[str, Any] = {"formula": "C7H8O2", "n_samples": 3, "steps": 64}
"""What the streams are of: 3 candidates of 17 atoms."""


@dataclass(frozen=True)
class Seen:
    """One job as a user saw it: seconds from ``start`` to each frame and to the end, and the end itself."""

    frames: tuple[float, ...]
    end: float
    result: dict[str, Any]

    @property
    def first(self) -> float:
        """Seconds to the first frame."""
        return self.frames[0]

    @property
    def rate(self) -> float:
        """Frames a second, from the first to the last."""
        return (len(self.frames) - 1) / (self.frames[-1] - self.frames[0])


@asynccontextmanager
async def user(port: int) -> AsyncIterator[ClientConnection]:
    """A connection of its own, which takes frames as the page and the client do."""
    options: dict[str, Any] = {"compression": None, "max_size": None, "max_queue": None, "open_timeout": 60}
    async with connect(f"ws://127.0.0.1:{port}/ws", subprotocols=[Subprotocol("gpff.v1")], **options) as connection:
        await connection.send(json.dumps({"type": "hello", "client": "benchmark", "every_ms": EVERY_MS}))
        yield connection


async def run(connection: ClientConnection, seed: int, **changes: Any) -> Seen:
    """One job on a connection that has no other. Raises `RuntimeError` when it ends without a result."""
    began = time.perf_counter()
    await start(connection, "job", seed, **changes)
    frames: list[float] = []
    while True:
        data = await connection.recv()
        if isinstance(data, bytes):
            frames += [time.perf_counter() - began] * len(decode_all(data))
            continue
        message = json.loads(data)
        if message["type"] == "final":
            return Seen(tuple(frames), time.perf_counter() - began, message["result"])
        if message["type"] in ("error", "busy"):
            raise RuntimeError(data)


async def start(connection: ClientConnection, req_id: str, seed: int, **changes: Any) -> None:
    """Ask for a job."""
    spec = {**SPEC, "seed": seed, **changes}
    await connection.send(json.dumps({"type": "start", "req_id": req_id, "spec": spec}))
