"""Jobs found again, and let go of in time."""

import asyncio
import threading

import pytest
from fields import Harmonic
from inline import InlineEngine, TellingJudge
from shop import GOOD, Ear, ended, finished, shop, wire

import studio.jobs
from gpff.chemistry import Verdict
from gpff.errors import InputError
from gpff.molecules import Floats, Ints
from gpff.spec import Limits
from studio.errors import JobCancelled, JobExpired
from studio.job import Workshop
from studio.jobs import Jobs

# --- found again -------------------------------------------------------------------------------------


async def test_a_job_is_found_while_it_runs_and_after_by_its_owner_alone() -> None:
    engine = InlineEngine()
    jobs = shop(engine)
    job = await jobs.start(wire(), "client", owner="anna")
    assert (job.state, job.progress) == ("queued", (0, 12))
    for _ in range(3):
        engine.step()
    assert (job.state, job.progress) == ("running", (3, 12))
    assert jobs.find(job.id, "anna") is job and jobs.find(job.id, "bert") is None and jobs.find(job.id) is None
    await ended(engine, job)
    assert jobs.find(job.id, "anna") is job and len(jobs) == 0
    assert [jobs.find(name, "anna") for name in ("0", "", "x", "-1", "٣", job.id + "0")] == [None] * 6


async def test_ended_jobs_are_forgotten_when_they_are_too_old_or_too_many() -> None:
    engine = InlineEngine()
    jobs = shop(engine, retain_s=0.05)
    job, _ = await finished(jobs, engine)
    assert jobs.find(job.id) is job
    await asyncio.sleep(0.1)
    assert jobs.find(job.id) is None and jobs.trajectories.nbytes == 0

    jobs = shop(engine, retain_bytes=100_000)
    kept = [(await finished(jobs, engine))[0] for _ in range(5)]
    found = [jobs.find(job.id) is not None for job in kept]
    assert found == sorted(found) and True in found and False in found
    assert 0 < jobs.trajectories.nbytes <= 100_000


async def test_numbers_do_not_come_twice() -> None:
    jobs = shop(InlineEngine())
    jobs._last_number = 2**32 - 3
    assert [jobs._new_number() for _ in range(4)] == [2**32 - 2, 2**32 - 1, 1, 2]


async def test_observers_hear_of_every_job_and_do_not_keep_it() -> None:
    engine, ears = InlineEngine(), []  # type: ignore[var-annotated]
    jobs = shop(engine)
    jobs.observers.append(lambda job: ears.append(Ear()) or ears[-1])  # type: ignore[func-returns-value]
    job, ear = await finished(jobs, engine)
    assert [frame.seq for frame in ears[0].frames] == [frame.seq for frame in ear.frames]
    assert ears[0].result is job.result and not job.followed


# --- let go of ---------------------------------------------------------------------------------------


async def test_a_job_that_no_one_follows_is_cancelled_after_a_while() -> None:
    engine, ear = InlineEngine(), Ear()
    jobs = shop(engine, grace_s=0.05)
    job = await jobs.start(wire(), "client", ear)
    jobs.leave(job, ear)
    assert not job.ended
    await asyncio.sleep(0.1)
    assert job.state == "cancelled" and ear.error is None


async def test_a_job_that_is_followed_again_in_time_goes_on() -> None:
    engine, ear, other = InlineEngine(), Ear(), Ear()
    jobs = shop(engine, grace_s=0.05)
    job = await jobs.start(wire(), "client", ear)
    engine.step()
    jobs.leave(job, ear)
    jobs.follow(job, other)
    await asyncio.sleep(0.1)
    await ended(engine, job)
    assert job.state == "finished" and other.result is job.result
    assert [frame.seq for frame in ear.frames + other.frames] == list(range(1, 14)) and ear.result is None


async def test_a_job_that_was_started_without_a_listener_needs_none() -> None:
    engine, ear = InlineEngine(), Ear()
    jobs = shop(engine, grace_s=0.0)
    job = await jobs.start(wire(), "client")
    jobs.follow(job, ear)
    jobs.leave(job, ear)
    await asyncio.sleep(0.05)
    await ended(engine, job)
    assert job.state == "finished"


