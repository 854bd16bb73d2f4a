from __future__ import annotations

import calendar
import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyinet._cookies.date import parse_cookie_date
from pyinet._cookies.parse import SetCookie, parse_set_cookie


@pytest.mark.parametrize(
    ("line", "name", "value"),
    [
        ("a=b", "a", "b"),
        (" \ta \t= \tb c\t ", "a", "b c"),
        ("a=b=c", "a", "b=c"),
        ("a==", "a", "="),
        ("a=", "a", ""),
        ("=x", "", "x"),
        ("foo", "", "foo"),
        ("foo;bar=baz", "", "foo"),
        ('a="x;y"', "a", '"x'),
        ('a=" x "', "a", '" x "'),
        ("a=b, c=d", "a", "b, c=d"),
        ("a=\xe6\x98\xa5\xa0", "a", "\xe6\x98\xa5\xa0"),
        ("a=\x85b\x85", "a", "\x85b\x85"),
        ("a\tb=c", "a\tb", "c"),
        ("a=%3B%20", "a", "%3B%20"),
    ],
)
def test_pair_is_split_at_the_first_equals_sign_and_trimmed(line: str, name: str, value: str) -> None:
    assert parse_set_cookie(line) == SetCookie(name, value)


@pytest.mark.parametrize("line", ["", "=", " = ", ";", "; Path=/", " \t", ";a=b"])
def test_neither_name_nor_value_is_ignored(line: str) -> None:
    assert parse_set_cookie(line) is None


@pytest.mark.parametrize("code", [*range(9), *range(10, 32), 127])
def test_control_character_makes_the_line_ignored(code: int) -> None:
    assert parse_set_cookie(f"a=b{chr(code)}c") is None
    assert parse_set_cookie(f"a=b; x={chr(code)}") is None


