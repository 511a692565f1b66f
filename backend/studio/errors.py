"""Every error that the service raises on purpose, and what each becomes on the wire.

::

    Exception
    ├── gpff.errors.InputError    422 invalid      names the field (LimitError: 413 over_limit)
    └── StudioError
        ├── CodecError            bytes that are not a frame (also an InputError)
        ├── MessageError          400 bad_json, bad_message, binary; 413 too_large
        ├── Unauthorized          401 unauthorized
        ├── Forbidden             403 forbidden
        ├── UnknownJob            404 unknown_job
        ├── JobEnded              409 ended
        ├── DuplicateRequest      409 duplicate
        ├── JobCancelled          409 cancelled
        ├── JobExpired            504 expired
        ├── Busy                  429 busy         with `retry_after_s`
        ├── Draining              503 draining     with `retry_after_s`
        ├── NotFound              404 not_found
        ├── Conflict              409 conflict
        ├── Outdated              412 outdated
        ├── NoRevision            428 no_revision
        ├── StoreError            503 store
        │   └── StoreFull         507 store_full
        └── EngineError           503 engine
            └── NotReady          503 not_ready
"""

from dataclasses import dataclass

from gpff.errors import InputError, LimitError
from studio.protocol import ErrorCode, ErrorMessage, Problem


class StudioError(Exception):
    """Root of the tree above."""

    code: ErrorCode = "internal"
    status: int = 500
    retryable: bool = False


class CodecError(StudioError, InputError):
    """Bytes that are not exactly one frame of this version."""

    code: ErrorCode = "invalid"
    status = 422

    def __init__(self, field: str, expected: str, got: str) -> None:
        InputError.__init__(self, field, expected, got)


class MessageError(StudioError):
    """Something a client sent that is not a message at all: not JSON, not text, too long."""

    def __init__(self, code: ErrorCode, detail: str, status: int = 400) -> None:
        super().__init__(detail)
        self.code = code
        self.status = status


class Unauthorized(StudioError):
    """No API key, or not one in force."""

    code: ErrorCode = "unauthorized"
    status = 401


class Forbidden(StudioError):
    """A page or a name that this service does not serve."""

    code: ErrorCode = "forbidden"
    status = 403


class UnknownJob(StudioError):
    code: ErrorCode = "unknown_job"
    status = 404

    def __init__(self, job: str) -> None:
        super().__init__(f"there is no job {job}, or it is no longer kept")


class JobEnded(StudioError):
    code: ErrorCode = "ended"
    status = 409

    def __init__(self, job: str, wish: str) -> None:
        super().__init__(f"job {job} has ended: too late to {wish}")


class DuplicateRequest(StudioError):
    code: ErrorCode = "duplicate"
    status = 409

    def __init__(self, req_id: str) -> None:
        super().__init__(f"a job with req_id {req_id!r} is still running on this connection")


class JobCancelled(StudioError):
    code: ErrorCode = "cancelled"
    status = 409

    def __init__(self) -> None:
        super().__init__("the job was cancelled")


class JobExpired(StudioError):
    """The deadline that came with the job has passed."""

    code: ErrorCode = "expired"
    status = 504

    def __init__(self) -> None:
        super().__init__("the deadline of the job passed before it had finished")


class Busy(StudioError):
    """No room now. `retry_after_s`: when it is worth asking again."""

    code: ErrorCode = "busy"
    status = 429
    retryable = True

    def __init__(self, detail: str, retry_after_s: float) -> None:
        super().__init__(detail, retry_after_s)
        self.retry_after_s = retry_after_s

    def __str__(self) -> str:
        return str(self.args[0])


class Draining(StudioError):
    """The service is about to end: running jobs finish, new ones go to its successor after `retry_after_s`."""

    code: ErrorCode = "draining"
    status = 503
    retryable = True

    def __init__(self, detail: str, retry_after_s: float) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s


class NotFound(StudioError):
    """Nothing of this name, or nothing of this owner's."""

    code: ErrorCode = "not_found"
    status = 404


