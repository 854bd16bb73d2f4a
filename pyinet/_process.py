"""What WinINet keeps once a process: handles, connection limits, connected state. The one place of such state."""

from __future__ import annotations

import os
import threading
import weakref
from typing import TYPE_CHECKING, Any

from pyinet._network.connection_limit import ConnectionLimit
from pyinet.cookiejar import CookieJar

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyinet._options.proxy_info import ProxyInfo

__all__ = ["PROCESS", "Process"]

_FIRST_HANDLE = 0x00CC0004
_HANDLE_STEP = 4


class Process:
    """State shared by all sessions of this process.

    Attributes:
        lock: Guards the tree of handles.
        handles: Number to handle, while the handle is open.
        connections: Open HTTP files a server (``INTERNET_OPTION_MAX_CONNS_PER_SERVER``).
        options: Values of options set on the process, by number: those of sessions opened later.
        proxy: ``INTERNET_OPTION_PROXY`` of the process; None for that of the environment.
        proxy_parts: The same as it was set by ``INTERNET_OPTION_PER_CONNECTION_OPTION``; None when it was not.
        jar: Cookies of calls on the class `InternetSession`.
        offline: Whether ``INTERNET_OPTION_CONNECTED_STATE`` took the process off line.
        http_1_0: Whether requests speak HTTP/1.0 (``INTERNET_OPTION_HTTP_VERSION``).
    """

    def __init__(self) -> None:
        self.connections = ConnectionLimit()
        self.options: dict[int, object] = {}
        self.proxy: ProxyInfo | None = None
        self.proxy_parts: dict[int, int | str | None] | None = None
        self._of_thread = threading.local()
        self.offline = False
        self.http_1_0 = False
        self.jar = CookieJar()
        self._next = _FIRST_HANDLE
        self._in_child: weakref.WeakSet[Any] = weakref.WeakSet()
        self._begin()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._after_fork)

    def _begin(self) -> None:
        self.lock = threading.RLock()
        self.handles: dict[int, Any] = {}

    def number(self, handle: Any) -> int:  # noqa: ANN401 - the tree of handles knows what it is
        """Give *handle* a number, never reused: an old one can never mean another handle. The lock is held."""
        number, self._next = self._next, self._next + _HANDLE_STEP
        self.handles[number] = handle
        return number

    def renew_in_child(self, owner: Any) -> None:  # noqa: ANN401 - whatever has the method
        """Call ``owner.after_fork()`` in forked children, as long as *owner* lives."""
        with self.lock:
            self._in_child.add(owner)

    def owners(self) -> list[Any]:
        """Return those given to `renew_in_child` that live: the sessions."""
        with self.lock:
            return list(self._in_child)

    @property
    def os_errno(self) -> int:
        """``errno`` of the last failure that this thread met; 0 for none (``INTERNET_OPTION_EXTENDED_ERROR``)."""
        return getattr(self._of_thread, "os_errno", 0)

    @os_errno.setter
    def os_errno(self, value: int) -> None:
        self._of_thread.os_errno = value

    def _after_fork(self) -> None:
        handles = dict(self.handles)
        self._begin()  # another thread may have held the lock
        self.jar.renew_lock()
        self.connections.after_fork()
        self.handles.update(handles)
        for owner in list(self._in_child):
            renew: Callable[[], None] = owner.after_fork
            renew()


PROCESS = Process()
