"""The property network on NumPy: PyTorch's numbers without PyTorch, and weights that say what they are."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import gpff
from gpff import predictor, property_net
from gpff.folders import WEIGHTS
from gpff.formats import Reading, read_record
from gpff.predictor import Predictor


@pytest.fixture(scope="module")
def shipped() -> Predictor:
    found = predictor.load()
    assert found is not None
    return found


def molecule(smiles: str) -> Any:
    return read_record(smiles, "smiles", Reading())


def test_it_predicts_what_the_library_does(shipped: Predictor) -> None:
    molecules = [molecule(smiles) for smiles in ("C", "O", "CC(=O)Oc1ccccc1C(=O)O", "FC#N", "C" * 50)]
    assert len(molecules[-1].numbers) > predictor.ROWS
    lone = SimpleNamespace(numbers=np.array([8]), positions=np.zeros((1, 3)))
    apart = SimpleNamespace(numbers=np.array([6, 1, 8]), positions=np.array([[0, 0, 0], [1.1, 0, 0], [90.0, 0, 0]]))
    far = np.array([500.0, 0.0, -70.0])
    moved = SimpleNamespace(numbers=molecules[2].numbers, positions=molecules[2].positions + far)
    molecules += [lone, apart, moved]
    for one, expected in zip(molecules, gpff.properties(molecules), strict=True):
        gap, energy = shipped(one.numbers, one.positions)
        assert gap == pytest.approx(expected.gap, abs=1e-3)
        assert energy == pytest.approx(expected.atomisation_energy, rel=2e-6, abs=2e-3)


def test_rows_at_a_time_do_not_matter(shipped: Predictor, monkeypatch: pytest.MonkeyPatch) -> None:
    one = molecule("CC(=O)Oc1ccccc1C(=O)O")
    whole = shipped(one.numbers, one.positions)
    monkeypatch.setattr(predictor, "ROWS", 5)
    assert shipped(one.numbers, one.positions) == pytest.approx(whole, abs=1e-3)


def test_the_card_is_what_the_weights_say(shipped: Predictor) -> None:
    manifest = json.loads((WEIGHTS / "properties.json").read_text())
    card = shipped.card
    assert (card.name, card.hash) == (manifest["name"], manifest["sha256"])
    assert card.gap_mae == pytest.approx(manifest["metrics"]["gap"] / 1e3)
    assert card.energy_mae == pytest.approx(manifest["metrics"]["atomisation_energy"] / 1e3)
    assert card.trained_on.max_heavy_atoms == 9 and card.trained_on.elements == (1, 6, 7, 8, 9)
    assert card.trained_on.data == "QM9" and card.trained_on.level == property_net.LEVEL


def test_no_such_weights_are_none() -> None:
    assert predictor.load("no-such-model") is None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sha256": "0"}, r"mine\.safetensors: expected sha256 0, got 32f7"),
        ({"targets": ["dipole"]}, r"expected a model of gap, atomisation_energy, got \['dipole'\]"),
        ({"trained_on": None}, "expected metrics and trained_on in its manifest"),
        ({"metrics": {"gap": 70.0}}, "expected metrics and trained_on in its manifest, got no 'atomisation_energy'"),
        ({"version": 9}, "expected manifest version 1, got 9"),
    ],
)
def test_weights_that_are_not_what_they_should_be_are_refused(
    changes: dict[str, Any], message: str, tmp_path: Path
) -> None:
    file = tmp_path / "mine.safetensors"
    shutil.copy(WEIGHTS / "properties.safetensors", file)
    manifest = json.loads((WEIGHTS / "properties.json").read_text())
    file.with_suffix(".json").write_text(json.dumps({**manifest, **changes}))
    with pytest.raises(gpff.WeightsError, match=message):
        predictor.load(str(file))


def test_its_process_stays_small() -> None:
    script = (
        "import sys, gpff.molecule_workers as w; assert w.predictor_card('properties'); print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
