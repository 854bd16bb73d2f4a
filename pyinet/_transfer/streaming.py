"""One request at a time whose body is read while it arrives: what is under a file of `open_url`."""

from __future__ import annotations

import copy
import time
from typing import TYPE_CHECKING

from pyinet._answer.headers import Headers
from pyinet._transfer.dispatch import OUT_BYTES, Exchange
from pyinet._transfer.engine import SLICE_MS
from pyinet._transfer.ffi import lib
from pyinet._transfer.record import DONE
from pyinet.enums import InternetFlag
from pyinet.errors import InternetException

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyinet._settings import Settings
    from pyinet._transfer.engine import Peer, Queue
    from pyinet._transfer.faults import Faults
    from pyinet._transfer.pack import Row
    from pyinet._transfer.record import Details
    from pyinet.result import Result

__all__ = ["Streaming"]

_NO_COOKIES = int(InternetFlag.NO_COOKIES)
_DROPPED_AT_ONCE = 65_536
_CLOSE = frozenset({lib.PNET_EVENT_CLOSING, lib.PNET_EVENT_CLOSED})


class Streaming(Exchange):
    """An exchange for single requests with PNET_REQ_PIPE, used again for the next one when `idle`.

    Attributes:
        status: HTTP status of the answer.
        head: Its header block.
        url: Where it came from, after redirects.
        method: The method that was answered.
        submitted: Whether `perform_short` sent a request whose answer `begin` has to wait for.
        generation: Of the settings its queue was made with.
        has_own_clocks: Whether its queue was given those of some file since then.

    What ended a transfer is raised as a copy: an exception holds the frames it went through, and these the file.
    """

    def __init__(self, queue: Queue, settings: Settings, faults: Faults, generation: int) -> None:
        super().__init__(queue, settings, faults)
        self.generation = generation
        self._ticket = 0
        self._checked: Callable[[], None] = _nothing
        self.submitted = False
        self.has_own_clocks = False
        self._clocks = settings.clocks
        self._forget()

    def _forget(self) -> None:
        self.status, self.head, self.url, self.method = 0, b"", "", ""
        self._row: Row | None = None
        self._final: Result | None = None
        self._rest = memoryview(b"")
        self._late: list[tuple[int, int, bytes]] = []
        self._wanted = False
        self._undecided: tuple[int, bytes] | None = None  # an answer that may lead on

    @property
    def idle(self) -> bool:
        """Whether nothing of the last request is left: another may begin."""
        return not self._pending

    def begin(self, row: Row, settings: Settings, checked: Callable[[], None]) -> None:
        """Send *row*, unless `perform_short` did, and wait until its answer begins, after redirects.

        Args:
            row: With PNET_REQ_PIPE among its native flags.
            settings: Those of the file.
            checked: Called after status callbacks; raises when the file was closed meanwhile.

        Raises:
            InternetException: There is no answer.
        """
        self._submit(row, settings, checked)
        self._await_answer()

    def _submit(self, row: Row, settings: Settings, checked: Callable[[], None]) -> None:
        submitted, self.submitted = self.submitted, False
        self._settings = settings
        self._packer.settings = settings
        self._checked = checked
        if settings.clocks != self._clocks:
            self._clocks, self.has_own_clocks = settings.clocks, True
            self.queue.configure(settings.queue_config())
        if not submitted:
            self._forget()
            self._ticket += 1
            self._packer.add(self._ticket, row)
        self._row = row
        self._pending[self._ticket] = row
        self._flush(will_wait=True)

    def _await_answer(self) -> None:
        row = self._row
        while not self.head and self._final is None:
            self._turn(SLICE_MS)
        final = self._final
        if final is None or row is None:
            return
        if not self.head:
            if final.error is not None:
                raise copy.copy(final.error)
            self.status, self.head, self.url = final.status, final._head, row.url  # noqa: SLF001 - the same layer
            self.method = row.method
        if not self._rest and final.error is None:
            self._tell_late()

    # ---- a request body that is written piece by piece ----

    def begin_upload(self, row: Row, settings: Settings, checked: Callable[[], None]) -> None:
        """Send the header section of *row*, whose `Row.upload` says how long its body will be; arguments as of `begin`.

        Raises:
            InternetException: There is no connection.
        """
        if row.watch is not None:
            row.watch.in_pieces = True
        self._submit(row, settings, checked)
        while row.upload and not (self._wanted or self.head or self._final):
            self._turn(SLICE_MS)
        self._raise_early()

    def _raise_early(self) -> None:
        """Raise what ended the transfer before its answer began."""
        if self._final is not None and self._final.error is not None and not self.head:
            raise copy.copy(self._final.error)

    def write(self, data: memoryview) -> int:
        """Send *data* as the next part of the body; return how much of it: less only when no more is wanted.

        Raises:
            InternetException: The transfer has failed.
        """
        watch = None if self._row is None else self._row.watch
        if watch is not None:
            watch.sends(None)
        at = 0
        while at < len(data) and self._final is None:
            rc, taken = self.queue.write(data[at:] if at else data, SLICE_MS)
            at += taken
            if rc == lib.PNET_OK:
                break
            self._turn(SLICE_MS if rc == lib.PNET_END and not self.head else 0)
            if rc == lib.PNET_END and self.head:
                break
        self._raise_early()
        if watch is not None:
            watch.sends(at)
        return at

    def finish_upload(self) -> None:
        """End the body, and wait until the answer begins, after redirects.

        Raises:
            InternetException: There is no answer.
        """
        if self._row is not None and self._row.watch is not None:
            self._row.watch.body_ended()
        if self._final is None:
            self.queue.write_end()
        self._await_answer()

    # ---- short answers ----

    def perform_short(self, url: str, flags: int) -> bytes | None:
        """Send a plain GET and wait for a short answer: one native call.

        Args:
            url: As the program gave it.
            flags: ``PNET_REQ_*``.

        Returns:
            The body, when it is complete; `head` and `status` are set. None: `begin` goes on.
        """
        self._forget()
        self._ticket += 1
        out = self._out
        rc = self.queue.perform_url(self._ticket, self._line(url), flags, self._out_ptr, OUT_BYTES)
        if rc == lib.PNET_OK:
            _, head, body, end, self.status, _, _, _ = DONE.unpack_from(out)
            text = out[DONE.size : DONE.size + end].tobytes()
            self.head = text[head:body]
            return text[body:]
        self.submitted = rc == lib.PNET_AGAIN
        return None

    def _turn(self, timeout_ms: int) -> None:
        """Take what is there, waiting for the first of it."""
        try:
            results, _, _ = self.collect(timeout_ms)
        except InternetException:
            raise
        except BaseException:
            self.queue.close()  # KeyboardInterrupt: the end may be lost, and nobody must wait for it
            raise
        self._checked()
        if results:
            self._final = results[0]
            self._rest = results[0].buffer
        elif self._undecided is not None:
            self._decide(*self._undecided)

    def _decide(self, status: int, head: bytes) -> None:
        """An answer may lead on, and its body is still coming: which is read only when the answer is final."""
        row = self._row
        if row is None:
            return
        self._undecided = None
        try:
            final = self._next_hop(row, head, status) is None
        except InternetException:
            final = False  # raised once more when its record is there
        if final:
            self.queue.hop_end(self._ticket)
            self._begin_answer(row, status, head)
        else:
            self.queue.hop_skip(self._ticket)

    def _follow(self, ticket: int, head: bytes, status: int, details: Details) -> bool:
        self._undecided = None
        return super()._follow(ticket, head, status, details)

    def _begin_answer(self, row: Row, status: int, head: bytes) -> None:
        self.status, self.head, self.url, self.method = status, head, row.url, row.method
        # most have none, and parsing takes a while
        if b"set-cookie" in head.lower() and not row.flags & _NO_COOKIES:
            self._settings.store_cookies(row.url, Headers(head).get_all("set-cookie"))

    def _event(self, ticket: int, kind: int, value: int, text: bytes) -> None:
        row = self._row
        if row is None or ticket != self._ticket:
            return
        if kind == lib.PNET_EVENT_ANSWER:
            self._begin_answer(row, value, text)
        elif kind == lib.PNET_EVENT_HOP:
            self._undecided = value, text
        elif kind == lib.PNET_EVENT_COOKIES:
            super()._store_cookies(row, text)
        elif kind == lib.PNET_EVENT_WANTED:
            self._wanted = True
        elif row.watch is not None:
            if self.head and kind in _CLOSE:
                self._late.append((kind, value, text))  # told when the reader comes to the end
            else:
                row.watch.feed(kind, value, text.decode("latin-1"))

    def _store_cookies(self, row: object, head: bytes) -> None:
        if not self.head:  # otherwise the beginning of the answer has told
            super()._store_cookies(row, head)  # type: ignore[arg-type]

    def _tell_late(self) -> None:
        late, self._late = self._late, []
        row = self._row
        if row is not None and row.watch is not None:
            for kind, value, text in late:
                row.watch.feed(kind, value, text.decode("latin-1"))

    # ---- the body ----

    @property
    def whole(self) -> bytes | None:
        """The rest of the body when all of it is here and it is no error; None when not."""
        final = self._final
        return bytes(self._rest) if final is not None and final.error is None else None

    def read_into(self, out: memoryview, least: int) -> int:
        """Read at least *least* bytes, fewer only at the end, and at most what *out* holds.

        Raises:
            InternetException: The body ended before its end; what came before was read.
        """
        got = 0
        while self._final is None:
            rc, n = self.queue.read(out[got:] if got else out, least - got, SLICE_MS)
            got += n
            if rc == lib.PNET_OK:
                return got
            self._turn(0)
        n = min(len(out) - got, len(self._rest))
        out[got : got + n] = self._rest[:n]
        self._rest = self._rest[n:]
        got += n
        if not self._rest:
            self._tell_late()
        if not got and self._final.error is not None:
            raise copy.copy(self._final.error)
        return got

    def drain(self, seconds: float) -> None:
        """Receive and drop what is left of the body, for *seconds* at most.

        Raises:
            InternetException: A callback has closed the file, or the session was closed.
        """
        until = time.monotonic() + seconds
        scratch = memoryview(bytearray(_DROPPED_AT_ONCE))
        while self._final is None and (left := until - time.monotonic()) > 0:
            rc, _ = self.queue.read(scratch, 1, min(SLICE_MS, int(left * 1000) + 1))
            if rc != lib.PNET_OK:
                self._turn(0)

    def take_rest(self) -> None:
        """The reader has taken `whole`."""
        self._rest = memoryview(b"")
        self._tell_late()

    def settle(self) -> None:
        """All bytes that were promised are read: wait for the end, which is there or close, and tell of it."""
        while self._final is None:
            self._turn(SLICE_MS)
        if not self._rest:
            self._tell_late()

    def cancel(self) -> None:
        """Make the thread inside leave soon: its transfer ends with 12017. Any thread.

        Raises:
            HandleClosed: The queue was closed.
        """
        self.queue.cancel(self._ticket)

    def finish(self) -> None:
        """Give the answer up: what was not received is cancelled, and its connection with it.

        Raises:
            HandleClosed: The queue was closed.
        """
        self._checked = _nothing
        if self.submitted:  # nobody went on to wait for the answer
            self.submitted = False
            self.queue.close()
        if self._final is None and self._pending:
            self.queue.cancel(self._ticket)
            while self._pending:
                self.collect(SLICE_MS)
        self._tell_late()
        self._rest = memoryview(b"")
        self._row = None

    @property
    def peer(self) -> Peer | None:
        """The connection the answer came on, until the next request begins; None while there is no answer."""
        peer = self.queue.peer()
        return peer if peer.ticket and peer.ticket == self._ticket else None

    @property
    def failed(self) -> bool:
        """Whether the body is not whole, and all that came of it was read."""
        return self._final is not None and self._final.error is not None and not self._rest

    @property
    def error(self) -> InternetException | None:
        """Why the body is not whole, once its end was reached."""
        return self._final.error if self._final is not None else None


def _nothing() -> None:
    """No check."""
