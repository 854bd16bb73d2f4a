"""What every remote file is, read or written: a handle, one thread at a time, an end."""

from __future__ import annotations

import contextlib
import io
import threading
import warnings
from typing import TYPE_CHECKING

from pyinet._handles import Handle
from pyinet.enums import InternetErrorCode as Code
from pyinet.enums import InternetStatus
from pyinet.errors import CallerError, HandleClosed, describe

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    from pyinet._files.write_buffer import WriteBuffer
    from pyinet._transfer.reporting import Watch
    from pyinet._transfer.streaming import Streaming
    from pyinet.enums import InternetHandleType

    class Parent(Protocol):
        """A session or a connection."""

        @property
        def handle_node(self) -> Handle:
            """Its place in the tree."""


__all__ = ["FileHandle", "check_open"]


class FileHandle(io.RawIOBase):
    """A handle below a session or a connection, and the exchange of the request that runs on it."""

    _url = ""
    _line = b""  # read ahead for lines, or all there is
    _ended = False  # whether the body brings no more
    _writing: WriteBuffer | None = None
    _upload: object = None  # the request body that is being sent: nothing can be read then

    def __init__(self, parent: Parent, kind: InternetHandleType, context: int, watch: Watch | None) -> None:
        """Open the handle of a file below *parent*, which it keeps alive; statuses go to *watch*."""
        self._parent = parent
        self._busy = threading.Lock()
        self._stream: Streaming | None = None
        self._release: Callable[[Streaming], None] = _drop
        self._watch = watch
        self._last_words: list[int] = []  # the number of the handle, until its end was reported
        self._user = 0  # the thread inside
        self._handle = Handle(self, kind, parent.handle_node, context)
        self._last_words.append(self._handle.number)
        if watch is not None:
            watch.tell(InternetStatus.HANDLE_CREATED, self._last_words[0])

    # ---- who is inside ----

    def _claim(self) -> None:
        """Begin to use the file; `_leave` must follow.

        Raises:
            HandleClosed: 6, it was closed.
            CallerError: 12026, it is in use.
        """
        if not self._handle.number:
            self._handle.check("the file")
        if not self._busy.acquire(blocking=False):
            code = Code.ERROR_INTERNET_REQUEST_PENDING
            hint = "let one thread at a time use it, and none from inside its own status callback"
            what = describe("the file is in use", code, url=self.name, hint=hint)
            raise CallerError(what, code, url=self.name, context=self.context)
        self._user = threading.get_ident()
        if self._watch is not None:
            self._watch.reporter.begin()

    def _enter(self) -> Streaming:
        """As `_claim`; return what the body comes over.

        Raises:
            CallerError: 12019, there is nothing to read from.
        """
        self._claim()
        if self._stream is None or self._upload is not None:
            self._leave()
            self._handle.check("the file")
            raise self._wrong_state("there is no answer to read from")
        return self._stream

    def _leave(self) -> None:
        if self._watch is not None:
            self._watch.reporter.end()
        self._user = 0
        self._busy.release()
        if not self._handle.number:
            self._end()  # it was closed while it was in use: the last word is ours

    def _wrong_state(self, what: str, hint: str = "", cls: type[CallerError] = CallerError) -> CallerError:
        """Return the exception for a call that comes too early, or too late: 12019."""
        code = Code.ERROR_INTERNET_INCORRECT_HANDLE_STATE
        return cls(describe(what, code, url=self.name, hint=hint), code, url=self.name, context=self.context)

    def _cancelled(self) -> CallerError:
        return _cancelled(self._handle, self.name)

    @property
    def handle_node(self) -> Handle:
        """Its place in the tree of handles."""
        return self._handle

    # ---- names ----

    @property
    def name(self) -> str:
        """The URL."""
        return self._url

    @property
    def mode(self) -> str:
        """``"rb"``, or ``"wb"`` while a request body is written to."""
        return "wb" if self.writable() else "rb"

    @property
    def handle(self) -> int:
        """The HINTERNET as a number; 0 once closed."""
        return self._handle.number

    @property
    def context(self) -> int:
        """What status callbacks and errors of this file carry. Source: MFC ``GetContext``."""
        return self._handle.context

    def get_context(self) -> int:
        """Return `context`."""
        return self._handle.context

    # ---- the end ----

    def close(self) -> None:
        """Close it, from any thread; what was written is sent, what was not read is given up. Idempotent.

        Raises:
            InternetException: What was written cannot be sent. The file is closed nevertheless.

        Source: MFC ``CInternetFile::Close``.
        """
        try:
            if self._writing is not None and self._handle.number and not self._busy.locked():
                self._send_rest()
        finally:
            self._handle.close()

    def abort(self) -> None:
        """Close it, forget what was written and not sent, and ignore every failure.

        Source: MFC ``CInternetFile::Abort``.
        """
        if self._writing is not None:
            self._writing.drop()
        with contextlib.suppress(Exception):
            self._handle.close()

    @property
    def _is_cut(self) -> bool:
        """Whether the body ended before its end: every read from there on says so."""
        return self._stream is not None and self._stream.error is not None

    def _send_rest(self) -> None:
        """What was written and not sent is to be sent."""

    def handle_closed(self) -> None:
        """End what runs; the tree of handles calls this once."""
        stream = self._stream
        if self._watch is not None:
            self._watch.ended = True
        elif stream is None and not self._busy.locked():
            self._last_words.clear()  # complete, and nobody is told
            return
        if self._busy.locked() and stream is not None and self._user != threading.get_ident():
            with contextlib.suppress(HandleClosed):
                stream.cancel()  # whoever is inside leaves
        if self._busy.acquire(blocking=False):
            self._busy.release()
            self._end()  # otherwise whoever is inside has the last word

    def _give_back(self) -> None:
        """The body was read to its end: others may use what it came over."""
        stream, self._stream = self._stream, None
        if stream is not None:
            self._release(stream)

    def _give_up(self) -> None:
        """Nobody wants the rest of the body."""
        stream, self._stream = self._stream, None
        if stream is not None:
            try:
                with contextlib.suppress(HandleClosed):
                    stream.finish()
            finally:
                self._release(stream)

    def _end(self) -> None:
        """Give the connection back or close it, and report the end, once."""
        try:
            number = self._last_words.pop()
        except IndexError:
            return
        try:
            self._give_up()
        finally:
            if self._watch is not None:
                self._watch.tell(InternetStatus.HANDLE_CLOSING, number)

    @property
    def closed(self) -> bool:
        """Whether it was closed, or its session."""
        return not self._handle.number

    def __del__(self) -> None:
        if not getattr(self, "_last_words", None):
            return
        runs = self._stream is not None or self._writing is not None
        if not (runs or self._line or self._watch):
            self._handle.forget()  # most are dropped like this: read, and nobody is told
            return
        lost = self._line or (self._stream is not None and not self._ended)  # of its body, and it may hold a connection
        if lost and not self._is_cut:
            warnings.warn(f"unclosed file {self.name!r}", ResourceWarning, source=self, stacklevel=2)
        self.abort()
        if self._last_words:  # the collector came first: the handle no longer knew whom to close, and the queue is gone
            self._stream = None
            self._end()

    def __repr__(self) -> str:
        return f"<{type(self).__name__}{' closed' if self._handle.closed else ''} {self.name}>"


def check_open(handle: Handle, url: str) -> None:
    """Raise 12017 when a callback, or another thread, has closed a file: it is not held by this.

    Raises:
        CallerError: 12017.
    """
    if handle.closed:
        raise _cancelled(handle, url)


def _cancelled(handle: Handle, url: str) -> CallerError:
    code = Code.ERROR_INTERNET_OPERATION_CANCELLED
    return CallerError(describe("the file was closed", code, url=url), code, url=url, context=handle.context)


def _drop(stream: Streaming) -> None:
    stream.queue.close()
