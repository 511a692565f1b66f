"""Divergences that are known, and distances that can be counted."""

from __future__ import annotations

import numpy as np
import pytest

from gpff.distributions import js_divergence, largest_distances


def test_equal_sets_do_not_diverge_and_disjoint_ones_diverge_by_ln_2() -> None:
    x = np.random.default_rng(0).normal(size=1000)
    assert js_divergence(x, x) == pytest.approx(0.0, abs=1e-12)
    assert js_divergence(x, x + 100.0) == pytest.approx(np.log(2.0))


def test_divergence_of_two_coins() -> None:
    a, b = np.array([0.0] * 3 + [1.0]), np.array([0.0] + [1.0] * 3)
    half = 0.75 * np.log(0.75 / 0.5) + 0.25 * np.log(0.25 / 0.5)
    assert js_divergence(a, b) == pytest.approx(half) == js_divergence(b, a)


def test_a_constant_is_no_trouble_and_nothing_is_refused() -> None:
    assert js_divergence(np.ones(5), np.ones(7)) == pytest.approx(0.0)
    with pytest.raises(ValueError, match="got 0 and 3"):
        js_divergence(np.empty(0), np.ones(3))


def test_largest_distance_of_each_molecule() -> None:
    x = np.array([[0.0, 0, 0], [3, 0, 0], [0, 4, 0], [9, 9, 9]])
    np.testing.assert_allclose(largest_distances(x, np.array([0, 3, 4])), [5.0, 0.0])
