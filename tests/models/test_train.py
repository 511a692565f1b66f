"""The training loop learns, resumes exactly, shares work exactly, and leaves weights that load."""

from __future__ import annotations

import argparse
import json
import math
import pickle
import signal
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from tests.models.test_noising import made_set
from tests.models.worker_targets import fail_one_after_the_other

import gpff
from gpff import train as training
from gpff.batches import batch_ids, batches
from gpff.checkpoint import load
from gpff.data import QM9
from gpff.noising import NoiseConfig
from gpff.painn import NetworkConfig
from gpff.radial import RadialGrid
from gpff.strays import Strays
from gpff.train import train
from gpff.train_config import OPTIMIZERS, OptimizerName, TrainConfig, learning_rate
from gpff.train_log import BANDS, Log, plot, read
from gpff.trainer import Trainer

SMALL = TrainConfig(
    network=NetworkConfig(n_features=16, n_interactions=2, grid=RadialGrid(n_rbf=16, n_grid=64)),
    noise=NoiseConfig(mean=-1.5, std=0.3, uniform=0.0),
    steps=30, batch=8, lr=3e-3, warmup=5,
)  # fmt: skip
EXACT = replace(SMALL, bfloat16=False)
"""Sums in another order differ by rounding alone."""
DATA = made_set([5, 8, 6, 9, 7, 4, 8, 6, 5, 7] * 4)


def weights(trainer: Trainer) -> dict[str, torch.Tensor]:
    return {**trainer.net.state_dict(), **{f"ema.{k}": v for k, v in trainer.ema.items()}}


def assert_same(a: Trainer, b: Trainer) -> None:
    ours, theirs = weights(a), weights(b)
    for name, value in ours.items():
        assert torch.equal(value, theirs[name]), name


def stopped(folder: Path, config: TrainConfig, steps: int) -> Trainer:
    """A run that was stopped after so many steps, as it is taken up again."""
    first = Trainer(folder, config, DATA)
    stream = batches(DATA, config, 0, given=first.answers, strays=first.strays)
    for _ in range(steps):
        first.train_step(next(stream))
    stream.close()
    first.save()
    second = Trainer(folder, config, DATA)
    second.restore()
    return second


def assert_resuming_is_exact(folder: Path, config: TrainConfig) -> Trainer:
    """Of a run of 30 steps, which is returned unbroken."""
    whole = Trainer(folder / "whole", config, DATA)
    train(whole)
    second = stopped(folder / "parts", config, 11)
    assert second.step == 11
    train(second)
    assert second.step == 30
    assert_same(whole, second)
    return whole


def share_beside_new(data: QM9, config: TrainConfig, strays: Strays | None = None) -> float:
    """Of the molecules of a run's batches those of no data set; the others are those of a run without these."""
    mixed, plain = batches(data, config, 0, strays=strays), batches(data, SMALL, 0)
    shares = []
    for _ in range(20):
        batch, new = next(mixed), next(plain)
        assert len(batch.ids) == SMALL.batch
        assert set(batch.ids[batch.ids >= 0]) <= set(new.ids)
        shares.append(float((batch.ids < 0).mean()))
    mixed.close()
    plain.close()
    return float(np.mean(shares))


def test_loss_falls(tmp_path: Path) -> None:
    one = made_set([7])
    many = replace(
        one,
        positions=np.tile(one.positions, (16, 1)),
        numbers=np.tile(one.numbers, 16),
        ptr=np.arange(17) * 7,
        index=np.arange(16, dtype=np.int32),
    )
    config = replace(SMALL, network=replace(SMALL.network, n_features=32), steps=300, noise=NoiseConfig(std=0.3))
    trainer = Trainer(tmp_path, config, many)
    train(trainer, log_every=50)
    rows = read(tmp_path / "log.jsonl")
    assert [row["step"] for row in rows] == [50, 100, 150, 200, 250, 300]
    assert rows[-1]["loss"] < 0.8 * rows[0]["loss"] and rows[-1]["skipped"] == 0
    assert len(rows[0]["unexplained"]) == len(BANDS) - 1
    assert (tmp_path / "log.svg").read_text().startswith("<?xml")


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_resuming_is_exact(tmp_path: Path, optimizer: OptimizerName) -> None:
    config = replace(SMALL, optimizer=optimizer, network=replace(SMALL.network, n_features=32))
    assert_resuming_is_exact(tmp_path, config)


def test_muon_takes_hidden_matrices_and_adamw_the_rest(tmp_path: Path) -> None:
    config = replace(SMALL, optimizer="muon", network=replace(SMALL.network, n_features=64))
    trainer = Trainer(tmp_path, config, DATA)
    names = {id(p): name for name, p in trainer.net.named_parameters()}
    taken = [[names[id(p)] for g in o.param_groups for p in g["params"]] for o in trainer.optimizers]
    assert sorted(name for half in taken for name in half) == sorted(names.values())
    adamw, muon = taken
    assert {"embedding.weight", "filter_net.weight", "head.1.mix_vectors.weight"} <= set(adamw)
    assert "mixing.0.mu_channel_mix.weight" in muon and not any(name.endswith("bias") for name in muon)
    before = {name: value.clone() for name, value in weights(trainer).items()}
    stream = batches(DATA, config, 0)
    trainer.train_step(next(stream))
    stream.close()
    assert not torch.equal(before["mixing.0.mu_channel_mix.weight"], trainer.net.mixing[0].mu_channel_mix.weight)


