"""Whatever the OpenAPI document allows, and much that it does not, is answered: no 5xx, no leak.

`FUZZ_EXAMPLES=1000 python -m pytest tests/backend/test_fuzz_rest.py` looks deeper, and elsewhere each time.
"""

import json
import os
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import schemathesis
from client import Live, running, settings
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from studio.app import create_app

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "0"))
HOW = hypothesis_settings(
    max_examples=EXAMPLES or 10,
    derandomize=not EXAMPLES,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
SMALL: dict[str, Any] = {
    **{"max_steps": 64, "max_samples": 4, "max_atoms_per_molecule": 40, "max_total_atoms": 80},
    **{"max_body_bytes": 65_536, "retain_s": 5.0, "file_timeout_s": 3.0, "bond_timeout_s": 1.0},
}

CHECKS = {
    "positive_data_acceptance": {"enabled": False},  # a JSON schema knows no formulas
    "negative_data_rejection": {"expected-statuses": ["400", "404", "405", "413", "422"]},
}

config = schemathesis.Config.from_dict({"checks": CHECKS})
FURTHER = hypothesis_settings(HOW, max_examples=EXAMPLES or 100)
schema = schemathesis.openapi.from_dict(create_app(settings("harmonic", **SMALL)).openapi(), config=config)


@pytest.fixture(scope="module")
def small() -> Iterator[Live]:
    with running(settings("harmonic", **SMALL)) as live:
        yield live
        deadline = time.monotonic() + 30
        jobs = live.server.config.app.state.services.jobs  # type: ignore[union-attr]
        while len(jobs) or jobs.trajectories.nbytes or len(jobs.receipts):
            assert time.monotonic() < deadline, "jobs were left behind"
            time.sleep(0.05)


@pytest.fixture(scope="module")
def web(small: Live) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=small.url, timeout=60) as client:
        yield client


@schema.parametrize()
@HOW
def test_no_request_is_a_server_error(case: schemathesis.Case, small: Live) -> None:
    case.call_and_validate(base_url=small.url, timeout=60)


# --- requests that get further than a schema's: most of them are right, or wrong in one place --------

FORMULAS = ("CH4", "H2O", "C2H6O", "C3H8", "HF", "C7H8O2", "H", "C60", "CH5", "Zz", "", "C0", "c6h6")
NUMBERS = st.one_of(
    st.integers(-3, 70),
    st.sampled_from([2**31, 2**53, 2**63, 10**40, -1]),
    st.floats(),
    st.sampled_from([1e-300, 1e300, -0.0]),
    st.sampled_from(["1", None, True, [], {}]),
)
LENGTHS = st.one_of(st.floats(-5, 5), st.sampled_from([0.0, 1e-9, 999.0, 1e6, 1e308]))
MATRICES = st.one_of(
    st.floats(1e-3, 30).map(lambda a: [[a, 0, 0], [0, a, 0], [0, 0, a]]),
    st.lists(st.lists(LENGTHS, min_size=3, max_size=3), min_size=3, max_size=3),
)
BLOBS = st.fixed_dictionaries(
    {},
    optional={
        "formula": st.sampled_from(FORMULAS),
        "heavy_atoms": st.integers(0, 12),
        "center": st.lists(LENGTHS, min_size=3, max_size=3),
        "covariance": MATRICES,
        "placed": st.booleans(),
        "strictness": st.one_of(st.floats(0, 101), st.just(1e-12)),
    },
)
SCAFFOLDS = st.integers(1, 6).flatmap(
    lambda n: st.fixed_dictionaries(
        {
            "numbers": st.lists(st.sampled_from([1, 6, 7, 8, 9, 0, 92]), min_size=n, max_size=n),
            "positions": st.lists(st.lists(LENGTHS, min_size=3, max_size=3), min_size=n, max_size=n),
        },
        optional={"attach": st.lists(st.integers(-1, n), max_size=3)},
    )
)
OPTIONS: dict[str, st.SearchStrategy[Any]] = {
    "n_samples": st.one_of(st.integers(1, 4), NUMBERS),
    "steps": st.one_of(st.integers(1, 12), NUMBERS),
    "seed": st.one_of(st.integers(0, 2**53), NUMBERS),
    "sampler": st.sampled_from(["dd", "sdd", "ancestral", "heun", "as_heun", "as_stochastic_heun", "ddpm"]),
    "valid_only": st.booleans(),
    "lambda": st.one_of(st.floats(0, 3), NUMBERS),
    "stride": st.one_of(st.integers(1, 20), NUMBERS),
}
SPECS = st.one_of(
    st.fixed_dictionaries(
        {"formula": st.sampled_from(FORMULAS)},
        optional={"shape": st.sampled_from(["any", "rod", "disc", "sphere", "cube"]), **OPTIONS},
    ),
    st.fixed_dictionaries(
        {"blobs": st.lists(BLOBS, min_size=1, max_size=3)}, optional={"scaffold": SCAFFOLDS, **OPTIONS}
    ),
)
ACCEPTS = st.sampled_from(["*/*", "chemical/x-mdl-sdfile", "application/x-ndjson", "text/html;q=0.1,*/*;q=2", ";;,="])
ENDS = {"finished", "cancelled", "expired", "failed"}


