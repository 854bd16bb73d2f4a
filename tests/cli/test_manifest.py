from __future__ import annotations

import io
import itertools
from typing import TYPE_CHECKING, TextIO, cast

import pytest

from pyinet.cli.manifest import BadRow, ManifestError, Row, format_of, opened, rows

if TYPE_CHECKING:
    from pathlib import Path


def parse(text: str, form: str) -> list[Row | BadRow]:
    return list(rows(io.StringIO(text, newline=""), "m", form))


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("a.csv", "csv"),
        ("a.CSV", "csv"),
        ("a.jsonl", "jsonl"),
        ("a.ndjson", "jsonl"),
        ("a.txt", "lines"),
        ("-", "lines"),
    ],
)
def test_the_extension_tells_the_form(name: str, form: str) -> None:
    assert format_of(name) == form


def test_lines_give_url_and_the_rest_as_path() -> None:
    text = "# comment\n\nhttp://h/a\n  http://h/b\tb dir/b file.txt \r\nhttp://h/c#x"

    assert parse(text, "lines") == [
        Row("http://h/a", None, "m:3"),
        Row("http://h/b", "b dir/b file.txt", "m:4"),
        Row("http://h/c#x", None, "m:5"),
    ]


def test_csv_takes_its_two_columns_by_name() -> None:
    text = 'size,Path,URL\r\n1,"a, b",http://h/a\r\n\r\n2,,http://h/b\r\n3,"c\nd",http://h/c\r\n4,e,http://h/e\r\n'

    assert parse(text, "csv") == [
        Row("http://h/a", "a, b", "m:2"),
        Row("http://h/b", None, "m:4"),
        Row("http://h/c", "c\nd", "m:5"),
        Row("http://h/e", "e", "m:7"),
    ]


def test_csv_needs_no_path_column() -> None:
    assert parse("url\nhttp://h/a\n", "csv") == [Row("http://h/a", None, "m:2")]


@pytest.mark.parametrize("text", ["", "path\na\n", "http://h/a\n", '"url\n'])
def test_csv_without_a_url_column_is_refused_before_any_row(text: str) -> None:
    with pytest.raises(ManifestError, match=r"^m: "):
        rows(io.StringIO(text), "m", "csv")


def test_a_bad_csv_line_is_one_bad_row() -> None:
    text = 'path,url\na,http://h/a\nb\nc,"http://h/c"x\nd,http://h/d\n'

    assert [(type(row), row.where) for row in parse(text, "csv")] == [
        (Row, "m:2"),
        (BadRow, "m:3"),
        (BadRow, "m:4"),
        (Row, "m:5"),
    ]


def test_json_lines_give_url_and_path() -> None:
    text = '{"url": "http://h/a"}\n\n{"path": "b", "url": "http://h/b", "x": 1}\n'
    text += '{"url": "http://h/c", "path": null}'

    assert parse(text, "jsonl") == [
        Row("http://h/a", None, "m:1"),
        Row("http://h/b", "b", "m:3"),
        Row("http://h/c", None, "m:4"),
    ]


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "[]",
        '"http://h"',
        "{}",
        '{"url": 1}',
        '{"url": " "}',
        '{"url": "http://h", "path": 1}',
        "[" * 100_000,
    ],
)
def test_a_bad_json_line_is_one_bad_row(line: str) -> None:
    bad, good = parse(f'{line}\n{{"url": "http://h/a"}}\n', "jsonl")

    assert isinstance(bad, BadRow)
    assert bad.where == "m:1"
    assert good == Row("http://h/a", None, "m:2")


@pytest.mark.parametrize(("form", "head"), [("lines", b""), ("csv", b"url\n")])
def test_bytes_that_are_not_utf8_spoil_their_own_row(tmp_path: Path, form: str, head: bytes) -> None:
    file = tmp_path / "m"
    file.write_bytes(head + b"http://h/\xff\nhttp://h/a\n")

    with opened(str(file)) as stream:
        bad, good = rows(stream, "m", form)

    assert isinstance(bad, BadRow)
    assert bad.reason == "not UTF-8"
    assert isinstance(good, Row)
    assert good.url == "http://h/a"


def test_an_escaped_lone_surrogate_of_json_is_a_bad_row() -> None:
    (bad,) = parse('{"url": "http://h/a", "path": "\\udc80"}', "jsonl")

    assert isinstance(bad, BadRow)


def test_a_byte_order_mark_is_no_part_of_the_first_row(tmp_path: Path) -> None:
    file = tmp_path / "m.csv"
    file.write_bytes(b"\xef\xbb\xbfurl\nhttp://h/a\n")

    with opened(str(file)) as stream:
        assert list(rows(stream, "m", "csv")) == [Row("http://h/a", None, "m:2")]


def test_rows_are_read_as_they_are_wanted() -> None:
    endless = cast("TextIO", itertools.repeat("http://h/a\n"))
    stream = rows(endless, "m", "lines")

    assert next(stream) == Row("http://h/a", None, "m:1")
    assert next(stream) == Row("http://h/a", None, "m:2")
