"""The scaffold benchmark: known molecules cut at a single bond, and grown back from one half with the model.

A step is a product whose cut bond is marked by atom maps: `:1` on the side that stays, `:2` on the side that is grown.
The scaffold is the side that stays, closed with a hydrogen and relaxed by itself, so that it knows nothing of the
product; a hydrogen of the open site is then removed. The blob has the atoms, the mean and the covariance of the side
cut off, where the relaxed product has them once it is laid upon the scaffold and turned into that hydrogen's direction.

`STEPS` begins with the two steps of the paper's editor, from acetaldehyde over phenyl acetate to aspirin.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from rdkit import Chem
from rdkit.Chem import rdDistGeom, rdForceFieldHelpers, rdMolAlign
from scipy.spatial.transform import Rotation

from gpff.errors import InputError
from gpff.molecules import Floats
from gpff.spec import MIN_VARIANCE, Blob, Scaffold, Spec

SEED = 7
"""Of the embedding."""
FLAT = 0.05
"""Smallest principal variance of a blob in Å²: a planar piece is given a little thickness."""

STEPS: tuple[tuple[str, str], ...] = (
    ("phenyl acetate from acetaldehyde", "C[C:1](=O)[O:2]c1ccccc1"),
    ("aspirin from phenyl acetate", "CC(=O)Oc1cccc[c:1]1[C:2](=O)O"),
    ("toluene", "c1cccc[c:1]1[CH3:2]"),
    ("anisole", "c1cccc[c:1]1[O:2]C"),
    ("benzoic acid", "c1cccc[c:1]1[C:2](=O)O"),
    ("acetanilide", "c1cccc[c:1]1[NH:2]C(C)=O"),
    ("ethyl acetate", "CC(=O)[O:1][CH2:2]C"),
    ("propanamide", "C[CH2:1][C:2](N)=O"),
    ("N-methylacetamide", "CC(=O)[NH:1][CH3:2]"),
    ("butan-1-ol", "CC[CH2:1][CH2:2]O"),
    ("isobutyronitrile", "C[CH:1](C)[C:2]#N"),
    ("propylene glycol", "C[CH:1](O)[CH2:2]O"),
    ("morpholine, N-methyl", "C1COCC[N:1]1[CH3:2]"),
    ("cyclopropyl methyl ketone", "C1C[CH:1]1[C:2](C)=O"),
    ("2-ethylfuran", "c1cco[c:1]1[CH2:2]C"),
    ("pyrrole-2-carbaldehyde", "c1cc[nH][c:1]1[CH:2]=O"),
    ("3-hydroxypyridine", "c1ccnc[c:1]1[OH:2]"),
    ("pent-1-yne", "CC[CH2:1][C:2]#C"),
    ("tert-butyl methyl ether", "CC(C)(C)[O:1][CH3:2]"),
    ("paracetamol", "Oc1cc[c:1](cc1)[NH:2]C(C)=O"),
    ("salicylic acid methyl ester", "Oc1cccc[c:1]1[C:2](=O)OC"),
    ("ibuprofen, its acid", "CC(C)Cc1ccc(cc1)[CH:1](C)[C:2](=O)O"),
    ("biphenyl", "c1cccc[c:1]1[c:2]1ccccc1"),
    ("benzocaine, its ester", "Nc1cc[c:1](cc1)[C:2](=O)OCC"),
    ("lidocaine, its amine end", "Cc1cccc(C)c1NC(=O)[CH2:1][N:2](CC)CC"),
    ("naproxen, its acid", "COc1ccc2cc(ccc2c1)[CH:1](C)[C:2](=O)O"),
    ("diphenhydramine, its amine end", "c1ccccc1C(c1ccccc1)O[CH2:1][CH2:2]N(C)C"),
    ("fluoxetine, its amine end", "FC(F)(F)c1ccc(cc1)OC([CH2:1][CH2:2]NC)c1ccccc1"),
    ("testosterone, its acetate", "CC12CCC3C(C1CCC2[O:1][C:2](C)=O)CCC1=CC(=O)CCC13C"),
    ("a dipeptide's leucine", "CC(=O)NC(Cc1ccccc1)C(=O)N[CH:1](C(=O)NC)[CH2:2]C(C)C"),
    ("imatinib, its piperazine", "Cc1ccc(cc1Nc1nccc(n1)c1cccnc1)NC(=O)c1ccc(cc1)[CH2:1][N:2]1CCN(C)CC1"),
)
"""Name and product with its cut, written from the side that stays; the last eight have 15 to 37 heavy atoms."""


@dataclass(frozen=True)
class Step:
    """One step: what is grown from, and the product's canonical SMILES without stereo marks."""

    name: str
    spec: Spec
    product: str


