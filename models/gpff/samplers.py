"""Samplers that never call a network: pure functions over a frozen state.

::

    state = init(plan)
    while not finished(plan, state):
        x = propose(plan, state)                  # positions to evaluate now
        state = advance(plan, state, x, forces(numbers, x, ptr))

| symbol | variable | meaning |
|---|---|---|
| k, K | `call`, `plan.steps` | network calls, counted from 1 |
| F | `forces [n_atoms, 3]` | pseudo-force `2 (x0 - x)` in Å; the denoised estimate is `x + F/2` |
| λ | `plan.noise` | SDD's noise in Å: before call k, `x ← x + λ (1 - k/K)^p ε` |
| p | `plan.noise_power` | how SDD's noise falls; 1 is the paper's rule |
| η | `plan.step_length` | SDD takes `x ← x + η F/2`; 1 is the paper's rule, more where calls are few (`schedules`) |
| γ_k | in `constraints` | the share of a blob's constraint: `(1 - k/K)^s` |
| σ̂ | `state.sigma_hat` | noise level read off the force: `||F|| / (2 sqrt(dof))` |

**DD** is `x ← x + F(x)/2` until no atom's force reaches `f_max`, or K calls; **SDD** adds the noise and makes
always K calls; the diffusion-side samplers are in `diffusion`. Constraints come after the noise, so that what the
network sees has the shape asked for.

The first answer to a wide cloud is a mean of many molecules, far too small, and where two of its atoms nearly meet an
answer can be anything. SDD does not take one that no molecule fits: the molecule stays, and the noise of the next call
asks anew. Every answer that a molecule could fit is taken as it is.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gpff import diffusion, widths
from gpff.constraints import constrain, matrix_sqrt, relative_forces
from gpff.errors import InputError
from gpff.molecules import Bools, Floats, Ints, pointers, segment_index, segment_mean
from gpff.noise import Stream, normals
from gpff.plan import Plan, compile
from gpff.schedules import default_noise, momentum, noise_scale, stretch

__all__ = [
    "ForceFn",
    "Plan",
    "State",
    "advance",
    "answer",
    "compile",
    "evaluate",
    "finished",
    "init",
    "propose",
    "question",
]

type ForceFn = Callable[[Ints, Floats, Ints], NDArray[np.floating[Any]]]
"""`(numbers [n_atoms], positions [n_atoms, 3] Å, ptr [n_molecules + 1]) -> forces [n_atoms, 3]` in Å."""

MAX_COORDINATE = 1e3
"""A molecule with an atom farther than this (Å) from the origin has run away."""
START_SIGMA = 0.2
"""How far, in Å, atoms that begin somewhere are taken to be from where they belong."""
MAX_FORCE = 1e4
"""A molecule with a larger force (Å) on any atom has run away."""
REACH = (4.0, 0.8)
"""No molecule of n atoms reaches farther from its centre than `4 + 0.8 n` Å: half of a long bond an atom, in a line."""
CLOCKED = ("steps", "noise", "noise_power", "step_length", "f_max")
"""Settings of a plan in which runs that are joined may differ: the fields of a `Clock` after its call."""
ASK_AGAIN = 0.1
"""SDD's noise in Å from which on it is worth asking anew; with less, a molecule without a fitting answer fails. Where
calls are few there is less noise from the beginning, and less is asked for."""


@dataclass(frozen=True, eq=False)
class State:
    """A run after `step` network calls.

    `positions [n_atoms, 3]` Å: after the last update, what is shown; always finite. Per molecule: `active`
    (still to be evaluated), `sigma_hat` Å, `rms_force` Å (over free atoms; before the first call both are
    what the prior lets expect), `nfe` (network calls used), `failed` (the force was not finite or the
    molecule ran away, and asking again was of no use; it keeps its last good positions). `walk`: the memory of a
    diffusion-side sampler. `last_move [n_atoms, 3]` Å: SDD's, where it goes farther than to its answers.
    """

    positions: Floats
    step: int
    active: Bools
    sigma_hat: Floats
    rms_force: Floats
    nfe: Ints
    failed: Bools
    walk: diffusion.Walk | None = None
    last_move: Floats | None = None

    @cached_property
    def all_active(self) -> bool:
        """Whether every molecule is still to be evaluated."""
        return bool(self.active.all())

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled as one piece of bytes: arrays one by one take longer than a molecule's share of the network."""
        parts = self.positions, self.sigma_hat, self.rms_force, self.nfe, self.active, self.failed
        data = b"".join([part.tobytes() for part in parts])
        return _unpickled, (len(self.positions), len(self.active), self.step, self.walk, self.last_move, data)


