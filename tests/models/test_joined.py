"""Runs that take their steps together end, bit for bit, where each would alone."""

import pickle
from dataclasses import fields, replace

import numpy as np
import pytest
from force_fields import harmonic

from gpff.errors import InputError
from gpff.joined import Joined, kind
from gpff.molecules import Floats, Ints, pointers
from gpff.plan import Plan, compile
from gpff.samplers import ForceFn, State, advance, evaluate, finished, init, propose
from gpff.spec import Blob, Scaffold, Spec

METHYL = Scaffold(
    np.array([6, 1, 1, 1]), np.array([[0, 0, 0], [-0.4, 1, 0], [-0.4, -0.5, 0.9], [-0.4, -0.5, -0.9]]), attach=(0,)
)
PLACED = Blob(numbers=(6, 8, 1), center=(2.0, 0.5, 0.0), covariance=np.diag([1.5, 0.8, 0.4]), strictness=1.7)
RUNS = (
    Spec.from_formula("C2H6O", n=3, steps=7, seed=1),
    Spec.from_formula("CH4", n=1, steps=4, seed=2),
    Spec((PLACED,), METHYL, n_samples=2, steps=9, seed=3, noise=0.2, noise_power=0.6, step_length=1.4),
    Spec((replace(PLACED, numbers=(6, 8, 1, 1), placed=False),), n_samples=2, steps=5, seed=4),
)


def soft(numbers: Ints, positions: Floats, ptr: Ints) -> Floats:
    """So that DD too has something to do in every step."""
    return 0.5 * harmonic(numbers, positions, ptr)


def spoilt(numbers: Ints, positions: Floats, ptr: Ints) -> Floats:
    """What no molecule with oxygen can take."""
    return np.where(numbers[:, None] == 8, np.nan, soft(numbers, positions, ptr))


def alone(plan: Plan, steps: int, forces: ForceFn = soft) -> State:
    state = init(plan)
    while not finished(plan, state) and state.step < steps:
        x = propose(plan, state)
        state = advance(plan, state, x, evaluate(forces, plan, state, x))
    return state


def assert_same(one: State, other: State) -> None:
    for field in fields(State):
        np.testing.assert_array_equal(getattr(one, field.name), getattr(other, field.name), field.name)


@pytest.mark.parametrize("forces", [soft, spoilt])
@pytest.mark.parametrize("sampler", ["sdd", "dd"])
def test_runs_at_different_steps_keep_their_bits(sampler: str, forces: ForceFn) -> None:
    plans = [compile(replace(spec, sampler=sampler)) for spec in RUNS]  # type: ignore[arg-type]
    states = [alone(plan, begun, forces) for plan, begun in zip(plans, (0, 2, 1, 3), strict=True)]
    joined = Joined(plans)
    for _ in range(2):
        x = joined.propose(states)
        numbers, positions, sizes = joined.question(states, x)
        states = joined.advance(states, x, forces(numbers, positions, pointers(sizes)))
    for plan, state, at in zip(plans, states, (2, 4, 3, 5), strict=True):
        assert_same(replace(state, step=at), replace(alone(plan, at, forces), step=at))


def test_a_run_may_have_been_set_back_in_between() -> None:
    plans = [compile(spec) for spec in RUNS[:2]]
    states = first = [init(plan) for plan in plans]
    joined = Joined(plans)
    for at in (0, 1):
        x = joined.propose(states)
        numbers, positions, sizes = joined.question(states, x)
        states = joined.advance(states, x, soft(numbers, positions, pointers(sizes)))
        if at == 0:
            states = [first[0], states[1]]
    assert [state.step for state in states] == [1, 2]
    for plan, state in zip(plans, states, strict=True):
        assert_same(state, alone(plan, state.step))


def test_who_is_active_is_the_same_array_until_that_changes() -> None:
    plans = [compile(spec) for spec in RUNS[:2]]
    states = [init(plan) for plan in plans]
    joined = Joined(plans)
    for broken in (False, True):
        x = joined.propose(states)
        numbers, positions, sizes = joined.question(states, x)
        forces = soft(numbers, positions, pointers(sizes))
        if broken:
            forces[0] = np.nan
            joined = Joined([replace(plan, noise=0.0) for plan in plans])  # which is too little to ask again
        after = joined.advance(states, x, forces)
        if broken:
            assert after[0].active.tolist() == [False, True, True] and after[0].failed.tolist() == [True, False, False]
        else:
            assert all(b.active is a.active for a, b in zip(states, after, strict=True))
        states = after


def test_walks_go_alone_and_states_must_fit() -> None:
    plan = compile(replace(RUNS[0], sampler="heun"))
    assert kind(plan, init(plan)) is None
    other = compile(RUNS[1])
    assert kind(other, init(other)) == ("sdd", True)
    with pytest.raises(InputError, match="state: expected 27 atoms in 3 molecules, got 5 in 1"):
        kind(plan, init(other))


@pytest.mark.parametrize("sampler", ["sdd", "as_heun"])
def test_states_survive_a_pickle(sampler: str) -> None:
    plan = compile(replace(RUNS[2], sampler=sampler))  # type: ignore[arg-type]
    state = alone(plan, 3)
    copy = pickle.loads(pickle.dumps(state, protocol=5))
    walk, walked = copy.walk, state.walk
    assert_same(replace(copy, walk=None), replace(state, walk=None))
    assert (walk is None) == (walked is None)
    if walk is not None:
        np.testing.assert_array_equal(walk.sigma, walked.sigma)
    x = propose(plan, copy)
    np.testing.assert_array_equal(x, propose(plan, state))
    assert advance(plan, copy, x, harmonic(plan.numbers, x, plan.ptr)).step == 4
