"""From a spec to a plan: everything about a run that does not change while it runs.

A plan holds many molecules, ragged, and each of them is complete in itself: its atoms, its blobs and its
random key `(seed, molecule)`. Plans of equal settings can therefore be cut and joined at will.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any

import numpy as np

from gpff.constraints import Blobs, Hold
from gpff.draws import common_covariance, compositions, drawn_covariance
from gpff.errors import InputError
from gpff.molecules import Bools, Floats, Ints, Segments, pointers
from gpff.schedules import default_step_length, noise_of
from gpff.spec import SCHEDULED, Blob, Limits, Sampler, Spec, validate
from gpff.window import LARGEST, Window, window

SETTINGS = ("sampler", "steps", "noise", "noise_power", "step_length", "f_max", "align", "windows", "widths")
"""What all molecules of a plan have in common."""


@dataclass(frozen=True, eq=False)
class Shown:
    """What the network is shown of a plan: `rows [n_shown]` of its atoms with all caps behind them, the `molecule
    [n_shown]` and the `numbers [n_shown]` of each, and the `sizes [n_molecules]`."""

    rows: Ints
    molecule: Ints
    numbers: Ints
    sizes: Ints


@dataclass(frozen=True, eq=False)
class Plan:
    """A compiled spec. Atom order of a molecule: the scaffold's as given, then each blob's.

    `numbers [n_atoms]`; `ptr [n_molecules + 1]`; `fixed [n_atoms]`: scaffold atoms; `anchor [n_atoms, 3]` Å:
    where those are (zero elsewhere); `start [n_atoms, 3]` Å: where the others begin, NaN where a draw from the prior
    says; `blobs`: who belongs to which blob and how it is held; `keys
    [n_molecules, 2]`: seed and molecule. `noise` is λ in Å, `f_max` in Å; `align` also reads predictions in
    the scaffold's orientation. `sites [n_atoms]`: open atoms of scaffolds; `seen [n_atoms]`: what the network is shown,
    with hydrogens at `caps [n_caps, 3]` Å in the place of the rest; `caps_ptr [n_molecules + 1]`: whose they are;
    `windows`: whether any of it may be hidden at all; `widths`: whether the sampler puts widths right (`gpff.widths`).
    """

    numbers: Ints
    ptr: Ints
    fixed: Bools
    anchor: Floats
    start: Floats
    blobs: Blobs
    keys: Ints
    sampler: Sampler
    steps: int
    noise: float
    noise_power: float
    step_length: float
    f_max: float
    sites: Bools
    seen: Bools
    caps: Floats
    caps_ptr: Ints
    align: bool = False
    windows: bool = True
    widths: bool = False

    @property
    def settings(self) -> tuple[Any, ...]:
        """The values of `SETTINGS`: plans that have the same ones can be joined."""
        return tuple(getattr(self, name) for name in SETTINGS)

    @property
    def n_molecules(self) -> int:
        """Molecules in the plan."""
        return len(self.ptr) - 1

    @property
    def n_atoms(self) -> int:
        """Atoms in the plan."""
        return len(self.numbers)

    @cached_property
    def molecules(self) -> Segments:
        """Which atoms each molecule has."""
        return Segments(self.ptr)

    @property
    def mol_idx(self) -> Ints:
        """The molecule each atom belongs to: `[n_atoms]`."""
        return self.molecules.index

    @cached_property
    def free(self) -> Segments:
        """Which of the atoms that are not fixed each molecule has."""
        return Segments(pointers(np.add.reduceat(~self.fixed, self.ptr[:-1], dtype=np.int64)))

    @property
    def free_sizes(self) -> Ints:
        """Atoms of each molecule that are not fixed: `[n_molecules]`."""
        return self.free.sizes

    @cached_property
    def all_free(self) -> bool:
        """Whether no atom is fixed."""
        return not self.fixed.any()

    @cached_property
    def anchored(self) -> Bools:
        """Molecules with a scaffold: `[n_molecules]`."""
        return self.free_sizes < self.molecules.sizes

    @cached_property
    def unheld(self) -> Bools:
        """Molecules without a scaffold that no blob holds in any way: `[n_molecules]`."""
        held = np.bincount(self.blobs.molecule, self.blobs.hold != Hold.NONE, self.n_molecules) > 0
        return np.asarray(~self.anchored & ~held)

    @cached_property
    def all_seen(self) -> bool:
        """Whether the network is shown every atom."""
        return bool(self.seen.all())

    @cached_property
    def shown(self) -> Shown:
        """What the network is shown of each molecule: its atoms that are seen, and then its caps."""
        rows = np.concatenate([np.flatnonzero(self.seen), self.n_atoms + np.arange(len(self.caps))])
        molecule = np.concatenate([self.mol_idx[self.seen], Segments(self.caps_ptr).index])
        order = np.argsort(molecule, kind="stable")
        numbers = np.concatenate([self.numbers, np.ones(len(self.caps), dtype=np.int64)])
        sizes = np.bincount(molecule, minlength=self.n_molecules)
        return Shown(rows[order], molecule[order], numbers[rows[order]], sizes)

    @cached_property
    def degrees_of_freedom(self) -> Floats:
        """How many independent coordinates noise has: `3 (n - 1)` when centred, `3 n_free` beside a scaffold."""
        return np.asarray(3.0 * np.maximum(self.free_sizes - ~self.anchored, 1))

    def __getstate__(self) -> dict[str, Any]:
        """The fields alone: what follows from them is worked out anew where it is needed."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @staticmethod
    def cat(plans: Sequence[Plan]) -> Plan:
        """One plan of the molecules of all `plans`, whose settings must be equal (else `InputError`)."""
        if not plans:
            raise InputError("plans", "at least one plan", "none")
        for name in SETTINGS:
            values = {getattr(plan, name) for plan in plans}
            if len(values) > 1:
                raise InputError(name, "the same in every plan", " and ".join(sorted(map(str, values))))
        return replace(
            plans[0],
            numbers=np.concatenate([plan.numbers for plan in plans]),
            ptr=pointers(np.concatenate([np.diff(plan.ptr) for plan in plans])),
            fixed=np.concatenate([plan.fixed for plan in plans]),
            anchor=np.concatenate([plan.anchor for plan in plans]),
            start=np.concatenate([plan.start for plan in plans]),
            blobs=_cat_blobs(plans),
            keys=np.concatenate([plan.keys for plan in plans]),
            sites=np.concatenate([plan.sites for plan in plans]),
            seen=np.concatenate([plan.seen for plan in plans]),
            caps=np.concatenate([plan.caps for plan in plans]),
            caps_ptr=pointers(np.concatenate([np.diff(plan.caps_ptr) for plan in plans])),
        )


