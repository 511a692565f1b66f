"""The one command: every page and figure from a field that knows water, and nothing made twice."""

from __future__ import annotations

import argparse
import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.models.test_cells import MODEL
from tests.models.test_noising import made_set

from gpff import cells, evaluate, growth, quality
from gpff.errors import GpffError, InputError
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


def test_molecules_of_other_settings_are_judged_by_themselves(
    tmp_path: Path, water: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, judged = quality.quality, []

    def spied(name: str, *rest: Any) -> quality.Quality:
        judged.append(name)
        return whole(name, *rest)

    monkeypatch.setattr(quality, "quality", spied)
    for power in ("0.5", "2"):
        evaluate.run(
            arguments(tmp_path, "--only", "quality", "--samplers", "sdd", "--steps", "4", "--noise-power", power)
        )
    assert judged == ["qm9", "sdd", "sdd"]


def test_divergences_are_those_of_the_property_model_that_the_page_names(
    tmp_path: Path, water: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    args = arguments(tmp_path, "--only", "quality", "--samplers", "sdd", "--steps", "4", "--split", "val")
    found = []
    for gaps in ([8.0] * 4, [8.0, 8.0, 9.0, 9.0]):
        first = iter([quality.Measured(*[np.array(values)] * 3) for values in (gaps[:1], gaps[1:], gaps[2:])])
        monkeypatch.setattr(quality, "measured", lambda _, first=first: next(first))
        evaluate.run(args)
        with (tmp_path / "out" / "quality.csv").open() as file:
            found.append([float(line["js_gap"]) for line in csv.DictReader(file)])
    assert found[0] == [0.0, 0.0] and max(found[1]) > 0.1
    assert "Held-out QM9 val compositions" in (tmp_path / "out" / "quality.md").read_text()


def test_files_say_what_they_are_of(tmp_path: Path, water: None) -> None:
    evaluate.run(arguments(tmp_path, "--only", "validity", "noise", "--samplers", "sdd", "--steps", "6"))
    for name in ("validity", "noise-levels", "sigma-hat"):
        with (tmp_path / "out" / f"{name}.csv").open() as file:
            line = next(csv.DictReader(file))
        assert line["weights"] == MODEL.hash and line["command"].startswith("gpff")
    with (tmp_path / "out" / "validity.csv").open() as file:
        line = next(csv.DictReader(file))
    assert (line["paper, %"], line["tier_0, %"], line["tier_0, low"]) == ("≈ 50", "50.0", "9.453")


def test_more_molecules_than_there_are_is_refused(tmp_path: Path, water: None) -> None:
    for n in ("3", "0", "-1"):
        with pytest.raises(
            InputError, match=f"--n: expected 1 to {len(DATA)}, the molecules of the test split, got {n}"
        ):
            evaluate.run(arguments(tmp_path, "--n", n))
    assert not (tmp_path / "made").exists()


def test_a_missing_package_is_told_before_anything_is_made(
    tmp_path: Path, water: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quality, "find_spec", lambda name: None)
    with pytest.raises(GpffError, match="tblite: expected it to be installed"):
        evaluate.run(arguments(tmp_path, "--xtb", "1"))
    assert not (tmp_path / "made").exists()


def test_single_pages(tmp_path: Path, water: None) -> None:
    evaluate.run(arguments(tmp_path, "--only", "validity", "--samplers", "dd", "--steps", "2", "--split", "val"))
    assert {file.name for file in (tmp_path / "out").iterdir()} == {
        "validity.md", "validity.csv", "validity.svg", "validity.png",
    }  # fmt: skip
    assert "val split" in (tmp_path / "out" / "validity.md").read_text()
