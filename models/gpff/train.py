"""``gpff train``: the loop around :class:`gpff.trainer.Trainer`, its log, and its worker processes.

One process with one thread a core beats one process with many threads: PyTorch's operators are short here, and
a core that is busy elsewhere for a moment then delays one gradient sum instead of every operator.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import signal
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.distributed
import torch.multiprocessing as multiprocessing
from numpy.typing import NDArray
from torch import Tensor
from tqdm import tqdm

from gpff.checkpoint import load as load_model
from gpff.data import load as load_data
from gpff.trainer import TrainConfig, Trainer, batches, learning_rate

BANDS = (0.01, 0.05, 0.2, 0.5, 1.0, 3.0, 30.01)
"""Edges, in Å, of the noise levels that the log tells apart."""


class Log:
    """Means since the last row: weighted loss, and per noise band the unexplained share of the force variance 4σ²."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._clear()

    def _clear(self) -> None:
        self.share = np.zeros(len(BANDS) - 1)
        self.count = np.zeros(len(BANDS) - 1)
        self.losses: list[float] = []
        self.since = time.monotonic()

    def add(self, losses: Tensor, sigma: NDArray[np.float32], w_max: float) -> None:
        """One step's loss of each molecule and its noise level, ``[n_molecules]`` both."""
        values = losses.numpy()
        self.losses.append(float(np.mean(values * np.minimum(1 / np.square(sigma), w_max))))
        band = np.digitize(sigma, BANDS[1:-1])
        np.add.at(self.share, band, values / (4 * np.square(sigma)))
        np.add.at(self.count, band, 1)

    def row(self, trainer: Trainer) -> dict[str, Any]:
        """Write a row and begin the next."""
        config = trainer.config
        row = {
            "step": trainer.step,
            "epoch": round(trainer.step * config.batch / len(trainer.data), 3),
            "seconds": round(trainer.seconds, 1),
            "molecules_per_s": round(len(self.losses) * config.batch / (time.monotonic() - self.since), 1),
            "lr": learning_rate(config, trainer.step),
            "loss": round(float(np.mean(self.losses)), 5),
            "unexplained": [round(float(s), 5) for s in self.share / np.maximum(self.count, 1)],
            "skipped": trainer.skipped,
        }
        with self.file.open("a") as out:
            out.write(json.dumps(row) + "\n")
        self._clear()
        return row


def train(
    trainer: Trainer,
    minutes: float = math.inf,
    worker: int = 0,
    workers: int = 1,
    log_every: int = 250,
    save_s: float = 120.0,
) -> None:
    """Train to the planned step or for ``minutes``, whichever comes first; SIGTERM and SIGINT stop after the step.

    Worker 0 alone writes: the log every ``log_every`` steps, the state every ``save_s`` seconds and at the end.
    """
    stop = False

    def ask_to_stop(*_: object) -> None:
        nonlocal stop
        stop = True

    handlers = {s: signal.signal(s, ask_to_stop) for s in (signal.SIGTERM, signal.SIGINT)}
    trainer.folder.mkdir(parents=True, exist_ok=True)
    log = Log(trainer.folder / "log.jsonl")
    started = saved = time.monotonic()
    bar = tqdm(total=trainer.config.steps, initial=trainer.step, unit="step", mininterval=5.0, disable=worker > 0)
    stream = batches(trainer.data, trainer.config, trainer.step, worker, workers)
    try:
        while trainer.step < trainer.config.steps:
            before = time.monotonic()
            batch = next(stream)
            losses, asked = trainer.train_step(batch, stop or before - started > 60 * minutes)
            now = time.monotonic()
            trainer.seconds += now - before
            log.add(losses, batch.sigma, trainer.config.w_max)
            bar.update(1)
            if worker == 0 and trainer.step % log_every == 0:
                row = log.row(trainer)
                shares = " ".join(f"{s:.3f}" for s in row["unexplained"])
                bar.set_postfix_str(f"loss {row['loss']:.3f} | {shares} | {row['molecules_per_s']:.0f} mol/s")
            if worker == 0 and (asked or now - saved > save_s):
                trainer.save()
                saved = now
            if asked:
                break
    finally:
        stream.close()
        bar.close()
        for number, handler in handlers.items():
            signal.signal(number, handler)
    if worker == 0:
        trainer.save()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``gpff train``."""
    default = TrainConfig()
    parser.add_argument("folder", type=Path, help="where the run lives; an existing run is resumed")
    parser.add_argument("--steps", type=int, default=default.steps, help="planned steps; fixes the learning rates")
    parser.add_argument("--minutes", type=float, default=math.inf, help="stop after this long and keep the state")
    parser.add_argument("--features", type=int, default=default.network.n_features)
    parser.add_argument("--lr", type=float, default=default.lr)
    parser.add_argument("--batch", type=int, default=default.batch)
    parser.add_argument("--seed", type=int, default=default.seed)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes, one thread each")
    parser.add_argument("--start-from", metavar="MODEL", help="a new run takes this model's weights")
    parser.add_argument("--export", metavar="NAME", help="write the run's averaged weights as this model; no training")


def run(args: argparse.Namespace) -> None:
    """Entry of ``gpff train``."""
    if args.export:
        print(_trainer(args).export(args.export))
    elif args.workers == 1:
        train(_trainer(args), args.minutes)
    else:
        # one thread a worker, and allocations that are kept: big tensors would page-fault at every step
        os.environ |= {"OMP_NUM_THREADS": "1", "MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": "8000000000"}
        os.environ["MALLOC_TOP_PAD_"] = "268435456"
        load_data()  # built once, before the workers would race for it
        with tempfile.TemporaryDirectory() as meeting:
            start: Any = multiprocessing.start_processes  # type: ignore[attr-defined]
            _join(start(_work, (args, f"{meeting}/point"), args.workers, join=False, start_method="spawn"))


def _join(processes: Any) -> None:
    """Wait for the workers; a signal to this process is theirs to answer."""

    def pass_on(number: int, _: object) -> None:
        for process in processes.processes:
            if process.is_alive():
                os.kill(process.pid, number)

    signal.signal(signal.SIGTERM, pass_on)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to the workers too
    while not processes.join():
        pass


def _work(worker: int, args: argparse.Namespace, meeting: str) -> None:
    torch.set_num_threads(1)
    torch.distributed.init_process_group("gloo", init_method=f"file://{meeting}", rank=worker, world_size=args.workers)
    try:
        train(_trainer(args), args.minutes, worker, args.workers)
    finally:
        torch.distributed.destroy_process_group()


def _trainer(args: argparse.Namespace) -> Trainer:
    base = TrainConfig()
    config = replace(
        base,
        network=replace(base.network, n_features=args.features),
        steps=args.steps,
        lr=args.lr,
        batch=args.batch,
        seed=args.seed,
    )
    trainer = Trainer(args.folder, config, load_data().subset("train"))
    if trainer.state_file.exists():
        trainer.restore()
    elif args.start_from:
        trainer.start_from(load_model(args.start_from, "cpu"))
    return trainer


def main() -> None:
    """``python -m gpff.train``."""
    parser = argparse.ArgumentParser(description="Train a generative pseudo-force field on QM9.")
    add_arguments(parser)
    run(parser.parse_args())


if __name__ == "__main__":
    main()