def test_name_and_value_have_4096_octets_together() -> None:
    assert parse_set_cookie("ab=" + "x" * 4094) is not None
    assert parse_set_cookie(" ab = " + "x" * 4094 + " ;" + "p" * 5000) is not None
    assert parse_set_cookie("ab=" + "x" * 4095) is None
    assert parse_set_cookie("x" * 4097) is None


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ("Path=/x", {"path": "/x"}),
        ("path = /x ", {"path": "/x"}),
        ("Path", {"path": ""}),
        ("Path=x", {"path": ""}),
        ('Path="/x"', {"path": ""}),
        ("Path=/x; Path=", {"path": ""}),
        ("Path=; Path=/x", {"path": "/x"}),
        ("Path=/x; Path=/" + "y" * 1024, {"path": "/x"}),
        ("Path=/" + "y" * 1023, {"path": "/" + "y" * 1023}),
        ("Domain=.ExAmple.org", {"domain": "example.org"}),
        ("Domain=..a", {"domain": ".a"}),
        ("Domain=a; Domain=b", {"domain": "b"}),
        ("Domain=a; Domain=", {}),
        ("Domain=a; Domain=" + "b" * 1025, {"domain": "a"}),
        ("Secure", {"secure": True}),
        ("sEcUrE=no", {"secure": True}),
        ("Secure x", {}),
        ('"Secure"', {}),
        ("Secure=" + "x" * 1025, {}),
        (";;=;,;HttpOnly;x", {"http_only": True}),
        ("SameSite=strict", {"same_site": "Strict"}),
        ("SameSite=LAX", {"same_site": "Lax"}),
        ("samesite=None", {"same_site": "None"}),
        ("SameSite=None; SameSite=other", {}),
        ("SameSite", {}),
        ("Max-Age=5", {"max_age": 5}),
        ("max-age=-5", {"max_age": -5}),
        ("Max-Age=007", {"max_age": 7}),
        ("Max-Age=5; Max-Age=x", {"max_age": 5}),
        ("Max-Age=5; Max-Age=6", {"max_age": 6}),
        ("Max-Age=", {}),
        ("Max-Age=-", {}),
        ("Max-Age=+5", {}),
        ("Max-Age=5.5", {}),
        ("Max-Age=5 5", {}),
        ('Max-Age="5"', {}),
        ("Max-Age=\xb2", {}),
        ("Max-Age=" + "9" * 1024, {"max_age": int("9" * 1024)}),
        ("Expires=Thu, 01 Jan 1970 00:00:09 GMT", {"expires": 9}),
        ("Expires=Thu, 01 Jan 1970 00:00:09 GMT; Expires=never", {"expires": 9}),
        ("Expires=", {}),
        ("unknown=1; Version=1", {}),
    ],
)
def test_attributes(attributes: str, expected: dict[str, Any]) -> None:
    assert parse_set_cookie(f"n=v; {attributes}") == SetCookie("n", "v")._replace(**expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Thu, 01 Jan 1970 00:00:00 GMT", (1970, 1, 1, 0, 0, 0)),
        ("Sunday, 06-Nov-94 08:49:37 GMT", (1994, 11, 6, 8, 49, 37)),
        ("Sun Nov  6 08:49:37 1994", (1994, 11, 6, 8, 49, 37)),
        ("06 november 1994 8:9:7", (1994, 11, 6, 8, 9, 7)),
        ("1994 08:49:37 06/NOV", (1994, 11, 6, 8, 49, 37)),
        ("1 Jan 69 00:00:00", (2069, 1, 1, 0, 0, 0)),
        ("1 Jan 70 00:00:00", (1970, 1, 1, 0, 0, 0)),
        ("1 Jan 99 00:00:00", (1999, 1, 1, 0, 0, 0)),
        ("1 Jan 00 00:00:00", (2000, 1, 1, 0, 0, 0)),
        ("1 Jan 1601 00:00:00", (1601, 1, 1, 0, 0, 0)),
        ("31 Dec 9999 23:59:59", (9999, 12, 31, 23, 59, 59)),
        ("29 Feb 2000 00:00:00", (2000, 2, 29, 0, 0, 0)),
        ("1st Jan 2000x 00:00:00Z", (2000, 1, 1, 0, 0, 0)),
        ("1 Jan 2000 00:00:00 +0500", (2000, 1, 1, 0, 0, 0)),
        ("Fri, 07 01 2005 12:06:35 GMT", (2005, 1, 7, 12, 6, 35)),
        ("2005-01-07 12:06:35", (2005, 1, 7, 12, 6, 35)),
        ("07/01/05 12:06:35", (2005, 1, 7, 12, 6, 35)),
    ],
)
def test_date(text: str, expected: tuple[int, ...]) -> None:
    assert parse_cookie_date(text) == calendar.timegm(expected)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "never",
        "01 Jan 2000",
        "01 Jan 00:00:00",
        "Jan 2000 00:00:00",
        "01 2000 00:00:00",
        "1 Jan 1600 00:00:00",
        "1 Jan 160 00:00:00",
        "1 Jan 20000 00:00:00",
        "0 Jan 2000 00:00:00",
        "32 Jan 2000 00:00:00",
        "30 Feb 2000 00:00:00",
        "29 Feb 1900 00:00:00",
        "31 Apr 2000 00:00:00",
        "1 Jan 2000 24:00:00",
        "1 Jan 2000 00:60:00",
        "1 Jan 2000 00:00:60",
        "1 Jan 2000 00:00:000",
        "1 Jan 2000 00:00",
        "012 Jan 2000 00:00:00",
        "07 13 2005 12:06:35",
        "2005-13-07 12:06:35",
    ],
)
def test_no_date(text: str) -> None:
    assert parse_cookie_date(text) is None


@given(st.datetimes(min_value=dt.datetime(1601, 1, 1)))  # noqa: DTZ001 - the strategy wants it without a zone
def test_date_agrees_with_the_calendar(when: dt.datetime) -> None:
    expected = calendar.timegm(when.timetuple())
    month = calendar.month_abbr[when.month]
    assert parse_cookie_date(f"{when.day:02} {month} {when.year:04} {when:%H:%M:%S} GMT") == expected
    assert parse_cookie_date(f"{when.year:04}-{when.month:02}-{when.day:02} {when:%H:%M:%S}") == expected


@given(st.text(st.characters(max_codepoint=255)))
def test_any_text_parses_or_is_ignored(text: str) -> None:
    parse_cookie_date(text)
    found = parse_set_cookie(text)
    if found is not None:
        assert found.name or found.value
        assert found.name.strip(" \t") == found.name
        assert found.value.strip(" \t") == found.value
        assert "=" not in found.name
        assert ";" not in found.name + found.value
