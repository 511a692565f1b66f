"""MOL blocks and SDF records as text, in either version of the format. No chemistry library."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gpff.elements import PERIODIC
from gpff.writers import Bonds, Charges, checked, checked_bonds, checked_charges, one_line, symbol

_COUNTS = re.compile(r"[ \d]*\d[ \d]*V[23]000\s*")
_MAX_HEAD = 20  # lines among which the counts are looked for
_SYMBOLS = {*PERIODIC, "D", "T", "*", "A", "Q", "X", "L", "LP", "R", "R#"}
_MAX_V2000 = 999  # atoms or bonds that a V2000 block can count

# Bonds that a reader takes a neutral atom to have: it marks nothing, and fills up nothing, when one of them is met.
_USUAL: dict[int, tuple[int, ...]] = {
    1: (1,), 5: (3,), 6: (4,), 7: (3,), 8: (2,), 9: (1,),
    14: (4,), 15: (3, 5), 16: (2, 4, 6), 17: (1,), 35: (1,), 53: (1,),
}  # fmt: skip


def mol_block(
    numbers: ArrayLike, positions: ArrayLike, bonds: Bonds = (), charges: Charges | None = None, name: str = ""
) -> str:
    """One MOL block (V2000; V3000 beyond 999 atoms or bonds), coordinates in Å with four decimals.

    Every hydrogen is an atom. An atom with fewer bonds than is usual states its valence, so that a reader does not
    fill it up.
    """
    z, x = checked(numbers, positions)
    q = checked_charges(charges, len(z))
    edges = checked_bonds(bonds, len(z))
    used = [0] * len(z)
    for i, j, order in edges:
        used[i] += order
        used[j] += order
    valences = [_marked(*atom) for atom in zip(z.tolist(), used, q, strict=True)]
    block = _v3000 if max(len(z), len(edges)) > _MAX_V2000 else _v2000
    table = block([symbol(number) for number in z.tolist()], x, edges, q, valences)
    return "\n".join([_held(name, 80), "  GPFF    00000000003D", "", *table, "M  END", ""])


def sdf_record(block: str, fields: Mapping[str, str] | None = None) -> str:
    """A MOL block and its data fields as one record of an SDF file."""
    lines = [line for name, value in (fields or {}).items() for line in (f"> <{name}>", _held(value, 10_000), "")]
    return "\n".join([block.rstrip("\n"), *lines, "$$$$", ""])


def block_lines(text: str) -> list[str]:
    """The lines of a MOL block with its counts on the fourth, as they must be.

    A block without a name begins with a blank line, which forms and `strip` take away; files that were put together by
    hand have some too many.
    """
    lines = text.rstrip("\n").split("\n")
    found = [k for k, line in enumerate(lines[:_MAX_HEAD]) if _COUNTS.fullmatch(line)]
    surplus = found[0] - 3 if found and 3 not in found else 0
    if surplus < 0:
        return [""] * -surplus + lines
    return lines[surplus:] if not any(line.strip() for line in lines[:surplus]) else lines


def block_flaw(lines: list[str], n_atoms: int, n_bonds: int) -> str | None:
    """Which line of a V2000 block cannot be read, counted from 1, and why; None when none is found."""
    if "V3000" in lines[3]:
        return None
    for k, line in enumerate(lines[4 : 4 + n_atoms], start=5):
        try:
            x = [float(line[at : at + 10]) for at in (0, 10, 20)]
        except ValueError:
            return f"no coordinates on line {k}: {line[:40]!r}"
        if not np.isfinite(x).all():
            return f"coordinates that are not finite on line {k}: {line[:40]!r}"
        if line[31:34].strip() not in _SYMBOLS:
            return f"no symbol of an element on line {k}: {line[31:34].strip()!r}"
    for k, line in enumerate(lines[4 + n_atoms : 4 + n_atoms + n_bonds], start=5 + n_atoms):
        ends: set[int] = set()
        with suppress(ValueError):
            ends = {int(line[:3]), int(line[3:6])}
        if len(ends) < 2 or not 1 <= min(ends) < max(ends) <= n_atoms:
            return f"no bond between two of {n_atoms} atoms on line {k}: {line[:40]!r}"
    return None if any(line.startswith("M  END") for line in lines) else "none that ends with M  END"


def _held(text: str, most: int) -> str:
    """Text on a line of its own that a reader does not take for the end of the record or for a field's head."""
    line = one_line(text, most)
    return f" {line[: most - 1]}" if line.startswith(("$$$$", ">")) else line


def _marked(number: int, used: int, charge: int) -> int:
    """The valence that a MOL block states for an atom: 0 (nothing to say), 1 to 14, or 15 for none at all."""
    if charge == 0 and used in _USUAL.get(number, ()):
        return 0
    return used if 0 < used < 15 else 15


def _v2000(
    symbols: list[str], x: NDArray[np.float64], bonds: Bonds, charges: list[int], valences: list[int]
) -> list[str]:
    atoms = [
        f"{a:10.4f}{b:10.4f}{c:10.4f} {name:<3} 0  0  0  0  0{valence:3d}  0  0  0  0  0  0"
        for name, (a, b, c), valence in zip(symbols, x.tolist(), valences, strict=True)
    ]
    charged = [f" {k:3d} {charge:3d}" for k, charge in enumerate(charges, start=1) if charge]
    marks = [f"M  CHG{len(charged[k : k + 8]):3d}" + "".join(charged[k : k + 8]) for k in range(0, len(charged), 8)]
    head = f"{len(symbols):3d}{len(bonds):3d}  0  0  0  0  0  0  0  0999 V2000"
    return [head, *atoms, *(f"{i + 1:3d}{j + 1:3d}{order:3d}  0" for i, j, order in bonds), *marks]


def _v3000(
    symbols: list[str], x: NDArray[np.float64], bonds: Bonds, charges: list[int], valences: list[int]
) -> list[str]:
    atoms = []
    for k, (name, (a, b, c)) in enumerate(zip(symbols, x.tolist(), strict=True)):
        charge = f" CHG={charges[k]}" if charges[k] else ""
        valence = f" VAL={-1 if valences[k] == 15 else valences[k]}" if valences[k] else ""
        atoms.append(f"{k + 1} {name} {a:.4f} {b:.4f} {c:.4f} 0{charge}{valence}")
    rows = [f"{k} {order} {i + 1} {j + 1}" for k, (i, j, order) in enumerate(bonds, start=1)]
    table = ["BEGIN CTAB", f"COUNTS {len(symbols)} {len(bonds)} 0 0 0", "BEGIN ATOM", *atoms, "END ATOM"]
    if rows:
        table += ["BEGIN BOND", *rows, "END BOND"]
    return ["  0  0  0     0  0            999 V3000", *(f"M  V30 {row}" for row in [*table, "END CTAB"])]
