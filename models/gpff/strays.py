"""Strays: states in which a sampler comes to rest although no molecule is there, and the way home from them.

A zwitterion, a carbene, a ring that no Kekulé form fits: every bond has a sound length, and only a count over the whole
molecule says that something is wrong. Tier 0 kept such states out of the data, so no noise on an equilibrium resembles
one, and a network that was never asked there answers with no force. Training with them shows them as if noise had led
there from the nearest molecule. They are collected by `gpff collect-strays`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gpff.folders import whole
from gpff.molecules import Segments, pointers
from gpff.noising import Batch, Floats, Ints, log_uniform, nearest, rows_of

NEAR = (0.01, 0.3)
"""Noise in Å, log-uniform, that is added to a stray."""
ROUNDS = 2
"""Of turning a home and exchanging its atoms, until it lies nearest to a stray."""


@dataclass(frozen=True, eq=False)
class Strays:
    """States that are no molecule, each with one: `numbers [n_atoms]`, `positions [n_atoms, 3]` and `homes
    [n_atoms, 3]` Å, both centred, `ptr [n_strays + 1]`."""

    numbers: Ints
    positions: Floats
    homes: Floats
    ptr: Ints

    def __len__(self) -> int:
        return len(self.ptr) - 1

    @staticmethod
    def of(molecules: Sequence[tuple[Ints, NDArray[np.float64], NDArray[np.float64]]]) -> Strays:
        """Of numbers `[n]`, positions `[n, 3]` and home `[n, 3]` of each."""
        numbers, positions, homes = zip(*molecules, strict=True)
        parts = Segments(pointers(len(z) for z in numbers))
        return Strays(
            np.concatenate(numbers).astype(np.int64),
            parts.centred(np.concatenate(positions)).astype(np.float32),
            parts.centred(np.concatenate(homes)).astype(np.float32),
            parts.ptr,
        )


def write(file: Path, strays: Strays) -> None:
    """Keep them in one file, which is there whole or not at all."""
    with whole(file) as half, half.open("wb") as out:
        np.savez_compressed(out, **vars(strays))


def read(file: Path) -> Strays:
    """What `write` kept. Raises FileNotFoundError."""
    with np.load(file) as kept:
        return Strays(**{name: kept[name] for name in ("numbers", "positions", "homes", "ptr")})


def lessons(strays: Strays, n: int, rng: np.random.Generator) -> Batch:
    """`n` of them, with a little noise, and their homes for labels.

    What is left to home counts as noise, by which the loss is weighted. They are molecules of no data set: `ids` -1.
    """
    picked = rng.integers(len(strays), size=n)
    rows, ptr = rows_of(strays.ptr, picked)
    parts = Segments(ptr)
    numbers, home = strays.numbers[rows], strays.homes[rows]
    level = log_uniform(NEAR, rng.random(n)).astype(np.float32)
    noise = parts.centred(rng.standard_normal(home.shape)).astype(np.float32)
    positions = strays.positions[rows] + level[parts.index, None] * noise
    away = nearest(numbers, home, positions, ptr, ROUNDS) - positions
    sigma = np.sqrt(parts.sum(np.square(away).sum(axis=1)) / (3 * parts.sizes)).astype(np.float32)
    return Batch(numbers, positions, (2.0 * away).astype(np.float32), ptr, parts.index, sigma, np.full(n, -1), level)
