"""The engine's process dies, and no job notices more than a pause."""

import asyncio
import os
import signal
import subprocess
import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from client import settings
from ears import Ear, kill, living, start, until
from fields import Harmonic

from gpff.plan import compile
from gpff.spec import Blob, Spec
from studio.app import local_engine
from studio.engine.engine import Engine
from studio.engine.home import EngineState, Listener
from studio.engine.messages import (
    Cancel,
    Cancelled,
    Crashed,
    Done,
    Expired,
    JobEvent,
    Pause,
    Queued,
    Refused,
    Report,
    Resume,
    Rewind,
    Snapshot,
    Start,
    Steer,
    Steered,
)
from studio.engine.scheduler import Scheduler

BLOB = Blob(numbers=(6, 1, 1, 1, 1), center=(1.0, 0.0, 0.0), covariance=np.eye(3))


def alone(command: Start) -> bytes:
    """Where a job ends when nothing happens to it."""
    engine = Engine(Harmonic(), Scheduler(10**6, 1, 1))
    engine.handle(command)
    while True:
        for event in engine.step():
            if isinstance(event, Done):
                return event.last.positions.tobytes()


def end_of(ear: Ear) -> bytes:
    done = ear.events[-1]
    assert isinstance(done, Done)
    return done.last.positions.tobytes()


async def test_jobs_go_on_from_their_last_snapshot_and_end_as_if_nothing_had_been() -> None:
    async with living(settings("slow")) as engine:
        commands, ears = [start(job, steps=200) for job in range(3)], [Ear() for _ in range(3)]
        for command, ear in zip(commands, ears, strict=True):
            engine.submit(command, ear)
        for step in (10, 60):
            await ears[2].reaches(step)
            kill(engine)
            await until(engine, EngineState.LOADING)
            assert engine.detail is not None and "exit code -9" in engine.detail
        for command, ear in zip(commands, ears, strict=True):
            await ear.end()
            assert [type(event) for event in ear.events].count(Queued) == 1
            assert ear.steps == sorted(set(ear.steps)) and ear.steps[0] == 0, "no step is told twice"
            assert end_of(ear) == alone(command)
        assert engine.restarts == 2 and engine.detail is None and engine.state is EngineState.READY


async def test_paused_jobs_stay_paused_and_steering_is_kept() -> None:
    async with living(settings("slow")) as engine:
        plan = compile(Spec((BLOB,), n_samples=2, steps=60))
        ears = [Ear(), Ear()]
        for job, ear in enumerate(ears):
            engine.submit(Start(job, "client", plan), ear)
            await ear.reaches(3)
        engine.send(Pause(0))
        engine.send(Steer(1, (replace(BLOB, center=(-5.0, 0.0, 0.0)),), freeze=(2,)))
        await until_heard(ears[1], Steered)
        kill(engine)
        await until(engine, EngineState.LOADING)
        heard = len(ears[0].events)
        await ears[1].end()
        assert ears[0].events[heard:] == []
        engine.send(Resume(0))
        await ears[0].end()
        done = ears[1].events[-1]
        steered = next(event for event in ears[1].events if isinstance(event, Steered))
        assert isinstance(done, Done) and done.last.positions[5:].mean(axis=0)[0] < -3
        assert done.last.positions[2].tobytes() == steered.state.positions[2].tobytes()
        assert end_of(ears[0]) == alone(Start(0, "client", plan))


async def until_heard(ear: Ear, kind: type) -> None:
    async with asyncio.timeout(20):
        while not any(isinstance(event, kind) for event in ear.events):
            await asyncio.sleep(0.002)


