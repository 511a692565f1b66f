"""REST over real HTTP."""

import asyncio
import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from client import Live, running, settings
from rdkit import Chem

from gpff.spec import SAMPLERS

CH4 = {"formula": "CH4", "steps": 4, "seed": 1}


def problem(response: httpx.Response, status: int, code: str) -> dict[str, Any]:
    body: dict[str, Any] = response.json()
    assert response.status_code == status, body
    assert response.headers["content-type"] == "application/problem+json"
    assert body["status"] == status and body["code"] == code and body["title"] and body["detail"]
    return body


def test_the_shortest_request(live: Live) -> None:
    response = live.post("/generate", json={"formula": "C2H6O"})
    assert response.status_code == 200, response.text
    body = response.json()
    (candidate,) = body["candidates"]
    assert candidate["smiles"] == "CCO" and candidate["valid"] and candidate["reason"] is None
    assert candidate["numbers"] == [6, 6, 1, 1, 1, 1, 1, 1, 8] and candidate["steps"] == 64
    assert candidate["sigma_hat"] < 0.1 and candidate["rms_force"] < 0.1
    assert [0, 1, 1] in candidate["bonds"] and len(candidate["bonds"]) == 8
    assert body["model"] == "0" * 64 and body["attempts"] == {"rerun": 0, "budget": 0, "stopped": None}


def test_named_shapes_and_blobs(live: Live) -> None:
    assert live.post("/generate", json={**CH4, "shape": "disc"}).json()["candidates"][0]["smiles"] == "C"
    answer = live.post("/generate", json={"blobs": [{"heavy_atoms": 3}], "n_samples": 3, "steps": 3}).json()
    assert [sum(z > 1 for z in candidate["numbers"]) for candidate in answer["candidates"]] == [3, 3, 3]


def test_scaffold_positions_come_back_as_they_were_sent(live: Live) -> None:
    given = [[0.1, 1 / 3, -2.7182818284590455], [1.1180339887498949, 0.1, 1e-17]]
    scaffold = {"numbers": [8, 1], "positions": given, "attach": [0]}
    body = {"blobs": [{"formula": "CH3", "center": [0, 1.4, -2.7]}], "scaffold": scaffold, "steps": 7}
    answer = live.post("/generate", json=body).json()
    assert answer["candidates"][0]["positions"][:2] == given


def test_sdf_by_accept(live: Live) -> None:
    response = live.post("/generate", json={**CH4, "n_samples": 2}, headers={"Accept": "chemical/x-mdl-sdfile"})
    assert response.headers["content-type"].startswith("chemical/x-mdl-sdfile")
    supplier = Chem.SDMolSupplier()
    supplier.SetData(response.text, removeHs=False)
    molecules = list(supplier)
    assert [Chem.MolToSmiles(Chem.RemoveHs(molecule)) for molecule in molecules] == ["C", "C"]
    assert molecules[0].GetConformer().Is3D() and molecules[0].GetProp("SMILES") == "C"


def test_an_invalid_candidate_says_why_in_json_and_sdf(live: Live) -> None:
    body = {"formula": "C3H8", "steps": 3}  # a zigzag chain of H in the analytic field
    candidate = live.post("/generate", json=body).json()["candidates"][0]
    assert not candidate["valid"] and candidate["smiles"] is None and candidate["bonds"] == []
    sdf = live.post("/generate", json=body, headers={"Accept": "chemical/x-mdl-sdfile"}).text
    assert "> <REASON>" in sdf and candidate["reason"][:40] in sdf


@pytest.mark.parametrize(
    ("body", "status", "code", "field"),
    [
        ({"formula": "C7H8Zz"}, 422, "invalid", "formula"),
        ({"formula": "CH4", "steps": "many"}, 422, "invalid", "steps"),
        ({"formula": "CH4", "n_samples": 65}, 413, "over_limit", "n_samples"),
        ({"formula": "CH4", "speed": 9}, 422, "invalid", "speed"),
        ({"blobs": [{"formula": "CH4", "center": [0, 0]}]}, 422, "invalid", "blobs.0.center.2"),
        ([], 422, "invalid", "spec"),
        ({"formula": "\ud800"}, 422, "invalid", "formula"),
    ],
)
def test_bad_specs_are_problems_with_a_field(live: Live, body: object, status: int, code: str, field: str) -> None:
    headers = {"Content-Type": "application/json"}
    answer = problem(live.post("/generate", content=json.dumps(body), headers=headers), status, code)
    assert answer["field"] == field and answer["expected"] and answer["got"]


