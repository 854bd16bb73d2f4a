"""Rows down, results up: one exchange a queue. Follows redirects, which the core hands back answer by answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyinet._engine import native_body
from pyinet._ffi import DONE, REQUEST, lib
from pyinet._headers import Headers
from pyinet._pack import Packer, Row
from pyinet._redirect import next_hop
from pyinet.enums import InternetErrorCode as Code
from pyinet.enums import InternetFlag
from pyinet.errors import CallerError, InternetException, describe, invalid_parameter
from pyinet.request import Request
from pyinet.result import Result

if TYPE_CHECKING:
    from pyinet._engine import Queue
    from pyinet._faults import Faults
    from pyinet._settings import Settings

__all__ = ["Exchange", "ticket_of"]

_HOP = lib.PNET_DONE_HOP
_PLAIN_FLAGS = ~(InternetFlag.NO_AUTO_REDIRECT | InternetFlag.RELOAD | InternetFlag.PRAGMA_NOCACHE)


def ticket_of(result: Result) -> int:
    """The ticket a result came under."""
    return result._record[0]  # noqa: SLF001 - the record is what crosses this boundary


def memory_of(result: Result) -> int:
    """Bytes of its body that count against buffer_bytes."""
    return result._record[2]  # noqa: SLF001 - as above


class Exchange:
    """Submits rows to one queue and turns its records into results. One thread at a time."""

    def __init__(self, queue: Queue, settings: Settings, faults: Faults) -> None:
        self.queue = queue
        self._settings = settings
        self._faults = faults
        self._packer = Packer(settings)
        self._pending: dict[int, str | Request | Row] = {}
        self._refused: list[Result] = []
        self._plain = settings.proxies.is_direct and not settings.flags & ~_PLAIN_FLAGS

    @property
    def outstanding(self) -> int:
        """Rows added whose result was not collected."""
        return len(self._pending) + len(self._refused)

    def add(self, ticket: int, item: str | Request) -> None:
        """Add a row; one that is refused becomes a result with its error, and nothing is sent for it."""
        if (
            type(item) is str
            and self._plain
            and item.startswith(("http://", "https://"))
            and item.isascii()
            and item.isprintable()
            and " " not in item
            and "@" not in item
        ):
            self._pending[ticket] = item
            self._packer.add_plain(ticket, item)
            return
        try:
            request = item if isinstance(item, Request) else _request_of(item)
            row = Row(request, self._settings)
            self._packer.add(ticket, row)
        except InternetException as error:
            self._refuse(ticket, item, error)
        else:
            self._pending[ticket] = row

    def _refuse(self, ticket: int, item: object, error: InternetException) -> None:
        request: str | Request = item if isinstance(item, (str, Request)) else repr(item)
        self._set_context(error, request)
        self._refused.append(Result(request, _empty_record(ticket), b"", b"", error))

    def _set_context(self, error: InternetException, request: str | Request) -> None:
        own = None if isinstance(request, str) else request.context
        error.context = self._settings.context if own in {None, 1} else own or 0

    def flush(self, *, will_wait: bool) -> None:
        """Submit what was added. *will_wait*: the next call is `collect`, so nobody need be woken.

        Raises:
            HandleClosed: The session or the queue was closed.
        """
        records, text, tickets = self._packer.take()
        at = 0
        while at < len(tickets):
            rest = records[at * REQUEST.size :] if at else records
            at += self.queue.submit(rest, text, len(tickets) - at, will_wait=will_wait)
            if at < len(tickets):
                row = self._pending.pop(tickets[at])
                self._refuse(tickets[at], _request_in(row), _not_printable(row))
                at += 1

    def collect(self, timeout_ms: int) -> list[Result]:
        """Return results that are there, waiting up to *timeout_ms* for the first; may be empty.

        Raises:
            HandleClosed: The session or the queue was closed.
        """
        results, self._refused = self._refused, []
        if not self._pending:
            return results
        pending = self._pending
        records, text, _ = self.queue.reap(0 if results else timeout_ms)
        for record in records:
            if record[15] or record[21] & _HOP:
                result = self._examine(record, text)
                if result is not None:
                    results.append(result)
                continue
            row = pending.pop(record[0])
            if type(row) is not str:
                results.append(self._result(row, record, text))
                continue
            at = record[1]
            body_at = at + record[13] + record[14]
            body = native_body(record[3], record[2]) if record[3] else text[body_at : body_at + record[2]]
            results.append(Result(row, record, text[at : at + record[13]], body))
        if self._packer.tickets:
            self.flush(will_wait=True)
        return results

    def _result(
        self,
        row: str | Request | Row,
        record: tuple[int, ...],
        text: bytes,
        error: InternetException | None = None,
    ) -> Result:
        at = record[1]
        body_at = at + record[13] + record[14]
        body = native_body(record[3], record[2]) if record[3] else text[body_at : body_at + record[2]]
        url = row.url if isinstance(row, Row) and row.hops else None
        return Result(_request_in(row), record, text[at : at + record[13]], body, error, url)

    def _examine(self, record: tuple[int, ...], text: bytes) -> Result | None:
        """A record that is no plain success; None when it was a redirect that is followed."""
        ticket, at = record[0], record[1]
        row = self._pending[ticket]
        error = None
        if record[15]:
            detail = text[at + record[13] : at + record[13] + record[14]].decode("utf-8", "replace")
            url = row if isinstance(row, str) else row.url
            path = row.request.path if isinstance(row, Row) else None
            error = self._faults.error_of(record, detail, url, path)
        else:
            if not isinstance(row, Row):
                row = self._pending[ticket] = Row(_request_of(row), self._settings)
            try:
                if self._follow(ticket, row, record, text):
                    return None
            except InternetException as refused:
                error = refused
            self.queue.hop_end(ticket)
        del self._pending[ticket]
        if error is not None:
            self._set_context(error, _request_in(row))
        return self._result(row, record, text, error)

    def _follow(self, ticket: int, row: Row, record: tuple[int, ...], text: bytes) -> bool:
        """Resubmit a ticket to where its answer points; False when the answer is final.

        Raises:
            InternetException: The redirect is refused.
        """
        location = Headers(text[record[1] : record[1] + record[13]]).get("location", "")
        hop = next_hop(
            row.url, row.method, record[19], location, hops=row.hops, limit=self._settings.max_redirects,
            downgrade=bool(row.flags & InternetFlag.IGNORE_REDIRECT_TO_HTTP),
        )  # fmt: skip
        if hop is None:
            return False
        row.follow(hop.url, hop.method, same_origin=hop.same_origin, keeps_body=hop.keeps_body)
        self._packer.add(ticket, row)
        if record[3]:
            native_body(record[3], record[2]).release()
        if record[2]:
            self.queue.consumed(record[2], 0)
        return True


def _request_of(item: object) -> Request:
    if isinstance(item, (str, Request)):
        return item if isinstance(item, Request) else Request(item)
    raise invalid_parameter(f"a row must be a str or a Request, not {type(item).__name__}")


def _request_in(row: str | Request | Row) -> str | Request:
    return row.request if isinstance(row, Row) else row


def _not_printable(row: str | Request | Row) -> CallerError:
    url = row if isinstance(row, str) else row.url
    code = Code.ERROR_INVALID_PARAMETER
    what = "the request holds a control character or a line break where none may be"
    return CallerError(describe(what, code, url=url), code, url=url)


def _empty_record(ticket: int) -> tuple[int, ...]:
    return (ticket, *DONE.unpack(bytes(DONE.size))[1:])
