"""The comparison of runs at equal budget, from training to table, on a handful of molecules."""

from __future__ import annotations

import argparse
import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.models.test_noising import made_set

import gpff
from gpff import baselines
from gpff.baselines import FREE, SCHEDULED, Field, measure, sampled, samplers_of
from gpff.errors import InputError
from gpff.plan import compile
from gpff.spec import SAMPLERS, Spec
from gpff.trainer import Trainer

DATA = made_set([5, 8, 6, 9, 7, 4, 8, 6, 5, 7] * 13)


@pytest.fixture(autouse=True)
def _settings() -> object:
    threads, precision = torch.get_num_threads(), torch.backends.mkldnn.matmul.fp32_precision
    yield
    torch.set_num_threads(threads)
    torch.backends.mkldnn.matmul.fp32_precision = precision


def test_runs_differ_in_what_is_compared_alone() -> None:
    plain, *others = (b.config for b in baselines.baselines(32, 10))
    assert [(c.objective, c.time_aware, c.noise.align) for c in others] == [
        ("gpff", False, False), ("gpff", True, True), ("dm", True, True), ("dm", False, True),
    ]  # fmt: skip
    for config in others:
        assert replace(config, objective="gpff", time_aware=False, noise=plain.noise) == plain


def test_a_model_that_is_told_sigma_is_told_the_schedules(tmp_path: Path) -> None:
    run = next(b for b in baselines.baselines(16, 1) if b.key == "dm-time")
    field = Field(Trainer(tmp_path, run.config, DATA))
    seen: list[float] = []

    class Spy(Field):
        def __init__(self) -> None:
            pass

        def __call__(self, numbers, positions, ptr, sigma):  # type: ignore[no-untyped-def]
            seen.append(float(sigma[0]))
            assert len(sigma) == len(ptr) - 1
            return field(numbers, positions, ptr, sigma)

    state = sampled(Spy(), compile(Spec.from_formula("CH4", 3, "ancestral", 5, 0)))
    assert state.nfe.tolist() == [5] * 3
    root = np.power(seen, 0.2)
    np.testing.assert_allclose(np.diff(root), root[1] - root[0], rtol=1e-6)


def test_from_training_to_table_and_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(baselines, "load_data", lambda: DATA)
    monkeypatch.setattr(type(DATA), "subset", lambda self, _: self)
    monkeypatch.setattr(baselines, "held_out_formulas", lambda data, n: ["CH4", "H2O"][:n])
    parser = argparse.ArgumentParser()
    baselines.add_arguments(parser)
    where = ["--folder", str(tmp_path / "runs"), "--output", str(tmp_path)]
    args = parser.parse_args([*where, "--features", "16", "--budget", "2", "--n", "2", "--steps", "3"])
    baselines.run(args)
    page = (tmp_path / "baselines.md").read_text()
    with (tmp_path / "baselines.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2 * len((*SCHEDULED, *FREE)) + 3 * len(SCHEDULED)
    assert "| DM, time-conditioned | Stochastic Heun | 0.0 [0.0, 65.8] | 95 |" in page
    assert len({row["weights"] for row in rows}) == 5 and all(row["weights"][:16] in page for row in rows)
    assert {(row["tier_0, %"], row["paper at 256, %"]) for row in rows if row["sampler"] == "as_heun"} >= {
        ("0.0", "92")
    }
    for kind in ("svg", "png"):
        assert (tmp_path / f"baselines.{kind}").stat().st_size > 5000

    def never(*_: object, **__: object) -> None:
        raise AssertionError("what was measured is not measured again")

    with monkeypatch.context() as again:
        again.setattr(baselines, "measure", never)
        again.setattr(baselines, "train", never)
        baselines.run(args)
        args.runs, args.samplers = ["gpff", "dm"], ["heun"]
        baselines.run(args)
    with (tmp_path / "baselines.csv").open() as file:
        assert [row["sampler"] for row in csv.DictReader(file)] == ["heun", "heun"]

    # of another width in the same folder, as many steps on: another network, of which nothing is known
    args.features = 32
    args.runs, args.samplers = baselines.KEYS, SAMPLERS
    baselines.run(args)
    with (tmp_path / "baselines.csv").open() as file:
        assert {row["weights"] for row in csv.DictReader(file)}.isdisjoint(row["weights"] for row in rows)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (["--runs", "dm-time", "--samplers", "sdd"], "--samplers: expected any of ancestral, heun"),
        (["--n", "0"], "--n: expected 1 to 130 test compositions, got 0"),
        (["--n", "131"], "--n: expected 1 to 130 test compositions, got 131"),
    ],
)
def test_what_cannot_be_compared_is_told_before_it_is_trained(
    asked: list[str], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(baselines, "load_data", lambda: DATA)
    monkeypatch.setattr(type(DATA), "subset", lambda self, _: self)
    parser = argparse.ArgumentParser()
    baselines.add_arguments(parser)
    with pytest.raises(InputError, match=told):
        baselines.run(parser.parse_args(["--folder", str(tmp_path), *asked]))
    assert not list(tmp_path.iterdir())


def test_a_run_that_is_stopped_is_not_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = baselines.baselines(16, 3)[0]
    monkeypatch.setattr(baselines, "train", lambda trainer, **_: None)
    with pytest.raises(gpff.GpffError, match="GPFF: stopped at step 0 of 3; run again to go on"):
        baselines.trained(run, tmp_path, DATA)


def test_only_runs_without_time_have_the_samplers_without_schedule() -> None:
    plain, _, aware, *_ = baselines.baselines(16, 1)
    assert set(samplers_of(plain)) > set(samplers_of(aware)) == set(SCHEDULED)


def test_validity_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.models.test_cells import water_field

    class Water(Field):
        def __init__(self) -> None:
            self.hash = "0" * 64

        def __call__(self, numbers, positions, ptr, sigma):  # type: ignore[no-untyped-def]
            return water_field(numbers, positions, ptr)

    line = measure(Water(), "water", ["H2O", "CH4", "H2O"], "as_heun", 9, 0)
    assert (line.valid, line.n) == (2, 3) and 0 < line.nfe <= 9


def test_validity_is_that_of_tier_0() -> None:
    """A cage whose bridgeheads RDKit takes for bonded is no molecule to the paper's test."""
    from tests.models.test_judges import embedded

    from gpff.chemistry import perceive

    numbers, home = embedded("C1C2CC1C2")
    assert perceive(numbers, home).valid and numbers.tolist() == [6] * 5 + [1] * 8

    class Cage(Field):
        def __init__(self) -> None:
            self.hash = "0" * 64

        def __call__(self, numbers, positions, ptr, sigma):  # type: ignore[no-untyped-def]
            return 2.0 * (np.tile(home - home.mean(0), (len(ptr) - 1, 1)) - positions)

    assert measure(Cage(), "cage", ["C5H8"], "dd", 4, 0).valid == 0
