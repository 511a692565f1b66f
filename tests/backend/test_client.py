"""The Python client against a real server, in ordinary code and in asyncio."""

import asyncio
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from client import Live, running, settings
from cutter import Cutter, cutter

from studio import keys
from studio.client import (
    AsyncClient,
    BadRequest,
    Busy,
    Cancelled,
    Candidate,
    Client,
    ClientError,
    Conflict,
    Expired,
    Final,
    Frame,
    GenerateSpec,
    NotFound,
    Outdated,
    ProblemError,
    ServerError,
    TooLarge,
    Unauthorized,
    Unavailable,
    Unreachable,
    VerdictMessage,
    calls,
)
from studio.client.errors import _KINDS
from studio.client.story import Patience
from studio.client.trajectory import frames_of
from studio.codec import FLAG_FINAL, encode
from studio.errors import _TITLES, CodecError

WATER: dict[str, Any] = {"n_samples": 2, "steps": 6, "seed": 3}
LONG: dict[str, Any] = {"steps": 1024, "seed": 1}


@pytest.fixture
def studio(live: Live) -> Iterator[Client]:
    with Client(live.url, retries=0) as client:
        yield client


# --- at once -----------------------------------------------------------------------------------------


def test_generate(studio: Client, live: Live) -> None:
    result = studio.generate("H2O", **WATER)
    assert [candidate.smiles for candidate in result.candidates] == ["O", "O"] and result.seed == 3
    for spec in ({"formula": "H2O", **WATER}, GenerateSpec(formula="H2O", n_samples=2, steps=6)):
        again = studio.generate(spec, seed=3)
        assert again.candidates == result.candidates
    assert studio.generate_sdf("H2O", **WATER).count("$$$$") == 2
    each = list(studio.each_candidate("H2O", **WATER))
    assert sorted(sample for sample, _ in each) == [0, 1] and each[0][1] == result.candidates[each[0][0]]


def test_arrays_and_lambda_are_taken_as_they_are(studio: Client) -> None:
    blob = {"formula": "CH4", "center": np.array([1.0, 2.0, 3.0]), "covariance": 2.0 * np.eye(3)}
    spec = GenerateSpec.model_validate({"blobs": [{"formula": "CH4"}], "lambda": 0.5})
    assert studio.generate({"blobs": [blob]}, steps=3, lambda_=0.7).candidates[0].smiles == "C"
    assert studio.generate(spec, steps=np.int64(3)).candidates[0].steps == 3


def test_model_and_health(studio: Client) -> None:
    assert studio.model().name == "analytic" and studio.health().status == "ok"


def test_molecules(studio: Client) -> None:
    (record,) = studio.molecules.parse("CCO", "smiles", seed=1).records
    assert record.molecule is not None and record.molecule.smiles == "CCO"
    candidate = studio.generate("C2H6O", steps=30, seed=1).candidates[0]
    text = studio.molecules.export([record.molecule, candidate], "sdf")
    assert [r.molecule and r.molecule.smiles for r in studio.molecules.parse(text).records] == ["CCO", "CCO"]
    assert studio.molecules.depict("CCO", width=200).svg.startswith("<svg")
    assert studio.molecules.properties(candidate).formula == "C2H6O"
    found = studio.molecules.perceive(np.array(candidate.numbers), np.array(candidate.positions))
    assert found.valid and found.smiles == "CCO"
    with pytest.raises(BadRequest) as caught:
        studio.molecules.depict("CCO", width=1)
    assert caught.value.field == "width"


# --- what goes wrong ---------------------------------------------------------------------------------


def test_every_code_of_the_protocol_has_its_error() -> None:
    assert set(_KINDS) == set(_TITLES)


@pytest.mark.parametrize("formula", ["C7H8Zz", "", "C" * 300])
def test_a_wrong_spec_is_told_alike_here_and_there(studio: Client, formula: str) -> None:
    """What the types know is refused before it is sent, in the words of the service."""
    with pytest.raises(BadRequest) as caught:
        studio.generate(formula)
    answer = httpx.post(f"{studio._wiring.url}/generate", json={"formula": formula}).json()
    assert (caught.value.field, caught.value.detail, caught.value.status) == ("formula", answer["detail"], 422)
    assert (caught.value.expected, caught.value.got) == (answer["expected"], answer["got"])


