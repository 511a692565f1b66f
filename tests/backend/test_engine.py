"""The loop on a field with known answers: who shares a call, and that it does not matter with whom."""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pytest
from fields import Harmonic, Hazard, reference

from gpff import samplers
from gpff.plan import compile
from gpff.spec import SAMPLERS, Blob, Scaffold, Spec
from studio.engine.engine import Engine
from studio.engine.messages import (
    Cancel,
    Cancelled,
    Crashed,
    Done,
    Event,
    Pause,
    Queued,
    Refused,
    Resume,
    Snapshot,
    Start,
)
from studio.engine.scheduler import Scheduler


def engine(forces: Harmonic, budget: int = 10**6, running: int = 16, waiting: int = 16) -> Engine:
    return Engine(forces, Scheduler(budget, running, waiting))


def start(job: int, formula: str, n: int = 1, steps: int = 6, stride: int = 1, sampler: str = "sdd") -> Start:
    spec = Spec.from_formula(formula, n=n, steps=steps, seed=job, sampler=sampler)  # type: ignore[arg-type]
    return Start(job, f"client {job}", compile(spec), stride)


def run(target: Engine, starts: Iterable[Start] = (), most: int = 10_000) -> list[Event]:
    events = [event for command in starts for event in target.handle(command)]
    for _ in range(most):
        if not target.has_work:
            return events
        events += target.step()
    return events


def of(events: list[Event], kind: type, job: int) -> list:  # type: ignore[type-arg]
    return [event for event in events if isinstance(event, kind) and event.job == job]  # type: ignore[union-attr]


def done(events: list[Event], job: int) -> Done:
    (event,) = of(events, Done, job)
    return event  # type: ignore[no-any-return]


def test_a_job_gives_every_step_and_ends_where_the_sampler_alone_would() -> None:
    command = start(1, "CH4", n=2)
    events = run(engine(Harmonic()), [command])
    assert isinstance(events[0], Queued) and events[0].position == 0
    assert [event.step for event in of(events, Snapshot, 1)] == [0, 1, 2, 3, 4, 5]
    end = done(events, 1)
    assert end.last.step == 6 and end.steps.tolist() == [6, 6] and not end.failed.any()

    plan, field = command.plan, Harmonic()
    state = samplers.init(plan)
    while not samplers.finished(plan, state):
        proposal = samplers.propose(plan, state)
        state = samplers.advance(plan, state, proposal, samplers.evaluate(field, plan, state, proposal))
    np.testing.assert_array_equal(end.last.positions, state.positions)
    x = end.last.positions[:5]
    np.testing.assert_allclose(x - x.mean(axis=0), reference(plan.numbers[:5]), atol=1e-5)


def test_several_jobs_share_every_call() -> None:
    field = Harmonic()
    run(engine(field), [start(1, "CH4", n=3), start(2, "C2H6O"), start(3, "H2O", n=2)])
    assert field.calls == [6] * 6


def test_jobs_join_between_steps() -> None:
    field = Harmonic()
    target = engine(field)
    run(target, [start(1, "CH4", steps=4)], most=2)
    run(target, [start(2, "H2O", steps=4)])
    assert field.calls == [1, 1, 2, 2, 1, 1]


def test_the_budget_splits_a_step_but_not_its_results() -> None:
    together, apart = Harmonic(), Harmonic()
    jobs = [start(job, formula, n=2) for job, formula in enumerate(["CH4", "C2H6O", "H2O", "C7H8O2"])]
    one = run(engine(together), jobs)
    other = run(engine(apart, budget=60), jobs)
    assert len(together.calls) == 6 < len(apart.calls)
    for job in range(4):
        np.testing.assert_array_equal(done(one, job).last.positions, done(other, job).last.positions)


def test_results_do_not_depend_on_batch_mates() -> None:
    command = start(1, "C2H6O", n=2, steps=12)
    alone = of(run(engine(Harmonic()), [command]), Snapshot, 1)
    mates = [start(job, "C7H8O2", n=job, steps=3 * job) for job in range(2, 6)]
    crowded = of(run(engine(Harmonic(), budget=900), [*mates[:2], command, *mates[2:]]), Snapshot, 1)
    assert len(alone) == len(crowded) == 12
    for one, other in zip(alone, crowded, strict=True):
        np.testing.assert_array_equal(one.positions, other.positions)


def test_every_sampler_shares_calls_with_sdd_and_ends_as_it_would_alone() -> None:
    jobs = [start(job, "C2H6O", n=3, steps=13 + job, sampler=name) for job, name in enumerate(SAMPLERS)]
    field = Uneven()
    events = run(engine(field), jobs)
    assert field.calls[0] == 3 * len(SAMPLERS)
    for command in jobs:
        alone = done(run(engine(Uneven()), [command]), command.job)
        end = done(events, command.job)
        np.testing.assert_array_equal(end.last.positions, alone.last.positions)
        np.testing.assert_array_equal(end.steps, alone.steps)
        assert (end.steps <= command.plan.steps).all() and not end.failed.any()
    assert sum(field.calls) == sum(int(done(events, command.job).steps.sum()) for command in jobs)


def test_the_stride_thins_out_but_keeps_first_and_last() -> None:
    events = run(engine(Harmonic()), [start(1, "CH4", steps=10, stride=4)])
    assert [event.step for event in of(events, Snapshot, 1)] == [0, 4, 8]
    assert done(events, 1).last.step == 10


