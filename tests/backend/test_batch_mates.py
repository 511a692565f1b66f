"""The shipped network: a molecule's steps are its own, whoever shares the calls."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from test_engine import done, of, run

import gpff
from gpff.checkpoint import Model
from gpff.plan import compile
from gpff.samplers import State, advance, evaluate, finished, init, propose
from gpff.spec import Blob, Scaffold, Spec
from studio.engine.engine import Engine
from studio.engine.messages import Snapshot, Start
from studio.engine.scheduler import Scheduler

TOLERANCE = 1e-4  # Å, in one step
FORMULAS = ("CH4", "C2H6O", "C7H8O2", "C6H6", "C4H9N", "C9H20")
PHENOXY = Blob(numbers=(6,) * 6 + (1,) * 5 + (8,), center=(4.0, -1.0, 0.5), covariance=np.diag([2.6, 1.3, 0.3]))
METHYL = Scaffold(
    np.array([6, 1, 1, 1]), np.array([[0, 0, 0], [-0.4, 1, 0], [-0.4, -0.5, 0.9], [-0.4, -0.5, -0.9]]), attach=(0,)
)


@pytest.fixture(scope="module")
def model() -> Model:
    return gpff.load()


def free(sampler: Any) -> Spec:
    return Spec.from_formula("C7H8O2", n=3, steps=16, sampler=sampler, seed=11)


def mates(rng: np.random.Generator) -> list[Start]:
    """Jobs of any formula and length; some are over soon."""
    made = []
    for i in range(6):
        n, steps, seed = (int(value) for value in rng.integers((1, 1, 0), (5, 20, 99)))
        spec = Spec.from_formula(str(rng.choice(FORMULAS)), n=n, steps=steps, seed=seed)
        made.append(Start(100 + i, f"mate {i}", compile(replace(spec, sampler=("sdd", "heun")[i % 2]))))
    return made


@pytest.mark.parametrize(
    "spec",
    [free("sdd"), free("dd"), free("as_heun"), Spec((PHENOXY,), METHYL, n_samples=2, steps=16, seed=4)],
    ids=["sdd", "dd", "heun", "scaffold"],
)
def test_steps_with_and_without_random_mates_agree(model: Model, spec: Spec) -> None:
    plan, crowd = compile(spec), mates(np.random.default_rng(spec.seed))
    engine = Engine(model.forces, Scheduler(12_000, 16, 16))
    events = run(engine, [*crowd[:3], Start(1, "client", plan), *crowd[3:]])
    told = [event.state for event in of(events, Snapshot, 1)] + [done(events, 1).last.state]
    assert len(told) > 8

    def alone(state: State) -> State:
        x = propose(plan, state)
        return advance(plan, state, x, evaluate(model.forces, plan, state, x))

    for before, after in pairwise(told):
        again = alone(before)
        np.testing.assert_allclose(again.positions, after.positions, rtol=0, atol=TOLERANCE)
        np.testing.assert_array_equal(again.active, after.active)
    state = init(plan)
    while not finished(plan, state):
        state = alone(state)
    np.testing.assert_allclose(state.positions, told[-1].positions, rtol=0, atol=TOLERANCE * len(told))
