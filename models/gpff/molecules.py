"""Ragged batches of molecules, one after the other in flat arrays, and sums over their segments.

| symbol | variable | shape | unit |
|---|---|---|---|
| z | `numbers` | `[n_atoms]` | atomic number |
| x | `positions` | `[n_atoms, 3]` | Å |
| | `ptr` | `[n_molecules + 1]` | molecule m owns the atoms `ptr[m]:ptr[m + 1]` |
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
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


def segment_index(ptr: Ints) -> Ints:
    """The segment each row belongs to: `[n]`."""
    return np.repeat(np.arange(len(ptr) - 1, dtype=np.int64), np.diff(ptr))


def pointers(sizes: Iterable[int] | Ints) -> Ints:
    """Segment boundaries `[n_segments + 1]` from segment sizes `[n_segments]`."""
    counts = sizes if isinstance(sizes, np.ndarray) else np.fromiter(sizes, dtype=np.int64)
    ptr = np.zeros(len(counts) + 1, dtype=np.int64)
    counts.cumsum(out=ptr[1:])
    return ptr


@dataclass(frozen=True, eq=False)
class Segments:
    """Segments `ptr[m]:ptr[m + 1]`, none of them empty, that are summed over again and again.

    What every sum needs is worked out once: a step of a sampler has dozens of them over few molecules. Results are
    those of the functions above, bit for bit.
    """

    ptr: Ints

    @cached_property
    def sizes(self) -> Ints:
        """Rows of each segment: `[n_segments]`."""
        return np.diff(self.ptr)

    @cached_property
    def index(self) -> Ints:
        """The segment each row belongs to: `[n]`."""
        return segment_index(self.ptr)

    @cached_property
    def smallest(self) -> int:
        """Rows of the segment that has fewest."""
        return int(self.sizes.min())

    @cached_property
    def _starts(self) -> Ints:
        return self.ptr[:-1]

    @cached_property
    def _column(self) -> Ints:
        return self.sizes[:, None]

    def sum(self, values: Floats) -> Floats:
        """Sums of `values [n]` or `[n, d]`: `[n_segments]` or `[n_segments, d]`."""
        return np.add.reduceat(values, self._starts, axis=0)

    def mean(self, values: Floats) -> Floats:
        """Means of `values [n, d]`: `[n_segments, d]`."""
        return np.asarray(np.add.reduceat(values, self._starts, axis=0) / self._column)

    def max(self, values: Floats) -> Floats:
        """Largest of `values [n]`: `[n_segments]`."""
        return np.maximum.reduceat(values, self._starts)

    def all(self, values: Bools) -> Bools:
        """Segments whose `values [n]` are all true: `[n_segments]`."""
        return np.logical_and.reduceat(values, self._starts)

    def spread(self, values: NDArray[Any]) -> NDArray[Any]:
        """Each row gets what its segment has: `[n_segments, ...]` to `[n, ...]`."""
        return values.take(self.index, axis=0)

    def centred(self, values: Floats) -> Floats:
        """`values [n, d]` less the mean of their segment."""
        return np.asarray(values - self.spread(self.mean(values)))
