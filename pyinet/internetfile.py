"""`InternetFile`: a remote body as a Python file. Source: MFC ``CInternetFile``; `io.RawIOBase`."""

from __future__ import annotations

import contextlib
import io
import threading
import warnings
from typing import TYPE_CHECKING

from pyinet._handles import Handle
from pyinet.enums import InternetErrorCode as Code
from pyinet.enums import InternetStatus
from pyinet.errors import CallerError, HandleClosed, InternetException, NotSupported, describe, invalid_parameter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Protocol

    from pyinet._reporting import Watch
    from pyinet._streaming import Streaming
    from pyinet.enums import InternetHandleType

    class Parent(Protocol):
        """A session or a connection."""

        @property
        def handle_node(self) -> Handle:
            """Its place in the tree."""


__all__ = ["InternetFile"]

_LINE_BYTES = 65_536
"""Read at once while lines are looked for."""

_MOST_AT_ONCE = 1 << 26
"""Bytes `InternetFile.read` takes memory for before they are there."""


class InternetFile(io.RawIOBase):
    """A body that is read while it arrives, in bounded memory. Made by `InternetSession.open_url`.

    One thread at a time may use it, others get 12026; any thread may close it. ``read(n)`` returns fewer than *n* bytes
    only at the end, as MFC's ``Read``; ``readinto`` returns what is there.

    Source: MFC ``CInternetFile``.
    """

    def __init__(self, parent: Parent, kind: InternetHandleType, context: int, watch: Watch | None) -> None:
        """Open the handle of a file below *parent*, which it keeps alive; statuses go to *watch*."""
        super().__init__()
        self._parent = parent
        self._busy = threading.Lock()
        self._stream: Streaming | None = None
        self._release: Callable[[Streaming], None] = _drop
        self._watch = watch
        self._last_words: list[int] = []  # the number of the handle, until its end was reported
        self._line = b""  # read ahead for lines, or all there is
        self._at = 0  # so much of it was read
        self._url = ""
        self._position = 0
        self._ended = False
        self._user = 0  # the thread inside
        self._handle = Handle(self, kind, parent.handle_node, context)
        self._last_words.append(self._handle.number)
        if watch is not None:
            watch.tell(InternetStatus.HANDLE_CREATED, self._last_words[0])

    # ---- who is inside ----

    def _enter(self) -> Streaming:
        """Begin to use the file; `_leave` must follow.

        Raises:
            HandleClosed: 6, it was closed.
            CallerError: 12026, it is in use.
        """
        if self._handle.closed:
            self._handle.check("the file")
        if not self._busy.acquire(blocking=False):
            code = Code.ERROR_INTERNET_REQUEST_PENDING
            hint = "let one thread at a time use it, and none from inside its own status callback"
            raise CallerError(describe("the file is in use", code, url=self.name, hint=hint), code, url=self.name)
        self._user = threading.get_ident()
        if self._watch is not None:
            self._watch.reporter.begin()
        if self._stream is None:
            self._leave()
            self._handle.check("the file")
            code = Code.ERROR_INTERNET_INCORRECT_HANDLE_STATE
            raise CallerError(describe("there is no answer to read from", code), code)
        return self._stream

    def _leave(self) -> None:
        if self._watch is not None:
            self._watch.reporter.end()
        self._user = 0
        self._busy.release()
        if self._handle.closed:
            self._end()  # it was closed while it was in use: the last word is ours

    def _cancelled(self) -> CallerError:
        return _cancelled(self._handle, self.name)

    # ---- reading ----

    def readable(self) -> bool:
        """Return True. Source: `io.RawIOBase`."""
        return True

    def write(self, data: object, /) -> int:  # noqa: ARG002 - as in io
        """Raise: there is nothing to write to.

        Raises:
            NotSupported: 50.
            HandleClosed: 6, the file was closed.
        """
        self._handle.check("the file")
        code = Code.ERROR_NOT_SUPPORTED
        raise NotSupported(describe("the file is for reading", code, url=self.name), code, url=self.name)

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # any writable buffer
        """Read what is there, at least one byte, into *buffer*; 0 at the end.

        Raises:
            InternetException: The body ended before its end. What came before was read.
            HandleClosed: The file was closed.
        """
        if self._handle.closed:
            self._handle.check("the file")
        with memoryview(buffer) as view, view.cast("B") as out:
            return self._read_into(out, 1) if len(out) else 0

    def _read_into(self, out: memoryview, least: int) -> int:
        ahead = got = min(len(out), len(self._line) - self._at)
        out[:ahead] = self._line[self._at : self._at + ahead]
        if got < least and not self._ended:
            try:
                got += self._receive(out[got:], least - got)
            except InternetException:
                if not got or not self._is_cut:
                    raise  # otherwise what came before is read first
        self._take(ahead)
        self._position += got - ahead
        return got

    def _take(self, size: int) -> bytes:
        """Return up to *size* bytes of what was read ahead."""
        data = self._line[self._at : self._at + size]
        self._at += len(data)
        self._position += len(data)
        if self._at == len(self._line):
            self._line, self._at = b"", 0
        return data

    @property
    def _is_cut(self) -> bool:
        """Whether the body ended before its end: every read from there on says so."""
        return self._stream is not None and self._stream.error is not None

    def _receive(self, out: memoryview, least: int) -> int:
        stream = self._enter()
        try:
            got = stream.read_into(out, least)
            self._ended = got < least and stream.error is None
            self._received(got, stream)
            if self._ended:
                self._give_back()
        except HandleClosed:
            raise self._cancelled() from None  # the session was closed, with all that ran
        finally:
            self._leave()
        return got

    def _received(self, count: int, stream: Streaming) -> None:
        """*count* bytes of the body came."""

    def read(self, size: int | None = -1) -> bytes:
        """Return *size* bytes, fewer only at the end; all that is left when *size* is negative or None.

        Raises:
            InternetException: The body ended before its end. What came before was read.
            HandleClosed: The file was closed.

        Source: MFC ``CInternetFile::Read``.
        """
        if size is None or size < 0:
            return self.readall()
        if self._handle.closed:
            self._handle.check("the file")
        if size <= len(self._line) - self._at or self._ended:
            return self._take(size)
        if size > _MOST_AT_ONCE:
            return self._read_much(size)
        out = bytes(size)  # nobody has seen it yet: it is filled in place, which saves a copy of every byte
        got = self._read_into(_writable(out), size)
        return out if got == size else out[:got]

    def _read_much(self, size: int) -> bytes:
        """As `read`, for sizes that are rather a bound: memory is taken for what is there."""
        parts: list[bytes] = []
        step = _LINE_BYTES
        while size > 0:
            asked = min(size, step)
            try:
                part = self.read(asked)
            except HandleClosed:
                raise self._cancelled() from None
            except InternetException:
                if not parts or not self._is_cut:
                    raise
                break
            parts.append(part)
            if len(part) < asked:
                break
            size -= asked
            step = min(step * 2, 16 * _LINE_BYTES)
        return b"".join(parts)

    def readall(self) -> bytes:
        """Return all that is left. Source: `io.RawIOBase`."""
        if self._handle.closed:
            self._handle.check("the file")
        try:
            return self._read_rest()
        except HandleClosed:
            raise self._cancelled() from None

    def _read_rest(self) -> bytes:
        whole = b"" if self._ended else self._take_whole()
        if whole is not None:
            ahead = self._take(len(self._line))
            self._ended = True
            self._position += len(whole)
            return ahead + whole if whole else ahead
        parts = []
        step = _LINE_BYTES
        while part := self.read(step):
            parts.append(part)
            step = min(step * 2, 16 * _LINE_BYTES)
        return b"".join(parts)

    def _take_whole(self) -> bytes | None:
        stream = self._enter()
        try:
            whole = stream.whole
            if whole is not None:
                self._received(len(whole), stream)
                stream.take_rest()
                self._give_back()
        finally:
            self._leave()
        return whole

    def readline(self, size: int | None = -1) -> bytes:
        r"""Return the next line with its ``\n``, at most *size* bytes of it; b"" at the end.

        Source: MFC ``CInternetFile::ReadString(LPTSTR, UINT)``.
        """
        if self._handle.closed:
            self._handle.check("the file")
        limit = -1 if size is None else size
        end = self._line.find(b"\n", self._at) + 1
        if not end and not self._ended and not 0 <= limit <= len(self._line) - self._at:
            end = self._read_ahead(limit)
        length = (end or len(self._line)) - self._at
        return self.read(length if limit < 0 else min(length, limit))

    def _read_ahead(self, limit: int) -> int:
        """Receive until a line or the body ends, or *limit* bytes are there; return where the line ends, or 0."""
        ahead, more = bytearray(self._line[self._at :]), bytearray(_LINE_BYTES)
        end = 0
        try:
            while not end and not self._ended and not 0 <= limit <= len(ahead):
                searched = len(ahead)
                got = self._receive(memoryview(more), 1)
                ahead += memoryview(more)[:got]
                end = ahead.find(b"\n", searched) + 1
        except HandleClosed:
            raise self._cancelled() from None
        except InternetException:
            if not ahead or not self._is_cut:
                raise  # otherwise the beginning of a line comes first; the next read tells why
        finally:
            self._line, self._at = bytes(ahead), 0
        return end

    def __next__(self) -> bytes:
        line = self.readline()
        if not line:
            raise StopIteration
        return line

    def read_string(self) -> str | None:
        r"""Return the next line without its line end, or None at the end. Decoded as Latin-1: no byte is lost.

        Source: MFC ``CInternetFile::ReadString(CString&)``.
        """
        line = self.readline()
        if not line:
            return None
        return line.removesuffix(b"\n").removesuffix(b"\r").decode("latin-1")

    def iter_bytes(self, chunk_size: int = _LINE_BYTES) -> Iterator[bytes]:
        """Yield the rest in pieces of *chunk_size* bytes, the last one shorter.

        Raises:
            CallerError: 87, *chunk_size* is not positive.
        """
        if chunk_size <= 0:
            raise invalid_parameter(f"chunk_size must be positive, not {chunk_size}")
        while chunk := self.read(chunk_size):
            yield chunk

    def tell(self) -> int:
        """Return how many bytes were read."""
        return self._position

    # ---- names ----

    @property
    def name(self) -> str:
        """The URL."""
        return self._url

    @property
    def mode(self) -> str:
        """``"rb"``."""
        return "rb"

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
        """Close it, from any thread; what was not read is given up. Idempotent.

        Source: MFC ``CInternetFile::Close``.
        """
        self._handle.close()

    def abort(self) -> None:
        """Close it and ignore every failure. Source: MFC ``CInternetFile::Abort``."""
        with contextlib.suppress(Exception):
            self.close()

    def handle_closed(self) -> None:
        """End what runs; the tree of handles calls this once."""
        stream = self._stream
        if self._watch is not None:
            self._watch.ended = True
        elif stream is None:
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

    def _end(self) -> None:
        """Give the connection back or close it, and report the end, once."""
        try:
            number = self._last_words.pop()
        except IndexError:
            return
        try:
            stream, self._stream = self._stream, None
            if stream is not None:
                with contextlib.suppress(HandleClosed):
                    stream.finish()
                self._release(stream)
        finally:
            if self._watch is not None:
                self._watch.tell(InternetStatus.HANDLE_CLOSING, number)

    @property
    def closed(self) -> bool:
        """Whether it was closed, or its session."""
        return self._handle.closed

    def __del__(self) -> None:
        if not getattr(self, "_last_words", None):
            return
        if (self._line or not self._ended) and not self._is_cut:  # its body is lost, and it may hold a connection
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


def _writable(data: bytes) -> memoryview:
    from pyinet._ffi import ffi

    return memoryview(ffi.buffer(ffi.from_buffer("char[]", data)))


def _drop(stream: Streaming) -> None:
    stream.queue.close()
