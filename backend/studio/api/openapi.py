"""What is true of every call and of none in particular, added to the OpenAPI document: keys, and who may not."""

from typing import Any

from studio.api.answers import PROBLEM
from studio.api.gate import OPEN

BEARER, HEADER = "Bearer", "X-API-Key"
_SCHEMES = {
    BEARER: {"type": "http", "scheme": "bearer", "description": "An API key, where the service asks for one"},
    HEADER: {"type": "apiKey", "in": "header", "name": HEADER, "description": "The same in another header"},
}
_ALWAYS = {
    401: "No API key, or not one in force",
    403: "A page or a name that may not",
    422: "A field or a parameter is wrong",
    429: "Too many requests",
}


def complete(document: dict[str, Any]) -> None:
    """Say of every guarded call how a key is shown, and what may be answered to any."""
    document["components"]["securitySchemes"] = _SCHEMES
    for path, operations in document["paths"].items():
        if path.strip("/") in OPEN:
            continue
        for operation in operations.values():
            operation["security"] = [{}, {BEARER: []}, {HEADER: []}]  # none where no keys have been made
            for status, what in _ALWAYS.items():
                operation["responses"].setdefault(str(status), {"description": what, "content": PROBLEM})
