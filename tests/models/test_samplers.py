from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from force_fields import harmonic, reference, still, two_modes

from gpff.composition import check_valence, parse_formula
from gpff.constraints import Hold
from gpff.errors import InputError
from gpff.molecules import Floats, segment_mean
from gpff.noise import Stream, generator, normals
from gpff.plan import SIGMA_PRIOR
from gpff.samplers import ForceFn, Plan, State, advance, compile, evaluate, finished, init, propose
from gpff.schedules import NOISE_FREE, NOISE_SCAFFOLD
from gpff.shape import typical_covariance
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
GROWTH = Spec((PHENOXY,), SCAFFOLD, n_samples=4, steps=8, seed=5)
FREE = Spec.from_formula("C7H8O2", n=4, steps=8, seed=5)


def run(plan: Plan, forces: ForceFn) -> list[State]:
    states = [init(plan)]
    while not finished(plan, states[-1]):
        x = propose(plan, states[-1])
        states.append(advance(plan, states[-1], x, evaluate(forces, plan, states[-1], x)))
    return states


def geometry(x: Floats) -> Floats:
    return x - x.mean(axis=0)


# --- rules -----------------------------------------------------------------------------------------------------


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


@pytest.mark.parametrize("noise", [None, 1.5])
def test_sdd_noise_shrinks_as_scheduled_and_is_centred(noise: float | None) -> None:
    steps = 5
    plan = compile(Spec.from_formula("C7H8O2", n=200, steps=steps, noise=noise))
    state = init(plan)
    for call in range(1, steps + 1):
        added = propose(plan, replace(state, step=call - 1)) - state.positions
        expected = (noise or NOISE_FREE) * (1 - call / steps)
        # Centring takes one of 17 atoms' worth of variance.
        np.testing.assert_allclose(added.std() * np.sqrt(17 / 16), expected, rtol=0.03, atol=1e-15)
        np.testing.assert_allclose(segment_mean(added, plan.ptr), 0.0, atol=1e-12)


def test_noise_beside_a_scaffold_is_smaller_and_not_centred() -> None:
    plan = compile(replace(GROWTH, n_samples=300, blobs=(replace(PHENOXY, placed=False, covariance=None),)))
    state = init(plan)
    added = propose(plan, state) - state.positions
    assert not added[plan.fixed].any()
    np.testing.assert_allclose(added[~plan.fixed].std(), NOISE_SCAFFOLD * (1 - 1 / 8), rtol=0.03)
    means = segment_mean(added[~plan.fixed], plan.blobs.ptr)
    np.testing.assert_allclose(means.std(), NOISE_SCAFFOLD * (1 - 1 / 8) / np.sqrt(12), rtol=0.1)


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


# --- priors and constraints ------------------------------------------------------------------------------------


def test_free_priors_are_wide_and_centred() -> None:
    plan = compile(replace(FREE, n_samples=300))
    x = init(plan).positions
    np.testing.assert_allclose(segment_mean(x, plan.ptr), 0.0, atol=1e-12)
    np.testing.assert_allclose(x.std(axis=0) * np.sqrt(17 / 16), SIGMA_PRIOR, rtol=0.05)


def test_shaped_and_placed_priors_have_their_covariance() -> None:
    turn, _ = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))
    target = turn @ np.diag([4.0, 1.0, 0.2]) @ turn.T
    blob = Blob(numbers=PHENOXY.numbers, center=(5, 6, 7), covariance=target)
    for spec in (Spec((blob,), SCAFFOLD), Spec((replace(blob, numbers=(6, 1, 1, 1, 1), placed=False),))):
        plan = compile(replace(spec, n_samples=600))
        x = init(plan).positions[~plan.fixed]
        inflate = 1.0 if spec.scaffold else 5 / 4
        np.testing.assert_allclose(np.cov(x.T) * inflate, target, atol=0.25)
        np.testing.assert_allclose(x.mean(axis=0), [5, 6, 7], atol=0.15)


def test_a_blob_without_covariance_takes_the_typical_one() -> None:
    bare = replace(PHENOXY, covariance=None)
    for blob in (bare, replace(bare, placed=False)):
        plan = compile(replace(GROWTH, blobs=(blob,)))
        np.testing.assert_array_equal(plan.blobs.covariance[0], typical_covariance(12))
        assert plan.blobs.hold[0] == (Hold.PLACED if blob.placed else Hold.NONE)


def test_a_shape_is_held_while_it_denoises() -> None:
    variances = np.array([0.3, 1.0, 6.0])
    plan = compile(Spec.from_formula("C7H8O2", n=3, steps=1000, covariance=np.diag(variances)))
    x = propose(plan, init(plan)).reshape(3, -1, 3)
    assert plan.blobs.hold.tolist() == [Hold.SHAPE] * 3
    for y in x:
        np.testing.assert_allclose(np.linalg.eigvalsh(np.cov(y.T, bias=True)), variances, rtol=0.01)


