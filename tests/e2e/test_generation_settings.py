"""Noise, and failed candidates that are run again: set in the page, sent to the service, shown as they came out."""

import json
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser
from studio_page import StudioPage, visiting

pytestmark = pytest.mark.e2e

NOISE = "Noise λ of SDD, ångström"
AGAIN = "Run failed candidates again"


def overheard(browser: Browser, service: str, sent: list[Any]) -> Any:
    """The page, with every spec that it sends put into `sent`."""

    def listen(page: Any) -> None:
        page.on("websocket", lambda socket: socket.on("framesent", lambda data: hear(data)))

    def hear(data: str | bytes) -> None:
        message = json.loads(data)
        if message["type"] == "start":
            sent.append(message["spec"])

    return visiting(browser, service, prepare=listen)


def test_noise_is_set_by_keyboard_checked_and_sent(browser: Browser, service: str) -> None:
    sent: list[Any] = []
    with overheard(browser, service, sent) as studio:
        studio.new_design("From nothing: C2H4O")
        studio.fill("Number of steps", 8)
        studio.generate(seed=1)
        assert "lambda" not in sent[-1]

        studio.tab_to("Advanced")
        studio.press("Enter")
        studio.type_into(NOISE, "99")
        assert studio.design()["settings"]["noise"] == 10  # as much as the service takes
        studio.type_into(NOISE, "0.25")
        kept = studio.history()["nodes"]
        studio.press("Control+Enter")
        again = f"window.__studio.run()?.phase === 'done' && window.__studio.history().nodes > {kept}"
        studio.wait(again, "the second run")
        assert sent[-1]["lambda"] == 0.25

        # Not sent where it means nothing; empty is as usual, and everything can be taken back.
        studio.page.get_by_label("Sampler", exact=True).select_option("dd")
        studio.generate(seed=2)
        assert "lambda" not in sent[-1]
        studio.page.get_by_label(NOISE).fill("")
        studio.page.get_by_label(NOISE).press("Enter")
        assert studio.design()["settings"]["noise"] is None
        studio.page.get_by_label(NOISE).blur()
        for _ in range(10):
            studio.press("Control+z")
            if studio.design()["settings"]["noise"] == 0.25:
                break
        assert studio.design()["settings"]["noise"] == 0.25


def assert_shown_as_they_came_out(studio: StudioPage) -> None:
    """The last frame on show has the atoms of every candidate, also of those that were run again."""
    candidates = studio.candidates()
    frame = studio.ask("studio.frame(studio.run().frames - 1)")
    atoms = np.asarray(frame["positions"]).reshape(-1, 3)
    for start, end, candidate in zip(frame["ptr"][:-1], frame["ptr"][1:], candidates, strict=True):
        np.testing.assert_array_equal(atoms[start:end], np.float32(candidate["positions"]))


def test_failed_candidates_are_run_again(browser: Browser, service: str) -> None:
    sent: list[Any] = []
    with overheard(browser, service, sent) as studio:
        page = studio.page
        studio.new_design("From nothing: C2H4O")
        page.get_by_role("radio", name="Random atoms").click()
        studio.fill("Number of heavy atoms", 5)
        studio.fill("Number of candidates", 8)
        studio.fill("Number of steps", 4)  # too few: several fail
        studio.generate(seed=3)
        assert "valid_only" not in sent[-1]
        assert_shown_as_they_came_out(studio)
        before = studio.candidates()
        failed = {k for k, candidate in enumerate(before) if not candidate["valid"]}
        assert failed

        page.get_by_text("Advanced", exact=False).click()
        page.get_by_label(AGAIN).check()
        assert studio.mode() == "results"
        studio.generate(seed=3)
        assert sent[-1]["valid_only"] is True
        after = studio.candidates()
        assert_shown_as_they_came_out(studio)
        mended = {k for k in failed if after[k]["valid"]}
        assert mended
        assert all(after[k]["positions"] == before[k]["positions"] for k in range(8) if k not in failed)
        assert "Failed ones were run again" in page.locator(".legend").inner_text()
