"""``make lighthouse``: what Lighthouse says of the page, as served by a service of its own and seen by a real Chromium.

Lighthouse itself is fetched by npm when it is first asked for; the audits need no network. Scores are out of 100.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.machine import RESULTS, machine
from benchmarks.server import ROOT, serving

VERSION = "13.5.0"
FLAGS = "--headless=new --no-sandbox --use-gl=angle --use-angle=swiftshader --enable-unsafe-swiftshader"
CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PRESETS = {"desktop": ["--preset=desktop"], "mobile": []}
"""Lighthouse's own two: a desk, and a slow telephone on a slow line (both simulated)."""
CATEGORIES = {
    "performance": "Performance",
    "accessibility": "Accessibility",
    "best-practices": "Best practices",
    "seo": "Search engines",
}
METRICS = {
    "first-contentful-paint": ("First contentful paint, s", 1000.0),
    "largest-contentful-paint": ("Largest contentful paint, s", 1000.0),
    "total-blocking-time": ("Total blocking time, ms", 1.0),
    "cumulative-layout-shift": ("Cumulative layout shift", 1.0),
    "speed-index": ("Speed index, s", 1000.0),
}


@dataclass(frozen=True)
class Audit:
    """One run of Lighthouse. `scores` in 0 to 1, `metrics` in Lighthouse's units (ms), `failed` in its words."""

    scores: dict[str, float]
    metrics: dict[str, float]
    failed: tuple[str, ...]


def audit(url: str, preset: str) -> Audit:
    """Raises `RuntimeError` when Lighthouse does not end well."""
    chromium = next(filter(None, map(shutil.which, CHROMIUM)), None)
    environment = {**os.environ, **({} if chromium is None else {"CHROME_PATH": chromium})}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "report.json"
        command = [
            *(str(ROOT / "scripts" / "npm.sh"), "exec", "--yes", f"--package=lighthouse@{VERSION}", "--", "lighthouse"),
            *(url, "--quiet", "--output=json", f"--output-path={path}", f"--chrome-flags={FLAGS}", *PRESETS[preset]),
        ]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
        if done.returncode != 0 or not path.exists():
            raise RuntimeError(
                f"lighthouse: expected a report, got exit status {done.returncode}\n{done.stderr[-2000:]}"
            )
        return read(json.loads(path.read_text()))


def read(report: dict[str, Any]) -> Audit:
    audits = report["audits"]
    # What counts towards one of the scores and is not wholly passed; the metrics stand apart.
    counted = {ref["id"] for name in CATEGORIES for ref in report["categories"][name]["auditRefs"] if ref["weight"] > 0}
    failed = [
        audits[key]["title"]
        for key in sorted(counted - set(METRICS))
        if audits[key]["score"] is not None and audits[key]["score"] < 1
    ]
    return Audit(
        {name: report["categories"][name]["score"] for name in CATEGORIES},
        {name: audits[name]["numericValue"] for name in METRICS},
        tuple(failed),
    )


def table(audits: dict[str, list[Audit]], runs: int) -> str:
    """Medians, as Markdown."""
    rows = [f"| | {' | '.join(audits)} |", f"|---|{'---|' * len(audits)}"]
    for key, words in CATEGORIES.items():
        cells = [f"{100 * statistics.median(a.scores[key] for a in found):.0f}" for found in audits.values()]
        rows.append(f"| {words} | {' | '.join(cells)} |")
    for key, (words, unit) in METRICS.items():
        values = [statistics.median(a.metrics[key] for a in found) / unit for found in audits.values()]
        rows.append(f"| {words} | {' | '.join(f'{v:.3f}' if v < 0.1 else f'{v:.3g}' for v in values)} |")
    failed = sorted({title for found in audits.values() for one in found for title in one.failed})
    complaints = "".join(f"- {title}\n" for title in failed) or "None.\n"
    return f"""# The page in the eyes of Lighthouse

{machine()}. Lighthouse {VERSION}, medians of {runs} runs, 100 is best. `make lighthouse`

{chr(10).join(rows)}

Chromium draws WebGL in software here, on the same cores that run the page and the service: paints are later than with
graphics hardware. "mobile" simulates a slow telephone on a slow line, for which the 3D view is not meant.

## Audits that count and were not wholly passed

{complaints}"""


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.lighthouse", description="Lighthouse's view of the page"
    )
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--dry", action="store_true", help="print only, write nothing")
    args = parser.parse_args()
    page = {"STUDIO_FRONTEND": os.environ["STUDIO_FRONTEND"]} if "STUDIO_FRONTEND" in os.environ else {}
    with serving(**page) as server:
        url = f"http://{server.address}/"
        audits = {preset: [audit(url, preset) for _ in range(args.runs)] for preset in PRESETS}
    text = table(audits, args.runs)
    print(text)
    if not args.dry:
        RESULTS.mkdir(parents=True, exist_ok=True)
        (RESULTS / "lighthouse.md").write_text(text)


if __name__ == "__main__":
    main()
