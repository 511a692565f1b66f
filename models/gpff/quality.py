"""How good the valid molecules are, beside QM9's own: ``gpff quality``.

For each variant, and for the held-out molecules themselves: validity, how many are distinct and new, the Jensen–Shannon
divergence of the largest pairwise distance, PoseBusters' checks, and what GFN2-xTB makes of the raw geometry. Molecules
that were generated are kept in ``--cache``, so that a run that was stopped goes on.
"""

from __future__ import annotations

import argparse
import csv
import shlex
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from gpff.checkpoint import Model, load
from gpff.chemistry import BondWorkers, Verdict
from gpff.data import QM9
from gpff.data import load as load_data
from gpff.distributions import js_divergence, largest_distances
from gpff.evaluate import VARIANTS, Rate, generated, held_out_formulas, title
from gpff.growth_steps import flat_smiles
from gpff.judges import Relaxed, failed_checks, relax
from gpff.molecules import Floats, Ints, pointers
from gpff.noising import gather
from gpff.shape_predictor import npr, principal_variances
from gpff.workers import Failure, Workers

PAPER_JS = {"dd": "0.065", "sdd+shape": "0.004", "stochastic_heun": "0.002 (DM)"}
"""JS divergence of the largest pairwise distance that the paper reports for 10,000 molecules."""


@dataclass(frozen=True)
class Molecule:
    """A judged molecule: `numbers [n_atoms]`, `positions [n_atoms, 3]` Å."""

    numbers: Ints
    positions: Floats
    verdict: Verdict


@dataclass(frozen=True)
class Quality:
    """One line of the table. Energies in eV, RMSD in Å; None where nothing was measured."""

    variant: str
    n: int
    valid: int
    distinct: int
    new: int
    js_distance: float
    busted: int
    unbroken: int
    relaxed: int
    median_energy: float | None
    mean_energy: float | None
    median_rmsd: float | None
    same: int


def quality(
    variant: str, molecules: Sequence[Molecule], known: set[str], reference: Floats, n_busters: int, n_xtb: int
) -> Quality:
    """Measure ``molecules``; the costly tests only on the first so many valid ones.

    ``known``: SMILES without stereo marks of the training split; ``reference [m]``: QM9's largest distances, Å.
    """
    valid = [m for m in molecules if m.verdict.valid]
    smiles = {flat_smiles(m.verdict.smiles or "") for m in valid}
    checks = list(_each(failed_checks, [(m.numbers, m.positions, m.verdict) for m in valid[:n_busters]], "PoseBusters"))
    runs = list(_each(relax, [(m.numbers, m.positions) for m in valid[:n_xtb]], "GFN2-xTB"))
    relaxed = [r for r in runs if isinstance(r, Relaxed)]
    energies = np.array([r.energy for r in relaxed])
    return Quality(
        variant, len(molecules), len(valid), len(smiles), len(smiles - known),
        js_divergence(largest_distances(*_stacked(valid)), reference), len(checks), checks.count(()), len(relaxed),
        float(np.median(energies)) if relaxed else None, float(energies.mean()) if relaxed else None,
        float(np.median([r.rmsd for r in relaxed])) if relaxed else None, sum(r.same for r in relaxed),
    )  # fmt: skip


def _each(function: Callable[..., Any], calls: Sequence[tuple[Any, ...]], name: str) -> Iterator[Any]:
    """Answers in order, from processes that can be killed; a `Failure` where there is none."""

    def unanswered(failure: Failure, _: str) -> Failure:
        return failure

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


def made(model: Model, formulas: Sequence[str], variant: str, steps: int, seed: int, cache: Path) -> list[Molecule]:
    """Generated and judged molecules of one variant, read from ``cache`` where they were made before."""
    file = cache / f"{model.hash[:12]}-{variant}-{steps}-{len(formulas)}-{seed}.npz"
    if not file.exists():
        candidates = generated(model, formulas, variant, steps, None, seed, progress=sys.stderr.isatty())
        cache.mkdir(parents=True, exist_ok=True)
        np.savez_compressed(
            file,
            numbers=np.concatenate([c.numbers for c in candidates]),
            positions=np.concatenate([c.positions for c in candidates]),
            ptr=pointers(np.array([len(c.numbers) for c in candidates], dtype=np.int64)),
        )
    with np.load(file) as arrays:
        return judged(arrays["numbers"], arrays["positions"], arrays["ptr"])


def judged(numbers: Ints, positions: Floats, ptr: Ints) -> list[Molecule]:
    """Molecules of a ragged batch with their verdicts."""
    pieces = [(numbers[a:b], positions[a:b]) for a, b in pairwise(ptr)]
    with BondWorkers(2) as workers:
        futures = [workers.submit(z, x) for z, x in pieces]
        return [Molecule(z, x, future.result()) for (z, x), future in zip(pieces, futures, strict=True)]


def held_out(data: QM9, n: int, seed: int = 0) -> tuple[list[Molecule], Floats]:
    """``n`` molecules of the test split, judged, and the largest distances of the others, ``[m]`` Å."""
    part = data.subset("test")
    ids = np.random.default_rng(seed).permutation(len(part))
    numbers, positions, ptr = gather(part, ids[-n:])
    _, others, other_ptr = gather(part, ids[:-n])
    return judged(numbers, positions.astype(np.float64), ptr), largest_distances(others.astype(np.float64), other_ptr)


