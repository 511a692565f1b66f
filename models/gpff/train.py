"""The training loop: one function, exactly resumable, with a log that plots itself.

Everything random is drawn from a counter: the order of an epoch from (seed, epoch), the noise of a step from
(seed, step). A run that is stopped and resumed therefore sees the batches that an unbroken run would have seen.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from tqdm import tqdm

from gpff import checkpoint
from gpff.checkpoint import network_of
from gpff.data import QM9, load
from gpff.force import field_tables, forces_of
from gpff.noising import Batch, NoiseConfig, noised
from gpff.painn import NetworkConfig, PaiNN

BANDS = (0.01, 0.05, 0.2, 0.5, 1.0, 3.0, 30.01)  # Å: edges of the noise levels that the log tells apart


@dataclass(frozen=True)
class TrainConfig:
    """One run. ``steps`` fixes the learning rate: geometric from ``lr`` to ``lr_end`` after ``warmup`` steps."""

    network: NetworkConfig = field(default_factory=NetworkConfig)
    noise: NoiseConfig = field(default_factory=NoiseConfig)
    optimizer: str = "adamw"  # or "muon": Muon for matrices inside the network, AdamW for the rest
    steps: int = 36_000
    batch: int = 64
    lr: float = 1e-3
    lr_end: float = 1e-5
    warmup: int = 500
    clip: float = 1.0
    weight_decay: float = 0.01
    ema: float = 0.999
    w_max: float = 1000.0
    seed: int = 0

    @staticmethod
    def from_dict(values: dict[str, Any]) -> TrainConfig:
        """The inverse of ``dataclasses.asdict``."""
        network, noise = network_of(values["network"]), NoiseConfig(**values["noise"])
        return TrainConfig(**{**values, "network": network, "noise": noise})


def learning_rate(config: TrainConfig, step: int) -> float:
    """Linear warm-up, then geometric decay over the planned steps (and constant past them)."""
    progress = min(1.0, max(0.0, (step - config.warmup) / max(1, config.steps - config.warmup)))
    decay = math.pow(config.lr_end / config.lr, progress)
    return min(1.0, (step + 1) / config.warmup) * config.lr * decay


def loss_by_molecule(predicted: Tensor, batch: Batch) -> Tensor:
    """Mean squared force error of each molecule, ``[n_molecules]``, Å²."""
    error = (predicted - torch.from_numpy(batch.forces)).square().mean(1)
    total = torch.zeros(len(batch.sigma)).index_add_(0, torch.from_numpy(batch.mol_idx), error)
    return total / torch.from_numpy(np.diff(batch.ptr))


def batch_ids(n: int, config: TrainConfig, step: int) -> NDArray[np.int64]:
    """Molecules of one step: slices of a fresh permutation for every epoch."""
    per_epoch = n // config.batch
    epoch, k = divmod(step, per_epoch)
    order = _permutation(n, config.seed, epoch)
    return order[k * config.batch : (k + 1) * config.batch]


_last_permutation: dict[tuple[int, int, int], NDArray[np.int64]] = {}


def _permutation(n: int, seed: int, epoch: int) -> NDArray[np.int64]:
    key = (n, seed, epoch)
    if key not in _last_permutation:
        _last_permutation.clear()
        _last_permutation[key] = np.random.Generator(np.random.Philox(key=[seed, epoch])).permutation(n)
    return _last_permutation[key]


def batches(data: QM9, config: TrainConfig, start: int) -> Iterator[Batch]:
    """Batches from step ``start`` on, each prepared on a thread while the one before is trained on."""

    def prepare(step: int) -> Batch:
        rng = np.random.Generator(np.random.Philox(key=[config.seed, 2**63 + step]))
        return noised(data, batch_ids(len(data), config, step), config.noise, rng)

    with ThreadPoolExecutor(1) as pool:
        ahead = pool.submit(prepare, start)
        step = start
        while True:
            batch, step = ahead.result(), step + 1
            ahead = pool.submit(prepare, step)
            yield batch


def optimizers(net: PaiNN, config: TrainConfig) -> list[torch.optim.Optimizer]:
    """AdamW for everything, or Muon for the matrices between hidden features and AdamW for the rest."""

    def adamw(parameters: list[Tensor]) -> torch.optim.Optimizer:
        return torch.optim.AdamW(
            parameters, lr=config.lr, betas=(0.9, 0.99), weight_decay=config.weight_decay, fused=True
        )

    if config.optimizer == "adamw":
        return [adamw(list(net.parameters()))]
    hidden: list[Tensor] = []
    rest: list[Tensor] = []
    for name, parameter in net.named_parameters():
        inner = parameter.ndim == 2 and min(parameter.shape) > 2 and "embedding" not in name
        (hidden if inner else rest).append(parameter)
    muon = torch.optim.Muon(hidden, lr=config.lr, weight_decay=config.weight_decay, adjust_lr_fn="match_rms_adamw")
    return [muon, adamw(rest)]


class Run:
    """A training run in a folder: ``state.pt`` (everything to go on), ``log.jsonl``, ``log.svg``."""

    def __init__(self, folder: Path, config: TrainConfig, data: QM9) -> None:
        self.folder, self.config, self.data = folder, config, data
        torch.manual_seed(config.seed)
        self.net = PaiNN(config.network)
        self.ema = {k: v.detach().clone() for k, v in self.net.named_parameters()}
        self.optimizers = optimizers(self.net, config)
        self.step = 0
        self.seconds = 0.0
        self.skipped = 0

    @property
    def state_file(self) -> Path:
        return self.folder / "state.pt"

    def save(self) -> None:
        """Write the state atomically."""
        self.folder.mkdir(parents=True, exist_ok=True)
        temporary = self.state_file.with_suffix(".tmp")
        torch.save(
            {
                "config": asdict(self.config),
                "net": self.net.state_dict(),
                "ema": self.ema,
                "optimizers": [o.state_dict() for o in self.optimizers],
                "step": self.step,
                "seconds": self.seconds,
                "skipped": self.skipped,
                "data": self.data.hash,
            },
            temporary,
        )
        os.replace(temporary, self.state_file)

    def restore(self) -> None:
        """Go on from ``state.pt``.

        Raises:
            ValueError: the state was trained on other data.
        """
        state = torch.load(self.state_file, weights_only=True)
        if state["data"] != self.data.hash:
            raise ValueError(f"state.data: expected {self.data.hash}, got {state['data']}")
        self.net.load_state_dict(state["net"])
        self.ema = state["ema"]
        for optimizer, saved in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(saved)
        self.step, self.seconds, self.skipped = state["step"], state["seconds"], state["skipped"]

    def export(self, name: str, folder: Path = checkpoint.WEIGHTS) -> Path:
        """Write the averaged weights as a model that :func:`gpff.load` takes."""
        training = {
            **{k: v for k, v in asdict(self.config).items() if k != "network"},
            "step": self.step,
            "epochs": round(self.step * self.config.batch / len(self.data), 2),
            "hours": round(self.seconds / 3600, 3),
            "skipped_steps": self.skipped,
        }
        state = {**self.net.state_dict(), **self.ema}
        return checkpoint.save(folder, name, state, self.config.network, data=self.data.hash, training=training)

    def train_step(self, batch: Batch) -> Tensor:
        """One optimiser step; returns the loss of each molecule before it, ``[n_molecules]``."""
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = learning_rate(self.config, self.step)
        tensors = [torch.from_numpy(a) for a in (batch.numbers, batch.positions, batch.ptr)]
        losses = loss_by_molecule(forces_of(self.net, field_tables(self.net), *tensors), batch)
        weight = torch.from_numpy(1.0 / np.square(batch.sigma)).clamp_max(self.config.w_max)
        self.net.zero_grad()
        torch.autograd.backward((weight * losses).mean())
        norm = torch.nn.utils.clip_grad_norm_(self.net.parameters(), self.config.clip, foreach=True)
        if torch.isfinite(norm):
            for optimizer in self.optimizers:
                optimizer.step()
            # a young average forgets its random start faster
            decay = min(self.config.ema, (1 + self.step) / (10 + self.step))
            torch._foreach_lerp_(list(self.ema.values()), [p.detach() for p in self.net.parameters()], 1 - decay)
        else:
            self.skipped += 1
        self.step += 1
        return losses.detach()


class Log:
    """Means since the last row: weighted loss, and per noise band the unexplained share of the force variance 4σ²."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._clear()

    def _clear(self) -> None:
        self.share = np.zeros(len(BANDS) - 1)
        self.count = np.zeros(len(BANDS) - 1)
        self.loss = 0.0
        self.n = 0

    def add(self, losses: Tensor, sigma: NDArray[np.float32], w_max: float) -> None:
        values = losses.numpy()
        self.loss += float(np.mean(values * np.minimum(1 / np.square(sigma), w_max)))
        self.n += 1
        band = np.digitize(sigma, BANDS[1:-1])
        np.add.at(self.share, band, values / (4 * np.square(sigma)))
        np.add.at(self.count, band, 1)

    def row(self, run: Run, rate: float) -> dict[str, Any]:
        shares = self.share / np.maximum(self.count, 1)
        row = {
            "step": run.step,
            "epoch": round(run.step * run.config.batch / len(run.data), 3),
            "seconds": round(run.seconds, 1),
            "molecules_per_s": round(rate, 1),
            "lr": learning_rate(run.config, run.step),
            "loss": self.loss / max(1, self.n),
            "unexplained": [round(float(s), 5) for s in shares],
            "skipped": run.skipped,
        }
        with self.file.open("a") as out:
            out.write(json.dumps(row) + "\n")
        self._clear()
        return row


