"""A molecule is decided by its seed and its name alone: by no batch mate, and not by how plans were joined."""

from dataclasses import replace

import numpy as np
import pytest
from force_fields import harmonic, two_modes
from sampler_runs import FREE, GROWTH, SCAFFOLD, run

from gpff.composition import check_valence
from gpff.errors import InputError
from gpff.noise import Stream, generator, normals
from gpff.samplers import Plan, advance, compile, init, propose
from gpff.spec import Blob, Spec


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
        compile(replace(FREE, noise=0.3, noise_power=1.0)),
        compile(replace(GROWTH, noise=0.3, noise_power=1.0, seed=9)),
        compile(replace(FREE, noise=0.3, noise_power=1.0), [7]),
    ]
    joined = Plan.cat(plans)
    assert joined.n_molecules == 9 and joined.n_atoms == sum(plan.n_atoms for plan in plans)
    final = run(joined, harmonic)[-1]
    np.testing.assert_allclose(
        final.positions, np.concatenate([run(plan, harmonic)[-1].positions for plan in plans]), rtol=0, atol=1e-12
    )
    first = np.cumsum([0, *(plan.n_atoms for plan in plans)])
    atoms = [plan.blobs.atoms + start for plan, start in zip(plans, first, strict=False)]
    np.testing.assert_array_equal(joined.blobs.atoms, np.concatenate(atoms))
    np.testing.assert_array_equal(np.diff(joined.blobs.ptr), np.concatenate([np.diff(p.blobs.ptr) for p in plans]))
    np.testing.assert_array_equal(joined.mol_idx[joined.blobs.atoms[joined.blobs.ptr[:-1]]], joined.blobs.molecule)


@pytest.mark.parametrize(
    ("name", "value"),
    [("sampler", "dd"), ("steps", 9), ("noise", 0.1), ("noise_power", 0.4), ("step_length", 1.3), ("f_max", 0.2)],
)
def test_plans_of_other_settings_are_not_joined(name: str, value: object) -> None:
    with pytest.raises(InputError) as caught:
        Plan.cat([compile(FREE), compile(replace(FREE, **{name: value}))])  # type: ignore[arg-type]
    assert caught.value.field == name


def test_no_plans_are_not_joined() -> None:
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
