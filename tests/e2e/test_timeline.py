"""The timeline under hands: who takes the slider has it."""

import pytest
from studio_page import StudioPage

pytestmark = pytest.mark.e2e

HOLD_PICTURES = """() => {
    const own = window.requestAnimationFrame
    const kept = []
    window.requestAnimationFrame = (draw) => kept.push(draw)
    window.letPicturesGo = () => {
        window.requestAnimationFrame = own
        kept.forEach((draw) => own(draw))
    }
}"""


def test_home_stops_the_play_head_even_where_it_already_is(studio: StudioPage) -> None:
    """On a slow page the head may still stand at the start when somebody presses Home: it must stay there."""
    studio.generate(seed=3)
    studio.scrub("End")
    studio.page.evaluate(HOLD_PICTURES)
    studio.press("Space")
    assert studio.ask("studio.playhead()") == {"at": 0, "playing": True}
    studio.scrub("Home")
    studio.page.evaluate("window.letPicturesGo()")
    studio.page.wait_for_timeout(300)
    assert studio.ask("studio.playhead()") == {"at": 0, "playing": False}
