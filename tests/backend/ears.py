"""Jobs for an engine in a process of its own, and an ear for what it says of them."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from gpff.plan import compile
from gpff.spec import Spec
from studio.app import local_engine
from studio.engine.home import EngineState
from studio.engine.local import LocalEngine
from studio.engine.messages import Cancelled, Crashed, Done, Expired, JobEvent, Refused, Snapshot, Start
from studio.settings import Settings


def start(job: int, formula: str = "CH4", steps: int = 5) -> Start:
    return Start(job, "client", compile(Spec.from_formula(formula, steps=steps, seed=job)))


@asynccontextmanager
async def living(options: Settings) -> AsyncIterator[LocalEngine]:
    """An engine with its model loaded."""
    engine = local_engine(options)
    await engine.start()
    await until(engine, EngineState.READY)
    try:
        yield engine
    finally:
        await engine.close()


class Ear:
    """Hears one job."""

    def __init__(self) -> None:
        self.events: list[JobEvent] = []
        self.ended = asyncio.Event()

    def __call__(self, event: JobEvent) -> None:
        self.events.append(event)
        if isinstance(event, Done | Cancelled | Crashed | Expired | Refused):
            self.ended.set()

    @property
    def steps(self) -> list[int]:
        """Of the snapshots so far."""
        return [event.step for event in self.events if isinstance(event, Snapshot)]

    async def reaches(self, step: int) -> None:
        """Wait for a snapshot of this step, or of a later one."""
        async with asyncio.timeout(20):
            while not any(seen >= step for seen in self.steps):
                await asyncio.sleep(0.002)

    async def end(self) -> JobEvent:
        await asyncio.wait_for(self.ended.wait(), 20)
        return self.events[-1]


async def until(engine: LocalEngine, state: EngineState) -> None:
    async with asyncio.timeout(20):
        while engine.state is not state:
            await asyncio.sleep(0.01)


def kill(engine: LocalEngine) -> None:
    """End the engine's process as the kernel does when memory runs out."""
    assert engine.pid is not None
    os.kill(engine.pid, signal.SIGKILL)
