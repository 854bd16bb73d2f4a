"""Which bodies come decoded to the reader of a file: what was asked for, and as csrc/response.c decides. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pyinet._answer.headers import Headers

__all__ = ["FILE_CODINGS", "asks_for_coding", "is_decoded"]

FILE_CODINGS = "gzip, deflate"
"""What a file with ``INTERNET_OPTION_HTTP_DECODING`` asks for, unless its program does."""

_CODINGS = frozenset({"gzip", "x-gzip", "deflate"})
_BODILESS = frozenset({204, 304})
_PARTIAL = 206


def asks_for_coding(headers: Iterable[tuple[str, str]]) -> bool:
    """Whether a request with these headers may be answered in a coding that a file undoes (RFC 9110 section 12.5.3).

    That is so when they say nothing: it is asked for then.
    """
    lines = [value for name, value in headers if name.lower() == "accept-encoding"]
    items = [item.split(";") for line in lines for item in line.lower().split(",")]
    return not lines or any(
        name.strip() in _CODINGS and not any(_is_zero(weight) for weight in weights) for name, *weights in items
    )


def _is_zero(weight: str) -> bool:
    """Whether it is ``q=0``: not acceptable."""
    name, _, value = weight.strip().partition("=")
    return name.strip() == "q" and not value.strip().strip("0.")


def is_decoded(verb: str, headers: Headers) -> bool:
    """Whether the body of an answer is decoded, when that was asked for.

    Not when it has several codings or one unknown to WinINet, when it is a part of something, when nobody may change it
    (``Cache-Control: no-transform``, RFC 9111 section 5.2.2.6), and when there is none.

    Args:
        verb: The method that was answered.
        headers: Of the answer.
    """
    codings = headers.get_all("content-encoding")
    if len(codings) != 1 or codings[0].lower() not in _CODINGS:
        return False
    if verb == "HEAD" or headers.status in _BODILESS or headers.status == _PARTIAL or "content-range" in headers:
        return False
    directives = headers.get("cache-control", "").split(",")
    return all(one.partition("=")[0].strip(" \t").lower() != "no-transform" for one in directives)
