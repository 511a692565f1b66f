"""``make bench-page``: what the page costs a browser, measured in a real headless Chromium on the real service.

Memory: generations one after another in one session of one page, with the JavaScript heap after a collection and the
live WebGL objects counted on the way. Work: CPU time of the page's main thread from one animation frame to the next
while eight candidates of thirty atoms form, at full speed and slowly, and are played again, by the browser's own
tracing.

Software GL is kept out of the work in two ways. It draws in the browser's GPU process, and waiting for it costs the
main thread no CPU time, which is what the tracing counts. But it paints few frames in a second, and so the page has
several frames of the stream to take in for each; therefore the work is measured once more on a page whose draw calls do
nothing, with everything else as it is: buffers, uniforms, shaders. For the same reason the service has the lowest
priority: it shares these cores with everything that its users have on machines of their own.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from playwright.sync_api import CDPSession, Page, sync_playwright

from benchmarks.machine import RESULTS, machine
from benchmarks.server import serving

FLAGS = [
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--no-sandbox",
    "--disable-background-networking",
]
CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
REPEATS = 5
POLL_MS = 250  # while tracing: to ask the page costs it time
SEEN = "localStorage.setItem('gpff-studio-tour', 'seen')"

# Counts what the page makes and gives back; buffers with their bytes.
WATCH_GL = """
(() => {
  const live = { buffers: 0, bytes: 0, textures: 0, programs: 0 };
  window.__gl = live;
  const sizes = new WeakMap(), bound = new WeakMap();
  const proto = WebGL2RenderingContext.prototype;
  const wrap = (name, before) => {
    const own = proto[name];
    proto[name] = function (...args) { const made = own.apply(this, args); before(this, args); return made };
  };
  const pair = (kind, made) => {
    wrap(`create${kind}`, () => { live[made] += 1 });
    wrap(`delete${kind}`, (_, [it]) => {
      if (it == null) return;
      live[made] -= 1;
      live.bytes -= sizes.get(it) ?? 0;
      sizes.delete(it);
    });
  };
  pair('Buffer', 'buffers'); pair('Texture', 'textures'); pair('Program', 'programs');
  wrap('bindBuffer', (gl, [target, it]) => {
    if (!bound.has(gl)) bound.set(gl, new Map());
    bound.get(gl).set(target, it);
  });
  wrap('bufferData', (gl, [target, data]) => {
    const it = bound.get(gl)?.get(target);
    if (it == null) return;
    const bytes = typeof data === 'number' ? data : (data?.byteLength ?? 0);
    live.bytes += bytes - (sizes.get(it) ?? 0);
    sizes.set(it, bytes);
  });
})()
"""


# Nothing is drawn, and so nothing is waited for; the calls that lead there are as ever.
DRAW_NOTHING = """
for (const name of ['drawElements', 'drawArrays']) WebGL2RenderingContext.prototype[name] = () => {};
"""


@dataclass(frozen=True)
class Memory:
    """After so many generations: MB of heap and of GL buffers, and live GL objects."""

    generations: int
    heap: float
    documents: int
    nodes: int
    buffers: int
    buffer_mb: float
    textures: int
    programs: int


@dataclass(frozen=True)
class Work:
    """CPU milliseconds of the main thread between animation frames; `stream`: frames of the run for each of these."""

    what: str
    frames: int
    stream: float
    median: float
    p95: float


class Studio:
    """The page, acted on by keyboard alone."""

    def __init__(self, page: Page, url: str, script: str = "") -> None:
        self.page = page
        page.add_init_script(SEEN)
        page.add_init_script(script)
        page.goto(f"{url}/?upscale=off")
        self.wait("window.__studio?.link() === 'online'")

    def wait(self, expression: str, seconds: float = 120, every: int = 20) -> None:
        for _ in range(int(1000 * seconds / every)):
            if self.page.evaluate(expression):
                return
            self.page.wait_for_timeout(every)
        raise TimeoutError(f"waited {seconds} s for {expression}")

    def example(self, name: str) -> None:
        self.page.get_by_role("button", name="Design", exact=True).click()
        self.page.get_by_role("menuitem", name=name).click()
        self.wait("document.querySelector('[role=menu]') === null")

    def fill(self, field: str, value: object) -> None:
        self.page.get_by_label(field, exact=True).fill(str(value))
        self.page.get_by_label(field, exact=True).press("Enter")

    def generate(self, every: int = 20) -> None:
        """With a new seed, until it is done and on show; asks every so many ms."""
        before = self.page.evaluate("window.__studio.history().nodes")
        self.page.keyboard.press("Control+Enter" if self.page.evaluate("window.__studio.run() === null") else "n")
        self.wait(f"window.__studio.history().nodes > {before} && window.__studio.run()?.phase === 'done'", every=every)


def memory(studio: Studio, cdp: CDPSession, generations: int, every: int) -> Iterator[Memory]:
    """Two candidates of C2H4O in 16 steps, again and again."""
    studio.example("From nothing: C2H4O")
    studio.fill("Number of candidates", 2)
    studio.fill("Number of steps", 16)
    studio.page.keyboard.press("Escape")
    for done in range(1, generations + 1):
        studio.generate()
        if done % every == 0 or done == 20:
            yield _now(studio, cdp, done)


def _now(studio: Studio, cdp: CDPSession, generations: int) -> Memory:
    for _ in range(3):
        cdp.send("HeapProfiler.collectGarbage")
    found = {one["name"]: one["value"] for one in cdp.send("Performance.getMetrics")["metrics"]}
    gl = studio.page.evaluate("window.__gl")
    return Memory(
        generations,
        found["JSHeapUsedSize"] / 1e6,
        int(found["Documents"]),
        int(found["Nodes"]),
        gl["buffers"],
        gl["bytes"] / 1e6,
        gl["textures"],
        gl["programs"],
    )


STEPS = 256


def work(studio: Studio, browser_cdp: CDPSession, drawn: str) -> Iterator[Work]:
    """Eight candidates of C10H18O2 in 256 steps: while they form, and while they are played once more."""
    studio.example("From nothing: C2H4O")
    studio.fill("Formula", "C10H18O2")
    studio.fill("Number of candidates", 8)
    studio.fill("Number of steps", STEPS)
    studio.page.keyboard.press("Escape")
    studio.page.keyboard.press("Escape")
    studio.generate()  # once before, so that everything is compiled
    ways: tuple[tuple[str, Callable[[], None]], ...] = (
        ("forming", lambda: studio.generate(POLL_MS)),
        ("played again", lambda: _play(studio)),
        ("forming slowly", lambda: studio.generate(POLL_MS)),
    )
    for what, act in ways:
        if what == "forming slowly":
            studio.page.locator(".pace").click()
        yield _per_frame(f"{what}, {drawn}", [_traced(studio, browser_cdp, act) for _ in range(REPEATS)])


def _play(studio: Studio) -> None:
    # To the end first: a head that still plays, and is at the start, does not heed Home. Looking for buttons by their
    # roles would cost the page more than playing does.
    for key in ("End", "Home"):
        studio.page.locator(".scrubber").press(key)
    studio.page.locator(".timeline [aria-label=Play]").click()
    studio.wait("!window.__studio.playhead().playing", every=POLL_MS)


def _traced(studio: Studio, cdp: CDPSession, act: Callable[[], None]) -> list[float]:
    """CPU milliseconds from frame to frame while `act` runs."""
    events: list[Any] = []
    ended: list[bool] = []

    def collect(some: Any) -> None:
        events.extend(some["value"])

    cdp.on("Tracing.dataCollected", collect)
    cdp.once("Tracing.tracingComplete", lambda _: ended.append(True))
    categories = ["devtools.timeline", "disabled-by-default-devtools.timeline", "toplevel"]
    cdp.send("Tracing.start", {"traceConfig": {"includedCategories": categories}, "transferMode": "ReportEvents"})
    act()
    cdp.send("Tracing.end")
    while not ended:
        studio.page.wait_for_timeout(50)
    cdp.remove_listener("Tracing.dataCollected", collect)
    return _between_frames(events)


def _per_frame(what: str, runs: list[list[float]]) -> Work:
    ordered = sorted(spent for run in runs for spent in run)
    if not ordered:
        sys.exit(f"{what}: no two frames within half a second; is the machine busy?")
    p95 = ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))]
    return Work(what, len(ordered), (STEPS + 1) * len(runs) / len(ordered), statistics.median(ordered), p95)


def _between_frames(events: list[Any]) -> list[float]:
    """Sums the tasks of the thread that runs animation frames, from one frame's beginning to the next."""
    frames = [e for e in events if e["name"] == "FireAnimationFrame"]
    if not frames:
        return []  # over before the browser came to paint
    threads = [(e["pid"], e["tid"]) for e in frames]
    main = max(set(threads), key=threads.count)
    fired = [e["ts"] for e in frames if (e["pid"], e["tid"]) == main]
    tasks = [e for e in events if e["name"].endswith("RunTask") and (e["pid"], e["tid"]) == main and "tdur" in e]
    if not tasks:
        sys.exit("this browser's traces have no CPU time of tasks")
    tasks = [e for e in tasks if e["name"] == tasks[0]["name"]]  # one level of nesting
    # A frame begins with the task in which it fires; several callbacks of one task are one frame.
    starts = sorted({t["ts"] for t in tasks for at in fired if t["ts"] <= at < t["ts"] + t["dur"]})
    spent = []
    for begin, end in pairwise(starts):
        if end - begin > 500_000:
            continue  # nothing moved in between
        inside = [e["tdur"] for e in tasks if begin <= e["ts"] < end]
        spent.append(sum(inside) / 1000)
    return spent


