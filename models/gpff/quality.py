"""How good the valid molecules are, beside QM9's own: distributions, novelty, PoseBusters, GFN2-xTB, shapes."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from gpff import predictor
from gpff.cells import SHAPES
from gpff.checkpoint import Model
from gpff.chemistry import BondWorkers, Verdict, is_crowded
from gpff.data import QM9
from gpff.distributions import js_divergence, largest_distances
from gpff.errors import GpffError, InputError
from gpff.growth_steps import flat_smiles
from gpff.judges import Relaxed, failed_checks, relax
from gpff.molecules import Floats, Ints, pointers
from gpff.noising import gather
from gpff.pages import Rate, head, number, rates, save_figure, title
from gpff.property_net import Predicted, properties
from gpff.shape_predictor import ARCHETYPES, npr, principal_variances
from gpff.train_properties import PAPER
from gpff.worker import Failure
from gpff.workers import Workers

MEASURES = ("distance", "gap", "energy")
PAPER_JS = {
    "dd": (0.065, 0.013, 0.003),
    "sdd+shape": (0.004, 0.003, 0.003),
    "stochastic_heun": (0.002, 0.002, 0.001),  # of the paper's DM
}
"""JS divergence of `MEASURES` that the paper reports for 10,000 molecules."""


@dataclass(frozen=True)
class Molecule:
    """A judged molecule: `numbers [n_atoms]`, `positions [n_atoms, 3]` Å."""

    numbers: Ints
    positions: Floats
    verdict: Verdict


@dataclass(frozen=True)
class Measured:
    """Of valid molecules, `[n]` each: largest pairwise distance in Å, gap and atomisation energy in eV."""

    distance: Floats
    gap: Floats
    energy: Floats


@dataclass(frozen=True)
class Quality:
    """One line of the table. Energies in eV, RMSD in Å; None where nothing was measured. Of ``busted`` molecules
    PoseBusters ``answered`` for so many in time, ``unbroken`` passed;
    of ``given`` ones GFN2-xTB ``relaxed`` so many and left ``same`` the same."""

    variant: str
    n: int
    valid: int
    distinct: int
    new: int
    js_distance: float | None
    js_gap: float | None
    js_energy: float | None
    busted: int
    answered: int
    unbroken: int
    given: int
    relaxed: int
    median_energy: float | None
    mean_energy: float | None
    median_rmsd: float | None
    same: int


def measured(
    molecules: Sequence[Molecule], predict: Callable[[Sequence[Molecule]], list[Predicted]] = properties
) -> Measured:
    """What distributions are compared of. Gap and energy are predictions, for QM9's molecules too: errors cancel."""
    valid = [m for m in molecules if m.verdict.valid]
    found = predict(valid)
    return Measured(
        largest_distances(*_stacked(valid)) if valid else np.zeros(0),
        np.array([p.gap for p in found]),
        np.array([p.atomisation_energy for p in found]),
    )


def quality(
    variant: str, molecules: Sequence[Molecule], own: Measured, known: set[str], reference: Measured, n_busters: int,
    n_xtb: int,
) -> Quality:  # fmt: skip
    """Measure ``molecules``; the costly tests only on the first so many valid ones.

    ``own``: of these molecules; ``known``: SMILES without stereo marks of the training split; ``reference``: of QM9.
    """
    valid = [m for m in molecules if m.verdict.valid]
    smiles = {flat_smiles(m.verdict.smiles or "") for m in valid}
    checks = list(_each(failed_checks, [(m.numbers, m.positions, m.verdict) for m in valid[:n_busters]], "PoseBusters"))
    runs = list(_each(relax, [(m.numbers, m.positions) for m in valid[:n_xtb]], "GFN2-xTB"))
    relaxed = [r for r in runs if isinstance(r, Relaxed)]
    energies = np.array([r.energy for r in relaxed])
    distance, gap, energy = divergences(own, reference)
    return Quality(
        variant, len(molecules), len(valid), len(smiles), len(smiles - known), distance, gap, energy,
        len(checks), sum(not isinstance(c, Failure) for c in checks), checks.count(()), len(runs), len(relaxed),
        _or_none(np.median, energies),
        _or_none(np.mean, energies), _or_none(np.median, np.array([r.rmsd for r in relaxed])),
        sum(r.same for r in relaxed),
    )  # fmt: skip


