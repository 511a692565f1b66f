"""Molecules side by side in one graph, for training: what stands beside an atom and is not bound to it.

A network that has only been shown single molecules of QM9 reads far more from a molecule's extent and from how many
atoms there are than chemistry has to say. A scaffold of fifteen heavy atoms then looks like a cloud that is to be drawn
together, and at fifty atoms the answers overflow. A few molecules at a distance at which nothing binds have as
many atoms and as wide an extent, and the way home of each is known; none of them is larger than QM9's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from scipy.stats import ortho_group

from gpff.data import QM9
from gpff.molecules import Floats, Segments, pointers
from gpff.noising import NEARLY_HOME, Batch, Ints, align, gather, log_uniform

GAP = (2.2, 5.0)
"""Between which closest contacts (Å) molecules stand side by side: from where hydrogens touch."""
MORE = 0.5
"""How often one more comes to two or more of them."""
NOISE = (0.02, 1.0)
"""Noise in Å, log-uniform, of those that are not nearly home: from more, two clouds would be one."""
AT_HOME = 0.5
"""How often one of them is far nearer home than the others, as a scaffold is."""


def beside(standing: Floats, coming: Floats, direction: Floats, gap: float) -> Floats:
    """Positions of the molecule that is coming, moved so that its closest contact with what stands is `gap` Å.

    It comes from far away against `direction [3]`, a unit vector, until the first pair of atoms is that close.
    """
    between = (standing[:, None] - coming[None]).reshape(-1, 3)
    along = between @ direction
    under = gap**2 - (np.square(between).sum(axis=1) - along**2)
    meets = under >= 0.0  # a pair whose paths pass each other at a greater distance never is
    if not meets.any():
        return coming
    moved: Floats = coming + (along[meets] + np.sqrt(under[meets])).max() * direction
    return moved


def side_by_side(molecules: Sequence[Floats], rng: np.random.Generator) -> Floats:
    """Positions `[n_atoms, 3]` Å of centred molecules, turned at random and put side by side; centred."""
    turns = ortho_group.rvs(3, len(molecules), rng).reshape(-1, 3, 3)  # of one it gives a matrix alone
    standing = molecules[0] @ turns[0]
    for molecule, turn in zip(molecules[1:], turns[1:], strict=True):
        direction = rng.standard_normal(3)
        direction /= np.linalg.norm(direction)
        standing = np.concatenate([standing, beside(standing, molecule @ turn, direction, rng.uniform(*GAP))])
    return np.asarray(standing - standing.mean(axis=0))


@dataclass(frozen=True, eq=False)
class Company:
    """Molecules of `data` put side by side, at most `atoms` in one graph.

    A network that knows single molecules alone overflows on graphs of twice the size, and learns nothing from them: it
    is shown slightly larger ones first (docs/training).
    """

    data: QM9
    atoms: int

    @cached_property
    def _by_size(self) -> tuple[Ints, Ints]:
        """Molecules, the smallest first, and their sizes: `[n_molecules]` each."""
        sizes = np.diff(self.data.ptr)
        order = np.argsort(sizes, kind="stable")
        return order, sizes[order]

    def _met(self, rng: np.random.Generator) -> list[int]:
        """Two molecules of the data or more, and more atoms than any has alone; fewer where no other would fit in.

        At 1 Å of noise a chain of the data looks as two small molecules do, and with as many atoms nothing would tell
        the network which of them is meant.
        """
        order, sizes = self._by_size
        met: list[int] = []
        left, least = self.atoms, 1 + int(rng.geometric(1 - MORE))
        while len(met) < least or self.atoms - left <= sizes[-1]:
            fit = int(np.searchsorted(sizes, left, side="right"))
            if met and not fit:
                break
            k = int(rng.integers(max(fit, 1)))
            met.append(int(order[k]))
            left -= int(sizes[k])
        return met

    def batch(self, n: int, rng: np.random.Generator) -> Batch:
        """`n` graphs of molecules side by side, noised, with the way home of each for labels.

        Where each molecule lies beside the others is known from its mean, for noise does not move that: the label would
        otherwise ask for what no network can know. The loss is weighted by the noise of all atoms together. They are
        molecules of no data set: `ids` -1.
        """
        met = [self._met(rng) for _ in range(n)]
        members = np.array([len(ids) for ids in met])
        numbers, clean, ptr = gather(self.data, np.array([m for ids in met for m in ids]))
        single, first = Segments(ptr), pointers(members)
        alone = single.centred(clean.astype(np.float64))
        placed = [side_by_side([alone[ptr[m] : ptr[m + 1]] for m in range(a, b)], rng) for a, b in pairwise(first)]
        home = np.concatenate(placed).astype(np.float32)
        # all of one graph are as far from home, unless the first is the one that stays
        level = np.repeat(log_uniform(NOISE, rng.random(n)), members)
        quiet = first[:-1][rng.random(n) < AT_HOME]
        level[quiet] = np.minimum(level[quiet], log_uniform(NEARLY_HOME, rng.random(len(quiet))))
        each = level[single.index]
        noise = single.centred(rng.standard_normal(home.shape)) * each[:, None]
        graphs = Segments(ptr[first])
        positions = (home + noise).astype(np.float32)
        away = align(numbers, home, positions, graphs.ptr) - positions
        sigma = np.sqrt(graphs.sum(np.square(each)) / graphs.sizes).astype(np.float32)
        ids = np.full(n, -1)
        return Batch(numbers, positions, (2.0 * away).astype(np.float32), graphs.ptr, graphs.index, sigma, ids, sigma)
