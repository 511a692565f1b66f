"""A job in the web process: what its listener hears, verdicts on the way, and candidates run again."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from fields import Harmonic, Hazard
from inline import InlineEngine, TellingJudge

from gpff import samplers
from gpff.chemistry import Verdict
from gpff.errors import InputError
from gpff.molecules import Floats, Ints
from gpff.spec import Limits
from studio import outcome
from studio.codec import FLAG_DROPPED, FLAG_FINAL, FLAG_KEY, Frame
from studio.engine.messages import Snapshot
from studio.errors import Busy, JobCancelled, NotReady, StudioError
from studio.job import Job, Listener, Workshop
from studio.jobs import Jobs
from studio.protocol import Candidate, GenerateResult, GenerateSpec

GOOD = Verdict(True, "C", None, ((0, 1, 1),))
BAD = Verdict(False, None, "2 separate fragments")


class Ear(Listener):
    """Writes down what it hears."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.frames: list[Frame] = []
        self.verdicts: list[tuple[int, int, bool]] = []
        self.settled: list[tuple[int, bool]] = []
        self.result: GenerateResult | None = None
        self.error: StudioError | None = None
        self.over = asyncio.Event()

    def queued(self, job: Job, position: int) -> None:
        self.heard.append(f"queued {position}")

    def frame(self, frame: Frame) -> None:
        self.heard.append("frame")
        self.frames.append(frame)

    def verdict(self, job: Job, sample: int, verdict: Verdict, seq: int) -> None:
        self.heard.append("verdict")
        self.verdicts.append((seq, sample, verdict.valid))

    def candidate(self, sample: int, candidate: Candidate) -> None:
        self.settled.append((sample, candidate.valid))

    def final(self, result: GenerateResult) -> None:
        self.heard.append("final")
        self.result = result
        self.over.set()

    def failed(self, error: StudioError) -> None:
        self.heard.append("failed")
        self.error = error
        self.over.set()

    async def end(self) -> None:
        await asyncio.wait_for(self.over.wait(), 10)


def shop(
    engine: InlineEngine, opinion: Callable[[Ints, Floats], Verdict] = lambda z, x: GOOD
) -> tuple[Jobs, TellingJudge]:
    judge = TellingJudge(opinion)
    return Jobs(Workshop(engine, judge, Limits(), rerun_rounds=2)), judge


def wire(**spec: object) -> GenerateSpec:
    return GenerateSpec.model_validate({"formula": "CH4", "steps": 4, "seed": 5, **spec})


async def test_a_job_tells_its_story_in_order() -> None:
    engine, ear = InlineEngine(), Ear()
    await engine.start()
    jobs, _ = shop(engine)
    job = await jobs.start(wire(n_samples=2), "client", ear)
    await ear.end()
    assert ear.heard[:2] == ["queued 0", "frame"] and ear.heard[-1] == "final"
    assert sorted(sample for _, sample, _ in ear.verdicts) == [0, 1] == sorted(sample for sample, _ in ear.settled)
    assert [frame.seq for frame in ear.frames] == [1, 2, 3, 4, 5]
    flags = [frame.flags for frame in ear.frames]
    assert flags == [FLAG_KEY, 0, 0, 0, FLAG_KEY | FLAG_FINAL]
    assert ear.result is not None and ear.result.job == job.id == str(ear.frames[0].job)
    assert ear.result.model == "f" * 64 and ear.result.seed == 5 and len(jobs) == 0 and job.ended
    assert (job.state, job.progress, job.result, job.error) == ("finished", (4, 4), ear.result, None)
    assert [frame.seq for frame in job.trajectory.frames] == [1, 2, 3, 4, 5]
    await engine.close()


