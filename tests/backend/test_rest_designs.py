"""Saved designs by REST, in the real service, on SQLite and on a real PostgreSQL."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from client import Live, running, settings
from postgres import database_of
from test_rest import problem

from studio import keys

ROOT = {"id": "root", "payload": {"blobs": []}}
PATIENCE_S = 30.0


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def keeping(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    url = database_of(request, tmp_path_factory.mktemp("designs"))
    with running(settings("hazard", database=url, max_body_bytes=200_000, max_design_bytes=400_000)) as server:
        yield server


def ask(live: Live, method: str, path: str, **kwargs: Any) -> httpx.Response:
    return httpx.request(method, live.url + path, timeout=PATIENCE_S, **kwargs)


def created(live: Live, *nodes: Any, **more: Any) -> str:
    response = live.post("/designs", json={"nodes": list(nodes or (ROOT,)), **more})
    assert response.status_code == 201, response.text
    return str(response.headers["location"])


def matching(tag: str) -> dict[str, str]:
    return {"If-Match": tag}


def test_a_design_from_its_making_to_its_end(keeping: Live) -> None:
    new = {"name": "Ethanol", "tags": ["a"], "nodes": [ROOT], "state": {"at": "root"}}
    response = keeping.post("/designs", json=new)
    design = response.json()
    path = response.headers["location"]
    assert response.status_code == 201 and path == f"/designs/{design['id']}" and response.headers["etag"] == '"1"'
    assert keeping.get(path).json() == design and design["created"].endswith("Z") and design["n_nodes"] == 1

    more = {"nodes": [{"id": "edit", "parent": "root", "label": "Add a blob"}, {"id": "pick", "parent": "edit"}]}
    appended = keeping.post(f"{path}/nodes", json=more)
    assert appended.status_code == 200 and appended.headers["etag"] == '"2"'
    assert appended.json() == {"revision": 2, "ids": ["edit", "pick"], "added": ["edit", "pick"]}
    assert keeping.post(f"{path}/nodes", json=more, headers=matching('"1"')).json()["added"] == []

    change = {"name": "Better", "node_names": {"pick": "the one"}}
    patched = ask(keeping, "PATCH", path, json=change, headers=matching('"2"'))
    assert patched.status_code == 200 and patched.headers["etag"] == '"3"' and patched.json()["tags"] == ["a"]
    assert keeping.get(f"{path}/nodes/pick").json()["name"] == "the one"
    assert [node["id"] for node in keeping.get(path).json()["nodes"]] == ["root", "edit", "pick"]

    ended = ask(keeping, "DELETE", path, headers=matching('"3"'))
    assert ended.status_code == 204 and ended.content == b""
    for gone in (path, f"{path}/nodes/root", f"{path}/file"):
        problem(keeping.get(gone), 404, "not_found")


def test_of_two_writers_the_later_one_learns_of_it(keeping: Live) -> None:
    path = created(keeping, name="0")
    with ThreadPoolExecutor(4) as pool:
        ends = list(
            pool.map(lambda i: ask(keeping, "PATCH", path, json={"name": str(i)}, headers=matching('"1"')), range(4))
        )
    assert sorted(end.status_code for end in ends) == [200, 412, 412, 412]
    late = next(end for end in ends if end.status_code == 412)
    assert 'now "2"' in problem(late, 412, "outdated")["detail"]
    won = next(end for end in ends if end.status_code == 200)
    assert keeping.get(path).json() == won.json()


def test_a_change_says_of_which_revision(keeping: Live) -> None:
    path = created(keeping)
    problem(ask(keeping, "PATCH", path, json={"name": "x"}), 428, "no_revision")
    problem(ask(keeping, "DELETE", path), 428, "no_revision")
    assert problem(ask(keeping, "DELETE", path, headers=matching("1")), 422, "invalid")["field"] == "header.if-match"
    problem(ask(keeping, "DELETE", path, headers=matching('W/"1"')), 412, "outdated")
    for field in ("name", "tags"):
        refused = problem(ask(keeping, "PATCH", path, json={field: None}, headers=matching("*")), 422, "invalid")
        assert (refused["field"], refused["expected"], refused["got"]) == (field, "a value", "null")
    more = {"nodes": [{"parent": "root"}]}
    problem(keeping.post(f"{path}/nodes", json=more, headers=matching('"7"')), 412, "outdated")
    assert keeping.get(path).json()["revision"] == 1
    assert ask(keeping, "PATCH", path, json={"name": "x"}, headers=matching('"9", "1"')).json()["revision"] == 2
    assert ask(keeping, "DELETE", path, headers=matching("*")).status_code == 204


def test_what_has_not_changed_is_not_sent_again(keeping: Live) -> None:
    path = created(keeping)
    fresh = keeping.get(path, headers={"If-None-Match": '"1"'})
    assert fresh.status_code == 304 and fresh.content == b"" and fresh.headers["etag"] == '"1"'
    assert keeping.get(path, headers={"If-None-Match": '"2"'}).status_code == 200


def test_a_request_with_a_key_makes_one_design(keeping: Live) -> None:
    key = {"Idempotency-Key": "once"}
    first = keeping.post("/designs", json={"name": "one"}, headers=key)
    again = keeping.post("/designs", json={"name": "one"}, headers=key)
    assert first.status_code == again.status_code == 201 and first.json() == again.json()
    assert again.headers["idempotent-replayed"] == "true" and "idempotent-replayed" not in first.headers
    other = keeping.post("/designs", json={"name": "two"}, headers=key)
    assert problem(other, 422, "invalid")["field"] == "header.idempotency-key"


def test_designs_are_found_page_by_page(keeping: Live) -> None:
    spec = {"formula": "CH4"}
    made = [created(keeping, {"spec": spec}, name=f"Find me {i}", tags=["findable", f"t{i}"]) for i in range(3)]
    first = keeping.get("/designs", params={"q": "find me", "limit": 2}).json()
    rest = keeping.get("/designs", params={"q": "find me", "limit": 2, "cursor": first["next"]}).json()
    assert [f"/designs/{one['id']}" for one in first["designs"] + rest["designs"]] == made[::-1]
    assert first["total"] == 3 and rest["next"] is None
    for params in ({"tag": ["FINDABLE", "t1"]}, {"formula": "H4C", "tag": "t1"}, {"q": "ch4", "tag": "t1"}):
        found = keeping.get("/designs", params=params).json()["designs"]
        assert [f"/designs/{one['id']}" for one in found] == [made[1]], params
    assert keeping.get("/designs", params={"formula": "C9H20"}).json() == {"designs": [], "total": 0, "next": None}


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("formula=Zz", "query.formula"),
        ("cursor=x", "query.cursor"),
        ("limit=101", "query.limit"),
        ("q=%00", "query.q"),
        ("tag=", "query.tag.0"),
    ],
)
def test_a_search_that_makes_no_sense_names_the_field(keeping: Live, query: str, field: str) -> None:
    assert problem(keeping.get(f"/designs?{query}"), 422, "invalid")["field"] == field


@pytest.mark.parametrize(
    ("node", "status", "field"),
    [
        ({"parent": "gone"}, 422, "nodes.0.parent"),
        ({"parent": "root", "chosen": 0}, 422, "nodes.0.chosen"),
        ({"parent": "root", "id": "../x"}, 422, "nodes.0.id"),
        ({"parent": "root", "label": "two\nlines"}, 422, "nodes.0.label"),
        ({"parent": "root", "created": "yesterday"}, 422, "nodes.0.created"),
        ({"parent": "root", "payload": ["\ud800"]}, 422, "nodes.0.payload"),
        ({"parent": "root", "candidates": [{"numbers": [8], "positions": []}]}, 422, "nodes.0.candidates.0.positions"),
        ({"parent": "root", "seed": 2**53}, 422, "nodes.0.seed"),
        ({"parent": "root", "speed": 1}, 422, "nodes.0.speed"),
        ({"parent": "root", "payload": "x" * 150_000}, 200, None),
        ({"parent": "root", "payload": "x" * 250_000}, 413, "body"),
    ],
)
def test_a_node_that_makes_no_sense_is_not_kept(keeping: Live, node: Any, status: int, field: str | None) -> None:
    path = created(keeping)
    headers = {"Content-Type": "application/json"}
    response = keeping.post(f"{path}/nodes", content=json.dumps({"nodes": [node]}), headers=headers)
    assert response.status_code == status, response.text
    if status != 200:
        assert problem(response, status, response.json()["code"])["field"] == field
        assert keeping.get(path).json()["n_nodes"] == 1


def test_a_node_does_not_change(keeping: Live) -> None:
    path = created(keeping)
    other = {"nodes": [{**ROOT, "payload": None}]}
    assert "nodes.0" in problem(keeping.post(f"{path}/nodes", json=other), 409, "conflict")["detail"]


@pytest.mark.parametrize("id", ["x", "0" * 32, "0" * 31 + "g", "%00", "%F0%9F%92%A9", "a%2Fb"])
def test_what_is_not_there_is_404(keeping: Live, id: str) -> None:
    path = created(keeping)
    for missing in (f"/designs/{id}", f"/designs/{id}/file", f"{path}/nodes/{id}", f"/shared/{id}"):
        response = keeping.get(missing)
        problem(response, 404, response.json()["code"])


# --- whole designs -----------------------------------------------------------------------------------------


def test_a_file_goes_out_and_comes_in_the_same(keeping: Live) -> None:
    positions = [[0.1, 1 / 3, -2.7182818284590455]]
    nodes = [ROOT, {"id": "g", "parent": "root", "candidates": [{"numbers": [2], "positions": positions}], "chosen": 0}]
    path = created(keeping, *nodes, name="Ünïcode", tags=["x"], state=[1.5, None])
    file = keeping.get(f"{path}/file")
    assert file.headers["etag"] == '"1"' and "attachment" in file.headers["content-disposition"]
    assert file.json()["nodes"][1]["candidates"][0]["positions"] == positions
    key = {"Idempotency-Key": "file"}
    copy = keeping.post("/designs/import", content=file.content, headers=key)
    assert copy.status_code == 201 and copy.headers["location"] != path and copy.json()["name"] == "Ünïcode"
    assert keeping.get(f"{copy.headers['location']}/file").content == file.content
    again = keeping.post("/designs/import", content=file.content, headers=key)
    assert again.headers["idempotent-replayed"] == "true" and again.json() == copy.json()
    marked = keeping.post("/designs/import", content=b"\xef\xbb\xbf" + file.content)  # as some editors save it
    assert keeping.get(f"{marked.headers['location']}/file").content == file.content


def test_a_design_may_be_larger_than_a_request(keeping: Live) -> None:
    path = created(keeping)
    for i in range(2):
        node = {"parent": "root", "id": f"n{i}", "payload": "x" * 150_000}
        assert keeping.post(f"{path}/nodes", json={"nodes": [node]}).status_code == 200
    file = keeping.get(f"{path}/file").content
    assert len(file) > 300_000
    assert keeping.post("/designs/import", content=file).status_code == 201
    node = {"parent": "root", "id": "n3", "payload": "x" * 150_000}
    refused = keeping.post(f"{path}/nodes", json={"nodes": [node]})
    assert "400000 bytes" in problem(refused, 413, "over_limit")["detail"]
    problem(keeping.post("/designs/import", content=b" " * 1_300_000), 413, "too_large")


@pytest.mark.parametrize(
    ("text", "status", "field"),
    [
        ("", 400, None),
        ('{"nodes": [', 400, None),
        ("[" * 100_000, 400, None),
        ("[]", 422, "body"),
        ("{}", 422, "format"),
        ('{"format": "other", "version": 1, "nodes": []}', 422, "format"),
        ('{"format": "gpff-saved-design", "version": 2, "nodes": []}', 422, "version"),
        ('{"format": "gpff-saved-design", "version": 1, "nodes": {}}', 422, "name"),
        ('{"format": "gpff-saved-design", "version": 1, "nodes": [], "created": 5}', 422, "name"),
    ],
)
def test_a_file_that_is_none_says_why(keeping: Live, text: str, status: int, field: str | None) -> None:
    response = keeping.post("/designs/import", content=text)
    assert response.status_code == status, response.text
    assert problem(response, status, response.json()["code"])["field"] == field


def test_a_node_of_a_file_that_is_none_is_named(keeping: Live) -> None:
    file = keeping.get(f"{created(keeping)}/file").json()
    file["nodes"].append({**file["nodes"][0], "id": "b", "parent": "root", "seed": -1})
    refused = keeping.post("/designs/import", json=file)
    assert problem(refused, 422, "invalid")["field"] == "nodes.1.seed"


def test_a_shared_design_is_read_by_its_name(keeping: Live) -> None:
    path = created(keeping, name="shared")
    shared = ask(keeping, "PUT", f"{path}/share").json()
    name = shared["share"]
    assert ask(keeping, "PUT", f"{path}/share").json() == shared
    assert keeping.get(f"/shared/{name}").content == keeping.get(f"{path}/file").content
    assert ask(keeping, "DELETE", f"{path}/share").json()["share"] is None
    problem(keeping.get(f"/shared/{name}"), 404, "not_found")


def test_each_owner_has_designs_of_their_own(tmp_path: Any) -> None:
    tokens = {name: keys.create(tmp_path / "keys.json", name) for name in ("ada", "ben")}
    ada, ben = ({"Authorization": f"Bearer {token}"} for token in tokens.values())
    with running(settings("harmonic", data=tmp_path, database=None)) as live:
        assert live.get("/designs").status_code == 401 and live.get("/shared/" + "x" * 32).status_code == 401
        path = live.post("/designs", json={"nodes": [ROOT]}, headers=ada).headers["location"]
        assert live.get("/designs", headers=ada).json()["total"] == 1
        assert live.get("/designs", headers=ben).json()["total"] == 0
        for method, below in (
            *(("GET", ""), ("PATCH", ""), ("DELETE", ""), ("GET", "/nodes/root"), ("GET", "/file"), ("PUT", "/share")),
            *(("DELETE", "/share"), ("POST", "/nodes"), ("POST", "/nodes/root/replay")),
        ):
            body = {"nodes": [{"parent": "root"}]} if below == "/nodes" else {}
            problem(ask(live, method, path + below, json=body, headers={**ben, "If-Match": "*"}), 404, "not_found")
        name = ask(live, "PUT", f"{path}/share", headers=ada).json()["share"]
        assert live.get(f"/shared/{name}", headers=ben).json()["nodes"][0]["id"] == "root"
    assert (tmp_path / "designs.db").stat().st_size > 0
    with running(settings("harmonic", data=tmp_path, database=None)) as live:
        assert live.get(path, headers=ada).json()["n_nodes"] == 1
