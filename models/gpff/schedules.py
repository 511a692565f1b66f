"""How strong a sampler's help is at call k of K: pure numbers, no state.

Calls count from 1 to K, so that noise and constraints are strongest at the first call and gone at the last.
"""

from __future__ import annotations

import numpy as np

from gpff.molecules import Floats, Ints

NOISE_FREE = (0.35, 0.7)
"""Default λ of SDD in Å and power p with which it falls, where nothing holds the molecule: longer than on the paper's
line at the levels at which bonds are decided (docs/results/README.md)."""

NOISE_HELD = (0.5, 1.0)
"""The same beside a scaffold and in a blob with a place or a shape."""

FEW_CALLS = 24
"""Calls from which on SDD has its full noise; fewer have less, in proportion, for what it disturbs must be mended."""
OVER_RELAXED = (0.5, 8, 24)
"""How much farther than to its denoised estimate SDD goes: half as far again in runs of 8 calls and fewer, no farther
from 24 calls on."""

MOMENTUM = 0.4
"""Share of the move before that SDD moves on by, for each 1 that η is above 1."""

RHO, SIGMA_MIN = 5.0, 0.01
"""Curvature of the EDM schedule and its last noise level above zero, Å."""


def remaining(call: int | Ints, steps: int | Ints) -> Floats:
    """`1 - k/K`: the share of the run that is still to come after call `k` of `K` (0 at the last, and after it: a run
    that is over may be asked what would come next)."""
    return np.asarray(np.maximum(1.0 - call / steps, 0.0))


def noise_scale(noise: Floats, power: Floats, call: Ints, steps: Ints) -> Floats:
    """Standard deviation in Å of SDD's noise before call `k`: `λ (1 - k/K)^p`."""
    return np.asarray(noise * np.power(remaining(call, steps), power))


def default_noise(noise: float, steps: int | Ints) -> Floats:
    """λ in Å of a run of `steps` calls, `noise` being that of a long one."""
    return np.asarray(noise * np.minimum(1.0, np.asarray(steps) / FEW_CALLS))


def noise_of(held: bool, steps: int, noise: float | None, power: float | None) -> tuple[float, float]:
    """λ in Å and p of SDD in a run of `steps` calls: as asked for, or the default where that is None."""
    usual = NOISE_HELD if held else NOISE_FREE
    return (
        float(default_noise(usual[0], steps)) if noise is None else noise,
        usual[1] if power is None else power,
    )


def default_step_length(steps: int) -> float:
    """η of SDD, `x ← x + η F/2`, in a run of `steps` calls; 1, the paper's rule, unless calls are few.

    Each answer to an unresolved cloud is a mean of what it may become, so that a run of few calls ends before it has
    arrived. To go beyond the answer, as in the method of successive over-relaxation (Young 1954), saves calls.
    """
    most, full, none = OVER_RELAXED
    return 1.0 + most * min(1.0, max(0.0, (none - steps) / (none - full)))


def stretch(step_length: Floats, call: Ints, steps: Ints) -> Floats:
    """η at call k: 1 at the first, beyond whose answer lies the wide prior turned inside out, and at the last, which
    gives the estimate itself."""
    return np.where((call <= 1) | (call >= steps), 1.0, step_length)


def momentum(step_length: Floats, call: Ints, steps: Ints) -> Floats:
    """β at call k, the share of the last move that is made once more (Polyak 1964, the heavy ball).

    Where answers go on pointing one way they fall short, and where they turn about they went too far. None before the
    third call, since the first answer leads from the prior to no one place, and none at the last.
    """
    moves = (call >= 3) & (call < steps)
    return np.where(moves, MOMENTUM * np.maximum(step_length - 1.0, 0.0), 0.0)


def constraint_weight(strictness: Floats, left: Floats) -> Floats:
    """`γ_k = (1 - k/K)^s`: the share of a constraint's map that is mixed in, `left` being `1 - k/K`."""
    return np.asarray(np.power(left, strictness))


def edm_levels(top: Floats, n_levels: int, level: Ints) -> Floats:
    """Noise level in Å after `level [n_molecules]` of K = `n_levels` levels that begin at `top [n_molecules]` Å.

    `σ_i = (top^(1/ρ) + i/(K - 1) (σ_min^(1/ρ) - top^(1/ρ)))^ρ`, and 0 from level K on (Karras et al. 2022, eq. 5).
    """
    start, end = np.power(top, 1.0 / RHO), SIGMA_MIN ** (1.0 / RHO)
    sigma = (start + np.minimum(level / max(n_levels - 1, 1), 1.0) * (end - start)) ** RHO
    return np.where(level >= n_levels, 0.0, sigma)