class Uneven(Harmonic):
    """Some molecules get there in one step, others halve the way."""

    def force(self, numbers: np.ndarray, forces: np.ndarray) -> np.ndarray:
        return forces * (0.5 if forces[0, 0] > 0 else 1.0)


def test_finished_molecules_are_not_evaluated_again() -> None:
    field = Uneven()
    events = run(engine(field), [start(1, "CH4", n=8, steps=50, sampler="dd")])
    steps = done(events, 1).steps
    assert len(set(steps.tolist())) > 1, "the field should make molecules finish at different steps"
    assert sum(field.calls) == steps.sum() and field.calls[-1] < 8
    plan = start(1, "CH4", n=8).plan
    for m in range(8):
        x = done(events, 1).last.positions[plan.ptr[m] : plan.ptr[m + 1]]
        np.testing.assert_allclose(x - x.mean(axis=0), reference(plan.numbers[:5]), atol=0.05)


def test_cancel_takes_effect_at_the_next_step() -> None:
    field = Harmonic()
    target = engine(field)
    run(target, [start(1, "CH4", steps=100), start(2, "H2O", steps=5)], most=3)
    assert target.handle(Cancel(1)) == [Cancelled(1)]
    events = run(target)
    assert of(events, Snapshot, 1) == [] and done(events, 2)
    assert field.calls == [2, 2, 2, 1, 1]
    assert target.handle(Cancel(1)) == [] and target.handle(Cancel(77)) == []


def test_a_waiting_job_can_be_cancelled() -> None:
    target = engine(Harmonic(), running=1)
    first, second = start(1, "CH4"), start(2, "H2O")
    assert [event.position for event in map(target.handle, [first, second]) for event in event] == [0, 1]  # type: ignore[union-attr]
    assert target.handle(Cancel(2)) == [Cancelled(2)]
    events = run(target)
    assert done(events, 1) and not of(events, Done, 2)


def test_pause_and_resume() -> None:
    target = engine(Harmonic())
    run(target, [start(1, "CH4", steps=5)], most=2)
    target.handle(Pause(1))
    assert not target.has_work and target.step() == []
    target.handle(Resume(1))
    assert done(run(target), 1).last.step == 5


def test_a_full_queue_refuses() -> None:
    target = engine(Harmonic(), running=1, waiting=1)
    answers = [target.handle(start(job, "CH4"))[0] for job in range(3)]
    assert [type(answer) for answer in answers] == [Queued, Queued, Refused]
    assert {0, 1} == {event.job for event in run(target) if isinstance(event, Done)}


def test_a_molecule_without_finite_forces_ends_alone() -> None:
    with np.errstate(invalid="raise"):
        events = run(engine(Hazard()), [start(1, "F2", n=2), start(2, "CH4")])
    assert done(events, 1).failed.all() and np.isfinite(done(events, 1).last.positions).all()
    assert not done(events, 2).failed.any() and done(events, 2).last.step == 6


def test_an_error_of_the_network_ends_the_guilty_job_and_no_other() -> None:
    field = Hazard()
    events = run(engine(field), [start(1, "N2"), start(2, "CH4"), start(3, "H2O")])
    (crash,) = of(events, Crashed, 1)
    assert "cannot bear nitrogen" in crash.detail
    for job, formula in ((2, "CH4"), (3, "H2O")):
        alone = done(run(engine(Hazard()), [start(job, formula)]), job)
        np.testing.assert_array_equal(done(events, job).last.positions, alone.last.positions)
    assert field.calls == [3, 1, 1, 1, *[2] * 5]


def test_a_network_that_answers_with_the_wrong_shape_is_an_error() -> None:
    events = run(Engine(lambda numbers, positions, ptr: positions[:-1], Scheduler(10**6, 4, 4)), [start(1, "CH4")])
    (crash,) = of(events, Crashed, 1)
    assert "expected shape (5, 3), got (4, 3)" in crash.detail


def test_a_job_whose_parts_do_not_fit_ends_alone() -> None:
    other = samplers.init(start(9, "H2O").plan)
    events = run(engine(Harmonic()), [replace(start(1, "CH4"), state=other), start(2, "CH4")])
    assert len(of(events, Crashed, 1)) == 1 and done(events, 2)


@pytest.mark.parametrize("sampler", ["dd", "sdd"])
def test_scaffold_rows_keep_their_bits(sampler: str) -> None:
    kept = np.array([[0.1, 1 / 3, -2.7182818284590455], [0.1 + 1.09, 1 / 3, -2.7182818284590455]])
    spec = Spec(
        blobs=(Blob(numbers=(6, 1, 1, 1), center=(2.5, 0.0, 0.0)),),
        scaffold=Scaffold(np.array([8, 1]), kept, attach=(0,)),
        n_samples=2,
        sampler=sampler,  # type: ignore[arg-type]
        steps=8,
    )
    events = run(engine(Harmonic()), [Start(1, "a", compile(spec))])
    snapshots = [*of(events, Snapshot, 1), done(events, 1).last]
    assert len(snapshots) > 1
    for snapshot in snapshots:
        for first in (0, 6):
            assert snapshot.positions[first : first + 2].tobytes() == kept.tobytes()
