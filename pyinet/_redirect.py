"""Whether and how an answer is followed: spec 3.7, RFC 9110 section 15.4. Pure."""

from __future__ import annotations

from typing import NamedTuple

from pyinet._url import encode_url, join_url, origin_of
from pyinet.enums import InternetErrorCode as Code
from pyinet.errors import InternetException, ProtocolError, TransferError, describe

__all__ = ["SECRET_HEADERS", "Hop", "next_hop"]

SECRET_HEADERS = frozenset({"authorization", "cookie", "proxy-authorization", "host"})
"""Headers of the caller that were meant for one origin; never sent to another."""

_REWRITES_METHOD = frozenset({301, 302, 303})


class Hop(NamedTuple):
    """The request that follows an answer."""

    url: str
    method: str
    same_origin: bool
    keeps_body: bool


def next_hop(
    url: str, method: str, status: int, location: str, *, hops: int, limit: int, downgrade: bool
) -> Hop | None:
    """Return what follows, or None when the answer is final (the target is neither http nor https).

    Args:
        url: Where the answer came from, encoded.
        method: The method that was answered.
        status: 301, 302, 303, 307 or 308.
        location: Value of Location, latin-1.
        hops: Redirects followed so far.
        limit: Redirects allowed.
        downgrade: Whether https may lead to http (``INTERNET_FLAG_IGNORE_REDIRECT_TO_HTTP``).

    Raises:
        ProtocolError: 12156, too many; 12005, the target is no usable URL.
        TransferError: 12040, https leads to http.
    """
    try:
        target = join_url(url, location)
        scheme = target.partition(":")[0].lower()
        if scheme not in {"http", "https"}:
            return None
        target = encode_url(target)
        same_origin = origin_of(target) == origin_of(url)
    except (InternetException, ValueError) as error:
        code = Code.ERROR_INTERNET_INVALID_URL
        what = f"the redirect leads to {location[:200]!r}, which is no usable URL"
        raise ProtocolError(describe(what, code, url=url), code, url=url) from error
    if hops >= limit:
        code = Code.ERROR_HTTP_REDIRECT_FAILED
        raise ProtocolError(describe(f"more than {limit} redirects", code, url=url), code, url=url)
    if scheme == "http" and url.lower().startswith("https:") and not downgrade:
        code = Code.ERROR_INTERNET_HTTPS_TO_HTTP_ON_REDIR
        hint = "the flag IGNORE_REDIRECT_TO_HTTP permits it"
        raise TransferError(describe("the redirect leads from https to http", code, url=url, hint=hint), code, url=url)
    rewritten = status in _REWRITES_METHOD and method not in {"GET", "HEAD"}
    return Hop(target, "GET" if rewritten else method, same_origin, keeps_body=not rewritten)
