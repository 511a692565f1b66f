"""XYZ, extended XYZ and PDB records as atoms. Text in, numbers out; no chemistry library."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

from gpff.elements import PERIODIC
from gpff.errors import InputError, LimitError

_NUMBERS = {name: number for number, name in enumerate(PERIODIC, start=1)} | {"D": 1, "T": 1}
_WORD = re.compile(r"""([^\s=]+)\s*=\s*("(?:[^"\\]|\\.)*"|\S+)""")


@dataclass(frozen=True)
class Atoms:
    """What a record says of its atoms.

    numbers [n_atoms]; positions [n_atoms, 3] Å, as they stand in the text; charges [n_atoms] formal, zero when not
    said; bonds (i, j, order) where the text has any; charge of the whole molecule
    """

    numbers: list[int]
    positions: list[list[float]]
    charges: list[int]
    bonds: list[tuple[int, int, int]]
    charge: int
    name: str


def parse_xyz(text: str, max_atoms: int) -> Atoms:
    """One frame of XYZ or extended XYZ. Raises InputError, LimitError for more than `max_atoms`."""
    lines = text.rstrip("\n").split("\n")
    if not re.fullmatch(r"\d{1,9}", lines[0].strip()):
        raise InputError("record", "the number of atoms on its first line", repr(lines[0].strip()[:40]))
    n = int(lines[0])
    check_atoms(n, max_atoms)
    if n > len(lines) - 2:
        raise InputError("record", f"{n} atoms, as its first line says", f"{max(0, len(lines) - 2)} lines of atoms")
    extended = "Properties=" in lines[1]
    info = comment_words(lines[1]) if extended else {}
    columns = _columns(info.get("Properties", "")) if extended else {"species": 0, "pos": 1}
    rows = [line.split() for line in lines[2 : n + 2]]
    shortest = min(map(len, rows))
    if shortest <= max(columns["species"], columns["pos"] + 2, columns.get("formal_charge", 0)):
        raise InputError("record", "a symbol and three coordinates for each atom", f"a line with {shortest} columns")
    charge_column = columns.get("formal_charge")
    charges = [0] * n if charge_column is None else [_integer(row[charge_column]) for row in rows]
    return Atoms(
        numbers=[element(row[columns["species"]]) for row in rows],
        positions=[[_real(value) for value in row[columns["pos"] : columns["pos"] + 3]] for row in rows],
        charges=charges,
        bonds=[],
        charge=_integer(info["charge"]) if "charge" in info else sum(charges),
        name=info.get("name", "") if extended else lines[1].strip(),
    )


def parse_pdb(text: str, max_atoms: int) -> Atoms:
    """The atoms of one model, the first of alternative places each, and the CONECT records between them.

    A bond that is named twice is a double one, as RDKit and others write it. Raises InputError, LimitError for more
    than `max_atoms`.
    """
    lines = text.rstrip("\n").split("\n")
    rows = _without_alternatives([line for line in lines if line.startswith(("ATOM  ", "HETATM"))])
    check_atoms(len(rows), max_atoms)
    charges = [_pdb_charge(row[78:80]) for row in rows]
    index = {row[6:11].strip(): k for k, row in enumerate(rows)}
    named: Counter[tuple[int, int]] = Counter()
    for line in lines:
        if line.startswith("CONECT"):
            first, *others = (index.get(line[k : k + 5].strip()) for k in range(6, 31, 5))
            named.update((first, other) for other in others if first is not None and other is not None)
    pairs = {(min(pair), max(pair)) for pair in named if pair[0] != pair[1]}
    return Atoms(
        numbers=[_pdb_element(row) for row in rows],
        positions=[[_real(row[k : k + 8].strip() or "nothing") for k in (30, 38, 46)] for row in rows],
        charges=charges,
        bonds=[(i, j, min(3, max(named[i, j], named[j, i]))) for i, j in sorted(pairs)],
        charge=sum(charges),
        name=" ".join(line[10:80].strip() for line in lines if line.startswith("COMPND")),
    )


def check_atoms(n_atoms: int, max_atoms: int) -> None:
    """Raises InputError for no atoms, LimitError for more than `max_atoms`."""
    if n_atoms > max_atoms:
        raise LimitError("record", f"at most {max_atoms} atoms", str(n_atoms))
    if n_atoms == 0:
        raise InputError("record", "at least one atom", "none")


def element(text: str) -> int:
    """An atomic number from a symbol in any case, with or without a running number, or from itself."""
    if re.fullmatch(r"\d{1,3}", text) and 1 <= int(text) <= len(PERIODIC):
        return int(text)
    name = text.rstrip("0123456789").capitalize()
    if name not in _NUMBERS:
        raise InputError("record", "the symbol of an element", repr(text[:20]))
    return _NUMBERS[name]


def comment_words(comment: str) -> dict[str, str]:
    """The key=value pairs of an extended XYZ comment, quotes removed."""
    words = {}
    for key, value in _WORD.findall(comment):
        words[key] = re.sub(r"\\(.)", r"\1", value[1:-1]) if value[:1] == '"' and len(value) > 1 else value
    return words


def _columns(description: str) -> dict[str, int]:
    """Where each property of `species:S:1:pos:R:3…` starts."""
    parts = description.split(":")
    columns, start = {}, 0
    for name, width in zip(parts[::3], parts[2::3], strict=False):
        columns["species" if name == "Z" else name] = start
        start += int(width) if re.fullmatch(r"\d{1,3}", width) else 1
    if "species" not in columns or "pos" not in columns:
        raise InputError("record", "species and pos among its Properties", repr(description[:80]))
    return columns


def _without_alternatives(rows: list[str]) -> list[str]:
    chosen: dict[str, str] = {}  # by residue
    kept = []
    for row in rows:
        place = row[16:17].strip()
        if not place or chosen.setdefault(row[17:27], place) == place:
            kept.append(row)
    return kept


def _pdb_element(row: str) -> int:
    """From its own columns, or else from the atom's name, whose symbol ends in the second column."""
    stated = row[76:78].strip()
    if stated:
        return element(stated)
    name = row[12:16]
    symbol = name[:2].strip().lstrip("0123456789")
    return element(symbol if symbol.capitalize() in _NUMBERS else symbol[:1])


def _pdb_charge(text: str) -> int:
    found = re.fullmatch(r"(\d)([+-])|([+-])(\d)", text.strip())
    if found is None:
        return 0
    return int(found[1] or found[4]) * (-1 if "-" in text else 1)


def _integer(text: str) -> int:
    if not re.fullmatch(r"[+-]?\d{1,3}(\.0*)?", text):  # programs that know reals only write 1.0
        raise InputError("record", "whole numbers for charges", repr(text[:20]))
    return int(float(text))


def _real(text: str) -> float:
    try:
        if "_" in text:  # Python's own way to group digits
            raise ValueError
        return float(text.replace("D", "E").replace("d", "e"))
    except ValueError:
        raise InputError("record", "numbers for coordinates", repr(text[:20])) from None
