"""Undo and redo over many mixed actions: each is one step, which leads to exactly the state that was there before."""

import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser
from studio_page import StudioPage, visiting

pytestmark = pytest.mark.e2e

ACTIONS = 50
SEED = 20260


# Where the history stands, how many nodes it has, the design, and which blob is selected. It is asked some hundreds of
# times, and so all of it at once.
STATE = "({ ...studio.history(), design: studio.design(), selected: studio.selected() })"


class Hand:
    """Does one thing after another, and remembers every state that the history went through."""

    def __init__(self, studio: StudioPage, seed: int) -> None:
        self.studio, self.random = studio, random.Random(seed)
        self.now = studio.ask(STATE)
        self.states: list[tuple[int, Any]] = [(self.now["current"], self.now["design"])]

    def look(self, what: str) -> None:
        """An action makes one node. Quick edits of one kind share it, and its state is the last of them."""
        before, self.now = self.now, self.studio.ask(STATE)
        made = self.now["nodes"] - before["nodes"]
        assert made <= 1, f"{what} took {made} steps"
        if made == 0:
            assert self.now["current"] == self.states[-1][0]
            self.states[-1] = (self.now["current"], self.now["design"])
        else:
            self.states.append((self.now["current"], self.now["design"]))

    def act(self) -> str:
        name = self.random.choice([name for name, possible in self.possible().items() if possible])
        self.leave_field()
        self.actions()[name]()
        self.look(name)
        return name

    def leave_field(self) -> None:
        """Letters that are meant for the page would be typed into the field that was filled last: no mouse left it."""
        self.studio.page.evaluate("document.activeElement?.blur()")

    def possible(self) -> dict[str, bool]:
        design = self.now["design"]
        blob = next((b for b in design["blobs"] if b["id"] == self.now["selected"]), None)
        formula = blob is not None and blob["content"]["kind"] == "formula"
        about_a_blob = ("drag", "nudge", "turn", "stretch", "number", "hold", "random", "remove")
        return dict.fromkeys(about_a_blob, blob is not None) | {
            "formula": formula,
            "stepper": formula,
            "site": design["scaffold"] is not None and len(design["blobs"]) < 3,
            "blob": len(design["blobs"]) < 3,
            "setting": True,
            "example": True,
        }

    def actions(self) -> dict[str, Callable[[], None]]:
        page, press, pick = self.studio.page, self.studio.press, self.random.choice
        return {
            "drag": self.drag,
            "nudge": lambda: press(pick(["ArrowUp", "ArrowLeft", "Shift+ArrowRight"])),
            "turn": lambda: press("r", pick("xyz"), pick(["ArrowUp", "Shift+ArrowLeft"]), "Enter"),
            "stretch": lambda: press("s", pick(["x", "y", "z"]), pick(["ArrowUp", "ArrowDown"]), "Enter"),
            "number": lambda: self.studio.fill(f"Centre {pick('xyz')}, ångström", round(self.random.uniform(-4, 4), 2)),
            "hold": lambda: page.get_by_label("Hold").press(pick(["ArrowLeft", "ArrowRight"])),
            "formula": lambda: page.get_by_label("Formula", exact=True).fill(pick(["CH3", "HO", "C2H5", "CHO2"])),
            "stepper": lambda: page.get_by_role("button", name="One more carbon").click(),
            "random": lambda: page.get_by_role("radio", name=pick(["Random atoms", "Formula"])).click(),
            "remove": lambda: press("Delete"),
            "site": lambda: page.get_by_role("button", name="Open a site", exact=True).first.click(),
            "blob": self.place,
            "setting": lambda: self.studio.fill("Number of steps", self.random.randrange(16, 64)),
            "example": lambda: self.studio.new_design(pick(["Grow from benzene", "From nothing: C2H4O"])),
        }

    def drag(self) -> None:
        """By the handle in the middle, with the mouse."""
        center, before = self.center(), None
        while center != before:  # the picture may still be gliding to its place
            self.studio.page.wait_for_timeout(60)
            center, before = self.center(), center
        mouse = self.studio.page.mouse
        mouse.move(center["x"], center["y"])
        mouse.down()
        mouse.move(center["x"] + self.random.randrange(10, 40), center["y"] - 20, steps=3)
        mouse.up()

    def center(self) -> dict[str, float]:
        """Where the middle of the blob selected is on the page."""
        blob = "studio.design().blobs.find((b) => b.id === studio.selected())"
        found: dict[str, float] = self.studio.ask(f"studio.project({blob}.center)")
        return found

    def place(self) -> None:
        self.studio.press("b")
        box = self.studio.page.locator(".stage").bounding_box()
        assert box is not None
        self.studio.page.mouse.click(box["x"] + box["width"] * 0.3, box["y"] + box["height"] * 0.3)


# The history is what is looked at here, not its pictures: software would take most of the time to draw some hundreds of
# them. Everything up to the call that draws is as ever.
DRAW_NOTHING = """
for (const name of ['drawElements', 'drawArrays']) WebGL2RenderingContext.prototype[name] = () => {};
"""


@pytest.fixture
def quick_studio(browser: Browser, service: str) -> Iterator[StudioPage]:
    """A page that is small, that does not glide, and that draws nothing."""
    options: dict[str, Any] = {"viewport": {"width": 1184, "height": 620}, "reduced_motion": "reduce"}
    with visiting(browser, service, prepare=lambda page: page.add_init_script(DRAW_NOTHING), **options) as studio:
        yield studio


def test_fifty_mixed_actions_undone_and_done_again(quick_studio: StudioPage) -> None:
    studio = quick_studio
    hand = Hand(studio, SEED)
    done = []
    for k in range(ACTIONS):
        if k in (15, 35):
            # A run in between, and its first candidate as scaffold: they are steps of the history, too.
            studio.new_design("From nothing: C2H4O")
            hand.look("a new design")
            studio.fill("Number of candidates", 2)
            hand.look("how many candidates")
            studio.fill("Seed", k)
            hand.look("the seed")
            studio.generate(seed=k)
            hand.look("a run")
            studio.use(0)
            hand.look("a pick")
        done.append(hand.act())
    assert len(set(done)) >= 10
    assert len(hand.states) > 40
    hand.leave_field()

    for node, design in reversed(hand.states[:-1]):
        studio.press("Control+z")
        now = studio.ask(STATE)
        assert (now["current"], now["design"]) == (node, design)
    assert studio.page.get_by_role("button", name="Undo").is_disabled()

    for node, design in hand.states[1:]:
        studio.press("Control+Shift+z")
        now = studio.ask(STATE)
        assert (now["current"], now["design"]) == (node, design)
    assert studio.page.get_by_role("button", name="Redo").is_disabled()