def test_errors_mirror_the_problem_documents(studio: Client) -> None:
    with pytest.raises(TooLarge) as large:
        studio.generate("CH4", n_samples=65)
    assert (large.value.code, large.value.status, large.value.field) == ("over_limit", 413, "n_samples")
    with pytest.raises(Unavailable) as engine:
        studio.generate("N2")
    assert engine.value.code == "engine" and engine.value.retry_after_s == 2 and "nitrogen" in str(engine.value)
    with pytest.raises(Expired):
        studio.generate("C7H8O2", deadline_s=0.05, **LONG)
    with pytest.raises(Unavailable):
        list(studio.each_candidate("N2"))
    with pytest.raises(NotFound):
        studio.job("1").status()
    with pytest.raises(ProblemError), studio.stream("C7H8Zz"):
        pass


def test_no_server_is_unreachable() -> None:
    with Client("http://127.0.0.1:9", retries=1, patience_s=0.3, timeout_s=2) as nobody:
        with pytest.raises(Unreachable, match="GET /healthz"):
            nobody.health()
        with pytest.raises(Unreachable), nobody.stream("CH4"):
            pass
    with pytest.raises(ValueError, match="url: expected http"):
        Client("127.0.0.1")


def test_an_answer_of_something_else_is_quoted() -> None:
    transport = httpx.MockTransport(lambda request: httpx.Response(502, text="<h1>Bad gateway</h1>"))
    with Client(transport=transport, retries=0) as client, pytest.raises(ServerError, match="Bad gateway"):
        client.health()


@pytest.mark.parametrize(
    ("answers", "asked"),
    [
        ([429, 503, 200], 3),
        (["lost", 200], 2),
        ([429, 429, 429, 429], 3),
    ],
)
def test_what_was_not_done_is_asked_again(answers: list[Any], asked: int) -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        status = answers[len(seen) - 1]
        if status == "lost":
            raise httpx.ReadError("gone")
        if status == 200:
            return httpx.Response(200, json={**RESULT})
        code = "busy" if status == 429 else "not_ready"
        body = {"type": "t", "title": "t", "status": status, "detail": "d", "code": code}
        return httpx.Response(status, json=body, headers={"Retry-After": "0.01"})

    with Client(transport=httpx.MockTransport(answer), retries=2) as client:
        if answers[-1] == 200:
            assert client.generate("CH4").job == "7"
        else:
            with pytest.raises(Busy) as caught:
                client.generate("CH4")
            assert caught.value.retry_after_s == 0.01
    assert len(seen) == asked
    assert len({request.headers["idempotency-key"] for request in seen}) == 1


def test_an_engine_that_failed_at_a_job_is_not_asked_again() -> None:
    seen = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(503, json={"type": "t", "title": "t", "status": 503, "detail": "d", "code": "engine"})

    with Client(transport=httpx.MockTransport(answer)) as client, pytest.raises(Unavailable):
        client.generate("CH4")
    assert len(seen) == 1


RESULT = {
    "job": "7",
    "model": "",
    "seed": 1,
    "timings": {"queue_s": 0, "run_s": 0},
    "candidates": [],
    "attempts": {"rerun": 0, "budget": 0, "stopped": None},
}


def test_keys(tmp_path: Path) -> None:
    key = keys.create(tmp_path / "keys.json", "anna")
    with running(settings("harmonic", data=tmp_path)) as live:
        with Client(live.url, key, retries=0) as anna:
            assert anna.generate("CH4", steps=3).candidates
            with anna.stream("CH4", steps=3) as run:
                assert run.wait().candidates
        for wrong in (None, "gpff_wrong"):
            with Client(live.url, wrong, retries=0) as nobody:
                with pytest.raises(Unauthorized):
                    nobody.generate("CH4")
                with pytest.raises(Unauthorized), nobody.stream("CH4"):
                    pass


# --- jobs --------------------------------------------------------------------------------------------


