"""``make bench``: every figure with its other side, from one run."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator

from benchmarks import network, service
from benchmarks.machine import RESULTS, machine
from benchmarks.streams import Streams


def main() -> None:
    """Measure, print, write: ``speed.md`` and ``service.md``."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", choices=["speed", "service"], help="one of the two pages")
    only: str | None = parser.parse_args().only
    where = machine()
    flows = service.flows()
    step = None
    if only != "service":
        results = list(network.compare())
        write("speed.md", speed(where, results, flows[0]))
        step = next(result for result in results if result.what == network.EIGHT)
    if only != "speed":
        write("service.md", service.page(where, step or network.eight(), flows))


def write(name: str, lines: Iterable[str]) -> None:
    """Print each line when it is there, and write the page when all are."""
    kept = []
    for line in lines:
        print(line, flush=True)
        kept.append(line)
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / name).write_text("\n".join(kept).rstrip() + "\n")


def speed(where: str, results: Iterable[network.Result], alone: Streams) -> Iterator[str]:
    """The page of issue 2: network and training beside the stock modules, and what one user waits for."""
    yield from (
        "# Speed",
        "",
        f"Written by `make bench` on {where}. Both sides of a line come from the same run on the same molecules (QM9, "
        "18 atoms on average, all-to-all), 128 features, 4 interactions, float32. *Paper's basis*: SchNetPack's "
        "modules with 600 Gaussians to 150 Å, as the paper sets them; *our basis*: the same modules with the very "
        "weights that our side evaluates. Evaluations are on one thread or on all, whichever is faster, on each side. "
        "The stock side of training is forward, backward and AdamW on a batch already there; ours is the whole of "
        "`gpff train`: data, noise, alignment, loss, backward, AdamW, averaging, logging.",
        "",
        "| what | unit | SchNetPack, paper's basis | SchNetPack, our basis | ours | ratios |",
        "|---|---|---|---|---|---|",
    )
    for r in results:
        a, b = r.ratios
        sides = f"{r.stock_paper:.1f} | {r.stock_ours:.1f} | {r.ours:.1f}"
        yield f"| {r.what} | {r.unit} | {sides} | {a:.1f} ×, {b:.1f} × |"
    firsts, ends = [job.first for job in alone.jobs], [job.end for job in alone.jobs]
    yield from (
        "",
        f"Over the socket, 3 candidates of C7H8O2, 64 steps, {len(alone.jobs)} jobs one after the other, in ms "
        "(`service.md` has more):",
        "",
        "| from `start` to | median | 99th percentile |",
        "|---|---|---|",
        f"| first frame | {service.ms(firsts, 50)} | {service.ms(firsts, 99)} |",
        f"| final (with verdicts) | {service.ms(ends, 50)} | {service.ms(ends, 99)} |",
    )


if __name__ == "__main__":
    main()
