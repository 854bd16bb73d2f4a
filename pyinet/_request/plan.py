"""What a file asks for, each time it is sent. Pure."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pyinet._answer.decoding import asks_for_coding
from pyinet._request.body import FileRange
from pyinet._request.headers import RequestHeaders
from pyinet._transfer.ffi import lib
from pyinet._transfer.pack import Row
from pyinet._urls.wire import split_authority
from pyinet.enums import InternetErrorCode, InternetFlag, InternetOption
from pyinet.errors import CallerError, describe, invalid_parameter
from pyinet.request import Request

if TYPE_CHECKING:
    from typing_extensions import Self

    from pyinet._request.credentials import Credentials
    from pyinet._request.security import ClientCertificate
    from pyinet._settings import Settings

__all__ = ["Plan", "length_of"]

_PIPE, _RAW, _HTTP1 = lib.PNET_REQ_PIPE, lib.PNET_REQ_RAW, lib.PNET_REQ_HTTP1
_IN_PATH = frozenset({"", "/", "?"})
_WITHOUT_EFFECT = int(InternetFlag.EXISTING_CONNECT | InternetFlag.SECURE)
_IDN = int(InternetOption.IDN)
_MADE_OF_BODY = frozenset({"content-length", "transfer-encoding"})


class Plan:
    """A request as a program describes it: everything but its body.

    Attributes:
        base: Scheme and authority.
        target: Path and query, encoded, or a whole URL: what the request line names.
        verb: Method.
        flags: ``INTERNET_FLAG_*`` bits.
        headers: What the program wants to be sent.
        http10: Whether to speak HTTP/1.0.
        object_name: Path and query as they were asked for.
        on_connection: Whether it was opened on a connection, and not by ``open_url``.
        security: ``SECURITY_FLAG_*`` bits that were set for it.
        certificate: Of the client; None for none.
        suppresses_auth: Whether the server gets neither credentials nor a certificate.
    """

    __slots__ = (
        "base", "certificate", "flags", "headers", "http10", "object_name", "on_connection", "security",
        "suppresses_auth", "target", "verb",
    )  # fmt: skip

    def __init__(
        self,
        base: str,
        target: str,
        verb: str,
        flags: int,
        headers: RequestHeaders,
        *,
        http10: bool = False,
        object_name: str | None = None,
        on_connection: bool = True,
    ) -> None:
        self.base, self.target, self.verb = base, target, verb
        self.flags, self.headers, self.http10 = flags, headers, http10
        self.object_name = target if object_name is None else object_name
        self.on_connection = on_connection
        self.security = 0
        self.certificate: ClientCertificate | None = None
        self.suppresses_auth = False

    @classmethod
    def of_url(cls, url: str, flags: int = 0) -> Self:
        """Return the plan of a plain GET."""
        _, _, rest = url.partition("://")
        return cls(url, "", "GET", flags, RequestHeaders(), object_name=rest[len(split_authority(rest)[0]):] or "/",
                   on_connection=False)  # fmt: skip

    @classmethod
    def of_row(cls, row: Row) -> Self:
        """Return the plan that *row* was made without: by ``open_url``."""
        plan = cls.of_url(row.request.url, row.flags)
        plan.headers.extend(row.request.headers)
        return plan

    @property
    def url(self) -> str:
        """Where it goes."""
        return self.base + (self.target if self.target[:1] in _IN_PATH else "/")

    @property
    def is_plain(self) -> bool:
        """Whether it is a GET that nothing but its URL makes."""
        return (
            self.verb == "GET" and not self.headers and self.on_connection and not self.http10
            and not self._is_verbatim and not self.security and self.certificate is None and not self.suppresses_auth
            and not self.flags & ~_WITHOUT_EFFECT
        )  # fmt: skip

    @property
    def _is_verbatim(self) -> bool:
        """Whether the target is not what a URL with that path would make of it."""
        target = self.target
        if target[:1] not in _IN_PATH:
            return True
        # Encoded dots are no dot segments here; some versions of libcurl take them for such.
        return self.on_connection and ("/." in target or ("/%2" in target and "/%2e" in target.lower()))

    def row(
        self,
        settings: Settings,
        credentials: Credentials | None,
        body: bytes | bytearray | memoryview | os.PathLike[str] | FileRange | None = None,
        *,
        upload: int | None = None,
    ) -> Row:
        """Return the request as it goes down.

        Args:
            settings: Those of the file.
            credentials: For the server.
            body: Of the request.
            upload: Bytes of a body that is written piece by piece, -1 for chunks; None when it is not.

        Raises:
            CallerError: 87, a header contradicts the body; 2, FROM_CACHE was asked for; 12005, the host is not ASCII,
                which ``INTERNET_OPTION_IDN`` forbids.
        """
        if settings.stored.get(_IDN, 1) == 0:
            self._check_ascii()
        decodes = settings.http_decoding and asks_for_coding(self.headers)
        native = _PIPE | (0 if decodes else _RAW) | (0 if settings.http2 else _HTTP1)
        if self.http10:
            native |= lib.PNET_REQ_HTTP10
        if self.http10 and upload == _CHUNKS:
            raise invalid_parameter("HTTP/1.0 has no chunks", "announce the length of the body")
        user, password = (None, None) if credentials is None else (credentials.user, credentials.password)
        if self.verb == "HEAD" and isinstance(body, (bytes, bytearray, memoryview)) and not len(body):
            body = None
        whole = None if isinstance(body, FileRange) else body
        row = Row(Request(self.url, self.verb, body=whole, user=user, password=password), settings, native, self.flags)
        row.body = body
        row.upload = upload
        row.on_connection = self.on_connection
        if self._is_verbatim:
            row.target = self.target.partition("#")[0]
        row.security = self.security
        if self.suppresses_auth:
            row.suppress_auth()
        else:
            row.certificate = self.certificate
        row.headers = self._checked(list(self.headers), body, upload)
        return row

    def _check_ascii(self) -> None:
        host = split_authority(self.url.partition("://")[2])[0].rpartition("@")[2]
        if not host.isascii():
            code = InternetErrorCode.ERROR_INTERNET_INVALID_URL
            what = f"the host {host!r} is not ASCII"
            hint = "set InternetOption.IDN to 1, 2 or 3"
            raise CallerError(describe(what, code, url=self.url, hint=hint), code, url=self.url)

    def _checked(self, headers: list[tuple[str, str]], body: object, upload: int | None) -> list[tuple[str, str]]:
        """The headers without those that the transfer makes itself, which must agree with it.

        A GET without a body has no Content-Length of its own: that of the program stays.
        """
        if not any(name.lower() in _MADE_OF_BODY for name, _ in headers):
            return headers
        length = length_of(body, upload)
        for name, value in headers:
            if name.lower() == "transfer-encoding" and (length != _CHUNKS or value.lower() != "chunked"):
                raise invalid_parameter(f"{name}: {value} is not how the body is sent", "leave it out")
            if name.lower() == "content-length" and value != str(length or 0):
                what = f"the body has {'no known length' if length == _CHUNKS else f'{length or 0} bytes'}"
                raise invalid_parameter(f"{name}: {value}, but {what}", "leave it out")
        made = _MADE_OF_BODY if length is not None or self.verb != "GET" else frozenset()
        return [pair for pair in headers if pair[0].lower() not in made]


_CHUNKS = -1


def length_of(body: object, upload: int | None) -> int | None:
    """Return the bytes of a request body; -1 for chunks, None for no body, or a file that is not there."""
    if upload is not None:
        return upload
    if body is None:
        return None
    if isinstance(body, FileRange):
        return body.length
    if isinstance(body, (bytes, bytearray, memoryview)):
        return memoryview(body).nbytes
    try:
        return os.stat(body).st_size  # type: ignore[arg-type]  # noqa: PTH116 - a path
    except OSError:
        return None  # told when it is sent
