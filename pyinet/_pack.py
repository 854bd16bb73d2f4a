"""Requests as the core reads them: one ``struct pnet_request`` each and one text for all their strings."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pyinet._ffi import lib
from pyinet._record import REQUEST
from pyinet._redirect import SECRET_HEADERS
from pyinet._url import encode_url, split_authority
from pyinet.enums import InternetFlag

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pyinet._settings import Settings
    from pyinet.request import Request

__all__ = ["Packer", "Row"]

_FOLLOW = lib.PNET_REQ_RETURN_HOPS


class Row:
    """A request on its way: what changes from hop to hop."""

    __slots__ = ("body", "flags", "headers", "hops", "method", "password", "request", "url", "user")

    def __init__(self, request: Request, settings: Settings) -> None:
        self.request = request
        self.flags = request.flags | settings.flags
        self.url, self.user, self.password = _split_credentials(encode_url(request.url))
        if request.user is not None:
            self.user, self.password = request.user, request.password or ""
        if self.flags & InternetFlag.NO_AUTH:
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
    cached = row.flags & (InternetFlag.RELOAD | InternetFlag.PRAGMA_NOCACHE)
    anticipates_body = row.body is not None or row.method in {"POST", "PUT", "PATCH"}
    if not row.headers and not anticipates_body and not cached:
        return b""
    given = {name.lower() for name, _ in row.headers}
    lines = [f"{name}: {value}" if value else f"{name};" for name, value in row.headers]
    if "range" in given and "accept-encoding" not in given:
        given.add("accept-encoding")
        lines.append("Accept-Encoding: identity")  # a range is cut out of the encoded form and could not be decoded
    lines += settings.own_lines(given)
    if anticipates_body and "content-type" not in given:
        lines.append("Content-Type:")  # libcurl would call every body a form
    if row.body is not None and "expect" not in given:
        lines.append("Expect:")  # libcurl would wait a second for servers that do not know 100-continue
    if row.flags & InternetFlag.RELOAD and "cache-control" not in given:
        lines.append("Cache-Control: no-cache")
    if cached and "pragma" not in given:
        lines.append("Pragma: no-cache")
    return "".join(f"{line}\n" for line in lines).encode("latin-1" if all(map(_is_latin, lines)) else "utf-8")


def _is_latin(line: str) -> bool:
    return line.isascii() or max(line) <= "\xff"


class Packer:
    """Collects rows for one submit."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
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
        proxy = self._settings.proxy_for(row.url)
        flags = 0 if row.flags & InternetFlag.NO_AUTO_REDIRECT else _FOLLOW
        if row.hops:
            flags |= lib.PNET_REQ_HOP
        body, body_path = b"", ""
        if isinstance(row.body, os.PathLike):
            body_path = os.path.abspath(row.body)  # noqa: PTH100 - symbolic links stay as they are
        elif row.body is not None:
            body = row.body if isinstance(row.body, bytes) else bytes(row.body)
        fields = [
            self._place(row.url.encode()),
            self._place(row.method.encode() if row.method != "GET" else b""),
            self._place(header_lines(row, self._settings)),
            self._place(os.fsencode(os.path.abspath(request.path)) if request.path else b""),  # noqa: PTH100 - as above
            self._place(os.fsencode(body_path)),
            self._place(proxy.encode() if proxy else b""),
            self._place((row.user or "").encode()),
            self._place((row.password or "").encode()),
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
