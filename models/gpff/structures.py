"""A molecule as files hold it, with all its atoms, and the way to RDKit and back.

Every hydrogen is an atom, so that an atom with fewer bonds than its valence is an open site, whatever the format.
Isotopes are not kept: the library knows elements.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from numpy.typing import ArrayLike
from rdkit import Chem, rdBase
from rdkit.Chem import rdDetermineBonds

from gpff.chemistry import bare, connected, geometric_flaw, kekulized_bonds, label, listed
from gpff.errors import InputError
from gpff.molecules import Floats, Ints
from gpff.writers import Bonds, checked, checked_bonds, checked_charges

_COUNTED = re.compile(r"(?<![\w.-])\d+(?=\s|$)")  # an atom in RDKit's complaints, from 0; valences have a comma
_ORDERS = {Chem.BondType.SINGLE: 1, Chem.BondType.DOUBLE: 2, Chem.BondType.TRIPLE: 3, Chem.BondType.AROMATIC: 1}


@dataclass(frozen=True, eq=False)
class Parsed:
    """One molecule.

    numbers [n_atoms] atomic numbers; positions [n_atoms, 3] Å
    bonds: (i, j, order), i < j counted from 0, order 1, 2 or 3 (a Kekulé form); empty when not known
    charges: formal charges [n_atoms] in e
    smiles: canonical, stereo marks read from the coordinates; None when the bonds are not known
    reason: why the bonds are not known, in words; None when they are
    added_hydrogens: atoms at the end that the text only implied
    embedded: the text had no coordinates (SMILES, or a drawing in 2D); these are RDKit's ETKDG
    """

    numbers: Ints
    positions: Floats
    bonds: tuple[tuple[int, int, int], ...]
    charges: tuple[int, ...]
    name: str = ""
    smiles: str | None = None
    reason: str | None = None
    added_hydrogens: int = 0
    embedded: bool = False


def structure(
    numbers: ArrayLike,
    positions: ArrayLike,
    bonds: Bonds | None = None,
    charges: Sequence[int] | None = None,
    name: str = "",
) -> Parsed:
    """A molecule of checked arrays, with its SMILES unless its `bonds` are None: not known.

    Raises InputError for arrays that do not fit together, coordinates that are not finite or lie 9999 Å out, and
    bonds that RDKit finds impossible.
    """
    z, x = checked(numbers, positions)
    q = tuple(checked_charges(charges, len(z)))
    if bonds is None:
        return Parsed(z, x, (), q, name, reason="no bonds are given")
    found = Parsed(z, x, tuple(checked_bonds(bonds, len(z))), q, name)
    return replace(found, smiles=smiles_of(to_mol(found)))


def to_mol(molecule: Parsed) -> Chem.Mol:
    """The molecule as RDKit's, sanitized, every atom explicit, stereo from the coordinates.

    Raises InputError for bonds that RDKit finds impossible.
    """
    mol = Chem.RWMol(bare(molecule.numbers, molecule.positions))
    for i, j, order in molecule.bonds:
        mol.AddBond(i, j, Chem.BondType.values[order])
    for atom, charge in zip(mol.GetAtoms(), molecule.charges, strict=True):
        atom.SetFormalCharge(charge)
    for atom in mol.GetAtoms():
        atom.SetNoImplicit(True)
    with rdBase.BlockLogs():
        sanitize(mol, "bonds")
        Chem.AssignStereochemistryFrom3D(mol)
    return mol.GetMol()


def sanitize(mol: Chem.Mol, field: str) -> None:
    """Make RDKit's molecule whole. Raises InputError of `field` for bonds that are impossible, and names the atoms."""
    try:
        Chem.SanitizeMol(mol)
    except ValueError as error:
        named = [label(mol.GetAtomWithIdx(int(index))) for index in _COUNTED.findall(str(error))]
        match error:
            case Chem.AtomValenceException() if named:
                got = f"{named[0]} with more bonds than it can have"
            case Chem.KekulizeException() if named:
                got = f"aromatic bonds that fit no single and double ones, at {listed(named)}"
            case Chem.AtomKekulizeException() if named:
                got = f"{named[0]}, which is aromatic and in no ring"
            case _:
                got = str(error)
        raise InputError(field, "bonds and charges that make a molecule", got) from error


