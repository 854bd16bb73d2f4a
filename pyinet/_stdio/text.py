"""The text mode of `StdioFile`: CR LF and positions over a buffered binary stream."""

from __future__ import annotations

import io
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyinet._stdio.local import BinaryStream

__all__ = ["TextChannel"]


class TextChannel:
    """Text over a binary stream: CR LF reads as LF, a lone CR stays. One thread at a time.

    ``newline=None`` of `io.TextIOWrapper` would turn a lone CR, too.
    """

    def __init__(self, stream: BinaryStream, encoding: str, errors: str, *, crlf: bool) -> None:
        # With newline="\n" nothing is translated, and only LF ends a line.
        self._text = io.TextIOWrapper(stream, encoding, errors, newline="\n")
        self._crlf = crlf  # whether LF is written as CR LF
        self._ahead = ""  # one character, read to see whether it was the LF of a CR
        self._ahead_at: int | None = None  # its position; None where nothing can be sought
        self._seekable = stream.seekable()
        self._reading = False

    def read(self, size: int | None = -1) -> str:
        self._reading = True
        if size is None or size < 0:
            return (self._take() + self._text.read()).replace("\r\n", "\n")
        got = ""
        while len(got) < size:
            more = self._take(size - len(got))
            more += self._text.read(size - len(got) - len(more))
            if not more:
                break
            got += self._whole(more).replace("\r\n", "\n")
        return got

    def readline(self, size: int | None = -1) -> str:
        self._reading = True
        if size is None or size < 0:
            line = self._text.readline()
            if self._ahead:
                line = self._take() + line
        else:
            line = self._take(size)
            line = self._whole(line + self._text.readline(size - len(line)))
        return line[:-2] + "\n" if line.endswith("\r\n") else line

    def _take(self, size: int = 1) -> str:
        """Return and forget what was read ahead, unless nothing is wanted."""
        if not self._ahead or not size:
            return ""
        ahead, self._ahead = self._ahead, ""
        return ahead

    def _whole(self, text: str) -> str:
        """Return *text* with the LF that belongs to a CR at its end."""
        if not text.endswith("\r"):
            return text
        at = self._text.tell() if self._seekable else None
        following = self._text.read(1)
        if following == "\n":
            return text + following
        self._ahead, self._ahead_at = following, at
        return text

    def write(self, text: str) -> int:
        if self._reading:
            self.settle()  # or the text would land behind what was read ahead
        self._text.write(text.replace("\n", "\r\n") if self._crlf else text)
        return len(text)

    def tell(self) -> int:
        if self._ahead and self._ahead_at is not None:
            return self._ahead_at
        return self._text.tell()

    def seek(self, position: int, whence: int = os.SEEK_SET) -> int:
        if whence == os.SEEK_CUR:
            position, whence = self.tell(), os.SEEK_SET
        position = self._text.seek(position, whence)
        self._ahead, self._reading = "", False
        return position

    def settle(self) -> None:
        """Bring the stream below to the position here."""
        self.seek(self.tell())

    def flush(self) -> None:
        self._text.flush()

    def close(self) -> None:
        self._text.close()
