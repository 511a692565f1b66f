"""Whole designs as files. Long ones are read node by node, in a thread, so that no stream waits for them."""

from codecs import BOM_UTF8
from typing import Any

from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from pydantic_core import from_json
from starlette.responses import Response

from studio.design_types import DesignFile, DesignHead, NewDesign, Node
from studio.errors import MessageError
from studio.store.designs import Designs

MEDIA_TYPE = "application/json"


def read_file(data: bytes) -> tuple[DesignHead, NewDesign]:
    """What a file holds. Raises `MessageError` for what is no JSON, `RequestValidationError` for what is no design."""
    try:
        content = from_json(data.removeprefix(BOM_UTF8), allow_inf_nan=False)
    except ValueError as error:
        raise MessageError("bad_json", f"the body is not JSON: {error}") from None
    try:
        if not isinstance(content, dict) or not isinstance(content.get("nodes"), list):
            DesignFile.model_validate(content)  # raises, and says what is missing
        nodes = content.pop("nodes")
        head = DesignHead.model_validate(content)
    except ValidationError as error:
        raise RequestValidationError(error.errors()) from None
    kept = [_node(i, node) for i, node in enumerate(nodes)]
    return head, NewDesign(name=head.name, tags=head.tags, thumbnail=head.thumbnail, state=head.state, nodes=list(kept))


def _node(i: int, value: Any) -> Node:
    try:
        return Node.model_validate(value)
    except ValidationError as error:
        where = ("nodes", i)
        raise RequestValidationError([{**one, "loc": (*where, *one["loc"])} for one in error.errors()]) from None


def exported(designs: Designs, owner: str, id: str) -> tuple[bytes, int]:
    """A whole design as the bytes of a file, and its revision."""
    file, revision = designs.export(owner, id)
    return file.model_dump_json(by_alias=True).encode(), revision


def shared(designs: Designs, share: str) -> bytes:
    """A shared design as the bytes of a file."""
    return designs.shared(share).model_dump_json(by_alias=True).encode()


def attachment(data: bytes, name: str, headers: dict[str, str]) -> Response:
    """A file to be saved under `name`."""
    disposition = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(data, headers={**disposition, **headers}, media_type=MEDIA_TYPE)