def train(run: Run, until: int, minutes: float, log_every: int = 250, save_s: float = 120.0) -> None:
    """Train to step ``until`` or for ``minutes``, whichever comes first; SIGTERM and SIGINT stop after the step."""
    stop = False

    def ask_to_stop(*_: object) -> None:
        nonlocal stop
        stop = True

    handlers = {s: signal.signal(s, ask_to_stop) for s in (signal.SIGTERM, signal.SIGINT)}
    run.folder.mkdir(parents=True, exist_ok=True)
    log = Log(run.folder / "log.jsonl")
    started = saved = row_at = time.monotonic()
    row_step = run.step
    bar = tqdm(total=until, initial=run.step, unit="step", mininterval=5.0)
    try:
        for batch in batches(run.data, run.config, run.step):
            if stop or run.step >= until or time.monotonic() - started > 60 * minutes:
                break
            before = time.monotonic()
            losses = run.train_step(batch)
            now = time.monotonic()
            run.seconds += now - before
            log.add(losses, batch.sigma, run.config.w_max)
            bar.update(1)
            if run.step % log_every == 0:
                rate = (run.step - row_step) * run.config.batch / (now - row_at)
                row = log.row(run, rate)
                row_at, row_step = now, run.step
                shares = " ".join(f"{s:.3f}" for s in row["unexplained"])
                bar.set_postfix_str(f"loss {row['loss']:.3f} | {shares} | {rate:.0f} mol/s")
            if now - saved > save_s:
                run.save()
                saved = now
    finally:
        bar.close()
        run.save()
        for number, handler in handlers.items():
            signal.signal(number, handler)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``gpff train``."""
    default = TrainConfig()
    parser.add_argument("folder", type=Path, help="where the run lives; an existing run is resumed")
    parser.add_argument(
        "--steps", type=int, default=default.steps, help="planned steps; fixes the learning-rate schedule"
    )
    parser.add_argument("--minutes", type=float, default=math.inf, help="stop after this long and keep the state")
    parser.add_argument("--features", type=int, default=default.network.n_features)
    parser.add_argument("--optimizer", choices=["adamw", "muon"], default=default.optimizer)
    parser.add_argument("--lr", type=float, default=default.lr)
    parser.add_argument("--batch", type=int, default=default.batch)
    parser.add_argument("--seed", type=int, default=default.seed)
    parser.add_argument("--threads", type=int, default=0, help="0: one per core")
    parser.add_argument("--export", metavar="NAME", help="write the run's averaged weights as this model; no training")


def run(args: argparse.Namespace) -> None:
    """Entry of ``gpff train``."""
    if args.threads:
        torch.set_num_threads(args.threads)
    base = TrainConfig()
    config = replace(
        base, network=replace(base.network, n_features=args.features), optimizer=args.optimizer, steps=args.steps,
        lr=args.lr, batch=args.batch, seed=args.seed,
    )  # fmt: skip
    data = load().subset("train")
    this = Run(args.folder, config, data)
    if this.state_file.exists():
        this.restore()
    if args.export:
        print(this.export(args.export))
    else:
        train(this, args.steps, args.minutes)


def main() -> None:
    """``python -m gpff.train``."""
    parser = argparse.ArgumentParser(description="Train a generative pseudo-force field on QM9.")
    add_arguments(parser)
    run(parser.parse_args())


if __name__ == "__main__":
    main()
