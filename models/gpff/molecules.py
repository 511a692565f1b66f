"""A ragged batch of molecules, and sums over its segments.

| symbol | variable | shape | unit |
|---|---|---|---|
| z | `numbers` | `[n_atoms]` | atomic number |
| x | `positions` | `[n_atoms, 3]` | Å |
| | `ptr` | `[n_molecules + 1]` | molecule m owns the atoms `ptr[m]:ptr[m + 1]` |
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gpff.errors import InputError

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


@dataclass(frozen=True, eq=False)
class Molecules:
    """A frozen ragged batch: `numbers [n_atoms]`, `positions [n_atoms, 3]` Å, `ptr [n_molecules + 1]`.

    Raises `InputError` when the three do not fit together or a molecule is empty.
    """

    numbers: Ints
    positions: Floats
    ptr: Ints

    def __post_init__(self) -> None:
        object.__setattr__(self, "numbers", np.asarray(self.numbers, dtype=np.int64))
        object.__setattr__(self, "positions", np.asarray(self.positions, dtype=np.float64))
        object.__setattr__(self, "ptr", np.asarray(self.ptr, dtype=np.int64))
        n_atoms = len(self.numbers)
        if self.numbers.ndim != 1:
            raise InputError("numbers", "an array of shape [n_atoms]", f"shape {self.numbers.shape}")
        if self.positions.shape != (n_atoms, 3):
            raise InputError("positions", f"shape ({n_atoms}, 3)", f"shape {self.positions.shape}")
        ends_fit = self.ptr.ndim == 1 and len(self.ptr) > 0 and self.ptr[0] == 0 and self.ptr[-1] == n_atoms
        if not ends_fit or bool((np.diff(self.ptr) <= 0).any()):
            raise InputError("ptr", f"boundaries rising strictly from 0 to {n_atoms}", str(self.ptr.tolist()))

    @classmethod
    def of(cls, numbers: ArrayLike, positions: ArrayLike) -> Molecules:
        """One molecule as a batch of one."""
        types = np.asarray(numbers, dtype=np.int64)
        return cls(types, np.asarray(positions, dtype=np.float64), pointers([len(types)]))

    @staticmethod
    def cat(batches: Sequence[Molecules]) -> Molecules:
        """The molecules of all `batches`, one batch after the other."""
        if not batches:
            return Molecules(np.zeros(0, np.int64), np.zeros((0, 3)), np.zeros(1, np.int64))
        return Molecules(
            np.concatenate([batch.numbers for batch in batches]),
            np.concatenate([batch.positions for batch in batches]),
            pointers(np.concatenate([batch.sizes for batch in batches])),
        )

    @property
    def n_atoms(self) -> int:
        """Atoms in the whole batch."""
        return len(self.numbers)

    @property
    def n_molecules(self) -> int:
        """Molecules in the batch."""
        return len(self.ptr) - 1

    @property
    def sizes(self) -> Ints:
        """Atoms per molecule: `[n_molecules]`."""
        return np.diff(self.ptr)

    @property
    def mol_idx(self) -> Ints:
        """The molecule each atom belongs to: `[n_atoms]`."""
        return segment_index(self.ptr)

    def __len__(self) -> int:
        return self.n_molecules

    def __getitem__(self, i: int) -> tuple[Ints, Floats]:
        """`(numbers [n], positions [n, 3])` of molecule `i`; negative `i` counts from the end."""
        if not -self.n_molecules <= i < self.n_molecules:
            raise IndexError(f"molecule {i} of a batch of {self.n_molecules}")
        start, stop = self.ptr[i % self.n_molecules], self.ptr[i % self.n_molecules + 1]
        return self.numbers[start:stop], self.positions[start:stop]

    def __iter__(self) -> Iterator[tuple[Ints, Floats]]:
        return (self[i] for i in range(self.n_molecules))

    def split(self) -> list[tuple[Ints, Floats]]:
        """Every molecule's `(numbers, positions)`."""
        return list(self)

    def select(self, ids: ArrayLike) -> Molecules:
        """The molecules `ids` (integers or a mask `[n_molecules]`), in the order given."""
        chosen = np.asarray(ids)
        chosen = np.flatnonzero(chosen) if chosen.dtype == np.bool_ else chosen.astype(np.int64)
        ptr = pointers(self.sizes[chosen])
        atoms = np.arange(ptr[-1]) + np.repeat(self.ptr[chosen] - ptr[:-1], np.diff(ptr))
        return Molecules(self.numbers[atoms], self.positions[atoms], ptr)

    def center(self) -> Molecules:
        """The same molecules, each with its centre of geometry at the origin."""
        means = segment_mean(self.positions, self.ptr)
        return Molecules(self.numbers, self.positions - means[self.mol_idx], self.ptr)
