"""The history by keyboard: two of its nodes side by side, their names; nothing goes behind what is on show."""

import pytest
from playwright.sync_api import expect
from studio_page import StudioPage

pytestmark = pytest.mark.e2e


def with_history(studio: StudioPage) -> None:
    """Benzene with a blob, then a blob alone, beside the open history."""
    studio.new_design("From nothing: C2H4O")
    studio.page.get_by_role("button", name="History").first.click()


def said(studio: StudioPage, words: str) -> None:
    expect(studio.page.locator("[aria-live=polite]").filter(has_text=words)).to_have_count(1)


def test_a_comparison_takes_the_keys_and_gives_them_back(studio: StudioPage) -> None:
    with_history(studio)
    studio.page.get_by_label("Compare with what is shown: Grow from benzene").focus()
    studio.press("Enter")
    studio.wait("window.__studio.mode() === 'compare'", "the comparison")
    assert studio.focused() == "Done"
    said(studio, "Comparing two designs.")
    studio.press("Escape")
    assert studio.mode() == "design"
    assert studio.focused().startswith("Grow from benzene")
    said(studio, "The comparison has ended.")


def test_a_blob_is_not_deleted_behind_a_comparison(studio: StudioPage) -> None:
    with_history(studio)
    studio.page.get_by_label("Compare with what is shown: Grow from benzene").click()
    studio.wait("window.__studio.mode() === 'compare'", "the comparison")
    studio.press("Delete")
    assert studio.design()["blobs"] == []
    assert studio.mode() == "design"
    said(studio, "The blob has been removed.")


def test_long_names_keep_to_their_side_of_a_comparison(studio: StudioPage) -> None:
    with_history(studio)
    studio.page.get_by_label("Name: Grow from benzene").click()
    studio.page.keyboard.type("n" * 110)
    studio.press("Enter")
    studio.page.set_viewport_size({"width": 1024, "height": 700})
    studio.page.locator(".history-tools button[aria-label^=Compare]").first.focus()
    studio.press("Enter")
    studio.wait("document.querySelectorAll('.cell-label').length === 2", "both labels")
    studio.pixels()
    a, b = (label.bounding_box() for label in studio.page.locator(".cell-label").all())
    stage = studio.page.locator(".stage").bounding_box()
    assert a is not None and b is not None and stage is not None
    assert stage["x"] <= a["x"]
    assert a["x"] + a["width"] <= b["x"] or a["y"] + a["height"] <= b["y"]
    assert b["x"] + b["width"] <= stage["x"] + stage["width"]


def test_a_node_is_named_by_keyboard(studio: StudioPage) -> None:
    with_history(studio)
    name = studio.page.get_by_label("Name: Grow from benzene")
    name.focus()
    studio.press("Enter")
    studio.page.keyboard.type("the start")
    studio.press("Enter")
    assert studio.focused().startswith("the start")
    said(studio, "“Grow from benzene” is called “the start”.")

    # Undo takes back the name, and nothing else; redo gives it again.
    before, design = studio.history(), studio.design()
    studio.press("Control+z")
    said(studio, "“Grow from benzene” has no name of its own.")
    expect(studio.page.locator(".history-words b").first).to_have_text("Grow from benzene")
    assert (studio.history(), studio.design()) == (before, design)
    studio.press("Control+Shift+z")
    expect(studio.page.locator(".history-words b").first).to_have_text("the start")
    studio.press("Control+z", "Control+z")
    assert studio.history()["current"] != before["current"]


def test_letting_go_of_a_name_does_not_stop_a_run(studio: StudioPage) -> None:
    with_history(studio)
    studio.fill("Number of steps", 256)
    studio.press("Control+Enter")
    studio.wait("window.__studio.run()?.frames > 1", "the run to be under way")
    studio.page.get_by_label("Name: Grow from benzene").focus()
    studio.press("Enter")
    studio.page.keyboard.type("never mind")
    studio.press("Escape")
    assert studio.focused().startswith("Grow from benzene")
    studio.wait("window.__studio.run().phase !== 'running'", "the run to end", seconds=120)
    assert studio.ask("studio.run().phase") == "done"
