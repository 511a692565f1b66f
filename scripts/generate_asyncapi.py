"""Write docs/asyncapi.json, the socket as an AsyncAPI document, from the types of `studio.protocol`.

`python scripts/generate_asyncapi.py` writes the file; with `--check` it only compares, and exits 1 when the
committed file is not up to date.
"""

import argparse
import json
import sys
from pathlib import Path

from studio.asyncapi import document

TARGET = Path(__file__).resolve().parents[1] / "docs" / "asyncapi.json"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="compare only")
    wanted = json.dumps(document(), indent=1, ensure_ascii=False) + "\n"
    if not parser.parse_args().check:
        TARGET.write_text(wanted, encoding="utf-8")
    elif not TARGET.exists() or TARGET.read_text(encoding="utf-8") != wanted:
        print("docs/asyncapi.json is not up to date: run python scripts/generate_asyncapi.py", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
