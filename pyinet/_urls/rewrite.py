"""The structure of URLs by the rules of WinINet: their parts, and paths without dot segments. Pure.

Four families of schemes differ. Opaque ones, such as mailto, have no parts. Those of the web (http, ftp, ...) have a
host, whose case does not matter, and paths in which ``..`` stops at the root. Unknown schemes, and URLs without one,
keep a ``..`` that would leave the root. ``file`` is a family of its own, as it has drives and shares.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from pyinet._urls.scheme import split_scheme

__all__ = ["OPAQUE", "UrlPieces", "clean", "is_drive", "remove_dots", "rewrite", "split_body"]

OPAQUE = frozenset({"about", "javascript", "mailto", "shell", "vbscript"})
"""Schemes whose URLs are one piece."""
_BACKSLASH_IS_SLASH = frozenset({"file", "gopher", "http", "https", "news", "nntp", "snews", "telnet"})
_WEB = _BACKSLASH_IS_SLASH - {"file"} | {"ftp", "local", "res", "wais"}
_TAIL = re.compile("[?#]")
_FILE_TAIL = re.compile(r"\?|(?:\A|(?<=\.htm)|(?<=\.html))#", re.IGNORECASE)  # other # are part of the file's name
_DRIVE = re.compile(r"[A-Za-z][:|]")


class UrlPieces(NamedTuple):
    """A URL in pieces; joined they are the URL."""

    scheme: str
    """In lower case and without the colon; empty when there is none."""
    head: str
    """What stands before the host: scheme, colon and slashes."""
    authority: str
    """User, password, host and port (RFC 3986 section 3.2)."""
    path: str
    tail: str
    """Query and fragment, which are never changed."""


def clean(url: str) -> str:
    """Return *url* without spaces and control characters around it, and without tabs and line ends inside."""
    return re.sub("[\t\n\r]", "", url.strip("".join(map(chr, range(0x21)))))


def is_drive(text: str) -> bool:
    """Tell whether *text* begins with the drive of a Windows path, ``c:`` or ``c|``."""
    return _DRIVE.match(text) is not None


def rewrite(url: str, *, dots: bool, back: bool, windows: bool) -> UrlPieces:
    """Return the pieces of a `clean` URL: scheme and host in lower case, slashes for backslashes, no dot segments.

    Args:
        url: Absolute or relative; a path with a drive and a share (``//server/share`` in backslashes) are file URLs.
        dots: Whether dot segments stay (``ICU_NO_META``).
        back: Whether a file URL is written with backslashes where its path is one of Windows.
        windows: Whether every path is one of Windows; elsewhere those with a drive are.
    """
    if is_drive(url):
        return _file_pieces(url, dots=dots, back=back, windows=windows)
    split = split_scheme(url)
    if split is None or len(split[0]) == 1:
        if url.startswith("\\\\"):
            return _file_pieces(url, dots=dots, back=back, windows=windows)
        return _relative_pieces("", url, dots=dots)
    scheme, rest = split[0].lower(), split[1]
    if scheme in OPAQUE:
        return UrlPieces(scheme, f"{scheme}:", "", rest, "")
    if scheme == "file":
        return _file_pieces(rest, dots=dots, back=back, windows=windows)
    return _web_pieces(scheme, rest, dots=dots) if scheme in _WEB else _relative_pieces(scheme, rest, dots=dots)


def split_body(scheme: str, rest: str) -> tuple[str, str]:
    """Split what stands behind the colon of *scheme* into host and path, and query and fragment.

    In the first a backslash becomes a slash where the scheme means one by it.
    """
    match = (_FILE_TAIL if scheme == "file" else _TAIL).search(rest)
    body, tail = (rest[: match.start()], rest[match.start() :]) if match else (rest, "")
    return (body.replace("\\", "/") if scheme in _BACKSLASH_IS_SLASH else body), tail


def _web_pieces(scheme: str, rest: str, *, dots: bool) -> UrlPieces:
    body, tail = split_body(scheme, rest)
    if len(body) < 2 or not set(body[:2]) <= set("/\\"):  # noqa: PLR2004  (two slashes stand before a host)
        return UrlPieces(scheme, f"{scheme}:", "", body if dots else remove_dots(body, "/\\"), tail)
    host, slash, path = body[2:].partition("/")
    relative = re.split(r"[/\\]", path, maxsplit=1)[0] in {".", ".."}  # then the whole path is left alone
    path = path if dots or relative else remove_dots(path, "/\\")
    userinfo, at_sign, host = host.rpartition("@")
    authority = userinfo + at_sign + (host.lower() if host.isascii() else host)
    return UrlPieces(scheme, f"{scheme}:{body[:2]}", authority, (slash or "/") + path, tail)


def _relative_pieces(scheme: str, rest: str, *, dots: bool) -> UrlPieces:
    body, tail = split_body(scheme, rest)
    head = f"{scheme}:" if scheme else ""
    if body.startswith("//"):
        authority, _, path = body[2:].partition("/")
        return UrlPieces(scheme, head + "//", authority, "/" + _relative_dots(path, dots=dots), tail)
    if body.startswith("/"):
        return UrlPieces(scheme, head, "", "/" + _relative_dots(body[1:], dots=dots), tail)
    if scheme:
        return UrlPieces(scheme, head, "", "" if body == "." and not dots else body, tail)
    return UrlPieces("", "", "", _relative_dots(body, dots=dots) or (body and "/"), tail)


def _file_pieces(rest: str, *, dots: bool, back: bool, windows: bool) -> UrlPieces:
    body, tail = split_body("file", rest)
    slashes = len(body) - len(body.lstrip("/"))
    host, path = "", body[slashes:]
    if not slashes and not is_drive(path):
        path = _relative_dots(path, dots=dots)
        return UrlPieces("file", "file:", "", path.replace("/", "\\") if back and windows else path, tail)
    if not is_drive(path):
        if slashes == 2 or (windows and slashes > 3):  # noqa: PLR2004  (elsewhere more slashes are no share)
            host, _, path = path.partition("/")
            if host.lower() == "localhost":
                host, path = "", path.removeprefix("/")
        else:
            path = "/" * (slashes - 3) + path
    if is_drive(path) and not host:
        drive, slash, path = path.partition("/")
        path = drive + slash + _relative_dots(path, dots=dots)
        return UrlPieces("file", "file://", "", path.replace("/", "\\") if back else path, tail)
    path = "/" + _relative_dots(path, dots=dots)
    if back and windows:
        return UrlPieces("file", "file://" + ("\\\\" if host else ""), host, path.replace("/", "\\"), tail)
    return UrlPieces("file", "file://", host, path, tail)


def _segments(path: str, separators: str) -> list[tuple[str, str]]:
    parts = re.split(f"([{re.escape(separators)}])", path)
    return list(zip(parts[::2], [*parts[1::2], ""], strict=True))


def remove_dots(path: str, separators: str = "/") -> str:
    """Return *path* without dot segments; a ``..`` above the root is dropped (RFC 3986 section 5.2.4)."""
    kept: list[str] = []
    for segment, separator in _segments(path, separators):
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment + separator)
    return "".join(kept)


def _relative_dots(path: str, *, dots: bool) -> str:
    kept: list[str] = []
    root = 0  # segments that cannot be left
    for segment, separator in _segments(path, "/"):
        if segment in {".", ".."} and dots:
            kept.append(segment + (separator or "/"))
        elif segment == ".." and len(kept) == root:
            kept.append(segment + (separator or "/"))
            root += 1
        elif segment == "..":
            kept.pop()
        elif segment != ".":
            kept.append(segment + separator)
    return "".join(kept)
