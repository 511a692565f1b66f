"""One live server serves every test that does not break it."""

from collections.abc import Iterator

import pytest
from client import Live, running, settings


@pytest.fixture(scope="session")
def live() -> Iterator[Live]:
    with running(settings("hazard", max_jobs_per_client=8, grace_s=0.3)) as server:
        yield server
