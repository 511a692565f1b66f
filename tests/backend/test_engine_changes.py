"""Jobs that are changed while they run: they go on elsewhere, are steered, set back, or run out of time."""

from dataclasses import replace

import numpy as np
import pytest
from fields import Harmonic
from test_engine import done, engine, of, run, start

from gpff.plan import compile
from gpff.samplers import State
from gpff.spec import Blob, Scaffold, Spec
from studio.engine.engine import Engine
from studio.engine.messages import (
    Cancel,
    Cancelled,
    Crashed,
    Done,
    Event,
    Expired,
    Pause,
    Queued,
    Resume,
    Rewind,
    Snapshot,
    Start,
    Steer,
    Steered,
)
from studio.engine.scheduler import Scheduler

BLOB = Blob(numbers=(6, 1, 1, 1, 1), center=(1.0, 0.0, 0.0), covariance=np.eye(3))
PLACED = Spec((BLOB,), n_samples=2, steps=12, seed=3)


def placed(job: int = 1) -> Start:
    return Start(job, "client", compile(PLACED))


def states(events: list[Event], job: int = 1) -> list[State]:
    return [event.state for event in of(events, Snapshot, job)] + [done(events, job).last.state]


def bits(events: list[Event], job: int = 1) -> list[bytes]:
    return [state.positions.tobytes() for state in states(events, job)]


@pytest.mark.parametrize("sampler", ["sdd", "dd", "as_heun", "stochastic_heun"])
def test_a_job_goes_on_from_any_of_its_snapshots_as_if_nothing_had_been(sampler: str) -> None:
    whole = start(1, "C2H6O", n=2, steps=9, sampler=sampler)
    told = states(run(engine(Harmonic()), [whole]))
    for i, state in enumerate(told[:-1]):
        again = run(engine(Harmonic()), [replace(whole, state=state)])
        assert [x.positions.tobytes() for x in states(again)] == [x.positions.tobytes() for x in told[i:]]


def test_a_job_that_begins_at_its_end_is_done() -> None:
    last = done(run(engine(Harmonic()), [start(1, "CH4")]), 1).last
    events = run(engine(field := Harmonic()), [replace(start(2, "CH4"), plan=start(1, "CH4").plan, state=last.state)])
    assert done(events, 2).last.positions.tobytes() == last.positions.tobytes() and field.calls == []


def test_a_job_may_begin_paused() -> None:
    target = engine(Harmonic())
    assert target.handle(replace(start(1, "CH4"), paused=True)) == [Queued(1, 0)]
    assert not target.has_work
    target.handle(Resume(1))
    assert done(run(target), 1)


def test_paused_jobs_keep_no_one_from_running() -> None:
    target = engine(Harmonic(), running=2)
    run(target, [start(job, "CH4") for job in range(2)], most=2)
    for job in range(2):
        target.handle(Pause(job))
    assert done(run(target, [start(5, "H2O")]), 5)
    for job in range(2):
        target.handle(Resume(job))
    events = run(target)
    assert done(events, 0) and done(events, 1) and of(events, Snapshot, 0)[0].step > 0


def test_a_job_that_gives_way_goes_on_where_it_was() -> None:
    many = [replace(start(job, "CH4", steps=8), client="many") for job in range(4)]
    alone = {job: bits(run(engine(Harmonic()), [many[job]]), job) for job in range(4)}
    target = engine(Harmonic(), running=2)
    events = run(target, many, most=3) + run(target, [start(9, "H2O", steps=3)])
    assert {job: bits(events, job) for job in range(4)} == alone
    order = [event.job for event in events if isinstance(event, Done)]
    assert order.index(9) < order.index(1), "the newcomer had to wait for jobs of a client with many"


# --- steering ---------------------------------------------------------------------------------------------------------