def divergences(own: Measured, reference: Measured) -> tuple[float | None, float | None, float | None]:
    """JS divergences of `MEASURES`: of largest distance, gap and energy; None where there is no valid molecule."""
    pairs = [(getattr(own, name), getattr(reference, name)) for name in MEASURES]
    distance, gap, energy = (js_divergence(*pair) if len(pair[0]) else None for pair in pairs)
    return distance, gap, energy


def check_packages(n_busters: int, n_xtb: int) -> None:
    """Raise GpffError where what is asked for needs a package that is not there: each molecule would fail by itself,
    and the table would say that none is good. A number below 0 would mean all molecules but so many."""
    for package, n, option in (("posebusters", n_busters, "--busters"), ("tblite", n_xtb, "--xtb")):
        if n < 0:
            raise InputError(option, "at least 0", str(n))
        if n > 0 and find_spec(package) is None:
            raise GpffError(f"{package}: expected it to be installed for {option} {n}, got no such package")


def columns(row: Quality) -> dict[str, Any]:
    """What the CSV file has beside the counts: rates with their bounds, and the paper's figures."""
    return {
        **rates(valid=(row.valid, row.n), posebusters=(row.unbroken, row.answered), same=(row.same, row.given)),
        **{
            f"js_{name}, paper": value
            for name, value in zip(MEASURES, PAPER_JS.get(row.variant, (None,) * 3), strict=True)
        },
    }


def _or_none(function: Callable[[Floats], Any], values: Floats) -> float | None:
    return float(function(values)) if len(values) else None


def _each(function: Callable[..., Any], calls: Sequence[tuple[Any, ...]], name: str) -> Iterator[Any]:
    """Answers in order, from processes that can be killed; a `Failure` where there is none."""

    def unanswered(failure: Failure, _: str) -> Failure:
        return failure

    if not calls:
        return
    workers: Workers[Any] = Workers(function, unanswered, 2, 120.0, 4096)
    try:
        futures: list[Future[Any]] = [workers.submit(*call) for call in calls]
        for future in tqdm(futures, name, disable=not sys.stderr.isatty(), leave=False):
            yield future.result()
    finally:
        workers.close()


def _stacked(molecules: Sequence[Molecule]) -> tuple[Floats, Ints]:
    ptr = pointers(np.array([len(m.numbers) for m in molecules], dtype=np.int64))
    return np.concatenate([m.positions for m in molecules]), ptr


def judged(numbers: Ints, positions: Floats, ptr: Ints) -> list[Molecule]:
    """Molecules of a ragged batch with their verdicts."""
    pieces = [(numbers[a:b], positions[a:b]) for a, b in pairwise(ptr)]
    with BondWorkers(2) as workers:
        futures = [workers.submit(z, x) for z, x in pieces]
        return [Molecule(z, x, future.result()) for (z, x), future in zip(pieces, futures, strict=True)]


REFERENCE = 20_000
"""Molecules that distributions are compared with. Two draws of n each from one distribution differ by about
99 / 8 (1 / n + 1 / n) nats in 100 bins, so that few would hide what is to be seen."""


def held_out(data: QM9, n: int, others: int = REFERENCE, seed: int = 0) -> tuple[list[Molecule], list[Molecule]]:
    """``n`` molecules of the test split, judged, and ``others`` of the training split, which all passed tier 0."""
    rng, test, train = np.random.default_rng(seed), data.subset("test"), data.subset("train")
    numbers, positions, ptr = gather(test, rng.permutation(len(test))[:n])
    z, x, p = gather(train, rng.permutation(len(train))[:others])
    passed = Verdict(True, None, None)
    rest = [Molecule(z[a:b], x[a:b].astype(np.float64), passed) for a, b in pairwise(p)]
    return judged(numbers, positions.astype(np.float64), ptr), rest


