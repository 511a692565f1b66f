"""Quality is counted on molecules that are known."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from tests.models.test_judges import embedded

from gpff import quality
from gpff.chemistry import perceive
from gpff.distributions import largest_distances
from gpff.quality import Molecule


def molecule(smiles: str) -> Molecule:
    numbers, positions = embedded(smiles)
    return Molecule(numbers, positions, perceive(numbers, positions))


def test_rates_and_reference() -> None:
    pytest.importorskip("posebusters")
    pytest.importorskip("tblite")
    numbers, positions = embedded("CC")
    torn = Molecule(numbers, 3.0 * positions, perceive(numbers, 3.0 * positions))
    molecules = [molecule("CO"), molecule("CO"), molecule("CCO"), torn]
    reference = np.concatenate([largest_distances(m.positions, np.array([0, len(m.numbers)])) for m in molecules[:3]])
    row = quality.quality("sdd", molecules, {"CO"}, reference, 2, 1)
    assert (row.n, row.valid, row.distinct, row.new) == (4, 3, 2, 1)
    assert row.js_distance == pytest.approx(0.0, abs=1e-12)
    assert (row.busted, row.unbroken, row.relaxed, row.same) == (2, 2, 1, 1)
    assert row.median_energy == row.mean_energy and row.median_energy is not None and 0 < row.median_energy < 1


def test_what_was_generated_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, calls = molecule("CO"), []

    def generated(*args: Any, **_: Any) -> list[Molecule]:
        calls.append(args)
        return [one, one]

    monkeypatch.setattr(quality, "generated", generated)
    model: Any = SimpleNamespace(hash="f" * 64)
    first = quality.made(model, ["CH4O", "CH4O"], "sdd", 8, 0, tmp_path)
    again = quality.made(model, ["CH4O", "CH4O"], "sdd", 8, 0, tmp_path)
    assert len(calls) == 1 and [m.verdict.smiles for m in again] == ["CO", "CO"]
    np.testing.assert_array_equal(first[0].positions, again[0].positions)


def test_picture_and_table(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    quality.picture([("QM9 test", [molecule("CCO"), molecule("CO")])], tmp_path / "quality")
    assert (tmp_path / "quality.svg").stat().st_size > 1000 and (tmp_path / "quality.png").stat().st_size > 1000
    row = quality.Quality("sdd+shape", 4, 3, 2, 1, 0.01, 2, 2, 0, None, None, None, 0)
    model: Any = SimpleNamespace(name="x", hash="f" * 64)
    page = quality.table([row], model, "gpff quality", 256)
    assert "| SDD+shape | 4 | 75.0 " in page and "| – | – | – |" in page
