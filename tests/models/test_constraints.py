import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.spatial.transform import Rotation

from gpff.constraints import (
    MAX_STRETCH,
    Blobs,
    Hold,
    constrain,
    matrix_sqrt,
    optimal_transport,
    principal_scaling,
    relative_forces,
)
from gpff.molecules import Floats, Segments, pointers

NEVER_FADES = 1e-12
"""A strictness at which γ is 1 in every call but the last."""


def one_blob(
    hold: Hold, n: int, covariance: Floats, center: Floats | None = None, strictness: float = NEVER_FADES
) -> Blobs:
    return Blobs(
        atoms=np.arange(n),
        ptr=np.array([0, n]),
        molecule=np.array([0]),
        hold=np.array([hold]),
        center=np.zeros((1, 3)) if center is None else center[None],
        covariance=covariance[None],
        strictness=np.array([strictness]),
    )


def cloud(n: int, seed: int = 0) -> Floats:
    rng = np.random.default_rng(seed)
    turn = Rotation.random(rng=rng).as_matrix()
    return rng.normal(size=(n, 3)) @ np.diag([2.0, 1.0, 0.4]) @ turn + [3, -2, 1]


def covariance_of(x: Floats) -> Floats:
    return np.asarray(np.cov(x.T, bias=True))


TILTED = Rotation.from_euler("xyz", [0.3, -1.0, 0.7]).as_matrix()
TARGET = TILTED @ np.diag([2.6, 1.1, 0.3]) @ TILTED.T


def test_a_placed_blob_gets_its_centre_and_covariance_exactly() -> None:
    center = np.array([1.0, 2.0, 3.0])
    x = constrain(one_blob(Hold.PLACED, 12, TARGET, center), cloud(12), call=1, steps=100)
    np.testing.assert_allclose(x.mean(axis=0), center, atol=1e-9)
    np.testing.assert_allclose(covariance_of(x), TARGET, atol=1e-9)


def test_a_free_shape_gets_its_principal_variances_and_keeps_its_place_and_axes() -> None:
    before = cloud(12)
    x = constrain(one_blob(Hold.SHAPE, 12, TARGET), before, call=1, steps=100)
    np.testing.assert_allclose(np.linalg.eigvalsh(covariance_of(x)), [0.3, 1.1, 2.6], atol=1e-9)
    np.testing.assert_allclose(x.mean(axis=0), before.mean(axis=0), atol=1e-12)
    axes_before, axes = (np.linalg.eigh(covariance_of(y))[1] for y in (before, x))
    np.testing.assert_allclose(np.abs((axes_before * axes).sum(axis=0)), 1.0, atol=1e-9)


@pytest.mark.parametrize("hold", [Hold.SHAPE, Hold.PLACED])
def test_the_share_of_a_constraint_follows_the_schedule(hold: Hold) -> None:
    before = cloud(9)
    full = constrain(one_blob(hold, 9, TARGET), before, call=1, steps=100)
    for call, strictness in ((1, 1.0), (3, 1.0), (3, 2.5)):
        x = constrain(one_blob(hold, 9, TARGET, strictness=strictness), before, call=call, steps=4)
        gamma = (1 - call / 4) ** strictness
        np.testing.assert_allclose(x, gamma * full + (1 - gamma) * before, atol=1e-9)
    last = constrain(one_blob(hold, 9, TARGET, strictness=1.0), before, call=4, steps=4)
    np.testing.assert_array_equal(last, before)


def test_a_placed_blob_turns_with_the_lab_frame() -> None:
    x, center = cloud(8), np.array([0.5, 4.0, -1.0])
    turn = Rotation.random(rng=np.random.default_rng(3)).as_matrix()
    straight = constrain(one_blob(Hold.PLACED, 8, TARGET, center), x, 1, 3)
    turned = constrain(one_blob(Hold.PLACED, 8, turn @ TARGET @ turn.T, turn @ center), x @ turn.T, 1, 3)
    np.testing.assert_allclose(turned, straight @ turn.T, atol=1e-9)


def test_a_free_shape_does_not_see_its_own_orientation() -> None:
    x, turn = cloud(8), Rotation.random(rng=np.random.default_rng(4)).as_matrix()
    straight = constrain(one_blob(Hold.SHAPE, 8, TARGET), x, 1, 3)
    turned_target = constrain(one_blob(Hold.SHAPE, 8, turn @ TARGET @ turn.T), x, 1, 3)
    turned_cloud = constrain(one_blob(Hold.SHAPE, 8, TARGET), x @ turn.T, 1, 3)
    np.testing.assert_allclose(turned_target, straight, atol=1e-9)
    np.testing.assert_allclose(turned_cloud, straight @ turn.T, atol=1e-9)


def test_blobs_move_their_own_atoms_only() -> None:
    x = cloud(10)
    blobs = Blobs(
        atoms=np.array([1, 2, 3, 4, 6, 7, 8, 9]),
        ptr=np.array([0, 4, 8]),
        molecule=np.array([0, 0]),
        hold=np.array([Hold.NONE, Hold.PLACED]),
        center=np.array([[9.0, 9, 9], [5, 5, 5]]),
        covariance=np.stack([TARGET, TARGET]),
        strictness=np.full(2, NEVER_FADES),
    )
    out = constrain(blobs, x, 1, 10)
    np.testing.assert_array_equal(out[:6], x[:6])
    np.testing.assert_allclose(out[6:].mean(axis=0), 5.0, atol=1e-9)


