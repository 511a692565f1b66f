"""Frames that were dropped on the way to a slow page are fetched when the run has ended, and come in before its end."""

import json
from typing import Any

import pytest
from playwright.sync_api import Browser, WebSocketRoute
from studio_page import visiting

from studio.codec import FLAG_DROPPED, FLAG_KEY, decode_all, encode

pytestmark = pytest.mark.e2e


def test_the_end_stays_on_show_when_missed_frames_come_in(browser: Browser, service: str) -> None:
    asked: list[Any] = []

    def slow(route: WebSocketRoute) -> None:
        """As for a slow reader: nothing between the first frame and the last; what is asked for again waits."""
        server = route.connect_to_server()

        def up(data: str | bytes) -> None:
            if json.loads(data)["type"] == "resume":
                asked.append(lambda: server.send(data))
            else:
                server.send(data)

        def down(data: str | bytes) -> None:
            if isinstance(data, str) or asked:
                route.send(data)
                return
            for frame in decode_all(data):
                if frame.flags & FLAG_KEY:
                    route.send(encode(frame, FLAG_DROPPED if frame.seq > 1 else 0))

        route.on_message(up)
        server.on_message(down)

    with visiting(browser, service, prepare=lambda page: page.route_web_socket("**/ws", slow)) as studio:
        studio.new_design("From nothing: C2H4O")
        studio.fill("Number of steps", 12)
        studio.generate(seed=3)
        studio.wait("!window.__studio.playhead().playing", "the play head to come to the end")
        assert studio.ask("studio.run().frames") == 2
        assert studio.ask("studio.playhead().at") == 1

        asked[0]()
        studio.wait("window.__studio.run().frames === 13", "the frames that were missed")
        assert studio.ask("studio.playhead().at") == 12
