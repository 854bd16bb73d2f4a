from __future__ import annotations

import gc
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyinet._answer.headers import Headers
from pyinet._request.headers import RequestHeaders, header_pairs
from pyinet.enums import HttpAddReq
from pyinet.errors import CallerError, HeaderNotFound, InternetException

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

ADD, ADD_IF_NEW, REPLACE = HttpAddReq.ADD, HttpAddReq.ADD_IF_NEW, HttpAddReq.REPLACE
COMMA, SEMICOLON = HttpAddReq.COALESCE_WITH_COMMA, HttpAddReq.COALESCE_WITH_SEMICOLON

Pairs = list[tuple[str, str]]


def made(*lines: str) -> RequestHeaders:
    headers = RequestHeaders()
    headers.add("\r\n".join(lines), ADD)
    return headers


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("", []),
        ("\r\n", []),
        (" \t\r\n", []),
        ("A: 1", [("A", "1")]),
        ("A:1\r\n", [("A", "1")]),
        ("A: 1\r\nB: 2\r\n\r\n", [("A", "1"), ("B", "2")]),
        ("A: 1\nB: 2", [("A", "1"), ("B", "2")]),
        ("A: 1\rB: 2", [("A", "1"), ("B", "2")]),
        ("\r\r A : 1 \n\n\tB\t:\t2\t\r", [("A", "1"), ("B", "2")]),
        ("\r\rOne:v\n\nTwo: w\rThree: x\n\n\r\r\n", [("One", "v"), ("Two", "w"), ("Three", "x")]),
        ("A: b: c", [("A", "b: c")]),
        ("A: x  y", [("A", "x  y")]),
        ("A: x\ty", [("A", "x\ty")]),
        ("A: caf\xe9\x85", [("A", "caf\xe9\x85")]),
        ("!#$%&'*+-.^_`|~9z: 1", [("!#$%&'*+-.^_`|~9z", "1")]),
        ("A:", [("A", "")]),
        ("A: 1\r\n A: 2", [("A", "1"), ("A", "2")]),
    ],
    ids=repr,
)
def test_lines_are_split_at_any_run_of_line_ends(text: str, pairs: Pairs) -> None:
    assert header_pairs(text) == pairs


class Items:
    """What has items, but is no mapping."""

    def items(self) -> Iterator[tuple[str, str]]:
        return iter([("A", "1"), ("A", "2")])


@pytest.mark.parametrize(
    ("headers", "pairs"),
    [
        (None, []),
        ({}, []),
        ([], []),
        ({"A": " 1 ", "B ": "2"}, [("A", "1"), ("B", "2")]),
        ([("A", "1"), ["A", "2"]], [("A", "1"), ("A", "2")]),
        (iter([("A", "1")]), [("A", "1")]),
        (Headers(b"HTTP/1.1 200 OK\r\nA: 1\r\na: 2\r\n"), [("A", "1"), ("a", "2")]),
        (made("A: 1"), [("A", "1")]),
        (Items(), [("A", "1"), ("A", "2")]),
    ],
    ids=lambda value: type(value).__name__,
)
def test_mappings_and_pairs_are_taken(headers: Mapping[str, str], pairs: Pairs) -> None:
    assert header_pairs(headers) == pairs


BAD_LINES = [
    "no colon",
    "A: 1\r\nno colon",
    "A: 1\r\n continued",
    ": 1",
    " : 1",
    "A B: 1",
    "A\tB: 1",
    "(A): 1",
    "A\0: 1",
    "A: \0",
    "A: 1\0\r\n",
    "A: \x01",
    "A: 1\x0b2",
    "A: 1\x0c2",
    "A: \x7f",
    "\xc9: 1",
    "A: \u20ac",
    "A: \ud800",
    "\x85A: 1",
]


@pytest.mark.parametrize("text", BAD_LINES, ids=ascii)
@pytest.mark.parametrize("mode", [ADD, ADD_IF_NEW, REPLACE, ADD | REPLACE, COMMA, HttpAddReq(0)])
def test_a_bad_line_is_error_12153_and_changes_nothing(text: str, mode: HttpAddReq) -> None:
    headers = made("Present: x", "Old: 1")
    with pytest.raises(CallerError) as caught:
        headers.add(f"New: 1\r\n{text}", mode)
    assert caught.value.code == 12153
    assert headers.lines() == ["Present: x", "Old: 1"]


@pytest.mark.parametrize(
    "pair", [("A", "1\r\nB: 2"), ("A", "1\n"), ("A\r\nB", "1"), ("A:", "1"), ("", "1"), ("A", "1\r")], ids=repr
)
def test_no_line_break_comes_in_through_a_pair(pair: tuple[str, str]) -> None:
    headers = RequestHeaders()
    with pytest.raises(CallerError) as caught:
        headers.add([("X", "1"), pair], ADD)
    assert caught.value.code == 12153
    assert len(headers) == 0


