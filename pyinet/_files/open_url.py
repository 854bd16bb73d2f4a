"""What `InternetSession.open_url` does, scheme by scheme. Source: MFC ``CInternetSession::OpenURL``."""

# ruff: noqa: SLF001 - a part of the session in a file of its own

from __future__ import annotations

from typing import TYPE_CHECKING

from pyinet._answer.decoding import asks_for_coding
from pyinet._files.supply import offline
from pyinet._process import PROCESS
from pyinet._transfer.ffi import lib
from pyinet._transfer.pack import Row
from pyinet.enums import InternetErrorCode as Code
from pyinet.enums import InternetFlag
from pyinet.errors import (
    CallerError,
    HandleClosed,
    InternetException,
    NotSupported,
    describe,
    invalid_parameter,
)
from pyinet.httpfile import HttpFile
from pyinet.internetfile import check_open
from pyinet.request import Request, checked_flags

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Protocol

    from pyinet._handles import Handle
    from pyinet._settings import Settings
    from pyinet._transfer.core import Core
    from pyinet._transfer.reporting import Reporter
    from pyinet.policy import InternetPolicy
    from pyinet.stdiofile import StdioFile

    class Session(Protocol):
        """What is needed of a session."""

        @property
        def _core(self) -> Core:
            """The engine of this process."""

        _settings: Settings
        _copied: Settings | None
        policy: InternetPolicy | None
        _reporter: Reporter | None

        @property
        def handle_node(self) -> Handle:
            """Its place in the tree of handles."""

        def _snapshot(self) -> Settings:
            """Its settings as they are now."""


__all__ = ["header_pairs", "open_url"]

_PIPE, _RAW, _HTTP1 = lib.PNET_REQ_PIPE, lib.PNET_REQ_RAW, lib.PNET_REQ_HTTP1
_NO_FLAGS = InternetFlag(0)
_TRANSFER = InternetFlag.TRANSFER_ASCII | InternetFlag.TRANSFER_BINARY


def open_url(
    session: Session,
    url: str,
    context: int | None,
    flags: InternetFlag | int,
    headers: str | Mapping[str, str] | Iterable[tuple[str, str]] | None,
) -> HttpFile | StdioFile:
    """See `InternetSession.open_url`."""
    try:
        if not isinstance(url, str):
            raise invalid_parameter(f"url must be a str, not {type(url).__name__}")
        checked = checked_flags(flags) if flags != 0 else _NO_FLAGS
        scheme = url.partition(":")[0].lower() if ":" in url else ""
        session.handle_node.check("the session")
        if scheme in {"http", "https"}:
            return _open_http(session, url, context, checked, headers)
        return _open_other(session, scheme, url, checked)
    except InternetException as error:
        error.context = session._settings.context  # MFC: there is no file that could have one of its own
        raise


def _open_other(session: Session, scheme: str, url: str, flags: InternetFlag) -> StdioFile:
    if scheme == "file":
        import socket  # both here: local files are rare

        from pyinet.stdiofile import open_file_url

        if not flags & _TRANSFER:
            flags |= session._settings.flags & _TRANSFER
        return open_file_url(url, flags, local_host=socket.gethostname())
    code = Code.ERROR_INTERNET_UNRECOGNIZED_SCHEME
    what = f"the scheme {scheme}: is not supported; http, https and file are" if scheme else "the URL has no scheme"
    raise NotSupported(describe(what, code, url=url), code, url=url)


def _open_http(
    session: Session,
    url: str,
    context: int | None,
    flags: InternetFlag,
    headers: str | Mapping[str, str] | Iterable[tuple[str, str]] | None,
) -> HttpFile:
    settings, reporter = session._settings, session._reporter
    own = settings.context if context is None or context == 1 else context
    core = session._core
    if PROCESS.offline:
        raise offline(url, own)
    stream = core.stream() if PROCESS.connections.limit is None else None
    if stream is not None and stream.plain and not (reporter or flags or headers or settings.is_special):
        try:
            body = stream.perform_short(url, _PIPE | _RAW | _HTTP1)
        except HandleClosed:
            code = Code.ERROR_INTERNET_OPERATION_CANCELLED
            raise CallerError(describe("the session was closed", code, url=url), code, url=url) from None
        if body is not None:
            file = HttpFile(session, session, own, None, session._snapshot())
            file.hold(url, stream.head, body)
            file.remember(stream)
            core.keep(stream)
            return file
    request = Request(url, headers=header_pairs(headers), flags=flags & ~_TRANSFER if flags else 0, context=own)
    decodes = settings.http_decoding and asks_for_coding(request.headers)
    row = Row(request, settings, _PIPE | (0 if decodes else _RAW) | (0 if settings.http2 else _HTTP1))
    watch = reporter.watch(own) if reporter is not None and own else None
    file = HttpFile(session, session, own, watch, session._snapshot())
    try:
        check_open(file.handle_node, row.url)  # the callback of HANDLE_CREATED may have closed it
        file.transmit(row, stream)
    except BaseException:
        file.close()
        raise
    return file


def header_pairs(
    headers: str | Mapping[str, str] | Iterable[tuple[str, str]] | None,
) -> Mapping[str, str] | Iterable[tuple[str, str]]:
    r"""Return header lines as pairs; what is no text stays as it is.

    Args:
        headers: Lines ``"Name: value"``; any run of ``\r`` and ``\n`` separates them.

    Raises:
        CallerError: 12153, a line has no colon.
    """
    if headers is None:
        return ()
    if not isinstance(headers, str):
        return headers
    pairs = []
    for line in headers.replace("\r", "\n").split("\n"):
        if not line:
            continue
        name, colon, value = line.partition(":")
        if not colon:
            code = Code.ERROR_HTTP_INVALID_HEADER
            raise CallerError(describe(f"the header line {line!r} has no colon", code), code)
        pairs.append((name.strip(" \t"), value.strip(" \t")))
    return pairs
