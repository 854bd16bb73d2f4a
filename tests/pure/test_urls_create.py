from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pyinet.enums import IcuFlag, InternetScheme
from pyinet.errors import InternetException
from pyinet.urlfunctions import UrlParts, crack_url, create_url

if TYPE_CHECKING:
    from collections.abc import Mapping

CREATED: list[tuple[dict[str, object], str]] = [
    ({"scheme": "http", "host": "h", "port": 80, "user": "u", "password": "p", "path": "/a"}, "http://u:p@h/a"),
    ({"scheme": "http", "host": "h", "user": "u", "path": "/a"}, "http://u@h/a"),
    ({"scheme": "http", "host": "h", "path": "a", "extra": "?x#f"}, "http://h/a?x#f"),
    ({"scheme": "http", "host": "h", "port": 42}, "http://h:42"),
    ({"scheme": "http", "host": "h", "port": 65535}, "http://h:65535"),
    ({"scheme": "https", "host": "h", "port": 443}, "https://h"),
    ({"scheme": "ftp", "host": "h", "port": 21}, "ftp://h"),
    ({"scheme": "gopher", "host": "h", "port": 70}, "gopher://h"),
    ({"scheme": "http", "host": "h", "port": 443}, "http://h:443"),
    ({"scheme": "nhttp", "host": "h", "port": 80, "path": "/"}, "nhttp://h:80/"),
    ({"scheme": "nhttp", "scheme_number": 3, "host": "h", "port": 80}, "nhttp://h:80"),
    ({"scheme": "HTTP", "host": "h", "port": 80}, "HTTP://h"),
    ({"scheme": "http", "scheme_number": -3, "host": "h"}, "http://h"),
    ({"scheme_number": 4, "host": "h"}, "https://h"),
    ({"scheme_number": InternetScheme.DEFAULT, "host": "h"}, "http://h"),
    ({"host": "h"}, "http://h"),
    ({}, "http://"),
    ({"scheme": "about", "path": "blank"}, "about:blank"),
    ({"scheme": "about", "host": "host", "path": "blank"}, "about://host/blank"),
    ({"scheme": "about", "port": 8080}, "about:"),
    ({"scheme": "mailto", "path": "a@b"}, "mailto:a@b"),
    ({"scheme": "file", "path": "/a"}, "file:///a"),
    ({"scheme": "http", "host": None, "port": None, "user": "", "path": 0, "extra": None}, "http://"),
    ({"scheme": "http", "host": "h\0i", "path": "/a\0b"}, "http://h/a"),
    ({"scheme": "http", "host": "[::1]", "port": 81}, "http://[::1]:81"),
]


@pytest.mark.parametrize(("parts", "url"), CREATED, ids=[url for _, url in CREATED])
def test_url_is_put_together(parts: Mapping[str, object], url: str) -> None:
    assert create_url(parts) == url


def test_escape_encodes_path_and_extra_alone() -> None:
    parts = UrlParts("http", host="h", user="u {", path='/a b%20"é&?', extra="?x y\ud800#z^")
    assert create_url(parts, IcuFlag.ESCAPE) == "http://u {@h/a%20b%20%22%C3%A9&??x%20y%EF%BF%BD#z%5E"
    assert create_url(parts) == 'http://u {@h/a b%20"é&??x y\ud800#z^'


def test_parts_may_be_a_sequence() -> None:
    assert create_url(("http", 3, "h", 81)) == "http://h:81"
    assert create_url(["ftp", None, "h", None, "u", "p", "/a", ""]) == "ftp://u:p@h/a"


@pytest.mark.parametrize(
    "parts",
    [
        None,
        5,
        "http://h",
        b"http",
        {"hostname": "h"},
        {"scheme": 5},
        {"host": b"h"},
        {"port": "80"},
        {"port": 65536},
        {"port": -1},
        {"port": 80.0},
        {"scheme_number": "http"},
        {"scheme_number": -1},
        {"scheme_number": -2},
        {"scheme_number": 12},
        {"password": "p", "host": "h"},
        ("http", 3, "h", 80, "", "", "", "", "more"),
    ],
    ids=repr,
)
def test_parts_that_make_no_url_are_87(parts: object) -> None:
    with pytest.raises(InternetException) as caught:
        create_url(parts)  # type: ignore[arg-type]
    assert caught.value.code == 87


@pytest.mark.parametrize(
    "url",
    [
        "http://u:p@h:81/a/b;c?x=1#f",
        "https://h",
        "ftp://u@h/a",
        "gopher://h/1",
        "http://[::1]:81/",
        "about:blank",
        "mailto:a@b?subject=x",
        "foo://h:80/a",
        "http://h?x",
        "http://",
    ],
)
def test_what_was_taken_apart_is_put_together_again(url: str) -> None:
    assert create_url(crack_url(url)) == url
