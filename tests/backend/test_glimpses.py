"""When a running candidate is worth a look: not once it ends anyway before the next look, while others want theirs."""

import asyncio
from typing import Any

import numpy as np
import pytest
from inline import TellingJudge

from gpff.chemistry import Verdict
from studio import glimpses
from studio.codec import Frame
from studio.glimpses import Glimpses

NUMBERS, PTR, STEPS = np.array([6, 1]), np.array([0, 2]), 100


class Clock:
    """Seconds, as the test says."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    monkeypatch.setattr(glimpses, "time", found)
    return found


def frame(step: int, sigma: float = 0.1) -> Frame:
    return Frame(1, step + 1, step, 0, np.zeros((2, 3)), np.full(1, sigma), np.full(1, np.nan))


async def looked(clock: Clock, others: int, per_step_s: float, every_s: float = 0.1) -> list[int]:
    """The steps of a run that were judged."""
    told: list[int] = []
    judge = TellingJudge(lambda z, x: Verdict(True, "C", None, ()))
    judge.pace.jobs = others
    watcher = Glimpses(judge, NUMBERS, PTR, STEPS, lambda sample, verdict, seq: told.append(seq - 1))
    for step in range(1, STEPS + 1):
        clock.now += per_step_s
        watcher.look(frame(step, 1.0 if step < 10 else 0.1))
        for _ in range(3):
            await asyncio.sleep(0)
    watcher.stop()
    assert judge.pace.jobs == others
    return told


async def test_a_run_alone_is_looked_at_until_its_end(clock: Clock) -> None:
    assert await looked(clock, 0, 0.03) == list(range(10, STEPS + 1, 4))


async def test_of_several_none_is_looked_at_that_ends_before_its_next_look(clock: Clock) -> None:
    told = await looked(clock, 1, 0.03)
    assert told[:2] == [10, 14] and told[-1] == 94  # 0.1 s before the end at 0.03 s a step
    assert await looked(clock, 1, 0.0005) == []  # over in half the time of one look


async def test_after_a_rewind_the_pace_is_taken_anew(clock: Clock) -> None:
    told: list[Any] = []
    judge = TellingJudge(lambda z, x: Verdict(True, "C", None, ()))
    judge.pace.jobs = 1
    watcher = Glimpses(judge, NUMBERS, PTR, STEPS, lambda sample, verdict, seq: told.append(seq - 1))
    for step, now in ((10, 0.0), (50, 0.001), (10, 5.0), (50, 9.0)):
        clock.now = now
        watcher.look(frame(step))
        for _ in range(3):
            await asyncio.sleep(0)
    assert told == [10, 10, 50]
