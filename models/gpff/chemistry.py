"""From coordinates to bonds, SMILES and a verdict in words, and to an SDF record that holds them.

`perceive` is the project's test of validity: RDKit's bond orders at charge 0 without charged fragments must give one
fragment without radicals. Which atoms touch is RDKit's to say too, but for contacts across small cages (`connected`);
`perceive_strictly` (tier 0) is `DetermineBonds` as it is, by which the data were chosen and results are compared. Both
run in the calling process and can hang or eat memory on a bad cloud of atoms (rdkit#9227, #7922, #5902): what serves or
trains uses `BondWorkers`.

Atoms are counted from 1 in every reason and file, as chemists' programs count them, and from 0 in arrays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import Future
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from rdkit import Chem, rdBase
from rdkit.Chem import rdDetermineBonds

from gpff.elements import MIN_DISTANCE, VALENCES
from gpff.molfile import mol_block, sdf_record
from gpff.worker import Failure
from gpff.workers import Workers
from gpff.writers import MAX_COORDINATE, arrays

_BLOCK = 256  # rows of the table of distances that are held at once
LONGEST_BOND = 1.12
"""Of the covalent radii's sum: where an atom has too many neighbours, what is longer is no bond. C–C: 1.70 Å."""
_MAX_NAMED = 3  # atoms that a reason names before it says "and n more"


@dataclass(frozen=True)
class Verdict:
    """What the bonds say about one molecule.

    smiles: canonical, without hydrogens, stereo marks read from the coordinates; None when not valid
    reason: why it is not valid, in words; None when it is
    bonds: (i, j, order), i < j counted from 0, order 1, 2 or 3 (a Kekulé form); empty when not valid
    """

    valid: bool
    smiles: str | None = None
    reason: str | None = None
    bonds: tuple[tuple[int, int, int], ...] = ()


def perceive(numbers: ArrayLike, positions: ArrayLike) -> Verdict:
    """Judge one molecule at charge 0, in this process and without a limit of time or memory.

    numbers [n_atoms] atomic numbers, positions [n_atoms, 3] Å. What cannot be a molecule is told apart
    cheaply first; connectivity (quadratic) comes before bond orders (exponential at worst), which only one
    connected piece ever reaches. Raises InputError for arrays of the wrong shape and for numbers that are no element.
    """
    return _judged(*arrays(numbers, positions), connected)


def perceive_strictly(numbers: ArrayLike, positions: ArrayLike) -> Verdict:
    """`perceive`, with the verdict that RDKit's `DetermineBonds` in a single call leads to (tier 0)."""
    return _judged(*arrays(numbers, positions), touching)


def touching(mol: Chem.Mol, x: NDArray[np.float64]) -> Chem.Mol:
    """The molecule with RDKit's single bonds between all atoms at bonding distance, positions `x [n_atoms, 3]` Å."""
    rdDetermineBonds.DetermineConnectivity(mol)
    return mol


def connected(mol: Chem.Mol, x: NDArray[np.float64]) -> Chem.Mol:
    """`touching` without contacts across small cages.

    The bridgeheads of bicyclo[1.1.1]pentane are 1.87 Å apart, those of its oxa and aza forms 1.75 Å: within RDKit's
    reach of a bond, so that each has five neighbours. Where a heavy atom has more neighbours than its valence, its
    contacts with heavy atoms that are longer than any bond are let go, relatively longest first, while it has too many.
    """
    mol = touching(mol, x)
    while (far := _crossing(mol, x)) is not None:
        edited = Chem.RWMol(mol)
        edited.RemoveBond(*far)
        mol = edited.GetMol()
    return mol


def is_crowded(numbers: ArrayLike, positions: ArrayLike) -> bool:
    """Whether an atom has more neighbours at RDKit's bonding distance than its valence: `perceive_strictly` fails."""
    z, x = arrays(numbers, positions)
    with rdBase.BlockLogs():
        return _crowded(touching(bare(z, x), x)) is not None