def test_a_placed_blob_alone_keeps_its_centre_to_the_end() -> None:
    blob = replace(PHENOXY, numbers=tuple(parse_formula("C6H6O").tolist()))
    plan = compile(replace(GROWTH, blobs=(blob,), scaffold=None))
    for state in run(plan, harmonic):
        np.testing.assert_allclose(segment_mean(state.positions, plan.ptr), [blob.center] * 4, atol=1e-9)


def test_two_placed_blobs_without_a_scaffold_stay_where_they_are_put() -> None:
    left = Blob(numbers=(6, 1, 1, 1), center=(-3, 0, 0))
    right = Blob(numbers=(8, 1), center=(2, 1, 0))
    plan = compile(Spec((left, right), n_samples=3, steps=200))
    assert plan.blob_idx.tolist() == [0, 0, 0, 0, 1, 1] * 3
    state = init(plan)
    x = propose(plan, state)
    means = segment_mean(x[plan.blobs.atoms], plan.blobs.ptr)
    np.testing.assert_allclose(means, [[-3, 0, 0], [2, 1, 0]] * 3, atol=0.05)
    final = run(plan, still)[-1]
    middle = (4 * np.array([-3, 0, 0]) + 2 * np.array([2, 1, 0])) / 6
    np.testing.assert_allclose(segment_mean(final.positions, plan.ptr), [middle] * 3, atol=0.05)


# --- scaffold --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sampler", ["dd", "sdd"])
@pytest.mark.parametrize("align", [False, True])
@pytest.mark.parametrize("placed", [False, True])
def test_scaffold_atoms_are_bit_for_bit_in_every_state(sampler: str, align: bool, placed: bool) -> None:
    spec = replace(GROWTH, sampler=sampler, blobs=(replace(PHENOXY, placed=placed),))  # type: ignore[arg-type]
    plan = compile(spec, align=align)
    expected = np.tile(SCAFFOLD.positions, (4, 1)).tobytes()
    states = run(plan, harmonic)
    assert len(states) > 2
    for state in states:
        assert state.positions[plan.fixed].tobytes() == expected
        assert propose(plan, state)[plan.fixed].tobytes() == expected
    assert plan.numbers[:6].tolist() == SCAFFOLD.numbers.tolist()


def test_free_atoms_are_read_in_the_scaffolds_frame() -> None:
    """Where the field's own molecule fits the scaffold but lies elsewhere, the free atoms end up beside it."""
    shift = np.array([7.0, -3.0, 2.0])
    truth = np.concatenate([SCAFFOLD.positions, np.random.default_rng(0).normal(size=(12, 3)) + PHENOXY.center])

    def elsewhere(numbers: np.ndarray, positions: Floats, ptr: np.ndarray) -> Floats:
        return 2 * (np.tile(truth + shift, (len(ptr) - 1, 1)) - positions)

    plan = compile(replace(GROWTH, sampler="dd", blobs=(replace(PHENOXY, placed=False, covariance=None),)))
    states = run(plan, elsewhere)
    np.testing.assert_allclose(states[-1].positions, np.tile(truth, (4, 1)), atol=1e-9)
    assert states[-1].nfe.tolist() == [2] * 4


# --- randomness and independence -------------------------------------------------------------------------------


@pytest.mark.parametrize("spec", [FREE, GROWTH, replace(GROWTH, blobs=(Blob(heavy_atoms=4, center=(3, 0, 0)),))])
def test_seeds_reproduce_and_differ(spec: Spec) -> None:
    first, again, other = (run(compile(s), harmonic) for s in (spec, spec, replace(spec, seed=6)))
    assert [s.positions.tobytes() for s in first] == [s.positions.tobytes() for s in again]
    assert first[0].positions.tobytes() != other[0].positions.tobytes()


@pytest.mark.parametrize(
    "spec",
    [
        FREE,
        replace(FREE, sampler="dd"),
        GROWTH,
        replace(FREE, blobs=(replace(FREE.blobs[0], covariance=np.diag([4.0, 1, 0.5])),)),
        replace(GROWTH, blobs=(Blob(heavy_atoms=4, center=(3, 0, 0)),)),
    ],
    ids=["free", "free dd", "growth", "shape", "random"],
)
def test_a_molecule_does_not_depend_on_its_batch_mates(spec: Spec) -> None:
    whole = compile(spec)
    together = run(whole, two_modes)
    for m in (0, 2):
        alone = compile(spec, [m])
        atoms = slice(whole.ptr[m], whole.ptr[m + 1])
        assert whole.numbers[atoms].tolist() == alone.numbers.tolist()
        for state, mine in zip(together, run(alone, two_modes), strict=False):
            np.testing.assert_allclose(state.positions[atoms], mine.positions, rtol=0, atol=1e-12)
    backwards = run(compile(spec, [3, 2, 1, 0]), two_modes)
    assert backwards[-1].nfe.tolist() == together[-1].nfe[::-1].tolist()