def test_a_job(studio: Client) -> None:
    job = studio.submit("H2O", **WATER)
    result = job.result(timeout_s=30)
    assert [candidate.smiles for candidate in result.candidates] == ["O", "O"]
    assert job.status().state == "finished" and job.cancel().state == "finished"
    assert job.id in [other.job for other in studio.jobs()]
    trajectory = job.trajectory()
    assert len(trajectory) == 7 and trajectory.n_samples == 2 and trajectory.ptr.tolist() == [0, 3, 6]
    numbers, positions = trajectory.sample(1)
    assert numbers.tolist() == [1, 1, 8] and positions.shape == (7, 3, 3)
    np.testing.assert_allclose(positions[-1], result.candidates[1].positions, atol=1e-5)
    assert len(job.trajectory(last_seq=5)) == 2 and len(job.trajectory(last_seq=7).sample(0)[1]) == 0
    with pytest.raises(IndexError):
        trajectory.sample(2)
    assert job.trajectory_text("pdb").count("MODEL") == 7
    with job.follow() as run:
        events = list(run)
    assert [event.seq for event in events if isinstance(event, Frame)] == list(range(1, 8))
    assert isinstance(events[-1], Final) and events[-1].result == result


def test_what_a_job_ends_with_is_raised(studio: Client) -> None:
    with pytest.raises(Unavailable, match="nitrogen"):
        studio.submit("N2").result(30)
    job = studio.submit("C7H8O2", **LONG)
    with pytest.raises(TimeoutError, match="goes on"):
        job.result(timeout_s=0.05)
    assert job.cancel().state == "cancelled"
    with pytest.raises(Cancelled):
        job.result()


def test_a_key_of_ones_own_starts_one_job(studio: Client) -> None:
    twice = [studio.submit("CH4", steps=3, idempotency_key="mine").id for _ in range(2)]
    assert twice[0] == twice[1] and studio.submit("CH4", steps=3).id != twice[0]


def test_all_pages_of_jobs_are_read(studio: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "PAGE", 2)
    ids = [studio.submit("H2O", steps=1).id for _ in range(5)]
    found = [job.job for job in studio.jobs()]
    assert found[:5] == ids[::-1] and len(set(found)) == len(found)


# --- designs -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    with running(settings("harmonic", data=tmp_path_factory.mktemp("data"))) as live:
        yield live


def test_designs(kept: Live) -> None:
    with Client(kept.url) as studio:
        spec = {"formula": "C2H6O", "steps": 20, "lambda": 0.5}
        result = studio.generate(spec, n_samples=2, seed=4)
        node = {"spec": {**spec, "n_samples": 2}, "seed": 4, "model": result.model, "candidates": result.candidates}
        design = studio.designs.create("ethanol", [{**node, "id": "root", "chosen": 1}], tags=["a"])
        assert (design.name, design.tags, design.n_nodes, design.revision) == ("ethanol", ["a"], 1, 1)
        appended = studio.designs.append(design.id, [{"id": "next", "parent": "root", "kind": "pick", "chosen": 0}])
        assert (
            appended.added == ["next"]
            and studio.designs.append(design.id, [{"id": "next", "parent": "root", "kind": "pick", "chosen": 0}]).added
            == []
        )
        read = studio.designs.node(design.id, "root")
        assert [c.positions for c in read.candidates] == [c.positions for c in result.candidates]
        replay = studio.designs.replay(design.id, "root")
        assert replay.agrees and len(replay.candidates) == 2
        changed = studio.designs.change(design.id, revision=appended.revision, name="alcohol")
        assert changed.name == "alcohol"
        with pytest.raises(Outdated):
            studio.designs.change(design.id, revision=1, name="late")
        text = studio.designs.export(design.id)
        copy = studio.designs.import_file(text)
        assert copy.id != design.id and copy.n_nodes == 2
        share = studio.designs.share(design.id).share
        assert share is not None and studio.designs.shared(share) == text
        studio.designs.unshare(design.id)
        with pytest.raises(NotFound):
            studio.designs.shared(share)
        assert {d.id for d in studio.designs.search(formula="C2H6O")} == {design.id, copy.id}
        assert [d.id for d in studio.designs.search("alcohol", tags=["a"])] != []
        studio.designs.delete(copy.id)
        with pytest.raises(NotFound):
            studio.designs.read(copy.id)
        assert studio.designs.read(design.id).n_nodes == 2


