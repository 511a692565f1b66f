"""Revisions as HTTP knows them: ETag, If-Match, If-None-Match."""

import re
from typing import Annotated

from fastapi import Header

from gpff.errors import InputError
from studio.errors import NoRevision
from studio.store.designs import Revisions

_TAG = re.compile(r'(W/)?"([\x21\x23-\x7e]*)"')  # RFC 9110, 8.8.3
_LIST = re.compile(rf"\s*{_TAG.pattern}\s*(,\s*{_TAG.pattern}\s*)*")
_NUMBER = re.compile(r"[0-9]{1,9}", re.ASCII)

IfMatch = Annotated[
    str | None,
    Header(description='Which revision is to change: its ETag, such as "3"; * for whichever there is'),
]
IfNoneMatch = Annotated[str | None, Header(description="ETags of what you have: 304 when it is still the newest")]


def etag(revision: int) -> dict[str, str]:
    """The header that names a revision."""
    return {"ETag": f'"{revision}"'}


def to_change(if_match: str | None) -> Revisions:
    """Which revisions a request wants to change. Raises `NoRevision` when it says none, `InputError` for nonsense."""
    if if_match is None:
        raise NoRevision()
    return named(if_match)


def named(if_match: str | None) -> Revisions:
    """The same where a request may leave it open."""
    if if_match is None or if_match.strip() == "*":
        return None
    # A weak tag never matches: what is to be changed must be the same to the byte.
    return frozenset(revision for weak, revision in _tags(if_match, "header.if-match") if not weak)


def is_known(if_none_match: str | None, revision: int) -> bool:
    """Whether the client has this revision already."""
    if if_none_match is None:
        return False
    if if_none_match.strip() == "*":
        return True
    return revision in {known for _, known in _tags(if_none_match, "header.if-none-match")}


def _tags(header: str, field: str) -> list[tuple[bool, int]]:
    """Whether each tag is weak, and its revision; tags that are none of ours are left out."""
    if not _LIST.fullmatch(header):
        raise InputError(field, 'ETags such as "3", or *', ascii(header)[:80])
    return [(bool(weak), int(tag)) for weak, tag in _TAG.findall(header) if _NUMBER.fullmatch(tag)]
