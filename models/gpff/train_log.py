"""What a training run says about itself: one JSON line a row, and a picture of all of them."""

from __future__ import annotations

import itertools
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from gpff.train_config import learning_rate
from gpff.trainer import Trainer

BANDS = (0.01, 0.05, 0.2, 0.5, 1.0, 3.0, 30.01)
"""Edges, in Å, of the noise levels that the log tells apart."""


class Log:
    """Means since the last row: weighted loss, and per noise band the unexplained share of the force variance 4σ².

    Molecules for which the network overflowed are in none of the means; they are counted.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self._clear()

    def _clear(self) -> None:
        self.share = np.zeros(len(BANDS) - 1)
        self.count = np.zeros(len(BANDS) - 1)
        self.loss, self.steps, self.sound, self.overflowed = 0.0, 0, 0, 0
        self.since = time.monotonic()

    def add(self, losses: Tensor, sigma: NDArray[np.float32], w_max: float) -> None:
        """One step's loss of each molecule and its noise level, ``[n_molecules]`` both."""
        values = losses.numpy().astype(np.float64)
        sound = np.isfinite(values)
        self.steps += 1
        self.sound += int(sound.sum())
        self.overflowed += int((~sound).sum())
        values, sigma = values[sound], sigma[sound].astype(np.float64)
        self.loss += float(np.sum(values * np.minimum(1 / np.square(sigma), w_max)))
        band = np.digitize(sigma, BANDS[1:-1])
        np.add.at(self.share, band, values / (4 * np.square(sigma)))
        np.add.at(self.count, band, 1)

    def row(self, trainer: Trainer, **more: Any) -> dict[str, Any]:
        """Write a row, ``more`` in it, and begin the next."""
        config = trainer.config
        row = {
            "step": trainer.step,
            "epoch": round(trainer.step * config.batch / len(trainer.data), 3),
            "seconds": round(trainer.seconds, 1),
            "molecules_per_s": round(self.steps * config.batch / (time.monotonic() - self.since), 1),
            "lr": learning_rate(config, trainer.step),
            "loss": round(self.loss / max(self.sound, 1), 5),
            "unexplained": [round(float(s), 5) for s in self.share / np.maximum(self.count, 1)],
            "skipped": trainer.skipped,
            "overflowed": self.overflowed,
            **more,
        }
        with self.file.open("a") as out:
            out.write(json.dumps(row) + "\n")
        self._clear()
        return row


def read(file: Path) -> list[dict[str, Any]]:
    """The rows of a log in the order of their steps; where a resumed run repeated steps, its rows count."""
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    return sorted({row["step"]: row for row in rows}.values(), key=lambda row: int(row["step"]))


def plot(file: Path, picture: Path) -> None:
    """Loss, unexplained share by noise band, learning rate and validity over epochs, as ``picture`` (SVG or PNG)."""
    from matplotlib.figure import Figure

    rows = read(file)
    epochs = [row["epoch"] for row in rows]
    figure = Figure(figsize=(11, 6.5), layout="constrained")
    loss, share, rate, valid = figure.subplots(2, 2).flat
    loss.plot(epochs, [row["loss"] for row in rows], color="#d9730d")
    loss.set(title="weighted loss", yscale="log")
    for band, (low, high) in enumerate(itertools.pairwise(BANDS)):
        share.plot(epochs, [row["unexplained"][band] for row in rows], label=f"{low:g} – {high:.3g} Å")
    share.set(title="unexplained share of the force variance, by σ", yscale="log")
    share.legend(fontsize=7, ncols=2)
    rate.plot(epochs, [row["molecules_per_s"] for row in rows], color="#4c78a8")
    rate.set(title="molecules per second")
    checked = [row for row in rows if "validity" in row]
    for steps in checked[-1]["validity"] if checked else ():
        series = [row["validity"].get(steps) for row in checked]
        valid.plot([row["epoch"] for row in checked], series, marker="o", label=f"{steps} steps")
    for axis in (loss, share):  # one overflow would leave nothing else to be seen
        drawn = np.concatenate([np.asarray(line.get_ydata(), dtype=float) for line in axis.lines])
        sound = drawn[np.isfinite(drawn)]
        axis.set_ylim(sound.min() / 1.2, min(1.2 * sound.max(), 10 * float(np.quantile(sound, 0.75))))
    valid.set(title="tier-0 validity on validation compositions, %" if checked else "no validity measured yet")
    if checked:
        valid.legend(fontsize=7)
    for axis in (loss, share, rate, valid):
        axis.set_xlabel("epochs")
        axis.grid(alpha=0.25)
    figure.savefig(picture)
