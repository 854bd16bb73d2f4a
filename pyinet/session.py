"""`InternetSession`: settings, handle, engine and the calls of a session."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from pyinet._announced import Announced, not_yet
from pyinet._cookies.calls import SessionCookies
from pyinet._handles import Handle, handle_type
from pyinet._network.ca_store import find_ca_store
from pyinet._network.resolve import connect_to_lines
from pyinet._options.session import SessionOptions
from pyinet._process import PROCESS
from pyinet._settings import Settings
from pyinet._transfer.core import Core, OlderCores
from pyinet._transfer.faults import Faults
from pyinet._transfer.reporting import Reporter
from pyinet._transfer.status import NameMemory
from pyinet.bulk import Fetch
from pyinet.enums import AccessType, InternetFlag, InternetHandleType, InternetStatus
from pyinet.enums import InternetErrorCode as Code
from pyinet.errors import CallerError, InternetException, describe, invalid_parameter
from pyinet.request import checked_flags

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Iterable, Mapping
    from types import TracebackType

    from typing_extensions import Self

    from pyinet.httpconnection import HttpConnection
    from pyinet.httpfile import HttpFile
    from pyinet.policy import InternetPolicy
    from pyinet.request import Request
    from pyinet.result import Result
    from pyinet.stdiofile import StdioFile

__all__ = ["InternetSession"]


class InternetSession(SessionOptions, SessionCookies, Announced):
    """A session: one engine, its connections, its cookies, and the settings of everything done through it.

    Derive from it and override `on_status_callback` to be told what happens on the network.

    A session survives ``fork``: the child makes connections of its own. It can be pickled; what arrives is a new
    session with the same settings, without cookies.

    Args:
        agent: User-Agent; None for the program's name (the stem of ``sys.argv[0]``), "" for no such header.
        context: Context of the session: what its callbacks and errors carry, and what its files inherit.
        access_type: Where proxies come from: PRECONFIG (the environment, as curl reads it), DIRECT (none) or
            PROXY (*proxy_name* and *proxy_bypass*).
        proxy_name: Proxies, as ``"http=proxy:3128 https=other"``; only with PROXY.
        proxy_bypass: Hosts reached directly, as ``"*.example.org;<local>"``; None: those of the environment.
        flags: ``INTERNET_FLAG_*`` that every request of the session gets.
        profile: A directory for cookies and cache: not supported yet. None keeps cookies in memory and no cache.
        ca: Roots to trust: a PEM file, a hashed directory, or PEM text. None: SSL_CERT_FILE, SSL_CERT_DIR,
            CURL_CA_BUNDLE, the system's store, certifi, in this order.
        resolve: Addresses used instead of DNS: "host", "host:port" or "*" to an IP address.

    Attributes:
        policy: Who answers what WinINet asks the user: `HttpFile.error_dlg`, and redirects of files. None: nobody.

    Raises:
        CallerError: 87, an argument cannot be used.
        NotSupported: 50, *profile*, or a flag that is not built yet.

    Source: MFC ``CInternetSession::CInternetSession``, WinINet ``InternetOpen``. No network activity.
    """

    def __init__(
        self,
        agent: str | None = None,
        context: int = 1,
        access_type: AccessType | int = AccessType.PRECONFIG,
        proxy_name: str | None = None,
        proxy_bypass: str | None = None,
        flags: InternetFlag | int = 0,
        *,
        profile: str | os.PathLike[str] | None = None,
        ca: str | os.PathLike[str] | bytes | None = None,
        resolve: Mapping[str, str] | None = None,
    ) -> None:
        try:
            if profile is not None:
                not_yet("profile (cookies and cache on disk)")
            settings = Settings(_checked_agent(agent), None, checked_flags(flags), _checked_context(context))
            self._begin_options(settings, access_type, proxy_name, proxy_bypass)
            self._begin(settings, ca, {} if resolve is None else resolve)
        except InternetException as error:
            error.context = _context_or_0(context)
            raise

    def _begin(self, settings: Settings, ca: str | os.PathLike[str] | bytes | None, resolve: Mapping[str, str]) -> None:
        self._settings = settings
        self._resolve = connect_to_lines(resolve)
        self._given_ca, self._given_resolve = ca, dict(resolve)
        self._given_context = settings.context
        self._faults = Faults(settings)
        self._names = NameMemory(self._given_resolve)
        self._reporter: Reporter | None = None
        self._ca = find_ca_store(ca, os.environ)
        self._copied: Settings | None = None
        self.policy: InternetPolicy | None = None
        self._current: Core | None = None
        self._older = OlderCores()
        try:
            self._current = Core(settings, self._faults, self._ca, self._resolve)
        except BaseException:
            self._ca.close()
            raise
        self._handle = Handle(self, InternetHandleType.INTERNET, None, settings.context)
        PROCESS.renew_in_child(self)

    @property
    def _core(self) -> Core:
        """The engine of this process.

        Raises:
            HandleClosed: The session was closed.
        """
        core = self._current
        if core is None:
            self._handle.check("the session")
            core = self._current = Core(self._settings, self._faults, self._ca, self._resolve)
            core.report_to(self._reporter)
        return core

    def _renew(self) -> None:
        """Begin anew with connections and DNS; what runs ends on what it has."""
        self._names.forget()
        core = Core(self._settings, self._faults, self._ca, self._resolve)
        core.report_to(self._reporter)
        with PROCESS.lock:
            replaced, self._current = self._current, core
        if replaced is not None:
            self._older.add(replaced)
        if self._handle.closed:  # by another thread, just now
            core.close()
            self._handle.check("the session")

    def after_fork(self) -> None:
        """Begin anew in a forked child: connections, threads and locks belong to the parent."""
        if self._current is not None:
            self._current.disown()
            self._current = None
        self._older.disown()
        self._names = NameMemory(self._given_resolve)
        self._settings.jar.renew_lock()
        if self._reporter is not None:
            self._reporter = Reporter(self, self._names)

    # ---- the bulk face ----

    def fetch(
        self,
        requests: Iterable[str | Request] | AsyncIterable[str | Request],
        in_flight: int = 64,
        per_host: int | None = None,
        ordered: bool = False,
        buffer_bytes: int = 64 << 20,
    ) -> Fetch:
        """Fetch many rows at once and deliver a `Result` for each, to ``for`` or ``async for``.

        A transfer that fails is a result with `Result.error`, never an exception that ends the loop. Transfers go on
        while the loop body runs or sleeps: up to four times *in_flight* rows (at least 256 when not *ordered*) are
        pulled from the input beyond those delivered. When the input raises, the rows pulled before are delivered
        first.

        Args:
            requests: URLs or `Request` objects, pulled lazily in the thread that iterates. An async iterable is for
                ``async for`` alone.
            in_flight: Transfers at once.
            per_host: Transfers, hence connections, at once to one scheme, host and port; None for *in_flight*.
            ordered: Deliver in the order of the input instead of as they end. A slow row then holds back those
                behind it.
            buffer_bytes: Bound on bytes of bodies in memory that were not delivered. Transfers pause when it is
                reached. A body of up to half of it always fits; a larger one may fail with `LimitExceeded`, and one
                larger than it does: give such requests a `path`.

        Raises:
            CallerError: 87, an argument cannot be used.
            HandleClosed: The session was closed.
        """
        core = self._core
        return Fetch(
            core.engine,
            self._settings,
            self._faults,
            requests,
            in_flight=in_flight,
            per_host=per_host,
            ordered=ordered,
            buffer_bytes=buffer_bytes,
            reporter=self._reporter,
            hubs=core.hubs,
        )

    def fetch_one(self, request: str | Request) -> Result:
        """Fetch one URL or `Request` and wait for it in this thread. Any number of threads may do so at once.

        Raises:
            InternetException: The transfer failed, or the request is refused. An HTTP status is no exception.
            HandleClosed: The session was closed.
        """
        return (self._current or self._core).single.fetch(request)

    async def fetch_one_async(self, request: str | Request) -> Result:
        """Fetch one URL or `Request`; cancelling the task cancels the transfer.

        Raises:
            InternetException: The transfer failed, or the request is refused. An HTTP status is no exception.
            HandleClosed: The session was closed.
        """
        return await self._core.hubs().fetch(request)

    # ---- files ----

    def open_url(
        self,
        url: str,
        context: int | None = 1,
        flags: InternetFlag | int = 0,
        headers: str | Mapping[str, str] | Iterable[tuple[str, str]] | None = None,
    ) -> HttpFile | StdioFile:
        """Open a URL for reading: http and https return once the answer has begun, redirects followed.

        Args:
            url: An http, https or file URL.
            context: What callbacks and errors of the file carry; None or 1: the session's; 0: no callbacks.
            flags: ``INTERNET_FLAG_*``. TRANSFER_ASCII opens a local file in text mode, otherwise it is binary. SECURE
                makes http https.
            headers: Request headers: lines ``"Name: value"`` with CR, LF or both between them, a mapping, or pairs.

        Raises:
            CallerError: 87, an argument cannot be used, or both transfer flags are given; 12005, no usable URL;
                12153, a header line without a colon; 2, FROM_CACHE was asked for and there is nothing.
            NotSupported: 12006, another scheme; 50, a flag that is not built yet.
            TransferError: There is no answer.
            LocalFileError: A local file cannot be opened.
            HandleClosed: 6, the session was closed.

        The context of these errors is the session's.

        Source: MFC ``CInternetSession::OpenURL``.
        """
        from pyinet._files.open_url import open_url  # here: a program that only fetches needs no files

        return open_url(self, url, context, flags, headers)

    # ---- connections ----

    def get_http_connection(
        self,
        server: str,
        port: int = 0,
        user: str | None = None,
        password: str | None = None,
        *,
        flags: InternetFlag | int = 0,
    ) -> HttpConnection:
        """Return a web server to open requests on. No network activity.

        Args:
            server: Name or address of the server.
            port: TCP port; 0 for 80, or 443 with SECURE.
            user: User name for the server, sent when it asks for it; None or "" for none.
            password: Password that goes with it.
            flags: ``INTERNET_FLAG_*``; SECURE and those that relax the checking of certificates are inherited by
                requests.

        Raises:
            CallerError: 87, an argument cannot be used; 12005, *server* is no name; 12017, the callback closed the
                connection.
            HandleClosed: 6, the session was closed.

        Source: MFC ``CInternetSession::GetHttpConnection``, both overloads.
        """
        from pyinet._request.credentials import Credentials  # as in `open_url`
        from pyinet.httpconnection import HttpConnection
        from pyinet.internetfile import check_open

        checked = checked_flags(flags)
        connection = HttpConnection(self, server, port, Credentials(user, password), checked)
        check_open(connection.handle_node, f"{server}:{connection.port}")
        return connection

    def _snapshot(self) -> Settings:
        """The settings as they are now, for a file: what changes later does not reach it."""
        if self._copied is None:
            self._copied = self._settings.copy()
        return self._copied

    # ---- status callbacks ----

    def enable_status_callback(self, enable: bool = True) -> bool:
        """Have `on_status_callback` called for what is opened or fetched from now on. What is open stays as it is.

        Raises:
            CallerError: 12019, callbacks are still to come, and *enable* is False.
            HandleClosed: 6, the session was closed.

        Source: MFC ``CInternetSession::EnableStatusCallback``.
        """
        self._handle.check("the session")
        if not enable and self._reporter is not None and self._reporter.pending:
            code = Code.ERROR_INTERNET_INCORRECT_HANDLE_STATE
            raise CallerError(
                describe("status callbacks are still to come", code), code, context=self._settings.context
            )
        if bool(enable) != (self._reporter is not None):
            self._reporter = Reporter(self, self._names) if enable else None
            self._core.report_to(self._reporter)
        return True

    def on_status_callback(self, context: int, status: InternetStatus, info: object) -> object:
        """Override this to be told what happens: on the thread that waits, in order, never two at once for one handle.

        Args:
            context: Of the file or row concerned.
            status: What happened.
            info: More about it, as `InternetStatus` says for each.

        Returns:
            Nothing; the value False forbids the redirect of `InternetStatus.REDIRECT`, which then fails with 12168.

        Source: MFC ``CInternetSession::OnStatusCallback``.
        """

    # ---- life ----

    def get_context(self) -> int:
        """Return the context given to the constructor. Source: MFC ``CInternetSession::GetContext``."""
        return self._given_context

    @property
    def handle(self) -> int:
        """The HINTERNET as a number; 0 once closed. Source: MFC ``CInternetSession::operator HINTERNET``."""
        return self._handle.number

    @staticmethod
    def service_type_from_handle(handle: int) -> InternetHandleType:
        """Return the kind of an open handle, as `handle_type` does.

        Raises:
            HandleClosed: 6, there is no such open handle.

        Source: MFC ``CInternetSession::ServiceTypeFromHandle``.
        """
        return handle_type(handle)

    @property
    def handle_node(self) -> Handle:
        """Its place in the tree of handles."""
        return self._handle

    def __int__(self) -> int:
        return self._handle.number

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return self._handle.closed

    def close(self) -> None:
        """Close every file, cancel everything in flight, close the connections; later calls raise `HandleClosed`.

        Idempotent, any thread. Source: MFC ``CInternetSession::Close``.
        """
        self._handle.close()

    def handle_closed(self) -> None:
        """End what runs; the tree of handles calls this once, after all files were closed."""
        core, self._current = self._current, None
        if core is not None:
            core.close()
        self._older.close()
        self._ca.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __getstate__(self) -> dict[str, Any]:
        own = {name: value for name, value in self.__dict__.items() if name not in _INNER}
        return {"settings": self._settings, "ca": self._given_ca, "resolve": self._given_resolve,
                "enabled": self._reporter is not None, "own": own}  # fmt: skip

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state["own"])
        self._begin(state["settings"], state["ca"], state["resolve"])
        if state["enabled"]:
            self.enable_status_callback()

    def __repr__(self) -> str:
        return f"<{type(self).__name__}{' closed' if self._handle.closed else ''} {self._settings.proxies!r}>"


_INNER = frozenset({
    "_settings", "_given_ca", "_given_context", "_given_resolve", "_resolve", "_faults", "_names", "_reporter", "_ca",
    "_copied", "_current", "_handle", "_older",
})  # fmt: skip


def _checked_agent(agent: object) -> str:
    if agent is None:
        stem = os.path.splitext(os.path.basename(sys.argv[0] if sys.argv else ""))[0]  # noqa: PTH119, PTH122
        return "".join(c for c in stem if c.isascii() and c.isprintable()) or "pyinet"
    if not isinstance(agent, str):
        raise invalid_parameter(f"agent must be a str, not {type(agent).__name__}")
    if not agent.isprintable():
        raise invalid_parameter(f"agent {agent!r} holds a control character or a line break")
    return agent


def _context_or_0(context: object) -> int:
    return context if isinstance(context, int) else 0


def _checked_context(context: object) -> int:
    if not isinstance(context, int):
        raise invalid_parameter(f"context must be a whole number, not {context!r}")
    return context
