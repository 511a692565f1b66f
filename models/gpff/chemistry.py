"""From coordinates to bonds, SMILES and a verdict a chemist can read; SDF and XYZ out. The only module that uses RDKit.

`perceive` is the project's test of validity (tier 0): bonds are found with RDKit's `DetermineBonds` at charge 0 without
charged fragments, and the molecule must be one fragment without radicals. It runs in the calling process and can hang
or eat memory on a bad cloud of atoms (rdkit#9227, #7922, #5902): a process that serves or trains uses `BondWorkers`.
"""

from collections.abc import Iterable
from concurrent.futures import Future
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from rdkit import Chem, rdBase
from rdkit.Chem import rdDetermineBonds

from gpff.workers import Failure, Workers

MIN_DISTANCE = 0.4  # Å; closer than this, two atoms are one


@dataclass(frozen=True)
class Verdict:
    """What the bonds say about one molecule.

    smiles: canonical, without hydrogens, stereo marks read from the coordinates; None when not valid.
    reason: why it is not valid, in words; None when it is.
    bonds: (i, j, order) with i < j and order 1, 2 or 3 (Kekulé form); empty when not valid.
    """

    valid: bool
    smiles: str | None = None
    reason: str | None = None
    bonds: tuple[tuple[int, int, int], ...] = ()


def perceive(numbers: ArrayLike, positions: ArrayLike) -> Verdict:
    """Judge one molecule at charge 0 (tier 0), in this process."""
    z = np.asarray(numbers, dtype=np.int64)
    x = np.asarray(positions, dtype=np.float64)
    with rdBase.BlockLogs():
        mol = _unbonded(z, x)
        rdDetermineBonds.DetermineConnectivity(mol)
        n_fragments = len(Chem.GetMolFrags(mol))
        if n_fragments > 1:
            return Verdict(False, reason=f"{n_fragments} separate fragments")
        try:
            rdDetermineBonds.DetermineBondOrders(mol, charge=0, allowChargedFragments=False)
        except (ValueError, RuntimeError) as error:
            return Verdict(False, reason=str(error))
        if any(atom.GetNumRadicalElectrons() for atom in mol.GetAtoms()):
            return Verdict(False, reason="radical")
        return Verdict(True, smiles=Chem.MolToSmiles(Chem.RemoveHs(mol)))


def _unbonded(numbers: NDArray[np.int64], positions: NDArray[np.float64]) -> Chem.Mol:
    mol = Chem.RWMol()
    for number in numbers.tolist():
        mol.AddAtom(Chem.Atom(number))
    conformer = Chem.Conformer(len(numbers))
    conformer.SetPositions(positions)
    mol.AddConformer(conformer)
    return mol.GetMol()


def _without_answer(failure: Failure, detail: str) -> Verdict:
    return Verdict(False, reason=f"bond perception {failure.value}{f' ({detail})' if detail else ''}")


class BondWorkers:
    def __init__(self, n_workers: int = 1, timeout_s: float = 5.0, memory_mb: int = 1024) -> None:
        self._workers = Workers(perceive, _without_answer, n_workers, timeout_s, memory_mb)

    def submit(self, numbers: ArrayLike, positions: ArrayLike) -> Future[Verdict]:
        return self._workers.submit(numbers, positions)

    def map(self, molecules: Iterable[tuple[ArrayLike, ArrayLike]]) -> list[Verdict]:
        return self._workers.map(molecules)

    def close(self) -> None:
        self._workers.close()

    def __enter__(self) -> "BondWorkers":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
