"""Every error that the client raises.

::

    Exception
    └── ClientError
        ├── Unreachable            no answer: no server, or the connection broke for too long
        └── ProblemError           the service said no, in a problem document or an `error` message; see `code`
            ├── BadRequest         invalid, bad_json, bad_message, binary, no_revision; names the `field`
            │   └── TooLarge       over_limit, too_large
            ├── Unauthorized       unauthorized
            ├── Forbidden          forbidden
            ├── NotFound           unknown_job, not_found
            ├── Conflict           ended, duplicate, conflict
            │   └── Outdated       outdated
            ├── Cancelled          cancelled
            ├── Expired            expired
            └── ServerError        internal
                └── Unavailable    engine, not_ready, draining, store, store_full
                    └── Busy       busy: come back after `retry_after_s`
"""

from typing import Any

import httpx
from pydantic import ValidationError

from studio.errors import Report
from studio.problems import complaint
from studio.protocol import BusyMessage, ErrorCode, ErrorMessage, Problem


class ClientError(Exception):
    """Root of the tree above."""


class Unreachable(ClientError):
    """There is no service, or it did not answer in time."""


class ProblemError(ClientError):
    """The service said no.

    `status`: of HTTP, None on the socket. `field`, `expected`, `got`: of a request that was wrong. `retry_after_s`:
    when it is worth asking again.
    """

    def __init__(
        self,
        code: ErrorCode,
        detail: str,
        *,
        status: int | None = None,
        field: str | None = None,
        expected: str | None = None,
        got: str | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.status = status
        self.field = field
        self.expected = expected
        self.got = got
        self.retry_after_s = retry_after_s

    def __str__(self) -> str:
        return f"{self.detail} ({self.code})"


class BadRequest(ProblemError):
    pass


class TooLarge(BadRequest):
    pass


class Unauthorized(ProblemError):
    pass


class Forbidden(ProblemError):
    pass


class NotFound(ProblemError):
    pass


class Conflict(ProblemError):
    pass


class Outdated(Conflict):
    pass


class Cancelled(ProblemError):
    pass


class Expired(ProblemError):
    pass


class ServerError(ProblemError):
    pass


class Unavailable(ServerError):
    pass


class Busy(Unavailable):
    pass


_KINDS: dict[ErrorCode, type[ProblemError]] = {
    "bad_json": BadRequest,
    "bad_message": BadRequest,
    "binary": BadRequest,
    "too_large": TooLarge,
    "invalid": BadRequest,
    "over_limit": TooLarge,
    "unknown_job": NotFound,
    "ended": Conflict,
    "duplicate": Conflict,
    "cancelled": Cancelled,
    "expired": Expired,
    "busy": Busy,
    "draining": Unavailable,
    "not_ready": Unavailable,
    "engine": Unavailable,
    "not_found": NotFound,
    "conflict": Conflict,
    "outdated": Outdated,
    "no_revision": BadRequest,
    "store": Unavailable,
    "store_full": Unavailable,
    "unauthorized": Unauthorized,
    "forbidden": Forbidden,
    "internal": ServerError,
}


def of_answer(response: httpx.Response) -> ProblemError:
    """The error in an answer of REST; of one that is no problem document, a `ServerError` that quotes it."""
    return of_text(response.status_code, response.text, response.headers.get("retry-after"))


def of_text(status: int, text: str, retry_after: str | None = None) -> ProblemError:
    try:
        return of_problem(Problem.model_validate_json(text), _seconds(retry_after))
    except ValidationError:
        return of_something_else(status, text)


def of_something_else(status: int, text: str) -> ProblemError:
    """An answer that is none of this service's."""
    return ServerError("internal", f"the answer {status} is none of this service: {text[:200]!r}", status=status)


def of_problem(problem: Problem, retry_after_s: float | None = None) -> ProblemError:
    facts: dict[str, Any] = {name: getattr(problem, name) for name in ("status", "field", "expected", "got")}
    return _KINDS[problem.code](problem.code, problem.detail, **facts, retry_after_s=retry_after_s)


def of_message(message: ErrorMessage) -> ProblemError:
    facts: dict[str, Any] = {name: getattr(message, name) for name in ("field", "expected", "got")}
    return _KINDS[message.code](message.code, message.detail, **facts)


def of_busy(message: BusyMessage) -> ProblemError:
    # The message says no more; the words are those of the table in docs/api.md.
    return Busy("busy", "the queue is full, or the rate is spent", retry_after_s=message.retry_after_ms / 1000)


def of_validation(error: ValidationError) -> ProblemError:
    """A request that is wrong before it is sent, in the words that the service would use."""
    return of_report(complaint(error.errors(include_url=False)))


def of_report(report: Report) -> ProblemError:
    return _KINDS[report.code](
        report.code,
        report.detail,
        status=report.status,
        field=report.field,
        expected=report.expected,
        got=report.got,
    )


def _seconds(text: str | None) -> float | None:
    try:
        return None if text is None else max(0.0, float(text))
    except ValueError:  # a date, which this service does not send
        return None
