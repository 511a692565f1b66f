"""Query parameters that a call does not have: mistakes, as fields are that a body does not have."""

from fastapi import Request

from gpff.errors import InputError
from studio.errors import plain


async def known_queries(request: Request) -> None:
    """A dependency of every call that is in the OpenAPI document, which lists its parameters. A misspelt `deadline_s`
    would end no job, and a page that is asked for by another name than its own would be the first again.

    Raises `InputError`.
    """
    if not request.query_params:
        return
    call = request.app.openapi()["paths"][request.scope["route"].path][request.method.lower()]
    known = sorted(one["name"] for one in call.get("parameters", []) if one["in"] == "query")
    for name, value in request.query_params.multi_items():
        if name not in known:
            expected = f"no parameter of this name, only {' or '.join(known)}" if known else "no parameters"
            raise InputError(f"query.{plain(ascii(name)[1:-1], 60)}", expected, plain(ascii(value), 60))
