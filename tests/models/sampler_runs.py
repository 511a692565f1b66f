"""Runs of samplers on fields with known answers, and the specs that most tests run."""

import numpy as np

from gpff.composition import parse_formula
from gpff.molecules import Floats
from gpff.samplers import ForceFn, Plan, State, advance, evaluate, finished, init, propose
from gpff.spec import Blob, Scaffold, Spec

SCAFFOLD = Scaffold(
    numbers=[6, 6, 8, 1, 1, 1],
    positions=[[0.1, 0, 0], [1.5, 0, 0], [2.1, 1 / 3, 0], [-0.4, 1, 0], [-0.4, -0.5, 0.9], [-0.4, -0.5, -0.9]],
    attach=(1,),
)
PHENOXY = Blob(
    numbers=tuple(parse_formula("C6H5O").tolist()),
    center=(4.0, -1.0, 0.5),
    covariance=np.diag([2.6, 1.3, 0.3]),
)
GROWTH = Spec((PHENOXY,), SCAFFOLD, n_samples=4, steps=8, seed=5, step_length=1.0)
FREE = Spec.from_formula("C7H8O2", n=4, steps=8, seed=5, step_length=1.0)


def run(plan: Plan, forces: ForceFn) -> list[State]:
    states = [init(plan)]
    while not finished(plan, states[-1]):
        x = propose(plan, states[-1])
        states.append(advance(plan, states[-1], x, evaluate(forces, plan, states[-1], x)))
    return states


def geometry(x: Floats) -> Floats:
    return x - x.mean(axis=0)
