"""Verdicts off the hot path: bonds are perceived in killable processes, awaited from the event loop.

Finished candidates and glimpses of running ones have workers of their own, so that a hopeless intermediate
geometry never keeps a result waiting.
"""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from gpff.chemistry import BondWorkers, Verdict
from gpff.molecules import Ints

GLIMPSE_TIMEOUT_S = 1.0
GLIMPSE_EVERY_S = 0.1
GLIMPSE_SHARE = 0.2
"""Of one core's time, at most, is for glimpses, whoever's: results and frames come first."""
CRASHED = "bond perception crashed"  # the reason that `BondWorkers` gives when a process died under a molecule


class Pace:
    """How often running jobs may be glimpsed: the more of them there are and the longer it takes, the rarer."""

    def __init__(self) -> None:
        self.jobs = 0
        self._took_s = 0.0

    @property
    def every_s(self) -> float:
        """From one glimpse of a job to its next."""
        return max(GLIMPSE_EVERY_S, self.jobs * self._took_s / GLIMPSE_SHARE)

    @contextmanager
    def glimpse(self) -> Iterator[None]:
        """Times one glimpse of a job, in which all of its formed candidates are judged."""
        began = time.monotonic()
        try:
            yield
        finally:
            self._took_s += (time.monotonic() - began - self._took_s) / 4  # the last few count


class Judge:
    """Two pools of `BondWorkers`. `timeout_s` and `memory_mb` are for one molecule."""

    def __init__(self, n_workers: int, timeout_s: float, memory_mb: int) -> None:
        self.pace = Pace()
        self._finals = BondWorkers(n_workers, timeout_s, memory_mb)
        self._glimpses = BondWorkers(1, min(timeout_s, GLIMPSE_TIMEOUT_S), memory_mb)

    async def final(self, numbers: Ints, positions: NDArray[np.floating]) -> Verdict:
        """The verdict on a finished candidate: numbers [n], positions [n, 3] Å."""
        return await _answer(self._finals, numbers, positions)

    async def glimpse(self, numbers: Ints, positions: NDArray[np.floating]) -> Verdict:
        """The verdict on a candidate under way."""
        return await _answer(self._glimpses, numbers, positions)

    def warm_up(self) -> None:
        """Start the processes now, so that the first result does not wait for them."""
        for workers in (self._finals, self._glimpses):
            workers.submit([1, 1], [[0.0, 0.0, 0.0], [0.0, 0.0, 0.74]])

    async def close(self) -> None:
        """Kill the processes. Calls that still wait are answered with a verdict that says so."""
        await asyncio.gather(*(asyncio.to_thread(workers.close) for workers in (self._finals, self._glimpses)))


async def _answer(workers: BondWorkers, numbers: Ints, positions: NDArray[np.floating]) -> Verdict:
    """A verdict in any case. Asked twice when a worker died: that may have had nothing to do with the molecule."""
    verdict = await _ask(workers, numbers, positions)
    return await _ask(workers, numbers, positions) if verdict.reason == CRASHED else verdict


async def _ask(workers: BondWorkers, numbers: Ints, positions: NDArray[np.floating]) -> Verdict:
    try:
        return await asyncio.wrap_future(workers.submit(numbers, positions))
    except (RuntimeError, OSError) as error:  # the workers cannot start, or are closed
        return Verdict(False, reason=f"bond perception failed ({error})")
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        return Verdict(False, reason="bond perception failed (the workers were closed)")  # they cancel what waits