def _judged(
    z: NDArray[np.int64], x: NDArray[np.float64], connect: Callable[[Chem.Mol, NDArray[np.float64]], Chem.Mol]
) -> Verdict:
    if flaw := geometric_flaw(x):
        return Verdict(False, reason=flaw)
    with rdBase.BlockLogs():
        crowded = None
        try:
            mol = connect(bare(z, x), x)
            n_fragments = len(Chem.GetMolFrags(mol))
            if n_fragments > 1:
                return Verdict(False, reason=f"{n_fragments} separate fragments")
            crowded = _crowded(mol)
            rdDetermineBonds.DetermineBondOrders(mol, charge=0, allowChargedFragments=False, embedChiral=True)
            radicals = [label(atom) for atom in mol.GetAtoms() if atom.GetNumRadicalElectrons()]
            if radicals:
                return Verdict(False, reason=f"radical on {listed(radicals)}")
            return Verdict(True, smiles=Chem.MolToSmiles(Chem.RemoveHs(mol)), bonds=kekulized_bonds(mol))
        except (ValueError, RuntimeError):  # no bond orders fit, or they do not survive sanitization
            return Verdict(False, reason=crowded or "bonds do not fit the valences at charge 0")


class BondWorkers:
    """`perceive` in processes of its own, each with a limit of time and memory.

    A molecule that hangs, crashes or outgrows its worker gets a verdict that says so; the worker is replaced,
    and no other molecule notices. Processes start with the first molecule and load NumPy and RDKit only.
    Thread-safe. Close it, or use it as a context manager.

    timeout_s: per molecule, from the moment a worker takes it up
    memory_mb: per molecule, on top of what an idle worker holds
    target: what runs in the workers: an importable function with the signature of `perceive`
    """

    def __init__(
        self,
        n_workers: int = 1,
        timeout_s: float = 5.0,
        memory_mb: int = 1024,
        target: Callable[[NDArray[np.int64], NDArray[np.float64]], Verdict] = perceive,
    ) -> None:
        self.timeout_s = timeout_s
        self.memory_mb = memory_mb
        self._workers = Workers(target, self._unanswered, n_workers, timeout_s, memory_mb)

    def submit(self, numbers: ArrayLike, positions: ArrayLike) -> Future[Verdict]:
        """Queue one molecule. Raises InputError (as `perceive` does), and RuntimeError after `close`."""
        z, x = arrays(numbers, positions)
        return self._workers.submit(z.copy(), x.copy())  # the caller may overwrite its own before their turn

    def map(self, molecules: Iterable[tuple[ArrayLike, ArrayLike]]) -> list[Verdict]:
        """The verdicts of all (numbers, positions), in their order."""
        return [future.result() for future in [self.submit(z, x) for z, x in molecules]]

    def close(self) -> None:
        """Kill the processes; what is queued is cancelled. Safe to call twice."""
        self._workers.close()

    def __enter__(self) -> BondWorkers:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _unanswered(self, failure: Failure, detail: str) -> Verdict:
        match failure:
            case Failure.TIMEOUT:
                what = f"took longer than {self.timeout_s:g} s"
            case Failure.MEMORY:
                what = f"needed more than {self.memory_mb} MB of memory"
            case Failure.CRASH:
                what = "crashed"
            case Failure.ERROR:
                what = f"failed ({detail})"
        return Verdict(False, reason=f"bond perception {what}")


def to_sdf(numbers: ArrayLike, positions: ArrayLike, verdict: Verdict | None = None, name: str = "") -> str:
    """One SDF record (V2000; V3000 beyond 999 atoms or bonds), coordinates in Å with four decimals.

    A valid verdict adds the bonds and a SMILES field, any other a REASON field. Without bonds every atom is
    marked as zero-valent, so that a reader does not fill it up with hydrogens. Raises InputError as
    `perceive` does, and for coordinates that are not finite or lie 9999 Å out.
    """
    known = {} if verdict is None else {"SMILES": verdict.smiles, "REASON": verdict.reason}
    fields = {field: text for field, text in known.items() if text is not None}
    return sdf_record(mol_block(numbers, positions, verdict.bonds if verdict else (), name=name), fields)


