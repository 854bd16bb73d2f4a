"""Requests as the core reads them: one ``struct pnet_request`` each and one text for all their strings."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pyinet._ffi import lib
from pyinet._record import REQUEST
from pyinet._redirect import SECRET_HEADERS
from pyinet._url import encode_url, split_authority
from pyinet.enums import InternetErrorCode as Code
from pyinet.enums import InternetFlag
from pyinet.errors import CallerError, describe

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pyinet._reporting import Watch
    from pyinet._settings import Settings
    from pyinet.request import Request

__all__ = ["Packer", "Row"]

_FOLLOW = lib.PNET_REQ_RETURN_HOPS
# Plain numbers: an operation on the enum costs a microsecond, and every row takes several.
_FROM_CACHE = int(InternetFlag.FROM_CACHE)
_KEEP_CONNECTION = int(InternetFlag.KEEP_CONNECTION)
_NO_AUTH = int(InternetFlag.NO_AUTH)
_NO_AUTO_REDIRECT = int(InternetFlag.NO_AUTO_REDIRECT)
_NO_COOKIES = int(InternetFlag.NO_COOKIES)
_RELOAD = int(InternetFlag.RELOAD)
_UNCACHED = int(InternetFlag.RELOAD | InternetFlag.PRAGMA_NOCACHE)
_ASKS_FOR_NO_CODING = lib.PNET_REQ_RAW | lib.PNET_REQ_PIPE


class Row:
    """A request on its way: what changes from hop to hop."""

    __slots__ = (
        "body", "cookie", "flags", "headers", "hops", "method", "native", "password", "request", "url", "user", "watch",
    )  # fmt: skip

    def __init__(self, request: Request, settings: Settings, native: int = 0) -> None:
        """*native*: ``PNET_REQ_*`` flags of every hop. With PNET_REQ_RAW no coding is asked for."""
        self.request = request
        self.native = native
        self.watch: Watch | None = None
        self.cookie = ""
        self.flags = int(request.flags) | settings.flag_bits
        if self.flags & _FROM_CACHE:
            code = Code.ERROR_FILE_NOT_FOUND
            raise CallerError(describe("not in the cache", code, url=request.url), code, url=request.url)
        self.url, self.user, self.password = _split_credentials(encode_url(request.url))
        if request.user is not None:
            self.user, self.password = request.user, request.password or ""
        if self.flags & _NO_AUTH:
            self.user = self.password = None
        self.method = request.method
        self.headers: Iterable[tuple[str, str]] = request.headers
        self.body = request.body
        self.hops = 0

    def follow(self, url: str, method: str, *, same_origin: bool, keeps_body: bool) -> None:
        """Become the next hop: credentials and secret headers stay with the origin they were meant for."""
        self.method = method
        self.hops += 1
        if not same_origin:
            self.headers = [pair for pair in self.headers if pair[0].lower() not in SECRET_HEADERS]
            self.user = self.password = None
        self.url, user, password = _split_credentials(url)
        if user is not None:
            self.user, self.password = user, password
        if not keeps_body:
            self.body = None
            self.headers = [pair for pair in self.headers if not pair[0].lower().startswith("content-")]


def _split_credentials(url: str) -> tuple[str, str | None, str | None]:
    """Take ``user:password@`` out of an encoded URL, so that it is sent only when the server asks."""
    scheme, _, rest = url.partition("://")
    authority, _ = split_authority(rest)
    userinfo, at_sign, _ = authority.rpartition("@")
    if not at_sign:
        return url, None, None
    from urllib.parse import unquote  # here, as it costs import time

    user, _, password = userinfo.partition(":")
    return f"{scheme}://{rest[len(userinfo) + 1 :]}", unquote(user) or None, unquote(password)


def header_lines(row: Row, settings: Settings) -> bytes:
    """All header lines of a row that libcurl does not make itself; b"" for the session's own."""
    cached = row.flags & _UNCACHED
    anticipates_body = row.body is not None or row.method in {"POST", "PUT", "PATCH"}
    kept = row.flags & _KEEP_CONNECTION
    if not row.headers and not anticipates_body and not cached and not kept and settings.is_default:
        return b""
    given = {name.lower() for name, _ in row.headers}
    replaced = "cookie" if row.cookie else ""  # the jar's value goes before the caller's
    lines = [f"{name}: {value}" if value else f"{name};" for name, value in row.headers if name.lower() != replaced]
    if row.native & _ASKS_FOR_NO_CODING:
        given.add("accept-encoding")  # what the program did not ask for it does not get
    if "range" in given and "accept-encoding" not in given:
        given.add("accept-encoding")
        lines.append("Accept-Encoding: identity")  # a range is cut out of the encoded form and could not be decoded
    lines += settings.own_lines(given)
    if anticipates_body and "content-type" not in given:
        lines.append("Content-Type:")  # libcurl would call every body a form
    if row.body is not None and "expect" not in given:
        lines.append("Expect:")  # libcurl would wait a second for servers that do not know 100-continue
    if row.flags & _RELOAD and "cache-control" not in given:
        lines.append("Cache-Control: no-cache")
    if cached and "pragma" not in given:
        lines.append("Pragma: no-cache")
    if kept and "connection" not in given:
        lines.append("Connection: Keep-Alive")
    return "".join(f"{line}\n" for line in lines).encode("latin-1" if all(map(_is_latin, lines)) else "utf-8")


