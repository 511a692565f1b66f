"""`python -m studio` or `studio`: run the service. Settings come from the environment; see `studio.settings`."""

import sys
from contextlib import suppress

import uvicorn
from pydantic import ValidationError

from studio.app import create_app
from studio.settings import Settings


def server(settings: Settings) -> uvicorn.Server:
    """The web server for `settings`, ready to run."""
    config = uvicorn.Config(
        create_app(settings),
        host=settings.host,
        port=settings.port,
        log_level=settings.log_level,
        ws="websockets-sansio",
        # A message over the limit is answered; only one far over it ends the connection.
        ws_max_size=4 * settings.max_message_bytes,
        ws_per_message_deflate=False,  # float frames do not compress, and every one would cost time
        timeout_graceful_shutdown=5,
        server_header=False,
    )
    return uvicorn.Server(config)


def main() -> int:
    try:
        settings = Settings()
    except ValidationError as error:
        print(f"A setting makes no sense.\n{error}", file=sys.stderr)
        return 2
    with suppress(KeyboardInterrupt):  # uvicorn has shut down in good order and only passes the signal on
        server(settings).run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
