import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpff.errors import InputError
from gpff.molecules import Molecules, pointers, segment_index, segment_max, segment_mean, segment_sum

sizes_of_batches = st.lists(st.integers(1, 6), min_size=1, max_size=8)


def batch(sizes: list[int]) -> Molecules:
    rng = np.random.default_rng(sum(sizes))
    n = sum(sizes)
    return Molecules(rng.choice([1, 6, 8], size=n), rng.normal(size=(n, 3)), pointers(sizes))


@given(sizes_of_batches)
def test_segments_are_reduced_one_by_one(sizes: list[int]) -> None:
    mols = batch(sizes)
    parts = [x for _, x in mols]
    np.testing.assert_allclose(segment_sum(mols.positions, mols.ptr), [x.sum(axis=0) for x in parts])
    np.testing.assert_allclose(segment_mean(mols.positions, mols.ptr), [x.mean(axis=0) for x in parts])
    np.testing.assert_array_equal(segment_max(mols.positions[:, 0], mols.ptr), [x[:, 0].max() for x in parts])
    assert segment_index(mols.ptr).tolist() == [m for m, n in enumerate(sizes) for _ in range(n)]


def test_no_segments_reduce_to_nothing() -> None:
    empty = pointers([])
    assert segment_sum(np.zeros((0, 3)), empty).shape == (0, 3)
    assert segment_max(np.zeros(0), empty).shape == (0,)
    assert len(Molecules.cat([])) == 0


@given(sizes_of_batches, sizes_of_batches)
def test_cat_then_select_gives_the_parts_back(first: list[int], second: list[int]) -> None:
    a, b = batch(first), batch(second)
    both = Molecules.cat([a, b])
    assert both.n_molecules == len(a) + len(b)
    again = both.select(np.arange(len(a), len(both)))
    np.testing.assert_array_equal(again.positions, b.positions)
    np.testing.assert_array_equal(again.numbers, b.numbers)
    np.testing.assert_array_equal(again.ptr, b.ptr)


def test_select_keeps_the_order_asked_for_and_takes_masks() -> None:
    mols = batch([2, 3, 1])
    backwards = mols.select([2, 0])
    np.testing.assert_array_equal(backwards.positions, np.concatenate([mols[2][1], mols[0][1]]))
    np.testing.assert_array_equal(mols.select([False, True, False]).positions, mols[1][1])
    assert len(mols.select(np.zeros(3, dtype=bool))) == 0


def test_items_split_and_negative_indices() -> None:
    mols = batch([2, 3])
    assert [len(z) for z, _ in mols.split()] == [2, 3]
    np.testing.assert_array_equal(mols[-1][1], mols.positions[2:])
    with pytest.raises(IndexError):
        mols[2]


@given(sizes_of_batches)
def test_center_moves_each_molecule_on_its_own(sizes: list[int]) -> None:
    mols = batch(sizes)
    centred = mols.center()
    np.testing.assert_allclose(segment_mean(centred.positions, centred.ptr), 0.0, atol=1e-14)
    for (_, before), (_, after) in zip(mols, centred, strict=True):
        np.testing.assert_allclose(after - after[0], before - before[0], atol=1e-14)


@pytest.mark.parametrize(
    ("field", "numbers", "positions", "ptr"),
    [
        ("numbers", [[6, 1]], np.zeros((1, 3)), [0, 1]),
        ("positions", [6, 1], np.zeros((3, 3)), [0, 2]),
        ("positions", [6, 1], np.zeros((2, 2)), [0, 2]),
        ("ptr", [6, 1], np.zeros((2, 3)), [0, 1]),
        ("ptr", [6, 1], np.zeros((2, 3)), [0, 0, 2]),
        ("ptr", [6, 1], np.zeros((2, 3)), [0, 2, 1, 2]),
        ("ptr", [6, 1], np.zeros((2, 3)), []),
    ],
)
def test_what_does_not_fit_is_refused_by_name(
    field: str, numbers: list[int], positions: np.ndarray, ptr: list[int]
) -> None:
    with pytest.raises(InputError) as caught:
        Molecules(np.array(numbers), positions, np.array(ptr))
    assert caught.value.field == field
    assert str(caught.value).startswith(f"{field}: expected ")


def test_of_makes_a_batch_of_one() -> None:
    mols = Molecules.of([8, 1, 1], [[0, 0, 0], [1, 0, 0], [0, 1, 0]])
    assert (mols.n_molecules, mols.n_atoms, mols.sizes.tolist()) == (1, 3, [3])
    assert mols.positions.dtype == np.float64
