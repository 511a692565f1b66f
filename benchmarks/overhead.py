"""Where the time of a step goes: the network, and what the service adds to it, part by part."""

from __future__ import annotations

import os
import pickle
import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch

import gpff
from gpff.cores import cores
from gpff.molecules import Floats
from gpff.plan import compile
from gpff.samplers import ForceFn
from gpff.spec import Spec
from studio import codec
from studio.engine.channel import LENGTH, pack
from studio.engine.engine import Engine
from studio.engine.messages import Snapshot, Start
from studio.engine.scheduler import Scheduler
from studio.results import frame_of

JOBS = (1, 4, 8, 32)
STEPS, ROUNDS = 64, 4
PARTS = ("network", "samplers", "scheduling", "messages", "frames")
ADDED = slice(2, None)  # what the service adds: a run in a notebook has the network and the samplers as well


@dataclass(frozen=True)
class Overhead:
    """Seconds of every step of ``jobs`` jobs, ``[n_steps, 5]`` in the order of `PARTS`.

    Scheduling is all that the engine does beside the network and the samplers' arithmetic: which jobs, put together
    and taken apart, and what is told of them. Messages are snapshots on their way out of the engine's process; frames
    are what the web process makes of them: unpickled, turned into frames, encoded.
    """

    jobs: int
    seconds: Floats

    @property
    def added(self) -> Floats:
        """Scheduling and encoding, as a share of each step: ``[n_steps]``."""
        return np.asarray(self.seconds[:, ADDED].sum(axis=1) / self.seconds.sum(axis=1))

    @property
    def beside(self) -> Floats:
        """All but the network, as a share of each step: ``[n_steps]``."""
        return np.asarray(self.seconds[:, 1:].sum(axis=1) / self.seconds.sum(axis=1))


def measure() -> Iterator[Overhead]:
    """3 candidates of C7H8O2 a job, on as many threads as the engine takes."""
    before = torch.get_num_threads()
    torch.set_num_threads(max(1, cores() // 2))
    os.environ.setdefault("GPFF_THREADS", str(cores()))
    try:
        forces = gpff.load().forces
        _steps(forces, 2)  # not counted
        for jobs in JOBS:
            yield Overhead(jobs, np.concatenate([_steps(forces, jobs) for _ in range(ROUNDS)]))
    finally:
        torch.set_num_threads(before)


def _steps(forces: ForceFn, jobs: int) -> Floats:
    engine = Engine(forces, Scheduler(10**6, jobs, 0))
    for job in range(jobs):
        engine.handle(Start(job, f"user {job}", compile(Spec.from_formula("C7H8O2", n=3, steps=STEPS, seed=job))))
    seconds = []
    while engine.has_work:
        began = time.perf_counter()
        events = engine.step()
        stepped = time.perf_counter()
        letter = pack(events)
        packed = time.perf_counter()
        _frames(letter)
        ended = time.perf_counter()
        told = engine.report(stepped - began, 1)
        network = told.step_s - told.samplers_s - told.overhead_s
        seconds.append([network, told.samplers_s, told.overhead_s, packed - stepped, ended - packed])
    return np.array(seconds[1:])  # the first makes the states


def _frames(letter: bytes) -> None:
    for event in pickle.loads(letter[LENGTH.size :]):
        if isinstance(event, Snapshot):
            codec.encode(frame_of(event.job, event.step + 1, event))
