"""How good a model is: tier-0 validity over network evaluations, on held-out QM9 compositions, with intervals.

``make evaluate`` (or ``gpff evaluate``) prints the table and with ``--output`` writes it, with the command, the hash
of the weights and the paper's figure beside each row that has one.
"""

from __future__ import annotations

import argparse
import csv
import math
import re
import shlex
import sys
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from gpff.checkpoint import Model, load
from gpff.composition import formula
from gpff.data import QM9
from gpff.data import load as load_data
from gpff.generation import Candidate, generate
from gpff.spec import SAMPLERS, Spec

PAPER = {
    ("sdd", 6): "≈ 50", ("sdd", 256): "100", ("dd", 6): "≈ 50", ("dd", 256): "93",
    ("sdd+shape", 4): "≈ 40", ("sdd+shape", 6): "70", ("sdd+shape", 256): "99",
    ("heun", 256): "87", ("stochastic_heun", 256): "97", ("ancestral", 256): "94",
    ("as_heun", 256): "92", ("as_stochastic_heun", 256): "97", ("as_ancestral", 256): "95",
}  # fmt: skip
"""Validity in percent that the paper reports for 10,000 molecules, 256 features, σ = 30 Å."""


@dataclass(frozen=True)
class Rate:
    """``valid`` of ``n`` molecules, with the 95 % Wilson interval of the rate."""

    valid: int
    n: int

    @property
    def interval(self) -> tuple[float, float]:
        """Lower and upper bound (E. B. Wilson 1927), both in [0, 1]."""
        if self.n == 0:
            return 0.0, 1.0
        z, p = 1.959964, self.valid / self.n
        centre = (p + z * z / (2 * self.n)) / (1 + z * z / self.n)
        half = z / (1 + z * z / self.n) * math.sqrt(p * (1 - p) / self.n + z * z / (4 * self.n**2))
        return max(0.0, centre - half), min(1.0, centre + half)

    def __str__(self) -> str:
        low, high = self.interval
        return f"{100 * self.valid / max(1, self.n):.1f} [{100 * low:.1f}, {100 * high:.1f}]"


@dataclass(frozen=True)
class Row:
    """One line of the table. ``noise`` is λ in Å; ``nfe`` the mean number of network evaluations of a molecule."""

    sampler: str
    steps: int
    noise: float | None
    n: int
    valid: int
    unique: int
    finite: int
    nfe: float
    seconds: float
    reasons: str


def held_out_formulas(data: QM9, n: int, split: str = "test", seed: int = 0) -> list[str]:
    """Formulas of ``n`` molecules of a split, drawn without replacement with ``seed``."""
    part = data.subset(split)
    ids = np.random.default_rng(seed).permutation(len(part))[:n]
    return [formula(part[int(i)][0].astype(np.int64)) for i in ids]


VARIANTS = (*SAMPLERS, "dd+shape", "sdd+shape")
"""What can be measured: the samplers, and two of them with the shape of each molecule from the shape predictor."""


def generated(
    model: Model, formulas: Sequence[str], variant: str, steps: int, noise: float | None, seed: int, progress: bool
) -> list[Candidate]:
    """One judged molecule of every formula from the σ = 30 Å prior, or from its shape's."""
    name, _, shaped = variant.partition("+")
    sampler = next(s for s in SAMPLERS if s == name)
    specs = [Spec.from_formula(formula, shape="any" if shaped else None) for formula in formulas]
    return generate(
        model, specs, n=1, sampler=sampler, steps=steps, noise=noise, seed=seed, progress=progress, workers=2
    )


def measure(
    model: Model, formulas: Sequence[str], sampler: str, steps: int, noise: float | None, seed: int, progress: bool
) -> Row:
    """The row of one variant, of one molecule of every formula."""
    started = time.perf_counter()
    candidates = generated(model, formulas, sampler, steps, noise, seed, progress)
    seconds = time.perf_counter() - started
    valid = [c for c in candidates if c.valid]
    return Row(
        sampler, steps, noise, len(candidates), len(valid), len({c.smiles for c in valid}),
        sum(bool(np.isfinite(c.positions).all()) for c in candidates),
        float(np.mean([c.nfe for c in candidates])), round(seconds, 1), _reasons(candidates),
    )  # fmt: skip


