"""The bulk face: many rows at once, in this thread. `Fetch` is what `InternetSession.fetch` returns."""

from __future__ import annotations

import time
from itertools import islice
from typing import TYPE_CHECKING

from pyinet._transfer.dispatch import Exchange
from pyinet._transfer.engine import SLICE_MS
from pyinet._wording import describe
from pyinet.enums import InternetErrorCode as Code
from pyinet.errors import HandleClosed, NotSupported, invalid_parameter

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Callable, Generator, Iterable, Iterator
    from types import TracebackType

    from typing_extensions import Self

    from pyinet._settings import Settings
    from pyinet._transfer.aio import Hubs
    from pyinet._transfer.aiter import AsyncRows, Feed
    from pyinet._transfer.engine import Engine, Queue
    from pyinet._transfer.faults import Faults
    from pyinet._transfer.reporting import Reporter
    from pyinet.request import Request
    from pyinet.result import Result

__all__ = ["Fetch", "OneByOne", "Progress"]

_LOOKAHEAD = 4
"""Rows pulled from the input beyond those delivered: this many times in_flight, so that transfers go on while the
consumer is busy."""

_LOOKAHEAD_LEAST = 256
"""The same when rows need not be delivered in order."""

_CHUNK = 64
"""Most rows of one submit."""

_PULL_SECONDS = 0.002
"""So long rows are pulled before results that are there are looked for."""

_LARGE = 65_536
"""Bytes of delivered bodies are given back to the budget in steps of this, small ones with their batch."""


class Progress:
    """Counters of a `Fetch` as they were when asked for.

    Attributes:
        queued: Rows waiting for a slot.
        in_flight: Rows being transferred.
        done: Rows that have ended, failed ones included.
        failed: Rows that ended with an error; an HTTP status is none.
        bytes_received: Bytes of headers and bodies as received.
        body_bytes: Unconsumed body bytes in memory; never more than buffer_bytes.
        elapsed: Seconds since `fetch` was called.
    """

    __slots__ = ("body_bytes", "bytes_received", "done", "elapsed", "failed", "in_flight", "queued")

    def __init__(self, queue: Queue, refused: int, elapsed: float) -> None:
        stats = queue.stats()
        self.queued = stats.queued
        self.in_flight = stats.in_flight
        self.done = stats.done + refused
        self.failed = stats.failed + refused
        self.bytes_received = stats.bytes_received
        self.body_bytes = stats.body_bytes
        self.elapsed = elapsed

    @property
    def transfers_per_second(self) -> float:
        """Rows ended a second, over the whole time."""
        return self.done / self.elapsed if self.elapsed else 0.0

    @property
    def bytes_per_second(self) -> float:
        """Bytes received a second, over the whole time."""
        return self.bytes_received / self.elapsed if self.elapsed else 0.0

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={getattr(self, name)}" for name in self.__slots__)
        return f"Progress({fields})"


