"""``gpff evaluate``: every table and figure of docs/results that tells how good a model is, by one command.

What is generated is kept (cells.py): a run that was stopped goes on, and one with more molecules takes what is there.
With ``--only`` single pages are made; ``gpff baselines`` makes the comparison with diffusion models, which trains them.
"""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from tqdm import tqdm

from gpff import diagnostics, growth, quality, validity
from gpff.cells import SHAPES, VARIANTS, Bench, Cell, held_out_formulas
from gpff.checkpoint import load
from gpff.chemistry import Verdict
from gpff.cores import cores
from gpff.data import QM9
from gpff.data import load as load_data
from gpff.errors import InputError
from gpff.growth_steps import flat_smiles
from gpff.pages import head, rates, title, write, write_csv

STEPS = (4, 6, 16, 32, 64, 256)
JUDGED = ("dd", "sdd", "sdd+shape", "stochastic_heun", "as_stochastic_heun")
"""Variants whose molecules are measured beyond validity."""


@dataclass(frozen=True)
class Run:
    """What all pages share."""

    bench: Bench
    data: QM9
    formulas: Sequence[str]
    args: argparse.Namespace
    command: str

    def cell(self, variant: str, steps: int, noise: float | None = None) -> Cell:
        """A cell of this run."""
        args = self.args
        settings = args.noise_power, args.seed, args.split, args.step_length, args.widths
        return Cell(variant, steps, args.n, noise, *settings)

    @property
    def same(self) -> dict[str, str]:
        """Columns of every CSV file."""
        return {"weights": self.bench.model.hash, "command": self.command}

    def validity_cells(self) -> list[Cell]:
        """Cells of the table of validity; several λ where several are asked for."""
        noises: list[float | None] = self.args.noise or [None]
        return [
            self.cell(variant, steps, noise)
            for variant in self.args.samplers
            for noise in (noises if variant.startswith("sdd") else [None])
            for steps in self.args.steps
        ]

    def judged_cells(self) -> list[Cell]:
        """Cells of the table of quality."""
        return [self.cell(variant, max(self.args.steps)) for variant in JUDGED if variant in self.args.samplers]

    def shape_cells(self) -> list[Cell]:
        """Cells of the archetypes."""
        return [self.cell(f"sdd+{shape}", max(self.args.steps)) for shape in SHAPES]

    def molecules(self, cell: Cell) -> list[quality.Molecule]:
        """The judged molecules of a cell."""
        return [
            quality.Molecule(c.numbers, c.positions, Verdict(bool(c.valid), c.smiles, c.reason, c.bonds))
            for c in self.bench.candidates(cell, self.formulas)
        ]


def make_validity(run: Run, folder: Path) -> str:
    """validity.md, .csv, .svg, .png."""
    rows = [validity.row(cell, run.bench.candidates(cell, run.formulas)) for cell in run.validity_cells()]
    page = (
        validity.table(rows, run.bench.model, run.command, run.args.split, run.args.widths)
        + "\n![Validity](validity.svg)\n"
    )
    more = [
        {**rates(tier_0=(r.strict, r.n), valid=(r.valid, r.n)), "paper, %": validity.PAPER.get((r.sampler, r.steps))}
        for r in rows
    ]
    write(folder, "validity", page, rows, more, run.same)
    validity.picture(rows, folder)
    return page


