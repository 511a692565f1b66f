"""Runs that do not come to their end: one that is stopped is kept as it was, one that fails says why, once."""

import json

import pytest
from playwright.sync_api import Browser, WebSocketRoute
from studio_page import StudioPage, visiting

pytestmark = pytest.mark.e2e


def begin(studio: StudioPage, seed: int) -> None:
    """A run that is long enough not to be over by the time that it is looked at."""
    studio.new_design("From nothing: C2H4O")
    studio.fill("Number of candidates", 2)
    studio.fill("Number of steps", 1024)
    studio.fill("Seed", seed)
    studio.page.get_by_role("button", name="Slow").click()
    studio.page.get_by_role("button", name="Generate", exact=False).first.click()
    under_way = f"window.__studio.run()?.seed === {seed} && window.__studio.run().frames > 3"
    studio.wait(under_way, "the run to be under way")
    assert studio.ask("studio.run().phase") == "running"


def test_a_stopped_run_is_a_node_of_the_history(studio: StudioPage) -> None:
    page = studio.page
    begin(studio, seed=8)
    before = studio.history()
    studio.press("Escape")
    studio.wait("window.__studio.run().phase === 'cancelled'", "the run to stop")
    stopped = studio.history()
    assert stopped["nodes"] == before["nodes"] + 1
    assert stopped["current"] != before["current"]
    candidates = studio.candidates()
    step = candidates[0]["steps"]
    assert [c["steps"] for c in candidates] == [step, step]
    assert studio.ask("studio.frame(studio.run().frames - 1).step") == step

    page.get_by_role("button", name="History").first.click()
    page.get_by_text(f"stopped at step {step} of 1024").first.wait_for()

    # One step of the history, there and back.
    studio.press("Control+z")
    assert (studio.mode(), studio.history()["current"]) == ("design", before["current"])
    studio.press("Control+Shift+z")
    assert (studio.mode(), studio.history()["current"]) == ("results", stopped["current"])
    assert studio.candidates() == candidates

    # It outlives a reload, and one of its candidates can be kept.
    page.get_by_text("Kept in this browser").wait_for()
    page.reload()
    studio.wait("window.__studio?.link() === 'online'", "the socket to open")
    assert studio.ask("studio.run().phase") == "cancelled"
    assert studio.candidates() == candidates
    studio.press("2", "Enter")
    assert studio.mode() == "design"
    assert studio.design()["scaffold"]["positions"] == candidates[1]["positions"]
    studio.press("Control+z")
    assert studio.history()["current"] == stopped["current"]


def test_a_stopped_run_goes_on_as_a_branch(studio: StudioPage) -> None:
    begin(studio, seed=9)
    studio.press("Escape")
    studio.wait("window.__studio.run().phase === 'cancelled'", "the run to stop")
    stopped, step = studio.history()["current"], studio.candidates()[0]["steps"]
    studio.press("j")
    studio.wait(f"window.__studio.frame(window.__studio.run().frames - 1)?.step > {step}", "the branch to go on")
    studio.press("Escape")
    studio.wait("window.__studio.run().phase === 'cancelled'", "the branch to stop")
    assert studio.candidates()[0]["steps"] > step
    studio.press("Control+z")
    assert studio.history()["current"] == stopped


class Faulty:
    """The socket between page and service, in which a job fails that does not."""

    job: str | None = None
    route: WebSocketRoute | None = None

    def follow(self, route: WebSocketRoute) -> None:
        server, self.route = route.connect_to_server(), route

        def pass_on(message: str | bytes) -> None:
            if isinstance(message, str) and (told := json.loads(message))["type"] == "accepted":
                self.job = told["job"]
            route.send(message)

        server.on_message(pass_on)

    def fail(self, detail: str) -> None:
        assert self.route is not None
        error = {"type": "error", "code": "engine", "detail": detail, "job": self.job, "req_id": None, "field": None}
        self.route.send(json.dumps({**error, "retryable": True, "expected": None, "got": None}))


def test_a_failed_run_says_why_once(browser: Browser, service: str) -> None:
    faulty = Faulty()
    with visiting(browser, service, prepare=lambda page: page.route_web_socket("**/ws", faulty.follow)) as studio:
        page = studio.page
        begin(studio, seed=10)
        faulty.fail("the engine is gone")
        studio.wait("window.__studio.run().phase === 'failed'", "the run to fail")
        assert page.get_by_text("the engine is gone").count() == 1
        assert page.get_by_text("the engine is gone").is_visible()
        marks = page.locator(".card .mark").all_inner_texts()
        assert len(marks) == 2 and set(marks) <= {"failed", "so far"}  # so far: what had become a molecule by then
        assert page.get_by_text("stopped").count() == 0
        # What it came to can be looked at, and it can be run again.
        assert page.get_by_label("Frame", exact=True).is_enabled()
        page.get_by_role("button", name="Generate 2 candidates again").wait_for()