def test_joined_plans_run_as_they_would_alone() -> None:
    plans = [
        compile(replace(FREE, noise=0.3)),
        compile(replace(GROWTH, noise=0.3, seed=9)),
        compile(replace(FREE, noise=0.3), [7]),
    ]
    joined = Plan.cat(plans)
    assert joined.n_molecules == 9 and joined.n_atoms == sum(plan.n_atoms for plan in plans)
    final = run(joined, harmonic)[-1]
    np.testing.assert_allclose(
        final.positions, np.concatenate([run(plan, harmonic)[-1].positions for plan in plans]), rtol=0, atol=1e-12
    )
    np.testing.assert_array_equal(joined.blob_idx, np.concatenate([plan.blob_idx for plan in plans]))
    np.testing.assert_array_equal(joined.mol_idx[joined.blobs.atoms[joined.blobs.ptr[:-1]]], joined.blobs.molecule)


def test_plans_of_other_settings_are_not_joined() -> None:
    with pytest.raises(InputError) as caught:
        Plan.cat([compile(FREE), compile(replace(FREE, steps=9))])
    assert caught.value.field == "steps"
    with pytest.raises(InputError):
        Plan.cat([])
    with pytest.raises(InputError):
        compile(FREE, [])


def test_proposals_are_pure() -> None:
    plan = compile(GROWTH)
    state = init(plan)
    before = state.positions.copy()
    first = propose(plan, state)
    np.testing.assert_array_equal(first, propose(plan, state))
    advance(plan, state, first, harmonic(plan.numbers, first, plan.ptr))
    np.testing.assert_array_equal(state.positions, before)


def test_batched_draws_are_the_named_draws() -> None:
    keys = np.array([[3, 0], [3, 1], [2**63 - 1, 5]])
    drawn = normals(keys, np.array([4, 1, 2]), Stream.NOISE, step=7)
    expected = [
        generator(seed, m, Stream.NOISE, 7).standard_normal((n, 3))
        for (seed, m), n in zip(keys.tolist(), (4, 1, 2), strict=True)
    ]
    np.testing.assert_array_equal(drawn, np.concatenate(expected))
    draws = {generator(3, 1, stream, step).standard_normal() for stream in Stream for step in (0, 1, 2)}
    assert len(draws) == 3 * len(Stream)


@pytest.mark.parametrize(
    "spec",
    [
        Spec((Blob(heavy_atoms=4, center=(3, 0, 0)),), SCAFFOLD),
        Spec((Blob(heavy_atoms=1, center=(3, 0, 0)),), SCAFFOLD),
        Spec((Blob(heavy_atoms=6),)),
        Spec((Blob(heavy_atoms=3), Blob(heavy_atoms=3, center=(3, 0, 0)), Blob(numbers=(8, 1), center=(6, 0, 0)))),
        Spec((Blob(heavy_atoms=2),), replace(SCAFFOLD, attach=())),
        Spec((Blob(heavy_atoms=2), Blob(numbers=(6, 1)))),
    ],
)
def test_random_blobs_close_the_shell_of_the_molecule(spec: Spec) -> None:
    plan = compile(replace(spec, n_samples=60))
    compositions = {tuple(plan.numbers[a:b].tolist()) for a, b in zip(plan.ptr[:-1], plan.ptr[1:], strict=True)}
    assert len(compositions) > 1
    assert {check_valence(numbers) for numbers in compositions} == {None}


# --- failures --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("spoil", [np.nan, np.inf, -np.inf, 2e4, -1e300])
@pytest.mark.parametrize("spec", [FREE, GROWTH])
def test_a_molecule_with_a_bad_force_fails_alone(spec: Spec, spoil: float) -> None:
    plan = compile(spec)
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

    plan = compile(replace(FREE, steps=100))
    states = run(plan, repelling)
    assert states[-1].failed.all() and states[-1].step < 20
    assert np.abs(states[-1].positions).max() <= 1e3


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


def test_one_hydrogen_grows_on_a_scaffold() -> None:
    plan = compile(Spec((Blob(numbers=(1,), center=(2.0, -1.0, 0.0)),), SCAFFOLD, n_samples=2, steps=4))
    final = run(plan, still)[-1]
    assert np.isfinite(final.positions).all()
    np.testing.assert_allclose(final.positions[~plan.fixed], [[2.0, -1.0, 0.0]] * 2, atol=0.6)
