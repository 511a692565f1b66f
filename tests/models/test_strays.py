"""Strays: states without a molecule, how they are found, and what training makes of them."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from tests.models.test_noising import made_set
from tests.models.test_train import SMALL, assert_resuming_is_exact, share_beside_new

from gpff import collect_strays
from gpff.chemistry import BondWorkers, perceive_strictly
from gpff.collect_strays import State, made, sent_home
from gpff.generation import Candidate
from gpff.molecules import Floats, Ints
from gpff.noising import Batch
from gpff.spec import Spec
from gpff.strays import NEAR, Strays, lessons, read, write
from gpff.train_config import TrainConfig
from gpff.trainer import Trainer
from gpff.walking import answers

WATER = np.array([8, 1, 1])
HOME = np.array([[0.0, 0.0, 0.12], [0.0, 0.76, -0.48], [0.0, -0.76, -0.48]])
AWAY = HOME + np.array([[0.0, 0.0, 0.0], [0.5, 0.0, 0.0], [0.0, 0.0, 0.0]])
AMMONIA = np.array([7, 1, 1, 1])
PYRAMID = np.array([[0.0, 0.0, 0.1], [0.94, 0.0, -0.25], [-0.47, 0.81, -0.25], [-0.47, -0.81, -0.25]])


@pytest.fixture
def strays() -> Strays:
    return Strays.of([(WATER, AWAY, HOME), (AMMONIA, PYRAMID * [1.0, 1.0, -2.0], PYRAMID)])


def test_they_are_centred_and_come_back_from_a_file(strays: Strays, tmp_path: Path) -> None:
    write(tmp_path / "runs" / "strays.npz", strays)
    again = read(tmp_path / "runs" / "strays.npz")
    assert len(again) == 2
    for name in ("numbers", "positions", "homes", "ptr"):
        np.testing.assert_array_equal(getattr(again, name), getattr(strays, name))
    assert np.abs(np.add.reduceat(again.positions, again.ptr[:-1])).max() < 1e-6
    assert [file.name for file in (tmp_path / "runs").iterdir()] == ["strays.npz"]


def test_a_lesson_points_home_and_weighs_by_what_is_left(strays: Strays) -> None:
    batch = lessons(strays, 200, np.random.default_rng(3))
    sizes = np.diff(batch.ptr)
    assert set(sizes) == {3, 4}
    assert (batch.ids == -1).all()
    assert batch.level.min() >= NEAR[0]
    assert batch.level.max() <= NEAR[1]
    quiet = batch.level < 0.02
    assert quiet.any()
    for m in np.flatnonzero(quiet):
        atoms = slice(batch.ptr[m], batch.ptr[m + 1])
        home = batch.positions[atoms] + batch.forces[atoms] / 2
        expected = HOME if sizes[m] == 3 else PYRAMID
        np.testing.assert_allclose(distances(home), distances(expected), atol=1e-5)
    left = np.sqrt(np.add.reduceat(np.square(batch.forces / 2).sum(1), batch.ptr[:-1]) / (3 * sizes))
    np.testing.assert_allclose(batch.sigma, left, rtol=1e-5)


def test_a_home_is_turned_and_its_atoms_exchanged_to_where_it_is_near() -> None:
    """The label is the least that is left, whatever the orientation in which the home was found."""
    turned = HOME[[0, 2, 1]] @ np.array([[0.0, 1.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    there = lessons(Strays.of([(WATER, HOME, turned)]), 50, np.random.default_rng(0))
    assert there.sigma.max() <= 2 * NEAR[1]
    assert there.sigma.min() < 0.02


def test_they_do_not_walk_on(strays: Strays) -> None:
    """A stray has no equilibrium in the data to which a next step could be labelled."""
    batch = lessons(strays, 3, np.random.default_rng(0))
    known = Batch.cat([batch, Batch(*(getattr(batch, name) for name in batch.__dataclass_fields__))])
    known.ids[3:] = 7
    kept = answers(known, np.zeros_like(known.positions))
    assert kept.ids.tolist() == [7, 7, 7]
    np.testing.assert_array_equal(kept.positions, batch.positions)
    np.testing.assert_array_equal(kept.level, batch.level)


def with_strays(strays: Strays, folder: Path, share: float = 0.5) -> TrainConfig:
    write(folder / "strays.npz", strays)
    return replace(SMALL, noise=replace(SMALL.noise, strayed=share), strays=str(folder / "strays.npz"))


def test_a_share_of_every_batch_are_strays_and_the_others_are_as_before(strays: Strays, tmp_path: Path) -> None:
    data = made_set([5, 8, 6, 9, 7, 4, 8, 6] * 20)
    config = with_strays(strays, tmp_path)
    trainer = Trainer(tmp_path, config, data)
    assert 0.3 < share_beside_new(data, config, trainer.strays) < 0.7


def test_resuming_a_run_with_strays_is_exact(strays: Strays, tmp_path: Path) -> None:
    config = with_strays(strays, tmp_path)
    config = replace(config, noise=replace(config.noise, walked=0.5))
    assert_resuming_is_exact(tmp_path, config)


def test_the_nearest_molecule_is_the_home_and_what_finds_none_is_left_out() -> None:
    """From the flattened molecule the field leads to water, turned by chance; from the atoms far apart nowhere."""
    flat = HOME * [1.0, 0.4, 1.0]

    def to_water(numbers: Ints, positions: Floats, ptr: Ints) -> Floats:
        forces = np.zeros_like(positions)
        for m in range(len(ptr) - 1):
            a, b = ptr[m], ptr[m + 1]
            if b - a == 3:
                u, _, vt = np.linalg.svd((HOME - HOME.mean(0)).T @ (positions[a:b] - positions[a:b].mean(0)))
                forces[a:b] = 2 * ((HOME - HOME.mean(0)) @ u @ vt - positions[a:b] + positions[a:b].mean(0))
        return forces

    states = [State.of(WATER, flat), State.of(np.array([6, 1, 1, 1, 1]), 9 * np.vstack([np.eye(3), -np.eye(3)[:2]]))]
    with BondWorkers(1, target=perceive_strictly) as bonds:
        found = sent_home(to_water, states, 3, 0, bonds)
    assert len(found) == 1
    np.testing.assert_array_equal(found.numbers, WATER)
    np.testing.assert_allclose(found.positions, flat - flat.mean(0), atol=1e-6)
    np.testing.assert_allclose(distances(found.homes), distances(HOME), atol=1e-4)
    assert np.abs(found.homes - found.positions).max() < 0.8


def test_shapes_hold_what_is_made_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    held: list[str | None] = []
    still = SimpleNamespace(forces=lambda numbers, positions, ptr: np.zeros_like(positions))

    def no_molecules(model: object, specs: list[Spec], *_: object, **__: object) -> list[Candidate]:
        held.extend(spec.blobs[0].shape for spec in specs)
        return []

    monkeypatch.setattr(collect_strays, "generate", no_molecules)
    monkeypatch.setattr(collect_strays, "AT_ONCE", 2)
    with BondWorkers(1, target=perceive_strictly) as bonds:
        found = made(still, made_set([5] * 6), 6, 0, 4, bonds, ("rod", "none", "any"))
        assert list(found) == []
    assert held == ["rod", "rod", None, None, "any", "any"]


def distances(x: np.ndarray) -> np.ndarray:
    return np.sort(np.linalg.norm(x[:, None] - x, axis=2), axis=None)