class _Stream:
    """The state behind a `Fetch`: pulls rows, delivers results.

    It refers to nothing above it, so that dropping the iterator ends it at once.
    """

    def __init__(
        self, exchange: Exchange, rows: Iterable[str | Request], feed: Feed | None, *, in_flight: int, ordered: bool
    ) -> None:
        self.exchange = exchange
        self.queue = exchange.queue
        self._feed = feed
        self._rows: Iterator[str | Request] | None = iter(rows)
        self._error: BaseException | None = None
        self._ordered = ordered
        self._window = _LOOKAHEAD * in_flight if ordered else max(_LOOKAHEAD * in_flight, _LOOKAHEAD_LEAST)
        self._quick = isinstance(rows, (list, tuple))
        self._submitted = 0
        self._delivered = 0
        self.closed = False
        self.waits = True
        """Whether `results` waits; otherwise it yields None when it would have to."""
        self.hungry = False
        """Whether the input was left for a look at results, and has more."""

    def close(self) -> None:
        self.closed = True
        self._rows = None
        if self._feed is not None:
            self._feed.stop()
        self.queue.close()
        self.exchange.abandon()

    def refill(self) -> bool:
        """Submit rows up to the window; whether the caller may now wait (the window is full, or the input ended)."""
        if self._rows is None:
            return True
        try:
            if self._feed is not None:
                return self._take_fed(self._feed)
            return self._take_chunks(self._rows) if self._quick else self._take_one_by_one(self._rows)
        except HandleClosed:
            raise
        except Exception as error:  # noqa: BLE001 - raised again when what is in flight was delivered
            self._rows, self._error = None, error
            return True

    def _room(self) -> int:
        return self._window - (self._submitted - self._delivered)

    def _take_chunks(self, rows: Iterator[str | Request]) -> bool:
        """Rows that are in memory already cross many at a time."""
        while (room := self._room()) > 0:
            items = list(islice(rows, min(room, _CHUNK)))
            first, self._submitted = self._submitted + 1, self._submitted + len(items)
            if not items:
                self._rows = None
                break
            self.exchange.submit(first, items, will_wait=self._room() <= 0)
        return True

    def _take_one_by_one(self, rows: Iterator[str | Request]) -> bool:
        """Rows that are made on demand: each is on its way before the next is asked for, which may block."""
        until = time.monotonic() + _PULL_SECONDS
        for item in islice(rows, room := self._room()):
            room -= 1
            self._submitted += 1
            self.exchange.submit_one(self._submitted, item)
            if time.monotonic() > until:
                return False
        if room > 0:
            self._rows = None
        return True

    def _take_fed(self, feed: Feed) -> bool:
        """Rows that an async iterable has brought so far."""
        items, feed.items = feed.items[: self._room()], feed.items[self._room() :]
        if items:
            first, self._submitted = self._submitted + 1, self._submitted + len(items)
            self.exchange.submit(first, items, will_wait=True)
        feed.want(self._room())
        if feed.ended and not feed.items:
            self._rows, self._error = None, feed.error
        return True

    def results(self) -> Generator[Result | None, None, None]:
        """Return an iterator over every row's result; it closes the stream when it ends or is dropped."""
        return self._in_order() if self._ordered else self._as_they_end()

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> bool:
        # The session closed under the loop is an error; closing the rows themselves just ends it.
        expected = self.closed and isinstance(error, HandleClosed)
        self.close()
        return expected

    def _batches(self) -> Generator[tuple[list[Result], int, bool], None, None]:
        """Yield what `Exchange.collect` returns until every row came back; then raise what the input raised."""
        exchange = self.exchange
        while True:
            may_wait = self.refill()
            self.hungry = not may_wait
            if self._rows is None and not exchange.outstanding:
                break
            collected = exchange.collect(SLICE_MS if may_wait and self.waits else 0)
            if collected[0] or not self.waits:
                yield collected
        if self._error is not None:
            raise self._error

    def _consumed(self, body_bytes: int, head: int) -> None:
        self.queue.consumed(body_bytes, head)
        self.exchange.mailed = True

    def _as_they_end(self) -> Generator[Result | None, None, None]:
        with self:
            for batch, owed, large in self._batches():
                count = len(batch)
                if not count:
                    yield None
                batch.reverse()
                pop = batch.pop  # and not `for`: a body must not live on in the batch once it is delivered
                while batch:
                    result = pop()
                    if large:
                        self._consumed(result.memory, 0)
                    yield result
                self._delivered += count
                if owed and not large:
                    self._consumed(owed, 0)

    def _in_order(self) -> Generator[Result | None, None, None]:
        with self:
            early: dict[int, Result] = {}
            for batch, _, _ in self._batches():
                if not batch:
                    yield None
                    continue
                early.update((result.ticket, result) for result in batch)
                batch.clear()
                owed = 0
                while self._delivered + 1 in early:
                    result = early.pop(self._delivered + 1)
                    self._delivered += 1
                    owed += result.memory
                    if owed >= _LARGE:
                        self._consumed(owed, self._delivered + 1)
                        owed = 0
                    yield result
                self._consumed(owed, self._delivered + 1)  # that row may now take all the room there is


