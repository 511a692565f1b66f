"""The shipped model as a service without batching has it: every call of the network holds one molecule.

``STUDIO_ENGINE_FACTORY=benchmarks.apart:load``. The rest of the service is the same.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

import gpff
from gpff.molecules import Floats, Ints


class Apart:
    """A force field that takes the molecules of a batch one after the other."""

    def __init__(self, forces: Any) -> None:
        self._forces = forces
        self.device = forces.device

    def __call__(self, numbers: Ints, positions: Floats, ptr: Ints) -> NDArray[np.float32]:
        """Pseudo-forces ``[n_atoms, 3]`` in Å, as `gpff.force.ForceField`."""
        ends = [(int(a), int(b)) for a, b in pairwise(ptr)]
        parts = [self._forces(numbers[a:b], positions[a:b], np.array([0, b - a])) for a, b in ends]
        return np.concatenate(parts) if parts else np.zeros((0, 3), dtype=np.float32)


class Model:
    """What `gpff.load` gives, its forces apart."""

    def __init__(self, model: Any) -> None:
        self.forces = Apart(model.forces)
        self.name, self.hash, self.manifest = model.name, model.hash, model.manifest


def load(name: str, device: str | None = None) -> Model:
    """The engine factory."""
    return Model(gpff.load(name, device=device))