def from_mol(mol: Chem.Mol, name: str = "", embedded: bool = False, added_hydrogens: int = 0) -> Parsed:
    """RDKit's molecule, sanitized and with all its hydrogens, as ours.

    Raises InputError for atoms that are no elements, bonds that are neither single, double, triple nor aromatic, and
    coordinates that are not finite or lie 9999 Å out.
    """
    for atom in mol.GetAtoms():
        if atom.GetAtomicNum() == 0:
            raise InputError("atoms", "elements only", f"{atom.GetSymbol()} as atom {atom.GetIdx() + 1}")
    for bond in mol.GetBonds():
        if bond.GetBondType() not in _ORDERS:
            ends = f"{label(bond.GetBeginAtom())}-{label(bond.GetEndAtom())}"
            expected = "single, double, triple and aromatic bonds only"
            raise InputError("bonds", expected, f"{bond.GetBondType().name.lower()} for {ends}")
        if bond.GetBondType() == Chem.BondType.AROMATIC and not bond.IsInRing():
            ends = f"{label(bond.GetBeginAtom())}-{label(bond.GetEndAtom())}"
            raise InputError("bonds", "aromatic bonds in rings only", f"one for {ends}")
    z, x = checked([atom.GetAtomicNum() for atom in mol.GetAtoms()], mol.GetConformer().GetPositions())
    charges = tuple(atom.GetFormalCharge() for atom in mol.GetAtoms())
    with rdBase.BlockLogs():
        bonds = kekulized_bonds(mol)
    found = Parsed(z, x, bonds, charges, name, None, None, added_hydrogens, embedded)
    return replace(found, smiles=smiles_of(to_mol(found)))


def smiles_of(mol: Chem.Mol) -> str:
    """Canonical, without the hydrogens that a reader fills in by itself."""
    with rdBase.BlockLogs():
        return str(Chem.MolToSmiles(Chem.RemoveHs(mol)))


def perceived(molecule: Parsed, charge: int = 0) -> Parsed:
    """The molecule with the bonds and the formal charges that its coordinates speak of, or the reason why not.

    charge: of the whole molecule. More is allowed here than in `chemistry.perceive`: charged groups and several
    molecules side by side, as files have them. An atom that touches no other keeps the charge that it came with. Can
    hang or eat memory as `chemistry.perceive` can.
    """
    if flaw := geometric_flaw(molecule.positions):
        return replace(molecule, bonds=(), smiles=None, reason=flaw)
    with rdBase.BlockLogs():
        try:
            mol = connected(bare(molecule.numbers, molecule.positions), molecule.positions)
            ions = _ions(mol, molecule.charges, charge)
            bonds, charges = _ordered(mol, charge, ions)
            found = replace(molecule, bonds=bonds, charges=charges, reason=None)
            return replace(found, smiles=smiles_of(to_mol(found)))
        except (ValueError, RuntimeError):
            why = f"bonds do not fit the valences at charge {charge}"
            return replace(molecule, bonds=(), smiles=None, reason=why)


def _ions(mol: Chem.Mol, charges: Sequence[int], charge: int) -> dict[int, int]:
    """The charges of atoms that touch no other, where they are known: RDKit has them neutral, or does not know them."""
    if mol.GetNumAtoms() == 1:
        return {0: charge}
    alone = [atom.GetIdx() for atom in mol.GetAtoms() if atom.GetDegree() == 0]
    return {index: charges[index] for index in alone if charges[index]}


def _ordered(
    mol: Chem.Mol, charge: int, ions: dict[int, int]
) -> tuple[tuple[tuple[int, int, int], ...], tuple[int, ...]]:
    """Bonds with their orders and formal charges [n_atoms], from the contacts of `mol`. Raises what RDKit does."""
    others = [index for index in range(mol.GetNumAtoms()) if index not in ions]
    left = charge - sum(ions.values())
    charges = [ions.get(index, 0) for index in range(mol.GetNumAtoms())]
    if not others:
        if left:
            raise ValueError(f"expected charges that add up to {charge}")
        return (), tuple(checked_charges(charges, len(charges)))
    if ions:
        edited = Chem.RWMol(mol)
        for index in sorted(ions, reverse=True):
            edited.RemoveAtom(index)
        mol = edited.GetMol()
    rdDetermineBonds.DetermineBondOrders(mol, charge=left, allowChargedFragments=True, embedChiral=True)
    for index, atom in zip(others, mol.GetAtoms(), strict=True):
        charges[index] = atom.GetFormalCharge()
    return tuple((others[i], others[j], order) for i, j, order in kekulized_bonds(mol)), tuple(charges)


def has_open_sites(mol: Chem.Mol) -> bool:
    """Whether an atom of a sanitized molecule has an open valence."""
    return any(atom.GetNumRadicalElectrons() for atom in mol.GetAtoms())
