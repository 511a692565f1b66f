"""`python -m studio` in a process of its own, with the analytic fields within reach."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

HERE = Path(__file__).parent
PATIENCE_S = 60.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def command(**env: str) -> Iterator[subprocess.Popen[str]]:
    """The service with these settings, killed at the end of the block."""
    ours = {
        "STUDIO_DATA": "/nonexistent",
        "STUDIO_DATABASE": "sqlite://",
        "STUDIO_DRAIN_S": "0.5",
        "STUDIO_ENGINE_FACTORY": "fields:slow",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "studio"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join((str(HERE), *_path())), **ours, **env},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def wait_ready(process: subprocess.Popen[str], port: int) -> None:
    """Returns when the service takes jobs."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            if httpx.get(f"http://127.0.0.1:{port}/readyz").status_code == 200:
                return
        except httpx.TransportError:
            pass
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.05)


def _path() -> list[str]:
    return [part for part in (os.environ.get("PYTHONPATH"),) if part]
