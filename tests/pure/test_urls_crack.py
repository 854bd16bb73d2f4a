from __future__ import annotations

import pytest

from pyinet._urls.crack import UrlParts, crack
from pyinet.enums import IcuFlag, InternetScheme
from pyinet.errors import CallerError, InternetException, NotSupported
from pyinet.urlfunctions import crack_url

S = InternetScheme


def parts(scheme: str, number: S, host: str = "", port: int = 0, path: str = "", extra: str = "") -> UrlParts:
    return UrlParts(scheme, number, host, port, path=path, extra=extra)


CRACKED = [
    ("http://h/a/b#f", parts("http", S.HTTP, "h", 80, "/a/b", "#f")),
    ("http://h/a?x=1#f", parts("http", S.HTTP, "h", 80, "/a", "?x=1#f")),
    ("http://h/a#f?x=1", parts("http", S.HTTP, "h", 80, "/a#f", "?x=1")),
    ("http://h?x=1", parts("http", S.HTTP, "h", 80, "", "?x=1")),
    ("http://h#f?x=1", parts("http", S.HTTP, "h", 80, "#f", "?x=1")),
    ("http://h/a;b=c", parts("http", S.HTTP, "h", 80, "/a;b=c")),
    ("http://h", parts("http", S.HTTP, "h", 80)),
    ("http://", parts("http", S.HTTP, "", 80)),
    ("http:", parts("http", S.HTTP)),
    ("HtTp://H/a", parts("HtTp", S.HTTP, "H", 80, "/a")),
    ("https://h/", parts("https", S.HTTPS, "h", 443, "/")),
    ("ftp://h/a b", parts("ftp", S.FTP, "h", 21, "/a b")),
    ("gopher://h/1", parts("gopher", S.GOPHER, "h", 70, "/1")),
    ("socks://h", parts("socks", S.SOCKS, "h", 0)),
    ("http://h:8080/", parts("http", S.HTTP, "h", 8080, "/")),
    ("http://h:0080/", parts("http", S.HTTP, "h", 80, "/")),
    ("http://h:0/", parts("http", S.HTTP, "h", 0, "/")),
    ("http://h:65535", parts("http", S.HTTP, "h", 65535)),
    ("http://h:/a", parts("http", S.HTTP, "h", 80, "/a")),
    ("http://[::1]/a", parts("http", S.HTTP, "[::1]", 80, "/a")),
    ("http://[::1]:81/a", parts("http", S.HTTP, "[::1]", 81, "/a")),
    ("about:blank", parts("about", S.UNKNOWN, path="blank")),
    ("about://host/blank", parts("about", S.UNKNOWN, "host", 0, "/blank")),
    ("ht://h/", parts("ht", S.UNKNOWN, "h", 0, "/")),
    ("x-y.z+1:a", parts("x-y.z+1", S.UNKNOWN, path="a")),
    ("C:\\a.txt", parts("C", S.UNKNOWN, path="\\a.txt")),
    ("mailto:a@b?subject=x", parts("mailto", S.MAILTO, path="a@b", extra="?subject=x")),
    ("news:comp.x", parts("news", S.NEWS, path="comp.x")),
    ("javascript:f(1)", parts("javascript", S.JAVASCRIPT, path="f(1)")),
    ("vbscript:f", parts("vbscript", S.VBSCRIPT, path="f")),
    ("res://a.dll:1/b", parts("res", S.RES, "a.dll:1", 0, "/b")),
    ("http://h/a\0b?c", parts("http", S.HTTP, "h", 80, "/a")),
    ("http://\0h", parts("http", S.HTTP, "", 80)),
    ("http://h/%41?%42", parts("http", S.HTTP, "h", 80, "/%41", "?%42")),
]


@pytest.mark.parametrize(("url", "cracked"), CRACKED, ids=[url for url, _ in CRACKED])
def test_url_is_taken_apart(url: str, cracked: UrlParts) -> None:
    assert crack_url(url) == cracked


@pytest.mark.parametrize(
    ("url", "user", "password", "host"),
    [
        ("http://u@h/", "u", "", "h"),
        ("http://u:p@h:1/", "u", "p", "h"),
        ("http://u:v:p@h/", "u:v", "p", "h"),
        ("http://:p@h/", "", "p", "h"),
        ("http://u:@h/", "u", "", "h"),
        ("http://@h/", "", "", "h"),
        ("http://u@x@h/", "u", "", "x@h"),
        ("http://h/a@b:c", "", "", "h"),
        ("http://h?a@b:c", "", "", "h"),
        ("ftp://u:p@[::1]:21/", "u", "p", "[::1]"),
    ],
)
def test_first_at_sign_ends_the_user_and_last_colon_begins_the_password(
    url: str, user: str, password: str, host: str
) -> None:
    cracked = crack_url(url)
    assert (cracked.user, cracked.password, cracked.host) == (user, password, host)


