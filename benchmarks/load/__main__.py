"""``make load``: 10,000 jobs of well and badly behaved clients, and not one result lost."""

from __future__ import annotations

import argparse
import sys

from benchmarks.load.page import plot, text, verdict
from benchmarks.load.run import AT_ONCE, run
from benchmarks.machine import RESULTS, machine


def main() -> int:
    """Run, print, write; 1 when anything was lost, doubled, mixed up or left behind."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.load", description=__doc__)
    parser.add_argument("--jobs", type=int, default=10_000)
    parser.add_argument("--at-once", type=int, default=AT_ONCE, help="connections at a time")
    options = parser.parse_args()
    where = machine()
    outcome = run(options.jobs, options.at_once, progress=True)
    page = text(outcome, where)
    print(page)
    wrong = verdict(outcome)
    if wrong:
        print(f"{len(wrong)} faults:", *wrong[:50], sep="\n", file=sys.stderr)
        return 1
    (RESULTS / "load.md").write_text(page)
    plot(outcome.samples, RESULTS / "load.svg")
    return 0


if __name__ == "__main__":
    sys.exit(main())
