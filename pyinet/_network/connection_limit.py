"""A limit of connections to one server: first come, first served. Source: ``INTERNET_OPTION_MAX_CONNS_PER_SERVER``."""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import TYPE_CHECKING, TypeVar

from pyinet.enums import InternetErrorCode as Code
from pyinet.errors import InternetTimeout, describe

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyinet._urls.wire import Origin

T = TypeVar("T")

__all__ = ["ConnectionLimit", "Place"]

_SLICE = 0.1  # seconds: so often a waiter looks whether it should give up


class Place:
    """One connection's place, to be released once; more often does no harm. Any thread."""

    __slots__ = ("_generation", "_limit", "_origin")

    def __init__(self, limit: ConnectionLimit, origin: Origin, generation: int) -> None:
        self._limit: ConnectionLimit | None = limit
        self._origin = origin
        self._generation = generation

    def release(self) -> None:
        """Let the next one in."""
        limit, self._limit = self._limit, None
        if limit is not None:
            limit.leave(self._origin, self._generation)

    def release_after(self, give_back: Callable[[T], None]) -> Callable[[T], None]:
        """Return *give_back*, and `release` after it."""

        def release(what: T) -> None:
            try:
                give_back(what)
            finally:
                self.release()

        return release


class _Gate:
    """Places to one origin that are taken, and who waits: each with an event that is set when it is in."""

    __slots__ = ("taken", "waiting")

    def __init__(self) -> None:
        self.taken = 0
        self.waiting: deque[threading.Event] = deque()


class ConnectionLimit:
    """Counts places by scheme, host and port. Usable from any thread.

    A place that becomes free is handed to who waits longest, so nobody overtakes.
    """

    def __init__(self) -> None:
        self._limit: int | None = None
        self._generation = 0
        self._begin()

    def _begin(self) -> None:
        self._lock = threading.Lock()
        self._gates: dict[Origin, _Gate] = {}

    @property
    def limit(self) -> int | None:
        """Places to one origin; None, as at first, for no limit. What is taken when it shrinks stays taken."""
        return self._limit

    @limit.setter
    def limit(self, value: int | None) -> None:
        with self._lock:
            self._limit = value
            for origin in list(self._gates):
                self._admit(origin)

    def acquire(self, origin: Origin, timeout: float | None, check: Callable[[], None] | None = None) -> Place:
        """Take a place, waiting for one.

        Args:
            origin: Scheme, host and port.
            timeout: Seconds; None for ever.
            check: Called ten times a second while waiting; raises when nothing is wanted any more.

        Raises:
            InternetTimeout: 12002, no place became free.
        """
        with self._lock:
            generation = self._generation
            gate = self._gates.get(origin)
            if gate is None:
                gate = self._gates[origin] = _Gate()
            if not gate.waiting and self._has_room(gate):
                gate.taken += 1
                return Place(self, origin, generation)
            ready = threading.Event()
            gate.waiting.append(ready)
        try:
            self._wait(ready, timeout, check)
        except BaseException:
            self._withdraw(ready, origin, generation)
            raise
        if self._withdraw_unless_in(ready, origin):
            raise _timed_out(origin, timeout, self._limit)
        return Place(self, origin, generation)

    def leave(self, origin: Origin, generation: int) -> None:
        """Give back a place taken in *generation*: what a parent process took is nothing to its child."""
        if generation != self._generation:
            return
        with self._lock:
            self._gates[origin].taken -= 1
            self._admit(origin)

    def taken(self, origin: Origin) -> int:
        """Return how many places are taken."""
        with self._lock:
            gate = self._gates.get(origin)
            return gate.taken if gate else 0

    def waiting(self, origin: Origin) -> int:
        """Return how many wait for one."""
        with self._lock:
            gate = self._gates.get(origin)
            return len(gate.waiting) if gate else 0

    def after_fork(self) -> None:
        """Begin anew in a forked child, where nobody holds a place or waits."""
        self._generation += 1
        self._begin()

    def _has_room(self, gate: _Gate) -> bool:
        return self._limit is None or gate.taken < self._limit

    def _admit(self, origin: Origin) -> None:
        """Let in whom there is room for; the lock is held."""
        gate = self._gates[origin]
        while gate.waiting and self._has_room(gate):
            gate.taken += 1
            gate.waiting.popleft().set()
        if not gate.taken and not gate.waiting:
            del self._gates[origin]

    @staticmethod
    def _wait(ready: threading.Event, timeout: float | None, check: Callable[[], None] | None) -> None:
        end = None if timeout is None else time.monotonic() + timeout
        while True:
            left = _SLICE if end is None else min(_SLICE, end - time.monotonic())
            if ready.wait(max(left, 0)) or left <= 0:
                return
            if check is not None:
                check()

    def _withdraw_unless_in(self, ready: threading.Event, origin: Origin) -> bool:
        """Stop waiting; False when a place was given meanwhile."""
        with self._lock:
            if ready.is_set():
                return False
            self._gates[origin].waiting.remove(ready)
            self._admit(origin)
            return True

    def _withdraw(self, ready: threading.Event, origin: Origin, generation: int) -> None:
        if not self._withdraw_unless_in(ready, origin):
            self.leave(origin, generation)


def _timed_out(origin: Origin, timeout: float | None, limit: int | None) -> InternetTimeout:
    code = Code.ERROR_INTERNET_TIMEOUT
    url = f"{origin.scheme}://{origin.host}:{origin.port}/"
    what = f"{limit} connections are open, and none was closed in {timeout:g} s"
    hint = "close files that were read, or raise option MAX_CONNS_PER_SERVER"
    return InternetTimeout(describe(what, code, url=url, hint=hint), code, url=url)
