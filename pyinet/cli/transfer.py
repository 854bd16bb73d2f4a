"""The loop of `pyinet get`: takes finished rows, counts them, reports those that failed."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Protocol

from pyinet.cli.progress import Snapshot, Ticker
from pyinet.cli.report import failure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pyinet.cli.plan import Plan
    from pyinet.cli.progress import Display
    from pyinet.cli.report import Tally
    from pyinet.result import Result


class Progress(Protocol):
    """The counters used here of what `rows.progress()` returns."""

    @property
    def in_flight(self) -> int:
        """Transfers under way."""

    @property
    def bytes_received(self) -> int:
        """Bytes received by all transfers."""

    @property
    def elapsed(self) -> float:
        """Seconds since the start."""


class Rows(Protocol):
    """What is used here of the object `InternetSession.fetch` returns."""

    def __iter__(self) -> Iterator[Result]: ...

    def progress(self) -> Progress:
        """Return the counters; callable from any thread."""


def drain(
    rows: Rows,
    plan: Plan,
    tally: Tally,
    failed: Callable[[str], None],
    display: Display,
    interval: float | None,
) -> None:
    """Consume all rows; an interrupt ends it early and is noted in the tally.

    Args:
        rows: Finished transfers.
        plan: Where they come from.
        tally: Counts, also filled by the plan with rows that were not sent.
        failed: Called with the line of each row without a file.
        display: Where progress is shown.
        interval: Seconds between updates of the progress, None for no progress.
    """

    def update() -> None:
        now = rows.progress()
        total = plan.seen if plan.exhausted else None
        display.update(Snapshot(tally.arrived, tally.failed, total, now.in_flight, now.bytes_received, now.elapsed))

    with nullcontext() if interval is None else Ticker(update, interval):
        try:
            for result in rows:
                line = failure(result)
                if line is None:
                    tally.arrived += 1
                else:
                    failed(line)
        except KeyboardInterrupt:
            tally.interrupted = True
    final = rows.progress()
    tally.received, tally.seconds = final.bytes_received, final.elapsed
