"""Ragged batches of molecules, one after the other in flat arrays, and sums over their segments.

| symbol | variable | shape | unit |
|---|---|---|---|
| z | `numbers` | `[n_atoms]` | atomic number |
| x | `positions` | `[n_atoms, 3]` | Å |
| | `ptr` | `[n_molecules + 1]` | molecule m owns the atoms `ptr[m]:ptr[m + 1]` |
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

type Ints = NDArray[np.int64]
type Floats = NDArray[np.float64]
type Bools = NDArray[np.bool_]


def segment_sum(values: NDArray[Any], ptr: Ints) -> NDArray[Any]:
    """Sum of `values [n, ...]` over each segment `ptr[m]:ptr[m + 1]`: `[n_segments, ...]`.

    Every segment must hold at least one row: `np.add.reduceat` gives nonsense for an empty one.
    """
    if len(ptr) < 2:
        return np.zeros((0, *values.shape[1:]), dtype=values.dtype)
    return np.add.reduceat(values, ptr[:-1], axis=0)


def segment_mean(values: Floats, ptr: Ints) -> Floats:
    """Mean of `values [n, ...]` over each (non-empty) segment: `[n_segments, ...]`."""
    counts = np.diff(ptr).reshape(-1, *([1] * (values.ndim - 1)))
    return np.asarray(segment_sum(values, ptr) / counts, dtype=np.float64)


def segment_max(values: Floats, ptr: Ints) -> Floats:
    """Largest of `values [n]` in each (non-empty) segment: `[n_segments]`."""
    if len(ptr) < 2:
        return np.zeros(0)
    return np.maximum.reduceat(values, ptr[:-1])


def segment_index(ptr: Ints) -> Ints:
    """The segment each row belongs to: `[n]`."""
    return np.repeat(np.arange(len(ptr) - 1, dtype=np.int64), np.diff(ptr))


def pointers(sizes: Iterable[int] | Ints) -> Ints:
    """Segment boundaries `[n_segments + 1]` from segment sizes `[n_segments]`."""
    counts = np.fromiter(sizes, dtype=np.int64)
    return np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(counts)])
