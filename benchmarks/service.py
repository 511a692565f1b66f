"""What a user of the socket waits for: a real server process, the real weights, a real client."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from websockets.sync.client import connect
from websockets.typing import Subprotocol


@dataclass(frozen=True)
class Run:
    """Seconds from sending ``start`` to the first frame and to ``final``; frames received."""

    first_frame: float
    final: float
    frames: int


@contextmanager
def server() -> Iterator[str]:
    """A server of its own on a free port, ready to answer; yields ``127.0.0.1:port``."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {**os.environ, "PORT": str(port), "STUDIO_LOG_LEVEL": "warning"}
    process = subprocess.Popen([sys.executable, "-m", "studio"], env=environment)
    try:
        for _ in range(300):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=1)
                break
            except (urllib.error.URLError, OSError):
                time.sleep(0.2)
        else:
            raise TimeoutError("the server was not ready within a minute")
        yield f"127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)


def run(address: str, seed: int, n_samples: int = 3, steps: int = 64) -> Run:
    """One job of ``C7H8O2``."""
    with connect(f"ws://{address}/ws", subprotocols=[Subprotocol("gpff.v1")], max_size=None) as client:
        start = time.perf_counter()
        spec = {"formula": "C7H8O2", "n_samples": n_samples, "steps": steps, "seed": seed}
        client.send(json.dumps({"type": "start", "req_id": "bench", "spec": spec}))
        first, frames = 0.0, 0
        while True:
            message = client.recv(timeout=60)
            if isinstance(message, bytes):
                frames += 1
                first = first or time.perf_counter() - start
                continue
            kind = json.loads(message)["type"]
            if kind == "final":
                return Run(first, time.perf_counter() - start, frames)
            if kind in ("error", "busy"):
                raise RuntimeError(message)


def latencies(repeats: int = 20) -> list[Run]:
    """``repeats`` jobs one after the other, after one that is not counted."""
    with server() as address:
        run(address, seed=0)
        return [run(address, seed) for seed in range(1, repeats + 1)]
