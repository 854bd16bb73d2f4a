"""Request bodies as programs have them: bytes, a path, an open file, or pieces. Pure."""

from __future__ import annotations

import io
import os
import stat
from typing import TYPE_CHECKING, Any, NamedTuple

from pyinet.errors import invalid_parameter

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import TypeAlias

    Sendable: TypeAlias = "bytes | bytearray | memoryview | os.PathLike[str] | FileRange"
    Body = bytes | bytearray | memoryview | os.PathLike[str] | io.IOBase | Iterable[bytes]

__all__ = ["FileRange", "Pieces", "body_of"]

_PIECE = 1 << 18
"""Bytes read from a file object at once."""


class FileRange(NamedTuple):
    """The rest of an open file of the local disk, which the core reads itself.

    Attributes:
        descriptor: Of the file, open for reading.
        start: Where the body begins.
        length: Bytes of the body.
    """

    descriptor: int
    start: int
    length: int


class Pieces(NamedTuple):
    """A body that comes piece by piece.

    Attributes:
        parts: The pieces.
        length: Bytes of all together; None when nobody knows.
    """

    parts: Iterator[bytes]
    length: int | None


def body_of(data: object) -> bytes | bytearray | memoryview | os.PathLike[str] | FileRange | Pieces | None:
    """Return *data* as it can be sent.

    Args:
        data: Bytes-like, a path, a file opened for reading in binary mode, or an iterable of bytes; None for no body.

    Raises:
        CallerError: 87, it is none of these.
    """
    if data is None or isinstance(data, (bytes, bytearray, memoryview, os.PathLike)):
        return data
    if isinstance(data, str):
        raise invalid_parameter("data must be bytes, not str", "encode text first, as in text.encode()")
    if hasattr(data, "read"):
        return _file_range(data) or Pieces(_read_pieces(data), _rest_of(data))
    if hasattr(data, "__iter__") and not isinstance(data, dict):
        return Pieces(_checked_pieces(data), None)
    what = f"data must be bytes-like, a path, a file or an iterable of bytes, not {type(data).__name__}"
    raise invalid_parameter(what)


def _file_range(file: Any) -> FileRange | None:  # noqa: ANN401 - whatever reads
    """The rest of a file that lies on the disk as it is read: neither text nor wrapped by what changes it."""
    if not isinstance(file, (io.FileIO, io.BufferedReader, io.BufferedRandom)):
        return None
    raw = file if isinstance(file, io.FileIO) else file.raw
    if type(raw) is not io.FileIO:
        return None
    if isinstance(file, io.BufferedRandom):
        file.flush()
    state = os.fstat(raw.fileno())
    if not stat.S_ISREG(state.st_mode):
        return None
    start = file.tell()
    return FileRange(raw.fileno(), start, max(0, state.st_size - start))


def _rest_of(file: Any) -> int | None:  # noqa: ANN401 - whatever reads
    """Bytes from here to the end of *file*, when it can seek."""
    try:
        if not file.seekable():
            return None
        here: int = file.tell()
        end: int = file.seek(0, io.SEEK_END)
        file.seek(here)
    except (AttributeError, OSError, ValueError):
        return None
    return max(0, end - here)


def _read_pieces(file: Any) -> Iterator[bytes]:  # noqa: ANN401 - whatever reads
    while True:
        piece = file.read(_PIECE)
        if isinstance(piece, str):
            raise invalid_parameter("data is a file of text", "open it in binary mode")
        if not piece:
            return
        yield piece


def _checked_pieces(pieces: Any) -> Iterator[bytes]:  # noqa: ANN401 - whatever iterates
    for piece in pieces:
        if not isinstance(piece, (bytes, bytearray, memoryview)):
            raise invalid_parameter(f"a piece of data must be bytes-like, not {type(piece).__name__}")
        yield bytes(piece)
