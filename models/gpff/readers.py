"""One record of a file as a molecule: MOL and SDF, XYZ and extended XYZ, PDB, SMILES.

Each reader takes the text of one record (`gpff.splitting`) and raises InputError for what is no molecule. RDKit may
hang or crash on a hostile one: whatever serves uses `gpff.molecule_workers`.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
from rdkit import Chem, rdBase
from rdkit.Chem import rdDistGeom, rdForceFieldHelpers

from gpff.errors import InputError
from gpff.molfile import block_flaw, block_lines
from gpff.parsing import check_atoms, parse_pdb, parse_xyz
from gpff.structures import Parsed, from_mol, has_open_sites, perceived, sanitize, structure, to_mol

MAX_SEED = 2**31 - 1
_GAP = 4.0  # Å between molecules that SMILES names side by side


@dataclass(frozen=True)
class Reading:
    """How to read.

    seed: of ETKDG, 0 to 2³¹ - 1: the same text and seed give the same coordinates
    max_atoms: of one record, its hydrogens included
    perceive: find the bonds of formats that have none, from the coordinates
    """

    seed: int = 0
    max_atoms: int = 10_000
    perceive: bool = True


def read_mol(text: str, how: Reading) -> Parsed:
    """A MOL block or an SDF record, V2000 or V3000. A drawing in 2D is given hydrogens and coordinates."""
    lines = block_lines(text)
    counts = _checked_counts(lines, how)
    text = "\n".join(lines) + "\n"
    name = lines[0].strip()
    with rdBase.BlockLogs():
        mol = Chem.MolFromMolBlock(text, sanitize=True, removeHs=False)
        if mol is None:
            mol = Chem.MolFromMolBlock(text, sanitize=False, removeHs=False)
            if mol is None:
                raise InputError("record", "a MOL block", block_flaw(lines, *counts) or "one that RDKit cannot read")
            sanitize(mol, "record")
    if mol.GetNumAtoms() == 0:
        raise InputError("record", "at least one atom", "none")
    full = _with_hydrogens(mol, how, add_coordinates=True)
    added = full.GetNumAtoms() - mol.GetNumAtoms()
    if _is_drawing(mol, lines[1], added):
        return from_mol(_embedded(full, how), name, embedded=True, added_hydrogens=added)
    found = from_mol(full, name, added_hydrogens=added)
    if how.perceive and not found.bonds and len(found.numbers) > 1 and not any(found.charges):
        return perceived(found)
    return found


def read_xyz(text: str, how: Reading) -> Parsed:
    """One frame of XYZ or extended XYZ, in Å. The name is the comment, or its `name` in the extended format."""
    atoms = parse_xyz(text, how.max_atoms)
    found = structure(atoms.numbers, atoms.positions, None, atoms.charges, atoms.name)
    return perceived(found, atoms.charge) if how.perceive else found


def read_pdb(text: str, how: Reading) -> Parsed:
    """One model of a PDB file. CONECT records are its bonds when they say their orders, its coordinates otherwise."""
    atoms = parse_pdb(text, how.max_atoms)
    named = None
    if atoms.bonds:
        with suppress(InputError):  # bonds without their orders, more often than not
            named = structure(atoms.numbers, atoms.positions, atoms.bonds, atoms.charges, atoms.name)
    if named is not None and not has_open_sites(to_mol(named)):
        return named
    unknown = structure(atoms.numbers, atoms.positions, None, atoms.charges, atoms.name)
    found = perceived(unknown, atoms.charge) if how.perceive else unknown
    return named if found.reason is not None and named is not None and 1 in atoms.numbers else found


def read_smiles(text: str, how: Reading) -> Parsed:
    """A SMILES and, after a space, its name; with hydrogens and the coordinates of ETKDG."""
    written, _, name = text.strip().replace("\t", " ").partition(" ")
    mol = smiles_to_mol(written, how.max_atoms)
    full = _with_hydrogens(mol, how, add_coordinates=False)
    added = full.GetNumAtoms() - mol.GetNumAtoms()
    return from_mol(_embedded(full, how), name.strip(), embedded=True, added_hydrogens=added)


def smiles_to_mol(text: str, max_atoms: int) -> Chem.Mol:
    """RDKit's molecule of a SMILES, sanitized, the atoms in the order of the text, hydrogens as it has them.

    Raises InputError for what is no SMILES or no molecule, LimitError for more than `max_atoms` in the text.
    """
    with rdBase.BlockLogs():
        mol = Chem.MolFromSmiles(text, sanitize=False)
        if mol is None or mol.GetNumAtoms() == 0:
            raise InputError("record", "a SMILES string", repr(text[:80]))
        check_atoms(mol.GetNumAtoms(), max_atoms)
        sanitize(mol, "record")
        Chem.AssignStereochemistry(mol, cleanIt=True, force=True)
    return mol


def _with_hydrogens(mol: Chem.Mol, how: Reading, add_coordinates: bool) -> Chem.Mol:
    check_atoms(mol.GetNumAtoms() + sum(atom.GetTotalNumHs() for atom in mol.GetAtoms()), how.max_atoms)
    return Chem.AddHs(mol, addCoords=add_coordinates)


def _is_drawing(mol: Chem.Mol, program_line: str, added: int) -> bool:
    """Whether the coordinates are those of a page: flat, and said to be, or of a molecule without its hydrogens."""
    if mol.GetConformer().Is3D() or mol.GetNumAtoms() == 1:
        return False
    flat = not np.any(mol.GetConformer().GetPositions()[:, 2])
    return flat and (program_line[20:22].upper() == "2D" or added > 0)


def _embedded(mol: Chem.Mol, how: Reading) -> Chem.Mol:
    """The molecule with coordinates from ETKDG, relaxed by MMFF94 where that knows its atoms."""
    if not 0 <= how.seed <= MAX_SEED:
        raise InputError("seed", f"an integer from 0 to {MAX_SEED}", str(how.seed))
    parameters: Any = rdDistGeom.ETKDGv3()
    parameters.randomSeed = how.seed
    with rdBase.BlockLogs():
        failed = rdDistGeom.EmbedMolecule(mol, parameters) < 0
        if failed:
            parameters.useRandomCoords = True
            failed = rdDistGeom.EmbedMolecule(mol, parameters) < 0
        if failed:
            raise InputError("record", "a molecule that fits into three dimensions", "one that ETKDG cannot build")
        if rdForceFieldHelpers.MMFFHasAllMoleculeParams(mol):
            rdForceFieldHelpers.MMFFOptimizeMolecule(mol, maxIters=500)
    return _set_apart(mol)


def _set_apart(mol: Chem.Mol) -> Chem.Mol:
    """Molecules of one record side by side along x: ETKDG builds each of them at the origin."""
    fragments = Chem.GetMolFrags(mol)
    if len(fragments) > 1:
        conformer, edge = mol.GetConformer(), 0.0
        x = conformer.GetPositions()
        for atoms in map(list, fragments):
            x[atoms, 0] += edge - x[atoms, 0].min()
            edge = x[atoms, 0].max() + _GAP
        conformer.SetPositions(x - x.mean(axis=0))
    return mol


def _checked_counts(lines: list[str], how: Reading) -> tuple[int, int]:
    """Of atoms and bonds. Refuses a MOL block whose text cannot hold them, before anything is allocated for them."""
    if len(lines) < 4:
        raise InputError("record", "a MOL block: three lines of header, and the counts", f"{len(lines)} lines")
    counts, what = lines[3], (3, 3)
    if "V3000" in counts:
        found = next((line for line in lines if line.startswith("M  V30 COUNTS")), "")
        fields = found.removeprefix("M  V30 COUNTS").split()[:2]
    else:
        fields = [counts[: what[0]], counts[what[0] : sum(what)]]
    try:
        n_atoms, n_bonds = (int(field) for field in fields)
    except ValueError:
        raise InputError("record", "counts of atoms and bonds in a MOL block", repr(counts[:40])) from None
    if n_atoms < 0 or n_bonds < 0 or n_atoms + n_bonds > len(lines):
        got = f"{len(lines)} lines for {n_atoms} atoms and {n_bonds} bonds"
        raise InputError("record", "as many lines as its counts say", got)
    check_atoms(n_atoms, how.max_atoms)
    return n_atoms, n_bonds