class Conflict(StudioError):
    """A request that contradicts what is there."""

    code: ErrorCode = "conflict"
    status = 409


class Outdated(StudioError):
    """Somebody else was faster: the revision that was to be changed is no longer the newest."""

    code: ErrorCode = "outdated"
    status = 412

    def __init__(self, revision: int) -> None:
        super().__init__(f'the design has changed since: its revision is now "{revision}"; read it again')


class NoRevision(StudioError):
    """A change that does not say which revision it is a change of."""

    code: ErrorCode = "no_revision"
    status = 428

    def __init__(self) -> None:
        super().__init__("say which revision is to change: If-Match with the ETag of the design, or * for any")


class StoreError(StudioError):
    """The database does not do what it should. The reason is in the log; nothing has been changed."""

    code: ErrorCode = "store"
    status = 503
    retryable = True


class StoreFull(StoreError):
    """There is no room for more."""

    code: ErrorCode = "store_full"
    status = 507


class EngineError(StudioError):
    """The engine failed while it worked on a job, or its process died."""

    code: ErrorCode = "engine"
    status = 503
    retryable = True


class NotReady(EngineError):
    """The model is not loaded: not yet, or not at all."""

    code: ErrorCode = "not_ready"


@dataclass(frozen=True)
class Report:
    """One error in the words of the wire, before it takes the form of REST or of the socket."""

    code: ErrorCode
    status: int
    detail: str
    retryable: bool = False
    field: str | None = None
    expected: str | None = None
    got: str | None = None
    retry_after_s: float | None = None

    def problem(self) -> Problem:
        return Problem(
            type=f"urn:gpff:problem:{self.code}",
            title=_TITLES[self.code],
            status=self.status,
            detail=self.detail,
            code=self.code,
            field=self.field,
            expected=self.expected,
            got=self.got,
        )

    def message(self, job: str | None = None, req_id: str | None = None) -> ErrorMessage:
        return ErrorMessage(
            code=self.code,
            detail=self.detail,
            retryable=self.retryable,
            job=job,
            req_id=req_id,
            field=self.field,
            expected=self.expected,
            got=self.got,
        )


def report(error: BaseException) -> Report:
    """What to tell the client about `error`. An unforeseen one says nothing of the server's inside."""
    if isinstance(error, InputError):
        over = isinstance(error, LimitError)
        return Report(
            "over_limit" if over else "invalid",
            413 if over else 422,
            plain(str(error)),
            field=plain(error.field),
            expected=plain(error.expected),
            got=plain(error.got),
        )
    if isinstance(error, StudioError):
        retry_after_s = error.retry_after_s if isinstance(error, Busy | Draining) else None
        return Report(error.code, error.status, plain(str(error)), error.retryable, retry_after_s=retry_after_s)
    return Report("internal", 500, "an error that was not foreseen; it is in the server's log", retryable=True)


def plain(text: str, limit: int = 500) -> str:
    """`text` short enough to send, without characters that UTF-8 cannot carry."""
    short = text if len(text) <= limit else text[: limit - 1] + "…"
    return short.encode("utf-8", "backslashreplace").decode("utf-8")


_TITLES: dict[ErrorCode, str] = {
    "bad_json": "The request is not JSON",
    "bad_message": "The message is not one of this protocol",
    "binary": "Clients send text only",
    "too_large": "The request is too large",
    "invalid": "A field of the request is wrong",
    "over_limit": "The request is over a limit",
    "unknown_job": "There is no such job",
    "ended": "The job has ended",
    "duplicate": "A request with this id is still running",
    "cancelled": "The job was cancelled",
    "expired": "The deadline passed",
    "busy": "The service is busy",
    "draining": "The service is about to end",
    "not_ready": "The model is not ready",
    "engine": "The engine failed",
    "not_found": "There is nothing here",
    "conflict": "This contradicts what is there",
    "outdated": "It has changed since",
    "no_revision": "If-Match is missing",
    "store": "The store of designs does not answer",
    "store_full": "The store of designs is full",
    "unauthorized": "An API key is needed",
    "forbidden": "Not allowed",
    "internal": "Internal error",
}
