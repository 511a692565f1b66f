"""Runs that are changed on the way: blobs that move, atoms that stay."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from force_fields import harmonic, still, two_modes
from hypothesis import given
from hypothesis import strategies as st
from sampler_runs import FREE, GROWTH, PHENOXY, SCAFFOLD, run

from gpff.constraints import Hold
from gpff.errors import InputError
from gpff.molecules import segment_mean
from gpff.samplers import ForceFn, Plan, State, advance, compile, evaluate, finished, init, propose
from gpff.shape import typical_covariance
from gpff.spec import SAMPLERS, Blob, Spec
from gpff.steering import check_steering, steered

RANDOM = replace(GROWTH, blobs=(Blob(heavy_atoms=4, center=(3, 0, 0)),))


def changed(plan: Plan, forces: ForceFn, at: int, change: Callable[[Plan, State], Plan]) -> tuple[Plan, list[State]]:
    """A run whose plan is changed before call `at + 1`."""
    states = [init(plan)]
    while not finished(plan, states[-1]):
        if states[-1].step == at:
            plan = change(plan, states[-1])
        x = propose(plan, states[-1])
        states.append(advance(plan, states[-1], x, evaluate(forces, plan, states[-1], x)))
    return plan, states


def bits(states: list[State]) -> list[bytes]:
    return [state.positions.tobytes() for state in states]


@pytest.mark.parametrize("spec", [FREE, GROWTH, RANDOM], ids=["free", "growth", "random"])
def test_a_run_steered_to_where_it_goes_anyway_keeps_every_bit(spec: Spec) -> None:
    plan = compile(spec)
    plain = run(plan, two_modes)
    for blobs in (None, spec.blobs):
        _, states = changed(plan, two_modes, 3, lambda plan, state: steered(plan, state, blobs))  # noqa: B023
        assert bits(states) == bits(plain)


@given(
    sampler=st.sampled_from(SAMPLERS),
    at=st.integers(0, 7),
    freeze=st.sets(st.integers(0, 4 * 17 - 1), min_size=1, max_size=40),
    align=st.booleans(),
)
def test_frozen_atoms_never_move_again_and_the_past_stays_as_it_was(
    sampler: Any, at: int, freeze: set[int], align: bool
) -> None:
    plan = compile(replace(FREE, sampler=sampler), align=align)
    plain = run(plan, two_modes)
    at = min(at, len(plain) - 2)
    after, states = changed(plan, two_modes, at, lambda plan, state: steered(plan, state, None, sorted(freeze)))
    assert bits(states[: at + 1]) == bits(plain[: at + 1])
    kept = plain[at].positions[after.fixed].tobytes()
    assert np.flatnonzero(after.fixed).tolist() == sorted(freeze)
    for state in states[at:]:
        assert state.positions[after.fixed].tobytes() == kept == after.anchor[after.fixed].tobytes()
        assert propose(after, state)[after.fixed].tobytes() == kept
        assert np.isfinite(state.positions).all() and not state.failed.any()


def test_the_rest_of_a_molecule_is_read_in_the_frame_of_its_frozen_atoms() -> None:
    """The field's own molecule fits the frozen atoms but lies elsewhere: the others end up beside them."""
    truth = init(compile(replace(FREE, n_samples=1))).positions
    plan = compile(replace(FREE, n_samples=1, sampler="dd"))

    def elsewhere(numbers: np.ndarray, positions: np.ndarray, ptr: np.ndarray) -> np.ndarray:
        return 2 * (truth + np.array([7.0, -3.0, 2.0]) - positions)

    _, states = changed(plan, elsewhere, 0, lambda plan, state: steered(plan, state, None, (0, 1, 2)))
    np.testing.assert_allclose(states[-1].positions, truth, atol=1e-9)


def test_frozen_atoms_join_those_of_a_scaffold() -> None:
    plan = compile(GROWTH)
    first = len(SCAFFOLD.numbers)
    after, states = changed(plan, harmonic, 4, lambda plan, state: steered(plan, state, None, (first, 0)))
    assert after.fixed.sum() == plan.fixed.sum() + 1
    assert states[-1].positions[: first + 1].tobytes() == states[4].positions[: first + 1].tobytes()
    assert after.free_sizes.tolist() == [11, 12, 12, 12]


