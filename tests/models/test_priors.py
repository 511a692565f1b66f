"""Where runs begin, and what holds their atoms: priors, shapes, places and scaffolds."""

from dataclasses import replace

import numpy as np
import pytest
from force_fields import harmonic, still
from sampler_runs import FREE, GROWTH, PHENOXY, SCAFFOLD, run

from gpff.composition import parse_formula
from gpff.constraints import Hold
from gpff.draws import SIGMA_PRIOR
from gpff.molecules import Floats, segment_mean
from gpff.samplers import compile, init, propose
from gpff.shape import typical_covariance
from gpff.spec import Blob, Spec, open_valences

# --- priors and constraints ------------------------------------------------------------------------------------------


def test_free_priors_are_wide_and_centred() -> None:
    plan = compile(replace(FREE, n_samples=300))
    x = init(plan).positions
    np.testing.assert_allclose(segment_mean(x, plan.ptr), 0.0, atol=1e-12)
    np.testing.assert_allclose(x.std(axis=0) * np.sqrt(17 / 16), SIGMA_PRIOR, rtol=0.05)


def test_shaped_and_placed_priors_have_their_covariance() -> None:
    turn, _ = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))
    target = turn @ np.diag([4.0, 1.0, 0.2]) @ turn.T
    blob = Blob(numbers=PHENOXY.numbers, center=(5, 6, 7), covariance=target)
    for spec in (Spec((blob,), SCAFFOLD), Spec((replace(blob, numbers=(6, 1, 1, 1, 1), placed=False),))):
        plan = compile(replace(spec, n_samples=600))
        x = init(plan).positions[~plan.fixed]
        inflate = 1.0 if spec.scaffold else 5 / 4
        np.testing.assert_allclose(np.cov(x.T) * inflate, target, atol=0.25)
        np.testing.assert_allclose(x.mean(axis=0), [5, 6, 7], atol=0.15)


def test_a_blob_without_covariance_takes_the_typical_one() -> None:
    bare = replace(PHENOXY, covariance=None)
    for blob in (bare, replace(bare, placed=False)):
        plan = compile(replace(GROWTH, blobs=(blob,)))
        np.testing.assert_array_equal(plan.blobs.covariance[0], typical_covariance(12))
        assert plan.blobs.hold[0] == (Hold.PLACED if blob.placed else Hold.NONE)


def test_a_shape_is_held_while_it_denoises() -> None:
    variances = np.array([0.3, 1.0, 6.0])
    plan = compile(Spec.from_formula("C7H8O2", n=3, steps=1000, covariance=np.diag(variances)))
    x = propose(plan, init(plan)).reshape(3, -1, 3)
    assert plan.blobs.hold.tolist() == [Hold.SHAPE] * 3
    for y in x:
        np.testing.assert_allclose(np.linalg.eigvalsh(np.cov(y.T, bias=True)), variances, rtol=0.01)


def test_a_placed_blob_alone_keeps_its_centre_to_the_end() -> None:
    blob = replace(PHENOXY, numbers=tuple(parse_formula("C6H6O").tolist()))
    plan = compile(replace(GROWTH, blobs=(blob,), scaffold=None))
    for state in run(plan, harmonic):
        np.testing.assert_allclose(segment_mean(state.positions, plan.ptr), [blob.center] * 4, atol=1e-9)


def test_two_placed_blobs_without_a_scaffold_stay_where_they_are_put() -> None:
    left = Blob(numbers=(6, 1, 1, 1), center=(-3, 0, 0))
    right = Blob(numbers=(8, 1), center=(2, 1, 0))
    plan = compile(Spec((left, right), n_samples=3, steps=200))
    assert np.diff(plan.blobs.ptr).tolist() == [4, 2] * 3 and plan.blobs.molecule.tolist() == [0, 0, 1, 1, 2, 2]
    state = init(plan)
    x = propose(plan, state)
    means = segment_mean(x[plan.blobs.atoms], plan.blobs.ptr)
    np.testing.assert_allclose(means, [[-3, 0, 0], [2, 1, 0]] * 3, atol=0.05)
    final = run(plan, still)[-1]
    middle = (4 * np.array([-3, 0, 0]) + 2 * np.array([2, 1, 0])) / 6
    np.testing.assert_allclose(segment_mean(final.positions, plan.ptr), [middle] * 3, atol=0.05)


