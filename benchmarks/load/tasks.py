"""What the clients of the load test ask for, who of them misbehaves how, and what each must be told. No I/O.

Shares are exact and spread evenly: the visitor, job or message of every so-many-th number.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from benchmarks.load.springs import NUMBERS, Springs
from gpff.molecules import Floats
from gpff.plan import compile
from gpff.samplers import advance, evaluate, finished, init, propose
from gpff.spec import Limits
from studio.protocol import GenerateSpec
from studio.specs import to_spec

FORMULAS = tuple(NUMBERS)
JOBS_EACH = 4  # of one visitor, at once
SLOW_EVERY, BREAK_EVERY, CANCEL_EVERY, MALFORMED_EVERY = 10, 20, 50, 100

type Pace = Literal["quick", "stalls", "acknowledges late"]
"""How a visitor reads: at once; with pauses, from a small receive buffer; or with a window that it opens late."""


@dataclass(frozen=True)
class Task:
    """One job. ``index`` is its seed, so that no two are alike; ``cancel_at``: frames after which it is cancelled."""

    index: int
    formula: str
    n_samples: int
    steps: int
    cancel_at: int | None = None

    @property
    def spec(self) -> dict[str, object]:
        """As it goes over the wire."""
        return {"formula": self.formula, "n_samples": self.n_samples, "steps": self.steps, "seed": self.index}

    @property
    def numbers(self) -> list[int]:
        """Atoms of all candidates."""
        return NUMBERS[self.formula] * self.n_samples

    def path(self) -> Iterator[Floats]:
        """Where its atoms are after every step, from step 0 on: ``[n_atoms, 3]`` Å, worked out here and now."""
        plan = compile(to_spec(GenerateSpec.model_validate(self.spec), self.index, Limits()))
        springs, state = Springs(), init(plan)
        yield state.positions
        while not finished(plan, state):
            x = propose(plan, state)
            state = advance(plan, state, x, evaluate(springs, plan, state, x))
            yield state.positions


@dataclass(frozen=True)
class Visit:
    """What one connection does. ``break_at``: messages after which it breaks, to come back for its jobs."""

    number: int
    tasks: tuple[Task, ...]
    pace: Pace = "quick"
    break_at: int | None = None
    malformed: tuple[tuple[str | bytes, str], ...] = ()


def start(spec: dict[str, object], req_id: str) -> str:
    """The message that asks for a job."""
    return json.dumps({"type": "start", "req_id": req_id, "spec": spec})


MALFORMED: tuple[tuple[str | bytes, str], ...] = (
    ('{"type": "start"', "bad_json"),
    ("[]", "bad_message"),
    ('{"type": "begin", "req_id": "bad"}', "bad_message"),
    (b"\x00\x01", "binary"),
    (start({"formula": "Xx9"}, "bad"), "invalid"),
    (start({"formula": "CH4", "steps": 0}, "bad"), "invalid"),
    (start({"formula": "CH4", "n_samples": 10**6}, "bad"), "over_limit"),
    ('{"type": "resume", "job": "1", "req_id": "bad"}', "unknown_job"),
    ('{"type": "ping", "' + "x" * 70_000 + '": 1}', "too_large"),
)
"""Messages that no client should send, and the code of the answer."""


def visits(n_jobs: int) -> list[Visit]:
    """``n_jobs`` jobs, ``JOBS_EACH`` to a visit."""
    return [_visit(v, range(first, min(first + JOBS_EACH, n_jobs))) for v, first in enumerate(_firsts(n_jobs))]


def _firsts(n_jobs: int) -> Sequence[int]:
    return range(0, n_jobs, JOBS_EACH)


def _visit(number: int, jobs: Sequence[int]) -> Visit:
    pace: Pace = "quick"
    if number % SLOW_EVERY == 3:
        pace = "stalls" if number // SLOW_EVERY % 2 else "acknowledges late"
    bad = [i for i in jobs if i % MALFORMED_EVERY == 5]
    return Visit(
        number,
        tuple(_task(i, pace) for i in jobs),
        pace,
        break_at=JOBS_EACH + 3 + number % 11 if number % BREAK_EVERY == 7 else None,
        malformed=tuple(MALFORMED[i // MALFORMED_EVERY % len(MALFORMED)] for i in bad),
    )


def _task(i: int, pace: Pace) -> Task:
    if i % CANCEL_EVERY == 9:  # long enough that the cancellation comes in time
        return Task(i, "CH4", 2, 1000, cancel_at=1 + i % 3)
    if pace == "stalls":  # frames large enough to fill what lies between the two processes
        return Task(i, "C2H6O", 16, 40)
    steps = 30 if pace == "acknowledges late" else 4 + i % 9
    return Task(i, FORMULAS[i // 3 % len(FORMULAS)], 1 + i % 3, steps)


def far_apart(positions: Floats, expected: Floats) -> float:
    """Largest deviation of any coordinate, Å; infinite when the shapes differ."""
    if positions.shape != expected.shape:
        return float("inf")
    return float(np.abs(positions - expected).max())
