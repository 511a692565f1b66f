"""Training on the network's own answers: labels lead home, noise falls, nonsense is left out, resuming stays exact."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from tests.models.test_noising import made_set
from tests.models.test_train import DATA, SMALL, assert_resuming_is_exact, assert_same

from gpff.batches import batches
from gpff.noising import NoiseConfig, noised
from gpff.train import train
from gpff.trainer import Trainer
from gpff.walking import FALL, FROM, Answers, answers, walked

SIZES = [8, 12, 10, 9, 6]
MADE = made_set(SIZES)
WALKING = replace(SMALL, noise=replace(SMALL.noise, walked=0.5))


def before(sigma: float = 0.1) -> Answers:
    """Perfect answers to a batch of all molecules."""
    config = NoiseConfig(mean=float(np.log(sigma)), std=0.0, uniform=0.0)
    batch = noised(MADE, np.arange(len(SIZES)), config, np.random.default_rng(0))
    return answers(batch, batch.forces)


def test_an_answer_goes_on_with_less_noise_and_a_label_that_leads_home() -> None:
    start = before()
    batch = walked(MADE, start, 1.0, np.random.default_rng(1))
    assert batch is not None and batch.ids.tolist() == list(range(len(SIZES)))
    np.testing.assert_array_equal(batch.numbers, MADE.numbers)
    assert (batch.level >= FALL[0] * start.level).all() and (batch.level <= FALL[1] * start.level).all()
    noise = batch.positions - start.positions
    for m, (a, b) in enumerate(pairwise(batch.ptr)):
        assert 0.4 < noise[a:b].std() / batch.level[m] < 1.7
        home, clean = (batch.positions + batch.forces / 2)[a:b], MADE.positions[a:b]
        np.testing.assert_allclose(
            np.linalg.norm(home[:, None] - home, axis=-1), np.linalg.norm(clean[:, None] - clean, axis=-1), atol=1e-4
        )


def test_an_answer_that_has_turned_has_its_home_where_it_is() -> None:
    start = before(0.02)
    c, s = np.cos(0.2), np.sin(0.2)
    turned = (start.positions @ np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]])).astype(np.float32)
    batch = walked(MADE, replace(start, positions=turned), 1.0, np.random.default_rng(1))
    assert batch is not None
    np.testing.assert_allclose(batch.positions + batch.forces / 2, turned, atol=0.05)
    assert np.abs(turned - start.positions).max() > 0.3


def test_an_answer_that_has_lost_its_way_is_not_gone_on_from() -> None:
    assert walked(MADE, before(1.1 * FROM), 1.0, np.random.default_rng(1)) is None
    start = before()
    atoms = slice(MADE.ptr[1], MADE.ptr[2])
    start.positions[atoms] = 0.2 * start.positions[atoms]
    batch = walked(MADE, start, 1.0, np.random.default_rng(1))
    assert batch is not None and batch.ids.tolist() == [0, 2, 3, 4]


def test_what_is_left_to_home_counts_as_noise() -> None:
    start = before(0.05)
    wrong = replace(start, positions=(0.9 * start.positions).astype(np.float32))
    batch = walked(MADE, wrong, 1.0, np.random.default_rng(1))
    assert batch is not None
    left = np.sqrt(np.add.reduceat(np.square(batch.forces / 2).sum(1), batch.ptr[:-1]) / (3 * np.diff(batch.ptr)))
    np.testing.assert_allclose(batch.sigma, left, rtol=1e-5)
    assert (batch.sigma > 2 * batch.level).all()


@pytest.mark.parametrize("flaw", [np.nan, np.inf, 1e3])
def test_nonsense_is_not_gone_on_from(flaw: float) -> None:
    start = before()
    start.positions[MADE.ptr[2], 1] = flaw
    batch = walked(MADE, start, 1.0, np.random.default_rng(1))
    assert batch is not None and batch.ids.tolist() == [0, 1, 3, 4]
    assert np.isfinite(batch.positions).all() and np.isfinite(batch.forces).all()
    assert (
        walked(MADE, replace(start, positions=np.full_like(start.positions, flaw)), 1.0, np.random.default_rng(1))
        is None
    )


def test_walking_takes_the_place_of_new_molecules_and_changes_no_other(tmp_path: Path) -> None:
    data = made_set([5, 8, 6, 9, 7, 4, 8, 6] * 20)  # an epoch is as long as the test: no molecule is new twice
    trainer = Trainer(tmp_path, WALKING, data)
    stream, plain = batches(data, WALKING, 0, given=trainer.answers), batches(data, SMALL, 0)
    shares = []
    for _ in range(20):
        batch, new = next(stream), next(plain)
        earlier = trainer.answers.get(trainer.step - 2)
        trainer.train_step(batch)
        assert len(batch.ids) == SMALL.batch
        n_new = int(np.isin(batch.ids, new.ids).sum())
        shares.append(1 - n_new / SMALL.batch)
        assert set(batch.ids) <= set(new.ids) | (set() if earlier is None else set(earlier.ids))
        atoms = np.repeat(np.arange(SMALL.batch) < n_new, np.diff(batch.ptr))
        np.testing.assert_array_equal(batch.positions[atoms], new.positions[len(new.positions) - int(atoms.sum()) :])
    stream.close()
    plain.close()
    assert shares[:2] == [0, 0] and 0.3 < np.mean(shares[2:]) < 0.7
    assert sorted(trainer.answers) == [18, 19]


def test_resuming_a_walking_run_is_exact(tmp_path: Path) -> None:
    whole = assert_resuming_is_exact(tmp_path, WALKING)
    plain = Trainer(tmp_path / "plain", SMALL, DATA)
    train(plain)
    with pytest.raises(AssertionError):
        assert_same(whole, plain)