async def test_a_job_that_a_dead_process_did_not_answer_is_queued_before_there_is_another() -> None:
    """Whoever asks for a job by REST waits for this, and a model may take long to load."""
    async with living(settings("late", max_running=1, max_queue=1)) as engine:
        heard: list[tuple[int, type[JobEvent], EngineState]] = []
        ears = [Ear() for _ in range(3)]

        def listener(job: int) -> Listener:
            def hear(event: JobEvent) -> None:
                heard.append((job, type(event), engine.state))
                ears[job](event)

            return hear

        kill(engine)
        for job in range(3):  # nobody knows yet that there is no engine
            engine.submit(replace(start(job), lane="batch"), listener(job))
        assert engine.state is EngineState.READY and not heard
        ends = [type(await ear.end()) for ear in ears]
    assert ends == [Done, Done, Refused]
    assert [(job, kind) for job, kind, state in heard if state is EngineState.LOADING] == [
        (0, Queued),
        (1, Queued),
        (2, Refused),
    ]
    assert sum(kind is Queued for _, kind, _ in heard) == 2


async def test_orders_given_while_there_is_no_process_are_carried_out() -> None:
    async with living(settings("slow")) as engine:
        plan = compile(Spec((BLOB,), n_samples=2, steps=400))
        ears = [Ear() for _ in range(4)]
        for job, ear in enumerate(ears):
            engine.submit(Start(job, "client", plan), ear)
            await ear.reaches(5)
        early = next(event for event in ears[2].events if isinstance(event, Snapshot) and event.step >= 2)
        assert engine._cradle._process is not None
        engine._cradle._process.kill()  # so that the next one takes its time
        kill(engine)
        while engine.pid is not None:
            await asyncio.sleep(0)
        engine.send(Cancel(0))
        engine.send(Steer(1, (replace(BLOB, center=(-5.0, 0.0, 0.0)),)))
        engine.send(Rewind(2, early.state))
        engine.send(Pause(3))
        assert isinstance(ears[0].events[-1], Cancelled)
        for ear in ears[1:3]:
            await ear.end()
            assert sum(isinstance(event, Steered) for event in ear.events) == 1
        done = ears[1].events[-1]
        assert isinstance(done, Done) and done.last.positions.mean(axis=0)[0] < -3
        back = next(i for i, event in enumerate(ears[2].events) if isinstance(event, Steered))
        assert isinstance(again := ears[2].events[back + 1], Snapshot) and again.step == early.step
        assert not isinstance(ears[3].events[-1], Done)


async def test_an_order_that_died_with_the_process_is_given_to_the_next() -> None:
    async with living(settings("slow")) as engine:
        ears = [Ear(), Ear()]
        for job, ear in enumerate(ears):
            engine.submit(start(job, steps=400), ear)
            await ear.reaches(3)
        assert engine.pid is not None
        os.kill(engine.pid, signal.SIGSTOP)
        engine.send(Cancel(0))
        engine.send(Steer(1, None, freeze=(0,)))
        kill(engine)
        assert isinstance(await ears[0].end(), Cancelled)
        await ears[1].end()
        assert sum(isinstance(event, Steered) for event in ears[1].events) == 1


async def test_a_job_that_kills_the_process_again_and_again_ends_and_its_neighbours_do_not() -> None:
    async with living(settings("hazard")) as engine:
        neighbours = [Ear() for _ in range(6)]
        for job, ear in enumerate(neighbours):
            engine.submit(start(job, steps=100), ear)
        await neighbours[5].reaches(2)
        killer, later = Ear(), Ear()
        engine.submit(start(9, "H2"), killer)
        crash = await killer.end()
        assert isinstance(crash, Crashed) and "died 3 times" in crash.detail and "exit code 3" in crash.detail
        assert engine.restarts == 3
        engine.submit(start(10), later)
        for job, ear in enumerate(neighbours):
            await ear.end()
            assert end_of(ear) == alone(start(job, steps=100))
        assert isinstance(await later.end(), Done)


async def test_a_deadline_counts_on_while_there_is_no_engine() -> None:
    engine = local_engine(settings("late"))
    ears = [Ear(), Ear()]
    engine.submit(replace(start(0), deadline_s=0.05), ears[0])
    engine.submit(replace(start(1), deadline_s=60.0), ears[1])
    await engine.start()
    assert isinstance(await ears[0].end(), Expired) and engine.state is EngineState.LOADING
    assert isinstance(await ears[1].end(), Done)
    late = Ear()
    engine.submit(replace(start(2, steps=1024), deadline_s=0.02), late)
    engine.send(Pause(2))
    assert isinstance(await late.end(), Expired)
    await engine.close()


