"""Progress while transfers run: a live line on a terminal, plain lines elsewhere, or none."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TextIO

from rich.console import Console
from rich.live import Live
from rich.text import Text

from pyinet.cli.report import megabytes

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from typing_extensions import Self

LIVE_INTERVAL = 0.1
PLAIN_INTERVAL = 5.0
RATE_WINDOW = 5.0
"""Seconds over which the rate is taken."""


@dataclass(frozen=True)
class Snapshot:
    """Where a run stands. `total` is None until all rows were read; `seconds` since the start."""

    arrived: int
    failed: int
    total: int | None
    in_flight: int
    received: int
    seconds: float


class Rate:
    """Bytes a second over the last `RATE_WINDOW` seconds."""

    def __init__(self) -> None:
        self._samples: deque[tuple[float, int]] = deque([(0.0, 0)])

    def add(self, seconds: float, received: int) -> float:
        """Add a sample and return the rate, 0.0 before any time has passed."""
        samples = self._samples
        samples.append((seconds, received))
        while len(samples) > 2 and samples[1][0] < seconds - RATE_WINDOW:  # noqa: PLR2004 - a rate needs two
            samples.popleft()
        first_seconds, first_received = samples[0]
        return (received - first_received) / (seconds - first_seconds) if seconds > first_seconds else 0.0


def progress_text(now: Snapshot, rate: float) -> str:
    """Return a snapshot as one line."""
    minutes, seconds = divmod(int(now.seconds), 60)
    of = "" if now.total is None else f"/{now.total}"
    return (
        f"{now.arrived + now.failed}{of} files  {megabytes(now.received)} MB  {megabytes(rate)} MB/s  "
        f"{now.in_flight} in flight  {now.failed} failed  {minutes}:{seconds:02}"
    )


class Display(Protocol):
    """What a run is shown on. `line` comes from the consuming thread, `update` from the ticker's."""

    def line(self, text: str) -> None:
        """Print a line that stays."""

    def update(self, now: Snapshot) -> None:
        """Show where the run stands."""

    def close(self) -> None:
        """Print what is pending and leave the cursor on a fresh line."""


class PlainDisplay:
    """Whole lines: for files, pipes and logs."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._rate = Rate()

    def line(self, text: str) -> None:
        """Print a line at once."""
        self._stream.write(text + "\n")
        self._stream.flush()

    def update(self, now: Snapshot) -> None:
        """Print the progress line."""
        self.line(progress_text(now, self._rate.add(now.seconds, now.received)))

    def close(self) -> None:
        """Do nothing: no line is ever pending."""


class LiveDisplay:
    """One line redrawn in place. Other lines wait for the next redraw: drawing costs far more than a row."""

    def __init__(self, stream: TextIO) -> None:
        self._console = Console(file=stream)
        self._rate = Rate()
        self._pending: deque[str] = deque()
        self._live = Live(console=self._console, auto_refresh=False, transient=True)
        self._live.start()

    def line(self, text: str) -> None:
        """Print a line with the next redraw."""
        self._pending.append(text)

    def update(self, now: Snapshot) -> None:
        """Print what is pending and redraw the progress line."""
        self._print_pending()
        text = progress_text(now, self._rate.add(now.seconds, now.received))
        self._live.update(Text(text, no_wrap=True, overflow="ellipsis"), refresh=True)

    def close(self) -> None:
        """Print what is pending and take the progress line away."""
        self._print_pending()
        self._live.stop()

    def _print_pending(self) -> None:
        if self._pending:
            lines = [self._pending.popleft() for _ in range(len(self._pending))]
            self._console.print(Text("\n".join(lines)), soft_wrap=True)


class Ticker:
    """Calls a function at an interval on a thread of its own, until the block it guards ends.

    A consumer waiting for one large file has no turn of its own in which it could redraw.
    """

    def __init__(self, call: Callable[[], None], seconds: float) -> None:
        self._call = call
        self._seconds = seconds
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pyinet-progress", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(self._seconds):
            self._call()
