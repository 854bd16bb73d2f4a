"""From a ``file:`` URL to a path of this machine (RFC 8089). Pure: own host name and platform are passed in."""

from __future__ import annotations

import os
import re

from pyinet._wording import describe
from pyinet.enums import InternetErrorCode as Code
from pyinet.errors import CallerError, NameNotResolved, NotSupported

__all__ = ["file_url_to_path"]

_DRIVE = re.compile(r"([A-Za-z])[:|](?=[/\\]|\Z)")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_UNDECODED = (2, 4)  # slashes before a drive or share whose path Windows takes as it is written


def file_url_to_path(url: str, *, local_host: str, windows: bool) -> str:
    """Return the path that a ``file:`` URL names.

    Args:
        url: The URL; ``file:/p``, ``file:///p``, ``file://localhost/p`` and ``file://<local_host>/p`` name ``/p``.
        local_host: Name of this machine; another one is refused. Not looked at on Windows, where a host is a share.
        windows: Whether the path is for Windows, by the rules of its ``PathCreateFromUrl``.

    Returns:
        Elsewhere than on Windows an absolute path, percent-decoded to bytes and from those as `os.fsdecode` does;
        query and fragment are not part of it, and ``..`` is left to the system.

    Raises:
        CallerError: 12005, the URL names no path here: no absolute path, a drive letter where there are none, a port
            or a user, a control character or ``%00``.
        NameNotResolved: 12007, the file lies on another host.
        NotSupported: 12006, the scheme is not ``file``.

    Source: RFC 8089 sections 2 and 3; MFC ``CInternetSession::OpenURL``.
    """
    scheme, colon, rest = url.partition(":")
    if not colon or scheme.lower() != "file":
        code = Code.ERROR_INTERNET_UNRECOGNIZED_SCHEME
        raise NotSupported(describe("this is not a file: URL", code, url=url), code, url=url)
    if _CONTROL.search(rest):
        raise _refuse("the URL holds a control character or a line break", url)
    return _windows_path(rest, url) if windows else _posix_path(rest, url, local_host)


def _refuse(what: str, url: str, hint: str = "") -> CallerError:
    code = Code.ERROR_INTERNET_INVALID_URL
    return CallerError(describe(what, code, url=url, hint=hint), code, url=url)


def _posix_path(rest: str, url: str, local_host: str) -> str:
    rest = rest.partition("#")[0].partition("?")[0]
    host, path = "", rest
    if rest.startswith("//"):
        host, slash, tail = rest[2:].partition("/")
        path = slash + tail
    if _DRIVE.match(host) or _DRIVE.match(path.lstrip("/")):
        raise _refuse("the URL names a drive, and there are none here", url)
    if not path:
        raise _refuse("the URL has no path", url, hint="an absolute path stands behind three slashes: file:///path")
    if not path.startswith("/"):
        raise _refuse("the path is not absolute", url, hint="write file:///path")
    _check_host(host, url, local_host)
    return "/" + os.fsdecode(_decoded(_utf8(path, "surrogateescape", url), url)).lstrip("/")


def _check_host(host: str, url: str, local_host: str) -> None:
    bare = re.sub(r"\A\[[0-9A-Fa-f:.]+\]\Z", "", host)  # the colons of an IPv6 address are no port
    if not set(bare).isdisjoint(':@|\\[] "<>^`{}'):
        raise _refuse("the host of a file: URL is a name alone", url)
    # Compared as written: an encoded localhost is none.
    if host and host.lower() not in {"localhost", local_host.lower()}:
        code = Code.ERROR_INTERNET_NAME_NOT_RESOLVED
        what = f"the file lies on another host, {host}"
        raise NameNotResolved(describe(what, code, url=url, hint="file: URLs reach this machine alone"), code, url=url)


def _windows_path(rest: str, url: str) -> str:
    # Query and fragment are part of the name. What is decoded comes last: %2F stays a slash.
    rest = rest.replace("/", "\\")
    tail = rest.lstrip("\\")
    slashes = len(rest) - len(tail)
    if not tail:
        raise _refuse("the URL has no path", url)
    decode = True
    drive = _DRIVE.match(tail)
    if drive and slashes < 5:  # noqa: PLR2004  (five and more are a share whatever follows)
        decode = slashes not in _UNDECODED
        path = f"{drive[1]}:{tail[2:]}"
    elif slashes == 2:  # noqa: PLR2004
        path = _host_path(tail, url)
    elif slashes > 3:  # noqa: PLR2004
        decode = slashes not in _UNDECODED
        path = "\\\\" + tail
    else:
        path = ("\\" if slashes else "") + tail
    raw = _utf8(path, "surrogatepass", url)
    if decode:
        raw = _decoded(raw, url)
    try:
        return raw.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError as error:
        raise _refuse("the path is not UTF-8", url) from error


def _host_path(tail: str, url: str) -> str:
    host, slash, path = tail.partition("\\")
    drive = _DRIVE.match(path)
    if host.lower() != "localhost":
        if drive:  # Windows makes a share named host and drive of it, which cannot be
            raise _refuse("a drive of another host has no path", url)
        return "\\\\" + tail
    if not path:
        raise _refuse("the URL has no path", url)
    return f"{drive[1]}:{path[2:]}" if drive else slash + path


def _utf8(path: str, errors: str, url: str) -> bytes:
    try:
        return path.encode("utf-8", errors)
    except UnicodeEncodeError as error:
        raise _refuse("the URL holds half of a character", url) from error


def _decoded(raw: bytes, url: str) -> bytes:
    from urllib.parse import unquote_to_bytes  # here, as it costs import time

    raw = unquote_to_bytes(raw)
    if b"\0" in raw:
        raise _refuse("the path holds a zero byte", url)
    return raw
