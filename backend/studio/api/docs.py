"""The interface described: /docs to read, /asyncapi.json beside FastAPI's /openapi.json for programs."""

from functools import cache
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from studio.api.docs_page import page
from studio.asyncapi import document

router = APIRouter()


async def docs(request: Request) -> Response:
    """The interface as a page."""
    return HTMLResponse(page(request.app.openapi(), _socket()))


async def asyncapi(request: Request) -> Response:
    """The socket as an AsyncAPI document."""
    return JSONResponse(_socket())


router.add_route("/docs", docs, include_in_schema=False)
router.add_route("/asyncapi.json", asyncapi, include_in_schema=False)


@cache
def _socket() -> dict[str, Any]:
    return document()
