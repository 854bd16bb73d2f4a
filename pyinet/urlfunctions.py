"""The URL functions of WinINet and MFC, in Python's terms: strings and tuples in, strings and tuples out."""

from __future__ import annotations

import os
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from pyinet._urls.canonical import canonicalize
from pyinet._urls.combine import combine
from pyinet._urls.crack import UrlParts, crack
from pyinet._urls.create import checked_parts, create
from pyinet._urls.scheme import checked_flags, checked_url
from pyinet.enums import IcuFlag, InternetService
from pyinet.errors import CallerError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = [
    "ParsedUrl",
    "ParsedUrlEx",
    "UrlParts",
    "canonicalize_url",
    "combine_url",
    "crack_url",
    "create_url",
    "parse_url",
    "parse_url_ex",
]

_WINDOWS = os.name == "nt"
_SERVICES: Mapping[str, InternetService] = MappingProxyType(
    {
        "afs": InternetService.AFS,
        "cid": InternetService.CID,
        "file": InternetService.FILE,
        "ftp": InternetService.FTP,
        "gopher": InternetService.GOPHER,
        "http": InternetService.HTTP,
        "https": InternetService.HTTPS,
        "mailto": InternetService.MAILTO,
        "mid": InternetService.MID,
        "news": InternetService.NNTP,  # as MFC has it; NEWS is never returned
        "nntp": InternetService.NNTP,
        "prospero": InternetService.PROSPERO,
        "telnet": InternetService.TELNET,
        "wais": InternetService.WAIS,
    }
)


class ParsedUrl(NamedTuple):
    """What `parse_url` found."""

    ok: bool
    """Whether the URL names a known service."""
    service: InternetService
    server: str
    object: str
    """Path, query and fragment; for ``file`` the path of the machine."""
    port: int


class ParsedUrlEx(NamedTuple):
    """What `parse_url_ex` found: as `ParsedUrl`, and who logs in."""

    ok: bool
    service: InternetService
    server: str
    object: str
    port: int
    user: str
    password: str


def parse_url(url: str) -> ParsedUrl:
    """Tell which service, server, object and port a URL means.

    Args:
        url: Absolute; it is canonicalised first.

    Returns:
        `ok` is False, and `service` ``UNK``, for a URL that cannot be parsed or whose scheme names no known service;
        with such a scheme the other fields are filled all the same. Without a port of its own a URL has that of its
        scheme, or 0.

    Raises:
        CallerError: 87, *url* is no str.

    Source: MFC ``AfxParseURL``.
    """
    return ParsedUrl(*_parse(url, IcuFlag.BROWSER_MODE)[:5])


def parse_url_ex(url: str, flags: int = 0) -> ParsedUrlEx:
    """Tell what `parse_url` does, and user name and password; "" where there are none.

    Args:
        url: Absolute; it is canonicalised first.
        flags: `IcuFlag` for that; with ``ESCAPE`` the parts are decoded.

    Raises:
        CallerError: 87, *url* is no str, or *flags* no int.

    Source: MFC ``AfxParseURLEx``.
    """
    return _parse(url, checked_flags(flags))


def _parse(url: str, flags: IcuFlag) -> ParsedUrlEx:
    text = checked_url(url)
    try:
        canonical = canonicalize(text, flags, windows=_WINDOWS)
        parts = crack(canonical, flags & (IcuFlag.ESCAPE | IcuFlag.USERNAME), windows=_WINDOWS)
    except CallerError:
        return ParsedUrlEx(False, InternetService.UNK, "", "", 0, "", "")
    service = _SERVICES.get(parts.scheme.lower(), InternetService.UNK)
    known = service is not InternetService.UNK
    return ParsedUrlEx(known, service, parts.host, parts.path + parts.extra, parts.port, parts.user, parts.password)


def crack_url(url: str, flags: int = 0) -> UrlParts:
    """Take an absolute URL apart. Nothing is checked against the rules of its scheme, and nothing canonicalised.

    Args:
        url: The URL. A host may be missing (``http://``), as may a path.
        flags: `IcuFlag`; ``DECODE`` and ``ESCAPE`` both decode %XX in every part, as UTF-8 where it is.

    Raises:
        CallerError: 12005, the port is no number below 65536, or the brackets of an IPv6 address do not match; 87,
            *url* is no str, or *flags* no int.
        NotSupported: 12006, the URL has no scheme.

    Source: ``InternetCrackUrl``.
    """
    return crack(checked_url(url), checked_flags(flags), windows=_WINDOWS)


def create_url(parts: UrlParts | Mapping[str, object] | Sequence[object], flags: int = 0) -> str:
    """Put a URL together.

    Args:
        parts: What `crack_url` returns, or a mapping or sequence of the same parts; those that are "", None or 0, or
            missing, are unset. `scheme` comes before `scheme_number`; without both it is http.
        flags: `IcuFlag`; with ``ESCAPE`` unsafe characters of path and extra become %XX.

    Raises:
        CallerError: 87, a password without a user name, a port above 65535, the number of no scheme, parts or flags of
            the wrong type.

    Source: ``InternetCreateUrl``.
    """
    return create(checked_parts(parts), checked_flags(flags))


def combine_url(base: str, url: str, flags: int = 0) -> str:
    """Return *url*, which may be relative to *base*, as a canonical absolute URL.

    Args:
        base: Absolute.
        url: Absolute or relative (RFC 3986 section 5.2); the scheme of the base may stand before a relative one.
        flags: `IcuFlag`, as for `canonicalize_url`.

    Raises:
        CallerError: 161, neither URL is absolute; 87, one of them is no str, or *flags* no int.

    Source: ``InternetCombineUrl``.
    """
    first, second = checked_url(base, "base"), checked_url(url)
    return combine(first, second, checked_flags(flags), windows=_WINDOWS)


def canonicalize_url(url: str, flags: int = 0) -> str:
    """Return a URL in canonical form.

    Scheme and host are in lower case, ``.`` and ``..`` resolved, backslashes slashes where the scheme means those,
    unsafe characters and those outside ASCII %XX of their UTF-8. White space at either end goes, and line ends and tabs
    wherever they are. Nothing behind ``?`` or ``#`` is changed. An international host name stays as it is.

    Args:
        url: Absolute or relative.
        flags: `IcuFlag`: ``NO_ENCODE``, ``ENCODE_SPACES_ONLY`` and ``ENCODE_PERCENT`` change what is encoded,
            ``DECODE`` decodes before that, ``NO_META`` leaves dots; the others have no effect.

    Raises:
        CallerError: 87, *url* is no str, or *flags* no int.

    Source: ``InternetCanonicalizeUrl``.
    """
    return canonicalize(checked_url(url), checked_flags(flags), windows=_WINDOWS)