@pytest.mark.parametrize("flags", [IcuFlag.DECODE, IcuFlag.ESCAPE])
def test_decoding_never_moves_the_ends_of_the_parts(flags: IcuFlag) -> None:
    cracked = crack_url("http://u%40x:p%3A@h%2Fi/a%3Fb%20%E9%C3%A9%00?%23c", flags)
    assert cracked == UrlParts("http", S.HTTP, "h/i", 80, "u@x", "p:", "/a?b %E9é%00", "?#c")


def test_decoding_canonicalises_nothing() -> None:
    assert crack_url("http://x.org", IcuFlag.DECODE).path == ""
    assert crack_url("http://h/a/../b ", IcuFlag.DECODE).path == "/a/../b "


FILES = [
    ("file:///a%20b", "", "/a b", "\\a b"),
    ("file:///a%C3%A9%ff", "", "/aé\udcff", "\\aé\udcff"),
    ("file:///a%00b", "", "/a%00b", "\\a%00b"),
    ("file:///a/..", "", "/a/../", "\\a\\..\\"),
    ("file:///a/.", "", "/a/./", "\\a\\.\\"),
    ("file:///", "", "/", "\\"),
    ("file://hh/s/a%20b", "hh", "/s/a b", "\\\\hh\\s\\a b"),
    ("file://localhost/a", "localhost", "/a", "\\a"),
    ("file:///C:/a%20b", "", "/C:/a b", "C:\\a b"),
    ("file:///c|/a", "", "/c|/a", "c:\\a"),
    ("file://C:/a%20b/..", "", "C:/a%20b/../", "C:\\a%20b\\..\\"),
    ("file:a/b", "", "a/b", "a\\b"),
]


@pytest.mark.parametrize(("url", "host", "path", "windows_path"), FILES, ids=[row[0] for row in FILES])
def test_file_url_gives_the_path_of_the_machine(url: str, host: str, path: str, windows_path: str) -> None:
    for windows, expected in ((False, path), (True, windows_path)):
        cracked = crack(url, IcuFlag(0), windows=windows)
        assert (cracked.host, cracked.path, cracked.port) == (host, expected, 0)


def test_query_is_no_part_of_a_file_path() -> None:
    assert crack("file:///p?q#f", IcuFlag(0), windows=False)[6:] == ("/p", "?q#f")


def test_file_path_is_decoded_once() -> None:
    assert crack("file:///a%2541", IcuFlag.DECODE, windows=False).path == "/a%41"


@pytest.mark.parametrize("url", ["", "server", "../a", "/a", "a b:c", "://h", "\0http://h", "ä://h", " http://h"])
def test_url_without_a_scheme_is_12006(url: str) -> None:
    with pytest.raises(NotSupported, match="12006") as caught:
        crack_url(url)
    assert caught.value.code == 12006


@pytest.mark.parametrize(
    "url",
    [
        "http://h:65536/",
        "http://h:99999/",
        "http://h:x/",
        "http://h:-1/",
        "http://h:+80/",
        "http://h: 80/",
        "http://h:8\u0660/",
        "http://h:²/",
        f"http://h:{'9' * 5000}/",
        "foo://h:bar/",
        "http://[::1/",
        "http://[::1]x/",
        "http://[::1]:x/",
    ],
    ids=lambda url: url[:20],
)
def test_port_or_brackets_that_cannot_be_are_12005(url: str) -> None:
    with pytest.raises(CallerError) as caught:
        crack_url(url)
    assert caught.value.code == 12005


@pytest.mark.parametrize("url", [None, b"http://h", 5, ["http://h"]])
def test_url_that_is_no_str_is_87(url: object) -> None:
    with pytest.raises(InternetException) as caught:
        crack_url(url)  # type: ignore[arg-type]
    assert caught.value.code == 87


def test_flags_that_are_no_int_are_87_and_unknown_bits_are_ignored() -> None:
    with pytest.raises(InternetException) as caught:
        crack_url("http://h", "x")  # type: ignore[arg-type]
    assert caught.value.code == 87
    assert crack_url("http://h/%41", 1 | 1 << 40) == crack_url("http://h/%41")


def test_message_shows_no_password() -> None:
    with pytest.raises(CallerError, match=r"u:\*\*\*@h:x") as caught:
        crack_url("http://u:secret@h:x/")
    assert "secret" not in repr(vars(caught.value)) + str(caught.value)