async def test_a_verdict_is_told_when_it_changes_only() -> None:
    engine, ear = InlineEngine(), Ear()
    jobs, judge = shop(engine)
    await jobs.start(wire(steps=600, **{"lambda": 0.05}), "client", ear)
    while not ear.over.is_set():
        engine.step()
        await asyncio.sleep(0.001)
    assert judge.glimpses > 1
    assert [(sample, valid) for _, sample, valid in ear.verdicts] == [(0, True)]
    assert ear.verdicts[0][0] < ear.frames[-1].seq


async def test_a_verdict_names_the_frame_that_was_judged() -> None:
    class SlowJudge(TellingJudge):
        async def glimpse(self, numbers: Ints, positions: Floats) -> Verdict:
            await self.gate.wait()
            return GOOD

    engine, ear = InlineEngine(), Ear()
    judge = SlowJudge(lambda z, x: GOOD)
    judge.gate.clear()
    jobs = Jobs(Workshop(engine, judge, Limits(), rerun_rounds=2))
    await jobs.start(wire(steps=600, **{"lambda": 0.05}), "client", ear)
    while not any(frame.sigma_hat[0] < 0.3 and frame.step for frame in ear.frames):
        engine.step()
    judged = ear.frames[-1].seq
    await asyncio.sleep(0)
    for _ in range(5):
        engine.step()
    judge.gate.set()
    await asyncio.sleep(0.01)
    assert ear.verdicts == [(judged, 0, True)] and ear.frames[-1].seq == judged + 5
    jobs.close()


async def test_clouds_are_not_judged() -> None:
    engine, ear = InlineEngine(), Ear()
    jobs, judge = shop(engine)
    await jobs.start(wire(steps=3, **{"lambda": 5.0}), "client", ear)
    for _ in range(2):
        engine.step()
        await asyncio.sleep(0.001)
    assert judge.glimpses == 0
    jobs.close()


async def test_frames_lost_between_the_processes_are_marked() -> None:
    engine, ear = InlineEngine(), Ear()
    jobs, _ = shop(engine)
    job = await jobs.start(wire(), "client", ear)
    engine.step()
    state = samplers.init(job.plan)
    lost = Snapshot(job.number, replace(state, step=3), dropped=True)
    engine._listeners[job.number](lost)
    assert ear.frames[-1].flags == FLAG_DROPPED and ear.frames[-1].step == 3
    jobs.close()


async def test_cancel_while_it_runs_and_while_it_is_judged() -> None:
    engine, ears = InlineEngine(), [Ear(), Ear()]
    jobs, judge = shop(engine)
    running = await jobs.start(wire(), "client", ears[0])
    engine.step()
    running.cancel()
    assert isinstance(ears[0].error, JobCancelled)

    judge.gate.clear()
    judged = await jobs.start(wire(), "client", ears[1])
    for _ in range(6):
        engine.step()
        await asyncio.sleep(0)
    assert ears[1].frames[-1].flags & FLAG_FINAL and not ears[1].over.is_set()
    judged.cancel()
    judged.cancel()
    judge.gate.set()
    await asyncio.sleep(0.01)
    assert isinstance(ears[1].error, JobCancelled) and ears[1].heard.count("failed") == 1
    assert ears[1].result is None and len(jobs) == 0
    assert running.state == judged.state == "cancelled" and running.result is None


async def test_a_cancel_that_crosses_the_end_of_the_run_is_heard() -> None:
    engine, ear = InlineEngine(), Ear()
    jobs, _ = shop(engine)
    job = await jobs.start(wire(steps=1), "client", ear)
    engine.hold = True
    engine.step()  # it is over, but that is not known here
    job.cancel()
    engine.release()
    await ear.end()
    assert isinstance(ear.error, JobCancelled) and ear.result is None and job.state == "cancelled"


