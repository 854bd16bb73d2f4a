"""Local files by name: open, remove, rename, and the errors of all three."""
# ruff: noqa: PTH105, PTH107, PTH108, PTH109, PTH112, PTH114, PTH117, PTH118, PTH120  (pathlib would cost `import pyinet` milliseconds)

from __future__ import annotations

import errno
import io
import os
from typing import TYPE_CHECKING, TypeAlias

from pyinet._wording import describe
from pyinet.enums import InternetErrorCode as Code
from pyinet.errors import (
    CallerError,
    InternetException,
    LocalFileError,
    NotSupported,
    invalid_parameter,
    local_file_error,
)

if TYPE_CHECKING:
    from pyinet._stdio.modes import OpenPlan

__all__ = [
    "BinaryStream",
    "UpdateStream",
    "absolute",
    "bad_path",
    "file_error",
    "open_stream",
    "remove_file",
    "rename_file",
]

BinaryStream: TypeAlias = io.BufferedReader | io.BufferedWriter | io.BufferedRandom

_BUFFER_SIZE = 1 << 16
_CHUNK = 1 << 13
_PERMISSIONS = 0o666  # less the umask


class UpdateStream(io.BufferedRandom):
    """A stream for reading and writing whose `read1` sees what was just written.

    That of CPython, which text layers call, neither flushes nor moves the descriptor back after a write.
    """

    def read1(self, size: int = -1, /) -> bytes:
        """Return up to *size* bytes."""
        return self.read(_CHUNK if size < 0 else size)


def open_stream(name: str, plan: OpenPlan) -> BinaryStream:
    """Open a file as a buffered binary stream.

    Raises:
        OSError: The system's.
        ValueError: The path cannot be.
    """
    kind = "a" if plan.append else "r" if plan.readable else "w"
    both = "+" if plan.readable and plan.writable else ""

    def opener(path: str, _: int) -> int:
        # FileIO has no letters for "write, but keep what is there", nor for a file that is only made.
        return os.open(path, plan.os_flags, _PERMISSIONS)

    raw = io.FileIO(name, f"{kind}b{both}", opener=opener)  # refuses directories
    try:
        if both:
            return UpdateStream(raw, _BUFFER_SIZE)
        return io.BufferedReader(raw, _BUFFER_SIZE) if plan.readable else io.BufferedWriter(raw, _BUFFER_SIZE)
    except BaseException:
        raw.close()
        raise


def absolute(name: str) -> str:
    """Return the absolute path, neither links nor ``..`` resolved: only the system can do that right."""
    if os.path.isabs(name):
        return name
    try:
        return os.path.join(os.getcwd(), name)
    except OSError:  # the working directory is gone
        return name


def file_error(what: str, error: OSError, name: str, url: str) -> InternetException:
    """Return the exception for a failed call on a local file; *what* was tried, as "cannot open"."""
    if isinstance(error, io.UnsupportedOperation):
        code = Code.ERROR_NOT_SUPPORTED
        return NotSupported(describe(f"{what} {name!r} ({error})", code, url=url), code, url=url)
    number = error.errno or errno.EIO
    if number == errno.ENOENT and os.path.isdir(os.path.dirname(name) or os.curdir):
        # The directory is there, so it is the file that is missing; otherwise the number is 3.
        code = Code.ERROR_FILE_NOT_FOUND
        message = describe(f"{what} {name!r}: {os.strerror(number)}", code, url=url)
        return LocalFileError(message, code, os_errno=number, filename=name, url=url)
    return local_file_error(number, name, url=url, what=what)


def remove_file(name: str) -> None:
    """Delete a file, never a directory.

    Raises:
        LocalFileError, CallerError: As `StdioFile.remove` says.
    """
    try:
        _refuse_directory(name)
        os.remove(name)
    except OSError as error:
        raise file_error("cannot remove", error, name, "") from error
    except ValueError as error:
        raise bad_path(name, error) from error


def rename_file(source: str, target: str) -> None:
    """Give a file the name *target*, which no file may have.

    Raises:
        LocalFileError, CallerError: As `StdioFile.rename` says.
    """
    try:
        _refuse_directory(source)
        os.lstat(source)
    except OSError as error:
        raise file_error("cannot rename", error, source, "") from error
    except ValueError as error:
        raise bad_path(source, error) from error
    try:
        # Taking the name first is what no other process can come between, on every file system.
        os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, _PERMISSIONS))
        try:
            os.replace(source, target)
        except BaseException:
            os.unlink(target)
            raise
    except OSError as error:
        raise file_error(f"cannot rename {source!r} to", error, target, "") from error
    except ValueError as error:
        raise bad_path(target, error) from error


def _refuse_directory(name: str) -> None:
    if os.path.isdir(name) and not os.path.islink(name):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))  # the system's own number varies


def bad_path(name: str, error: ValueError) -> CallerError:
    """Return the exception for a path with a zero byte, or with a character the file system's encoding lacks."""
    return invalid_parameter(f"the path {name!r} ({error})")
