"""The service in a process of its own, for measurements from outside."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.load.memory import family, is_engine

ROOT = Path(__file__).resolve().parents[1]
READY_S, END_S = 120.0, 60.0


@dataclass(frozen=True)
class Server:
    """A service that takes jobs on 127.0.0.1."""

    port: int
    process: subprocess.Popen[bytes]

    @property
    def address(self) -> str:
        """``127.0.0.1:port``."""
        return f"127.0.0.1:{self.port}"

    def get(self, path: str) -> str:
        """The body of a GET."""
        with urllib.request.urlopen(f"http://{self.address}{path}", timeout=10) as answer:
            body: bytes = answer.read()
        return body.decode()

    def cpu_s(self) -> dict[str, float]:
        """Seconds of a processor that its processes have taken so far: web, engine, and judges with all others."""
        spent = {"web": 0.0, "engine": 0.0, "judges": 0.0}
        for pid in family(self.process.pid):
            part = "web" if pid == self.process.pid else "engine" if is_engine(pid) else "judges"
            spent[part] += _cpu_s(pid)
        return spent

    def metric(self, name: str) -> float:
        """The sum of a metric over its labels."""
        lines = [line.rsplit(" ", 1) for line in self.get("/metrics").splitlines() if not line.startswith("#")]
        return sum(float(value) for key, value in lines if key.split("{")[0] == name)


def _cpu_s(pid: int) -> float:
    """Of one process; nothing when it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def serving(niceness: int = 0, /, **settings: str) -> Iterator[Server]:
    """A service of its own on a free port, ready for jobs, with a data folder of its own and no limit of rate.

    ``niceness``, 0 to 19: how far it gives way to others, on systems that know of it. At the end it gets SIGTERM.
    Raises `RuntimeError` when it does not end well by itself, within a minute.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("STUDIO_")}
    with tempfile.TemporaryDirectory() as data:
        ours = {"PORT": str(port), "STUDIO_LOG_LEVEL": "warning", "STUDIO_DATA": data}
        ours |= {"STUDIO_RATE_REQUESTS": "", "STUDIO_RATE_JOBS": ""}
        command = [sys.executable, "-m", "studio"]
        if niceness > 0 and shutil.which("nice") is not None:
            command = ["nice", "-n", str(niceness), *command]
        process = subprocess.Popen(command, env={**kept, **ours, **settings}, cwd=ROOT)
        server = Server(port, process)
        try:
            _wait(server)
            yield server
            process.send_signal(signal.SIGTERM)
            code = process.wait(END_S)
            if code not in (0, -signal.SIGTERM):  # uvicorn ends in good order, then passes the signal on to itself
                raise RuntimeError(f"the service ended with exit code {code}")
        finally:
            process.kill()
            process.wait()


def _wait(server: Server) -> None:
    deadline = time.monotonic() + READY_S
    while time.monotonic() < deadline and server.process.poll() is None:
        try:
            server.get("/readyz")
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise TimeoutError(f"the service was not ready within {READY_S:.0f} s")
