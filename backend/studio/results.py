"""From the last positions of a run to candidates with verdicts."""

import asyncio
import math
from collections.abc import Callable

from gpff.chemistry import Verdict
from gpff.plan import Plan
from studio.engine.messages import Done
from studio.judge import Judge
from studio.protocol import Candidate

RAN_AWAY = "its forces stopped being finite, or its atoms flew apart"


async def judged(
    judge: Judge, plan: Plan, done: Done, tell: Callable[[int, Verdict], None] | None = None
) -> list[Candidate]:
    """Every molecule of a finished run, judged; `tell(sample, verdict)` as soon as each verdict is known."""

    async def candidate(i: int) -> Candidate:
        atoms = slice(plan.ptr[i], plan.ptr[i + 1])
        numbers, positions = plan.numbers[atoms], done.last.positions[atoms]
        if done.failed[i]:
            verdict = Verdict(False, reason=RAN_AWAY)
        else:
            verdict = await judge.final(numbers, positions)
        if tell is not None:
            tell(i, verdict)
        return Candidate(
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

    return list(await asyncio.gather(*(candidate(i) for i in range(plan.n_molecules))))


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
