#!/usr/bin/env python
"""A brief sweep of what a training run is made of, one thing changed at a time, each from nothing and equally long.

Every run sees the same number of molecules (so that half the batch has twice the steps); a run that was stopped goes
on. Prints a table; ``--output`` writes it as a page. Some 40 minutes of a core at 2,000 steps.
"""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from gpff import painn
from gpff.baselines import Field
from gpff.cells import held_out_formulas, is_strictly_valid
from gpff.data import QM9, load
from gpff.diagnostics import LEVELS, Level, loss_by_sigma
from gpff.generation import generate
from gpff.noising import NoiseConfig
from gpff.pages import Rate
from gpff.painn import NetworkConfig
from gpff.train import train
from gpff.train_config import TrainConfig
from gpff.trainer import Trainer, saved_config

SHOWN = [i for i, sigma in enumerate(LEVELS) if 0.05 < sigma < 8.0]
CALLS = 64


@dataclass(frozen=True)
class Variant:
    """One run: its folder's name, what is other than in the first, and whether the network has its skip."""

    key: str
    what: str
    config: TrainConfig
    skip: bool = True


def variants(steps: int) -> tuple[Variant, ...]:
    """The recipe, and the recipe with one thing changed."""
    noise = NoiseConfig(compressed=0.1)
    base = TrainConfig(noise=noise, steps=steps, w_max=100.0, warmup=200, optimizer="muon")
    return (
        Variant("recipe", "the recipe", base),
        Variant("width-192", "192 features", replace(base, network=NetworkConfig(192))),
        Variant("width-256", "256 features", replace(base, network=NetworkConfig(256))),
        Variant("lr-half", "learning rate 5e-4", replace(base, lr=5e-4)),
        Variant("lr-twice", "learning rate 2e-3", replace(base, lr=2e-3)),
        Variant("lr-four", "learning rate 4e-3", replace(base, lr=4e-3)),
        Variant("adamw", "AdamW alone", replace(base, optimizer="adamw")),
        Variant("w-max-1000", "`w_max` 1000", replace(base, w_max=1000.0)),
        Variant("w-max-25", "`w_max` 25", replace(base, w_max=25.0)),
        Variant("noise-up", "ln σ ~ N(-0.2, 1.2)", replace(base, noise=replace(noise, mean=-0.2))),
        Variant("noise-down", "ln σ ~ N(-1.2, 1.2)", replace(base, noise=replace(noise, mean=-1.2))),
        Variant("ema-short", "EMA 0.995", replace(base, ema=0.995)),
        Variant("batch-32", "batch 32", replace(base, batch=32, steps=2 * steps)),
        Variant("batch-128", "batch 128", replace(base, batch=128, steps=steps // 2)),
        Variant("rotations", "rotational alignment too", replace(base, noise=replace(noise, rotations=2))),
        Variant("no-skip", "without the skip", base, skip=False),
    )


@contextmanager
def skipping(skip: bool) -> Iterator[None]:
    """The network with or without its skip at large extent."""
    whole = painn.centred

    def without(positions: Tensor, mol_idx: Tensor, n_molecules: int) -> tuple[Tensor, Tensor]:
        x, pull = whole(positions, mol_idx, n_molecules)
        return x, torch.zeros_like(pull)

    painn.centred = whole if skip else without
    try:
        yield
    finally:
        painn.centred = whole


class Forces:
    """A run's averaged weights as a model."""

    def __init__(self, trainer: Trainer) -> None:
        self.field = Field(trainer)

    def forces(self, numbers: np.ndarray, positions: np.ndarray, ptr: np.ndarray) -> np.ndarray:
        """Pseudo-forces `[n_atoms, 3]` Å."""
        return self.field(numbers, positions, ptr, np.ones(len(ptr) - 1))


@dataclass(frozen=True)
class Found:
    """What one run came to: minutes, its errors by noise level, and valid molecules of so many."""

    variant: Variant
    minutes: float
    levels: Sequence[Level]
    valid: int
    n: int


def measured(variant: Variant, folder: Path, data: QM9, n: int) -> Found:
    """Train (or go on with) a run, and measure it on validation molecules."""
    with skipping(variant.skip):
        trainer = Trainer(folder / variant.key, variant.config, data.subset("train"))
        if saved_config(trainer.folder) == variant.config:
            trainer.restore()
        if trainer.step < variant.config.steps:
            train(trainer, check_every=0, save_s=60.0)
        if trainer.step < variant.config.steps:
            raise SystemExit(f"{variant.key}: stopped at step {trainer.step}; run again to go on")
        model = Forces(trainer)
        levels = loss_by_sigma(model, data.subset("val"), 2000)
        found = generate(model, held_out_formulas(data, n, "val"), steps=CALLS)
        valid = sum(map(is_strictly_valid, found))
    return Found(variant, trainer.seconds / 60.0, levels, valid, n)


def table(rows: Sequence[Found], recipe: Variant, command: str) -> str:
    """The page."""
    base = recipe.config
    sigmas = " | ".join(f"{LEVELS[i]:.2g} Å" for i in SHOWN)
    lines = [
        "# A brief sweep",
        "",
        f"Each run from nothing, {base.steps:,} steps of {base.batch} molecules or as many, one thing other than "
        f"in the recipe: 128 features, Muon at {base.lr:g} falling linearly, `w_max` {base.w_max:g}, ln σ ~ "
        f"N(-0.7, 1.2), EMA {base.ema:g}, a tenth of the molecules compressed. Share of the force's variance that "
        "averaged weights leave unexplained at each noise level (2,000 validation molecules, the same noise for "
        f"all; less is better), and tier-0 validity by SDD, {CALLS} calls, of {rows[0].n} validation compositions "
        "with 95 % Wilson intervals. Minutes of one core, shared with other work.",
        "",
        f"    {command}",
        "",
        f"| run | min | {sigmas} | valid, % |",
        "|---" * (len(SHOWN) + 3) + "|",
    ]
    for row in rows:
        shares = " | ".join(f"{row.levels[i].unexplained:.3f}" for i in SHOWN)
        lines.append(f"| {row.variant.what} | {row.minutes:.1f} | {shares} | {Rate(row.valid, row.n)} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=2000, help="of the recipe's batch (default 2000)")
    parser.add_argument("--n", type=int, default=500, help="compositions that are sampled (default 500)")
    keys = [variant.key for variant in variants(1)]
    parser.add_argument("--only", nargs="+", choices=keys, default=keys, help="runs (default all)")
    parser.add_argument("--folder", type=Path, default=Path("runs/sweep"))
    parser.add_argument("--output", type=Path, help="page to write")
    options = parser.parse_args()
    data = load()
    runs = variants(options.steps)
    rows = [measured(run, options.folder, data, options.n) for run in runs if run.key in options.only]
    page = table(rows, runs[0], shlex.join(["python", *sys.argv]))
    print(page)
    if options.output is not None:
        options.output.write_text(page)


if __name__ == "__main__":
    main()
