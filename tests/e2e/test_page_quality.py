"""What an auditor of pages looks at, on the page as it is served: weight on the wire, stability, touch, and manners."""

import gzip
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, Response, Route, expect
from studio_page import StudioPage, visiting

pytestmark = pytest.mark.e2e

# Sums the layout shifts that no one's hand has caused, in the worst window of five seconds, as browsers report them.
WATCH_SHIFTS = """
(() => {
  const seen = window.__shifts = { worst: 0, sources: [] };
  let window_ = { from: -1e9, last: -1e9, sum: 0 };
  new PerformanceObserver((list) => {
    for (const it of list.getEntries()) {
      if (it.hadRecentInput) continue;
      const goes_on = it.startTime - window_.last < 1000 && it.startTime - window_.from < 5000;
      if (!goes_on) window_ = { from: it.startTime, last: it.startTime, sum: 0 };
      window_.last = it.startTime;
      window_.sum += it.value;
      seen.worst = Math.max(seen.worst, window_.sum);
      const name = (node) => node?.className?.baseVal ?? node?.className ?? node?.nodeName;
      seen.sources.push([it.value, it.sources.map((s) => name(s.node)).join(' ')]);
    }
  }).observe({ type: 'layout-shift', buffered: true });
})()
"""
MOST_SHIFT = 0.1  # "good" for browsers; the page aims lower
LEAST_TAP = 24  # CSS pixels, WCAG 2.5.8


def heard(page: Page, responses: list[Response], words: list[str]) -> None:
    page.on("response", lambda it: responses.append(it))
    page.on("console", lambda message: words.append(f"{message.type}: {message.text}"))
    page.add_init_script(WATCH_SHIFTS)


def results(studio: StudioPage) -> None:
    studio.new_design("From nothing: C2H4O")
    studio.fill("Number of candidates", 4)
    studio.generate(seed=1)


def test_the_page_is_light_lasting_and_only_its_own(browser: Browser, service: str) -> None:
    responses: list[Response] = []
    words: list[str] = []
    with visiting(browser, service, newcomer=True, prepare=lambda page: heard(page, responses, words)) as studio:
        studio.pixels()
        own = urlsplit(service).netloc
        assert {urlsplit(r.url).netloc for r in responses if not r.url.startswith(("data:", "blob:"))} == {own}
        assert [r.url for r in responses if r.status >= 400] == []
        assert [word for word in words if re.match("error|warning", word) and "GPU stall" not in word] == []
        for response in responses:
            path = urlsplit(response.url).path
            kind = response.headers.get("content-type", "")
            if path.startswith("/assets/"):
                assert "immutable" in response.headers["cache-control"], path
                if re.match("text/|application/javascript", kind) and len(response.body()) > 1024:
                    assert response.headers.get("content-encoding") in ("gzip", "br", "zstd"), path
        [page] = [r for r in responses if urlsplit(r.url).path == "/"]
        assert page.headers["cache-control"] == "no-cache"
        policy = page.headers["content-security-policy"]
        assert "script-src 'self'" in policy and "'unsafe-eval'" not in policy
        assert page.headers["x-content-type-options"] == "nosniff"
        head = studio.page
        assert head.title() == "GPFF Studio"
        assert head.locator("html").get_attribute("lang") == "en"
        assert "width=device-width" in (head.locator("meta[name=viewport]").get_attribute("content") or "")
        assert len(head.locator("meta[name=description]").get_attribute("content") or "") > 40
        icon = head.locator("link[rel=icon]").get_attribute("href") or ""
        assert head.request.get(f"{service}{icon}").ok


def test_code_of_the_first_load_keeps_to_its_budget(browser: Browser, service: str) -> None:
    responses: list[Response] = []
    with visiting(browser, service, prepare=lambda page: page.on("response", lambda it: responses.append(it))):
        code = [r for r in responses if re.search(r"\.(js|css)$", urlsplit(r.url).path) or urlsplit(r.url).path == "/"]
        assert sum(len(gzip.compress(r.body())) for r in code) <= 450_000


