"""Schemes as the URL functions see them, and the arguments these take. Pure."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING

from pyinet.enums import IcuFlag, InternetScheme
from pyinet.enums import InternetErrorCode as Code
from pyinet.errors import CallerError, describe, invalid_parameter

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["DEFAULT_PORTS", "checked_flags", "checked_url", "invalid_url", "scheme_number", "split_scheme", "until_nul"]

DEFAULT_PORTS: Mapping[InternetScheme, int] = MappingProxyType(
    {
        InternetScheme.FTP: 21,
        InternetScheme.GOPHER: 70,
        InternetScheme.HTTP: 80,
        InternetScheme.HTTPS: 443,
    }
)
"""``INTERNET_DEFAULT_*_PORT`` of wininet.h."""

_ICU_BITS = 0xFE001000
_SCHEME = re.compile(r"([A-Za-z0-9+.-]+):")
_NUMBERS: Mapping[str, InternetScheme] = MappingProxyType(
    {member.name.lower(): member for member in InternetScheme if member > InternetScheme.DEFAULT}
)


def until_nul(text: str) -> str:
    """Return *text* up to its first NUL, where the strings of WinINet end."""
    return text.partition("\0")[0]


def checked_url(url: object, name: str = "url") -> str:
    """Return *url* up to its first NUL.

    Args:
        url: What the caller gave.
        name: Of the argument, for the message.

    Raises:
        CallerError: 87, it is no str.
    """
    if not isinstance(url, str):
        raise invalid_parameter(f"{name} is {type(url).__name__}, not str")
    return until_nul(url)


def checked_flags(flags: object) -> IcuFlag:
    """Return *flags* as ``ICU_*`` bits; others are ignored.

    Raises:
        CallerError: 87, they are no int.
    """
    if not isinstance(flags, int):
        raise invalid_parameter(f"flags is {type(flags).__name__}, not int", hint="add values of IcuFlag")
    return IcuFlag(flags & _ICU_BITS)


def invalid_url(what: str, url: str) -> CallerError:
    """Return the exception for a URL that cannot be, ``ERROR_INTERNET_INVALID_URL`` (12005)."""
    code = Code.ERROR_INTERNET_INVALID_URL
    return CallerError(describe(what, code, url=url), code, url=url)


def split_scheme(url: str) -> tuple[str, str] | None:
    """Return scheme and rest, the scheme as written; None when there is no scheme (RFC 3986 section 3.1)."""
    match = _SCHEME.match(url)
    return (match[1], url[match.end() :]) if match else None


def scheme_number(scheme: str) -> InternetScheme:
    """Return ``INTERNET_SCHEME_*`` of a scheme in either case; `InternetScheme.UNKNOWN` when it has none."""
    return _NUMBERS.get(scheme.lower(), InternetScheme.UNKNOWN)
