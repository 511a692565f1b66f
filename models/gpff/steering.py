"""Steering: what a run is asked to become, changed between two of its steps.

A plan is all that does not change while a run runs; steering gives another plan for the same state. Blobs are moved or
reshaped (each keeps its atoms), and atoms are fixed where they are::

    check_steering(plan, blobs, freeze)                  # refuses what cannot be
    plan = steered(plan, state, blobs, freeze)
    state = advance(plan, state, propose(plan, state), …)

A frozen atom is one of a scaffold from then on: forces are read in its frame, and neither noise nor constraints
move it. It still counts as an atom of its blob, whose shape is that of all its atoms. A steered plan belongs to its
state; `init` begins from plans as they were compiled.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from gpff.composition import formula
from gpff.constraints import Blobs, Hold
from gpff.errors import InputError
from gpff.molecules import Bools, segment_sum
from gpff.plan import Plan, hold_of, windowed
from gpff.samplers import State
from gpff.shape import typical_covariance
from gpff.spec import Blob, check_blob


def check_steering(plan: Plan, blobs: Sequence[Blob] | None, freeze: Sequence[int] = ()) -> None:
    """Raise `InputError` for the first thing that a run of `plan` cannot be steered to.

    Args:
        blobs: as many as each molecule has, in their order, of the same atoms; None: they stay as they are.
        freeze: indices from 0 to `n_atoms - 1`; every molecule keeps at least one atom that moves.
    """
    if blobs is not None:
        _check_count(plan, len(blobs))
        for i, blob in enumerate(blobs):
            check_blob(blob, f"blobs.{i}")
            _check_atoms(plan, slice(i, None, len(blobs)), f"blobs.{i}", blob)
            if blob.shape is not None and (plan.blobs.hold[i :: len(blobs)] != Hold.SHAPE).any():
                raise InputError(f"blobs.{i}.shape", "a covariance: shapes are drawn before a run", str(blob.shape))
    outside = [atom for atom in freeze if not 0 <= atom < plan.n_atoms]
    if outside:
        raise InputError("freeze", f"indices of atoms from 0 to {plan.n_atoms - 1}", str(outside[0]))
    stuck = np.flatnonzero(segment_sum((~_frozen(plan, freeze)).astype(np.int64), plan.ptr) == 0)
    if len(stuck):
        raise InputError("freeze", "at least one atom of every molecule that moves", f"none of molecule {stuck[0]}")


def steered(plan: Plan, state: State, blobs: Sequence[Blob] | None, freeze: Sequence[int] = ()) -> Plan:
    """The plan that a run at `state` goes on with. Arguments and errors are those of `check_steering`."""
    check_steering(plan, blobs, freeze)
    fixed = _frozen(plan, freeze)
    after = replace(
        plan,
        fixed=fixed,
        anchor=np.where((fixed & ~plan.fixed)[:, None], state.positions, plan.anchor),
        blobs=plan.blobs if blobs is None else _reshaped(plan, blobs),
    )
    return after if blobs is None else windowed(after)


def _frozen(plan: Plan, freeze: Sequence[int]) -> Bools:
    fixed = plan.fixed.copy()
    fixed[np.asarray(freeze, dtype=np.int64)] = True
    return fixed


def _check_count(plan: Plan, n_blobs: int) -> None:
    counts = np.bincount(plan.blobs.molecule, minlength=plan.n_molecules)
    if (counts != n_blobs).any():
        raise InputError("blobs", f"as many as the run has, {counts.max()}", str(n_blobs))


def _check_atoms(plan: Plan, rows: slice, field: str, blob: Blob) -> None:
    """The blob must have the atoms that it has in every molecule of the plan."""
    starts, stops = plan.blobs.ptr[:-1][rows].tolist(), plan.blobs.ptr[1:][rows].tolist()
    for start, stop in zip(starts, stops, strict=True):
        numbers = plan.numbers[plan.blobs.atoms[start:stop]]
        if blob.numbers is not None and blob.numbers != tuple(numbers.tolist()):
            raise InputError(f"{field}.formula", f"the blob's own atoms, {formula(numbers)}", formula(blob.numbers))
        heavy = int(np.count_nonzero(numbers > 1))
        if blob.heavy_atoms not in (None, heavy):
            raise InputError(f"{field}.heavy_atoms", f"as many as the blob has, {heavy}", str(blob.heavy_atoms))


def _reshaped(plan: Plan, blobs: Sequence[Blob]) -> Blobs:
    old, n = plan.blobs, plan.n_molecules
    covariance = old.covariance.copy()
    sizes = np.diff(old.ptr)
    for i, blob in enumerate(blobs):
        rows = slice(i, None, len(blobs))
        if blob.covariance is not None:
            covariance[rows] = (blob.covariance + blob.covariance.T) / 2.0
        elif blob.placed:
            covariance[rows] = [typical_covariance(int(size)) for size in sizes[rows]]
    return replace(
        old,
        hold=np.tile(np.array([hold_of(blob) for blob in blobs], dtype=np.int64), n),
        center=np.tile(np.array([blob.center for blob in blobs], dtype=np.float64), (n, 1)),
        covariance=covariance,
        strictness=np.tile(np.array([blob.strictness for blob in blobs]), n),
    )
