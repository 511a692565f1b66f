from dataclasses import replace

import numpy as np
import pytest

from gpff.composition import parse_formula
from gpff.errors import InputError, LimitError
from gpff.shape import typical_covariance, typical_variances
from gpff.spec import Blob, Limits, Scaffold, Spec, open_valences, validate

ACETYL = Scaffold(
    numbers=[6, 6, 8, 1, 1, 1],
    positions=[[0, 0, 0], [1.5, 0, 0], [2.1, 1.0, 0], [-0.4, 1, 0], [-0.4, -0.5, 0.9], [-0.4, -0.5, -0.9]],
    attach=(1,),
)
PHENOXY = Blob(numbers=tuple(parse_formula("C6H5O").tolist()), center=(4.0, -1.0, 0.0))


def refused(spec: Spec, limits: Limits | None = None) -> InputError:
    with pytest.raises(InputError) as caught:
        validate(spec, limits)
    return caught.value


def with_blob(**changes: object) -> Spec:
    return Spec((replace(PHENOXY, **changes),), ACETYL)  # type: ignore[arg-type]


def test_good_specs_pass() -> None:
    validate(Spec.from_formula("C7H8O2", n=3, sampler="dd", steps=16, seed=2**53))
    validate(Spec((PHENOXY,), ACETYL))
    validate(with_blob(covariance=[[2.6, 0.1, 0], [0.1, 2.6, 0], [0, 0, 0.3]]))
    validate(with_blob(numbers=None, heavy_atoms=4))
    validate(Spec((Blob(heavy_atoms=3), Blob(heavy_atoms=2, center=(4, 0, 0)))))


def test_a_formula_alone_is_free_generation() -> None:
    spec = Spec.from_formula("C7H8O2", n=3)
    assert spec.is_free and spec.n_samples == 3
    assert not Spec.from_formula("C7H8O2", covariance=np.eye(3)).is_free
    assert not Spec(spec.blobs, ACETYL).is_free
    assert not Spec((PHENOXY,)).is_free


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("n_samples", {"n_samples": 0}),
        ("n_samples", {"n_samples": 1.5}),
        ("steps", {"steps": 0}),
        ("steps", {"steps": 6.5}),
        ("steps", {"steps": "6"}),
        ("steps", {"steps": True}),
        ("sampler", {"sampler": "euler"}),
        ("seed", {"seed": -1}),
        ("seed", {"seed": 0.5}),
        ("lambda", {"noise": "1"}),
        ("f_max", {"f_max": None}),
        ("seed", {"seed": 2**63}),
        ("lambda", {"noise": -0.1}),
        ("lambda", {"noise": float("nan")}),
        ("step_length", {"step_length": 0.0}),
        ("step_length", {"step_length": 2.1}),
        ("step_length", {"step_length": float("nan")}),
        ("lambda_power", {"noise_power": 0.0}),
        ("lambda_power", {"noise_power": 4.1}),
        ("lambda_power", {"noise_power": float("nan")}),
        ("f_max", {"f_max": float("inf")}),
        ("f_max", {"f_max": -1.0}),
        ("blobs", {"blobs": ()}),
    ],
)
def test_bad_settings_are_refused_by_name(field: str, changes: dict[str, object]) -> None:
    error = refused(replace(Spec.from_formula("CH4"), **changes))  # type: ignore[arg-type]
    assert error.field == field
    assert not isinstance(error, LimitError)


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("blobs.0", {"heavy_atoms": 3}),
        ("blobs.0", {"numbers": None}),
        ("blobs.0.heavy_atoms", {"numbers": None, "heavy_atoms": 0}),
        ("blobs.0.heavy_atoms", {"numbers": None, "heavy_atoms": 2.5}),
        ("blobs.0.shape", {"placed": False, "shape": ("long", "thin", "thin")}),
        ("blobs.0.formula", {"numbers": ()}),
        ("blobs.0.formula", {"numbers": (6, 17)}),
        ("blobs.0.formula", {"numbers": (6,) * 6 + (1,) * 6 + (8,)}),
        ("blobs.0.center", {"center": (0.0, 0.0)}),
        ("blobs.0.center", {"center": (0.0, 0.0, float("nan"))}),
        ("blobs.0.center", {"center": (0.0, 0.0, 1e4)}),
        ("blobs.0.covariance", {"covariance": np.eye(2)}),
        ("blobs.0.covariance", {"covariance": np.full((3, 3), np.nan)}),
        ("blobs.0.covariance", {"covariance": [[1, 0.5, 0], [0, 1, 0], [0, 0, 1]]}),
        ("blobs.0.covariance", {"covariance": np.diag([1.0, 1.0, 0.0])}),
        ("blobs.0.covariance", {"covariance": np.diag([1.0, 1.0, -1.0])}),
        ("blobs.0.covariance", {"covariance": [[1, 2, 0], [2, 1, 0], [0, 0, 1]]}),
        ("blobs.0.covariance", {"covariance": 1e6 * np.eye(3)}),
        ("blobs.0.strictness", {"strictness": 0.0}),
        ("blobs.0.strictness", {"strictness": float("nan")}),
    ],
)
def test_bad_blobs_are_refused_by_name(field: str, changes: dict[str, object]) -> None:
    assert refused(with_blob(**changes)).field == field


