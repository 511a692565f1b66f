"""Takes the pictures in docs/images of the page in real states, on the real service with its shipped weights.

    .venv/bin/python scripts/screenshots.py [name …]

`STUDIO_FRONTEND` chooses another built page. The hand is that of the end-to-end tests.
"""

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "e2e")]

from benchmarks.server import serving  # noqa: E402
from conftest import CHROMIUM_FLAGS  # noqa: E402
from playwright.sync_api import sync_playwright  # noqa: E402
from studio_page import StudioPage, visiting  # noqa: E402

IMAGES = ROOT / "docs" / "images"
WIDE = {"width": 1440, "height": 900}
TABLET = {"width": 820, "height": 1180}
PHONE = {"width": 412, "height": 823}
MOST_SEEDS = 8
SETTLE_MS = 2_500
SLOW_MS = 180_000  # software GL on a busy machine


def run(studio: StudioPage, example: str, samples: int, seed: int, valid: int = 1, formula: str | None = None) -> int:
    """Generates until so many candidates are valid; looks at the first of them and answers it."""
    studio.new_design(example)
    if formula is not None:
        studio.page.get_by_label("Formula", exact=True).fill(formula)
    studio.fill("Number of candidates", samples)
    good: list[int] = []
    for tried in range(seed, seed + MOST_SEEDS):
        studio.generate(tried)
        good = [k for k, candidate in enumerate(studio.candidates()) if candidate["valid"]]
        if len(good) >= valid:
            break
    studio.look_at(good[0])
    studio.scrub("End")  # a slow machine may still be playing
    return good[0]


def panel(studio: StudioPage, name: str) -> None:
    button = studio.page.get_by_role("navigation", name="Panels").get_by_role("button", name=name)
    if button.get_attribute("aria-pressed") != "true":
        button.click()


def forming(studio: StudioPage) -> None:
    run(studio, "From nothing: C7H8O2", 6, seed=3, valid=3)
    studio.press("Escape")
    slider = studio.page.get_by_label("Frame", exact=True)
    slider.fill(str(round(0.45 * float(slider.get_attribute("max") or 0))))


def candidates(studio: StudioPage) -> None:
    run(studio, "Grow from benzene", 6, seed=7, valid=4)
    panel(studio, "Molecule")


def history(studio: StudioPage) -> None:
    studio.use(run(studio, "From nothing: C2H4O", 4, seed=1, valid=3))
    studio.page.get_by_role("button", name="Open a site", exact=True).first.click()
    studio.page.get_by_label("Formula", exact=True).fill("CH3")
    studio.fill("Number of candidates", 4)
    studio.generate(seed=12)
    studio.press("Control+z", "Control+z")
    studio.page.get_by_label("Formula", exact=True).fill("HO")
    studio.generate(seed=13)
    panel(studio, "History")


def tour(studio: StudioPage) -> None:
    studio.page.get_by_role("button", name="Take the tour").click()
    studio.page.get_by_role("button", name="Open it for me").click()
    studio.page.get_by_label("Formula", exact=True).fill("C6H5O")
    studio.wait("document.querySelector('.tour')?.dataset.stop === 'shape'", "the tour")


def aspirin(studio: StudioPage) -> None:
    tour(studio)
    card = studio.page.locator(".tour")
    way = (
        ("shape", "Shape it for me"),
        ("generate", "Generate"),
        ("use", "Use it as scaffold"),
        ("open", "Open it for me"),
        ("fill", "Fill it for me"),
        ("generate", "Generate"),
        ("use", "Use it as scaffold"),
    )
    for stop, button in way:
        here = "document.querySelector('.tour')?.dataset.stop"
        if stop == "fill" and studio.page.evaluate(here) == "generate":
            continue
        studio.wait(f"{here} === '{stop}'", f"the tour to stop at {stop}", seconds=120)
        card.get_by_role("button", name=button).click()
    studio.wait("document.querySelector('.tour')?.dataset.stop === 'arrived'", "aspirin")
    panel(studio, "Molecule")
    studio.pixels()
    mouse = studio.page.mouse
    mouse.move(900, 120)
    mouse.down()
    mouse.move(900, 350, steps=4)  # its flat side to the viewer
    mouse.up()


def on_a_tablet(studio: StudioPage) -> None:
    run(studio, "Grow from benzene", 6, seed=7, valid=4)


