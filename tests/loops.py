"""Event loops for tests: run a coroutine on one of the test's choice, and wait for a condition without blocking it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from waiting import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine


def new_loop(kind: str) -> asyncio.AbstractEventLoop:
    """A new event loop: "asyncio", "asyncio debug" or "uvloop"."""
    if kind == "uvloop":
        uvloop_loop: asyncio.AbstractEventLoop = pytest.importorskip("uvloop").new_event_loop()
        return uvloop_loop
    loop = asyncio.new_event_loop()
    if kind == "asyncio debug":
        loop.set_debug(True)
        loop.slow_callback_duration = PATIENCE
    return loop


def run_on(loop: asyncio.AbstractEventLoop, main: Coroutine[Any, Any, Any]) -> Any:  # noqa: ANN401
    """Do what `asyncio.run` does, on a loop of the caller's choice; what the loop complains about fails the test."""
    complaints: list[dict[str, Any]] = []
    loop.set_exception_handler(lambda _, context: complaints.append(context))
    try:
        result = loop.run_until_complete(asyncio.wait_for(main, PATIENCE))
    finally:
        loop.run_until_complete(cancel_others())
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()
    assert not complaints
    return result


async def cancel_others() -> None:
    """Cancel every other task of the running loop and wait for its end."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


async def until(condition: Callable[[], bool], what: str) -> None:
    """Like `waiting.eventually`, without blocking the loop."""
    end = asyncio.get_running_loop().time() + PATIENCE
    while not condition():
        assert asyncio.get_running_loop().time() < end, f"still waiting for: {what}"
        await asyncio.sleep(0.001)
