"""The rules of the samplers, and molecules that fail."""

import pickle
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from force_fields import harmonic, reference, still, two_modes
from sampler_runs import FREE, GROWTH, PHENOXY, SCAFFOLD, geometry, run

from gpff.draws import SIGMA_PRIOR
from gpff.errors import InputError
from gpff.molecules import Floats, segment_mean
from gpff.samplers import Plan, advance, compile, evaluate, finished, init, propose
from gpff.schedules import MOMENTUM, NOISE_FREE, NOISE_HELD, default_noise
from gpff.spec import Blob, Spec

# --- rules -----------------------------------------------------------------------------------------------------------


def test_dd_reaches_a_harmonic_minimum_in_one_step_and_stops_when_the_force_is_gone() -> None:
    plan = compile(replace(FREE, sampler="dd", steps=50))
    states = run(plan, harmonic)
    expected = np.tile(reference(plan.numbers[: plan.ptr[1]]), (4, 1))
    np.testing.assert_allclose(states[1].positions, expected, atol=1e-12)
    assert len(states) == 3
    assert states[-1].nfe.tolist() == [2] * 4
    assert not states[-1].active.any() and not states[-1].failed.any()
    np.testing.assert_allclose(states[-1].rms_force, 0.0, atol=1e-12)


def test_dd_stops_each_molecule_by_its_own_largest_force() -> None:
    """A field that predicts only half of the way: forces halve with every step, from sizes of the molecule's own."""

    def sluggish(numbers: np.ndarray, positions: Floats, ptr: np.ndarray) -> Floats:
        return 0.5 * harmonic(numbers, positions, ptr)

    plan = Plan.cat([compile(Spec.from_formula(f, sampler="dd", steps=60)) for f in ("CH4", "C8H18")])
    states = run(plan, sluggish)
    stopped = states[-1].nfe
    assert stopped.min() > 5 and stopped.max() < 60
    for m in range(2):
        atoms = slice(plan.ptr[m], plan.ptr[m + 1])
        for before, after in pairwise(states):
            largest = np.linalg.norm(2 * (after.positions - before.positions)[atoms], axis=1).max()
            if before.step < stopped[m] - 1:
                assert largest >= plan.f_max and after.active[m]
            elif before.step == stopped[m] - 1:
                assert largest < plan.f_max and not after.active[m]
            else:
                assert largest == 0.0 and after.nfe[m] == stopped[m]


def test_sdd_makes_every_step_and_ends_without_noise() -> None:
    plan = compile(FREE)
    states = run(plan, harmonic)
    assert [state.step for state in states] == list(range(9))
    assert states[-1].nfe.tolist() == [8] * 4
    expected = np.tile(reference(plan.numbers[: plan.ptr[1]]), (4, 1))
    np.testing.assert_allclose(states[-1].positions, expected, atol=1e-12)
    np.testing.assert_array_equal(propose(plan, replace(states[-1], step=7)), states[-1].positions)


@pytest.mark.parametrize(("noise", "power"), [(None, None), (1.5, None), (None, 0.7), (1.0, 1.0), (0.8, 2.0)])
def test_sdd_noise_shrinks_as_scheduled_and_is_centred(noise: float | None, power: float | None) -> None:
    steps = 5
    plan = compile(Spec.from_formula("C7H8O2", n=200, steps=steps, noise=noise, noise_power=power))
    state = init(plan)
    for call in range(1, steps + 1):
        added = propose(plan, replace(state, step=call - 1)) - state.positions
        expected = (noise or default_noise(NOISE_FREE[0], steps)) * (1 - call / steps) ** (power or NOISE_FREE[1])
        # Centring takes one of 17 atoms' worth of variance.
        np.testing.assert_allclose(added.std() * np.sqrt(17 / 16), expected, rtol=0.03, atol=1e-15)
        np.testing.assert_allclose(segment_mean(added, plan.ptr), 0.0, atol=1e-12)


def test_noise_beside_a_scaffold_is_not_centred() -> None:
    plan = compile(replace(GROWTH, n_samples=300, blobs=(replace(PHENOXY, placed=False, covariance=None),)))
    state = init(plan)
    added = propose(plan, state) - state.positions
    assert not added[plan.fixed].any()
    scale = default_noise(NOISE_HELD[0], 8) * (1 - 1 / 8) ** NOISE_HELD[1]
    np.testing.assert_allclose(added[~plan.fixed].std(), scale, rtol=0.03)
    means = segment_mean(added[~plan.fixed], plan.blobs.ptr)
    np.testing.assert_allclose(means.std(), scale / np.sqrt(12), rtol=0.1)


