"""What the page says of molecules: predicted gap and energy, those that come out twice; and when it asks for that."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route
from studio_page import StudioPage, visiting

pytestmark = pytest.mark.e2e

Asked = dict[str, list[Any]]


def listening(asked: Asked) -> Callable[[Page], None]:
    """Keeps the bodies of all questions about molecules, by the last word of their address."""

    def prepare(page: Page) -> None:
        def keep(request: Any) -> None:
            if "/molecules/" in request.url:
                asked.setdefault(request.url.rsplit("/", 1)[1], []).append(json.loads(request.post_data))

        page.on("request", keep)

    return prepare


def benzoic_acids(studio: StudioPage) -> list[Any]:
    """Four candidates of a carboxyl group on benzene; at least two of them come out the same."""
    studio.new_design("Grow from benzene")
    studio.fill("Number of candidates", 4)
    studio.generate(seed=7)
    studio.scrub("End")
    return studio.candidates()


def test_gap_and_energy_stand_where_they_are_looked_for(browser: Browser, service: str) -> None:
    asked: Asked = {}
    with visiting(browser, service, prepare=listening(asked)) as studio:
        found = benzoic_acids(studio)
        valid = [k for k, candidate in enumerate(found) if candidate["valid"]]
        cards = studio.page.locator(".card")
        studio.wait(f"document.querySelectorAll('.card-gap').length === {len(valid)}", "every molecule's gap")
        studio.look_at(valid[0])
        answer = studio.page.request.post(
            f"{service}/molecules/predict",
            data={"molecules": [{key: found[k][key] for key in ("numbers", "positions")} for k in valid]},
        ).json()
        for k, molecule in zip(valid, answer["molecules"], strict=True):
            assert f"gap {molecule['gap_ev']:.2f} eV" in cards.nth(k).inner_text()
        facts = studio.page.locator(".predicted")
        assert f"± {answer['model']['test_mae']['gap_ev']:.2f} eV" in facts.inner_text()
        assert f"{answer['molecules'][0]['gap_ev']:.2f}" in facts.inner_text()
        # All candidates in one question, and those that were not looked at singly are not asked for again.
        candidates = [body for body in asked["predict"] if len(body["molecules"]) == len(valid)]
        assert len(candidates) == 1
        studio.look_at(valid[-1])
        studio.wait(
            f"document.querySelector('.predicted').textContent.includes('{answer['molecules'][-1]['gap_ev']:.2f}')",
            "the other candidate's gap",
        )
        assert [len(body["molecules"]) for body in asked["predict"]].count(len(valid)) == 1

        smiles = [found[k]["smiles"] for k in valid]
        for at, k in enumerate(valid):
            first = valid[smiles.index(smiles[at])]
            text = cards.nth(k).locator(".card-text").text_content() or ""
            assert (re.search(r"same as (\d+)", text) or [None, None])[1] == (str(first + 1) if first < k else None)


def test_a_service_without_such_a_model_leaves_no_gap(browser: Browser, service: str) -> None:
    questions: list[str] = []

    def none(route: Route) -> None:
        questions.append(route.request.url)
        route.fulfill(status=404, content_type="application/problem+json", body='{"detail": "no such model"}')

    with visiting(browser, service, prepare=lambda page: page.route("**/molecules/predict", none)) as studio:
        found = benzoic_acids(studio)
        studio.look_at(next(k for k, candidate in enumerate(found) if candidate["valid"]))
        studio.wait("document.querySelector('.facts')?.getAttribute('aria-busy') === 'false'", "the properties")
        assert studio.page.locator(".predicted, .card-gap").count() == 0
        assert studio.page.locator(".card .spark small[hidden]").count() == 0
        assert len(questions) == 1
        studio.complaints.clear()  # browsers tell of every 404


def test_nothing_is_asked_of_atoms_on_their_way_or_of_what_cannot_be(browser: Browser, service: str) -> None:
    asked: Asked = {}
    with visiting(browser, service, prepare=listening(asked)) as studio:
        page = studio.page
        studio.press("Control+a")
        page.get_by_label("Let go").click()
        studio.pixels()
        carbon = studio.ask("studio.project(studio.design().scaffold.positions[0])")
        page.mouse.click(carbon["x"], carbon["y"])
        ring = page.locator(".atom-marks .chosen").bounding_box()
        assert ring is not None
        x, y = ring["x"] + ring["width"] / 2, ring["y"] + ring["height"] / 2
        asked.clear()
        page.mouse.move(x, y)
        page.mouse.down()
        for k in range(12):
            page.mouse.move(x + 2 * k, y - k)
        assert asked == {}
        page.mouse.up()
        studio.wait("document.querySelector('.drawing').dataset.state === 'known'", "the drawing")
        page.wait_for_timeout(300)
        assert {kind: len(bodies) for kind, bodies in asked.items()} == {"depict": 1, "properties": 1, "predict": 1}

        page.get_by_label("Make it fluorine").click()
        page.wait_for_timeout(300)
        asked.clear()
        panel = page.locator(".molecule-panel")
        assert re.search(r"Not a molecule\. F1 has \w+ bonds? too many", panel.inner_text())
        page.wait_for_timeout(300)
        assert asked == {}


def test_saving_leaves_the_pointer_where_it_does_no_harm(studio: StudioPage) -> None:
    studio.new_design("From nothing: C2H4O")
    nodes = studio.history()["current"]
    button = studio.page.get_by_role("button", name="Save", exact=True)
    box = button.bounding_box()
    assert box is not None
    at = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    studio.page.mouse.click(*at)
    studio.wait("document.querySelector('.title-state').dataset.state === 'saved'", "the design to be saved")
    studio.page.mouse.click(*at)
    assert studio.history()["current"] == nodes
    assert button.is_disabled()


def test_escape_ends_a_comparison(studio: StudioPage) -> None:
    studio.new_design("From nothing: C2H4O")
    studio.press("y")
    studio.page.get_by_role("button", name="Compare with what is shown").first.focus()
    studio.press("Enter")
    assert studio.mode() == "compare"
    studio.press("Escape")
    assert studio.mode() == "design"


def test_plots_are_as_wide_as_their_panel(browser: Browser, service: str) -> None:
    plots = ".property-plot .uplot"
    filled = """[...document.querySelectorAll('.property-plot .uplot')].every(plot =>
        Math.abs(plot.clientWidth - plot.parentElement.clientWidth) <= 1)"""
    with visiting(browser, service, viewport={"width": 820, "height": 1180}) as studio:
        studio.look_at(next(k for k, candidate in enumerate(benzoic_acids(studio)) if candidate["valid"]))
        if not studio.page.locator(".molecule-panel").is_visible():
            studio.page.get_by_role("button", name="Molecule", exact=False).first.click()
        studio.page.locator(plots).first.wait_for()
        wide = studio.page.locator(plots).first.bounding_box()
        assert studio.page.evaluate(filled)
        studio.page.set_viewport_size({"width": 1280, "height": 800})
        studio.wait(filled, "the plots to fit the other panel")
        narrow = studio.page.locator(plots).first.bounding_box()
        assert wide is not None and narrow is not None and wide["width"] > 1.5 * narrow["width"]
