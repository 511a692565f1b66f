"""The service as a command."""

import json
import signal
from pathlib import Path

import httpx
import pytest
import websockets.sync.client
from service import command, free_port, wait_ready

from studio import keys


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_and_stops_without_leaving_anything_behind(how: signal.Signals) -> None:
    port = free_port()
    with command(PORT=str(port)) as process:
        wait_ready(process, port)
        family = children(process.pid)
        assert len(family) >= 1
        with websockets.sync.client.connect(f"ws://127.0.0.1:{port}/ws") as connection:
            connection.send('{"type": "start", "req_id": "a", "spec": {"formula": "C7H8O2", "steps": 1024}}')
            assert "accepted" in str(connection.recv(10))
            process.send_signal(how)
            output, _ = process.communicate(timeout=20)
        assert "Traceback" not in output, output
        assert not any(Path(f"/proc/{child}").exists() for child in family)


def test_a_senseless_setting_is_said_plainly() -> None:
    with command(STUDIO_MAX_SAMPLES="none") as process:
        output, _ = process.communicate(timeout=30)
        assert process.returncode == 2
        assert "STUDIO_MAX_SAMPLES: expected an integer" in output and "'none'" in output
        assert "Traceback" not in output


def test_a_database_of_another_kind_is_said_plainly_and_its_password_not_at_all() -> None:
    with command(STUDIO_DATABASE="mysql://ada:secret@host/name") as process:
        output, _ = process.communicate(timeout=60)
        assert process.returncode == 2
        assert "STUDIO_DATABASE: expected sqlite:///file or postgresql://" in output
        assert "secret" not in output and "Traceback" not in output


def test_both_processes_log_json_with_the_request_and_no_key(tmp_path: Path) -> None:
    port, token = free_port(), keys.create(tmp_path / "keys.json", "ada")
    with command(PORT=str(port), STUDIO_DATA=str(tmp_path), STUDIO_ENGINE_FACTORY="fields:hazard") as process:
        wait_ready(process, port)
        headers = {"Authorization": f"Bearer {token}", "X-Request-ID": "mine"}
        spec = {"formula": "N2", "steps": 2}  # the field raises
        httpx.post(f"http://127.0.0.1:{port}/generate", json=spec, headers=headers)
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=30)
    assert token not in output
    lines = [json.loads(line) for line in output.splitlines()]
    assert {line["process"] for line in lines} == {"web", "engine"}
    mine = {line["message"]: line for line in lines if line.get("request") == "mine"}
    for message in ("job queued", "job failed", "POST /generate 503"):
        assert mine[message]["owner"] == "ada", mine
    assert mine["job queued"]["job"]
