"""Results: what became of a row. Cheap to make, as a job makes millions; details are worked out when asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from pyinet._answer.content_type import charset_of
from pyinet._answer.headers import Headers
from pyinet._transfer.record import DONE_CUT, NO_DETAILS, Details
from pyinet.errors import http_status_error, redact
from pyinet.request import Request

if TYPE_CHECKING:
    from pyinet.errors import InternetException

__all__ = ["Result", "Timings"]

_MICRO = 1e-6
_ERROR_TEXT = 512  # characters of a body that raise_for_status keeps


class Timings(NamedTuple):
    """Seconds a transfer spent.

    All but `queue` count from the moment it got its slot, hence they grow from phase to phase; 0.0 is a phase that
    did not happen (a kept-alive connection resolves and connects nothing). After redirects they are those of the
    last hop.
    """

    queue: float
    """Waiting for a slot."""
    resolve: float
    """Until the name was resolved."""
    connect: float
    """Until TCP, and a proxy's tunnel, stood."""
    tls: float
    """Until the TLS handshake was done."""
    send: float
    """Until the request was about to be sent."""
    first_byte: float
    """Until the first byte of the answer."""
    total: float
    """Until the last byte, or the error."""


class Result:
    """What became of one row of `InternetSession.fetch`.

    Attributes:
        status: HTTP status code; 0 when there was no answer.
        error: Why the transfer failed, or None. An HTTP status is not an error.
        ticket: Number of the row in its `fetch`, from 1.
    """

    __slots__ = ("_body", "_head", "_headers", "_request", "_rest", "_url", "error", "status", "ticket")

    def __init__(
        self,
        request: Request | str,
        ticket: int,
        status: int,
        head: bytes,
        body: bytes | memoryview,
        rest: bytes = NO_DETAILS,
        error: InternetException | None = None,
        url: str | None = None,
    ) -> None:
        """*rest*: the details of the record, read when asked for; *url*: the final one if not the request's."""
        self._request = request
        self.ticket = ticket
        self.status = status
        self._head = head
        self._body = body
        self._rest = rest
        self.error = error
        self._url = url
        self._headers: Headers | None = None

    @property
    def request(self) -> Request:
        """The request; one made from the URL when the row was a str."""
        request = self._request
        if isinstance(request, str):
            request = self._request = Request(request)
        return request

    @property
    def key(self) -> Any:  # noqa: ANN401 - whatever the caller gave
        """The request's key."""
        request = self._request
        return None if isinstance(request, str) else request.key

    @property
    def url(self) -> str:
        """Where the answer came from, after redirects."""
        if self._url is not None:
            return self._url
        request = self._request
        return request if isinstance(request, str) else request.url

    @property
    def headers(self) -> Headers:
        """Response headers: case-insensitive, several values a name (RFC 9110 section 5.3)."""
        if self._headers is None:
            self._headers = Headers(self._head)
        return self._headers

    @property
    def reason(self) -> str:
        """Reason phrase of the status line; "" where the protocol has none (HTTP/2)."""
        return self.headers.reason

    @property
    def body(self) -> bytes:
        """The decoded body; for a failed transfer what arrived of it.

        Empty when it went to a file, save the first 64 KiB of a body whose status was not 2xx.
        """
        body = self._body
        if isinstance(body, memoryview):
            body = self._body = bytes(body)
        return body

    @property
    def buffer(self) -> memoryview:
        """The body as a read-only view of the memory it was received into: no copy."""
        body = self._body
        return body if isinstance(body, memoryview) else memoryview(body)

    def text(self, encoding: str | None = None, errors: str = "replace") -> str:
        """Return the body as text.

        Args:
            encoding: Its encoding; None for the charset parameter of Content-Type, else UTF-8.
            errors: As for ``bytes.decode``.
        """
        return str(self.buffer, encoding or charset_of(self.headers.get("content-type", "")), errors)

    def json(self) -> Any:  # noqa: ANN401 - whatever JSON says
        """Return the body parsed as JSON (RFC 8259: UTF-8, or UTF-16 and UTF-32 where recognised).

        Raises:
            json.JSONDecodeError: A ValueError; the body is not JSON.
        """
        import json

        return json.loads(self.body)

    @property
    def ok(self) -> bool:
        """No error, and a status below 400."""
        return self.error is None and self.status < 400  # noqa: PLR2004 - RFC 9110 section 15

    def raise_for_status(self) -> Result:
        """Return self when `ok`.

        Raises:
            InternetException: The transfer failed: its `error`.
            HttpStatusError: The status is 400 or more.
        """
        if self.error is not None:
            raise self.error
        if not self.ok:
            text = self.text()[:_ERROR_TEXT]
            raise http_status_error(self.status, self.reason, url=self.url, response_text=text)
        return self

    @property
    def _details(self) -> Details:
        return Details.read(self._rest)

    @property
    def memory(self) -> int:
        """Bytes of the body that count against buffer_bytes until it is delivered."""
        return self._details.body_len

    @property
    def bytes_received(self) -> int:
        """Bytes of headers and body as received, before decoding; of the last hop."""
        return self._details.bytes_received

    @property
    def size(self) -> int:
        """Bytes of the decoded body, wherever they went."""
        return self._details.decoded_bytes

    @property
    def cut(self) -> bool:
        """Whether `body` is only the first 64 KiB of what came."""
        return bool(self._details.flags & DONE_CUT)

    @property
    def timings(self) -> Timings:
        """Seconds per phase."""
        return Timings(*(us * _MICRO for us in self._details[4:11]))

    @property
    def http_version(self) -> str:
        """Protocol of the answer: 1.0, 1.1, 2 or 3; the empty string when there was none."""
        number = self._details.http_version
        return {0: "", 20: "2", 30: "3"}.get(number, f"{number // 10}.{number % 10}")

    @property
    def new_connections(self) -> int:
        """Connections opened for it: 0 when a kept-alive one was used."""
        return self._details.new_connections

    def __repr__(self) -> str:
        outcome = f"error={self.error.name}" if self.error else f"{self.status} {self.size} bytes"
        return f"<Result {redact(self.url)} {outcome}>"

    def __getstate__(self) -> tuple[Any, ...]:
        return self._request, self.ticket, self.status, self._head, self.body, self._rest, self.error, self._url

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.__init__(*state)  # type: ignore[misc]