def test_json_nan_is_refused_at_its_field(live: Live) -> None:
    text = '{"blobs": [{"formula": "CH4", "center": [NaN, 0, 0]}]}'
    response = live.post("/generate", content=text, headers={"Content-Type": "application/json"})
    assert problem(response, 422, "invalid")["field"] == "blobs.0.center.0"


@pytest.mark.parametrize("text", ["{", "", "not json", '{"formula": "CH4"', "\xff"])
def test_malformed_json(live: Live, text: str) -> None:
    headers = {"Content-Type": "application/json"}
    response = live.post("/generate", content=text.encode("latin-1"), headers=headers)
    assert response.status_code in (400, 422)
    problem(response, response.status_code, response.json()["code"])


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"formula": "CH4", "x": "\xff"}', "UTF-8"),
        (b"[" * 100_000, "fewer levels"),
        (b'{"formula": "CH4", "seed": ' + b"1" * 5000 + b"}", "fewer digits"),
    ],
)
def test_a_body_that_cannot_be_read_says_why(live: Live, body: bytes, words: str) -> None:
    response = live.post("/generate", content=body, headers={"Content-Type": "application/json"})
    assert words in problem(response, 400, "bad_json")["detail"]


def test_a_field_far_inside_is_named_shortly(live: Live) -> None:
    deep = '{"name": "x", "state": ' + "[" * 900 + "]" * 900 + "}"
    response = live.post("/designs", content=deep, headers={"Content-Type": "application/json"})
    answer = problem(response, 422, "invalid")
    assert answer["field"].startswith("state.") and answer["detail"].endswith(f"got {answer['got']}")


@pytest.mark.parametrize("stated", [True, False])
def test_a_body_over_the_limit_is_413(live: Live, stated: bool) -> None:
    text = b'{"formula": "CH4", "junk": "' + b"x" * 1_100_000 + b'"}'
    content = text if stated else iter([text[:600_000], text[600_000:]])
    response = live.post("/generate", content=content, headers={"Content-Type": "application/json"})
    answer = problem(response, 413, "too_large")
    got = f"{len(text)} bytes" if stated else "more"
    assert (answer["field"], answer["expected"], answer["got"]) == ("body", "at most 1048576 bytes", got)
    assert live.post("/generate", json=CH4).status_code == 200


@pytest.mark.parametrize("stated", [None, "text/plain", "application/x-www-form-urlencoded"])
def test_a_body_that_is_not_said_to_be_json_is_told_so(live: Live, stated: str | None) -> None:
    headers = {} if stated is None else {"Content-Type": stated}
    answer = problem(live.post("/generate", content=b'{"formula": "CH4"}', headers=headers), 422, "invalid")
    assert (answer["field"], answer["expected"]) == ("header.content-type", "application/json")
    assert answer["got"] == ("nothing" if stated is None else f"'{stated}'")


def test_an_engine_error_is_503_and_the_next_request_works(live: Live) -> None:
    response = live.post("/generate", json={"formula": "N2"})
    assert "nitrogen" in problem(response, 503, "engine")["detail"]
    assert response.headers["retry-after"]
    assert live.post("/generate", json=CH4).status_code == 200


def test_requests_run_side_by_side(live: Live) -> None:
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda seed: live.post("/generate", json={**CH4, "seed": seed}).json(), range(6)))
    assert [answer["seed"] for answer in answers] == list(range(6))
    assert len({answer["job"] for answer in answers}) == 6


async def test_a_client_that_goes_away_cancels_its_job(live: Live) -> None:
    jobs = live.server.config.app.state.services.jobs  # type: ignore[union-attr]
    async with httpx.AsyncClient(base_url=live.url) as client:
        with pytest.raises(httpx.ReadTimeout):
            await client.post("/generate", json={"formula": "C7H8O2", "steps": 1024}, timeout=0.3)
    async with asyncio.timeout(10):
        while len(jobs):
            await asyncio.sleep(0.01)


