"""The web server around the application: uvicorn, and an end on SIGTERM that loses nothing."""

import asyncio
import gc
import socket
from types import FrameType

import uvicorn
from fastapi import FastAPI

from studio.api.state import Services
from studio.app import create_app
from studio.door import drained
from studio.settings import Settings


class Server(uvicorn.Server):
    """The first SIGTERM or Ctrl-C drains (`studio.door`), a second one cuts that short, a third one everything."""

    def __init__(self, config: uvicorn.Config, app: FastAPI, patience_s: float) -> None:
        super().__init__(config)
        self._studio = app
        self._patience_s = patience_s
        self._hurried = False

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if self.should_exit and not self._hurried:
            self._hurried = True
        else:
            super().handle_exit(sig, frame)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Once there is everything that stays, the collector need not look at it again: it would pause all streams."""
        await super().startup(sockets)
        gc.collect()
        gc.freeze()

    async def main_loop(self) -> None:
        await super().main_loop()
        shared: Services = self._studio.state.services
        drain = asyncio.create_task(drained(shared.door, shared.jobs, self._patience_s), name="drain")
        while not drain.done() and not self._hurried:
            await self.on_tick(0)  # keeps the answers' date right
            await asyncio.wait((drain,), timeout=0.1)
        drain.cancel()


def server(settings: Settings) -> Server:
    """The web server for `settings`, ready to run."""
    app = create_app(settings)
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        log_level=settings.log_level,
        log_config=None,  # `studio.logs` has seen to it
        access_log=False,
        ws="websockets-sansio",
        # A message over the limit is answered; only one far over it ends the connection.
        ws_max_size=4 * settings.max_message_bytes,
        ws_per_message_deflate=False,  # float frames do not compress, and every one would cost time
        timeout_graceful_shutdown=5,
        server_header=False,
    )
    return Server(config, app, settings.drain_s)
