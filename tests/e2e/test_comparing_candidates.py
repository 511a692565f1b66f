"""Two candidates of one generation side by side, from their cards; the rest of what one meets on the way there."""

import pytest
from playwright.sync_api import expect
from studio_page import StudioPage

pytestmark = pytest.mark.e2e


def test_two_candidates_of_one_generation_are_compared(studio: StudioPage) -> None:
    page = studio.page
    studio.fill("Number of candidates", 3)
    studio.generate(seed=5)
    studio.look_at(0)
    expect(page.get_by_label("Compare candidate 1 with", exact=False)).to_have_count(0)  # it is that one
    page.get_by_label("Compare candidate 3 with candidate 1").focus()
    studio.press("Enter")
    studio.wait("window.__studio.mode() === 'compare'", "the comparison")
    assert studio.focused() == "Done"
    sides = page.locator(".compare-side")
    expect(sides).to_have_count(2)
    expect(sides.nth(0)).to_contain_text("candidate 1")
    expect(sides.nth(1)).to_contain_text("candidate 3")
    # Every frozen atom of one is in its place in the other.
    kept = page.get_by_role("row", name="In the same place")
    expect(kept).to_contain_text(f"of {len(studio.candidates()[0]['numbers'])}")

    # Another one takes the second place without a way back.
    page.get_by_label("Compare candidate 2 with candidate 1").focus()
    studio.press("Enter")
    expect(sides.nth(1)).to_contain_text("candidate 2")
    studio.press("Escape")
    assert studio.mode() == "results"
    assert studio.ask("studio.focus()") == 0


def test_chosen_atoms_stay_chosen_over_undo(studio: StudioPage) -> None:
    page = studio.page
    studio.press("t")
    page.get_by_label("Choose C4 to edit it").click()
    page.get_by_label("Choose C5 to edit it").click()
    page.get_by_role("button", name="Free", exact=True).click()
    row = page.locator("tr", has=page.get_by_label("Choose C5 to edit it"))
    expect(row.locator(".atom-bonds")).to_have_text("free C4 =C6 H11")
    marked = row.locator(".atom-bonds em")
    cell, word = row.locator(".atom-bonds").bounding_box(), marked.bounding_box()
    assert cell is not None and word is not None
    assert word["x"] + word["width"] <= cell["x"] + cell["width"]  # whole, however many bonds there are
    page.evaluate("document.activeElement.blur()")
    studio.press("Control+z")
    assert "free" not in studio.design()["scaffold"]
    expect(page.get_by_label("Choose C4 to edit it")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_label("Choose C5 to edit it")).to_have_attribute("aria-pressed", "true")


def test_a_site_that_opens_is_told(studio: StudioPage) -> None:
    studio.tab_to("Open a site at hydrogen 9")
    studio.press("Enter")
    told = studio.page.locator("[aria-live=polite]").filter(has_text="A blob is in place of hydrogen 9.")
    expect(told).to_have_count(1)
