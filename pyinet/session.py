"""`InternetSession`: settings, engine and the calls of a session."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from pyinet._announced import Announced, not_yet
from pyinet._castore import find_ca_store
from pyinet._engine import Engine
from pyinet._faults import Faults
from pyinet._proxy import ProxyConfig
from pyinet._resolve import connect_to_lines
from pyinet._settings import Settings
from pyinet.bulk import Fetch, OneByOne
from pyinet.enums import AccessType, InternetFlag, InternetOption
from pyinet.enums import InternetErrorCode as Code
from pyinet.errors import CallerError, describe, invalid_parameter

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from types import TracebackType

    from typing_extensions import Self

    from pyinet.request import Request
    from pyinet.result import Result

__all__ = ["InternetSession"]

_NO_LIMIT = 0xFFFFFFFF  # milliseconds; WinINet's INFINITE
_TIMEOUTS = {
    InternetOption.CONNECT_TIMEOUT: "connect_timeout_ms",
    InternetOption.RECEIVE_TIMEOUT: "receive_timeout_ms",
}


class InternetSession(Announced):
    """A session: one engine, its connections, and the settings of everything done through it.

    Args:
        agent: User-Agent; None for the program's name (the stem of ``sys.argv[0]``), "" for no such header.
        context: Context of the session; comes back in `InternetException.context`.
        access_type: Where proxies come from: PRECONFIG (the environment, as curl reads it), DIRECT (none) or
            PROXY (*proxy_name* and *proxy_bypass*).
        proxy_name: Proxies, as ``"http=proxy:3128 https=other"``; only with PROXY.
        proxy_bypass: Hosts reached directly, as ``"*.example.org;<local>"``; None: those of the environment.
        flags: ``INTERNET_FLAG_*`` that every request of the session gets.
        profile: A directory for cookies and cache: not supported yet. None keeps nothing.
        ca: Roots to trust: a PEM file, a hashed directory, or PEM text. None: SSL_CERT_FILE, SSL_CERT_DIR,
            CURL_CA_BUNDLE, the system's store, certifi, in this order.
        resolve: Addresses used instead of DNS: "host", "host:port" or "*" to an IP address.

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
        if profile is not None:
            not_yet("profile (cookies and cache on disk)")
        proxies = ProxyConfig.from_access_type(access_type, proxy_name, proxy_bypass, os.environ)
        self._settings = Settings(_checked_agent(agent), proxies, _checked_flags(flags), context)
        self._faults = Faults()
        self._ca = find_ca_store(ca, os.environ)
        try:
            self._engine = Engine(
                default_headers="".join(f"{line}\n" for line in self._settings.own_lines()),
                ca_file=self._ca.file,
                ca_directory=self._ca.directory,
                resolve=connect_to_lines(resolve or {}),
            )
        except BaseException:
            self._ca.close()
            raise
        self._single = OneByOne(self._engine, self._settings, self._faults)

    # ---- the bulk face ----

    def fetch(
        self,
        requests: Iterable[str | Request],
        in_flight: int = 64,
        per_host: int | None = None,
        ordered: bool = False,
        buffer_bytes: int = 64 << 20,
    ) -> Fetch:
        """Fetch many rows at once and deliver a `Result` for each.

        A transfer that fails is a result with `Result.error`, never an exception that ends the loop. Transfers go on
        while the loop body runs or sleeps: up to four times *in_flight* rows (at least 256 when not *ordered*) are
        pulled from the input beyond those delivered. When the input raises, the rows pulled before are delivered
        first.

        Args:
            requests: URLs or `Request` objects, pulled lazily in the thread that iterates.
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
        return Fetch(
            self._engine,
            self._settings,
            self._faults,
            requests,
            in_flight=in_flight,
            per_host=per_host,
            ordered=ordered,
            buffer_bytes=buffer_bytes,
        )

    def fetch_one(self, request: str | Request) -> Result:
        """Fetch one URL or `Request` and wait for it in this thread. Any number of threads may do so at once.

        Raises:
            InternetException: The transfer failed, or the request is refused. An HTTP status is no exception.
            HandleClosed: The session was closed.
        """
        return self._single.fetch(request)

    # ---- options ----

    def set_option(self, option: InternetOption | int, value: int, flags: int = 0) -> None:
        """Set an option for transfers that start later: CONNECT_TIMEOUT or RECEIVE_TIMEOUT, in milliseconds.

        Args:
            option: ``INTERNET_OPTION_*``.
            value: Milliseconds; 0xFFFFFFFF for no limit.
            flags: 0.

        Raises:
            CallerError: 160, a CONNECT_TIMEOUT of 0; 87, a value or flag out of range.
            NotSupported: 50, another option.

        Source: MFC ``CInternetSession::SetOption``; spec section 5.
        """
        name = _timeout_of(option)
        if flags:
            raise invalid_parameter(f"flags {flags} of set_option must be 0")
        if not 0 <= value <= _NO_LIMIT:
            raise invalid_parameter(f"a timeout must be 0 to {_NO_LIMIT:#x} milliseconds, not {value!r}")
        if name == "connect_timeout_ms" and value == 0:
            code = Code.ERROR_BAD_ARGUMENTS
            raise CallerError(describe("a connect timeout of 0 is refused", code), code)
        setattr(self._settings, name, 0 if value == _NO_LIMIT else value)
        self._single.close()  # kept exchanges have the old clocks

    def query_option(self, option: InternetOption | int) -> int:
        """Return the value of an option; see `set_option`.

        Raises:
            NotSupported: 50, another option.

        Source: MFC ``CInternetSession::QueryOption``.
        """
        return getattr(self._settings, _timeout_of(option)) or _NO_LIMIT

    # ---- life ----

    def get_context(self) -> int:
        """Return the context given to the constructor. Source: MFC ``CInternetSession::GetContext``."""
        return self._settings.context

    def close(self) -> None:
        """Cancel everything in flight and close the connections; later calls raise `HandleClosed`.

        Idempotent, any thread. Source: MFC ``CInternetSession::Close``.
        """
        self._engine.close()
        self._single.close()
        self._ca.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<InternetSession{' closed' if self._engine.closed else ''} {self._settings.proxies!r}>"


def _timeout_of(option: InternetOption | int) -> str:
    try:
        return _TIMEOUTS[InternetOption(option)]
    except (KeyError, ValueError):
        not_yet(f"the option {option!r}")


def _checked_agent(agent: object) -> str:
    if agent is None:
        stem = os.path.splitext(os.path.basename(sys.argv[0] if sys.argv else ""))[0]  # noqa: PTH119, PTH122
        return "".join(c for c in stem if c.isascii() and c.isprintable()) or "pyinet"
    if not isinstance(agent, str) or not agent.isprintable():
        raise invalid_parameter(f"agent {agent!r} holds a control character or a line break")
    return agent


def _checked_flags(flags: InternetFlag | int) -> InternetFlag:
    flags = InternetFlag(flags)
    if flags & InternetFlag.ASYNC:
        raise invalid_parameter("INTERNET_FLAG_ASYNC: a session is synchronous", "use fetch, or threads")
    if flags & InternetFlag.FROM_CACHE:
        not_yet("INTERNET_FLAG_OFFLINE (there is no cache)")
    return flags
