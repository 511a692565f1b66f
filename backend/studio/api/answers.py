"""Errors of the REST interface as RFC 9457 problem documents."""

import logging
import math

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from gpff.errors import InputError
from studio.api.middleware import BodyTooLarge
from studio.errors import Report, StudioError, plain, report
from studio.problems import complaint
from studio.protocol import ErrorCode

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
PROBLEM = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
"""Content of an error's answer in the OpenAPI document."""

OF_SPECS = frozenset({"/generate", "/jobs"})  # where the body is a spec

_CODES: dict[int, ErrorCode] = {400: "bad_json", 403: "forbidden", 404: "not_found", 413: "too_large"}


def problem(error: Report) -> Response:
    """The problem document of a report, with Retry-After where it is worth coming back."""
    headers = {}
    if error.retry_after_s is not None:
        headers["Retry-After"] = str(math.ceil(error.retry_after_s))
    elif error.status == 503:
        headers["Retry-After"] = "2"
    elif error.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    body = error.problem().model_dump_json()
    return Response(body, error.status, headers, media_type=MEDIA_TYPE)


def wrong(field: str, expected: str, got: str, code: ErrorCode = "invalid", status: int = 422) -> Report:
    """What is wrong with a request before anything in its body is."""
    return Report(code, status, f"{field}: expected {expected}, got {got}", field=field, expected=expected, got=got)


def _not_json(error: HTTPException) -> str:
    """Of a body that FastAPI could not read for another reason than its grammar."""
    match error.__cause__:
        case UnicodeDecodeError():
            return "the body is not JSON: expected text in UTF-8, got other bytes"
        case RecursionError():
            return "the body is not JSON: expected fewer levels, got lists or objects in one another too often"
        case ValueError():
            return "the body is not JSON: expected numbers of fewer digits, got a longer one"
    return str(error.detail)


def install(app: FastAPI) -> None:
    """Make `app` answer every error with a problem document."""

    @app.exception_handler(RequestValidationError)
    async def _invalid(request: Request, error: RequestValidationError) -> Response:
        problems = error.errors()
        if problems[0]["type"] == "json_invalid":
            where = problems[0]["loc"][-1]
            reason = problems[0].get("ctx", {}).get("error", "")
            return problem(Report("bad_json", 400, f"the body is not JSON: {reason} at character {where}"))
        if problems[0]["loc"] == ("body",) and isinstance(problems[0].get("input"), bytes):  # it was not looked into
            stated = request.headers.get("content-type")
            got = "nothing" if stated is None else ascii(stated)[:80]
            return problem(wrong("header.content-type", "application/json", got))
        whole = "spec" if request.scope["path"] in OF_SPECS else "body"
        return problem(complaint(problems, drop=("body",), whole=whole))

    @app.exception_handler(InputError)
    @app.exception_handler(StudioError)
    async def _ours(request: Request, error: Exception) -> Response:
        return problem(report(error))

    @app.exception_handler(BodyTooLarge)
    async def _large(request: Request, error: BodyTooLarge) -> Response:
        stated = request.headers.get("content-length", "")
        got = f"{stated[:20]} bytes" if stated.isdecimal() else "more"
        return problem(wrong("body", str(error.detail), got, "too_large", 413))

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> Response:
        code = _CODES.get(error.status_code, "internal" if error.status_code >= 500 else "bad_message")
        headers = error.headers or {}
        match error.status_code:
            case 400:
                found = Report(code, 400, _not_json(error))
            case 404:
                found = Report(code, 404, f"there is nothing at {plain(ascii(request.url.path)[1:-1], 200)}")
            case 405 if "Allow" in headers:
                found = wrong("method", headers["Allow"], ascii(request.method)[1:-1][:20], code, 405)
            case _:
                found = Report(code, error.status_code, str(error.detail))
        answer = problem(found)
        answer.headers.update(headers)
        return answer

    @app.exception_handler(Exception)
    async def _unforeseen(request: Request, error: Exception) -> Response:
        return problem(report(error))
