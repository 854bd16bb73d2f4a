"""Which bodies come decoded to the reader of a file: spec 3.10, as csrc/response.c decides. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyinet._headers import Headers

__all__ = ["is_decoded"]

_CODINGS = frozenset({"gzip", "x-gzip", "deflate"})
_BODILESS = frozenset({204, 304})
_PARTIAL = 206


def is_decoded(verb: str, headers: Headers) -> bool:
    """Whether the body of an answer is decoded, when ``INTERNET_OPTION_HTTP_DECODING`` is set.

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