def table(rows: Sequence[Quality], model: Model, command: str, steps: int) -> str:
    """The rows as a Markdown page."""
    lines = [
        "# Quality of the molecules",
        "",
        f"Model `{model.name}`, sha256 `{model.hash[:16]}…`, {steps} network evaluations at most. Held-out QM9 test "
        "compositions, one molecule each. New: not in the training split (without stereo marks), of the distinct ones. "
        "JS: Jensen–Shannon divergence in nats, 100 bins, of the largest pairwise distance against test molecules "
        "other than those of the row QM9 test, which says how large it is between two draws of QM9. PoseBusters: all "
        "of its `mol` checks. xTB: GFN2-xTB from the raw geometry; energy given off, RMSD, and how many have the same "
        "bonds and stereo marks afterwards. Brackets: 95 % Wilson interval.",
        "",
        f"    {command}",
        "",
        "| molecules | n | valid, % | distinct | new, % | JS distance | paper | PoseBusters, % | xTB n | "
        "ΔE median, eV | ΔE mean, eV | RMSD median, Å | same, % |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for r in rows:
        name = "QM9 test" if r.variant == "qm9" else title(r.variant)
        lines.append(
            f"| {name} | {r.n} | {Rate(r.valid, r.n)} | {r.distinct} | {100 * r.new / max(1, r.distinct):.1f} | "
            f"{r.js_distance:.4f} | {PAPER_JS.get(r.variant, '')} | {Rate(r.unbroken, r.busted)} | {r.relaxed} | "
            f"{_number(r.median_energy)} | {_number(r.mean_energy)} | {_number(r.median_rmsd)} | "
            f"{Rate(r.same, r.relaxed)} |"
        )
    return "\n".join(lines) + "\n"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def picture(sets: Iterable[tuple[str, Sequence[Molecule]]], file: Path) -> None:
    """Shapes of the valid molecules in the rod–disc–sphere triangle, and their largest distances."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 4.2), layout="constrained")
    triangle, lengths = figure.subplots(1, 2)
    triangle.plot([0, 0.5, 1, 0], [1, 0.5, 1, 1], color="0.6", lw=1)
    for corner, where in {"rod": (0, 1.01), "disc": (0.5, 0.47), "sphere": (0.93, 1.01)}.items():
        triangle.text(*where, corner, color="0.4")
    for name, molecules in sets:
        positions, ptr = _stacked([m for m in molecules if m.verdict.valid])
        x, y = npr(principal_variances(positions, ptr)).T
        triangle.plot(x, y, ".", ms=2, alpha=0.6, label=name)
        lengths.hist(largest_distances(positions, ptr), bins=60, histtype="step", density=True, label=name)
    triangle.set(xlabel="I1 / I3", ylabel="I2 / I3")
    lengths.set(xlabel="largest pairwise distance, Å", ylabel="density")
    lengths.legend()
    figure.savefig(file.with_suffix(".svg"))
    figure.savefig(file.with_suffix(".png"), dpi=150)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``gpff quality``."""
    parser.add_argument("--model", default="default", help="name or .safetensors file")
    parser.add_argument("--variants", nargs="+", choices=VARIANTS, default=["sdd", "sdd+shape", "dd"])
    parser.add_argument("--n", type=int, default=1000, help="test compositions, one molecule each (default 1000)")
    parser.add_argument("--steps", type=int, default=256, help="network evaluations (default 256)")
    parser.add_argument("--busters", type=int, default=200, help="valid molecules given to PoseBusters (default 200)")
    parser.add_argument("--xtb", type=int, default=100, help="valid molecules relaxed with GFN2-xTB (default 100)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", help="cpu or cuda; by default whichever there is")
    parser.add_argument("--cache", type=Path, default=Path("runs/quality"), help="folder for what was generated")
    parser.add_argument("--output", type=Path, help="folder for quality.md, .csv, .svg and .png")


def run(args: argparse.Namespace) -> None:
    """Entry of ``gpff quality``."""
    model, data = load(args.model, args.device), load_data()
    formulas = held_out_formulas(data, args.n)
    train = data.subset("train")
    known = {flat_smiles(bytes(s).decode()) for s in tqdm(train.smiles, "known", disable=not sys.stderr.isatty())}
    theirs, reference = held_out(data, args.n, args.seed)
    sets = [("qm9", theirs)]
    sets += [(v, made(model, formulas, v, args.steps, args.seed, args.cache)) for v in args.variants]
    rows = [quality(name, molecules, known, reference, args.busters, args.xtb) for name, molecules in sets]
    page = table(rows, model, shlex.join(["gpff", *sys.argv[1:]]), args.steps)
    print(page)
    if args.output:
        args.output.mkdir(parents=True, exist_ok=True)
        (args.output / "quality.md").write_text(page)
        with (args.output / "quality.csv").open("w", newline="") as file:
            out = csv.DictWriter(file, list(asdict(rows[0])))
            out.writeheader()
            out.writerows(asdict(row) for row in rows)
        picture([("QM9 test" if name == "qm9" else title(name), m) for name, m in sets], args.output / "quality")
