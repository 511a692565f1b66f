"""The service as a command."""

import signal
from pathlib import Path

import pytest
import websockets.sync.client
from service import command, free_port, wait_ready


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
        assert "STUDIO_MAX_SAMPLES: expected a valid integer" in output and "'none'" in output
        assert "Traceback" not in output
