"""Compositions: formulas in and out, whether valences can close, and random ones that do.

A composition is judged by what a neutral, closed-shell, connected molecule needs: with valences v_i the bonds
form a connected multigraph of n atoms with degrees v_i, which exists when `Σ v` is even, `Σ v ≥ 2 (n - 1)`
and no valence exceeds the sum of the others. An open valence counts as one more monovalent atom.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike

from gpff.elements import NUMBERS, SYMBOLS, VALENCES
from gpff.errors import InputError, LimitError
from gpff.molecules import Ints

SUPPORTED = "H, C, N, O or F"
_TOKEN = re.compile(r"([A-Z][a-z]?)([0-9]*)", re.ASCII)
_HEAVY_SHARES = {6: 0.72, 7: 0.118, 8: 0.159, 9: 0.003}
"""Share of each element among the heavy atoms of the training split of QM9."""
_UNSATURATION = 0.366
"""Rings and extra bonds per heavy atom: the mean over the QM9 molecules of the training split."""
_MAX_TRIES = 64


def _hill_key(number: int) -> tuple[int, str]:
    """Hill order: carbon, hydrogen, then alphabetically; without carbon alphabetical order gives the same."""
    return {6: 0, 1: 1}.get(number, 2), SYMBOLS[number]


def _hill_order(numbers: Iterable[int]) -> list[int]:
    atoms = list(numbers)
    if 6 in atoms:
        return sorted(atoms, key=_hill_key)
    return sorted(atoms, key=lambda number: SYMBOLS[number])


def parse_formula(text: str, field: str = "formula", max_atoms: int = 256) -> Ints:
    """Atomic numbers `[n_atoms]` of a formula such as ``C7H8O2``, in Hill order.

    Elements may repeat (``CH3CH2OH``). Raises `InputError` naming `field` for unknown elements, an empty
    formula, a count of zero or text that is not a formula, and `LimitError` for more than `max_atoms` atoms.
    """
    compact = text.strip()
    if not compact:
        raise InputError(field, "a formula such as C7H8O2", "an empty one")
    numbers: list[int] = []
    end = 0
    while end < len(compact):
        token = _TOKEN.match(compact, end)
        if token is None:
            raise InputError(field, "a formula such as C7H8O2", _quote(compact))
        symbol, digits = token.groups()
        if symbol not in NUMBERS:
            got = f"unknown element {symbol!r} in {_quote(compact)}"
            raise InputError(field, f"elements {SUPPORTED}", got)
        # A long digit string is over any limit: do not turn it into a number, let alone a list.
        count = 1 if not digits else int(digits) if len(digits) < 7 else 10**7
        if count == 0:
            raise InputError(field, "counts of at least 1", f"{symbol}{digits}")
        if len(numbers) + count > max_atoms:
            raise LimitError(field, f"at most {max_atoms} atoms", f"more, in {_quote(compact)}")
        numbers += [NUMBERS[symbol]] * count
        end = token.end()
    return np.array(_hill_order(numbers), dtype=np.int64)


def formula(numbers: ArrayLike) -> str:
    """The formula of `numbers [n_atoms]` in Hill order, such as ``C7H8O2``."""
    types, counts = np.unique(np.asarray(numbers, dtype=np.int64), return_counts=True)
    count_of = dict(zip(types.tolist(), counts.tolist(), strict=True))
    parts = (SYMBOLS[z] + (str(count_of[z]) if count_of[z] > 1 else "") for z in _hill_order(count_of))
    return "".join(parts)


def check_valence(numbers: ArrayLike, open_valences: int = 0) -> str | None:
    """Why `numbers [n_atoms]` cannot be one closed-shell molecule with `open_valences` free bonds, or None.

    The reason is worded for a chemist, such as ``needs one more H``.
    """
    types = np.asarray(numbers, dtype=np.int64).tolist()
    valences = [VALENCES[number] for number in types] + [1] * open_valences
    total, n_nodes = sum(valences), len(valences)
    surplus = 2 * (n_nodes - 1) - total
    if surplus > 0:
        # Taking a hydrogen away lowers Σ v by 1 and 2 (n - 1) by 2.
        if surplus <= types.count(1) and any(number != 1 for number in types):
            return f"has {surplus} H too many"
        return "cannot be one connected molecule"
    if total % 2:
        return "needs one more H"
    if n_nodes == 1 or 2 * max(valences) > total or (n_nodes == 2 and max(valences) > 3):
        return "has an atom with more bonds than its neighbours can take"
    return None


def random_composition(n_heavy: int, open_valences: int, rng: np.random.Generator, field: str = "heavy_atoms") -> Ints:
    """`n_heavy` heavy atoms, distributed like QM9's, and hydrogens that leave `open_valences` free bonds.

    The result, in Hill order, passes `check_valence(…, open_valences)`. Raises `InputError` naming `field`
    when even a carbon chain cannot offer that many open valences.
    """
    if n_heavy < 1:
        raise InputError(field, "at least 1", str(n_heavy))
    if open_valences > 2 * n_heavy + 2:
        raise InputError(field, f"enough heavy atoms for {open_valences} open valences", str(n_heavy))
    elements = np.array(list(_HEAVY_SHARES))
    for attempt in range(_MAX_TRIES + 1):
        heavy = rng.choice(elements, size=n_heavy, p=np.array(list(_HEAVY_SHARES.values())))
        # Mostly heteroatoms is mostly explosives; carbon alone always works, and ends the search.
        if attempt == _MAX_TRIES:
            heavy = np.full(n_heavy, 6)
        elif np.count_nonzero(heavy != 6) > max(1, n_heavy // 2):
            continue
        numbers = _saturate(heavy, open_valences, rng)
        if numbers is not None:
            return numbers
    raise InputError(field, f"enough heavy atoms for {open_valences} open valences", str(n_heavy))


def _saturate(heavy: Ints, open_valences: int, rng: np.random.Generator) -> Ints | None:
    """Hydrogens for `heavy [n]` with a random degree of unsaturation; None when nothing fits."""
    most = 2 + sum(VALENCES[number] - 2 for number in heavy.tolist()) - open_valences
    for unsaturation in range(int(rng.binomial(len(heavy), _UNSATURATION)), -1, -1):
        n_hydrogens = most - 2 * unsaturation
        if n_hydrogens < 0:
            continue
        numbers = [*heavy.tolist(), *[1] * n_hydrogens]
        if check_valence(numbers, open_valences) is None:
            return np.array(_hill_order(numbers), dtype=np.int64)
    return None


def _quote(text: str, longest: int = 40) -> str:
    return repr(text if len(text) <= longest else text[:longest] + "…")
