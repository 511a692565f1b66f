import subprocess
import sys
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import pytest
from force_fields import harmonic

import gpff
from gpff.composition import formula
from gpff.errors import InputError
from gpff.generation import Candidate, batches, generate, sample
from gpff.molecules import Floats, Ints
from gpff.samplers import ForceFn, compile
from gpff.spec import Blob, Scaffold, Spec

METHANE = 0.629 * np.array([[0, 0, 0], [1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]])
WATER = np.array([[0.757, 0.586, 0], [-0.757, 0.586, 0], [0, 0, 0]])
KNOWN = {"CH4": METHANE, "H2O": WATER - WATER.mean(axis=0)}


def knowing(numbers: Ints, positions: Floats, ptr: Ints) -> Floats:
    """The exact pseudo-force of methane and water; an infinite one for anything else."""
    forces = np.empty_like(positions)
    for a, b in pairwise(ptr):
        known = KNOWN.get(formula(numbers[a:b]))
        forces[a:b] = np.inf if known is None else 2 * (known - positions[a:b] + positions[a:b].mean(axis=0))
    return forces


@dataclass(frozen=True)
class FakeModel:
    forces: ForceFn


def test_a_formula_gives_checked_candidates() -> None:
    water, *others = generate(FakeModel(knowing), "H2O", n=3, steps=4, seed=1, step_length=1.0)
    assert len(others) == 2
    assert (water.valid, water.smiles, water.reason) == (True, "O", None)
    assert (water.steps, water.nfe) == (4, 4)
    assert water.bonds == ((0, 2, 1), (1, 2, 1))
    assert water.numbers.tolist() == [1, 1, 8] and water.positions.dtype == np.float64
    np.testing.assert_allclose(water.positions, KNOWN["H2O"], atol=1e-12)
    assert 0 <= water.sigma_hat < 1e-6 and 0 <= water.rms_force < 1e-6


def test_several_formulas_come_in_order_and_failures_say_why() -> None:
    found = generate(knowing, ["CH4", "C2H6", "H2O"], n=2, steps=5)
    assert [formula(c.numbers) for c in found] == ["CH4", "CH4", "C2H6", "C2H6", "H2O", "H2O"]
    assert [c.valid for c in found] == [True, True, False, False, True, True]
    assert [c.smiles for c in found] == ["C", "C", None, None, "O", "O"]
    lost = found[2]
    assert lost.reason == "the atoms flew apart at step 5" and lost.nfe == 5
    assert np.isfinite(lost.positions).all() and np.isfinite([lost.sigma_hat, lost.rms_force]).all()


def test_bonds_are_perceived_on_request_only() -> None:
    (unchecked,) = generate(harmonic, "H2O", steps=2, check=False)
    assert (unchecked.valid, unchecked.smiles, unchecked.reason) == (None, None, None)
    (rubbish,) = generate(harmonic, "C2H6O", steps=2)
    assert rubbish.valid is False and rubbish.reason


@pytest.mark.parametrize("batch_atoms", [1, 17, 60, 4096])
def test_cutting_a_run_into_batches_changes_nothing(batch_atoms: int) -> None:
    sizes: list[int] = []

    def watched(numbers: Ints, positions: Floats, ptr: Ints) -> Floats:
        sizes.append(len(numbers))
        return harmonic(numbers, positions, ptr)

    formulas = ["C7H8O2", "CH4", "C2H6O"]
    found = generate(watched, formulas, n=4, steps=3, check=False, batch_atoms=batch_atoms)
    expected = generate(harmonic, formulas, n=4, steps=3, check=False)
    assert max(sizes) <= max(batch_atoms, 17)
    assert len(found) == 12
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one.positions, other.positions, rtol=0, atol=1e-12)


def test_formulas_of_one_seed_draw_different_numbers() -> None:
    (plan,) = batches([Spec.from_formula("CH4", n=2), Spec.from_formula("CH4", n=2)])
    assert plan.keys.tolist() == [[0, 0], [0, 1], [0, 2], [0, 3]]


@pytest.mark.parametrize("batch_atoms", [1, 4096])
def test_specs_of_other_settings_are_run_beside_each_other(batch_atoms: int) -> None:
    specs = [Spec.from_formula("CH4"), Spec.from_formula("CH4", shape="rod"), Spec.from_formula("H2O", steps=3)]
    found = generate(harmonic, specs, n=2, check=False, batch_atoms=batch_atoms)
    assert [c.nfe for c in found] == [64, 64, 64, 64, 3, 3]
    alone = list(sample(harmonic, compile(replace(specs[2], n_samples=2), [4, 5])))[-1]
    np.testing.assert_allclose(np.concatenate([c.positions for c in found[4:]]), alone.positions, rtol=0, atol=1e-12)