def _unpickled(
    n_atoms: int, n: int, step: int, walk: diffusion.Walk | None, last_move: Floats | None, data: bytes
) -> State:
    """The state of `n` molecules; its arrays cannot be written to."""
    end = 24 * n_atoms
    return State(
        np.ndarray((n_atoms, 3), np.float64, data),
        step,
        np.ndarray(n, np.bool_, data, end + 24 * n),
        np.ndarray(n, np.float64, data, end),
        np.ndarray(n, np.float64, data, end + 8 * n),
        np.ndarray(n, np.int64, data, end + 16 * n),
        np.ndarray(n, np.bool_, data, end + 25 * n),
        walk,
        last_move,
    )


@dataclass(frozen=True, eq=False)
class Clock:
    """What a run's call k and its settings are, for each molecule: all `[n_molecules]`.

    `call`: k, counted from 1; `steps`: K; `noise`: λ in Å; `noise_power`: p; `step_length`: η; `f_max` in Å.
    Molecules of several runs may stand side by side in one plan (`gpff.joined`), each with its own.
    """

    call: Ints
    steps: Ints
    noise: Floats
    noise_power: Floats
    step_length: Floats
    f_max: Floats

    @cached_property
    def noise_now(self) -> Floats:
        """SDD's noise before this call: `[n_molecules]` Å."""
        return noise_scale(self.noise, self.noise_power, self.call, self.steps)

    @cached_property
    def strides(self) -> bool:
        """Whether some molecule's η is not 1."""
        return bool((self.step_length != 1.0).any())

    @cached_property
    def stretch(self) -> Floats:
        """η of SDD at this call: `[n_molecules]`."""
        return stretch(self.step_length, self.call, self.steps)

    @cached_property
    def momentum(self) -> Floats:
        """β of SDD at this call: `[n_molecules]`."""
        return momentum(self.step_length, self.call, self.steps)

    def tick(self) -> Clock:
        """The next call."""
        return replace(self, call=self.call + 1)

    @staticmethod
    def of(plan: Plan, state: State) -> Clock:
        """Of one run, whose molecules are all at the same call."""
        values = [state.step + 1, *(getattr(plan, name) for name in CLOCKED)]
        return Clock(*(np.full(plan.n_molecules, value) for value in values))


def init(plan: Plan) -> State:
    """Step 0: every blob's draw from its prior, or where it begins; the scaffold where it stays."""
    blobs, n = plan.blobs, plan.n_molecules
    draw = normals(plan.keys, plan.free_sizes, Stream.PRIOR)
    owner = segment_index(blobs.ptr)
    offset = np.einsum("nij,nj->ni", matrix_sqrt(blobs.covariance)[owner], draw)
    # Beside a scaffold a blob's centre is a real degree of freedom; alone it would only shift the molecule.
    loose = plan.anchored[blobs.molecule][:, None]
    offset = offset - np.where(loose, 0.0, segment_mean(offset, blobs.ptr))[owner]
    positions = plan.anchor.copy()
    positions[blobs.atoms] = blobs.center[owner] + offset
    begun = np.isfinite(plan.start).all(axis=1)
    positions[begun] = plan.start[begun]
    variance = np.trace(blobs.covariance, axis1=1, axis2=2) / 3.0
    variance = np.where(begun[blobs.atoms[blobs.ptr[:-1]]], START_SIGMA**2, variance)
    sigma = np.sqrt(segment_mean(variance[owner], pointers(plan.free_sizes)))
    return State(
        positions=positions,
        step=0,
        active=np.ones(n, dtype=bool),
        sigma_hat=sigma,
        rms_force=2.0 * np.sqrt(3.0) * sigma,
        nfe=np.zeros(n, dtype=np.int64),
        failed=np.zeros(n, dtype=bool),
        walk=diffusion.begin(plan.sampler, plan.steps, sigma, plan.n_atoms) if _diffuses(plan) else None,
    )


def propose(plan: Plan, state: State) -> Floats:
    """Positions `[n_atoms, 3]` to evaluate now: noise, then constraints; what is fixed or inactive stays.

    A pure function: the noise is named by the molecule's key and the call, so asking twice gives the same.
    """
    return propose_at(plan, state, Clock.of(plan, state))


