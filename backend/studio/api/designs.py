"""Saved designs. Another owner's are not there, unless they are shared."""

import hashlib
import re
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from gpff.errors import InputError
from studio.api.answers import PROBLEM
from studio.api.design_files import attachment, exported, read_file, shared
from studio.api.following import REPLAYED, key_header
from studio.api.replay import replayed
from studio.api.revisions import IfMatch, IfNoneMatch, etag, is_known, named, to_change
from studio.api.state import owner, services
from studio.design_types import (
    MAX_PAGE,
    MAX_TAGS,
    Appended,
    AppendNodes,
    Design,
    DesignFile,
    DesignPage,
    DesignPatch,
    Line,
    NewDesign,
    Node,
    Replay,
    Tag,
)
from studio.errors import NotFound
from studio.protocol import Formula, Problem, Wire
from studio.store.designs import Designs, Once
from studio.store.search import Query as Search
from studio.store.store import Store

_PROBLEMS = {
    400: "Not JSON",
    404: "No such design, node or share",
    409: "It contradicts what is there",
    412: "The design has changed since",
    413: "Over a limit",
    422: "A field is wrong",
    428: "If-Match is missing",
    429: "Too many requests",
    503: "The database is out of reach or busy: nothing was changed",
    504: "The deadline passed",
    507: "The disk of the database is full: nothing was changed",
}
_ETAG = {"ETag": {"schema": {"type": "string"}, "description": "The revision, for If-Match and If-None-Match"}}
_FILE = {"application/json": {"schema": {"$ref": "#/components/schemas/DesignFile"}}}
_READ, _WRITE = (404, 429, 503), (400, 404, 413, 422, 429, 503, 507)
_ID = re.compile(r"[0-9a-f]{32}", re.ASCII)
_NODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)
_SHARE = re.compile(r"[A-Za-z0-9_-]{16,64}", re.ASCII)

IdempotencyKey = Annotated[
    str | None, key_header("Requests of one owner with the same key and content make one design")
]

router = APIRouter(prefix="/designs", tags=["designs"])
shares = APIRouter(tags=["designs"])


def _answers(status: int, codes: tuple[int, ...], **ok: Any) -> dict[int | str, dict[str, Any]]:
    problems: dict[int | str, dict[str, Any]] = {
        code: {"model": Problem, "description": _PROBLEMS[code], "content": PROBLEM} for code in codes
    }
    return {status: {"headers": _ETAG, **ok}, **problems}


@router.get("", response_model=DesignPage, responses=_answers(200, (422, 429, 503), headers={}))
async def search(
    request: Request,
    q: Annotated[Line, Query(description="Text in the name or in a tag, or a formula")] = "",
    tag: Annotated[list[Tag], Query(max_length=MAX_TAGS, description="All of these, whatever their case")] = [],  # noqa: B006
    formula: Annotated[Formula | None, Query(description="Of a molecule in it, such as C7H8O2")] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 50,
    cursor: Annotated[str | None, Query(max_length=100, description="`next` of the page before")] = None,
) -> Response:
    """Your designs, those changed last first."""
    try:
        query = Search(q, tuple(tag), formula, limit, cursor)
        return _json(await _store(request).ask(Designs.search, owner(request), query))
    except InputError as error:
        raise error.under("query") from None


@router.post("", status_code=201, response_model=Design, responses=_answers(201, (400, 413, 422, 429, 503, 507)))
async def create(new: NewDesign, request: Request, idempotency_key: IdempotencyKey = None) -> Response:
    """Keep a new design, with or without nodes. `Location` is where it is."""
    once = _once(idempotency_key, "create", new.model_dump_json(by_alias=True).encode())
    return _created(await _store(request).ask(Designs.create, owner(request), new, once))


@router.post(
    "/import",
    status_code=201,
    response_model=Design,
    responses=_answers(201, (400, 413, 422, 429, 503, 507)),
    openapi_extra={"requestBody": {"required": True, "content": _FILE}},
)
async def import_file(request: Request, idempotency_key: IdempotencyKey = None) -> Response:
    """Keep a design from the file of one, see `/designs/{id}/file`. It becomes a new design, of yours."""
    data = await request.body()
    once = _once(idempotency_key, "import", data)
    name = owner(request)

    def keep(designs: Designs) -> tuple[Design, bool]:
        head, new = read_file(data)
        return designs.create(name, new, once, head.created)

    return _created(await _store(request).ask(keep))


@shares.get("/shared/{share}", response_model=DesignFile, responses=_answers(200, _READ, headers={}))
async def read_shared(share: str, request: Request) -> Response:
    """A whole design that somebody shares: the same file as its owner's."""
    if not _SHARE.fullmatch(share):
        raise NotFound("there is no shared design of this name, or it is no longer shared")
    return Response(await _store(request).ask(shared, share), media_type="application/json")


