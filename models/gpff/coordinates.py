"""What is wrong with given coordinates: their number, their size, and atoms that lie in each other."""

from __future__ import annotations

import numpy as np

from gpff.elements import MIN_DISTANCE
from gpff.errors import InputError
from gpff.molecules import Floats

MAX_COORDINATE = 200.0
"""Farthest from the origin, in Å, that a given atom or a blob's centre may lie."""


def check_positions(positions: Floats, n_atoms: int, field: str) -> None:
    """Raise `InputError` naming `field` unless `positions` are `[n_atoms, 3]` finite numbers near the origin."""
    if positions.shape != (n_atoms, 3):
        raise InputError(field, f"shape ({n_atoms}, 3)", f"shape {positions.shape}")
    near = (np.abs(positions) <= MAX_COORDINATE).all(axis=1)
    if not near.all():
        row = int(np.flatnonzero(~near)[0])
        raise InputError(
            field, f"finite numbers within ±{MAX_COORDINATE:g} Å", f"{positions[row].tolist()} for atom {row}"
        )


def check_apart(positions: Floats, field: str, others: Floats | None = None) -> None:
    """Raise `InputError` naming `field` where an atom of `positions [n, 3]` lies in another, or in one of `others`."""
    distances = np.linalg.norm(positions[:, None] - positions[None], axis=-1)
    np.fill_diagonal(distances, np.inf)
    _check_nearest(distances, field, "atoms {} and {}")
    if others is not None and len(others):
        _check_nearest(
            np.linalg.norm(positions[:, None] - others[None], axis=-1), field, "atom {} and atom {} before it"
        )


def _check_nearest(distances: Floats, field: str, names: str) -> None:
    if distances.min() < MIN_DISTANCE:
        i, j = divmod(int(distances.argmin()), distances.shape[1])
        got = f"{distances.min():.3g} Å between {names.format(i, j)}"
        raise InputError(field, f"atoms at least {MIN_DISTANCE:g} Å apart", got)
