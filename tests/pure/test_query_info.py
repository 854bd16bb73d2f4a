from __future__ import annotations

from datetime import datetime, timezone
from email.utils import format_datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyinet._answer.date import parse_http_date
from pyinet._answer.headers import Headers
from pyinet._answer.query_info import HEADER_NAMES, plain_key, query_info, query_info_iter
from pyinet._request.headers import RequestHeaders
from pyinet.enums import HttpQuery as Q
from pyinet.errors import CallerError, HeaderNotFound, InternetException, ProtocolError

if TYPE_CHECKING:
    from pyinet._answer.query_info import Value

HEAD = (
    b"HTTP/1.1 200 Very Good\r\nContent-Type: text/plain\r\nContent-Length: 1234\r\nSet-Cookie: a=1, x\r\n"
    b"Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nset-cookie:b=2\r\nExpires: 0\r\nX-Own: one\r\n  two\r\nEmpty:\r\n\r\n"
)
REQUEST, NUMBER, NUMBER64, TIME = Q.FLAG_REQUEST_HEADERS, Q.FLAG_NUMBER, Q.FLAG_NUMBER64, Q.FLAG_SYSTEMTIME
COMMA = Q.FLAG_COALESCE_WITH_COMMA
WHEN = datetime(1994, 11, 6, 8, 49, 37, tzinfo=timezone.utc)


def of_request() -> RequestHeaders:
    headers = RequestHeaders()
    headers.extend([("Accept", "a"), ("X-Own", "mine"), ("accept", "b"), ("If-Modified-Since", format_datetime(WHEN))])
    return headers


def ask(level: int | str, index: int = 0, name: str | None = None, head: bytes | None = HEAD) -> tuple[Value, int]:
    return query_info(
        level, index, name, head=head, request=of_request(), verb="PUT", target="/a?b", version="1.0", clock=lambda: 0.0
    )


@pytest.mark.parametrize("number", [at for at, name in enumerate(HEADER_NAMES) if name])
@pytest.mark.parametrize("where", [0, REQUEST], ids=["answer", "request"])
def test_every_number_finds_the_header_of_its_name(number: int, where: int) -> None:
    name = HEADER_NAMES[number]
    pairs = [("Before", "x"), (name.lower(), "first"), (name.upper(), "second")]
    request = RequestHeaders()
    request.extend(pairs)
    head = Headers("".join(["HTTP/1.1 200 OK\r\n", *[f"{key}: {value}\r\n" for key, value in pairs]]).encode())
    none = RequestHeaders()
    found = [
        query_info(number | where, index, head=Headers(b"") if where else head, request=request if where else none)
        for index in (0, 1)
    ]
    assert found == [("first", 1), ("second", 2)]
    with pytest.raises(HeaderNotFound) as caught:
        query_info(number | where, head=head if where else Headers(b""), request=none if where else request)
    assert caught.value.code == 12150


