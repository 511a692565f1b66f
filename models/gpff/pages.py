"""What every page of results has in common: rates with intervals, names of samplers, tables and figures on disk."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from gpff.manifest import all_epochs

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
        if self.n == 0:
            return "–"  # nothing was measured
        low, high = self.interval
        return f"{100 * self.valid / self.n:.1f} [{100 * low:.1f}, {100 * high:.1f}]"


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
    epochs = all_epochs(model.manifest)
    seen = "?" if epochs is None else f"{epochs:g}"
    known = f"Model `{model.name}`, sha256 `{model.hash[:16]}…`, {seen} epochs of QM9. "
    return [f"# {name}", "", known + text + " Brackets: 95 % Wilson interval.", "", f"    {command}", ""]


def rates(**counts: tuple[int, int]) -> dict[str, float | None]:
    """Columns of a CSV file: each rate by its name, in percent, with its bounds; None where nothing was measured."""
    out: dict[str, float | None] = {}
    for name, (valid, n) in counts.items():
        values = (valid / n, *Rate(valid, n).interval) if n else (None,) * 3
        for column, value in zip((f"{name}, %", f"{name}, low", f"{name}, high"), values, strict=True):
            out[column] = None if value is None else round(100 * value, 3)
    return out


def error_bars(found: Sequence[Rate]) -> tuple[list[float], list[list[float]]]:
    """Rates in percent, and how far their bounds are below and above, as matplotlib's `errorbar` takes them."""
    shown = [100 * rate.valid / rate.n for rate in found]
    bounds = [rate.interval for rate in found]
    below = [y - 100 * low for y, (low, _) in zip(shown, bounds, strict=True)]
    return shown, [below, [100 * high - y for y, (_, high) in zip(shown, bounds, strict=True)]]


def write(
    folder: Path,
    name: str,
    page: str,
    rows: Sequence[Any] = (),
    more: Sequence[Mapping[str, Any]] = (),
    same: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """``name.md`` and, of dataclasses ``rows``, ``name.csv`` in ``folder``.

    ``more``: further columns of each row; ``same``: columns of one value, such as the weights.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.md").write_text(page)
    if rows:
        write_csv(folder, name, rows, more, same)


def write_csv(
    folder: Path,
    name: str,
    rows: Sequence[Any],
    more: Sequence[Mapping[str, Any]] = (),
    same: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """``name.csv``, as :func:`write`."""
    lines = [{**asdict(row), **also, **same} for row, also in zip(rows, more or [{}] * len(rows), strict=True)]
    with (folder / f"{name}.csv").open("w", newline="") as file:
        out = csv.DictWriter(file, list(lines[0]))
        out.writeheader()
        out.writerows(lines)


def save_figure(figure: Any, folder: Path, name: str) -> None:
    """``name.svg`` and ``name.png`` in ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    figure.savefig(folder / f"{name}.svg")
    figure.savefig(folder / f"{name}.png", dpi=150)