def test_state_of_other_data_is_refused(tmp_path: Path) -> None:
    Trainer(tmp_path, SMALL, DATA).save()
    other = Trainer(tmp_path, SMALL, replace(DATA, hash="other"))
    with pytest.raises(ValueError, match=r"state\.data: expected other, got made"):
        other.restore()


def test_a_step_without_finite_gradient_is_skipped(tmp_path: Path) -> None:
    trainer = Trainer(tmp_path, SMALL, DATA)
    before = weights(trainer)
    batch = next(batches(DATA, SMALL, 0))
    trainer.train_step(replace(batch, forces=np.full_like(batch.forces, np.inf)))
    assert trainer.skipped == 1 and trainer.step == 1
    assert all(torch.equal(value, before[name]) for name, value in weights(trainer).items())


def test_one_exploding_molecule_pulls_no_harder_than_the_cap(tmp_path: Path) -> None:
    batch = next(batches(DATA, SMALL, 0))
    broken = batch.forces.copy()
    broken[: batch.ptr[1]] *= 1e6
    grads = {}
    for name, forces, cap in (("as is", batch.forces, 10.0), ("capped", broken, 10.0), ("free", broken, 1e30)):
        trainer = Trainer(tmp_path, replace(SMALL, loss_cap=cap, clip=1e30), DATA)
        trainer.train_step(replace(batch, forces=forces))
        grads[name] = torch.cat([p.grad.flatten() for p in trainer.parameters if p.grad is not None]).norm()
    assert grads["capped"] < 10 * grads["as is"] < grads["free"] / 100


def test_a_run_goes_on_with_its_own_options(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "load_data", lambda: DATA)
    monkeypatch.setattr(type(DATA), "subset", lambda self, _: self)
    parser = argparse.ArgumentParser()
    training.add_arguments(parser)
    Trainer(tmp_path, replace(SMALL, loss_cap=3.0), DATA).save()
    trainer = training._trainer(parser.parse_args([str(tmp_path)]))
    assert trainer.config == replace(SMALL, loss_cap=3.0)
    trainer = training._trainer(parser.parse_args([str(tmp_path), "--steps", "77", "--rotations", "2"]))
    assert trainer.config == replace(SMALL, loss_cap=3.0, steps=77, noise=replace(SMALL.noise, rotations=2))
    with pytest.raises(gpff.InputError, match=r"features: expected 16, as the run has, got '?32"):
        training._trainer(parser.parse_args([str(tmp_path), "--features", "32"]))


def test_every_molecule_is_seen_once_an_epoch() -> None:
    seen = np.concatenate([batch_ids(40, SMALL, step) for step in range(5)])
    again = np.concatenate([batch_ids(40, SMALL, step) for step in range(5, 10)])
    assert sorted(seen) == sorted(again) == list(range(40)) and seen.tolist() != again.tolist()


def test_every_step_has_noise_of_its_own() -> None:
    stream = batches(DATA, SMALL, 0)
    sigma = np.stack([next(stream).sigma for _ in range(8)])
    stream.close()
    assert len(np.unique(sigma)) == sigma.size


def test_learning_rate_warms_up_and_decays() -> None:
    config = TrainConfig(steps=1000, warmup=100)
    rates = [learning_rate(config, step) for step in (0, 49, 100, 550, 1000, 5000)]
    assert rates[0] < rates[1] < rates[2] == pytest.approx(1e-3)
    assert rates[3] == pytest.approx(5.05e-4) and rates[4] == rates[5] == pytest.approx(1e-5)


def test_export_loads_and_a_warm_start_takes_it(tmp_path: Path) -> None:
    trainer = Trainer(tmp_path / "run", SMALL, DATA)
    train(trainer)
    file = trainer.export("small", tmp_path / "weights")
    model = load(file, "cpu")
    assert model.name == "small" and model.manifest["training"]["step"] == 30
    assert model.manifest["data"] == "made" and len(model.hash) == 64
    for name, value in trainer.ema.items():
        assert torch.equal(model.forces.net.state_dict()[name], value), name
    warm = Trainer(tmp_path / "warm", SMALL, DATA)
    warm.start_from(model)
    assert torch.equal(warm.ema["embedding.weight"], trainer.ema["embedding.weight"])
    warm.step = 30
    warm.save()
    again = Trainer(tmp_path / "warm", SMALL, DATA)
    again.restore()
    told = load(again.export("warm", tmp_path / "weights"), "cpu").manifest["training"]
    assert told["epochs_in_all"] == pytest.approx(2 * told["epochs"], abs=0.02)
    wide = Trainer(tmp_path / "wide", replace(SMALL, network=replace(SMALL.network, n_features=32)), DATA)
    wide.start_from(model)
    assert torch.equal(wide.ema["embedding.weight"][:, :16], trainer.ema["embedding.weight"])