def make_quality(run: Run, folder: Path) -> str:
    """quality.md, .csv and distributions.svg, .png."""
    args = run.args
    theirs, others = quality.held_out(run.data, args.n)
    sets = [("qm9", theirs), *((cell.variant, run.molecules(cell)) for cell in run.judged_cells())]
    reference = quality.measured(others)
    found = [(name, molecules, quality.measured(molecules)) for name, molecules in sets]
    known: set[str] = set()

    def smiles_of_training() -> set[str]:
        if not known:
            train = run.data.subset("train").smiles
            bar = tqdm(train, "SMILES of the training split", disable=not run.bench.progress, leave=False)
            known.update(flat_smiles(bytes(s).decode()) for s in bar)
        return known

    rows = []
    for name, molecules, own in found:
        # named by all that its molecules are made of: those of other settings are others
        made = name if name == "qm9" else run.cell(name, max(args.steps)).key
        key = f"quality-{made}-{args.n}-{args.busters}-{args.xtb}"

        def judge(name: str = name, molecules: list[quality.Molecule] = molecules, own: quality.Measured = own) -> dict:  # type: ignore[type-arg]
            known = smiles_of_training()
            return asdict(quality.quality(name, molecules, own, known, reference, args.busters, args.xtb))

        # divergences hang on the property model as well, which may be another than when the rest was judged
        distance, gap, energy = quality.divergences(own, reference)
        row = quality.Quality(**run.bench.kept(key, judge))
        rows.append(replace(row, js_distance=distance, js_gap=gap, js_energy=energy))
    page = quality.table(rows, run.bench.model, run.command, max(args.steps), args.split)
    more = [quality.columns(row) for row in rows]
    page += "\n![Distributions](distributions.svg)\n"
    write(folder, "quality", page, rows, more, run.same)
    shown = [(title(name), own) for name, _, own in found if name != "qm9" and len(own.gap)]
    quality.distributions_picture([("QM9, training split", reference), *shown], folder)
    return page


def make_shapes(run: Run, folder: Path) -> str:
    """shapes.md, .csv, .svg, .png: QM9 and the archetypes."""
    theirs, _ = quality.held_out(run.data, run.args.n)
    sets = [("QM9 test", theirs), *((cell.variant.split("+")[1], run.molecules(cell)) for cell in run.shape_cells())]
    found = [(name, *quality.shaped(name, molecules)) for name, molecules in sets]
    page = quality.shapes_table([row for _, row, _ in found], run.bench.model, run.command, max(run.args.steps))
    rows = [row for _, row, _ in found]
    more = [{**rates(tier_0=(r.strict, r.n), valid=(r.valid, r.n)), "paper, %": quality.paper_of(r)} for r in rows]
    write(folder, "shapes", page, rows, more, run.same)
    quality.triangle([(name, ratios) for name, _, ratios in found], folder)
    return page


def make_noise(run: Run, folder: Path) -> str:
    """noise-levels.md, .csv, .svg, .png and sigma-hat.csv."""
    n, calls = min(run.args.n, 300), 64
    model, held_out = run.bench.model, run.data.subset(run.args.split)
    kept = run.bench.kept(
        f"noise-levels-{n}-{run.args.seed}-{run.args.split}",
        lambda: {
            "levels": [asdict(v) for v in diagnostics.loss_by_sigma(model, held_out, n, run.args.seed)],
            "traces": [asdict(t) for t in diagnostics.traces(model, run.formulas[:100], calls, run.args.seed)],
        },
    )
    levels = [diagnostics.Level(**row) for row in kept["levels"]]
    traces = [diagnostics.Trace(**row) for row in kept["traces"]]
    text = (
        f"{n} molecules of the {run.args.split} split at each noise level, aligned as in training: share of the "
        "variance 4σ² of the pseudo-force that the network does not explain (an oracle is not at 0: a wide cloud "
        f"tells little of the molecule), and σ̂ / σ, read off the predicted force. sigma-hat.csv: σ̂ along adaptive "
        f"runs of {calls} calls, {min(100, len(run.formulas))} of its compositions, with the schedule that bounds it."
    )
    lines = [
        *head("Error and σ̂ over noise levels", model, text, run.command),
        "| σ, Å | n | unexplained | standard error | σ̂ / σ | its spread |",
        "|---" * 6 + "|",
        *(
            f"| {v.sigma:.3g} | {v.n} | {v.unexplained:.4f} | {v.error:.4f} | {v.read:.3f} | {v.read_spread:.3f} |"
            for v in levels
        ),
    ]
    page = "\n".join(lines) + "\n\n![Noise levels](noise-levels.svg)\n"
    write(folder, "noise-levels", page, levels, same=run.same)
    write_csv(folder, "sigma-hat", traces, same=run.same)
    diagnostics.picture(levels, traces, folder)
    return page