def ask(web: httpx.Client, method: str, path: str, **kwargs: Any) -> httpx.Response:
    """Every answer is one that is foreseen, and every error a problem document."""
    response = web.request(method, path, **kwargs)
    assert response.status_code < 500 or response.json()["code"] == "expired", (method, path, kwargs, response.text)
    if response.is_error:
        assert response.headers["content-type"] == "application/problem+json"
        assert response.json()["status"] == response.status_code
    return response


@FURTHER
@given(spec=SPECS, accept=ACCEPTS, deadline_s=st.sampled_from([None, 60, 0.01]))
def test_specs_are_run_or_refused(
    spec: dict[str, Any], accept: str, deadline_s: float | None, web: httpx.Client
) -> None:
    params = {} if deadline_s is None else {"deadline_s": deadline_s}
    content = dumps(spec)
    headers = {"Accept": accept, "Content-Type": "application/json"}
    answer = ask(web, "POST", "/generate", content=content, headers=headers, params=params)
    assert answer.status_code in (200, 400, 413, 422, 504), answer.text


@FURTHER
@given(
    spec=SPECS,
    key=st.sampled_from(["a", "b", "c", ""]),
    cancel=st.booleans(),
    format=st.sampled_from(["frames", "extxyz", "pdb", "gif"]),
    last_seq=st.sampled_from([0, 1, 5, -1, 10**30]),
)
def test_jobs_come_to_an_end(
    spec: dict[str, Any], key: str, cancel: bool, format: str, last_seq: int, web: httpx.Client
) -> None:
    headers = {"Content-Type": "application/json", "Idempotency-Key": key}
    answer = ask(web, "POST", "/jobs", content=dumps(spec), headers=headers)
    assert answer.status_code in (202, 400, 413, 422), answer.text
    if answer.status_code != 202:
        return
    path = answer.headers["location"]
    if cancel:
        ask(web, "DELETE", path)
    ended = ask(web, "GET", path, params={"wait_s": 30}).json()
    assert ended["state"] in ENDS and (ended["result"] is None) != (ended["error"] is None), ended
    frames = ask(web, "GET", f"{path}/trajectory", params={"format": format, "last_seq": last_seq})
    assert frames.status_code == (200 if format != "gif" and last_seq != -1 else 422), frames.text


TEXTS = st.one_of(
    st.text(max_size=20), st.sampled_from(["%", "_", "'", '"', "\\", "\x00", "\ud800", "é" * 200, "x" * 201, "C7H8O2"])
)
JSONS = st.recursive(st.one_of(st.none(), st.booleans(), st.floats(), TEXTS), lambda inner: st.lists(inner, max_size=3))
MOLECULES = st.fixed_dictionaries(
    {"numbers": st.just([8, 1, 1]), "positions": st.lists(st.lists(LENGTHS, min_size=3, max_size=3), max_size=4)},
    optional={"bonds": st.lists(st.lists(st.integers(-1, 4), min_size=3, max_size=3), max_size=2), "smiles": TEXTS},
)
NODES = st.fixed_dictionaries(
    {"id": st.sampled_from(["root", "a", "b", "", "../x", "x" * 65])},
    optional={
        "parent": st.sampled_from(["root", "a", "b", "gone", None]),
        "kind": st.sampled_from(["edit", "pick", "Edit"]),
        "label": TEXTS,
        "name": TEXTS,
        "spec": SPECS,
        "seed": NUMBERS,
        "model": TEXTS,
        "candidates": st.lists(MOLECULES, max_size=2),
        "chosen": st.integers(-1, 3),
        "payload": JSONS,
    },
)
CHANGES = st.fixed_dictionaries(
    {}, optional={"name": TEXTS, "tags": st.lists(TEXTS, max_size=3), "state": JSONS, "node_names": JSONS}
)


