"""Steps of the scaffold benchmark: what is kept, what is grown, and where."""

from __future__ import annotations

import numpy as np
import pytest
from rdkit import Chem

from gpff.chemistry import perceive
from gpff.composition import formula
from gpff.errors import InputError
from gpff.growth_steps import STEPS, flat_smiles, step
from gpff.plan import compile


def test_twenty_and_more_steps_and_the_two_of_the_paper_first() -> None:
    assert len(STEPS) >= 22 and len({name for name, _ in STEPS}) == len(STEPS)
    first, second = (step(*marked) for marked in STEPS[:2])
    assert first.product == flat_smiles("CC(=O)Oc1ccccc1") and second.product == flat_smiles("CC(=O)Oc1ccccc1C(=O)O")
    assert formula(first.spec.blobs[0].numbers) == "C6H5O" and formula(second.spec.blobs[0].numbers) == "CHO2"


@pytest.mark.parametrize(("name", "marked"), STEPS[::4])
def test_kept_and_grown_atoms_make_the_product(name: str, marked: str) -> None:
    found = step(name, marked)
    scaffold, (blob,) = found.spec.scaffold, found.spec.blobs
    assert scaffold is not None
    product = Chem.AddHs(Chem.MolFromSmiles(found.product))
    atoms = sorted(a.GetAtomicNum() for a in product.GetAtoms())
    assert sorted([*scaffold.numbers.tolist(), *(blob.numbers or ())]) == atoms
    compile(found.spec)


def test_the_blob_lies_where_the_hydrogen_was() -> None:
    """Closing the scaffold with a hydrogen towards the blob gives a molecule again."""
    found = step("butan-1-ol", "CC[CH2:1][CH2:2]O")
    scaffold, (blob,) = found.spec.scaffold, found.spec.blobs
    assert scaffold is not None
    site = scaffold.positions[scaffold.attach[0]]
    way = np.array(blob.center) - site
    closed = np.vstack([scaffold.positions, site + 1.09 * way / np.linalg.norm(way)])
    verdict = perceive([*scaffold.numbers, 1], closed)
    assert verdict.valid and verdict.smiles == "CCC"


@pytest.mark.parametrize("marked", ["CC", "C1C[CH2:1][CH2:2]1", "[CH2:1]=[CH2:2]", "not a smiles"])
def test_what_cannot_be_cut_is_refused(marked: str) -> None:
    with pytest.raises(InputError, match="product: expected a SMILES with one acyclic single bond"):
        step("none", marked)
