"""What a step costs, as measured at the start: `t = a + b E` for E ordered pairs of atoms. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

FIXED_SHARE = 0.1
"""A batch is large enough when no more than this of its step is the part that does not grow with it."""
LEAST = 8192
"""Pairs that a batch may have in any case: two dozen molecules of 18 atoms. What was measured may be off, and the
engine has work of its own at each step, which a fast network leaves to be shared."""


@dataclass(frozen=True)
class CostModel:
    """`step_s` seconds for a call of the network, and `edge_s` for each ordered pair of atoms in it."""

    step_s: float
    edge_s: float

    def seconds(self, edges: int) -> float:
        """How long a step over so many pairs takes."""
        return self.step_s + self.edge_s * edges

    def budget(self, most: int) -> int:
        """Pairs of a batch that is large enough, at most `most`.

        A larger one would bring its jobs hardly more steps a second, and make those that come wait longer for the next.
        """
        if self.edge_s <= 0.0:
            return most
        enough = self.step_s * (1.0 - FIXED_SHARE) / (FIXED_SHARE * self.edge_s)
        return int(min(most, max(LEAST, enough)))


def fit(edges: Sequence[int], seconds: Sequence[float]) -> CostModel:
    """The model through measured steps, by least squares of the relative error; neither part is negative.

    edges, seconds: of each measurement, at least two of different size.
    """
    t = np.asarray(seconds, dtype=np.float64)
    scaled = np.stack([np.ones(len(t)), np.asarray(edges, dtype=np.float64)], axis=1) / t[:, None]
    a, b = np.linalg.lstsq(scaled, np.ones(len(t)), rcond=None)[0].tolist()
    if b < 0.0:
        return CostModel(float(t.min()), 0.0)
    if a < 0.0:
        return CostModel(0.0, float((t / np.asarray(edges)).mean()))
    return CostModel(a, b)