def test_a_spec_is_taken_whole_and_keywords_take_its_place() -> None:
    spec = Spec(
        (Blob(numbers=(6, 1, 1, 1), center=(2.2, 0, 0)),),
        Scaffold([8, 1], [[0.7, 0, 0], [0.1, 0.7, 0]], attach=(0,)),
        n_samples=3,
        steps=6,
        seed=4,
    )
    found = generate(harmonic, spec, check=False)
    assert len(found) == 3 and found[0].steps == 6
    assert all(c.positions[:2].tobytes() == spec.scaffold.positions.tobytes() for c in found if spec.scaffold)
    changed = generate(harmonic, spec, n=1, steps=2, seed=5, noise=0.0, check=False)
    expected = list(sample(harmonic, replace(spec, n_samples=1, steps=2, seed=5, noise=0.0)))[-1]
    np.testing.assert_array_equal(changed[0].positions, expected.positions)


def test_random_blobs_of_many_samples_fit_their_batches() -> None:
    spec = Spec((Blob(heavy_atoms=3),), n_samples=20, steps=2)
    found = generate(harmonic, spec, check=False, batch_atoms=40)
    whole = compile(spec)
    assert np.concatenate([c.numbers for c in found]).tolist() == whole.numbers.tolist()


def test_sample_yields_every_state_from_the_prior_on() -> None:
    states = list(sample(harmonic, Spec.from_formula("CH4", n=2, steps=5)))
    assert [state.step for state in states] == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("field", "what", "settings"),
    [
        ("formula", "Xy", {}),
        ("formula", [], {}),
        ("formula", 5, {}),
        ("formula", None, {}),
        ("formula", ["CH4", 3], {}),
        ("formula", [6, 1, 1, 1, 1], {}),
        ("blobs.0.formula", "CH3", {}),
        ("n_samples", "CH4", {"n": 0}),
        ("steps", "CH4", {"steps": 0}),
        ("sampler", "CH4", {"sampler": "magic"}),
        ("batch_atoms", "CH4", {"batch_atoms": 0}),
    ],
)
def test_what_cannot_be_generated_is_refused_by_name(field: str, what: object, settings: dict[str, object]) -> None:
    with pytest.raises(InputError) as caught:
        generate(harmonic, what, check=False, **settings)  # type: ignore[arg-type]
    assert caught.value.field == field


def test_progress_is_shown_on_request(capsys: pytest.CaptureFixture[str]) -> None:
    generate(harmonic, "CH4", n=2, steps=3, check=False)
    assert capsys.readouterr().err == ""
    generate(harmonic, "CH4", n=2, steps=3, sampler="dd", check=False, progress=True)
    assert "100%" in capsys.readouterr().err


def candidate(**changes: object) -> Candidate:
    good = Candidate(np.array([1, 1, 8]), KNOWN["H2O"], "O", True, None, 4, 4, 0.0, 0.0, ((0, 2, 1), (1, 2, 1)))
    return replace(good, **changes)  # type: ignore[arg-type]


def test_files_carry_bonds_smiles_or_the_reason() -> None:
    good = candidate()
    lines = good.to_sdf("water").splitlines()
    assert lines[0] == "water" and lines[3].startswith("  3  2")
    assert "O" in lines[lines.index("> <SMILES>") + 1]
    bad = candidate(valid=False, smiles=None, reason="2 separate fragments", bonds=())
    assert "2 separate fragments" in bad.to_sdf() and "2 separate fragments" in bad.to_xyz()
    unknown = candidate(valid=None, smiles=None, bonds=()).to_sdf()
    assert "SMILES" not in unknown and "REASON" not in unknown
    assert good.to_xyz().splitlines()[:2] == ["3", "O"]
    assert good.to_xyz("mine").splitlines()[1] == "mine"


def test_the_package_imports_neither_torch_nor_rdkit_until_asked() -> None:
    script = (
        "import sys, gpff, gpff.samplers, gpff.generation\n"
        "assert gpff.Spec is gpff.spec.Spec and callable(gpff.generate)\n"
        "import gpff.generation\n"
        "assert callable(gpff.generate)\n"
        "heavy = {'torch', 'rdkit', 'schnetpack'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_every_public_name_resolves() -> None:
    for name in gpff.__all__:
        assert getattr(gpff, name) is not None
    assert set(gpff.__all__) <= set(dir(gpff))
    with pytest.raises(AttributeError):
        _ = gpff.nothing_of_the_kind  # type: ignore[attr-defined]
