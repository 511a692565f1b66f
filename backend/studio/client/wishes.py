"""What a caller writes, as the types of the wire. Raises `BadRequest` before anything is sent."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from studio.client import errors
from studio.protocol import GenerateSpec, SteeredBlob, Wire

type SpecLike = GenerateSpec | Mapping[str, Any] | str
"""A spec, its JSON, or a formula such as "C7H8O2"."""

type BlobLike = SteeredBlob | Mapping[str, Any]


def spec_of(spec: SpecLike, fields: Mapping[str, Any]) -> GenerateSpec:
    """The spec with `fields` put over its own; `lambda_` may be written for `lambda`."""
    match spec:
        case str():
            given: dict[str, Any] = {"formula": spec}
        case GenerateSpec():
            given = spec.model_dump(by_alias=True, exclude_unset=True)
        case Mapping():
            given = dict(spec)
        case _:
            return checked(GenerateSpec, spec)  # which says what is wrong with it
    given |= {"lambda" if name == "lambda_" else name: value for name, value in fields.items()}
    return checked(GenerateSpec, given)


def checked[M: Wire](model: type[M], given: Mapping[str, Any]) -> M:
    """`given` as one of the wire's types. Arrays are taken for lists."""
    try:
        return model.model_validate(_plain(given))
    except ValidationError as error:
        raise errors.of_validation(error) from None


def given_only(**fields: Any) -> dict[str, Any]:
    """The fields that are not None."""
    return {name: value for name, value in fields.items() if value is not None}


def _plain(value: Any) -> Any:
    """Arrays as lists, wherever they are, and the wire's own types as their JSON."""
    if isinstance(value, Wire):
        return value.model_dump(by_alias=True, exclude_unset=True)
    if hasattr(value, "tolist"):  # numpy's arrays and numbers
        return value.tolist()
    if isinstance(value, Mapping):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [_plain(item) for item in value]
    return value
