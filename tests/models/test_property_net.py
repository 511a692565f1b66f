"""Property models: what they see, what they add up, what they refuse, and that training, resuming and export agree."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from tests.models.test_noising import made_set

import gpff
from gpff import predictor, property_net, train_properties
from gpff.data import QM9
from gpff.property_net import PropertyModel, PropertyNet, properties, targets_of
from gpff.train_properties import PropertyTrainer, PropertyTraining, export, mean_errors, train

SMALL = PropertyTraining(steps=12, batch=8, features=32)


def learnable() -> QM9:
    """Energies that depend on composition and size alone, gaps on the share of hydrogen."""
    data = made_set([5, 8, 6, 9, 7, 4, 8, 6, 5, 7] * 4)
    hydrogen = np.add.reduceat((data.numbers == 1).astype(float), data.ptr[:-1])
    apart = np.add.reduceat(property_net.free_atoms()[data.numbers], data.ptr[:-1])
    share = hydrogen / data.sizes
    return replace(data, gap=(4 + 3 * share).astype(np.float32), u0=apart - 4.0 * data.sizes + hydrogen)


DATA = learnable()


@pytest.fixture(scope="module")
def model() -> PropertyModel:
    torch.manual_seed(0)
    net = PropertyNet(replace(property_net.NETWORK, n_features=32))
    net.fit_references(DATA)
    return PropertyModel(net)


def molecule(i: int) -> SimpleNamespace:
    numbers, positions = DATA[i]
    return SimpleNamespace(numbers=numbers.astype(np.int64), positions=positions.astype(np.float64))


def test_references_explain_what_is_additive() -> None:
    net = PropertyNet(replace(property_net.NETWORK, n_features=32))
    net.fit_references(DATA)
    assert net.references[[1, 6, 8], 1].tolist() == pytest.approx([3.0, 4.0, 4.0], abs=1e-4)
    assert float(net.scale[1]) < 1e-4 and float(net.shift[0]) == pytest.approx(DATA.gap.mean(), abs=1e-4)


def test_methane_of_qm9_has_its_published_atomisation_energy() -> None:
    methane = replace(
        made_set([5]), numbers=np.array([6, 1, 1, 1, 1], np.uint8), u0=np.array([-40.47893 * property_net.HARTREE_EV])
    )
    assert targets_of(methane)[0, 1] / 0.0433641 == pytest.approx(395.9996, abs=0.01)  # kcal/mol


def test_a_molecule_turned_moved_and_renumbered_is_the_same(model: PropertyModel) -> None:
    one = molecule(3)
    turn, _ = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))
    order = np.random.default_rng(1).permutation(len(one.numbers))
    other = SimpleNamespace(numbers=one.numbers[order], positions=(one.positions @ turn + 7.0)[order])
    a, b = properties([one, other], model)
    assert a.gap == pytest.approx(b.gap, abs=1e-4) and a.u0 == pytest.approx(b.u0, abs=1e-3)
    shrunk = properties([SimpleNamespace(numbers=one.numbers, positions=0.9 * one.positions)], model)[0]
    assert abs(shrunk.gap - a.gap) > 1e-3


def test_atoms_past_the_cutoff_do_not_see_each_other_and_energies_add(model: PropertyModel) -> None:
    first, second = molecule(0), molecule(1)
    both = SimpleNamespace(
        numbers=np.concatenate([first.numbers, second.numbers]),
        positions=np.concatenate([first.positions, second.positions + 100.0]),
    )
    a, b, c = (p.atomisation_energy for p in properties([first, second, both], model))
    assert c == pytest.approx(a + b - float(model.net.shift[1]), abs=1e-3)
    gaps = [p.gap for p in properties([first, second, both], model)]
    assert min(gaps[:2]) <= gaps[2] <= max(gaps[:2])


def test_batches_do_not_matter_and_energies_agree(model: PropertyModel) -> None:
    many = [molecule(i) for i in range(20)]
    together = properties(many, model)
    alone = [properties([one], model)[0] for one in many]
    np.testing.assert_allclose([p.gap for p in together], [p.gap for p in alone], atol=1e-4)
    small = model(DATA.numbers, DATA.positions, DATA.ptr, batch=7)
    np.testing.assert_allclose(small, model(DATA.numbers, DATA.positions, DATA.ptr), atol=1e-4)
    apart = property_net.free_atoms()[many[0].numbers].sum()
    assert together[0].u0 + together[0].atomisation_energy == pytest.approx(apart)
    assert properties([], model) == []


def test_what_it_was_not_trained_on_is_refused(model: PropertyModel) -> None:
    chlorine = SimpleNamespace(numbers=np.array([17, 1]), positions=np.eye(3)[:2])
    with pytest.raises(gpff.InputError, match=r"molecules\.1\.numbers: expected elements of H, C, N, O, F, got .*17"):
        properties([molecule(0), chlorine], model)
    with pytest.raises(gpff.InputError, match=r"molecules\.0\.positions: expected shape \(2, 3\)"):
        properties([SimpleNamespace(numbers=np.array([1, 1]), positions=np.zeros((3, 3)))], model)


def test_training_learns_and_resumes_exactly(tmp_path: Path) -> None:
    plan = replace(SMALL, steps=120)
    whole = PropertyTrainer(tmp_path / "whole", plan, DATA)
    before = mean_errors(whole.model(), DATA)[0]
    train(whole, progress=False)
    assert mean_errors(whole.model(), DATA)[0] < 0.5 * before
    first = PropertyTrainer(tmp_path / "parts", plan, DATA)
    for _ in range(50):
        first.train_step()
    first.save()
    assert train_properties.saved_config(tmp_path / "parts") == plan
    second = PropertyTrainer(tmp_path / "parts", plan, DATA)
    second.restore()
    train(second, progress=False)
    for name, value in whole.averaged.items():
        assert torch.equal(value, second.averaged[name]), name


def test_command_trains_and_weights_say_how_good_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(train_properties, "load_data", lambda: DATA)
    monkeypatch.setattr(type(DATA), "subset", lambda self, _: self)
    monkeypatch.setattr(train_properties, "quick_products", lambda: None)
    parser = argparse.ArgumentParser()
    train_properties.add_arguments(parser)
    threads = torch.get_num_threads()
    try:
        train_properties.run(parser.parse_args([str(tmp_path), "--steps", "4", "--batch", "8", "--features", "32"]))
    finally:
        torch.set_num_threads(threads)
    assert "test MAE: gap" in capsys.readouterr().out
    trainer = PropertyTrainer(tmp_path, replace(SMALL, steps=4), DATA)
    trainer.restore()
    file = export(trainer, DATA, "small", tmp_path)
    model = property_net.load(file)
    gap, energy = mean_errors(model, DATA)
    metrics = model.manifest["metrics"]
    assert metrics["gap"] == pytest.approx(gap, abs=0.06) and metrics["gap, paper"] == 42.4
    assert metrics["atomisation_energy"] == pytest.approx(energy, abs=0.06)
    lean = predictor.load(str(file))
    assert lean is not None and lean.card.trained_on.elements == (1, 6, 8) and lean.card.trained_on.max_heavy_atoms > 1
    one = molecule(3)
    assert lean(one.numbers, one.positions)[0] == pytest.approx(properties([one], model)[0].gap, abs=1e-3)
    file.write_bytes(file.read_bytes()[:-1] + b"\x01")
    with pytest.raises(gpff.WeightsError, match="expected sha256"):
        property_net.load(file)
    with pytest.raises(gpff.WeightsError, match=r"expected the file no\.safetensors"):
        property_net.load(tmp_path / "no.safetensors")
    with pytest.raises(
        gpff.WeightsError, match=r"expected a pseudo-force field, got a model of gap, atomisation_energy"
    ):
        gpff.load("properties", "cpu")
    with pytest.raises(gpff.WeightsError, match=r"expected one of \['default'[^p]*\] or"):
        gpff.load("no-such-model", "cpu")
    with pytest.raises(gpff.WeightsError, match=r"default\.safetensors: expected a model of gap, atomisation_energy"):
        property_net.load("default")


def test_the_shipped_model_knows_methane_and_water() -> None:
    methane = np.array([[0, 0, 0], [1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]]) * 0.6306
    methane[0] = 0.0
    water = np.array([[0.0, 0.0, 0.1173], [0.0, 0.7572, -0.4692], [0.0, -0.7572, -0.4692]])
    a, b = properties(
        [
            SimpleNamespace(numbers=np.array([6, 1, 1, 1, 1]), positions=methane),
            SimpleNamespace(numbers=np.array([8, 1, 1]), positions=water),
        ]
    )
    assert a.atomisation_energy == pytest.approx(17.172, abs=0.6)  # QM9's own values, eV
    assert b.atomisation_energy == pytest.approx(9.240, abs=0.6)
    assert a.gap > b.gap > 8.0 and a.u0 == pytest.approx(-1101.49, abs=0.6)
