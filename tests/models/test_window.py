"""Windows: what of a large scaffold the network is shown, and that runs go on with it as with all of it."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from gpff.generation import sample
from gpff.growth_steps import STEPS, step
from gpff.molecules import Floats, Ints
from gpff.plan import Plan, compile
from gpff.samplers import advance, answer, evaluate, init, propose, question
from gpff.spec import Blob, Scaffold, Spec
from gpff.steering import steered
from gpff.window import BONDS, LARGEST, TO_HYDROGEN, window

ROUND = np.eye(3)


@pytest.fixture(scope="module")
def dipeptide() -> Spec:
    """51 atoms, of which 38 are the scaffold's."""
    (marked,) = [smiles for name, smiles in STEPS if "dipeptide" in name]
    return replace(step("dipeptide", marked).spec, n_samples=3, steps=8)


def chain(n: int) -> tuple[Ints, Floats]:
    """Carbons in a zigzag of single bonds, without hydrogens."""
    return np.full(n, 6), np.array([[1.25 * i, 0.44 * (-1) ** i, 0.0] for i in range(n)])


def test_a_chain_is_cut_where_the_site_is_far_and_a_hydrogen_takes_the_place() -> None:
    numbers, positions = chain(10)
    sites = np.arange(10) == 0
    seen, caps = vars(window(numbers, positions, sites, np.array([[-9.0, 0.0, 0.0]]), ROUND[None])).values()
    assert seen.tolist() == [True] * (BONDS + 1) + [False] * (9 - BONDS)
    (cap,) = caps
    last, first_out = positions[BONDS], positions[BONDS + 1]
    assert np.linalg.norm(cap - last) == pytest.approx(TO_HYDROGEN[6])
    np.testing.assert_allclose(np.cross(cap - last, first_out - last), 0.0, atol=1e-12)


def test_what_a_blob_touches_is_shown_however_far_from_the_site() -> None:
    numbers, positions = chain(16)
    sites = np.arange(16) == 0
    far = window(numbers, positions, sites, positions[[12]], 0.01 * ROUND[None]).seen
    assert far[12] and far[0] and not far[8]
    wide = window(numbers, positions, sites, positions[[12]], 16.0 * ROUND[None]).seen
    assert wide[8:16].all() and far.sum() < wide.sum()


def test_without_an_open_site_the_atom_nearest_to_the_blob_takes_its_part() -> None:
    numbers, positions = chain(12)
    seen = window(numbers, positions, np.zeros(12, dtype=bool), positions[[11]] + [4.0, 0, 0], 0.01 * ROUND[None]).seen
    assert seen.tolist() == [False] * (11 - BONDS) + [True] * (BONDS + 1)


@pytest.mark.parametrize("what", ["double", "ring", "oxygens"])
def test_only_single_bonds_outside_rings_with_a_carbon_are_cut(what: str) -> None:
    numbers, positions = chain(8)
    if what == "double":
        positions = positions * [1.32 / 1.53, 1.0, 1.0]  # every bond as short as a double one
    elif what == "oxygens":
        numbers = np.full(8, 8)
    else:
        angles = np.arange(8) * np.pi / 4
        positions = 2.0 * np.stack([np.cos(angles), np.sin(angles), np.zeros(8)], axis=1)
    found = window(numbers, positions, np.arange(8) == 0, np.array([[-9.0, 0.0, 0.0]]), ROUND[None])
    assert found.seen.all()
    assert len(found.caps) == 0


def test_up_to_the_largest_molecule_of_the_data_everything_is_shown(dipeptide: Spec) -> None:
    small = step("toluene", "c1cccc[c:1]1[CH3:2]").spec
    plan = compile(small)
    assert plan.n_atoms <= LARGEST and plan.all_seen and len(plan.caps) == 0
    whole = compile(dipeptide, windows=False)
    assert whole.all_seen and len(whole.caps) == 0
    unplaced = replace(dipeptide, blobs=(replace(dipeptide.blobs[0], placed=False, covariance=None),))
    assert compile(unplaced).all_seen


def asked_of(plan: Plan) -> tuple[Ints, Floats, Ints]:
    state = init(plan)
    return question(plan, state, propose(plan, state))


def test_the_network_is_shown_less_of_a_large_scaffold_and_all_of_the_blob(dipeptide: Spec) -> None:
    plan = compile(dipeptide)
    numbers, positions, sizes = asked_of(plan)
    assert len(numbers) == len(positions) == sizes.sum() < plan.n_atoms
    assert (sizes == sizes[0]).all()
    assert plan.seen[~plan.fixed].all() and plan.seen[plan.sites].all()
    first = slice(0, sizes[0])
    state = init(plan)
    shown = propose(plan, state)[plan.seen & (plan.mol_idx == 0)]
    np.testing.assert_array_equal(positions[first][: len(shown)], shown)
    caps = positions[first][len(shown) :]
    assert len(caps) and (numbers[first][len(shown) :] == 1).all()
    # a cap stands where the bond to what is left out was, and touches nothing else
    apart = np.linalg.norm(caps[:, None] - shown, axis=2)
    assert ((apart < 1.12).sum(axis=1) == 1).all()


