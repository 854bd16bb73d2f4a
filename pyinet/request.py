"""Requests: what a row asks for, checked before anything is sent. Pure."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pyinet._request.sendable import is_sendable
from pyinet.enums import InternetErrorCode as Code
from pyinet.enums import InternetFlag
from pyinet.errors import NotSupported, describe, invalid_parameter, redact

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["Request", "checked_flags"]

_TOKEN = frozenset("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
_FRAMING = frozenset({"content-length", "transfer-encoding", "connection", "keep-alive", "upgrade", "te", "trailer"})
_TRANSFER = InternetFlag.TRANSFER_ASCII | InternetFlag.TRANSFER_BINARY


_NO_FLAGS = InternetFlag(0)


class Request:
    """One row for `InternetSession.fetch`: a URL and how to fetch it. Checked at construction; not to be changed.

    Args:
        url: Absolute http or https URL. Characters outside ASCII and spaces are encoded when it is sent.
        method: HTTP method (RFC 9110 section 9), case-sensitive.
        headers: Mapping or pairs of name and value (str), sent in order. A header given here
            replaces the one pyinet would send; one given several times is sent several times.
        body: Request body: bytes-like, or a path (``os.PathLike``) whose file is read while it is sent.
        key: Anything; comes back as `Result.key`.
        path: The response body goes to this file: under a temporary name beside it, renamed at the end, and only
            when the status is 2xx. Its directory must exist.
        timeout: Seconds for the whole transfer, redirects included, from the moment it gets a slot; None for no limit.
        max_size: Largest decoded body in bytes; None for the session's default. Given, it also replaces the
            limit on the ratio of decoded to received bytes.
        user: User name for the origin, sent when the server asks for it. "" is the current user, who has a ticket for
            Negotiate, and is nobody to other schemes.
        password: Password that goes with it.
        flags: ``INTERNET_FLAG_*`` as for ``OpenURL``. NO_AUTO_REDIRECT, RELOAD, PRAGMA_NOCACHE, NO_AUTH,
            NO_COOKIES, KEEP_CONNECTION, IGNORE_REDIRECT_TO_HTTP, IGNORE_CERT_CN_INVALID and IGNORE_CERT_DATE_INVALID
            have an effect, the last two also for where redirects lead; SECURE makes http https, and NO_CACHE_WRITE asks
            for no cached answer to another method than GET. There is no cache: FROM_CACHE fails with 2, and the other
            flags of the cache hold already.
        context: The context of this row. It comes back in `InternetException.context`, and when status callbacks
            are enabled the row reports its statuses under it: 1 for the session's context, 0 or None for silence.

    Raises:
        CallerError: 87, a value that cannot be sent: control characters or line breaks in names, values or the
            method, a framing header, a body of the wrong type, a time or size that is not positive, flags that exclude
            each other.
        NotSupported: 50, a flag that is not built yet.

    Source: design of the bulk face; flags from ``CInternetSession::OpenURL``.
    """

    __slots__ = (
        "body", "context", "flags", "headers", "key", "max_size", "method", "password", "path", "timeout",
        "url", "user",
    )  # fmt: skip

    def __init__(
        self,
        url: str,
        method: str = "GET",
        headers: Mapping[str, str] | Iterable[tuple[str, str]] = (),
        body: bytes | bytearray | memoryview | os.PathLike[str] | None = None,
        key: object = None,
        path: str | os.PathLike[str] | None = None,
        timeout: float | None = None,
        max_size: int | None = None,
        user: str | None = None,
        password: str | None = None,
        flags: InternetFlag | int = 0,
        context: int | None = None,
    ) -> None:
        self.url = _checked_url(url)
        self.method = _checked_method(method)
        self.headers = _checked_headers(headers)
        self.body = _checked_body(body)
        if self.body is not None and self.method == "HEAD":
            raise invalid_parameter("HEAD takes no body (RFC 9110 section 9.3.2)")
        self.key = key
        self.path = None if path is None else _checked_path(path)
        self.timeout = _checked_timeout(timeout)
        self.max_size = _checked_max_size(max_size)
        self.user = _checked_text(user, "user")
        self.password = _checked_text(password, "password")
        self.flags = _checked_flags(flags)
        self.context = context

    def __repr__(self) -> str:
        return f"<Request {self.method} {redact(self.url)}>"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Request):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in Request.__slots__)

    __hash__ = None  # type: ignore[assignment]  # the key and the body may be unhashable


def _checked_url(url: object) -> str:
    if not isinstance(url, str):
        raise invalid_parameter(f"url must be a str, not {type(url).__name__}")
    return url


def _checked_method(method: object) -> str:
    if not isinstance(method, str) or not method or not _TOKEN.issuperset(method):
        raise invalid_parameter(f"method {method!r} is not a token (RFC 9110 section 5.6.2)")
    if method in {"CONNECT", "TRACE"}:
        code = Code.ERROR_NOT_SUPPORTED
        raise NotSupported(describe(f"the method {method} is not supported", code), code)
    return method


def _checked_headers(headers: Mapping[str, str] | Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    if not headers and isinstance(headers, tuple):
        return ()
    pairs = headers.items() if hasattr(headers, "items") else headers
    if not hasattr(pairs, "__iter__"):
        raise invalid_parameter(f"headers must be a mapping or pairs of name and value, not {headers!r}")
    found = []
    for pair in pairs:
        if isinstance(pair, str) or not hasattr(pair, "__len__") or len(pair) != 2:  # noqa: PLR2004 - a name and a value
            raise invalid_parameter(f"headers must be a mapping or pairs of name and value, not {pair!r}")
        name, value = pair
        _check_header(name, value)
        found.append((name, value.strip(" \t")))
    return tuple(found)


def _check_header(name: object, value: object) -> None:
    if not isinstance(name, str) or not name or not _TOKEN.issuperset(name):
        raise invalid_parameter(f"header name {name!r} is not a token (RFC 9110 section 5.1)")
    if not isinstance(value, str):
        raise invalid_parameter(f"the value of header {name} must be a str, not {type(value).__name__}")
    if not value.isprintable() and any((c < " " and c != "\t") or c == "\x7f" for c in value):
        raise invalid_parameter(f"the value of header {name} holds a control character or a line break")
    if name.lower() in _FRAMING and not (name.lower() == "connection" and value.strip().lower() == "close"):
        raise invalid_parameter(f"header {name} is set by the transfer itself", "leave it out")


def _checked_body(
    body: object,
) -> bytes | bytearray | memoryview | os.PathLike[str] | None:
    if body is None or isinstance(body, (bytes, bytearray, memoryview, os.PathLike)):
        return body
    hint = "encode text first, as in text.encode()" if isinstance(body, str) else ""
    raise invalid_parameter(f"body must be bytes-like or a path object, not {type(body).__name__}", hint)


def _checked_path(path: str | os.PathLike[str]) -> str:
    try:
        text = os.fsdecode(path)
    except TypeError as error:
        raise invalid_parameter(f"path must be a str or a path object, not {type(path).__name__}") from error
    if not text or "\0" in text or text.endswith(("/", os.sep)):
        raise invalid_parameter(f"path {text!r} does not name a file")
    return text


def _checked_timeout(timeout: object) -> float | None:
    if timeout is None:
        return None
    if not isinstance(timeout, (int, float)) or not 0 < timeout <= 1e9:  # noqa: PLR2004 - 30 years, or infinity
        raise invalid_parameter(f"timeout must be a positive number of seconds, not {timeout!r}", "None means none")
    return timeout


def _checked_max_size(max_size: object) -> int | None:
    if max_size is not None and (not isinstance(max_size, int) or not 0 < max_size < 1 << 62):
        raise invalid_parameter(f"max_size must be a positive number of bytes, not {max_size!r}")
    return max_size


def _checked_text(text: object, what: str) -> str | None:
    if text is None:
        return None
    if not isinstance(text, str):
        raise invalid_parameter(f"{what} must be a str")
    if not is_sendable(text):
        raise invalid_parameter(f"{what} holds a control character or half a surrogate pair")
    return text


def checked_flags(flags: object) -> InternetFlag:
    """Return ``INTERNET_FLAG_*`` of a session or an operation; bits without a name are ignored.

    Raises:
        CallerError: 87, they are no number, exclude each other, or hold ASYNC.
    """
    if not isinstance(flags, int):
        raise invalid_parameter(f"flags must be InternetFlag or a whole number, not {flags!r}")
    checked = InternetFlag(flags & 0xFFFFFFFF)
    if checked & _TRANSFER == _TRANSFER:
        raise invalid_parameter("TRANSFER_ASCII and TRANSFER_BINARY exclude each other")
    if checked & InternetFlag.ASYNC:
        raise invalid_parameter("INTERNET_FLAG_ASYNC: a session is synchronous", "use fetch, or threads")
    return checked


def _checked_flags(flags: object) -> InternetFlag:
    if isinstance(flags, int) and not flags:
        return _NO_FLAGS
    return checked_flags(flags)
