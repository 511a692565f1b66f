"""Which wishes a client sends, and which again."""

import json

import pytest

from studio.client.errors import ProblemError
from studio.client.pending import Pending
from studio.client.story import Story
from studio.protocol import ErrorMessage


def pending(*names: str) -> Pending:
    """Wishes that were sent on the first connection, each with its name for a text."""
    made = Pending()
    assert made.again() == []
    for name in names:
        made.add(name, name)
        wire = made.claim(name)
        assert wire is not None
        made.went(name, wire)
    return made


def test_what_has_not_arrived_is_sent_again_in_order() -> None:
    wishes = pending("pause", "steer")
    assert wishes.again() == ["pause", "steer"] == wishes.again()
    assert wishes.was_repeated("pause") and not wishes.was_repeated("resume") and not wishes.was_repeated(None)


def test_a_pong_vouches_for_what_was_sent_before_its_ping() -> None:
    wishes = pending("pause")
    assert wishes.due() == ([], True) and wishes.due() == ([], False)  # one question at a time
    wishes.add("steer", "steer")
    assert wishes.due() == (["steer"], False)
    wishes.arrived()
    assert wishes.due() == ([], True)
    assert wishes.again() == ["steer"]
    assert wishes.due() == ([], True)  # a new connection answers no question of the old one
    wishes.arrived()
    assert wishes.again() == [] and wishes.due() == ([], False)


def test_who_wishes_and_who_reads_do_not_both_send() -> None:
    wishes = pending()
    wishes.add("pause", "pause")
    wire = wishes.claim("pause")
    assert wire is not None and wishes.due() == ([], False) and wishes.claim("pause") is None
    wishes.kept("pause")
    assert wishes.due() == (["pause"], True)
    assert wishes.was_repeated("pause")  # who knows how far it came


def test_a_wish_that_left_on_a_connection_that_is_gone_is_due() -> None:
    wishes = pending()
    wishes.add("pause", "pause")
    wire = wishes.claim("pause")
    assert wire is not None and wishes.again() == []
    wishes.went("pause", wire)
    assert wishes.due() == (["pause"], True)
    assert wishes.was_repeated("pause")  # the service may have had it the first time


def test_the_end_may_come_before_a_wish_that_is_sent_again() -> None:
    story = Story(None, job="7")
    story.greeting()
    wish = story.pause()
    wire = story.pending.claim(wish)
    assert wire is not None
    story.pending.went(wish, wire)
    ended = ErrorMessage(code="ended", detail="job 7 has ended: too late to pause it", retryable=False, req_id="wish 1")
    with pytest.raises(ProblemError):
        story.receive(ended.model_dump_json())
    assert story.greeting()[2:] == [wish]
    assert story.receive(ended.model_dump_json()) == [] and not story.over


def test_every_wish_has_a_name_that_no_other_client_gives() -> None:
    stories = [Story(None, job="7") for _ in range(2)]
    wishes = [json.loads(wish) for story in stories for wish in (story.pause(), story.resume(), story.rewind(3))]
    assert len({wish["once"] for wish in wishes}) == 6
    assert "once" not in json.loads(stories[0].cancel())  # it does no harm twice
