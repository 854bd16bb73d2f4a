"""Which cookies go when there are too many: RFC 6265bis section 5.7. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pyinet._cookies.record import Cookie

__all__ = ["Limits", "surplus"]


class Limits(NamedTuple):
    """How many cookies a jar holds."""

    domain: int = 180
    """Of one domain; also the number above which a domain's cookies go before those of other domains."""
    total: int = 30_000
    """In all."""
    kept: int = 27_000
    """What is left when there were more than `total`; lower than that, so that it is not done for every cookie."""


def surplus(cookies: Iterable[Cookie], keep: int, *, one_domain: bool) -> list[Cookie]:
    """Return the cookies to remove so that *keep* are left: those whose last access is longest ago.

    Args:
        cookies: Those there are, none of them expired, in order of creation: it decides between equals.
        keep: How many are left.
        one_domain: They share a domain with too many: those which are not Secure go first.
    """
    everything = list(cookies)
    if len(everything) <= keep:
        return []
    if one_domain:
        everything.sort(key=lambda cookie: (cookie.secure, cookie.last_access))
    else:
        everything.sort(key=lambda cookie: cookie.last_access)
    return everything[: len(everything) - keep]
