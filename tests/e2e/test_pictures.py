"""What the Export menu offers while candidates are shown, and what a saved picture has upon it."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect
from studio_page import StudioPage

pytestmark = pytest.mark.e2e


def test_a_picture_has_the_labels_and_the_measurement_that_are_shown(studio: StudioPage, tmp_path: Path) -> None:
    def picture(name: str) -> Any:
        studio.pixels()
        studio.export("Picture", tmp_path / name)
        return np.asarray(Image.open(tmp_path / name).convert("RGB")).astype(int)

    def written(before: Any, after: Any) -> int:
        return int((np.abs(after - before).sum(2) > 60).sum())

    bare = picture("bare.png")
    studio.press("l")
    labelled = picture("labelled.png")
    assert labelled.shape == bare.shape
    assert written(bare, labelled) > 12 * 20  # each of benzene's atoms has its letter
    studio.press("m")
    for atom in (0, 1):
        at = studio.ask("studio.project(it)", studio.design()["scaffold"]["positions"][atom])
        studio.page.mouse.click(at["x"], at["y"])
    assert written(labelled, picture("measured.png")) > 500
    assert studio.page.locator(".atom-labels text").count() == 10  # a dot lies on each of the two that are measured


def test_a_picture_of_several_candidates_has_their_captions(studio: StudioPage, tmp_path: Path) -> None:
    studio.new_design("From nothing: C2H4O")
    studio.fill("Number of candidates", 4)
    studio.generate(seed=1)
    studio.scrub("End")
    shown = studio.pixels().astype(int)
    studio.export("Picture", tmp_path / "candidates.png")
    saved = np.asarray(Image.open(tmp_path / "candidates.png").convert("RGB")).astype(int)
    assert saved.shape == shown.shape
    stage = studio.page.locator(".stage").bounding_box()
    assert stage is not None
    captions = studio.page.locator(".cell-label").all()
    assert len(captions) == 4
    for caption in captions:
        box = caption.bounding_box()
        assert box is not None
        left, top = round(box["x"] - stage["x"]), round(box["y"] - stage["y"])
        here = np.s_[top : top + round(box["height"]), left : left + round(box["width"])]
        ink = np.abs(shown[here] - np.median(shown[here], (0, 1))).sum(2) > 60
        assert ink.mean() > 0.02
        difference = np.abs(saved[here] - shown[here]).sum(2)
        assert difference[ink].mean() < 100, caption.text_content()
        assert difference.mean() < 30, caption.text_content()


def test_a_picture_rings_the_atoms_that_make_a_candidate_no_molecule(studio: StudioPage, tmp_path: Path) -> None:
    studio.new_design("From nothing: C2H4O")
    studio.fill("Number of candidates", 4)
    studio.fill("Number of steps", 2)
    studio.generate(seed=1)
    studio.scrub("End")
    rings = studio.page.locator(".reason-marks circle")
    for candidate in range(4):
        studio.look_at(candidate)
        if rings.count() > 0:
            break
    ring = rings.first.evaluate("it => ({ x: it.cx.baseVal.value, y: it.cy.baseVal.value, r: it.r.baseVal.value })")
    stroke = rings.first.evaluate("it => getComputedStyle(it).stroke")
    studio.export("Picture", tmp_path / "marked.png")
    saved = np.asarray(Image.open(tmp_path / "marked.png").convert("RGB")).astype(int)
    around = np.linspace(0, 2 * np.pi, 90)
    on_it = saved[
        np.round(ring["y"] + ring["r"] * np.sin(around)).astype(int),
        np.round(ring["x"] + ring["r"] * np.cos(around)).astype(int),
    ]
    red = np.array([int(value) for value in stroke.removeprefix("rgb(").removesuffix(")").split(",")])
    assert (np.abs(on_it - red).sum(1) < 90).mean() > 0.8


def test_the_only_candidate_is_the_molecule_to_export_and_of_several_the_menu_says_which(studio: StudioPage) -> None:
    def menu() -> str:
        studio.page.get_by_role("button", name="Export").click()
        text = studio.page.get_by_role("menu").inner_text().lower()
        studio.press("Escape")
        expect(studio.page.get_by_role("menu")).to_have_count(0)
        return text

    assert "the scaffold c1ccccc1" in menu()
    studio.new_design("From nothing: C2H4O")
    studio.fill("Number of candidates", 1)
    studio.generate(seed=1)
    studio.press("Escape")  # none is in focus then
    assert "candidate 1 " in menu()
    studio.fill("Number of candidates", 2)
    studio.generate(seed=1)
    studio.press("Escape")
    assert "click one to save it alone" in menu()
    studio.look_at(1)
    said = menu()
    assert "candidate 2 " in said
    assert "alone" not in said
