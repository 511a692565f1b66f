"""Molecules and trajectories as text: XYZ, extended XYZ, PDB. Strings and arrays, no chemistry library.

| symbol | variable | shape | unit |
|---|---|---|---|
| z | `numbers` | `[n_atoms]` | atomic number, 1 to 118 |
| x | `positions`, one of `frames` | `[n_atoms, 3]` | Å |
| | `ptr` | `[n_molecules + 1]` | molecule m has the atoms `ptr[m]:ptr[m + 1]` |
| | `bonds` | (i, j, order) | counted from 0; order 1, 2 or 3 |
| | `charges` | `[n_atoms]` | formal charges in e |

Every function raises `InputError` for arrays that do not fit together, numbers that are no element, and coordinates
that are not finite or have no room in the format's columns.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gpff.elements import PERIODIC
from gpff.errors import InputError

type Bonds = Sequence[tuple[int, int, int]]
type Charges = Sequence[int]
type Value = bool | int | float | str

MAX_COORDINATE = 9999.0  # Å; further out there is no molecule, and no room in an SDF column
MAX_PDB_ATOMS = 99_999  # what the five columns of a PDB serial number can count

_MIN_PDB = -999.9994  # Å; one column of a PDB coordinate is lost to the sign
_CHAINS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


def xyz_frame(numbers: ArrayLike, positions: ArrayLike, comment: str = "") -> str:
    """One XYZ frame, Å with six decimals."""
    z, x = checked(numbers, positions)
    rows = _xyz_template(z) % tuple(x.ravel().tolist())
    return f"{len(z)}\n{one_line(comment, 10_000)}\n{rows}"


def extxyz_frame(
    numbers: ArrayLike,
    positions: ArrayLike,
    charges: Charges | None = None,
    info: Mapping[str, Value] | None = None,
) -> str:
    """One extended XYZ frame: `info` in its comment, and a column of formal charges where there are any."""
    z, x = checked(numbers, positions)
    q = checked_charges(charges, len(z))
    properties: dict[str, Value] = {"Properties": "species:S:1:pos:R:3"}
    rows = _xyz_template(z) % tuple(x.ravel().tolist())
    if any(q):
        properties = {"Properties": "species:S:1:pos:R:3:formal_charge:I:1", "charge": sum(q)}
        rows = "".join(f"{row} {charge:2d}\n" for row, charge in zip(rows.splitlines(), q, strict=True))
    return f"{len(z)}\n{_comment({**properties, **(info or {}), 'pbc': 'F F F'})}\n{rows}"


def extxyz_frames(
    numbers: ArrayLike,
    frames: Iterable[ArrayLike],
    ptr: ArrayLike | None = None,
    info: Iterable[Mapping[str, Value]] | None = None,
) -> Iterator[str]:
    """A trajectory as extended XYZ, one string per frame, written as `frames` come.

    numbers [n_atoms], frames [n_frames, n_atoms, 3] or anything that yields [n_atoms, 3] Å. Each frame is one block
    per molecule, with `frame` and `molecule` (both from 0) and the frame's `info` in its comment: ASE reads
    molecule m alone by `read(file, index=f"{m}::{n_molecules}")`.
    """
    z = _numbers(numbers)
    starts = _ptr(ptr, len(z))
    parts = [(a, b, _xyz_template(z[a:b])) for a, b in pairwise(starts)]
    head: dict[str, Value] = {"Properties": "species:S:1:pos:R:3"}
    words = iter(info) if info is not None else None
    for k, frame in enumerate(frames):
        x = _positions(frame, len(z))
        more = next(words, {}) if words is not None else {}
        blocks = []
        for m, (a, b, template) in enumerate(parts):
            comment = _comment({**head, "frame": k, "molecule": m, **more, "pbc": "F F F"})
            blocks.append(f"{b - a}\n{comment}\n{template % tuple(x[a:b].ravel().tolist())}")
        yield "".join(blocks)


def pdb_frames(
    numbers: ArrayLike,
    frames: Iterable[ArrayLike],
    ptr: ArrayLike | None = None,
    bonds: Bonds = (),
    charges: Charges | None = None,
) -> Iterator[str]:
    """A trajectory as a PDB file of one model per frame, one string per model and one for the end.

    numbers [n_atoms], frames [n_frames, n_atoms, 3] or anything that yields [n_atoms, 3] Å, at least -999.999 Å.
    Molecule m is residue m + 1 in a chain of its own. `bonds` of the whole file become CONECT records in the first
    model, a double bond named twice: after the last model RDKit and Open Babel, which read them with the model that
    they stand in, would not find them. Raises InputError for more than 99,999 atoms, too.
    """
    z = _numbers(numbers)
    rows = _pdb_template(z, _ptr(ptr, len(z)), checked_charges(charges, len(z)))
    partners = conect(checked_bonds(bonds, len(z)))
    for k, frame in enumerate(frames, start=1):
        yield f"MODEL     {k % 10_000:4d}\n{rows % tuple(_pdb_positions(frame, len(z)))}{partners}ENDMDL\n"
        partners = ""
    yield "END\n"


def pdb_model(
    numbers: ArrayLike,
    positions: ArrayLike,
    bonds: Bonds = (),
    charges: Charges | None = None,
    name: str = "",
    number: int | None = None,
) -> str:
    """One molecule with its CONECT records; as model `number` in a file that holds several different ones."""
    z = _numbers(numbers)
    rows = _pdb_template(z, [0, len(z)], checked_charges(charges, len(z))) % tuple(_pdb_positions(positions, len(z)))
    title = f"COMPND    {one_line(name, 70)}\n" if name.strip() else ""
    text = f"{title}{rows}{conect(checked_bonds(bonds, len(z)))}"
    return text if number is None else f"MODEL     {number % 10_000:4d}\n{text}ENDMDL\n"


def conect(bonds: Bonds) -> str:
    """CONECT records from (i, j, order): both ways, four to a line, a partner as often as the bond's order."""
    partners: dict[int, list[int]] = {}
    for i, j, order in bonds:
        partners.setdefault(i, []).extend([j + 1] * order)
        partners.setdefault(j, []).extend([i + 1] * order)
    lines = []
    for i in sorted(partners):
        others = sorted(partners[i])
        for k in range(0, len(others), 4):
            lines.append(f"CONECT{i + 1:5d}" + "".join(f"{other:5d}" for other in others[k : k + 4]) + "\n")
    return "".join(lines)