@pytest.mark.parametrize(
    ("field", "scaffold"),
    [
        ("scaffold.numbers", Scaffold([], np.zeros((0, 3)))),
        ("scaffold.numbers", Scaffold([6, 14], [[0, 0, 0], [2, 0, 0]])),
        ("scaffold.positions", Scaffold([6, 8], [[0, 0, 0]])),
        ("scaffold.positions", Scaffold([6, 8], [[0, 0, 0], [0.39, 0, 0]])),
        ("scaffold.positions", Scaffold([6, 8], [[0, 0, 0], [np.nan, 0, 0]])),
        ("scaffold.positions", Scaffold([6, 8], [[0, 0, 0], [0, np.inf, 0]])),
        ("scaffold.positions", Scaffold([6, 8], [[0, 0, 0], [0, 1e9, 0]])),
        ("scaffold.attach", Scaffold([6, 8], [[0, 0, 0], [1.2, 0, 0]], attach=(2,))),
        ("scaffold.attach", Scaffold([6, 8], [[0, 0, 0], [1.2, 0, 0]], attach=(-1,))),
    ],
)
def test_bad_scaffolds_are_refused_by_name(field: str, scaffold: Scaffold) -> None:
    assert refused(Spec((PHENOXY,), scaffold)).field == field


def test_overlaps_and_bad_coordinates_name_the_atoms() -> None:
    close = Scaffold([6, 8, 1], [[0, 0, 0], [2, 0, 0], [2.3, 0, 0]])
    assert "0.3 Å between atoms 1 and 2" in refused(Spec((PHENOXY,), close)).got
    lost = Scaffold([6, 8], [[0, 0, 0], [0, np.nan, 0]])
    assert "for atom 1" in refused(Spec((PHENOXY,), lost)).got


def test_an_impossible_whole_says_what_is_missing() -> None:
    error = refused(Spec.from_formula("C7H9O2"))
    assert (error.field, error.got) == ("blobs.0.formula", "C7H9O2, which needs one more H")
    together = refused(with_blob(numbers=tuple(parse_formula("C6H6O").tolist())))
    assert "C8H9O2 for the whole molecule" in together.got


@pytest.mark.parametrize(
    ("field", "spec"),
    [
        ("n_samples", Spec.from_formula("CH4", n=65)),
        ("steps", Spec.from_formula("CH4", steps=1025)),
        ("blobs", Spec((Blob(heavy_atoms=100),))),
        ("blobs", Spec((Blob(heavy_atoms=10**9),))),
        ("n_samples", Spec.from_formula("C30H62", n=60)),
    ],
)
def test_sizes_over_the_limits_are_told_apart(field: str, spec: Spec) -> None:
    error = refused(spec)
    assert isinstance(error, LimitError) and error.field == field


def test_limits_can_be_widened() -> None:
    validate(Spec.from_formula("CH4", n=100, steps=2000), Limits.library())
    assert refused(Spec.from_formula("CH4", n=3), Limits(max_samples=2)).expected == "at most 2"


def test_open_valences_go_to_the_nearest_blob() -> None:
    near, far = Blob(heavy_atoms=2, center=(3, 0, 0)), Blob(heavy_atoms=2, center=(-2, 0, 0))
    scaffold = replace(ACETYL, attach=(0, 1, 1))
    assert open_valences(Spec((near, far), scaffold)) == (2, 1)
    assert open_valences(Spec((near, far), replace(ACETYL, attach=()))) == (1, 1)
    assert open_valences(Spec((near,))) == (0,)
    assert open_valences(Spec((near, near, far))) == (1, 2, 1)


def test_more_sites_than_a_blob_can_serve_are_refused() -> None:
    scaffold = replace(ACETYL, attach=(1, 1, 1, 0))
    error = refused(Spec((Blob(heavy_atoms=1, center=(4, 0, 0)),), scaffold))
    assert error.field == "blobs.0.heavy_atoms"


def test_an_error_can_be_put_under_a_parent() -> None:
    error = LimitError("formula", "less", "more").under("blobs.3")
    assert isinstance(error, LimitError) and str(error) == "blobs.3.formula: expected less, got more"


def test_typical_shapes_grow_and_are_sorted() -> None:
    sizes = [1, 4, 9, 18, 29, 60]
    variances = np.array([typical_variances(n) for n in sizes])
    assert (np.diff(variances, axis=1) < 0).all() and (np.diff(variances, axis=0) >= 0).all()
    # What QM9 has at 18 atoms, its commonest sizes.
    np.testing.assert_allclose(typical_variances(18), (3.532, 1.486, 0.695), rtol=0.08)
    np.testing.assert_array_equal(typical_covariance(18), np.diag(typical_variances(18)))