async def test_designs_in_asyncio(kept: Live) -> None:
    async with AsyncClient(kept.url) as studio:
        design = await studio.designs.create("water")
        await studio.designs.append(design.id, [{"id": "root"}])
        assert (await studio.designs.node(design.id, "root")).parent is None
        assert (await studio.designs.change(design.id, name="ice")).name == "ice"
        text = await studio.designs.export(design.id)
        copy = await studio.designs.import_file(text)
        share = (await studio.designs.share(copy.id)).share
        assert share is not None and '"ice"' in await studio.designs.shared(share)
        assert (await studio.designs.unshare(copy.id)).share is None
        with pytest.raises(Conflict):
            await studio.designs.replay(copy.id, "root")
        await studio.designs.delete(copy.id)
        assert [d.id async for d in studio.designs.search("ice")] == [design.id]
        assert (await studio.designs.read(design.id)).n_nodes == 1


# --- step by step ------------------------------------------------------------------------------------


def test_a_stream_has_frames_verdicts_and_a_final(studio: Client) -> None:
    with studio.stream("H2O", **WATER) as run:
        assert run.job is not None and run.seed == 3 and run.topology is not None and not run.over
        with pytest.raises(ValueError, match="not over"):
            _ = run.result
        events = list(run)
    frames = [event for event in events if isinstance(event, Frame)]
    assert frames[0].step == 0 and frames[-1].step == 6 and frames[-1].flags & FLAG_FINAL
    assert all(a.seq < b.seq for a, b in pairwise(frames)) and run.frame is frames[-1]
    assert {event.sample for event in events if isinstance(event, VerdictMessage)} == {0, 1} == set(run.verdicts)
    assert isinstance(events[-1], Final) and run.over and run.result == events[-1].result
    last = np.array(run.result.candidates[1].positions)
    np.testing.assert_allclose(run.sample(frames[-1], 1), last, atol=1e-5)


def test_a_run_needs_no_block(studio: Client) -> None:
    run = studio.stream("H2O", **WATER)
    assert [frame.step for frame in run.frames()][-1] == 6 and run.wait() == run.result


def test_pause_steer_rewind_and_branch(studio: Client) -> None:
    blob = {"formula": "CH4", "covariance": np.eye(3).tolist()}
    with studio.stream({"blobs": [blob]}, steps=300, seed=2) as run:
        frames = run.frames()
        while next(frames).step < 5:
            pass
        run.pause()
        run.steer([{"center": [6.0, 0.0, 0.0]}])
        run.resume()
        while (frame := next(frames)).positions.mean(axis=0)[0] < 4.0:
            assert frame.step < 300
        run.rewind(2)
        while next(frames).step > 5:
            pass
        with run.branch(3, seed=9) as branch:
            assert branch.job != run.job and 3 <= next(branch.frames()).step < 100
            assert branch.wait().seed == 9
        result = run.wait()
    assert len(result.candidates) == 1


def test_a_wish_that_is_refused_is_raised_and_the_run_goes_on(studio: Client) -> None:
    with studio.stream("C7H8O2", steps=200, seed=1) as run:
        run.steer(freeze=[999])
        with pytest.raises(BadRequest) as caught:
            list(run)
        assert caught.value.field is not None and caught.value.field.startswith("freeze") and not run.over
        with pytest.raises(BadRequest):
            run.steer([{"centre": [0, 0, 0]}])
        assert run.wait().candidates
        run.pause()
    with pytest.raises(ClientError, match="not been accepted"):
        studio.stream("CH4").cancel()


def test_cancelling_ends_a_run_and_so_does_leaving_it(studio: Client, live: Live) -> None:
    jobs = live.server.config.app.state.services.jobs  # type: ignore[union-attr]
    with studio.stream("C7H8O2", **LONG) as run:
        frames = run.frames()
        next(frames)
        run.cancel()
        list(frames)
        with pytest.raises(Cancelled):
            _ = run.result
    with studio.stream("C7H8O2", **LONG) as left:
        next(left.frames())
    deadline = time.monotonic() + 10
    while jobs.find(left.job).state != "cancelled":
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_run_that_is_detached_goes_on(studio: Client) -> None:
    with studio.stream("C7H8O2", steps=150, seed=1) as run:
        seq = next(run.frames()).seq
        run.detach()
    assert run.job is not None
    with studio.follow(run.job, seq) as again:
        frames = list(again.frames())
    assert frames[0].seq > seq and frames[-1].step == 150


def test_a_run_is_steered_from_another_thread(studio: Client) -> None:
    with studio.stream("C7H8O2", **LONG) as run:
        next(run.frames())
        timer = threading.Timer(0.1, run.cancel)
        timer.start()
        assert all(isinstance(event, Frame | VerdictMessage) for event in run)
        timer.join()
    assert run.over


