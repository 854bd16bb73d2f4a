"""A stored cookie, and how a received one becomes it or is refused: RFC 6265bis section 5.7. Pure."""

from __future__ import annotations

import math
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from pyinet._cookies.match import default_path, host_matches, is_ip_address, path_matches

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pyinet._cookies.match import Target
    from pyinet._cookies.parse import SetCookie

__all__ = ["LONGEST_LIFE", "Cookie", "Refusal", "make_cookie", "overlays_secure"]

LONGEST_LIFE = 400 * 24 * 60 * 60
"""Seconds a cookie lives at most (RFC 6265bis section 5.5)."""


class Cookie(NamedTuple):
    """One cookie. Times are seconds since 1970, text is the octets as Latin-1."""

    name: str
    value: str
    domain: str
    """Host in lower case."""
    host_only: bool
    """Whether only that very host gets it, and not those below it."""
    path: str
    secure: bool
    http_only: bool
    same_site: str
    """``Strict``, ``Lax``, ``None`` or ``Default``; every request counts as same-site."""
    expires: float | None
    """None: at the end of the session."""
    creation: float
    last_access: float

    @property
    def pair(self) -> str:
        """What a Cookie header holds of it; of a nameless cookie the value alone."""
        return f"{self.name}={self.value}" if self.name else self.value


class Refusal(Enum):
    """Why a cookie is not stored."""

    MALFORMED = "the cookie is empty, holds a control character or is longer than 4096 octets"
    FOREIGN_DOMAIN = "the domain of the cookie is not one of the host's"
    PUBLIC_SUFFIX = "the domain of the cookie is a public suffix"
    NOT_SECURE = "a Secure cookie needs an https URL"
    SAME_SITE_NONE = "a cookie with SameSite=None has to be Secure"
    PREFIX = "the cookie does not keep what its __Secure- or __Host- prefix promises"
    HTTP_ONLY = "an HttpOnly cookie can only be set by a response"
    OVER_HTTP_ONLY = "the cookie would replace an HttpOnly one"
    OVER_SECURE = "the cookie would hide a Secure one, and the URL is not https"


def make_cookie(
    received: SetCookie, target: Target, now: float, is_public_suffix: Callable[[str], bool]
) -> Cookie | Refusal:
    """Return the cookie that *received* asks for, or why there is none (RFC 6265bis section 5.7, steps 5 to 22).

    What depends on the cookies already there is not looked at. One that has expired is returned like any other: it
    deletes its predecessor.

    Args:
        received: What a line says.
        target: The URL it came from.
        now: Seconds since 1970.
        is_public_suffix: Tells whether anyone can register under a domain.
    """
    domain, host_only = _scope(received.domain, target.host, is_public_suffix)
    if isinstance(domain, Refusal):
        return domain
    refusal = _refusal(received, target, host_only=host_only)
    if refusal:
        return refusal
    return Cookie(
        received.name,
        received.value,
        domain,
        host_only,
        received.path or default_path(target.path),
        received.secure,
        received.http_only,
        received.same_site,
        _expiry(received, now),
        now,
        now,
    )


def _scope(domain: str, host: str, is_public_suffix: Callable[[str], bool]) -> tuple[str | Refusal, bool]:
    if not domain:
        return host, True
    if not domain.isascii() or not host_matches(host, domain):
        return Refusal.FOREIGN_DOMAIN, True
    if is_ip_address(host):
        return host, True
    if is_public_suffix(domain):
        return (host if domain == host else Refusal.PUBLIC_SUFFIX), True
    return domain, False


def _refusal(received: SetCookie, target: Target, *, host_only: bool) -> Refusal | None:
    if received.secure and not target.secure:
        return Refusal.NOT_SECURE
    if received.same_site == "None" and not received.secure:
        return Refusal.SAME_SITE_NONE
    # A nameless cookie must not look like one with a prefix to the server.
    start = (received.name or received.value)[:9].lower()
    if start.startswith(("__secure-", "__host-")):
        if not received.name or not received.secure:
            return Refusal.PREFIX
        path = received.path if received.path is None else received.path or default_path(target.path)
        if start.startswith("__host-") and not (host_only and path == "/"):
            return Refusal.PREFIX
    return None


def _expiry(received: SetCookie, now: float) -> float | None:
    if received.max_age is not None:
        return now + min(received.max_age, LONGEST_LIFE) if received.max_age > 0 else -math.inf
    if received.expires is not None:
        return min(received.expires, now + LONGEST_LIFE)
    return None


def overlays_secure(cookie: Cookie, others: Iterable[Cookie]) -> bool:
    """Tell whether *cookie*, not Secure itself, would hide a Secure one (RFC 6265bis section 5.7, step 16)."""
    return any(
        other.secure
        and other.name == cookie.name
        and path_matches(cookie.path, other.path)
        and (host_matches(other.domain, cookie.domain) or host_matches(cookie.domain, other.domain))
        for other in others
    )
