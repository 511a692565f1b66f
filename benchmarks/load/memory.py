"""How much memory the service's processes hold while it works: samples from /proc, and their slope."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

EVERY_S = 0.5
ROLES = ("web", "engine", "others")


@dataclass(frozen=True)
class Sample:
    """Resident MB of the web process, the engine and all others (bonds, files, what engines are forked from), and open
    descriptors of the web process, after so many ``jobs``."""

    seconds: float
    jobs: int
    web: float
    engine: float
    others: float
    descriptors: int


def family(pid: int) -> list[int]:
    """A process and all its descendants, parents first."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    threads = [t for t in os.listdir(f"/proc/{pid}/task") if int(t) != pid]
    for thread in threads:  # a child belongs to the thread that started it
        with suppress(OSError):
            children += Path(f"/proc/{pid}/task/{thread}/children").read_text().split()
    return [pid, *(other for child in children for other in family(int(child)))]


def is_engine(pid: int) -> bool:
    """Whether this is the engine: it is forked from a nursery, and so are named alike."""
    return _is_nursery(pid) and _is_nursery(_parent(pid))


def sample(pid: int, jobs: int, began: float) -> Sample:
    """How the service whose web process is ``pid`` stands now."""
    engine, others = 0.0, 0.0
    for member in family(pid)[1:]:
        if is_engine(member):
            engine += _resident(member)
        else:
            others += _resident(member)
    descriptors = len(os.listdir(f"/proc/{pid}/fd"))
    return Sample(time.monotonic() - began, jobs, _resident(pid), engine, others, descriptors)


async def watch(pid: int, jobs: Callable[[], int], samples: list[Sample]) -> None:
    """Append a sample every ``EVERY_S`` seconds until cancelled; ``jobs()`` are those that have ended."""
    began = time.monotonic()
    while True:
        samples.append(sample(pid, jobs(), began))
        await asyncio.sleep(EVERY_S)


def slope(samples: Sequence[Sample], role: str) -> float:
    """MB for each 1,000 jobs, by least squares over the second half of the jobs."""
    late = [s for s in samples if s.jobs >= samples[-1].jobs / 2]
    jobs = np.array([s.jobs for s in late], dtype=np.float64)
    if len(late) < 3 or np.ptp(jobs) == 0:
        return 0.0
    return 1000.0 * float(np.polyfit(jobs, [getattr(s, role) for s in late], 1)[0])


def _resident(pid: int) -> float:
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, IndexError):
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def _parent(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rsplit(")")[-1].split()[1])
    except OSError:
        return 0


def _is_nursery(pid: int) -> bool:
    try:
        return b"nursery.main" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
