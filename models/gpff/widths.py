"""How wide molecules are along their axes, put right where a sampler knows the noise level and the network does not.

At noise level σ let h = x̂0 - x be the answer to x = x0 + σ ε, and u an axis that x alone decides. For the mean that a
score is made of, `E[h | x] = E[-σ ε | x]`, so that over any states that x alone picks out

    E Σ_i (h_i · u)(x_i · u) = E Σ_i (-σ ε_i · u)(x_i · u).

A pseudo-force field misses this by up to a sixth: it is told no σ, so that a long molecule looks like much noise, and
it is trained on aligned atoms, which are nearer than where the noise took them from. Samplers that trust it make
molecules whose widths regress to the mean; the longest hardly occur. What is missed depends little on the weights
(after 40 and after 300 epochs it is the same to a few hundredths), so it is fitted once: along each principal axis, in
units of σ², linear in the number of atoms and in the variance that is seen (`features`), at each noise level of
`LEVELS` (scripts/fit_widths.py). With it taken off the identity holds for whatever these features pick out, long
molecules for one.

It is for states as that of training, molecules with noise on all atoms alike: not beside a scaffold, and not from a
prior that has a molecule's shape (`WIDE`).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gpff.molecules import Floats, Segments

__all__ = ["LEVELS", "MISSED", "WIDE", "features", "missed", "principal_axes", "put_right"]

WIDE = 8.0
"""Standard deviation in Å of the narrowest prior that is noise alone."""
SIZES = (5, 29)
"""Atoms of molecules that the fit has seen; smaller and larger ones count as these."""
MOST = 0.5
"""The largest share of σ² that is taken off or put on."""
TYPICAL = 2.0
"""Variance in Å² of a QM9 molecule along an axis, about."""

LEVELS = np.array([0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 5.0, 8.0, 12.0, 20.0, 30.0])
"""Noise levels in Å at which the fit was made; below the first nothing is missed."""
MISSED = np.array([
    [[0.011, 0.004, -0.039], [0.008, 0.006, -0.021], [0.017, 0.007, -0.011]],  # 0.5 Å
    [[0.035, 0.008, -0.068], [0.085, 0.031, -0.091], [0.104, 0.008, -0.047]],  # 0.7 Å
    [[0.049, 0.011, -0.019], [0.154, 0.051, -0.121], [0.258, 0.024, -0.124]],  # 1.0 Å
    [[0.034, 0.016, 0.074], [0.174, 0.051, -0.088], [0.409, 0.029, -0.184]],  # 1.5 Å
    [[0.035, 0.026, 0.09], [0.12, 0.047, -0.008], [0.443, 0.034, -0.19]],  # 2.0 Å
    [[0.035, 0.028, 0.09], [0.088, 0.039, 0.035], [0.309, 0.028, -0.107]],  # 3.0 Å
    [[0.032, 0.023, 0.066], [0.064, 0.03, 0.034], [0.134, 0.029, -0.007]],  # 5.0 Å
    [[0.02, 0.016, 0.057], [0.041, 0.02, 0.034], [0.068, 0.025, 0.019]],  # 8.0 Å
    [[0.016, 0.012, 0.041], [0.027, 0.015, 0.03], [0.044, 0.018, 0.019]],  # 12.0 Å
    [[0.011, 0.007, 0.024], [0.018, 0.01, 0.018], [0.027, 0.013, 0.012]],  # 20.0 Å
    [[0.006, 0.004, 0.018], [0.012, 0.006, 0.012], [0.019, 0.008, 0.008]],  # 30.0 Å
])  # fmt: skip
"""Coefficients of `features`, `[n_levels, n_axes, n_features]`; axes from the shortest to the longest."""


def principal_axes(positions: Floats, molecules: Segments) -> tuple[Floats, Floats]:
    """Variances `[n_molecules, 3]` Å², smallest first, and axes `[n_molecules, 3, 3]`, its columns, of molecules whose
    `positions [n_atoms, 3]` Å are centred."""
    products = np.einsum("ni,nj->nij", positions, positions).reshape(-1, 9)
    covariance = molecules.sum(products) / molecules.sizes[:, None]
    variances, axes = np.linalg.eigh(covariance.reshape(-1, 3, 3))
    return np.maximum(variances, 0.0), axes


def features(sizes: NDArray[np.int64], variances: Floats, sigma: Floats) -> Floats:
    """What the error along an axis is linear in: `[n_molecules, 3 axes, 3]` of sizes `[n_molecules]`, variances
    `[n_molecules, 3]` Å² and noise levels `[n_molecules]` Å."""
    n = np.broadcast_to(((np.clip(sizes, *SIZES) - 18.0) / 5.0)[:, None], variances.shape)
    return np.stack([np.ones_like(variances), n, variances / (sigma**2 + TYPICAL)[:, None]], axis=2)


def missed(sizes: NDArray[np.int64], variances: Floats, sigma: Floats) -> Floats:
    """By how much answers pull too little along each axis, `[n_molecules, 3]` Å² (arguments as `features`)."""
    level = np.log(np.clip(sigma, LEVELS[0], LEVELS[-1]))
    flat = MISSED.reshape(len(LEVELS), -1).T
    coefficients = np.stack([np.interp(level, np.log(LEVELS), column) for column in flat], axis=1).reshape(-1, 3, 3)
    share = np.einsum("maf,maf->ma", coefficients, features(sizes, variances, sigma))
    return np.asarray(np.clip(share, -MOST, MOST) * (sigma**2)[:, None])


def put_right(
    positions: Floats, forces: Floats, molecules: Segments, sigma: Floats, which: NDArray[np.bool_]
) -> Floats:
    """Forces `[n_atoms, 3]` Å put right in the molecules `which [n_molecules]`, at `positions [n_atoms, 3]` Å with
    noise of `sigma [n_molecules]` Å."""
    which = which & (sigma >= LEVELS[0])
    if not which.any():  # as at the end of a run
        return forces
    centred = molecules.centred(positions)
    variances, axes = principal_axes(centred, molecules)
    off = np.where(which[:, None], missed(molecules.sizes, variances, sigma) / np.maximum(variances, 1e-2), 0.0)
    along = np.einsum("ni,nia->na", centred, axes[molecules.index])
    return np.asarray(forces - 2.0 * np.einsum("na,na,nia->ni", off[molecules.index], along, axes[molecules.index]))
