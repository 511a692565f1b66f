"""What is in the repository: nothing that binds it to one machine or registry, and nothing that bloats it."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MEBIBYTE = 2**20

# Spelled in pieces, so that this file does not hold what it forbids.
HOSTS = [
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("npmjs", "org"),
        ("npmjs", "com"),
        ("yarnpkg", "com"),
        ("deb", "debian", "org"),
        ("download", "pytorch", "org"),
    )
]
REGISTRY = re.compile("|".join(map(re.escape, HOSTS)))
MACHINE = re.compile(r"""(?:^|[\s"'=(:`])/(?:root|work|home/\w+|Users/\w+)(?:/|\b)""", re.MULTILINE)


def tracked() -> list[Path]:
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [path for name in listed.split("\0") if name and (path := ROOT / name).is_file()]


def texts() -> list[tuple[str, str]]:
    """(name, content) of every tracked file that is text."""
    contents = ((path.relative_to(ROOT).as_posix(), path.read_bytes()) for path in tracked())
    return [(name, data.decode()) for name, data in contents if b"\0" not in data[:8192]]


def test_no_registry_is_named() -> None:
    assert not [(name, found.group()) for name, text in texts() if (found := REGISTRY.search(text))]


def test_no_path_of_one_machine_is_named() -> None:
    assert not [(name, found.group()) for name, text in texts() if (found := MACHINE.search(text))]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('"/' + 'root/model"', True),
        ("cd /" + "work/main", True),
        ("/" + "home/ada/x", True),
        ("/home", False),
        ("docs/work/x", False),
        ("an hour of /workers", False),
    ],
)
def test_machine_paths_are_told_from_others(text: str, expected: bool) -> None:
    assert bool(MACHINE.search(text)) is expected


def test_no_large_file() -> None:
    sizes = {path.relative_to(ROOT).as_posix(): path.stat().st_size for path in tracked()}
    limits = {name: (32 if name.endswith(".safetensors") else 2) * MEBIBYTE for name in sizes}
    assert not {name: size for name, size in sizes.items() if size > limits[name]}


def test_nothing_built_is_tracked() -> None:
    built = re.compile(r"(^|/)(node_modules|dist|__pycache__|\.venv|\.tools)/|\.(so|pyc|pt|npz)$")
    found = {path for path in (path.relative_to(ROOT).as_posix() for path in tracked()) if built.search(path)}
    assert found == {"models/weights/shape.npz"}  # the shape predictor ships, as the weights do