async def test_a_full_engine_is_busy() -> None:
    engine, ears = InlineEngine(running=1, waiting=0), [Ear(), Ear()]
    jobs, _ = shop(engine)
    await jobs.start(wire(), "client", ears[0])
    job = await jobs.start(wire(), "client", ears[1])
    assert isinstance(ears[1].error, Busy) and ears[1].error.retry_after_s > 0 and ears[1].heard == ["failed"]
    assert jobs.find(job.id) is None  # what was never queued is not kept
    called: list[str] = []
    job.when_ended(lambda: called.append("at once"))
    assert called == ["at once"] and len(jobs) == 1
    jobs.close()


async def test_without_an_engine_nothing_is_left_behind() -> None:
    class NoEngine(InlineEngine):
        def submit(self, start: object, listener: object) -> None:
            raise NotReady("no model")

    jobs, _ = shop(NoEngine())
    with pytest.raises(NotReady):
        await jobs.start(wire(), "client", Ear())
    assert len(jobs) == 0


async def test_a_bad_spec_is_refused_before_it_becomes_a_job() -> None:
    engine = InlineEngine()
    jobs, _ = shop(engine)
    with pytest.raises(InputError):
        await jobs.start(wire(formula="CH3"), "client", Ear())
    assert len(jobs) == 0 and engine.started == []


async def test_a_fault_in_the_judge_ends_the_job_with_an_error() -> None:
    def faulty(numbers: Ints, positions: Floats) -> Verdict:
        raise ZeroDivisionError

    engine, ear = InlineEngine(), Ear()
    await engine.start()
    jobs, _ = shop(engine, faulty)
    await jobs.start(wire(steps=1), "client", ear)
    await ear.end()
    assert ear.heard[-1] == "failed" and ear.error is not None and ear.error.code == "internal"
    await engine.close()


# --- valid_only --------------------------------------------------------------------------------------


async def test_failed_candidates_run_again_with_fresh_noise() -> None:
    verdicts = iter([BAD, GOOD, BAD, GOOD, BAD, GOOD])  # 0 and 2 fail; then 0 passes and 2 fails; then 2 passes

    engine, ear = InlineEngine(), Ear()
    await engine.start()
    jobs, judge = shop(engine, lambda z, x: next(verdicts))
    job = await jobs.start(wire(n_samples=3, valid_only=True, steps=2, **{"lambda": 3.0}), "client", ear)
    judge.glimpses = 0
    await ear.end()
    assert ear.result is not None and judge.glimpses == 0
    assert all(candidate.valid for candidate in ear.result.candidates)
    assert ear.result.attempts.rerun == 3 and ear.result.attempts.budget == 6
    assert [start.plan.keys.tolist() for start in engine.started] == [
        [[5, 0], [5, 1], [5, 2]],
        [[5, 3], [5, 4]],
        [[5, 5]],
    ]
    assert len({start.job for start in engine.started}) == 3
    assert {frame.job for frame in ear.frames} == {job.number}  # reruns are not streamed
    await engine.close()


async def test_the_budget_ends_reruns_and_is_reported() -> None:
    engine, ear = InlineEngine(), Ear()
    await engine.start()
    jobs, _ = shop(engine, lambda z, x: BAD)
    await jobs.start(wire(n_samples=2, valid_only=True, steps=1), "client", ear)
    await ear.end()
    assert ear.result is not None and not any(candidate.valid for candidate in ear.result.candidates)
    assert ear.result.attempts.rerun == ear.result.attempts.budget == 4
    await engine.close()


async def test_a_rerun_can_be_cancelled() -> None:
    engine, ear = InlineEngine(), Ear()
    jobs, _ = shop(engine, lambda z, x: BAD)
    job = await jobs.start(wire(valid_only=True, steps=1), "client", ear)
    while len(engine.started) < 2:
        engine.step()
        await asyncio.sleep(0.001)
    job.cancel()
    await ear.end()
    assert isinstance(ear.error, JobCancelled) and len(jobs) == 0


