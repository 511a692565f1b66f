"""Errors by noise level and traces of σ̂, on fields whose answers are known."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from force_fields import harmonic, still, two_modes
from tests.models.test_noising import made_set

from gpff import diagnostics
from gpff.diagnostics import LEVELS, loss_by_sigma, picture, traces
from gpff.diffusion import n_levels

DATA = made_set([5, 8, 6, 9, 7, 4, 8, 6, 5, 7] * 4)


def test_a_field_that_knows_nothing_leaves_all_unexplained() -> None:
    model: Any = SimpleNamespace(forces=still)
    found = loss_by_sigma(model, DATA, 40)
    assert [v.sigma for v in found] == list(LEVELS) and all(v.n == 40 and v.read == 0.0 for v in found)
    small = [v.unexplained for v in found if v.sigma < 0.1]
    assert np.mean(small) == pytest.approx(1 - 1 / 6.5, rel=0.1)  # centred noise of some 6.5 atoms


def test_a_field_that_knows_the_answer_leaves_nothing() -> None:
    answers = {}

    def noted(*args: Any) -> Any:
        batch = original(*args)
        answers[batch.positions.astype(np.float64).tobytes()] = batch.forces
        return batch

    original = diagnostics.noised
    diagnostics.noised = noted
    try:
        model: Any = SimpleNamespace(forces=lambda numbers, positions, ptr: answers[positions.tobytes()])
        found = loss_by_sigma(model, DATA, 20)
    finally:
        diagnostics.noised = original
    assert all(v.unexplained == 0.0 for v in found)
    assert all(v.read == pytest.approx(1.0, abs=0.12) for v in found if v.sigma < 0.1)


def test_traces_begin_at_the_prior_and_stay_below_the_schedule(tmp_path: Path) -> None:
    model: Any = SimpleNamespace(forces=two_modes)
    found = traces(model, ["CH4O"] * 8, 33)
    assert {t.sampler for t in found} == set(diagnostics.ADAPTIVE)
    for sampler in diagnostics.ADAPTIVE:
        line = [t for t in found if t.sampler == sampler]
        assert [t.level for t in line] == list(range(1, len(line) + 1)) and len(line) <= n_levels(sampler, 33)
        assert line[0].n == 8 and line[0].median == pytest.approx(30.0, rel=0.5)
        assert line[0].schedule == pytest.approx(30.0)
        assert all(t.low <= t.median <= t.high for t in line)
        assert line[-1].median < 0.1 and line[-1].n <= 8
    picture(loss_by_sigma(SimpleNamespace(forces=harmonic), DATA, 5), found, tmp_path)  # type: ignore[arg-type]
    assert (tmp_path / "noise-levels.svg").stat().st_size > 5000 and (tmp_path / "noise-levels.png").exists()
