"""What was written and not sent yet: MFC's ``CInternetFile::SetWriteBufferSize``. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    Send = Callable[[memoryview], None]

__all__ = ["WriteBuffer"]


class WriteBuffer:
    """Collects small pieces; each call is given what sends a piece, whole or not at all.

    Attributes:
        size: Bytes it holds; 0 passes every piece on.
    """

    def __init__(self) -> None:
        self.size = 0
        self._held = bytearray()

    def __len__(self) -> int:
        return len(self._held)

    def put(self, data: memoryview, send: Send) -> None:
        """Keep *data*, or send what is kept and then *data*, when there is no room for both."""
        if len(self._held) + len(data) <= self.size:
            self._held += data
            return
        self.flush(send)
        if len(data) <= self.size:
            self._held += data
        elif len(data):
            send(data)

    def flush(self, send: Send) -> None:
        """Send what is kept. It is gone even when that fails: nobody knows how much of it was sent."""
        if self._held:
            held, self._held = self._held, bytearray()
            send(memoryview(held))

    def drop(self) -> None:
        """Forget what is kept."""
        self._held = bytearray()