def _reasons(candidates: Iterable[Candidate]) -> str:
    """The three commonest reasons for failure, without the atoms that they name."""
    short = Counter(re.sub(r"\b([A-Z][a-z]?)\d+\b", r"\1", c.reason or "") for c in candidates if not c.valid)
    return "; ".join(f"{reason} ({count})" for reason, count in short.most_common(3))


def table(rows: Sequence[Row], model: Model, command: str) -> str:
    """The rows as a Markdown page."""
    lines = [
        "# Validity over network evaluations",
        "",
        f"Model `{model.name}`, sha256 `{model.hash[:16]}…`, {model.manifest.get('training', {}).get('epochs', '?')} "
        "epochs of QM9. Held-out QM9 test compositions, one molecule each, from a σ = 30 Å prior; tier 0 (RDKit "
        "`DetermineBonds`, charge 0, one fragment, no radicals). Brackets: 95 % Wilson interval.",
        "",
        f"    {command}",
        "",
        "| sampler | steps | mean NFE | λ, Å | n | valid, % | paper, % | distinct | finite | s | common failures |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for r in rows:
        noise = "default" if r.noise is None else f"{r.noise:g}"
        noise = noise if r.sampler.startswith("sdd") else "–"
        lines.append(
            f"| {title(r.sampler)} | {r.steps} | {r.nfe:.1f} | {noise} | {r.n} | {Rate(r.valid, r.n)} | "
            f"{PAPER.get((r.sampler, r.steps), '')} | {r.unique} | {r.finite} | {r.seconds:.0f} | {r.reasons} |"
        )
    return "\n".join(lines) + "\n"


def title(sampler: str) -> str:
    """A sampler's name as tables show it: DD, SDD, Heun, AS stochastic Heun …"""
    if sampler.endswith("+shape"):
        return f"{title(sampler.removesuffix('+shape'))}+shape"
    words = sampler.split("_")
    names = {"dd": "DD", "sdd": "SDD", "as": "AS", "heun": "Heun"}
    text = " ".join(names.get(word, word) for word in words)
    return text[0].upper() + text[1:]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``gpff evaluate``."""
    parser.add_argument("--model", default="default", help="name or .safetensors file")
    parser.add_argument("--n", type=int, default=1000, help="test compositions, one molecule each (default 1000)")
    parser.add_argument("--samplers", nargs="+", choices=VARIANTS, default=["sdd", "dd"])
    parser.add_argument("--steps", nargs="+", type=int, default=[6, 16, 64, 256])
    parser.add_argument("--noise", nargs="+", type=float, help="λ of SDD in Å; several are compared")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", help="cpu or cuda; by default whichever there is")
    parser.add_argument("--output", type=Path, help="folder for validity.md and validity.csv")


def run(args: argparse.Namespace) -> None:
    """Entry of ``gpff evaluate``."""
    model = load(args.model, args.device)
    formulas = held_out_formulas(load_data(), args.n)
    command = shlex.join(["gpff", *sys.argv[1:]])
    rows: list[Row] = []
    for sampler in args.samplers:
        for noise in (args.noise or [None]) if sampler.startswith("sdd") else [None]:
            for steps in args.steps:
                rows.append(measure(model, formulas, sampler, steps, noise, args.seed, progress=sys.stderr.isatty()))
                print(f"{sampler} {steps} steps λ {noise}: {Rate(rows[-1].valid, rows[-1].n)} %", file=sys.stderr)
    page = table(rows, model, command)
    print(page)
    if args.output:
        write(args.output, rows, page)


def write(folder: Path, rows: Sequence[Row], page: str) -> None:
    """``validity.md`` and ``validity.csv`` in ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "validity.md").write_text(page)
    with (folder / "validity.csv").open("w", newline="") as file:
        out = csv.DictWriter(file, list(asdict(rows[0])))
        out.writeheader()
        out.writerows(asdict(row) for row in rows)