def checked(numbers: ArrayLike, positions: ArrayLike) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """numbers [n_atoms] and finite positions [n_atoms, 3] within 9999 Å as arrays. Raises InputError."""
    z = _numbers(numbers)
    return z, _positions(positions, len(z))


def arrays(numbers: ArrayLike, positions: ArrayLike) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """numbers [n_atoms] and positions [n_atoms, 3] as arrays, whatever the coordinates. Raises InputError."""
    z = _numbers(numbers)
    return z, _shaped(positions, len(z))


def checked_bonds(bonds: Bonds, n_atoms: int) -> list[tuple[int, int, int]]:
    """Bonds (i, j, order) of distinct atoms 0 to n_atoms - 1, i < j, each pair once. Raises InputError."""
    found: dict[tuple[int, int], int] = {}
    for k, (i, j, order) in enumerate(bonds):
        pair = (min(i, j), max(i, j))
        if not 0 <= pair[0] < pair[1] < n_atoms or order not in (1, 2, 3) or pair in found:
            expected = f"two different atoms from 0 to {n_atoms - 1} and an order 1, 2 or 3, each pair once"
            raise InputError(f"bonds.{k}", expected, str([i, j, order]))
        found[pair] = order
    return [(i, j, order) for (i, j), order in sorted(found.items())]


def symbol(number: int) -> str:
    """The symbol of an element, 1 to 118."""
    return PERIODIC[number - 1]


