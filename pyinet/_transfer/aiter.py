"""``async for`` over the rows of `InternetSession.fetch`: the same stream of results, waited for by an event loop."""

from __future__ import annotations

import asyncio
import contextlib
import time
import weakref
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Callable, Iterator
    from typing import Protocol

    from pyinet._transfer.aio import Hub
    from pyinet._transfer.dispatch import Exchange
    from pyinet._transfer.engine import Queue
    from pyinet.result import Result

    class Stream(Protocol):
        """What the stream behind a `Fetch` is to this module."""

        queue: Queue
        exchange: Exchange
        hungry: bool

        def refill(self) -> bool:
            """Submit what the input has."""


__all__ = ["AsyncRows", "Feed"]

_TURN_SECONDS = 0.005
"""So long results are handed out before the other tasks of the event loop have a turn."""

_PULL_SECONDS = 0.002
"""So long an input that never waits is pulled from before the other tasks have a turn."""


class Feed:
    """An async iterable as input: items come when they come, a task pulls them as far as there is room.

    Attributes:
        items: What was pulled and not submitted.
        ended: Whether there will be no more.
        error: What the iterable raised.
    """

    def __init__(self, source: AsyncIterable[Any]) -> None:
        self._source: AsyncIterable[Any] | None = source
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._wanted = asyncio.Event()
        self._room = 0
        self._came: Callable[[], None] = _nothing
        self._told = False
        self._stopped = False
        self.items: list[Any] = []
        self.ended = False
        self.error: BaseException | None = None

    def start(self, came: Callable[[], None]) -> None:
        """Begin to pull, once; *came* is called, at most once a turn of the event loop, when something came."""
        if self._task is None and not self._stopped:
            self._came = came
            self._loop = asyncio.get_running_loop()
            self._task = self._loop.create_task(self._pull())

    def want(self, room: int) -> None:
        """Say how many items may be here at most until this is called again."""
        self._room = room
        if room > len(self.items):
            self._wanted.set()

    def _tell(self) -> None:
        if not self._told and self._loop is not None:
            self._told = True
            self._loop.call_soon(self._tell_now)

    def _tell_now(self) -> None:
        self._told = False
        self._came()

    async def _pull(self) -> None:
        try:
            await self._pull_all()
        except asyncio.CancelledError as error:
            if self._stopped:
                raise
            self.error = error  # of the input's own making, and not its end
        except Exception as error:  # noqa: BLE001 - raised again when what is in flight was delivered
            self.error = error
        finally:
            self._source = None
            self.ended = True
            with contextlib.suppress(RuntimeError):  # the event loop is gone
                self._tell()

    async def _pull_all(self) -> None:
        assert self._source is not None  # noqa: S101 - for the type checker
        until = time.monotonic() + _PULL_SECONDS
        async for item in self._source:
            self.items.append(item)
            self._tell()
            if len(self.items) >= self._room:
                self._wanted.clear()
                await self._wanted.wait()
            elif time.monotonic() > until:
                await asyncio.sleep(0)
            else:
                continue
            until = time.monotonic() + _PULL_SECONDS

    def stop(self) -> None:
        """Pull no more. Any thread."""
        self._stopped = True
        task, loop = self._task, self._loop
        if task is None or loop is None or task.done():
            self._source = None
            return
        with contextlib.suppress(RuntimeError):  # its event loop is gone, and the task with it
            loop.call_soon_threadsafe(task.cancel)


class AsyncRows:
    """The iterator of ``async for``: asks for the next result, and awaits the hub when there is none.

    The hub knows it weakly, so that dropping it ends the stream.
    """

    def __init__(
        self, results: Iterator[Result | None], stream: Stream, hub: Hub, feed: Feed | None, owner: object
    ) -> None:
        """*results* yields None when one would have to wait; *owner* lives as long as this."""
        self._results, self._stream, self._hub, self._feed, self._owner = results, stream, hub, feed, owner
        self._waiters: list[asyncio.Future[None]] = []
        key = hub.listen(stream.queue, _weakly(self._wake))
        self._forget = weakref.finalize(self, hub.forget, key)
        self._forget.atexit = False
        self._until = time.monotonic() + _TURN_SECONDS

    def _wake(self) -> None:
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)

    def _fed(self) -> None:
        """Something came from the input: it goes on its way also while the loop body is busy."""
        with contextlib.suppress(Exception):  # whoever iterates meets it as well
            self._stream.refill()
        self._turn_if_mailed()
        self._wake()

    def _turn_if_mailed(self) -> bool:
        mailed, self._stream.exchange.mailed = self._stream.exchange.mailed, False
        if mailed:
            self._hub.turn()
        return mailed

    def __aiter__(self) -> AsyncRows:
        return self

    async def __anext__(self) -> Result:
        if self._feed is not None:
            self._feed.start(_weakly(self._fed))
        if time.monotonic() > self._until:
            await self._pause()
        while True:
            try:
                result = next(self._results)
            except BaseException as error:
                self.close()
                if isinstance(error, StopIteration):
                    raise StopAsyncIteration from None
                raise
            if result is not None:
                if self._stream.exchange.mailed:  # the loop body may await for long: the engine has to see it before
                    self._stream.exchange.mailed = False
                    self._hub.turn_soon()
                return result
            turned = self._turn_if_mailed()  # what that brings is told to nobody who does not wait: look again
            if self._stream.hungry:
                await self._pause()
            elif not turned:
                await self._wait()

    async def _pause(self) -> None:
        """Let the other tasks have a turn."""
        await asyncio.sleep(0)
        self._until = time.monotonic() + _TURN_SECONDS

    async def _wait(self) -> None:
        waiter: asyncio.Future[None] = self._hub.loop.create_future()
        self._waiters.append(waiter)
        try:
            await waiter
        finally:
            self._waiters.remove(waiter)
        self._until = time.monotonic() + _TURN_SECONDS

    def wake(self) -> None:
        """Have everybody who waits look again: the rows were closed. Any thread."""
        with contextlib.suppress(RuntimeError):  # the event loop is gone
            self._hub.loop.call_soon_threadsafe(self._wake)

    def close(self) -> None:
        """Stop pulling and listening."""
        self._forget()
        self._wake()
        if self._feed is not None:
            self._feed.stop()


def _weakly(method: Callable[[], None]) -> Callable[[], None]:
    """Return a function that calls a method of an object as long as the object lives."""
    known = weakref.WeakMethod(method)

    def call() -> None:
        found = known()
        if found is not None:
            found()

    return call


def _nothing() -> None:
    """Nobody listens."""
