from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from pyinet.cli.claims import Claims
from pyinet.cli.manifest import BadRow, Row
from pyinet.cli.plan import Plan
from pyinet.cli.tree import OutputTree
from pyinet.errors import InternetException

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from pyinet.request import Request


class Planned:
    """A plan over given rows, and what came of it; a request is the pair of URL and file."""

    def __init__(self, root: Path, rows: Iterable[Row | BadRow]) -> None:
        self.failures: list[str] = []
        tree = OutputTree(root, refuse_existing=False)
        self.plan = Plan(rows, Claims(number=False), tree, self.make, self.failures.append)
        self.requests = cast("Iterator[tuple[str, str]]", self.plan.requests())

    @staticmethod
    def make(url: str, path: str) -> Request:
        if "refused" in url:
            raise InternetException("refused", 12005)
        return cast("Request", (url, path))


def test_rows_become_requests_with_files_below_the_directory(tmp_path: Path) -> None:
    planned = Planned(tmp_path, [Row("http://h/a"), Row("http://h/b", "x/y")])

    assert list(planned.requests) == [
        ("http://h/a", str(tmp_path / "h" / "a")),
        ("http://h/b", str(tmp_path / "x" / "y")),
    ]
    assert (planned.plan.seen, planned.plan.exhausted) == (2, True)


def test_directories_are_made_just_before_the_row_is_sent(tmp_path: Path) -> None:
    planned = Planned(tmp_path, [Row("http://h/a", "a/a"), Row("http://h/b", "b/b")])

    next(planned.requests)
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


@pytest.mark.parametrize(
    ("row", "line"),
    [
        (BadRow("m:2", "not JSON"), "failed: m:2: not JSON"),
        (Row("nonsense", None, "m:2"), "failed: nonsense: not an absolute URL (scheme://host/...) (m:2)"),
        (Row("http://refused/", "x", "m:2"), "failed: http://refused/ -> x: refused (m:2)"),
        (
            Row("http://h/b", "../b", "m:2"),
            ('failed: http://h/b -> ../b: the path has ".." in it; it must lie below the output directory (m:2)'),
        ),
        (
            Row("http://h/b", "A", "m:2"),
            "failed: http://h/b -> A: another row has this name already (case is not compared) (m:2)",
        ),
        (
            Row("http://h/b", "a/b", "m:2"),
            "failed: http://h/b -> a/b: another row has a file where this one needs the directory a (m:2)",
        ),
    ],
)
def test_a_row_that_cannot_be_sent_is_one_line_and_the_others_go_on(
    tmp_path: Path, row: Row | BadRow, line: str
) -> None:
    planned = Planned(tmp_path, [Row("http://h/a", "a"), row, Row("http://h/c", "c")])

    assert [url for url, _ in planned.requests] == ["http://h/a", "http://h/c"]
    assert planned.failures == [line]
    assert planned.plan.seen == 3


def test_a_manifest_that_stops_being_readable_ends_the_rows_with_a_line(tmp_path: Path) -> None:
    def rows() -> Iterator[Row]:
        yield Row("http://h/a")
        raise OSError(5, "Input/output error")

    planned = Planned(tmp_path, rows())

    assert len(list(planned.requests)) == 1
    assert planned.failures == ["failed: manifest: cannot be read further: Input/output error"]
