import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpff.composition import check_valence, formula, parse_formula, random_composition
from gpff.elements import SYMBOLS, VALENCES
from gpff.errors import InputError, LimitError

atoms = st.lists(st.sampled_from(sorted(SYMBOLS)), min_size=1, max_size=40)


def test_a_formula_becomes_numbers_in_hill_order() -> None:
    assert parse_formula("C7H8O2").tolist() == [6] * 7 + [1] * 8 + [8] * 2
    assert parse_formula("OH2").tolist() == [1, 1, 8]
    assert parse_formula(" CH3CH2OH ").tolist() == parse_formula("C2H6O").tolist()
    assert parse_formula("NCH").tolist() == [6, 1, 7]


@given(atoms)
def test_formulas_round_trip(numbers: list[int]) -> None:
    text = formula(numbers)
    assert sorted(parse_formula(text).tolist()) == sorted(numbers)
    assert formula(parse_formula(text)) == text


@given(st.text(max_size=12))
def test_any_text_is_parsed_or_refused_by_name(text: str) -> None:
    try:
        numbers = parse_formula(text, field="blobs.0.formula")
    except InputError as error:
        assert error.field == "blobs.0.formula"
    else:
        assert len(numbers) > 0 and set(numbers.tolist()) <= set(SYMBOLS)


@pytest.mark.parametrize(
    ("text", "got"),
    [
        ("", "an empty one"),
        ("   ", "an empty one"),
        ("C2H5Cl", "unknown element 'Cl'"),
        ("Xx", "unknown element 'Xx'"),
        ("c6h6", "'c6h6'"),
        ("C6(H2)3", "'C6(H2)3'"),
        ("C-1", "'C-1'"),
        ("C0H4", "C0"),
        ("C1.5", "'C1.5'"),
        ("C²", "'C²'"),
        ("C٣", "'C٣'"),
    ],
)
def test_bad_formulas_say_what_came(text: str, got: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_formula(text)
    assert got in caught.value.got


@pytest.mark.parametrize("text", ["C300", "C" + "9" * 5000, "C200H57"])
def test_too_many_atoms_are_over_the_limit(text: str) -> None:
    with pytest.raises(LimitError) as caught:
        parse_formula(text)
    assert caught.value.expected == "at most 256 atoms"
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("text", ["C7H8O2", "CH4", "H2", "H2O", "HF", "CHN", "C2H2", "N2", "C6H6", "C8H9NO2"])
def test_real_molecules_pass(text: str) -> None:
    assert check_valence(parse_formula(text)) is None


@pytest.mark.parametrize(
    ("text", "open_valences", "reason"),
    [
        ("C7H9O2", 0, "needs one more H"),
        ("CH3", 0, "needs one more H"),
        ("CH5", 0, "has 1 H too many"),
        ("C7H99O2", 0, "has 83 H too many"),
        ("CH4", 2, "has 2 H too many"),
        ("H3", 0, "cannot be one connected molecule"),
        ("C", 0, "has an atom with more bonds than its neighbours can take"),
        ("C2", 0, "has an atom with more bonds than its neighbours can take"),
        ("CO", 0, "has an atom with more bonds than its neighbours can take"),
        ("C6H6O", 1, "needs one more H"),
    ],
)
def test_impossible_compositions_say_why(text: str, open_valences: int, reason: str) -> None:
    assert check_valence(parse_formula(text), open_valences) == reason


@pytest.mark.parametrize(("text", "open_valences"), [("CH3", 1), ("C6H5O", 1), ("CH2", 2), ("CHO2", 1), ("O", 2)])
def test_fragments_pass_with_their_open_valences(text: str, open_valences: int) -> None:
    assert check_valence(parse_formula(text), open_valences) is None


@given(st.integers(1, 20), st.integers(0, 4), st.integers(0, 2**32))
def test_random_compositions_fit_their_open_valences(n_heavy: int, n_open: int, seed: int) -> None:
    numbers = random_composition(n_heavy, n_open, np.random.default_rng(seed))
    assert np.count_nonzero(numbers != 1) == n_heavy
    assert check_valence(numbers, n_open) is None
    bonds = sum(VALENCES[z] for z in numbers.tolist()) + n_open
    unsaturation = bonds // 2 - (len(numbers) + n_open - 1)
    assert 0 <= unsaturation <= n_heavy + 1


def test_random_compositions_look_like_qm9() -> None:
    rng = np.random.default_rng(0)
    drawn = [random_composition(9, 0, rng) for _ in range(500)]
    heavy = np.concatenate([numbers[numbers != 1] for numbers in drawn])
    assert 0.67 < np.mean(heavy == 6) < 0.77
    assert len({formula(numbers) for numbers in drawn}) > 50
    # QM9's own mean over molecules of nine heavy atoms lies near nine hydrogens.
    assert 8.0 < np.mean([np.count_nonzero(numbers == 1) for numbers in drawn]) < 10.5


def test_too_many_open_valences_are_refused_by_name() -> None:
    with pytest.raises(InputError) as caught:
        random_composition(1, 5, np.random.default_rng(0), field="blobs.2.heavy_atoms")
    assert caught.value.field == "blobs.2.heavy_atoms"
    with pytest.raises(InputError):
        random_composition(0, 0, np.random.default_rng(0))
