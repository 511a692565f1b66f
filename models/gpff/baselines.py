"""``gpff baselines``: diffusion models and ablations beside the GPFF, each trained on the same small budget.

Every run has the same network, data, steps, batch and learning rates; they differ in what conditioned.py says and in
permutation alignment. All are trained here (a run that was stopped goes on), sampled by the same samplers from the same
prior draws, and judged alike. A diffusion model is told σ by the sampler's schedule, so it has no sampler without one
and none that reads σ off the force.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shlex
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from itertools import pairwise, product
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from tqdm import tqdm

from gpff import validity
from gpff.cells import held_out_formulas, keep, noise_name
from gpff.chemistry import BondWorkers, perceive_strictly
from gpff.data import QM9
from gpff.data import load as load_data
from gpff.errors import GpffError, InputError
from gpff.force import field_tables, forces_of, quick_products
from gpff.generation import batches
from gpff.molecules import pointers
from gpff.noising import NoiseConfig
from gpff.pages import Rate, error_bars, rates, save_figure, title, write
from gpff.painn import NetworkConfig, PaiNN
from gpff.plan import Plan
from gpff.samplers import State, advance, answer, finished, init, propose, question
from gpff.spec import SAMPLERS, SCHEDULED, Sampler, Spec
from gpff.train import train
from gpff.train_config import TrainConfig
from gpff.trainer import Trainer, saved_config


@dataclass(frozen=True)
class Baseline:
    """One run: its folder's name, what it is, and what makes it so."""

    key: str
    name: str
    config: TrainConfig


def baselines(features: int, steps: int, seed: int = 0) -> tuple[Baseline, ...]:
    """The five runs at one budget."""
    plain = TrainConfig(network=NetworkConfig(n_features=features), steps=steps, seed=seed)
    return (
        Baseline("gpff", "GPFF", plain),
        Baseline("gpff-no-align", "GPFF, no permutation alignment", replace(plain, noise=NoiseConfig(align=False))),
        Baseline("gpff-time", "GPFF, time-aware", replace(plain, time_aware=True)),
        Baseline("dm-time", "DM, time-conditioned", replace(plain, objective="dm", time_aware=True)),
        Baseline("dm", "DM, time-agnostic", replace(plain, objective="dm")),
    )


KEYS = tuple(baseline.key for baseline in baselines(1, 1))
"""What the runs are called."""
FREE: tuple[Sampler, ...] = ("as_ancestral", "as_heun", "as_stochastic_heun", "dd", "sdd")
"""Samplers for runs that are told no noise level."""
PAPER = {
    ("DM, time-conditioned", "heun"): "84", ("DM, time-conditioned", "stochastic_heun"): "95",
    ("DM, time-conditioned", "ancestral"): "91",
    **{("GPFF", sampler): value for (sampler, steps), value in validity.PAPER.items() if steps == 256},
    ("GPFF, no permutation alignment", "dd"): "98", ("GPFF, no permutation alignment", "ancestral"): "93",
    ("GPFF, no permutation alignment", "stochastic_heun"): "97",
}  # fmt: skip
"""Tier-0 validity in percent at 256 evaluations that the paper reports, by run and sampler, at its full budget."""


@dataclass(frozen=True)
class Line:
    """Validity of one run by one sampler; ``nfe`` is the mean number of calls of a molecule, ``weights`` the hash of
    the run's averaged weights."""

    baseline: str
    sampler: str
    steps: int
    n: int
    valid: int
    nfe: float
    weights: str


def trained(baseline: Baseline, folder: Path, data: QM9) -> Trainer:
    """The run, trained to its planned step; one that is already there goes on. Raises GpffError when it is stopped."""
    trainer = Trainer(folder / baseline.key, baseline.config, data)
    if saved_config(trainer.folder) == baseline.config:
        trainer.restore()
    if trainer.step < baseline.config.steps:
        print(f"training {baseline.name}", file=sys.stderr)
        train(trainer, check_every=0, save_s=30.0)
    if trainer.step < baseline.config.steps:
        raise GpffError(
            f"{baseline.name}: stopped at step {trainer.step} of {baseline.config.steps}; run again to go on"
        )
    return trainer


def weights_hash(trainer: Trainer) -> str:
    """SHA-256 of a run's averaged weights, hex."""
    digest = hashlib.sha256()
    for name, values in sorted(trainer.averaged.items()):
        digest.update(name.encode() + values.detach().float().contiguous().numpy().tobytes())
    return digest.hexdigest()


