"""Jobs by REST: queued, listed, waited for, cancelled; each owner's own; line by line."""

import asyncio
import json
import time
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import numpy as np
import pytest
from client import Live, connected, running, settings
from test_rest import problem

from studio import keys
from studio.codec import decode_all

WATER = {"formula": "H2O", "n_samples": 2, "steps": 6, "seed": 3}
LONG = {"formula": "C7H8O2", "steps": 1024, "seed": 1}
NDJSON = {"Accept": "application/x-ndjson"}


def submitted(live: Live, body: object = WATER, **kwargs: Any) -> str:
    response = live.post("/jobs", json=body, **kwargs)
    assert response.status_code == 202, response.text
    return str(response.json()["job"])


def finished(live: Live, job: str) -> dict[str, Any]:
    answer: dict[str, Any] = live.get(f"/jobs/{job}?wait_s=30").json()
    assert answer["state"] == "finished", answer
    return answer


# --- queued, looked at, cancelled --------------------------------------------------------------------


def test_a_job_from_post_to_result(live: Live) -> None:
    response = live.post("/jobs", json=WATER)
    body = response.json()
    assert response.status_code == 202 and response.headers["location"] == f"/jobs/{body['job']}"
    assert response.headers["retry-after"] == "1" and body["state"] in ("queued", "running")
    assert (body["seed"], body["n_samples"], body["steps"], body["result"], body["error"]) == (3, 2, 6, None, None)
    answer = live.get(response.headers["location"], params={"wait_s": 30})
    assert answer.status_code == 200 and "retry-after" not in answer.headers
    status = answer.json()
    assert (status["state"], status["step"], status["error"]) == ("finished", 6, None)
    assert [candidate["smiles"] for candidate in status["result"]["candidates"]] == ["O", "O"]
    assert live.post("/generate", json=WATER).json()["candidates"] == status["result"]["candidates"]


def test_a_running_job_says_how_far_it_is_and_when_to_ask_again(live: Live) -> None:
    job = submitted(live, LONG)
    answer = live.get(f"/jobs/{job}")
    assert answer.json()["state"] in ("queued", "running") and answer.headers["retry-after"] == "1"
    while live.get(f"/jobs/{job}").json()["step"] < 3:
        time.sleep(0.01)
    began = time.monotonic()
    waited = live.get(f"/jobs/{job}", params={"wait_s": 0.05}).json()
    assert waited["state"] == "running" and waited["seq"] >= 3 and time.monotonic() - began >= 0.05
    ended = httpx.delete(f"{live.url}/jobs/{job}", timeout=30)
    assert ended.status_code == 200 and ended.json()["state"] == "cancelled"
    assert ended.json()["error"]["code"] == "cancelled" and ended.json()["result"] is None
    assert live.get(f"/jobs/{job}").json() == ended.json()


def test_a_job_is_paused_steered_rewound_and_goes_on(live: Live) -> None:
    job = submitted(live, {"blobs": [{"formula": "CH4"}], "steps": 1024, "seed": 2})

    def wish(what: str, body: object = None) -> dict[str, Any]:
        answer = live.post(f"/jobs/{job}/{what}", json=body)
        assert answer.status_code == 200 and answer.headers["retry-after"] == "1", answer.text
        status: dict[str, Any] = answer.json()
        return status

    def seq() -> int:
        return int(live.get(f"/jobs/{job}").json()["seq"])

    while live.get(f"/jobs/{job}").json()["step"] < 5:
        time.sleep(0.01)
    assert wish("pause")["state"] == "paused"
    time.sleep(0.2)
    before = seq()
    wish("steer", {"blobs": [{"center": [6.0, 0, 0]}]})
    wish("rewind", {"step": 2, "once": "a"})
    wish("rewind", {"step": 3, "once": "a"})  # has been granted
    deadline = time.monotonic() + 10
    while live.get(f"/jobs/{job}").json()["step"] != 2:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert before < seq() <= before + 2
    assert wish("resume_run")["state"] == "running"
    while live.get(f"/jobs/{job}").json()["step"] < 9:
        time.sleep(0.01)
    steps = [frame.step for frame in decode_all(live.get(f"/jobs/{job}/trajectory").content)]
    assert sum(b < a for a, b in pairwise(steps)) == 1
    httpx.delete(f"{live.url}/jobs/{job}", timeout=30)
    problem(live.post(f"/jobs/{job}/pause"), 409, "ended")


