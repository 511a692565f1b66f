"""Quality is counted on molecules that are known."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from tests.models.test_judges import embedded
from tests.models.test_noising import made_set

from gpff import quality
from gpff.chemistry import perceive
from gpff.errors import GpffError
from gpff.property_net import Predicted
from gpff.quality import Measured, Molecule
from gpff.worker import Failure

MODEL: Any = SimpleNamespace(name="x", hash="f" * 64, manifest={})


def molecule(smiles: str) -> Molecule:
    numbers, positions = embedded(smiles)
    return Molecule(numbers, positions, perceive(numbers, positions))


def by_size(molecules: Any) -> list[Predicted]:
    return [Predicted(float(len(m.numbers)), 2.0 * len(m.numbers), 0.0) for m in molecules]


def test_rates_and_reference() -> None:
    pytest.importorskip("posebusters")
    pytest.importorskip("tblite")
    numbers, positions = embedded("CC")
    torn = Molecule(numbers, 3.0 * positions, perceive(numbers, 3.0 * positions))
    molecules = [molecule("CO"), molecule("CO"), molecule("CCO"), torn]
    own = quality.measured(molecules, by_size)
    assert own.gap.tolist() == [6.0, 6.0, 9.0] and len(own.distance) == 3
    row = quality.quality("sdd", molecules, own, {"CO"}, own, 2, 1)
    assert (row.n, row.valid, row.distinct, row.new) == (4, 3, 2, 1)
    assert [row.js_distance, row.js_gap, row.js_energy] == pytest.approx([0.0] * 3, abs=1e-12)
    assert (row.busted, row.answered, row.unbroken, row.given, row.relaxed, row.same) == (2, 2, 2, 1, 1, 1)
    assert row.median_energy == row.mean_energy and row.median_energy is not None and 0 < row.median_energy < 1


def test_where_nothing_is_valid_nothing_is_measured() -> None:
    numbers, positions = embedded("CC")
    torn = Molecule(numbers, 3.0 * positions, perceive(numbers, 3.0 * positions))
    row = quality.quality("dd", [torn], quality.measured([torn], by_size), set(), Measured(*[np.ones(3)] * 3), 2, 2)
    assert (row.valid, row.js_gap, row.busted, row.median_energy) == (0, None, 0, None)
    page = quality.table([row], MODEL, "gpff evaluate", 64)
    assert "| DD | 1 | 0.0 " in page and "| – | 0.065 | – | 0.013 | – | 0.003 |" in page
    shape, ratios = quality.shaped("rod", [torn])
    assert shape.valid == 0 and len(ratios) == 0


def test_pictures_and_tables(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    molecules = [molecule("CCO"), molecule("CO"), molecule("CCCC")]
    own = quality.measured(molecules, by_size)
    quality.distributions_picture([("QM9 test", own), ("SDD", own)], tmp_path)
    row, ratios = quality.shaped("rod", molecules)
    assert row.valid == 3 and ratios.shape == (3, 2)
    assert (row.target_npr1, row.target_npr2) == pytest.approx((0.153, 0.888), abs=1e-3)
    assert ratios[2, 0] < ratios[0, 0]  # butane is more of a rod than ethanol
    quality.triangle([("rod", ratios), ("disc", np.zeros((0, 2)))], tmp_path)
    for name in ("distributions", "shapes"):
        assert (tmp_path / f"{name}.svg").stat().st_size > 1000 and (tmp_path / f"{name}.png").stat().st_size > 1000
    page = quality.shapes_table([row], MODEL, "gpff evaluate", 64)
    assert "| rod | 3 | 100.0 [43.9, 100.0] | > 98 | 100.0 [43.9, 100.0] |" in page and "| 0.15, 0.89 |" in page
    line = quality.Quality("sdd+shape", 4, 3, 2, 1, 0.01, 0.02, 0.03, 0, 0, 0, 0, 0, None, None, None, 0)
    page = quality.table([line], MODEL, "gpff evaluate", 256)
    assert (
        "| 0.0100 | 0.004 | 0.0200 | 0.003 | 0.0300 | 0.003 |" in page
        and page.count("| 0, 0 | – | 0, 0 | – | – | – | – |") == 1
    )
    assert "test MAE in meV: 75.1 (paper 42.4); 21.6 (paper 6.2)" in page


def test_the_paper_stands_beside_tier_0() -> None:
    """A cage whose bridgeheads RDKit takes for bonded is a molecule here, and none to the paper's test."""
    row, _ = quality.shaped("sphere", [molecule("C1C2CC1C2"), molecule("CC")])
    assert (row.valid, row.strict) == (2, 1)
    page = quality.shapes_table([row], MODEL, "gpff evaluate", 64)
    assert "| sphere | 2 | 50.0 [9.5, 90.5] | > 98 | 100.0 [34.2, 100.0] |" in page


def test_what_posebusters_does_not_answer_for_in_time_is_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    found = molecule("CO")
    own = quality.measured([found], by_size)
    answers = [(), Failure.TIMEOUT, ("bond_lengths",), ()]
    monkeypatch.setattr(quality, "_each", lambda f, calls, name: answers[: len(calls)])
    row = quality.quality("sdd", [found] * 4, own, set(), own, 4, 0)
    assert (row.busted, row.answered, row.unbroken) == (4, 3, 2)
    assert "| 4, 3 | 66.7 [20.8, 93.9] |" in quality.table([row], MODEL, "gpff evaluate", 64)


def test_what_xtb_does_not_relax_is_not_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("tblite")
    found = molecule("CO")
    own = quality.measured([found], by_size)
    monkeypatch.setattr(quality, "_each", lambda f, calls, name: [Failure.TIMEOUT for _ in calls])
    row = quality.quality("sdd", [found], own, set(), own, 0, 1)
    assert (row.given, row.relaxed, row.same) == (1, 0, 0)
    page = quality.table([row], MODEL, "gpff evaluate", 64)
    assert "| 1, 0 | – | – | – | 0.0 [0.0, 79.3] |" in page


def test_a_package_that_is_missing_is_told_before_anything_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quality, "find_spec", lambda name: None)
    quality.check_packages(0, 0)
    with pytest.raises(GpffError, match="tblite: expected it to be installed for --xtb 1"):
        quality.check_packages(0, 1)
    with pytest.raises(GpffError, match="posebusters: expected it to be installed for --busters 3"):
        quality.check_packages(3, 0)
    with pytest.raises(GpffError, match="--busters: expected at least 0, got -1"):
        quality.check_packages(-1, 0)


def test_the_reference_is_of_the_training_split_and_the_row_of_qm9_of_the_test_split() -> None:
    data = made_set([7] * 40)
    data = replace(data, split=np.array([0] * 30 + [2] * 10, dtype=np.uint8))
    theirs, others = quality.held_out(data, 4, 12)
    pieces = np.split(data.positions, data.ptr[1:-1])

    def where(molecules: list[Molecule]) -> set[int]:
        return {next(i for i, x in enumerate(pieces) if np.array_equal(x, m.positions)) for m in molecules}

    assert len(where(theirs)) == 4 and min(where(theirs)) >= 30
    assert len(where(others)) == 12 and max(where(others)) < 30
