"""From what the engine says to what a client is shown: frames, and candidates with verdicts."""

import asyncio
import math
import time
from collections.abc import Callable

from gpff.chemistry import Verdict
from gpff.plan import Plan
from studio.codec import FLAG_DROPPED, FLAG_FINAL, FLAG_KEY, Frame
from studio.engine.messages import Done, Snapshot
from studio.judge import Judge
from studio.protocol import Candidate

RAN_AWAY = "its forces stopped being finite, or its atoms flew apart"


def frame_of(job: int, seq: int, snapshot: Snapshot, flags: int = 0) -> Frame:
    """A snapshot as a frame of now; `flags` beside those that it brings itself."""
    flags |= FLAG_DROPPED if snapshot.dropped else 0
    flags |= FLAG_KEY if flags & FLAG_FINAL else 0
    return Frame(
        job=job,
        seq=seq,
        step=snapshot.step,
        t_server_us=time.time_ns() // 1000,
        positions=snapshot.positions,
        sigma_hat=snapshot.sigma_hat,
        rms_force=snapshot.rms_force,
        flags=flags,
    )


type Tell = Callable[[int, Verdict, Candidate], None]


async def judged(judge: Judge, plan: Plan, done: Done, tell: Tell | None = None) -> list[Candidate]:
    """Every molecule of a finished run, judged; `tell(sample, verdict, candidate)` as soon as each is known."""

    async def candidate(i: int) -> Candidate:
        atoms = slice(plan.ptr[i], plan.ptr[i + 1])
        numbers, positions = plan.numbers[atoms], done.last.positions[atoms]
        if done.failed[i]:
            verdict = Verdict(False, reason=RAN_AWAY)
        else:
            verdict = await judge.final(numbers, positions)
        result = Candidate(
            numbers=numbers.tolist(),
            positions=positions.tolist(),
            smiles=verdict.smiles,
            valid=verdict.valid,
            reason=verdict.reason,
            bonds=list(verdict.bonds),
            steps=int(done.steps[i]),
            sigma_hat=_finite(done.last.sigma_hat[i]),
            rms_force=_finite(done.last.rms_force[i]),
        )
        if tell is not None:
            tell(i, verdict, result)
        return result

    return list(await asyncio.gather(*(candidate(i) for i in range(plan.n_molecules))))


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
