"""Rows down, results up: one exchange a queue. Follows redirects, which the core hands back answer by answer."""

from __future__ import annotations

import contextlib
import os
import time
from typing import TYPE_CHECKING

from pyinet._answer.headers import Headers
from pyinet._process import PROCESS
from pyinet._request.redirect import body_is_gone, next_hop, refused_downgrade, unusable_target
from pyinet._transfer.engine import native_body
from pyinet._transfer.ffi import ffi, lib
from pyinet._transfer.pack import MOST_HEAD_BYTES, Packer, Row, split_credentials
from pyinet._transfer.record import DONE, REQUEST, Details
from pyinet.enums import InternetErrorCode as Code
from pyinet.enums import InternetFlag
from pyinet.errors import CallerError, InternetException, describe, invalid_parameter
from pyinet.request import Request
from pyinet.result import Result

if TYPE_CHECKING:
    from typing import Any

    from pyinet._request.redirect import Hop
    from pyinet._settings import Settings
    from pyinet._transfer.engine import Batch, Queue
    from pyinet._transfer.faults import Faults
    from pyinet._transfer.reporting import Reporter

__all__ = ["OUT_BYTES", "Exchange"]

_AFFECTS_REQUEST = (
    InternetFlag.FROM_CACHE | InternetFlag.KEEP_CONNECTION | InternetFlag.NO_AUTO_REDIRECT
    | InternetFlag.PRAGMA_NOCACHE | InternetFlag.RELOAD | InternetFlag.SECURE
    | InternetFlag.IGNORE_CERT_CN_INVALID | InternetFlag.IGNORE_CERT_DATE_INVALID
)  # fmt: skip
"""Session flags under which a bare URL is more than a plain GET."""


_NO_COOKIES = int(InternetFlag.NO_COOKIES)
_SECURE = int(InternetFlag.SECURE)
_TO_HTTP = int(InternetFlag.IGNORE_REDIRECT_TO_HTTP)

OUT_BYTES = 16_384
"""Bytes for the answer of `Exchange.perform`; a larger one costs a second call."""


