"""The interface's own descriptions: the AsyncAPI document, and the page that is made of both."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, get_args

import jsonschema_rs
import pytest
from client import Live, connected

from studio.api.docs_page import page
from studio.asyncapi import document, tagged
from studio.protocol import AnyClientMessage, AnyServerMessage, ErrorCode

ROOT = Path(__file__).resolve().parents[2]
MESSAGES: list[dict[str, Any]] = [
    {"type": "hello", "client": "x", "window": 4},
    {"type": "start", "req_id": "a", "spec": {"formula": "CH4", "lambda": 0.5}, "deadline_s": 3},
    {"type": "start", "req_id": "a", "spec": {"blobs": [{"formula": "CH3", "center": [0, 0, 1.5]}], "steps": 3}},
    {"type": "steer", "job": "7", "blobs": [{"center": [0, 0, 0]}], "freeze": [1, 2]},
    {"type": "branch", "req_id": "b", "job": "7", "step": 3, "seed": None},
    {"type": "resume", "job": "7", "last_seq": 3},
    {"type": "ping"},
]


def refs(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for item in value.values():
            yield from refs(item)
    elif isinstance(value, list):
        for item in value:
            yield from refs(item)


def payload(name: str) -> jsonschema_rs.Validator:
    found = document()
    reference = found["components"]["messages"][name]["payload"]["$ref"]
    return jsonschema_rs.validator_for({"$ref": reference, "components": found["components"]})


def test_every_reference_leads_somewhere() -> None:
    found = document()
    places = set(refs(found))
    assert len(places) > 40
    for place in places:
        at = found
        for part in place.removeprefix("#/").split("/"):
            at = at[part]


def test_every_code_of_an_error_is_explained() -> None:
    text = (Path(__file__).parents[2] / "docs" / "api.md").read_text()
    (table,) = re.findall(r"^\| status \| `code` \|.*?\n\n", text, re.MULTILINE | re.DOTALL)
    assert set(re.findall(r"`([a-z_]+)`", table)) >= set(get_args(ErrorCode.__value__))


def test_every_message_of_the_protocol_is_described() -> None:
    found = document()
    clients, servers = tagged(AnyClientMessage), tagged(AnyServerMessage)
    assert set(found["components"]["messages"]) == {*clients, *servers, "frame"}
    assert set(found["channels"]["socket"]["messages"]) == {*clients, *servers, "frame"}
    received = {name for name, operation in found["operations"].items() if operation["action"] == "receive"}
    assert received == set(clients)
    sent = {ref.rsplit("/", 1)[1] for operation in found["operations"].values() for ref in refs(operation)}
    assert sent - set(clients) - {"socket"} == {*servers, "frame"}


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: message["type"])
def test_messages_of_a_client_are_as_described(message: dict[str, Any]) -> None:
    validator = payload(message["type"])
    assert validator.is_valid(message)
    assert not validator.is_valid({**message, "typo": 1}) and not validator.is_valid({**message, "type": "final"})


async def test_messages_of_the_service_are_as_described(live: Live) -> None:
    async with connected(live) as client:
        await client.send(type="hello")
        said = [await client.until("welcome")]
        await client.send(type="ping")
        said.append(await client.until("pong"))
        await client.send(type="cancel", job="1")
        said.append(await client.until("error"))
        story = await client.run(formula="H2O", n_samples=2, steps=3)
    said += story.messages
    assert {message["type"] for message in said} >= {"welcome", "accepted", "topology", "verdict", "final", "error"}
    for message in said:
        payload(message["type"]).validate(message)


def test_the_committed_document_is_that_of_the_types() -> None:
    script = [sys.executable, str(ROOT / "scripts" / "generate_asyncapi.py"), "--check"]
    assert subprocess.run(script, check=False).returncode == 0


def test_both_documents_are_served(live: Live) -> None:
    assert live.get("/asyncapi.json").json() == json.loads(json.dumps(document()))
    assert live.get("/openapi.json").json()["openapi"].startswith("3.")


# --- the page ----------------------------------------------------------------------------------------


class Reader(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.ids: list[str] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            if name in ("href", "src") and value is not None:
                self.links.append(value)
            if name == "id" and value is not None:
                self.ids.append(value)

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def test_the_page_tells_everything_and_fetches_nothing(live: Live) -> None:
    response = live.get("/docs")
    assert response.status_code == 200 and response.headers["content-type"].startswith("text/html")
    assert "jsdelivr" not in response.headers["content-security-policy"]
    reader = Reader(response.text)
    assert not {"script", "link", "img", "iframe"} & set(reader.tags)
    assert len(reader.ids) == len(set(reader.ids))
    anchors = {link for link in reader.links if link.startswith("#")}
    assert {link[1:] for link in anchors} <= set(reader.ids) and len(anchors) > 30
    assert set(reader.links) - anchors == {"/openapi.json", "/asyncapi.json"}
    words = " ".join(reader.words)
    for path in live.get("/openapi.json").json()["paths"]:
        assert path in words
    for name in document()["components"]["messages"]:
        assert name in words


def test_what_is_described_is_escaped() -> None:
    schema = {"description": "a < `b`", "type": "object", "properties": {"<i>": {"type": "string", "default": "&"}}}
    operation = {"description": "<script>alert(1)</script>", "responses": {"200": {"description": '"'}}}
    openapi = {
        "info": {"title": "<b>", "version": "1"},
        "paths": {"/<x>": {"get": operation}},
        "components": {"schemas": {"S": schema}},
    }
    text = page(openapi, document())
    assert "<script" not in text and "<i>" not in text and "<x>" not in text and "<title>&lt;b&gt;" in text
    assert "a &lt; <code>b</code>" in text and "&quot;&amp;&quot;" in text