async def test_a_process_that_cannot_be_started_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    whole, attempts = subprocess.Popen, []

    def scarce(*args: Any, **kwargs: Any) -> Any:
        attempts.append(args)
        if len(attempts) < 3:
            raise OSError(12, "Cannot allocate memory")
        return whole(*args, **kwargs)

    monkeypatch.setattr(subprocess, "Popen", scarce)
    engine, ear = local_engine(settings("harmonic")), Ear()
    engine.submit(start(1), ear)
    await engine.start()
    while not attempts:
        await asyncio.sleep(0.005)
    assert engine.state is EngineState.LOADING
    assert engine.detail is not None and "Cannot allocate memory" in engine.detail
    assert isinstance(await ear.end(), Done) and len(attempts) == 3 and engine.detail is None
    await engine.close()


async def test_the_process_that_engines_are_forked_from_is_replaced_as_well() -> None:
    async with living(settings("slow")) as engine:
        ears = [Ear(), Ear()]
        engine.submit(start(1, steps=60), ears[0])
        await ears[0].reaches(3)
        assert engine._cradle._process is not None
        engine._cradle._process.kill()
        await ears[0].reaches(8)  # the engine lives on without it
        kill(engine)
        assert isinstance(await ears[0].end(), Done)
        engine.submit(start(2), ears[1])
        assert isinstance(await ears[1].end(), Done)


async def test_the_engine_ends_with_the_process_that_it_belongs_to() -> None:
    script = (
        "import asyncio, sys; from client import settings; from ears import *\n"
        "async def main():\n"
        "    async with living(settings('slow')) as engine:\n"
        "        engine.submit(start(1, steps=1024), Ear())\n"
        "        print(engine.pid, engine._cradle._process.pid, flush=True)\n"
        "        await asyncio.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    path = os.pathsep.join([os.path.dirname(__file__), *os.environ.get("PYTHONPATH", "").split(os.pathsep)])
    env = {**os.environ, "PYTHONPATH": path}
    web = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, env=env)
    assert web.stdout is not None
    pids = [int(pid) for pid in web.stdout.readline().split()]
    web.kill()
    web.wait()
    web.stdout.close()
    async with asyncio.timeout(20):
        while any(map(alive, pids)):
            await asyncio.sleep(0.01)


def alive(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")")[-1].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def test_reports_come_a_few_times_a_second() -> None:
    async with living(settings("slow")) as engine:
        heard: list[Report] = []
        engine.on_report = heard.append
        ear = Ear()
        engine.submit(start(1, steps=200), ear)
        await ear.end()
        await idle(heard)
        assert engine.last_report is heard[-1]
        assert sum(report.steps for report in heard) == 200 and len(heard) < 20
        told = [report for report in heard if report.batch_jobs]
        assert told and all(report.step_s > report.overhead_s > 0.0 for report in told)
        assert {report.batch_jobs for report in told} == {1} and {report.batch_edges for report in told} == {25}


async def test_an_engine_without_work_does_not_seem_to_run_any() -> None:
    """Whether its last job ended, was cancelled, or went with the process."""
    async with living(settings("slow")) as engine:
        heard: list[Report] = []
        engine.on_report = heard.append
        running = Ear()
        engine.submit(start(1, steps=1000), running)
        async with asyncio.timeout(30):
            while not (heard and heard[-1].running):
                await asyncio.sleep(0.01)
        engine.send(Cancel(1))
        await idle(heard)
        heard[:] = []
        assert engine.pid is not None
        os.kill(engine.pid, signal.SIGKILL)
        await idle(heard)


async def idle(heard: list[Report]) -> None:
    """Returns when the newest report is of an engine that has nothing to do."""
    async with asyncio.timeout(30):
        while not heard or heard[-1].running or any(heard[-1].waiting.values()):
            await asyncio.sleep(0.01)
