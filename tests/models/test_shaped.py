"""Blobs whose shape is drawn by the shape predictor."""

from __future__ import annotations

import numpy as np
import pytest
from tests.models.force_fields import still

from gpff.errors import InputError
from gpff.generation import sample
from gpff.plan import compile
from gpff.shape_predictor import ARCHETYPES, FLOOR, principal_variances
from gpff.spec import Blob, Spec, validate


def test_every_molecule_draws_a_shape_of_its_own() -> None:
    plan = compile(Spec.from_formula("C7H8O2", 4, shape="any"))
    variances = np.linalg.eigvalsh(plan.blobs.covariance)
    assert len(np.unique(variances[:, 2].round(6))) == 4 and (variances > 0).all()
    one = compile(Spec.from_formula("C7H8O2", 4, shape="any"), [2])
    np.testing.assert_array_equal(one.blobs.covariance[0], plan.blobs.covariance[2])


@pytest.mark.parametrize("shape", sorted(ARCHETYPES))
def test_archetypes_have_their_proportions(shape: str) -> None:
    plan = compile(Spec.from_formula("C7H8O2", 3, shape=shape))
    wanted = np.maximum(ARCHETYPES[shape], FLOOR)
    for covariance in plan.blobs.covariance:
        v = np.linalg.eigvalsh(covariance)[::-1]
        np.testing.assert_allclose(v / v.sum(), wanted / wanted.sum(), rtol=1e-6)


def test_a_shaped_cloud_has_its_shape_at_the_first_call() -> None:
    plan = compile(Spec.from_formula("C7H8O2", 2, steps=100, shape=(3.0, 2.0, 1.0)))
    state = list(sample(still, plan))[1]
    v = principal_variances(state.positions, plan.ptr)
    np.testing.assert_allclose(v / v.sum(1, keepdims=True), [[0.5, 1 / 3, 1 / 6]] * 2, rtol=0.03)


@pytest.mark.parametrize(
    ("blob", "reason"),
    [
        (Blob((6, 1, 1, 1, 1), placed=True, shape="rod"), "got a placed blob"),
        (Blob((6, 1, 1, 1, 1), placed=False, covariance=np.eye(3), shape="rod"), "got a covariance as well"),
        (Blob((6, 1, 1, 1, 1), placed=False, shape="cube"), "expected any or rod or disc or sphere, got 'cube'"),
        (Blob((6, 1, 1, 1, 1), placed=False, shape=(1.0, -1.0, 0.0)), "expected three variances"),
    ],
)
def test_impossible_shapes_are_refused(blob: Blob, reason: str) -> None:
    with pytest.raises(InputError, match=r"blobs\.0\.shape: .*" + reason):
        validate(Spec((blob,)))
