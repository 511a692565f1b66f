"""Diffusion-side samplers on pseudo-forces: ancestral, Heun, stochastic Heun, and the adaptive form of each.

The score at noise level σ is `F / (2 σ²)`, so the probability-flow ODE is `dx/dσ = -F / (2 σ)`. Levels are numbered
from 0; those of a run of K follow the EDM schedule (Karras et al. 2022, eq. 5) from the prior's σ down to `SIGMA_MIN`,
and level K is σ = 0, which is reached by the denoised estimate `x + F/2`.

| sampler | rule from σ to σ' | calls a level |
|---|---|---|
| ancestral | ODE to `σ_down = σ'² / σ`, then noise of `σ_up = σ' sqrt(1 - σ'²/σ²)` | 1 |
| heun | ODE with the mean of the slopes at both ends, the second of at most `STEEPEST` | 2, the last 1 |
| stochastic_heun | first raised to `σ (1 + γ)`, `γ = min(S_churn / K, sqrt(2) - 1)` in [S_min, S_max]; heun | as heun |
| as_… | the same with σ read off the force (σ̂), and σ' found as below | as above |

**Adaptive schedule.** In `r = σ^(1/ρ)` a step h leads to `σ' = (σ̂^(1/ρ) - h)^ρ`. It begins with the ambitious h of a
run of K_target levels and from the second level on is the step seen between successive σ̂, which the paper takes as it
is and we between two bounds. Not above the ambitious one: σ̂ is read too low around 1 Å, so that the step seen grows on
the way down. Not below that of the fixed schedule: where σ̂ did not fall, a step of nothing would ask the same question
again (docs/results/sampling.md). σ' never lies above the fixed schedule of K levels, so a run ends after K levels at
the latest, and early where σ' passes `SIGMA_MIN`.
Stochastic Heun reads σ̂ after noise was added: its variance is taken off before adapting. With half of it taken off the
steps were too short, and the plain form was the better one (docs/results/sampling.md).

**Widths.** Where σ is known and a molecule is free, the answer that these rules are given has been put right by
`gpff.widths`, which is not the paper's: without it the longest molecules of a composition hardly occur.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from gpff.molecules import Bools, Floats, Ints
from gpff.schedules import RHO, SIGMA_MIN, edm_levels

S_CHURN, S_MIN, S_MAX = 60.0, 0.01, 15.0
TARGET_SHARE = 0.5
"""Levels that an adaptive run hopes to need, as a share of those that it may use."""

STEEPEST = 5.0
"""The most that the second slope of a Heun step may be, root mean square; noise of its level has a slope of 1. Where
levels are few the first half of a step lands farther from a molecule than the next σ says. The answer shows that
distance whatever the level, and divided by that σ it would throw the atoms beyond where they came from."""

HEUN = frozenset({"heun", "stochastic_heun", "as_heun", "as_stochastic_heun"})
CHURNED = frozenset({"stochastic_heun", "as_stochastic_heun"})
ADAPTIVE = frozenset({"as_ancestral", "as_heun", "as_stochastic_heun"})
DIFFUSION = frozenset({"ancestral", "as_ancestral"}) | HEUN


@dataclass(frozen=True, eq=False)
class Walk:
    """Where each molecule stands on its way down. Everything `[n_molecules]` unless said.

    `level`: levels done. `sigma` Å: noise level of the positions that are evaluated next. `inject` Å: noise to be
    added before. `top` Å: σ of level 0. `step`: h of the adaptive schedule; `seen` Å: σ̂ of the level before (0: none
    yet). `corrects`: the next answer is the second of a Heun step, which began at `start [n_atoms, 3]` Å with
    `slope [n_atoms, 3]` and noise level `origin` Å.
    """

    level: Ints
    sigma: Floats
    inject: Floats
    top: Floats
    step: Floats
    seen: Floats
    corrects: Bools
    start: Floats
    slope: Floats
    origin: Floats


def n_levels(sampler: str, calls: int) -> int:
    """Levels K that `calls` network calls are enough for."""
    return (calls + 1) // 2 if sampler in HEUN else calls


def begin(sampler: str, calls: int, sigma: Floats, n_atoms: int) -> Walk:
    """The walk of molecules whose prior has the standard deviation `sigma [n_molecules]`, Å."""
    n, top = len(sigma), np.maximum(sigma, SIGMA_MIN)
    walk = Walk(
        level=np.zeros(n, dtype=np.int64),
        sigma=top,
        inject=np.zeros(n),
        top=top,
        step=_ambitious(sampler, calls, top),
        seen=np.zeros(n),
        corrects=np.zeros(n, dtype=bool),
        start=np.zeros((n_atoms, 3)),
        slope=np.zeros((n_atoms, 3)),
        origin=top,
    )
    return _churned(sampler, calls, walk, np.ones(n, dtype=bool))


def move(
    sampler: str, calls: int, walk: Walk, mol_idx: Ints, positions: Floats, forces: Floats, sigma_hat: Floats
) -> tuple[Floats, Walk, Bools]:
    """One answer of the network.

    Args:
        sampler, calls: of the run; walk: before the answer; mol_idx: molecule of each atom, `[n_atoms]`.
        positions: that were evaluated, `[n_atoms, 3]` Å; forces: the answer, `[n_atoms, 3]` Å.
        sigma_hat: noise levels read off the forces, `[n_molecules]` Å.

    Returns:
        positions `[n_atoms, 3]` Å; the walk after it; molecules that have reached σ = 0, `[n_molecules]`.
    """
    adaptive, first = sampler in ADAPTIVE, ~walk.corrects
    sigma = np.maximum(sigma_hat, 1e-12) if adaptive else walk.sigma
    steep = np.where(first, 1.0, np.maximum(1.0, sigma_hat / (STEEPEST * sigma)))
    slope = -forces / (2.0 * (sigma * steep)[mol_idx][:, None])
    seen = _own_noise(sigma_hat, walk.inject) if sampler in CHURNED else sigma_hat
    h = walk.step
    if adaptive:
        fell = np.where(walk.seen > 0, _root(walk.seen) - _root(seen), h)
        h = np.clip(fell, _steady(sampler, calls, walk.top), _ambitious(sampler, calls, walk.top))
    target = np.where(first, _next(sampler, calls, walk, seen, h), walk.sigma)
    ends = first & (target <= 0.0)
    down, up = _ancestral(sigma, target) if sampler not in HEUN else (target, np.zeros_like(target))
    mean = np.where(first[mol_idx][:, None], slope, (walk.slope + slope) / 2.0)
    origin = np.where(first, sigma, walk.origin)
    start = np.where(first[mol_idx][:, None], positions, walk.start)
    moved = start + (down - origin)[mol_idx][:, None] * mean
    corrects = first & ~ends if sampler in HEUN else np.zeros_like(first)
    after = Walk(
        level=walk.level + first,
        sigma=target,
        inject=up,
        top=walk.top,
        step=np.where(first, h, walk.step),
        seen=np.where(first, seen, walk.seen),
        corrects=corrects,
        start=start,
        slope=np.where(first[mol_idx][:, None], slope, walk.slope),
        origin=origin,
    )
    home = ends[mol_idx][:, None]
    return np.where(home, positions + forces / 2.0, moved), _churned(sampler, calls, after, ~corrects & ~ends), ends


def _ambitious(sampler: str, calls: int, top: Floats) -> Floats:
    """The step h, `[n_molecules]`, that would come down from `top` in the K_target levels that are hoped for."""
    return _even(top, max(2, round(TARGET_SHARE * n_levels(sampler, calls))))


def _steady(sampler: str, calls: int, top: Floats) -> Floats:
    """The step h, `[n_molecules]`, of the fixed schedule: with less, a run whose σ̂ does not fall stands still."""
    return _even(top, n_levels(sampler, calls))


def _even(top: Floats, levels: int) -> Floats:
    """The step h, `[n_molecules]`, between any two of so many levels from `top` to `SIGMA_MIN`."""
    return np.asarray((_root(top) - SIGMA_MIN ** (1 / RHO)) / max(levels - 1, 1))


def _next(sampler: str, calls: int, walk: Walk, seen: Floats, h: Floats) -> Floats:
    """Noise level to go to, `[n_molecules]` Å; 0 is the end."""
    bound = edm_levels(walk.top, n_levels(sampler, calls), walk.level + 1)
    if sampler not in ADAPTIVE:
        return bound
    target = np.maximum(_root(seen) - h, 0.0) ** RHO
    target = np.minimum(target, bound)
    return np.where(target < SIGMA_MIN, 0.0, target)


def _ancestral(sigma: Floats, target: Floats) -> tuple[Floats, Floats]:
    """σ_down and σ_up of a step from `sigma` to `target`, `[n_molecules]` Å; uphill there is no noise to add."""
    ratio = np.minimum(target / sigma, 1.0)
    return np.where(target > sigma, target, target * ratio), target * np.sqrt(1.0 - ratio**2)


def _churned(sampler: str, calls: int, walk: Walk, which: Bools) -> Walk:
    """The walk with noise to be added before the next level of the molecules `which`, where the sampler does so."""
    if sampler not in CHURNED:
        return walk
    gamma = min(S_CHURN / n_levels(sampler, calls), np.sqrt(2.0) - 1.0)
    churns = which & (walk.sigma >= S_MIN) & (walk.sigma <= S_MAX)
    raised = np.where(churns, walk.sigma * (1.0 + gamma), walk.sigma)
    return replace(walk, sigma=raised, inject=np.sqrt(np.maximum(raised**2 - walk.sigma**2, 0.0)))


def _own_noise(sigma_hat: Floats, injected: Floats) -> Floats:
    """σ̂ less what was just added; at least half of σ̂, which is read too low where a molecule is undecided."""
    return np.sqrt(np.maximum(sigma_hat**2 - injected**2, sigma_hat**2 / 4.0))


def _root(sigma: Floats) -> Floats:
    return np.asarray(np.power(sigma, 1.0 / RHO))
