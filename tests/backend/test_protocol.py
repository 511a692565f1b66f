"""The wire types: strict in what they take, and in step with the page's TypeScript."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from studio.protocol import CLIENT_MESSAGE, SERVER_MESSAGE, GenerateSpec, Start

ROOT = Path(__file__).resolve().parents[2]
BLOB = {"formula": "C6H5O", "center": [3.1, 0.0, 0], "covariance": [[2.6, 0, 0], [0, 2.6, 0], [0, 0, 0.3]]}
FULL = {
    "n_samples": 3,
    "sampler": "sdd",
    "steps": 64,
    "seed": 7,
    "blobs": [{**BLOB, "placed": True, "strictness": 1.0}],
    "scaffold": {"numbers": [6, 6, 8], "positions": [[0, 0, 0], [1.5, 0, 0], [2.1, 1.0, 0]], "attach": [1]},
    "valid_only": False,
    "lambda": None,
    "stride": 1,
}


def test_the_typescript_of_the_page_is_up_to_date() -> None:
    script = ROOT / "scripts" / "generate_protocol.py"
    done = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_documented_spec_is_understood() -> None:
    spec = GenerateSpec.model_validate_json(json.dumps(FULL))
    assert spec.blobs is not None and spec.blobs[0].center == (3.1, 0.0, 0.0)
    assert spec.scaffold is not None and spec.scaffold.attach == [1]
    assert spec.lambda_ is None


def test_the_shortest_specs_are_understood() -> None:
    assert GenerateSpec.model_validate({"formula": "C7H8O2"}).steps == 64
    assert GenerateSpec.model_validate({"formula": "C7H8O2", "shape": "rod"}).shape == "rod"
    assert GenerateSpec.model_validate({"blobs": [{"heavy_atoms": 4}]}).seed is None


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"n_samples": 0}, "n_samples"),
        ({"n_samples": 2.5}, "n_samples"),
        ({"n_samples": "3"}, "n_samples"),
        ({"n_samples": True}, "n_samples"),
        ({"steps": 0}, "steps"),
        ({"seed": -1}, "seed"),
        ({"seed": 2**53}, "seed"),
        ({"sampler": "euler"}, "sampler"),
        ({"lambda": float("nan")}, "lambda"),
        ({"lambda_": 0.1}, "lambda_"),
        ({"stride": 0}, "stride"),
        ({"shape": "cube"}, "shape"),
        ({"temperature": 300}, "temperature"),
        ({"blobs": []}, "blobs"),
        ({"blobs": [{**BLOB, "center": [0, 0]}]}, "blobs.0.center.2"),
        ({"blobs": [{**BLOB, "center": [0, 0, float("inf")]}]}, "blobs.0.center.2"),
        ({"blobs": [{**BLOB, "center": [0, 0, "1"]}]}, "blobs.0.center.2"),
        ({"blobs": [{**BLOB, "covariance": [[1, 0, 0], [0, 1, 0]]}]}, "blobs.0.covariance.2"),
        ({"blobs": [{**BLOB, "strictness": 0}]}, "blobs.0.strictness"),
        ({"blobs": [{**BLOB, "heavy_atoms": 3}]}, "blobs.0"),
        ({"blobs": [{**BLOB, "numbers": [6]}]}, "blobs.0"),
        ({"blobs": [{**BLOB, "positions": [[0, 0, 0]]}]}, "blobs.0"),
        ({"blobs": [{"center": [0, 0, 0]}]}, "blobs.0"),
        ({"scaffold": {"numbers": [], "positions": []}}, "scaffold.numbers"),
        ({"scaffold": {"numbers": [6]}}, "scaffold.positions"),
        ({"scaffold": {"numbers": [6], "positions": [[0, 0, 0]], "attach": [-1]}}, "scaffold.attach.0"),
        ({"formula": "CH4"}, ""),
        ({"blobs": None}, ""),
        ({"blobs": None, "formula": "CH4"}, ""),
    ],
)
def test_what_is_wrong_is_named(change: dict[str, object], field: str) -> None:
    with pytest.raises(ValidationError) as caught:
        GenerateSpec.model_validate({**FULL, **change})
    location = ".".join(str(part) for part in caught.value.errors()[0]["loc"])
    assert location == field


def test_json_with_nan_is_refused_at_its_field() -> None:
    text = json.dumps({"type": "start", "req_id": "a", "spec": FULL}).replace("3.1", "NaN")
    with pytest.raises(ValidationError) as caught:
        CLIENT_MESSAGE.validate_json(text)
    assert caught.value.errors()[0]["loc"] == ("start", "spec", "blobs", 0, "center", 0)


def test_messages_are_told_apart_by_type() -> None:
    message = CLIENT_MESSAGE.validate_json(json.dumps({"type": "start", "req_id": "a", "spec": FULL}))
    assert isinstance(message, Start) and message.spec.n_samples == 3
    with pytest.raises(ValidationError):
        CLIENT_MESSAGE.validate_python({"type": "welcome"})


@pytest.mark.parametrize(
    "message",
    [
        {"type": "accepted", "job": "7", "req_id": "a", "queue_pos": 0, "seed": 1},
        {"type": "topology", "job": "7", "ptr": [0, 1], "numbers": [6], "fixed": [False]},
        {"type": "busy", "req_id": "a", "retry_after_ms": 1000},
        {"type": "draining", "reconnect_after_ms": 2000},
        {"type": "pong"},
    ],
)
def test_server_messages_come_back_as_they_were(message: dict[str, object]) -> None:
    assert json.loads(SERVER_MESSAGE.dump_json(SERVER_MESSAGE.validate_python(message))) == message


@pytest.mark.parametrize(
    ("message", "wrong"),
    [
        ({"type": "hello", "client": "page", "key": "gpff_x", "window": 4}, {"window": 0}),
        ({"type": "start", "req_id": "a", "spec": {"formula": "CH4"}, "deadline_s": 2.5}, {"deadline_s": 0}),
        ({"type": "ack", "job": "7", "seq": 0}, {"seq": -1}),
        ({"type": "steer", "job": "7", "blobs": [{"center": [1, 2, 3]}], "freeze": [0]}, {"freeze": [-1]}),
        ({"type": "steer", "job": "7", "freeze": [1]}, {"freeze": []}),
        ({"type": "branch", "req_id": "b", "job": "7", "step": 3, "seed": None}, {"seed": -1}),
        ({"type": "rewind", "job": "7", "step": 3}, {"step": -1}),
        ({"type": "resume", "job": "7", "last_seq": 9, "req_id": "c"}, {"last_seq": 1.5}),
        ({"type": "pause", "job": "7"}, {"job": "seven"}),
    ],
)
def test_client_messages_are_understood_and_checked(message: dict[str, object], wrong: dict[str, object]) -> None:
    kept = CLIENT_MESSAGE.validate_json(json.dumps(message)).model_dump(exclude_unset=True)
    assert json.loads(json.dumps(kept)) == message
    with pytest.raises(ValidationError):
        CLIENT_MESSAGE.validate_json(json.dumps({**message, **wrong}))
