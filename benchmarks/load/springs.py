"""A force field that costs nothing and whose every answer can be worked out again: springs towards four molecules.

Engine factory of the load test. A spring pulls half as hard as pseudo-forces do, so that where a run stands after k
steps depends on its seed: a frame of another job is told from the right one by its positions.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gpff.molecules import Floats, Ints, segment_index, segment_mean

HOMES: dict[str, list[list[float]]] = {
    "H2O": [[-0.77, -0.18, 0.0], [0.76, -0.21, 0.0], [0.01, 0.4, 0.0]],
    "NH3": [[0.94, 0.0, -0.27], [-0.47, 0.81, -0.27], [-0.47, -0.81, -0.27], [0.0, 0.0, 0.12]],
    "CH4": [[0, 0, 0], [-0.71, -0.28, -0.78], [0.12, 1.09, 0.01], [-0.37, -0.33, 0.97], [0.97, -0.47, -0.2]],
    "C2H6O": [
        *([-0.85, 0.22, 0.19], [0.39, -0.36, -0.45], [-1.75, -0.33, -0.11], [-0.97, 1.28, -0.08]),
        *([-0.78, 0.19, 1.29], [0.53, -1.4, -0.16], [0.31, -0.31, -1.54], [1.6, 0.33, 0.91], [1.53, 0.38, -0.05]),
    ],
}
"""Where the atoms of each formula belong, in the order in which the service takes them, Å."""

NUMBERS: dict[str, list[int]] = {
    "H2O": [1, 1, 8],
    "NH3": [1, 1, 1, 7],
    "CH4": [6, 1, 1, 1, 1],
    "C2H6O": [6, 6, 1, 1, 1, 1, 1, 1, 8],
}
_HOMES = {len(home): np.array(home) - np.mean(home, axis=0) for home in HOMES.values()}


class Springs:
    """Forces ``home - x`` wherever the molecule's centre is; the four molecules differ in their number of atoms."""

    def __call__(self, numbers: Ints, positions: Floats, ptr: Ints) -> NDArray[np.float64]:
        """Forces ``[n_atoms, 3]`` (Å) of molecules with these ``numbers [n_atoms]``; positions ``[n_atoms, 3]`` Å."""
        away = np.concatenate([_HOMES.get(size, positions[:size] * 0.0) for size in np.diff(ptr).tolist()])
        return away - (positions - segment_mean(positions, ptr)[segment_index(ptr)])


@dataclass(frozen=True)
class SpringModel:
    """What the engine asks of a model."""

    forces: Springs
    name: str = "springs"
    hash: str = "0" * 64
    manifest: dict[str, Any] = field(default_factory=lambda: {"kind": "springs, for the load test"})


def load(model: str, device: str | None = None) -> SpringModel:
    """The engine factory."""
    return SpringModel(Springs())
