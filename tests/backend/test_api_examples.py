"""The examples in docs/api.md and docs/designs.md, run against a live server."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from client import Live, running, settings

DOCS = Path(__file__).resolve().parents[2] / "docs"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
END = "\x1e"  # after what each command prints


@dataclass(frozen=True)
class Example:
    """A command as it is typed, with what it is to print; `…` stands for anything."""

    command: str
    expected: str


def blocks(page: str, language: str) -> list[str]:
    return [text for name, text in BLOCK.findall((DOCS / page).read_text(encoding="utf-8")) if name == language]


def examples(page: str) -> list[Example]:
    found = []
    for block in blocks(page, "console"):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            lines = part.splitlines()
            n = next(i for i in range(1, len(lines) + 1) if complete("\n".join(lines[:i])))
            found.append(Example("\n".join(lines[:n]), "\n".join(lines[n:])))
    return found


def complete(command: str) -> bool:
    """Whether a shell would not ask for more: no open quote, no line that goes on."""
    return command.count("'") % 2 == 0 and not command.endswith("\\")


def pattern(expected: str) -> re.Pattern[str]:
    return re.compile(".*?".join(map(re.escape, expected.split("…"))), re.DOTALL)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Live, Path]]:
    folder = tmp_path_factory.mktemp("examples")
    with running(settings("harmonic", data=folder / "data")) as live:
        yield live, folder


def here(text: str, live: Live) -> str:
    return text.replace("localhost:8000", f"127.0.0.1:{live.port}")


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
@pytest.mark.parametrize(("page", "least"), [("api.md", 20), ("designs.md", 15)])
def test_the_commands_print_what_the_page_says(page: str, least: int, place: tuple[Live, Path]) -> None:
    live, folder = place
    known = examples(page)
    assert len(known) > least
    script = "\n".join(f"{here(example.command, live)}\nprintf '\\x1e'" for example in known)
    done = subprocess.run(
        ["bash", "-u", "-o", "pipefail"], input=script, cwd=folder, capture_output=True, text=True, timeout=240
    )
    printed = done.stdout.split(END)[:-1]
    assert len(printed) == len(known), done.stderr
    wrong = [
        f"$ {example.command}\n{found}"
        for example, found in zip(known, printed, strict=True)
        if not pattern(example.expected).fullmatch(found.strip())
    ]
    assert not wrong, "\n".join([*wrong, done.stderr])


def test_the_python_runs(place: tuple[Live, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    live, folder = place
    monkeypatch.chdir(folder)
    known = blocks("api.md", "python")
    assert len(known) > 8
    names: dict[str, object] = {}
    for number, block in enumerate(known, start=1):
        exec(compile(here(block, live), f"docs/api.md, Python example {number}", "exec"), names)


def test_what_is_expected_is_told_from_what_is_not() -> None:
    assert pattern('{"a":…,"b":2}').fullmatch('{"a":[1,\n2],"b":2}')
    assert not pattern('{"a":…,"b":2}').fullmatch('{"a":1,"b":3}')
    assert not complete("curl -d '{") and not complete("curl \\") and complete("curl 'x'")