def test_a_blob_that_is_moved_takes_effect_at_the_next_step() -> None:
    target = engine(Harmonic())
    before = run(target, [placed()], most=3)
    (answer,) = target.handle(Steer(1, (replace(BLOB, center=(-5.0, 0.0, 0.0)),)))
    assert isinstance(answer, Steered) and answer.state.step == 3
    events = [*before, answer, *run(target)]
    plain = run(engine(Harmonic()), [placed()])
    assert bits(events)[:4] == bits(plain)[:4] and bits(events)[4] != bits(plain)[4]
    assert done(events, 1).last.positions.mean(axis=0)[0] < -3 < 0.5 < done(plain, 1).last.positions.mean(axis=0)[0]
    # What was told is enough to do it again.
    again = run(engine(Harmonic()), [replace(placed(), plan=answer.plan, state=answer.state)])
    assert bits(again)[1:] == bits(events)[4:]


def test_atoms_that_are_frozen_stay_where_they_were() -> None:
    target = engine(Harmonic())
    run(target, [placed()], most=4)
    (answer,) = target.handle(Steer(1, None, freeze=(0, 7)))
    assert isinstance(answer, Steered) and answer.plan.fixed.sum() == 2
    for state in states(run(target)):
        assert state.positions[[0, 7]].tobytes() == answer.state.positions[[0, 7]].tobytes()


def test_a_job_is_steered_before_it_has_begun_or_while_it_is_paused() -> None:
    target = engine(Harmonic())
    target.handle(placed())
    target.handle(Pause(1))
    (answer,) = target.handle(Steer(1, (replace(BLOB, center=(-5.0, 0.0, 0.0)),)))
    assert isinstance(answer, Steered) and answer.state.step == 0 and not target.has_work
    target.handle(Resume(1))
    events = run(target)
    assert [event.step for event in of(events, Snapshot, 1)] == list(range(12))
    assert bits(events)[0] == bits(run(engine(Harmonic()), [placed()]))[0]
    assert done(events, 1).last.positions.mean(axis=0)[0] < -3


def test_steering_that_cannot_be_leaves_the_job_as_it_was() -> None:
    target = engine(Harmonic())
    run(target, [command := placed()], most=2)
    (answer,) = target.handle(Steer(1, (replace(BLOB, covariance=-np.eye(3)),)))
    assert isinstance(answer, Steered) and answer.plan is command.plan
    assert done(run(target), 1)


def test_a_job_is_set_back_running_and_paused() -> None:
    plain = run(engine(Harmonic()), [placed()])
    target = engine(Harmonic())
    told = run(target, [placed()], most=6)
    early = of(told, Snapshot, 1)[2].state
    answers = target.handle(Rewind(1, early))
    assert [type(answer) for answer in answers] == [Steered, Snapshot]
    assert answers[1].state is early  # type: ignore[union-attr]
    assert run(target, most=1)[0].state.step == 3  # type: ignore[union-attr]
    target.handle(Pause(1))
    target.handle(Rewind(1, early))
    assert not target.has_work
    target.handle(Resume(1))
    assert bits(run(target)) == bits(plain)[3:]


def test_setting_back_undoes_what_was_frozen_since_with_the_plan_of_that_time() -> None:
    target = engine(Harmonic())
    command = placed()
    told = run(target, [command], most=6)
    target.handle(Steer(1, None, freeze=(0,)))
    run(target, most=2)
    target.handle(Rewind(1, of(told, Snapshot, 1)[2].state, command.plan))
    assert bits(run(target)) == bits(run(engine(Harmonic()), [placed()]))[3:]


def test_commands_for_a_job_that_has_ended_do_nothing() -> None:
    target = engine(Harmonic())
    last = done(run(target, [placed()]), 1).last
    for command in (Steer(1, None, (0,)), Rewind(1, last.state), Pause(1), Resume(1), Cancel(1)):
        assert target.handle(command) == [] and not target.has_work


# --- deadlines --------------------------------------------------------------------------------------------------------


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_deadline_ends_jobs_that_run_wait_or_are_paused() -> None:
    clock = Clock()
    target = Engine(Harmonic(), Scheduler(10**6, 1, 9), clock)
    commands = [replace(start(job, "CH4", steps=50), client="a", deadline_s=float(job)) for job in (5, 7, 9)]
    run(target, [*commands, start(1, "H2O", steps=50)], most=2)
    target.handle(Pause(9))
    assert target.idle_s == 5.0
    clock.now += 7.5
    assert [event for event in target.step() if not isinstance(event, Snapshot)] == [Expired(5), Expired(7)]
    assert target.handle(Cancel(7)) == []
    target.handle(Cancel(1))
    assert target.idle_s == 1.5 and not target.has_work
    clock.now += 1.5
    assert target.has_work and target.step() == [Expired(9)] and not target.has_work and target.idle_s is None


