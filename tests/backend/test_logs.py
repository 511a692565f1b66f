"""What is logged, as a machine and as a person reads it."""

import asyncio
import io
import json
import logging
from collections.abc import Iterator

import pytest

from studio import logs

KEY = "gpff_" + "aB3_-" * 8


@pytest.fixture(autouse=True)
def loggers() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(False)


def lines(form: logs.Format, level: str = "info") -> tuple[logging.Logger, io.StringIO]:
    stream = io.StringIO()
    logs.configure(form, level, stream=stream)
    return logging.getLogger("studio.test"), stream


def test_json_has_one_object_a_line_with_its_fields() -> None:
    log, stream = lines("auto")  # a stream that is no terminal
    log.info("job %s\nended", 7, extra={"job": "7", "seconds": 0.5})
    log.debug("unheard")
    (entry,) = map(json.loads, stream.getvalue().splitlines())
    assert entry.pop("time")
    fields = {"job": "7", "seconds": 0.5}
    assert entry == {
        "level": "INFO", "logger": "studio.test", "message": "job 7\nended", "process": "web", **fields
    }  # fmt: skip


async def test_what_is_bound_follows_the_task_and_those_it_starts() -> None:
    log, stream = lines("json")

    async def child() -> None:
        log.info("child")

    async def request(number: str) -> None:
        logs.bind(request=number)
        await asyncio.sleep(0)
        logs.bind(owner=f"owner of {number}")
        await asyncio.create_task(child())

    await asyncio.gather(*(asyncio.create_task(request(number)) for number in "ab"))
    log.info("outside")
    *inside, outside = map(json.loads, stream.getvalue().splitlines())
    assert [(entry["request"], entry["owner"]) for entry in inside] == [("a", "owner of a"), ("b", "owner of b")]
    assert "request" not in outside and "owner" not in outside


@pytest.mark.parametrize("form", ["json", "text"])
def test_a_key_is_never_written(form: logs.Format) -> None:
    log, stream = lines(form)
    log.info("the key %s", KEY, extra={"header": KEY})
    try:
        raise ValueError(KEY)
    except ValueError:
        log.exception("it failed")
    assert KEY not in stream.getvalue() and "gpff_..." in stream.getvalue() and "ValueError" in stream.getvalue()


def test_text_is_a_sentence_with_its_fields_behind() -> None:
    log, stream = lines("text")
    asyncio.run(_bound_line(log))
    assert stream.getvalue().rstrip().endswith("web WARNING slow  [request=7]")


async def _bound_line(log: logging.Logger) -> None:
    logs.bind(request="7")
    log.warning("slow")
