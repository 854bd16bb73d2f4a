"""The answer of an HTTP file: status, headers, and what ``QueryInfo`` says of them. Source: MFC ``CHttpFile``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyinet._answer.decoding import is_decoded
from pyinet._answer.headers import Headers
from pyinet._files.ranged import RangedFile
from pyinet._transfer.ffi import lib
from pyinet.enums import InternetErrorCode as Code
from pyinet.errors import CallerError, describe

if TYPE_CHECKING:
    from pyinet._transfer.streaming import Streaming

__all__ = ["HttpAnswer"]

_OF_CODED = frozenset({"content-encoding", "content-length"})
"""Headers that do not hold for a body that was decoded."""
_BODILESS = frozenset({204, 304})


class HttpAnswer(RangedFile):
    """Base of `HttpFile`: what is known of the answer."""

    _headers: Headers | None = None
    _verb = "GET"
    _left: int | None = None

    def _take_head(self, url: str, verb: str, head: bytes) -> None:
        """An answer has begun."""
        headers = Headers(head)
        self._url, self._verb, self._headers = url, verb, headers
        self._encoded = None
        if self._row is not None and not self._row.native & lib.PNET_REQ_RAW and is_decoded(verb, headers):
            self._encoded, self._headers = headers, headers.without(_OF_CODED)
        self._left = self._promised(self._headers) if self._watch is not None else None

    def _received(self, count: int, stream: Streaming) -> None:
        if self._left is None:
            return
        self._left -= count
        if self._left == 0 and count:
            stream.settle()

    # ---- the answer ----

    @property
    def headers(self) -> Headers:
        """Response headers: case-insensitive, several values a name.

        Raises:
            CallerError: 12019, there is no answer yet.
            HandleClosed: 6, the file was closed.
        """
        if not self._handle.number:
            self._handle.check("the file")
        if self._headers is None:
            code = Code.ERROR_INTERNET_INCORRECT_HANDLE_STATE
            raise CallerError(
                describe("there is no answer yet", code, hint="send_request comes first"), code, context=self.context
            )
        return self._headers

    @property
    def status_code(self) -> int:
        """HTTP status of the answer. Source: MFC ``CHttpFile::QueryInfoStatusCode``.

        Raises:
            CallerError: 12019, there is no answer yet.
            HandleClosed: 6, the file was closed.
        """
        return self.headers.status

    def query_info_status_code(self) -> int:
        """Return `status_code`. Source: MFC ``CHttpFile::QueryInfoStatusCode``."""
        return self.status_code

    @property
    def reason(self) -> str:
        """Reason phrase of the status line; "" where the protocol has none."""
        return self.headers.reason

    @property
    def http_version(self) -> str:
        """Protocol of the answer: 1.0, 1.1, 2 or 3."""
        return self.headers.status_line.partition(" ")[0].removeprefix("HTTP/")

    @property
    def content_length(self) -> int | None:
        """Bytes the body will have, as the answer says; None when it does not (RFC 9110 section 8.6)."""
        return self._promised(self.headers)

    def _promised(self, headers: Headers) -> int | None:
        if self._verb == "HEAD" or headers.status in _BODILESS:
            return 0
        if "transfer-encoding" in headers:
            return None
        value = headers.get("content-length", "").partition(",")[0].strip()
        return int(value) if value.isascii() and value.isdigit() else None

    @property
    def length(self) -> int | None:
        """`content_length`. Source: MFC ``CInternetFile::GetLength``."""
        return self.content_length

    @property
    def url(self) -> str:
        """Where the answer came from, after redirects; before it, where the request goes.

        Source: MFC ``CHttpFile::GetFileURL``.
        """
        return self.name

    def get_file_url(self) -> str:
        """Return `url`. Source: MFC ``CHttpFile::GetFileURL``."""
        return self.name

    @property
    def verb(self) -> str:
        """The method that was answered, which a redirect may have made GET. Source: MFC ``CHttpFile::GetVerb``."""
        return self._verb

    def get_verb(self) -> str:
        """Return `verb`. Source: MFC ``CHttpFile::GetVerb``."""
        return self.verb
