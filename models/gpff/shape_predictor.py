"""How large molecules of a given atom count are, as a distribution: the prior and the target of shaped sampling.

A molecule's shape is told by its principal variances `v1 ≥ v2 ≥ v3` (Å²), here as three logarithms: its size
`½ ln(v1 + v2 + v3)` and its proportions `½ ln(v1/v2)`, `½ ln(v2/v3)`. (The paper takes the Cholesky factor of the
covariance, with a logarithmic diagonal. In the principal frame that is three numbers as well; the three more that it
has elsewhere only say how QM9 happens to turn its molecules.) For every atom count that the data has enough of, a
Gaussian mixture of `N_COMPONENTS` is fitted to them.

Given proportions leave a mixture of one variable, the size: the size of a rod, a disc or a sphere is drawn from it.
Size as the sum, not the product, of variances stays sensible where v3 goes to zero.

Atom counts that the data barely has take the mixture of the nearest count that it has, its size shifted by the power
law `mean size = a + b ln n` fitted over all counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from gpff.errors import InputError
from gpff.folders import WEIGHTS
from gpff.molecules import Floats, Ints, segment_mean

N_COMPONENTS = 5
ENOUGH = 200
"""Molecules of one atom count from which a mixture is fitted."""
FLOOR = 1e-3
"""Smallest variance in Å² and smallest relative variance: planar molecules have none across their plane."""
FAR = 3.0
"""A condition farther from a component than this (in its standard deviations) is read as if it were this far."""

ARCHETYPES: dict[str, tuple[float, float, float]] = {
    "rod": (0.85, 0.13, 0.02),
    "disc": (0.5, 0.5, 0.0),
    "sphere": (1 / 3, 1 / 3, 1 / 3),
}
"""Relative principal variances."""


@dataclass(frozen=True, eq=False)
class ShapePredictor:
    """Mixtures of size and proportions for the atom counts `counts [n_counts]`, in rising order.

    `weights [n_counts, N_COMPONENTS]`, `means [n_counts, N_COMPONENTS, 3]`, `covariances [n_counts, N_COMPONENTS, 3,
    3]`; `slope`: b of the power law of sizes.
    """

    counts: Ints
    weights: Floats
    means: Floats
    covariances: Floats
    slope: float

    def draw(self, n_atoms: int, rng: np.random.Generator, relative: tuple[float, ...] | None = None) -> Floats:
        """Principal variances `[3]` in Å², largest first, of one molecule of `n_atoms`.

        With `relative [3]` (any scale) they are in those proportions and only their size is drawn. Raises `InputError`
        for an atom count below 1 or for proportions that are negative or all zero.
        """
        if n_atoms < 1:
            raise InputError("n_atoms", "at least 1", str(n_atoms))
        i = int(np.argmin(np.abs(self.counts - n_atoms)))
        shift = self.slope * np.log(n_atoms / self.counts[i])
        weights, means, covariances = self.weights[i], self.means[i], self.covariances[i]
        if relative is None:
            k = rng.choice(len(weights), p=weights)
            size, *ratios = rng.multivariate_normal(means[k], covariances[k], method="cholesky")
            r = np.exp(-2.0 * np.cumsum([0.0, *ratios]))
            r = np.sort(r / r.sum())[::-1]
        else:
            r = proportions(relative)
            weights, sizes, spreads = _given(np.log(r[:2] / r[1:]) / 2.0, weights, means, covariances)
            k = rng.choice(len(weights), p=weights)
            size = rng.normal(sizes[k], spreads[k])
        return np.asarray(r * np.exp(2.0 * (size + shift)))


def proportions(relative: tuple[float, ...], field: str = "relative") -> Floats:
    """Relative principal variances `[3]`, largest first, that sum to 1 and are none below `FLOOR`.

    Raises `InputError` naming `field` for what is no proportion.
    """
    try:
        r = np.sort(np.asarray(relative, dtype=np.float64))[::-1]
    except (TypeError, ValueError):
        r = np.zeros(0)  # no numbers at all
    if r.shape != (3,) or not np.isfinite(r).all() or r[-1] < 0.0 or r[0] <= 0.0:
        raise InputError(field, "three variances, none negative, not all zero", repr(relative))
    r = np.maximum(r / r.sum(), FLOOR)
    return np.asarray(r / r.sum())


def _given(ratios: Floats, weights: Floats, means: Floats, covariances: Floats) -> tuple[Floats, Floats, Floats]:
    """Weights, means and standard deviations of the mixture of sizes, given the proportions `ratios [2]`."""
    inner, mixed, outer = covariances[:, 1:, 1:], covariances[:, 0, 1:], covariances[:, 0, 0]
    off = ratios - means[:, 1:]
    squared = np.einsum("ka,ka->k", off, np.linalg.solve(inner, off[..., None])[..., 0])
    log = np.log(weights) - squared / 2.0 - np.linalg.slogdet(inner)[1] / 2.0
    posterior = np.exp(log - log.max())
    gain = np.linalg.solve(inner, mixed[..., None])[..., 0]
    nearer = np.minimum(1.0, FAR / np.sqrt(np.maximum(squared, 1e-24)))
    mean = means[:, 0] + nearer * np.einsum("ka,ka->k", gain, off)
    variance = outer - np.einsum("ka,ka->k", mixed, gain)
    return posterior / posterior.sum(), mean, np.sqrt(np.maximum(variance, 1e-12))


def principal_variances(positions: Floats, ptr: Ints) -> Floats:
    """Principal variances `[n_molecules, 3]` in Å², largest first, of `positions [n_atoms, 3]` Å."""
    offset = positions - np.repeat(segment_mean(positions, ptr), np.diff(ptr), axis=0)
    covariance = segment_mean(offset[:, :, None] * offset[:, None, :], ptr)
    return np.maximum(np.linalg.eigvalsh(covariance)[:, ::-1], 0.0)


def npr(variances: Floats) -> Floats:
    """Normalised principal moments of inertia with unit masses, `[n, 2]`, of principal variances `[n, 3]`.

    I1/I3 and I2/I3 with moments `v2 + v3 ≤ v1 + v3 ≤ v1 + v2`: rod (0, 1), disc (½, ½), sphere (1, 1).
    """
    v1, v2, v3 = np.moveaxis(variances, -1, 0)
    return np.stack([(v2 + v3) / (v1 + v2), (v1 + v3) / (v1 + v2)], axis=-1)


def fit(positions: Floats, ptr: Ints, seed: int = 0) -> ShapePredictor:
    """The predictor of molecules with `positions [n_atoms, 3]` Å. Needs scikit-learn."""
    from sklearn.mixture import GaussianMixture

    v, sizes = np.maximum(principal_variances(positions.astype(np.float64), ptr), FLOOR), np.diff(ptr)
    u = np.column_stack([np.log(v.sum(1)), np.log(v[:, 0] / v[:, 1]), np.log(v[:, 1] / v[:, 2])]) / 2.0
    counts = np.array([n for n in np.unique(sizes) if np.count_nonzero(sizes == n) >= ENOUGH])
    if len(counts) < 2:
        raise InputError("positions", f"two atom counts with {ENOUGH} molecules or more", f"{len(counts)}")
    models = [GaussianMixture(N_COMPONENTS, random_state=seed, reg_covar=1e-4).fit(u[sizes == n]) for n in counts]
    weights, means, covariances = (
        np.stack([getattr(model, name) for model in models]) for name in ("weights_", "means_", "covariances_")
    )
    known = np.isin(sizes, counts)
    slope = float(np.polyfit(np.log(sizes[known]), u[known, 0], 1)[0])
    return ShapePredictor(counts, weights, means, covariances, slope)


def save(predictor: ShapePredictor, file: Path) -> None:
    """Write the mixtures, in double precision."""
    np.savez_compressed(file, **vars(predictor))


@lru_cache(maxsize=4)
def load(file: Path = WEIGHTS / "shape.npz") -> ShapePredictor:
    """Read a predictor; by default the one that ships, fitted to QM9's training split."""
    with np.load(file, allow_pickle=False) as arrays:
        return ShapePredictor(
            **{name: arrays[name] for name in arrays.files if name != "slope"}, slope=float(arrays["slope"])
        )
