"""Training examples: Gaussian noise, permutation alignment and pseudo-force labels (gpff.md, "Training")."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from gpff.data import QM9
from gpff.molecules import pointers

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

# In QM9 no two atoms of one element are closer than this (Å), so that no exchange can pay while every atom
# has moved by less than half of it.
_CLOSEST = 1.0

NEARLY_HOME, FAR_AWAY = (0.01, 0.2), (0.4, 2.0)
"""Noise in Å, log-uniform, of most atoms and of the few, where noise is local."""
MANY = 1 / 3
"""Most of a molecule's atoms that are far away, as a share, where noise is local."""


@dataclass(frozen=True)
class NoiseConfig:
    """Density of noise levels: ``ln σ ~ N(mean, std)``, a share of it log-uniform, clipped to [low, high] Å.

    A share ``compressed`` of the molecules is shrunk by a factor drawn from U(0, 1) before the noise is added: the
    first answer to a wide cloud is a mean of many molecules, far too small, and the network must know the way out.
    A share ``walked`` goes on from what the network made of a molecule before (`gpff.walking`).
    In a share ``local`` a few neighbouring atoms are far away and the others nearly home (`local_noise`).
    A share ``strayed`` are states that look like a molecule and are none (`gpff.strays`).
    A share ``company`` are a few molecules side by side, ``crowd`` atoms at most (`gpff.company`).
    ``rotations``: 0 aligns by permutation alone; above, so many rounds of rotation and permutation in turn.
    ``align`` False does neither: atoms of one element keep the places that chance gave them.
    """

    mean: float = -0.7
    std: float = 1.2
    low: float = 0.01
    high: float = 30.0
    uniform: float = 0.1
    compressed: float = 0.0
    walked: float = 0.0
    local: float = 0.0
    strayed: float = 0.0
    company: float = 0.0
    crowd: int = 96
    rotations: int = 0
    align: bool = True

    def draw(self, n: int, rng: np.random.Generator) -> Floats:
        """Noise levels ``[n]``, Å."""
        log = rng.normal(self.mean, self.std, n)
        flat = rng.uniform(np.log(self.low), np.log(self.high), n)
        log = np.where(rng.random(n) < self.uniform, flat, log)
        return np.exp(np.clip(log, np.log(self.low), np.log(self.high))).astype(np.float32)


@dataclass(frozen=True)
class Batch:
    """Noised molecules and their labels.

    ``numbers [n_atoms]``, ``positions [n_atoms, 3]`` (Å), ``forces [n_atoms, 3]`` (Å), ``ptr [n_molecules + 1]``,
    ``mol_idx [n_atoms]``, ``sigma [n_molecules]`` (Å): how far from home, by which the loss is weighted; ``ids
    [n_molecules]`` in the data; ``level [n_molecules]`` (Å): the noise that was added.
    """

    numbers: Ints
    positions: Floats
    forces: Floats
    ptr: Ints
    mol_idx: Ints
    sigma: Floats
    ids: Ints
    level: Floats

    @staticmethod
    def cat(batches: Sequence[Batch]) -> Batch:
        """One batch of several."""
        sizes = np.concatenate([np.diff(batch.ptr) for batch in batches])
        return Batch(
            **{
                name: np.concatenate([getattr(batch, name) for batch in batches])
                for name in ("numbers", "positions", "forces", "sigma", "ids", "level")
            },
            ptr=pointers(sizes),
            mol_idx=np.repeat(np.arange(len(sizes)), sizes),
        )


def gather(data: QM9, ids: Ints) -> tuple[Ints, Floats, Ints]:
    """Numbers ``[n_atoms]``, positions ``[n_atoms, 3]`` and ptr of the molecules ``ids``."""
    rows, ptr = rows_of(data.ptr, ids)
    return data.numbers[rows].astype(np.int64), data.positions[rows], ptr


def rows_of(ptr: Ints, ids: Ints) -> tuple[Ints, Ints]:
    """Rows ``[n_atoms]`` of the molecules ``ids``, one after the other, and the ptr of these."""
    sizes = ptr[ids + 1] - ptr[ids]
    picked = pointers(sizes)
    return np.repeat(ptr[ids] - picked[:-1], sizes) + np.arange(picked[-1]), picked


def align(numbers: Ints, clean: Floats, noisy: Floats, ptr: Ints) -> Floats:
    """Clean positions with atoms of one element exchanged so that the summed squared distance is least.

    Hungarian assignment per molecule and element on ``-noisy · clean`` (the squared norms do not depend on the
    assignment). All positions centred, ``[n_atoms, 3]``.
    """
    aligned = clean.copy()
    moved = np.maximum.reduceat(np.square(noisy - clean).sum(1), ptr[:-1])
    for m in np.flatnonzero(moved >= (_CLOSEST / 2) ** 2):
        a, b = ptr[m], ptr[m + 1]
        cost = -noisy[a:b] @ clean[a:b].T
        z = numbers[a:b]
        for element in np.unique(z):
            ids = np.flatnonzero(z == element)
            if len(ids) > 1:
                rows, columns = linear_sum_assignment(cost[np.ix_(ids, ids)])
                aligned[a + ids[rows]] = clean[a + ids[columns]]
    return aligned