def test_a_branch_is_a_job_of_its_own_and_made_once_for_a_key(live: Live) -> None:
    job = submitted(live)
    first = finished(live, job)
    header = {"Idempotency-Key": f"branch of {job}"}
    answers = [live.post(f"/jobs/{job}/branch", json={"step": 2}, headers=header) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [202, 202]
    branch = answers[0].json()["job"]
    assert branch == answers[1].json()["job"] != job and answers[0].headers["location"] == f"/jobs/{branch}"
    assert answers[1].headers["idempotent-replayed"] == "true"
    again = finished(live, branch)["result"]
    for one, other in zip(again["candidates"], first["result"]["candidates"], strict=True):
        np.testing.assert_allclose(one["positions"], other["positions"], rtol=0, atol=1e-5)  # the noise was kept
    fresh = live.post(f"/jobs/{job}/branch", json={"step": 0, "seed": 77}).json()["job"]
    assert finished(live, fresh)["result"]["seed"] == 77
    assert problem(live.post(f"/jobs/{job}/branch", json={"step": 99}), 422, "invalid")["field"] == "step"


@pytest.mark.parametrize("what", ["pause", "resume_run", "steer", "rewind", "branch"])
@pytest.mark.parametrize("job", ["1", "x", "%F0%9F%92%A9"])
def test_wishes_for_an_unknown_job_are_404(live: Live, job: str, what: str) -> None:
    body = {"freeze": [0]} if what == "steer" else {"step": 0}
    problem(live.post(f"/jobs/{job}/{what}", json=body), 404, "unknown_job")


@pytest.mark.parametrize(
    ("what", "body", "field"),
    [
        ("steer", {}, "body"),
        ("steer", {"freeze": [99]}, "freeze"),
        ("steer", {"blobs": [{"covariance": [[1, 0, 0], [0, 1, 0], [0, 0, -1]]}]}, "blobs.0.covariance"),
        ("rewind", {"step": 2000}, "step"),
        ("rewind", {"step": -1}, "step"),
        ("branch", {"step": 0, "seed": -1}, "seed"),
    ],
)
def test_a_wish_that_cannot_be_granted_is_told_why(live: Live, what: str, body: object, field: str) -> None:
    job = submitted(live, {"blobs": [{"formula": "CH4"}], "steps": 1024})
    assert problem(live.post(f"/jobs/{job}/{what}", json=body), 422, "invalid")["field"] == field
    httpx.delete(f"{live.url}/jobs/{job}", timeout=30)


def test_a_job_that_has_ended_is_not_cancelled(live: Live) -> None:
    job = submitted(live)
    before = finished(live, job)
    assert httpx.delete(f"{live.url}/jobs/{job}", timeout=30).json() == before


def test_a_job_that_fails_says_why(live: Live) -> None:
    job = submitted(live, {"formula": "N2"})
    status = live.get(f"/jobs/{job}?wait_s=30").json()
    assert status["state"] == "failed" and status["error"]["code"] == "engine"
    assert "nitrogen" in status["error"]["detail"] and status["error"]["status"] == 503


def test_a_deadline_ends_a_job(live: Live) -> None:
    job = submitted(live, LONG, params={"deadline_s": 0.05})
    assert live.get(f"/jobs/{job}?wait_s=30").json()["state"] == "expired"
    problem(live.post("/generate", json=LONG, params={"deadline_s": 0.05}), 504, "expired")


def test_jobs_are_listed_the_newest_first_page_by_page(live: Live) -> None:
    jobs = [submitted(live) for _ in range(5)]
    first = live.get("/jobs", params={"limit": 2}).json()
    assert [job["job"] for job in first["jobs"]] == jobs[:2:-1] and first["next"] == jobs[3]
    assert "result" not in first["jobs"][0] and first["jobs"][0]["created"].endswith("Z")
    second = live.get("/jobs", params={"limit": 2, "before": first["next"]}).json()
    assert [job["job"] for job in second["jobs"]] == jobs[2:0:-1]
    everything = live.get("/jobs", params={"limit": 1000}).json()
    assert everything["next"] is None and set(jobs) <= {job["job"] for job in everything["jobs"]}


@pytest.mark.parametrize("path", ["/jobs/1", "/jobs/x", "/jobs/1/trajectory", "/jobs/1/topology", "/jobs/%F0%9F%92%A9"])
def test_an_unknown_job_is_404(live: Live, path: str) -> None:
    problem(live.get(path), 404, "unknown_job")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [("PUT", "/jobs", "GET, POST"), ("POST", "/jobs/7", "DELETE, GET"), ("TRACE", "/", "GET, HEAD")],
)
def test_a_wrong_method_is_told_the_right_ones(live: Live, method: str, path: str, allowed: str) -> None:
    response = httpx.request(method, live.url + path, timeout=30)
    answer = problem(response, 405, "bad_message")
    assert (answer["field"], answer["expected"], answer["got"]) == ("method", allowed, method)
    assert response.headers["allow"] == allowed


