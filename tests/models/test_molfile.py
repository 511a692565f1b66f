"""MOL blocks and SDF records as other programs read them."""

import numpy as np
import pytest
from rdkit import Chem

from gpff.molfile import mol_block, sdf_record


@pytest.mark.parametrize("n", [2, 1200])
def test_charges_survive_in_both_versions(n: int) -> None:
    charges = [[1, -1, 2, -2, 0][k % 5] for k in range(n)]
    block = mol_block([11] * n, np.arange(3.0 * n).reshape(n, 3) / 3, charges=charges)
    mol = Chem.MolFromMolBlock(block, sanitize=False, removeHs=False)
    assert [atom.GetFormalCharge() for atom in mol.GetAtoms()] == charges


@pytest.mark.parametrize("pad", [0, 1000])
def test_an_open_site_stays_open(pad: int) -> None:
    """A methyl group and argon, before and after the format changes to its second version."""
    z = [6, 1, 1, 1] + [18] * pad
    x = np.random.default_rng(0).normal(size=(len(z), 3)) * 100
    mol = Chem.MolFromMolBlock(mol_block(z, x, [(0, k, 1) for k in (1, 2, 3)]), removeHs=False)
    assert Chem.AddHs(mol).GetNumAtoms() == len(z)
    assert mol.GetAtomWithIdx(0).GetNumRadicalElectrons() == 1


def test_coordinates_at_the_edge_keep_their_columns() -> None:
    mol = Chem.MolFromMolBlock(mol_block([6], [[-9998.99999, 9998.99999, 0.0]]))
    assert mol.GetConformer().GetPositions().tolist() == [[-9999.0, 9999.0, 0.0]]


@pytest.mark.parametrize("value", ["> <B>", "$$$$", "a\n\n$$$$\nb", "", "x" * 300])
def test_no_name_or_field_ends_its_record(value: str) -> None:
    record = sdf_record(mol_block([8], [[0, 0, 0]], name=value), {"A": value, "Z": "last"})
    supplier = Chem.SDMolSupplier()
    supplier.SetData(record * 2)
    assert [mol.GetProp("Z") for mol in supplier] == ["last", "last"]
    assert record.count("\n$$$$\n") == 1
