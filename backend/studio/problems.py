"""What pydantic complains of, in the words of the wire: which field, what was expected, what came."""

from collections.abc import Mapping, Sequence
from typing import Any

from studio.errors import Report, plain

MAX_PATH = 20  # names of a field's path that are told; only what is not of this protocol lies deeper
_PREFIXES = (
    "Value error, expected ",
    "Input should be ",
    "Input should have ",
    "String should ",
    "List should ",
    "Tuple should ",
)
_BOUNDS = {
    "greater_than": ("more than", "gt"),
    "greater_than_equal": ("at least", "ge"),
    "less_than": ("less than", "lt"),
    "less_than_equal": ("at most", "le"),
}
_EXPECTED = {
    **dict.fromkeys(("model_type", "model_attributes_type", "dict_type"), "an object"),
    **dict.fromkeys(("list_type", "tuple_type"), "a list"),
    **dict.fromkeys(("int_type", "int_parsing", "int_parsing_size", "int_from_float"), "an integer"),
    **dict.fromkeys(("float_type", "float_parsing"), "a number"),
    **dict.fromkeys(("bool_type", "bool_parsing"), "true or false"),
    "extra_forbidden": "no field of this name",
    "finite_number": "a finite number",
    "string_type": "a string",
    "string_unicode": "text without halves of surrogate pairs",
}


def complaint(problems: Sequence[Mapping[str, Any]], drop: tuple[str, ...] = (), whole: str = "spec") -> Report:
    """The first of pydantic's error dictionaries as a report.

    `drop` are leading path elements to leave out; `whole`: what has no field that is wrong, but is wrong itself.
    """
    first = problems[0]
    path = [str(part) for part in first["loc"]]
    for name in drop:
        if path and path[0] == name:
            path.pop(0)
    field = ".".join(path if len(path) <= MAX_PATH else [*path[:MAX_PATH], "…"]) or whole
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


def expectation(problem: Mapping[str, Any]) -> str:
    """What was expected, by one of pydantic's error dictionaries."""
    return _sides(problem)[0]


def describe(value: object) -> str:
    """A value as a client wrote it, short and in ASCII."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case dict():
            return "an object"
        case list() | tuple():
            return f"a list of {len(value)}"
    text = ascii(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _sides(problem: Mapping[str, Any]) -> tuple[str, str]:
    context, kind, got = problem.get("ctx", {}), problem["type"], describe(problem["input"])
    match kind:
        case "form":
            return str(context["expected"]), str(context["got"])
        case "missing":
            return "a value", "nothing"
        case "too_short" | "string_too_short":
            return f"at least {_counted(context['min_length'], kind)}", got
        case "too_long" | "string_too_long":
            return f"at most {_counted(context['max_length'], kind)}", _length(problem["input"], got)
        case "string_pattern_mismatch":
            return f"text that matches {context['pattern']}", got
        case str() if kind in _BOUNDS:
            word, name = _BOUNDS[kind]
            bound = context[name]
            return f"{word} {bound:g}" if isinstance(bound, float) else f"{word} {bound}", got
        case str() if kind in _EXPECTED:
            return _EXPECTED[kind], got
    message = str(problem["msg"])
    for prefix in _PREFIXES:
        if message.startswith(prefix):
            message = message.removeprefix(prefix)
            break
    return message, got


def _counted(n: int, kind: str) -> str:
    thing = "character" if kind.startswith("string") else "item"
    return f"{n} {thing}" if n == 1 else f"{n} {thing}s"


def _length(value: object, got: str) -> str:
    return f"{len(value)} characters" if isinstance(value, str) else got
