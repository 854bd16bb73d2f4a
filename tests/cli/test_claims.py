from __future__ import annotations

import pytest

from pyinet.cli.claims import Claims
from pyinet.cli.names import RefusedNameError


@pytest.fixture
def refusing() -> Claims:
    return Claims(number=False)


@pytest.fixture
def numbering() -> Claims:
    return Claims(number=True)


def test_different_names_are_given_as_asked(refusing: Claims) -> None:
    assert [refusing.take(name) for name in ("a", "b/a", "b/c/a")] == ["a", "b/a", "b/c/a"]


@pytest.mark.parametrize("second", ["a/b.txt", "a/B.TXT", "A/b.txt"])
def test_a_second_row_of_the_same_name_is_refused(refusing: Claims, second: str) -> None:
    refusing.take("a/b.txt")

    with pytest.raises(RefusedNameError, match="another row has this name"):
        refusing.take(second)


@pytest.mark.parametrize(("first", "second"), [("a/b", "a/b/c"), ("a/b", "A/B/c/d"), ("a/b/c", "a/b"), ("a/b/c", "a")])
def test_a_name_is_not_both_file_and_directory(refusing: Claims, first: str, second: str) -> None:
    refusing.take(first)

    with pytest.raises(RefusedNameError, match="directory"):
        refusing.take(second)


def test_numbers_are_given_in_the_order_of_the_rows(numbering: Claims) -> None:
    assert [numbering.take("a/b.txt") for _ in range(3)] == ["a/b.txt", "a/b.1.txt", "a/b.2.txt"]


def test_a_number_that_another_row_has_as_its_name_is_passed_over(numbering: Claims) -> None:
    numbering.take("b.1.txt")
    numbering.take("b.txt")

    assert numbering.take("B.txt") == "B.2.txt"
    assert numbering.take("b.txt") == "b.3.txt"


def test_a_file_named_like_a_directory_is_numbered(numbering: Claims) -> None:
    numbering.take("a/b")

    assert numbering.take("a") == "a.1"


def test_a_directory_named_like_a_file_is_refused_even_when_numbering(numbering: Claims) -> None:
    numbering.take("a")

    with pytest.raises(RefusedNameError, match="needs the directory a"):
        numbering.take("a/b")
