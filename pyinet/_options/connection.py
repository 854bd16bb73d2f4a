"""Options of connections. Source: MFC ``CInternetConnection::SetOption``, ``QueryOption``; the table: `table.py`."""

# ruff: noqa: SLF001 - a part of the connection in a file of its own

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyinet._options import access
from pyinet._options.handle import CERTIFICATE_FLAGS, HandleHolder
from pyinet._options.table import Level
from pyinet.enums import InternetOption as Opt

if TYPE_CHECKING:
    from pyinet._handles import Handle
    from pyinet._request.credentials import Credentials
    from pyinet._settings import Settings
    from pyinet._transfer.reporting import Reporter, Watch

__all__ = ["ConnectionOptions"]


class ConnectionOptions:
    """Base of `InternetConnection`: its options."""

    _handle: Handle
    _settings: Settings
    _credentials: Credentials
    _reporter: Reporter | None
    _watch: Watch | None
    _flags: int
    _security = 0  # SECURITY_FLAG_IGNORE_* bits for requests

    def set_option(self, option: Opt | int, value: object = None, flags: int = 0) -> None:
        """Set an option: for what is opened on the connection from now on; what is open stays as it is.

        USERNAME and PASSWORD also reach requests that are open, when they are sent next.

        Args:
            option: ``INTERNET_OPTION_*``.
            value: As the option has it: milliseconds (0xFFFFFFFF for no limit), a number, bool or str; options without
                a value ignore it.
            flags: ``ISO_GLOBAL`` (1) and ``ISO_REGISTRY`` (2) are ignored.

        Raises:
            CallerError: 12009, there is no such option; 12011, it can only be queried; 12018 or 12016, it is not one of
                connections; 87, *value* has the wrong type or size, or is out of range, or *flags* are.
            HandleClosed: 6, the connection was closed.

        Source: MFC ``CInternetConnection::SetOption``.
        """
        self._handle.check("the connection")
        access.set_option(_Holder(self), option, value, flags)

    def query_option(self, option: Opt | int) -> Any:  # noqa: ANN401 - of the type that the option has
        """Return the value of an option: an int, bool, str or tuple.

        Args:
            option: ``INTERNET_OPTION_*``.

        Raises:
            CallerError: 12009, there is no such option; 12018 or 12016, it is not one of connections, or can only be
                set.
            HandleClosed: 6, the connection was closed.

        Source: MFC ``CInternetConnection::QueryOption``.
        """
        self._handle.check("the connection")
        return access.query_option(_Holder(self), option)

    def _own_settings(self) -> Settings:
        self._settings = self._settings.copy()  # what was opened shares those it began with
        return self._settings

    def _own_credentials(self) -> Credentials:
        return self._credentials

    def _option_reporter(self) -> Reporter | None:
        return self._reporter

    def _report_as(self, context: int) -> None:
        if self._watch is not None:
            self._watch.context = context
        elif context and self._reporter is not None:
            self._watch = self._reporter.watch(context)


class _Holder(HandleHolder):
    level = Level.CONNECTION

    def __init__(self, connection: ConnectionOptions) -> None:
        super().__init__(connection)
        self._connection = connection

    def option_value(self, option: Opt) -> object:
        if option == Opt.SECURITY_FLAGS:
            return self._connection._security | self._connection._flags & CERTIFICATE_FLAGS
        return super().option_value(option)

    def option_changed(self, option: Opt, value: Any) -> None:  # noqa: ANN401 - checked and converted
        if option == Opt.SECURITY_FLAGS:
            self._connection._security |= value
        else:
            super().option_changed(option, value)