class Exchange:
    """Submits rows to one queue and turns its records into results. One thread at a time.

    Attributes:
        queue: The queue; others may close it at any time.
        refused: Rows that were refused before anything was sent.
        mailed: Set when the engine has something to look at: an event loop turns it, and resets this.
        plain: Whether nothing but its URL, and cookies, makes the request for a bare URL.
    """

    def __init__(self, queue: Queue, settings: Settings, faults: Faults, reporter: Reporter | None = None) -> None:
        """*reporter*: whom rows with a context of their own report to."""
        self.queue = queue
        self._reporter = reporter
        self._reporting: list[Reporter] = []  # one for each row that reports
        self.refused = 0
        self.mailed = False
        self._settings = settings
        self._faults = faults
        self._packer = Packer(settings)
        self._pending: dict[int, str | Request | Row] = {}
        self._ready: list[Result] = []
        out = bytearray(OUT_BYTES)
        self._out = memoryview(out)
        self._out_ptr = ffi.from_buffer("uint8_t[]", out)  # not of the view: the collector could not clear it
        self._jar = None if settings.flags & InternetFlag.NO_COOKIES else settings.jar
        affected = settings.flags & _AFFECTS_REQUEST or PROCESS.http_1_0
        self.plain = settings.proxies.is_direct and not affected and settings.is_default

    @property
    def outstanding(self) -> bool:
        """Whether rows were submitted whose result was not collected."""
        return bool(self._pending or self._ready)

    def abandon(self) -> None:
        """Nobody will collect any more: no status is to be expected. Any thread, also in a status callback."""
        while self._reporting:
            self._told()

    def _told(self) -> None:
        """A row that reports has ended."""
        with contextlib.suppress(IndexError):  # they were abandoned
            self._reporting.pop().end()  # atomic

    # ---- down ----

    def submit(self, first: int, items: list[str | Request], *, will_wait: bool) -> None:
        """Submit rows under the tickets from *first* on. *will_wait*: the next call is `collect`.

        A row that is refused becomes a result with its error, and nothing is sent for it.

        Raises:
            HandleClosed: The session or the queue was closed.
        """
        at = 0
        while at < len(items):
            at += self._submit_plain(first + at, items[at:] if at else items, will_wait=will_wait)
            if at < len(items):
                self._add(first + at, items[at])
                at += 1
        self._flush(will_wait=will_wait)

    def submit_one(self, ticket: int, item: str | Request) -> None:
        """Submit one row at once: whoever makes the next one may take a while.

        Raises:
            HandleClosed: The session or the queue was closed.
        """
        if not self._submit_plain(ticket, [item], will_wait=False):
            self._add(ticket, item)
            self._flush(will_wait=False)

    def _submit_plain(self, first: int, items: list[str | Request], *, will_wait: bool) -> int:
        """Submit the plain URLs that *items* begin with, in one call and without a look at each; return how many."""
        if not self.plain:
            return 0
        try:
            text = "\n".join(items).encode("latin-1")  # type: ignore[arg-type]  # a Request among them is a TypeError
            large = len(text) > MOST_HEAD_BYTES and any(len(url) > MOST_HEAD_BYTES for url in text.split(b"\n"))
            if large or b"\t" in text:  # what stands behind a tab would be taken for a cookie
                return self._submit_first_plain(first, items, will_wait=will_wait)
            if self._jar:
                text = "\n".join(self._with_cookies(items)).encode("latin-1")
        except (TypeError, UnicodeEncodeError, AttributeError):
            return self._submit_first_plain(first, items, will_wait=will_wait)
        accepted = self.queue.submit_urls(first, text, len(items), will_wait=will_wait)
        self.mailed = True
        self._pending.update(zip(range(first, first + accepted), items))  # noqa: B905 - as many as were accepted
        return accepted

    def _with_cookies(self, items: list[str | Request]) -> list[str]:
        """Plain URLs with the cookies of each: see ``pnet_submit_urls``."""
        header, now = self._settings.jar.header, time.time()
        return [f"{url}\t{cookie}" if (cookie := header(url, now)) else url for url in items]  # type: ignore[arg-type,misc]

    def _line(self, url: str) -> bytes:
        """A bare URL and its cookies as ``pnet_perform_url`` takes them; b"", which is refused, when it is none."""
        if "\t" in url or len(url) > MOST_HEAD_BYTES:
            return b""  # what stands behind a tab would be taken for a cookie
        try:
            return (self._with_cookies([url])[0] if self._jar else url).encode("latin-1")
        except UnicodeEncodeError:
            return b""

    def _submit_first_plain(self, first: int, items: list[str | Request], *, will_wait: bool) -> int:
        count = next((at for at, item in enumerate(items) if not isinstance(item, str) or not _is_line(item)), 0)
        return self._submit_plain(first, items[:count], will_wait=will_wait) if count else 0

    def _add(self, ticket: int, item: object) -> None:
        try:
            row = Row(_request_of(item), self._settings)
            reporter, context = self._reporter, row.request.context
            if reporter is not None and context:
                row.watch = reporter.watch(self._settings.context if context == 1 else context)
            self._packer.add(ticket, row)
        except InternetException as error:
            self._refuse(ticket, item, error)
            return
        self._pending[ticket] = row
        if reporter is not None and row.watch is not None:
            reporter.begin()
            self._reporting.append(reporter)

    def _refuse(self, ticket: int, item: object, error: InternetException) -> None:
        request: str | Request = item if isinstance(item, (str, Request)) else repr(item)
        self._set_context(error, request)
        self._ready.append(Result(request, ticket, 0, b"", b"", error=error))
        self.refused += 1

    def _set_context(self, error: InternetException, request: str | Request) -> None:
        own = None if isinstance(request, str) else request.context
        error.context = self._settings.context if own in {None, 1} else own or 0

    def _flush(self, *, will_wait: bool) -> None:
        records, text, tickets = self._packer.take()
        at = 0
        while at < len(tickets):
            rest = records[at * REQUEST.size :] if at else records
            try:
                at += self.queue.submit(rest, text, len(tickets) - at, will_wait=will_wait)
            except InternetException:
                for ticket in tickets[at + self.queue.submitted :]:
                    self._pending.pop(ticket, None)  # nobody is to wait for it
                raise
            self.mailed = True
            if at < len(tickets):
                row = self._pending.pop(tickets[at])
                if isinstance(row, Row) and row.watch is not None:
                    self._told()
                self._refuse(tickets[at], _request_in(row), _not_printable(row))
                at += 1

    # ---- up ----

    def collect(self, timeout_ms: int) -> tuple[list[Result], int, bool]:
        """Return results that are there, waiting up to *timeout_ms* for the first; may be none.

        Returns:
            The results, the bytes of their bodies that count against buffer_bytes, and whether these are to be given
            back one by one as results are delivered: some are large.

        Raises:
            HandleClosed: The session or the queue was closed.
            BaseException: KeyboardInterrupt, as a rule, in a status callback. The queue is to be closed: records are
                lost.
        """
        results, self._ready = self._ready, []
        if not self._pending:
            return results, 0, False
        batch = self.queue.reap(0 if results else timeout_ms)
        if batch is None:
            return results, 0, False
        try:
            if batch.events is not None:
                for ticket, kind, value, text in batch.each_event():
                    self._event(ticket, kind, value, text)
                self.queue.check()
            return results + self._read(batch), batch.body_bytes, batch.special > 0
        except BaseException:
            _free_bodies(batch)
            raise

    def _event(self, ticket: int, kind: int, value: int, text: bytes) -> None:
        row = self._pending.get(ticket)
        if kind == lib.PNET_EVENT_COOKIES:
            if row is not None:
                self._store_cookies(row, text)
        elif isinstance(row, Row) and row.watch is not None:
            self.queue.check()  # a callback may have closed the session, or the rows: nothing more is told
            row.watch.feed(kind, value, text.decode("latin-1"))

    def perform(self, ticket: int, item: str | Request, slice_ms: int) -> Result:
        """Submit one row and wait for its result; nothing else is outstanding.

        Raises:
            HandleClosed: The session or the queue was closed.
        """
        if not self.plain or type(item) is not str:
            self.submit(ticket, [item], will_wait=True)
            return self._wait(slice_ms)
        out = self._out
        rc = self.queue.perform_url(ticket, self._line(item), 0, self._out_ptr, OUT_BYTES)
        if rc == lib.PNET_OK:
            _, head, body, end, status, _, _, rest = DONE.unpack_from(out)
            text = out[DONE.size : DONE.size + end]
            return Result(item, ticket, status, text[head:body].tobytes(), text[body:].tobytes(), rest)
        if rc == lib.PNET_AGAIN:
            self._pending[ticket] = item
        else:
            self._add(ticket, item)
            self._flush(will_wait=True)
        return self._wait(slice_ms)

    def _wait(self, slice_ms: int) -> Result:
        found: list[Result] = []
        while not found:
            found, _, _ = self.collect(slice_ms)
        return found[0]

    def _read(self, batch: Batch) -> list[Result]:
        if batch.special:
            results = self._read_special(batch)
            self._flush(will_wait=True)
            return results + self._ready_now()
        pop, text = self._pending.pop, batch.text
        return [
            Result(row, ticket, status, text[head:body], text[body:end], rest)
            if type(row := pop(ticket)) is str
            else self._result(row, ticket, status, text[head:body], text[body:end], rest)
            for ticket, head, body, end, status, _, _, rest in batch.records
        ]

    def _ready_now(self) -> list[Result]:
        ready, self._ready = self._ready, []
        return ready

    def _result(
        self,
        row: str | Request | Row,
        ticket: int,
        status: int,
        head: bytes,
        body: bytes | memoryview,
        rest: bytes,
        error: InternetException | None = None,
    ) -> Result:
        if isinstance(row, Row) and row.watch is not None:
            self._told()
        url = row.url if isinstance(row, Row) and (row.history or row.flags & _SECURE) else None
        return Result(_request_in(row), ticket, status, head, body, rest, error, url)

    def _read_special(self, batch: Batch) -> list[Result]:
        results = []
        for record in batch.records:
            ticket, head_at, body_at, detail_at, status, _, detail_len, rest = record
            details = Details.read(rest)
            head = batch.text[head_at:body_at]
            body: Any = batch.text[body_at:detail_at]
            if details.body:
                body = native_body(details.body, details.body_len)
            error = None
            if details.flags & lib.PNET_DONE_COOKIES:
                self._store_cookies(self._pending[ticket], head)
            if details.flags & lib.PNET_DONE_HOP:
                try:
                    if self._follow(ticket, head, status, details):
                        continue
                except InternetException as refused:
                    error = refused
                    self._set_context(error, _request_in(self._pending[ticket]))
                self.queue.hop_end(ticket)
                self.mailed = True
            if details.fault and error is None:
                detail = batch.text[detail_at : detail_at + detail_len].decode("utf-8", "replace")
                error = self._error(self._pending[ticket], details, detail)
            results.append(self._result(self._pending.pop(ticket), ticket, status, head, body, rest, error))
        return results

    def _store_cookies(self, row: str | Request | Row, head: bytes) -> None:
        flags = self._settings.flag_bits if isinstance(row, str) else int(row.flags)
        if not flags & _NO_COOKIES:
            url = row if isinstance(row, str) else row.url
            self._settings.store_cookies(url, Headers(head).get_all("set-cookie"))

    def _error(self, row: str | Request | Row, details: Details, detail: str) -> InternetException:
        url = row if isinstance(row, str) else row.url
        error = self._faults.error_of(details, detail, url, _file_at_fault(row, details))
        if error.code == Code.ERROR_INTERNET_INVALID_URL and isinstance(row, Row) and row.history:
            error = unusable_target(row.history[-1], url)
        self._set_context(error, _request_in(row))
        return error

    def _follow(self, ticket: int, head: bytes, status: int, details: Details) -> bool:
        """Prepare the next hop of a ticket; False when the answer is final.

        Raises:
            InternetException: The redirect is refused.
        """
        row = self._pending[ticket]
        if not isinstance(row, Row):
            row = self._pending[ticket] = Row(_request_of(row), self._settings)
        hop = self._next_hop(row, head, status)
        if hop is None:
            return False
        if hop.keeps_body and row.upload is not None:
            raise body_is_gone(row.url)
        if row.allows is not None:
            row.allows(status, hop.url, downgrade=hop.downgrade)
        elif hop.downgrade and not row.flags & _TO_HTTP:
            raise refused_downgrade(row.url)
        if row.watch is not None:
            self.queue.check()
            row.watch.redirect(split_credentials(hop.url)[0])
        row.follow(hop.url, hop.method, same_origin=hop.same_origin, keeps_body=hop.keeps_body)
        self._packer.add(ticket, row)
        if details.body_len and not row.native & lib.PNET_REQ_PIPE:
            self.queue.consumed(details.body_len, 0)
        return True

    def _next_hop(self, row: Row, head: bytes, status: int) -> Hop | None:
        location = (Headers(head).get_all("location") or [""])[0]
        return next_hop(
            row.url, row.method, status, location, hops=len(row.history), limit=self._settings.max_redirects
        )