def test_a_busy_queue_is_waited_for() -> None:
    with running(settings("slow", max_running=1, max_queue=0)) as live, Client(live.url) as studio:
        first = studio.submit("C7H8O2", steps=60)
        with studio.stream("CH4", steps=2) as run:
            assert run.wait().candidates
        assert first.status().state == "finished"
        studio.submit("C7H8O2", **LONG)
        with Client(live.url, patience_s=0.2) as hasty, pytest.raises(Busy) as caught, hasty.stream("CH4"):
            pass
    assert caught.value.retry_after_s is not None


# --- a wire that breaks ------------------------------------------------------------------------------


@pytest.fixture
def wire(live: Live) -> Iterator[Cutter]:
    with cutter(live.port) as wire:
        yield wire


def test_a_stream_that_breaks_goes_on(wire: Cutter) -> None:
    """Cut several times: sequence numbers rise, nothing comes twice, and the end is that of the same job."""
    with Client(wire.url) as studio, studio.stream("C7H8O2", steps=400, seed=1) as run:
        job, frames, verdicts, cuts = run.job, [], [], 0
        for event in run:
            if isinstance(event, Frame):
                frames.append(event)
                if cuts < 3 and len(frames) >= (1, 5, 30)[cuts] and wire.opened == cuts + 1:
                    wire.cut()
                    cuts += 1
            elif isinstance(event, VerdictMessage):
                verdicts.append(event)
    assert wire.opened == 4 and run.job == job == run.result.job
    assert all(a.seq < b.seq for a, b in pairwise(frames)) and frames[-1].step == 400
    assert len(verdicts) == len(set(map(str, verdicts)))
    with Client(wire.url) as studio:
        assert studio.generate("C7H8O2", steps=400, seed=1).candidates == run.result.candidates


def test_a_wish_outlives_a_broken_wire(wire: Cutter) -> None:
    with Client(wire.url) as studio, studio.stream("C7H8O2", **LONG) as run:
        next(run.frames())
        wire.refuse = True
        wire.cut()
        deadline = time.monotonic() + 10
        while run._connection is not None and run._connection.state.name == "OPEN":
            assert time.monotonic() < deadline
            time.sleep(0.01)
        run.cancel()
        wire.refuse = False
        list(run)
        assert run.over
        with pytest.raises(Cancelled):
            _ = run.result


def test_a_wish_that_was_lost_on_its_way_is_sent_again(wire: Cutter) -> None:
    with Client(wire.url) as studio, studio.stream("C7H8O2", **LONG) as run:
        next(run.frames())
        wire.deaf = True
        run.cancel()
        time.sleep(0.1)  # until the wire has it, and has lost it
        wire.cut()
        wire.deaf = False
        list(run)
        assert wire.opened == 2
        with pytest.raises(Cancelled):
            _ = run.result


def test_a_wish_that_arrived_is_not_sent_again(wire: Cutter) -> None:
    """It would undo what someone else has wished in the meantime."""
    with Client(wire.url) as studio, studio.stream("C7H8O2", **LONG) as run:
        next(run.frames())
        run.pause()
        run.resume()
        while run._story.pending._wishes:
            next(run)
        wire.cut()
        before = run._story.last_seq
        assert next(run.frames()).seq > before and run._story.pending.again() == []


def test_a_wire_that_stays_broken_is_given_up(wire: Cutter) -> None:
    with Client(wire.url, patience_s=0.4) as studio, studio.stream("C7H8O2", **LONG) as run:
        next(run.frames())
        wire.refuse = True
        wire.cut()
        with pytest.raises(Unreachable):
            list(run)


def test_a_job_that_is_gone_cannot_be_resumed(wire: Cutter, live: Live) -> None:
    with Client(wire.url) as studio, studio.stream("C7H8O2", **LONG) as run:
        next(run.frames())
        jobs = live.server.config.app.state.services.jobs  # type: ignore[union-attr]
        live_job = jobs._jobs.pop(int(run.job or ""))
        wire.cut()
        with pytest.raises(NotFound):
            list(run)
        jobs._jobs[live_job.number] = live_job
    assert run.over