def table(rows: Sequence[Quality], model: Model, command: str, steps: int, split: str = "test") -> str:
    """The rows as a Markdown page."""
    text = (
        f"{steps} network evaluations at most. Held-out QM9 {split} compositions, one molecule each. New: not in the "
        "training split (without stereo marks), of the distinct ones. JS: Jensen–Shannon divergence in nats, 100 bins, "
        f"against {REFERENCE:,} molecules of the training split; the row QM9 test says how large it is between two "
        "draws of QM9; of the largest pairwise distance, and of gap and atomisation energy as the property model "
        f"predicts them for both sides{_property_errors()}. Valid: tier 0 but for contacts across small cages. "
        "PoseBusters: all of its `mol` checks, of those that it answers for in 120 s (some cages take longer, of "
        "whichever source). xTB: GFN2-xTB from the raw geometry; energy given off and RMSD of those "
        "that it relaxes, and how many of all that it was given have the same bonds and stereo marks afterwards."
    )
    lines = [
        *head("Quality of the molecules", model, text, command),
        "| molecules | n | valid, % | distinct | new, % | JS distance | paper | JS gap | paper | JS energy | paper | "
        "PoseBusters n, answered | pass, % | xTB n, relaxed | ΔE median, eV | ΔE mean, eV | RMSD median, Å | same, % |",
        "|---" * 18 + "|",
    ]
    for r in rows:
        name = "QM9 test" if r.variant == "qm9" else title(r.variant)
        paper = [f"{v:.3f}" for v in PAPER_JS[r.variant]] if r.variant in PAPER_JS else ["", "", ""]
        js = zip((r.js_distance, r.js_gap, r.js_energy), paper, strict=True)
        lines.append(
            f"| {name} | {r.n} | {Rate(r.valid, r.n)} | {r.distinct} | {100 * r.new / max(1, r.distinct):.1f} | "
            + " | ".join(f"{number(value, 4)} | {theirs}" for value, theirs in js)
            + f" | {r.busted}, {r.answered} | {Rate(r.unbroken, r.answered)} | {r.given}, {r.relaxed} | "
            f"{number(r.median_energy)} | {number(r.mean_energy)} | {number(r.median_rmsd)} | {Rate(r.same, r.given)} |"
        )
    lines += ["", "The paper's figures beside stochastic Heun are its diffusion model's."]
    return "\n".join(lines) + "\n"


def _property_errors() -> str:
    """Test errors of the shipped property model beside the paper's, in words; nothing where none is shipped."""
    card = predictor.load()
    if card is None:
        return ""
    errors = (1e3 * card.card.gap_mae, 1e3 * card.card.energy_mae)
    told = "; ".join(f"{e:.1f} (paper {p})" for e, p in zip(errors, PAPER, strict=True))
    return f" (`{card.card.name}`, sha256 `{card.card.hash[:16]}…`, test MAE in meV: {told})"


def distributions_picture(sets: Iterable[tuple[str, Measured]], folder: Path) -> None:
    """Histograms of largest distance, gap and atomisation energy."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 3.8), layout="constrained")
    axes = figure.subplots(1, 3)
    names = ("largest pairwise distance, Å", "HOMO–LUMO gap, eV", "atomisation energy, eV")
    shown = list(sets)
    for axis, measure, name in zip(axes, MEASURES, names, strict=True):
        values = [getattr(m, measure) for _, m in shown]
        low, high = min(v.min() for v in values), max(v.max() for v in values)
        for (label, _), v in zip(shown, values, strict=True):
            axis.hist(v, np.linspace(low, max(high, low + 1e-6), 41), histtype="step", density=True, label=label)
        axis.set(xlabel=name)
    axes[0].legend(fontsize=8)
    save_figure(figure, folder, "distributions")


@dataclass(frozen=True)
class Shaped:
    """Molecules asked to have an archetype's shape: mean moment ratios of the valid ones, and the archetype's own.
    ``strict``: how many are valid by tier 0, which is the paper's test."""

    shape: str
    n: int
    valid: int
    strict: int
    npr1: float
    npr2: float
    target_npr1: float
    target_npr2: float


