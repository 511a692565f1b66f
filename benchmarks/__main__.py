"""``make bench``: every figure with its other side, from one run."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from benchmarks import network, service

PAGE = Path(__file__).resolve().parents[1] / "docs" / "results" / "speed.md"


def percentile(values: Sequence[float], q: float) -> str:
    """In milliseconds."""
    return f"{1000 * float(np.percentile(values, q)):.0f}"


def cpu() -> str:
    """Cores and instruction set, nothing that names the machine."""
    wide = [f for f in ("avx512f", "avx2") if f in Path("/proc/cpuinfo").read_text()] if os.name == "posix" else []
    return f"{os.cpu_count()} cores {platform.machine()} {wide[0] if wide else ''}, PyTorch {torch.__version__}"


def main() -> None:
    """Measure, print, write."""
    lines = [
        "# Speed",
        "",
        f"Written by `make bench` on {cpu()}. Both sides of a line come from the same run on the same molecules (QM9, "
        "18 atoms on average, all-to-all), 128 features, 4 interactions, float32. *Paper's basis*: SchNetPack's "
        "modules with 600 Gaussians to 150 Å, as the paper sets them; *our basis*: the same modules with the very "
        "weights that our side evaluates. The stock side of training is forward, backward and AdamW on a batch already "
        "there; ours is the whole of `gpff train`: data, noise, alignment, loss, backward, AdamW, averaging, logging.",
        "",
        "| what | unit | SchNetPack, paper's basis | SchNetPack, our basis | ours | ratios |",
        "|---|---|---|---|---|---|",
    ]
    print("\n".join(lines[-2:]), flush=True)
    for r in network.compare():
        a, b = r.ratios
        sides = f"{r.stock_paper:.1f} | {r.stock_ours:.1f} | {r.ours:.1f}"
        line = f"| {r.what} | {r.unit} | {sides} | {a:.1f} ×, {b:.1f} × |"
        lines.append(line)
        print(line, flush=True)
    runs = service.latencies()
    first, final = [r.first_frame for r in runs], [r.final for r in runs]
    lines += [
        "",
        f"Over the socket, 3 candidates of C7H8O2, 64 steps, {len(runs)} jobs one after the other, in ms:",
        "",
        "| from `start` to | median | 99th percentile |",
        "|---|---|---|",
        f"| first frame | {percentile(first, 50)} | {percentile(first, 99)} |",
        f"| final (with verdicts) | {percentile(final, 50)} | {percentile(final, 99)} |",
    ]
    print("\n".join(lines[-6:]))
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
