"""The socket as an AsyncAPI 3.0 document, made from the types of `studio.protocol`.

The document takes the side of the service: it *receives* what a client sends, and *sends* the rest.
"""

from typing import Any, get_args

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from studio import codec, protocol
from studio.protocol import SUBPROTOCOL, VERSION

FRAME = "frame"

_ANSWERS = {  # what each message of a client is answered by; all of them by `error` where they cannot be acted on
    "hello": ("welcome",),
    "start": ("accepted", "busy"),
    "branch": ("accepted", "busy"),
    "resume": ("topology", FRAME, "verdict", "final"),
    "ping": ("pong",),
}
_UNASKED = ("topology", FRAME, "verdict", "final", "error", "draining")
_ABOUT = f"""\
Starts jobs and streams every step of them: JSON for control, binary for frames. The subprotocol is `{SUBPROTOCOL}`.

A slow reader gets the newest frame in place of those that came too fast, and never loses the final. Sequence numbers
of a job rise and never repeat. A connection that breaks does not cancel its jobs for a while: `resume` follows them
from another one. Where API keys are set, the first message is `hello` with a `key`."""


def document() -> dict[str, Any]:
    """The AsyncAPI document, ready for JSON."""
    clients, servers = tagged(protocol.AnyClientMessage), tagged(protocol.AnyServerMessage)
    names = [*clients, *servers, FRAME]
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "GPFF Studio: the socket", "version": f"{VERSION}.0.0", "description": _ABOUT},
        "defaultContentType": "application/json",
        "channels": {
            "socket": {
                "address": "/ws",
                "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names},
                "bindings": {"ws": {"method": "GET"}},
            }
        },
        "operations": {**{name: _received(name) for name in clients}, "events": _sent()},
        "components": {
            "messages": {
                **{name: _message(name, model) for name, model in (clients | servers).items()},
                FRAME: _frame(),
            },
            "schemas": _schemas([*clients.values()], [*servers.values()]),
        },
    }


def tagged(union: Any) -> dict[str, type[BaseModel]]:
    """The models of a union of messages by their `type`."""
    models: tuple[type[BaseModel], ...] = get_args(union.__value__)
    return {get_args(model.model_fields["type"].annotation)[0]: model for model in models}


def _received(name: str) -> dict[str, Any]:
    answers = (*_ANSWERS.get(name, ()), *(() if name == "ping" else ("error",)))
    return {
        "action": "receive",
        "channel": {"$ref": "#/channels/socket"},
        "messages": [_reference(name)],
        "reply": {"channel": {"$ref": "#/channels/socket"}, "messages": [_reference(answer) for answer in answers]},
    }


def _sent() -> dict[str, Any]:
    return {
        "action": "send",
        "summary": "What is said of jobs that run, and of the service",
        "channel": {"$ref": "#/channels/socket"},
        "messages": [_reference(name) for name in _UNASKED],
    }


def _reference(name: str) -> dict[str, str]:
    return {"$ref": f"#/channels/socket/messages/{name}"}


def _message(name: str, model: type[BaseModel]) -> dict[str, Any]:
    about = (model.__doc__ or "").strip().split("\n\n")[0].replace("\n", " ")
    return {
        "name": name,
        "contentType": "application/json",
        **({"summary": about} if about else {}),
        "payload": {"$ref": f"#/components/schemas/{model.__name__}"},
    }


def _frame() -> dict[str, Any]:
    return {
        "name": FRAME,
        "contentType": "application/vnd.gpff.frames",
        "summary": "Where the atoms are after a step",
        "description": (codec.__doc__ or "").strip(),
        "payload": {"type": "string", "format": "binary", "minLength": codec.HEADER.size},
    }


def _schemas(requests: list[type[BaseModel]], answers: list[type[BaseModel]]) -> dict[str, Any]:
    """Requests may leave defaults out, answers do not."""
    modes = [*((model, "validation") for model in requests), *((model, "serialization") for model in answers)]
    _, found = models_json_schema(modes, ref_template="#/components/schemas/{model}")  # type: ignore[arg-type]
    schemas: dict[str, Any] = found["$defs"]
    return schemas
