"""The guided first tour to its end, with its recorded seeds: acetaldehyde, phenyl acetate, aspirin."""

import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser
from rdkit import Chem
from studio_page import StudioPage, visiting

pytestmark = pytest.mark.e2e

SEEDS = Path(__file__).resolve().parents[2] / "frontend" / "src" / "ui" / "tour" / "seeds.json"
PHENYL_ACETATE = "CC(=O)Oc1ccccc1"
ASPIRIN = "CC(=O)Oc1ccccc1C(=O)O"


def press(studio: StudioPage, button: str) -> None:
    studio.page.locator(".tour").get_by_role("button", name=button).click()


def wait_at(studio: StudioPage, stop: str, seconds: float = 60) -> None:
    studio.wait(f"document.querySelector('.tour')?.dataset.stop === '{stop}'", f"the tour to stop at {stop!r}", seconds)


def use_product(studio: StudioPage, product: str) -> Any:
    """From the stop before a run to the next scaffold, which has the frozen atoms of the last one; answers it."""
    before = studio.design()
    [site] = [blob["site"] for blob in before["blobs"]]
    kept = [p for i, p in enumerate(before["scaffold"]["positions"]) if i != site]
    press(studio, "Generate")
    wait_at(studio, "use", seconds=150)  # a seed that brings nothing is followed by others
    focused = studio.candidates()[studio.ask("studio.focus()")]
    assert focused["smiles"] == product
    assert focused["positions"][: len(kept)] == kept
    press(studio, "Use it as scaffold")
    scaffold = studio.design()["scaffold"]
    assert scaffold["positions"] == focused["positions"]
    return scaffold


def test_a_first_visitor_builds_aspirin(browser: Browser, service: str) -> None:
    with visiting(browser, service, newcomer=True) as studio:
        studio.page.get_by_role("button", name="Take the tour").click()
        wait_at(studio, "open")
        assert studio.design()["scaffold"]["smiles"] == "CC=O"

        # A hydrogen that is not meant does not count; the one with the ring does.
        studio.click_hydrogen({3, 4, 5})
        wait_at(studio, "open")
        studio.page.get_by_role("button", name="Undo").click()
        press(studio, "Open it for me")
        wait_at(studio, "fill")
        studio.page.get_by_label("Formula", exact=True).fill("C6H5O")
        wait_at(studio, "shape")
        press(studio, "Shape it for me")
        wait_at(studio, "generate")
        assert studio.design()["settings"]["seed"] == json.loads(SEEDS.read_text())["legs"][0][0]
        assert use_product(studio, PHENYL_ACETATE)["smiles"] == PHENYL_ACETATE

        wait_at(studio, "open")
        press(studio, "Open it for me")
        studio.page.get_by_label("Formula", exact=True).fill("CHO2")
        wait_at(studio, "generate")
        scaffold = use_product(studio, ASPIRIN)
        wait_at(studio, "arrived")
        assert Chem.MolToSmiles(Chem.MolFromSmiles(scaffold["smiles"])) == ASPIRIN
        assert scaffold["numbers"].count(6) == 9

        press(studio, "Go on by myself")
        assert studio.page.locator(".tour").count() == 0
        studio.page.reload()
        studio.wait("window.__studio?.link() === 'online'", "the socket to open")
        assert studio.page.get_by_role("button", name="Take the tour").count() == 0


def test_the_tour_leaves_nobody_behind(browser: Browser, service: str) -> None:
    """Somebody who walks off is shown the way back; the invitation goes away when work begins."""
    with visiting(browser, service, newcomer=True) as studio:
        studio.page.get_by_role("button", name="Take the tour").click()
        wait_at(studio, "open")
        studio.new_design("From nothing: C2H4O")
        wait_at(studio, "astray")
        studio.page.get_by_role("button", name="Undo").click()
        wait_at(studio, "open")
        studio.page.get_by_role("button", name="End the tour").click()
        assert studio.page.locator(".tour").count() == 0
    with visiting(browser, service, newcomer=True) as studio:
        assert studio.page.get_by_role("button", name="Take the tour").count() == 1
        studio.new_design("From nothing: C2H4O")
        assert studio.page.get_by_role("button", name="Take the tour").count() == 0


def test_on_a_telephone_each_step_is_in_sight(browser: Browser, service: str) -> None:
    """The formula when it is to be typed, and the picture again for what is done there."""
    telephone: Any = {"viewport": {"width": 412, "height": 823}, "has_touch": True, "is_mobile": True}

    def wait_for_sight(studio: StudioPage, element: str) -> None:
        """Between the bar at the top and the tour's card."""
        studio.wait(
            f"(() => {{ const [it, bar, card] = ['{element}', '.top-bar', '.tour'].map((name) =>"
            " document.querySelector(name).getBoundingClientRect());"
            " return it.top >= bar.bottom - 1 && it.bottom <= card.top + 1 })()",
            f"{element} to be in sight",
        )

    with visiting(browser, service, newcomer=True, **telephone) as studio:
        studio.page.get_by_role("button", name="Take the tour").tap()
        wait_at(studio, "open")
        wait_for_sight(studio, ".stage-host")
        studio.page.locator(".tour").get_by_role("button", name="Open it for me").tap()
        wait_at(studio, "fill")
        wait_for_sight(studio, "#formula")
        studio.page.get_by_label("Formula", exact=True).fill("C6H5O")
        wait_at(studio, "shape")
        wait_for_sight(studio, ".stage-host")
