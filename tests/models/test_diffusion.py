"""Diffusion-side samplers on force fields with known answers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.models.force_fields import harmonic, reference, two_modes

from gpff import diffusion
from gpff.generation import sample
from gpff.molecules import Floats, Ints
from gpff.plan import Plan, compile
from gpff.samplers import State, advance, evaluate, finished, init, propose
from gpff.schedules import RHO, SIGMA_MIN, edm_levels
from gpff.spec import SAMPLERS, Blob, Sampler, Scaffold, Spec

DIFFUSION = [name for name in SAMPLERS if name in diffusion.DIFFUSION]
FIXED = [name for name in DIFFUSION if name not in diffusion.ADAPTIVE]


def plan_of(sampler: Sampler, steps: int = 33, n: int = 3, formula: str = "C2H6O", seed: int = 0) -> Plan:
    """By the paper's rule: these fields are exact, so that nothing is to be put right."""
    return compile(Spec.from_formula(formula, n, sampler, steps, seed), widths=False)


def run(plan: Plan, forces=harmonic) -> list[State]:  # type: ignore[no-untyped-def]
    return list(sample(forces, plan))


def distances(x: Floats) -> Floats:
    return np.linalg.norm(x[:, None] - x[None], axis=-1)


def test_every_name_of_a_diffusion_sampler_is_offered() -> None:
    assert sorted(DIFFUSION) == sorted(diffusion.DIFFUSION) and len(DIFFUSION) == 6


def test_schedule_is_edm() -> None:
    sigma = [float(edm_levels(np.array([30.0]), 9, np.array([i]))[0]) for i in range(11)]
    roots = np.power(sigma[:9], 1 / RHO)
    assert sigma[0] == pytest.approx(30.0) and sigma[8] == pytest.approx(SIGMA_MIN) and sigma[9] == sigma[10] == 0.0
    np.testing.assert_allclose(np.diff(roots), roots[1] - roots[0], rtol=1e-9)


@pytest.mark.parametrize("sampler", DIFFUSION)
def test_one_minimum_is_found_within_the_calls(sampler: Sampler) -> None:
    plan = plan_of(sampler)
    last = run(plan)[-1]
    assert not last.failed.any() and not last.active.any()
    assert (last.nfe <= plan.steps).all() and (last.nfe > 0).all()
    home = reference(plan.numbers[: plan.ptr[1]])
    for a, b in zip(plan.ptr[:-1], plan.ptr[1:], strict=True):
        np.testing.assert_allclose(last.positions[a:b], home, atol=1e-6)


@pytest.mark.parametrize("sampler", FIXED)
def test_fixed_schedules_use_every_level(sampler: Sampler) -> None:
    last = run(plan_of(sampler, 33))[-1]
    assert last.nfe.tolist() == [33] * 3
    even = run(plan_of(sampler, 32))[-1]
    assert even.nfe.tolist() == [31 if sampler in diffusion.HEUN else 32] * 3


def test_heun_follows_the_flow_of_a_gaussian_exactly() -> None:
    """Around one minimum the flow is a straight ray: σ falls as scheduled and directions stay."""
    plan = plan_of("heun", 21, n=1)
    home, states = reference(plan.numbers), run(plan)
    start = states[0].positions - states[0].positions.mean(0) - home
    levels = [s for s in states if s.walk is not None and not s.walk.corrects[0]]
    for level, state in enumerate(levels[:-1]):
        offset = state.positions - state.positions.mean(0) - home
        sigma = float(edm_levels(np.array([30.0]), 11, np.array([level]))[0])
        np.testing.assert_allclose(offset, start * sigma / 30.0, atol=1e-9)


def test_a_second_answer_far_above_its_level_pulls_no_harder_than_the_bound() -> None:
    """Three molecules of one atom at σ = 0.1 Å, from 0.5: the first is where it should be, the others far off."""
    at_first = diffusion.begin("heun", 9, np.full(3, 0.5), 3)
    mol_idx, up = np.arange(3), np.array([[1.0, 1.0, 1.0]]) / np.sqrt(3)
    walk = replace(
        at_first, sigma=np.full(3, 0.1), corrects=np.full(3, True), start=np.zeros((3, 3)), slope=np.zeros((3, 3))
    )
    sizes = np.array([1.0, diffusion.STEEPEST, 100.0]) * 0.1  # σ̂
    forces = -2.0 * sizes[:, None] * up
    moved, _, _ = diffusion.move("heun", 9, walk, mol_idx, np.zeros((3, 3)), forces, sizes)
    expected = np.array([1.0, diffusion.STEEPEST, diffusion.STEEPEST])[:, None] * up * (0.1 - 0.5) / 2.0
    np.testing.assert_allclose(moved, expected, rtol=1e-12)


