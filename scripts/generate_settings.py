"""Write the table of settings in docs/operations.md from the one in `studio.settings`.

`python scripts/generate_settings.py` writes the file; with `--check` it only compares, and exits 1 when the
committed file is not up to date.
"""

import argparse
import sys
from pathlib import Path

from studio import settings

TARGET = Path(__file__).resolve().parents[1] / "docs" / "operations.md"
BEGIN, END = "<!-- settings: generated -->\n", "<!-- end of settings -->\n"


def table() -> str:
    lines = (settings.__doc__ or "").splitlines(keepends=True)
    return "".join(line for line in lines if line.startswith("|"))


def written(text: str) -> str:
    """`text` with the table in its place."""
    before, rest = text.split(BEGIN)
    return before + BEGIN + table() + END + rest.split(END)[1]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare only")
    found = TARGET.read_text()
    wanted = written(found)
    if not parser.parse_args().check:
        TARGET.write_text(wanted)
    elif found != wanted:
        print("docs/operations.md is not up to date; run scripts/generate_settings.py", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
