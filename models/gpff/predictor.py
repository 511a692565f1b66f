"""The trained network of :mod:`gpff.property_net` on NumPy alone, for processes that shall stay small.

A process that imports PyTorch for this takes seconds to start and some 300 MB; this one reads 1.4 MB of weights. The
numbers are the same to float32's rounding, and tests hold both to it. Equations: Schütt et al., ICML 2021 (PaiNN).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file

from gpff.errors import WeightsError
from gpff.manifest import verified, weights_file
from gpff.worker import set_up

TARGETS = ("gap", "atomisation_energy")
EPSILON = 1e-8  # under the root of the norms
ROWS = 128  # atoms whose neighbours are looked at together; bounds the memory

type Array = NDArray[np.float32]


@dataclass(frozen=True)
class TrainedOn:
    """What the weights have seen. elements: atomic numbers; max_heavy_atoms: of a molecule."""

    data: str
    level: str
    elements: tuple[int, ...]
    max_heavy_atoms: int


@dataclass(frozen=True)
class Card:
    """Which weights, their mean absolute errors on molecules that they have not seen (eV), and what they have seen."""

    name: str
    hash: str
    gap_mae: float
    energy_mae: float
    trained_on: TrainedOn


@dataclass(frozen=True)
class _Neighbours:
    """Atoms within the cutoff of a run of atoms, K places for each: index, basis, envelope (0 where a place is empty).

    ``index [n, K]``, ``basis [n, K, R]``, ``envelope [n, K, 1]``, ``directions [n, 3, K]``
    """

    atoms: slice
    index: NDArray[np.intp]
    basis: Array
    envelope: Array
    directions: Array


class Predictor:
    """HOMO–LUMO gap and atomisation energy of one molecule after the other. Thread-safe.

    weights: by the names of :class:`gpff.property_net.PropertyNet`; network: its configuration as manifests have it
    """

    def __init__(self, weights: dict[str, Array], network: dict[str, Any], card: Card) -> None:
        self.card = card
        self._weights = weights
        self._width, self._layers = int(network["n_features"]), int(network["n_interactions"])
        grid = network["grid"]
        self._cutoff, self._scale = float(grid["cutoff"]), float(grid["scale"])
        self._step = float(np.arcsinh(self._cutoff / self._scale)) / (grid["n_grid"] - 1)
        self._basis = _basis(grid["n_grid"], grid["n_rbf"], self._step)

    def __call__(self, numbers: NDArray[np.integer], positions: NDArray[np.floating]) -> tuple[float, float]:
        """Gap and atomisation energy, eV, of ``numbers [n_atoms]`` at ``positions [n_atoms, 3]`` Å."""
        weights, width = self._weights, self._width
        near = list(self._neighbours(np.asarray(positions, dtype=np.float64)))
        q = weights["embedding.weight"][numbers]
        mu = np.zeros((len(q), 3, width), dtype=np.float32)
        for layer in range(self._layers):
            context = self._perceptron(f"interactions.{layer}.interatomic_context_net", q)
            q, mu = self._interact(layer, near, context, q, mu)
            q, mu = self._mix(f"mixing.{layer}", q, mu)
        value, weight, share = self._dense("head.1", _silu(self._dense("head.0", q))).T
        weight = _sigmoid(weight) + 1e-3
        rest = np.array([(weight * value).sum() / weight.sum(), share.sum()])
        references = weights["references"][numbers].sum(axis=0, dtype=np.float64)
        gap, energy = references + weights["shift"] + weights["scale"] * rest
        return float(gap), float(energy)

    def _neighbours(self, x: NDArray[np.float64]) -> Iterator[_Neighbours]:
        """Of all atoms, a run of them at a time."""
        for first in range(0, len(x), ROWS):
            atoms = slice(first, min(first + ROWS, len(x)))
            distances = np.linalg.norm(x[atoms, None] - x, axis=2)
            distances[np.arange(len(distances)), np.arange(first, atoms.stop)] = np.inf  # no atom is its own
            places = int((distances < self._cutoff).sum(axis=1).max())
            index = np.argsort(distances, axis=1)[:, :places]
            d = np.minimum(np.take_along_axis(distances, index, axis=1), self._cutoff)
            u = np.arcsinh(d / self._scale) / self._step
            row = np.minimum(u.astype(np.intp), len(self._basis) - 2)
            upper = (u - row)[..., None]
            basis = (1.0 - upper) * self._basis[row] + upper * self._basis[row + 1]
            envelope = 0.5 * (np.cos(d * (np.pi / self._cutoff)) + 1.0)  # zero in an empty place, where d is the cutoff
            directions = (x[index] - x[atoms, None]) / (d + 1.0)[..., None]
            parts = (basis, envelope[..., None], directions.transpose(0, 2, 1))
            yield _Neighbours(atoms, index, *(part.astype(np.float32) for part in parts))

    def _interact(
        self, layer: int, near: list[_Neighbours], context: Array, q: Array, mu: Array
    ) -> tuple[Array, Array]:
        """Messages from the neighbours, eqs. 7 and 8."""
        block = slice(3 * self._width * layer, 3 * self._width * (layer + 1))
        filters, bias = self._weights["filter_net.weight"][block].T, self._weights["filter_net.bias"][block]
        new_q, new_mu = q.copy(), mu.copy()
        for part in near:
            passed = (part.basis @ filters + bias) * part.envelope * context[part.index]
            scalars, vectors, carried = np.split(passed, 3, axis=2)
            new_q[part.atoms] += scalars.sum(axis=1)
            new_mu[part.atoms] += part.directions @ vectors
            if layer:  # before the first there are no vectors to carry
                new_mu[part.atoms] += np.einsum("nkf,nkcf->ncf", carried, mu[part.index])
        return new_q, new_mu

    def _mix(self, name: str, q: Array, mu: Array) -> tuple[Array, Array]:
        """The update within an atom, eqs. 9 and 10."""
        v, w = np.split(mu @ self._weights[f"{name}.mu_channel_mix.weight"].T, 2, axis=2)
        norm = np.sqrt((v * v).sum(axis=1) + np.float32(EPSILON))
        context = self._perceptron(f"{name}.intraatomic_context_net", np.concatenate([q, norm], axis=1))
        dq, dmu, dqmu = np.split(context, 3, axis=1)
        return q + dq + dqmu * (v * w).sum(axis=1), mu + dmu[:, None] * w

    def _perceptron(self, name: str, x: Array) -> Array:
        return self._dense(f"{name}.1", _silu(self._dense(f"{name}.0", x)))

    def _dense(self, name: str, x: Array) -> Array:
        out: Array = x @ self._weights[f"{name}.weight"].T + self._weights[f"{name}.bias"]
        return out


@cache
def load(name: str = "properties") -> Predictor | None:
    """Shipped weights by name, or any by path; None when there is no such file.

    Raises:
        WeightsError: no manifest beside the file, another hash than its own, a model of something else, or a manifest
            that does not say how good the model is and what it was trained on.
    """
    file = weights_file(name)
    if not file.exists():
        return None
    with set_up():
        manifest = manifest_of(file)
        return Predictor(load_file(file), manifest["network"], _card(manifest, file.name))


def manifest_of(file: Path) -> dict[str, Any]:
    """The manifest of a property model's weights. Raises WeightsError, as `verified` does and for other models."""
    manifest = verified(file)
    if manifest.get("targets") != list(TARGETS):
        raise WeightsError(f"{file.name}: expected a model of {', '.join(TARGETS)}, got {manifest.get('targets')}")
    return manifest


