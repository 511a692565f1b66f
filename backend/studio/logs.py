"""Logs: one JSON object a line for machines, one sentence a line for people; both know whose request they speak of.

`bind` gives what its task logs, and the tasks which that starts, the fields that it names. No API
key is ever written: what looks like one is blotted out of the finished line, wherever it came from.
"""

import logging
import re
import sys
from collections.abc import Mapping
from contextvars import ContextVar
from types import MappingProxyType
from typing import Literal, TextIO

from pythonjsonlogger.core import RESERVED_ATTRS
from pythonjsonlogger.json import JsonFormatter

from studio.keys import PREFIX

type Format = Literal["auto", "json", "text"]

_NOTHING: Mapping[str, object] = MappingProxyType({})
_bound: ContextVar[Mapping[str, object]] = ContextVar("log fields", default=_NOTHING)
_KEY = re.compile(re.escape(PREFIX) + r"[A-Za-z0-9_-]{20,}")
_CHATTY = ("httpx", "httpcore", "websockets", "alembic")  # libraries whose every move is of no interest here


def bind(**fields: object) -> None:
    """Add `fields` to what this task, and those that it starts from now on, log."""
    _bound.set({**_bound.get(), **fields})


def configure(form: Format, level: str, process: str = "web", stream: TextIO | None = None) -> None:
    """Send all logs of this process to `stream` (standard error). `process` tells the engine's from the web's."""
    out = sys.stderr if stream is None else stream
    handler = logging.StreamHandler(out)
    handler.addFilter(_add_bound)
    text = form == "text" or (form == "auto" and out.isatty())
    handler.setFormatter(_Text(process) if text else _Json(process))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for name in _CHATTY:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLogger().level))
    logging.captureWarnings(True)


def _add_bound(record: logging.LogRecord) -> bool:
    record.bound = _bound.get()
    for name, value in _bound.get().items():
        record.__dict__.setdefault(name, value)
    return True


def _blotted(line: str) -> str:
    return _KEY.sub(PREFIX + "...", line)


class _Json(JsonFormatter):
    def __init__(self, process: str) -> None:
        super().__init__(
            ("levelname", "name", "message"),
            rename_fields={"levelname": "level", "name": "logger"},
            static_fields={"process": process},
            timestamp="time",
            reserved_attrs=[*RESERVED_ATTRS, "bound", "color_message"],
        )

    def format(self, record: logging.LogRecord) -> str:
        return _blotted(super().format(record))


class _Text(logging.Formatter):
    def __init__(self, process: str) -> None:
        super().__init__(f"%(asctime)s {process} %(levelname)s %(message)s", "%H:%M:%S")

    def format(self, record: logging.LogRecord) -> str:
        line = super().format(record)
        first, *rest = line.split("\n")
        told = " ".join(f"{name}={value}" for name, value in getattr(record, "bound", {}).items())
        return _blotted("\n".join((f"{first}  [{told}]" if told else first, *rest)))