# --- what is told about a step ----------------------------------------------------------------------------------------


def test_the_batch_is_named_before_the_network_is_called() -> None:
    named: list[list[int]] = []
    field = Harmonic()
    target = engine(field)
    for command in (start(1, "CH4", n=2), start(2, "H2O")):
        target.handle(command)
    target.step(before=lambda jobs, events: bool(named.append([*jobs, len(field.calls)])))
    assert named == [[1, 2, 0]] and target.batch == [1, 2]
    report = target.report(step_s=10.0, steps=4)
    assert (report.batch_jobs, report.batch_edges, report.running, report.steps) == (2, 59, 2, 4)
    assert 9.0 < report.overhead_s < 10.0 - report.samplers_s < 10.0
    assert report.waiting == {"interactive": 0, "batch": 0}


def test_first_frames_do_not_wait_for_the_network() -> None:
    early: list[Event] = []
    target = engine(Harmonic())
    target.handle(start(1, "CH4"))
    late = target.step(before=lambda jobs, events: early.extend(events) is None)
    assert [event.step for event in of(early, Snapshot, 1)] == [0] and [
        event.step for event in of(late, Snapshot, 1)
    ] == [1]
    target.handle(start(2, "H2O"))
    kept = target.step(before=lambda jobs, events: False)
    assert [event.step for event in of(kept, Snapshot, 2)] == [0, 1]


def test_a_suspect_runs_alone_until_it_has_shown_a_step() -> None:
    field = Harmonic()
    events = run(engine(field), [replace(start(1, "CH4", stride=2), alone=True), start(2, "H2O")])
    assert done(events, 1) and done(events, 2)
    assert field.calls == [1, 1, 1, 1, 1, 2, 2, 2, 1]  # two steps of the suspect, three of its cheaper neighbour


def test_every_started_job_ends_exactly_once() -> None:
    rng = np.random.default_rng(5)
    target, ends = engine(Harmonic(), budget=40, running=3, waiting=20), []
    for step in range(120):
        job = step // 4
        if step % 4 == 0:
            target.handle(replace(start(job, ["CH4", "H2O"][job % 2], steps=5), client="ab"[job % 3 == 0]))
        chosen = int(rng.integers(0, job + 1))
        for command in ([], [Pause(chosen)], [Resume(chosen)], [Cancel(chosen)])[rng.integers(0, 4)]:
            ends += target.handle(command)
        ends += target.step()
    for job in range(30):
        target.handle(Resume(job))
    ends += run(target)
    jobs = [event.job for event in ends if isinstance(event, Done | Cancelled | Crashed | Expired)]
    assert sorted(jobs) == list(range(30))


def test_a_job_is_priced_by_what_the_network_is_shown_of_it() -> None:
    """Two jobs on a scaffold of 40 carbons share a call that would have room for neither if all atoms counted."""
    chain = np.array([[1.25 * i, 0.44 * (-1) ** i, 0.0] for i in range(40)])
    up, down, on = ([0.0, 0.6, 0.9], [0.0, 0.6, -0.9], [1.1, 0.0, 0.0])
    hydrogens = np.concatenate([np.add(chain[1:], up), np.add(chain[1:], down), np.add(chain[-1:], on)])
    scaffold = Scaffold(np.repeat([6, 1], [40, 79]), np.concatenate([chain, hydrogens]), (0,))
    blob = Blob(numbers=(6, 1, 1, 1, 1, 1), center=(-1.5, 0.0, 0.0), covariance=np.eye(3))
    plan = compile(Spec((blob,), scaffold, steps=4))
    shown = int(plan.shown.sizes[0] ** 2)
    assert 2 * shown < plan.n_atoms**2
    target = engine(Harmonic(), budget=2 * shown)
    for job in (1, 2):
        target.handle(Start(job, "client", plan))
    target.step()
    assert target.batch == [1, 2] and target.report(step_s=1.0, steps=1).batch_edges == 2 * shown