def _card(manifest: dict[str, Any], file_name: str) -> Card:
    try:
        metrics, seen = manifest["metrics"], manifest["trained_on"]
        trained_on = TrainedOn(seen["data"], seen["level"], tuple(seen["elements"]), int(seen["max_heavy_atoms"]))
        gap, energy = (round(metrics[target] / 1e3, 6) for target in TARGETS)  # in meV there
        return Card(manifest["name"], manifest["sha256"], gap, energy, trained_on)
    except (KeyError, TypeError) as error:
        raise WeightsError(f"{file_name}: expected metrics and trained_on in its manifest, got no {error}") from error


def _basis(n_grid: int, n_rbf: int, step: float) -> NDArray[np.float64]:
    """:meth:`gpff.radial.RadialGrid.basis`, ``[n_grid, n_rbf]``."""
    t = step * np.arange(n_grid)
    centres = np.linspace(0.0, t[-1], n_rbf)
    width = centres[1] - centres[0]
    return np.asarray(np.exp(-0.5 * ((t[:, None] - centres) / width) ** 2), dtype=np.float64)


def _sigmoid(x: Array) -> Array:
    with np.errstate(over="ignore"):  # far below zero nothing is left, as it should be
        return np.asarray(1.0 / (1.0 + np.exp(-x)), dtype=x.dtype)


def _silu(x: Array) -> Array:
    return x * _sigmoid(x)
