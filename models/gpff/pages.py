"""What every page of results has in common: rates with intervals, names of samplers, tables and figures on disk."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gpff.checkpoint import Model


@dataclass(frozen=True)
class Rate:
    """``valid`` of ``n`` molecules, with the 95 % Wilson interval of the rate."""

    valid: int
    n: int

    @property
    def interval(self) -> tuple[float, float]:
        """Lower and upper bound (E. B. Wilson 1927), both in [0, 1]."""
        if self.n == 0:
            return 0.0, 1.0
        z, p = 1.959964, self.valid / self.n
        centre = (p + z * z / (2 * self.n)) / (1 + z * z / self.n)
        half = z / (1 + z * z / self.n) * math.sqrt(p * (1 - p) / self.n + z * z / (4 * self.n**2))
        # the rate itself lies within, whatever rounding makes of the bounds
        return max(0.0, min(p, centre - half)), min(1.0, max(p, centre + half))

    def __str__(self) -> str:
        low, high = self.interval
        return f"{100 * self.valid / max(1, self.n):.1f} [{100 * low:.1f}, {100 * high:.1f}]"


def title(variant: str) -> str:
    """A variant's name as tables show it: DD, SDD+shape, Heun, AS stochastic Heun …"""
    sampler, plus, shape = variant.partition("+")
    names = {"dd": "DD", "sdd": "SDD", "as": "AS", "heun": "Heun"}
    text = " ".join(names.get(word, word) for word in sampler.split("_"))
    return text[0].upper() + text[1:] + plus + shape


def number(value: float | None, digits: int = 3) -> str:
    """A number in a cell; a dash where nothing was measured."""
    return "–" if value is None else f"{value:.{digits}f}"


def head(name: str, model: Model, text: str, command: str) -> list[str]:
    """First lines of a page: what it is, of which weights, by which command."""
    epochs = model.manifest.get("training", {}).get("epochs", "?")
    known = f"Model `{model.name}`, sha256 `{model.hash[:16]}…`, {epochs} epochs of QM9. "
    return [f"# {name}", "", known + text + " Brackets: 95 % Wilson interval.", "", f"    {command}", ""]


def write(folder: Path, name: str, page: str, rows: Sequence[Any] = ()) -> None:
    """``name.md`` and, of dataclasses ``rows``, ``name.csv`` in ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.md").write_text(page)
    if rows:
        with (folder / f"{name}.csv").open("w", newline="") as file:
            out = csv.DictWriter(file, list(asdict(rows[0])))
            out.writeheader()
            out.writerows(asdict(row) for row in rows)


def save_figure(figure: Any, folder: Path, name: str) -> None:
    """``name.svg`` and ``name.png`` in ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    figure.savefig(folder / f"{name}.svg")
    figure.savefig(folder / f"{name}.png", dpi=150)
