"""Molecules and trajectories in and out of chemists' file formats.

::

    from gpff import formats

    molecules = [found for found in formats.read(text, "sdf") if isinstance(found, formats.Parsed)]
    text = formats.write(molecules, "extxyz")

| format | coordinates | bonds | read | written |
|---|---|---|---|---|
| sdf, mol | yes | yes | V2000 and V3000, drawings in 2D too | V2000; V3000 beyond 999 atoms |
| xyz, extxyz | yes | perceived | several frames; symbols or atomic numbers | `formal_charge` column in extxyz |
| pdb | yes | CONECT, or perceived | a record for each model | double bonds named twice in CONECT |
| smiles | RDKit's ETKDG, by seed | yes | a molecule per line, its name after a space | canonical |

`read` runs in the calling process: for text from strangers, `gpff.molecule_workers` does the same in processes with
limits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gpff.errors import InputError
from gpff.molfile import mol_block, sdf_record
from gpff.readers import Reading, read_mol, read_pdb, read_smiles, read_xyz
from gpff.splitting import FORMATS, Format, detect, split
from gpff.structures import Parsed, perceived, smiles_of, structure, to_mol
from gpff.writers import extxyz_frame, extxyz_frames, pdb_frames, pdb_model, xyz_frame

__all__ = [
    "FORMATS",
    "Format",
    "Parsed",
    "Reading",
    "Unreadable",
    "detect",
    "extxyz_frames",
    "pdb_frames",
    "perceived",
    "read",
    "read_record",
    "split",
    "structure",
    "write",
]

_READERS: dict[Format, Callable[[str, Reading], Parsed]] = {
    "sdf": read_mol,
    "mol": read_mol,
    "xyz": read_xyz,
    "extxyz": read_xyz,
    "pdb": read_pdb,
    "smiles": read_smiles,
}


@dataclass(frozen=True)
class Unreadable:
    """A record that is no molecule: which one, counted from 0, and why."""

    index: int
    reason: str


def read(text: str, format: Format, how: Reading | None = None) -> list[Parsed | Unreadable]:
    """Every record of a text, in its order. A bad one comes back as `Unreadable` and costs the others nothing.

    Raises InputError only when the text as a whole cannot be told apart into records.
    """
    how = how or Reading()
    found: list[Parsed | Unreadable] = []
    for index, record in enumerate(split(text, format)):
        try:
            found.append(read_record(record, format, how))
        except InputError as error:
            found.append(unreadable(index, error))
    return found


def read_record(record: str, format: Format, how: Reading) -> Parsed:
    """One record, as `split` cuts them. Raises InputError, LimitError for more atoms than `how` allows."""
    try:
        return _READERS[format](record, how)
    except InputError:
        raise
    except (RuntimeError, ValueError, OverflowError) as error:  # RDKit, of what it did not foresee
        raise InputError("record", "a record that RDKit can read", str(error).strip().split("\n")[0]) from error


def unreadable(index: int, error: InputError) -> Unreadable:
    """The record `index`, and what its reader said."""
    return Unreadable(index, f"expected {error.expected}, got {error.got}")


def write(molecules: Sequence[Parsed], format: Format) -> str:
    """The molecules as one file.

    Raises InputError, naming the molecule, for what the format cannot hold: none or several molecules in a MOL file,
    unknown bonds in SMILES, coordinates that do not fit their columns.
    """
    if format == "mol" and len(molecules) != 1:
        raise InputError("molecules", "exactly one molecule for a MOL file", str(len(molecules)))
    parts = []
    for index, molecule in enumerate(molecules):
        try:
            parts.append(_written(molecule, format, index + 1 if len(molecules) > 1 else None))
        except InputError as error:
            raise error.under(f"molecules.{index}") from error
    return "".join(parts) + ("END\n" if format == "pdb" else "")


def _written(molecule: Parsed, format: Format, number: int | None) -> str:
    z, x, bonds, charges, name = (
        molecule.numbers, molecule.positions, molecule.bonds, molecule.charges, molecule.name,
    )  # fmt: skip
    match format:
        case "mol":
            return mol_block(z, x, bonds, charges, name)
        case "sdf":
            fields = {"SMILES": molecule.smiles, "REASON": molecule.reason}
            known = {field: text for field, text in fields.items() if text is not None}
            return sdf_record(mol_block(z, x, bonds, charges, name), known)
        case "xyz":
            return xyz_frame(z, x, name)
        case "extxyz":
            return extxyz_frame(z, x, charges, {"name": name} if name else None)
        case "pdb":
            return pdb_model(z, x, bonds, charges, name, number)
        case "smiles":
            if molecule.reason is not None:
                raise InputError("bonds", "known bonds, which SMILES are made of", molecule.reason)
            label = " ".join(name.split())
            return f"{smiles_of(to_mol(molecule))}{' ' if label else ''}{label}\n"
