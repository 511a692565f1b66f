"""All visitors of the load test against one service, and what came of it."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.load import memory
from benchmarks.load.memory import Sample
from benchmarks.load.record import Record
from benchmarks.load.tasks import visits
from benchmarks.load.visitor import Visitor
from benchmarks.server import Server, serving

AT_ONCE = 40
RETAIN_MB = 48  # so that the bound on what is kept is reached early, and memory has a level to stay at
SETTLE_S = 20.0  # for the service to see that everyone has left


@dataclass(frozen=True)
class Outcome:
    """Counts of a whole run. ``left``: jobs and sockets that the service still counted when everyone had gone."""

    visitors: list[Visitor]
    samples: list[Sample]
    seconds: float
    left: float
    restarts: float
    dropped: float

    @property
    def records(self) -> list[Record]:
        """Of all jobs."""
        return [record for visitor in self.visitors for record in visitor.records]

    @property
    def ends(self) -> Counter[str]:
        """How the jobs ended."""
        return Counter(record.end or "lost" for record in self.records)

    @property
    def lost(self) -> int:
        """Jobs whose end nobody was told."""
        return self.ends["lost"]

    @property
    def duplicates(self) -> int:
        """Sequence numbers that came twice, or went back."""
        return sum(record.duplicates for record in self.records)

    @property
    def crosstalk(self) -> int:
        """Frames, topologies and results whose atoms are not those of their job."""
        return sum(record.crosstalk for record in self.records)

    def faults(self) -> Iterator[str]:
        """Everything that must not be, in words."""
        for visitor in self.visitors:
            yield from (f"visit {visitor.visit.number} ({visitor.visit.pace}): {fault}" for fault in visitor.faults)
            for record in visitor.records:
                yield from (f"job {record.task.index} ({record.job}): {fault}" for fault in record.faults)
                if record.lost:
                    yield f"job {record.task.index} ({record.job}): its end never came"
        if self.left:
            yield f"{self.left:.0f} jobs or sockets were left when everyone had gone"


def run(n_jobs: int, at_once: int = AT_ONCE, progress: bool = False) -> Outcome:
    """``n_jobs`` jobs against a service of their own, ``at_once`` visitors at a time; SIGTERM ends it."""
    settings = {"STUDIO_ENGINE_FACTORY": "benchmarks.load.springs:load", "STUDIO_RETAIN_MB": str(RETAIN_MB)}
    with serving(**settings) as server:
        return asyncio.run(_run(server, n_jobs, at_once, progress))


async def _run(server: Server, n_jobs: int, at_once: int, progress: bool) -> Outcome:
    visitors = [Visitor(visit, server.port) for visit in visits(n_jobs)]
    queue = iter(visitors)
    ended = 0
    samples: list[Sample] = []
    began = time.monotonic()

    async def keep_coming() -> None:
        nonlocal ended
        for visitor in queue:
            await visitor.run()
            before, ended = ended, ended + len(visitor.records)
            if progress and before // 1000 < ended // 1000:
                last = samples[-1]
                print(
                    f"{ended} jobs, {last.seconds:.0f} s, web {last.web:.0f} MB, engine {last.engine:.0f} MB",
                    flush=True,
                )

    watcher = asyncio.create_task(memory.watch(server.process.pid, lambda: ended, samples))
    await asyncio.gather(*(keep_coming() for _ in range(at_once)))
    seconds = time.monotonic() - began
    left = await _left(server)
    samples.append(memory.sample(server.process.pid, ended, began))
    watcher.cancel()
    restarts = await asyncio.to_thread(server.metric, "studio_engine_restarts")
    dropped = await asyncio.to_thread(server.metric, "studio_frames_dropped_total")
    return Outcome(visitors, samples, seconds, left, restarts, dropped)


async def _left(server: Server) -> float:
    """Unfinished jobs and open sockets, once there are none or after a while."""
    deadline = time.monotonic() + SETTLE_S
    while True:
        jobs = await asyncio.to_thread(server.metric, "studio_jobs_unfinished")
        left = jobs + await asyncio.to_thread(server.metric, "studio_sockets")
        if not left or time.monotonic() > deadline:
            return left
        await asyncio.sleep(0.2)
