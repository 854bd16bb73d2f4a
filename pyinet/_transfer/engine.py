"""Handles of the native core: engine and queue. Bytes and numbers in, bytes and numbers out; no policy."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any, NamedTuple

from pyinet._transfer.ffi import CData, check, ffi, lib
from pyinet._transfer.record import DONE, EVENT
from pyinet.enums import InternetErrorCode as Code
from pyinet.errors import HandleClosed, describe

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Engine", "Peer", "Queue", "QueueStats", "library_versions", "live_objects"]

SLICE_MS = 100
"""Longest stay in one native wait: so often Python looks at signals that reached another thread."""

BATCH = 256
"""Most results that cross in one call."""


_PERFORMED = frozenset({lib.PNET_OK, lib.PNET_AGAIN, lib.PNET_INVALID})
_TURNED = frozenset({lib.PNET_OK, lib.PNET_AGAIN, lib.PNET_BUSY})
_READ = frozenset({lib.PNET_OK, lib.PNET_END, lib.PNET_AGAIN})


def _closed(what: str) -> HandleClosed:
    code = Code.ERROR_INVALID_HANDLE
    return HandleClosed(describe(f"{what}: the session or the rows were closed", code), code)


def _header_octets(text: str) -> bytes:
    """Encode header lines as those of a request are."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode()


class Engine:
    """Native threads driving libcurl. Usable from any thread; close it or let it be collected."""

    def __init__(
        self,
        *,
        default_headers: str = "",
        raw_headers: str = "",
        bare_headers: str = "",
        ca_file: str | None = None,
        resolve: str = "",
    ) -> None:
        """Create the engine; no network activity. Arguments as in ``struct pnet_engine_config``.

        Raises:
            InternetException: Memory or file descriptors are missing.
        """
        config = ffi.new("struct pnet_engine_config *")
        kept = [ffi.new("char[]", _header_octets(text)) for text in (default_headers, raw_headers, bare_headers)]
        kept += [ffi.new("char[]", text.encode("utf-8", "surrogateescape")) for text in (ca_file or "", resolve)]
        config.default_headers, config.raw_headers, config.bare_headers, config.ca_file, config.resolve = kept
        out = ffi.new("struct pnet_engine **")
        check(lib.pnet_engine_new(config, out), "opening the session")
        self._ptr = ptr = out[0]
        # Finalizers hold the pointer, never self, and the newest runs first. At exit only the threads are
        # stopped: a daemon thread may still be inside a native call, so the memory stays.
        weakref.finalize(self, lib.pnet_engine_free, ptr).atexit = False
        self._stop = weakref.finalize(self, lib.pnet_engine_stop, ptr)

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return not self._stop.alive

    def close(self) -> None:
        """Cancel every transfer and stop the thread; blocked calls raise `HandleClosed`. Idempotent, any thread."""
        self._stop()

    @property
    def descriptor(self) -> int:
        """A descriptor that is readable when `Queue.turn` has something to do; -1 when there is none."""
        return int(lib.pnet_engine_descriptor(self._ptr))

    def attend(self, change: int) -> None:
        """Promise (+1), or no longer (-1), to `Queue.turn` when the descriptor is readable and after submitting."""
        lib.pnet_engine_attend(self._ptr, change)

    def check(self) -> None:
        """Raise unless it is open.

        Raises:
            HandleClosed: The engine was closed.
        """
        if self.closed:
            raise _closed("fetch")

    def queue(self, **config: int) -> Queue:
        """Return a new queue; *config* as in ``struct pnet_queue_config``.

        Raises:
            HandleClosed: The engine was closed.
        """
        self.check()
        return Queue(self, self._ptr, config)


class QueueStats:
    """Counters of a queue, as in ``struct pnet_stats``."""

    __slots__ = ("body_bytes", "bytes_received", "done", "failed", "in_flight", "queued")

    def __init__(self, ptr: CData) -> None:
        out = ffi.new("struct pnet_stats *")
        lib.pnet_queue_stats(ptr, out)
        self.queued: int = out.queued
        self.in_flight: int = out.in_flight
        self.done: int = out.done
        self.failed: int = out.failed
        self.bytes_received: int = out.bytes_received
        self.body_bytes: int = out.body_bytes


