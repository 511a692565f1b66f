"""How large a molecule or a fragment is: principal variances typical of its number of atoms."""

from __future__ import annotations

import numpy as np

from gpff.molecules import Floats

_LINEAR = (0.21, 0.088, 0.036)
_POWER = ((1.311, 0.356), (0.617, 0.306), (0.1087, 2.0 / 3.0))


def typical_variances(n_atoms: int) -> tuple[float, float, float]:
    """Principal variances `v1 > v2 > v3` in Å² typical of `n_atoms` atoms (hydrogens included), divisor n.

    ::

        v1 = min(0.21  n, 1.311  n^0.356)
        v2 = min(0.088 n, 0.617  n^0.306)
        v3 = min(0.036 n, 0.1087 n^(2/3))

    The powers were fitted to the mean sorted variances of the molecules of QM9's training split by atom count (least
    squares weighted by the number of molecules), the slopes to those of the fragments of 3 to 11 atoms that cutting an
    acyclic single bond gives in 4,000 of them: a blob of few atoms is a piece of a molecule, and pieces are more
    compact than the few whole molecules of that size, which are mostly linear. From 15 to 25 atoms every value is
    within 20 % of the molecules' mean.
    """
    n = max(n_atoms, 1)
    v1, v2, v3 = (min(slope * n, a * n**b) for slope, (a, b) in zip(_LINEAR, _POWER, strict=True))
    return v1, v2, v3


def typical_covariance(n_atoms: int) -> Floats:
    """A covariance `[3, 3]` in Å² with the `typical_variances`, longest along x and thinnest along z."""
    return np.diag(typical_variances(n_atoms))