def step(name: str, marked: str) -> Step:
    """The step of a product with a marked cut.

    Raises:
        InputError: no single bond between atoms mapped 1 and 2 whose cutting gives two pieces, or no geometry is found.
    """
    product = Chem.AddHs(Chem.MolFromSmiles(marked) or _refuse(marked))
    ends = {atom.GetAtomMapNum(): atom.GetIdx() for atom in product.GetAtoms() if atom.GetAtomMapNum() in (1, 2)}
    bond = product.GetBondBetweenAtoms(ends[1], ends[2]) if len(ends) == 2 else None
    if bond is None or bond.GetBondType() != Chem.BondType.SINGLE or bond.IsInRing():
        _refuse(marked)
    for atom in product.GetAtoms():
        atom.SetAtomMapNum(0)
    kept = _side(product, ends[1], ends[2])
    relax(product)
    scaffold, order = _closed(product, kept, ends[1])
    relax(scaffold)
    heavy = [i for i in kept if product.GetAtomWithIdx(i).GetAtomicNum() > 1]
    rdMolAlign.AlignMol(product, scaffold, atomMap=[(i, order.index(i)) for i in (heavy if len(heavy) > 2 else kept)])
    site, there = order.index(ends[1]), product.GetConformer().GetPositions()
    hydrogen = _nearest_hydrogen(scaffold, site, there[ends[2]])
    grown = [i for i in range(product.GetNumAtoms()) if i not in set(kept)]
    there = _along(
        scaffold.GetConformer().GetPositions()[[site, hydrogen]], there[ends[1]], there[ends[2]], there[grown]
    )
    stays = [i for i in range(scaffold.GetNumAtoms()) if i != hydrogen]
    blob = Blob(
        numbers=tuple(product.GetAtomWithIdx(i).GetAtomicNum() for i in grown),
        center=tuple(there.mean(axis=0).tolist()),
        covariance=_thick(np.cov(there.T, bias=True) if len(grown) > 1 else np.zeros((3, 3))),
    )
    fixed = Scaffold(
        np.array([scaffold.GetAtomWithIdx(i).GetAtomicNum() for i in stays]),
        scaffold.GetConformer().GetPositions()[stays],
        attach=(stays.index(site),),
    )
    return Step(name, Spec((blob,), fixed), flat_smiles(Chem.MolToSmiles(Chem.RemoveHs(product))))


def steps(marked: Sequence[tuple[str, str]] = STEPS) -> list[Step]:
    """All steps, in order."""
    return [step(name, smiles) for name, smiles in marked]


def flat_smiles(smiles: str) -> str:
    """Canonical SMILES without stereo marks; '' for what cannot be read."""
    mol = Chem.MolFromSmiles(smiles)
    return "" if mol is None else Chem.MolToSmiles(mol, isomericSmiles=False)


def relax(mol: Chem.Mol) -> None:
    """Give `mol` (hydrogens included) one conformer: ETKDG, then MMFF. Raises `InputError` where none is found."""
    if rdDistGeom.EmbedMolecule(mol, randomSeed=SEED) != 0:
        raise InputError("smiles", "a molecule with a 3D geometry", Chem.MolToSmiles(mol))
    rdForceFieldHelpers.MMFFOptimizeMolecule(mol, maxIters=2000)


def _side(mol: Chem.Mol, start: int, other: int) -> list[int]:
    """Atoms on `start`'s side of the bond to `other`, in rising order."""
    seen, todo = {start}, [start]
    while todo:
        for neighbour in mol.GetAtomWithIdx(todo.pop()).GetNeighbors():
            if (i := neighbour.GetIdx()) not in seen and i != other:
                seen.add(i)
                todo.append(i)
    return sorted(seen)


def _closed(product: Chem.Mol, kept: list[int], site: int) -> tuple[Chem.Mol, list[int]]:
    """The kept side with a hydrogen at its open site, the last atom; the others as the product numbers them."""
    editable = Chem.RWMol(product)
    hydrogen = editable.AddAtom(Chem.Atom(1))
    editable.AddBond(site, hydrogen, Chem.BondType.SINGLE)
    for i in sorted(set(range(product.GetNumAtoms())) - set(kept), reverse=True):
        editable.RemoveAtom(i)
    mol = editable.GetMol()
    mol.RemoveAllConformers()
    Chem.SanitizeMol(mol)
    return mol, kept


def _nearest_hydrogen(mol: Chem.Mol, site: int, point: Floats) -> int:
    """The hydrogen of `site` nearest to `point [3]` Å: which of several makes way is only a matter of conformation."""
    x = mol.GetConformer().GetPositions()
    hydrogens: list[int] = [a.GetIdx() for a in mol.GetAtomWithIdx(site).GetNeighbors() if a.GetAtomicNum() == 1]
    return min(hydrogens, key=lambda i: float(np.linalg.norm(x[i] - point)))


def _along(bond: Floats, start: Floats, end: Floats, positions: Floats) -> Floats:
    """`positions [n, 3]` moved so that `start` lies on `bond[0]` and `end` in the direction of `bond[1]` (all Å)."""
    turn, _ = Rotation.align_vectors((bond[1] - bond[0])[None], (end - start)[None])
    return np.asarray(turn.apply(positions - start) + bond[0])


def _thick(covariance: Floats) -> Floats:
    values, vectors = np.linalg.eigh(covariance)
    return np.asarray((vectors * np.maximum(values, max(FLAT, MIN_VARIANCE))) @ vectors.T)


def _refuse(marked: str) -> Chem.Mol:
    raise InputError("product", "a SMILES with one acyclic single bond between atoms mapped 1 and 2", repr(marked))
