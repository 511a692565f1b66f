"""Engine factories with known answers, in place of trained weights.

`STUDIO_ENGINE_FACTORY=tests.backend.fields:harmonic python -m studio`, from the root of the repository, serves the page
on such a field: C7H8O2 (guaiacol), C2H6O (ethanol), CH4 and H2O become real molecules, anything else a zigzag chain.
"""

import os
import time
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

WATER = [[-0.77, -0.18, 0.0], [0.76, -0.21, 0.0], [0.01, 0.4, 0.0]]
METHANE = [[0, 0, 0], [-0.71, -0.28, -0.78], [0.12, 1.09, 0.01], [-0.37, -0.33, 0.97], [0.97, -0.47, -0.2]]
ETHANOL = [
    *([-0.85, 0.22, 0.19], [0.39, -0.36, -0.45], [-1.75, -0.33, -0.11], [-0.97, 1.28, -0.08]),
    *([-0.78, 0.19, 1.29], [0.53, -1.4, -0.16], [0.31, -0.31, -1.54], [1.6, 0.33, 0.91], [1.53, 0.38, -0.05]),
]
GUAIACOL = [
    *([2.54, -0.72, 0.4], [0.34, 0.15, 0.17], [-0.14, -0.98, -0.48], [-1.48, -1.04, -0.89]),
    *([-2.34, 0.04, -0.66], [-1.87, 1.17, -0.01], [-0.54, 1.22, 0.4], [2.22, -1.63, 0.93]),
    *([2.68, -0.91, -0.66], [3.5, -0.42, 0.82], [0.49, -1.84, -0.69], [-1.86, -1.93, -1.4]),
    *([-3.38, -0.01, -0.98], [-2.52, 2.02, 0.18], [0.85, 2.17, 1.22], [1.62, 0.35, 0.62], [-0.09, 2.35, 1.03]),
]
REFERENCES: dict[tuple[int, ...], NDArray[np.float64]] = {
    (1, 1, 8): np.array(WATER),
    (6, 1, 1, 1, 1): np.array(METHANE),
    (6, 6, 1, 1, 1, 1, 1, 1, 8): np.array(ETHANOL),
    (6,) * 7 + (1,) * 8 + (8, 8): np.array(GUAIACOL),
}


def reference(numbers: NDArray[np.int64]) -> NDArray[np.float64]:
    """Where the atoms `numbers [n]` belong: `[n, 3]` Å, centred."""
    known = REFERENCES.get(tuple(numbers.tolist()))
    if known is None:
        i = np.arange(len(numbers))
        known = np.stack([1.2 * i, 0.9 * (i % 2), 0.0 * i], axis=1)
    return known - known.mean(axis=0)


class Harmonic:
    """Forces `2 (x0 - x)` towards the reference, wherever the molecule's centre is. Counts its calls."""

    def __init__(self, delay_s: float = 0.0) -> None:
        self.calls: list[int] = []  # molecules in each
        self.delay_s = delay_s

    def __call__(
        self, numbers: NDArray[np.int64], positions: NDArray[np.float64], ptr: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        self.calls.append(len(ptr) - 1)
        time.sleep(self.delay_s)
        forces = np.zeros(positions.shape, dtype=np.float32)
        for start, stop in pairwise(ptr):
            x = positions[start:stop]
            target = reference(numbers[start:stop]) + x.mean(axis=0)
            forces[start:stop] = self.force(numbers[start:stop], 2.0 * (target - x))
        return forces

    def force(self, numbers: NDArray[np.int64], forces: NDArray[np.float64]) -> NDArray[np.float64]:
        return forces


class Hazard(Harmonic):
    """Harmonic, but for a few molecules: F2 has forces that are not finite, N2 raises, H2 kills the process."""

    def force(self, numbers: NDArray[np.int64], forces: NDArray[np.float64]) -> NDArray[np.float64]:
        match tuple(numbers.tolist()):
            case (9, 9):
                return np.full_like(forces, np.nan)
            case (7, 7):
                raise RuntimeError("this field cannot bear nitrogen")
            case (1, 1):
                os._exit(3)
        return forces


@dataclass(frozen=True)
class AnalyticModel:
    forces: Harmonic
    name: str = "analytic"
    hash: str = "0" * 64
    manifest: dict[str, Any] = field(default_factory=lambda: {"kind": "an analytic field"})


def harmonic(model: str, device: str | None = None) -> AnalyticModel:
    return AnalyticModel(Harmonic())


def slow(model: str, device: str | None = None) -> AnalyticModel:
    """As slow as a small network, so that a run can be watched and cancelled."""
    return AnalyticModel(Harmonic(delay_s=0.005))


def hazard(model: str, device: str | None = None) -> AnalyticModel:
    return AnalyticModel(Hazard(delay_s=0.002))


def late(model: str, device: str | None = None) -> AnalyticModel:
    """Loads for a while."""
    time.sleep(0.7)
    return AnalyticModel(Harmonic())


def missing(model: str, device: str | None = None) -> AnalyticModel:
    raise FileNotFoundError(f"no weights named {model!r}")
