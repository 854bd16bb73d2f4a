"""`InternetConnection`: a server, and who asks it. Source: MFC ``CInternetConnection``."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from pyinet._handles import Handle
from pyinet._options.connection import ConnectionOptions
from pyinet._urls.wire import is_ipv6_address
from pyinet.enums import InternetErrorCode as Code
from pyinet.enums import InternetFlag, InternetService, InternetStatus
from pyinet.errors import CallerError, describe, invalid_parameter

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any, Protocol

    from typing_extensions import Self

    from pyinet._request.credentials import Credentials
    from pyinet._settings import Settings
    from pyinet._transfer.reporting import Reporter, Watch
    from pyinet.enums import InternetHandleType

    class Session(Protocol):
        """What is needed of the session."""

        _reporter: Reporter | None

        @property
        def handle_node(self) -> Handle:
            """Its place in the tree of handles."""

        def _snapshot(self) -> Settings:
            """Its settings as they are now."""


__all__ = ["InternetConnection"]

_PORTS = 65_535
_NOT_IN_NAMES = frozenset(' /\\?#@"<>^`{|}%')


class InternetConnection(ConnectionOptions):
    """A server, its port and the credentials for it: what requests are opened on. Made by an `InternetSession`.

    It begins with a copy of the session's options; what changes there later does not reach it. Closing it closes what
    was opened on it.

    Attributes:
        session: The session it belongs to, kept alive by it. Source: MFC ``GetSession``.
        server_name: The server as it was given. Source: MFC ``GetServerName``.
        port: Its TCP port.

    Source: MFC ``CInternetConnection``.
    """

    service = InternetService.URL
    """What it serves: ``INTERNET_SERVICE_*``."""
    _default_port = 0

    def __init__(
        self,
        session: Session,
        kind: InternetHandleType,
        server: str,
        port: int,
        credentials: Credentials,
        flags: InternetFlag,
    ) -> None:
        """Open the handle; no network activity.

        Raises:
            CallerError: 87, an argument cannot be used.
            HandleClosed: 6, the session was closed.
        """
        self.server_name = _checked_server(server)
        self._given_port = _checked_port(port)
        session.handle_node.check("the session")
        self.session: Any = session  # the InternetSession: its module stands above this one
        self._flags = int(flags)
        self._credentials = credentials
        self._settings = session._snapshot()  # noqa: SLF001 - the session made it
        self._reporter: Reporter | None = session._reporter  # noqa: SLF001
        self._watch: Watch | None = None
        self._last_words: list[int] = []  # the number of the handle, until its end was reported
        self._handle = Handle(self, kind, session.handle_node, session.handle_node.context)
        self._last_words.append(self._handle.number)
        if self._reporter is not None and self._handle.context:
            self._watch = self._reporter.watch(self._handle.context)
            self._watch.tell(InternetStatus.HANDLE_CREATED, self._handle.number)

    def _snapshot(self) -> Settings:
        """The settings as they are now, for what is opened. They are shared: whoever changes them copies them first."""
        return self._settings

    # ---- what it is ----

    @property
    def port(self) -> int:
        """TCP port; the default of the service when none was given."""
        return self._given_port or self._default_port

    @property
    def user_name(self) -> str:
        """User name for the server; "" for none."""
        return self._credentials.user or ""

    @property
    def secure(self) -> bool:
        """Whether it was opened with ``INTERNET_FLAG_SECURE``."""
        return bool(self._flags & InternetFlag.SECURE)

    @property
    def handle(self) -> int:
        """The HINTERNET as a number; 0 once closed. Source: MFC ``operator HINTERNET``."""
        return self._handle.number

    @property
    def handle_node(self) -> Handle:
        """Its place in the tree of handles."""
        return self._handle

    def __int__(self) -> int:
        return self._handle.number

    @property
    def context(self) -> int:
        """What its status callbacks carry, and what is opened on it inherits. Source: MFC ``GetContext``."""
        return self._handle.context

    def get_context(self) -> int:
        """Return `context`. Source: MFC ``CInternetConnection::GetContext``."""
        return self._handle.context

    def get_server_name(self) -> str:
        """Return `server_name`. Source: MFC ``CInternetConnection::GetServerName``."""
        return self.server_name

    def get_session(self) -> Any:  # noqa: ANN401 - see `session`
        """Return `session`. Source: MFC ``CInternetConnection::GetSession``."""
        return self.session

    # ---- life ----

    @property
    def closed(self) -> bool:
        """Whether it was closed, or its session."""
        return self._handle.closed

    def close(self) -> None:
        """Close it and all that was opened on it. Idempotent, any thread.

        Source: MFC ``CInternetConnection::Close``.
        """
        self._handle.close()

    def handle_closed(self) -> None:
        """Report the end; the tree of handles calls this once, after what was opened on it was closed."""
        with contextlib.suppress(IndexError):
            number = self._last_words.pop()
            if self._watch is not None:
                self._watch.tell(InternetStatus.HANDLE_CLOSING, number)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __del__(self) -> None:
        if getattr(self, "_last_words", None):
            with contextlib.suppress(Exception):
                self._handle.close()
                self.handle_closed()  # the handle no longer knew whom to tell

    def __repr__(self) -> str:
        return f"<{type(self).__name__}{' closed' if self.closed else ''} {self.server_name}:{self.port}>"


def _checked_server(server: object) -> str:
    if not isinstance(server, str):
        raise invalid_parameter(f"server must be a str, not {type(server).__name__}")
    if not server:
        raise invalid_parameter("server is empty")
    if "://" in server:
        raise invalid_parameter(f"server {server!r} is a URL", "give the name of the server alone")
    if not server.isprintable() or _NOT_IN_NAMES & set(server):
        code = Code.ERROR_INTERNET_INVALID_URL
        what = f"server {server!r} holds a character that no name of a server has"
        raise CallerError(describe(what, code), code)
    if ":" in server or "[" in server or "]" in server:
        _check_address(server)
    return server


def _check_address(server: str) -> None:
    address = server[1:-1] if server.startswith("[") and server.endswith("]") else server
    if ":" in address and is_ipv6_address(address):
        return
    host, colon, port = server.rpartition(":")
    if colon and port.isdigit() and (":" not in host or host.endswith("]")):
        raise invalid_parameter(f"server {server!r} holds a port", "give it as port=")
    code = Code.ERROR_INTERNET_INVALID_URL
    raise CallerError(describe(f"server {server!r} is neither a name nor an address of IPv6", code), code)


def _checked_port(port: object) -> int:
    if isinstance(port, InternetFlag):
        raise invalid_parameter(f"port cannot be {port!r}", "give it as flags=")
    if not isinstance(port, int) or isinstance(port, bool) or not 0 <= port <= _PORTS:
        raise invalid_parameter(f"port must be a whole number up to {_PORTS}, not {port!r}", "0 is the default")
    return port
