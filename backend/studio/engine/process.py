"""The engine's own process: it loads the model, measures it, and then steps and talks in turn.

It shares nothing with the web process but one socket and the black box. Between two steps it sends what the socket
takes and reads what has come, and never waits while there is work: a slow web process costs frames (latest wins),
never a step. When the socket ends, the process does.
"""

import gc
import importlib
import logging
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from gpff.molecules import pointers
from gpff.samplers import ForceFn
from studio import logs
from studio.engine.blackbox import BlackBox
from studio.engine.channel import Channel
from studio.engine.costs import CostModel, fit
from studio.engine.engine import Engine
from studio.engine.messages import Crashed, Event, Loaded, LoadFailed
from studio.engine.scheduler import Scheduler

REPORT_EVERY_S = 0.25
MEASURED = (1, 8, 32)  # molecules in the calls that the cost model is fitted to: a job's own, and shared by threads
REPEATS = 3  # of which the fastest counts: others were disturbed

WATER = np.array([8, 1, 1]), np.array([[0.0, 0.0, 0.12], [0.0, 0.76, -0.47], [0.0, -0.76, -0.47]])


class Model(Protocol):
    """What an engine factory returns: `gpff.load` does."""

    @property
    def forces(self) -> ForceFn: ...
    @property
    def name(self) -> str: ...
    @property
    def hash(self) -> str: ...
    @property
    def manifest(self) -> dict[str, Any]: ...


type Factory = Callable[..., Model]


@dataclass(frozen=True)
class Options:
    """What the process is told first. `factory` is ``module:function``, called as ``f(model, device=device)``."""

    factory: str
    model: str
    device: str | None
    batch_edges: int
    max_running: int
    max_queue: int
    log_format: logs.Format = "auto"
    log_level: str = "info"


WARM = range(8, 257, 8)
"""Atoms of batches that are evaluated before any job is: where a library makes the products, on a GPU or without a
compiler, the first of each size is slow."""


def resolve(path: str) -> Factory:
    """The function that ``module:function`` names. Raises ImportError or AttributeError."""
    module, _, name = path.partition(":")
    target: Any = importlib.import_module(module)
    for part in name.split("."):
        target = getattr(target, part)
    factory: Factory = target
    return factory


def load(options: Options) -> Model:
    """The model, warm: it has been evaluated on batches of all small sizes. Raises what the factory raises."""
    model = resolve(options.factory)(options.model, device=options.device)
    if not np.isfinite(_waters(model.forces, 1)).all():
        raise ValueError("the model's forces on a water molecule are not finite")
    for n_atoms in WARM:
        _waters(model.forces, n_atoms // 3)
    return model


def measure(forces: ForceFn) -> CostModel:
    """What a step costs: calls for a few and for many molecules of 18 atoms, laid out as a helix."""
    i = np.arange(18)
    numbers, positions = np.where(i % 3 == 0, 6, 1), np.stack([1.5 * np.cos(i), 1.5 * np.sin(i), 0.6 * i], axis=1)
    seconds = []
    for n in MEASURED:
        batch = np.tile(numbers, n), np.tile(positions, (n, 1)), pointers([len(i)] * n)
        seconds.append(min(_timed(forces, *batch) for _ in range(REPEATS)))
    return fit([n * len(i) ** 2 for n in MEASURED], seconds)


def _timed(forces: ForceFn, *batch: Any) -> float:
    began = time.perf_counter()
    forces(*batch)
    return time.perf_counter() - began


def _waters(forces: ForceFn, n: int) -> Any:
    numbers, positions = WATER
    return forces(np.tile(numbers, n), np.tile(positions, (n, 1)), pointers([3] * n))


def serve(channel: Channel, options: Options, box: BlackBox) -> None:
    """Load, then run until the parent closes the socket (`EOFError`)."""
    try:
        model = load(options)
        costs = measure(model.forces)
    except Exception as error:
        logging.exception("the model could not be loaded")
        channel.post(LoadFailed(f"{type(error).__name__}: {error}"))
        channel.flush()
        return
    device = str(getattr(model.forces, "device", "cpu"))
    channel.post(Loaded(model.name, model.hash, device, dict(model.manifest), costs.step_s, costs.edge_s))
    scheduler = Scheduler(costs.budget(options.batch_edges), options.max_running, options.max_queue)
    gc.collect()
    gc.freeze()  # the model stays; to look at it again and again would pause all jobs
    _loop(channel, Engine(model.forces, scheduler), box, model.forces)


def _loop(channel: Channel, engine: Engine, box: BlackBox, forces: ForceFn) -> None:
    reported, steps = 0.0, 0
    busy = True  # as far as was reported, by this process or by the one before

    def before(jobs: list[int], events: list[Event]) -> bool:
        box.write(jobs)
        for event in events:
            channel.post(event)
        channel.push()
        return True

    while True:
        if not engine.has_work:
            box.write([])
        idle = not (engine.has_work or busy)
        began = time.perf_counter()
        for command in channel.exchange(wait_s=engine.idle_s if idle else 0.0):
            if idle:
                began, idle = time.perf_counter(), False  # to wait for work is no part of the step that does it
            for event in engine.handle(command):
                channel.post(event)
        events = engine.step(before)
        if any(isinstance(event, Crashed) for event in events):
            _waters(forces, 1)  # if not even these can be had, the process is at fault and no job: it ends here
        for event in events:
            channel.post(event)
        ended = time.perf_counter()
        steps += bool(engine.batch)
        if (steps and ended - reported >= REPORT_EVERY_S) or ((steps or busy) and not engine.has_work):
            report = engine.report(ended - began, steps)
            channel.post(report)
            reported, steps, busy = ended, 0, bool(report.running or any(report.waiting.values()))


def main(sock: socket.socket, box: BlackBox) -> None:
    """The life of the process: options come first, then commands."""
    channel = Channel(sock)
    try:
        options: Options = channel.first()
        logs.configure(options.log_format, options.log_level, process="engine")
        serve(channel, options, box)
    except (EOFError, ConnectionError):
        return