@pytest.mark.parametrize(
    ("level", "index", "name", "value", "behind"),
    [
        (Q.CONTENT_TYPE, 0, None, "text/plain", 1),
        (Q.SET_COOKIE, 0, None, "a=1, x", 1),
        (Q.SET_COOKIE, 1, None, "b=2", 2),
        (Q.CUSTOM, 0, "x-OWN", "one two", 1),
        (Q.CUSTOM, 1, "SET-COOKIE", "b=2", 2),
        (Q.CUSTOM, 0, "Empty", "", 1),
        ("X-Own", 0, None, "one two", 1),
        ("set-cookie", 1, None, "b=2", 2),
        (Q.CONTENT_TYPE | Q.FLAG_COALESCE, 0, None, "text/plain", 1),
        (Q.CONTENT_TYPE | COMMA, 0, None, "text/plain", 1),
        (Q.SET_COOKIE | COMMA, 0, None, "a=1, x, b=2", 2),
        (Q.SET_COOKIE | COMMA, 1, None, "b=2", 2),
        (Q.ACCEPT | REQUEST, 0, None, "a", 1),
        (Q.ACCEPT | REQUEST, 1, None, "b", 2),
        (Q.ACCEPT | REQUEST | COMMA, 0, None, "a, b", 2),
        (Q.CUSTOM | REQUEST, 0, "x-own", "mine", 1),
        (Q.CONTENT_LENGTH | NUMBER, 0, None, 1234, 1),
        (Q.CONTENT_LENGTH | NUMBER64, 0, None, 1234, 1),
        (Q.CONTENT_LENGTH | NUMBER | COMMA, 0, None, 1234, 1),
        (Q.CUSTOM | NUMBER, 0, "content-length", 1234, 1),
        (Q.DATE | TIME, 0, None, WHEN, 1),
        (Q.CUSTOM | TIME, 0, "Date", WHEN, 1),
        (Q.IF_MODIFIED_SINCE | TIME | REQUEST, 0, None, WHEN, 1),
        (Q.STATUS_CODE, 0, None, "200", 1),
        (Q.STATUS_CODE | NUMBER, 0, None, 200, 1),
        (Q.STATUS_CODE | NUMBER64, 0, None, 200, 1),
        (Q.STATUS_TEXT, 0, None, "Very Good", 0),
        (Q.STATUS_TEXT, 7, None, "Very Good", 7),
        (Q.STATUS_TEXT | REQUEST, 0, None, "Very Good", 0),
        (Q.VERSION, 0, None, "HTTP/1.1", 0),
        (Q.VERSION, 3, None, "HTTP/1.1", 3),
        (Q.VERSION | REQUEST, 0, None, "HTTP/1.0", 0),
        (Q.REQUEST_METHOD, 0, None, "PUT", 1),
        (Q.REQUEST_METHOD | REQUEST, 0, None, "PUT", 1),
        (0x20000013, 0, None, 200, 1),
    ],
    ids=str,
)
def test_answer(level: int | str, index: int, name: str | None, value: Value, behind: int) -> None:
    assert ask(level, index, name) == (value, behind)


LINES = [
    "HTTP/1.1 200 Very Good",
    "Content-Type: text/plain",
    "Content-Length: 1234",
    "Set-Cookie: a=1, x",
    "Date: Sun, 06 Nov 1994 08:49:37 GMT",
    "set-cookie: b=2",
    "Expires: 0",
    "X-Own: one two",
    "Empty: ",
]
REQUEST_LINES = [
    "PUT /a?b HTTP/1.0",
    "Accept: a",
    "X-Own: mine",
    "accept: b",
    "If-Modified-Since: Sun, 06 Nov 1994 08:49:37 +0000",
]


@pytest.mark.parametrize("index", [0, 5])
@pytest.mark.parametrize(
    ("where", "head", "lines"),
    [(0, HEAD, LINES), (REQUEST, HEAD, REQUEST_LINES), (REQUEST, None, REQUEST_LINES), (0, None, [])],
    ids=["answer", "request", "request-unsent", "no-answer"],
)
def test_raw_headers(where: int, head: bytes | None, lines: list[str], index: int) -> None:
    assert ask(Q.RAW_HEADERS | where, index, head=head) == (lines, index)
    text = "".join(f"{line}\r\n" for line in lines) + "\r\n"
    assert ask(Q.RAW_HEADERS_CRLF | where, index, head=head) == (text, index)


def test_raw_headers_are_a_list_of_its_own() -> None:
    lines, _ = ask(Q.RAW_HEADERS)
    assert isinstance(lines, list)
    lines.clear()
    assert ask(Q.RAW_HEADERS) == (LINES, 0)


