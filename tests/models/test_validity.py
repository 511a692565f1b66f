"""The arithmetic of validity and its table."""

from __future__ import annotations

import csv
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from tests.models.test_noising import made_set

from gpff import validity
from gpff.cells import Cell, held_out_formulas
from gpff.composition import parse_formula
from gpff.generation import Candidate
from gpff.pages import Rate, rates, title, write
from gpff.validity import PAPER, Row, picture, row, table

MODEL: Any = SimpleNamespace(name="water", hash="0" * 64, manifest={"training": {"epochs": 3}})


def candidate(valid: bool, smiles: str | None, reason: str | None, nfe: int = 4) -> Candidate:
    return Candidate(np.array([8, 1, 1]), np.zeros((3, 3)), smiles, valid, reason, nfe, nfe, 0.1, 0.1)


@pytest.mark.parametrize(
    ("valid", "n", "low", "high"),
    [(0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (81, 263, 0.2553, 0.3662), (0, 0, 0.0, 1.0)],
)
def test_wilson_interval(valid: int, n: int, low: float, high: float) -> None:
    assert Rate(valid, n).interval == pytest.approx((low, high), abs=2e-4)


def test_a_row_counts_what_is_valid_and_why_the_rest_is_not() -> None:
    made = [candidate(True, "O", None), candidate(True, "O", None, 2), candidate(False, None, "radical on C3")]
    found = row(Cell("dd", 4, 3), made)
    assert (found.n, found.valid, found.unique, found.finite) == (3, 2, 1, 3)
    assert found.nfe == pytest.approx(10 / 3) and found.reasons == "radical on C (1)"


def test_table_stands_beside_the_paper_and_is_written_twice(tmp_path: Path) -> None:
    means = {"sdd": 6.0, "dd": 2.0, "as_heun": 5.0}
    rows = [Row(name, 6, 0.4, 2.0, 2, 2, 1, 1, 1, nfe, "") for name, nfe in means.items()]
    page = table(rows, MODEL, "gpff evaluate")
    assert "| SDD | 6 | 6.0 | 0.4; 2; 1.5 | 2 | 50.0 [9.5, 90.5] | ≈ 50 | 100.0 [34.2, 100.0] | 1 |" in page
    assert "| DD | 6 | 2.0 | – |" in page and PAPER["dd", 6] in page and "3 epochs" in page
    write(tmp_path, "validity", page, rows)
    assert (tmp_path / "validity.md").read_text() == page
    with (tmp_path / "validity.csv").open() as file:
        assert [line["sampler"] for line in csv.DictReader(file)] == ["sdd", "dd", "as_heun"]
    picture(rows, tmp_path)
    assert (tmp_path / "validity.svg").stat().st_size > 5000 and (tmp_path / "validity.png").stat().st_size > 5000


def test_nothing_measured_is_no_rate() -> None:
    assert str(Rate(0, 0)) == "–" and rates(a=(0, 0)) == {"a, %": None, "a, low": None, "a, high": None}
    assert rates(a=(81, 263)) == {"a, %": 30.798, "a, low": 25.529, "a, high": 36.621}


def test_the_picture_shows_the_papers_test_beside_the_papers_figures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Any] = []
    monkeypatch.setattr(validity, "save_figure", lambda figure, *_: seen.append(figure))
    picture([Row("sdd", k, None, None, 4, 4, 1, 1, 4, float(k), "") for k in (6, 256)], tmp_path)
    curve, theirs = (line for line in seen[0].axes[0].lines if line.get_marker() in ("o", "x"))
    assert curve.get_ydata().tolist() == [25.0, 25.0]
    assert (theirs.get_xdata().tolist(), theirs.get_ydata().tolist()) == ([6, 256], [50.0, 100.0])


def test_names() -> None:
    assert [title(v) for v in ("dd", "sdd+shape", "as_stochastic_heun", "ancestral", "sdd+rod")] == [
        "DD", "SDD+shape", "AS stochastic Heun", "Ancestral", "SDD+rod",
    ]  # fmt: skip


def test_held_out_formulas_are_drawn_once_each_and_by_seed() -> None:
    data = made_set([3, 4, 5, 6, 7, 8])
    split = np.array([0, 2, 2, 0, 2, 2], dtype=np.uint8)
    data = type(data)(**{**data.__dict__, "split": split})
    drawn = held_out_formulas(data, 10)
    assert [len(parse_formula(f)) for f in sorted(drawn, key=lambda f: len(parse_formula(f)))] == [4, 5, 7, 8]
    assert drawn == held_out_formulas(data, 10) and held_out_formulas(data, 2) == drawn[:2]


def test_the_rate_lies_within_its_interval() -> None:
    for n in (1, 3, 100, 300, 1000):
        assert Rate(0, n).interval[0] == 0.0 and Rate(n, n).interval[1] == 1.0
