"""The scaffold benchmark counts what it should, on a force field that leads to the product."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gpff import growth
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
    assert (row.n, row.valid, row.products, row.first, row.distinct, row.kept) == (4, 4, 4, 1, 1, 4)
    assert (row.scaffold, row.blob) == ("CH3", "HO")
    page = growth.table([row], Guide(home), "gpff growth")  # type: ignore[arg-type]
    assert "in 1 of 1 steps" in page and "4 of 4" in page and "| methanol | CH3 | HO | 4 | 100.0 " in page


def test_command_writes_its_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from gpff.cli import main

    monkeypatch.setattr(growth, "steps", lambda: [step("methanol", "[CH3:1][OH:2]")])
    assert (
        main(["growth", "--n", "2", "--steps", "4", "--folder", str(tmp_path / "made"), "--output", str(tmp_path)]) == 0
    )
    assert "gpff" in (tmp_path / "growth.md").read_text()
    assert (tmp_path / "growth.csv").read_text().splitlines()[1].startswith("methanol,CH3,HO,2,")
