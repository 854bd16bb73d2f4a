"""What the options of a session do; loaded by the first that is set or queried. The table: `table.py`."""

# ruff: noqa: SLF001 - a part of the session in a file of its own

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyinet._network.winsock import winsock_error
from pyinet._options import access
from pyinet._options.open_sessions import refresh_all
from pyinet._options.settings import AS_SET, apply_option
from pyinet._options.table import OPTIONS, Level
from pyinet._process import PROCESS
from pyinet.enums import InternetOption as Opt

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pyinet._options.open_sessions import Session
    from pyinet._settings import Settings

__all__ = ["change", "inherit", "value_of"]


def change(session: Session, option: Opt | int, value: object, flags: int) -> None:
    """See `SessionOptions.set_option`."""
    access.set_option(_Holder(session), option, value, flags)


def value_of(session: Session, option: Opt | int) -> Any:  # noqa: ANN401 - of the type that the option has
    """See `SessionOptions.query_option`."""
    return access.query_option(_Holder(session), option)


def inherit(settings: Settings) -> None:
    """Take the options that were set on the process into those of a new session."""
    for number, value in list(PROCESS.options.items()):
        if Level.SESSION in OPTIONS[number].writable:
            settings.store(number, value)
            apply_option(settings, Opt(number), value)


class _Holder:
    """A session as `access` sees it."""

    level = Level.SESSION

    def __init__(self, session: Session) -> None:
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
        settings, proxies = session._settings, session._options
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
            proxies.refresh(settings)
        elif option == Opt.PROXY:
            proxies.use(value, settings)
        elif option == Opt.PER_CONNECTION_OPTION:
            proxies.change_parts(value, settings)
        else:
            apply_option(settings, option, value)
        session._options_changed()


_VALUES: Mapping[Opt, Callable[[Session], object]] = {
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