@pytest.mark.parametrize(
    ("line", "status", "text", "version"),
    [
        (b"HTTP/1.1 200", "200", "", "HTTP/1.1"),
        (b"HTTP/1.1 200 ", "200", "", "HTTP/1.1"),
        (b"HTTP/2 404 ", "404", "", "HTTP/2"),
        (b"HTTP/1.0 401 A b  c", "401", "A b  c", "HTTP/1.0"),
        (b"HTTP/1.1 200 caf\xe9", "200", "caf\xe9", "HTTP/1.1"),
        (b"HTTP/1.1 999 x", "999", "x", "HTTP/1.1"),
        (b"", "200", "OK", "HTTP/1.0"),
        (b"<html>", "200", "OK", "HTTP/1.0"),
    ],
)
def test_first_line(line: bytes, status: str, text: str, version: str) -> None:
    head = line + b"\r\nDate: x\r\n\r\n"
    assert ask(Q.STATUS_CODE, head=head)[0] == status
    assert ask(Q.STATUS_TEXT, head=head)[0] == text
    assert ask(Q.VERSION, head=head)[0] == version


@pytest.mark.parametrize(
    "line", [b"HTTP/1.1", b"HTTP/1.1 ", b"HTTP/1.1 abc", b"HTTP/1.1 20", b"HTTP/1.1 2000 x", b"HTTP/"]
)
def test_a_status_line_without_a_code_is_error_12152(line: bytes) -> None:
    with pytest.raises(ProtocolError) as caught:
        ask(Q.STATUS_CODE, head=line + b"\r\n\r\n")
    assert caught.value.code == 12152


@pytest.mark.parametrize(
    ("level", "index", "name", "code"),
    [
        (Q.ETAG, 0, None, 12150),
        (Q.ETAG | NUMBER, 0, None, 12150),
        (Q.ETAG | COMMA, 0, None, 12150),
        (Q.SET_COOKIE, 2, None, 12150),
        (Q.SET_COOKIE | COMMA, 2, None, 12150),
        (Q.CONTENT_TYPE | REQUEST, 0, None, 12150),
        (Q.ACCEPT, 0, None, 12150),
        (Q.ACCEPT | REQUEST, 2, None, 12150),
        (Q.CUSTOM, 0, "X-None", 12150),
        (Q.CUSTOM, 0, "X Own:", 12150),
        ("X-None", 0, None, 12150),
        (Q.STATUS_CODE, 1, None, 12150),
        (Q.STATUS_CODE | NUMBER, 1, None, 12150),
        (Q.REQUEST_METHOD, 1, None, 12150),
        (Q.ECHO_REQUEST, 0, None, 12150),
        (96, 0, None, 12150),
        (65534, 0, None, 12150),
        (65536, 0, None, 12150),
        (96 | REQUEST, 0, None, 12150),
        (Q.STATUS_CODE | REQUEST, 0, None, 12154),
        (Q.STATUS_CODE | REQUEST | NUMBER, 1, None, 12154),
        (Q.CONTENT_TYPE | NUMBER, 0, None, 12153),
        (Q.CONTENT_TYPE | TIME, 0, None, 12153),
        (Q.EXPIRES | TIME, 0, None, 12153),
        (Q.CUSTOM | NUMBER, 0, "Empty", 12153),
        (Q.CUSTOM | TIME, 0, "Empty", 12153),
        (Q.STATUS_CODE | TIME, 0, None, 12153),
        (Q.STATUS_TEXT | NUMBER, 0, None, 12153),
        (Q.VERSION | NUMBER, 0, None, 12153),
        (Q.RAW_HEADERS | NUMBER, 0, None, 12153),
        (Q.RAW_HEADERS_CRLF | TIME, 0, None, 12153),
        (Q.REQUEST_METHOD | NUMBER64, 0, None, 12153),
        (Q.DATE | NUMBER | TIME, 0, None, 87),
        (Q.DATE | NUMBER | NUMBER64, 0, None, 87),
        (Q.DATE | NUMBER64 | TIME, 0, None, 87),
        (Q.ETAG | NUMBER | NUMBER64 | TIME, 0, None, 87),
        (Q.STATUS_CODE | REQUEST | NUMBER | TIME, 0, None, 87),
        (Q.CUSTOM, 0, None, 87),
        (Q.CUSTOM, 0, "", 87),
        ("", 0, None, 87),
        (Q.DATE, 0, "Date", 87),
        ("Date", 0, "Date", 87),
        (Q.DATE, -1, None, 87),
        (Q.RAW_HEADERS, -1, None, 87),
        (-1, 0, None, 87),
        (1 << 32, 0, None, 87),
    ],
    ids=str,
)
def test_error(level: int | str, index: int, name: str | None, code: int) -> None:
    with pytest.raises(CallerError) as caught:
        ask(level, index, name)
    assert caught.value.code == code
    assert isinstance(caught.value, HeaderNotFound) == (code == 12150)


