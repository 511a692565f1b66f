"""Hands on the picture: each handle by mouse, the blob and the view by finger, panning with Space held, the tools."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect
from studio_page import StudioPage, visiting

pytestmark = pytest.mark.e2e

Point = tuple[float, float]
BLOB = "studio.design().blobs[0]"


@pytest.fixture
def tablet(browser: Browser, service: str) -> Iterator[StudioPage]:
    with visiting(browser, service, viewport={"width": 820, "height": 1180}, has_touch=True) as studio:
        studio.pixels()
        yield studio


def touch(page: Page, *moments: Sequence[Point]) -> None:
    """Fingers that go down at the first moment, go on to each next, and are lifted."""
    session = page.context.new_cdp_session(page)
    for k, fingers in enumerate(moments):
        points = [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(fingers)]
        kind = "touchMove" if k else "touchStart"
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
        page.wait_for_timeout(30)
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    page.wait_for_timeout(100)


def place(studio: StudioPage, point: Sequence[float]) -> Point:
    at = studio.ask("studio.project(it)", list(point))
    return at["x"], at["y"]


def middle(studio: StudioPage, handle: str, part: str) -> Point:
    box = studio.page.get_by_label(handle, exact=True).locator(part).bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def away(start: Point, center: Point, share: float) -> Point:
    """Further from the centre than the start, by that share of the way between them."""
    return start[0] + share * (start[0] - center[0]), start[1] + share * (start[1] - center[1])


def test_a_finger_drags_the_blob_and_its_handles(tablet: StudioPage) -> None:
    before = tablet.ask(BLOB)
    x, y = place(tablet, before["center"])
    touch(tablet.page, *([(x + d, y - d)] for d in (0, 8, 20, 40)))
    moved = tablet.ask(BLOB)["center"]
    shown = place(tablet, moved)
    assert shown == pytest.approx((x + 40, y - 40), abs=3)

    start = middle(tablet, "Width along the blob's y axis", ".knob")
    touch(tablet.page, *([away(start, shown, share)] for share in (0, 0.2, 0.4)))
    widths = tablet.ask(BLOB)["widths"]
    assert widths[1] > 1.2 * before["widths"][1]
    assert (widths[0], widths[2]) == (before["widths"][0], before["widths"][2])


def test_fingers_turn_and_zoom_the_view(tablet: StudioPage) -> None:
    stage = tablet.page.locator(".stage-host").bounding_box()
    assert stage is not None
    x, y = stage["x"] + 0.3 * stage["width"], stage["y"] + 0.85 * stage["height"]  # nothing lies there

    def bond() -> Any:
        return np.subtract(place(tablet, (0.0, 0.0, 0.0)), place(tablet, (1.0, 1.0, 0.0)))

    before = bond()
    touch(tablet.page, *([(x - d, y), (x + d, y)] for d in (30, 40, 50, 60)))
    zoomed = bond()
    assert 1.6 < np.linalg.norm(zoomed) / np.linalg.norm(before) < 3
    design = tablet.design()
    touch(tablet.page, *([(x + d, y)] for d in (0, 10, 30, 60)))
    assert np.linalg.norm(bond() - zoomed) > 5
    assert tablet.design() == design


HANDLES = [
    (f"{name} along the blob's {axis} axis", part, field, k)
    for name, part, field in (("Width", ".knob", "widths"), ("Move", ".head", "center"))
    for k, axis in enumerate("xyz")
]


def test_each_handle_by_mouse_changes_its_own_axis(studio: StudioPage) -> None:
    studio.pixels()
    before = studio.ask(BLOB)
    center = place(studio, before["center"])
    mouse = studio.page.mouse
    for handle, part, field, axis in HANDLES:
        start = middle(studio, handle, part)
        mouse.move(*start)
        mouse.down()
        mouse.move(*away(start, center, 0.2))
        mouse.move(*away(start, center, 0.4))
        mouse.up()
        after = studio.ask(BLOB)
        changed = np.subtract(after[field], before[field])
        assert changed[axis] > 0.1, handle
        assert np.abs(np.delete(changed, axis)).max() < 1e-6, handle  # the example's blob is not turned
        assert {key for key in before if after[key] != before[key]} <= {field, "autoSize"}, handle
        studio.press("Control+z")
        assert studio.ask(BLOB) == before
    for axis in range(3):
        turn_by_mouse(studio, axis, center)
        x, y, z, _ = studio.ask(BLOB)["rotation"]
        assert abs((x, y, z)[axis]) > 0.05
        assert np.delete([x, y, z], axis) == pytest.approx([0, 0], abs=1e-6)
        studio.press("Control+z")
        assert studio.ask(BLOB) == before


RING_POINT = """
(label) => {
  const line = document.querySelector(`[aria-label="${label}"] .line`), to_page = line.getScreenCTM();
  const { x, y } = line.getPointAtLength(0.3 * line.getTotalLength()).matrixTransform(to_page);
  return [x, y];
}
"""


def turn_by_mouse(studio: StudioPage, axis: int, center: Point) -> None:
    x, y = studio.page.evaluate(RING_POINT, f"Turn about the blob's {'xyz'[axis]} axis")
    mouse = studio.page.mouse
    mouse.move(x, y)
    mouse.down()
    mouse.move(x - 0.3 * (y - center[1]), y + 0.3 * (x - center[0]), steps=3)
    mouse.up()


def test_space_held_pans_and_pressed_plays(studio: StudioPage) -> None:
    studio.new_design("From nothing: C2H4O")
    studio.generate(seed=1)
    studio.look_at(0)
    studio.scrub("End")
    studio.pixels()
    page = studio.page
    page.evaluate("document.activeElement.blur()")
    rested = studio.ask("studio.playhead()")
    stage = page.locator(".stage-host").bounding_box()
    assert stage is not None

    def drag(right: float, down: float, start: Point) -> None:
        page.keyboard.down(" ")
        page.mouse.move(*start)
        page.mouse.down()
        page.mouse.move(start[0] + right, start[1] + down, steps=4)
        page.mouse.up()
        page.keyboard.up(" ")

    x, y = place(studio, (0.0, 0.0, 0.0))
    drag(60, 40, (stage["x"] + 0.4 * stage["width"], stage["y"] + 0.7 * stage["height"]))
    assert place(studio, (0.0, 0.0, 0.0)) == pytest.approx((x + 60, y + 40), abs=2)
    assert studio.ask("studio.playhead()") == rested
    studio.press(" ")
    assert studio.ask("studio.playhead()") != rested

    # Upon the blob's handles, too: they let the hand through, and the blob stays.
    studio.press("Escape", "Escape")
    studio.wait("window.__studio.mode() === 'design'", "the design")
    studio.pixels()
    design = studio.design()
    at = place(studio, design["blobs"][0]["center"])
    drag(-50, 20, at)
    assert studio.design() == design
    assert place(studio, design["blobs"][0]["center"]) == pytest.approx((at[0] - 50, at[1] + 20), abs=2)


def test_space_presses_the_button_in_focus_and_no_repeat_of_a_lost_key_plays(studio: StudioPage) -> None:
    studio.new_design("From nothing: C2H4O")
    studio.generate(seed=1)
    studio.scrub("End")
    page = studio.page
    page.evaluate("document.activeElement.blur()")
    rested = studio.ask("studio.playhead()")
    # Space went down elsewhere: in a field that has gone since, or in another window.
    page.evaluate("window.dispatchEvent(new KeyboardEvent('keydown', { key: ' ', repeat: true, cancelable: true }))")
    page.evaluate("window.dispatchEvent(new KeyboardEvent('keyup', { key: ' ' }))")
    assert studio.ask("studio.playhead()") == rested
    help_button = page.get_by_role("button", name="Help", exact=False).first
    help_button.focus()
    studio.press(" ")
    page.get_by_role("dialog").wait_for()
    assert studio.ask("studio.playhead()") == rested


def test_labels_do_not_lie_upon_each_other(studio: StudioPage) -> None:
    studio.press("l", "l")
    page = studio.page
    labels = page.locator(".atom-labels text")
    studio.pixels()
    assert labels.count() == 12  # benzene's
    page.mouse.move(*place(studio, studio.design()["blobs"][0]["center"]))
    for _ in range(12):
        page.mouse.wheel(0, 240)  # upon a handle, which leaves the wheel to the view
    studio.pixels()
    assert 1 <= labels.count() < 12
    assert min(float(label.get_attribute("font-size") or 0) for label in labels.all()) >= 10


def test_the_right_button_pans_upon_a_handle(studio: StudioPage) -> None:
    studio.pixels()
    design = studio.design()
    x, y = place(studio, design["blobs"][0]["center"])
    mouse = studio.page.mouse
    mouse.move(x, y)
    mouse.down(button="right")
    mouse.move(x + 30, y - 40, steps=3)
    mouse.up(button="right")
    assert place(studio, design["blobs"][0]["center"]) == pytest.approx((x + 30, y - 40), abs=2)
    assert studio.design() == design


def test_tools_by_their_letters_and_what_is_measured(studio: StudioPage) -> None:
    studio.pixels()
    page = studio.page
    for key, name in {"b": "Place a blob", "m": "Measure", "a": "Attach", "v": "Select"}.items():
        studio.press(key)
        pressed = page.locator(".tool-rail [aria-pressed=true]").get_attribute("aria-label") or ""
        assert pressed.startswith(name)
    studio.press("m")
    a, b, c, d = (np.asarray(at) for at in studio.design()["scaffold"]["positions"][:4])
    distance = float(np.linalg.norm(a - b))
    angle = float(np.degrees(np.arccos((a - b) @ (c - b) / np.linalg.norm(a - b) / np.linalg.norm(c - b))))
    page.mouse.click(*place(studio, a))
    for atom, said in ((b, f"{distance:.3f} Å"), (c, f"{angle:.1f}°"), (d, "0.0°")):  # benzene is flat
        page.mouse.click(*place(studio, atom))
        expect(page.locator(".measurement text").first).to_have_text(said)
