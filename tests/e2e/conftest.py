"""The whole service with its real weights in a process of its own, and a real headless Chromium looking at it."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright
from studio_page import StudioPage, visiting

ROOT = Path(__file__).resolve().parents[2]
# WebGL without graphics hardware.
CHROMIUM_FLAGS = [
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--no-sandbox",
    "--disable-background-networking",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A browser that paints without hardware, on shared cores, now and then misses a beat: what fails is tried once
    more. The closing lines name every test that needed it (RERUN): it is a fault to look into all the same."""
    for item in items:
        if item.get_closest_marker("e2e") is not None:
            item.add_marker(pytest.mark.flaky(reruns=1))


def _missing(what: str) -> None:
    """Skips where somebody works without it; fails where nothing may be left out."""
    if os.environ.get("CI"):
        pytest.fail(what)
    pytest.skip(what)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
        own = playwright.chromium.executable_path
        found = next(filter(None, map(shutil.which, names)), own if Path(own).exists() else None)
        if found is None:
            _missing("no Chromium found: install one, or run `playwright install chromium`")
        running = playwright.chromium.launch(executable_path=found, args=CHROMIUM_FLAGS)
        yield running
        running.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _is_ready(url: str) -> bool:
    with suppress(urllib.error.URLError, ConnectionError), urllib.request.urlopen(f"{url}/readyz", timeout=2) as answer:
        return bool(answer.status == 200)
    return False


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a running service whose model has been loaded; that in `E2E_URL` where one runs already."""
    if url := os.environ.get("E2E_URL"):
        yield url
        return
    if not (ROOT / "frontend" / "dist" / "index.html").exists():
        _missing("the page is not built: run `make setup`")
    port = _free_port()
    url = f"http://127.0.0.1:{port}"
    folder = tmp_path_factory.mktemp("service")
    log = folder / "log.txt"
    environment = {**os.environ, "STUDIO_PORT": str(port), "STUDIO_DATA": str(folder)}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "studio"], cwd=ROOT, env=environment, stdout=output, stderr=output
        )
        try:
            deadline = time.monotonic() + 90
            while not _is_ready(url):
                if process.poll() is not None or time.monotonic() > deadline:
                    pytest.fail(f"the service did not become ready:\n{log.read_text()}")
                time.sleep(0.2)
            yield url
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@pytest.fixture
def studio(browser: Browser, service: str) -> Iterator[StudioPage]:
    """The page, connected, for somebody who has been there before."""
    with visiting(browser, service) as studio:
        yield studio
