"""Random blobs make one molecule with whatever is there already."""

from __future__ import annotations

import numpy as np
import pytest

from gpff.composition import check_valence, parse_formula
from gpff.draws import compositions
from gpff.errors import InputError
from gpff.plan import compile
from gpff.spec import Blob, Scaffold, Spec

TETRAHEDRON = 0.629 * np.array([[0, 0, 0], [1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]])
METHANE = Scaffold([6, 1, 1, 1, 1], TETRAHEDRON)
METHYL = Scaffold([6, 1, 1, 1], TETRAHEDRON[:4])


def random_blob(heavy_atoms: int) -> Blob:
    return Blob(heavy_atoms=heavy_atoms, center=(0.0, 0.0, -2.0))


@pytest.mark.parametrize(
    ("scaffold", "blobs"),
    [
        (METHANE, (random_blob(1), random_blob(1))),  # no site for the two bonds that they reckon with
        (METHANE, (random_blob(1), random_blob(3))),
        (METHANE, (Blob(numbers=(1,)), random_blob(1))),
        (METHANE, (random_blob(1), Blob(numbers=tuple(parse_formula("CH3").tolist())))),
        (METHANE, (random_blob(1),)),  # fluorine, one in three hundred, has no hydrogen to give
        (METHYL, (random_blob(1), random_blob(1))),
    ],
)
def test_the_whole_is_a_molecule_that_can_be(scaffold: Scaffold, blobs: tuple[Blob, ...]) -> None:
    spec = Spec(blobs, scaffold, seed=1)
    for molecule in range(600):
        parts = compositions(spec, molecule)
        assert check_valence(np.concatenate([scaffold.numbers, *parts])) is None
        for blob, numbers in zip(blobs, parts, strict=True):
            assert blob.heavy_atoms in (None, np.count_nonzero(numbers > 1))
            assert blob.numbers in (None, tuple(numbers.tolist()))


def test_what_no_draw_can_make_a_molecule_of_is_refused_by_name() -> None:
    three = Scaffold([6, 1, 1, 1, 1] * 3, np.concatenate([TETRAHEDRON + np.array([4.0 * i, 0, 0]) for i in range(3)]))
    with pytest.raises(InputError, match="atoms that can make one molecule with the others") as caught:
        compile(Spec((random_blob(1),), three))
    assert caught.value.field == "blobs.0.heavy_atoms"
