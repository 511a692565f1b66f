"""Jobs steered, frozen, rewound, paused and branched from."""

from dataclasses import replace

import numpy as np
import pytest
from inline import InlineEngine, TellingJudge
from shop import Ear, ended, finished, shop, wire

from gpff.chemistry import Verdict
from gpff.errors import InputError
from gpff.spec import Blob, Limits
from studio.errors import JobEnded
from studio.job import Workshop
from studio.jobs import Jobs


@pytest.mark.parametrize("sampler", ["sdd", "stochastic_heun", "as_ancestral"])
async def test_a_branch_with_the_same_noise_repeats_what_the_job_did(sampler: str) -> None:
    engine = InlineEngine()
    jobs = shop(engine)
    job, _ = await finished(jobs, engine, n_samples=3, sampler=sampler)
    for step in (0, 5, job.progress[0] - 1):
        ear = Ear()
        branch = jobs.branch(job, step, None, "client", ear)
        await ended(engine, branch)
        assert branch.number != job.number and ear.frames[0].seq == 1 and ear.frames[0].step == step
        for frame in ear.frames:
            twin = job.trajectory.at_step(frame.step)
            assert twin is not None and frame.positions.tobytes() == twin.frame.positions.tobytes()
        assert branch.result is not None and job.result is not None and branch.result.seed == 5
        assert [c.positions for c in branch.result.candidates] == [c.positions for c in job.result.candidates]
        assert [c.steps for c in branch.result.candidates] == [c.steps for c in job.result.candidates]


async def test_a_branch_with_another_seed_leaves_the_same_place_another_way() -> None:
    engine, ear = InlineEngine(), Ear()
    jobs = shop(engine)
    job, _ = await finished(jobs, engine)
    branch = jobs.branch(job, 5, 77, "client", ear)
    await ended(engine, branch)
    origin = job.trajectory.at_step(5)
    assert origin is not None and ear.frames[0].positions.tobytes() == origin.frame.positions.tobytes()
    next_frame = job.trajectory.at_step(6)
    assert next_frame is not None and not np.allclose(ear.frames[1].positions, next_frame.frame.positions)
    assert branch.result is not None and branch.result.seed == 77 and branch.owner == job.owner


async def test_a_branch_of_a_job_that_runs_leaves_it_alone() -> None:
    engine = InlineEngine()
    jobs = shop(engine)
    whole, _ = await finished(jobs, engine)
    job = await jobs.start(wire(), "client")
    for _ in range(6):
        engine.step()
    branch = jobs.branch(job, 3, 1, "client")
    await ended(engine, job)
    await ended(engine, branch)
    assert job.result is not None and whole.result is not None and branch.state == "finished"
    assert job.result.candidates == whole.result.candidates


@pytest.mark.parametrize(("step", "words"), [(12, "before the run is over"), (13, "13 kept steps from 0 to 12")])
async def test_only_kept_steps_that_go_on_can_be_branched_from(step: int, words: str) -> None:
    engine = InlineEngine()
    jobs = shop(engine)
    job, _ = await finished(jobs, engine)
    with pytest.raises(InputError, match=words) as caught:
        jobs.branch(job, step, None, "client")
    assert caught.value.field == "step" and len(jobs) == 0


async def test_a_rewound_job_goes_the_same_way_again_under_new_numbers() -> None:
    engine, ear = InlineEngine(), Ear()
    jobs = shop(engine)
    job = await jobs.start(wire(), "client", ear)
    for _ in range(8):
        engine.step()
    job.rewind(4)
    await ended(engine, job)
    assert job.state == "finished"
    seqs = [frame.seq for frame in ear.frames]
    assert seqs == list(range(1, len(seqs) + 1))
    steps = [frame.step for frame in ear.frames]
    assert steps[:9] == list(range(9)) and steps[-8:] == list(range(5, 13))
    twice = [frame.positions.tobytes() for frame in ear.frames if frame.step == 8]
    assert len(twice) == 2 and twice[0] == twice[1]


async def test_a_moved_blob_takes_its_atoms_along() -> None:
    engine = InlineEngine()
    jobs = shop(engine)
    blob = {"formula": "CH4", "covariance": [[1, 0, 0], [0, 1, 0], [0, 0, 1]]}
    spec = wire(formula=None, blobs=[blob], n_samples=1, steps=40)
    job = await jobs.start(spec, "client")
    engine.step(), engine.step()
    assert job.spec.blobs[0].numbers is not None
    job.steer((Blob(numbers=job.spec.blobs[0].numbers, center=(5.0, 0.0, 0.0), covariance=np.eye(3)),))
    await ended(engine, job)
    newest = job.trajectory.newest
    assert newest is not None
    assert newest.frame.positions.mean(axis=0)[0] > 4.0
    # A branch is as steered as the frame that it leaves from.
    before, after = (jobs.branch(job, step, None, "client") for step in (1, 20))
    await ended(engine, before)
    await ended(engine, after)
    assert [branch.trajectory.frames[-1].positions.mean(axis=0)[0] > 4.0 for branch in (before, after)] == [False, True]


