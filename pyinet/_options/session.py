"""The options of a session. Source: MFC ``CInternetSession::SetOption``, ``QueryOption``; the table: `table.py`."""

# ruff: noqa: SLF001 - a part of the session in a file of its own

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Any

from pyinet._network.system_proxy import proxy_environment
from pyinet._network.winsock import winsock_error
from pyinet._options import access
from pyinet._options.access import ProxyInfo
from pyinet._options.proxy_info import merged, parts_of, proxy_of_parts, resolved
from pyinet._options.settings import AS_SET, apply_option
from pyinet._options.table import OPTIONS, Level
from pyinet._process import PROCESS
from pyinet.enums import InternetOption as Opt
from pyinet.errors import HandleClosed, InternetException

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Protocol

    from pyinet._handles import Handle
    from pyinet._options.proxy_info import Part
    from pyinet._settings import Settings
    from pyinet._transfer.reporting import Reporter

    class Core(Protocol):
        """What is needed of `_core.Core`."""

        def settings_changed(self) -> None: ...


__all__ = ["OptionState", "SessionOptions", "open_sessions", "refresh_all", "renew_all"]


class OptionState:
    """What a session keeps for its options beside its settings.

    Attributes:
        proxy: The proxies in use: never PRECONFIG.
    """

    def __init__(self, given: ProxyInfo) -> None:
        """*given*: the proxies that the constructor was asked for."""
        self.proxy = ProxyInfo(0)
        self._given = given
        self._parts: dict[int, Part] | None = None

    def use(self, given: ProxyInfo, settings: Settings) -> None:
        """Take these proxies from now on.

        Raises:
            CallerError: 87, they are malformed; nothing is changed.
        """
        self.proxy, settings.proxies = resolved(given, PROCESS.proxy, proxy_environment(os.environ))
        self._given, self._parts = given, None
        settings.forget_proxies()

    def refresh(self, settings: Settings) -> None:
        """Read the environment again, when that is where the proxies come from."""
        parts = self._parts
        self.use(self._given, settings)
        self._parts = parts

    @property
    def parts(self) -> dict[int, Part]:
        """The proxies as ``INTERNET_PER_CONN_*`` numbers and values."""
        return parts_of(self.proxy) if self._parts is None else self._parts

    def change_parts(self, changes: tuple[tuple[int, Part], ...], settings: Settings) -> None:
        """Change some of `parts`.

        Raises:
            CallerError: 87, they are malformed; nothing is changed.
        """
        parts = merged(self.parts, changes)
        self.use(proxy_of_parts(parts), settings)
        self._parts = parts


class SessionOptions:
    """Base of `InternetSession`: its options."""

    _settings: Settings
    _handle: Handle
    _copied: Settings | None
    _reporter: Reporter | None
    _options: OptionState

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
        with _under(self._handle.context):
            access.set_option(_Holder(self), option, value, flags)

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
        with _under(self._handle.context):
            return access.query_option(_Holder(self), option)

    def _begin_options(
        self, settings: Settings, access_type: int, proxy_name: str | None, proxy_bypass: str | None
    ) -> None:
        """Take the constructor's proxies, and the options that were set on the process, into *settings*.

        Raises:
            CallerError: 87, the access type or a proxy is malformed.
        """
        given = ProxyInfo(access_type, proxy_name, proxy_bypass)
        self._options = OptionState(given)
        self._options.use(given, settings)
        for number, value in list(PROCESS.options.items()):
            if Level.SESSION in OPTIONS[number].writable:
                settings.store(number, value)
                apply_option(settings, Opt(number), value)

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


def open_sessions() -> list[SessionOptions]:
    """Return the open sessions of this process."""
    return [owner for owner in PROCESS.owners() if isinstance(owner, SessionOptions) and not owner._handle.closed]


def refresh_all() -> None:
    """Have every open session read the environment again. Source: ``INTERNET_OPTION_PROXY_SETTINGS_CHANGED``."""
    for session in open_sessions():
        with contextlib.suppress(HandleClosed):  # by another thread, just now
            session._refresh()


def renew_all() -> None:
    """Have every open session begin anew with connections and DNS. Source: ``INTERNET_OPTION_SETTINGS_CHANGED``."""
    for session in open_sessions():
        with contextlib.suppress(HandleClosed):  # by another thread, just now
            session._renew()


class _Holder:
    """A session as `access` sees it."""

    level = Level.SESSION

    def __init__(self, session: SessionOptions) -> None:
        self._session = session
        self.stored = session._settings.stored

    def store(self, option: int, value: object) -> None:
        self._session._settings.store(option, value)
        self._session._copied = None

    def option_value(self, option: Opt) -> object:
        if option in AS_SET:
            return self.stored.get(option, OPTIONS[option].default)
        return _VALUES[option](self._session)

    def option_changed(self, option: Opt, value: Any) -> None:  # noqa: ANN401 - checked and converted
        session = self._session
        settings, state = session._settings, session._options
        if option == Opt.PROXY_SETTINGS_CHANGED:
            refresh_all()
            return
        if option in {Opt.END_BROWSER_SESSION, Opt.SETTINGS_CHANGED}:
            if option == Opt.END_BROWSER_SESSION:
                settings.jar.clear_session()
            session._renew()
            return
        if option == Opt.CONTEXT_VALUE:
            session._handle.context = settings.context = value
        elif option == Opt.REFRESH:
            state.refresh(settings)
        elif option == Opt.PROXY:
            state.use(value, settings)
        elif option == Opt.PER_CONNECTION_OPTION:
            state.change_parts(value, settings)
        else:
            apply_option(settings, option, value)
        session._options_changed()


_VALUES: Mapping[Opt, Callable[[SessionOptions], object]] = {
    Opt.CALLBACK: lambda session: int(session._reporter is not None),
    Opt.HANDLE_TYPE: lambda session: session._handle.kind,
    Opt.PARENT_HANDLE: lambda _: 0,
    Opt.EXTENDED_ERROR: lambda _: winsock_error(PROCESS.os_errno),
    Opt.PROXY: lambda session: session._options.proxy,
    Opt.VERSION: lambda _: access.Version(1, 2),
    Opt.USER_AGENT: lambda session: session._settings.agent,
    Opt.CONTEXT_VALUE: lambda session: session._handle.context,
    Opt.HTTP_DECODING: lambda session: session._settings.http_decoding,
    Opt.PER_CONNECTION_OPTION: lambda session: tuple(session._options.parts.items()),
}
