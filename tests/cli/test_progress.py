from __future__ import annotations

import io
import threading
from typing import TYPE_CHECKING

from pyinet.cli.progress import LiveDisplay, PlainDisplay, Rate, Snapshot, Ticker, progress_text

if TYPE_CHECKING:
    import pytest

NOW = Snapshot(arrived=7, failed=2, total=None, in_flight=5, received=3_000_000, seconds=61.0)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_the_rate_is_that_of_the_last_seconds() -> None:
    rate = Rate()

    assert rate.add(0.0, 0) == 0.0
    assert rate.add(1.0, 100) == 100.0
    for second in range(2, 20):
        last = rate.add(float(second), 100)
    assert last == 0.0


def test_progress_tells_counts_bytes_rate_and_time() -> None:
    assert progress_text(NOW, 1_500_000.0) == "9 files  3.0 MB  1.5 MB/s  5 in flight  2 failed  1:01"


def test_the_total_is_told_when_it_is_known() -> None:
    known = Snapshot(arrived=7, failed=2, total=10, in_flight=1, received=0, seconds=0.0)

    assert progress_text(known, 0.0).startswith("9/10 files")


def test_plain_lines_are_whole_and_come_at_once() -> None:
    stream = io.StringIO()
    display = PlainDisplay(stream)

    display.line("failed: x")
    display.update(NOW)
    display.close()

    assert stream.getvalue().splitlines() == ["failed: x", progress_text(NOW, 3_000_000 / 61)]


def test_live_lines_wait_for_the_redraw_and_are_printed_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "40")
    stream = Terminal()
    display = LiveDisplay(stream)
    first, second = "failed: [bold] " + "x" * 60, "failed: second"

    display.line(first)
    assert first not in stream.getvalue()
    display.update(NOW)
    assert first in stream.getvalue()
    display.line(second)
    display.close()

    assert stream.getvalue().count(first) == 1
    assert stream.getvalue().index(first) < stream.getvalue().index(second)
    assert stream.getvalue().index("9 files") > 0


def test_the_ticker_calls_until_its_block_ends() -> None:
    called, calls = threading.Event(), []

    def call() -> None:
        calls.append(threading.current_thread().name)
        if len(calls) >= 2:
            called.set()

    with Ticker(call, 0.001):
        assert called.wait(10)
    ended = len(calls)

    assert set(calls) == {"pyinet-progress"}
    assert "pyinet-progress" not in {thread.name for thread in threading.enumerate()}
    assert len(calls) == ended
