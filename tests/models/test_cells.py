"""Parts are made once, by any number of processes the same, and read as they were written."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from gpff import cells, generation
from gpff.cells import Bench, Cell, parts
from gpff.checkpoint import Model
from gpff.composition import parse_formula

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


def test_molecules_are_judged_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(MODEL, "water", tmp_path, 0)
    cell = Cell("sdd", 4, 3)
    first = bench.candidates(cell, ["H2O", "CH4", "H2O"])
    assert [c.valid for c in first] == [True, False, True] and first[0].smiles == "O" and first[0].nfe == 4
    assert first[0].bonds and "overlap" in (first[1].reason or "")
    monkeypatch.setattr(cells, "made", lambda *_: pytest.fail("what is there is not made again"))
    again = bench.candidates(cell, ["H2O", "CH4", "H2O"])
    for a, b in zip(first, again, strict=True):
        np.testing.assert_array_equal(a.positions, b.positions)
        assert (a.valid, a.smiles, a.reason, a.bonds, a.nfe) == (b.valid, b.smiles, b.reason, b.bonds, b.nfe)
    assert not list(bench.folder.glob("*.part"))


def test_more_molecules_take_what_fewer_have_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cells, "PART", 2)
    few, many = parts(Cell("dd", 4, 5), ["CH4"] * 9), parts(Cell("dd", 4, 9), ["CH4"] * 9)
    assert [len(p.formulas) for p in few] == [2, 2, 1] and [len(p.formulas) for p in many] == [2, 2, 2, 2, 1]
    shared = {p.file(tmp_path) for p in few} & {p.file(tmp_path) for p in many}
    assert len(shared) == 2
    bench = Bench(MODEL, "water", tmp_path, 0)
    found = bench.candidates(Cell("sdd", 2, 4), ["H2O"] * 4)
    draws = [c.positions for c in bench.candidates(Cell("sdd", 1, 4, noise=3.0), ["CH4"] * 4)]
    assert len(found) == 4 and len({x.tobytes() for x in draws}) == 4


def test_cells_of_other_settings_have_other_files(tmp_path: Path) -> None:
    settings = [
        Cell("sdd", 4, 2), Cell("dd", 4, 2), Cell("sdd", 6, 2), Cell("sdd", 4, 2, 0.3), Cell("sdd", 4, 2, seed=1),
        Cell("sdd", 4, 2, power=0.9), Cell("sdd", 4, 2, step_length=1.0),
        Cell("sdd", 4, 2, split="val"),
    ]  # fmt: skip
    names = {p.file(tmp_path) for cell in settings for p in parts(cell, ["CH4", "H2O"])}
    assert len(names) == len(settings) == len({p.file(tmp_path) for c in settings for p in parts(c, ["H2O"] * 2)})
    assert names.isdisjoint(p.file(tmp_path) for p in parts(settings[0], ["CH4", "CH4"]))


def test_the_papers_own_rule_can_be_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen, whole = [], generation.sample

    def spied(forces: Any, plan: Any) -> Any:
        seen.append((plan.noise, plan.noise_power, plan.step_length))
        return whole(forces, plan)

    monkeypatch.setattr(generation, "sample", spied)
    Bench(MODEL, "water", tmp_path, 0).candidates(Cell("sdd", 6, 1, 1.0, 1.0, step_length=1.0), ["H2O"])
    assert seen == [(1.0, 1.0, 1.0)]


def test_archetypes_are_asked_for(tmp_path: Path) -> None:
    bench = Bench(MODEL, "water", tmp_path, 0)
    for variant in ("sdd+rod", "dd+shape"):
        assert len(bench.candidates(Cell(variant, 2, 2), ["C2H6O", "H2O"])) == 2


def test_values_are_kept_by_name(tmp_path: Path) -> None:
    bench, calls = Bench(MODEL, "water", tmp_path, 0), []

    def make() -> dict[str, Any]:
        calls.append(1)
        return {"a": [1, None]}

    assert not bench.file("x").exists() and bench.kept("x", make) == {"a": [1, None]} == bench.kept("x", make)
    assert calls == [1] and bench.file("x").exists()


def test_two_processes_may_keep_the_same_values_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, replace, others = tmp_path / "x.json", os.replace, []

    def meanwhile(half: Path, whole: Path) -> None:
        if not others:
            others.append(1)
            with pytest.MonkeyPatch.context() as another:
                another.setattr(os, "getpid", lambda: 1)
                cells.keep(file, {"a": 2})
        replace(half, whole)

    monkeypatch.setattr(os, "replace", meanwhile)
    cells.keep(file, {"a": 1})
    assert json.loads(file.read_text()) == {"a": 1} and list(tmp_path.iterdir()) == [file]


def test_processes_make_what_this_one_makes(tmp_path: Path) -> None:
    """On a network of its own: a process loads it by the name of its file."""
    import torch

    from gpff.checkpoint import load, save
    from gpff.painn import NetworkConfig, PaiNN

    torch.manual_seed(0)
    config = NetworkConfig(n_features=32, n_interactions=1)
    file = save(tmp_path, "tiny", PaiNN(config).state_dict(), config)
    model, cell = load(file, "cpu"), Cell("sdd", 2, 3)
    alone = Bench(model, str(file), tmp_path / "alone", 0).candidates(cell, ["CH4", "H2O", "C2H6"])
    pooled = Bench(model, str(file), tmp_path / "pooled", 1, "cpu").candidates(cell, ["CH4", "H2O", "C2H6"])
    for a, b in zip(alone, pooled, strict=True):
        np.testing.assert_allclose(a.positions, b.positions, atol=1e-3)


def test_no_process_outlives_the_one_that_is_killed(tmp_path: Path) -> None:
    from gpff.checkpoint import save
    from gpff.painn import NetworkConfig, PaiNN

    config = NetworkConfig(n_features=32, n_interactions=1)
    file = save(tmp_path, "tiny", PaiNN(config).state_dict(), config)
    script = tmp_path / "run.py"
    script.write_text(
        "import os, sys\nfrom pathlib import Path\nfrom gpff.cells import Bench\nfrom gpff.checkpoint import load\n\n\n"
        "def pid(model):\n    return os.getpid()\n\n\n"
        "if __name__ == '__main__':\n"
        "    bench = Bench(load(sys.argv[1], 'cpu'), sys.argv[1], Path('.'), 1, 'cpu')\n"
        "    with bench._pool() as pool:\n"
        "        from gpff.cells import _with_model\n"
        "        print(pool.submit(_with_model, pid, ()).result(), flush=True)\n"
        "        sys.stdin.read()\n"
    )
    child = subprocess.Popen(
        [sys.executable, str(script), str(file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=tmp_path
    )
    assert child.stdout is not None and child.stdin is not None
    worker = int(child.stdout.readline())
    child.kill()
    child.wait()
    child.stdin.close()
    child.stdout.close()
    deadline = time.monotonic() + 60
    while Path(f"/proc/{worker}").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not Path(f"/proc/{worker}").exists()
