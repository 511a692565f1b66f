"""The service as a command."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import websockets.sync.client

HERE = Path(__file__).parent
OURS = {"STUDIO_DATA": "/nonexistent", "STUDIO_DRAIN_S": "0.5"}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def command(**env: str) -> Iterator[subprocess.Popen[str]]:
    """`python -m studio`, with the analytic fields within reach."""
    process = subprocess.Popen(
        [sys.executable, "-m", "studio"],
        env={**os.environ, "PYTHONPATH": str(HERE), "STUDIO_ENGINE_FACTORY": "fields:slow", **OURS, **env},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_and_stops_without_leaving_anything_behind(how: signal.Signals) -> None:
    port = free_port()
    with command(PORT=str(port)) as process:
        deadline = time.monotonic() + 30
        while True:
            try:
                if httpx.get(f"http://127.0.0.1:{port}/readyz").status_code == 200:
                    break
            except httpx.TransportError:
                pass
            assert time.monotonic() < deadline and process.poll() is None
            time.sleep(0.05)
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