async def test_a_paused_job_that_no_one_follows_does_not_hold_its_place_for_ever() -> None:
    engine, ear = InlineEngine(), Ear()
    jobs = shop(engine, paused_s=0.05)
    left, resumed, followed = [await jobs.start(wire(), "client") for _ in range(3)]
    for job in (left, resumed, followed):
        engine.step()
        job.pause()
    resumed.resume()
    jobs.follow(followed, ear)
    await asyncio.sleep(0.1)
    assert (left.state, followed.state) == ("cancelled", "paused") and not resumed.ended
    jobs.leave(followed, ear)
    await asyncio.sleep(0.1)
    await ended(engine, resumed)
    assert (followed.state, resumed.state) == ("cancelled", "finished")


# --- in time ---------------------------------------------------------------------------------------


async def test_a_deadline_ends_a_job() -> None:
    engine, ear = InlineEngine(Harmonic(delay_s=0.02)), Ear()
    jobs = shop(engine)
    job = await jobs.start(wire(), "client", ear, deadline_s=0.05)
    await ended(engine, job)
    assert job.state == "expired" and isinstance(ear.error, JobExpired)


async def test_a_deadline_ends_a_job_also_while_it_is_judged() -> None:
    engine, ear = InlineEngine(), Ear()
    judge = TellingJudge(lambda z, x: GOOD)
    judge.gate.clear()
    jobs = Jobs(Workshop(engine, judge, Limits(), rerun_rounds=2))
    job = await jobs.start(wire(steps=1), "client", ear, deadline_s=60)
    job._submitted -= 59.9
    engine.step()
    assert not job.ended and job.progress == (1, 1)
    async with asyncio.timeout(10):
        while not job.ended:
            await asyncio.sleep(0.01)
    assert job.state == "expired" and isinstance(ear.error, JobExpired) and len(jobs) == 0


@pytest.mark.parametrize("runs", [True, False])
async def test_a_deadline_that_passes_in_a_rerun_leaves_what_was_finished(runs: bool) -> None:
    """Whether the engine still works on it, or its molecules are being judged."""

    class Judge(TellingJudge):
        async def final(self, numbers: Ints, positions: Floats) -> Verdict:
            self.asked += 1
            if self.asked == 2:
                job._submitted -= 59.9
            if self.asked > 2:
                await asyncio.Event().wait()
            return GOOD if self.asked == 1 else Verdict(False, reason="no")

        asked = 0

    engine, ear = InlineEngine(), Ear()
    jobs = Jobs(Workshop(engine, Judge(lambda z, x: GOOD), Limits(), rerun_rounds=2))
    job = await jobs.start(wire(steps=1, valid_only=True), "client", ear, deadline_s=60)
    async with asyncio.timeout(10):
        while not job.ended:
            if runs is False or len(engine.started) < 2:
                engine.step()
            await asyncio.sleep(0.01)
    assert job.state == "finished" and job.result is not None
    assert [candidate.valid for candidate in job.result.candidates] == [True, False]
    assert "deadline" in (job.result.attempts.stopped or "") and job.result.attempts.rerun == 0


async def test_a_job_counts_from_when_it_is_let_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """Or a service that ends would not wait for one whose spec takes a while."""
    engine = InlineEngine()
    jobs, go = shop(engine), threading.Event()
    compiled = studio.jobs._compile
    monkeypatch.setattr(studio.jobs, "_compile", lambda *asked: go.wait(30) and compiled(*asked))
    task = asyncio.create_task(jobs.start(wire(n_samples=20), "client"))
    bad = asyncio.create_task(jobs.start(wire(formula="CH9", n_samples=20), "client"))
    await asyncio.sleep(0)
    assert len(jobs) == 2
    go.set()
    with pytest.raises(InputError):
        await bad
    job = await task
    assert len(jobs) == 1
    await ended(engine, job)
    assert len(jobs) == 0


async def test_closing_cancels_all() -> None:
    engine, ear = InlineEngine(), Ear()
    jobs = shop(engine)
    job = await jobs.start(wire(), "client", ear)
    jobs.close()
    assert len(jobs) == 0 and job.state == "cancelled" and isinstance(ear.error, JobCancelled)
