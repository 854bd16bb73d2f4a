"""What an option does to every open session of this process."""

# ruff: noqa: SLF001 - for parts of the session

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from pyinet._process import PROCESS
from pyinet.errors import HandleClosed

if TYPE_CHECKING:
    from typing import Protocol

    from pyinet._handles import Handle
    from pyinet._options.session_proxies import SessionProxies
    from pyinet._settings import Settings
    from pyinet._transfer.reporting import Reporter

    class Session(Protocol):
        """What is needed of `InternetSession`."""

        _handle: Handle
        _settings: Settings
        _options: SessionProxies
        _copied: Settings | None
        _reporter: Reporter | None

        def _options_changed(self) -> None: ...

        def _refresh(self) -> None: ...

        def _renew(self) -> None: ...


__all__ = ["Session", "open_sessions", "refresh_all", "renew_all"]


def open_sessions() -> list[Session]:
    """Return the open sessions of this process."""
    return [owner for owner in PROCESS.owners() if not owner._handle.closed]


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