def test_a_full_queue_is_429_with_retry_after() -> None:
    with running(settings("slow", max_running=1, max_queue=0)) as live, ThreadPoolExecutor(2) as pool:
        first = pool.submit(live.post, "/generate", json={"formula": "CH4", "steps": 150})
        jobs = live.server.config.app.state.services.jobs  # type: ignore[union-attr]
        while not len(jobs):
            time.sleep(0.01)
        response = live.post("/generate", json=CH4)
        problem(response, 429, "busy")
        assert int(response.headers["retry-after"]) >= 1
        assert first.result().status_code == 200


def test_the_model_and_health(live: Live) -> None:
    card = live.get("/model").json()
    assert card["name"] == "analytic" and card["elements"] == [1, 6, 7, 8, 9] and card["samplers"] == list(SAMPLERS)
    assert card["manifest"] == {"kind": "an analytic field"} and card["device"] == "cpu"
    assert live.get("/healthz").json()["status"] == "ok"
    assert live.get("/readyz").json()["status"] == "ok"


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/model", "/jobs", "/jobs/7"])
def test_head_is_get_without_a_body(live: Live, path: str) -> None:
    with httpx.Client(base_url=live.url, headers={"Accept-Encoding": "identity"}) as client:
        found, asked = client.head(path), client.get(path)
        assert found.content == b"" and found.status_code == asked.status_code
        assert found.headers["content-type"] == asked.headers["content-type"]
        assert found.headers["content-length"] == asked.headers["content-length"]
        assert client.get(path).status_code == asked.status_code  # over the same connection
    route = path if path != "/jobs/7" else "/jobs/{id}"
    status = found.status_code
    counted = f'studio_http_requests_total{{method="HEAD",route="{route}",status="{status}"}}'
    assert counted in live.get("/metrics").text


def test_what_is_not_there_is_a_problem(live: Live) -> None:
    problem(live.get("/nothing.js"), 404, "not_found")
    assert "/generate/more.json" in problem(live.get("/generate/more.json"), 404, "not_found")["detail"]
    for response in (live.post("/model"), live.get("/generate"), live.post("/"), live.post("/index.html")):
        problem(response, 405, "bad_message")


def test_openapi_describes_the_service(live: Live) -> None:
    document = live.get("/openapi.json").json()
    assert {"/generate", "/model", "/healthz", "/readyz"} <= set(document["paths"])
    responses = document["paths"]["/generate"]["post"]["responses"]
    assert {"200", "400", "413", "422", "429", "503"} <= set(responses)
    assert "application/problem+json" in responses["422"]["content"]
    assert "lambda" in document["components"]["schemas"]["GenerateSpec-Input"]["properties"]
    assert "Problem" in document["components"]["schemas"]
    assert live.get("/docs").status_code == 200
    guarded = {path: item for path, item in document["paths"].items() if path not in ("/healthz", "/readyz")}
    for operation in (operation for item in guarded.values() for operation in item.values()):
        assert {"401", "403", "429"} <= set(operation["responses"])
        assert {name for way in operation["security"] for name in way} == set(document["components"]["securitySchemes"])
    assert "security" not in document["paths"]["/healthz"]["get"]
    assert "503" in document["paths"]["/model"]["get"]["responses"]


def test_headers_keep_a_browser_careful(live: Live) -> None:
    for path in ("/healthz", "/", "/nothing.js"):
        headers = live.get(path).headers
        assert "script-src 'self'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert "server" not in headers and "access-control-allow-origin" not in headers


def test_a_page_that_is_not_built_says_so(live: Live) -> None:
    response = live.get("/")
    assert response.status_code == 503 and "make setup" in response.text


def test_a_built_page_is_served(tmp_path: Path) -> None:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<p>the page</p>")
    (tmp_path / "assets" / "main-abc.js").write_text("export {}")
    (tmp_path.parent / "secret.txt").write_text("secret")
    with running(settings("harmonic", frontend=tmp_path), ready=False) as live:
        for path in ("/", "/index.html", "/#d=abc"):
            response = live.get(path)
            assert response.status_code == 200 and "the page" in response.text
            assert response.headers["cache-control"] == "no-cache"
        script = live.get("/assets/main-abc.js")
        assert "immutable" in script.headers["cache-control"] and "javascript" in script.headers["content-type"]
        for path in ("/assets/gone.js", "/assets", "/generat", "/models/", "/a/route"):  # a slip is no page
            assert path in problem(live.get(path), 404, "not_found")["detail"]
        for path in ("/../secret.txt", "/%2e%2e/secret.txt", "/assets/..%2f..%2fsecret.txt"):
            assert live.get(path).text != "secret"