def make_growth(run: Run, folder: Path) -> str:
    """growth.md, .csv."""
    rows = growth.measured(run.bench, run.args.candidates, 64, (None, run.args.noise_power), run.args.seed)
    return growth.published(rows, run.bench.model, run.command, folder)


PAGES: dict[str, Callable[[Run, Path], str]] = {
    "validity": make_validity,
    "shapes": make_shapes,
    "noise": make_noise,
    "growth": make_growth,
    "quality": make_quality,
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``gpff evaluate``."""
    parser.add_argument("--model", default="default", help="name or .safetensors file")
    parser.add_argument("--n", type=int, default=1000, help="held-out compositions, one molecule each (default 1000)")
    parser.add_argument("--only", nargs="+", choices=list(PAGES), default=list(PAGES), help="pages (default all)")
    samplers = [variant for variant in VARIANTS if variant.split("+")[-1] not in SHAPES]
    parser.add_argument("--samplers", nargs="+", choices=VARIANTS, default=samplers, help="for validity and quality")
    parser.add_argument("--steps", nargs="+", type=int, default=list(STEPS), help="network evaluations")
    parser.add_argument("--noise-power", type=float, help="how SDD's noise falls: λ (1 - k/K)^p; the paper's is 1")
    parser.add_argument(
        "--step-length", type=float, help="η of SDD's x + η F/2 at any number of calls; the paper's is 1"
    )
    parser.add_argument(
        "--no-widths", dest="widths", action="store_false",
        help="ancestral, Heun and stochastic Heun by the paper's rule: widths are not put right",
    )  # fmt: skip
    parser.add_argument("--noise", nargs="+", type=float, help="λ of SDD in Å; several are compared")
    parser.add_argument("--candidates", type=int, default=64, help="of each growth step (default 64)")
    parser.add_argument("--busters", type=int, default=200, help="valid molecules given to PoseBusters (default 200)")
    parser.add_argument("--xtb", type=int, default=100, help="valid molecules relaxed with GFN2-xTB (default 100)")
    parser.add_argument("--split", choices=("val", "test"), default="test", help="val while settings are being chosen")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", help="cpu or cuda; by default whichever there is")
    parser.add_argument("--workers", type=int, default=cores(), help="processes; 0: this one")
    parser.add_argument("--folder", type=Path, default=Path("runs/evaluate"), help="where what is made is kept")
    parser.add_argument("--output", type=Path, default=Path("docs/results"), help="folder for pages and figures")


def run(args: argparse.Namespace) -> None:
    """Entry of ``gpff evaluate``."""
    if "quality" in args.only:
        quality.check_packages(args.busters, args.xtb)  # before the hours that come before it
    model, data = load(args.model, args.device), load_data()
    bench = Bench(model, args.model, args.folder, args.workers, args.device)
    formulas = held_out_formulas(data, max(args.n, 0), args.split)
    if args.n < 1 or len(formulas) < args.n:
        most = len(data.subset(args.split))
        raise InputError("--n", f"1 to {most}, the molecules of the {args.split} split", str(args.n))
    this = Run(bench, data, formulas, args, shlex.join(["gpff", *sys.argv[1:]]))
    cells = {"validity": this.validity_cells, "quality": this.judged_cells, "shapes": this.shape_cells}
    # all at once, so that no process waits for the last part of a page
    bench.fill(
        list(dict.fromkeys(cell for page in args.only if page in cells for cell in cells[page]())), this.formulas
    )
    for page in args.only:
        print(PAGES[page](this, args.output), flush=True)