def turn(clean: Floats, noisy: Floats, ptr: Ints) -> Floats:
    """Clean positions turned (and mirrored, where that is nearer) onto the noisy ones, ``[n_atoms, 3]``.

    Kabsch's rotation per molecule; mirror images are one to the network, so they are one target. All positions centred.
    """
    u, _, vt = np.linalg.svd(np.add.reduceat(clean[:, :, None] * noisy[:, None, :], ptr[:-1], axis=0))
    turned: Floats = np.einsum("ai,aij->aj", clean, np.repeat(u @ vt, np.diff(ptr), axis=0))
    return turned


def nearest(numbers: Ints, clean: Floats, noisy: Floats, ptr: Ints, rounds: int) -> Floats:
    """Clean positions after so many ``rounds`` of `turn` and `align`, ``[n_atoms, 3]``."""
    for _ in range(rounds):
        clean = align(numbers, turn(clean, noisy, ptr), noisy, ptr)
    return clean


def log_uniform(bounds: tuple[float, float], uniform: NDArray[Any]) -> NDArray[Any]:
    """Values between two bounds, above zero, whose logarithms are spread as `uniform` is, from U(0, 1)."""
    low, high = bounds
    return np.asarray(low * (high / low) ** uniform)


def local_noise(uniform: Floats, clean: Floats, ptr: Ints) -> tuple[Floats, Floats]:
    """Noise for molecules in which an atom and its nearest neighbours are far away, and the others nearly home.

    So a sampler leaves a hydrogen on the wrong atom, and so a blob begins beside a scaffold. With one noise level for
    all atoms such a state is so improbable that a network never sees it, and takes it for home.

    Args:
        uniform: ``[n_molecules, 4]`` from U(0, 1): how near, how far, which atom, and how many with it.
        clean: ``[n_atoms, 3]`` Å; ptr: ``[n_molecules + 1]``.

    Returns:
        noise of the atoms nearly home, ``[n_molecules]`` Å; noise of each atom, ``[n_atoms]`` Å.
    """
    sizes, u = np.diff(ptr), uniform.T
    mol_idx = np.repeat(np.arange(len(sizes)), sizes)
    near, far = log_uniform(NEARLY_HOME, u[0]), log_uniform(FAR_AWAY, u[1])
    middle = ptr[:-1] + (u[2] * sizes).astype(np.int64)
    many = 1 + (u[3] ** 2 * MANY * sizes).astype(np.int64)  # most often one
    nearest = np.lexsort((np.square(clean - clean[middle][mol_idx]).sum(axis=1), mol_idx))
    away = nearest[np.arange(len(clean)) - ptr[mol_idx] < many[mol_idx]]
    noise = near[mol_idx]
    noise[away] = far[mol_idx[away]]
    return near.astype(np.float32), noise.astype(np.float32)


def noised(
    data: QM9, ids: Ints, config: NoiseConfig, rng: np.random.Generator, keep: NDArray[np.bool_] | None = None
) -> Batch:
    """One batch: draw σ, add centred noise, align, label ``F = 2 (x0 - x)``.

    With ``keep [len(ids)]`` only those molecules are prepared, with the noise they have in the whole batch.
    """
    sigma = config.draw(len(ids), rng)
    shrink = np.where(rng.random(len(ids)) < config.compressed, rng.random(len(ids)), 1.0).astype(np.float32)
    local = rng.random((len(ids), 5), dtype=np.float32) if config.local else None
    sizes = data.ptr[ids + 1] - data.ptr[ids]
    noise = rng.standard_normal((int(sizes.sum()), 3), dtype=np.float32)
    if keep is not None:
        noise, sigma, ids, sizes = noise[np.repeat(keep, sizes)], sigma[keep], ids[keep], sizes[keep]
        shrink, local = shrink[keep], None if local is None else local[keep]
    numbers, clean, ptr = gather(data, ids)
    mol_idx = np.repeat(np.arange(len(ids)), sizes)
    each = sigma[mol_idx]
    if local is not None:
        few = (local[:, 0] < config.local) & (shrink == 1.0)
        near, mixed = local_noise(local[:, 1:], clean, ptr)
        sigma, each = np.where(few, near, sigma), np.where(few[mol_idx], mixed, each)
    noise *= each[:, None]
    noise -= (np.add.reduceat(noise, ptr[:-1], axis=0) / sizes[:, None].astype(np.float32))[mol_idx]
    positions = shrink[mol_idx, None] * clean + noise
    target = align(numbers, clean, positions, ptr) if config.align else clean
    target = nearest(numbers, target, positions, ptr, config.rotations)
    forces = 2.0 * (target - positions)
    spread = np.sqrt(np.add.reduceat(np.square(clean).sum(1), ptr[:-1]) / (3 * sizes))
    # what a shrunk molecule lacks counts as noise: its loss would otherwise weigh as if it were nearly home
    added = np.sqrt(np.add.reduceat(np.square(each), ptr[:-1]) / sizes)
    away = np.hypot(added, (1 - shrink) * spread).astype(np.float32)
    return Batch(numbers, positions, forces.astype(np.float32), ptr, mol_idx, away, ids, sigma)
