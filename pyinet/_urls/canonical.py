"""``InternetCanonicalizeUrl``: one spelling for URLs that mean the same. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyinet._urls.escape import PATH_UNSAFE, decode, encode
from pyinet._urls.rewrite import UrlPieces, clean, is_drive, rewrite
from pyinet.enums import IcuFlag

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["canonicalize"]

_DELIMITERS = "%/?#[]@:\\"  # decoded, they would move the ends of the host
_AUTHORITY_UNSAFE = PATH_UNSAFE - {"[", "]"}  # an IPv6 address keeps its brackets


def canonicalize(url: str, flags: IcuFlag, *, windows: bool, local: bool = True) -> str:
    """Return the canonical form of *url*; see `pyinet.canonicalize_url`.

    Args:
        url: Up to its first NUL.
        flags: ``ICU_*``.
        windows: Whether file URLs follow the path rules of Windows even without a drive.
        local: Whether a file URL with a drive takes the form of WinINet, ``file://C:/x`` and with ``NO_ENCODE``
            backslashes; otherwise it is ``file:///C:/x``.
    """
    url = clean(url)
    if not url:
        return ""
    plain = IcuFlag.NO_ENCODE in flags and not flags & (IcuFlag.ENCODE_SPACES_ONLY | IcuFlag.ENCODE_PERCENT)
    pieces = rewrite(url, dots=IcuFlag.NO_META in flags, back=plain and local, windows=windows)
    if not local and pieces.scheme == "file" and not pieces.authority and is_drive(pieces.path):
        pieces = pieces._replace(head="file:///")
    if IcuFlag.DECODE in flags:
        pieces = pieces._replace(authority=decode(pieces.authority, _DELIMITERS), path=decode(pieces.path))
    if not plain:
        pieces = _encoded(pieces, flags)
    return "".join(pieces[1:])


def _encoded(pieces: UrlPieces, flags: IcuFlag) -> UrlPieces:
    path, tail = pieces.path, pieces.tail
    stop = _end_of_path(pieces)  # decoding may have brought a ? or # into the path
    path, tail = path[:stop], path[stop:] + tail
    encoder = _encoder(flags)
    if pieces.authority.isascii():  # else the host name is for IDNA
        pieces = pieces._replace(authority=encoder(pieces.authority, _AUTHORITY_UNSAFE))
    return pieces._replace(
        head=encoder(pieces.head, PATH_UNSAFE),
        path=encoder(path, PATH_UNSAFE | _more_unsafe(pieces)),
        tail=tail,
    )


def _encoder(flags: IcuFlag) -> Callable[[str, frozenset[str]], str]:
    if IcuFlag.ENCODE_SPACES_ONLY in flags:
        return lambda text, _: text.replace(" ", "%20")
    if IcuFlag.ENCODE_PERCENT in flags:
        return lambda text, unsafe: encode(text, unsafe | {"%"})
    return encode


def _end_of_path(pieces: UrlPieces) -> int:
    ends = {"mailto": "", "file": "?"}.get(pieces.scheme, "?#")
    return min((at for at in map(pieces.path.find, ends) if at >= 0), default=len(pieces.path))


def _more_unsafe(pieces: UrlPieces) -> frozenset[str]:
    if pieces.scheme == "mailto":
        return frozenset("/?#")
    if pieces.scheme == "file":
        return frozenset("#")
    if pieces.scheme and not pieces.authority and not pieces.head.endswith("/") and not pieces.path.startswith("/"):
        return frozenset("/")  # scheme:a/b has no path segments, so the slash is data
    return frozenset()
