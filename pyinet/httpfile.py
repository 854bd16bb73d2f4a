"""`HttpFile`: an HTTP answer and its body. Source: MFC ``CHttpFile``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyinet._headers import Headers
from pyinet.enums import InternetErrorCode as Code
from pyinet.enums import InternetHandleType
from pyinet.errors import HandleClosed, InternetException, describe
from pyinet.internetfile import InternetFile, check_open

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyinet._pack import Row
    from pyinet._reporting import Watch
    from pyinet._settings import Settings
    from pyinet._streaming import Streaming
    from pyinet.internetfile import Parent

__all__ = ["HttpFile"]

_BODILESS = frozenset({204, 304})


class HttpFile(InternetFile):
    """An HTTP answer: status, headers, and its body as a file. Any status is an answer, none an exception.

    Source: MFC ``CHttpFile``.
    """

    def __init__(self, parent: Parent, context: int, watch: Watch | None, settings: Settings) -> None:
        """Made by a session; `send` follows."""
        super().__init__(parent, InternetHandleType.HTTP_REQUEST, context, watch)
        self._settings = settings
        self._headers: Headers | None = None
        self._verb = "GET"
        self._left: int | None = None

    def send(self, row: Row, stream: Streaming, release: Callable[[Streaming], None]) -> None:
        """Send *row* over *stream*, which *release* takes back in the end, and wait for the answer.

        Raises:
            InternetException: There is no answer.
        """
        self._stream, self._release, self._url = stream, release, row.url
        row.watch = self._watch
        self._enter()
        try:
            handle = self._handle
            stream.begin(row, self._settings, lambda: check_open(handle, row.url))
            self._url, self._verb = stream.url, stream.method
            self._headers = Headers(stream.head)
            self._left = self._promised() if self._watch is not None else None
        except HandleClosed:
            raise self._cancelled() from None  # the session was closed, with all that ran
        except InternetException as error:
            error.context = self._handle.context
            raise
        finally:
            self._leave()

    def hold(self, url: str, head: bytes, body: bytes) -> None:
        """Be an answer that is complete: *body* is all there is to read."""
        self._url, self._headers = url, Headers(head)
        self._line, self._ended = body, True

    def _promised(self) -> int | None:
        length = self.content_length
        return None if "content-encoding" in self.headers and self._settings.http_decoding else length

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
            InternetException: 12019, there is no answer yet.
        """
        if self._headers is None:
            code = Code.ERROR_INTERNET_INCORRECT_HANDLE_STATE
            raise InternetException(describe("there is no answer yet", code), code)
        return self._headers

    @property
    def status_code(self) -> int:
        """HTTP status of the answer. Source: MFC ``CHttpFile::QueryInfoStatusCode``."""
        return int(self.headers.status_line.split(" ", 2)[1])

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
        if self.verb == "HEAD" or self.status_code in _BODILESS:
            return 0
        if "transfer-encoding" in self.headers:
            return None
        value = self.headers.get("content-length", "").partition(",")[0].strip()
        return int(value) if value.isascii() and value.isdigit() else None

    @property
    def length(self) -> int | None:
        """`content_length`. Source: MFC ``CInternetFile::GetLength``."""
        return self.content_length

    def get_length(self) -> int:
        """Return `length`.

        Raises:
            InternetException: 12016, the answer does not say.

        Source: MFC ``CInternetFile::GetLength``.
        """
        length = self.length
        if length is None:
            code = Code.ERROR_INTERNET_INVALID_OPERATION
            raise InternetException(describe("the length of the body is not known", code, url=self.url), code)
        return length

    @property
    def url(self) -> str:
        """Where the answer came from, after redirects. Source: MFC ``CHttpFile::GetFileURL``."""
        return self.name

    def get_file_url(self) -> str:
        """Return `url`. Source: MFC ``CHttpFile::GetFileURL``."""
        return self.name

    @property
    def verb(self) -> str:
        """The method that was answered. Source: MFC ``CHttpFile::GetVerb``."""
        return self._verb

    def get_verb(self) -> str:
        """Return `verb`. Source: MFC ``CHttpFile::GetVerb``."""
        return self.verb
