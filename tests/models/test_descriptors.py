"""Properties against values that chemists know."""

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from rdkit import Chem

from gpff import descriptors
from gpff.descriptors import Properties, properties
from gpff.formats import Parsed, read, to_mol


def of(smiles: str) -> Properties:
    return properties(Chem.MolFromSmiles(smiles))


def test_aspirin() -> None:
    found = of("CC(=O)Oc1ccccc1C(=O)O")
    assert found.formula == "C9H8O4" and found.inchi_key == "BSYNRYMUTXBXSQ-UHFFFAOYSA-N"
    assert found.mass == pytest.approx(180.159, abs=0.01) and found.exact_mass == pytest.approx(180.0423, abs=1e-3)
    assert found.tpsa == pytest.approx(63.6, abs=0.1) and found.logp == pytest.approx(1.31, abs=0.01)
    assert (found.h_donors, found.h_acceptors, found.rotatable_bonds) == (1, 3, 2)
    assert (found.rings, found.aromatic_rings, found.heavy_atoms, found.stereocentres) == (1, 1, 13, 0)
    assert found.fraction_csp3 == pytest.approx(1 / 9) and found.charge == 0
    assert found.sa_score is not None and 1.0 < found.sa_score < 2.5


def test_explicit_hydrogens_change_nothing() -> None:
    for smiles in ("C[C@H](N)C(=O)O", "CCCCO", "CC(=O)[O-]", "O.CO"):
        (embedded,) = read(smiles, "smiles")
        assert isinstance(embedded, Parsed)
        assert properties(to_mol(embedded)) == of(smiles)


def test_charges_and_stereo_are_told() -> None:
    acetate = of("CC(=O)[O-]")
    assert acetate.formula == "C2H3O2-" and acetate.charge == -1
    left, right = of("C[C@H](N)C(=O)O"), of("C[C@@H](N)C(=O)O")
    assert left.stereocentres == 1 and left.inchi_key != right.inchi_key


@pytest.mark.parametrize("smiles", ["C", "[H][H]", "[Na+].[Cl-]", "[CH3]", "[He]", "[U]", "F[P](F)(F)(F)F"])
def test_small_things_have_finite_properties(smiles: str) -> None:
    values = dataclasses.asdict(of(smiles))
    assert all(value == value for value in values.values())
    assert values["mass"] > 1.0


def test_without_the_contributed_module_there_is_no_score(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(descriptors.RDConfig, "RDContribDir", "/nonexistent")
    descriptors._sa_scorer.cache_clear()
    assert of("CCO").sa_score is None
    descriptors._sa_scorer.cache_clear()


def test_the_table_of_the_score_is_read_outside_the_time_of_a_call(monkeypatch: pytest.MonkeyPatch) -> None:
    outside = []

    @contextmanager
    def watched() -> Iterator[None]:
        yield
        outside.append("read")

    monkeypatch.setattr(descriptors, "set_up", watched)
    descriptors._sa_scorer.cache_clear()
    scorer = descriptors._sa_scorer()
    assert outside == ["read"] and scorer._fscores  # before any score is asked for
