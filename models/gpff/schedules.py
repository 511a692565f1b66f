"""How strong a sampler's help is at call k of K: pure numbers, no state.

Calls count from 1 to K, so that noise and constraints are strongest at the first call and gone at the last.
"""

from __future__ import annotations

import numpy as np

from gpff.molecules import Floats

NOISE_FREE = 0.5
"""Default λ of SDD in Å where no scaffold is given."""

NOISE_SCAFFOLD = 0.25
"""Default λ of SDD in Å beside a scaffold."""


def remaining(call: int, steps: int) -> float:
    """`1 - k/K`: the share of the run that is still to come after call `k` of `K` (0 at the last)."""
    return 1.0 - call / steps


def noise_scale(noise: float, call: int, steps: int) -> float:
    """Standard deviation in Å of SDD's noise before call `k`: `λ (1 - k/K)`."""
    return noise * remaining(call, steps)


def constraint_weight(strictness: Floats, call: int, steps: int) -> Floats:
    """`γ_k = (1 - k/K)^s`: the share of a constraint's map that is mixed in before call `k`."""
    return np.power(remaining(call, steps), strictness)