def _free_bodies(batch: Batch) -> None:
    """Nobody will read the other records of *batch*."""
    for *_, rest in batch.records if batch.special else ():
        details = Details.read(rest)
        if details.body:
            native_body(details.body, details.body_len)  # and drop it


def _is_line(url: str) -> bool:
    return url.isascii() and "\t" not in url and len(url) <= MOST_HEAD_BYTES


def _request_of(item: object) -> Request:
    if isinstance(item, Request):
        return item
    if isinstance(item, str):
        return Request(item)
    raise invalid_parameter(f"a row must be a str or a Request, not {type(item).__name__}")


def _request_in(row: str | Request | Row) -> str | Request:
    return row.request if isinstance(row, Row) else row


def _file_at_fault(row: str | Request | Row, details: Details) -> str | None:
    if not isinstance(row, Row):
        return None
    if details.flags & lib.PNET_DONE_BODY_FILE and isinstance(row.body, os.PathLike):
        return os.fsdecode(row.body)
    return row.request.path


def _not_printable(row: str | Request | Row) -> CallerError:
    url = row if isinstance(row, str) else row.url
    code = Code.ERROR_INVALID_PARAMETER
    what = "the request holds a control character or a line break where none may be"
    return CallerError(describe(what, code, url=url), code, url=url)
