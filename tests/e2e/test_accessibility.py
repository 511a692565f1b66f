"""axe-core finds nothing serious, light or dark, in the states that one meets; progress is told, motion is spared."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser
from studio_page import StudioPage, visiting

pytestmark = pytest.mark.e2e

AXE = Path(__file__).resolve().parents[2] / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
GRAVE = {"serious", "critical"}
# On a telephone the page scrolls, under bars that stay.
TO_THE_TOP = "document.querySelector('.app').scrollTo(0, 0)"


def violations(studio: StudioPage, rules: str = "{}") -> list[str]:
    """What axe finds grave, one line each; `rules` that it knows but does not look at by itself."""
    page = studio.page
    if not page.evaluate("typeof window.axe === 'object'"):
        page.evaluate(AXE.read_text())  # not as a script element: the page's policy allows only its own
    page.wait_for_timeout(250)  # colours that fade are judged when they have arrived
    found: list[Any] = page.evaluate(
        f"axe.run({{ resultTypes: ['violations'], rules: {rules} }}).then((it) => it.violations)"
    )
    if page.get_by_role("menu").count() > 0:
        # The page under an open menu is hidden from screen readers but not from axe; keys cannot get there either.
        studio.press("Tab")
        assert page.evaluate("document.activeElement.closest('[role=menu]') !== null")
        found = [one for one in found if one["id"] != "aria-hidden-focus"]
    return [
        f"{one['impact']} {one['id']}: {node['target']} {node.get('failureSummary', '')}"
        for one in found
        if one["impact"] in GRAVE
        for node in one["nodes"]
    ]


def dialog(button: str) -> Callable[[StudioPage], None]:
    return lambda studio: studio.page.get_by_role("button", name=button, exact=True).click()


def results(studio: StudioPage) -> None:
    studio.new_design("From nothing: C2H4O")
    studio.fill("Number of candidates", 4)
    studio.generate(seed=1)


def advanced(studio: StudioPage) -> None:
    """Noise λ, and failed candidates that are run again."""
    studio.page.locator(".advanced summary").click()
    studio.fill("Noise λ of SDD, ångström", 0.5)
    studio.page.locator(".advanced .check").click()


def bridging(studio: StudioPage) -> None:
    """One blob for two sites."""
    studio.new_design("Grow from benzene")
    studio.page.locator("[aria-label^='Open a site at hydrogen']").first.focus()
    studio.press("Enter")
    studio.page.get_by_role("button", name="One blob for all 2 sites").click()


def wrong_formula(studio: StudioPage) -> None:
    studio.page.get_by_label("Formula", exact=True).fill("CH9")


STATES: dict[str, Callable[[StudioPage], None]] = {
    "at the start": lambda studio: None,
    "a formula that does not fit": wrong_formula,
    "advanced settings": advanced,
    "a blob that bridges": bridging,
    "candidates": results,
    "history": lambda studio: studio.press("y"),
    "help": lambda studio: studio.press("?"),
    "palette": lambda studio: studio.press("Control+k"),
    "share": dialog("Share"),
    "a menu": dialog("Export"),
    "tables": lambda studio: studio.page.get_by_role("navigation", name="Panels").get_by_role("button").last.click(),
}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_grave(browser: Browser, service: str, scheme: str) -> None:
    with visiting(browser, service, color_scheme=scheme) as studio:
        found: dict[str, list[str]] = {}
        for name, reach in STATES.items():
            reach(studio)
            if bad := violations(studio):
                found[name] = bad
            if studio.page.evaluate("document.querySelector('[role=dialog], [role=menu]') !== null"):
                studio.press("Escape")
        assert found == {}


def test_the_tour_and_the_invitation_are_accessible(browser: Browser, service: str) -> None:
    with visiting(browser, service, newcomer=True) as studio:
        assert violations(studio) == []
        studio.page.get_by_role("button", name="Take the tour").click()
        studio.wait("document.querySelector('.tour') !== null", "the tour")
        assert violations(studio) == []


def test_fingers_have_room_on_a_telephone(browser: Browser, service: str) -> None:
    """As Lighthouse sees it: targets of 24 px or with so much room, and none under another."""
    options: dict[str, Any] = {"viewport": {"width": 412, "height": 823}, "has_touch": True, "is_mobile": True}
    with visiting(browser, service, newcomer=True, reduced_motion="reduce", **options) as studio:
        found: dict[str, list[str]] = {}
        for name in ("at the start", "candidates", "history"):
            STATES[name](studio)
            studio.page.evaluate(TO_THE_TOP)
            if bad := violations(studio, "{ 'target-size': { enabled: true } }"):
                found[name] = bad
        assert found == {}


def test_progress_is_told_and_motion_is_spared(browser: Browser, service: str) -> None:
    with visiting(browser, service, reduced_motion="reduce") as studio:
        said: list[str] = []
        studio.page.expose_function("heard", lambda text: said.append(text))
        studio.page.evaluate(
            "() => { const region = document.querySelector('[role=status][aria-live=polite]');"
            " new MutationObserver(() => window.heard(region.textContent)).observe(region,"
            " { childList: true, characterData: true, subtree: true }) }"
        )
        studio.new_design("From nothing: C2H4O")
        studio.fill("Number of candidates", 4)
        studio.fill("Number of steps", 512)  # a run that is over at once is told as done, and no more
        studio.generate(seed=1)
        studio.page.wait_for_timeout(300)
        assert any(text.startswith("Generating 4 candidates") for text in said)
        assert any(text.startswith("Done:") for text in said)
        # The last frame at once, nothing plays.
        playhead = studio.ask("studio.playhead()")
        assert playhead == {"at": studio.ask("studio.run().frames") - 1, "playing": False}
        moving = "document.getAnimations().filter((it) => it.playState === 'running').length"
        assert studio.page.evaluate(moving) == 0


@pytest.mark.parametrize(("width", "height"), [(1024, 768), (820, 1180), (1280, 800), (412, 823)])
def test_nothing_overflows_on_a_tablet_or_telephone(browser: Browser, service: str, width: int, height: int) -> None:
    with visiting(browser, service, viewport={"width": width, "height": height}, has_touch=True) as studio:
        results(studio)
        page = studio.page
        page.evaluate(TO_THE_TOP)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate("document.documentElement.scrollHeight") <= height
        stage = page.locator(".stage").bounding_box()
        assert stage is not None
        assert stage["width"] >= 0.45 * width
        assert stage["height"] >= 0.35 * height
        outside = page.evaluate(
            "() => [...document.querySelectorAll('button, input, [role=slider]')].filter((it) => {"
            " const box = it.getBoundingClientRect();"
            " if (box.width === 0 || it.closest('.cards, .inspector-body, .side-panel, svg') !== null) return false;"
            " return box.left < -1 || box.right > innerWidth + 1 || box.top < -1 || box.bottom > innerHeight + 1"
            " }).map((it) => it.getAttribute('aria-label') ?? it.textContent)"
        )
        assert outside == []


@pytest.mark.parametrize(("width", "height"), [(1180, 820), (1024, 768), (820, 1180), (744, 1133)])
def test_a_panel_takes_its_place_beside_the_picture_not_upon_it(
    browser: Browser, service: str, width: int, height: int
) -> None:
    with visiting(browser, service, viewport={"width": width, "height": height}, has_touch=True) as studio:
        for name in ("Molecule: drawing and properties", "History", "Table of atoms and blobs"):
            panel(studio, name)
            stage, side = (studio.page.locator(it).bounding_box() for it in (".stage", ".side-panel"))
            assert stage is not None
            assert side is not None
            beside = side["x"] + side["width"] <= stage["x"] + 1
            below = side["y"] >= stage["y"] + stage["height"] - 1
            assert beside or below
            # What was in the picture is there still.
            studio.wait(f"({ATOMS_IN_THE_PICTURE})()", f"the atoms to be in a picture beside {name!r}", seconds=20)
            assert stage["height"] >= 0.3 * height
            assert stage["width"] >= 0.3 * width


def test_on_a_telephone_the_next_action_stays_at_the_foot_and_a_panel_takes_the_whole(
    browser: Browser, service: str
) -> None:
    with visiting(browser, service, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True) as studio:
        page = studio.page
        for share in (0, 0.5, 1):
            page.evaluate(
                "(share) => { const app = document.querySelector('.app');"
                " app.scrollTo(0, share * (app.scrollHeight - app.clientHeight)) }",
                share,
            )
            foot = page.locator(".primary-area").bounding_box()
            assert foot is not None
            assert foot["y"] + foot["height"] == pytest.approx(844, abs=1)
        last = page.locator(".advanced summary").bounding_box()  # at the end of the page nothing lies under it
        assert last is not None
        assert last["y"] + last["height"] <= foot["y"]
        for name in ("Molecule: drawing and properties", "History", "Table of atoms and blobs"):
            page.evaluate(TO_THE_TOP)
            panel(studio, name)
            side = page.locator(".side-panel").bounding_box()
            assert side is not None
            assert (side["x"], side["width"]) == (0, 390)
            page.get_by_role("button", name="Close: ").click()


ATOMS_IN_THE_PICTURE = (
    "() => { const box = document.querySelector('.stage').getBoundingClientRect();"
    " return window.__studio.design().scaffold.positions.map((at) => window.__studio.project(at)).every(({ x, y }) =>"
    " x > box.left && x < box.right && y > box.top && y < box.bottom) }"
)


def panel(studio: StudioPage, name: str) -> None:
    button = studio.page.get_by_role("navigation", name="Panels").get_by_role("button", name=name)
    if button.get_attribute("aria-pressed") != "true":
        button.click()
