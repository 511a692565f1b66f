"""What holds the atoms of a blob or the frame of a scaffold: pure functions over ragged batches.

| rule | equation | function |
|---|---|---|
| mixing | `x ← γ_k x_held + (1 - γ_k) x`, `γ_k = (1 - k/K)^s` | `constrain` |
| shape, free | principal axes scaled by `sqrt(v_target / v_now)` | `principal_scaling` |
| placed blob | `A = Σ_t^½ (Σ_t^½ Σ_x Σ_t^½)^-½ Σ_t^½`, mean to the blob's centre | `optimal_transport` |
| scaffold | `F_i - mean_scaffold F`, optionally its rotation undone too | `relative_forces` |

Planar clouds and clouds of one or two atoms have directions without extent, which no map can give one: no
direction is stretched more than `MAX_STRETCH` times.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property

import numpy as np

from gpff.molecules import Bools, Floats, Ints, Segments, pointers, segment_index, segment_mean, segment_sum
from gpff.schedules import constraint_weight, remaining

MAX_STRETCH = 10.0
"""A constraint stretches no direction of a cloud more than this at once."""


class Hold(IntEnum):
    """How a blob's atoms are held while they denoise."""

    NONE = 0
    SHAPE = 1
    PLACED = 2


@dataclass(frozen=True, eq=False)
class Blobs:
    """Every blob of every molecule of a batch, ragged over its atoms.

    `atoms [n_blob_atoms]` indexes the batch; blob b owns `atoms[ptr[b]:ptr[b + 1]]`. `molecule [n_blobs]`,
    `hold [n_blobs]` (`Hold`), `center [n_blobs, 3]` Å, `covariance [n_blobs, 3, 3]` Å², `strictness
    [n_blobs]`.
    """

    atoms: Ints
    ptr: Ints
    molecule: Ints
    hold: Ints
    center: Floats
    covariance: Floats
    strictness: Floats

    @cached_property
    def any_held(self) -> bool:
        """Whether any blob is held at all."""
        return bool(self.hold.any())

    def select(self, mask: Bools) -> Blobs:
        """The blobs of `mask [n_blobs]`."""
        return Blobs(
            self.atoms[np.repeat(mask, np.diff(self.ptr))],
            pointers(np.diff(self.ptr)[mask]),
            self.molecule[mask],
            self.hold[mask],
            self.center[mask],
            self.covariance[mask],
            self.strictness[mask],
        )


def constrain(blobs: Blobs, positions: Floats, call: int | Ints, steps: int | Ints) -> Floats:
    """`positions [n_atoms, 3]` with every held blob drawn towards its shape or place before call k of K.

    `call`, `steps`: of all molecules, or `[n_molecules]`.
    """
    if not blobs.any_held:
        return positions
    left = remaining(call, steps)
    weight = constraint_weight(blobs.strictness, left[blobs.molecule] if left.ndim else left)
    held = (blobs.hold != Hold.NONE) & (weight > 0.0)
    if not held.any():
        return positions
    blobs, weight = blobs.select(held), weight[held]
    owner = segment_index(blobs.ptr)
    now = positions[blobs.atoms]
    mean = segment_mean(now, blobs.ptr)
    offset = now - mean[owner]
    covariance = segment_mean(offset[:, :, None] * offset[:, None, :], blobs.ptr)
    placed = blobs.hold == Hold.PLACED
    maps = np.empty_like(covariance)
    maps[placed] = optimal_transport(covariance[placed], blobs.covariance[placed])
    maps[~placed] = principal_scaling(covariance[~placed], blobs.covariance[~placed])
    target = np.where(placed[:, None], blobs.center, mean)
    there = target[owner] + np.einsum("nij,nj->ni", maps[owner], offset)
    share = weight[owner][:, None]
    out = positions.copy()
    out[blobs.atoms] = share * there + (1.0 - share) * now
    return out