def report(where: str, version: str, rows: list[Memory], works: list[Work]) -> str:
    """The page of results; without memory when there are no `rows`."""
    lines = ["# What the page costs a browser", "", f"{where}. {version}, headless, software GL. `make bench-page`", ""]
    return "\n".join(lines + (_memory_lines(rows) if rows else []) + _work_lines(works)) + "\n"


def _memory_lines(rows: list[Memory]) -> list[str]:
    first, last = rows[0], rows[-1]
    runs = last.generations - first.generations
    lines = [
        f"## Memory over {last.generations} generations in one session",
        "",
        "Each generation is two candidates of C2H4O in 16 steps, filed in the history with all its candidates; heap "
        "after garbage collection, GL objects as made and given back.",
        "",
        "| generations | heap, MB | DOM nodes | GL buffers | in them, MB | textures | programs |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {r.generations} | {r.heap:.1f} | {r.nodes} | {r.buffers} | {r.buffer_mb:.2f} "
        f"| {r.textures} | {r.programs} |"
        for r in rows
    ]
    lines += [
        "",
        f"From generation {first.generations} to {last.generations} the heap grew by "
        f"{1000 * (last.heap - first.heap) / max(1, runs):.1f} kB a generation, which is the history with its "
        f"candidates; GL buffers by {last.buffers - first.buffers}.",
        "",
    ]
    return lines


