"""The shape predictor gives back what it was fitted to, holds proportions, and knows what to do where data is thin."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gpff.errors import InputError
from gpff.molecules import Floats
from gpff.shape_predictor import ARCHETYPES, FLOOR, ShapePredictor, fit, load, npr, principal_variances, save

RNG = np.random.default_rng(0)


def draws(predictor: ShapePredictor, n_atoms: int, n: int, relative: tuple[float, ...] | None = None) -> Floats:
    rng = np.random.default_rng(1)
    return np.stack([predictor.draw(n_atoms, rng, relative) for _ in range(n)])


def made_clouds(sizes: tuple[int, ...], n: int = 400) -> tuple[Floats, np.ndarray]:
    """Gaussian clouds whose axes grow with the cube root of the atom count."""
    clouds = [
        RNG.normal(size=(k, 3)) * np.array([2.0, 1.0, 0.5]) * (k / 10) ** (1 / 3) for k in sizes for _ in range(n)
    ]
    return np.concatenate(clouds), np.concatenate([[0], np.cumsum([len(c) for c in clouds])])


def test_variances_of_a_known_cloud_in_any_orientation() -> None:
    x = np.array([[2.0, 0, 0], [-2, 0, 0], [0, 1, 0], [0, -1, 0]])
    turn, _ = np.linalg.qr(RNG.normal(size=(3, 3)))
    both = np.concatenate([x, x @ turn + 7.0])
    np.testing.assert_allclose(principal_variances(both, np.array([0, 4, 8])), [[2, 0.5, 0]] * 2, atol=1e-12)


def test_corners_of_the_triangle_of_moments() -> None:
    corners = npr(np.array([[1.0, 0, 0], [0.5, 0.5, 0], [1 / 3, 1 / 3, 1 / 3]]))
    np.testing.assert_allclose(corners, [[0, 1], [0.5, 0.5], [1, 1]], atol=1e-12)


def test_fitted_mixtures_give_their_data_back() -> None:
    positions, ptr = made_clouds((8, 12))
    predictor = fit(positions, ptr)
    variances = principal_variances(positions, ptr)
    for i, size in enumerate((8, 12)):
        known = np.log(variances[400 * i : 400 * (i + 1)])
        found = np.log(draws(predictor, size, 2000))
        np.testing.assert_allclose(found.mean(0), known.mean(0), atol=0.06)
        np.testing.assert_allclose(found.std(0), known.std(0), rtol=0.15)


def test_counts_without_data_follow_the_power_law() -> None:
    predictor = fit(*made_clouds((6, 12, 24)))
    for size in (3, 18, 60):
        variances = np.log(draws(predictor, size, 500)).mean(0)
        near = predictor.counts[np.argmin(np.abs(predictor.counts - size))]
        expected = np.log(draws(predictor, int(near), 500)).mean(0) + 2 * predictor.slope * np.log(size / near)
        np.testing.assert_allclose(variances, expected, atol=1e-9)
        assert (np.diff(variances) < 0).all()
    assert predictor.slope == pytest.approx(1 / 3, abs=0.12)  # few atoms span less than their Gaussian


@pytest.mark.parametrize("shape", sorted(ARCHETYPES))
@pytest.mark.parametrize("n_atoms", [4, 18, 40])
def test_proportions_are_held_and_sizes_are_those_of_molecules(shape: str, n_atoms: int) -> None:
    shipped = load()
    wanted = np.maximum(ARCHETYPES[shape], FLOOR)
    variances = draws(shipped, n_atoms, 300, ARCHETYPES[shape])
    np.testing.assert_allclose(variances / variances.sum(1, keepdims=True), [wanted / wanted.sum()] * 300, rtol=1e-9)
    free = draws(shipped, n_atoms, 300).sum(1)
    assert 0.4 * np.median(free) < np.median(variances.sum(1)) < 2.5 * np.median(free)
    assert variances.sum(1).std() > 0


def test_shipped_sizes_are_those_of_qm9() -> None:
    """Mean largest variance of QM9's molecules of 18 atoms, measured: 3.53 Å² (training split)."""
    mean = draws(load(), 18, 4000).mean(0)
    assert mean[0] == pytest.approx(3.53, rel=0.05) and mean[0] > mean[1] > mean[2] > 0.1


def test_what_is_written_is_read(tmp_path: Path) -> None:
    predictor = fit(*made_clouds((8, 12)))
    save(predictor, tmp_path / "shape.npz")
    again = load(tmp_path / "shape.npz")
    np.testing.assert_array_equal(draws(predictor, 9, 5), draws(again, 9, 5))


@pytest.mark.parametrize("relative", [(1.0, -0.1, 0.1), (0.0, 0.0, 0.0), (1.0, 1.0), (np.nan, 1.0, 1.0)])
def test_impossible_proportions_are_refused(relative: tuple[float, ...]) -> None:
    with pytest.raises(InputError, match="relative: expected three variances"):
        load().draw(10, np.random.default_rng(0), relative)


def test_no_atoms_have_no_shape() -> None:
    with pytest.raises(InputError, match="n_atoms: expected at least 1, got 0"):
        load().draw(0, np.random.default_rng(0))


def test_too_little_data_is_refused() -> None:
    with pytest.raises(InputError, match="positions: expected two atom counts"):
        fit(*made_clouds((8,)))
