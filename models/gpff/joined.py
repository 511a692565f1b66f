"""Several runs taken through a step as one: what a step costs besides the network hardly grows with their number.

Runs may be joined that differ in nothing but their molecules, their step and the numbers K, λ, p and f_max::

    joined = Joined(plans)                                # of runs with equal `kind`
    x = joined.propose(states)
    states = joined.advance(states, x, forces(*joined.question(states, x)))

Every molecule gets the same bits as in a run of its own: sums go over one molecule at a time, and noise is named.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gpff import samplers
from gpff.errors import InputError
from gpff.molecules import Floats, Ints, pointers
from gpff.plan import Plan
from gpff.samplers import CLOCKED, Clock, State

type Kind = tuple[str, bool]


def kind(plan: Plan, state: State) -> Kind | None:
    """Runs of the same kind may be joined; None: this one may not (the walk of a diffusion-side sampler is its own).

    Raises `InputError` when the state is not one of the plan's.
    """
    sizes = (len(state.positions), len(state.active))
    if sizes != (plan.n_atoms, plan.n_molecules):
        raise InputError("state", f"{plan.n_atoms} atoms in {plan.n_molecules} molecules", "{} in {}".format(*sizes))
    return None if state.walk is not None else (plan.sampler, plan.align)


class Joined:
    """Runs of `plans`, all of one kind, as one. It remembers the states that it gave last, so that those cost nothing
    to put together again."""

    def __init__(self, plans: Sequence[Plan]) -> None:
        self.plans = tuple(plans)
        atoms = pointers([plan.n_atoms for plan in plans]).tolist()
        molecules = pointers([plan.n_molecules for plan in plans]).tolist()
        self._atoms = [slice(*ends) for ends in pairwise(atoms)]
        self._molecules = [slice(*ends) for ends in pairwise(molecules)]
        self._counts = np.diff(molecules)
        like = plans[0]
        same = [replace(plan, **{name: getattr(like, name) for name in CLOCKED}) for plan in plans]
        self._plan = Plan.cat(same) if len(plans) > 1 else like
        self._settings = [np.repeat([getattr(plan, name) for plan in plans], self._counts) for name in CLOCKED]
        self._given: tuple[State, ...] = ()
        self._whole: tuple[State, Clock] | None = None

    def propose(self, states: Sequence[State]) -> Floats:
        """Positions to evaluate now, `[n_atoms, 3]` Å of all runs; see `samplers.propose`."""
        return samplers.propose_at(self._plan, *self._join(states))

    def question(self, states: Sequence[State], proposal: Floats) -> tuple[Ints, Floats, Ints]:
        """What the network is asked; see `samplers.question`."""
        return samplers.question(self._plan, self._join(states)[0], proposal)

    def advance(self, states: Sequence[State], proposal: Floats, forces: NDArray[np.floating[Any]]) -> list[State]:
        """The state of each run after the network's answer to the question; see `samplers.advance`.

        Where all molecules of all runs go on, each run's `active` is the very array that it was before.
        """
        whole, clock = self._join(states)
        answer = samplers.answer(self._plan, whole, forces)
        after = samplers.advance_at(self._plan, whole, clock, proposal, answer)
        apart = [after] if len(states) == 1 else self._apart(states, whole, after)
        self._given, self._whole = tuple(apart), (after, clock.tick())
        return apart

    def _join(self, states: Sequence[State]) -> tuple[State, Clock]:
        """All states as one, and what call each molecule is at. The `step` of several means nothing."""
        if self._whole is not None and all(a is b for a, b in zip(self._given, states, strict=True)):
            return self._whole
        whole = states[0]
        if len(states) > 1:
            whole = State(
                positions=np.concatenate([state.positions for state in states]),
                step=0,
                active=np.concatenate([state.active for state in states]),
                sigma_hat=np.concatenate([state.sigma_hat for state in states]),
                rms_force=np.concatenate([state.rms_force for state in states]),
                nfe=np.concatenate([state.nfe for state in states]),
                failed=np.concatenate([state.failed for state in states]),
                last_move=_together([state.last_move for state in states], self._atoms),
            )
        call = np.repeat([state.step + 1 for state in states], self._counts)
        self._given, self._whole = tuple(states), (whole, Clock(call, *self._settings))
        return self._whole

    def _apart(self, states: Sequence[State], whole: State, after: State) -> list[State]:
        """The runs' own parts of the state that follows `whole`."""
        lasting, unhurt = after.active is whole.active, after.failed is whole.failed
        return [
            State(
                after.positions[atoms],
                before.step + 1,
                before.active if lasting else after.active[molecules],
                after.sigma_hat[molecules],
                after.rms_force[molecules],
                after.nfe[molecules],
                before.failed if unhurt else after.failed[molecules],
                last_move=None if after.last_move is None or plan.step_length == 1.0 else after.last_move[atoms],
            )
            for plan, before, atoms, molecules in zip(self.plans, states, self._atoms, self._molecules, strict=True)
        ]


def _together(parts: Sequence[Floats | None], atoms: Sequence[slice]) -> Floats | None:
    """One array `[n_atoms, 3]`, zero where there is no part; None where there is none at all."""
    if all(part is None for part in parts):
        return None
    whole = np.zeros((atoms[-1].stop, 3))
    for part, rows in zip(parts, atoms, strict=True):
        if part is not None:
            whole[rows] = part
    return whole
