"""The comparisons: what a conditioned network's answer means, and what it is and is not told."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.models.test_noising import made_set
from tests.models.test_train import SMALL

import gpff
from gpff import train as training
from gpff.batches import batches
from gpff.conditioned import OBJECTIVES, Conditioned, Objective, network
from gpff.force import field_tables, forces_of
from gpff.noising import NoiseConfig, noised
from gpff.painn import PaiNN
from gpff.train_config import TrainConfig
from gpff.trainer import Trainer

DATA = made_set([5, 8, 6, 9, 7, 4, 8, 6, 5, 7] * 4)


def forces(net: PaiNN, sigma: list[float] | None, spread: float = 1.0) -> torch.Tensor:
    torch.manual_seed(1)
    numbers, ptr = torch.tensor([6, 1, 1, 8, 1, 6, 1]), torch.tensor([0, 4, 7])
    levels = None if sigma is None else torch.tensor(sigma)
    with torch.no_grad():
        return forces_of(net, field_tables(net), numbers, spread * torch.randn(7, 3), ptr, sigma=levels)


def test_the_product_is_what_it_was() -> None:
    assert type(network(SMALL.network, "gpff", False)) is PaiNN


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_only_a_time_aware_network_is_moved_by_sigma(objective: Objective) -> None:
    for aware in (False, True):
        torch.manual_seed(0)
        net = Conditioned(SMALL.network, objective, aware)
        low, high = forces(net, [0.1, 0.1]), forces(net, [0.1, 3.0])
        factor = torch.tensor([1.0] * 4 + [30.0 if objective == "dm" else 1.0] * 3)[:, None]
        torch.testing.assert_close(low[:4], high[:4])
        assert torch.allclose(low * factor, high, rtol=1e-4) is not aware


def test_far_out_a_diffusion_model_starts_at_unit_noise() -> None:
    torch.manual_seed(0)
    net = Conditioned(SMALL.network, "dm", False)
    for parameter in net.head[1].parameters():
        torch.nn.init.zeros_(parameter)
    answer = forces(net, [30.0, 30.0], spread=30.0)
    epsilon = answer[:4] / -60.0
    assert float(epsilon.square().mean().sqrt()) == pytest.approx(1.0, rel=0.01)


def test_sigma_is_asked_for() -> None:
    with pytest.raises(ValueError, match="sigma: expected the noise level"):
        forces(Conditioned(SMALL.network, "dm", False), None)


@pytest.mark.parametrize(("objective", "aware"), [("gpff", True), ("dm", True), ("dm", False)])
def test_they_train_resume_and_do_not_ship(objective: Objective, aware: bool, tmp_path: Path) -> None:
    trainer = Trainer(tmp_path, replace(SMALL, objective=objective, time_aware=aware, steps=3), DATA)
    before = trainer.averaged["embedding.weight"].clone()
    training.train(trainer, check_every=1)
    again = Trainer(tmp_path, trainer.config, DATA)
    again.restore()
    assert trainer.step == again.step == 3
    assert not torch.equal(again.averaged["embedding.weight"], before)
    with pytest.raises(gpff.InputError, match="export: expected a pseudo-force field without time"):
        trainer.export("never", tmp_path)


def test_a_diffusion_loss_is_that_of_the_noise(tmp_path: Path) -> None:
    """With an answer of zero the loss is the mean square of the aligned ε, times 4, at every σ."""
    config = replace(SMALL, objective="dm", noise=NoiseConfig(mean=-4.0, std=0.0, uniform=0.0), batch=40, loss_cap=1e9)
    batch = next(batches(DATA, config, 0))
    weighted = 4 * np.square(batch.forces / 2 / batch.sigma[batch.mol_idx, None])
    assert weighted.mean() == pytest.approx(4.0 * (1 - 40 / len(batch.mol_idx)), rel=0.2)
    trainer = Trainer(tmp_path, config, DATA)
    for parameter in [*trainer.net.head.parameters()]:
        torch.nn.init.zeros_(parameter)
    losses, _ = trainer.train_step(batch)
    by_molecule = np.add.reduceat(weighted.mean(1), batch.ptr[:-1]) / np.diff(batch.ptr)
    np.testing.assert_allclose(losses.numpy() / np.square(batch.sigma), by_molecule, rtol=1e-3)


def test_without_alignment_the_label_is_the_noise_itself() -> None:
    ids = np.arange(10)
    config = NoiseConfig(mean=1.0, std=0.0, uniform=0.0)
    plain, free = (noised(DATA, ids, replace(config, align=a), np.random.default_rng(0)) for a in (True, False))
    np.testing.assert_array_equal(plain.positions, free.positions)
    clean = np.concatenate([DATA[int(i)][1] for i in ids])
    np.testing.assert_allclose(free.forces, 2 * (clean - free.positions), atol=1e-5)
    assert np.square(plain.forces).sum() < 0.95 * np.square(free.forces).sum()


def test_options_of_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "load_data", lambda: DATA)
    monkeypatch.setattr(type(DATA), "subset", lambda self, _: self)
    parser = argparse.ArgumentParser()
    training.add_arguments(parser)

    def config(*options: str) -> TrainConfig:
        return training._trainer(parser.parse_args([str(tmp_path), "--features", "32", *options])).config

    plain, compared = config("--time-agnostic"), config("--objective", "dm", "--time-aware", "--no-align")
    assert (plain.objective, plain.time_aware, plain.noise.align) == ("gpff", False, True)
    assert (compared.objective, compared.time_aware, compared.noise.align) == ("dm", True, False)
    Trainer(tmp_path, compared, DATA).save()
    assert config() == compared
    with pytest.raises(gpff.InputError, match=r"time_aware: expected True, as the run has, got '?False"):
        config("--time-agnostic")