@pytest.mark.parametrize(("steps", "eta"), [(1, 1.5), (6, 1.5), (8, 1.5), (16, 1.25), (24, 1.0), (256, 1.0)])
def test_sdd_goes_farther_than_its_estimates_where_calls_are_few_but_for_the_first_and_the_last(
    steps: int, eta: float
) -> None:
    plan = compile(replace(FREE, steps=steps, noise=0.0, step_length=None))
    assert plan.step_length == eta
    state, before = init(plan), 0.0
    while not finished(plan, state):
        x = propose(plan, state)
        forces = evaluate(harmonic, plan, state, x)
        after = advance(plan, state, x, forces)
        inner = 0 < state.step < steps - 1
        again = MOMENTUM * (eta - 1.0) if inner and state.step > 1 else 0.0
        expected = (eta if inner else 1.0) * forces / 2 + again * before
        np.testing.assert_allclose(after.positions - x, expected, rtol=0, atol=1e-12)
        state, before = pickle.loads(pickle.dumps(after)), expected  # as on its way to another process


def test_the_step_length_that_is_asked_for_is_taken_by_sdd_alone() -> None:
    runs = {
        (sampler, eta): run(compile(replace(FREE, sampler=sampler, noise=0.0, steps=40, step_length=eta)), two_modes)
        for sampler in ("sdd", "dd")
        for eta in (1.0, 1.3)
    }
    assert not np.array_equal(runs["sdd", 1.0][3].positions, runs["sdd", 1.3][3].positions)
    np.testing.assert_array_equal(runs["dd", 1.0][3].positions, runs["dd", 1.3][3].positions)


def test_sdd_from_a_wide_prior_finds_both_modes_of_a_mixture() -> None:
    plan = compile(Spec.from_formula("C2H6O", n=120, steps=24, seed=1))
    final = run(plan, two_modes)[-1]
    numbers = plan.numbers[: plan.ptr[1]]
    distances = np.array(
        [
            [np.abs(geometry(x) - reference(numbers, mode)).max() for mode in (0, 1)]
            for x in final.positions.reshape(120, -1, 3)
        ]
    )
    assert distances.min(axis=1).max() < 1e-3
    # Equal weights: 60 ± 5.5 of 120 each.
    assert 35 < np.count_nonzero(distances.argmin(axis=1) == 0) < 85


def test_the_noise_level_is_read_off_the_force() -> None:
    plan = compile(Spec.from_formula("C20H42", n=50))
    state = init(plan)
    assert state.sigma_hat.tolist() == [SIGMA_PRIOR] * 50
    after = advance(plan, state, state.positions, harmonic(plan.numbers, state.positions, plan.ptr))
    np.testing.assert_allclose(after.sigma_hat, 30.0, rtol=0.3)
    np.testing.assert_allclose(after.sigma_hat.mean(), 30.0, rtol=0.03)
    n = 62
    np.testing.assert_allclose(after.rms_force, 2 * after.sigma_hat * np.sqrt(3 * (n - 1) / n))
    np.testing.assert_allclose(state.rms_force, after.rms_force, rtol=0.3)


def test_a_common_push_moves_no_free_molecule() -> None:
    def pushed(numbers: np.ndarray, positions: Floats, ptr: np.ndarray) -> Floats:
        return harmonic(numbers, positions, ptr) + np.array([50.0, 0, 0])

    plan = compile(replace(FREE, sampler="dd"))
    states = run(plan, pushed)
    assert states[-1].nfe.tolist() == [2] * 4
    for state in states:
        np.testing.assert_allclose(segment_mean(state.positions, plan.ptr), 0.0, atol=1e-9)


# --- failures --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("spoil", [np.nan, np.inf, -np.inf, 2e4, -1e300])
@pytest.mark.parametrize("spec", [FREE, GROWTH])
def test_a_molecule_with_a_bad_force_fails_alone(spec: Spec, spoil: float) -> None:
    plan = compile(replace(spec, noise=0.0))
    clean = run(plan, harmonic)
    state = init(plan)
    while not finished(plan, state):
        x = propose(plan, state)
        forces = evaluate(harmonic, plan, state, x)
        if state.step == 3:
            last_good = state.positions[plan.mol_idx == 1]
            forces[plan.ptr[1] + 2, 1] = spoil
        state = advance(plan, state, x, forces)
        assert np.isfinite(state.positions).all()
    assert state.failed.tolist() == [False, True, False, False]
    assert state.active.tolist() == [True, False, True, True]
    assert state.nfe.tolist() == [8, 4, 8, 8]
    np.testing.assert_array_equal(state.positions[plan.mol_idx == 1], last_good)
    others = plan.mol_idx != 1
    np.testing.assert_allclose(state.positions[others], clean[-1].positions[others], rtol=0, atol=1e-12)
    assert np.isfinite(state.sigma_hat).all() and np.isfinite(state.rms_force).all()