@pytest.mark.parametrize("sampler", ["ancestral", "stochastic_heun"])
def test_injected_noise_keeps_the_marginal(sampler: Sampler) -> None:
    """Mean square distance from home agrees with σ² of the level at every level of a fixed schedule."""
    plan = plan_of(sampler, 41, n=400, formula="CH4")
    home = np.tile(reference(plan.numbers[: plan.ptr[1]]), (400, 1))
    state, seen = init(plan), []
    while not finished(plan, state):
        assert state.walk is not None
        proposal, first = propose(plan, state), not state.walk.corrects[0]
        if first and state.walk.level[0] < 20:
            variance = np.square(proposal - home).sum() / (400 * 3 * 4)
            seen.append(variance / state.walk.sigma[0] ** 2)
        state = advance(plan, state, proposal, evaluate(harmonic, plan, state, proposal))
    np.testing.assert_allclose(seen, 1.0, rtol=0.1)
    assert len(seen) == 20


@pytest.mark.parametrize("sampler", DIFFUSION)
def test_both_modes_of_a_mixture_are_found(sampler: Sampler) -> None:
    plan = plan_of(sampler, 61, n=40, formula="CH4O")
    last = run(plan, two_modes)[-1]
    modes = [distances(reference(plan.numbers[: plan.ptr[1]], mode)) for mode in (0, 1)]
    found = [0, 0]
    for a, b in zip(plan.ptr[:-1], plan.ptr[1:], strict=True):
        gaps = [np.abs(distances(last.positions[a:b]) - mode).max() for mode in modes]
        assert min(gaps) < 0.05
        found[int(np.argmin(gaps))] += 1
    assert min(found) >= 5


@pytest.mark.parametrize("sampler", [name for name in DIFFUSION if name in diffusion.ADAPTIVE])
def test_adaptive_runs_stay_below_the_schedule_and_end_early(sampler: Sampler) -> None:
    plan = plan_of(sampler, 64, n=8)
    states = run(plan, two_modes)
    levels = diffusion.n_levels(sampler, plan.steps)
    for state in states[1:]:
        assert state.walk is not None
        bound = edm_levels(state.walk.top, levels, state.walk.level)
        raised = state.walk.sigma**2 - (state.walk.inject**2 if sampler in diffusion.CHURNED else 0)
        assert (np.sqrt(np.maximum(raised, 0)) <= bound * (1 + 1e-9))[state.active].all()
    assert (states[-1].nfe < plan.steps).all()


@pytest.mark.parametrize("sampler", DIFFUSION)
def test_a_molecule_does_not_depend_on_its_batch_mates(sampler: Sampler) -> None:
    spec = Spec.from_formula("C2H6O", 4, sampler, 17, 5)
    together, alone = compile(spec), compile(spec, [2])
    a, b = together.ptr[2], together.ptr[3]
    for many, one in zip(run(together, two_modes), run(alone, two_modes), strict=False):
        np.testing.assert_allclose(many.positions[a:b], one.positions, atol=1e-9)


@pytest.mark.parametrize("sampler", DIFFUSION)
def test_a_state_is_a_checkpoint(sampler: Sampler) -> None:
    plan = plan_of(sampler, 17)
    states = run(plan, two_modes)
    state = replace(states[6])
    while not finished(plan, state):
        proposal = propose(plan, state)
        state = advance(plan, state, proposal, evaluate(two_modes, plan, state, proposal))
    np.testing.assert_array_equal(state.positions, states[-1].positions)


@pytest.mark.parametrize("sampler", DIFFUSION)
def test_a_scaffold_stays_bit_for_bit(sampler: Sampler) -> None:
    kept = Scaffold(np.array([6, 8]), np.array([[0.1, 0.2, 0.3], [1.3, 0.2, 0.3]]), attach=(0, 0))
    blob = Blob(numbers=(1, 1), center=(-0.5, 0.9, 0.0), covariance=0.3 * np.eye(3))
    plan = compile(Spec((blob,), kept, n_samples=2, sampler=sampler, steps=16))
    for state in run(plan, harmonic):
        for start in plan.ptr[:-1]:
            np.testing.assert_array_equal(state.positions[start : start + 2], kept.positions)
        assert np.isfinite(state.positions).all()