class Batch:
    """Finished transfers as the core hands them out.

    Attributes:
        records: Tuples of `record.DONE`.
        text: Their strings, to be sliced; a slice is a copy.
        special: How many of them are more than a success whose body lies in the text.
        body_bytes: Bytes of their bodies that count against buffer_bytes.
        events: Raw events that came before, as the core hands them out; None when there are none.
    """

    __slots__ = ("body_bytes", "events", "records", "special", "text")

    def __init__(self, batch: CData) -> None:
        self.records: Iterator[tuple[Any, ...]] = DONE.iter_unpack(ffi.buffer(batch.rows, batch.n * DONE.size))
        self.text: Any = ffi.buffer(batch.text, batch.text_len)
        self.special: int = batch.special
        self.body_bytes: int = batch.body_bytes
        self.events = batch if batch.n_events else None

    def each_event(self) -> Iterator[tuple[int, int, int, bytes]]:
        """Yield ticket, ``enum pnet_event_kind``, value and text of every event, in the order they happened."""
        batch = self.events
        if batch is None:
            return
        text = ffi.buffer(batch.event_text, batch.event_text_len)[:]
        for ticket, kind, value, at, length in EVENT.iter_unpack(
            ffi.buffer(batch.events, batch.n_events * EVENT.size)[:]
        ):
            yield ticket, kind, value, text[at : at + length]


class Peer(NamedTuple):
    """The connection an answer came on, as in ``struct pnet_peer``.

    Attributes:
        ticket: Of the request.
        source_port: TCP port on this side.
        destination_port: TCP port on the other side: with a proxy, the proxy's.
        http_version: 10, 11 or 20.
        cipher_bits: Of the TLS cipher; 0 without TLS, or when not known.
        flags: ``IDSI_FLAG_*``: 1 kept alive, 2 TLS, 4 proxy, 8 tunnel.
        protocol: As "TLSv1.3"; "" without TLS, or when not known.
        cipher: As "TLS_AES_256_GCM_SHA384".
        chain: The server's certificates, its own first, DER.
    """

    ticket: int
    source_port: int
    destination_port: int
    http_version: int
    cipher_bits: int
    flags: int
    protocol: str
    cipher: str
    chain: tuple[bytes, ...]


