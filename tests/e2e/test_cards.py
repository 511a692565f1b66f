"""Candidate cards: nothing covers what they say, drawings have room, and only what is seen can be hit."""

import re

import pytest
from playwright.sync_api import Browser, Locator, expect
from studio_page import StudioPage, visiting

pytestmark = pytest.mark.e2e


def box(it: Locator) -> tuple[float, float, float, float]:
    found = it.bounding_box()
    assert found is not None
    return found["x"], found["y"], found["x"] + found["width"], found["y"] + found["height"]


def lie_upon_each_other(a: Locator, b: Locator) -> bool:
    (left, top, right, bottom), (x0, y0, x1, y1) = box(a), box(b)
    return left < x1 - 0.5 and x0 < right - 0.5 and top < y1 - 0.5 and y0 < bottom - 0.5


def test_use_covers_nothing_that_a_card_says(studio: StudioPage) -> None:
    studio.fill("Number of candidates", 4)
    studio.generate(seed=7)
    cards = studio.page.locator(".card")
    tray = box(studio.page.locator(".tray"))
    assert box(cards.nth(3))[2] <= tray[2]  # four beside each other, none cut off
    studio.look_at(0)
    twin = cards.filter(has_text=re.compile(r"as \d"))
    assert twin.count() > 0
    for card in (cards.nth(0), twin.first):
        card.hover()
        use = card.locator(".card-use")
        expect(use).to_have_css("opacity", "1")
        for part in (".thumb", ".mark", ".smiles", ".card-facts", ".card-foot"):
            assert not lie_upon_each_other(use, card.locator(part)), part
    assert box(cards.nth(0).locator(".thumb"))[2] - box(cards.nth(0).locator(".thumb"))[0] >= 110
    expect(cards.nth(0).locator(".spark svg")).to_be_visible()  # beside the gap


def test_a_finger_on_a_card_takes_no_candidate_unseen(browser: Browser, service: str) -> None:
    with visiting(browser, service, viewport={"width": 820, "height": 1180}, has_touch=True) as studio:
        studio.fill("Number of candidates", 2)
        studio.generate(seed=7)
        nodes = studio.history()["nodes"]
        _, top, right, _ = box(studio.page.locator(".card").nth(1))
        studio.page.touchscreen.tap(right - 16, top + 12)  # where Use is for a mouse
        studio.wait("window.__studio.focus() === 1", "the candidate in focus")
        assert studio.mode() == "results"
        assert studio.history()["nodes"] == nodes


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (820, 1180), (700, 900), (800, 600)])
def test_messages_lie_upon_no_panel(browser: Browser, service: str, width: int, height: int) -> None:
    with visiting(browser, service, viewport={"width": width, "height": height}) as studio:
        studio.new_design("From nothing: C2H4O")
        studio.page.get_by_role("button", name="History").first.click()
        studio.page.locator(".history-tools button[aria-label^=Compare]").first.focus()
        studio.press("Enter")
        studio.press("Control+s")
        toast = studio.page.locator(".toast")
        toast.wait_for()
        studio.page.wait_for_timeout(300)  # it rises
        for panel in (".inspector", ".side-panel", ".tray"):
            assert not lie_upon_each_other(toast, studio.page.locator(panel)), panel
        left, top, right, bottom = box(toast)
        x0, y0, x1, y1 = box(studio.page.locator(".stage"))
        assert x0 <= left and y0 <= top and right <= x1 and bottom <= y1


def test_on_a_telephone_a_comparison_leaves_the_picture_in_sight(browser: Browser, service: str) -> None:
    with visiting(browser, service, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True) as studio:
        page = studio.page
        studio.new_design("From nothing: C2H4O")
        page.get_by_role("navigation", name="Panels").get_by_role("button", name="History").click()
        page.locator(".history-tools button[aria-label^=Compare]").first.click()
        studio.wait("document.querySelectorAll('.cell-label').length === 2", "both pictures")
        stage, side = page.locator(".stage"), page.locator(".side-panel")
        assert not lie_upon_each_other(stage, side)
        _, top, _, bottom = box(stage)
        assert top >= 0 and bottom - top >= 260
        assert box(side)[3] <= 844
        page.get_by_role("button", name="Done").click()
        studio.wait("window.__studio.mode() === 'design'", "the design")
        assert box(side)[1] == 48  # the list has the whole page again