class Fetch:
    """Results of `InternetSession.fetch`, as they end. Iterate it, once; close it or use ``with``.

    Leaving the loop early, by ``break`` or an exception, cancels what is in flight when the iterator is dropped or
    closed; ``with`` does so at once in every Python.
    """

    def __init__(
        self,
        engine: Engine,
        settings: Settings,
        faults: Faults,
        rows: Iterable[str | Request] | AsyncIterable[str | Request],
        *,
        in_flight: int,
        per_host: int | None,
        ordered: bool,
        buffer_bytes: int,
        reporter: Reporter | None = None,
        hubs: Callable[[], Hubs],
    ) -> None:
        """See `InternetSession.fetch`."""
        _check_numbers(in_flight=in_flight, per_host=per_host, buffer_bytes=buffer_bytes)
        plain, feed = _checked_rows(rows)
        queue = engine.queue(
            **settings.queue_config(
                in_flight=in_flight,
                per_host=in_flight if per_host is None else per_host,
                ordered=int(ordered),
                buffer_bytes=buffer_bytes,
            )
        )
        self._started = time.monotonic()
        self._stream = _Stream(
            Exchange(queue, settings, faults, reporter), plain, feed, in_flight=in_flight, ordered=ordered
        )
        self._feed = feed
        self._hubs = hubs
        self._results = self._stream.results()
        self._async: AsyncRows | None = None

    def __iter__(self) -> Iterator[Result]:
        if self._feed is not None:
            code = Code.ERROR_NOT_SUPPORTED
            hint = "use async for"
            raise NotSupported(describe("the requests are an async iterable", code, hint=hint), code)
        return self._results  # type: ignore[return-value]  # it yields None only for `async for`

    def __next__(self) -> Result:
        return next(iter(self))

    def __aiter__(self) -> AsyncRows:
        """Return the iterator of ``async for``; a second one goes on where the first one stopped."""
        if self._async is None:
            from pyinet._transfer.aiter import AsyncRows  # here: asyncio takes long to import

            hubs = self._hubs()
            hub = hubs.running()
            self._stream.waits = False
            self._async = AsyncRows(self._results, self._stream, hub, self._feed, hubs)
        return self._async

    def progress(self) -> Progress:
        """Return counts, bytes and rates as they are now. Any thread, also after the end."""
        return Progress(self._stream.queue, self._stream.exchange.refused, time.monotonic() - self._started)

    def close(self) -> None:
        """Cancel what is in flight and drop what was not delivered; a loop over it ends. Idempotent, any thread."""
        self._stream.close()
        rows = self._async
        if rows is not None:
            rows.wake()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._async is not None:
            self._async.close()
        self.close()

    def __repr__(self) -> str:
        return f"<Fetch {self.progress()!r}>"


def _checked_rows(
    rows: Iterable[str | Request] | AsyncIterable[str | Request],
) -> tuple[Iterable[str | Request], Feed | None]:
    if hasattr(rows, "__aiter__"):
        from pyinet._transfer.aiter import Feed  # here: asyncio takes long to import

        return (), Feed(rows)  # type: ignore[arg-type]  # hasattr narrows nothing
    if isinstance(rows, (str, bytes)) or not hasattr(rows, "__iter__"):
        raise invalid_parameter(f"requests must be an iterable of str or Request, not {type(rows).__name__}")
    return rows, None


def _check_numbers(*, in_flight: object, per_host: object, buffer_bytes: object) -> None:
    for name, value, most in (
        ("in_flight", in_flight, 1 << 20),
        ("per_host", 1 if per_host is None else per_host, 1 << 20),
        ("buffer_bytes", buffer_bytes, 1 << 62),
    ):
        if not isinstance(value, int) or not 0 < value <= most:
            raise invalid_parameter(f"{name} must be a positive whole number, not {value!r}")


class OneByOne:
    """Single requests, each waited for by its own thread; exchanges are kept for reuse, one a waiting thread."""

    def __init__(self, engine: Engine, settings: Settings, faults: Faults, reporter: Reporter | None = None) -> None:
        self._engine, self._settings, self._faults, self._reporter = engine, settings, faults, reporter
        self._idle: list[tuple[Exchange, int]] = []  # list.append and pop are atomic

    def report_to(self, reporter: Reporter | None) -> None:
        """Requests that begin from now on report to *reporter*, when they have a context."""
        self._reporter = reporter
        self.close()

    def fetch(self, item: str | Request) -> Result:
        """Return the result of one request.

        Raises:
            InternetException: The transfer failed, or the request is refused.
        """
        try:
            exchange, ticket = self._idle.pop()
        except IndexError:
            queue = self._engine.queue(**self._settings.queue_config(in_flight=1, per_host=1))
            exchange, ticket = Exchange(queue, self._settings, self._faults, self._reporter), 0
        ticket += 1
        try:
            result = exchange.perform(ticket, item, SLICE_MS)
        except BaseException:
            exchange.queue.close()  # interrupted or closed: its transfer must not go on unseen
            exchange.abandon()
            raise
        self._idle.append((exchange, ticket))
        if result.error is not None:
            raise result.error
        return result

    def close(self) -> None:
        """Close the exchanges that are idle; the others end with the engine."""
        while self._idle:
            exchange, _ = self._idle.pop()
            exchange.queue.close()