class Queue:
    """One stream of requests with limits of its own.

    Attributes:
        closed: Whether `close` was called on it.
    """

    def __init__(self, engine: Engine, engine_ptr: CData, config: dict[str, int]) -> None:
        out = ffi.new("struct pnet_queue **")
        self._config = ffi.new("struct pnet_queue_config *", config)
        check(lib.pnet_queue_new(engine_ptr, self._config, out), "fetch")
        self._engine = engine  # alive as long as its queues
        self._ptr = ptr = out[0]
        self._batch = ffi.new("struct pnet_batch *")
        self._taken = ffi.new("size_t *")
        weakref.finalize(self, lib.pnet_queue_free, ptr).atexit = False
        self.closed = False
        self._close = weakref.finalize(self, lib.pnet_queue_close, ptr)
        self._close.atexit = False  # the engine's own stop ends what is in flight

    def check(self) -> None:
        """Raise unless it and the engine are open.

        Raises:
            HandleClosed: One of them was closed.
        """
        if self.closed:
            raise _closed("fetch")
        self._engine.check()

    def close(self) -> None:
        """Cancel all that is outstanding; returns when nothing of it is alive. Idempotent, any thread."""
        self.closed = True
        self._close()

    def submit(self, records: bytes, text: bytes, count: int, *, will_wait: bool) -> int:
        """Queue *count* ``struct pnet_request``; return how many were accepted: fewer when the next one is refused.

        `submitted` says the same, also of a call that has failed.

        Raises:
            HandleClosed: The queue or the engine was closed.
            InternetException: Memory or file descriptors are missing.
        """
        flags = lib.PNET_SUBMIT_WILL_WAIT if will_wait else 0
        requests = ffi.from_buffer("struct pnet_request[]", records)
        rc = lib.pnet_submit(self._ptr, requests, count, text, len(text), flags, self._taken)
        if rc not in {lib.PNET_OK, lib.PNET_INVALID}:
            check(rc, "fetch")
        return int(self._taken[0])

    @property
    def submitted(self) -> int:
        """How many requests the last `submit` took."""
        return int(self._taken[0])

    def submit_urls(self, first: int, text: bytes, count: int, *, will_wait: bool) -> int:
        """Queue *count* plain GETs whose URLs stand in *text* between line feeds, with tickets from *first* on.

        Returns:
            How many were accepted: fewer when the next one is not plain.

        Raises:
            HandleClosed: The queue or the engine was closed.
        """
        flags = lib.PNET_SUBMIT_WILL_WAIT if will_wait else 0
        rc = lib.pnet_submit_urls(self._ptr, first, count, text, len(text), flags, self._taken)
        if rc not in {lib.PNET_OK, lib.PNET_INVALID}:
            check(rc, "fetch")
        return int(self._taken[0])

    def perform_url(self, ticket: int, line: bytes, flags: int, out: CData, capacity: int) -> int:
        """Queue one plain GET and wait a slice of time for it; see ``pnet_perform_url``.

        Returns:
            ``PNET_OK``: record and text stand in *out*. ``PNET_AGAIN``: go on with `reap`. ``PNET_INVALID``: the URL is
            not plain, and nothing was queued.

        Raises:
            HandleClosed: The queue or the engine was closed.
        """
        rc: int = lib.pnet_perform_url(self._ptr, ticket, line, len(line), flags, SLICE_MS, out, capacity)
        if rc and rc not in _PERFORMED:
            check(rc, "fetch")
        return rc

    def reap(self, timeout_ms: int) -> Batch | None:
        """Return finished transfers, waiting at most *timeout_ms* for the first; None when there is none.

        The batch is valid until the next call.

        Raises:
            HandleClosed: The queue or the engine was closed.
        """
        batch = self._batch
        rc = lib.pnet_reap(self._ptr, BATCH, timeout_ms, batch)
        if rc:
            check(rc, "fetch")
        return Batch(batch) if batch.n or batch.n_events else None

    def read(self, out: memoryview, least: int, timeout_ms: int) -> tuple[int, int]:
        """Read of the streamed body into *out*; see ``pnet_read``.

        Returns:
            ``PNET_OK``, ``PNET_END`` or ``PNET_AGAIN``, and how many bytes were read.

        Raises:
            HandleClosed: The queue or the engine was closed.
        """
        taken = self._taken
        rc: int = lib.pnet_read(
            self._ptr, ffi.from_buffer("uint8_t[]", out, require_writable=False), len(out), least, timeout_ms, taken
        )
        if rc and rc not in _READ:
            check(rc, "read")
        return rc, int(taken[0])

    def write(self, data: memoryview, timeout_ms: int) -> tuple[int, int]:
        """Send *data* as the next part of the request body; see ``pnet_write``.

        Returns:
            ``PNET_OK``, ``PNET_END`` or ``PNET_AGAIN``, and how many bytes were taken.

        Raises:
            HandleClosed: The queue or the engine was closed.
        """
        taken = self._taken
        rc: int = lib.pnet_write(self._ptr, ffi.from_buffer("uint8_t[]", data), len(data), timeout_ms, taken)
        if rc and rc not in _READ:
            check(rc, "write")
        return rc, int(taken[0])

    def write_end(self) -> None:
        """No more of the request body will come.

        Raises:
            HandleClosed: The queue or the engine was closed.
        """
        check(lib.pnet_write_end(self._ptr), "write")

    def configure(self, config: dict[str, int]) -> None:
        """Change clocks and limits; *config* as in ``struct pnet_queue_config``."""
        check(lib.pnet_queue_configure(self._ptr, ffi.new("struct pnet_queue_config *", config)), "fetch")

    def peer(self) -> Peer:
        """Return the connection that the newest answer to a PNET_REQ_PIPE request came on; ticket 0: there was none."""
        from pyinet._answer.certificate import split_chain  # here: few programs ask

        out, room = ffi.new("struct pnet_peer *"), 0
        chain = ffi.new("uint8_t[]", 1)
        while True:
            check(lib.pnet_queue_peer(self._ptr, out, chain, room), "the connection")
            if out.chain_len <= room:
                break
            room = out.chain_len
            chain = ffi.new("uint8_t[]", room)
        return Peer(
            out.id, out.source_port, out.destination_port, out.http_version, out.cipher_bits, out.flags,
            ffi.string(out.protocol).decode(), ffi.string(out.cipher).decode(),
            split_chain(ffi.buffer(chain, out.chain_len)[:]),
        )  # fmt: skip

    def notify(self, fd: int) -> None:
        """Have eight bytes written to *fd* once whenever something is there to be reaped; -1: no more."""
        lib.pnet_queue_notify(self._ptr, fd)

    def turn(self) -> int:
        """Turn the engine's loop once without waiting; see ``pnet_turn``.

        Returns:
            ``PNET_OK``, ``PNET_AGAIN`` or ``PNET_BUSY``.

        Raises:
            HandleClosed: The queue or the engine was closed.
        """
        rc: int = lib.pnet_turn(self._ptr)
        if rc and rc not in _TURNED:
            check(rc, "fetch")
        return rc

    def cancel(self, ticket: int) -> None:
        """Cancel one transfer; unknown tickets are ignored."""
        lib.pnet_cancel(self._ptr, ticket)

    def consumed(self, body_bytes: int, head: int) -> None:
        """Give *body_bytes* of reaped bodies back to the budget; rows before ticket *head* are consumed."""
        check(lib.pnet_consumed(self._ptr, body_bytes, head), "fetch")

    def hop_end(self, ticket: int) -> None:
        """Give up the slot of an answer that might have been followed."""
        check(lib.pnet_hop_end(self._ptr, ticket), "fetch")

    def hop_skip(self, ticket: int) -> None:
        """Drop the rest of a body that is streamed, as its answer is followed; see ``pnet_hop_skip``."""
        check(lib.pnet_hop_skip(self._ptr, ticket), "fetch")

    def stats(self) -> QueueStats:
        """Return the counters as they are now."""
        return QueueStats(self._ptr)