def on_a_telephone(studio: StudioPage) -> None:
    run(studio, "Grow from benzene", 4, seed=7, valid=2)
    studio.page.evaluate("document.querySelector('.app').scrollTo(0, 0)")


def palette(studio: StudioPage) -> None:
    candidates(studio)
    studio.press("Control+k")
    studio.page.keyboard.type("exp")


def measure(studio: StudioPage) -> None:
    studio.use(run(studio, "Grow from benzene", 4, seed=7, valid=2))
    studio.press("l", "m")
    studio.pixels()
    box = studio.page.locator(".stage-host").bounding_box()
    assert box is not None
    scaffold = studio.design()["scaffold"]
    for i, j, _ in scaffold["bonds"][:1]:
        for atom in (i, j):
            at = studio.ask("studio.project(it)", scaffold["positions"][atom])
            studio.page.mouse.click(at["x"], at["y"])


def tables(studio: StudioPage) -> None:
    studio.use(run(studio, "From nothing: C2H4O", 4, seed=1))
    studio.page.get_by_role("button", name="Open a site", exact=True).first.click()
    studio.page.get_by_role("navigation", name="Panels").get_by_role("button").last.click()


def bridge(studio: StudioPage) -> None:
    scaffold, [blob] = studio.design()["scaffold"], studio.design()["blobs"]
    carbon = next(i for i, j, _ in scaffold["bonds"] if j == blob["site"])
    beside = next(j if i == carbon else i for i, j, _ in scaffold["bonds"] if carbon in (i, j) and blob["site"] != j)
    hydrogen = next(j for i, j, _ in scaffold["bonds"] if i == beside and scaffold["numbers"][j] == 1)
    studio.page.locator(f"[aria-label^='Open a site at hydrogen {hydrogen + 1} ']").focus()
    studio.press("Enter")
    studio.page.get_by_role("button", name="One blob for all 2 sites").click()
    studio.page.get_by_role("button", name="benzo", exact=True).click()


STATES: dict[str, tuple[str, dict[str, int], bool, Callable[[StudioPage], object]]] = {
    "editor": ("light", WIDE, False, lambda studio: None),
    "editor-dark": ("dark", WIDE, False, lambda studio: None),
    "forming": ("dark", WIDE, False, forming),
    "candidates": ("light", WIDE, False, candidates),
    "history": ("light", WIDE, False, history),
    "tour": ("light", WIDE, True, tour),
    "aspirin": ("dark", WIDE, True, aspirin),
    "palette": ("dark", WIDE, False, palette),
    "measure": ("light", WIDE, False, measure),
    "tables": ("dark", WIDE, False, tables),
    "bridge": ("light", WIDE, False, bridge),
    "tablet": ("light", TABLET, False, on_a_tablet),
    "telephone": ("dark", PHONE, False, on_a_telephone),
}
"""Scheme, size, whether the visitor is new, and how the state is reached."""


def main(names: list[str]) -> None:
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    page = {"STUDIO_FRONTEND": os.environ["STUDIO_FRONTEND"]} if "STUDIO_FRONTEND" in os.environ else {}
    IMAGES.mkdir(parents=True, exist_ok=True)
    with serving(**page) as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=CHROMIUM_FLAGS)
        for name in names or STATES:
            scheme, size, newcomer, reach = STATES[name]
            address = f"http://{server.address}"
            # Stills need no motion, and frames that are not played are not drawn by software either.
            options: dict[str, Any] = {"color_scheme": scheme, "viewport": size, "reduced_motion": "reduce"}
            if size == PHONE:
                options |= {"has_touch": True, "is_mobile": True, "device_scale_factor": 1.5}
            with visiting(
                browser, address, newcomer, lambda page: page.set_default_timeout(SLOW_MS), "", **options
            ) as studio:
                reach(studio)
                studio.page.mouse.move(1, 1)
                if studio.page.get_by_role("dialog").count() == 0:
                    studio.page.evaluate("document.activeElement.blur()")
                studio.page.wait_for_timeout(SETTLE_MS)  # drawings of the service, fades, the glide of the camera
                studio.page.screenshot(path=IMAGES / f"{name}.png")
            print(IMAGES / f"{name}.png", flush=True)
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1:])