def shaped(shape: str, molecules: Sequence[Molecule]) -> tuple[Shaped, Floats]:
    """The row of an archetype, and the moment ratios of its valid molecules, ``[n_valid, 2]``."""
    valid = [m for m in molecules if m.verdict.valid]
    found = npr(principal_variances(*_stacked(valid))) if valid else np.zeros((0, 2))
    target = npr(np.array([ARCHETYPES.get(shape, (np.nan,) * 3)]))[0]
    mean = found.mean(axis=0) if valid else np.full(2, np.nan)
    strict = sum(not is_crowded(m.numbers, m.positions) for m in valid)
    return Shaped(shape, len(molecules), len(valid), strict, *map(float, mean), *map(float, target)), found


def paper_of(row: Shaped) -> str | None:
    """Tier-0 validity in percent that the paper reports for an archetype."""
    return "> 98" if row.shape in SHAPES else None


def shapes_table(rows: Sequence[Shaped], model: Model, command: str, steps: int) -> str:
    """Archetypes as a Markdown page."""
    text = (
        f"SDD+shape, {steps} network evaluations, each molecule's variances drawn by the shape predictor in the "
        "archetype's proportions. Principal moments of unit masses over the largest: rod (0, 1), disc (½, ½), sphere "
        "(1, 1). Tier 0: RDKit's `DetermineBonds`, charge 0, one fragment, no radicals. Valid: the same but for "
        "contacts across small cages."
    )
    lines = [
        *head("Shapes on demand", model, text, command),
        "| shape | n | tier 0, % | paper, % | valid, % | mean I1/I3, I2/I3 of valid | of the target |",
        "|---" * 7 + "|",
    ]
    for r in rows:
        asked = r.shape in SHAPES
        target = f"{r.target_npr1:.2f}, {r.target_npr2:.2f}" if asked else "–"
        name = r.shape if asked else "QM9 test"
        lines.append(
            f"| {name} | {r.n} | {Rate(r.strict, r.n)} | {paper_of(r) or ''} | {Rate(r.valid, r.n)} | "
            f"{r.npr1:.2f}, {r.npr2:.2f} | {target} |"
        )
    return "\n".join(lines) + "\n\n![NPR triangle](shapes.svg)\n"


def triangle(sets: Iterable[tuple[str, Floats]], folder: Path) -> None:
    """Moment ratios ``[n, 2]`` of each set in the rod–disc–sphere triangle, side by side."""
    from matplotlib.figure import Figure

    shown = list(sets)
    figure = Figure(figsize=(3.4 * len(shown), 3.2), layout="constrained")
    for axis, (name, ratios) in zip(np.atleast_1d(figure.subplots(1, len(shown), sharey=True)), shown, strict=True):
        axis.plot([0, 0.5, 1, 0], [1, 0.5, 1, 1], color="0.6", lw=1)
        for corner, where in {"rod": (0, 1.01), "disc": (0.5, 0.46), "sphere": (0.86, 1.01)}.items():
            axis.text(*where, corner, color="0.4", fontsize=8)
        many = len(ratios) > 1000  # as vectors they would make a file of megabytes, and at full size one blot
        size, alpha = (1.0, 0.25) if many else (3.0, 0.6)
        axis.plot(ratios[:, 0], ratios[:, 1], ".", ms=size, alpha=alpha, color="#d9730d", rasterized=many)
        axis.set(xlabel="I1 / I3", title=f"{name}, n = {len(ratios)}", xlim=(-0.05, 1.05), ylim=(0.42, 1.08))
    figure.axes[0].set_ylabel("I2 / I3")
    save_figure(figure, folder, "shapes")