def pulled(numbers: Ints, positions: Floats, ptr: Ints) -> Floats:
    """Forces that depend on every atom that is shown."""
    forces = np.zeros_like(positions)
    for a, b in pairwise(ptr):
        x = positions[a:b]
        forces[a:b] = 0.1 * np.tanh(x.mean(axis=0) - x) * numbers[a:b, None] / 6 + 0.01 * (b - a)
    return forces


def test_the_answer_goes_to_the_atoms_that_were_shown_and_to_no_other(dipeptide: Spec) -> None:
    plan = compile(dipeptide)
    state = init(plan)
    numbers, positions, sizes = question(plan, state, propose(plan, state))
    forces = np.arange(3.0 * len(numbers)).reshape(-1, 3) + 1
    out = answer(plan, state, forces)
    assert (out[~plan.seen] == 0).all() and (out[plan.seen] > 0).all()
    rows, molecule = plan.shown.rows, plan.shown.molecule
    np.testing.assert_array_equal(out[rows[rows < plan.n_atoms]], forces[rows < plan.n_atoms])
    one_down = replace(state, active=np.array([True, False, True]))
    fewer = question(plan, one_down, propose(plan, one_down))
    assert fewer[2].tolist() == sizes[[0, 2]].tolist()
    np.testing.assert_array_equal(fewer[1], positions[molecule != 1])
    np.testing.assert_array_equal(answer(plan, one_down, forces[molecule != 1])[plan.mol_idx == 1], 0.0)


def test_the_scaffold_stays_and_molecules_do_not_depend_on_batch_mates(dipeptide: Spec) -> None:
    plan, other = (
        compile(dipeptide),
        compile(replace(step("toluene", "c1cccc[c:1]1[CH3:2]").spec, n_samples=2, steps=8)),
    )
    other = replace(other, **{name: getattr(plan, name) for name in ("noise", "noise_power", "step_length")})
    *_, alone = sample(pulled, plan)
    *_, together = sample(pulled, Plan.cat([other, plan]))
    np.testing.assert_allclose(together.positions[other.n_atoms :], alone.positions, atol=1e-10)
    kept = dipeptide.scaffold
    assert kept is not None
    for m in range(plan.n_molecules):
        start = plan.ptr[m]
        np.testing.assert_array_equal(alone.positions[start : start + len(kept.numbers)], kept.positions)


def test_a_prediction_is_read_in_the_frame_of_what_was_shown(dipeptide: Spec) -> None:
    """A field that moves everything by the same says nothing, though it says nothing at all of what it is not shown."""
    plan = replace(compile(dipeptide), noise=0.0)
    state = init(plan)
    x = propose(plan, state)
    still = advance(plan, state, x, evaluate(lambda z, at, ptr: np.full_like(at, 0.3), plan, state, x))
    np.testing.assert_allclose(still.positions, x, atol=1e-12)


def test_the_window_follows_a_blob_that_is_moved(dipeptide: Spec) -> None:
    plan = compile(dipeptide)
    state, kept = init(plan), dipeptide.scaffold
    assert kept is not None
    hidden = np.flatnonzero(~plan.seen[: len(kept.numbers)])
    there = replace(dipeptide.blobs[0], center=tuple(kept.positions[hidden[0]]))
    moved = steered(plan, state, [there])
    assert moved.seen[hidden[0]] and not moved.all_seen
    assert steered(compile(dipeptide, windows=False), state, [there]).all_seen
    frozen = steered(plan, state, None, [plan.n_atoms - 1])
    assert frozen.seen[-1] and not frozen.all_seen
    np.testing.assert_array_equal(frozen.caps, plan.caps)


def test_a_scaffold_of_loose_atoms_and_a_blob_far_away_make_a_window_too() -> None:
    """Nothing of what a user may send is bound to look like a molecule."""
    rng = np.random.default_rng(0)
    scaffold = Scaffold(rng.choice([1, 6, 7, 8, 9], 40), rng.uniform(-15, 15, (40, 3)), ())
    plan = compile(Spec((Blob(numbers=(6, 1, 1, 1), center=(40.0, 0.0, 0.0)),), scaffold, steps=4))
    assert plan.seen[plan.fixed].any()
    *_, last = sample(pulled, plan)
    assert np.isfinite(last.positions).all()
