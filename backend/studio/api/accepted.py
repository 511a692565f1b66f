"""Which of several media types a client would rather have."""

from collections.abc import Iterable


def preferred(accept: str | None, offered: Iterable[str]) -> str:
    """The media type of `offered` that an Accept header likes best; of equals, and where it likes none, the first.

    RFC 9110, 12.5.1: a more specific range of the header decides before a wider one. To answer with something that
    the header does not name is allowed, and better than no answer.
    """
    ranges = dict(filter(None, map(_range, (accept or "*/*").split(","))))
    offers = list(offered)
    return max(offers, key=lambda offer: _quality(ranges, offer))  # `max` takes the first of equals


def _range(text: str) -> tuple[str, float] | None:
    """A media range and its quality, 0 to 1; None when it is neither."""
    name, *parameters = (part.strip().lower() for part in text.split(";"))
    quality = 1.0
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                quality = float(parameter[2:])
            except ValueError:
                return None
    return (name, quality) if name and 0 <= quality <= 1 else None


def _quality(ranges: dict[str, float], offer: str) -> float:
    for name in (offer, f"{offer.split('/')[0]}/*", "*/*"):
        if name in ranges:
            return ranges[name]
    return 0.0