@pytest.mark.parametrize(
    "headers",
    [
        b"A: 1",
        5,
        ["A: 1"],
        ["ab"],
        [("A",)],
        [("A", "1", "2")],
        [("A", 1)],
        [(1, "A")],
        {"A": None},
        {"A": b"1"},
        [None],
    ],
    ids=repr,
)
def test_headers_of_another_type_are_error_87(headers: object) -> None:
    with pytest.raises(CallerError) as caught:
        RequestHeaders().add(headers, ADD)  # type: ignore[arg-type]
    assert caught.value.code == 87


@pytest.mark.parametrize("mode", [None, "ADD", 1.0], ids=repr)
def test_a_mode_of_another_type_is_error_87(mode: object) -> None:
    with pytest.raises(CallerError) as caught:
        RequestHeaders().add("A: 1", mode)  # type: ignore[arg-type]
    assert caught.value.code == 87


def test_an_iterable_that_raises_changes_nothing() -> None:
    def pairs() -> Iterator[tuple[str, str]]:
        yield "A", "1"
        raise RuntimeError("from outside")

    headers = made("B: 2")
    with pytest.raises(RuntimeError, match="from outside"):
        headers.add(pairs(), ADD)
    assert headers.lines() == ["B: 2"]


BEFORE = ("Warning: a", "X: 1", "warning: b")


@pytest.mark.parametrize(
    ("mode", "line", "after"),
    [
        (ADD, "WARNING: c", ["Warning: a", "X: 1", "warning: b", "WARNING: c"]),
        (ADD, "New: c", [*BEFORE, "New: c"]),
        (ADD_IF_NEW, "New: c", [*BEFORE, "New: c"]),
        (REPLACE, "Warning: c", ["X: 1", "warning: b", "Warning: c"]),
        (REPLACE, "Warning:", ["X: 1", "warning: b"]),
        (REPLACE, "New: c", [*BEFORE, "New: c"]),
        (COMMA, "WARNING: c", ["Warning: a, c", "X: 1", "warning: b"]),
        (COMMA, "New: c", [*BEFORE, "New: c"]),
        (SEMICOLON, "WARNING: c", ["Warning: a; c", "X: 1", "warning: b"]),
        (SEMICOLON, "New: c", [*BEFORE, "New: c"]),
        (ADD | REPLACE, "Warning: c", ["X: 1", "warning: b", "Warning: c"]),
        (ADD | REPLACE, "Warning:", ["X: 1", "warning: b"]),
        (ADD | REPLACE, "New: c", [*BEFORE, "New: c"]),
        (COMMA | SEMICOLON, "Warning: c", ["Warning: a, c", "X: 1", "warning: b"]),
        (COMMA | REPLACE, "Warning: c", ["X: 1", "warning: b", "Warning: c"]),
        (SEMICOLON | REPLACE | ADD, "Warning: c", ["X: 1", "warning: b", "Warning: c"]),
        (COMMA | ADD, "Warning: c", [*BEFORE, "Warning: c"]),
        (SEMICOLON | ADD, "Warning: c", [*BEFORE, "Warning: c"]),
        (ADD | ADD_IF_NEW, "Warning: c", [*BEFORE, "Warning: c"]),
        (REPLACE | ADD_IF_NEW, "New: c", [*BEFORE, "New: c"]),
        (COMMA | ADD_IF_NEW, "New: c", [*BEFORE, "New: c"]),
        (HttpAddReq(0), "New: c", [*BEFORE, "New: c"]),
        (ADD | HttpAddReq.INDEX_MASK, "Warning: c", [*BEFORE, "Warning: c"]),
        (REPLACE | HttpAddReq(1), "Warning: c", ["X: 1", "warning: b", "Warning: c"]),
    ],
    ids=str,
)
def test_mode(mode: HttpAddReq, line: str, after: list[str]) -> None:
    headers = made(*BEFORE)
    headers.add(line, mode)
    assert headers.lines() == after