@pytest.mark.parametrize(
    ("level", "index", "name"),
    [(None, 0, None), (1.5, 0, None), (b"Date", 0, None), ([], 0, None), (Q.DATE, "0", None), (Q.DATE, None, None),
     (Q.DATE, 0.0, None), (Q.CUSTOM, 0, b"Date"), (Q.CUSTOM, 0, 5), (Q.DATE, 0, 5)],
    ids=repr,
)  # fmt: skip
def test_arguments_of_another_type_are_error_87(level: object, index: object, name: object) -> None:
    with pytest.raises(CallerError) as caught:
        ask(level, index, name)  # type: ignore[arg-type]
    assert caught.value.code == 87


@pytest.mark.parametrize(
    "level",
    [Q.DATE, Q.DATE | TIME, Q.STATUS_CODE, Q.STATUS_CODE | NUMBER, Q.STATUS_TEXT, Q.STATUS_TEXT | REQUEST, Q.VERSION,
     "Date", 96],
    ids=str,
)  # fmt: skip
def test_before_an_answer_there_is_none_to_ask(level: int | str) -> None:
    with pytest.raises(CallerError) as caught:
        ask(level, head=None)
    assert caught.value.code == 12019
    assert not isinstance(caught.value, HeaderNotFound)


@pytest.mark.parametrize(
    ("level", "code"),
    [(Q.STATUS_CODE | REQUEST, 12154), (Q.STATUS_CODE | NUMBER | TIME, 87), (Q.CUSTOM, 87), (Q.ETAG | REQUEST, 12150)],
    ids=str,
)
def test_before_an_answer_bad_queries_are_told_all_the_same(level: int, code: int) -> None:
    with pytest.raises(CallerError) as caught:
        ask(level, head=None)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("level", "value"),
    [(Q.ACCEPT | REQUEST, "a"), (Q.REQUEST_METHOD, "PUT"), (Q.VERSION | REQUEST, "HTTP/1.0")],
    ids=str,
)
def test_before_an_answer_the_request_can_be_asked(level: int, value: str) -> None:
    assert ask(level, head=None)[0] == value


@pytest.mark.parametrize(
    ("text", "flag", "value"),
    [
        ("0", NUMBER, 0),
        ("000", NUMBER, 0),
        ("007", NUMBER, 7),
        ("4294967295", NUMBER, 0xFFFFFFFF),
        ("4294967296", NUMBER, None),
        ("4294967296", NUMBER64, 1 << 32),
        ("18446744073709551615", NUMBER64, (1 << 64) - 1),
        ("18446744073709551616", NUMBER64, None),
        ("0" * 5000 + "1", NUMBER, 1),
        ("9" * 5000, NUMBER64, None),
        ("-1", NUMBER, None),
        ("+1", NUMBER, None),
        ("1 2", NUMBER, None),
        ("12abc", NUMBER, None),
        ("0x10", NUMBER, None),
        ("1.0", NUMBER, None),
        ("1_0", NUMBER, None),
        ("\xb2", NUMBER, None),
        ("", NUMBER, None),
        ("5, 5", NUMBER, None),
    ],
    ids=lambda value: value[:24] if isinstance(value, str) else str(value),
)
def test_number(text: str, flag: int, value: int | None) -> None:
    head = f"HTTP/1.1 200 OK\r\nAge: {text}\r\n".encode("latin-1")
    if value is not None:
        assert ask(Q.AGE | flag, head=head)[0] == value
        return
    with pytest.raises(CallerError) as caught:
        ask(Q.AGE | flag, head=head)
    assert caught.value.code == 12153
    assert len(str(caught.value)) < 200


