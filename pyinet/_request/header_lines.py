"""The header lines of a request that libcurl does not make itself. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyinet._answer.decoding import FILE_CODINGS
from pyinet._transfer.ffi import lib
from pyinet.enums import InternetFlag

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Set as AbstractSet
    from typing import Protocol

    from pyinet._settings import Settings

    class Row(Protocol):
        """What is needed of a row."""

        cookie: str
        flags: int
        headers: Iterable[tuple[str, str]]
        method: str
        native: int
        upload: int | None
        url: str
        user: str | None

        @property
        def body(self) -> object: ...
        @property
        def has_body(self) -> bool: ...

        on_connection: bool


__all__ = ["header_lines"]

# Plain numbers: an operation on the enum costs a microsecond, and every row takes several.
_DONT_CACHE = int(InternetFlag.DONT_CACHE)
_KEEP_CONNECTION = int(InternetFlag.KEEP_CONNECTION)
_RELOAD = int(InternetFlag.RELOAD)
_UNCACHED = int(InternetFlag.RELOAD | InternetFlag.PRAGMA_NOCACHE)
_OF_FLAGS = _UNCACHED | _KEEP_CONNECTION | _DONT_CACHE
_PIPE, _RAW = lib.PNET_REQ_PIPE, lib.PNET_REQ_RAW
_PIPE_OR_RAW = _PIPE | _RAW
_NO_AUTH = int(InternetFlag.NO_AUTH)
_ASKING = frozenset({"accept-encoding", "range"})  # a range is cut out of the encoded form
_TAKES_BODY = frozenset({"POST", "PUT", "PATCH"})
_READ_ANYWAY = 16_384
"""Bytes of a body that whoever refuses it reads nevertheless, before it reads the next request. Squid has 64 KiB for
it; of more it loses count, and the connection stands still."""


def header_lines(row: Row, settings: Settings) -> bytes:
    """Return all header lines of a row that libcurl does not make itself, each ended by LF; b"" for the session's own.

    A line "Name:" keeps libcurl from sending its own, "Name;" sends one without a value.
    """
    anticipates_body = row.has_body or row.method in _TAKES_BODY
    decodes = row.native & _PIPE_OR_RAW == _PIPE  # a file with INTERNET_OPTION_HTTP_DECODING
    plain = not (row.headers or anticipates_body or row.flags & _OF_FLAGS or row.on_connection or decodes)
    if plain and settings.is_default:
        return b""
    given = {name.lower() for name, _ in row.headers}
    replaced = "cookie" if row.cookie else ""  # the jar's value goes before the caller's
    lines = [f"{name}: {value}" if value else f"{name};" for name, value in row.headers if name.lower() != replaced]
    if decodes and not given & _ASKING:
        lines.append(f"Accept-Encoding: {FILE_CODINGS}")
    if row.native & _PIPE_OR_RAW:
        given.add("accept-encoding")  # what the program did not ask for it does not get
    if "range" in given and "accept-encoding" not in given:
        given.add("accept-encoding")
        lines.append("Accept-Encoding: identity")  # a range is cut out of the encoded form and could not be decoded
    lines += settings.own_lines(given)
    lines += _of_body(row, settings, given)
    lines += _of_flags(row, given)
    if row.on_connection and not settings.proxies.is_direct and "proxy-connection" not in given:
        lines.append("Proxy-Connection:")  # libcurl would send one to proxies (RFC 9112 appendix C.2.2)
    return "".join(f"{line}\n" for line in lines).encode("latin-1" if all(map(_is_latin, lines)) else "utf-8")


def _of_body(row: Row, settings: Settings, given: AbstractSet[str]) -> list[str]:
    lines = []
    anticipates_body = row.has_body or row.method in _TAKES_BODY
    if anticipates_body and "content-type" not in given:
        lines.append("Content-Type:")  # libcurl would call every body a form
    if row.has_body and "expect" not in given:
        # Otherwise libcurl would wait a second for servers that do not know 100-continue.
        lines.append("Expect: 100-continue" if _may_be_refused(row, settings) else "Expect:")
    if row.on_connection and "accept" not in given:
        lines.append("Accept:")  # libcurl would accept everything
    if row.on_connection and not anticipates_body and row.method != "GET":
        lines.append("Content-Length: 0")
    return lines


def _may_be_refused(row: Row, settings: Settings) -> bool:
    """Whether the body is to be sent only when nobody wants credentials first (RFC 9110 section 10.1.1).

    The challenge is known when credentials are there: it comes once a request, as nothing is sent in advance.
    """
    if row.native & lib.PNET_REQ_HTTP10 or _is_short(row):
        return False
    return row.user is not None or _identifies_to_proxy(row, settings)


def _is_short(row: Row) -> bool:
    """Whether the body may be sent twice without harm."""
    if row.upload is not None:
        return row.upload == 0
    return isinstance(row.body, (bytes, bytearray, memoryview)) and memoryview(row.body).nbytes <= _READ_ANYWAY


def _identifies_to_proxy(row: Row, settings: Settings) -> bool:
    """Whether there are credentials for a proxy that gets the body itself, not by a tunnel."""
    proxy = settings.proxy_for(row.url) if row.url.startswith("http:") and not row.flags & _NO_AUTH else None
    if proxy is None or not proxy.startswith("http"):
        return False
    return "@" in proxy or settings.proxy_user is not None or settings.proxy_password is not None


def _of_flags(row: Row, given: AbstractSet[str]) -> list[str]:
    flags = row.flags & _OF_FLAGS
    if not flags:
        return []
    lines = []
    if (flags & _RELOAD or (flags & _DONT_CACHE and row.method != "GET")) and "cache-control" not in given:
        lines.append("Cache-Control: no-cache")
    if flags & _UNCACHED and "pragma" not in given:
        lines.append("Pragma: no-cache")
    if flags & _KEEP_CONNECTION and "connection" not in given:
        lines.append("Connection: Keep-Alive")
    return lines


def _is_latin(line: str) -> bool:
    return line.isascii() or max(line) <= "\xff"