def test_patience_ends() -> None:
    now = [0.0]
    patience = Patience(1.0, lambda: now[0])
    error = Unreachable("x")
    pauses = []
    with pytest.raises(Unreachable):
        while True:
            pauses.append(patience.pause_s(error))
            now[0] += pauses[-1]
    assert pauses == [0.1, 0.2, 0.4]
    patience.calm()
    assert patience.pause_s(error) == 0.1
    assert patience.pause_s(Busy("busy", "x", retry_after_s=0.5)) == 0.5


def test_frames_that_follow_one_another() -> None:
    frame = Frame(7, 1, 0, 0, np.zeros((2, 3)), np.zeros(1), np.zeros(1))
    data = encode(frame) + encode(Frame(7, 2, 1, 0, np.ones((2, 3)), np.ones(1), np.ones(1)))
    assert [found.seq for found in frames_of(data)] == [1, 2] and frames_of(b"") == ()
    for broken in (data[:-1], data + b"x", b"\0" * 40):
        with pytest.raises(CodecError):
            frames_of(broken)


# --- asyncio -----------------------------------------------------------------------------------------


async def test_the_same_in_asyncio(live: Live) -> None:
    async with AsyncClient(live.url) as studio:
        result = await studio.generate("H2O", **WATER)
        assert (await studio.generate_sdf("H2O", **WATER)).count("$$$$") == 2
        each = [candidate async for _, candidate in studio.each_candidate("H2O", **WATER)]
        assert [candidate.smiles for candidate in each] == ["O", "O"] and isinstance(each[0], Candidate)
        job = await studio.submit("H2O", **WATER)
        assert (await job.result(30)).candidates == result.candidates
        assert len(await job.trajectory()) == 7 and "MODEL" in await job.trajectory_text("pdb")
        assert (await job.status()).state == (await job.cancel()).state == "finished"
        assert job.id in [other.job async for other in studio.jobs()]
        assert (await studio.model()).name == "analytic" and (await studio.health()).status == "ok"
        assert (await studio.molecules.properties("CCO")).formula == "C2H6O"
        async with job.follow() as run:
            assert (await run.wait()).candidates == result.candidates
        with pytest.raises(BadRequest):
            await studio.generate("Zz")


async def test_many_streams_at_once_in_asyncio(live: Live) -> None:
    async with AsyncClient(live.url) as studio:

        async def watch(seed: int) -> tuple[int, list[Frame]]:
            async with studio.stream("C2H6O", steps=40, seed=seed) as run:
                frames = [frame async for frame in run.frames()]
            assert run.result.candidates[0].smiles == "CCO"
            return run.result.seed, frames

        runs = await asyncio.gather(*map(watch, range(8)))
    assert [seed for seed, _ in runs] == list(range(8))
    assert all(len({frame.job for frame in frames}) == 1 and frames[-1].step == 40 for _, frames in runs)


async def test_wishes_in_asyncio(live: Live) -> None:
    async with AsyncClient(live.url) as studio, studio.stream("C7H8O2", **LONG) as run:
        await anext(run.frames())
        await run.pause()
        await run.resume()
        await run.steer(freeze=[0])
        await run.rewind(0)
        async with run.branch(0) as branch:
            await anext(branch.frames())
            await branch.detach()
        await run.cancel()
        async for _ in run:
            pass
        assert run.over


async def test_a_stream_that_breaks_goes_on_in_asyncio(live: Live) -> None:
    wire = await asyncio.to_thread(Cutter, live.port)
    try:
        async with AsyncClient(wire.url) as studio, studio.stream("C7H8O2", steps=300, seed=1) as run:
            frames, cuts = [], 0
            async for frame in run.frames():
                frames.append(frame)
                if cuts < 2 and len(frames) >= (1, 10)[cuts] and wire.opened == cuts + 1:
                    wire.cut()
                    cuts += 1
        assert wire.opened == 3 and frames[-1].step == 300
        assert all(a.seq < b.seq for a, b in pairwise(frames))
        wire.refuse = True
        wire.cut()
        async with AsyncClient(wire.url, patience_s=0.3) as studio:
            with pytest.raises(Unreachable):
                async with studio.stream("CH4"):
                    pass
    finally:
        await asyncio.to_thread(wire.close)


def test_the_client_needs_neither_the_network_nor_the_server() -> None:
    code = "import sys, studio.client; print(*sorted({name.split('.')[0] for name in sys.modules}))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "httpx" in loaded
    assert not {"torch", "schnetpack", "rdkit", "fastapi", "starlette", "uvicorn", "sqlalchemy"} & set(loaded)
