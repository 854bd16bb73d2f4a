"""The options of a session. Source: MFC ``CInternetSession::SetOption``, ``QueryOption``; the table: `table.py`."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from pyinet._options.proxy_info import ProxyInfo
from pyinet._options.session_proxies import SessionProxies
from pyinet._process import PROCESS
from pyinet.errors import InternetException

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Protocol

    from pyinet._handles import Handle
    from pyinet._settings import Settings
    from pyinet._transfer.reporting import Reporter
    from pyinet.enums import InternetOption as Opt

    class Core(Protocol):
        """What is needed of `core.Core`."""

        def settings_changed(self) -> None: ...


__all__ = ["SessionOptions"]


class SessionOptions:
    """Base of `InternetSession`: its options."""

    _settings: Settings
    _handle: Handle
    _copied: Settings | None
    _reporter: Reporter | None
    _options: SessionProxies

    if TYPE_CHECKING:

        @property
        def _core(self) -> Core: ...

        def _renew(self) -> None: ...

    def set_option(self, option: Opt | int, value: object = None, flags: int = 0) -> None:
        """Set an option: for what is opened or fetched from now on; what is open stays as it is.

        Args:
            option: ``INTERNET_OPTION_*``.
            value: As the option has it: milliseconds (0xFFFFFFFF for no limit), a number, bool or str; PROXY:
                ``(access_type, proxy, bypass)``; options without a value ignore it.
            flags: ``ISO_GLOBAL`` (1) and ``ISO_REGISTRY`` (2) are ignored.

        Raises:
            CallerError: 12009, there is no such option; 12011, it can only be queried; 12018 or 12016, it is not one of
                sessions; 12010, *value* has the wrong type or size; 87 or 160, it is out of range, or *flags* are.
            HandleClosed: 6, the session was closed.

        Source: MFC ``CInternetSession::SetOption``.
        """
        self._handle.check("the session")
        from pyinet._options.of_session import change  # here, as the table: few programs have options

        with _under(self._handle.context):
            change(self, option, value, flags)

    def query_option(self, option: Opt | int) -> Any:  # noqa: ANN401 - of the type that the option has
        """Return the value of an option: an int, bool, str or tuple.

        Args:
            option: ``INTERNET_OPTION_*``.

        Raises:
            CallerError: 12009, there is no such option; 12018 or 12016, it is not one of sessions, or can only be set.
            HandleClosed: 6, the session was closed.

        Source: MFC ``CInternetSession::QueryOption``.
        """
        self._handle.check("the session")
        from pyinet._options.of_session import value_of

        with _under(self._handle.context):
            return value_of(self, option)

    def _begin_options(
        self, settings: Settings, access_type: int, proxy_name: str | None, proxy_bypass: str | None
    ) -> None:
        """Take the constructor's proxies, and the options that were set on the process, into *settings*.

        Raises:
            CallerError: 87, the access type or a proxy is malformed.
        """
        given = ProxyInfo(access_type, proxy_name, proxy_bypass)
        self._options = SessionProxies(given)
        self._options.use(given, settings)
        if PROCESS.options:
            from pyinet._options.of_session import inherit

            inherit(settings)

    def _refresh(self) -> None:
        self._options.refresh(self._settings)
        self._options_changed()

    def _options_changed(self) -> None:
        self._copied = None
        self._core.settings_changed()


@contextlib.contextmanager
def _under(context: int) -> Iterator[None]:
    """Errors carry *context*."""
    try:
        yield
    except InternetException as error:
        error.context = context
        raise
