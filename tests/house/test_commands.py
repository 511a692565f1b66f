"""The front door: `make` has the targets that are promised, and continuous integration comes in by it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from gpff import cli

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = [ROOT / ".ci" / "run", *sorted((ROOT / "scripts").glob("*.sh"))]
TARGETS = ["setup", "run", "test", "train", "evaluate", "bench", "lint", "format", "lock", "clean", "help"]

needs_make = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")


def make(*arguments: str, **variables: str) -> str:
    """What `make` prints, away from the `make` that may have started these tests."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    command = ["make", "--no-print-directory", *arguments]
    done = subprocess.run(command, cwd=ROOT, env=inherited | variables, capture_output=True, text=True, check=True)
    return done.stdout


def recipe(target: str, **variables: str) -> str:
    return make("--dry-run", target, **variables).splitlines()[-1]


@needs_make
@pytest.mark.parametrize("target", TARGETS)
def test_target_exists_and_is_explained(target: str) -> None:
    make("--dry-run", target)
    assert re.search(rf"^  make {target} +\S", make("help"), re.MULTILINE)
    assert target in next(line for line in (ROOT / "Makefile").read_text().splitlines() if line.startswith(".PHONY"))


@needs_make
def test_port_is_chosen_by_the_environment() -> None:
    environment = {name: value for name, value in os.environ.items() if name != "PORT"}
    assert "PORT=8123 " in recipe("run", PORT="8123")
    default = subprocess.run(
        ["make", "--dry-run", "run"], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert "PORT=8000 " in default.stdout


@needs_make
@pytest.mark.parametrize("target", ["train", "evaluate"])
def test_target_is_a_command_that_exists(target: str, capsys: pytest.CaptureFixture[str]) -> None:
    program, command, *_ = (word for word in recipe(target).split() if "=" not in word)
    assert (Path(program).name, command) == ("gpff", target)
    with pytest.raises(SystemExit) as ended:
        cli.main([command, "--help"])
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith(f"usage: gpff {target}")


@needs_make
def test_bench_is_a_program_that_exists() -> None:
    assert recipe("bench").split()[-2:] == ["-m", "benchmarks"]
    assert (ROOT / "benchmarks" / "__main__.py").is_file()


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_script_is_executable_and_parses(script: Path) -> None:
    assert os.access(script, os.X_OK)
    subprocess.run(["bash", "-n", str(script)], check=True)


def test_continuous_integration_is_make_test() -> None:
    assert (ROOT / ".ci" / "run").read_text().rstrip().endswith("exec make test")
