"""How well molecules grow from a scaffold: the benchmark of :mod:`gpff.growth_steps`, as a command.

``gpff growth`` prints, step by step, how many candidates are valid, how many are the molecule that was cut, and the
share of all; with ``--output`` it writes the table with its command and the hash of the weights.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shlex
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from gpff.cells import Bench, is_strictly_valid, keep, noise_name
from gpff.checkpoint import Model, load
from gpff.composition import formula
from gpff.generation import Candidate, generate
from gpff.growth_steps import Step, flat_smiles, steps
from gpff.pages import Rate, head, rates, write
from gpff.spec import Spec

type Noise = tuple[float | None, float | None]
"""SDD's λ in Å and its power p; None: the defaults."""


@dataclass(frozen=True)
class Grown:
    """What one step gave: ``valid`` of ``n`` candidates, ``strict`` of them by tier 0, ``products`` among them; the
    scaffold stayed in ``kept``."""

    name: str
    scaffold: str
    blob: str
    n: int
    valid: int
    strict: int
    products: int
    first: int | None
    distinct: int
    kept: int


def measure(model: Model, step: Step, n: int, sampler_steps: int, noise: Noise, seed: int) -> Grown:
    """``n`` candidates of a step. ``first`` is the number of the first candidate that is the product, from 1."""
    spec = replace(step.spec, n_samples=n, steps=sampler_steps, noise=noise[0], noise_power=noise[1], seed=seed)
    candidates = generate(model, spec)
    found = [flat_smiles(c.smiles) if c.valid and c.smiles else "" for c in candidates]
    scaffold, blob = spec.scaffold, spec.blobs[0]
    assert scaffold is not None and blob.numbers is not None
    return Grown(
        step.name,
        formula(scaffold.numbers),
        formula(blob.numbers),
        n,
        sum(bool(c.valid) for c in candidates),
        sum(map(is_strictly_valid, candidates)),
        found.count(step.product),
        found.index(step.product) + 1 if step.product in found else None,
        len(set(found) - {""}),
        sum(_stayed(c, spec) for c in candidates),
    )


def _stayed(candidate: Candidate, spec: Spec) -> bool:
    assert spec.scaffold is not None
    return bool(np.array_equal(candidate.positions[: len(spec.scaffold.numbers)], spec.scaffold.positions))


def table(rows: Sequence[Grown], model: Model, command: str) -> str:
    """The rows as a Markdown page."""
    n, valid, strict = (sum(getattr(r, name) for r in rows) for name in ("n", "valid", "strict"))
    products, kept = sum(r.products for r in rows), sum(r.kept for r in rows)
    reached = sum(r.products > 0 for r in rows)
    text = (
        "Known molecules cut at a single bond; the scaffold is relaxed without the piece cut off, whose mean and "
        "covariance make the blob. Product: the molecule that was cut, without stereo marks. Valid: tier 0 but for "
        "contacts across small cages (`gpff.chemistry.connected`)."
    )
    lines = [
        *head("Growing molecules from a scaffold", model, text, command),
        f"**Valid: {Rate(valid, n)} %, {Rate(strict, n)} % by tier 0. Products: {Rate(products, n)} %, "
        f"in {reached} of {len(rows)} steps. Scaffold bit for bit in place: {kept} of {n}.**",
        "",
        "| step | scaffold | blob | n | valid, % | product, % | first at | distinct |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for r in rows:
        lines.append(
            f"| {r.name} | {r.scaffold} | {r.blob} | {r.n} | {Rate(r.valid, r.n)} | {Rate(r.products, r.n)} | "
            f"{r.first or '–'} | {r.distinct} |"
        )
    return "\n".join(lines) + "\n"


def published(rows: Sequence[Grown], model: Model, command: str, folder: Path) -> str:
    """growth.md, which is returned, and growth.csv."""
    page = table(rows, model, command)
    more = [rates(valid=(r.valid, r.n), tier_0=(r.strict, r.n), product=(r.products, r.n)) for r in rows]
    write(folder, "growth", page, rows, more, {"weights": model.hash, "command": command})
    return page


def measured(bench: Bench, n: int, sampler_steps: int, noise: Noise, seed: int) -> list[Grown]:
    """All steps of the benchmark, each kept in the bench's folder."""
    found = steps()

    def name(step: Step) -> str:
        digest = hashlib.sha256(f"{step.name} {step.product}".encode()).hexdigest()[:8]
        return f"grown-{digest}-{n}-{sampler_steps}-{noise_name(*noise, True, sampler_steps)}-{seed}"

    files = [bench.file(name(step)) for step in found]
    tasks = [
        (step, n, sampler_steps, noise, seed, file)
        for step, file in zip(found, files, strict=True)
        if not file.exists()
    ]
    bench.map(_measured, tasks, [n * sampler_steps] * len(tasks))
    return [Grown(**json.loads(file.read_text())) for file in files]


def _measured(model: Model, step: Step, n: int, sampler_steps: int, noise: Noise, seed: int, file: Path) -> None:
    """Kept by the process that makes it, so that a benchmark that is stopped has all but the step that it was at."""
    keep(file, asdict(measure(model, step, n, sampler_steps, noise, seed)))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``gpff growth``."""
    parser.add_argument("--model", default="default", help="name or .safetensors file")
    parser.add_argument("--n", type=int, default=64, help="candidates of each step (default 64)")
    parser.add_argument("--steps", type=int, default=64, help="sampler steps (default 64)")
    parser.add_argument("--noise", type=float, help="λ of SDD in Å")
    parser.add_argument("--noise-power", type=float, help="how it falls: λ (1 - k/K)^p; the paper's is 1")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", help="cpu or cuda; by default whichever there is")
    parser.add_argument("--workers", type=int, default=0, help="processes; 0 works in this one (default)")
    parser.add_argument("--folder", type=Path, default=Path("runs/evaluate"), help="where parts are kept")
    parser.add_argument("--output", type=Path, help="folder for growth.md and growth.csv")


def run(args: argparse.Namespace) -> None:
    """Entry of ``gpff growth``."""
    model = load(args.model, args.device)
    bench = Bench(model, args.model, args.folder, args.workers, args.device)
    rows = measured(bench, args.n, args.steps, (args.noise, args.noise_power), args.seed)
    command = shlex.join(["gpff", *sys.argv[1:]])
    print(published(rows, model, command, args.output) if args.output else table(rows, model, command))
