"""A molecule as files hold it, with all its atoms, and the way to RDKit and back.

Every hydrogen is an atom, so that an atom with fewer bonds than its valence is an open site, whatever the format.
Isotopes are not kept: the library knows elements.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from numpy.typing import ArrayLike
from rdkit import Chem, rdBase
from rdkit.Chem import rdDetermineBonds

from gpff.chemistry import bare, connected, geometric_flaw, kekulized_bonds, label
from gpff.errors import InputError
from gpff.molecules import Floats, Ints
from gpff.writers import Bonds, checked, checked_bonds, checked_charges

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
        try:
            Chem.SanitizeMol(mol)
        except ValueError as error:
            raise InputError("bonds", "bonds and charges that make a molecule", str(error)) from error
        Chem.AssignStereochemistryFrom3D(mol)
    return mol.GetMol()


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
    molecules side by side, as files have them. Can hang or eat memory as `chemistry.perceive` can.
    """
    if flaw := geometric_flaw(molecule.positions):
        return replace(molecule, bonds=(), smiles=None, reason=flaw)
    with rdBase.BlockLogs():
        try:
            mol = bare(molecule.numbers, molecule.positions)
            if len(molecule.numbers) == 1:  # which has no bonds to give orders to; RDKit refuses to
                rdDetermineBonds.DetermineBonds(mol, charge=charge, allowChargedFragments=True)
            else:
                mol = connected(mol, molecule.positions)
                rdDetermineBonds.DetermineBondOrders(mol, charge=charge, allowChargedFragments=True, embedChiral=True)
            found = from_mol(mol, molecule.name)
        except (ValueError, RuntimeError):
            why = f"bonds do not fit the valences at charge {charge}"
            return replace(molecule, bonds=(), smiles=None, reason=why)
    return replace(molecule, bonds=found.bonds, charges=found.charges, smiles=found.smiles, reason=None)


def has_open_sites(mol: Chem.Mol) -> bool:
    """Whether an atom of a sanitized molecule has an open valence."""
    return any(atom.GetNumRadicalElectrons() for atom in mol.GetAtoms())
