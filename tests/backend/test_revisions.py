"""ETags, and what a request says of the revision that it changes."""

import pytest

from gpff.errors import InputError
from studio.api.revisions import etag, is_known, named, to_change
from studio.errors import NoRevision


@pytest.mark.parametrize(
    ("header", "revisions"),
    [
        ('"3"', {3}),
        (' "3" , "12"', {3, 12}),
        ('"3",W/"4"', {3}),  # a weak tag never matches
        ('"abc"', set()),
        ('""', set()),
        ('"3", "a,b"', {3}),
        ('"99999999999999999999"', set()),
    ],
)
def test_if_match_names_revisions(header: str, revisions: set[int]) -> None:
    assert to_change(header) == revisions


def test_a_star_is_any_revision_and_nothing_is_none() -> None:
    assert to_change(" * ") is None and named(None) is None
    with pytest.raises(NoRevision):
        to_change(None)


@pytest.mark.parametrize("header", ["3", "", '"3', '"3" "4"', '"3",', "*, *", '"\x7f"', 'w/"3"', '"é"'])
def test_anything_else_is_refused(header: str) -> None:
    with pytest.raises(InputError) as caught:
        to_change(header)
    assert caught.value.field == "header.if-match" and caught.value.expected == 'ETags such as "3", or *'


def test_many_tags_are_read_in_no_time() -> None:
    assert to_change(",".join(f'"{i}"' for i in range(5000))) == frozenset(range(5000))
    with pytest.raises(InputError):
        to_change('"1",' * 5000)


@pytest.mark.parametrize(
    ("header", "known"),
    [(None, False), ('"3"', True), ('W/"3"', True), ('"2", "3"', True), ('"4"', False), ("*", True)],
)
def test_if_none_match_compares_weakly(header: str | None, known: bool) -> None:
    assert is_known(header, 3) is known


def test_an_etag_is_the_revision_in_quotes() -> None:
    assert etag(7) == {"ETag": '"7"'}
