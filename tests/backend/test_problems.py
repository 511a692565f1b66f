"""What pydantic complains of, in the words of the wire."""

from typing import Any

import pytest
from pydantic import ValidationError

from studio.problems import complaint
from studio.protocol import GenerateSpec

CELL = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]


def told(spec: Any) -> str:
    with pytest.raises(ValidationError) as caught:
        GenerateSpec.model_validate(spec)
    return complaint(caught.value.errors(include_url=False)).detail


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ([], "spec: expected an object, got a list of 0"),
        ({"formula": 6}, "formula: expected a string, got 6"),
        ({"formula": ""}, "formula: expected at least 1 character, got ''"),
        ({"formula": "C" * 201}, "formula: expected at most 200 characters, got 201 characters"),
        ({"formula": "C", "steps": "3"}, "steps: expected an integer, got '3'"),
        ({"formula": "C", "steps": 0}, "steps: expected at least 1, got 0"),
        ({"formula": "C", "seed": 2**53}, "seed: expected at most 9007199254740991, got 9007199254740992"),
        ({"formula": "C", "lambda": 11}, "lambda: expected at most 10, got 11"),
        ({"formula": "C", "step_length": 0.0}, "step_length: expected more than 0, got 0.0"),
        ({"formula": "C", "lambda": float("nan")}, "lambda: expected a finite number, got nan"),
        ({"formula": "C", "valid_only": 1}, "valid_only: expected true or false, got 1"),
        ({"formula": "C", "n_samples": True}, "n_samples: expected an integer, got true"),
        ({"formula": "C\ud800"}, "formula: expected text without halves of surrogate pairs, got 'C\\ud800'"),
        ({"blobs": {}}, "blobs: expected a list, got an object"),
        ({"blobs": []}, "blobs: expected at least 1 item, got a list of 0"),
        ({"blobs": [{"formula": "C"}] * 65}, "blobs: expected at most 64 items, got a list of 65"),
        ({"blobs": [7]}, "blobs.0: expected an object, got 7"),
        ({"blobs": [{"formula": "C", "covariance": [*CELL, []]}]}, "blobs.0.covariance: expected at most 3 items"),
        ({"blobs": [{"formula": "C", "center": [0.0, 0.0]}]}, "blobs.0.center.2: expected a value, got nothing"),
        ({"formula": "C", "smaples": 3}, "smaples: expected no field of this name, got 3"),
        ({"formula": "C", "shape": "cube"}, "shape: expected 'any', 'rod', 'disc' or 'sphere', got 'cube'"),
    ],
)
def test_a_complaint_is_a_sentence(spec: Any, words: str) -> None:
    assert told(spec).startswith(words)


def test_the_first_of_several_is_told_and_the_others_are_counted() -> None:
    assert told({"formula": "C", "steps": 0, "seed": -1}).endswith("(and 1 more)")
