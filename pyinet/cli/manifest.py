"""Manifests: which URL goes to which path, read row by row from plain lines, CSV or JSON Lines."""

from __future__ import annotations

import csv
import json
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple, TextIO

if TYPE_CHECKING:
    from _csv import Reader
    from collections.abc import Callable, Iterator

STDIN = "-"


class Row(NamedTuple):
    """One file wanted. `where` is "FILE:LINE", or "" for a URL of the command line."""

    url: str
    path: str | None = None
    where: str = ""


class BadRow(NamedTuple):
    """One line that says nothing usable; the others still count."""

    where: str
    reason: str


class ManifestError(ValueError):
    """The manifest as a whole cannot be used."""


def format_of(name: str) -> str:
    """Return "csv", "jsonl" or "lines", by the extension."""
    extension = name.lower().rpartition(".")[2]
    return {"csv": "csv", "jsonl": "jsonl", "ndjson": "jsonl"}.get(extension, "lines")


@contextmanager
def opened(name: str) -> Iterator[TextIO]:
    """Open a manifest by file name, "-" being standard input.

    Bytes that are not UTF-8 come through as surrogates: they spoil their own row, not the run.

    Raises:
        OSError: It cannot be opened.
    """
    file: int | str = sys.stdin.fileno() if name == STDIN else name
    # newline="": the csv module wants to see the line ends inside quotes.
    with open(file, encoding="utf-8-sig", errors="surrogateescape", newline="", closefd=name != STDIN) as stream:
        yield stream


def rows(stream: TextIO, name: str, form: str) -> Iterator[Row | BadRow]:
    """Return the rows of a manifest, one held at a time.

    Args:
        stream: As `opened` gives it.
        name: Its name in messages.
        form: "lines": `URL [PATH]`, the path being the rest of the line, "#" starting a comment line.
            "csv": a header line with the columns `url` and, if wanted, `path`; others are ignored.
            "jsonl": one object a line with "url" and, if wanted, "path".

    Raises:
        ManifestError: CSV without a header line or without the column `url`; raised before any row.
        OSError: Reading failed.
    """
    if form == "csv":
        reader = csv.reader(stream, strict=True)
        return _csv_rows(reader, _csv_columns(reader, name), name)
    parse = _parse_json if form == "jsonl" else _parse_line
    return _line_rows(stream, name, parse)


def _line_rows(stream: TextIO, name: str, parse: Callable[[str, str], Row | BadRow | None]) -> Iterator[Row | BadRow]:
    for number, line in enumerate(stream, 1):
        text = line.strip()
        row = parse(text, f"{name}:{number}") if text else None
        if row is not None:
            yield _checked(row)


def _parse_line(text: str, where: str) -> Row | None:
    if text.startswith("#"):
        return None
    url, *rest = text.split(maxsplit=1)
    return Row(url, rest[0] if rest else None, where)


def _parse_json(text: str, where: str) -> Row | BadRow:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        return BadRow(where, f"not JSON: {error}")
    if not isinstance(value, dict):
        return BadRow(where, "not a JSON object")
    url, path = value.get("url"), value.get("path")
    if not isinstance(url, str) or not url.strip():
        return BadRow(where, 'no "url" text')
    if path is not None and not isinstance(path, str):
        return BadRow(where, '"path" is not text')
    return Row(url.strip(), path or None, where)


def _csv_columns(reader: Reader, name: str) -> tuple[int, int | None]:
    try:
        header = [column.strip().lower() for column in next(reader, [])]
    except csv.Error as error:
        raise ManifestError(f"{name}: not CSV: {error}") from error
    if "url" not in header:
        raise ManifestError(f"{name}: the first line of a CSV manifest must name a column url")
    return header.index("url"), header.index("path") if "path" in header else None


def _csv_rows(reader: Reader, columns: tuple[int, int | None], name: str) -> Iterator[Row | BadRow]:
    url_column, path_column = columns
    while True:
        where = f"{name}:{reader.line_num + 1}"
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield BadRow(where, f"not CSV: {error}")
            continue
        if not fields:
            continue
        url = fields[url_column].strip() if url_column < len(fields) else ""
        path = fields[path_column] if path_column is not None and path_column < len(fields) else ""
        yield _checked(Row(url, path or None, where)) if url else BadRow(where, "no URL in the column url")


def _checked(row: Row | BadRow) -> Row | BadRow:
    """Turn a row with bytes that are not UTF-8 (or escaped surrogates of JSON) into a bad one."""
    if isinstance(row, Row):
        try:
            f"{row.url}{row.path}".encode()
        except UnicodeEncodeError:
            return BadRow(row.where, "not UTF-8")
    return row
