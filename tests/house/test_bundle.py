"""What a browser has to fetch before the page works stays small; what is needed later is fetched later."""

from __future__ import annotations

import gzip
import os
import re
from pathlib import Path

import pytest

DIST = Path(__file__).resolve().parents[2] / "frontend" / "dist"
BUDGET = 450_000
"""Bytes of page, scripts, style and Latin font, gzipped."""
STATIC_IMPORT = re.compile(r"""(?:^|[;\n}])\s*import\s*(?:[\w*{][^;()'"]*?\bfrom\s*)?["'](\./[^"']+)["']""")


def first_load(dist: Path) -> dict[str, int]:
    """Files that index.html fetches, and those that these import at once, with their sizes once gzipped."""
    page = (dist / "index.html").read_text()
    todo = [dist / name.lstrip("/") for name in re.findall(r'(?:src|href)="(/assets/[^"]+)"', page)]
    todo += dist.glob("assets/inter-latin-wght-normal-*.woff2")
    sizes = {"index.html": len(gzip.compress(page.encode()))}
    while todo:
        path = todo.pop()
        if path.name in sizes:
            continue
        content = path.read_bytes()
        sizes[path.name] = len(content) if path.suffix == ".woff2" else len(gzip.compress(content))
        if path.suffix == ".js":
            todo += [path.parent / name for name in STATIC_IMPORT.findall(content.decode())]
    return sizes


def test_the_first_load_keeps_to_its_budget() -> None:
    if not (DIST / "index.html").exists():
        if os.environ.get("CI"):
            pytest.fail("the page is not built: run `make setup`")
        pytest.skip("the page is not built")
    sizes = first_load(DIST)
    assert any(name.startswith("viewer-") for name in sizes)  # the largest part has been found
    assert sum(sizes.values()) <= BUDGET, sizes


def test_imports_are_told_from_those_for_later(tmp_path: Path) -> None:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text('<script type="module" src="/assets/a.js"></script>')
    (tmp_path / "assets" / "a.js").write_text(
        'import{x as y}from"./b.js";import"./c.js";import z from "./d.js";const l=()=>import("./later.js");'
    )
    for name in "bcd":
        (tmp_path / "assets" / f"{name}.js").write_text("export const x=1")
    assert set(first_load(tmp_path)) == {"index.html", "a.js", "b.js", "c.js", "d.js"}