def geometric_flaw(x: NDArray[np.float64]) -> str | None:
    """Why these points cannot be nuclei, whatever the elements; None when they can."""
    broken = np.flatnonzero(~np.isfinite(x).all(axis=1))
    if broken.size:
        return f"atom {broken[0] + 1} has a coordinate that is not a finite number"
    astray = np.flatnonzero(np.abs(x).max(axis=1) >= MAX_COORDINATE)
    if astray.size:
        return f"atom {astray[0] + 1} is further than {MAX_COORDINATE:.0f} Å from the origin"
    nearest = (np.inf, 0, 0)
    for start in range(0, len(x), _BLOCK):
        distances = np.linalg.norm(x[start : start + _BLOCK, None] - x, axis=2)
        distances[np.tril_indices(len(distances), k=start, m=len(x))] = np.inf
        i, j = divmod(int(distances.argmin()), len(x))
        nearest = min(nearest, (float(distances[i, j]), start + i, j))
    shortest, i, j = nearest
    return f"atoms {i + 1} and {j + 1} overlap ({shortest:.2f} Å)" if shortest < MIN_DISTANCE else None


def bare(z: NDArray[np.int64], x: NDArray[np.float64]) -> Chem.Mol:
    """Atoms at their places, no bonds."""
    mol = Chem.RWMol()
    for number in z.tolist():
        mol.AddAtom(Chem.Atom(number))
    conformer = Chem.Conformer(len(z))
    conformer.SetPositions(np.ascontiguousarray(x))
    mol.AddConformer(conformer)
    return mol.GetMol()


def _crossing(mol: Chem.Mol, x: NDArray[np.float64]) -> tuple[int, int] | None:
    """The contact that is longest beside its covalent radii, of a heavy atom with more neighbours than its valence."""
    radius = Chem.GetPeriodicTable().GetRcovalent
    far, longest = None, LONGEST_BOND
    for atom in mol.GetAtoms():
        if atom.GetAtomicNum() == 1 or not _has_too_many(atom):
            continue
        for other in atom.GetNeighbors():
            if other.GetAtomicNum() > 1:
                i, j = atom.GetIdx(), other.GetIdx()
                stretch = np.linalg.norm(x[i] - x[j]) / (radius(atom.GetAtomicNum()) + radius(other.GetAtomicNum()))
                if stretch > longest:
                    far, longest = (i, j), float(stretch)
    return far


def _has_too_many(atom: Chem.Atom) -> bool:
    """Whether an atom has more neighbours than its valence; one of an element that is not known here has not."""
    return bool(atom.GetDegree() > VALENCES.get(atom.GetAtomicNum(), atom.GetDegree()))


def _crowded(mol: Chem.Mol) -> str | None:
    """Which atom has more neighbours than its valence, in words; None when none has."""
    for atom in mol.GetAtoms():
        if _has_too_many(atom):
            most = VALENCES[atom.GetAtomicNum()]
            return f"{label(atom)} has {atom.GetDegree()} neighbours at bonding distance, valence {most}"
    return None


def kekulized_bonds(mol: Chem.Mol) -> tuple[tuple[int, int, int], ...]:
    """(i, j, order) with i < j, aromatic rings in a Kekulé form. Raises what RDKit does when there is none."""
    kekulized = Chem.Mol(mol)
    Chem.Kekulize(kekulized, clearAromaticFlags=True)
    bonds = []
    for bond in kekulized.GetBonds():
        i, j = sorted((bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()))
        bonds.append((i, j, int(bond.GetBondTypeAsDouble())))
    return tuple(sorted(bonds))


def label(atom: Chem.Atom) -> str:
    """An atom as a chemist names it: C3 is the third atom."""
    return f"{atom.GetSymbol()}{atom.GetIdx() + 1}"


def listed(labels: list[str]) -> str:
    """Labels as a phrase, the first few of them when they are many."""
    if len(labels) > _MAX_NAMED:
        return f"{', '.join(labels[:_MAX_NAMED])} and {len(labels) - _MAX_NAMED} more"
    return " and ".join([", ".join(labels[:-1]), labels[-1]] if len(labels) > 1 else labels)
