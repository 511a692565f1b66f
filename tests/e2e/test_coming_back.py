"""What is there survives a reload, a shared link, and a connection that breaks in the middle of a run."""

from typing import Any

import pytest
from playwright.sync_api import Browser, WebSocketRoute
from studio_page import StudioPage, visiting

from studio.codec import decode_all

pytestmark = pytest.mark.e2e


def made(studio: StudioPage, seed: int) -> Any:
    """A small design with a run behind it; answers its candidates."""
    studio.new_design("From nothing: C2H4O")
    studio.fill("Number of candidates", 2)
    studio.generate(seed)
    return studio.candidates()


def wait_until_kept(studio: StudioPage) -> None:
    studio.page.get_by_text("Kept in this browser").wait_for()


def reload(studio: StudioPage) -> None:
    studio.page.reload()
    studio.wait("window.__studio?.link() === 'online'", "the socket to open")


def test_a_reload_brings_everything_back(studio: StudioPage) -> None:
    candidates = made(studio, seed=3)
    studio.use(0)
    wait_until_kept(studio)
    design, history = studio.design(), studio.history()
    reload(studio)
    assert studio.design() == design
    assert studio.history() == history

    # The candidates are still there, one step back.
    studio.page.get_by_role("button", name="Undo").click()
    assert studio.mode() == "results"
    assert studio.candidates() == candidates


def begin(studio: StudioPage, seed: int) -> None:
    studio.new_design("From nothing: C2H4O")
    studio.fill("Number of candidates", 2)
    studio.fill("Number of steps", 1024)  # it must not be over before it is kept, nor before it is held
    studio.fill("Seed", seed)
    studio.page.get_by_role("button", name="Slow").click()
    studio.page.get_by_role("button", name="Generate", exact=False).first.click()
    studio.wait("window.__studio.run()?.frames > 3", "the run to be under way")


def test_a_reload_in_the_middle_of_a_run_goes_on_with_it(studio: StudioPage) -> None:
    begin(studio, seed=6)
    wait_until_kept(studio)
    assert studio.ask("studio.run().phase") == "running"
    first = studio.ask("studio.frame(2)")
    reload(studio)
    studio.finish(6)
    assert len(studio.candidates()) == 2
    assert studio.ask("studio.frame(2)") == first


def test_a_reload_goes_on_with_a_run_that_was_steered_or_branched(studio: StudioPage) -> None:
    begin(studio, seed=6)
    studio.fill("Centre x, ångström", 0.5)
    assert studio.mode() == "results"
    studio.wait("window.__studio.run().frames > 8", "the run to go on")
    wait_until_kept(studio)
    assert studio.ask("studio.run().phase") == "running"
    design = studio.design()
    reload(studio)
    assert (studio.mode(), studio.design()) == ("results", design)
    studio.finish(6)
    studio.page.get_by_role("button", name="History").first.click()
    studio.page.get_by_text("Generate C2H4O, steered").first.wait_for()

    studio.page.get_by_role("button", name="Slow").click()
    studio.scrub("Home")
    studio.press("j")
    studio.wait("window.__studio.run().phase === 'running' && window.__studio.run().frames > 3", "the branch")
    seed = studio.ask("studio.run().seed")
    wait_until_kept(studio)
    reload(studio)
    studio.finish(seed)
    studio.page.get_by_text("Branch at step 0").first.wait_for()


def test_links_bring_a_design_to_others(browser: Browser, service: str, studio: StudioPage) -> None:
    candidates = made(studio, seed=4)
    design, history = studio.design(), studio.history()
    studio.page.get_by_role("button", name="Share").click()
    studio.page.get_by_role("button", name="Save, and make a link").click()
    saved = studio.page.get_by_label("Link to the saved design")
    saved.wait_for()
    recipe = studio.page.get_by_label("Link that holds the design")
    links = {"saved": saved.input_value(), "recipe": recipe.input_value()}

    for kind, link in links.items():
        with visiting(browser, service) as other:
            other.page.goto(link.replace("#", "?upscale=off#"))
            other.wait("window.__studio?.link() === 'online'", "the socket to open")
            other.wait("window.__studio.run()?.phase === 'done'", "the candidates", seconds=120)
            assert other.design() == design, kind
            if kind == "saved":
                assert other.history()["nodes"] == history["nodes"]
                assert other.candidates() == candidates
            else:  # the seed brings them back
                assert [c["smiles"] for c in other.candidates()] == [c["smiles"] for c in candidates]


FRAMES = 65  # of 64 steps, with the start


class Line:
    """The socket between page and service, which can be cut."""

    def __init__(self) -> None:
        self.routes: list[WebSocketRoute] = []
        self.frames = 0
        self.cut_after: int | None = None

    def follow(self, route: WebSocketRoute) -> None:
        server = route.connect_to_server()
        self.routes.append(route)

        def pass_on(message: str | bytes) -> None:
            self.frames += len(decode_all(message)) if isinstance(message, bytes) else 0
            if self.cut_after is not None and self.frames > self.cut_after:
                self.cut_after = None
                route.close(code=1012)
                server.close(code=1001)
            else:
                route.send(message)

        server.on_message(pass_on)


def test_a_run_goes_on_when_the_line_breaks(browser: Browser, service: str) -> None:
    with visiting(browser, service) as studio:
        whole = made(studio, seed=5)
        # A slow page has frames passed over, and fetches them after the end.
        studio.wait(f"window.__studio.run().frames === {FRAMES}", "every frame")
    line = Line()
    with visiting(browser, service, prepare=lambda page: page.route_web_socket("**/ws", line.follow)) as studio:
        line.cut_after = 10
        again = made(studio, seed=5)
        assert len(line.routes) == 2  # it was cut, and came back by itself
        assert again == whole
        studio.wait(f"window.__studio.run().frames === {FRAMES}", "every frame")
        steps = [studio.ask("studio.frame(it).step", k) for k in range(FRAMES)]
        assert steps == sorted(set(steps))


def test_without_the_service_one_can_still_design(browser: Browser, service: str) -> None:
    """Offline the page says so, keeps working, and comes back when the service does."""
    line, refused = Line(), []

    def refuse(route: WebSocketRoute) -> None:
        refused.append(route)
        route.close(code=1012)

    with visiting(browser, service, prepare=lambda page: page.route_web_socket("**/ws", line.follow)) as studio:
        page = studio.page
        page.unroute_all()
        page.route_web_socket("**/ws", refuse)
        line.routes[0].close(code=1012)
        studio.wait("window.__studio.link() !== 'online'", "the page to notice")
        page.get_by_role("button", name="Offline").wait_for()
        before = studio.design()
        studio.press("ArrowUp")
        assert studio.design() != before
        # Pressed while there is nothing to find: once there is, the page may be back before the button is reached.
        tried = len(refused)
        page.get_by_role("button", name="Reconnect").click()
        while len(refused) == tried:
            page.wait_for_timeout(50)
        page.route_web_socket("**/ws", lambda route: route.connect_to_server() and None)
        studio.wait("window.__studio.link() === 'online'", "the page to come back", seconds=30)
        page.get_by_text("Ready", exact=True).wait_for()
        studio.generate(seed=2)