def _cat_blobs(plans: Sequence[Plan]) -> Blobs:
    first_atom = np.cumsum([0, *(plan.n_atoms for plan in plans)])
    first_molecule = np.cumsum([0, *(plan.n_molecules for plan in plans)])
    parts = [plan.blobs for plan in plans]
    shifted = {
        "atoms": [part.atoms + shift for part, shift in zip(parts, first_atom[:-1], strict=True)],
        "molecule": [part.molecule + shift for part, shift in zip(parts, first_molecule[:-1], strict=True)],
    }
    ptr = pointers(np.concatenate([np.diff(part.ptr) for part in parts]))
    names = [field.name for field in fields(Blobs) if field.name != "ptr"]
    joined = {name: shifted.get(name) or [getattr(part, name) for part in parts] for name in names}
    return Blobs(ptr=ptr, **{name: np.concatenate(values) for name, values in joined.items()})


def compile(
    spec: Spec,
    molecules: Iterable[int] | None = None,
    align: bool = True,
    windows: bool = True,
    widths: bool = True,
) -> Plan:
    """The plan of `spec`, for its molecules 0 to n_samples - 1 or for those named by `molecules`.

    A molecule's name is part of its random key: molecule 7 is the same in every plan it is compiled into.
    Without `windows` the network is shown all of a scaffold, however large; without `widths` a sampler with a noise
    schedule takes its answers as they are, which is the paper's rule, and right for any field but a network's.
    Raises `InputError` for a spec that describes nothing possible; sizes are not limited here.
    """
    validate(spec, Limits.library())
    ids = np.arange(spec.n_samples) if molecules is None else np.fromiter(molecules, dtype=np.int64)
    if len(ids) == 0:
        raise InputError("molecules", "at least one", "none")
    per_molecule = [compositions(spec, int(molecule)) for molecule in ids]
    kept = np.zeros(0, np.int64) if spec.scaffold is None else spec.scaffold.numbers
    frozen = np.zeros((0, 3)) if spec.scaffold is None else spec.scaffold.positions
    sizes = np.array([[len(kept), *map(len, parts)] for parts in per_molecule])
    ptr = pointers(sizes.sum(axis=1))
    fixed = np.repeat(np.tile(np.arange(sizes.shape[1]) == 0, len(ids)), sizes.ravel())
    anchor = np.zeros((len(fixed), 3))
    anchor[fixed] = np.tile(frozen, (len(ids), 1))
    sites = np.zeros(len(fixed), dtype=bool)
    if spec.scaffold is not None:
        sites[(ptr[:-1, None] + np.array(spec.scaffold.attach, dtype=np.int64)).ravel()] = True
    noise, power = noise_of(not spec.is_free, spec.steps, spec.noise, spec.noise_power)
    plan = Plan(
        numbers=np.concatenate([part for parts in per_molecule for part in (kept, *parts)]),
        ptr=ptr,
        fixed=fixed,
        anchor=anchor,
        start=_compile_start(spec, sizes),
        blobs=_compile_blobs(spec, ids, np.flatnonzero(~fixed), sizes[:, 1:]),
        keys=np.stack([np.full(len(ids), spec.seed, dtype=np.int64), ids], axis=1),
        sampler=spec.sampler,
        steps=spec.steps,
        noise=noise,
        noise_power=power,
        step_length=default_step_length(spec.steps) if spec.step_length is None else spec.step_length,
        f_max=spec.f_max,
        sites=sites,
        seen=np.ones(len(fixed), dtype=bool),
        caps=np.zeros((0, 3)),
        caps_ptr=np.zeros(len(ptr), dtype=np.int64),
        align=align,
        windows=windows,
        widths=widths and spec.sampler in SCHEDULED,
    )
    return windowed(plan)


