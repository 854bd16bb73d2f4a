"""Waiting for a condition that no event announces."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

PATIENCE = 20.0
"""Seconds until a broken test fails: a bound, not a delay."""


def eventually(condition: Callable[[], bool], what: str) -> None:
    """Look at *condition* until it holds; AssertionError naming *what* when it does not within `PATIENCE`."""
    end, pause = time.monotonic() + PATIENCE, threading.Event()
    while not condition():
        assert time.monotonic() < end, f"still waiting for: {what}"
        pause.wait(0.001)
