"""Molecules side by side: where they stand, what the labels say, and what training makes of them."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.distance import cdist, pdist
from tests.models.test_noising import made_set
from tests.models.test_train import SMALL, assert_resuming_is_exact, share_beside_new

from gpff.company import AT_HOME, GAP, NOISE, Company, beside, side_by_side
from gpff.noising import NEARLY_HOME

# all of one size, so that a graph's members are known from its atoms
SIX = made_set([6] * 40)


def test_a_molecule_comes_as_near_as_it_is_told_to() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        standing, coming = rng.normal(0, 1.5, (9, 3)), rng.normal(0, 1.5, (7, 3))
        direction = rng.standard_normal(3)
        direction /= np.linalg.norm(direction)
        gap = float(rng.uniform(*GAP))
        there = beside(standing, coming, direction, gap)
        assert cdist(standing, there).min() == pytest.approx(gap)
        np.testing.assert_allclose(there - there[0], coming - coming[0], atol=1e-12)


def test_what_would_pass_by_stays() -> None:
    coming = np.array([[0.0, 10.0, 0.0]])
    np.testing.assert_array_equal(beside(np.zeros((1, 3)), coming, np.array([1.0, 0.0, 0.0]), 3.0), coming)


def test_they_are_turned_and_mirrored_with_no_side_preferred() -> None:
    rng = np.random.default_rng(0)
    corners = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [-1.0, -1.0, -1.0]])
    turns = np.array([side_by_side([corners], rng)[:3] for _ in range(2000)])
    np.testing.assert_allclose(turns @ turns.transpose(0, 2, 1), np.broadcast_to(np.eye(3), turns.shape), atol=1e-12)
    assert np.abs(turns.mean(axis=0)).max() < 0.05
    assert 0.45 < (np.linalg.det(turns) > 0).mean() < 0.55


def test_three_stand_side_by_side_and_none_touches_another() -> None:
    molecules = [np.random.default_rng(k).normal(0, 1, (5, 3)) for k in range(3)]
    x = side_by_side(molecules, np.random.default_rng(1))
    assert np.abs(x.mean(axis=0)).max() < 1e-12
    parts = [x[:5], x[5:10], x[10:]]
    for molecule, part in zip(molecules, parts, strict=True):
        np.testing.assert_allclose(pdist(part), pdist(molecule), atol=1e-12)
    assert GAP[0] <= cdist(parts[0], parts[1]).min() <= GAP[1]
    assert GAP[0] <= cdist(np.vstack(parts[:2]), parts[2]).min() <= GAP[1]


def test_labels_lead_home_and_no_molecule_is_moved_as_a_whole() -> None:
    batch = Company(SIX, 18).batch(200, np.random.default_rng(2))
    sizes = np.diff(batch.ptr)
    assert set(sizes) == {12, 18}
    assert (batch.ids == -1).all()
    shapes = {tuple(np.round(np.sort(pdist(SIX.positions[a : a + 6])), 3)) for a in range(0, 240, 6)}
    for m in np.flatnonzero(batch.sigma < 0.1):  # from farther away atoms of two molecules may have been exchanged
        atoms = slice(batch.ptr[m], batch.ptr[m + 1])
        x, home = batch.positions[atoms], batch.positions[atoms] + batch.forces[atoms] / 2
        for k in range(0, sizes[m], 6):
            assert tuple(np.round(np.sort(pdist(home[k : k + 6])), 3)) in shapes
            np.testing.assert_allclose(x[k : k + 6].mean(0), home[k : k + 6].mean(0), atol=1e-5)


def test_noise_is_within_its_bounds_and_some_are_nearer_home_than_what_is_beside_them() -> None:
    batch = Company(SIX, 18).batch(300, np.random.default_rng(3))
    assert batch.sigma.min() >= min(NOISE[0], NEARLY_HOME[0])
    assert batch.sigma.max() <= NOISE[1]
    quieter = []
    for a, b in pairwise(batch.ptr):
        # the farthest that each has moved: all of one noise differ by far less than a factor of four
        moved = np.sqrt(np.square(batch.forces[a:b] / 2).sum(1)).reshape(-1, 6)
        rms = np.sqrt(np.square(moved).mean(1))
        quieter.append(rms[0] < rms[1:].min() / 4)
    assert 0.15 < np.mean(quieter) < AT_HOME


def test_no_graph_has_more_atoms_than_it_may() -> None:
    data = made_set([4, 9, 14, 17, 6, 11] * 10)
    for crowd in (17, 20, 30):
        sizes = np.diff(Company(data, crowd).batch(100, np.random.default_rng(4)).ptr)
        assert sizes.max() <= crowd
        assert sizes.max() >= crowd - 3
    assert np.diff(Company(data, 3).batch(5, np.random.default_rng(4)).ptr).tolist() == [4] * 5


def test_every_graph_has_more_atoms_than_a_molecule_alone_where_that_many_may_be() -> None:
    data = made_set([4, 9, 14, 17, 6, 11] * 10)
    sizes = np.diff(Company(data, 40).batch(200, np.random.default_rng(4)).ptr)
    assert 17 < sizes.min() <= 20
    assert sizes.max() == 40


def test_a_share_of_every_batch_are_in_company_and_the_others_are_as_before() -> None:
    data = made_set([5, 8, 6, 9, 7, 4, 8, 6] * 20)
    config = replace(SMALL, noise=replace(SMALL.noise, company=0.4, crowd=20))
    assert 0.2 < share_beside_new(data, config) < 0.6


def test_resuming_a_run_in_company_is_exact(tmp_path: Path) -> None:
    config = replace(SMALL, noise=replace(SMALL.noise, company=0.4, crowd=20, walked=0.5))
    assert_resuming_is_exact(tmp_path, config)
