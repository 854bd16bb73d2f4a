"""The generated parts of the documentation: complete, and held against what the package really does."""

from __future__ import annotations

import pkgutil
import re
import runpy
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import pyinet
from pyinet import InternetErrorCode, InternetStatus, errors
from pyinet._options.table import OPTIONS

DOCS = Path(__file__).parents[2] / "docs"
SOURCES = Path(pyinet.__file__).parent
ONLY_TELL = {
    "enums.py",
    "_wording.py",
    "_error_texts.py",
    "lasterror.py",
    "policy.py",
    "_files/error_dialog.py",
}
"""Modules that name numbers without raising them."""


class Row(NamedTuple):
    """A row as the table of sequences has them."""

    name: str = "fresh"
    situation: str = "Nothing is known."
    face: str = "open_url"
    statuses: str = "60H 10N 11A 20A 21A 30 31B 40 41B | 50 51 70H"
    error: int = 0


@pytest.fixture(scope="module")
def made() -> dict[str, Any]:
    return runpy.run_path(str(DOCS / "generate.py"))


def first_cells(table: str) -> list[str]:
    return [line.split("|")[1].strip() for line in table.splitlines()[2:]]


def test_every_status_is_described(made: dict[str, Any]) -> None:
    assert first_cells(made["statuses"]()) == [str(status.value) for status in InternetStatus]


def test_every_number_of_an_error_stands_on_the_page_once(made: dict[str, Any]) -> None:
    cells = first_cells(made["errors_raised"]()) + first_cells(made["errors_unused"]())
    assert sorted(map(int, cells)) == sorted(code.value for code in InternetErrorCode)


def test_every_number_of_an_error_has_a_text(made: dict[str, Any]) -> None:
    for table in (made["errors_raised"](), made["errors_unused"]()):
        assert [line for line in table.splitlines() if line.endswith("|  |")] == []


def test_every_error_of_libcurl_stands_on_the_page(made: dict[str, Any]) -> None:
    table = made["curl_errors"]()
    assert [name for name in errors.CURLE_ERRORS if f"| `{name}` |" not in table] == []


def test_every_option_stands_on_the_page(made: dict[str, Any]) -> None:
    assert first_cells(made["options"]()) == [str(int(number)) for number in sorted(OPTIONS)]


def test_every_public_name_stands_in_the_reference(made: dict[str, Any]) -> None:
    found = re.findall(r"^\.\. auto\w+:: pyinet\.(\w+)$", made["reference"](), re.MULTILINE)
    assert sorted(found) == sorted(pyinet.__all__)


def test_every_class_of_error_is_described(made: dict[str, Any]) -> None:
    names = {cell.strip("`") for cell in first_cells(made["error_classes"]())}
    public = (getattr(pyinet, name) for name in pyinet.__all__)
    assert names == {x.__name__ for x in public if isinstance(x, type) and issubclass(x, errors.InternetException)}


def test_the_numbers_said_to_be_raised_are_those_that_the_sources_name(made: dict[str, Any]) -> None:
    named: set[str] = set()
    for path in SOURCES.rglob("*.py"):
        if path.relative_to(SOURCES).as_posix() not in ONLY_TELL:
            named |= set(re.findall(r"Code\.(ERROR_\w+)", path.read_text("utf-8")))
    assert set(made["table_of"]("error_classes", "RAISED_AS")) == named


@pytest.mark.parametrize("name", errors.CURLE_ERRORS)
def test_what_libcurl_ends_with_comes_as_a_class_that_the_page_names(made: dict[str, Any], name: str) -> None:
    error = errors.from_curl(name, 99, url="http://127.0.0.1/")
    assert type(error).__name__ in made["table_of"]("error_classes", "RAISED_AS")[error.name]


@pytest.mark.parametrize("verify_result", [0, 2, 9, 10, 18, 19, 20, 21, 23, 26])
def test_a_refused_certificate_comes_as_a_class_that_the_page_names(made: dict[str, Any], verify_result: int) -> None:
    error = errors.from_curl("PEER_FAILED_VERIFICATION", 60, url="https://h/", verify_result=verify_result)
    assert type(error).__name__ in made["table_of"]("error_classes", "RAISED_AS")[error.name]


@pytest.mark.parametrize("page", sorted(DOCS.glob("*.md")), ids=lambda page: page.stem)
def test_names_of_the_package_that_a_page_mentions_exist(page: Path) -> None:
    text = page.read_text("utf-8")
    for name in re.findall(r"`(pyinet\.[\w.]+)`", text):
        assert callable(pkgutil.resolve_name(name))
    for kind in ("InternetFlag", "InternetOption", "InternetStatus", "AccessType"):
        members = re.findall(rf"\b{kind}\.([A-Z_0-9]+)\b", text)
        assert [name for name in members if name not in getattr(pyinet, kind).__members__] == []


def test_a_table_that_is_missing_is_an_error(made: dict[str, Any]) -> None:
    with pytest.raises(made["UnknownShapeError"], match="is missing"):
        made["table_of"]("no_such_table", "ROWS")


def test_a_variable_that_is_missing_is_an_error(made: dict[str, Any]) -> None:
    with pytest.raises(made["UnknownShapeError"], match="has no ROWS"):
        made["table_of"]("error_classes", "ROWS")


def test_a_bar_does_not_end_a_cell(made: dict[str, Any]) -> None:
    assert made["markdown_table"](("a",), (("x|y",),)) == "| a |\n| --- |\n| x\\|y |\n"


def test_every_sequence_stands_on_the_page(made: dict[str, Any]) -> None:
    page = made["sequences"]()
    assert [
        row.name for row in made["table_of"]("status_sequences", "SEQUENCES") if f"| {row.situation} |" not in page
    ] == []


def test_a_sequence_is_shown_by_the_numbers_of_its_statuses(made: dict[str, Any]) -> None:
    cells = made["sequence_cells"](Row(error=12029))
    assert cells == (
        "open_url", "Nothing is known.", "60 10 11 20 21 30 31 40 41 → 50 51 70",
        "12029 `ERROR_INTERNET_CANNOT_CONNECT`",
    )  # fmt: skip


@pytest.mark.parametrize(
    "row",
    [
        ("fresh", "situation", "open_url", "60H", 0),
        Row(face="get_file"),
        Row(statuses="60"),
        Row(statuses="30B"),
        Row(statuses="99"),
        Row(statuses="20X"),
        Row(statuses="H"),
        Row(error=1),
    ],
    ids=["other fields", "face", "no information", "wrong information", "status", "letter", "no number", "error"],
)
def test_a_sequence_of_unknown_shape_is_an_error(made: dict[str, Any], row: object) -> None:
    with pytest.raises(made["UnknownShapeError"], match="SEQUENCES"):
        made["sequence_cells"](row)
