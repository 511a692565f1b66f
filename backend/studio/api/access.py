"""The outermost layer: every request gets a number, one line in the log, and its place in the metrics."""

import logging
import re
import secrets
import time
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from studio.logs import bind
from studio.metrics import Metrics

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
QUIET = frozenset({"/healthz", "/readyz", "/metrics"})
_GIVEN = re.compile(r"[\w.-]{1,64}", re.ASCII)

log = logging.getLogger("studio.access")


class Access:
    """Logs and counts. A proxy's `X-Request-ID` is kept, and every answer carries one."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "")
        number = given if _GIVEN.fullmatch(given) else secrets.token_hex(8)
        # Not taken back: what the server logs after us, of an error for one, is of this request still.
        bind(request=number)
        if scope["type"] == "http":
            await self._request(scope, receive, send, number)
        else:
            await self._socket(scope, receive, send)

    async def _request(self, scope: Scope, receive: Receive, send: Send, number: str) -> None:
        status = 500
        began = time.monotonic()

        async def numbered(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-ID"] = number
            await send(message)

        try:
            await self._app(scope, receive, numbered)
        finally:
            seconds = time.monotonic() - began
            method = scope["method"] if scope["method"] in METHODS else "other"
            route = _route(scope)
            self._metrics.requests.labels(method, route, str(status)).inc()
            self._metrics.request.labels(route).observe(seconds)
            level = logging.DEBUG if status < 400 and (route in QUIET or route == "page") else logging.INFO
            fields = {"method": method, "path": scope["path"], "status": status, "seconds": round(seconds, 4)}
            log.log(level, "%s %s %d", method, ascii(scope["path"])[1:-1], status, extra=fields | _owner(scope))

    async def _socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = time.monotonic()
        opened = False

        async def watched(message: Message) -> None:
            nonlocal opened
            if message["type"] == "websocket.accept":
                opened = True
                self._metrics.sockets.inc()
                log.info("socket opened", extra=_owner(scope))
            elif message["type"] == "websocket.http.response.start":
                log.info("socket refused with %d", message["status"], extra={"status": message["status"]})
            await send(message)

        try:
            await self._app(scope, receive, watched)
        finally:
            if opened:
                self._metrics.sockets.dec()
                fields = {"seconds": round(time.monotonic() - began, 3)}
                log.info("socket closed", extra=fields | _owner(scope))


def _route(scope: Scope) -> str:
    """The pattern that the path met, never the path itself: there are as many as there are jobs."""
    route: Any = scope.get("route")
    return str(getattr(route, "path", None) or getattr(route, "name", None) or "none")


def _owner(scope: Scope) -> dict[str, Any]:
    owner = scope.get("studio.owner")
    return {} if owner is None else {"owner": owner}
