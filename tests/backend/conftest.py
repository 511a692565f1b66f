"""One live server serves every test that does not break it, and one PostgreSQL every test that needs a database."""

from collections.abc import Iterator
from pathlib import Path

import postgres
import pytest
from client import Live, running, settings

from studio.client import Client


@pytest.fixture(scope="session")
def live() -> Iterator[Live]:
    with running(settings("hazard", max_jobs_per_client=8, grace_s=0.3)) as server:
        yield server


@pytest.fixture
def studio(live: Live) -> Iterator[Client]:
    """The Python client of the live server, which asks once."""
    with Client(live.url, retries=0) as client:
        yield client


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[postgres.Postgres]:
    missing = postgres.missing()
    if missing is not None:
        pytest.skip(missing)
    with postgres.postgres() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database of either kind."""
    return postgres.database_of(request, tmp_path)
