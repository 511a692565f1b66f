"""A built wheel has what the sources keep beside the packages."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ("pyproject.toml", "setup.py", "README.md", "LICENSE", "models", "backend")


def test_a_wheel_carries_weights_page_and_migrations_and_finds_them(tmp_path: Path) -> None:
    tree, installed = tmp_path / "tree", tmp_path / "installed"
    tree.mkdir()
    for name in SOURCES:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, tree / name)
    page = tree / "frontend" / "dist"
    page.mkdir(parents=True)
    (page / "index.html").write_text("the page")
    build = "from setuptools import build_meta; build_meta.build_wheel('..')"
    built = subprocess.run([sys.executable, "-c", build], cwd=tree, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
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
