"""Options of the process: those that C sets on a NULL handle. Source: WinINet ``InternetSetOption``."""

# ruff: noqa: SLF001 - the session's inner side

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Any

from pyinet._network.system_proxy import proxy_environment
from pyinet._network.winsock import winsock_error
from pyinet._options import access
from pyinet._options.access import Version
from pyinet._options.open_sessions import open_sessions, refresh_all, renew_all
from pyinet._options.proxy_info import ProxyInfo, merged, parts_of, proxy_of_parts, resolved
from pyinet._options.table import OPTIONS, Level
from pyinet._process import PROCESS
from pyinet.enums import AccessType, InternetStatus
from pyinet.enums import InternetOption as Opt
from pyinet.errors import HandleClosed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pyinet._options.proxy_info import Part

__all__ = ["query_option", "set_option"]

_STATE_CONNECTED, _STATE_DISCONNECTED_BY_USER = 0x01, 0x10
_HTTP_1_1 = (1, 1)


def set_option(option: Opt | int, value: object = None, flags: int = 0) -> None:
    """Set an option of the process, as C does with a NULL handle.

    Timeouts, limits and the options that are only stored become those of sessions opened later. PROXY and
    PER_CONNECTION_OPTION become what PRECONFIG means to sessions opened or refreshed later. MAX_CONNS_PER_SERVER limits
    the files that ``open_url`` holds open to one scheme, host and port, in all sessions; until it is set there is no
    limit, although a query says 2. CONNECTED_STATE takes the process off line and back: what runs is not ended.

    Args:
        option: ``INTERNET_OPTION_*``.
        value: As for `InternetSession.set_option`; CONNECTED_STATE: ``(state, flags)`` or the state alone.
        flags: ``ISO_GLOBAL`` (1) and ``ISO_REGISTRY`` (2) are ignored.

    Raises:
        CallerError: 12009, there is no such option; 12011, it can only be queried; 12018, it is not one of the process;
            12010, *value* has the wrong type or size; 87 or 160, it is out of range, or *flags* are.
        NotSupported: 50, HTTP_VERSION (1, 0) where the core cannot speak it.

    Source: WinINet ``InternetSetOption``.
    """
    access.set_option(_Holder(), option, value, flags)


def query_option(option: Opt | int) -> Any:  # noqa: ANN401 - of the type that the option has
    """Return the value of an option of the process, as C does with a NULL handle; see `set_option`.

    Raises:
        CallerError: 12009, there is no such option; 12018, it is not one of the process, or can only be set.

    Source: WinINet ``InternetQueryOption``.
    """
    return access.query_option(_Holder(), option)


class _Holder:
    """The process as `access` sees it."""

    level = Level.PROCESS

    def __init__(self) -> None:
        self.stored = PROCESS.options

    def store(self, option: int, value: object) -> None:
        PROCESS.options[option] = value

    def option_value(self, option: Opt) -> object:
        read = _VALUES.get(option)
        return self.stored.get(option, OPTIONS[option].default) if read is None else read()

    def option_changed(self, option: Opt, value: Any) -> None:  # noqa: ANN401 - checked and converted
        if option == Opt.PROXY:
            _use(value)
        elif option == Opt.PER_CONNECTION_OPTION:
            parts = merged(_parts(), value)
            _use(proxy_of_parts(parts))
            PROCESS.proxy_parts = parts
        elif option in {Opt.REFRESH, Opt.PROXY_SETTINGS_CHANGED}:
            refresh_all()
        elif option == Opt.END_BROWSER_SESSION:
            for jar in [PROCESS.jar, *(session._settings.jar for session in open_sessions())]:
                jar.clear_session()
            renew_all()
        elif option == Opt.SETTINGS_CHANGED:
            renew_all()
        elif option == Opt.CONNECTED_STATE:
            _connect(offline=value.state == _STATE_DISCONNECTED_BY_USER)
        elif option == Opt.HTTP_VERSION:
            _use_http_version(value)
        else:
            if option == Opt.MAX_CONNS_PER_SERVER:
                PROCESS.connections.limit = value
            self.stored[option] = value


def _proxy() -> ProxyInfo:
    return resolved(ProxyInfo(int(AccessType.PRECONFIG)), PROCESS.proxy, proxy_environment(os.environ))[0]


def _parts() -> dict[int, Part]:
    return parts_of(_proxy()) if PROCESS.proxy_parts is None else PROCESS.proxy_parts


def _use(given: ProxyInfo) -> None:
    resolved(given, None, os.environ)  # malformed ones are refused here
    of_environment = given.access_type in {AccessType.PRECONFIG, AccessType.PRECONFIG_WITH_NO_AUTOPROXY}
    PROCESS.proxy = None if of_environment else given
    PROCESS.proxy_parts = None


def _connected_state() -> int:
    return _STATE_DISCONNECTED_BY_USER if PROCESS.offline else _STATE_CONNECTED


def _connect(*, offline: bool) -> None:
    if offline == PROCESS.offline:
        return
    PROCESS.offline = offline
    state = _connected_state()
    for session in open_sessions():
        if session._reporter is not None:
            session._reporter.deliver(session._handle.context, InternetStatus.STATE_CHANGE, state)


def _use_http_version(version: Version) -> None:
    PROCESS.http_1_0 = version != _HTTP_1_1
    for session in open_sessions():
        with contextlib.suppress(HandleClosed):  # by another thread, just now
            session._options_changed()


_VALUES: Mapping[Opt, Callable[[], object]] = {
    Opt.PROXY: _proxy,
    Opt.PER_CONNECTION_OPTION: lambda: tuple(_parts().items()),
    Opt.EXTENDED_ERROR: lambda: winsock_error(PROCESS.os_errno),
    Opt.VERSION: lambda: Version(1, 2),
    Opt.CONNECTED_STATE: _connected_state,
    Opt.HTTP_VERSION: lambda: Version(1, 0 if PROCESS.http_1_0 else 1),
}
