from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from pyinet.cli.report import Tally, failure, local_failure, summary
from pyinet.errors import InternetException, NameNotResolved, describe

if TYPE_CHECKING:
    from pyinet.result import Result

URL = "http://user:secret@h/a"


def result(*, status: int = 0, reason: str = "", error: InternetException | None = None) -> Result:
    request = SimpleNamespace(url=URL, path="out/a")
    return cast("Result", SimpleNamespace(request=request, status=status, reason=reason, error=error))


@pytest.mark.parametrize("status", [0, 200, 204, 299])
def test_a_file_that_arrived_gives_no_line(status: int) -> None:
    assert failure(result(status=status)) is None


@pytest.mark.parametrize(
    ("status", "reason", "line"),
    [
        (404, "Not Found", "404 Not Found  http://user:***@h/a"),
        (404, "", "404 Not Found  http://user:***@h/a"),
        (304, "Not Modified", "304 Not Modified  http://user:***@h/a"),
        (799, "", "799   http://user:***@h/a"),
        (500, "\x1b[2J", "500 \\x1b[2J  http://user:***@h/a"),
    ],
)
def test_a_status_beyond_2xx_is_a_failure_named_by_it(status: int, reason: str, line: str) -> None:
    assert failure(result(status=status, reason=reason)) == line


def test_an_error_is_told_with_its_number_its_name_and_once_the_url() -> None:
    error = NameNotResolved(describe("could not resolve host h", 12007, url=URL, hint="check it"), 12007, url=URL)

    assert failure(result(error=error)) == (
        "failed: http://user:***@h/a -> out/a: "
        "[12007 ERROR_INTERNET_NAME_NOT_RESOLVED] could not resolve host h; check it"
    )


def test_a_row_that_was_not_sent_is_told_with_its_place() -> None:
    assert local_failure("m:3", reason="not JSON") == "failed: m:3: not JSON"
    assert local_failure("", url=URL, reason="why") == "failed: http://user:***@h/a: why"
    assert local_failure("m:3", url=URL, path="../a", reason="why") == (
        "failed: http://user:***@h/a -> ../a: why (m:3)"
    )


def test_line_ends_in_names_do_not_make_lines() -> None:
    assert local_failure("m:3", url="http://h/a", path="a\nb", reason="why").count("\n") == 0


def test_the_summary_counts_and_rates() -> None:
    tally = Tally(arrived=9, failed=1, received=5_000_000, seconds=2.0)

    assert summary(tally) == "9 files arrived, 1 failed, 5.0 MB in 2.00 s (5.0 transfers/s, 2.5 MB/s)"


def test_an_interrupted_run_says_so_and_may_have_taken_no_time() -> None:
    assert summary(Tally(interrupted=True)).startswith("interrupted: 0 files arrived, 0 failed")
