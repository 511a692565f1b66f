"""What an engine's process does: it finds its model, tries it and measures it, and tells how long its steps take."""

import gc
import time
from collections.abc import Iterator
from typing import Any, cast

import fields
import numpy as np
import pytest

from gpff.force import padding
from gpff.plan import compile
from gpff.spec import Spec
from studio.engine.blackbox import BlackBox
from studio.engine.channel import Channel
from studio.engine.messages import Event, Report, Start
from studio.engine.process import WARM, Options, load, measure, resolve, serve


def test_a_factory_is_found_by_its_path() -> None:
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


class IdleBefore:
    """The child's end of a socket on which one job comes, after a while; then the parent is gone."""

    def __init__(self, start: Start, idle_s: float) -> None:
        self._start, self._idle_s = start, idle_s
        self.events: list[tuple[float, Event]] = []
        self.came = float("inf")

    def post(self, event: Event) -> None:
        self.events.append((time.perf_counter(), event))

    def exchange(self, wait_s: float | None = 0.0) -> Iterator[Any]:
        if wait_s == 0.0:
            return
        if self.came < float("inf"):
            raise EOFError
        time.sleep(self._idle_s)
        self.came = time.perf_counter()
        yield self._start

    def push(self) -> None:
        pass


def test_waiting_for_a_job_is_no_part_of_its_first_step() -> None:
    channel = IdleBefore(Start(7, "someone", compile(Spec.from_formula("CH4", steps=2))), idle_s=0.3)
    box = BlackBox()
    try:
        with pytest.raises(EOFError):
            serve(cast(Channel, channel), Options("fields:harmonic", "default", None, 10_000, 4, 4), box)
    finally:
        gc.unfreeze()  # this process has more to look after than a model
        box.close()
    reports = [(told, event) for told, event in channel.events if isinstance(event, Report) and event.steps]
    assert reports and all(0.0 < report.step_s <= told - channel.came for told, report in reports)
