"""The scaffold benchmark counts what it should, on a force field that leads to the product."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.models.test_cells import MODEL

from gpff import growth
from gpff.cells import Bench
from gpff.growth_steps import step
from gpff.molecules import Floats, Ints


class Guide:
    """A stand-in for a model: pulls every atom to a given geometry of scaffold and blob."""

    def __init__(self, home: Floats) -> None:
        self.home, self.name, self.hash, self.manifest = home, "guide", "0" * 64, {}

    def forces(self, numbers: Ints, positions: Floats, ptr: Ints) -> Floats:
        return 2.0 * (np.tile(self.home, (len(ptr) - 1, 1)) - positions)


def test_products_and_the_scaffold_are_counted() -> None:
    found = step("methanol", "[CH3:1][OH:2]")
    assert found.spec.scaffold is not None
    kept = found.spec.scaffold.positions
    site, outward = kept[0], np.array(found.spec.blobs[0].center) - kept[0]
    outward /= np.linalg.norm(outward)
    side = np.cross(outward, [0.3, 0.5, 0.8])
    side /= np.linalg.norm(side)
    oxygen = site + 1.42 * outward
    home = np.vstack([kept, oxygen, oxygen + 0.3 * outward + 0.92 * side])
    row = growth.measure(Guide(home), found, 4, 8, (0.0, None), 0)  # type: ignore[arg-type]
    assert (row.n, row.valid, row.strict, row.products, row.first, row.distinct, row.kept) == (4, 4, 4, 4, 1, 1, 4)
    assert (row.scaffold, row.blob) == ("CH3", "HO")
    page = growth.table([row], Guide(home), "gpff growth")  # type: ignore[arg-type]
    assert "in 1 of 1 steps" in page and "4 of 4" in page and "| methanol | CH3 | HO | 4 | 100.0 " in page


def test_what_was_measured_before_it_was_stopped_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(growth, "steps", lambda: [step("methanol", "[CH3:1][OH:2]"), step("ethane", "[CH3:1][CH3:2]")])
    bench, measured = Bench(MODEL, "water", tmp_path, 0), []

    def one_each(model: Any, found: Any, *_: Any) -> growth.Grown:
        if len(measured) == 1:
            measured.append("")
            raise KeyboardInterrupt
        measured.append(found.name)
        return growth.Grown(found.name, "", "", 1, 1, 0, 0, None, 1, 1)

    monkeypatch.setattr(growth, "measure", one_each)
    with pytest.raises(KeyboardInterrupt):
        growth.measured(bench, 1, 2, (None, None), 0)
    rows = growth.measured(bench, 1, 2, (None, None), 0)
    assert measured == ["methanol", "", "ethane"] and [row.name for row in rows] == ["methanol", "ethane"]
    assert "Valid: 100.0 [34.2, 100.0] %, 0.0 [0.0, 65.8] % by tier 0." in growth.table(rows, MODEL, "gpff growth")


def test_command_writes_its_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from gpff.cli import main

    monkeypatch.setattr(growth, "steps", lambda: [step("methanol", "[CH3:1][OH:2]")])
    assert (
        main(["growth", "--n", "2", "--steps", "4", "--folder", str(tmp_path / "made"), "--output", str(tmp_path)]) == 0
    )
    assert "gpff" in (tmp_path / "growth.md").read_text()
    with (tmp_path / "growth.csv").open() as file:
        (line,) = csv.DictReader(file)
    assert (line["name"], line["scaffold"], line["blob"], line["n"]) == ("methanol", "CH3", "HO", "2")
    assert len(line["weights"]) == 64 and line["command"].startswith("gpff") and float(line["valid, high"]) > 0