@router.get("/{id}", response_model=Design, responses={304: {"description": "Not changed"}, **_answers(200, _READ)})
async def read(id: str, request: Request, if_none_match: IfNoneMatch = None) -> Response:
    """A design with the heads of its nodes; a node itself is at `/designs/{id}/nodes/{node}`."""
    design = await _store(request).ask(Designs.read, owner(request), _known(id))
    if is_known(if_none_match, design.revision):
        return Response(status_code=304, headers=etag(design.revision))
    return _design(design)


@router.patch("/{id}", response_model=Design, responses=_answers(200, (*_WRITE, 412, 428)))
async def patch(id: str, change: DesignPatch, request: Request, if_match: IfMatch = None) -> Response:
    """Change name, tags, thumbnail, state or names of nodes. What is left out stays."""
    revisions = to_change(if_match)
    return _design(await _store(request).ask(Designs.patch, owner(request), _known(id), change, revisions))


@router.delete(
    "/{id}", status_code=204, response_class=Response, responses=_answers(204, (404, 412, 422, 428, 429, 503, 507))
)
async def delete(id: str, request: Request, if_match: IfMatch = None) -> Response:
    """Delete a design and all its nodes, for good."""
    await _store(request).ask(Designs.delete, owner(request), _known(id), to_change(if_match))
    return Response(status_code=204)


@router.post("/{id}/nodes", response_model=Appended, responses=_answers(200, (*_WRITE, 409, 412)))
async def append(id: str, body: AppendNodes, request: Request, if_match: IfMatch = None) -> Response:
    """Add nodes, parents first: all of them or none.

    Nodes never change, so two who add to one design do not get into each other's way: If-Match may be left out. A node
    that is there already is left as it is, so a request may be sent again; with other content it is 409.
    """
    ask = _store(request).ask
    appended = await ask(Designs.append, owner(request), _known(id), body.nodes, named(if_match))
    return _json(appended, etag(appended.revision))


@router.get("/{id}/nodes/{node}", response_model=Node, responses=_answers(200, _READ, headers={}))
async def read_node(id: str, node: str, request: Request) -> Response:
    """One node, whole. It never changes, but for its name."""
    return _json(await _node(request, id, node))


@router.post("/{id}/nodes/{node}/replay", responses=_answers(200, (404, 409, 413, 422, 429, 503, 504), headers={}))
async def replay(id: str, node: str, request: Request) -> Replay:
    """Run a node's spec and seed once more, and say how far the molecules are from those that were kept."""
    return await replayed(await _node(request, id, node), request)


@router.get("/{id}/file", response_model=DesignFile, responses=_answers(200, _READ))
async def export(id: str, request: Request) -> Response:
    """A whole design as one file, which `/designs/import` reads, here or elsewhere."""
    data, revision = await _store(request).ask(exported, owner(request), _known(id))
    return attachment(data, f"design-{id}.json", etag(revision))


@router.put("/{id}/share", response_model=Design, responses=_answers(200, (*_READ, 507)))
async def share(id: str, request: Request) -> Response:
    """Let everyone who may use this service read the design at `/shared/{share}`; nobody can guess the name."""
    return _design(await _store(request).ask(Designs.share, owner(request), _known(id), True))


@router.delete("/{id}/share", response_model=Design, responses=_answers(200, (*_READ, 507)))
async def unshare(id: str, request: Request) -> Response:
    """Share the design no longer; shared again it has another name."""
    return _design(await _store(request).ask(Designs.share, owner(request), _known(id), False))


async def _node(request: Request, id: str, node: str) -> Node:
    if not _NODE.fullmatch(node):
        raise NotFound("there is no such node in this design")
    return await _store(request).ask(Designs.node, owner(request), _known(id), node)


def _store(request: Request) -> Store:
    return services(request).store


def _known(id: str) -> str:
    """An id that a design may have: what cannot be one is not asked for."""
    if not _ID.fullmatch(id):
        raise NotFound("there is no such design")
    return id


def _once(key: str | None, what: str, content: bytes) -> Once | None:
    return None if key is None else Once(key, hashlib.sha256(what.encode() + b"\n" + content).digest())


def _created(made: tuple[Design, bool]) -> Response:
    design, new = made
    headers = {"Location": f"/designs/{design.id}", **({} if new else REPLAYED)}
    return _json(design, {**etag(design.revision), **headers}, 201)


def _design(design: Design) -> Response:
    return _json(design, etag(design.revision))


def _json(answer: Wire, headers: dict[str, str] | None = None, status: int = 200) -> Response:
    return Response(answer.model_dump_json(by_alias=True), status, headers, media_type="application/json")