@pytest.mark.parametrize(
    ("mode", "line", "code"),
    [
        (ADD_IF_NEW, "WARNING: c", 12155),
        (ADD_IF_NEW | REPLACE, "Warning: c", 12155),
        (ADD_IF_NEW | REPLACE, "Warning:", 12155),
        (ADD_IF_NEW | REPLACE | ADD, "Warning: c", 12155),
        (ADD_IF_NEW | COMMA, "Warning: c", 12155),
        (HttpAddReq(0), "Warning: c", 12155),
        (HttpAddReq(0x1234), "Warning: c", 12155),
        (REPLACE, "New:", 12150),
        (ADD | REPLACE, "New:", 12150),
        (COMMA | REPLACE, "New: ", 12150),
        (ADD, "New:", 87),
        (ADD, "Warning:", 87),
        (ADD_IF_NEW, "New:", 87),
        (COMMA, "New:", 87),
        (COMMA, "Warning:", 87),
        (SEMICOLON, "Warning:", 87),
    ],
    ids=str,
)
def test_refusal_changes_nothing(mode: HttpAddReq, line: str, code: int) -> None:
    headers = made(*BEFORE)
    with pytest.raises(CallerError) as caught:
        headers.add(f"Other: 1\r\n{line}", mode)
    assert caught.value.code == code
    assert isinstance(caught.value, HeaderNotFound) == (code == 12150)
    assert headers.lines() == list(BEFORE)


def test_a_mode_may_be_a_plain_int() -> None:
    headers = made("A: 1")
    headers.add("A: 2", 0x80000000)
    assert headers.lines() == ["A: 2"]


def test_the_default_mode_adds_what_is_new() -> None:
    headers = made("A: 1")
    headers.add("B: 2")
    with pytest.raises(CallerError, match=r"\[12155 ERROR_HTTP_HEADER_ALREADY_EXISTS\]"):
        headers.add("a: 2")
    assert headers.lines() == ["A: 1", "B: 2"]


def test_headers_of_one_call_see_each_other() -> None:
    headers = RequestHeaders()
    headers.add("A: 1\r\nA: 2", COMMA)
    assert headers.lines() == ["A: 1, 2"]
    with pytest.raises(CallerError):
        headers.add("B: 1\r\nB: 2", ADD_IF_NEW)
    assert headers.lines() == ["A: 1, 2"]


def test_each_call_works_on_what_the_ones_before_left() -> None:
    headers = RequestHeaders()
    headers.add("Via: a\r\nVia: b", ADD)
    headers.add("Via: c", REPLACE)
    assert headers.get_all("Via") == ["b", "c"]
    with pytest.raises(CallerError):
        headers.add("Via: d", ADD_IF_NEW)
    headers.add("Via: e", COMMA)
    headers.add("Via: f", SEMICOLON)
    assert headers.get_all("Via") == ["b, e; f", "c"]
    headers.add("Via: g", ADD | REPLACE)
    assert headers.get_all("Via") == ["c", "g"]
    headers.add("Range: bytes=1-", ADD)
    headers.add("Range:", REPLACE)
    assert "Range" not in headers


@pytest.mark.parametrize("nothing", [None, "", "\r\n", {}, [], iter(())], ids=repr)
@pytest.mark.parametrize("mode", [ADD, REPLACE, HttpAddReq(0)])
def test_no_headers_are_no_error(nothing: str | None, mode: HttpAddReq) -> None:
    headers = made("A: 1")
    headers.add(nothing, mode)
    assert headers.lines() == ["A: 1"]


@pytest.mark.parametrize("name", ["X-{}", "X"], ids=["names", "one name"])
@pytest.mark.parametrize("mode", [ADD, ADD | REPLACE, REPLACE, COMMA], ids=str)
def test_ten_times_as_many_take_no_hundred_times_as_long(mode: HttpAddReq, name: str) -> None:
    def add(count: int) -> float:
        headers = made(*[f"{name.format(number)}: 0" for number in range(count)])
        began = time.process_time()
        for number in range(count):
            headers.add([(name.format(number), "1")], mode)
        took = time.process_time() - began
        assert len(headers) == (2 * count if mode == ADD else count)
        return took

    gc.disable()  # its passes over all that other tests left are no work of ours
    try:
        assert min(add(20_000) for _ in range(3)) < 50 * min(add(2_000) for _ in range(3))
    finally:
        gc.enable()


def test_lookup_ignores_case() -> None:
    headers = made("Accept: 1", "X: 2", "ACCEPT: 3")
    assert headers.get("accept") == "1"
    assert headers.get_all("aCCEPT") == ["1", "3"]
    assert "accePT" in headers
    assert list(headers) == [("Accept", "1"), ("X", "2"), ("ACCEPT", "3")]
    assert len(headers) == 3


def test_what_is_absent() -> None:
    headers = made("A: 1")
    assert headers.get("B") is None
    assert headers.get("B", "") == ""
    assert headers.get_all("B") == []
    assert "B" not in headers
    assert 5 not in headers


def test_remove_takes_every_line_of_the_name() -> None:
    headers = made("A: 1", "B: 2", "a: 3")
    headers.remove("A")
    headers.remove("C")
    assert headers.lines() == ["B: 2"]


