"""Status callbacks on their way to the program: who is told, and that no harm comes of it."""

from __future__ import annotations

import threading
import weakref
from typing import TYPE_CHECKING

from pyinet._transfer.status import StatusMapper
from pyinet.enums import InternetErrorCode as Code
from pyinet.enums import InternetStatus
from pyinet.errors import CallerError, describe

if TYPE_CHECKING:
    from typing import Protocol

    from pyinet._transfer.status import NameMemory

    class Listener(Protocol):
        """What a session is to this module."""

        def on_status_callback(self, context: int, status: InternetStatus, info: object) -> object:
            """Be told."""


__all__ = ["Reporter", "Watch"]

_CLOSE = frozenset({InternetStatus.CLOSING_CONNECTION, InternetStatus.CONNECTION_CLOSED})
_UNCONNECTED = frozenset({
    None, InternetStatus.RESOLVING_NAME, InternetStatus.NAME_RESOLVED, InternetStatus.CONNECTING_TO_SERVER,
    InternetStatus.CONNECTION_CLOSED,
})  # fmt: skip


class Reporter:
    """Calls ``on_status_callback`` of one session. Handles copy it when they are made, as WinINet's do."""

    def __init__(self, listener: Listener, names: NameMemory) -> None:
        self._listener = weakref.ref(listener)
        self._names = names
        self._lock = threading.RLock()  # the collector may close a file meanwhile
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


class Watch:
    """Reports one operation: a row, or a file from opening to closing.

    Attributes:
        reporter: Whom to.
        context: What the callbacks carry.
        in_pieces: Whether its request body is written piece by piece: only its end lets the answer be waited for.
        ended: Whether its handle was closed: what is still told is the end of its connection, and its own.
    """

    __slots__ = ("_held", "_last", "_mapper", "context", "ended", "in_pieces", "reporter")

    def __init__(self, reporter: Reporter, mapper: StatusMapper, context: int) -> None:
        self.reporter = reporter
        self._mapper = mapper
        self._last: InternetStatus | None = None
        self.context = context
        self.ended = self.in_pieces = self._held = False

    def begin(self, url: str, proxy: str | None) -> None:
        """The next hop goes to *url*, through *proxy*."""
        self._mapper.begin(url, proxy)

    def feed(self, kind: int, value: int, text: str) -> None:
        """Report a raw event of the core."""
        for status, info in self._mapper.feed(kind, value, text):
            if self.ended and (status not in _CLOSE or self._last in _UNCONNECTED):
                continue
            if self.in_pieces and status == InternetStatus.RECEIVING_RESPONSE:
                self._held = True  # until the body has ended, or the answer does not wait for that
                continue
            if self._held and status == InternetStatus.RESPONSE_RECEIVED:
                self.body_ended()
            self._last = status
            self.reporter.deliver(self.context, status, info)

    def sends(self, size: int | None) -> None:
        """Report that a piece of the body is about to be sent, or was: *size* bytes."""
        if not self.ended:
            status = InternetStatus.SENDING_REQUEST if size is None else InternetStatus.REQUEST_SENT
            self.reporter.deliver(self.context, status, size)

    def body_ended(self) -> None:
        """Report that the answer is waited for."""
        if self._held:
            self._held = False
            self.reporter.deliver(self.context, InternetStatus.RECEIVING_RESPONSE, None)

    def tell(self, status: InternetStatus, info: object) -> None:
        """Report *status*, which no event of the core tells."""
        self.reporter.begin()
        try:
            self.reporter.deliver(self.context, status, info)
        finally:
            self.reporter.end()

    def redirect(self, url: str) -> None:
        """Report that an answer leads to *url*; only the value False, returned by the callback, forbids it.

        Raises:
            CallerError: 12168, it was forbidden; 12017, the handle was closed.
        """
        answer = None if self.ended else self.reporter.deliver(self.context, InternetStatus.REDIRECT, url)
        if self.ended:
            code = Code.ERROR_INTERNET_OPERATION_CANCELLED
            raise CallerError(describe("the file was closed", code, url=url), code, url=url)
        if answer is False:
            code = Code.ERROR_HTTP_REDIRECT_NEEDS_CONFIRMATION
            raise CallerError(describe("on_status_callback forbade the redirect", code, url=url), code, url=url)


class _Raising:
    """Raises an exception when it is called, and looks like where that came from."""

    def __init__(self, error: Exception, listener: Listener) -> None:
        self._error, self._listener = error, listener

    def __call__(self, _: object) -> None:
        raise self._error

    def __repr__(self) -> str:
        return repr(self._listener.on_status_callback)


def _show(error: Exception, listener: Listener) -> None:
    """Have `sys.unraisablehook` show *error*.

    Only the interpreter can make what the hook takes, and survives one that raises; it does so for a callback of a weak
    reference.
    """
    referent: set[object] = set()
    reference = weakref.ref(referent, _Raising(error, listener))
    del referent, reference