def one_line(text: str, most: int) -> str:
    """Text for one line of a file: no line breaks or control characters, and no longer than the format allows."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:most]


def _numbers(numbers: ArrayLike) -> NDArray[np.int64]:
    z = np.asarray(numbers)
    proper = z.ndim == 1 and z.size > 0 and z.dtype.kind in "iu"
    if not proper or z.min() < 1 or z.max() > len(PERIODIC):
        got = f"values from {z.min()} to {z.max()}" if proper else f"{z.dtype} values of shape {list(z.shape)}"
        raise InputError("numbers", f"atomic numbers [n_atoms] from 1 to {len(PERIODIC)}", got)
    return z.astype(np.int64, copy=False)


def _shaped(positions: ArrayLike, n_atoms: int) -> NDArray[np.float64]:
    x = np.asarray(positions, dtype=np.float64)
    if x.shape != (n_atoms, 3):
        raise InputError("positions", f"an array [{n_atoms}, 3]", f"one of shape {list(x.shape)}")
    return x


def _positions(positions: ArrayLike, n_atoms: int) -> NDArray[np.float64]:
    x = _shaped(positions, n_atoms)
    largest = np.abs(x).max()
    if not largest < MAX_COORDINATE:
        raise InputError("positions", f"finite coordinates within {MAX_COORDINATE:.0f} Å", f"{largest:g}")
    return x


def _pdb_positions(positions: ArrayLike, n_atoms: int) -> list[float]:
    x = _positions(positions, n_atoms)
    if x.min() < _MIN_PDB:
        raise InputError("positions", "coordinates of at least -999.999 Å in a PDB file", f"{x.min():g}")
    values: list[float] = x.ravel().tolist()
    return values


def checked_charges(charges: Charges | None, n_atoms: int) -> list[int]:
    """Formal charges [n_atoms] from -9 to 9; none given means none there. Raises InputError."""
    if charges is None or len(charges) == 0:
        return [0] * n_atoms
    if len(charges) != n_atoms or any(abs(charge) > 9 for charge in charges):
        raise InputError("charges", f"{n_atoms} formal charges from -9 to 9", f"{len(charges)} values")
    return [int(charge) for charge in charges]


def _ptr(ptr: ArrayLike | None, n_atoms: int) -> list[int]:
    starts: list[int] = [0, n_atoms] if ptr is None else np.asarray(ptr).tolist()
    if starts[0] != 0 or starts[-1] != n_atoms or any(b <= a for a, b in pairwise(starts)):
        raise InputError("ptr", f"boundaries rising strictly from 0 to {n_atoms}", str(starts))
    return starts


def _xyz_template(z: NDArray[np.int64]) -> str:
    """A format string for the coordinates of all atoms: one call of `%` writes a frame."""
    return "".join(f"{symbol(number):<2} %14.6f %14.6f %14.6f\n" for number in z.tolist())


def _pdb_template(z: NDArray[np.int64], ptr: list[int], charges: list[int]) -> str:
    if len(z) > MAX_PDB_ATOMS:
        raise InputError("numbers", f"at most {MAX_PDB_ATOMS} atoms in a PDB file", str(len(z)))
    rows = []
    for m, (a, b) in enumerate(pairwise(ptr)):
        counts: dict[str, int] = {}
        for k in range(a, b):
            name = symbol(int(z[k]))
            counts[name] = counts.get(name, 0) + 1
            label = f"{name}{counts[name]}" if len(f"{name}{counts[name]}") <= 4 else name
            label = f" {label:<3}" if len(name) == 1 and len(label) < 4 else f"{label:<4}"
            sign = f"{abs(charges[k])}{'+' if charges[k] > 0 else '-'}" if charges[k] else "  "
            rows.append(
                f"HETATM{k + 1:5d} {label} MOL {_CHAINS[m % len(_CHAINS)]}{m % 9999 + 1:4d}    "
                f"%8.3f%8.3f%8.3f  1.00  0.00          {name.upper():>2}{sign}\n"
            )
    return "".join(rows)


def _comment(info: Mapping[str, Value]) -> str:
    return " ".join(f"{key}={_value(value)}" for key, value in info.items())


def _value(value: Value) -> str:
    if isinstance(value, bool):
        return "T" if value else "F"
    if isinstance(value, int | float):
        return str(value)
    text = one_line(value, 10_000)
    if text and not any(c in ' "\\=,[]{}' for c in text):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
