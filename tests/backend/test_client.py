"""The Python client against a real server: what is asked and answered."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from client import Live, running, settings

from studio import keys
from studio.client import (
    AsyncClient,
    BadRequest,
    Busy,
    Cancelled,
    Client,
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
    calls,
)
from studio.client.errors import _KINDS
from studio.errors import _TITLES

WATER: dict[str, Any] = {"n_samples": 2, "steps": 6, "seed": 3}
LONG: dict[str, Any] = {"steps": 1024, "seed": 1}


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


def test_a_job_is_steered_without_a_stream(studio: Client) -> None:
    job = studio.submit({"blobs": [{"formula": "CH4"}]}, lane="interactive", **LONG)
    while job.status().step < 5:
        pass
    assert job.pause().state == "paused"
    job.steer([{"center": np.array([6.0, 0, 0])}], freeze=[0])
    job.rewind(2)
    while job.status().step != 2:
        pass
    branch = job.branch(3, seed=9, lane="interactive")
    assert branch.id != job.id and branch.cancel().seed == 9
    assert job.resume().state == "running"
    with pytest.raises(BadRequest):
        job.rewind(-1)
    assert job.cancel().state == "cancelled"
    with pytest.raises(Conflict):
        job.pause()


async def test_a_job_is_steered_in_asyncio(live: Live) -> None:
    async with AsyncClient(live.url) as studio:
        job = await studio.submit("CH4", lane="interactive", **LONG)
        assert (await job.pause()).state == "paused"
        await job.steer(freeze=[0])
        await job.rewind(0)
        branch = await job.branch(0)
        await branch.cancel()
        assert (await job.resume()).state == "running" and (await job.cancel()).state == "cancelled"


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
    lone = {"numbers": np.array([6]), "positions": np.zeros((1, 3))}
    parsed, same, none = studio.molecules.predict([record.molecule, candidate, lone]).molecules
    assert parsed.gap_ev is not None and parsed.gap_ev == pytest.approx(same.gap_ev, abs=2.0)
    assert none.gap_ev is None and none.reason is not None
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


@pytest.mark.parametrize("spec", [3, None, ["CH4"]])
def test_what_is_no_spec_is_told_so(studio: Client, spec: Any) -> None:
    with pytest.raises(BadRequest, match=r"^spec: expected an object, got "):
        studio.generate(spec)


@pytest.mark.parametrize("id", ["..", "../model", "x/../../model", "7?wait_s=1", "7#"])
def test_an_id_does_not_lead_elsewhere(studio: Client, id: str) -> None:
    for ask in (studio.job(id).status, lambda: studio.designs.read(id)):
        with pytest.raises(NotFound):
            ask()


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


def test_a_good_answer_of_something_else_is_quoted() -> None:
    transport = httpx.MockTransport(lambda request: httpx.Response(200, text="<h1>Sign in</h1>"))
    with Client(transport=transport, retries=0) as client, pytest.raises(ServerError, match="Sign in"):
        client.health()


CANDIDATE = {
    **{"numbers": [1], "positions": [[0.0, 0.0, 0.0]], "smiles": None, "valid": False, "reason": "no"},
    **{"bonds": [], "steps": 1, "sigma_hat": None, "rms_force": None},
}
LINE = {"type": "candidate", "job": "7", "sample": 0, "candidate": CANDIDATE}


@pytest.mark.parametrize("cut", ["", '{"type": "candid'])
async def test_an_answer_without_its_last_line_is_not_taken_for_whole(cut: str) -> None:
    transport = httpx.MockTransport(lambda request: httpx.Response(200, text=json.dumps(LINE) + "\n" + cut))
    with Client(transport=transport) as client:
        each = client.each_candidate("H2")
        assert next(each)[0] == 0
        with pytest.raises(Unreachable, match="broke off"):
            next(each)
    async with AsyncClient(transport=transport) as client:
        every = client.each_candidate("H2")
        assert (await anext(every))[0] == 0
        with pytest.raises(Unreachable, match="broke off"):
            await anext(every)


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


def test_the_client_needs_neither_the_network_nor_the_server() -> None:
    code = "import sys, studio.client; print(*sorted({name.split('.')[0] for name in sys.modules}))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "httpx" in loaded
    assert not {"torch", "schnetpack", "rdkit", "fastapi", "starlette", "uvicorn", "sqlalchemy"} & set(loaded)
