"""From the wire to the library, with errors in the names of the wire."""

import numpy as np
import pytest

from gpff.errors import InputError, LimitError
from gpff.plan import compile
from gpff.spec import Limits, Spec
from studio.protocol import GenerateSpec
from studio.specs import to_spec

UNIT = [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
NEGATIVE = [[-1, 0, 0], [0, 1, 0], [0, 0, 1]]
SKEWED = [[1, 2, 0], [0, 1, 0], [0, 0, 1]]


def spec(limits: Limits | None = None, **wire: object) -> Spec:
    return to_spec(GenerateSpec.model_validate(wire), 7, limits or Limits())


def test_a_formula_alone_is_free_generation() -> None:
    made = spec(formula="C7H8O2", n_samples=3)
    assert made.is_free and made.n_samples == 3 and made.seed == 7
    assert made.blobs[0].numbers == (6,) * 7 + (1,) * 8 + (8, 8)


@pytest.mark.parametrize("shape", ["any", "rod", "disc", "sphere"])
def test_a_named_shape_is_left_to_the_shape_predictor(shape: str) -> None:
    made = spec(formula="C7H8O2", shape=shape, n_samples=3)
    assert made.blobs[0].shape == shape and made.blobs[0].covariance is None and not made.is_free
    variances = np.linalg.eigvalsh(compile(made).blobs.covariance)
    assert variances.min() > 0 and len(np.unique(variances[:, 2])) == 3
    assert (variances.sum(axis=1) > 2).all() and (variances.sum(axis=1) < 20).all()  # Å², of 17 atoms


@pytest.mark.parametrize("shape", [None, "any", "rod", "disc", "sphere"])
def test_a_formula_is_the_same_job_here_and_in_the_library(shape: str | None) -> None:
    given = {} if shape is None else {"shape": shape}
    here = compile(spec(formula="C7H8O2", n_samples=3, steps=6, **given))
    there = compile(Spec.from_formula("C7H8O2", n=3, steps=6, seed=7, shape=shape))
    assert vars(here).keys() == vars(there).keys()
    assert here.blobs.strictness.tolist() == there.blobs.strictness.tolist() == [1.0 if shape is None else 2.0] * 3
    assert here.start.tobytes() == there.start.tobytes()
    assert here.blobs.covariance.tobytes() == there.blobs.covariance.tobytes()
    assert (here.noise, here.noise_power, here.step_length) == (there.noise, there.noise_power, there.step_length)


def test_the_settings_of_sdd_reach_the_sampler() -> None:
    plan = compile(spec(formula="CH4", steps=6, lambda_power=0.9, step_length=1.2, **{"lambda": 0.4}))
    assert (plan.noise, plan.noise_power, plan.step_length) == (0.4, 0.9, 1.2)
    usual = compile(spec(formula="CH4", steps=64))
    assert (usual.noise, usual.noise_power, usual.step_length) == (0.35, 0.7, 1.0)


def test_scaffold_positions_keep_their_bits() -> None:
    given = [[0.1, 1 / 3, -2.7182818284590455], [1.3, 0.7, 0.2]]
    scaffold = {"numbers": [6, 8], "positions": given, "attach": [0]}
    made = spec(blobs=[{"formula": "CH4", "covariance": UNIT}], scaffold=scaffold)
    assert made.scaffold is not None and made.scaffold.positions.tolist() == given
    assert compile(made).anchor[:2].tolist() == given


def test_atoms_one_by_one_begin_where_they_are_said_to() -> None:
    given = [[0.1, 1 / 3, -2.7182818284590455], [1.3, 0.7, 0.2], [-0.8, 0.5, 0.3]]
    made = spec(blobs=[{"numbers": [1, 8, 1], "positions": given, "placed": False}], sampler="dd")
    assert made.blobs[0].numbers == (1, 8, 1) and not made.is_free
    assert compile(made).start.tolist() == given and compile(made).numbers.tolist() == [1, 8, 1]
    assert spec(blobs=[{"numbers": [1, 8, 1]}]).blobs[0].positions is None


@pytest.mark.parametrize(
    ("wire", "field", "kind"),
    [
        ({"blobs": [{"numbers": [8, 1, 1], "positions": [[0, 0, 0], [1, 0, 0]]}]}, "blobs.0.positions", InputError),
        ({"blobs": [{"numbers": [1, 1], "positions": [[0, 0, 0], [0, 0, 0]]}]}, "blobs.0.positions", InputError),
        ({"blobs": [{"numbers": [1, 1], "positions": [[0, 0, 0], [0, 0, 999]]}]}, "blobs.0.positions", InputError),
        (
            {
                "blobs": [{"numbers": [1], "positions": [[0, 0, 0.1]]}],
                "scaffold": {"numbers": [1], "positions": [[0, 0, 0]]},
            },
            "blobs.0.positions",
            InputError,
        ),
        ({"blobs": [{"numbers": [1, 1, 92]}]}, "blobs.0.numbers", InputError),
        ({"formula": "C7H8Xx"}, "formula", InputError),
        ({"formula": "water"}, "formula", InputError),
        ({"formula": "C200H200"}, "formula", LimitError),
        ({"formula": "CH99"}, "formula", InputError),
        ({"formula": "CH3"}, "formula", InputError),
        ({"blobs": [{"formula": "CH4"}, {"formula": "Q2"}]}, "blobs.1.formula", InputError),
        ({"blobs": [{"formula": "CH4", "covariance": NEGATIVE}]}, "blobs.0.covariance", InputError),
        ({"blobs": [{"formula": "CH4", "covariance": SKEWED}]}, "blobs.0.covariance", InputError),
        ({"blobs": [{"formula": "CH4", "center": [1e9, 0, 0]}]}, "blobs.0.center", InputError),
        ({"formula": "CH4", "n_samples": 10**40}, "n_samples", LimitError),
        ({"formula": "CH4", "steps": 1025}, "steps", LimitError),
        ({"formula": "C90H90", "n_samples": 64}, "n_samples", LimitError),
        ({"blobs": [{"heavy_atoms": 4000}]}, "blobs", LimitError),
    ],
)  # fmt: skip
def test_errors_name_the_field_of_the_wire(wire: dict[str, object], field: str, kind: type[InputError]) -> None:
    with pytest.raises(InputError) as caught:
        spec(**wire)
    assert caught.value.field == field and type(caught.value) is kind


@pytest.mark.parametrize(
    ("scaffold", "field"),
    [
        ({"numbers": [6, 8], "positions": [[0, 0, 0], [0.1, 0, 0]]}, "scaffold.positions"),
        ({"numbers": [6, 8], "positions": [[0, 0, 0]]}, "scaffold.positions"),
        ({"numbers": [6, 92], "positions": [[0, 0, 0], [1.4, 0, 0]]}, "scaffold.numbers"),
        ({"numbers": [6, 8], "positions": [[0, 0, 0], [1.4, 0, 0]], "attach": [2]}, "scaffold.attach"),
    ],
)
def test_a_bad_scaffold_is_refused(scaffold: dict[str, object], field: str) -> None:
    with pytest.raises(InputError) as caught:
        spec(blobs=[{"formula": "CH4"}], scaffold=scaffold)
    assert caught.value.field == field