class Field:
    """A network's pseudo-forces of arrays, told the noise levels where it wants them."""

    def __init__(self, trainer: Trainer) -> None:
        self.net: PaiNN = trainer.net
        self.net.load_state_dict(trainer.averaged)
        self.hash = weights_hash(trainer)
        self.net.eval().requires_grad_(False)
        self.tables, self.told = field_tables(self.net), trainer.config.told

    @torch.inference_mode()
    def __call__(
        self,
        numbers: NDArray[np.int64],
        positions: NDArray[np.float64],
        ptr: NDArray[np.int64],
        sigma: NDArray[np.float64],
    ) -> NDArray[np.float64]:
        """Pseudo-forces ``[n_atoms, 3]`` Å; ``sigma [n_molecules]`` Å."""
        x = positions - np.repeat(np.add.reduceat(positions, ptr[:-1]) / np.diff(ptr)[:, None], np.diff(ptr), axis=0)
        z, r, p = (torch.from_numpy(np.ascontiguousarray(a)) for a in (numbers, x.astype(np.float32), ptr))
        levels = torch.from_numpy(sigma.astype(np.float32)) if self.told else None
        return forces_of(self.net, self.tables, z, r, p, levels).double().numpy()


def sampled(field: Field, plan: Plan) -> State:
    """The last state of a run."""
    state = init(plan)
    while not finished(plan, state):
        proposal = propose(plan, state)
        numbers, positions, sizes = question(plan, state, proposal)
        sigma = state.sigma_hat if state.walk is None else state.walk.sigma
        forces = field(numbers, positions, pointers(sizes), sigma[state.active])
        state = advance(plan, state, proposal, answer(plan, state, forces))
    return state


def measure(field: Field, name: str, formulas: Sequence[str], sampler: Sampler, steps: int, seed: int) -> Line:
    """Tier-0 validity of one molecule of every formula."""
    specs = [Spec.from_formula(formula, 1, sampler, steps, seed) for formula in formulas]
    valid, calls = [], []
    with BondWorkers(1, target=perceive_strictly) as workers:
        for plan in batches(specs, widths=False):  # what `gpff.widths` puts right is the product's network
            state = sampled(field, plan)
            calls += state.nfe.tolist()
            for m, (a, b) in enumerate(pairwise(plan.ptr)):
                if not state.failed[m]:
                    valid.append(workers.submit(plan.numbers[a:b], state.positions[a:b]))
        n_valid = sum(verdict.result().valid for verdict in valid)
    return Line(name, sampler, steps, len(formulas), n_valid, float(np.mean(calls)), field.hash)


def samplers_of(baseline: Baseline) -> tuple[Sampler, ...]:
    """What a run can be sampled by."""
    return SCHEDULED if baseline.config.told else (*SCHEDULED, *FREE)


def table(lines: Sequence[Line], trainers: Sequence[Trainer], command: str) -> str:
    """The lines as a Markdown page: a row for each run and sampler, a column for each number of evaluations."""
    config = trainers[0].config
    steps, hashes = sorted({line.steps for line in lines}), {line.baseline: line.weights for line in lines}
    seen, epochs = config.steps * config.batch, config.steps * config.batch / len(trainers[0].data)
    minutes = ", ".join(f"{trainer.seconds / 60:.1f}" for trainer in trainers)
    out = [
        "# Diffusion models and ablations at equal budget",
        "",
        f"Each run: {config.network.n_features} features, {config.network.n_interactions} interactions, "
        f"{config.steps:,} steps of {config.batch} molecules ({seen:,} molecules, {epochs:.1f} epochs), AdamW from "
        f"{config.lr:g} down, averaged weights. That is far less than the shipped model had: compare rows with each "
        f"other, not with it. Minutes that the runs took, in order, on a core shared with other work: {minutes}.",
        "",
        f"n = {lines[0].n} held-out QM9 test compositions, one molecule each, the same σ = 30 Å prior draws for all; "
        "tier-0 validity in percent with 95 % Wilson intervals. Columns: network evaluations allowed. DM predicts ε, "
        "GPFF forces, on one network (`models/gpff/conditioned.py`); all are aligned unless named otherwise. "
        "Runs that are told σ have no adaptive sampler, and none without a schedule. The paper's figures are those of "
        "256 evaluations at its full budget.",
        "",
        "Averaged weights, sha256: " + "; ".join(f"{name} `{digest[:16]}…`" for name, digest in hashes.items()) + ".",
        "",
        f"    {command}",
        "",
        "| run | sampler | " + " | ".join(map(str, steps)) + " | paper, at 256 |",
        "|---|---|" + "---|" * len(steps) + "---|",
    ]
    rows = dict.fromkeys((line.baseline, line.sampler) for line in lines)
    for name, sampler in rows:
        found = {line.steps: line for line in lines if (line.baseline, line.sampler) == (name, sampler)}
        cells = [str(Rate(found[k].valid, found[k].n)) if k in found else "–" for k in steps]
        out.append(f"| {name} | {title(sampler)} | " + " | ".join(cells) + f" | {PAPER.get((name, sampler), '')} |")
    return "\n".join(out) + "\n"


