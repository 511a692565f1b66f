"""How alike two sets of molecules are, by the distribution of a number of each."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from scipy.spatial.distance import jensenshannon, pdist

from gpff.molecules import Floats, Ints

BINS = 100


def js_divergence(a: Floats, b: Floats, bins: int = BINS) -> float:
    """Jensen–Shannon divergence in nats of the histograms of `a [n]` and `b [m]` over their common range.

    Raises ValueError where either is empty.
    """
    if len(a) == 0 or len(b) == 0:
        raise ValueError(f"samples: expected two that are not empty, got {len(a)} and {len(b)}")
    low, high = min(a.min(), b.min()), max(a.max(), b.max())
    edges = np.linspace(low, max(high, low + 1e-9), bins + 1)
    p, q = (np.histogram(x, edges)[0].astype(np.float64) for x in (a, b))
    return float(jensenshannon(p, q) ** 2)


def largest_distances(positions: Floats, ptr: Ints) -> Floats:
    """Largest distance between two atoms of each molecule, `[n_molecules]` Å; 0 for a lone atom."""
    return np.array([pdist(positions[a:b]).max(initial=0.0) for a, b in pairwise(ptr)])
