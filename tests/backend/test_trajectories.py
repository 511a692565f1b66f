"""What is kept of jobs, within its bounds. Time stands still unless it is moved."""

import pickle
import time
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest

from gpff import samplers
from gpff.plan import Plan, compile
from gpff.spec import Sampler, Spec
from studio.codec import Frame
from studio.trajectories import (
    ATOM_BYTES,
    FRAME_BYTES,
    JOB_BYTES,
    VIEW_BYTES,
    Checkpoint,
    Trajectories,
    Trajectory,
)

SPEC = Spec.from_formula("CH4", n=2, steps=100)
PLAN = compile(SPEC)
STATE = samplers.init(PLAN)
EMPTY = JOB_BYTES + ATOM_BYTES * PLAN.n_atoms
ARRAYS = (STATE.positions, STATE.active, STATE.sigma_hat, STATE.rms_force, STATE.nfe, STATE.failed)
FRAME = FRAME_BYTES + sum(VIEW_BYTES + array.nbytes for array in ARRAYS)


def point(seq: int, step: int | None = None, plan: Plan = PLAN) -> Checkpoint:
    state = replace(STATE, step=seq - 1 if step is None else step)
    frame = Frame(1, seq, state.step, 0, state.positions, state.sigma_hat, state.rms_force)
    return Checkpoint(frame, SPEC, plan, state)


class Shelf(Trajectories):
    def __init__(self, frames: float, max_age_s: float = 100.0, jobs: int = 1) -> None:
        self.gone: list[int] = []
        self.now = 0.0
        super().__init__(int(jobs * EMPTY + frames * FRAME), max_age_s, self.gone.append, lambda: self.now)

    def full(self, job: int, frames: int) -> Trajectory:
        trajectory = self.open(job, PLAN)
        for seq in range(1, frames + 1):
            self.add(job, point(seq))
        return trajectory


def seqs(trajectory: Trajectory) -> list[int]:
    return [frame.seq for frame in trajectory.frames]


def test_frames_are_found_by_number_and_by_step() -> None:
    shelf = Shelf(100)
    kept = shelf.full(7, 5)
    assert len(kept) == 5 and seqs(kept) == [1, 2, 3, 4, 5] and kept.steps() == [0, 1, 2, 3, 4]
    since = [[frame.seq for frame in kept.since(seq)] for seq in (0, 3, 5)]
    assert since == [[1, 2, 3, 4, 5], [4, 5], []]
    shelf.add(7, point(6, step=2))  # after a rewind
    found = kept.at_step(2)
    assert found is not None and found.frame.seq == 6 and found.state.step == 2
    assert kept.at_step(9) is None and kept.newest is found
    np.testing.assert_array_equal(kept.ptr, [0, 5, 10])


def test_the_count_of_bytes_is_that_of_the_arrays() -> None:
    shelf = Shelf(100)
    shelf.full(1, 3)
    assert shelf.nbytes == EMPTY + 3 * FRAME
    steered = replace(PLAN, anchor=PLAN.anchor + 1.0)
    shelf.add(1, point(4, plan=steered))  # a plan of its own counts too
    assert shelf.nbytes > EMPTY + 4 * FRAME + PLAN.anchor.nbytes
    shelf.end(1)
    shelf.now = 101.0
    shelf.sweep()
    assert shelf.nbytes == 0


def test_beyond_the_bound_the_job_that_ended_first_goes_first() -> None:
    shelf = Shelf(frames=30, jobs=3)
    first, second, running = (shelf.full(job, 10) for job in (1, 2, 3))
    shelf.end(2)
    shelf.end(1)
    assert shelf.gone == []
    shelf.add(3, point(11))
    assert shelf.gone == [2] and len(second) == 0 and len(first) == 10 and len(running) == 11
    for seq in range(12, 22):
        shelf.add(3, point(seq))
    assert shelf.gone == [2] and len(running) == 21
    shelf.full(4, 5)
    assert shelf.gone == [2, 1] and len(running) == 21


def test_when_only_running_jobs_are_left_the_largest_is_thinned_but_for_its_ends() -> None:
    shelf = Shelf(frames=20, jobs=2)
    small, large = shelf.full(1, 5), shelf.full(2, 15)
    assert len(large) == 15
    shelf.add(2, point(16))
    assert seqs(large) == [1, 3, 5, 7, 9, 11, 13, 15, 16] and len(small) == 5
    assert shelf.nbytes == 2 * EMPTY + 14 * FRAME
    for seq in range(17, 1000):
        shelf.add(2, point(seq))
        assert shelf.nbytes <= 2 * EMPTY + 20 * FRAME
    assert seqs(large)[0] == 1 and seqs(large)[-1] == 999


def test_the_first_and_the_newest_frame_of_a_running_job_stay_in_any_case() -> None:
    shelf = Shelf(frames=0.5)
    kept = shelf.full(1, 50)
    assert seqs(kept) == [1, 50]
    shelf.end(1)
    assert shelf.gone == [1] and shelf.nbytes == 0


def test_age_counts_from_the_end() -> None:
    shelf = Shelf(frames=1000, max_age_s=10.0, jobs=3)
    for job, end in ((1, 0.0), (2, 4.0)):
        shelf.now = end
        shelf.full(job, 2)
        shelf.end(job)
    shelf.full(3, 2)
    assert shelf.sweep() == 6.0 and shelf.gone == []
    shelf.now = 10.0
    assert shelf.sweep() == 4.0 and shelf.gone == [1]
    shelf.now = 1000.0
    assert shelf.sweep() is None and shelf.gone == [1, 2]


def test_a_job_that_came_to_nothing_leaves_nothing() -> None:
    shelf = Shelf(frames=10)
    shelf.open(1, PLAN)
    shelf.drop(1)
    assert shelf.nbytes == 0 and shelf.gone == [] and shelf.sweep() is None


@pytest.mark.parametrize("sampler", ["sdd", "as_heun"])
def test_what_is_counted_is_what_is_held(sampler: Sampler) -> None:
    plan = compile(Spec.from_formula("C7H8O2", n=3, steps=64, sampler=sampler))
    sent = pickle.dumps(samplers.init(plan), protocol=5)
    shelf = Trajectories(2**30, 1.0, lambda job: None)
    shelf.open(1, plan)
    tracemalloc.start()
    counted, held = shelf.nbytes, tracemalloc.get_traced_memory()[0]
    for seq in range(1, 201):
        state = pickle.loads(sent)
        frame = Frame(1, seq, seq, time.time_ns(), state.positions, state.sigma_hat, state.rms_force)
        shelf.add(1, Checkpoint(frame, SPEC, plan, state))
    counted, held = shelf.nbytes - counted, tracemalloc.get_traced_memory()[0] - held
    tracemalloc.stop()
    assert 0.7 * counted < held <= counted