@FURTHER
@given(
    nodes=st.lists(NODES, max_size=3),
    more=st.lists(NODES, min_size=1, max_size=3),
    change=CHANGES,
    match=st.sampled_from(["*", '"1"', '"2"', 'W/"1"', '"1", "2"', "1", "", '"99999999999999999999"', '"x']),
    node=st.sampled_from(["root", "a", "gone", "%00", "..%2f", "é"]),
    words=TEXTS,
)
def test_designs_are_kept_or_refused(
    nodes: list[Any], more: list[Any], change: dict[str, Any], match: str, node: str, words: str, web: httpx.Client
) -> None:
    def send(method: str, path: str, body: object, **headers: str) -> httpx.Response:
        kind = {"Content-Type": "application/json", **headers}
        return ask(web, method, path, content=dumps(body).encode("utf-8", "surrogatepass"), headers=kind)

    made = send("POST", "/designs", {"name": words, "nodes": nodes})
    if made.status_code != 201:
        made = send("POST", "/designs", {"nodes": [{"id": "root"}]})
    path = made.headers["location"]
    send("POST", f"{path}/nodes", {"nodes": more})
    send("PATCH", path, change, **{"If-Match": match})
    ask(web, "GET", f"{path}/nodes/{node}")
    if node == "root":
        ask(web, "POST", f"{path}/nodes/{node}/replay")
    for name in ("q", "tag", "formula", "cursor"):
        ask(web, "GET", "/designs", params={name: words.encode("utf-8", "surrogatepass")})
    text = ask(web, "GET", f"{path}/file").text
    copy = ask(web, "POST", "/designs/import", content=text.encode()).headers["location"]
    assert ask(web, "GET", f"{copy}/file").json()["nodes"] == json.loads(text)["nodes"]
    for one in (path, copy):
        assert ask(web, "DELETE", one, headers={"If-Match": "*"}).status_code == 204


GEOMETRIES = st.integers(1, 5).flatmap(
    lambda n: st.fixed_dictionaries(
        {
            "numbers": st.lists(st.sampled_from([1, 1, 6, 7, 8, 9, 0, 26, 119]), min_size=n, max_size=n),
            "positions": st.lists(st.lists(LENGTHS, min_size=3, max_size=3), min_size=n, max_size=n),
        }
    )
)


@FURTHER
@given(
    geometries=st.lists(GEOMETRIES, min_size=1, max_size=3),
    format=st.sampled_from(["sdf", "mol", "xyz", "extxyz", "pdb", "smiles", "gif"]),
    charge=st.sampled_from([None, 0, 1, -3, 99]),
)
def test_geometries_are_worked_on_or_refused(
    geometries: list[dict[str, Any]], format: str, charge: int | None, web: httpx.Client
) -> None:
    def send(what: str, body: object) -> httpx.Response:
        answer = ask(
            web, "POST", f"/molecules/{what}", content=dumps(body), headers={"Content-Type": "application/json"}
        )
        assert answer.status_code in (200, 413, 422), (what, answer.text)
        return answer

    predicted = send("predict", {"molecules": geometries})
    if predicted.status_code == 200:
        told = predicted.json()["molecules"]
        assert len(told) == len(geometries)
        assert all((one["gap_ev"] is None) == (one["reason"] is not None) for one in told), told
    send("export", {"molecules": geometries, "format": format})
    for one in geometries:
        send("perceive", {**one, "charge": charge})
        for what in ("properties", "depict"):
            send(what, {"molecule": one})


@FURTHER
@given(
    method=st.sampled_from(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "BREW"]),
    path=st.sampled_from([*schema.raw_schema["paths"], "/ws", "/docs", "/openapi.json", "/", "/a/b.js", "/jobs/"]),
    id=st.sampled_from(["1", "-1", "4294967296", "%00", "..", "%2e%2e%2fx", "\u00e9", "x" * 5000]),
    body=st.one_of(st.binary(max_size=200), st.sampled_from([b"null", b"[[[[", b"1e999", b"{}", b"[" * 60_000])),
    kind=st.sampled_from(
        ["application/json", "text/plain", "multipart/form-data", "application/x-www-form-urlencoded"]
    ),
    more=st.sampled_from(
        [{}, {"Range": "bytes=-1"}, {"If-Match": "x"}, {"Accept-Encoding": "\xff"}, {"Origin": "null"}]
    ),
)
def test_anything_at_all_is_answered(
    method: str, path: str, id: str, body: bytes, kind: str, more: dict[str, str], web: httpx.Client
) -> None:
    headers = {"Content-Type": kind, **{name: value.encode("latin-1") for name, value in more.items()}}
    url = path.replace("{id}", id).replace("{node}", id)
    response = web.request(method, url, content=body, headers=headers)
    # Only the page, which is not there, and only of a GET.
    missing = response.status_code == 503 and "has not been built" in response.text
    assert response.status_code < 500 or missing or method == "HEAD", (method, url, body, response.text)


def dumps(value: object) -> str:
    """JSON with the numbers that JSON does not have."""
    return json.dumps(value, allow_nan=True)
