"""What an engine's process does before its first job: it finds its model, tries it and measures it."""

import time

import numpy as np
import pytest

from gpff.force import padding
from studio.engine.process import WARM, Options, load, measure, resolve


def test_a_factory_is_found_by_its_path() -> None:
    import fields

    assert resolve("fields:harmonic") is fields.harmonic
    with pytest.raises(ModuleNotFoundError):
        resolve("no_such_module:f")
    with pytest.raises(AttributeError):
        resolve("fields:no_such_function")


def test_loading_evaluates_the_model_on_every_size_that_a_small_batch_is_rounded_to() -> None:
    model = load(Options("fields:harmonic", "default", None, 1, 1, 1))
    waters = [3 * n for n in model.forces.calls]  # type: ignore[attr-defined]
    assert {n + padding(n) for n in waters} == {n + padding(n) for n in range(1, WARM[-1] + 1)}


def test_a_model_whose_forces_are_not_finite_is_not_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    import fields

    monkeypatch.setattr(fields.Harmonic, "force", lambda self, numbers, forces: forces * np.nan)
    with pytest.raises(ValueError, match="not finite"):
        load(Options("fields:harmonic", "default", None, 1, 1, 1))


def test_the_cost_of_a_step_is_measured() -> None:
    def forces(numbers: np.ndarray, positions: np.ndarray, ptr: np.ndarray) -> np.ndarray:
        until = time.perf_counter() + 2e-3 + 1e-6 * float((np.diff(ptr) ** 2).sum())
        while time.perf_counter() < until:
            pass
        return np.zeros_like(positions)

    costs = measure(forces)
    assert costs.step_s > 5e-4 and costs.edge_s > 2e-7
