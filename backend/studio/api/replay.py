"""Running what a node of a design came from once more, to see that the same molecules come of it."""

from itertools import zip_longest

import numpy as np
from fastapi import Request

from studio.api.following import following, start, unless_gone
from studio.api.state import services
from studio.design_types import REPLAY_TOLERANCE, Node, Replay, ReplayedCandidate, SavedCandidate
from studio.errors import Conflict
from studio.protocol import Candidate, GenerateResult, GenerateSpec


async def replayed(node: Node, request: Request) -> Replay:
    """Run it, and compare. Raises `Conflict` for a node that cannot be run again, and what a job may end with."""
    shared = services(request)
    spec = spec_of(node, None if shared.engine.model is None else shared.engine.model.hash)
    job, _ = await start(request, spec, None, "interactive", None)
    with following(shared.jobs, job, alone=True) as answer:
        result = await unless_gone(request, answer.ended())
    return compared(node.candidates, result)


def spec_of(node: Node, model: str | None) -> GenerateSpec:
    """What to run. `model`: the hash of the weights at work, where there are any. Raises `Conflict`."""
    if node.spec is None or not node.candidates:
        raise Conflict("nothing was generated at this node: it has no spec or no candidates")
    seed = node.spec.seed if node.seed is None else node.seed
    if seed is None:
        raise Conflict("the seed of this node's run was not kept")
    if not node.reproducible:
        raise Conflict("this node's run was steered, branched or relaxed: its spec and seed do not bring it back")
    if model is not None and node.model is not None and node.model != model:
        raise Conflict(f"this node was made by the model {node.model[:12]}, here runs {model[:12]}")
    return node.spec.model_copy(update={"seed": seed})


def compared(kept: list[SavedCandidate], result: GenerateResult) -> Replay:
    """How far what came now is from what was kept."""
    pairs = zip_longest(kept, result.candidates)
    found = [_one(before, now) for before, now in pairs if before is not None]
    same = len(kept) == len(result.candidates)
    deviations = [one.deviation for one in found]
    return Replay(
        agrees=same and all(one is not None and one <= REPLAY_TOLERANCE for one in deviations),
        exact=same and all(one == 0 for one in deviations),
        tolerance=REPLAY_TOLERANCE,
        model=result.model,
        job=result.job,
        candidates=found,
    )


def _one(before: SavedCandidate, now: Candidate | None) -> ReplayedCandidate:
    if now is None or before.numbers != now.numbers:
        return ReplayedCandidate(same_atoms=False, deviation=None)
    apart = np.linalg.norm(np.subtract(before.positions, now.positions), axis=1)
    return ReplayedCandidate(same_atoms=True, deviation=float(apart.max()))