def test_a_run_that_does_not_exist_is_not_exported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "load_data", lambda: DATA)
    parser = argparse.ArgumentParser()
    training.add_arguments(parser)
    with pytest.raises(gpff.InputError, match="folder: expected a training run to export"):
        training.run(parser.parse_args([str(tmp_path / "typo"), "--export", "default"]))


@pytest.mark.parametrize("given", [[], ["--strays", "nowhere.npz"]])
def test_strays_are_not_shown_without_their_file(
    given: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "load_data", lambda: DATA)
    parser = argparse.ArgumentParser()
    training.add_arguments(parser)
    with pytest.raises(gpff.InputError, match="strays: expected a file of `gpff collect-strays`"):
        training.run(parser.parse_args([str(tmp_path / "run"), "--workers", "1", "--strayed", "0.1", *given]))
    assert not (tmp_path / "run").exists()


def test_damaged_or_missing_weights_are_refused(tmp_path: Path) -> None:
    file = Trainer(tmp_path / "run", SMALL, DATA).export("small", tmp_path)
    file.write_bytes(file.read_bytes()[:-1] + b"\x01")
    with pytest.raises(gpff.WeightsError, match="expected sha256"):
        load(file, "cpu")
    manifest = file.with_suffix(".json")
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "version": 99}))
    with pytest.raises(gpff.WeightsError, match="expected manifest version 1, got 99"):
        load(file, "cpu")
    manifest.unlink()
    with pytest.raises(gpff.WeightsError, match="expected a manifest beside it"):
        load(file, "cpu")
    with pytest.raises(gpff.WeightsError, match=r"expected one of .*, got 'no-such-model'"):
        load("no-such-model", "cpu")


@pytest.mark.timeout(1200)  # two processes that import PyTorch: minutes on a core that has much else to do
def test_two_worker_processes_train_as_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    alone = Trainer(tmp_path / "one", EXACT, DATA)
    train(alone)
    args = argparse.Namespace(
        folder=tmp_path / "two", minutes=math.inf, workers=2, export=None, log_every=250, check_every=0
    )
    monkeypatch.setattr(training, "load_data", lambda: None)
    monkeypatch.setattr(training, "_work", _work_on_made_data)
    training.run(args)
    together = Trainer(tmp_path / "two", EXACT, DATA)
    together.restore()
    assert together.step == alone.step
    for name, value in weights(alone).items():
        torch.testing.assert_close(weights(together)[name], value, rtol=1e-3, atol=1e-3)


@pytest.mark.timeout(1200)
def test_of_workers_that_fail_every_one_says_why(tmp_path: Path) -> None:
    handlers = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)]
    start: Any = torch.multiprocessing.start_processes  # type: ignore[attr-defined]
    with pytest.raises(RuntimeError, match=r"(?s)worker 0 failed:.*the other is gone.*worker 1 failed:.*the cause"):
        training._join(start(fail_one_after_the_other, (str(tmp_path),), 2, join=False, start_method="spawn"))
    assert handlers == [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)]


def test_a_worker_that_says_nothing_is_told_by_how_it_ended(tmp_path: Path) -> None:
    (tmp_path / "said").write_bytes(pickle.dumps("ValueError: so"))
    codes, files = (1, -9, 7, 0), ("said", "none", "none", "none")
    workers = SimpleNamespace(
        processes=[SimpleNamespace(exitcode=code) for code in codes],
        error_files=[str(tmp_path / name) for name in files],
    )
    said = "worker 0 failed:\nValueError: so\nworker 1 ended with signal 9\nworker 2 ended with exit code 7"
    assert training._failures(workers) == said


def _work_on_made_data(worker: int, args: argparse.Namespace, meeting: str) -> None:
    training._work(worker, args, meeting, lambda args: Trainer(args.folder, EXACT, DATA))


def test_molecules_for_which_the_network_overflowed_are_counted_and_in_no_mean(tmp_path: Path) -> None:
    log = Log(tmp_path / "log.jsonl")
    sigma = np.array([0.1, 0.1, 2.0, 2.0], np.float32)
    log.add(torch.tensor([0.01, math.inf, 4.0, math.nan]), sigma, w_max=1e9)
    log.row(Trainer(tmp_path, SMALL, DATA))
    (row,) = (json.loads(line, parse_constant=pytest.fail) for line in log.file.read_text().splitlines())
    assert row["overflowed"] == 2
    assert row["loss"] == pytest.approx(1.0)
    assert [row["unexplained"][i] for i in (1, 4)] == pytest.approx([0.25, 0.25])


def test_plot_shows_validity_where_it_was_measured(tmp_path: Path) -> None:
    row = {"epoch": 1.0, "loss": 2.0, "unexplained": [0.5] * (len(BANDS) - 1), "molecules_per_s": 100.0}
    lines = [{**row, "step": 1}, {**row, "step": 2, "epoch": 2.0, "validity": {"16": 40.0}}]
    (tmp_path / "log.jsonl").write_text("\n".join(map(json.dumps, lines)))
    plot(tmp_path / "log.jsonl", tmp_path / "log.png")
    assert (tmp_path / "log.png").stat().st_size > 10_000