def propose_at(plan: Plan, state: State, clock: Clock) -> Floats:
    """`propose` of molecules that are each at a call of their own."""
    positions = state.positions
    if plan.sampler == "sdd":
        positions = positions + plan.molecules.spread(clock.noise_now[:, None]) * _noise(plan, clock.call)
    elif state.walk is not None and state.walk.inject.any():
        positions = positions + state.walk.inject[plan.mol_idx][:, None] * _noise(plan, clock.call)
    positions = constrain(plan.blobs, positions, clock.call, clock.steps)
    return _where(plan, state.active, positions, state.positions)


def advance(plan: Plan, state: State, proposal: Floats, forces: NDArray[np.floating[Any]]) -> State:
    """The state after the network's answer `forces [n_atoms, 3]` to `proposal [n_atoms, 3]`: `x ← x + F/2`.

    Rows of inactive molecules are not read. A molecule whose forces are not finite, or that runs away, fails
    alone, unless it is SDD's and asks again. Raises `InputError` for arrays of another shape.
    """
    return advance_at(plan, state, Clock.of(plan, state), proposal, forces)


def advance_at(plan: Plan, state: State, clock: Clock, proposal: Floats, forces: NDArray[np.floating[Any]]) -> State:
    """`advance` of molecules that are each at a call of their own; those of a diffusion-side sampler are of one run."""
    for name, array in (("proposal", proposal), ("forces", forces)):
        if array.shape != (plan.n_atoms, 3):
            raise InputError(name, f"shape ({plan.n_atoms}, 3)", f"shape {array.shape}")
    live, sane = state.active, _largest(forces) <= MAX_FORCE
    if not sane:
        live = live & plan.molecules.all((np.abs(forces) <= MAX_FORCE).all(axis=1))  # what is not finite is not
    finite = np.asarray(forces, dtype=np.float64)
    if not (sane and state.all_active):
        finite = np.where(live[plan.mol_idx][:, None], finite, 0.0)
    relative = relative_forces(proposal, finite, plan.fixed, plan.molecules, plan.align, plan.seen)
    squares = np.einsum("ni,ni->n", relative, relative)
    total = plan.molecules.sum(squares)
    sigma_hat = np.sqrt(total / plan.degrees_of_freedom) / 2.0
    taken = relative / 2.0
    strides = plan.sampler == "sdd" and clock.strides
    if strides:
        taken *= plan.molecules.spread(clock.stretch)[:, None]
        if state.last_move is not None:
            taken += plan.molecules.spread(clock.momentum)[:, None] * state.last_move
    moved, walk, ends, again = proposal + taken, None, None, None
    if plan.sampler == "dd":
        ends = plan.molecules.max(squares) < clock.f_max**2
    if state.walk is not None:
        led = _led(plan, state.walk, proposal, relative)
        moved, walk, ends = diffusion.move(plan.sampler, plan.steps, state.walk, plan.mol_idx, proposal, led, sigma_hat)
    far = _largest(moved)
    if not far <= MAX_COORDINATE:
        live = live & plan.molecules.all((np.abs(moved) <= MAX_COORDINATE).all(axis=1))
    if plan.sampler == "sdd" and not (live is state.active and _narrow(plan, far)):
        fits = _fits(plan, proposal, moved)
        if live is not state.active or not fits.all():
            again = state.active & ~(live & fits) & (clock.noise_now >= default_noise(ASK_AGAIN, clock.steps))
            live = live & ~again
    smooth = live is state.active  # nothing is wrong anywhere, as most often
    every = smooth and state.all_active
    rms_force = np.sqrt(total / plan.free_sizes)
    failed = state.active & ~live if again is None else state.active & ~live & ~again
    active = live if ends is None or not ends.any() else live & ~ends
    return State(
        positions=_where(plan, live, moved, state.positions),
        step=state.step + 1,
        active=active if again is None else active | again,
        sigma_hat=sigma_hat if every else np.where(live, sigma_hat, state.sigma_hat),
        rms_force=rms_force if every else np.where(live, rms_force, state.rms_force),
        nfe=state.nfe + state.active,
        failed=state.failed if smooth else state.failed | failed,
        walk=walk,
        last_move=(taken if every else _where(plan, live, taken, np.zeros_like(taken))) if strides else None,
    )


