"""The file below `StdioFile`: opened, named, closed, and its failures."""

from __future__ import annotations

import codecs
import contextlib
import io
import os
import warnings
from typing import TYPE_CHECKING, Any, NoReturn

from pyinet._stdio.local import absolute, bad_path, file_error, open_stream
from pyinet._stdio.modes import OpenFlags, OpenPlan, plan_open
from pyinet._stdio.text import TextChannel
from pyinet._wording import describe
from pyinet.enums import InternetErrorCode as Code
from pyinet.errors import CallerError, HandleClosed, InternetException, NotSupported, invalid_parameter

if TYPE_CHECKING:
    from pyinet._stdio.local import BinaryStream

__all__ = ["StdioBase", "not_supported", "refuse_transaction"]


class StdioBase(io.IOBase):
    """State, names and end of a `StdioFile`, which documents the parameters."""

    _channel: TextChannel | BinaryStream | None = None
    _stream: BinaryStream | None = None
    _plan: OpenPlan = plan_open(OpenFlags.MODE_READ)
    _name: str = ""
    _path: str = ""

    def __init__(
        self,
        path: str | bytes | os.PathLike[str] | os.PathLike[bytes] | None = None,
        mode: OpenFlags | int | str = OpenFlags.MODE_READ | OpenFlags.TYPE_TEXT,
        *,
        encoding: str | None = None,
        errors: str | None = None,
        transaction: object = None,
        url: str = "",
    ) -> None:
        super().__init__()
        self._encoding_given = encoding
        self._errors_given = errors
        self._url = url
        if path is not None:
            self.open(path, mode, transaction=transaction)
        else:
            refuse_transaction(transaction)

    def open(
        self,
        path: str | bytes | os.PathLike[str] | os.PathLike[bytes],
        flags: OpenFlags | int | str = OpenFlags.MODE_READ | OpenFlags.TYPE_TEXT,
        *,
        transaction: object = None,
    ) -> None:
        """Open a file with an object that has none open; parameters and errors are those of the class.

        Raises:
            CallerError: 12019, a file is open; or as the class says.

        Source: MFC ``CStdioFile::Open``.
        """
        refuse_transaction(transaction)
        plan = plan_open(flags)
        if not self.closed:
            code = Code.ERROR_INTERNET_INCORRECT_HANDLE_STATE
            raise CallerError(describe(f"{self._name!r} is open", code, hint="close it first"), code)
        encoding, errors = self._coding(plan)
        name = os.fsdecode(path)
        try:
            stream = open_stream(name, plan)
        except OSError as error:
            raise file_error("cannot open", error, name, self._url) from error
        except ValueError as error:
            raise bad_path(name, error) from error
        self._encoding, self._errors = encoding, errors
        self._plan, self._name, self._path = plan, name, absolute(name)
        self._stream = stream
        self._channel = TextChannel(stream, encoding, errors, crlf=os.name == "nt") if plan.text else stream

    def _coding(self, plan: OpenPlan) -> tuple[str, str]:
        """Encoding and error handler, looked up before a file is emptied for one that does not exist."""
        encoding = self._encoding_given or ("utf-16-le" if plan.utf16 else "utf-8")
        errors = self._errors_given or ("surrogatepass" if plan.utf16 else "surrogateescape")
        if not self._encoding_given and not self._errors_given:
            return encoding, errors
        try:
            io.TextIOWrapper(io.BytesIO(), encoding, errors).close()
            codecs.lookup_error(errors)
        except (LookupError, ValueError) as error:
            raise invalid_parameter(str(error)) from error
        return encoding, errors

    # Closing

    def close(self) -> None:
        """Write what is in the buffer and close; without effect on a closed file.

        Raises:
            LocalFileError: The buffer could not be written; the file is closed all the same.

        Source: MFC ``CStdioFile::Close``.
        """
        channel, self._channel, self._stream = self._channel, None, None
        if channel is None:
            return
        try:
            channel.close()
        except OSError as error:
            raise self._failure("cannot write", error) from error

    def abort(self) -> None:
        """Close without any exception; what is in the buffer is dropped. Source: MFC ``CFile::Abort``."""
        stream = self._stream
        if stream is not None:
            with contextlib.suppress(OSError):
                stream.raw.close()  # and with it the layers above, unflushed
        self._channel = self._stream = None  # after it: a text layer let go of would write

    @property
    def closed(self) -> bool:
        """Whether there is no open file."""
        return self._stream is None or self._stream.closed

    def __del__(self) -> None:
        if not self.closed:
            try:
                warnings.warn(f"unclosed file {self!r}", ResourceWarning, stacklevel=2, source=self)
            finally:
                self.close()

    # What it is

    def __repr__(self) -> str:
        state = " closed" if self.closed else ""
        return f"<{type(self).__module__}.{type(self).__qualname__} name={self._name!r} mode={self.mode!r}{state}>"

    @property
    def name(self) -> str:
        """The path as it was given; empty before the first `open`."""
        return self._name

    @property
    def mode(self) -> str:
        """The mode in Python's letters: ``r`` and ``rb`` for files of ``open_url``."""
        return self._plan.mode

    @property
    def encoding(self) -> str:
        """The encoding of text mode; a file in binary mode has no such attribute."""
        return self._text_attribute("_encoding")

    @property
    def errors(self) -> str:
        """The error handler of text mode; a file in binary mode has no such attribute."""
        return self._text_attribute("_errors")

    def _text_attribute(self, name: str) -> str:
        if not self._plan.text or not self._name:
            raise AttributeError(f"{self!r} is not in text mode", name=name.removeprefix("_"), obj=self)
        return str(self.__dict__[name])

    @property
    def stream(self) -> BinaryStream | None:
        """The buffered binary stream below, None when closed. In text mode it is ahead of what was read.

        Source: MFC ``CStdioFile::m_pStream``.
        """
        return self._stream

    @property
    def handle(self) -> int:
        """0: a local file is no internet handle."""
        return 0

    @property
    def file_path(self) -> str:
        """The absolute path, symbolic links and ``..`` left as they are. Source: MFC ``CFile::GetFilePath``."""
        return self._path

    @property
    def file_name(self) -> str:
        """The last component of the path. Source: MFC ``CFile::GetFileName``."""
        return os.path.basename(self._path)  # noqa: PTH119 - pathlib costs import time

    @property
    def file_title(self) -> str:
        """The last component without its extension. Source: MFC ``CFile::GetFileTitle``."""
        return os.path.splitext(self.file_name)[0]  # noqa: PTH122 - as above

    def get_file_path(self) -> str:
        """As `file_path`."""
        return self.file_path

    def get_file_name(self) -> str:
        """As `file_name`."""
        return self.file_name

    def get_file_title(self) -> str:
        """As `file_title`."""
        return self.file_title

    def fileno(self) -> int:
        """Return the descriptor."""
        return (self._stream or self._no_file()).fileno()

    def isatty(self) -> bool:
        """Whether it is a terminal."""
        return (self._stream or self._no_file()).isatty()

    def readable(self) -> bool:
        """Whether it was opened for reading."""
        return bool(self._stream or self._no_file()) and self._plan.readable

    def writable(self) -> bool:
        """Whether it was opened for writing."""
        return bool(self._stream or self._no_file()) and self._plan.writable

    def seekable(self) -> bool:
        """Whether it has a position."""
        return (self._stream or self._no_file()).seekable()

    # Failures

    def _no_file(self) -> NoReturn:
        code = Code.ERROR_INVALID_HANDLE
        what = f"the file {self._name!r} is closed" if self._name else "no file was opened"
        raise HandleClosed(describe(what, code, url=self._url), code, url=self._url)

    def _binary_stream(self, what: str) -> Any:  # noqa: ANN401  (a reader or a random one; a writer refuses by itself)
        stream = self._stream or self._no_file()
        if self._plan.text:
            raise not_supported(f"{what} is of binary mode, and {self._name!r} is in text mode")
        return stream

    def _before_start(self, offset: int) -> CallerError:
        code = Code.ERROR_NEGATIVE_SEEK
        what = f"{offset} is before the start of {self._name!r}"
        return CallerError(describe(what, code, url=self._url), code, url=self._url)

    def _wrong_mode(self, what: str) -> NotSupported:
        return not_supported(f"{what} {self._name!r}", self._url, hint=f"it was opened with mode {self.mode!r}")

    def _failure(self, what: str, error: OSError) -> InternetException:
        if isinstance(error, io.UnsupportedOperation):
            return self._wrong_mode(what)
        return file_error(what, error, self._name, self._url)


def not_supported(what: str, url: str = "", hint: str = "") -> NotSupported:
    """Return the exception for what a local file cannot do: ``ERROR_NOT_SUPPORTED`` (50)."""
    code = Code.ERROR_NOT_SUPPORTED
    return NotSupported(describe(what, code, url=url, hint=hint), code, url=url)


def refuse_transaction(transaction: object) -> None:
    """Raise `NotSupported` unless *transaction* is None; MFC has a ``CAtlTransactionManager`` there."""
    if transaction is not None:
        raise not_supported("there are no file transactions here")