def test_a_molecule_that_runs_away_fails() -> None:
    def repelling(numbers: np.ndarray, positions: Floats, ptr: np.ndarray) -> Floats:
        return 3 * positions

    plan = compile(replace(FREE, steps=100, noise=0.0))
    states = run(plan, repelling)
    assert states[-1].failed.all() and states[-1].step < 20
    assert np.abs(states[-1].positions).max() <= 1e3


@pytest.mark.parametrize("spoil", [np.nan, -np.inf, 2e4, 60.0])
@pytest.mark.parametrize("spec", [FREE, GROWTH])
def test_sdd_does_not_take_an_answer_that_no_molecule_fits_and_asks_anew(spec: Spec, spoil: float) -> None:
    plan = compile(replace(spec, noise=0.8))
    state, free = init(plan), ~plan.fixed
    mine = plan.mol_idx == 1
    while not finished(plan, state):
        x = propose(plan, state)
        forces = evaluate(harmonic, plan, state, x)
        if state.step == 3:
            forces[np.flatnonzero(mine & free)[0], 1] = spoil
        after = advance(plan, state, x, forces)
        if state.step == 3:
            np.testing.assert_array_equal(after.positions[mine], state.positions[mine])
            assert after.sigma_hat[1] == state.sigma_hat[1] and after.active.all()
            taken = advance(plan, state, x, evaluate(harmonic, plan, state, x)).positions[~mine]
            np.testing.assert_array_equal(after.positions[~mine], taken)
            assert not np.array_equal(propose(plan, after)[mine & free], x[mine & free])
        state = after
    assert not state.failed.any() and state.nfe.tolist() == [8] * 4
    clean = run(plan, harmonic)[-1]
    np.testing.assert_allclose(state.positions, clean.positions, rtol=0, atol=1e-9)


def test_sdd_fails_when_no_answer_fits_to_the_end() -> None:
    def repelling(numbers: np.ndarray, positions: Floats, ptr: np.ndarray) -> Floats:
        return 3 * positions

    final = run(compile(replace(FREE, steps=20, noise=0.5, noise_power=1.0)), repelling)[-1]
    assert final.failed.all() and (final.nfe > 15).all() and np.isfinite(final.positions).all()


def test_answers_of_another_shape_are_refused() -> None:
    plan = compile(FREE)
    state = init(plan)
    with pytest.raises(InputError) as caught:
        advance(plan, state, state.positions, np.zeros((3, 3)))
    assert caught.value.field == "forces"


def test_inactive_molecules_are_not_evaluated() -> None:
    asked: list[int] = []

    def counting(numbers: np.ndarray, positions: Floats, ptr: np.ndarray) -> Floats:
        asked.append(len(ptr) - 1)
        return harmonic(numbers, positions, ptr)

    plan = compile(FREE)
    state = replace(init(plan), active=np.array([True, False, True, False]))
    x = propose(plan, state)
    forces = evaluate(counting, plan, state, x)
    assert asked == [2]
    idle = ~state.active[plan.mol_idx]
    assert not forces[idle].any() and forces[~idle].any(axis=1).all()
    after = advance(plan, state, x, np.where(idle[:, None], np.nan, forces))
    np.testing.assert_array_equal(after.positions[idle], state.positions[idle])
    assert not after.failed.any() and after.nfe.tolist() == [1, 0, 1, 0]
    assert finished(plan, replace(state, active=np.zeros(4, dtype=bool)))


@pytest.mark.parametrize("formula", ["H2", "CH4"])
@pytest.mark.parametrize("steps", [1, 3])
@pytest.mark.parametrize("change", [lambda s: s, lambda s: replace(s, sampler="dd")])
def test_the_smallest_runs_end_finite(formula: str, steps: int, change: Callable[[Spec], Spec]) -> None:
    for covariance in (None, np.eye(3)):
        plan = compile(change(Spec.from_formula(formula, steps=steps, covariance=covariance)))
        final = run(plan, harmonic)[-1]
        assert np.isfinite(final.positions).all() and not final.failed.any()


@pytest.mark.parametrize("strictness", [1.0, 1.5, 2.0])
def test_a_run_that_is_over_is_neither_shaken_nor_held(strictness: float) -> None:
    blob = Blob(numbers=(6, 1, 1, 1, 1), covariance=np.diag([3.0, 1.0, 0.2]), strictness=strictness)
    plan = compile(Spec((blob,), steps=2))
    final = run(plan, still)[-1]
    assert finished(plan, final)
    np.testing.assert_array_equal(propose(plan, final), final.positions)


def test_one_hydrogen_grows_on_a_scaffold() -> None:
    plan = compile(Spec((Blob(numbers=(1,), center=(2.0, -1.0, 0.0)),), SCAFFOLD, n_samples=2, steps=4))
    final = run(plan, still)[-1]
    assert np.isfinite(final.positions).all()
    np.testing.assert_allclose(final.positions[~plan.fixed], [[2.0, -1.0, 0.0]] * 2, atol=0.6)
