"""Undo and redo over many mixed actions: each is one step, which leads to exactly the state that was there before."""

import random
from collections.abc import Callable
from typing import Any

import pytest
from studio_page import StudioPage

pytestmark = pytest.mark.e2e

ACTIONS = 50
SEED = 20260


class Hand:
    """Does one thing after another, and remembers every state that the history went through."""

    def __init__(self, studio: StudioPage, seed: int) -> None:
        self.studio, self.random = studio, random.Random(seed)
        self.nodes = studio.history()["nodes"]
        self.states: list[tuple[int, Any]] = [(studio.history()["current"], studio.design())]

    def look(self, what: str) -> None:
        """An action makes one node. Quick edits of one kind share it, and its state is the last of them."""
        history, design = self.studio.history(), self.studio.design()
        made, self.nodes = history["nodes"] - self.nodes, history["nodes"]
        assert made <= 1, f"{what} took {made} steps"
        if made == 0:
            assert history["current"] == self.states[-1][0]
            self.states[-1] = (history["current"], design)
        else:
            self.states.append((history["current"], design))

    def act(self) -> str:
        name = self.random.choice([name for name, possible in self.possible().items() if possible])
        self.leave_field()
        self.actions()[name]()
        self.look(name)
        return name

    def leave_field(self) -> None:
        """Letters that are meant for the page would be typed into the field in focus, each an edit of its own."""
        self.studio.page.locator(":focus").or_(self.studio.page.locator("body")).first.blur()

    def possible(self) -> dict[str, bool]:
        design = self.studio.design()
        selected = self.studio.ask("studio.selected()")
        blob = next((b for b in design["blobs"] if b["id"] == selected), None)
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


def test_fifty_mixed_actions_undone_and_done_again(studio: StudioPage) -> None:
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
        assert (studio.history()["current"], studio.design()) == (node, design)
    assert studio.page.get_by_role("button", name="Undo").is_disabled()

    for node, design in hand.states[1:]:
        studio.press("Control+Shift+z")
        assert (studio.history()["current"], studio.design()) == (node, design)
    assert studio.page.get_by_role("button", name="Redo").is_disabled()