def _work_lines(works: list[Work]) -> list[str]:
    lines = [
        "## Main thread, eight candidates of thirty atoms",
        "",
        "CPU time of all tasks of the page's main thread from one animation frame to the next, by the browser's "
        "tracing. Goal: a median of 8 ms at most.",
        "",
        "Software GL draws in another process, so that its drawing is no CPU time of the page; but it paints few "
        "frames in a second, and the page then has several frames of the run to take in for each. Without drawing, "
        "draw calls do nothing and all else is as it is: so a page fares whose frames do not wait for software. The "
        "service, on the same cores, gives way to the browser. A run that forms slowly (the page's own switch) rests "
        "after every step, so that even software keeps up with it.",
        "",
        "| | frames | of the run for each | median, ms | 95 %, ms |",
        "|---|---|---|---|---|",
    ]
    lines += [f"| {w.what} | {w.frames} | {w.stream:.1f} | {w.median:.1f} | {w.p95:.1f} |" for w in works]
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.page", description="what the page costs a browser")
    parser.add_argument("--generations", type=int, default=500)
    parser.add_argument("--work-only", action="store_true", help="only what a frame costs; prints, and writes nothing")
    parser.add_argument("--dry", action="store_true", help="print only, write nothing")
    args = parser.parse_args()
    found = next(filter(None, map(shutil.which, CHROMIUM)), None)
    with serving(19) as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=FLAGS)
        url = f"http://{server.address}"
        works = []
        for drawn, script in (("drawn by software", ""), ("without drawing", DRAW_NOTHING)):
            page = browser.new_page(viewport={"width": 1280, "height": 800})
            for w in work(Studio(page, url, script), browser.new_browser_cdp_session(), drawn):
                print(json.dumps(w.__dict__), flush=True)
                works.append(w)
            page.close()
        rows = []
        if not args.work_only:
            page = browser.new_page(viewport={"width": 1280, "height": 800})
            cdp = page.context.new_cdp_session(page)
            cdp.send("Performance.enable")
            for row in memory(Studio(page, url, WATCH_GL), cdp, args.generations, max(20, args.generations // 10)):
                print(json.dumps(row.__dict__), flush=True)
                rows.append(row)
        text = report(machine(), f"Chromium {browser.version}", rows, works)
        browser.close()
    print(text)
    if not (args.dry or args.work_only):
        RESULTS.mkdir(parents=True, exist_ok=True)
        (RESULTS / "page.md").write_text(text)


if __name__ == "__main__":
    main()
