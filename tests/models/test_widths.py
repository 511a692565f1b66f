"""Widths put right: the identity that a score has, and whom it is for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.models.force_fields import harmonic

from gpff import widths
from gpff.checkpoint import load
from gpff.formats import read
from gpff.generation import sample
from gpff.molecules import Floats, Segments
from gpff.plan import compile
from gpff.spec import SAMPLERS, Blob, Scaffold, Spec
from gpff.structures import Parsed

RNG = np.random.default_rng(3)
TWO = Segments(np.array([0, 9, 24]))
CLOUD = TWO.centred(RNG.normal(size=(24, 3)) * [1.0, 2.0, 4.0])
ANSWER = -CLOUD + 0.3 * TWO.centred(RNG.normal(size=(24, 3)))
SIGMA, BOTH = np.array([1.5, 0.8]), np.array([True, True])


def pull(positions: Floats, forces: Floats, molecules: Segments) -> Floats:
    """How far an answer pulls along the principal axes: `[n_molecules, 3]` Å²."""
    _, axes = widths.principal_axes(positions, molecules)
    x, h = (np.einsum("ni,nia->na", v, axes[molecules.index]) for v in (positions, forces / 2.0))
    return molecules.sum(h * x) / molecules.sizes[:, None]


def test_what_is_missed_is_taken_off_along_each_axis() -> None:
    found = widths.put_right(CLOUD, ANSWER, TWO, SIGMA, BOTH)
    variances, _ = widths.principal_axes(CLOUD, TWO)
    expected = widths.missed(TWO.sizes, variances, SIGMA)
    assert np.abs(expected).min() > 1e-3
    np.testing.assert_allclose(pull(CLOUD, ANSWER, TWO) - pull(CLOUD, found, TWO), expected, rtol=1e-9)


def test_turned_molecules_have_turned_forces() -> None:
    turn = np.linalg.qr(RNG.normal(size=(3, 3)))[0]
    straight = widths.put_right(CLOUD, ANSWER, TWO, SIGMA, BOTH)
    turned = widths.put_right(CLOUD @ turn, ANSWER @ turn, TWO, SIGMA, BOTH)
    np.testing.assert_allclose(turned, straight @ turn, atol=1e-9)


def test_a_molecule_does_not_depend_on_its_batch_mates() -> None:
    together = widths.put_right(CLOUD, ANSWER, TWO, SIGMA, BOTH)
    alone = widths.put_right(CLOUD[:9], ANSWER[:9], Segments(np.array([0, 9])), SIGMA[:1], BOTH[:1])
    np.testing.assert_array_equal(together[:9], alone)
    only = widths.put_right(CLOUD, ANSWER, TWO, SIGMA, np.array([True, False]))
    np.testing.assert_array_equal(only[:9], alone)
    np.testing.assert_array_equal(only[9:], ANSWER[9:])


def test_nothing_is_taken_off_where_the_network_misses_nothing() -> None:
    quiet = np.full(2, widths.LEVELS[0] * 0.99)
    np.testing.assert_array_equal(widths.put_right(CLOUD, ANSWER, TWO, quiet, BOTH), ANSWER)


def test_single_atoms_and_pairs_stay_finite() -> None:
    few = Segments(np.array([0, 1, 3]))
    x = np.array([[0.0, 0, 0], [0, 0, 2.0], [0, 0, -2.0]])
    assert np.isfinite(widths.put_right(x, -x, few, SIGMA, BOTH)).all()


def test_each_level_has_its_coefficients() -> None:
    assert (np.diff(widths.LEVELS) > 0).all()
    assert widths.MISSED.shape == (len(widths.LEVELS), 3, 3)


USUAL = (
    "CC1CC2OC2C1",
    "OCC1CN1C=O",
    "N#CC1CC1(C)O",
    "CC(=O)NCC#C",
    "c1ccoc1CO",
    "CCOC(=O)CC",
    "C1CC1C#CCO",
    "O=C1CCC2CC12O",
    "CC(C)(O)C#N",
    "OC1CC2CC1C2",
    "CCCC(C)CO",
    "CC1=CC(=O)CN1",
    "N#CCCCC=O",
    "CC12CC1OC2C",
    "C#CCOCC=O",
    "CC(O)C1CO1",
    "OCCCCCO",
    "Cn1ccnc1N",
)
"""Molecules of the kind that QM9 has."""


@pytest.mark.parametrize("sigma", [1.5, 2.0])
def test_the_weights_that_ship_are_nearer_to_the_identity_with_it(sigma: float) -> None:
    """How far each axis' pull is from that of the noise: on average, and how much more so for long molecules."""
    model, rng, times = load("default", "cpu"), np.random.default_rng(0), 150
    known = [m for m in read("\n".join(USUAL), "smiles") if isinstance(m, Parsed)]
    numbers = np.concatenate([np.tile(m.numbers, times) for m in known])
    clean = np.concatenate([np.tile(m.positions, (times, 1)) for m in known])
    molecules = Segments(np.concatenate([[0], np.cumsum(np.repeat([len(m.numbers) for m in known], times))]))
    noise = sigma * molecules.centred(rng.normal(size=clean.shape))
    x = molecules.centred(clean) + noise
    levels = np.full(len(molecules.sizes), sigma)
    raw = np.asarray(model.forces(numbers, x, molecules.ptr), dtype=np.float64)
    right = widths.put_right(x, raw, molecules, levels, np.ones(len(levels), dtype=bool))
    seen, _ = widths.principal_axes(x, molecules)
    missed = [(pull(x, f, molecules) - pull(x, -2.0 * noise, molecules)) / sigma**2 for f in (raw, right)]
    before, after = (np.abs(m.mean(axis=0)).sum() for m in missed)
    assert before > 0.1 and after < 0.6 * before
    slope_before, slope_after = (abs(np.polyfit(seen[:, 2], m[:, 2], 1)[0]) for m in missed)
    assert slope_after < 0.6 * slope_before


SPEC = Spec.from_formula("C2H6O", 2, "stochastic_heun", 17, 5)
ROUND = np.eye(3) * 100.0
METHYL = Scaffold(
    np.array([6, 1, 1, 1]), np.array([[0.0, 0, 0], [1.09, 0, 0], [-0.4, 1.0, 0], [-0.4, -0.5, 0.9]]), (0,)
)


def last(spec: Spec, with_widths: bool) -> Floats:
    return list(sample(harmonic, compile(spec, widths=with_widths)))[:8][-1].positions


def test_free_molecules_are_put_right_by_samplers_that_know_the_level() -> None:
    for sampler in SAMPLERS:
        spec = replace(SPEC, sampler=sampler)
        differ = not np.array_equal(last(spec, True), last(spec, False))
        assert differ == (sampler in ("ancestral", "heun", "stochastic_heun")), sampler


@pytest.mark.parametrize(
    "change",
    [
        {"scaffold": METHYL, "blobs": (Blob(numbers=(8, 1), placed=False, covariance=ROUND),)},
        {"blobs": (replace(SPEC.blobs[0], covariance=ROUND, placed=False),)},
        {"blobs": (replace(SPEC.blobs[0], covariance=ROUND, placed=True),)},
        {"blobs": (Blob(numbers=(6, 1, 1, 1), placed=False), Blob(numbers=(8, 1), placed=False))},
    ],
    ids=["beside a scaffold", "held by its shape", "held in its place", "from a narrow prior"],
)
def test_molecules_that_are_no_noise_alone_are_left_as_the_network_says(change: dict) -> None:  # type: ignore[type-arg]
    spec = replace(SPEC, **change)
    np.testing.assert_array_equal(last(spec, True), last(spec, False))
