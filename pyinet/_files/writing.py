"""Writing to a file, and layers of `io` on top of it. Source: MFC ``CInternetFile``."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from pyinet._files.handle import FileHandle
from pyinet._files.write_buffer import WriteBuffer
from pyinet.enums import InternetErrorCode as Code
from pyinet.errors import NotSupported, describe, invalid_parameter

if TYPE_CHECKING:
    from pyinet.errors import InternetException

__all__ = ["WritingFile", "checked_size"]


class WritingFile(FileHandle):
    """Bytes are collected, when that is wished, and handed to `_send`; a file is `writable` while it has that."""

    _encoding = "latin-1"
    _written = 0

    # ---- writing ----

    def writable(self) -> bool:
        """Whether there is a request body that is written to. Source: `io.RawIOBase`."""
        return False

    def _send(self, data: memoryview) -> None:
        """Send all of *data*. Only while `writable`."""
        raise NotImplementedError

    def write(self, data: object, /) -> int:
        """Write all of *data*; return its length in bytes.

        Raises:
            NotSupported: 50, the file is for reading.
            InternetException: It cannot be sent.
            HandleClosed: 6, the file was closed.

        Source: MFC ``CInternetFile::Write``.
        """
        self._handle.check("the file")
        if not self.writable():
            raise self._not_writable()
        with memoryview(data) as view:  # type: ignore[arg-type]  # anything with bytes in it
            if view.format == "B" and view.ndim == 1 and view.c_contiguous:
                return self._put(view)
            with view.cast("B") as whole:
                return self._put(whole)

    def _not_writable(self) -> InternetException:
        code = Code.ERROR_NOT_SUPPORTED
        return NotSupported(describe("the file is for reading", code, url=self.name), code, url=self.name)

    def _put(self, data: memoryview) -> int:
        """Collect or send the bytes *data*; return how many."""
        size = len(data)
        if self._writing is None:
            self._send(data)
        else:
            self._writing.put(data, self._send)
        self._written += size
        return size

    def write_string(self, text: object) -> None:
        """Write *text*, a str, encoded as `encoding` says; no line end is added.

        Raises:
            CallerError: 87, it is no str, or cannot be encoded so.
            NotSupported: 50, the file is for reading.
            InternetException: It cannot be sent.

        Source: MFC ``CInternetFile::WriteString``.
        """
        self._handle.check("the file")
        if not isinstance(text, str):
            raise invalid_parameter(f"text must be a str, not {type(text).__name__}")
        try:
            data = text.encode(self._encoding)
        except UnicodeEncodeError as error:
            raise invalid_parameter(f"the text cannot be encoded ({error})", "set encoding") from error
        self.write(data)

    def set_write_buffer_size(self, size: int) -> None:
        """Have writes collected until *size* bytes are there; 0, as at first: none. What is collected is sent now.

        Raises:
            CallerError: 87, *size* is negative or no whole number.
            InternetException: What was collected cannot be sent.

        Source: MFC ``CInternetFile::SetWriteBufferSize``.
        """
        self._handle.check("the file")
        size = checked_size(size)
        self.flush()
        self._writing = self._writing or WriteBuffer()
        self._writing.size = size

    def flush(self) -> None:
        """Send what was written; nothing where nothing was.

        Raises:
            InternetException: It cannot be sent.
            HandleClosed: 6, the file was closed.

        Source: MFC ``CInternetFile::Flush``.
        """
        self._handle.check("the file")
        if self._writing is not None:
            self._writing.flush(self._send)

    def _send_rest(self) -> None:
        if self._writing:
            self.flush()

    # ---- layers of io on top ----

    def buffered(self, size: int = 65_536) -> io.BufferedReader | io.BufferedWriter:
        """Return a buffer of *size* bytes on top; closing it closes the file.

        Raises:
            CallerError: 87, *size* is not positive.
        """
        self._handle.check("the file")
        if checked_size(size) == 0:
            raise invalid_parameter("size must be positive")
        return io.BufferedWriter(self, size) if self.writable() else io.BufferedReader(self, size)

    def text(self, encoding: str | None = None, newline: str | None = None) -> io.TextIOWrapper:
        """Return it as a text file; closing that closes the file.

        Args:
            encoding: None for the charset of Content-Type, else UTF-8.
            newline: As for `open`.

        Raises:
            LookupError: There is no such encoding.
        """
        return io.TextIOWrapper(self.buffered(), encoding or self._charset(), newline=newline)

    def _charset(self) -> str:
        """The encoding of a text."""
        return "utf-8"

    @property
    def encoding(self) -> str:
        """How `read_string` and `write_string` turn bytes into text: Latin-1 at first, in which no byte is lost.

        Raises:
            CallerError: 87, on setting: there is no such encoding.
        """
        return self._encoding

    @encoding.setter
    def encoding(self, name: str) -> None:
        try:
            " ".encode(name)
        except (LookupError, TypeError, ValueError) as error:
            raise invalid_parameter(f"there is no encoding {name!r}") from error
        self._encoding = name


def checked_size(size: object) -> int:
    """Return a number of bytes.

    Raises:
        CallerError: 87, it is negative or no whole number.
    """
    if not isinstance(size, int) or size < 0:
        raise invalid_parameter(f"size must be a whole number of bytes, not {size!r}")
    return size
