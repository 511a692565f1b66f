"""The interface as one readable page, made from its own descriptions: no script, nothing from elsewhere.

openapi and asyncapi are the documents of REST and of the socket; their JSON schemas are shown as tables that link to
one another.
"""

import html
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

STYLE = """
:root { color-scheme: light dark; --line: color-mix(in srgb, currentColor 20%, transparent); }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto 6rem; padding: 0 1rem; }
h2 { margin: 3rem 0 1rem; border-bottom: 1px solid var(--line); } h3 { margin: 2rem 0 .3rem; }
code, pre { font: 13px/1.5 ui-monospace, monospace; }
pre { overflow: auto; padding: .7rem; border: 1px solid var(--line); border-radius: 6px; }
details { border: 1px solid var(--line); border-radius: 6px; margin: .5rem 0; padding: .4rem .8rem; }
summary { cursor: pointer; } summary b { display: inline-block; min-width: 4.5rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .25rem .6rem .25rem 0; border-top: 1px solid var(--line); }
th { font-weight: 600; } td:first-child { white-space: nowrap; }
nav a { margin-right: 1rem; }
"""

type Json = Mapping[str, Any]


def page(openapi: Json, asyncapi: Json) -> str:
    """The whole page. Everything in the documents is escaped; text between backquotes becomes code."""
    about = openapi["info"]
    rest = "".join(
        _operation(method, path, operation)
        for path, item in openapi["paths"].items()
        for method, operation in item.items()
    )
    schemas = {**openapi["components"]["schemas"], **asyncapi["components"]["schemas"]}
    return (
        '<!doctype html>\n<html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{_text(about['title'])}: the interface</title><style>{STYLE}</style>\n"
        f"<h1>{_text(about['title'])} {_text(about['version'])}</h1>\n{_prose(about.get('description', ''))}"
        '<nav><a href="#rest">REST</a><a href="#socket">Socket</a><a href="#types">Types</a>'
        '<a href="/openapi.json">openapi.json</a><a href="/asyncapi.json">asyncapi.json</a></nav>\n'
        f'<h2 id="rest">REST</h2>\n{rest}<h2 id="socket">The socket</h2>\n{_socket(asyncapi)}'
        f'<h2 id="types">Types</h2>\n{"".join(_schema(name, schemas[name]) for name in sorted(schemas))}</html>\n'
    )


def _operation(method: str, path: str, operation: Json) -> str:
    about = operation.get("description") or operation.get("summary", "")
    parameters = operation.get("parameters", ())
    rows = [
        (f"<code>{_text(one['name'])}</code>", one["in"], _type(one["schema"]), _line(one.get("description", "")))
        for one in parameters
    ]
    parts = [_prose(about), _table(("parameter", "in", "type", ""), rows)]
    if "requestBody" in operation:
        parts.append(f"<p>Body: {_contents(operation['requestBody'])}</p>")
    answers = [
        (_text(status), _contents(answer), _line(answer.get("description", "")))
        for status, answer in operation["responses"].items()
    ]
    parts.append(_table(("answer", "content", ""), answers))
    head = f"<b>{_text(method.upper())}</b> <code>{_text(path)}</code>"
    return f"<details><summary>{head} {_line(about.split(chr(10))[0])}</summary>{''.join(parts)}</details>\n"


def _contents(of: Json) -> str:
    found = []
    for media_type, content in of.get("content", {}).items():
        type = _type(content["schema"]) if content.get("schema") else ""
        found.append(f"<code>{_text(media_type)}</code> {type}")
    return "<br>".join(found)


def _socket(asyncapi: Json) -> str:
    messages = asyncapi["components"]["messages"]
    parts = [_prose(asyncapi["info"]["description"])]
    for title, action in (("From the client", "receive"), ("From the service", "send")):
        rows = []
        for name in _names(asyncapi, action):
            message = messages[name]
            replies = ", ".join(_replies(asyncapi, name)) if action == "receive" else ""
            type = _type(message["payload"])
            rows.append((f"<code>{_text(name)}</code>", type, _line(message.get("summary", "")), _text(replies)))
        parts.append(f"<h3>{title}</h3>{_table(('message', 'type', '', 'answered by'), rows)}")
    parts.append(f"<h3>A frame</h3><pre>{_text(messages['frame']['description'])}</pre>")
    return "".join(parts)


def _names(asyncapi: Json, action: str) -> list[str]:
    received = [name for name, operation in asyncapi["operations"].items() if operation["action"] == "receive"]
    return received if action == "receive" else [name for name in _messages(asyncapi) if name not in received]


def _messages(asyncapi: Json) -> Iterable[str]:
    return asyncapi["channels"]["socket"]["messages"]  # type: ignore[no-any-return]


def _replies(asyncapi: Json, name: str) -> list[str]:
    reply = asyncapi["operations"][name].get("reply", {"messages": []})
    return [str(message["$ref"]).rsplit("/", 1)[1] for message in reply["messages"]]


def _schema(name: str, schema: Json) -> str:
    required = set(schema.get("required", ()))
    rows = []
    for field, of in schema.get("properties", {}).items():
        bounds = [f"{key}: {json.dumps(of[key])}" for key in _BOUNDS if key in of]
        note = "required" if field in required else f"default {json.dumps(of['default'])}" if "default" in of else ""
        about = "; ".join(filter(None, (note, *bounds)))
        rows.append((f"<code>{_text(field)}</code>", _type(of), f"{_text(about)} {_line(of.get('description', ''))}"))
    body = _table(("field", "type", ""), rows) if rows else f"<p>{_type(schema)}</p>"
    return f'<h3 id="{_text(name)}">{_text(name)}</h3>\n{_prose(schema.get("description", ""))}{body}\n'


_BOUNDS = (
    "minimum",
    "exclusiveMinimum",
    "maximum",
    "exclusiveMaximum",
    "minLength",
    "maxLength",
    "pattern",
    "maxItems",
)


def _type(schema: Json) -> str:
    """The type of a JSON schema in a line of HTML."""
    if "$ref" in schema:
        name = _text(str(schema["$ref"]).rsplit("/", 1)[1])
        return f'<a href="#{name}">{name}</a>'
    for key in ("anyOf", "oneOf"):
        if key in schema:
            return " | ".join(dict.fromkeys(_type(option) for option in schema[key]))
    if "const" in schema or "enum" in schema:
        values = schema["enum"] if "enum" in schema else [schema["const"]]
        return " | ".join(f"<code>{_text(json.dumps(value))}</code>" for value in values)
    match schema.get("type"):
        case "array" if "prefixItems" in schema:
            return f"[{', '.join(_type(item) for item in schema['prefixItems'])}]"
        case "array":
            return f"list of {_type(schema.get('items', {}))}"
        case str() as name:
            return _text(name)
    return "any"


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    if not body:
        return ""
    return f"<table><tr>{''.join(f'<th>{head}</th>' for head in heads)}</tr>{body}</table>"


def _prose(text: str) -> str:
    return "".join(f"<p>{_line(part)}</p>\n" for part in text.split("\n\n") if part.strip())


def _line(text: str) -> str:
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", _text(text.replace("``", "`")))


def _text(text: str) -> str:
    return html.escape(str(text))
