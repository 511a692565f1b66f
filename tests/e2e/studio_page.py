"""What a chemist does on the page, in words; `window.__studio` tells what came of it and changes nothing itself."""

import io
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Browser, Page

Pixels = NDArray[np.uint8]


class StudioPage:
    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda message: self._heed(message.type, message.text))

    def _heed(self, kind: str, text: str) -> None:
        if kind == "error":
            self.complaints.append(text)

    def ask(self, expression: str, argument: object = None) -> Any:
        """The value of a JavaScript expression over `studio`, the page's test handle."""
        return self.page.evaluate(f"(it) => {{ const studio = window.__studio; return {expression} }}", argument)

    def wait(self, expression: str, what: str, seconds: float = 60) -> None:
        """Until the expression holds. (Playwright's own waiting needs `eval`, which the page's policy forbids.)"""
        deadline = time.monotonic() + seconds
        while not self.page.evaluate(expression):
            if time.monotonic() > deadline:
                raise TimeoutError(f"waited {seconds} s for {what}")
            self.page.wait_for_timeout(50)

    # --- what is there ----------------------------------------------------------------------------

    def mode(self) -> str:
        """`design`, `results` or `compare`."""
        return str(self.ask("studio.mode()"))

    def design(self) -> Any:
        return self.ask("studio.design()")

    def candidates(self) -> list[Any]:
        found: list[Any] = self.ask("studio.run().candidates")
        return found

    def pixels(self) -> Pixels:
        """The 3D view as it is on the screen, [height, width, 3], once it has come to rest."""
        before = self._shot()
        for _ in range(60):
            self.page.wait_for_timeout(150)
            after = self._shot()
            if np.array_equal(before, after):
                return after
            before = after
        raise TimeoutError("the view does not come to rest")

    def _shot(self) -> Pixels:
        shot = self.page.locator(".stage").screenshot()
        return np.asarray(Image.open(io.BytesIO(shot)).convert("RGB"))

    def history(self) -> Any:
        """`current`, the node that is shown, and how many `nodes` there are."""
        return self.ask("studio.history()")

    # --- by keyboard alone ------------------------------------------------------------------------

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def focused(self) -> str:
        """What a screen reader calls the element in focus."""
        name: str = self.page.evaluate(
            "() => { const it = document.activeElement; const id = it?.id; "
            "const label = id ? document.querySelector(`label[for='${CSS.escape(id)}']`) : it?.closest('label'); "
            "return (it?.getAttribute('aria-label') ?? label?.textContent ?? it?.textContent ?? '').trim() }"
        )
        return name

    def tab_to(self, name: str, most: int = 150) -> str:
        """Tabs on until the element in focus is called `name`, or begins with it; answers its whole name."""
        for _ in range(most):
            self.press("Tab")
            if (found := self.focused()).startswith(name):
                return found
        raise AssertionError(f"{most} times Tab do not lead to {name!r}")

    def choose(self, menu: str, item: str) -> None:
        """Opens the menu and goes down to the item, by keys."""
        self.tab_to(menu)
        self.press("Enter")
        in_menu = "document.activeElement?.closest('[role=menu]') != null"
        self.wait(in_menu, f"the menu {menu!r} to open", seconds=10)
        for _ in range(40):
            if self.focused().startswith(item):
                self.press("Enter")
                self.wait(
                    "document.activeElement?.getAttribute('aria-haspopup') === 'menu'", "the menu to give back focus"
                )
                return
            self.press("ArrowDown")
            self.page.wait_for_timeout(60)  # the menu moves its focus a little later
        raise AssertionError(f"the menu {menu!r} has no {item!r}")

    def type_into(self, field: str, value: object) -> None:
        for _ in range(3):  # a tab, or a heading, may be called what the field is
            self.tab_to(field)
            if self.page.evaluate("document.activeElement instanceof HTMLInputElement"):
                break
        else:
            raise AssertionError(f"no field is called {field!r}")
        self.press("Control+a")
        self.page.keyboard.type(str(value))
        self.press("Enter")

    # --- what one does ----------------------------------------------------------------------------

    def new_design(self, example: str) -> None:
        self.page.get_by_role("button", name="Design", exact=True).click()
        self.page.get_by_role("menuitem", name=example).click()
        self.wait("document.querySelector('[role=menu]') === null", "the menu to close")
        # It gives the focus back to its button a task later; keys pressed before that would be meant for another.
        self.page.evaluate("() => new Promise((done) => setTimeout(done, 0))")

    def fill(self, field: str, value: object) -> None:
        self.page.get_by_label(field, exact=True).fill(str(value))
        self.page.get_by_label(field, exact=True).press("Enter")

    def generate(self, seed: int) -> None:
        """Presses the primary button and waits for the end of the run."""
        self.fill("Seed", seed)
        self.page.get_by_role("button", name="Generate", exact=False).first.click()
        self.finish(seed)

    def finish(self, seed: int) -> None:
        """Waits for the run of this seed to begin, and to end well."""
        self.wait(f"window.__studio.run()?.seed === {seed}", "the run to begin")
        ended = "['done', 'failed', 'cancelled'].includes(window.__studio.run().phase)"
        self.wait(ended, "the run to end", seconds=120)
        assert self.ask("studio.run().phase") == "done"

    def scrub(self, key: str) -> None:
        """`Home` or `End` on the timeline."""
        self.page.get_by_label("Frame", exact=True).press(key)

    def look_at(self, candidate: int) -> None:
        """Clicks the candidate's card."""
        self.page.get_by_role("button", name=re.compile(rf"^Candidate {candidate + 1}\b")).click()

    def use(self, candidate: int) -> None:
        """Clicks the candidate's card, then the primary button."""
        self.look_at(candidate)
        self.page.get_by_role("button", name=f"Use candidate {candidate + 1} as scaffold").last.click()

    def click_hydrogen(self, allowed: set[int] | None = None) -> int:
        """Clicks, with the mouse, the foremost hydrogen that nothing hides; answers its index in the scaffold."""
        self.pixels()
        seen = [h for h in self.ask("studio.hydrogens()") if h["visible"]]
        target = next(h for h in seen if allowed is None or h["index"] in allowed)
        self.page.mouse.click(target["x"], target["y"])
        return int(target["index"])

    @contextmanager
    def downloading(self, path: Path) -> Iterator[None]:
        with self.page.expect_download() as download:
            yield
        download.value.save_as(path)

    def export(self, kind: str, path: Path) -> None:
        """Saves the molecule on show, as `SDF` or `XYZ`."""
        self.page.get_by_role("button", name="Export").click()
        with self.downloading(path):
            self.page.get_by_role("menuitem", name=kind).first.click()


@contextmanager
def visiting(
    browser: Browser,
    service: str,
    newcomer: bool = False,
    prepare: Callable[[Page], object] = lambda _: None,
    query: str = "?upscale=off",
    **options: Any,
) -> Iterator[StudioPage]:
    """The page, connected, in a browser profile of its own. What it complains of on its console fails the test.

    `newcomer`: the page has never been seen, and offers its tour. `prepare` is called before the page loads; `options`
    are those of a playwright context.
    """
    context = browser.new_context(**{"viewport": {"width": 1280, "height": 800}, "accept_downloads": True, **options})
    if not newcomer:
        context.add_init_script("localStorage.setItem('gpff-studio-tour', 'seen')")
    studio = StudioPage(context.new_page())
    prepare(studio.page)
    studio.page.goto(f"{service}/{query}")
    studio.wait("window.__studio?.link() === 'online'", "the socket to open")
    yield studio
    context.close()
    assert studio.complaints == []
