"""One training run: its state, one optimiser step, and what is kept on disk."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.distributed
from torch import Tensor, nn

from gpff import checkpoint, conditioned
from gpff.data import QM9
from gpff.errors import InputError
from gpff.folders import WEIGHTS
from gpff.force import bfloat16_pays, field_tables, forces_of
from gpff.manifest import all_epochs
from gpff.noising import Batch
from gpff.strays import read as read_strays
from gpff.train_config import TrainConfig, config_of, learning_rate
from gpff.walking import Answers, answers
from gpff.widening import widen

STATE = "state.pt"


def saved_config(folder: Path) -> TrainConfig | None:
    """Configuration of the run that lives in ``folder``; None when there is none."""
    file = folder / STATE
    return config_of(torch.load(file, weights_only=True, mmap=True)["config"]) if file.exists() else None


def optimizers(net: nn.Module, config: TrainConfig) -> list[torch.optim.Optimizer]:
    """What takes the steps of a run: AdamW alone, or Muon (Jordan et al. 2024) beside it.

    Muon is for matrices between hidden features, with steps as large as AdamW's would be (Liu et al. 2025); the
    embedding, the filters' layer, which is fed distances, the narrow end of the head and all vectors are AdamW's.

    Raises InputError where this PyTorch has no Muon.
    """
    hidden: list[nn.Parameter] = []
    if config.optimizer == "muon":
        if not hasattr(torch.optim, "Muon"):
            raise InputError("optimizer", "PyTorch 2.9 or later for muon", torch.__version__)
        hidden = [
            p
            for name, p in net.named_parameters()
            if p.ndim == 2 and min(p.shape) >= 32 and not name.startswith(("embedding", "filter_net"))
        ]
    taken = {id(p) for p in hidden}
    rest = [p for p in net.parameters() if id(p) not in taken]
    decay = config.weight_decay
    both: list[torch.optim.Optimizer] = [
        torch.optim.AdamW(rest, lr=config.lr, betas=(0.9, 0.99), weight_decay=decay, fused=True)
    ]
    if hidden:
        both.append(torch.optim.Muon(hidden, lr=config.lr, weight_decay=decay, adjust_lr_fn="match_rms_adamw"))
    return both


def loss_by_molecule(predicted: Tensor, batch: Batch) -> Tensor:
    """Mean squared force error of each molecule, ``[n_molecules]``, Å²."""
    error = (predicted - torch.from_numpy(batch.forces)).square().mean(1)
    total = torch.zeros(len(batch.sigma)).index_add_(0, torch.from_numpy(batch.mol_idx), error)
    return total / torch.from_numpy(np.diff(batch.ptr))


def update_average(averaged: dict[str, Tensor], latest: list[nn.Parameter], decay: float, step: int) -> None:
    """Draw averaged weights towards the latest, in place and in the same order, after optimiser step ``step``."""
    # a young average forgets its random start faster
    decay = min(decay, (1 + step) / (10 + step))
    torch._foreach_lerp_(list(averaged.values()), [p.detach() for p in latest], 1 - decay)


def write_state(file: Path, state: dict[str, Any]) -> None:
    """Write what a run goes on from, atomically; its folder is made."""
    file.parent.mkdir(parents=True, exist_ok=True)
    temporary = file.with_suffix(".tmp")
    torch.save(state, temporary)
    os.replace(temporary, file)


class Trainer:
    """Network, averaged weights, optimiser and counters of a run that lives in ``folder``.

    Where the CPU multiplies bfloat16 in hardware, products take factors rounded to it; weights, sums, geometry and the
    optimiser stay in float32. With several worker processes (``torch.distributed`` initialised) every process holds the
    same state; gradients are summed over them, so all take the same step.
    """

    def __init__(self, folder: Path, config: TrainConfig, data: QM9) -> None:
        self.folder, self.config, self.data = folder, config, data
        torch.manual_seed(config.seed)
        self.net = conditioned.network(config.network, config.objective, config.time_aware)
        self.parameters = list(self.net.parameters())
        self.ema = {k: v.detach().clone() for k, v in self.net.named_parameters()}
        self.optimizers = optimizers(self.net, config)
        self.low_precision = config.bfloat16 and bfloat16_pays()
        self.strays = read_strays(Path(config.strays)) if config.strays else None
        self.answers: dict[int, Answers] = {}
        self.step = 0
        self.seconds = 0.0
        self.skipped = 0
        self.epochs_before = 0.0

    @property
    def state_file(self) -> Path:
        """Everything that is needed to go on."""
        return self.folder / STATE

    @property
    def averaged(self) -> dict[str, Tensor]:
        """The averaged weights as a ``state_dict`` of the network: those that are judged and that ship."""
        return {**self.net.state_dict(), **self.ema}

    def save(self) -> None:
        """Write the state atomically."""
        state = {
            "config": asdict(self.config),
            "net": self.net.state_dict(),
            "ema": self.ema,
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
            "step": self.step,
            "seconds": self.seconds,
            "skipped": self.skipped,
            "epochs_before": self.epochs_before,
            "data": self.data.hash,
            "answers": {k: {n: torch.from_numpy(v) for n, v in vars(a).items()} for k, a in self.answers.items()},
        }
        write_state(self.state_file, state)

    def restore(self) -> None:
        """Go on from :attr:`state_file`.

        Raises:
            ValueError: the state was trained on other data.
        """
        state = torch.load(self.state_file, weights_only=True)
        if state["data"] != self.data.hash:
            raise ValueError(f"state.data: expected {self.data.hash}, got {state['data']}")
        self.net.load_state_dict(state["net"])
        self.ema = state["ema"]
        # a state from before there were two holds AdamW's alone
        states = state["optimizers"] if "optimizers" in state else [state["optimizer"]]
        for optimizer, values in zip(self.optimizers, states, strict=True):
            optimizer.load_state_dict(values)
        self.step, self.seconds, self.skipped = state["step"], state["seconds"], state["skipped"]
        self.epochs_before = state.get("epochs_before", 0.0)
        kept = state.get("answers", {})
        self.answers = {k: Answers(**{n: v.numpy() for n, v in a.items()}) for k, a in kept.items()}

    def start_from(self, model: checkpoint.Model) -> None:
        """Take a model's weights, with a fresh optimiser (a warm restart); a wider network answers as the model does.

        Raises InputError where the model is wider than this run's network, or otherwise unlike it.
        """
        widen(model.forces.net, self.net)
        self.ema = {k: v.detach().clone() for k, v in self.net.named_parameters()}
        self.epochs_before = all_epochs(model.manifest) or 0.0

    def export(self, name: str, folder: Path = WEIGHTS) -> Path:
        """Write the averaged weights as a model that :func:`gpff.load` takes.

        Raises:
            InputError: the network wants to be told noise levels, which no sampler without a schedule has.
        """
        if self.config.told:
            raise InputError(
                "export", "a pseudo-force field without time", f"{self.config.objective}, told the noise level"
            )
        epochs = self.step * self.config.batch / len(self.data)
        training = {
            **{k: v for k, v in asdict(self.config).items() if k != "network"},
            "strays": Path(self.config.strays).name,  # where it lies is nobody's business
            "step": self.step,
            "epochs": round(epochs, 2),
            "epochs_in_all": round(self.epochs_before + epochs, 2),
            "hours": round(self.seconds / 3600, 3),
            "skipped_steps": self.skipped,
        }
        return checkpoint.save(folder, name, self.averaged, self.config.network, data=self.data.hash, training=training)

    def train_step(self, batch: Batch, stop: bool = False) -> tuple[Tensor, bool]:
        """One optimiser step.

        Returns:
            the loss of each molecule of ``batch`` before the step, ``[n_molecules]``; whether any worker asked to stop.
        """
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = learning_rate(self.config, self.step)
        numbers, positions, ptr = (torch.from_numpy(a) for a in (batch.numbers, batch.positions, batch.ptr))
        tables = field_tables(self.net)
        with torch.autocast("cpu", torch.bfloat16, enabled=self.low_precision):
            told = torch.from_numpy(batch.sigma) if self.config.told else None
            forces = forces_of(self.net, tables, numbers, positions, ptr, told)
        losses = loss_by_molecule(forces, batch)
        weight = torch.from_numpy(1.0 / np.square(batch.sigma))
        if self.config.objective == "gpff":
            weight = weight.clamp_max(self.config.w_max)
        weighted = weight * losses
        pull = (self.config.loss_cap / weighted.detach()).clamp_max(1.0)
        self.net.zero_grad()
        torch.autograd.backward((pull * weighted).sum() / self.config.batch)
        stop = self._share(stop)
        norm = torch.nn.utils.clip_grad_norm_(self.parameters, self.config.clip, foreach=True)
        if torch.isfinite(norm):
            for optimizer in self.optimizers:
                optimizer.step()
            update_average(self.ema, self.parameters, self.config.ema, self.step)
        else:
            self.skipped += 1
        if self.config.noise.walked:
            self.answers.pop(self.step - 2, None)
            self.answers[self.step] = answers(batch, forces.detach().float().numpy())
        self.step += 1
        return losses.detach(), stop

    def _share(self, stop: bool) -> bool:
        """Sum gradients, and the wish to stop, over all workers."""
        if not torch.distributed.is_initialized():
            return stop
        gradients = [p.grad for p in self.parameters if p.grad is not None]
        flat = torch.cat([*(g.flatten() for g in gradients), torch.tensor([float(stop)])])
        torch.distributed.all_reduce(flat)
        parts = torch.split(flat[:-1], [g.numel() for g in gradients])
        torch._foreach_copy_(gradients, [part.view_as(g) for part, g in zip(parts, gradients, strict=True)])
        return bool(flat[-1] > 0)
