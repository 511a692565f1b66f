"""Where the library keeps what it ships, and how it keeps what it makes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_HERE = Path(__file__).resolve().parent

WEIGHTS = _HERE / "weights" if (_HERE / "weights").is_dir() else _HERE.parent / "weights"
"""Weights, manifests and the shape predictor: in the package where it was installed, beside it in the sources."""


@contextmanager
def whole(file: Path) -> Iterator[Path]:
    """A path to write to. Its content is then in ``file``, whole or not at all, whoever else writes that too."""
    file.parent.mkdir(parents=True, exist_ok=True)
    half = file.with_name(f"{file.name}.{os.getpid()}.part")
    yield half
    os.replace(half, file)