@pytest.mark.parametrize("sampler", DIFFUSION)
def test_one_runaway_fails_alone(sampler: Sampler) -> None:
    plan = plan_of(sampler, 16)

    def broken(numbers: Ints, positions: Floats, ptr: Ints) -> Floats:
        out = harmonic(numbers, positions, ptr)
        out[: ptr[1]] = np.nan
        return out

    state = init(plan)
    proposal = propose(plan, state)
    state = advance(plan, state, proposal, evaluate(broken, plan, state, proposal))
    while not finished(plan, state):
        proposal = propose(plan, state)
        state = advance(plan, state, proposal, evaluate(harmonic, plan, state, proposal))
    assert state.failed.tolist() == [True, False, False] and np.isfinite(state.positions).all()


@pytest.mark.parametrize("sampler", [name for name in DIFFUSION if name in diffusion.ADAPTIVE])
def test_from_the_second_level_on_the_step_is_the_one_that_was_seen_within_its_bounds(sampler: Sampler) -> None:
    plan = plan_of(sampler, 64, n=6)
    before, levels, larger = init(plan), 0, 0
    for after in run(plan, two_modes)[1:]:
        assert before.walk is not None and after.walk is not None
        first = before.active & ~before.walk.corrects
        begun = first & (before.walk.level == 0)
        n_levels = diffusion.n_levels(sampler, plan.steps)
        target = max(2, round(diffusion.TARGET_SHARE * n_levels))
        ambitious, steady = ((30.0 ** (1 / RHO) - SIGMA_MIN ** (1 / RHO)) / (k - 1) for k in (target, n_levels))
        np.testing.assert_allclose(after.walk.step[begun], ambitious)
        later = first & (before.walk.level > 0)
        seen = np.power(before.walk.seen, 1 / RHO) - np.power(after.walk.seen, 1 / RHO)
        np.testing.assert_allclose(after.walk.step[later], np.clip(seen, steady, ambitious)[later], atol=1e-12)
        larger += int((seen[later] > ambitious).sum())
        np.testing.assert_array_equal(after.walk.step[before.walk.corrects], before.walk.step[before.walk.corrects])
        levels, before = levels + int(later.sum()), after
    assert levels > 20 and 0 < larger < levels


@pytest.mark.parametrize("sampler", ["as_ancestral", "as_heun", "as_stochastic_heun"])
def test_a_molecule_whose_noise_does_not_seem_to_fall_goes_on_by_the_fixed_schedules_step(sampler: Sampler) -> None:
    calls, one = 64, np.zeros(2, dtype=np.int64)
    walk = replace(
        diffusion.begin(sampler, calls, np.array([30.0]), 2), level=np.array([5]), seen=np.array([3.0]),
        inject=np.zeros(1),
    )  # fmt: skip
    positions = np.array([[1.0, 0.0, 0.0], [-1.0, 0.0, 0.0]])
    moved, after, _ = diffusion.move(sampler, calls, walk, one, positions, -positions, np.array([3.0]))
    steady = (30.0 ** (1 / RHO) - SIGMA_MIN ** (1 / RHO)) / (diffusion.n_levels(sampler, calls) - 1)
    np.testing.assert_allclose(after.step, steady)
    assert np.abs(moved - positions).max() > 0.0


def test_adaptive_runs_end_molecule_by_molecule() -> None:
    last = run(plan_of("as_stochastic_heun", 64, n=16), two_modes)[-1]
    assert len(set(last.nfe.tolist())) > 1 and (last.nfe <= 64).all()


def test_the_noise_that_was_added_is_not_taken_for_the_molecules() -> None:
    plan = plan_of("as_stochastic_heun", 64, n=200, formula="CH4")
    state, checked = init(plan), 0
    while not finished(plan, state):
        assert state.walk is not None
        proposal, inject = propose(plan, state), state.walk.inject
        first = state.active & ~state.walk.corrects & (inject > 0)
        after = advance(plan, state, proposal, evaluate(harmonic, plan, state, proposal))
        assert after.walk is not None
        own = np.sqrt(np.maximum(np.square(after.sigma_hat) - np.square(inject), 0.0))
        np.testing.assert_allclose(after.walk.seen[first], np.maximum(own, after.sigma_hat / 2)[first])
        assert (after.walk.seen[first] < after.sigma_hat[first]).all()
        checked, state = checked + int(first.sum()), after
    assert checked > 200
