"""Whether and how an answer is followed: RFC 9110 section 15.4. Pure."""

from __future__ import annotations

import re
from typing import NamedTuple

from pyinet._urls.wire import encode_url, join_url, origin_of
from pyinet.enums import InternetErrorCode as Code
from pyinet.errors import InternetException, ProtocolError, TransferError, describe, redact

__all__ = ["SECRET_HEADERS", "Hop", "body_is_gone", "next_hop", "refused_downgrade", "unusable_target"]

SECRET_HEADERS = frozenset({"authorization", "cookie", "proxy-authorization", "host"})
"""Headers of the caller that were meant for one origin; never sent to another."""

_CONTROL_IN_USERINFO = re.compile(r"[^/]*//[^/?#]*%(?:[01][0-9a-f]|7f)[^/?#]*@", re.IGNORECASE)

_CONTROL = re.compile("%(?:[01][0-9a-f]|20|7f)", re.IGNORECASE)

_REWRITES_METHOD = frozenset({301, 302, 303})


class Hop(NamedTuple):
    """The request that follows an answer."""

    url: str
    method: str
    same_origin: bool
    keeps_body: bool
    downgrade: bool


def next_hop(url: str, method: str, status: int, location: str, *, hops: int, limit: int) -> Hop | None:
    """Return what follows, or None when the answer is final (the target is neither http nor https).

    Args:
        url: Where the answer came from, encoded.
        method: The method that was answered.
        status: 301, 302, 303, 307 or 308.
        location: Value of Location, latin-1.
        hops: Redirects followed so far.
        limit: Redirects allowed.

    Raises:
        ProtocolError: 12156, too many; 12005, the target is no usable URL.
    """
    try:
        target = join_url(url, location)
        scheme = target.partition(":")[0].lower()
        if scheme not in {"http", "https"}:
            return None
        target = _encoded(target)
        origin = origin_of(target)
        _check_host(origin.host)
        same_origin = origin == origin_of(url)
    except (InternetException, ValueError) as error:
        raise unusable_target(url, location) from error
    if hops >= limit:
        code = Code.ERROR_HTTP_REDIRECT_FAILED
        raise ProtocolError(describe(f"more than {limit} redirects", code, url=url), code, url=url)
    rewritten = status in _REWRITES_METHOD and method not in {"GET", "HEAD"}
    downgrade = scheme == "http" and url[:6].lower() == "https:"
    return Hop(target, "GET" if rewritten else method, same_origin, keeps_body=not rewritten, downgrade=downgrade)


def unusable_target(url: str, location: str) -> ProtocolError:
    """Return the exception for a redirect of *url* to what is no usable URL: 12005, and the server's fault."""
    code = Code.ERROR_INTERNET_INVALID_URL
    what = f"the redirect leads to {redact(location)[:200]!r}, which is no usable URL"
    return ProtocolError(describe(what, code, url=url), code, url=url)


def refused_downgrade(url: str) -> TransferError:
    """Return the exception for a redirect of *url*, https, to http without ``IGNORE_REDIRECT_TO_HTTP``: 12040."""
    code = Code.ERROR_INTERNET_HTTPS_TO_HTTP_ON_REDIR
    hint = "the flag IGNORE_REDIRECT_TO_HTTP permits it"
    return TransferError(describe("the redirect leads from https to http", code, url=url, hint=hint), code, url=url)


def body_is_gone(url: str) -> TransferError:
    """Return the exception for a redirect of *url* that wants a body again which was written piece by piece: 12032."""
    code = Code.ERROR_INTERNET_FORCE_RETRY
    hint = "send the request again, with its body"
    what = "the redirect asks for the body once more"
    return TransferError(describe(what, code, url=url, hint=hint), code, url=url)


def _check_host(host: str) -> None:
    """Raise ValueError for what libcurl would refuse: the caller did not write it."""
    if host.startswith("["):
        import ipaddress  # here: this is rare

        ipaddress.IPv6Address(host[1:-1].partition("%")[0])
    elif _CONTROL.search(host):
        raise ValueError("a control character in the host")


def _encoded(target: str) -> str:
    encoded = encode_url(target)
    if _CONTROL_IN_USERINFO.match(encoded):
        raise ValueError("a control character in the user name or password")
    return encoded
