"""What options do on a connection and on a file alike."""

# ruff: noqa: SLF001 - a part of both in a file of its own

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyinet._network.winsock import winsock_error
from pyinet._options.open_sessions import refresh_all
from pyinet._options.settings import AS_SET, apply_option
from pyinet._options.table import OPTIONS, Level
from pyinet._process import PROCESS
from pyinet.enums import InternetOption as Opt

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Protocol

    from pyinet._handles import Handle
    from pyinet._request.credentials import Credentials
    from pyinet._settings import Settings
    from pyinet._transfer.reporting import Reporter

    class Owner(Protocol):
        """What is needed of a connection or a file."""

        _handle: Handle
        _settings: Settings

        def _own_settings(self) -> Settings:
            """Its settings, no longer shared with others: to be changed."""

        def _own_credentials(self) -> Credentials:
            """Who it is to the server."""

        def _option_reporter(self) -> Reporter | None:
            """Whom it reports to."""

        def _report_as(self, context: int) -> None:
            """Have its callbacks carry another context."""


__all__ = ["CERTIFICATE_FLAGS", "HandleHolder"]

CERTIFICATE_FLAGS = 0x3000
"""IGNORE_CERT_CN_INVALID and IGNORE_CERT_DATE_INVALID: the same bits of ``INTERNET_FLAG_*`` and ``SECURITY_FLAG_*``."""


class HandleHolder:
    """A connection or a file as `access` sees it."""

    level: Level

    def __init__(self, owner: Owner) -> None:
        self._owner = owner

    @property
    def stored(self) -> Mapping[int, object]:
        return self._owner._settings.stored

    def store(self, option: int, value: object) -> None:
        self._owner._own_settings().store(option, value)

    def option_value(self, option: Opt) -> object:
        if option in AS_SET:
            return self.stored.get(option, OPTIONS[option].default)
        return _VALUES[option](self._owner)

    def option_changed(self, option: Opt, value: Any) -> None:  # noqa: ANN401 - checked and converted
        owner = self._owner
        if option == Opt.USERNAME:
            owner._own_credentials().user = value or None
        elif option == Opt.PASSWORD:
            owner._own_credentials().password = value
        elif option == Opt.CONTEXT_VALUE:
            owner._handle.context = value
            owner._report_as(value)
        elif option == Opt.END_BROWSER_SESSION:
            owner._settings.jar.clear_session()
        elif option == Opt.PROXY_SETTINGS_CHANGED:
            refresh_all()
        else:
            apply_option(owner._own_settings(), option, value)


def _parent_of(owner: Owner) -> int:
    parent = owner._handle.parent
    return 0 if parent is None else parent.number


_VALUES: Mapping[Opt, Callable[[Owner], object]] = {
    Opt.CALLBACK: lambda owner: int(owner._option_reporter() is not None),
    Opt.HANDLE_TYPE: lambda owner: owner._handle.kind,
    Opt.PARENT_HANDLE: _parent_of,
    Opt.EXTENDED_ERROR: lambda _: winsock_error(PROCESS.os_errno),
    Opt.USERNAME: lambda owner: owner._own_credentials().user or "",
    Opt.PASSWORD: lambda owner: owner._own_credentials().password or "",
    Opt.PROXY_USERNAME: lambda owner: owner._settings.proxy_user or "",
    Opt.PROXY_PASSWORD: lambda owner: owner._settings.proxy_password or "",
    Opt.CONTEXT_VALUE: lambda owner: owner._handle.context,
    Opt.HTTP_DECODING: lambda owner: owner._settings.http_decoding,
}
