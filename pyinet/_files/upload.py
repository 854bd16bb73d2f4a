"""What `HttpFile.send_request_ex` returns: a body on its way. Source: MFC ``CHttpFile::SendRequestEx``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyinet.enums import InternetErrorCode as Code
from pyinet.errors import LengthMismatch, describe

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Protocol

    from typing_extensions import Self

    class Writable(Protocol):
        """What is needed of the file."""

        def write(self, data: bytes | bytearray | memoryview, /) -> int: ...

        def end_request(self) -> None: ...

        def abort_request(self) -> None: ...

        def sends(self, progress: Progress) -> bool: ...


__all__ = ["Progress", "Upload"]


class Progress:
    """How much of a body was announced, and how much written. A file has it: it does not know the file.

    Attributes:
        length: Bytes that were announced; None when nothing was.
        sent: Bytes that were written.
    """

    __slots__ = ("length", "sent")

    def __init__(self, length: int) -> None:
        """*length*: negative for none announced."""
        self.length = None if length < 0 else length
        self.sent = 0

    @property
    def missing(self) -> int:
        """Bytes that were announced and not written."""
        return 0 if self.length is None else self.length - self.sent

    def check(self, size: int, url: str) -> None:
        """Raise when *size* more bytes are more than were announced.

        Raises:
            LengthMismatch: 87.
        """
        if self.length is not None and self.sent + size > self.length:
            code = Code.ERROR_INVALID_PARAMETER
            what = f"{self.sent + size} bytes of a body that was announced with {self.length}"
            raise LengthMismatch(describe(what, code, url=url), code, url=url)

    def too_short(self, url: str) -> LengthMismatch:
        """Return the exception for a body that ended before its announced length: 87."""
        code = Code.ERROR_INVALID_PARAMETER
        what = f"{self.sent} of {self.length} bytes of the body were written"
        return LengthMismatch(describe(what, code, url=url), code, url=url)


class Upload:
    """A body on its way: write to it; leaving its block ends the request, an exception aborts it.

    Nothing is left to do when that happened within the block.
    """

    def __init__(self, file: Writable, progress: Progress) -> None:
        """*progress*: what *file* has of it."""
        self._file = file
        self._progress = progress

    @property
    def length(self) -> int | None:
        """Bytes that were announced; None when nothing was."""
        return self._progress.length

    @property
    def sent(self) -> int:
        """Bytes that were written."""
        return self._progress.sent

    def write(self, data: bytes | bytearray | memoryview, /) -> int:
        """As `HttpFile.write`."""
        return self._file.write(data)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._file.sends(self._progress):
            return
        if error is None:
            self._file.end_request()
        else:
            self._file.abort_request()
