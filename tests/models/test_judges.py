"""PoseBusters and GFN2-xTB, on molecules whose answers are known."""

from __future__ import annotations

import numpy as np
import pytest
from rdkit import Chem
from rdkit.Chem import rdDistGeom
from scipy.spatial.transform import Rotation

from gpff.chemistry import perceive
from gpff.judges import failed_checks, relax, rmsd
from gpff.molecules import Floats, Ints


def embedded(smiles: str) -> tuple[Ints, Floats]:
    mol = Chem.AddHs(Chem.MolFromSmiles(smiles))
    rdDistGeom.EmbedMolecule(mol, randomSeed=1)
    return np.array([a.GetAtomicNum() for a in mol.GetAtoms()]), mol.GetConformer().GetPositions()


def test_a_sound_molecule_passes_every_check_and_a_squeezed_one_does_not() -> None:
    pytest.importorskip("posebusters")
    numbers, positions = embedded("CCO")
    assert failed_checks(numbers, positions, perceive(numbers, positions)) == ()
    failed = failed_checks(numbers, 0.6 * positions, perceive(numbers, positions))
    assert any("bond_lengths" in name for name in failed), failed


def test_relaxing_gives_energy_off_once() -> None:
    pytest.importorskip("tblite")
    numbers, positions = embedded("CO")
    stretched = positions.copy()
    stretched[0] += 0.1
    first = relax(numbers, stretched)
    assert first.energy > 0.1 and 0.01 < first.rmsd < 0.3 and first.same


def test_rmsd_ignores_where_a_molecule_lies_but_not_its_mirror_image() -> None:
    _, positions = embedded("C(F)(O)N")
    moved = Rotation.from_rotvec([0.3, 1.0, -0.4]).apply(positions) + 5.0
    assert rmsd(positions, moved) == pytest.approx(0.0, abs=1e-6)
    assert rmsd(positions, -positions) > 0.1