def picture(lines: Sequence[Line], folder: Path) -> None:
    """baselines.svg, .png: tier-0 validity over the mean number of evaluations, a panel for each kind of sampler."""
    from matplotlib.figure import Figure

    pairs = (
        ("ancestral", "as_ancestral"),
        ("heun", "as_heun"),
        ("stochastic_heun", "as_stochastic_heun"),
        ("dd", "sdd"),
    )
    panels = [pair for pair in pairs if any(line.sampler in pair for line in lines)]
    figure = Figure(figsize=(3.5 * len(panels), 4), layout="constrained")
    colors = {name: f"C{i}" for i, name in enumerate(dict.fromkeys(line.baseline for line in lines))}
    for axis, pair in zip(np.atleast_1d(figure.subplots(1, len(panels), sharey=True)), panels, strict=True):
        for (name, color), sampler in product(colors.items(), pair):
            curve = sorted(
                (line for line in lines if (line.baseline, line.sampler) == (name, sampler)), key=lambda c: c.nfe
            )
            if curve:
                shown, errors = error_bars([Rate(line.valid, line.n) for line in curve])
                style = "-" if sampler == pair[0] else "--"
                label = name if sampler == pair[0] else f"{name}, {title(sampler)}"
                x = [line.nfe for line in curve]
                axis.errorbar(x, shown, errors, marker="o", ms=3, capsize=2, lw=1.2, ls=style, color=color, label=label)
        axis.set(xscale="log", xlabel="network evaluations a molecule", title=" and ".join(map(title, pair)))
        axis.grid(alpha=0.25)
        axis.legend(fontsize=6)
    figure.axes[0].set_ylabel("valid by tier 0, %")
    save_figure(figure, folder, "baselines")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``gpff baselines``."""
    parser.add_argument("--folder", type=Path, default=Path("runs/baselines"), help="where the runs live")
    parser.add_argument("--features", type=int, default=64, help="width of every network (default 64)")
    parser.add_argument("--runs", nargs="+", choices=KEYS, default=KEYS, help="which of the runs (default all)")
    parser.add_argument("--samplers", nargs="+", choices=SAMPLERS, default=SAMPLERS, help="by which (default all)")
    parser.add_argument("--budget", type=int, default=4000, help="optimiser steps of every run (default 4000)")
    parser.add_argument("--n", type=int, default=300, help="test compositions, one molecule each (default 300)")
    parser.add_argument("--steps", nargs="+", type=int, default=[16, 32, 64], help="network evaluations")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path, help="folder for baselines.md, .csv, .svg and .png")


def run(args: argparse.Namespace) -> None:
    """Entry of ``gpff baselines``."""
    torch.set_num_threads(1)
    quick_products()
    data = load_data()
    runs = [baseline for baseline in baselines(args.features, args.budget) if baseline.key in args.runs]
    # before hours of training, not after
    fit = dict.fromkeys(sampler for baseline in runs for sampler in samplers_of(baseline))
    if fit.keys().isdisjoint(args.samplers):
        raise InputError("--samplers", f"any of {', '.join(fit)}, which fit these runs", " ".join(args.samplers))
    n_test = len(data.subset("test"))
    if not 1 <= args.n <= n_test:
        raise InputError("--n", f"1 to {n_test:,} test compositions", str(args.n))
    trainers = [trained(baseline, args.folder, data.subset("train")) for baseline in runs]
    formulas = held_out_formulas(data, args.n)
    jobs = [
        (b, t, digest, sampler, k)
        for b, t, digest in zip(runs, trainers, map(weights_hash, trainers), strict=True)
        for sampler in samplers_of(b)
        if sampler in args.samplers
        for k in args.steps
    ]
    lines: list[Line] = []
    for baseline, trainer, digest, sampler, steps in tqdm(jobs, unit="cell", disable=not sys.stderr.isatty()):
        # by tier 0, of these very weights: those of another width or seed have other names
        made = f"{sampler}-{steps}-{noise_name(None, None, False, steps)}-{args.n}-{args.seed}"
        file = trainer.folder / f"tier-0-{made}-{digest[:12]}.json"
        if not file.exists():
            keep(file, asdict(measure(Field(trainer), baseline.name, formulas, sampler, steps, args.seed)))
        lines.append(Line(**json.loads(file.read_text())))
    command = shlex.join(["gpff", *sys.argv[1:]])
    page = table(lines, trainers, command)
    print(page)
    if args.output:
        more = [
            {**rates(tier_0=(line.valid, line.n)), "paper at 256, %": PAPER.get((line.baseline, line.sampler))}
            for line in lines
        ]
        page += "\n![Diffusion models and ablations](baselines.svg)\n"
        write(args.output, "baselines", page, lines, more, {"command": command})
        picture(lines, args.output)
