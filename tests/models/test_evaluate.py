"""The one command: every page and figure from a field that knows water, and nothing made twice."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.models.test_cells import MODEL
from tests.models.test_noising import made_set

from gpff import cells, evaluate, growth, quality
from gpff.growth_steps import step
from gpff.property_net import Predicted
from gpff.schedules import NOISE_FREE

DATA = made_set([3, 4, 5, 6, 7, 8] * 3)


def arguments(tmp_path: Path, *more: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    evaluate.add_arguments(parser)
    where = ["--folder", str(tmp_path / "made"), "--output", str(tmp_path / "out"), "--workers", "0"]
    return parser.parse_args([*where, "--n", "2", "--xtb", "0", "--busters", "0", "--candidates", "1", *more])


@pytest.fixture
def water(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluate, "load", lambda *_: MODEL)
    monkeypatch.setattr(evaluate, "load_data", lambda: DATA)
    monkeypatch.setattr(type(DATA), "subset", lambda self, _: self)
    monkeypatch.setattr(evaluate, "held_out_formulas", lambda data, n, split: ["H2O", "CH4"][:n])
    monkeypatch.setattr(growth, "steps", lambda: [step("methanol", "[CH3:1][OH:2]")])
    water = quality.Molecule(np.array([8, 1, 1]), np.array([[0, 0, 0.12], [0, 0.76, -0.47], [0, -0.76, -0.47]]), _VALID)
    monkeypatch.setattr(quality, "held_out", lambda *_: ([water], [water] * 3))

    def predict(molecules: Any) -> list[Predicted]:
        return [Predicted(8.0, 10.0, -2000.0) for _ in molecules]

    whole = quality.measured
    monkeypatch.setattr(quality, "measured", lambda molecules: whole(molecules, predict))


_VALID = quality.Verdict(True, "O", None, ((0, 1, 1), (0, 2, 1)))


def test_all_pages_from_one_command_and_nothing_twice(
    tmp_path: Path, water: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    args = arguments(tmp_path, "--samplers", "sdd", "dd", "as_heun", "--steps", "2", "4", "--noise", "0.3", "0.5")
    evaluate.run(args)
    out = tmp_path / "out"
    names = {file.name for file in out.iterdir()}
    tables = {f"{name}.{kind}" for name in ("validity", "quality", "shapes", "growth") for kind in ("md", "csv")}
    figures = {f"{n}.{k}" for n in ("validity", "shapes", "distributions", "noise-levels") for k in ("svg", "png")}
    assert names == tables | figures | {"noise-levels.md", "noise-levels.csv", "sigma-hat.csv"}
    page = (out / "validity.md").read_text()
    assert f"| SDD | 4 | 4.0 | 0.3; {NOISE_FREE[1]:g}; 1.5 | 2 | 50.0 [9.5, 90.5] |" in page
    assert "| AS Heun | 4 |" in page
    assert page.count("| SDD |") == 4 and page.count("| DD |") == 2
    assert "sha256 `0000000000000000…`" in page and "    gpff" in page
    assert "| QM9 test | 1 |" in (out / "quality.md").read_text()
    assert "| rod | 2 |" in (out / "shapes.md").read_text()
    assert "| methanol | CH3 | HO | 1 |" in (out / "growth.md").read_text()
    assert "# Validity" in capsys.readouterr().out

    for module, name in ((cells, "made"), (growth, "measure"), (quality, "quality")):
        monkeypatch.setattr(module, name, lambda *_: pytest.fail("what is there is not made again"))
    before = {file.name: file.read_bytes() for file in out.glob("*.csv")}
    evaluate.run(args)
    assert before == {file.name: file.read_bytes() for file in out.glob("*.csv")}


def test_single_pages(tmp_path: Path, water: None) -> None:
    evaluate.run(arguments(tmp_path, "--only", "validity", "--samplers", "dd", "--steps", "2", "--split", "val"))
    assert {file.name for file in (tmp_path / "out").iterdir()} == {
        "validity.md", "validity.csv", "validity.svg", "validity.png",
    }  # fmt: skip
    assert "val split" in (tmp_path / "out" / "validity.md").read_text()