@pytest.mark.parametrize("path", ["/jobs/1/2", "/jobs/a%2Fb", "/jobs/1/trajectory/", "/generate/x"])
def test_what_lies_below_the_interface_is_not_the_page(live: Live, path: str) -> None:
    response = httpx.get(live.url + path, follow_redirects=True, timeout=30)
    problem(response, 404, response.json()["code"])


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/jobs?limit=0", "query.limit"),
        ("/jobs?before=x", "query.before"),
        ("/jobs/1?wait_s=61", "query.wait_s"),
        ("/jobs/1?wait_s=nan", "query.wait_s"),
        ("/jobs/1/trajectory?format=gif", "query.format"),
        ("/jobs/1/trajectory?last_seq=-1", "query.last_seq"),
    ],
)
def test_bad_queries_name_the_field(live: Live, path: str, field: str) -> None:
    assert problem(live.get(path), 422, "invalid")["field"] == field


@pytest.mark.parametrize(
    ("method", "path", "field", "expected"),
    [
        ("GET", "/jobs?cursor=7", "query.cursor", "no parameter of this name, only before or limit"),
        ("POST", "/jobs?deadline=5", "query.deadline", "no parameter of this name, only deadline_s or lane"),
        ("POST", "/generate?deadline_s=5&lane=batch", "query.lane", "no parameter of this name, only deadline_s"),
        ("GET", "/jobs/1/trajectory?sample=0", "query.sample", "no parameter of this name, only format or last_seq"),
        ("GET", "/designs?name=tea", "query.name", "no parameter of this name, only cursor or formula or"),
        ("GET", "/shared/none?x", "query.x", "no parameters"),
        ("GET", "/model?\udcff=1", "query.\\ufffd", "no parameters"),
    ],
)
def test_a_parameter_that_a_call_does_not_have_is_named(
    live: Live, method: str, path: str, field: str, expected: str
) -> None:
    known = len(live.get("/jobs").json()["jobs"])
    body: dict[str, Any] = {"json": {"formula": "CH4", "steps": 2}} if method == "POST" else {}
    url = live.url + quote(path, "/?&=", errors="surrogateescape")
    answer = problem(httpx.request(method, url, timeout=30, **body), 422, "invalid")
    assert answer["field"] == field and answer["expected"].startswith(expected)
    assert len(live.get("/jobs").json()["jobs"]) == known


def test_a_bad_spec_starts_nothing(live: Live) -> None:
    before = live.get("/jobs").json()
    assert problem(live.post("/jobs", json={"formula": "Zz"}), 422, "invalid")["field"] == "formula"
    assert problem(live.post("/jobs", json={**WATER, "n_samples": 99}), 413, "over_limit")["field"] == "n_samples"
    assert problem(live.post("/jobs", json=WATER, params={"lane": "fast"}), 422, "invalid")["field"] == "query.lane"
    assert live.get("/jobs").json() == before


def test_a_full_queue_is_429_and_leaves_nothing_behind() -> None:
    with running(settings("slow", max_running=1, max_queue=0)) as live:
        job = submitted(live, LONG)
        response = live.post("/jobs", json=WATER, headers={"Idempotency-Key": "later"})
        problem(response, 429, "busy")
        assert int(response.headers["retry-after"]) >= 1
        assert [job["job"] for job in live.get("/jobs").json()["jobs"]] == [job]
        httpx.delete(f"{live.url}/jobs/{job}", timeout=30)
        again = live.post("/jobs", json=WATER, headers={"Idempotency-Key": "later"})
        assert again.status_code == 202 and "idempotent-replayed" not in again.headers


def test_a_model_that_cannot_be_loaded_is_503_with_retry_after() -> None:
    with running(settings("missing"), ready=False) as live:
        while live.get("/readyz").json()["status"] != "failed":
            time.sleep(0.02)
        response = live.post("/jobs", json=WATER)
        problem(response, 503, "not_ready")
        assert response.headers["retry-after"]


