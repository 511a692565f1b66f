"""Idempotency keys: a request that is sent twice runs once."""

import asyncio
import json
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from client import Live, running, settings
from test_rest import problem
from test_rest_jobs import NDJSON, WATER, submitted


def test_a_request_with_a_key_runs_once(live: Live) -> None:
    headers = {"Idempotency-Key": "one"}
    first, second = (live.post("/jobs", json={"formula": "CH4", "steps": 5}, headers=headers) for _ in range(2))
    assert first.json()["job"] == second.json()["job"] and first.json()["seed"] == second.json()["seed"]
    assert "idempotent-replayed" not in first.headers and second.headers["idempotent-replayed"] == "true"
    for other in ({"formula": "CH4", "steps": 6}, {"formula": "H2O"}):
        response = live.post("/jobs", json=other, headers=headers)
        assert problem(response, 422, "invalid")["field"] == "header.idempotency-key"
    problem(live.post("/generate", json={"formula": "CH4", "steps": 5}, headers=headers), 422, "invalid")


def test_equal_requests_at_once_share_one_job(live: Live) -> None:
    def ask(_: int) -> httpx.Response:
        body = {"formula": "C2H6O", "steps": 30}
        return live.post("/generate", json=body, headers={"Idempotency-Key": "many"})

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(ask, range(6)))
    assert len({answer.text for answer in answers}) == 1 and answers[0].status_code == 200
    assert sorted(answer.headers.get("idempotent-replayed", "") for answer in answers) == ["", *["true"] * 5]


def test_a_repeated_request_may_ask_for_another_form(live: Live) -> None:
    headers = {"Idempotency-Key": "forms"}
    result = live.post("/generate", json=WATER, headers=headers).json()
    sdf = live.post("/generate", json=WATER, headers={**headers, "Accept": "chemical/x-mdl-sdfile"})
    assert sdf.text.count("$$$$") == 2 and sdf.headers["idempotent-replayed"] == "true"
    lines = live.post("/generate", json=WATER, headers={**headers, **NDJSON}).text.splitlines()
    assert [json.loads(line).get("candidate") for line in lines[:-1]] == result["candidates"]


def test_a_request_that_was_refused_may_be_sent_again(live: Live) -> None:
    headers = {"Idempotency-Key": "refused"}
    problem(live.post("/jobs", json={"formula": "Zz"}, headers=headers), 422, "invalid")
    assert live.post("/jobs", json=WATER, headers=headers).status_code == 202


@pytest.mark.parametrize("key", ["", "x" * 256, "a\tb"])
def test_senseless_keys_are_refused(live: Live, key: str) -> None:
    response = live.post("/jobs", json=WATER, headers={"Idempotency-Key": key})
    assert problem(response, 422, "invalid")["field"] == "header.idempotency-key"


async def test_a_client_that_went_away_fetches_its_result_with_the_same_key(live: Live) -> None:
    jobs = live.server.config.app.state.services.jobs  # type: ignore[union-attr]
    headers = {"Idempotency-Key": "lost"}
    body = {"formula": "C7H8O2", "steps": 200, "seed": 1}
    async with httpx.AsyncClient(base_url=live.url) as client:
        with pytest.raises(httpx.ReadTimeout):
            await client.post("/generate", json=body, headers=headers, timeout=0.2)
        async with asyncio.timeout(10):
            while ("local", "lost") not in jobs.receipts._receipts:
                await asyncio.sleep(0.01)
        answer = await client.post("/generate", json=body, headers=headers, timeout=30)
    assert answer.status_code == 200 and answer.headers["idempotent-replayed"] == "true"
    assert answer.json()["candidates"][0]["steps"] == 200


def test_a_service_that_drains_still_answers_for_what_it_has_begun() -> None:
    with running(settings("harmonic")) as live:
        shared = live.server.config.app.state.services  # type: ignore[union-attr]
        kept = {"Idempotency-Key": "kept"}
        first = submitted(live, headers=kept)
        live.get(f"/jobs/{first}?wait_s=30")
        shared.door.owe(first)  # as when nobody was there
        shared.door.close()
        again = live.post("/jobs", json=WATER, headers=kept)
        assert again.status_code == 202 and again.json()["job"] == first and shared.door.owed == 0
        for headers in ({}, {"Idempotency-Key": "new"}):
            problem(live.post("/jobs", json=WATER, headers=headers), 503, "draining")
            problem(live.post(f"/jobs/{first}/branch", json={"step": 1}, headers=headers), 503, "draining")


def test_only_what_is_new_counts_as_a_job() -> None:
    with running(settings("harmonic", rate_jobs="2/minute")) as live:
        kept = {"Idempotency-Key": "kept"}
        first = submitted(live, headers=kept)
        assert [submitted(live, headers=kept) for _ in range(3)] == [first] * 3
        assert submitted(live, headers={"Idempotency-Key": "other"}) != first
        for headers in ({}, {"Idempotency-Key": "new"}):
            problem(live.post("/jobs", json=WATER, headers=headers), 429, "busy")
        assert submitted(live, headers=kept) == first


def test_keys_go_when_their_jobs_go() -> None:
    with running(settings("harmonic", retain_s=0.1)) as live:
        jobs = live.server.config.app.state.services.jobs  # type: ignore[union-attr]
        headers = {"Idempotency-Key": "short"}
        first = submitted(live, headers=headers)
        while len(jobs.receipts):
            time.sleep(0.02)
        assert submitted(live, headers=headers) != first
