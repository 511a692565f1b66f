"""A real PostgreSQL in a temporary folder, from the binaries of this machine."""

import glob
import os
import pwd
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import psycopg
import pytest
from service import free_port

USER = "studio"


@dataclass(frozen=True)
class Postgres:
    """A server that is running, or can be again. `become`: the command that gives up root, which it refuses."""

    bin: Path
    data: Path
    port: int
    become: tuple[str, ...]

    def url(self, database: str) -> str:
        return f"postgresql://{USER}@127.0.0.1:{self.port}/{database}"

    def new_database(self) -> str:
        """The URL of an empty database."""
        name = f"d{uuid.uuid4().hex}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return self.url(name)

    def start(self) -> None:
        options = f"-c listen_addresses=127.0.0.1 -p {self.port} -c unix_socket_directories= -c fsync=off"
        self._run("pg_ctl", "-w", "-o", options, "-l", str(self.data / "log"), "start")

    def stop(self) -> None:
        self._run("pg_ctl", "-w", "-m", "immediate", "stop")

    def initialise(self) -> None:
        self._run("initdb", "-A", "trust", "-U", USER, "-E", "UTF8", "--locale=C", "--no-sync")

    def _run(self, program: str, *arguments: str) -> None:
        command = [*self.become, str(self.bin / program), "-D", str(self.data), *arguments]
        # Not a pipe: the server would inherit it and keep it open.
        with tempfile.TemporaryFile() as output:
            done = subprocess.run(command, stdout=output, stderr=output, cwd="/", timeout=120)
            output.seek(0)
            assert done.returncode == 0, output.read().decode()


@contextmanager
def postgres() -> Iterator[Postgres]:
    """A server of its own, gone at the end of the block."""
    folder = Path(tempfile.mkdtemp(prefix="postgres"))
    try:
        if os.geteuid() == 0:
            user = pwd.getpwnam("nobody")
            become = ("setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups")
            os.chown(folder, user.pw_uid, user.pw_gid)
        else:
            become = ()
        server = Postgres(_binaries() or Path(), folder / "data", free_port(), become)
        server.initialise()
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder)


def database_of(request: pytest.FixtureRequest, folder: Path) -> str:
    """The URL of an empty database of the kind that a fixture is parametrised with."""
    if request.param == "sqlite":
        return f"sqlite:///{folder / 'designs.db'}"
    server: Postgres = request.getfixturevalue("postgres_server")
    return server.new_database()


@cache
def missing() -> str | None:
    """Why there can be no server here, or None."""
    if _binaries() is None:
        return "no PostgreSQL server is installed"
    if os.geteuid() == 0 and shutil.which("setpriv") is None:
        return "PostgreSQL refuses to run as root, and there is no setpriv"
    return None


def _binaries() -> Path | None:
    on_path = shutil.which("initdb")
    found = [*([on_path] if on_path else []), *sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"), reverse=True)]
    return Path(found[0]).parent if found else None
