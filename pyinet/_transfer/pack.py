"""Requests as the core reads them: one ``struct pnet_request`` each and one text for all their strings."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pyinet._process import PROCESS
from pyinet._request.body import FileRange
from pyinet._request.header_lines import header_lines
from pyinet._request.redirect import SECRET_HEADERS
from pyinet._request.security import FORGIVING, extra_lines, native_flags, without_credentials
from pyinet._request.sendable import is_sendable
from pyinet._transfer.ffi import lib
from pyinet._transfer.record import REQUEST
from pyinet._urls.wire import encode_url, split_authority
from pyinet.enums import InternetErrorCode as Code
from pyinet.enums import InternetFlag
from pyinet.errors import CallerError, describe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pyinet._request.security import ClientCertificate
    from pyinet._settings import Settings
    from pyinet._transfer.reporting import Watch
    from pyinet.request import Request

__all__ = ["MOST_HEAD_BYTES", "Packer", "Row", "split_credentials"]

MOST_HEAD_BYTES = 1_000_000
"""Bytes of URL and header lines of one request. libcurl makes no more than 1 MiB of them, with what it adds itself."""

_FOLLOW = lib.PNET_REQ_RETURN_HOPS
# Plain numbers: an operation on the enum costs a microsecond, and every row takes several.
_FROM_CACHE = int(InternetFlag.FROM_CACHE)
_NO_AUTH = int(InternetFlag.NO_AUTH)
_NO_AUTO_REDIRECT = int(InternetFlag.NO_AUTO_REDIRECT)
_NO_COOKIES = int(InternetFlag.NO_COOKIES)
_SECURE = int(InternetFlag.SECURE)


_OF_NO_BODY = frozenset({"content-type", "content-length"})
"""Headers that go no further than a redirect, where there is no body: WinINet removes them."""


class Row:
    """A request on its way: what changes from hop to hop."""

    __slots__ = (
        "allows", "auth", "body", "certificate", "cookie", "flags", "headers", "history", "method", "native",
        "on_connection", "password", "proxy_auth", "request", "security", "suppresses_auth", "target", "upload", "url",
        "user", "watch",
    )  # fmt: skip

    def __init__(self, request: Request, settings: Settings, native: int = 0, flags: int = 0) -> None:
        """Begin as *request* says.

        Args:
            request: The request.
            settings: Of its session or file.
            native: ``PNET_REQ_*`` flags of every hop. With PNET_REQ_RAW no coding is asked for.
            flags: ``INTERNET_FLAG_*`` bits besides those of the request and the session.
        """
        self.request = request
        self.native = native
        self.watch: Watch | None = None
        self.cookie = ""
        self.allows: Callable[..., None] | None = None  # (status, url, *, downgrade): raises to forbid a redirect
        self.target = ""  # what the request line names instead of path and query
        self.suppresses_auth = False  # no credentials for servers, not even those of a redirect
        self.on_connection = False  # opened there: no Accept of its own, and a length unless it is a GET
        self.upload: int | None = None  # bytes of a body that is written piece by piece; -1 for chunks
        self.security = 0  # SECURITY_FLAG_IGNORE_*
        self.certificate: ClientCertificate | None = None  # of the client; not for other origins
        self.auth = self.proxy_auth = ""  # schemes allowed, "basic,digest,ntlm,negotiate"; "" for all
        self.flags = int(request.flags) | settings.flag_bits | flags
        if self.flags & _FROM_CACHE:
            code = Code.ERROR_FILE_NOT_FOUND
            raise CallerError(describe("not in the cache", code, url=request.url), code, url=request.url)
        self.url, self.user, self.password = split_credentials(encode_url(self._first_url(request.url)))
        if request.user is not None:
            self.user, self.password = request.user, request.password or ""
        if self.flags & _NO_AUTH:
            self.user = self.password = None
        self.method = request.method
        self.headers: Iterable[tuple[str, str]] = request.headers
        self.body: bytes | bytearray | memoryview | os.PathLike[str] | FileRange | None = request.body
        self.history: tuple[str, ...] = ()  # URLs that redirected here

    @property
    def has_body(self) -> bool:
        """Whether there is a request body, of whatever length."""
        return self.body is not None or self.upload is not None

    def _first_url(self, url: str) -> str:
        """*url*, with TLS when SECURE asks for it: the port is then 443, unless the URL has one."""
        return f"https{url[4:]}" if self.flags & _SECURE and url[:5].lower() == "http:" else url

    def suppress_auth(self) -> None:
        """Be for nobody in particular, wherever it leads. Source: ``INTERNET_OPTION_SUPPRESS_SERVER_AUTH``."""
        self.suppresses_auth = True
        self.user = self.password = self.certificate = None

    def follow(self, url: str, method: str, *, same_origin: bool, keeps_body: bool) -> None:
        """Become the next hop: credentials and secret headers stay with the origin they were meant for."""
        self.method = method
        self.history = (*self.history, self.url)
        self.target = ""
        if not same_origin:
            self.headers = [pair for pair in self.headers if pair[0].lower() not in SECRET_HEADERS]
            self.user = self.password = self.certificate = None
        self.url, user, password = split_credentials(url)
        if user and not self.suppresses_auth:  # who we are is for the program to say: an empty name is the current user
            self.user, self.password = user, password
        if not keeps_body:
            self.body = self.upload = None
            self.headers = [pair for pair in self.headers if not pair[0].lower().startswith("content-")]
        elif self.headers and not self.has_body:
            self.headers = [pair for pair in self.headers if pair[0].lower() not in _OF_NO_BODY]


def split_credentials(url: str) -> tuple[str, str | None, str | None]:
    """Take ``user:password@`` out of an encoded URL, so that it is sent only when the server asks.

    Returns:
        The URL without, user name and password: None without a name. ``:@`` names the current user, "".
    """
    scheme, _, rest = url.partition("://")
    authority, _ = split_authority(rest)
    userinfo, at_sign, _ = authority.rpartition("@")
    if not at_sign:
        return url, None, None
    from urllib.parse import unquote  # here, as it costs import time

    user, _, password = userinfo.partition(":")
    if userinfo == ":":
        return f"{scheme}://{rest[len(userinfo) + 1 :]}", "", ""
    return f"{scheme}://{rest[len(userinfo) + 1 :]}", unquote(user) or None, unquote(password)


def _too_large(row: Row) -> CallerError:
    parts = [(len(value), f"the header {name}") for name, value in row.headers]
    parts += [(len(row.url), "the URL"), (len(row.cookie), "the header Cookie")]
    size, what = max(parts)
    code = Code.ERROR_INVALID_PARAMETER
    hint = f"URL and headers of a request may have {MOST_HEAD_BYTES} bytes together"
    message = describe(f"{what} has {size} characters", code, url=row.url[:200], hint=hint)
    return CallerError(message, code, url=row.url)


def _check_credentials(row: Row) -> None:
    """Refuse what would end a header line and begin another: Digest sends the name as it is (RFC 7617 section 2)."""
    for text in (row.user, row.password):
        if text and not is_sendable(text):
            code = Code.ERROR_INVALID_PARAMETER
            what = "the user name or the password holds a control character or half a surrogate pair"
            raise CallerError(describe(what, code, url=row.url), code, url=row.url)


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
            InternetException: No proxy can be chosen for its URL; 87, URL and headers are too large, or its credentials
                hold a control character.
        """
        request = row.request
        settings = self.settings
        _check_credentials(row)
        proxy = settings.proxy_for(row.url)
        if proxy and row.flags & _NO_AUTH:
            proxy = without_credentials(proxy)
        if PROCESS.http_1_0 and not row.on_connection:
            row.native |= lib.PNET_REQ_HTTP10
        flags = row.native if row.flags & _NO_AUTO_REDIRECT else row.native | _FOLLOW
        if row.history:
            flags |= lib.PNET_REQ_HOP
        relaxed = (row.flags | row.security) & FORGIVING
        if relaxed:
            flags |= native_flags(relaxed)
        if row.watch is not None:
            flags |= lib.PNET_REQ_EVENTS
            row.watch.begin(row.url, proxy)
        row.cookie = "" if row.flags & _NO_COOKIES else settings.cookies_for(row.url)
        body_path = ""
        if isinstance(row.body, os.PathLike):
            body_path = os.path.abspath(row.body)  # noqa: PTH100 - symbolic links stay as they are
        lines = header_lines(row, settings)
        if len(row.url) + len(lines) + len(row.cookie) > MOST_HEAD_BYTES:
            raise _too_large(row)
        fields = [
            self._place(row.url.encode()),
            self._place(row.method.encode() if row.method != "GET" else b""),
            self._place(lines),
            self._place(os.fsencode(os.path.abspath(request.path)) if request.path else b""),  # noqa: PTH100 - as above
            self._place(os.fsencode(body_path)),
            self._place(proxy.encode() if proxy else b""),
            self._place((row.user or "").encode()),
            self._place((row.password or "").encode()),
            self._place(self._extra(row, proxy)),
            self._place(row.cookie.encode("latin-1")),
        ]
        body_flags, body_at, body_len, body_fd = self._body(row)
        flags |= body_flags
        timeout_us = int(request.timeout * 1e6) or 1 if request.timeout else 0
        numbers = [number for field in fields for number in field]
        self._records.append(
            REQUEST.pack(ticket, body_at, body_len, timeout_us, request.max_size or 0, flags, *numbers, body_fd)
        )
        self.tickets.append(ticket)

    def _extra(self, row: Row, proxy: str | None) -> bytes:
        settings = self.settings
        user = password = None
        if proxy and not row.flags & _NO_AUTH:
            user, password = settings.proxy_user, settings.proxy_password
        if (
            row.certificate is None
            and user is None
            and password is None
            and row.user != ""
            and not (row.auth or row.proxy_auth or row.target)
        ):
            return b""
        target = row.target
        if target.startswith("/") and proxy and proxy.startswith("http") and row.url.startswith("http:"):
            target = f"http://{split_authority(row.url[7:])[0]}{target}"  # RFC 9112 section 3.2.2
        return extra_lines(
            row.certificate, user, password, row.auth, row.proxy_auth, target, is_current_user=row.user == ""
        )

    def _body(self, row: Row) -> tuple[int, int, int, int]:
        """Flags, place, length and descriptor of a request body."""
        body = row.body
        if row.upload is not None:
            return lib.PNET_REQ_UPLOAD, 0, lib.PNET_LENGTH_UNKNOWN if row.upload < 0 else row.upload, 0
        if isinstance(body, FileRange):
            return lib.PNET_REQ_BODY_FD, body.start, body.length, body.descriptor
        if body is None or isinstance(body, os.PathLike):
            return 0, 0, 0, 0
        return 0, *self._place(body if isinstance(body, bytes) else bytes(body)), 0

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
