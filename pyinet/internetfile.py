"""`InternetFile`: a remote body as a Python file. Source: MFC ``CInternetFile``; `io.RawIOBase`."""

from __future__ import annotations

import copy
import io
import operator
from typing import TYPE_CHECKING

from pyinet._files.handle import check_open
from pyinet._files.writing import WritingFile, checked_size
from pyinet.enums import InternetErrorCode as Code
from pyinet.errors import (
    CallerError,
    ConnectionLost,
    HandleClosed,
    InternetException,
    NotSupported,
    ProtocolError,
    describe,
    invalid_parameter,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyinet._transfer.streaming import Streaming

__all__ = ["InternetFile", "check_open"]

_LINE_BYTES = 65_536
"""Read at once while lines are looked for."""

_MOST_AT_ONCE = 1 << 26
"""Bytes `InternetFile.read` takes memory for before they are there."""

_READ_AND_DROP = 262_144
"""Bytes that are read and dropped rather than asked for anew: so many may be on their way already."""


class InternetFile(WritingFile):
    """A body that is read while it arrives, in bounded memory. Made by `InternetSession.open_url`.

    One thread at a time may use it, others get 12026; any thread may close it. ``read(n)`` returns fewer than *n* bytes
    only at the end, as MFC's ``Read``; ``readinto`` returns what is there. An error after some bytes came is raised by
    the next read, again and again; `bytes_transferred` tells how many came.

    Source: MFC ``CInternetFile``.
    """

    # First values stand here: opening a file costs nothing for them.
    _at = 0  # so much of it was read
    _position = 0
    _whole: bytes | None = None  # the body, when all of it is here for good
    _moved = False  # whether reading goes on elsewhere than where the stream is
    _next = 0  # where the stream is, when `_moved`
    _size_seen: int | None = None  # where the end was met
    _fault: InternetException | None = None  # what the next read raises
    _due: int | None = None  # bytes the stream still has to bring, when it does not count them itself
    _read_size = 0
    _before = 0  # bytes that were read before `_since`, the position of the last seek
    _since = 0

    # ---- reading ----

    def readable(self) -> bool:
        """Return True. Source: `io.RawIOBase`."""
        return True

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
        if len(out) < self._read_size and self._at == len(self._line) and not self._ended:
            self._fill(self._read_size)
        ahead = got = min(len(out), len(self._line) - self._at)
        out[:ahead] = self._line[self._at : self._at + ahead]
        if got < least and not self._ended:
            try:
                got += self._receive(out[got:], least - got)
            except InternetException as error:
                if not got or not self._comes_again(error):
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
        return self._fault is not None or super()._is_cut

    def _comes_again(self, error: InternetException) -> bool:
        """Whether the next read raises *error*, or as good a one, if this does not."""
        return self._is_cut or (self._moved and not isinstance(error, CallerError))

    def _front(self) -> int:
        """Where what is received next has its place."""
        return self._position + len(self._line) - self._at

    def _receive(self, out: memoryview, least: int) -> int:
        if self._moved and not self._catch_up():
            return 0
        got = self._pull(out, least)
        return got if self._due is None else self._counted(got)

    def _counted(self, got: int) -> int:
        """*got* bytes came of a body whose framing does not tell its length, though the answer does."""
        due = self._due or 0
        self._due = due - min(got, due)
        surplus = got - due
        if surplus <= 0 and not (self._ended and self._due):
            return got
        self._next, self._moved, self._ended = self._front() + min(got, due), True, False
        url, context = self.name, self.context
        if surplus > 0:
            code = Code.ERROR_HTTP_INVALID_SERVER_RESPONSE
            what = describe("the server sent more bytes than it said", code, url=url)
            self._fault = ProtocolError(what, code, url=url, context=context)
        else:
            code = Code.ERROR_INTERNET_CONNECTION_ABORTED
            what = describe(f"the body ended {self._due} bytes early", code, url=url)
            self._fault = ConnectionLost(what, code, url=url, context=context)
        if not min(got, due):
            raise self._fault
        return min(got, due)

    def _pull(self, out: memoryview, least: int) -> int:
        position = self._next if self._moved else self._front()
        try:
            stream = self._enter()
        except CallerError as error:
            if self._ended and error.code == Code.ERROR_INTERNET_INCORRECT_HANDLE_STATE:
                return 0  # another thread came to the end just now
            raise
        try:
            got = stream.read_into(out, least)
            self._ended = got < least and stream.error is None
            self._received(got, stream)
            if self._ended:
                self._give_back()
            elif stream.failed:
                self._fail(stream, position + got)  # the next read says why
        except HandleClosed:
            raise self._cancelled() from None  # the session was closed, with all that ran
        except InternetException as error:
            error.context = self._handle.context
            if stream.failed:
                self._fail(stream, position)
            raise
        finally:
            self._leave()
        return got

    def _fail(self, stream: Streaming, position: int) -> None:
        """The body is cut at *position*: every read from there on says so, and others may use what it came over."""
        error = copy.copy(stream.error)
        if error is not None:
            error.context = self._handle.context
        self._fault, self._next, self._moved = error, position, True
        self._give_back()

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
        if not self._handle.number:
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
        if not self._handle.number:
            self._handle.check("the file")
        if self._ended:
            return self._take(len(self._line))
        try:
            return self._read_rest()
        except HandleClosed:
            raise self._cancelled() from None

    def _read_rest(self) -> bytes:
        whole = self._take_whole()
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
        if self._moved and not self._catch_up():
            return b""
        stream = self._enter()
        try:
            whole = stream.whole
            if whole is not None and self._due is not None and len(whole) != self._due:
                return None  # it is read piece by piece up to where it is wrong
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
        ahead, more = bytearray(self._line[self._at :]), bytearray(max(_LINE_BYTES, self._read_size))
        end = 0
        try:
            while not end and not self._ended and not 0 <= limit <= len(ahead):
                searched = len(ahead)
                got = self._receive(memoryview(more), 1)
                ahead += memoryview(more)[:got]
                end = ahead.find(b"\n", searched) + 1
        except HandleClosed:
            raise self._cancelled() from None
        except InternetException as error:
            if not ahead or not self._comes_again(error):
                raise  # otherwise the beginning of a line comes first; the next read tells why
        finally:
            self._line, self._at = bytes(ahead), 0
        return end

    def _fill(self, size: int) -> None:
        """Read ahead what is there, at least one byte and at most *size*; nothing was left of it."""
        more = bytearray(size)
        got = self._receive(memoryview(more), 1)
        self._line, self._at = bytes(memoryview(more)[:got]), 0

    def available(self) -> int:
        """Return how many bytes can be read without waiting. Waits when there are none yet; 0 at the end.

        Raises:
            InternetException: The body ended before its end.
            HandleClosed: The file was closed.

        Source: WinINet ``InternetQueryDataAvailable``.
        """
        self._handle.check("the file")
        if self._at == len(self._line) and not self._ended:
            try:
                self._fill(max(_LINE_BYTES, self._read_size))
            except HandleClosed:
                raise self._cancelled() from None
        return len(self._line) - self._at

    def set_read_buffer_size(self, size: int) -> None:
        """Have reads of fewer than *size* bytes read that many ahead, if they are there. At first nothing is.

        It only grows: a smaller *size* has no effect.

        Raises:
            CallerError: 87, *size* is negative or no whole number.

        Source: MFC ``CInternetFile::SetReadBufferSize``.
        """
        self._handle.check("the file")
        self._read_size = max(self._read_size, checked_size(size))

    def __next__(self) -> bytes:
        line = self.readline()
        if not line:
            raise StopIteration
        return line

    def read_string(self) -> str | None:
        r"""Return the next line without its line end, or None at the end, decoded as `encoding` says.

        Raises:
            UnicodeDecodeError: It is not that; never with Latin-1, the first value.

        Source: MFC ``CInternetFile::ReadString(CString&)``.
        """
        line = self.readline()
        if not line:
            return None
        return line.removesuffix(b"\n").removesuffix(b"\r").decode(self._encoding)

    def iter_bytes(self, chunk_size: int = _LINE_BYTES) -> Iterator[bytes]:
        """Yield the rest in pieces of *chunk_size* bytes, the last one shorter.

        Raises:
            CallerError: 87, *chunk_size* is not positive.
        """
        if chunk_size <= 0:
            raise invalid_parameter(f"chunk_size must be positive, not {chunk_size}")
        while chunk := self.read(chunk_size):
            yield chunk

    def _begin_anew(self) -> None:
        """Another answer is to be read, from its beginning."""
        self._before += self._position - self._since
        self._line, self._at, self._position, self._since, self._next = b"", 0, 0, 0, 0
        self._ended = self._moved = False
        self._whole = self._size_seen = self._fault = self._due = None

    # ---- the position ----

    def tell(self) -> int:
        """Return where in the body reading goes on. Source: `io.RawIOBase`."""
        return self._position

    def seekable(self) -> bool:
        """Whether `seek` reaches every position, by what is known so far.

        Raises:
            HandleClosed: The file was closed.

        Source: `io.RawIOBase`.
        """
        self._handle.check("the file")
        return False

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to a position; nothing is sent before the next read. Behind the end there is nothing to read.

        Args:
            offset: Bytes from *whence*; from the end as a rule a negative number.
            whence: 0 the beginning (``CFile::begin``), 1 here (``current``), 2 the end (``end``).

        Returns:
            The new position, from the beginning.

        Raises:
            NotSupported: 12016, this file cannot be read from there, or the length is not known; 131, that is before
                the beginning. Nothing is changed.
            CallerError: 87, *whence* is none of these; 12026, another thread uses the file.
            HandleClosed: The file was closed.

        Source: MFC ``CInternetFile::Seek``.
        """
        self._handle.check("the file")
        offset = operator.index(offset)
        self._check_seek()
        position = self._target(offset, whence)
        self._claim()
        try:
            self._move(position)
        finally:
            self._leave()
        return position

    def _target(self, offset: int, whence: int) -> int:
        if whence == io.SEEK_SET:
            position = offset
        elif whence == io.SEEK_CUR:
            position = self._position + offset
        elif whence == io.SEEK_END:
            size = self._end_now()
            if size is None:
                raise self._unseekable("the length of the body is not known")
            position = size + offset
        else:
            raise invalid_parameter(f"whence must be 0, 1 or 2, not {whence!r}")
        if position < 0:
            code = Code.ERROR_NEGATIVE_SEEK  # an OSError too, as of a local file: zipfile asks for it
            what = f"the position {position} lies before the beginning"
            raise NotSupported(describe(what, code, url=self.name), code, url=self.name)
        return position

    def _end_now(self) -> int | None:
        """Where the body ends, by what it says or by what was met; None when that is not known yet."""
        size = self._known_size()
        return self._front() if size is None and self._ended and not self._moved else size

    def _move(self, position: int) -> None:
        start = self._position - self._at
        if self._whole is not None:
            self._line, self._at = self._whole, min(position, len(self._whole))
            if self._at == len(self._line):
                self._line, self._at = b"", 0
        elif start <= position < start + len(self._line):
            self._at = position - start
        else:
            self._move_stream(position)
        self._before += self._position - self._since
        self._position = self._since = position

    def _move_stream(self, position: int) -> None:
        stands = self._next if self._moved else self._front()
        size = self._end_now()
        if position < stands and not self._can_reopen():
            raise self._unseekable("what was read cannot be read once more")
        self._size_seen = size
        self._line, self._at = b"", 0
        self._next, self._moved, self._ended = stands, True, False
        if self._can_reopen():
            self._fault = None

    def _catch_up(self) -> bool:
        """Bring the stream to where reading goes on after a seek; False: there is nothing to read."""
        if self._fault is not None:
            raise copy.copy(self._fault)
        position = self._front()
        size = self._known_size()
        if size is not None and position >= size:
            self._ended = True
            return False
        if not self._reaches(position):
            self._reopen(position)
        self._skip_to(position)
        if self._ended:
            return False
        self._moved = False
        return True

    def _reaches(self, position: int) -> bool:
        """Whether the stream is to be read on up to *position*, rather than a further request sent."""
        if not self._can_reopen():
            return True
        gap = position - self._next
        if self._stream is None or self._is_cut or gap < 0 or (gap and self._due is not None):
            return False
        return gap <= _READ_AND_DROP or not self._takes_ranges()

    def _skip_to(self, position: int) -> None:
        """Read and drop what lies before *position*, unless the end does."""
        gap = position - self._next
        room = memoryview(bytearray(max(min(gap, 4 * _READ_AND_DROP), 0)))
        while self._next < position:
            stands = self._next
            part = room[: position - stands]
            self._next = stands + self._pull(part, len(part))
            if self._fault is not None:
                raise copy.copy(self._fault)
            if self._ended:
                self._size_seen = self._next
                return

    def _unseekable(self, what: str) -> NotSupported:
        code = Code.ERROR_INTERNET_INVALID_OPERATION
        hint = "read it into memory, or into a file"
        return NotSupported(describe(what, code, url=self.name, hint=hint), code, url=self.name)

    # What is different from scheme to scheme:

    def _check_seek(self) -> None:
        """Raise unless files of this kind can seek at all.

        Raises:
            NotSupported: 12016.
        """
        raise self._unseekable("a file of this kind cannot seek")

    def _can_reopen(self) -> bool:
        """Whether `_reopen` is worth a try."""
        return False

    def _takes_ranges(self) -> bool:
        """Whether `_reopen` may save more than it costs, where reading on would do as well."""
        return True

    def _reopen(self, position: int) -> None:
        """Send a request for the body from *position* on; `_next` is then where its answer begins, or `_ended` is set.

        Raises:
            InternetException: 12016, files of this kind cannot do so; or there is no answer, or not the right one.
        """
        raise self._unseekable(f"the body cannot be read from position {position}")

    def _known_size(self) -> int | None:
        """Bytes of the body; None when nobody knows."""
        return self._size_seen if self._whole is None else len(self._whole)

    # ---- numbers ----

    @property
    def bytes_transferred(self) -> int:
        """Bytes of bodies that were read from the file, or written to it, so far."""
        return self._before + self._position - self._since + self._written

    @property
    def length(self) -> int | None:
        """Bytes of the body, whatever was read of it; None when nobody says. Source: MFC ``GetLength``."""
        return self._known_size()

    def get_length(self) -> int:
        """Return `length`.

        Raises:
            InternetException: 12016, nobody says.

        Source: MFC ``CInternetFile::GetLength``.
        """
        length = self.length
        if length is None:
            code = Code.ERROR_INTERNET_INVALID_OPERATION
            what = describe("the length of the body is not known", code, url=self.name)
            raise InternetException(what, code, url=self.name, context=self.context)
        return length


def _writable(data: bytes) -> memoryview:
    from pyinet._transfer.ffi import ffi

    return memoryview(ffi.buffer(ffi.from_buffer("char[]", data)))