def _is_latin(line: str) -> bool:
    return line.isascii() or max(line) <= "\xff"


class Packer:
    """Collects rows for one submit."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._clear()

    def _clear(self) -> None:
        self._records: list[bytes] = []
        self._text: list[bytes | memoryview] = []
        self._at = 0
        self.tickets: list[int] = []

    def add(self, ticket: int, row: Row) -> None:
        """Add a row; for one that was followed before, the next hop of its ticket.

        Raises:
            InternetException: No proxy can be chosen for its URL.
        """
        request = row.request
        settings = self.settings
        proxy = settings.proxy_for(row.url)
        flags = row.native if row.flags & _NO_AUTO_REDIRECT else row.native | _FOLLOW
        if row.hops:
            flags |= lib.PNET_REQ_HOP
        if row.watch is not None:
            flags |= lib.PNET_REQ_EVENTS
            row.watch.begin(row.url, proxy)
        row.cookie = "" if row.flags & _NO_COOKIES else settings.cookies_for(row.url)
        body, body_path = b"", ""
        if isinstance(row.body, os.PathLike):
            body_path = os.path.abspath(row.body)  # noqa: PTH100 - symbolic links stay as they are
        elif row.body is not None:
            body = row.body if isinstance(row.body, bytes) else bytes(row.body)
        fields = [
            self._place(row.url.encode()),
            self._place(row.method.encode() if row.method != "GET" else b""),
            self._place(header_lines(row, settings)),
            self._place(os.fsencode(os.path.abspath(request.path)) if request.path else b""),  # noqa: PTH100 - as above
            self._place(os.fsencode(body_path)),
            self._place(proxy.encode() if proxy else b""),
            self._place((row.user or "").encode()),
            self._place((row.password or "").encode()),
            self._place(row.cookie.encode("latin-1")),
        ]
        body_at, body_len = self._place(body)
        timeout_us = int(request.timeout * 1e6) or 1 if request.timeout else 0
        numbers = [number for field in fields for number in field]
        self._records.append(
            REQUEST.pack(ticket, body_at, body_len, timeout_us, request.max_size or 0, flags, *numbers, 0)
        )
        self.tickets.append(ticket)

    def _place(self, text: bytes) -> tuple[int, int]:
        if not text:
            return 0, 0
        at = self._at
        self._text.append(text)
        self._at += len(text)
        return at, len(text)

    def take(self) -> tuple[bytes, bytes, list[int]]:
        """Return records, text and tickets of what was added, and start anew."""
        packed = b"".join(self._records), b"".join(self._text), self.tickets
        self._clear()
        return packed