async def test_an_engine_that_fails_in_a_rerun_costs_nothing_that_was_finished() -> None:
    class Tiring(Harmonic):
        def force(self, numbers: np.ndarray, forces: np.ndarray) -> np.ndarray:
            if len(self.calls) > 1:
                raise RuntimeError("tired")
            return forces

    verdicts = iter([BAD, GOOD])
    engine, ear = InlineEngine(Tiring()), Ear()
    await engine.start()
    jobs, _ = shop(engine, lambda z, x: next(verdicts))
    await jobs.start(wire(n_samples=2, valid_only=True, steps=1), "client", ear)
    await ear.end()
    assert ear.result is not None and [c.valid for c in ear.result.candidates] == [False, True]
    attempts = ear.result.attempts
    assert (attempts.rerun, attempts.budget) == (0, 4) and "tired" in (attempts.stopped or "")
    assert ear.settled == [(1, True), (0, False)]
    await engine.close()


async def test_a_rerun_whose_atoms_cannot_be_drawn_costs_nothing_that_was_finished(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fruitless(*_: object) -> None:
        raise InputError("blobs.0.heavy_atoms", "atoms that fit", "none in 1000 random draws")

    verdicts = iter([BAD, GOOD])
    engine, ear = InlineEngine(Harmonic()), Ear()
    await engine.start()
    jobs, _ = shop(engine, lambda z, x: next(verdicts))
    monkeypatch.setattr(outcome, "compile", fruitless)
    await jobs.start(wire(n_samples=2, valid_only=True, steps=1), "client", ear)
    await ear.end()
    assert ear.result is not None and [c.valid for c in ear.result.candidates] == [False, True]
    attempts = ear.result.attempts
    assert (attempts.rerun, attempts.budget) == (0, 4) and "random draws" in (attempts.stopped or "")
    await engine.close()


async def test_a_rerun_that_is_refused_costs_nothing_that_was_finished() -> None:
    engine, ear, other = InlineEngine(running=1, waiting=0), Ear(), Ear()
    jobs, judge = shop(engine, lambda z, x: BAD)
    judge.gate.clear()
    await jobs.start(wire(valid_only=True, steps=1), "client", ear)
    engine.step()
    await jobs.start(wire(), "other", other)  # takes the only place while the first is judged
    judge.gate.set()
    await ear.end()
    assert ear.result is not None and not ear.result.candidates[0].valid
    assert ear.result.attempts.rerun == 0 and ear.result.attempts.stopped
    assert jobs.find(ear.result.job) is not None
    jobs.close()


async def test_a_molecule_that_ran_away_is_not_judged() -> None:
    engine, ear = InlineEngine(Hazard()), Ear()
    await engine.start()
    jobs, _ = shop(engine)
    await jobs.start(wire(formula="F2"), "client", ear)
    await ear.end()
    assert ear.result is not None
    (candidate,) = ear.result.candidates
    assert not candidate.valid and candidate.reason is not None and "finite" in candidate.reason
    await engine.close()


async def test_the_more_jobs_are_judged_on_their_way_the_rarer_is_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("studio.judge.GLIMPSE_EVERY_S", 0.0)

    class Patient(TellingJudge):
        async def glimpse(self, numbers: Ints, positions: Floats) -> Verdict:
            await asyncio.sleep(0.004)
            return await super().glimpse(numbers, positions)

    async def glimpses(n_jobs: int) -> float:
        engine, judge, ears = InlineEngine(), Patient(lambda z, x: GOOD), [Ear() for _ in range(n_jobs)]
        jobs = Jobs(Workshop(engine, judge, Limits(), rerun_rounds=2))
        for i, ear in enumerate(ears):
            await jobs.start(wire(steps=200, **{"lambda": 0.05}), f"client {i}", ear)
        while not all(ear.over.is_set() for ear in ears):
            engine.step()
            await asyncio.sleep(0.001)
        assert judge.pace.jobs == 0
        return judge.glimpses / n_jobs

    alone, among_many = await glimpses(1), await glimpses(12)
    assert among_many < alone
    assert among_many >= 1
