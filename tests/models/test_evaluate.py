"""The evaluation's arithmetic and its table, on a force field with a known answer."""

from __future__ import annotations

import csv
import itertools
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from tests.models.test_noising import made_set

from gpff.checkpoint import Model
from gpff.composition import parse_formula
from gpff.evaluate import PAPER, Rate, held_out_formulas, measure, table, write

WATER = np.array([[0.0, 0.0, 0.12], [0.0, 0.76, -0.47], [0.0, -0.76, -0.47]])


def water_field(numbers: Any, positions: Any, ptr: Any) -> Any:
    """Pulls H2O to its geometry (O last in Hill order) and everything else to a single point."""
    forces = -2.0 * np.asarray(positions)
    for a, b in itertools.pairwise(ptr):
        if numbers[a:b].tolist() == parse_formula("H2O").tolist():
            target = WATER[[1, 2, 0]]
            forces[a:b] = 2.0 * (target - target.mean(0) - positions[a:b])
    return forces


MODEL = cast(Model, SimpleNamespace(name="water", hash="0" * 64, manifest={}, forces=water_field))


@pytest.mark.parametrize(
    ("valid", "n", "low", "high"),
    [(0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (81, 263, 0.2553, 0.3662), (0, 0, 0.0, 1.0)],
)
def test_wilson_interval(valid: int, n: int, low: float, high: float) -> None:
    assert Rate(valid, n).interval == pytest.approx((low, high), abs=2e-4)


def test_measure_counts_what_is_valid_and_why_the_rest_is_not() -> None:
    row = measure(MODEL, ["H2O", "CH4", "H2O"], "sdd", 4, None, seed=0, progress=False)
    assert (row.n, row.valid, row.unique, row.finite, row.nfe) == (3, 2, 1, 3, 4.0)
    assert row.reasons.endswith("(1)") and "overlap" in row.reasons


def test_table_stands_beside_the_paper_and_is_written_twice(tmp_path: Path) -> None:
    rows = [measure(MODEL, ["H2O"], sampler, 6, None, 0, False) for sampler in ("sdd", "dd")]  # type: ignore[arg-type]
    page = table(rows, MODEL, "gpff evaluate")
    assert "| SDD | 6 | 6.0 | default | 1 | 100.0 [20.7, 100.0] | ≈ 50 |" in page
    assert rows[1].nfe == 2.0 and PAPER["dd", 6] in page  # DD stops where the force vanishes
    write(tmp_path, rows, page)
    assert (tmp_path / "validity.md").read_text() == page
    with (tmp_path / "validity.csv").open() as file:
        assert [line["sampler"] for line in csv.DictReader(file)] == ["sdd", "dd"]


def test_held_out_formulas_are_drawn_once_each_and_by_seed() -> None:
    data = made_set([3, 4, 5, 6, 7, 8])
    split = np.array([0, 2, 2, 0, 2, 2], dtype=np.uint8)
    data = type(data)(**{**data.__dict__, "split": split})
    drawn = held_out_formulas(data, 10)
    assert [len(parse_formula(f)) for f in sorted(drawn, key=lambda f: len(parse_formula(f)))] == [4, 5, 7, 8]
    assert drawn == held_out_formulas(data, 10) and len(held_out_formulas(data, 2)) == 2
