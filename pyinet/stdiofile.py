"""`StdioFile`: a local file read and written as MFC's ``CStdioFile`` does, and as Python's files are."""

from __future__ import annotations

import errno
import io
import operator
import os
from typing import TYPE_CHECKING, Any, NoReturn

from pyinet._stdio.base import StdioBase, not_supported, refuse_transaction
from pyinet._stdio.file_url import file_url_to_path
from pyinet._stdio.local import remove_file, rename_file
from pyinet._stdio.modes import OpenFlags
from pyinet._stdio.text import TextChannel
from pyinet.enums import InternetFlag
from pyinet.errors import invalid_parameter

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import TypeAlias

    from _typeshed import WriteableBuffer

    Content: TypeAlias = Any  # str in text mode, bytes in binary mode

__all__ = ["OpenFlags", "StdioFile", "open_file_url"]


class StdioFile(StdioBase):
    r"""A buffered local file, as ``open_url("file:///...")`` returns it or as a program opens it by name.

    Base and protocol: `io.IOBase`; what the methods take and give is that of `io.BufferedIOBase` in binary mode and
    that of `io.TextIOBase` in text mode, so it goes wherever a file object is wanted. In text mode CR LF reads as
    ``\n`` and a lone CR stays; on Windows ``\n`` is written as CR LF. Positions in text mode are opaque. Reads and
    writes may alternate without a seek between. One thread at a time.

    An object collected unclosed is closed with a `ResourceWarning`.

    Args:
        path: The file; without it nothing is opened until `open`.
        mode: `OpenFlags`, or a mode string as of the builtin ``open``. The default reads text.
        encoding: Of text mode, and of `read_string` and `write_string` in binary mode. By default UTF-8, with
            ``TYPE_UNICODE`` UTF-16 without a byte order mark.
        errors: What becomes of bytes that are not in the encoding, as for ``open``. By default they come through
            unharmed: ``surrogateescape``, with UTF-16 ``surrogatepass``.
        transaction: Refused unless None: there are no file transactions here.
        url: What error messages name beside the file.

    Raises:
        LocalFileError: No such file (2), no such directory (3), no permission or a directory (5), it exists (80), ...
        CallerError: 87, a mode or an encoding that is none, or a path that cannot be.
        NotSupported: 50, a transaction.

    Source: MFC ``CStdioFile``, ``CFile``.
    """

    if TYPE_CHECKING:  # io.IOBase has them, but for bytes

        def __iter__(self) -> Iterator[Content]: ...
        def readlines(self, hint: int = -1, /) -> list[Content]:
            """Return the lines left, or as many as *hint* bytes or characters take."""

        def writelines(self, lines: Iterable[Content], /) -> None:
            """Write each of *lines* as it is."""

    # Reading

    def read(self, size: int | None = -1) -> Content:
        r"""Return up to *size* bytes, or characters in text mode; all that is left when negative or None.

        Fewer than asked for, and at last none, come at the end of the file alone (of a regular file). In text mode
        CR LF counts as one character.

        Raises:
            LocalFileError: The file cannot be read.
            NotSupported: 50, the file was opened for writing.
            HandleClosed: 6.

        Source: MFC ``CStdioFile::Read``.
        """
        channel = self._channel or self._no_file()
        try:
            return channel.read(-1 if size is None or size < 0 else size)
        except OSError as error:
            raise self._failure("cannot read", error) from error

    def read1(self, size: int = -1) -> bytes:
        """Return up to *size* bytes with at most one call of the system, as `io.BufferedIOBase`; binary mode."""
        stream = self._binary_stream("read1")
        try:
            got: bytes = stream.read1(size)
        except OSError as error:
            raise self._failure("cannot read", error) from error
        return got

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Fill *buffer* and return the number of bytes, fewer than it holds at the end alone; binary mode."""
        stream = self._binary_stream("readinto")
        try:
            got: int = stream.readinto(buffer)
        except OSError as error:
            raise self._failure("cannot read", error) from error
        return got

    def readinto1(self, buffer: WriteableBuffer) -> int:
        """Read into *buffer* with at most one call of the system; binary mode."""
        stream = self._binary_stream("readinto1")
        try:
            got: int = stream.readinto1(buffer)
        except OSError as error:
            raise self._failure("cannot read", error) from error
        return got

    def readline(self, size: int | None = -1) -> Content:
        r"""Return a line with its ``\n``, or its first *size* bytes or characters; empty at the end of the file.

        Errors are those of `read`.

        Source: MFC ``CStdioFile::ReadString(LPTSTR, UINT)``, whose number counts the closing zero as well.
        """
        channel = self._channel or self._no_file()
        try:
            return channel.readline(-1 if size is None else size)
        except OSError as error:
            raise self._failure("cannot read", error) from error

    def __next__(self) -> Content:
        channel = self._channel or self._no_file()
        try:
            line = channel.readline()
        except OSError as error:
            raise self._failure("cannot read", error) from error
        if not line:
            raise StopIteration
        return line

    def read_string(self) -> str | None:
        r"""Return the next line without its ``\n``; None at the end of the file. Errors are those of `read`.

        In binary mode the line is decoded, and a CR before its end stays.

        Source: MFC ``CStdioFile::ReadString(CString&)``.
        """
        line = self.readline()
        if not line:
            return None
        text = line if isinstance(line, str) else line.decode(self._encoding, self._errors)
        return text.removesuffix("\n")

    # Writing

    def write(self, data: Content) -> int:
        """Take all of *data*, str in text mode, else bytes, and return its length.

        Raises:
            LocalFileError: The file cannot be written; 112 when the disk is full. Data in the buffer may fail later.
            NotSupported: 50, the file was opened for reading.
            HandleClosed: 6.

        Source: MFC ``CStdioFile::Write``.
        """
        channel = self._channel or self._no_file()
        if not self._plan.writable:
            raise self._wrong_mode("cannot write")
        if self._plan.text and not isinstance(data, str):
            raise TypeError(f"a file in text mode takes str, not {type(data).__name__}")
        try:
            return channel.write(data)
        except OSError as error:
            raise self._failure("cannot write", error) from error

    def write_string(self, text: str) -> None:
        r"""Write *text* as it is: no ``\n`` is added. In binary mode it is encoded. Errors are those of `write`.

        Raises:
            CallerError: 87, *text* is None.

        Source: MFC ``CStdioFile::WriteString``.
        """
        if text is None:
            raise invalid_parameter("the text is None")
        self.write(text if self._plan.text else text.encode(self._encoding, self._errors))

    def flush(self) -> None:
        """Hand the buffer to the system; nothing in a file that is only read.

        Raises:
            LocalFileError: It could not be written.
            HandleClosed: 6.

        Source: MFC ``CStdioFile::Flush``.
        """
        channel = self._channel or self._no_file()
        try:
            channel.flush()
        except OSError as error:
            raise self._failure("cannot write", error) from error

    # Position and length

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """Move to *offset* bytes from the start (0), the position (1) or the end (2); return the new position.

        Past the end is allowed; a later write extends the file. In text mode go to a value of `tell`, 0 included,
        or by 0 from the position or the end.

        Raises:
            CallerError: 131, the position would lie before the start, and stays as it was; 87, a bad argument.
            NotSupported: 50, by bytes in text mode, or what is open cannot be sought (a pipe).
            LocalFileError: What is in the buffer could not be written.
            HandleClosed: 6.

        Source: MFC ``CStdioFile::Seek``.
        """
        offset, whence = operator.index(offset), operator.index(whence)
        channel = self._channel or self._no_file()
        if whence not in {os.SEEK_SET, os.SEEK_CUR, os.SEEK_END}:
            raise invalid_parameter(f"whence is {whence}", hint="0 begin, 1 current, 2 end")
        if offset < 0 and whence == os.SEEK_SET:
            raise self._before_start(offset)
        if offset and whence != os.SEEK_SET and self._plan.text:
            raise not_supported("in text mode only values of tell() can be sought", self._url)
        try:
            return channel.seek(offset, whence)
        except OSError as error:
            if error.errno == errno.EINVAL and offset < 0:
                raise self._before_start(offset) from error
            if error.errno in {None, errno.EINVAL} and not isinstance(error, io.UnsupportedOperation):
                raise invalid_parameter(f"the position {offset} ({error})") from error
            raise self._failure("cannot seek in", error) from error
        except (OverflowError, ValueError) as error:
            raise invalid_parameter(f"the position {offset} ({error})") from error

    def tell(self) -> int:
        """Return the position: bytes from the start; in text mode a number for `seek` alone.

        Raises:
            NotSupported: 50, what is open has no position (a pipe).
            LocalFileError: What is in the buffer could not be written.
            HandleClosed: 6.

        Source: MFC ``CStdioFile::GetPosition``.
        """
        channel = self._channel or self._no_file()
        try:
            return channel.tell()
        except OSError as error:
            raise self._failure("cannot tell the position in", error) from error

    def truncate(self, size: int | None = None) -> int:
        """Make the file *size* bytes long, by default up to the position, which stays; return the size.

        Raises:
            LocalFileError: The system refuses; 112 when the disk is full.
            CallerError: 131, *size* is negative.
            NotSupported: 50, the file was opened for reading.
            HandleClosed: 6.
        """
        stream = self._stream or self._no_file()
        if not self._plan.writable:
            raise self._wrong_mode("cannot truncate")
        if size is not None and size < 0:
            raise self._before_start(size)
        try:
            if isinstance(self._channel, TextChannel):
                self._channel.settle()  # so that nothing cut off is read from the buffer
            return stream.truncate(size)
        except OSError as error:
            raise self._failure("cannot truncate", error) from error

    def set_length(self, length: int) -> None:
        """Make the file *length* bytes long and go to its end; errors as for `truncate`. MFC ``CFile::SetLength``."""
        self.truncate(length)
        self.seek_to_end()

    @property
    def length(self) -> int:
        """Bytes in the file, those in the buffer included. Source: MFC ``CStdioFile::GetLength``.

        Raises:
            LocalFileError: What is in the buffer could not be written.
            HandleClosed: 6.
        """
        return self.get_status().st_size

    def get_length(self) -> int:
        """As `length`."""
        return self.length

    def get_position(self) -> int:
        """As `tell`."""
        return self.tell()

    def seek_to_begin(self) -> None:
        """Go to the start. Source: MFC ``CFile::SeekToBegin``."""
        self.seek(0)

    def seek_to_end(self) -> int:
        """Go to the end and return its position. Source: MFC ``CFile::SeekToEnd``."""
        return self.seek(0, os.SEEK_END)

    def get_status(self) -> os.stat_result:
        """Times, size and mode of the file, as of `os.stat`; errors as for `length`. MFC ``CFile::GetStatus``."""
        stream = self._stream or self._no_file()
        if self._plan.writable:
            self.flush()
        try:
            return os.fstat(stream.fileno())
        except OSError as error:
            raise self._failure("cannot examine", error) from error

    # Not here

    def duplicate(self) -> NoReturn:
        """Raise `NotSupported` (50), as MFC's ``CStdioFile::Duplicate`` does."""
        raise not_supported("a StdioFile cannot be duplicated")

    def lock_range(self, position: int, count: int) -> NoReturn:
        """Raise `NotSupported` (50), as MFC's ``CStdioFile::LockRange`` does."""
        raise not_supported(f"a StdioFile cannot be locked ({count} bytes at {position})")

    def unlock_range(self, position: int, count: int) -> NoReturn:
        """Raise `NotSupported` (50), as MFC's ``CStdioFile::UnlockRange`` does."""
        raise not_supported(f"a StdioFile cannot be unlocked ({count} bytes at {position})")

    # By name

    @staticmethod
    def remove(path: str | os.PathLike[str], *, transaction: object = None) -> None:
        """Delete a file.

        Raises:
            LocalFileError: There is none (2, 3), it is a directory or there is no permission (5), ...

        Source: MFC ``CFile::Remove``.
        """
        refuse_transaction(transaction)
        remove_file(os.fsdecode(path))

    @staticmethod
    def rename(old: str | os.PathLike[str], new: str | os.PathLike[str], *, transaction: object = None) -> None:
        """Give a file another name, on the same file system. A file that has it already is never replaced.

        Raises:
            LocalFileError: *new* exists (80), *old* does not (2, 3), it is a directory (5), ...

        Source: MFC ``CFile::Rename``.
        """
        refuse_transaction(transaction)
        rename_file(os.fsdecode(old), os.fsdecode(new))


def open_file_url(url: str, flags: InternetFlag, *, local_host: str) -> StdioFile:
    """Open the file of a ``file:`` URL for reading.

    Args:
        url: The URL.
        flags: ``TRANSFER_ASCII`` asks for text mode, otherwise it is binary mode; other flags have no effect.
        local_host: Name of this machine, which a URL may give.

    Raises:
        LocalFileError: The file cannot be opened: 2, 3, 5 (a directory, too), ...
        CallerError: 12005, the URL names no path; see `file_url_to_path`.
        NameNotResolved: 12007, the file lies on another host.
        NotSupported: 12006, the scheme is not ``file``.

    Source: MFC ``CInternetSession::OpenURL``.
    """
    path = file_url_to_path(url, local_host=local_host, windows=os.name == "nt")
    kind = OpenFlags.TYPE_TEXT if flags & InternetFlag.TRANSFER_ASCII else OpenFlags.TYPE_BINARY
    return StdioFile(path, OpenFlags.MODE_READ | kind, url=url)
