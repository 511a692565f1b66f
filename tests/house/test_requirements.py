"""The two lock files: complete, pinned, and bound to no registry."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
LINES = (ROOT / "requirements.lock").read_text().splitlines()
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
ASKED = [
    Requirement(line)
    for lines in (PROJECT["dependencies"], *PROJECT["optional-dependencies"].values())
    for line in lines
]


def test_each_line_pins_one_version_and_names_no_place() -> None:
    assert len(LINES) > len(ASKED)
    for requirement in map(Requirement, LINES):
        assert requirement.url is None
        assert re.fullmatch(r"==[^,*]+", str(requirement.specifier)), f"{requirement} is not pinned"


@pytest.mark.parametrize("asked", ASKED, ids=lambda asked: asked.name)
def test_requirement_is_pinned_within_its_range(asked: Requirement) -> None:
    pins = [pin for pin in map(Requirement, LINES) if canonicalize_name(pin.name) == canonicalize_name(asked.name)]
    assert pins, f"{asked.name} is not in requirements.lock: run make lock"
    for pin in pins:
        (specifier,) = pin.specifier
        assert asked.specifier.contains(specifier.version), f"{pin} is outside {asked}: run make lock"


def test_each_package_is_pinned_once_a_platform() -> None:
    pins = [(canonicalize_name(pin.name), str(pin.marker)) for pin in map(Requirement, LINES)]
    assert len(pins) == len(set(pins))


def test_page_lock_agrees_with_its_manifest_and_names_no_registry() -> None:
    manifest = json.loads((ROOT / "frontend/package.json").read_text())
    lock = json.loads((ROOT / "frontend/package-lock.json").read_text())
    root = lock["packages"][""]
    for group in ("dependencies", "devDependencies"):
        assert root.get(group, {}) == manifest.get(group, {})
    placed = [name for name, package in lock["packages"].items() if "resolved" in package]
    assert not placed
    assert all("integrity" in package for name, package in lock["packages"].items() if name)
