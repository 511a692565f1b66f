"""The command line: run the service, or make, list and revoke API keys."""

import argparse
import sys
from collections.abc import Callable, Sequence

from gpff.errors import InputError
from studio import keys
from studio.settings import Settings

USAGE = """\
Without a command, run the service. Settings come from the environment: see docs/operations.md.
API keys are optional; once there is one, the service asks for a key (see `studio key --help`)."""


def run(arguments: Sequence[str], serve: Callable[[], int]) -> int:
    """Do what `arguments` say; the exit status. `serve` runs the service."""
    options = _parser().parse_args(arguments)
    if options.command is None:
        return serve()
    path = Settings().keys_file
    try:
        match options.action:
            case "new":
                print(keys.create(path, options.name))
                print(f"{options.name}: the key above is shown this once; {path} keeps its hash alone", file=sys.stderr)
            case "revoke":
                keys.revoke(path, options.name)
                print(f"{options.name}: revoked, at once also where the service runs", file=sys.stderr)
            case "list":
                for key in keys.read(path):
                    print(f"{key.name}\t{key.made}\t{'in force' if key.revoked is None else f'revoked {key.revoked}'}")
    except (InputError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("studio", description=USAGE, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", metavar="key")
    actions = commands.add_parser("key", help="API keys").add_subparsers(dest="action", required=True)
    for name, what in (("new", "make a key and print it"), ("revoke", "end the key of this name")):
        actions.add_parser(name, help=what).add_argument("name", metavar="NAME")
    actions.add_parser("list", help="names, times and whether in force; never a key")
    return parser
