"""What pydantic complains of, in the words of the wire: which field, what was expected, what came."""

from collections.abc import Mapping, Sequence
from typing import Any

from studio.errors import Report, plain

_PREFIXES = ("Input should be ", "Input should have ", "String should ", "List should ", "Tuple should ")


def complaint(problems: Sequence[Mapping[str, Any]], drop: tuple[str, ...] = (), whole: str = "spec") -> Report:
    """The first of pydantic's error dictionaries as a report.

    `drop` are leading path elements to leave out; `whole`: what has no field that is wrong, but is wrong itself.
    """
    first = problems[0]
    path = [str(part) for part in first["loc"]]
    for name in drop:
        if path and path[0] == name:
            path.pop(0)
    field = ".".join(path) or whole
    expected, got = _sides(first)
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return Report(
        "invalid",
        422,
        plain(f"{field}: expected {expected}, got {got}{more}"),
        field=plain(field, 200),
        expected=plain(expected, 200),
        got=plain(got, 200),
    )


def describe(value: object) -> str:
    """A value as a client wrote it, short and in ASCII."""
    match value:
        case None:
            return "null"
        case dict():
            return "an object"
        case list() | tuple():
            return f"a list of {len(value)}"
    text = ascii(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _sides(problem: Mapping[str, Any]) -> tuple[str, str]:
    context = problem.get("ctx", {})
    match problem["type"]:
        case "form":
            return str(context["expected"]), str(context["got"])
        case "missing":
            return "a value", "nothing"
        case "extra_forbidden":
            return "no field of this name", describe(problem["input"])
    message = str(problem["msg"])
    for prefix in _PREFIXES:
        if message.startswith(prefix):
            message = message.removeprefix(prefix)
            break
    return message, describe(problem["input"])