def native_body(address: int, size: int) -> memoryview:
    """Take over a body by its address: a read-only view that frees it when nothing refers to it any more."""
    data = ffi.gc(ffi.cast("uint8_t *", address), lib.pnet_body_free, size)
    return memoryview(ffi.buffer(data, size)).toreadonly()


def live_objects() -> dict[str, int]:
    """Native objects alive in this process by kind: all zero when every session was closed and collected."""
    out = ffi.new("struct pnet_counts *")
    lib.pnet_live(out)
    return {name: getattr(out, name) for name, _ in ffi.typeof("struct pnet_counts").fields}


def library_versions() -> dict[str, str | tuple[str, ...]]:
    """Versions of the linked libraries by name, and the tuples ``features`` and ``protocols`` of libcurl."""
    found: dict[str, str | tuple[str, ...]] = {}
    lists: dict[str, list[str]] = {"feature": [], "protocol": []}
    name, value = ffi.new("char **"), ffi.new("char **")
    index = 0
    while lib.pnet_library(index, name, value):
        key = ffi.string(name[0]).decode()
        text = ffi.string(value[0]).decode() if value[0] else ""
        if key in lists:
            lists[key].append(text)
        else:
            found[key] = text
        index += 1
    return {**found, "features": tuple(lists["feature"]), "protocols": tuple(lists["protocol"])}
