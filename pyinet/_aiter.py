"""``async for`` over the rows of `InternetSession.fetch`: the same stream of results, waited for by an event loop."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Iterator

    from pyinet._aio import Hub
    from pyinet._engine import Queue
    from pyinet.result import Result

__all__ = ["AsyncRows", "Feed"]

_TURN_SECONDS = 0.005
"""So long results are handed out before the other tasks of the event loop have a turn."""


class Feed:
    """An async iterable as input: items come when they come, a task pulls them as far as there is room.

    Attributes:
        items: What was pulled and not submitted.
        ended: Whether there will be no more.
        error: What the iterable raised.
    """

    def __init__(self, source: AsyncIterable[Any]) -> None:
        self._source = source
        self._task: asyncio.Task[None] | None = None
        self._wanted = asyncio.Event()
        self._wake: Any = None
        self.items: list[Any] = []
        self.ended = False
        self.error: BaseException | None = None

    def start(self, wake: Any) -> None:  # noqa: ANN401 - a function without arguments
        """Begin to pull; *wake* is called when something came."""
        self._wake = wake
        self._task = asyncio.ensure_future(self._pull())

    def want(self, room: int) -> None:
        """Say how many items may be pulled beyond those that are here."""
        if room > len(self.items):
            self._wanted.set()
        else:
            self._wanted.clear()

    async def _pull(self) -> None:
        try:
            async for item in self._source:
                self.items.append(item)
                self._wake()
                await self._wanted.wait()
        except Exception as error:  # noqa: BLE001 - raised again when what is in flight was delivered
            self.error = error
        finally:
            self.ended = True
            self._wake()

    def stop(self) -> None:
        """Pull no more."""
        if self._task is not None and not self._task.done():
            try:
                self._task.cancel()
            except RuntimeError:  # its event loop is gone, and the task with it
                self._task = None


class AsyncRows:
    """The iterator of ``async for``: asks for the next result, and awaits the hub when there is none."""

    def __init__(self, results: Iterator[Result | None], queue: Queue, hub: Hub, feed: Feed | None) -> None:
        """*results* yields None when one would have to wait."""
        self._results, self._hub, self._feed = results, hub, feed
        self._news = False
        self._future: asyncio.Future[None] | None = None
        self._key = hub.listen(queue, self._wake)
        self._until = time.monotonic() + _TURN_SECONDS
        if feed is not None:
            feed.start(self._wake)

    def _wake(self) -> None:
        self._news = True
        if self._future is not None and not self._future.done():
            self._future.set_result(None)

    def __aiter__(self) -> AsyncRows:
        return self

    async def __anext__(self) -> Result:
        if time.monotonic() > self._until:
            await asyncio.sleep(0)
            self._until = time.monotonic() + _TURN_SECONDS
        while True:
            self._news = False
            try:
                result = next(self._results)
            except BaseException as error:
                self.close()
                if isinstance(error, StopIteration):
                    raise StopAsyncIteration from None
                raise
            if result is not None:
                return result
            await self._wait()

    async def _wait(self) -> None:
        self._hub.turn()
        if self._news:
            await asyncio.sleep(0)
            return
        self._future = self._hub.loop.create_future()
        try:
            await self._future
        finally:
            self._future = None
        self._until = time.monotonic() + _TURN_SECONDS

    def close(self) -> None:
        """Stop pulling and listening."""
        self._hub.forget(self._key)
        if self._feed is not None:
            self._feed.stop()
