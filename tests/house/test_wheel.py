"""A wheel made as build tools make it, from a source distribution, has what the sources keep beside the packages."""

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ("pyproject.toml", "setup.py", "MANIFEST.in", "README.md", "LICENSE", "models", "backend")


def copy_sources(tree: Path) -> None:
    tree.mkdir()
    for name in SOURCES:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, tree / name)


def build(what: str, tree: Path) -> Path:
    """A wheel or an sdist of the tree, beside it."""
    before = set(tree.parent.iterdir())
    script = f"from setuptools import build_meta; build_meta.build_{what}('..')"
    done = subprocess.run([sys.executable, "-c", script], cwd=tree, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (built,) = set(tree.parent.iterdir()) - before
    return built


def test_a_wheel_carries_weights_page_and_migrations_and_finds_them(tmp_path: Path) -> None:
    tree, installed = tmp_path / "tree", tmp_path / "installed"
    copy_sources(tree)
    page = tree / "frontend" / "dist"
    page.mkdir(parents=True)
    (page / "index.html").write_text("the page")
    with tarfile.open(build("sdist", tree)) as archive:
        archive.extractall(tmp_path / "source", filter="data")
    (source,) = (tmp_path / "source").iterdir()
    with zipfile.ZipFile(build("wheel", source)) as wheel:
        wheel.extractall(installed)
    ask = (
        f"import sys; sys.path.insert(0, {str(installed)!r}); import gpff.folders, studio.settings; "
        "print(gpff.folders.WEIGHTS / 'default.safetensors'); print(studio.settings.Settings().frontend / 'index.html')"
        "; from studio.store import database, migrate; database.Database('sqlite://').prepare(); print(migrate.FOLDER)"
    )
    answer = subprocess.run([sys.executable, "-c", ask], cwd=tmp_path, capture_output=True, text=True, check=True)
    weights, index, migrations = map(Path, answer.stdout.splitlines())
    assert weights.is_relative_to(installed) and weights.stat().st_size > 10**6
    assert index.is_relative_to(installed) and index.read_text() == "the page"
    assert all((installed / package / "py.typed").is_file() for package in ("gpff", "studio"))
    assert migrations.is_relative_to(installed)  # and they have just made the tables
    generate = (
        f"import sys; sys.path.insert(0, {str(installed)!r}); import gpff; model = gpff.load(device='cpu'); "
        "print(gpff.generate(model, 'CH4', n=1, steps=16, seed=0)[0].positions.shape, gpff.__file__)"
    )
    # Without a compiler on PATH, for which it would wait: the network then runs on PyTorch alone.
    bare = {**os.environ, "PATH": "/nonexistent"}
    made = subprocess.run([sys.executable, "-c", generate], cwd=tmp_path, env=bare, capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
    assert made.stdout == f"(5, 3) {installed / 'gpff' / '__init__.py'}\n"


def test_a_wheel_without_weights_is_none(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    copy_sources(tree)
    shutil.rmtree(tree / "models" / "weights")
    with pytest.raises(AssertionError, match="models/weights is missing: a wheel without it could generate nothing"):
        build("wheel", tree)
