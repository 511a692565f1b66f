"""Finds seeds with which the guided tour reaches its molecules, and writes them to frontend/src/ui/tour/seeds.json.

    .venv/bin/python scripts/find_tour_seeds.py [--seeds 24] [--keep 6]

To be run again whenever the shipped weights change; it takes a few minutes. Specs are those that the page itself sends
(`frontend/scripts/tour_spec.mjs`), each run as a job of its own, as the service does. A leg's seeds are sorted by how
many of their candidates are the product, so that the first does not hang on one molecule; the second leg grows from
the first candidate of the first leg's first seed that is the product, which is the one that the tour puts forward.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import IO, Any

import gpff
from gpff.checkpoint import Model
from gpff.spec import Limits
from studio.protocol import GenerateSpec
from studio.specs import to_spec

ROOT = Path(__file__).resolve().parents[1]
FRONTEND = ROOT / "frontend"
SEEDS = FRONTEND / "src" / "ui" / "tour" / "seeds.json"


class Page:
    """The page's own code, asked for specs."""

    def __init__(self, asked: IO[str], answered: IO[str]) -> None:
        self._asked, self._answered = asked, answered

    def spec(self, leg: int, candidate: gpff.Candidate | None) -> tuple[GenerateSpec, str]:
        """The spec of a leg and the SMILES of its product. Raises `RuntimeError` when the page's code fails."""
        question: dict[str, Any] = {"leg": leg}
        if candidate is not None:
            question["candidate"] = {
                "numbers": candidate.numbers.tolist(),
                "positions": candidate.positions.tolist(),
                "bonds": candidate.bonds,
                "smiles": candidate.smiles,
            }
        print(json.dumps(question), file=self._asked, flush=True)
        line = self._answered.readline()
        if not line:
            raise RuntimeError("the page's code gave no spec")
        answer = json.loads(line)
        return GenerateSpec.model_validate(answer["spec"]), answer["product"]


def found(model: Model, wire: GenerateSpec, product: str, seeds: range) -> list[tuple[int, list[gpff.Candidate]]]:
    """Seeds that bring the product, with the candidates that are it; those with the most first."""
    rows: list[tuple[int, list[gpff.Candidate]]] = []
    for seed in seeds:
        candidates = gpff.generate(model, to_spec(wire, seed, Limits.library()), workers=1)
        products = [c for c in candidates if c.valid and c.smiles == product]
        print(f"  seed {seed}: {len(products)} of {len(candidates)} are {product}", flush=True)
        if products:
            rows.append((seed, products))
    if not rows:
        sys.exit(f"none of {len(seeds)} seeds brings {product}: try more")
    return sorted(rows, key=lambda row: -len(row[1]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seeds", type=int, default=24, help="seeds to try, from 1 (24)")
    parser.add_argument("--keep", type=int, default=6, help="seeds to write for each leg (6)")
    args = parser.parse_args()
    model = gpff.load()
    legs: list[list[int]] = []
    candidate: gpff.Candidate | None = None
    node = ["node", "scripts/tour_spec.mjs"]
    with subprocess.Popen(node, cwd=FRONTEND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None and process.stdout is not None
        page = Page(process.stdin, process.stdout)
        for leg in range(2):
            wire, product = page.spec(leg, candidate)
            rows = found(model, wire, product, range(1, args.seeds + 1))
            candidate = rows[0][1][0]
            legs.append([seed for seed, _ in rows[: args.keep]])
        process.stdin.close()
    SEEDS.write_text(json.dumps({"model": model.hash, "legs": legs}, indent=2) + "\n")
    print(f"{SEEDS.relative_to(ROOT)}: {legs}")


if __name__ == "__main__":
    main()
