"""Numbers of requests, and the line that each leaves in the log."""

import logging
from pathlib import Path

import pytest
from client import connected, running, settings

from studio import keys
from studio.settings import Settings


def lines(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    return [record for record in caplog.records if record.name == "studio.access"]


def test_every_answer_has_a_number_and_a_proxys_is_kept() -> None:
    with running(settings("harmonic")) as live:
        first, second = (live.get("/healthz").headers["x-request-id"] for _ in range(2))
        assert first != second
        assert live.get("/healthz", headers={"X-Request-ID": "abc-1.2"}).headers["x-request-id"] == "abc-1.2"
        for strange in ("a b", "x" * 65, "é"):
            assert live.get("/healthz", headers={"X-Request-ID": strange.encode()}).headers["x-request-id"] != strange


async def test_a_request_leaves_one_line_with_its_owner(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    token = keys.create(Settings(data=tmp_path).keys_file, "ada")
    caplog.set_level(logging.INFO)
    with running(settings("harmonic", data=tmp_path, log_level="info")) as live:
        caplog.clear()
        live.get("/designs?q=secret", headers={"X-API-Key": token})
        live.get("/healthz")
        live.get("/model")
        async with connected(live, additional_headers={"X-API-Key": token}):
            pass
    record, refused, opened, closed = lines(caplog)
    assert record.getMessage() == "GET /designs 200" and record.__dict__["owner"] == "ada"
    assert record.__dict__["seconds"] >= 0 and record.__dict__["status"] == 200
    assert refused.getMessage() == "GET /model 401" and "owner" not in refused.__dict__
    assert (opened.getMessage(), closed.getMessage()) == ("socket opened", "socket closed")
    assert opened.__dict__["owner"] == "ada"
    # the test's own client logs what it asks for
    ours = " ".join(record.getMessage() for record in caplog.records if not record.name.startswith("httpx"))
    assert token not in ours and "secret" not in ours
