"""``gpff train-properties``: the network of :mod:`gpff.property_net` on QM9's gaps and energies.

One thread, absolute error, AdamW with a linear decay of the learning rate, averaged weights. The state is kept every
minute, and a run that was stopped sees the batches that an unbroken one would have seen. At the end the averaged
weights are judged on the whole test split and written with their manifest.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tqdm import tqdm

from gpff.batches import batch_ids
from gpff.data import QM9
from gpff.data import load as load_data
from gpff.folders import WEIGHTS
from gpff.force import field_tables, quick_products
from gpff.noising import gather
from gpff.property_net import LEVEL, NETWORK, PropertyModel, PropertyNet, errors, evaluate, save, targets_of
from gpff.train_config import TrainConfig, learning_rate
from gpff.trainer import STATE, update_average, write_state

PAPER = (42.4, 6.2)
"""Test MAE of gap and U0 in the paper, meV."""


@dataclass(frozen=True)
class PropertyTraining:
    """A planned run of ``steps`` steps of ``batch`` molecules; ``ema`` is the decay of the averaged weights."""

    steps: int = 20_000
    batch: int = 32
    lr: float = 1e-3
    features: int = NETWORK.n_features
    ema: float = 0.999
    seed: int = 0

    @property
    def schedule(self) -> TrainConfig:
        """The part that it shares with the training of fields: order of the molecules and learning rate."""
        return TrainConfig(steps=self.steps, batch=self.batch, lr=self.lr, lr_end=1e-6, warmup=200, seed=self.seed)


class PropertyTrainer:
    """Network, averaged weights and optimiser of a run that lives in ``folder``."""

    def __init__(self, folder: Path, config: PropertyTraining, data: QM9) -> None:
        self.folder, self.config, self.data = folder, config, data
        torch.manual_seed(config.seed)
        self.net = PropertyNet(replace(NETWORK, n_features=config.features))
        self.net.fit_references(data)
        self.targets = torch.from_numpy(targets_of(data)).float()
        self.parameters = list(self.net.parameters())
        self.ema = {k: v.detach().clone() for k, v in self.net.named_parameters()}
        self.optimizer = torch.optim.AdamW(
            self.parameters, lr=config.lr, betas=(0.9, 0.99), weight_decay=0.01, fused=True
        )
        self.step, self.seconds = 0, 0.0

    def train_step(self) -> float:
        """One optimiser step; the mean absolute error over the batch, in spreads of the targets."""
        started = time.monotonic()
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(self.config.schedule, self.step)
        ids = batch_ids(len(self.data), self.config.schedule, self.step)
        tensors = [torch.from_numpy(a) for a in gather(self.data, ids)]
        found = evaluate(self.net, field_tables(self.net), *tensors)
        loss = ((found - self.targets[torch.from_numpy(ids)]) / self.net.scale).abs().mean()
        self.net.zero_grad()
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(self.parameters, 1.0, foreach=True)
        self.optimizer.step()
        update_average(self.ema, self.parameters, self.config.ema, self.step)
        self.step += 1
        self.seconds += time.monotonic() - started
        return float(loss.detach())

    @property
    def averaged(self) -> dict[str, torch.Tensor]:
        """The averaged weights, those that are judged and that ship."""
        return {**self.net.state_dict(), **self.ema}

    def model(self) -> PropertyModel:
        """The averaged weights as a function."""
        net = PropertyNet(self.net.config)
        net.load_state_dict(self.averaged)
        return PropertyModel(net)

    def save(self) -> None:
        """Write the state atomically."""
        state = {
            "config": asdict(self.config), "net": self.net.state_dict(), "ema": self.ema, "step": self.step,
            "optimizer": self.optimizer.state_dict(), "seconds": self.seconds,
        }  # fmt: skip
        write_state(self.folder / STATE, state)

    def restore(self) -> None:
        """Go on from the state in the folder."""
        state = torch.load(self.folder / STATE, weights_only=True)
        self.net.load_state_dict(state["net"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.ema, self.step, self.seconds = state["ema"], state["step"], state["seconds"]


def saved_config(folder: Path) -> PropertyTraining | None:
    """The plan of the run in ``folder``; None when there is none."""
    file = folder / STATE
    return PropertyTraining(**torch.load(file, weights_only=True, mmap=True)["config"]) if file.exists() else None


def mean_errors(model: PropertyModel, data: QM9) -> tuple[float, float]:
    """Mean absolute error of gap and atomisation energy, meV."""
    gap, energy = 1e3 * np.abs(errors(model, data)).mean(axis=0)
    return float(gap), float(energy)


def train(trainer: PropertyTrainer, progress: bool = True, save_s: float = 60.0) -> None:
    """Train to the planned step."""
    bar = tqdm(total=trainer.config.steps, initial=trainer.step, unit="step", mininterval=5.0, disable=not progress)
    recent, saved = 1.0, time.monotonic()
    with bar:
        while trainer.step < trainer.config.steps:
            recent += 0.01 * (trainer.train_step() - recent)
            bar.update(1)
            if time.monotonic() - saved > save_s:
                trainer.save()
                saved = time.monotonic()
                bar.set_postfix_str(f"error {recent:.4f} spreads")
    trainer.save()


def export(trainer: PropertyTrainer, test: QM9, name: str, folder: Path = WEIGHTS) -> Path:
    """Judge the averaged weights on ``test`` and write them."""
    gap, energy = mean_errors(trainer.model(), test)
    metrics: dict[str, Any] = {
        "what": f"mean absolute error on {len(test)} molecules of the test split, meV; the paper's beside it",
        "gap": round(gap, 1), "gap, paper": PAPER[0],
        "atomisation_energy": round(energy, 1), "atomisation_energy, paper": PAPER[1],
    }  # fmt: skip
    training = {
        **asdict(trainer.config), "step": trainer.step, "minutes": round(trainer.seconds / 60, 1),
        "epochs": round(trainer.step * trainer.config.batch / len(trainer.data), 2),
    }  # fmt: skip
    facts = {"data": trainer.data.hash, "trained_on": seen(trainer.data), "training": training, "metrics": metrics}
    return save(folder, name, trainer.net, trainer.averaged, **facts)


def seen(data: QM9) -> dict[str, Any]:
    """What a model of these molecules knows: anything else is extrapolation."""
    heavy = np.add.reduceat((data.numbers > 1).astype(np.int64), data.ptr[:-1])
    return {
        "data": "QM9", "level": LEVEL,
        "elements": np.unique(data.numbers).tolist(), "max_heavy_atoms": int(heavy.max()),
    }  # fmt: skip


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``gpff train-properties``."""
    plan = PropertyTraining()
    parser.add_argument("folder", type=Path, help="where the run lives; an existing run goes on as it was planned")
    parser.add_argument("--steps", type=int, default=plan.steps, help=f"planned steps (default {plan.steps})")
    parser.add_argument("--features", type=int, default=plan.features, help=f"width (default {plan.features})")
    parser.add_argument("--lr", type=float, default=plan.lr, help=f"highest learning rate (default {plan.lr:g})")
    parser.add_argument("--batch", type=int, default=plan.batch, help=f"molecules a step (default {plan.batch})")
    parser.add_argument("--export", metavar="NAME", help="write the averaged weights as this model at the end")


def run(args: argparse.Namespace) -> None:
    """Entry of ``gpff train-properties``."""
    torch.set_num_threads(1)
    quick_products()
    data = load_data()
    saved = saved_config(args.folder)
    asked = PropertyTraining(steps=args.steps, batch=args.batch, lr=args.lr, features=args.features)
    trainer = PropertyTrainer(args.folder, saved or asked, data.subset("train"))
    if saved:
        trainer.restore()
    train(trainer, progress=sys.stderr.isatty() or bool(os.environ.get("GPFF_PROGRESS")))
    gap, energy = mean_errors(trainer.model(), data.subset("test"))
    print(f"test MAE: gap {gap:.1f} meV (paper {PAPER[0]}), atomisation energy {energy:.1f} meV (paper {PAPER[1]})")
    if args.export:
        print(export(trainer, data.subset("test"), args.export))