def windowed(plan: Plan) -> Plan:
    """The plan with windows on the scaffolds of molecules that are larger than the network knows, as its blobs are now.

    Where a blob has no place everything is shown, for nothing says what it can reach.
    """
    large = np.flatnonzero(plan.anchored & (plan.molecules.sizes > LARGEST) & plan.windows)
    if not len(large):
        return plan
    seen, caps = np.ones(plan.n_atoms, dtype=bool), [np.zeros((0, 3))] * plan.n_molecules
    known: dict[bytes, Window] = {}
    for m in large:
        atoms = plan.ptr[m] + np.flatnonzero(plan.fixed[plan.ptr[m] : plan.ptr[m + 1]])
        mine = plan.blobs.molecule == m
        if (plan.blobs.hold[mine] != Hold.PLACED).any():
            continue
        blobs = plan.blobs.center[mine], plan.blobs.covariance[mine]
        asked = plan.numbers[atoms], plan.anchor[atoms], plan.sites[atoms], *blobs
        name = b"".join(array.tobytes() for array in asked)
        if name not in known:
            known[name] = window(*asked)
        seen[atoms], caps[m] = known[name].seen, known[name].caps
    return replace(plan, seen=seen, caps=np.concatenate(caps), caps_ptr=pointers([len(part) for part in caps]))


def _compile_start(spec: Spec, sizes: Ints) -> Floats:
    """`sizes [n_molecules, 1 + n_blobs]`: atoms of the scaffold and of each blob."""
    given = [None, *(blob.positions for blob in spec.blobs)]
    parts = [
        np.full((int(n), 3), np.nan) if positions is None else positions
        for row in sizes
        for n, positions in zip(row, given, strict=True)
    ]
    return np.concatenate(parts)


def _compile_blobs(spec: Spec, molecules: Ints, atoms: Ints, sizes: Ints) -> Blobs:
    """`molecules [n_molecules]`: their names; `atoms` in batch order; `sizes [n_molecules, n_blobs]`."""
    n_molecules, n_blobs = sizes.shape
    common = {
        (i, n): common_covariance(spec, blob, int(n))
        for i, blob in enumerate(spec.blobs)
        for n in np.unique(sizes[:, i])
        if blob.shape is None
    }
    covariances = [
        common[i, n] if blob.shape is None else drawn_covariance(spec, blob.shape, int(molecule), i, int(n))
        for molecule, row in zip(molecules, sizes, strict=True)
        for i, (blob, n) in enumerate(zip(spec.blobs, row, strict=True))
    ]
    return Blobs(
        atoms=atoms,
        ptr=pointers(sizes.ravel()),
        molecule=np.repeat(np.arange(n_molecules, dtype=np.int64), n_blobs),
        hold=np.tile(np.array([hold_of(blob) for blob in spec.blobs], dtype=np.int64), n_molecules),
        center=np.tile(np.array([blob.center for blob in spec.blobs]), (n_molecules, 1)),
        covariance=np.stack(covariances),
        strictness=np.tile(np.array([blob.strictness for blob in spec.blobs]), n_molecules),
    )


def hold_of(blob: Blob) -> Hold:
    """How the atoms of `blob` are held."""
    if blob.placed:
        return Hold.PLACED
    return Hold.NONE if blob.covariance is None and blob.shape is None else Hold.SHAPE
