"""What the import contracts promise, seen from outside: which libraries a module really brings in.

`lint-imports` reads the sources; these tests import in a fresh interpreter, so a library that comes in by another
library's hand, or by a package root, is caught too.
"""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = [path for folder in ("models/gpff", "backend/studio") for path in sorted((ROOT / folder).rglob("*.py"))]


def loaded_by(module: str) -> set[str]:
    """Top-level packages in memory after `module` is imported."""
    code = f"import {module}, sys; print(*sorted({{name.partition('.')[0] for name in sys.modules}}))"
    return set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split())


def imports(path: Path) -> set[str]:
    """Top-level packages that a source file names in any import, within functions too."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.partition(".")[0])
    return names


@pytest.mark.parametrize(
    ("module", "absent"),
    [
        ("gpff", {"torch", "rdkit", "schnetpack", "studio"}),
        ("gpff.samplers", {"torch", "rdkit", "schnetpack", "studio"}),
        ("gpff.spec", {"torch", "rdkit", "schnetpack", "studio"}),
        ("gpff.chemistry", {"torch", "schnetpack", "studio"}),
        ("gpff.formats", {"torch", "scipy", "pandas", "schnetpack", "studio"}),
        ("gpff.writers", {"torch", "rdkit", "schnetpack", "studio"}),
        ("gpff.force", {"schnetpack", "rdkit", "studio"}),
        ("studio.engine.scheduler", {"torch", "fastapi", "starlette", "uvicorn"}),
        ("studio.engine.engine", {"torch", "fastapi", "starlette", "uvicorn"}),
        ("studio.app", {"torch", "schnetpack"}),
    ],
)
def test_module_brings_in_only_what_it_should(module: str, absent: set[str]) -> None:
    assert not loaded_by(module) & absent


@pytest.mark.parametrize("package", ["schnetpack", "rdkit"])
def test_package_is_used_where_its_contract_says_and_nowhere_else(package: str) -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (homes,) = [contract["ignore_imports"] for contract in contracts if contract.get("forbidden_modules") == [package]]
    users = [path.relative_to(ROOT / "models") for path in SOURCES if package in imports(path)]
    assert [f"{'.'.join(path.with_suffix('').parts)} -> {package}" for path in users] == sorted(homes)


def test_library_does_not_know_the_service() -> None:
    users = [path.name for path in SOURCES if path.is_relative_to(ROOT / "models") and "studio" in imports(path)]
    assert not users
