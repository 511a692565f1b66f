"""Verdicts on the way: what may be a molecule already is judged, one frame at a time and not too often."""

import asyncio
import logging
import math
import time
from collections.abc import Callable

from gpff.chemistry import Verdict
from gpff.molecules import Ints
from studio.codec import Frame
from studio.judge import Judge

log = logging.getLogger(__name__)

GLIMPSE_SIGMA = 0.3  # Å; above it the atoms are a cloud, and to ask for bonds is idle


class Glimpses:
    """`tell(sample, verdict, seq)` hears of every verdict, with the sequence number of the frame it is about.

    numbers [n_atoms], ptr [n_samples + 1]: of the frames to come. steps: of the whole run.
    """

    def __init__(
        self, judge: Judge, numbers: Ints, ptr: Ints, steps: int, tell: Callable[[int, Verdict, int], None]
    ) -> None:
        self._judge = judge
        self._numbers = numbers
        self._ptr = ptr
        self._steps = steps
        self._tell = tell
        self._since: tuple[int, float] | None = None  # a step, and when it was
        self._task: asyncio.Task[None] | None = None
        self._at = -math.inf
        self._counted = False

    def look(self, frame: Frame) -> None:
        """Judge `frame`, unless another one is being judged or was a moment ago."""
        if frame.step == 0 or self._task is not None:
            return
        now = time.monotonic()
        if self._since is None or frame.step <= self._since[0]:
            self._since = frame.step, now
        if now - self._at < self._judge.pace.every_s:
            return
        formed = [i for i, sigma in enumerate(frame.sigma_hat) if sigma < GLIMPSE_SIGMA]
        if formed and not self._counted:
            self._counted = True
            self._judge.pace.jobs += 1
        if formed and not self._ends_soon(frame.step, now):
            self._at = now
            self._task = asyncio.create_task(self._judge_frame(frame, formed))

    def _ends_soon(self, step: int, now: float) -> bool:
        """Whether the end, which is judged in any case, comes before another glimpse would, and others want theirs."""
        if self._judge.pace.jobs < 2 or self._since is None or step == self._since[0]:
            return False
        from_step, since = self._since
        return (now - since) * (self._steps - step) < self._judge.pace.every_s * (step - from_step)

    def stop(self) -> None:
        """Say nothing more."""
        if self._task is not None:
            self._task.cancel()
        if self._counted:
            self._counted = False
            self._judge.pace.jobs -= 1

    async def _judge_frame(self, frame: Frame, samples: list[int]) -> None:
        try:
            with self._judge.pace.glimpse():
                for i in samples:
                    atoms = slice(self._ptr[i], self._ptr[i + 1])
                    verdict = await self._judge.glimpse(self._numbers[atoms], frame.positions[atoms])
                    self._tell(i, verdict, frame.seq)
        except Exception:  # the run goes on, and its end is judged anyway
            log.exception("frame %d of job %d could not be judged", frame.seq, frame.job)
        finally:
            self._task = None
