"""Status callbacks on their way to the program: who is told, and that no harm comes of it."""

from __future__ import annotations

import sys
import threading
import types
import weakref
from typing import TYPE_CHECKING

from pyinet._status import StatusMapper
from pyinet.enums import InternetErrorCode as Code
from pyinet.enums import InternetStatus
from pyinet.errors import CallerError, describe

if TYPE_CHECKING:
    from typing import Protocol

    from pyinet._status import NameMemory

    class Listener(Protocol):
        """What a session is to this module."""

        def on_status_callback(self, context: int, status: InternetStatus, info: object) -> object:
            """Be told."""


__all__ = ["Reporter", "Watch"]


class Reporter:
    """Calls ``on_status_callback`` of one session. Handles copy it when they are made, as WinINet's do."""

    def __init__(self, listener: Listener, names: NameMemory) -> None:
        self._listener = weakref.ref(listener)
        self._names = names
        self._lock = threading.Lock()
        self._pending = 0

    def watch(self, context: int) -> Watch:
        """Return what reports one operation under *context*, which is not 0."""
        return Watch(self, StatusMapper(self._names), context)

    def deliver(self, context: int, status: InternetStatus, info: object) -> object:
        """Tell the session; its answer. An exception is shown by `sys.unraisablehook` and goes no further.

        Raises:
            BaseException: What is no `Exception` passes: KeyboardInterrupt ends the operation.
        """
        listener = self._listener()
        if not context or listener is None:
            return None
        try:
            return listener.on_status_callback(context, status, info)
        except Exception as error:  # noqa: BLE001 - a callback that raises must not end a transfer
            _show(error, listener)
            return None

    def begin(self) -> None:
        """An operation begins whose statuses are to be delivered."""
        with self._lock:
            self._pending += 1

    def end(self) -> None:
        """All of them were."""
        with self._lock:
            self._pending -= 1

    @property
    def pending(self) -> bool:
        """Whether callbacks are still to come."""
        return self._pending > 0

    def after_fork(self) -> None:
        """A child has nothing pending."""
        self._lock = threading.Lock()
        self._pending = 0


class Watch:
    """Reports one operation: a row, or a file from opening to closing."""

    __slots__ = ("_mapper", "context", "reporter")

    def __init__(self, reporter: Reporter, mapper: StatusMapper, context: int) -> None:
        self.reporter = reporter
        self._mapper = mapper
        self.context = context

    def begin(self, url: str, proxy: str | None) -> None:
        """The next hop goes to *url*, through *proxy*."""
        self._mapper.begin(url, proxy)

    def feed(self, kind: int, value: int, text: str) -> None:
        """Report a raw event of the core."""
        for status, info in self._mapper.feed(kind, value, text):
            self.reporter.deliver(self.context, status, info)

    def tell(self, status: InternetStatus, info: object) -> None:
        """Report *status*."""
        self.reporter.deliver(self.context, status, info)

    def redirect(self, url: str) -> None:
        """Report that an answer leads to *url*; only the value False, returned by the callback, forbids it.

        Raises:
            CallerError: 12168, it was forbidden.
        """
        if self.reporter.deliver(self.context, InternetStatus.REDIRECT, url) is False:
            code = Code.ERROR_HTTP_REDIRECT_NEEDS_CONFIRMATION
            raise CallerError(describe("on_status_callback forbade the redirect", code, url=url), code, url=url)


def _show(error: Exception, listener: object) -> None:
    args = types.SimpleNamespace(
        exc_type=type(error),
        exc_value=error,
        exc_traceback=error.__traceback__,
        err_msg="Exception ignored in",
        object=getattr(listener, "on_status_callback", listener),
    )
    sys.unraisablehook(args)
