"""Who may ask for what, decided before a body is read: host, origin, API key, rate, and whether new work is taken.

Open to all are the page's files, the documentation of the interface, and health. A socket may show its key in the
handshake or, as browsers cannot, in its first message; the session sees to that.
"""

import re

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket

from studio.api.answers import problem
from studio.api.origins import host_allowed, origin_allowed
from studio.api.state import address, owner, presented_key, services, visitor
from studio.errors import Forbidden, StudioError, Unauthorized, report
from studio.logs import bind
from studio.receipts import HEADER
from studio.settings import Settings

NEW_WORK = re.compile(
    r"/generate|/jobs|/jobs/[^/]+/branch|/designs/[^/]+/nodes/[^/]+/replay"
)  # POST starts a job there
OPEN = frozenset({"healthz", "readyz"})


class Gate:
    """Answers what may not pass with a problem document. `paths`: those of the REST interface."""

    def __init__(self, app: ASGIApp, settings: Settings, paths: frozenset[str]) -> None:
        self._app = app
        self._settings = settings
        self._guarded = frozenset(_first(path) for path in paths) - OPEN

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        try:
            self._check_host(Headers(scope=scope))
            if scope["type"] == "websocket":
                await self._check_handshake(HTTPConnection(scope))
            elif _first(scope["path"]) in self._guarded:
                await self._check_request(HTTPConnection(scope), scope["method"])
        except StudioError as error:
            refusal = problem(report(error))
            if scope["type"] == "websocket":
                await WebSocket(scope, receive, send).send_denial_response(refusal)
            else:
                await refusal(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _check_host(self, headers: Headers) -> None:
        host = headers.get("host", "")
        if not host_allowed(host, self._settings):
            raise Forbidden(f"host: expected a name in STUDIO_ALLOWED_HOSTS, got {ascii(host)[:80]}")

    async def _check_request(self, request: HTTPConnection, method: str) -> None:
        shared = services(request)
        self._check_origin(request.headers)
        who = await self._who(request)
        _name(request)
        await shared.rates.request(who)
        new = method == "POST" and NEW_WORK.fullmatch(request.scope["path"])
        if new and HEADER not in request.headers:  # else it may be for a job that runs: see `studio.api.following`
            shared.door.check()
            await shared.rates.job(who)

    async def _check_handshake(self, connection: HTTPConnection) -> None:
        shared = services(connection)
        self._check_origin(connection.headers)
        if shared.keys.required and presented_key(connection.headers) is None:
            who = address(connection)  # the key comes with the first message
        else:
            who = await self._who(connection)
            _name(connection)
        await shared.rates.request(who)

    async def _who(self, connection: HTTPConnection) -> str:
        try:
            return visitor(connection)
        except Unauthorized:
            await services(connection).rates.request(address(connection))  # nobody may try keys without end
            raise

    def _check_origin(self, headers: Headers) -> None:
        origin = headers.get("origin")
        if not origin_allowed(origin, headers.get("host", ""), self._settings.allowed_origins):
            raise Forbidden(f"origin: expected one in STUDIO_ALLOWED_ORIGINS, got {ascii(origin)[:80]}")


def _name(connection: HTTPConnection) -> None:
    """Let the log know whose request this is."""
    connection.scope["studio.owner"] = name = owner(connection)
    bind(owner=name)


def _first(path: str) -> str:
    return path.split("/", 2)[1] if path.startswith("/") else path
