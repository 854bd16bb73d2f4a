"""asyncio: an event loop turns the engine while it waits for it. One hub a session and loop, one wake-up a batch."""

from __future__ import annotations

import asyncio
import contextlib
import copy
import os
import threading
import weakref
from typing import TYPE_CHECKING

from pyinet._transfer.dispatch import Exchange
from pyinet._transfer.ffi import lib
from pyinet.errors import HandleClosed, InternetException

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyinet._settings import Settings
    from pyinet._transfer.engine import Engine, Queue
    from pyinet._transfer.faults import Faults
    from pyinet._transfer.reporting import Reporter
    from pyinet.request import Request
    from pyinet.result import Result

__all__ = ["Hub", "Hubs"]

_EAGER = 8
"""Turns in a row that asked for another one before the event loop waits a little: the engine's thread is at it."""

_NAP_SECONDS = 0.001

IN_FLIGHT = 1000
"""Transfers of one event loop at once that were begun by `fetch_one_async`; more wait for a slot."""


class _Bell:
    """A pipe through which the core tells an event loop that something may be there, and who is called then."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._listeners: dict[int, tuple[Queue, Callable[[], None]]] = {}
        self._reader, self.writer = os.pipe()
        self._files = weakref.finalize(self, _close_all, self._reader, self.writer)
        os.set_blocking(self._reader, False)
        os.set_blocking(self.writer, False)
        loop.add_reader(self._reader, self._rung)

    def _rung(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.read(self._reader, 4096)
        self.tell()

    def tell(self) -> None:
        """Call everybody."""
        for _, callback in list(self._listeners.values()):
            callback()

    def listen(self, key: int, queue: Queue, callback: Callable[[], None]) -> None:
        """Call *callback* when the core tells about *queue*, or any other here."""
        self._listeners[key] = queue, callback
        queue.notify(self.writer)

    def forget(self, key: int) -> None:
        """End `listen`, if it was here."""
        queue, _ = self._listeners.pop(key, (None, None))
        if queue is not None:
            queue.notify(-1)

    @property
    def silent(self) -> bool:
        """Whether nobody listens."""
        return not self._listeners

    def close(self) -> None:
        """Leave the event loop."""
        if not self._loop.is_closed():
            self._loop.remove_reader(self._reader)
        for key in list(self._listeners):
            self.forget(key)
        self._files()


class Hub:
    """One event loop's way to the engine: who is to be called when something may be there.

    The loop waits for the engine's descriptor and turns it: no other thread has to be woken. Single requests look after
    each turn, which is cheap. Rows are told by the core, through a pipe: most turns bring them a piece of a body only.
    What other threads bring comes through a pipe too. Only the loop's own thread uses a hub, but for `close`.
    """

    def __init__(self, engine: Engine, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.singles: AsyncSingles | None = None
        self._engine = engine
        self._next = 0
        self._scheduled = False
        self._again = 0
        self._open = True
        self._after_turns, self._when_told = _Bell(loop), _Bell(loop)
        self._turner = engine.queue(in_flight=1)
        self._turner.notify(self._after_turns.writer)  # a turn on its behalf does not ring that bell
        self._descriptor = engine.descriptor
        self._attends = False
        if self._descriptor >= 0:
            engine.attend(+1)
            self._watch_descriptor()

    def _watch_descriptor(self) -> None:
        if not self._attends and self._descriptor >= 0:
            self._attends = True
            self.loop.add_reader(self._descriptor, self._turn)

    def _leave_descriptor(self) -> None:
        if self._attends:
            self._attends = False
            self.loop.remove_reader(self._descriptor)

    def listen(self, queue: Queue, callback: Callable[[], None], *, after_turns: bool = False) -> int:
        """Call *callback* whenever something of *queue* may be there; returns a key for `forget`.

        Args:
            queue: The queue.
            callback: Called in the thread of the loop.
            after_turns: Whether it is called after each turn of the engine; otherwise when the core tells.
        """
        self._next += 1
        (self._after_turns if after_turns else self._when_told).listen(self._next, queue, callback)
        return self._next

    def forget(self, key: int) -> None:
        """End `listen`."""
        self._after_turns.forget(key)
        self._when_told.forget(key)

    def turn_soon(self) -> None:
        """Something was submitted: have the engine look at it before the loop waits again."""
        if not self._scheduled and self._descriptor >= 0 and self._open:
            self._scheduled = True
            self.loop.call_soon(self.turn)

    def turn(self) -> None:
        """Turn the engine, after something was submitted."""
        self._scheduled = False
        if self._open:
            self._watch_descriptor()
            self._turn()

    def _turn(self) -> None:
        if self._descriptor >= 0:
            try:
                self._turn_engine()
            except HandleClosed:
                self._leave_descriptor()
        self._after_turns.tell()

    def _turn_engine(self) -> None:
        if self._after_turns.silent and self._when_told.silent:
            self._leave_descriptor()
            return
        rc = self._turner.turn()
        self._again = self._again + 1 if rc == lib.PNET_AGAIN else 0
        if self._again > _EAGER:
            self._turn_later()
        elif self._again:
            self.turn_soon()
        elif rc == lib.PNET_BUSY:  # its descriptor would wake this loop for nothing
            self._leave_descriptor()

    def _turn_later(self) -> None:
        self._leave_descriptor()
        if not self._scheduled:
            self._scheduled = True
            self.loop.call_later(_NAP_SECONDS, self.turn)

    def detach(self) -> None:
        """Leave the event loop: in its thread, or when it was closed."""
        if not self._open:
            return
        self._open = False
        if not self.loop.is_closed():
            self._leave_descriptor()
            self._after_turns.tell()  # whoever waits finds the session closed
            self._when_told.tell()
        if self._descriptor >= 0:
            self._engine.attend(-1)
        singles, self.singles = self.singles, None
        if singles is not None:
            singles.drop()
        self._after_turns.close()
        self._when_told.close()
        self._turner.close()

    def close(self) -> None:
        """Have everybody who waits find the session closed. Any thread."""
        try:
            self.loop.call_soon_threadsafe(self.detach)
        except RuntimeError:  # the loop was closed
            self.detach()


def _close_all(*fds: int) -> None:
    for fd in fds:
        os.close(fd)


class _Single:
    """One request on its way.

    Attributes:
        item: What is asked for.
        future: What its task awaits.
        ticket: Its number in the queue; 0 as long as it was not submitted.
    """

    __slots__ = ("future", "item", "ticket")

    def __init__(self, item: str | Request, future: asyncio.Future[Result]) -> None:
        self.item, self.future, self.ticket = item, future, 0


class AsyncSingles:
    """Single requests of one event loop, each awaited by its own task."""

    def __init__(self, hub: Hub, exchange: Exchange) -> None:
        self._hub, self._exchange = hub, exchange
        self._ticket = 0
        self._fresh: list[_Single] = []
        self._waiting: dict[int, _Single] = {}
        self._retired = False
        self._key = hub.listen(exchange.queue, self._collect, after_turns=True)

    async def fetch(self, item: str | Request) -> Result:
        """Return the result of one request; cancelling the task cancels the transfer.

        Raises:
            InternetException: The transfer failed, or the request is refused.
        """
        single = _Single(item, self._hub.loop.create_future())
        if not self._fresh:
            self._hub.loop.call_soon(self._submit)
        self._fresh.append(single)
        try:
            result = await single.future
        except BaseException:
            self._give_up(single)
            raise
        if result.error is not None:
            raise result.error
        return result

    def _give_up(self, single: _Single) -> None:
        """Nobody awaits it any more: its task was cancelled, or is dropped after the event loop was closed."""
        with contextlib.suppress(RuntimeError):
            if not single.future.cancel() and not single.future.cancelled():
                single.future.exception()  # it came at the same time: asyncio would complain that nobody saw it
            if self._waiting.pop(single.ticket, None) is not None:
                self._exchange.queue.cancel(single.ticket)
                self._hub.turn_soon()

    def _submit(self) -> None:
        """Send what was asked for in this round of the event loop, in one call; not what was cancelled since."""
        fresh, self._fresh = [single for single in self._fresh if not single.future.done()], []
        first, self._ticket = self._ticket + 1, self._ticket + len(fresh)
        for ticket, single in enumerate(fresh, first):
            single.ticket = ticket
            self._waiting[ticket] = single
        try:
            self._exchange.submit(first, [single.item for single in fresh], will_wait=False)
        except InternetException as error:
            self._fail(error)
        self._exchange.mailed = False
        self._hub.turn()
        self._retire_if_idle()

    def _collect(self) -> None:
        try:
            while results := self._exchange.collect(0)[0]:
                for result in results:
                    single = self._waiting.pop(result.ticket, None)
                    if single is not None and not single.future.done():
                        single.future.set_result(result)
        except InternetException as error:
            self._fail(error)
        if self._exchange.mailed:  # redirects that are followed; behind them there may be more results
            self._exchange.mailed = False
            self._hub.turn_soon()
        self._retire_if_idle()

    def _fail(self, error: InternetException) -> None:
        """The session was closed: everybody who waits gets an exception of his own."""
        waiting, self._waiting = self._waiting, {}
        for single in waiting.values():
            if not single.future.done():
                single.future.set_exception(copy.copy(error))

    def retire(self) -> None:
        """Settings changed: later requests go another way, those that wait end as they would."""
        self._retired = True
        self._retire_if_idle()

    def _retire_if_idle(self) -> None:
        if self._retired and not self._waiting and not self._fresh:
            self._hub.forget(self._key)
            self.drop()

    def drop(self) -> None:
        """End what runs: nobody will ask for it."""
        self._exchange.queue.close()
        self._exchange.abandon()


class Hubs:
    """The hubs of one session, one an event loop."""

    def __init__(self, engine: Engine, settings: Settings, faults: Faults, reporter: Reporter | None) -> None:
        """*reporter*: whom requests with a context report to."""
        self._engine, self._settings, self._faults, self._reporter = engine, settings, faults, reporter
        self._lock = threading.Lock()
        self._hubs: list[Hub] = []
        weakref.finalize(self, _close_hubs, self._hubs).atexit = False  # event loops hold their hubs

    def running(self) -> Hub:
        """Return the hub of the event loop that runs in this thread.

        Raises:
            RuntimeError: No event loop runs.
            HandleClosed: The session was closed.
        """
        loop = asyncio.get_running_loop()
        with self._lock:
            for hub in self._hubs:
                if hub.loop is loop:
                    return hub
            self._engine.check()
            for hub in [hub for hub in self._hubs if hub.loop.is_closed()]:
                hub.detach()
                self._hubs.remove(hub)
            hub = Hub(self._engine, loop)
            self._hubs.append(hub)
            return hub

    async def fetch(self, item: str | Request) -> Result:
        """Return the result of one request; see `AsyncSingles.fetch`."""
        hub = self.running()
        singles = hub.singles
        if singles is None:
            queue = self._engine.queue(**self._settings.queue_config(in_flight=IN_FLIGHT))
            singles = hub.singles = AsyncSingles(hub, Exchange(queue, self._settings, self._faults, self._reporter))
        return await singles.fetch(item)

    def report_to(self, reporter: Reporter | None) -> None:
        """Requests that begin from now on report to *reporter*, when they have a context."""
        self._reporter = reporter
        self.settings_changed()

    def settings_changed(self) -> None:
        """Requests that begin from now on have new limits and clocks."""
        with self._lock:
            hubs = list(self._hubs)
        for hub in hubs:
            singles, hub.singles = hub.singles, None
            if singles is not None:
                with contextlib.suppress(RuntimeError):
                    hub.loop.call_soon_threadsafe(singles.retire)

    def disown(self) -> None:
        """Forget the event loops of the parent, in a forked child."""
        self._hubs.clear()

    def close(self) -> None:
        """Have everybody who awaits something find the session closed. Any thread."""
        with self._lock:
            hubs = list(self._hubs)
            self._hubs.clear()
        _close_hubs(hubs)


def _close_hubs(hubs: list[Hub]) -> None:
    for hub in hubs:
        hub.close()