@pytest.mark.parametrize("hold", [Hold.SHAPE, Hold.PLACED])
@pytest.mark.parametrize(
    "x",
    [
        np.zeros((1, 3)),
        np.array([[0.0, 0, 0], [1, 0, 0]]),
        np.array([[0.0, 0, 0], [1, 0, 0], [2, 0, 0], [5, 0, 0]]),
        np.column_stack([cloud(6)[:, :2], np.zeros(6)]),
        np.zeros((5, 3)),
        np.full((4, 3), 999.0),
    ],
    ids=["one atom", "two atoms", "line", "plane", "point", "far point"],
)
def test_flat_clouds_stay_finite_and_flat(hold: Hold, x: Floats) -> None:
    out = constrain(one_blob(hold, len(x), TARGET, np.ones(3)), x, 1, 100)
    assert np.isfinite(out).all()
    spread, spread_before = (np.linalg.svd(y - y.mean(axis=0))[1] for y in (out, x))
    assert spread.max() <= MAX_STRETCH * spread_before.max() * np.sqrt(2.6 / 0.3) + 1e-9
    assert np.linalg.matrix_rank(out - out.mean(axis=0), tol=1e-6) <= np.linalg.matrix_rank(
        x - x.mean(axis=0), tol=1e-6
    )
    if hold == Hold.PLACED:
        np.testing.assert_allclose(out.mean(axis=0), 1.0, atol=1e-8)


def test_two_atoms_are_stretched_along_their_own_line() -> None:
    x = np.array([[-0.5, 0, 0], [0.5, 0, 0]])
    out = constrain(one_blob(Hold.PLACED, 2, np.diag([4.0, 1, 1])), x, 1, 100)
    np.testing.assert_allclose(out, [[-2, 0, 0], [2, 0, 0]], atol=1e-9)


def test_nearly_flat_clouds_are_stretched_up_to_the_bound() -> None:
    x = cloud(8)
    x[:, 2] = 1e-3 * (x[:, 2] - x[:, 2].mean())
    for hold in (Hold.SHAPE, Hold.PLACED):
        out = constrain(one_blob(hold, 8, np.eye(3)), x, 1, 100)
        thinnest = np.sqrt(np.linalg.eigvalsh(covariance_of(out))[0])
        assert thinnest <= MAX_STRETCH * np.sqrt(np.linalg.eigvalsh(covariance_of(x))[0]) * 1.001


positive = arrays(float, (3, 3), elements=st.floats(-2, 2)).map(lambda a: a @ a.T + 0.05 * np.eye(3))


@given(positive, positive)
@settings(max_examples=50)
def test_the_transport_map_is_symmetric_and_exact(covariance: Floats, target: Floats) -> None:
    a = optimal_transport(covariance[None], target[None])[0]
    np.testing.assert_allclose(a, a.T, atol=1e-8)
    assert np.linalg.eigvalsh(a)[0] > 0
    stretch = np.linalg.eigvalsh(matrix_sqrt(target[None])[0] @ covariance @ matrix_sqrt(target[None])[0])
    if stretch[0] > (np.linalg.eigvalsh(target)[-1] / MAX_STRETCH) ** 2:
        np.testing.assert_allclose(a @ covariance @ a, target, atol=1e-7)


@given(positive, positive)
@settings(max_examples=50)
def test_principal_scaling_gives_the_target_variances(covariance: Floats, target: Floats) -> None:
    now, wanted = np.linalg.eigvalsh(covariance), np.linalg.eigvalsh(target)
    a = principal_scaling(covariance[None], target[None])[0]
    expected = np.minimum(np.sqrt(wanted / now), MAX_STRETCH) ** 2 * now
    np.testing.assert_allclose(np.linalg.eigvalsh(a @ covariance @ a), np.sort(expected), rtol=1e-6)


def test_forces_lose_the_drift_of_what_should_stand_still() -> None:
    rng = np.random.default_rng(0)
    x, forces, ptr = rng.normal(size=(9, 3)), rng.normal(size=(9, 3)), pointers([5, 4])
    fixed = np.array([True, True, False, False, False, False, False, False, False])
    relative = relative_forces(x, forces, fixed, Segments(ptr))
    np.testing.assert_array_equal(relative[:2], 0.0)
    np.testing.assert_allclose(relative[2:5], forces[2:5] - forces[:2].mean(axis=0))
    np.testing.assert_allclose(relative[5:], forces[5:] - forces[5:].mean(axis=0))


def test_alignment_undoes_a_turn_of_the_predicted_scaffold() -> None:
    """A network that predicts the right molecule, turned and shifted, is read as if it did so in place."""
    rng = np.random.default_rng(1)
    x = rng.normal(size=(9, 3))
    fixed = np.arange(9) < 5
    truth = np.where(fixed[:, None], x, x + rng.normal(size=(9, 3)))
    turn = Rotation.random(rng=rng).as_matrix()
    predicted = truth @ turn.T + [1.0, -2.0, 0.5]
    relative = relative_forces(x, 2 * (predicted - x), fixed, Segments(pointers([9])), align=True)
    np.testing.assert_allclose(x + relative / 2, truth, atol=1e-9)


@pytest.mark.parametrize("n_fixed", [1, 2])
def test_alignment_leaves_scaffolds_without_orientation_alone(n_fixed: int) -> None:
    rng = np.random.default_rng(2)
    x, forces, fixed, ptr = rng.normal(size=(6, 3)), rng.normal(size=(6, 3)), np.arange(6) < n_fixed, pointers([6])
    aligned, plain = (relative_forces(x, forces, fixed, Segments(ptr), align) for align in (True, False))
    np.testing.assert_allclose(aligned, plain, atol=1e-12)
