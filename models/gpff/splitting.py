"""Which format a text is in, and where its records begin and end. No chemistry library.

Splitting never fails: what cannot be told apart becomes a record that its reader then refuses, so that a bad record
costs its neighbours nothing.
"""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import Literal

from gpff.errors import InputError, LimitError

type Format = Literal["sdf", "mol", "xyz", "extxyz", "pdb", "smiles"]
FORMATS: tuple[Format, ...] = ("sdf", "mol", "xyz", "extxyz", "pdb", "smiles")

_SUFFIXES: dict[str, Format] = {
    ".sdf": "sdf", ".sd": "sdf", ".mol": "mol", ".mdl": "mol", ".xyz": "xyz", ".extxyz": "extxyz", ".pdb": "pdb",
    ".ent": "pdb", ".smi": "smiles", ".smiles": "smiles", ".ism": "smiles", ".can": "smiles",
}  # fmt: skip
_PDB_LINES = ("ATOM  ", "HETATM", "HEADER", "MODEL ", "CRYST1", "COMPND", "REMARK", "TITLE ")
_SMILES = re.compile(r"[A-Za-z0-9@+\-\[\]()=#$:/\\%.*~]+")
_ATOM = re.compile(r"\s*[A-Z][a-z]?\d*(\s+[-+]?(\d+\.?\d*|\.\d+)([DEde][-+]?\d+)?){3}(\s.*)?")  # of an XYZ file
_COUNT = re.compile(r"\s*\d{1,9}\s*")
_MAX_GROWTH = 8  # what all models of a PDB file share is copied into each of them, within this multiple of the text


def detect(text: str = "", name: str = "") -> Format:
    """The format of a file, by the ending of its name or else by its content. Raises InputError for none of ours."""
    suffix = PurePath(name).suffix.lower()
    lines = _lines(text)
    if suffix in _SUFFIXES and suffix != ".xyz":
        return _SUFFIXES[suffix]
    if any(line.startswith("$$$$") for line in lines):
        return "sdf"
    if any("V2000" in line or "V3000" in line for line in lines[3:4]) or any(x.startswith("M  END") for x in lines):
        return "mol"
    written = [line for line in lines if line.strip()]
    if suffix == ".xyz" or (written and _COUNT.fullmatch(written[0])):
        return "extxyz" if any("Properties=" in line for line in written[1:2]) else "xyz"
    if any(line.startswith(_PDB_LINES) for line in written[:50]):
        return "pdb"
    if _are_atoms(written):
        return "xyz"  # without its count, which its reader will say
    if written and _SMILES.fullmatch(written[0].split()[0]):
        return "smiles"
    raise InputError("format", f"text in one of {', '.join(FORMATS)}", repr(text[:40]))


def _are_atoms(lines: list[str]) -> bool:
    """Whether all lines, below a title perhaps, are atoms with coordinates. A SMILES and its name seldom are."""
    atoms = lines if lines and _ATOM.fullmatch(lines[0]) else lines[1:]
    return bool(atoms) and all(map(_ATOM.fullmatch, atoms))


def split(text: str, format: Format) -> list[str]:
    """The records of a text, whatever its line ends. Raises LimitError for a PDB file of which too much is shared."""
    lines = _lines(text)
    match format:
        case "sdf" | "mol":
            return _split_sdf(lines)
        case "xyz" | "extxyz":
            return _split_xyz(lines)
        case "pdb":
            return _split_pdb(lines)
        case "smiles":
            return [line for line in lines if line.strip() and not line.startswith("#")]


def _lines(text: str) -> list[str]:
    # Lone surrogates are no characters, and RDKit takes UTF-8 only.
    text = text.encode("utf-8", "replace").decode()
    # Not splitlines: that would break lines at form feeds and other characters, too.
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _split_sdf(lines: list[str]) -> list[str]:
    records: list[list[str]] = [[]]
    for line in lines:
        if line.startswith("$$$$"):
            records.append([])
        else:
            records[-1].append(line)
    if not any(line.strip() for line in records[-1]):
        records.pop()
    return ["\n".join(record) + "\n" for record in records]


def _split_xyz(lines: list[str]) -> list[str]:
    """By the counts. After a count that cannot be right, the next line that is nothing but a number begins anew."""
    records, k = [], 0
    while k < len(lines):
        if not lines[k].strip():
            k += 1
            continue
        start, n = k, int(lines[k]) if _COUNT.fullmatch(lines[k]) else None
        end = len(lines) if n is None else start + n + 2
        k = start + 1 if n is None else start + 2
        while k < min(end, len(lines)) and not _COUNT.fullmatch(lines[k]):
            k += 1
        if n is not None and k >= end:
            k = end
        records.append("\n".join(lines[start:k]) + "\n")
    return records


def _split_pdb(lines: list[str]) -> list[str]:
    models: list[list[str]] = []
    shared: list[str] = []
    inside = False
    for line in lines:
        if line.startswith("MODEL "):
            models.append([])
            inside = True
        elif line.startswith("ENDMDL"):
            inside = False
        elif inside:
            models[-1].append(line)
        elif line.strip() and line.strip() != "END":
            shared.append(line)
    if not models:
        return ["\n".join(shared) + "\n"] if shared else []
    common = "\n".join(line for line in shared if line.startswith(("CONECT", "COMPND")))
    written = sum(map(len, lines))
    if len(common) * len(models) > _MAX_GROWTH * written + 100_000:
        raise LimitError("text", "fewer models, or fewer CONECT records for all of them", f"{len(models)} models")
    return ["\n".join([*model, common]) + "\n" for model in models]
