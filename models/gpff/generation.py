"""Molecules from a model: the loop that joins samplers and forces, and the call a notebook makes.

Named after the noun so that the function `gpff.generate` and its module do not fight over one name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from tqdm import tqdm

from gpff.errors import InputError
from gpff.molecules import Floats, Ints
from gpff.plan import Plan, compile
from gpff.samplers import ForceFn, State, advance, evaluate, finished, init, propose
from gpff.spec import Limits, Sampler, Spec, validate

if TYPE_CHECKING:
    from gpff.chemistry import BondWorkers, Verdict

DEFAULT_BATCH_ATOMS = 4096
"""Atoms evaluated in one network call: enough to keep the cores busy, few enough for any memory."""


class HasForces(Protocol):
    """A loaded model: anything with a force function."""

    @property
    def forces(self) -> ForceFn: ...


@dataclass(frozen=True, eq=False)
class Candidate:
    """One generated molecule.

    `numbers [n_atoms]`, `positions [n_atoms, 3]` Å (always finite; the scaffold's atoms first, bit for bit).
    `valid` is None when bonds were not perceived, `reason` says in words why it is False; `smiles` and
    `bonds` (i, j, order) exist for valid molecules. `steps` and `nfe`: sampler steps and network
    evaluations; `sigma_hat` Å: noise level of the last estimate; `rms_force` Å: root mean square of the last
    force.
    """

    numbers: Ints
    positions: Floats
    smiles: str | None
    valid: bool | None
    reason: str | None
    steps: int
    nfe: int
    sigma_hat: float
    rms_force: float
    bonds: tuple[tuple[int, int, int], ...] = ()

    def to_sdf(self, name: str = "") -> str:
        """An SDF record with the bonds when there are any, and SMILES or reason as a data field."""
        from gpff.chemistry import Verdict, to_sdf

        known = None if self.valid is None else Verdict(self.valid, self.smiles, self.reason, self.bonds)
        return to_sdf(self.numbers, self.positions, known, name)

    def to_xyz(self, comment: str | None = None) -> str:
        """An XYZ frame; the comment line is the SMILES or the reason unless another is given."""
        from gpff.writers import xyz_frame

        known = self.smiles or self.reason or ""
        return xyz_frame(self.numbers, self.positions, known if comment is None else comment)


def sample(forces: ForceFn, spec: Spec | Plan) -> Iterator[State]:
    """Every state of a run, from the prior draw to the last update; one network call a step."""
    plan = compile(spec) if isinstance(spec, Spec) else spec
    state = init(plan)
    yield state
    while not finished(plan, state):
        proposal = propose(plan, state)
        state = advance(plan, state, proposal, evaluate(forces, plan, state, proposal))
        yield state


def generate(
    model: HasForces | ForceFn,
    what: str | Spec | Sequence[str | Spec],
    n: int | None = None,
    sampler: Sampler | None = None,
    steps: int | None = None,
    seed: int | None = None,
    noise: float | None = None,
    noise_power: float | None = None,
    step_length: float | None = None,
    check: bool = True,
    progress: bool = False,
    batch_atoms: int = DEFAULT_BATCH_ATOMS,
    workers: int = 1,
    widths: bool = True,
) -> list[Candidate]:
    """Molecules of a formula or a spec, or of each of several (`n` of each formula, in order).

    For formulas the defaults are `n=1, sampler="sdd", steps=64, seed=0`; for a spec, what is given here takes
    the place of its own. Large runs are cut into batches of about `batch_atoms` atoms, which changes
    molecules by rounding only. `check` perceives bonds beside the sampling, in `workers` processes that can be killed.
    Without `widths` samplers with a noise schedule follow the paper's rule to the letter (`gpff.widths`).
    Raises `InputError` for what cannot be generated.
    """
    forces: ForceFn = model if not hasattr(model, "forces") else model.forces
    specs = [
        replace(
            spec,
            n_samples=spec.n_samples if n is None else n,
            sampler=spec.sampler if sampler is None else sampler,
            steps=spec.steps if steps is None else steps,
            seed=spec.seed if seed is None else seed,
            noise=spec.noise if noise is None else noise,
            noise_power=spec.noise_power if noise_power is None else noise_power,
            step_length=spec.step_length if step_length is None else step_length,
        )
        for spec in _specs(what)
    ]
    for spec in specs:
        validate(spec, Limits.library())
    total = sum(spec.n_samples * spec.steps for spec in specs)
    unfinished: list[tuple[Candidate, Future[Verdict] | None]] = []
    with ExitStack() as stack:
        bar = stack.enter_context(tqdm(total=total, disable=not progress, unit="step", unit_scale=True))
        bonds = stack.enter_context(_bond_workers(workers)) if check else None
        for plan in batches(specs, batch_atoms, widths):
            before = 0
            for state in sample(forces, plan):
                bar.update((state.step - before) * plan.n_molecules)
                before = state.step
            bar.update((plan.steps - before) * plan.n_molecules)
            unfinished += [(candidate, _submit(bonds, candidate)) for candidate in _candidates(plan, state)]
        return [candidate if future is None else _judged(candidate, future) for candidate, future in unfinished]


def batches(specs: Sequence[Spec], batch_atoms: int = DEFAULT_BATCH_ATOMS, widths: bool = True) -> Iterator[Plan]:
    """Plans of at most `batch_atoms` atoms (or of one molecule) that together are all molecules of `specs`.

    Molecule m of spec s is named `m` plus the samples of the specs before it, so that specs with the same
    seed still draw different numbers. Where the settings of two specs differ a new plan begins.
    """
    if batch_atoms < 1:
        raise InputError("batch_atoms", "at least 1", str(batch_atoms))
    pending: list[Plan] = []
    for piece in _pieces(specs, batch_atoms, widths):
        full = sum(plan.n_atoms for plan in pending) + piece.n_atoms > batch_atoms
        if pending and (full or piece.settings != pending[0].settings):
            yield Plan.cat(pending)
            pending = []
        pending.append(piece)
    if pending:
        yield Plan.cat(pending)


def _pieces(specs: Iterable[Spec], batch_atoms: int, widths: bool) -> Iterator[Plan]:
    first = 0
    for spec in specs:
        # A random blob has at most 2 n + 2 hydrogens.
        sizes = (3 * (blob.heavy_atoms or 0) + 2 if blob.numbers is None else len(blob.numbers) for blob in spec.blobs)
        n_atoms = sum(sizes) + (0 if spec.scaffold is None else len(spec.scaffold.numbers))
        stride = max(1, batch_atoms // max(n_atoms, 1))
        for start in range(0, spec.n_samples, stride):
            names = range(first + start, first + min(start + stride, spec.n_samples))
            yield compile(spec, names, widths=widths)
        first += spec.n_samples


def _specs(what: str | Spec | Sequence[str | Spec]) -> list[Spec]:
    several = [what] if isinstance(what, str | Spec) or not isinstance(what, Iterable) else list(what)
    if not several:
        raise InputError("formula", "at least one formula", "none")
    strange = [one for one in several if not isinstance(one, str | Spec)]
    if strange:
        raise InputError("formula", "a formula such as C7H8O2 or a Spec", repr(strange[0]))
    return [one if isinstance(one, Spec) else Spec.from_formula(one) for one in several]


def _bond_workers(n_workers: int) -> BondWorkers:
    from gpff.chemistry import BondWorkers

    return BondWorkers(n_workers)


def _candidates(plan: Plan, state: State) -> Iterator[Candidate]:
    for m, (start, stop) in enumerate(zip(plan.ptr[:-1], plan.ptr[1:], strict=True)):
        failed, nfe = bool(state.failed[m]), int(state.nfe[m])
        yield Candidate(
            numbers=plan.numbers[start:stop],
            positions=state.positions[start:stop],
            smiles=None,
            valid=False if failed else None,
            reason=f"the atoms flew apart at step {nfe}" if failed else None,
            steps=nfe,
            nfe=nfe,
            sigma_hat=float(state.sigma_hat[m]),
            rms_force=float(state.rms_force[m]),
        )


def _submit(bonds: BondWorkers | None, candidate: Candidate) -> Future[Verdict] | None:
    if bonds is None or candidate.valid is not None:
        return None
    return bonds.submit(candidate.numbers, candidate.positions)


def _judged(candidate: Candidate, future: Future[Verdict]) -> Candidate:
    verdict = future.result()
    return replace(candidate, smiles=verdict.smiles, valid=verdict.valid, reason=verdict.reason, bonds=verdict.bonds)