async def test_a_job_is_followed_by_the_socket_too(live: Live) -> None:
    job = await asyncio.to_thread(submitted, live)
    async with connected(live) as client:
        await client.send(type="resume", job=job)
        await client.until("final", job=job)
        assert client.stories[job].frames[-1].step == 6


# --- owners ------------------------------------------------------------------------------------------


def test_another_owners_jobs_are_not_there(tmp_path: Path) -> None:
    anna, bert = ({"X-API-Key": keys.create(tmp_path / "keys.json", name)} for name in ("anna", "bert"))
    with running(settings("harmonic", data=tmp_path)) as live:
        job = submitted(live, headers=anna)
        assert live.get(f"/jobs/{job}?wait_s=30", headers=anna).json()["state"] == "finished"
        for path in (f"/jobs/{job}", f"/jobs/{job}/trajectory", f"/jobs/{job}/topology"):
            problem(live.get(path, headers=bert), 404, "unknown_job")
            problem(live.get(path), 401, "unauthorized")
        assert live.get("/jobs", headers=bert).json() == {"jobs": [], "next": None}
        assert len(live.get("/jobs", headers=anna).json()["jobs"]) == 1
        # The same idempotency key of two owners is two keys.
        twice = [live.post("/jobs", json=WATER, headers={**who, "Idempotency-Key": "k"}) for who in (anna, bert)]
        assert twice[0].json()["job"] != twice[1].json()["job"]
        generated = live.post("/generate", json=WATER, headers=bert).json()["job"]
        problem(live.get(f"/jobs/{generated}", headers=anna), 404, "unknown_job")
        assert live.get(f"/jobs/{generated}", headers=bert).status_code == 200


# --- line by line ------------------------------------------------------------------------------------


def test_candidates_come_line_by_line(live: Live) -> None:
    response = live.post("/generate", json={**WATER, "n_samples": 5}, headers=NDJSON)
    assert response.headers["content-type"] == "application/x-ndjson"
    *candidates, end = map(json.loads, response.text.splitlines())
    assert sorted(line["sample"] for line in candidates) == list(range(5))
    assert all(line["type"] == "candidate" and line["candidate"]["smiles"] == "O" for line in candidates)
    assert end["type"] == "end" and end["seed"] == 3 and end["attempts"]["rerun"] == 0 and end["timings"]["run_s"] > 0
    assert {line["job"] for line in [*candidates, end]} == {end["job"]}


def test_what_goes_wrong_before_the_first_line_is_a_problem(live: Live) -> None:
    problem(live.post("/generate", json={"formula": "N2"}, headers=NDJSON), 503, "engine")
    problem(live.post("/generate", json={"formula": "Zz"}, headers=NDJSON), 422, "invalid")
    problem(live.post("/generate", json=LONG, headers=NDJSON, params={"deadline_s": 0.05}), 504, "expired")


async def test_a_reader_of_lines_that_goes_away_cancels_its_job(live: Live) -> None:
    jobs = live.server.config.app.state.services.jobs  # type: ignore[union-attr]
    async with httpx.AsyncClient(base_url=live.url) as client:
        with pytest.raises(httpx.ReadTimeout):
            await client.post("/generate", json=LONG, headers=NDJSON, timeout=0.3)
    async with asyncio.timeout(10):
        while len(jobs):
            await asyncio.sleep(0.01)


async def test_a_reader_that_goes_away_between_lines_cancels_its_job(live: Live) -> None:
    """Methane and water are valid at once; ammonia and HF never are in this field, and are run again and again."""
    jobs = live.server.config.app.state.services.jobs  # type: ignore[union-attr]
    body = {"blobs": [{"heavy_atoms": 1}], "n_samples": 12, "valid_only": True, "steps": 400, "seed": 1}
    async with (
        httpx.AsyncClient(base_url=live.url, timeout=30) as client,
        client.stream("POST", "/generate", json=body, headers=NDJSON) as response,
    ):
        line = json.loads(await anext(response.aiter_lines()))
        assert line["type"] == "candidate" and line["candidate"]["valid"]
        job = jobs.find(line["job"])
        assert not job.ended
    async with asyncio.timeout(10):
        while not job.ended:
            await asyncio.sleep(0.01)
    assert job.state == "cancelled"
