# ruff: noqa: S301  (what is unpickled was pickled by the test)

from __future__ import annotations

import copy
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyinet._answer.headers import Headers
from pyinet.errors import HeaderNotFound

BLOCK = (
    b"HTTP/1.1 200 Very Good\r\nContent-Type: text/plain\r\nVary: a\r\nset-cookie: x=1, 2\r\n"
    b"vary:b\r\nSet-Cookie: y=2\r\nEmpty:\r\n\r\n"
)


def test_lookup_ignores_case() -> None:
    headers = Headers(BLOCK)
    assert headers["CONTENT-type"] == "text/plain"
    assert "content-TYPE" in headers
    assert headers["empty"] == ""


def test_repeated_header_is_joined_and_listed() -> None:
    headers = Headers(BLOCK)
    assert headers["Vary"] == "a, b"
    assert headers.get_all("VARY") == ["a", "b"]


def test_set_cookie_is_never_joined() -> None:
    headers = Headers(BLOCK)
    assert headers["Set-Cookie"] == "x=1, 2"
    assert headers.get_all("set-cookie") == ["x=1, 2", "y=2"]


def test_missing_header_is_error_12150_and_a_key_error() -> None:
    with pytest.raises(KeyError, match=r"no header 'X-No' \[12150 ERROR_HTTP_HEADER_NOT_FOUND\]") as caught:
        Headers(BLOCK)["X-No"]
    assert isinstance(caught.value, HeaderNotFound)


def test_get_gives_the_default() -> None:
    headers = Headers(BLOCK)
    assert headers.get("X-No") is None
    assert headers.get("X-No", "d") == "d"
    assert headers.get("vary", "d") == "a, b"
    assert headers.get_all("X-No") == []
    assert 5 not in headers


def test_iteration_gives_each_name_once_in_order() -> None:
    headers = Headers(BLOCK)
    assert list(headers) == ["Content-Type", "Vary", "set-cookie", "Empty"]
    assert len(headers) == 4
    assert dict(headers)["Vary"] == "a, b"


def test_items_gives_every_line_in_order() -> None:
    assert Headers(BLOCK).items() == [
        ("Content-Type", "text/plain"),
        ("Vary", "a"),
        ("set-cookie", "x=1, 2"),
        ("vary", "b"),
        ("Set-Cookie", "y=2"),
        ("Empty", ""),
    ]


def test_what_is_given_away_is_a_copy() -> None:
    headers = Headers(BLOCK)
    headers.items().clear()
    headers.get_all("vary").clear()
    assert headers.get_all("vary") == ["a", "b"]
    assert len(headers.items()) == 6


def test_line_ends_may_be_bare() -> None:
    assert Headers(BLOCK.replace(b"\r\n", b"\n")) == Headers(BLOCK)


@pytest.mark.parametrize(
    ("lines", "items"),
    [
        (b"A: one\r\n  two\r\n\tthree\r\n", [("A", "one two three")]),
        (b"A:\r\n two\r\n", [("A", "two")]),
        (b"A: one\r\n \r\nB: 1\r\n", [("A", "one"), ("B", "1")]),
        (b" lost\r\nA: 1\r\n", [("A", "1")]),
        (b"no colon\r\n continued\r\nA: 1\r\n", [("A", "1")]),
        (b": no name\r\nA : 1\r\n", [("A", "1")]),
        (b"A: b: c\r\n", [("A", "b: c")]),
        (b"A: caf\xe9\x85\x0b!\r\n", [("A", "caf\xe9\x85\x0b!")]),
    ],
)
def test_lines_are_read_as_rfc_9112_has_them(lines: bytes, items: list[tuple[str, str]]) -> None:
    assert Headers(b"HTTP/1.1 200 OK\r\n" + lines).items() == items


@pytest.mark.parametrize(
    ("block", "status_line", "reason"),
    [
        (BLOCK, "HTTP/1.1 200 Very Good", "Very Good"),
        (b"HTTP/2 200 \r\n\r\n", "HTTP/2 200 ", ""),
        (b"HTTP/2 200\r\n", "HTTP/2 200", ""),
        (b"", "", ""),
    ],
)
def test_status_line_and_reason(block: bytes, status_line: str, reason: str) -> None:
    headers = Headers(block)
    assert (headers.status_line, headers.reason) == (status_line, reason)


def test_equality_ignores_the_case_of_names_alone() -> None:
    headers = Headers(b"S\nA: x\nB: y\n")
    assert headers == Headers(b"S\na: x\nb: y\n")
    assert hash(headers) == hash(Headers(b"S\na: x\nb: y\n"))
    assert headers != Headers(b"S\na: X\nb: y\n")
    assert headers != Headers(b"S\nb: y\na: x\n")
    assert headers != {"A": "x"}


def test_pickles_and_copies() -> None:
    headers = Headers(BLOCK)
    for again in (pickle.loads(pickle.dumps(headers)), copy.copy(headers), copy.deepcopy(headers)):
        assert again == headers
        assert again.reason == "Very Good"


def test_repr_shows_the_lines() -> None:
    assert repr(Headers(b"S\nA: x\n")) == "<Headers [('A', 'x')]>"


@given(st.binary() | st.lists(st.sampled_from([b"\r", b"\n", b" ", b"\t", b":", b"a", b"\xff"])).map(b"".join))
def test_no_bytes_raise_and_every_view_agrees(block: bytes) -> None:
    headers = Headers(block)
    assert (headers.status_line, headers.reason, repr(headers), hash(headers)) is not None
    assert [name for name, _ in headers.items() if name not in headers] == []
    assert len(list(headers)) == len(headers) == len({name.lower() for name in headers})
    for name in headers:
        assert headers.get_all(name) == [value for key, value in headers.items() if key.lower() == name.lower()]
        assert headers[name] == headers.get(name)