def test_extend_appends_as_it_is() -> None:
    headers = made("A: 1")
    headers.extend([("a", "2"), ("E", "")])
    assert headers.lines() == ["A: 1", "a: 2", "E: "]
    assert headers.get_all("A") == ["1", "2"]
    headers.add("E: x", COMMA)
    assert headers.get("E") == "x"


def test_a_copy_is_independent() -> None:
    headers = made("A: 1")
    other = headers.copy()
    headers.add("B: 2")
    other.remove("A")
    assert (headers.lines(), other.lines()) == (["A: 1", "B: 2"], [])


def test_what_is_given_away_is_a_copy() -> None:
    headers = made("A: 1")
    headers.get_all("A").clear()
    headers.lines().clear()
    assert headers.lines() == ["A: 1"]


def test_it_may_change_while_it_is_walked() -> None:
    headers = made("A: 1", "B: 2")
    for name, _ in headers:
        headers.remove(name)
    assert headers.lines() == []


@pytest.mark.parametrize("name", ["Authorization", "proxy-authorization", "Cookie"])
def test_repr_shows_no_secret(name: str) -> None:
    text = repr(made(f"{name}: Basic c2VjcmV0", "A: 1"))
    assert "c2VjcmV0" not in text
    assert f"('{name}', '***'), ('A', '1')" in text


@pytest.mark.parametrize("text", ["Authorization: Basic c2Vj\ncmV0", "c2VjcmV0"])
def test_a_message_shows_no_secret(text: str) -> None:
    with pytest.raises(CallerError) as caught:
        RequestHeaders().add(text)
    assert "cmV0" not in str(caught.value)


# ---- against a model ----


def model(before: Pairs, name: str, value: str, mode: int) -> Pairs | int:  # noqa: PLR0911 - a return for each rule
    """Return the pairs afterwards, or the error."""
    mine = [at for at, (key, _) in enumerate(before) if key.lower() == name.lower()]
    replace, new = bool(mode & REPLACE), bool(mode & ADD_IF_NEW)
    glue = ", " if mode & COMMA else "; " if mode & SEMICOLON else None
    if not mine and not value:
        return 12150 if replace else 87
    if not mine:
        return [*before, (name, value)]
    if mode & ADD and not replace:
        return [*before, (name, value)] if value else 87
    if new or not (replace or glue):
        return 12155
    others = [pair for at, pair in enumerate(before) if at != mine[0]]
    if replace:
        return [*others, (name, value)] if value else others
    if not value:
        return 87
    assert glue is not None
    return [(key, f"{old}{glue}{value}") if at == mine[0] else (key, old) for at, (key, old) in enumerate(before)]


MODES = st.integers(0, 31).map(
    lambda bits: sum(flag for at, flag in enumerate((ADD, ADD_IF_NEW, REPLACE, COMMA, SEMICOLON)) if bits & 1 << at)
)
NAMES = st.sampled_from(["A", "a", "B", "X-Long"])
VALUES = st.sampled_from(["", "1", "two words", "a, b", "\xe9"])


@given(st.lists(st.tuples(st.lists(st.tuples(NAMES, VALUES), max_size=3), MODES), max_size=8))
def test_any_history_is_that_of_the_model(calls: list[tuple[Pairs, int]]) -> None:
    headers, expected = RequestHeaders(), Pairs()
    for pairs, mode in calls:
        after: Pairs | int = expected
        for name, value in pairs:
            if isinstance(after, list):
                after = model(after, name, value, mode)
        if isinstance(after, int):
            with pytest.raises(InternetException) as caught:
                headers.add(pairs, mode)
            assert caught.value.code == after
        else:
            headers.add(pairs, mode)
            expected = after
        assert list(headers) == expected
        assert len(headers) == len(expected)
        assert headers.get_all("a") == [value for name, value in expected if name.lower() == "a"]
        assert ("B" in headers) == any(name == "B" for name, _ in expected)


@given(st.one_of(st.text(), st.lists(st.tuples(st.text(), st.text())), st.dictionaries(st.text(), st.text())), MODES)
def test_what_is_taken_can_be_sent(
    given_headers: str | Mapping[str, str] | Sequence[tuple[str, str]], mode: int
) -> None:
    headers = RequestHeaders()
    try:
        headers.add(given_headers, mode)
    except InternetException:
        assert headers.lines() == []
    for line in headers.lines():
        assert not set("\r\n\0") & set(line)
        line.encode("latin-1")
    block = "".join(f"{line}\r\n" for line in headers.lines()).encode("latin-1")
    assert Headers(b"GET / HTTP/1.1\r\n" + block).items() == list(headers)
