"""How good a model is: tier-0 validity over network evaluations, on held-out QM9 compositions, with intervals."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gpff.cells import Cell, is_strictly_valid, noise_name
from gpff.checkpoint import Model
from gpff.generation import Candidate
from gpff.pages import Rate, error_bars, head, save_figure, title

PAPER = {
    ("sdd", 6): "≈ 50", ("sdd", 256): "100", ("dd", 6): "≈ 50", ("dd", 256): "93",
    ("sdd+shape", 4): "≈ 40", ("sdd+shape", 6): "70", ("sdd+shape", 256): "99",
    ("heun", 256): "87", ("stochastic_heun", 256): "97", ("ancestral", 256): "94",
    ("as_heun", 256): "92", ("as_stochastic_heun", 256): "97", ("as_ancestral", 256): "95",
    ("sdd+rod", 256): "> 98", ("sdd+disc", 256): "> 98", ("sdd+sphere", 256): "> 98",
}  # fmt: skip
"""Validity in percent that the paper reports for 10,000 molecules, 256 features, σ = 30 Å."""


@dataclass(frozen=True)
class Row:
    """One line of the table. ``noise`` is λ in Å, ``power`` how it falls, ``step_length`` η, None the defaults; ``nfe``
    the mean number of network evaluations of a molecule."""

    sampler: str
    steps: int
    noise: float | None
    power: float | None
    n: int
    valid: int
    strict: int
    unique: int
    finite: int
    nfe: float
    reasons: str
    step_length: float | None = None


def row(cell: Cell, candidates: Sequence[Candidate]) -> Row:
    """The row of one cell."""
    valid = [c for c in candidates if c.valid]
    return Row(
        cell.variant, cell.steps, cell.noise, cell.power, len(candidates), len(valid),
        sum(map(is_strictly_valid, candidates)), len({c.smiles for c in valid}),
        sum(bool(np.isfinite(c.positions).all()) for c in candidates),
        float(np.mean([c.nfe for c in candidates])), _reasons(candidates),
        cell.step_length,
    )  # fmt: skip


def _reasons(candidates: Iterable[Candidate]) -> str:
    """The three commonest reasons for failure, without the atoms that they name."""
    short = Counter(re.sub(r"\b([A-Z][a-z]?)\d+\b", r"\1", c.reason or "") for c in candidates if not c.valid)
    return "; ".join(f"{reason} ({count})" for reason, count in short.most_common(3))


def _noise(r: Row) -> str:
    name = noise_name(r.noise, r.power, "+" in r.sampler, r.steps, r.step_length)
    return name.replace("^", "; ").replace("x", "; ") if r.sampler.startswith("sdd") else "–"


def table(rows: Sequence[Row], model: Model, command: str, split: str = "test", widths: bool = True) -> str:
    """The rows as a Markdown page."""
    text = (
        f"Held-out QM9 compositions ({split} split), one molecule each, from a σ = 30 Å prior, or from the shape "
        "predictor's. Tier 0: RDKit's `DetermineBonds`, charge 0, one fragment, no radicals. Valid: the same but for "
        "contacts across small cages (`gpff.chemistry.connected`), which tier 0 takes for a fifth bond. Ancestral, "
        f"Heun, stochastic Heun: {'with widths put right (`gpff.widths`)' if widths else 'by the rule of the paper'}."
    )
    lines = [
        *head("Validity over network evaluations", model, text, command),
        "| sampler | steps | NFE | λ, Å; p; η ≠ 1 | n | tier 0, % | paper, % | valid, % | distinct | finite | fails |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {title(r.sampler)} | {r.steps} | {r.nfe:.1f} | {_noise(r)} | {r.n} | {Rate(r.strict, r.n)} | "
        f"{PAPER.get((r.sampler, r.steps), '')} | {Rate(r.valid, r.n)} | {r.unique} | {r.finite} | {r.reasons} |"
        for r in rows
    ]
    return "\n".join(lines) + "\n"


def picture(rows: Sequence[Row], folder: Path) -> None:
    """Tier-0 validity over the mean number of evaluations, samplers without a schedule left, with one right; crosses:
    what the paper reports."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 4.6), layout="constrained")
    axes = figure.subplots(1, 2, sharey=True)
    curves: dict[tuple[str, str], list[Row]] = {}
    for r in rows:
        asked = " ".join("default" if value is None else f"{value:g}" for value in (r.noise, r.power))
        curves.setdefault((r.sampler, asked), []).append(r)
    for (sampler, noise), line in curves.items():
        axis = axes[0] if sampler.split("+")[0] in ("dd", "sdd") else axes[1]
        several = sum(name == sampler for name, _ in curves) > 1
        shown, errors = error_bars([Rate(r.strict, r.n) for r in line])
        drawn = axis.errorbar(
            [r.nfe for r in line], shown, errors, marker="o", ms=3.5, lw=1.2, capsize=2,
            ls="-" if "as_" in sampler else "--" if axis is axes[1] else "-",
            label=title(sampler) + (f", λ, p {noise}" if several else ""),
        )  # fmt: skip
        theirs = {r.steps: PAPER[sampler, r.steps] for r in line if (sampler, r.steps) in PAPER}
        heights = [float(value.lstrip("≈> ")) for value in theirs.values()]
        axis.plot(list(theirs), heights, "x", ms=6, color=drawn[0].get_color())
    for axis, name in zip(axes, ("without a schedule", "with a noise schedule"), strict=True):
        axis.set(xscale="log", xlabel="network evaluations a molecule", title=name, ylim=(0, 102))
        axis.set_xticks([4, 8, 16, 32, 64, 128, 256], labels=["4", "8", "16", "32", "64", "128", "256"])
        axis.grid(alpha=0.25)
        if axis.get_legend_handles_labels()[0]:
            axis.legend(fontsize=8)
    axes[0].set_ylabel("valid by tier 0, %; ×: the paper")
    save_figure(figure, folder, "validity")