def test_nothing_moves_unasked(browser: Browser, service: str) -> None:
    """At load, while a run goes on, and when it ends."""
    with visiting(browser, service, newcomer=True, prepare=lambda page: page.add_init_script(WATCH_SHIFTS)) as studio:
        studio.pixels()
        results(studio)
        studio.pixels()
        shifts = studio.page.evaluate("window.__shifts")
        assert shifts["worst"] < MOST_SHIFT, shifts["sources"]


@pytest.mark.parametrize(("scheme", "bright"), [("light", True), ("dark", False)])
def test_a_slow_line_shows_that_the_page_is_coming(browser: Browser, service: str, scheme: Any, bright: bool) -> None:
    context = browser.new_context(color_scheme=scheme)
    page = context.new_page()
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/assets/index-*.js", hold)
    page.goto(service, wait_until="commit")
    page.get_by_role("status").get_by_text("Loading the editor…").wait_for()
    # The words are there before their style sheet is, though they are not painted then.
    expect(page.locator(".loading")).not_to_have_css("background-color", "rgba(0, 0, 0, 0)", timeout=30_000)
    color = page.evaluate("getComputedStyle(document.querySelector('.loading')).backgroundColor")
    assert (int(re.findall(r"\d+", color)[0]) > 128) is bright
    held[0].continue_()
    page.locator(".app").wait_for()
    assert page.locator(".loading").count() == 0
    context.close()


SMALL = """
(least) => [...document.querySelectorAll(
  'button, a[href], input, select, summary, label.check, [role=slider], [role=menuitem], [tabindex="0"]')]
  .filter((it) => it.checkVisibility({ opacityProperty: true, visibilityProperty: true }))
  .filter((it) => !it.matches('p *, .visually-hidden, .visually-hidden *, :disabled'))
  .map((it) => {
    const { width, height } = (it.closest('label.check, label.slider') ?? it).getBoundingClientRect();
    const hit = it.querySelector('.hit'); // a handle can be hit as far as its stroke is wide
    const style = hit === null ? null : getComputedStyle(hit);
    const stroke = style === null || style.stroke === 'none' ? 0 : parseFloat(style.strokeWidth);
    return [it, Math.round(width + stroke), Math.round(height + stroke)];
  })
  .filter(([, width, height]) => width > 0 && (width < least || height < least))
  .map(([it, width, height]) => `${it.getAttribute('aria-label') ?? it.textContent}: ${width} × ${height}`)
"""

STATES: dict[str, Callable[[StudioPage], object]] = {
    "at the start": lambda studio: None,
    "advanced": lambda studio: studio.page.locator(".advanced summary").click(),
    "candidates": results,
    "history": lambda studio: studio.press("y"),
    "molecule": lambda studio: studio.press("i"),
    "tables": lambda studio: studio.press("t"),
    "menu": lambda studio: studio.page.get_by_role("button", name="Export").click(),
}


@pytest.mark.parametrize(("width", "height"), [(768, 1024), (412, 823)])
def test_fingers_find_what_they_want(browser: Browser, service: str, width: int, height: int) -> None:
    options: dict[str, Any] = {"viewport": {"width": width, "height": height}, "has_touch": True}
    with visiting(browser, service, newcomer=True, **options) as studio:
        small: dict[str, list[str]] = {}
        for name, reach in STATES.items():
            reach(studio)
            studio.page.wait_for_timeout(200)
            assert studio.page.evaluate("document.documentElement.scrollWidth") <= width, name
            if found := studio.page.evaluate(SMALL, LEAST_TAP):
                small[name] = found
            if name == "menu":
                studio.press("Escape")
        assert small == {}


def test_pictures_keep_their_places(browser: Browser, service: str) -> None:
    """Every image has a size before it is there, and says in words what it shows or that it shows nothing more."""
    with visiting(browser, service) as studio:
        results(studio)
        studio.press("i")
        studio.wait("document.querySelectorAll('img').length > 0", "drawings")
        bare = studio.page.evaluate(
            "[...document.images].filter((it) => !it.hasAttribute('alt') ||"
            " !(it.hasAttribute('width') && it.hasAttribute('height'))).map((it) => it.outerHTML.slice(0, 120))"
        )
        assert bare == []
