"""The engine in a process of its own: what jobs hear of it while it loads, runs and ends."""

import asyncio
import os
import signal
from dataclasses import replace

import numpy as np
from client import connected, running, settings
from ears import Ear, living, start, until

from gpff.plan import compile
from gpff.spec import Spec
from studio.app import local_engine
from studio.engine.home import EngineState
from studio.engine.messages import (
    Cancel,
    Cancelled,
    Crashed,
    Done,
    JobEvent,
    Pause,
    Queued,
    Refused,
    Resume,
    Snapshot,
    Start,
)
from studio.errors import NotReady

WATER = {"formula": "H2O", "steps": 5, "seed": 3}
LONG = {"formula": "C7H8O2", "steps": 1024, "seed": 1}


async def test_jobs_wait_while_the_model_loads() -> None:
    engine = local_engine(settings("late", max_running=2, max_queue=1))
    await engine.start()
    ears = [Ear() for _ in range(4)]
    for job, ear in enumerate(ears):
        engine.submit(start(job), ear)
    assert [type(ear.events[0]) for ear in ears] == [Queued, Queued, Queued, Refused]
    assert [event.position for ear in ears[:3] if isinstance(event := ear.events[0], Queued)] == [0, 0, 1]
    assert engine.state is EngineState.LOADING and engine.model is None
    assert [type(await ear.end()) for ear in ears[:3]] == [Done, Done, Done]
    assert all(sum(isinstance(event, Queued) for event in ear.events) == 1 for ear in ears[:3])
    assert engine.state is EngineState.READY and engine.model is not None and engine.model.name == "analytic"
    await engine.close()


async def test_commands_reach_a_job_that_waits_for_the_model() -> None:
    engine = local_engine(settings("late"))
    ears = [Ear() for _ in range(3)]
    for job, ear in enumerate(ears):
        engine.submit(start(job), ear)
    engine.send(Cancel(0))  # there is not even a process yet
    engine.send(Pause(1))
    assert isinstance(ears[0].events[-1], Cancelled)
    await engine.start()
    assert isinstance(await ears[2].end(), Done)
    assert ears[1].steps == []
    engine.send(Resume(1))
    assert isinstance(await ears[1].end(), Done)
    engine.send(Cancel(1))  # has ended: nothing happens
    await engine.close()


async def test_a_job_that_waits_for_the_model_is_cancelled_at_once() -> None:
    engine = local_engine(settings("late"))
    await engine.start()
    first, second = Ear(), Ear()
    engine.submit(start(1), first)
    async with asyncio.timeout(20):
        while engine.pid is None:
            await asyncio.sleep(0.005)
    engine.submit(start(2), second)
    for job in (1, 2):
        engine.send(Cancel(job))
    assert engine.state is EngineState.LOADING
    assert all(isinstance(ear.events[-1], Cancelled) for ear in (first, second))
    last = Ear()
    engine.submit(start(3), last)
    assert isinstance(await last.end(), Done)
    assert all(sum(isinstance(event, Cancelled) for event in ear.events) == 1 for ear in (first, second))
    assert not first.steps and not second.steps
    await engine.close()


async def test_a_model_that_cannot_be_loaded_refuses_jobs_and_says_why() -> None:
    engine = local_engine(settings("missing", model="nobody"))
    waiting = Ear()
    engine.submit(start(1), waiting)
    await engine.start()
    crash = await waiting.end()
    assert isinstance(crash, Crashed) and "no weights named 'nobody'" in crash.detail
    assert engine.state is EngineState.FAILED
    try:
        engine.submit(start(2), Ear())
    except NotReady as error:
        assert "no weights named 'nobody'" in str(error)
    else:
        raise AssertionError("a job was taken without a model")
    await engine.close()


async def test_closing_ends_the_process_and_its_jobs() -> None:
    engine = local_engine(settings("slow"))
    await engine.start()
    await until(engine, EngineState.READY)
    ear, pid = Ear(), engine.pid
    engine.submit(start(1, "C7H8O2", 1024), ear)
    await engine.close()
    assert isinstance(ear.events[-1], Crashed) and "shutting down" in ear.events[-1].detail
    assert engine.state is EngineState.CLOSED and engine.pid is None and pid is not None
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        pass
    else:
        raise AssertionError("the process lives on")


async def test_a_listener_that_fails_harms_no_other_job() -> None:
    def fails(event: JobEvent) -> None:
        if isinstance(event, Snapshot):
            raise ValueError("a fault of the listener")

    engine = local_engine(settings("harmonic"))
    await engine.start()
    good = Ear()
    engine.submit(start(1), fails)
    engine.submit(start(2), good)
    assert isinstance(await good.end(), Done)
    await engine.close()


async def test_many_jobs_and_large_frames_pass_the_socket_whole() -> None:
    engine = local_engine(settings("harmonic"))
    await engine.start()
    spec = Spec.from_formula("C80H162", n=16, steps=3, seed=1)
    plan, ears = compile(spec), [Ear() for _ in range(8)]
    for job, ear in enumerate(ears):
        engine.submit(Start(job, "client", plan), ear)
    ends = [await ear.end() for ear in ears]
    assert all(isinstance(end, Done) and end.last.positions.shape == (16 * 242, 3) for end in ends)
    first = ends[0]
    assert isinstance(first, Done)
    for end in ends:
        assert isinstance(end, Done)
        np.testing.assert_array_equal(end.last.positions, first.last.positions)
    await engine.close()


async def test_a_service_that_loads_is_not_ready_but_takes_jobs() -> None:
    with running(settings("late"), ready=False) as live:
        response = live.get("/readyz")
        assert response.status_code == 503 and response.json()["status"] == "loading"
        assert live.get("/model").status_code == 503 and live.get("/healthz").status_code == 200
        async with connected(live) as client:
            await client.send(type="hello")
            assert (await client.until("welcome"))["model"] is None
            assert (await client.run(**WATER)).order[-1] == "final"
        assert live.get("/readyz").status_code == 200


async def test_a_service_without_a_model_says_so() -> None:
    with running(settings("missing"), ready=False) as live:
        async with asyncio.timeout(20):
            while live.get("/readyz").json()["status"] == "loading":
                await asyncio.sleep(0.02)
        ready = live.get("/readyz")
        assert (
            ready.status_code == 503 and ready.json()["status"] == "failed" and "no weights" in ready.json()["detail"]
        )
        assert live.post("/generate", json=WATER).json()["code"] == "not_ready"
        async with connected(live) as client:
            await client.send(type="start", req_id="a", spec=WATER)
            error = await client.until("error")
            assert error["code"] == "not_ready" and error["req_id"] == "a"


async def test_where_a_newcomer_begins_is_told_without_waiting_for_the_engine() -> None:
    async with living(settings("slow")) as engine:
        first, second, other = Ear(), Ear(), Ear()
        assert engine.pid is not None
        os.kill(engine.pid, signal.SIGSTOP)
        engine.submit(start(1), first)
        engine.submit(start(2), second)  # of the same client: whether it has a slot is the engine's to say
        engine.submit(replace(start(3), client="another"), other)
        for ear in (first, other):
            assert [type(event) for event in ear.events] == [Queued, Snapshot] and ear.steps == [0]
        assert second.events == []
        os.kill(engine.pid, signal.SIGCONT)
        for ear in (first, second, other):
            assert isinstance(await ear.end(), Done)
            assert ear.steps == [0, 1, 2, 3, 4] and sum(isinstance(event, Queued) for event in ear.events) == 1