def test_iteration_gives_every_value() -> None:
    assert list(query_info_iter(lambda index: ask(Q.SET_COOKIE, index))) == ["a=1, x", "b=2"]
    assert list(query_info_iter(lambda index: ask(Q.SET_COOKIE | COMMA, index))) == ["a=1, x, b=2"]
    assert list(query_info_iter(lambda index: ask(Q.ETAG, index))) == []


@pytest.mark.parametrize("level", [Q.STATUS_CODE, Q.STATUS_TEXT, Q.VERSION, Q.RAW_HEADERS_CRLF, Q.REQUEST_METHOD])
def test_iteration_gives_what_has_no_index_once(level: int) -> None:
    assert list(query_info_iter(lambda index: ask(level, index))) == [ask(level)[0]]


def test_iteration_hides_no_other_error() -> None:
    with pytest.raises(CallerError, match="12154"):
        list(query_info_iter(lambda index: ask(Q.STATUS_CODE | REQUEST, index)))


def test_a_message_names_header_and_url_without_password() -> None:
    with pytest.raises(HeaderNotFound) as caught:
        query_info(Q.ETAG, 3, head=Headers(HEAD), request=RequestHeaders(), url="http://u:p@h/")
    assert str(caught.value) == "there is no header ETag, index 3: http://u:***@h/ [12150 ERROR_HTTP_HEADER_NOT_FOUND]"


@pytest.mark.parametrize(
    ("level", "key"),
    [(Q.DATE, "date"), ("X-Own", "x-own"), ("", ""), (Q.STATUS_CODE, ""), (Q.CUSTOM, ""), (Q.DATE | NUMBER, "")],
    ids=str,
)
def test_plain_key(level: int | str, key: str) -> None:
    assert plain_key(level) == key


LEVELS = st.one_of(
    st.integers(0, 97),
    st.sampled_from(["Date", "X", "a"]),
    st.builds(int.__or__, st.integers(0, 97), st.integers(0, 63).map(lambda bits: bits << 26)),
)
BLOCKS = st.one_of(
    st.none(),
    st.binary(),
    st.lists(
        st.sampled_from([b"\r", b"\n", b" ", b":", b"HTTP/", b"1.1 ", b"200", b"Date", b"Age", b"5", b"\xff", b"\0"])
    ).map(b"".join),
)


@given(BLOCKS, LEVELS, st.integers(0, 3))
def test_any_block_is_answered_or_refused(head: bytes | None, level: int | str, index: int) -> None:
    try:
        value, behind = ask(level, index, head=head)
    except InternetException as error:
        assert {error.code} <= {87, 12019, 12150, 12152, 12153, 12154}  # noqa: PT017 - any of them may come
    else:
        assert isinstance(value, (str, int, list, datetime))
        assert behind >= index


@given(st.lists(st.tuples(st.sampled_from(["Date", "X", "date"]), st.sampled_from(["1", "b"])), max_size=5))
def test_whatever_the_headers_all_values_come_in_order(pairs: list[tuple[str, str]]) -> None:
    head = "".join(["HTTP/1.1 200 OK\r\n", *[f"{name}: {value}\r\n" for name, value in pairs]]).encode()
    expected = [value for name, value in pairs if name.lower() == "date"]
    assert list(query_info_iter(lambda index: ask(Q.DATE, index, head=head))) == expected
    assert list(query_info_iter(lambda index: ask(Q.DATE | COMMA, index, head=head))) == (
        [", ".join(expected)] * bool(expected)
    )


# ---- dates ----