def finished(plan: Plan, state: State) -> bool:
    """True when all K calls are made or no molecule is left to evaluate."""
    return state.step >= plan.steps or not (state.all_active or state.active.any())


def evaluate(forces: ForceFn, plan: Plan, state: State, proposal: Floats) -> Floats:
    """Forces `[n_atoms, 3]` of the active molecules' proposals from one call of `forces`, zero elsewhere."""
    numbers, positions, sizes = question(plan, state, proposal)
    if len(sizes) == 0:
        return np.zeros((plan.n_atoms, 3))
    return answer(plan, state, forces(numbers, positions, pointers(sizes)))


def question(plan: Plan, state: State, proposal: Floats) -> tuple[Ints, Floats, Ints]:
    """What the network is asked: numbers, positions and sizes of what it is shown of the active molecules.

    `[n_shown]`, `[n_shown, 3]` Å, `[n_active_molecules]`. Questions of several runs, one after the other, make one
    call.
    """
    if plan.all_seen and state.all_active:
        return plan.numbers, proposal, plan.molecules.sizes
    shown, asked = plan.shown, state.active[plan.shown.molecule]
    positions = np.concatenate([proposal, plan.caps])
    return shown.numbers[asked], positions[shown.rows[asked]], shown.sizes[state.active]


def answer(plan: Plan, state: State, forces: NDArray[np.floating[Any]]) -> Floats:
    """The network's answer `[n_shown, 3]` to a question, spread to `[n_atoms, 3]`: zero where none was asked."""
    if plan.all_seen and state.all_active:
        return np.asarray(forces, dtype=np.float64)
    out = np.zeros((plan.n_atoms + len(plan.caps), 3))
    out[plan.shown.rows[state.active[plan.shown.molecule]]] = forces
    return out[: plan.n_atoms]


def _noise(plan: Plan, call: Ints) -> Floats:
    """Standard normal `[n_atoms, 3]`, centred in molecules without a scaffold; zero on fixed atoms."""
    draw = normals(plan.keys, plan.free_sizes, Stream.NOISE, call)
    if plan.all_free:
        return plan.free.centred(draw)
    mean = np.where(plan.anchored[:, None], 0.0, plan.free.mean(draw))
    out = np.zeros((plan.n_atoms, 3))
    out[~plan.fixed] = draw - plan.free.spread(mean)
    return out


def _largest(values: NDArray[np.floating[Any]]) -> float:
    """The largest distance of a value from zero; NaN, which is below nothing, when one is not a number."""
    return float(np.maximum.reduce(np.abs(values), axis=None, initial=0.0))


def _narrow(plan: Plan, far: float) -> bool:
    """Whether `_fits` is true of all molecules for the reason alone that no coordinate is larger than `far`, Å."""
    return 2.0 * math.sqrt(3.0) * far < REACH[0] + REACH[1] * plan.molecules.smallest


def _fits(plan: Plan, proposal: Floats, estimate: Floats) -> Bools:
    """Molecules whose `estimate [n_atoms, 3]` Å is no wider than one of their size can be, or than the cloud was."""
    bound, reach = REACH[0] + REACH[1] * plan.molecules.sizes, _reach(plan, estimate)
    fits = reach <= bound
    return np.asarray(fits if fits.all() else fits | (reach <= _reach(plan, proposal)))


def _reach(plan: Plan, positions: Floats) -> Floats:
    """Largest distance of an atom from its molecule's centre, `[n_molecules]` Å."""
    centred = plan.molecules.centred(positions)
    return np.sqrt(plan.molecules.max(np.einsum("ni,ni->n", centred, centred)))


def _led(plan: Plan, walk: diffusion.Walk, proposal: Floats, forces: Floats) -> Floats:
    """What a walk is led by: the network's answer, with widths put right where the plan says so."""
    if not plan.widths:
        return forces
    return widths.put_right(proposal, forces, plan.molecules, walk.sigma, plan.unheld & (walk.top >= widths.WIDE))


def _diffuses(plan: Plan) -> bool:
    return plan.sampler in diffusion.DIFFUSION


def _where(plan: Plan, molecules: Bools, new: Floats, old: Floats) -> Floats:
    """`new [n_atoms, 3]` on the free atoms of `molecules`, `old` everywhere else, bit for bit."""
    if plan.all_free and molecules.all():
        return new
    return np.where((molecules[plan.mol_idx] & ~plan.fixed)[:, None], new, old)
