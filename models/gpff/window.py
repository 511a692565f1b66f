"""What of a large scaffold the network is shown: the part that the blobs can reach, closed with hydrogens.

The network knows molecules of QM9, of `LARGEST` atoms at most. What is far from a blob says nothing about what will
form in it, but makes a molecule of a kind that the network has hardly seen: fewer candidates are valid beside a
scaffold of fifty atoms than beside the fifteen of them that are near. So the scaffold is cut as for ONIOM (Svensson et
al., J. Phys. Chem. 1996): at single bonds outside rings, of a carbon with another heavy atom, and a hydrogen takes the
place of what is left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components, dijkstra
from scipy.spatial.distance import cdist

from gpff.molecules import Bools, Floats, Ints

LARGEST = 29
"""Atoms of QM9's largest molecule: up to here everything is shown."""
BONDS = 4
"""Atoms so many bonds from an open site are shown; where none is open, from the atom nearest to a blob's centre."""
REACH = 2.0
"""And those not farther from a blob's centre than its largest standard deviation and this, Å: about a contact."""
RADII = {1: 0.31, 6: 0.76, 7: 0.71, 8: 0.66, 9: 0.57}
"""Covalent radii in Å (Cordero et al., Dalton Trans. 2008)."""
STRETCH = 1.25
"""Two atoms are bound up to so many times the sum of their radii."""
SINGLE = 1.47, 1.40
"""A bond is single from this length on, Å: between two carbons, and of a carbon with another atom."""
TO_HYDROGEN = {6: 1.09, 7: 1.01, 8: 0.96}
"""Lengths in Å of the bonds to the hydrogens that close the cuts."""


@dataclass(frozen=True, eq=False)
class Window:
    """`seen [n]`: atoms of the scaffold that the network is shown; `caps [n_caps, 3]` Å: hydrogens for the others."""

    seen: Bools
    caps: Floats


def window(numbers: Ints, positions: Floats, sites: Bools, centers: Floats, covariances: Floats) -> Window:
    """The part of a scaffold, `numbers [n]` and `positions [n, 3]` Å, that some blobs can reach.

    sites `[n]`: which atoms are open; centers `[n_blobs, 3]` Å, covariances `[n_blobs, 3, 3]` Å²: of the blobs, one at
    least.
    """
    bonds, piece = _pieces(numbers.tobytes(), positions.tobytes())
    gaps = cdist(positions, centers)
    reach = REACH + np.sqrt(np.linalg.eigvalsh(covariances)[:, -1])
    roots = np.flatnonzero(sites) if sites.any() else gaps.argmin(axis=0)
    hops = dijkstra(csr_array(bonds), unweighted=True, indices=roots)
    near = (gaps <= reach).any(axis=1) | (hops <= BONDS).any(axis=0)
    seen = np.isin(piece, piece[near])
    inside, outside = np.nonzero(bonds & seen[:, None] & ~seen)
    along = positions[outside] - positions[inside]
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    lengths = np.array([TO_HYDROGEN[int(number)] for number in numbers[inside]])
    return Window(seen, positions[inside] + lengths[:, None] * along)


@lru_cache(maxsize=64)
def _pieces(numbers_data: bytes, positions_data: bytes) -> tuple[Bools, Ints]:
    """Which atoms of a scaffold are bound, `[n, n]`, and the piece each is in when all that may be cut is cut, `[n]`.

    Kept, since a blob that is dragged asks again and again.
    """
    numbers = np.frombuffer(numbers_data, dtype=np.int64)
    positions = np.frombuffer(positions_data).reshape(-1, 3)
    bonds = _bonds(numbers, positions)
    _, piece = connected_components(bonds & ~_may_be_cut(numbers, positions, bonds))
    return bonds, piece


def _bonds(numbers: Ints, positions: Floats) -> Bools:
    """Which atoms are bound, `[n, n]`, by their distances."""
    radii = np.array([RADII[int(number)] for number in numbers])
    bound: Bools = cdist(positions, positions) < STRETCH * (radii[:, None] + radii)
    np.fill_diagonal(bound, False)
    return bound


def _may_be_cut(numbers: Ints, positions: Floats, bonds: Bools) -> Bools:
    """Single bonds outside rings, of a carbon with a heavy atom that a hydrogen may take the place of: `[n, n]`."""
    carbon, heavy = numbers == 6, np.isin(numbers, list(TO_HYDROGEN))
    both = carbon[:, None] & carbon
    candidates = bonds & (carbon[:, None] | carbon) & heavy[:, None] & heavy
    candidates &= cdist(positions, positions) > np.where(both, *SINGLE)
    skeleton = bonds[np.ix_(numbers > 1, numbers > 1)]  # no ring goes through a hydrogen
    place = np.cumsum(numbers > 1) - 1
    pieces, _ = connected_components(skeleton)
    cuts = np.zeros_like(bonds)
    for i, j in np.argwhere(np.triu(candidates)):
        without = skeleton.copy()
        without[place[i], place[j]] = without[place[j], place[i]] = False
        cuts[i, j] = cuts[j, i] = connected_components(without)[0] > pieces
    return cuts