@pytest.mark.parametrize(
    "text",
    [
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
        "sun, 06 NOV 1994 08:49:37 gmt",
        "Sun, 6 Nov 1994 8:49:37 GMT",
        "Sun, 06-Nov-1994 08:49:37 GMT",
        "Sun, 06 Nov 94 08:49:37 GMT",
        "06 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37",
        "Mon, 06 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 EST",
        "Sun, 06 Nov 1994 08:49:37 +0100",
        "Sun Nov 06 08:49:37 1994",
        "Sun Nov 6 08:49:37 1994 GMT",
        " Sun, 06 Nov 1994 08:49:37 GMT\t",
    ],
)
def test_date(text: str) -> None:
    assert parse_http_date(text, lambda: 0.0) == WHEN


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0",
        "-1",
        "now",
        "784111777",
        "1994-11-06T08:49:37Z",
        "Sun, 06 Nov 1994",
        "Sun, 06 Nov 1994 08:49 GMT",
        "Sun, 06 Nov 1994 24:00:00 GMT",
        "Sun, 06 Nov 1994 08:60:00 GMT",
        "Sun, 06 Nov 1994 08:49:61 GMT",
        "Sun, 31 Jun 1994 08:49:37 GMT",
        "Sun, 29 Feb 2023 08:49:37 GMT",
        "Sun, 00 Nov 1994 08:49:37 GMT",
        "Sun, 06 Foo 1994 08:49:37 GMT",
        "Sun, 06 Nov 0000 08:49:37 GMT",
        "Sun, 06 Nov 994 08:49:37 GMT",
        "Sun, 06 Nov 19940 08:49:37 GMT",
        "Foo, 06 Nov 1994 08:49:37 GMT",
        "Sun, \u0660\u0666 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT",
        "Fri, 31 Dec 9999 23:59:60 GMT",
    ],
)
def test_no_date(text: str) -> None:
    assert parse_http_date(text) is None


def test_a_leap_second_is_the_second_after() -> None:
    assert parse_http_date("Sat, 31 Dec 2016 23:59:60 GMT") == datetime(2017, 1, 1, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("this_year", "short", "year"),
    [(1970, 94, 1994), (1970, 20, 2020), (1970, 21, 1921), (2024, 74, 2074), (2024, 75, 1975), (2024, 99, 1999),
     (2024, 0, 2000), (2000, 50, 2050), (2000, 51, 1951), (2099, 5, 2105)],
)  # fmt: skip
def test_a_short_year_is_at_most_50_years_ahead(this_year: int, short: int, year: int) -> None:
    clock = datetime(this_year, 6, 1, tzinfo=timezone.utc).timestamp()
    found = parse_http_date(f"Sunday, 06-Nov-{short:02d} 08:49:37 GMT", lambda: clock)
    assert found == datetime(year, 11, 6, 8, 49, 37, tzinfo=timezone.utc)


@given(st.datetimes(datetime(1601, 1, 1), datetime(9999, 12, 31)))  # noqa: DTZ001 - made aware below
def test_every_moment_is_read_in_all_three_forms(moment: datetime) -> None:
    when = moment.replace(microsecond=0, tzinfo=timezone.utc)
    days = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
    months = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
    day, month, clock = days[when.weekday()], months[when.month - 1], f"{when:%H:%M:%S}"
    assert parse_http_date(f"{day[:3]}, {when.day:02d} {month} {when.year:04d} {clock} GMT") == when
    assert parse_http_date(f"{day[:3]} {month} {when.day:2d} {clock} {when.year:04d}") == when
    short = f"{day}, {when.day:02d}-{month}-{when.year % 100:02d} {clock} GMT"
    assert parse_http_date(short, when.timestamp) == when


@given(
    st.text() | st.lists(st.sampled_from(["Sun", ", ", " ", "06", "Nov", "-", "1994", "08:49:37", "GMT"])).map("".join)
)
def test_no_text_raises(text: str) -> None:
    assert isinstance(parse_http_date(text), (datetime, type(None)))
