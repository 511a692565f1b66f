"""What the network does between noise and molecule: its error at every noise level, and σ̂ along adaptive runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gpff.checkpoint import Model
from gpff.data import QM9
from gpff.diffusion import n_levels
from gpff.generation import HasForces, batches, sample
from gpff.molecules import segment_mean
from gpff.noising import NoiseConfig, noised
from gpff.pages import save_figure, title
from gpff.schedules import edm_levels
from gpff.spec import Sampler, Spec

LEVELS = tuple(float(s) for s in np.geomspace(0.01, 30.0, 16).round(4))
ADAPTIVE: tuple[Sampler, ...] = ("as_ancestral", "as_heun", "as_stochastic_heun")


@dataclass(frozen=True)
class Level:
    """At noise level ``sigma``, Å, over ``n`` molecules: what share of the force's variance ``4 σ²`` is unexplained (1
    for a network that knows nothing), its standard error, and mean and spread of σ̂ / σ.
    """

    sigma: float
    n: int
    unexplained: float
    error: float
    read: float
    read_spread: float


def loss_by_sigma(model: HasForces, data: QM9, n: int, seed: int = 0) -> list[Level]:
    """``n`` held-out molecules at each of `LEVELS`, noised and aligned as in training."""
    out = []
    for i, sigma in enumerate(LEVELS):
        rng = np.random.default_rng([seed, i])
        ids = rng.permutation(len(data))[:n]
        fixed = NoiseConfig(mean=float(np.log(sigma)), std=0.0, uniform=0.0)
        batch = noised(data, ids, fixed, rng)
        found = model.forces(batch.numbers, batch.positions.astype(np.float64), batch.ptr)
        share = segment_mean(np.square(found - batch.forces).mean(axis=1), batch.ptr) / (4 * sigma**2)
        squares = segment_mean(np.square(found).sum(axis=1), batch.ptr) * np.diff(batch.ptr)
        read = np.sqrt(squares / (3 * (np.diff(batch.ptr) - 1))) / 2 / sigma
        out.append(
            Level(sigma, len(ids), float(share.mean()), float(share.std() / np.sqrt(len(ids))), float(read.mean()),
                  float(read.std()))
        )  # fmt: skip
    return out


@dataclass(frozen=True)
class Trace:
    """σ̂ at a level of an adaptive run, Å: quantiles over the ``n`` molecules that get there; and the schedule."""

    sampler: str
    level: int
    n: int
    low: float
    median: float
    high: float
    schedule: float


def traces(model: Model, formulas: Sequence[str], calls: int, seed: int = 0) -> list[Trace]:
    """10 %, 50 % and 90 % of σ̂ over the calls of every adaptive sampler; the corrector's calls are left out."""
    return [trace for sampler in ADAPTIVE for trace in _traces(model, formulas, sampler, calls, seed)]


def _traces(model: Model, formulas: Sequence[str], sampler: Sampler, calls: int, seed: int) -> list[Trace]:
    seen: dict[int, list[float]] = {}
    specs = [Spec.from_formula(formula, 1, sampler, calls, seed) for formula in formulas]
    for plan in batches(specs):
        before = None
        for state in sample(model.forces, plan):
            if before is not None and before.walk is not None:
                asked = before.active & ~before.walk.corrects & ~state.failed
                for level, sigma in zip(before.walk.level[asked], state.sigma_hat[asked], strict=True):
                    seen.setdefault(int(level), []).append(float(sigma))
            before = state
    levels = n_levels(sampler, calls)
    heights = edm_levels(np.full(levels, 30.0), levels, np.arange(levels))
    return [
        Trace(sampler, level + 1, len(v), *_quantiles(v), schedule=float(heights[level]))
        for level, v in sorted(seen.items())
    ]


def _quantiles(values: Sequence[float]) -> tuple[float, float, float]:
    low, median, high = np.quantile(values, (0.1, 0.5, 0.9))
    return float(low), float(median), float(high)


def picture(levels: Sequence[Level], found: Sequence[Trace], folder: Path) -> None:
    """Unexplained share and σ̂ / σ over σ; σ̂ along adaptive runs below the schedule that bounds them."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 4.2), layout="constrained")
    share, read, run = figure.subplots(1, 3)
    sigma = [level.sigma for level in levels]
    share.errorbar(sigma, [v.unexplained for v in levels], [2 * v.error for v in levels], marker="o", ms=3, capsize=2)
    share.set(xscale="log", yscale="log", xlabel="σ, Å", title="unexplained share of the force's variance")
    read.errorbar(sigma, [v.read for v in levels], [v.read_spread for v in levels], marker="o", ms=3, capsize=2)
    read.axhline(1.0, color="0.6", lw=1)
    read.set(xscale="log", xlabel="σ, Å", title="σ̂ / σ, mean and spread")
    for i, sampler in enumerate(ADAPTIVE):
        line = [t for t in found if t.sampler == sampler]
        x = [t.level for t in line]
        run.plot(x, [t.median for t in line], color=f"C{i}", label=title(sampler))
        run.fill_between(x, [t.low for t in line], [t.high for t in line], color=f"C{i}", alpha=0.15)
        run.plot(x, [t.schedule for t in line], color=f"C{i}", ls=":", lw=1)
    run.set(yscale="log", xlabel="level", ylabel="σ̂, Å", title="σ̂ of adaptive runs; dotted: schedule")
    run.legend(fontsize=8)
    for axis in (share, read, run):
        axis.grid(alpha=0.25)
    save_figure(figure, folder, "noise-levels")
