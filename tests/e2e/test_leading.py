"""A live run is led by its blob, by keys too; what is meant for the next run does not lead it."""

import numpy as np
import pytest
from studio_page import StudioPage
from test_stopping import begin

pytestmark = pytest.mark.e2e


def leave_fields(studio: StudioPage) -> None:
    studio.page.evaluate("document.activeElement.blur()")


def test_arrows_lead_a_live_run(studio: StudioPage) -> None:
    begin(studio, seed=8)
    leave_fields(studio)
    before = np.array(studio.design()["blobs"][0]["center"])
    studio.press("ArrowUp", "ArrowUp", "Shift+ArrowRight")
    assert studio.mode() == "results"
    assert studio.ask("studio.run().phase") == "running"
    moved = np.array(studio.design()["blobs"][0]["center"]) - before
    assert np.linalg.norm(moved) == pytest.approx(np.hypot(0.2, 1.0), abs=1e-4)  # places are rounded
    # A handle in focus does the same, and the run belongs where that edit is kept.
    studio.page.locator("[data-handle=move-x]").focus()
    studio.press("ArrowRight")
    kept = studio.history()
    studio.press("Escape")
    studio.wait("window.__studio.run().phase === 'cancelled'", "the run to stop")
    assert studio.history()["nodes"] == kept["nodes"] + 1
    assert studio.history()["current"] != kept["current"]
    studio.page.get_by_role("button", name="History").first.click()
    studio.page.get_by_text("Generate C2H4O, steered").first.wait_for()
    studio.press("Control+z")
    assert studio.history()["current"] == kept["current"]
    # Once it has ended they go through its candidates.
    studio.press("Control+Shift+z")
    leave_fields(studio)
    looked_at = studio.ask("studio.focus()")
    studio.press("ArrowRight")
    assert studio.ask("studio.focus()") == (0 if looked_at is None else (looked_at + 1) % 2)


def test_a_setting_of_the_next_run_does_not_lead_this_one(studio: StudioPage) -> None:
    begin(studio, seed=8)
    studio.fill("Seed", 77)
    studio.press("Escape")
    studio.wait("window.__studio.run().phase === 'cancelled'", "the run to stop")
    assert studio.ask("studio.run().seed") == 8
    assert studio.design()["settings"]["seed"] == 77
    studio.page.get_by_role("button", name="History").first.click()
    studio.page.get_by_text("Generate C2H4O").first.wait_for()
    assert studio.page.get_by_text("steered").count() == 0


def test_a_press_on_stop_that_comes_too_late_takes_no_candidate(studio: StudioPage) -> None:
    page = studio.page
    studio.new_design("From nothing: C2H4O")
    studio.fill("Number of candidates", 1)
    studio.fill("Number of steps", 64)
    studio.fill("Seed", 3)
    # Whatever the machine's pace, the press comes in the moment in which the button has become another.
    page.evaluate(
        """() => new MutationObserver((_, observer) => {
            const button = document.querySelector('.primary-button')
            if (button.dataset.kind === 'stop') window.stopSeen = true
            if (!window.stopSeen || button.dataset.kind === 'stop') return
            observer.disconnect()
            window.pressedOn = button.textContent
            button.click()
        }).observe(document.querySelector('.primary-area'), { subtree: true, attributes: true })"""
    )
    page.get_by_role("button", name="Generate", exact=False).first.click()
    studio.finish(3)
    studio.wait("window.pressedOn !== undefined", "the late press")
    assert page.evaluate("window.pressedOn") != "Stop"
    ended = studio.history()
    page.wait_for_timeout(300)
    assert (studio.mode(), studio.history(), studio.ask("studio.run().phase")) == ("results", ended, "done")
    # A moment later the press is meant.
    studio.look_at(0)
    page.wait_for_timeout(600)
    page.get_by_role("button", name="Use candidate 1 as scaffold").last.click()
    assert studio.mode() == "design"
    assert studio.design()["scaffold"] is not None