def principal_scaling(covariance: Floats, target: Floats) -> Floats:
    """Maps `[n, 3, 3]` giving clouds of `covariance [n, 3, 3]` the principal variances of `target [n, 3, 3]`.

    The largest variance becomes the largest of the target and so on; the cloud keeps its orientation.
    """
    now, axes = np.linalg.eigh(covariance)
    wanted = np.linalg.eigvalsh(target)
    scale = np.sqrt(wanted / np.maximum(now, wanted / MAX_STRETCH**2))
    return np.asarray(np.einsum("nij,nj,nkj->nik", axes, scale, axes))


def optimal_transport(covariance: Floats, target: Floats) -> Floats:
    """The symmetric maps `A [n, 3, 3]` with `A Σ_x A = Σ_t`: least motion from one Gaussian to the other."""
    root = matrix_sqrt(target)
    values, vectors = np.linalg.eigh(root @ covariance @ root)
    # Along eigenvector q an isotropic target t would be stretched by t / sqrt(value): bound that.
    along = np.einsum("nij,nik,nkj->nj", vectors, target, vectors)
    values = np.maximum(values, (along / MAX_STRETCH) ** 2)
    inverse_root = np.einsum("nij,nj,nkj->nik", vectors, 1.0 / np.sqrt(values), vectors)
    return np.asarray(root @ inverse_root @ root)


def matrix_sqrt(matrices: Floats) -> Floats:
    """Symmetric square roots of symmetric positive semi-definite `matrices [n, 3, 3]`."""
    values, vectors = np.linalg.eigh(matrices)
    roots = np.sqrt(np.maximum(values, 0.0))
    return np.asarray(np.einsum("nij,nj,nkj->nik", vectors, roots, vectors))


def relative_forces(
    positions: Floats,
    forces: Floats,
    fixed: Bools,
    molecules: Segments,
    align: bool = False,
    seen: Bools | None = None,
) -> Floats:
    """Forces `[n_atoms, 3]` read in the frame that stands still; zero on fixed atoms.

    The network knows displacements up to a common translation only: a molecule without fixed atoms keeps its
    centre, and beside a scaffold the scaffold's mean predicted displacement is taken off every atom. With
    `align`, the rotation of the predicted scaffold against the fixed one (Kabsch) is undone as well. `seen [n_atoms]`:
    atoms for which there is a prediction, one fixed atom of every scaffold at least; None: all.
    """
    if not fixed.any():
        return molecules.centred(forces)
    ptr, molecule = molecules.ptr, molecules.index
    frame = fixed if seen is None else fixed & seen
    anchored = segment_sum(frame.astype(np.int64), ptr) > 0
    still = frame | ~anchored[molecule]
    counts = segment_sum(still.astype(np.float64), ptr)[:, None]
    drift = segment_sum(np.where(still[:, None], forces, 0.0), ptr) / counts
    relative = forces - drift[molecule]
    if align:
        center = segment_sum(np.where(frame[:, None], positions, 0.0), ptr) / counts
        offset = positions - center[molecule]
        predicted = offset + relative / 2.0
        turn = _rotations(predicted, offset, frame, ptr)
        turned = 2.0 * (np.einsum("nij,nj->ni", turn[molecule], predicted) - offset)
        relative = np.where(anchored[molecule][:, None], turned, relative)
    return np.where(fixed[:, None], 0.0, relative)


def _rotations(moved: Floats, reference: Floats, fixed: Bools, ptr: Ints) -> Floats:
    """Rotations `[n_molecules, 3, 3]` that bring the fixed atoms from `moved` to `reference` (both centred).

    The identity where fewer than two directions are spanned: the rotation would be arbitrary.
    """
    outer = np.where(fixed[:, None, None], reference[:, :, None] * moved[:, None, :], 0.0)
    left, sizes, right = np.linalg.svd(segment_sum(outer, ptr))
    signs = np.ones((len(ptr) - 1, 3))
    signs[:, 2] = np.sign(np.linalg.det(left @ right))
    turn = np.einsum("nij,nj,njk->nik", left, signs, right)
    definite = sizes[:, 1] > 1e-3 * np.maximum(sizes[:, 0], 1e-3)
    return np.where(definite[:, None, None], turn, np.eye(3))