def test_a_moved_blob_takes_its_atoms_along() -> None:
    blob = replace(PHENOXY, center=(-6.0, 2.0, 1.0), covariance=np.diag([0.4, 2.0, 3.0]), strictness=1e-3)
    plan = compile(replace(GROWTH, steps=100))
    state = init(plan)
    after = steered(plan, state, (blob,))
    x = propose(after, state)
    means = segment_mean(x[after.blobs.atoms], after.blobs.ptr)
    np.testing.assert_allclose(means, [blob.center] * 4, atol=1e-3)
    for m in range(4):
        own = x[after.blobs.atoms[after.blobs.ptr[m] : after.blobs.ptr[m + 1]]]
        np.testing.assert_allclose(np.cov(own.T, bias=True), blob.covariance, atol=1e-2)
    np.testing.assert_array_equal(plan.blobs.center, [PHENOXY.center] * 4)


def test_each_of_several_blobs_is_moved_in_every_molecule() -> None:
    left, right = Blob(numbers=(6, 1, 1, 1), center=(-3, 0, 0)), Blob(heavy_atoms=2, center=(2, 1, 0))
    plan = compile(Spec((left, right), n_samples=3, steps=200))
    moved = replace(right, center=(2.0, 9.0, 0.0))
    after, states = changed(plan, still, 0, lambda plan, state: steered(plan, state, (left, moved)))
    means = segment_mean(states[1].positions[after.blobs.atoms], after.blobs.ptr)
    np.testing.assert_allclose(means, [left.center, moved.center] * 3, atol=0.3)


def test_a_free_molecule_can_be_given_a_place_and_let_go_again() -> None:
    plan = compile(FREE)
    state = init(plan)
    placed = steered(plan, state, (replace(FREE.blobs[0], placed=True, center=(9.0, 0.0, 0.0)),))
    assert (placed.blobs.hold == Hold.PLACED).all()
    np.testing.assert_array_equal(placed.blobs.covariance[0], typical_covariance(17))
    np.testing.assert_allclose(segment_mean(propose(placed, state), plan.ptr)[:, 0], 9.0 * (1 - 1 / 8), atol=1e-9)
    free = steered(placed, state, FREE.blobs)
    assert (free.blobs.hold == Hold.NONE).all()
    assert propose(free, state).tobytes() == propose(plan, state).tobytes()


def test_a_drawn_shape_stays_as_it_was_drawn() -> None:
    spec = Spec.from_formula("C7H8O2", n=3, shape="rod")
    plan = compile(spec)
    after = steered(plan, init(plan), (replace(spec.blobs[0], strictness=3.0),))
    np.testing.assert_array_equal(after.blobs.covariance, plan.blobs.covariance)
    assert after.blobs.strictness.tolist() == [3.0] * 3


PHENOL = replace(PHENOXY, numbers=(*(PHENOXY.numbers or ()), 1))


@pytest.mark.parametrize(
    ("spec", "blobs", "freeze", "field", "words"),
    [
        (GROWTH, (replace(PHENOXY, covariance=-np.eye(3)),), (), "blobs.0.covariance", "positive definite"),
        (GROWTH, (replace(PHENOXY, covariance=np.eye(2)),), (), "blobs.0.covariance", "3 × 3"),
        (GROWTH, (replace(PHENOXY, center=(np.nan, 0, 0)),), (), "blobs.0.center", "finite"),
        (GROWTH, (replace(PHENOXY, strictness=0.0),), (), "blobs.0.strictness", "more than 0"),
        (GROWTH, (PHENOXY, PHENOXY), (), "blobs", "as many as the run has, 1, got 2"),
        (GROWTH, (), (), "blobs", "as many as the run has, 1, got 0"),
        (GROWTH, (PHENOL,), (), "blobs.0.formula", "C6H5O, got C6H6O"),
        (RANDOM, (Blob(heavy_atoms=5),), (), "blobs.0.heavy_atoms", "as many as the blob has, 4, got 5"),
        (GROWTH, (replace(PHENOXY, placed=False, covariance=None, shape="rod"),), (), "blobs.0.shape", "covariance"),
        (GROWTH, None, (0, 72), "freeze", "from 0 to 71, got 72"),
        (GROWTH, None, (-1,), "freeze", "from 0 to 71, got -1"),
        (FREE, None, range(17, 34), "freeze", "none of molecule 1"),
    ],
)
def test_what_cannot_be_is_refused_by_its_name(
    spec: Spec, blobs: tuple[Blob, ...] | None, freeze: tuple[int, ...], field: str, words: str
) -> None:
    plan = compile(spec)
    with pytest.raises(InputError) as caught:
        check_steering(plan, blobs, freeze)
    assert caught.value.field == field and words in str(caught.value)
    with pytest.raises(InputError):
        steered(plan, init(plan), blobs, freeze)
