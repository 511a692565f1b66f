"""`python -m studio` or `studio`: run the service, or see to its API keys (`studio key --help`)."""

import logging
import sys
from contextlib import suppress

from pydantic import ValidationError

from gpff.errors import InputError
from studio import commands, logs
from studio.server import server
from studio.settings import Settings, complaints, unknown

log = logging.getLogger(__name__)


def serve() -> int:
    settings = Settings()
    logs.configure(settings.log_format, settings.log_level)
    for name in unknown():
        log.warning("%s is not a setting; see docs/operations.md", name)
    try:
        service = server(settings)
    except InputError as error:  # a file of keys that is none
        print(error, file=sys.stderr)
        return 2
    with suppress(KeyboardInterrupt):  # uvicorn has shut down in good order and only passes the signal on
        service.run()
    return 0


def main() -> int:
    try:
        return commands.run(sys.argv[1:], serve)
    except ValidationError as error:
        print("A setting makes no sense.", *complaints(error), sep="\n", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