# --- scaffold --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sampler", ["dd", "sdd"])
@pytest.mark.parametrize("align", [False, True])
@pytest.mark.parametrize("placed", [False, True])
def test_scaffold_atoms_are_bit_for_bit_in_every_state(sampler: str, align: bool, placed: bool) -> None:
    spec = replace(GROWTH, sampler=sampler, blobs=(replace(PHENOXY, placed=placed),))  # type: ignore[arg-type]
    plan = compile(spec, align=align)
    expected = np.tile(SCAFFOLD.positions, (4, 1)).tobytes()
    states = run(plan, harmonic)
    assert len(states) > 2
    for state in states:
        assert state.positions[plan.fixed].tobytes() == expected
        assert propose(plan, state)[plan.fixed].tobytes() == expected
    assert plan.numbers[:6].tolist() == SCAFFOLD.numbers.tolist()


def test_free_atoms_are_read_in_the_scaffolds_frame() -> None:
    """Where the field's own molecule fits the scaffold but lies elsewhere, the free atoms end up beside it."""
    shift = np.array([7.0, -3.0, 2.0])
    truth = np.concatenate([SCAFFOLD.positions, np.random.default_rng(0).normal(size=(12, 3)) + PHENOXY.center])

    def elsewhere(numbers: np.ndarray, positions: Floats, ptr: np.ndarray) -> Floats:
        return 2 * (np.tile(truth + shift, (len(ptr) - 1, 1)) - positions)

    plan = compile(replace(GROWTH, sampler="dd", blobs=(replace(PHENOXY, placed=False, covariance=None),)))
    states = run(plan, elsewhere)
    np.testing.assert_allclose(states[-1].positions, np.tile(truth, (4, 1)), atol=1e-9)
    assert states[-1].nfe.tolist() == [2] * 4


# --- atoms that begin where they are ----------------------------------------------------------------------------------

WATER = np.array([[0.1, 0.0, 0.0], [0.9, 0.3, 0.0], [-0.5, 0.8, 0.1]])
FAR_WATER = WATER + np.array([0.0, 0.0, 8.0])
STARTED = Blob(numbers=(8, 1, 1), positions=WATER, placed=False)


def test_atoms_with_positions_begin_there_and_relax_from_there() -> None:
    plan = compile(Spec((STARTED,), n_samples=2, sampler="dd", steps=50))
    state = init(plan)
    np.testing.assert_array_equal(state.positions, np.tile(WATER, (2, 1)))
    assert (state.sigma_hat < 0.5).all()  # not the 30 Å of the wide prior
    np.testing.assert_array_equal(propose(plan, state), state.positions)  # nothing holds them, and DD adds no noise
    *_, last = run(plan, still)
    np.testing.assert_allclose(last.positions, state.positions, atol=1e-12)


def test_atoms_that_begin_somewhere_stand_beside_those_that_are_drawn() -> None:
    spec = Spec((PHENOXY, replace(STARTED, positions=FAR_WATER)), SCAFFOLD, n_samples=2)
    plan = compile(spec)
    x = init(plan).positions
    np.testing.assert_array_equal(x[plan.numbers.size // 2 - 3 : plan.numbers.size // 2], FAR_WATER)
    without = init(compile(replace(spec, blobs=(PHENOXY,)))).positions
    scaffold_and_blob = len(SCAFFOLD.numbers) + len(PHENOXY.numbers or ())
    np.testing.assert_array_equal(x[:scaffold_and_blob], without[:scaffold_and_blob])  # the draw stays what it was
    joined = type(plan).cat([plan, plan])
    np.testing.assert_array_equal(init(joined).positions, np.concatenate([x, x]))


def test_sites_are_for_new_atoms() -> None:
    scaffold = replace(SCAFFOLD, attach=(0, 0))
    beside = replace(STARTED, center=tuple(scaffold.positions[0]))
    assert open_valences(Spec((Blob(heavy_atoms=3, center=(50, 0, 0)), beside), scaffold)) == (2, 1)