async def test_a_frame_belongs_to_the_wish_that_had_taken_effect() -> None:
    """Two wishes are on their way at once; frames that were made between them are of the first."""
    engine = InlineEngine()
    jobs = shop(engine)
    blob = {"formula": "CH4", "covariance": [[1, 0, 0], [0, 1, 0], [0, 0, 1]]}
    job = await jobs.start(wire(formula=None, blobs=[blob], n_samples=1, steps=40), "client")
    engine.step(), engine.step()
    engine.hold = True
    for x in (5.0, -5.0):
        job.steer((replace(job.wished.blobs[0], center=(x, 0.0, 0.0)),))
        engine.step(), engine.step()
    job.rewind(1)
    engine.step()
    assert job.wished.blobs[0].center == job.spec.blobs[0].center == (0.0, 0.0, 0.0)
    engine.release()
    points = [job.trajectory.at_step(step) for step in (3, 4, 6)]
    assert [point and point.spec.blobs[0].center[0] for point in points] == [5.0, 5.0, -5.0]
    assert [point and point.plan.blobs.center[0, 0] for point in points] == [5.0, 5.0, -5.0]
    newest = job.trajectory.newest
    assert newest is not None and newest.frame.step == 2 and newest.spec.blobs[0].center == (0.0, 0.0, 0.0)


async def test_what_wishes_on_their_way_leave_no_room_for_is_refused_and_nothing_is_lost() -> None:
    """The engine says nothing of a wish that cannot be, so it must not be sent."""
    engine = InlineEngine()
    jobs = shop(engine)
    job = await jobs.start(wire(n_samples=1), "client")
    engine.step(), engine.step()
    engine.hold = True
    job.steer(None, (0, 1, 2))
    with pytest.raises(InputError) as caught:
        job.steer(None, (3, 4))
    assert caught.value.field == "freeze"
    job.rewind(1)
    job.steer(None, (3, 4))
    engine.release()
    await ended(engine, job)
    assert job.trajectory.fixed.tolist() == [False, False, False, True, True]


async def test_frozen_atoms_stay_where_they_are() -> None:
    engine = InlineEngine()
    jobs = shop(engine)
    job = await jobs.start(wire(n_samples=1), "client")
    for _ in range(4):
        engine.step()
    job.steer(None, (0, 2))
    await ended(engine, job)
    frames = [frame for frame in job.trajectory.frames if frame.step >= 4]
    assert all(frame.positions[[0, 2]].tobytes() == frames[0].positions[[0, 2]].tobytes() for frame in frames)
    assert frames[0].positions[1].tobytes() != frames[-1].positions[1].tobytes()
    assert job.trajectory.fixed.tolist() == [True, False, True, False, False]


async def test_steering_is_checked_before_it_is_sent() -> None:
    engine = InlineEngine()
    jobs = shop(engine)
    job = await jobs.start(wire(), "client")
    engine.step()
    numbers = job.spec.blobs[0].numbers
    flat = Blob(numbers=numbers, covariance=-np.eye(3), placed=False)
    with pytest.raises(InputError) as caught:
        job.steer((flat,))
    assert caught.value.field == "blobs.0.covariance"
    with pytest.raises(InputError) as caught:
        job.steer(None, (99,))
    assert caught.value.field.startswith("freeze")
    await ended(engine, job)
    assert job.state == "finished"


async def test_what_has_ended_is_steered_no_longer() -> None:
    engine = InlineEngine()
    jobs = shop(engine)
    job, _ = await finished(jobs, engine)
    for wish in (job.pause, job.resume, lambda: job.rewind(3), lambda: job.steer(None, (1,))):
        with pytest.raises(JobEnded, match="has ended: too late to"):
            wish()
    job.cancel()
    assert job.state == "finished"


async def test_a_paused_job_says_so() -> None:
    engine = InlineEngine()
    jobs = shop(engine)
    job = await jobs.start(wire(), "client")
    engine.step(), engine.step()
    job.pause()
    engine.step(), engine.step()
    assert (job.state, job.progress) == ("paused", (2, 12))
    job.resume()
    await ended(engine, job)
    assert job.state == "finished"


async def test_a_branch_is_not_run_again_and_says_so() -> None:
    engine = InlineEngine()
    judge = TellingJudge(lambda z, x: Verdict(False, reason="no"))
    jobs = Jobs(Workshop(engine, judge, Limits(), rerun_rounds=2))
    job, _ = await finished(jobs, engine, valid_only=True)
    assert job.result is not None and job.result.attempts.rerun == 4 and job.result.attempts.stopped is None
    branch = jobs.branch(job, 5, 1, "client")
    await ended(engine, branch)
    assert branch.result is not None and branch.result.attempts.rerun == 0
    assert "branch" in (branch.result.attempts.stopped or "")
