"""`HttpFile`: an HTTP request and its answer. Source: MFC ``CHttpFile``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyinet._files.error_dialog import ErrorDialog
from pyinet._files.upload import Progress, Upload
from pyinet._request.body import Pieces, body_of
from pyinet.errors import HandleClosed, InternetException, NotSupported, invalid_parameter

if TYPE_CHECKING:
    from typing_extensions import Self

    from pyinet._request.body import Body, Sendable
    from pyinet._request.headers import HeaderLines
    from pyinet._request.plan import Plan
    from pyinet._transfer.pack import Row
    from pyinet.enums import HttpAddReq

__all__ = ["HttpFile"]

_LONGEST = (1 << 63) - 1
_ADD_IF_NEW = 0x10000000
_ADD_OR_REPLACE = 0xA0000000  # HttpAddReq.ADD | REPLACE


class HttpFile(ErrorDialog):
    """A request to a web server, and its answer: status, headers, and the body as a file.

    Any status is an answer, none an exception. It can be sent again: the answer before is then given up.

    Source: MFC ``CHttpFile``.
    """

    def add_request_headers(self, headers: HeaderLines | None, mode: HttpAddReq | int = _ADD_IF_NEW) -> None:
        """Change what will be sent. All of *headers* hold, or none when one is refused.

        Args:
            headers: Lines ``"Name: value"`` with CR, LF or both between them, a mapping, or pairs; None or "": nothing.
            mode: ``HTTP_ADDREQ_FLAG_*``.

        Raises:
            CallerError: 12155, ADD_IF_NEW and there is one; 12153, a line without a colon, or what no header may hold;
                12150, REPLACE with an empty value and there is none; 87, ADD with an empty value; 12019, a body is
                being sent.
            HandleClosed: 6, the file was closed.

        Source: MFC ``CHttpFile::AddRequestHeaders``.
        """
        self._check_idle()
        if headers:
            self._planned().headers.add(headers, mode)

    def send_request(self, headers: HeaderLines | None = None, data: Body | None = None) -> Self:
        """Send the request and wait until its answer begins, redirects followed.

        Args:
            headers: Sent besides those added, and instead of those of the same name.
            data: The body: bytes-like, a path, a file opened for reading in binary mode, or an iterable of bytes.

        Returns:
            The file itself.

        Raises:
            CallerError: 87, an argument cannot be used; 12153, a header is malformed; 12019, a body is being sent; 2,
                FROM_CACHE was asked for and there is nothing.
            TransferError: There is no answer.
            HandleClosed: 6, the file was closed.

        Source: MFC ``CHttpFile::SendRequest``.
        """
        self._check_idle()
        body = body_of(data)
        if isinstance(body, Pieces):
            with self.send_request_ex(body.length, headers=headers) as upload:
                for piece in body.parts:
                    upload.write(piece)
            return self
        plan = self._planned()
        self._send_request(plan, self._row_of(plan, headers, body, None))
        return self

    def _row_of(self, plan: Plan, headers: HeaderLines | None, body: Sendable | None, upload: int | None) -> Row | None:
        """The request with *headers*, which are not kept when it cannot be made with them; None for a plain GET."""
        before = plan.headers
        if headers:
            plan.headers = before.copy()
            plan.headers.add(headers, _ADD_OR_REPLACE)
        try:
            if body is None and upload is None and plan.is_plain:
                return None
            return plan.row(self._settings, self._credentials, body, upload=upload)
        except InternetException:
            plan.headers = before
            raise

    def send_request_ex(
        self,
        total_length: int | None,
        *,
        headers: HeaderLines | None = None,
        first_chunk: bytes | bytearray | memoryview = b"",
        flags: int = 0,
        context: int | None = None,
    ) -> Upload:
        """Begin to send the request; `write` its body, then `end_request`.

        Args:
            total_length: Bytes of the body; None sends it in chunks (RFC 9112 section 7.1), which WinINet cannot.
            headers: As for `send_request`.
            first_chunk: First bytes of the body.
            flags: ``HSR_*``; ignored.
            context: Ignored: the file has one.

        Returns:
            A context manager that ends the request, or aborts it when an exception leaves it. It writes too.

        Raises:
            CallerError: 87, an argument cannot be used; 12153, a header is malformed; 12019, a body is being sent.
            TransferError: There is no connection.
            HandleClosed: 6, the file was closed.

        Source: MFC ``CHttpFile::SendRequestEx``; HTTP_ADDREQ semantics of *headers* as in `send_request`.
        """
        del flags, context
        self._check_idle()
        length = _checked_length(total_length)
        progress = Progress(length)
        plan = self._planned()
        with memoryview(first_chunk) as first:
            progress.check(first.nbytes, self.name)
            self._send_request(plan, self._row_of(plan, headers, None, length))
            self._upload = progress
            if first.nbytes:
                self.write(first)
        return Upload(self, progress)

    def sends(self, progress: Progress) -> bool:
        """Whether the body of that *progress* is still being sent: for `Upload`."""
        return self._upload is progress

    def write(self, data: bytes | bytearray | memoryview, /) -> int:  # type: ignore[override]  # bytes-like, as in io
        """Send *data*, all of it, as the next part of the body; return how many bytes that are.

        What a server that has answered already does not read is dropped: `end_request` gives its answer.

        Raises:
            LengthMismatch: 87, more than was announced; nothing of *data* is sent.
            NotSupported: 12019, no body is being sent.
            TransferError: The connection is lost.
            HandleClosed: 6, the file was closed.

        Source: MFC ``CInternetFile::Write``.
        """
        return super().write(data)

    def _not_writable(self) -> InternetException:
        return self._wrong_state("no body is being sent", "send_request_ex comes first", NotSupported)

    def _put(self, data: memoryview) -> int:
        upload = self._upload
        size = len(data)
        if upload is not None:
            upload.check(size, self._url)
        super()._put(data)
        if upload is not None:
            upload.sent += size
        return size

    def _send(self, data: memoryview) -> None:
        self._claim()  # as `_occupied` and `_attempt`, which take microseconds longer
        try:
            if self._stream is not None and len(data):
                self._stream.write(data)
        except InternetException as error:
            if not isinstance(error, HandleClosed):
                self._upload = None
                self._give_up()
            self._explain(error)
            raise
        finally:
            self._leave()

    def end_request(self) -> None:
        """End the body that `send_request_ex` began, and wait until the answer begins, redirects followed.

        Raises:
            LengthMismatch: 87, fewer bytes were written than announced: the connection is dropped.
            CallerError: 12019, no body is being sent; 12032, a redirect wants the body once more.
            TransferError: There is no answer.
            HandleClosed: 6, the file was closed.

        Source: MFC ``CHttpFile::EndRequest``.
        """
        self._handle.check("the file")
        upload = self._upload
        if upload is None:
            raise self._wrong_state("no body is being sent", "send_request_ex comes first")
        self.flush()
        with self._occupied():
            stream, self._upload = self._stream, None
            if upload.missing or stream is None:
                self._drop_answer()
                raise upload.too_short(self.name)
            self._attempt(stream.finish_upload)
            self._answer(stream)

    def abort_request(self) -> None:
        """Give up the body that is being sent; its connection is dropped, so that the server sees no end of it.

        Nothing happens when none is, or the file was closed.
        """
        if self._upload is not None and not self._handle.closed:
            with self._occupied():
                self._upload = None
                if self._writing is not None:
                    self._writing.drop()
                self._drop_answer()

    def writable(self) -> bool:
        """Whether a body is being sent. Source: `io.RawIOBase`."""
        return self._upload is not None

    def readable(self) -> bool:
        """Whether no body is being sent. Source: `io.RawIOBase`."""
        return self._upload is None


def _checked_length(total_length: object) -> int:
    if total_length is None:
        return -1
    if isinstance(total_length, int) and not isinstance(total_length, bool) and 0 <= total_length <= _LONGEST:
        return total_length
    raise invalid_parameter(f"total_length must be a number of bytes or None, not {total_length!r}")
