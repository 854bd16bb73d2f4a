from __future__ import annotations

import os

import pytest

from pyinet._stdio.file_url import file_url_to_path
from pyinet.errors import CallerError, InternetException, NameNotResolved, NotSupported

POSIX = [
    ("file:///p", "/p"),
    ("file:/p", "/p"),
    ("FILE:///p", "/p"),
    ("file://localhost/p", "/p"),
    ("file://LocalHost/p", "/p"),
    ("file://me.example/s/p", "/s/p"),
    ("file://ME.example/s/p", "/s/p"),
    ("file:///localhost/p", "/localhost/p"),
    ("file:////p", "/p"),
    ("file://///p", "/p"),
    ("file:////////a//b", "/a//b"),
    ("file://localhost//p", "/p"),
    ("file:///", "/"),
    ("file:/", "/"),
    ("file:///a/../b", "/a/../b"),
    ("file:///d/", "/d/"),
    ("file:///a%20b", "/a b"),
    ("file:///a b", "/a b"),
    ("file:///a%2Fb%2fc", "/a/b/c"),
    ("file:///%2Fp", "/p"),
    ("file:///%C3%A9", "/é"),
    ("file:///é", "/é"),
    ("file:///a%0Ab", "/a\nb"),
    ("file:///100%", "/100%"),
    ("file:///a%zz", "/a%zz"),
    ("file:///p#part", "/p"),
    ("file:///p?query", "/p"),
    ("file:///p?query#part", "/p"),
    ("file:///p#part?query", "/p"),
    ("file:///a%3Fb%23c", "/a?b#c"),
    ("file:///a\\b", "/a\\b"),
    ("file:///c%3A/x", "/c:/x"),
    ("file:///cc:/x", "/cc:/x"),
    ("file:///c:x", "/c:x"),
    ("file:///d/c:/x", "/d/c:/x"),
]


@pytest.mark.parametrize(("url", "path"), POSIX, ids=[url for url, _ in POSIX])
def test_a_local_url_names_a_path(url: str, path: str) -> None:
    assert file_url_to_path(url, local_host="Me.Example", windows=False) == path


def test_bytes_outside_utf8_reach_the_system_unchanged() -> None:
    assert os.fsencode(file_url_to_path("file:///%FF%c3", local_host="", windows=False)) == b"/\xff\xc3"
    assert os.fsencode(file_url_to_path("file:///\udcff", local_host="", windows=False)) == b"/\xff"


NO_PATH = [
    "file:",
    "file://",
    "file://incomplete",
    "file://localhost",
    "file://localhost#/p",
    "file://localhost?/p",
    "file:p",
    "file:p/q",
    "file:\\p",
    "file:\\\\localhost\\p",
    "file://localhost\\p",
    "file:///a%00b",
    "file:///a\0b",
    "file:///a\nb",
    "file:///a\x7fb",
    "file:///\ud800",
    "file://localhost:80/p",
    "file://u@localhost/p",
    "file://u:secret@localhost/p",
    "file:c:/x",
    "file:/c:/x",
    "file://c:/x",
    "file:///c:/x",
    "file:////c:/x",
    "file://///c:/x",
    "file:///C|/x",
    "file://c|/x",
    "file:///c:",
    "file:///c:\\x",
    "file://localhost/c:/x",
    "file://host/c:/x",
]


@pytest.mark.parametrize("url", NO_PATH, ids=ascii)
def test_a_url_without_a_path_here_is_12005(url: str) -> None:
    with pytest.raises(CallerError, match=r"\[12005 ERROR_INTERNET_INVALID_URL\]") as caught:
        file_url_to_path(url, local_host="me", windows=False)
    assert caught.value.code == 12005
    assert "secret" not in f"{caught.value}{caught.value.url}"


@pytest.mark.parametrize(
    "url",
    ["file://host/s/p", "file://%6cocalhost/p", "file://localhost.example/p", "file://[::1]/p", "file://127.0.0.1/p"],
)
@pytest.mark.parametrize("local_host", ["me", ""])
def test_another_host_is_12007(url: str, local_host: str) -> None:
    with pytest.raises(NameNotResolved) as caught:
        file_url_to_path(url, local_host=local_host, windows=False)
    assert caught.value.code == 12007
    assert caught.value.url == url


@pytest.mark.parametrize("url", ["http://h/p", "/p", "", "files:///p", " file:///p"])
@pytest.mark.parametrize("windows", [False, True])
def test_another_scheme_is_12006(url: str, windows: bool) -> None:
    with pytest.raises(NotSupported) as caught:
        file_url_to_path(url, local_host="me", windows=windows)
    assert caught.value.code == 12006


WINDOWS = [
    ("file:c:/x", "c:\\x"),
    ("file:/c:/x", "c:\\x"),
    ("file://c:/x", "c:\\x"),
    ("file:///c:/x", "c:\\x"),
    ("file:////c:/x", "c:\\x"),
    ("file:///c|/x", "c:\\x"),
    ("file:c|/x/y", "c:\\x\\y"),
    ("file:cx|/x", "cx|\\x"),
    ("file://c:/d:/x", "c:\\d:\\x"),
    ("file://localhost/c:/x", "c:\\x"),
    ("file://LOCALHOST/c|/x", "c:\\x"),
    ("file://localhost/p", "\\p"),
    ("file:///p", "\\p"),
    ("file:/p/", "\\p\\"),
    ("file:p/q", "p\\q"),
    ("file://host/s/p", "\\\\host\\s\\p"),
    ("file:\\\\host\\s\\p", "\\\\host\\s\\p"),
    ("file:///localhost/p", "\\localhost\\p"),
    ("file:///host/c:/x", "\\host\\c:\\x"),
    ("file:////host/s", "\\\\host\\s"),
    ("file://///host/s", "\\\\host\\s"),
    ("file://////host/s", "\\\\host\\s"),
    ("file://incomplete", "\\\\incomplete"),
    ("file:///c:/a%20b%2fc%5Cd", "c:\\a b/c\\d"),
    ("file://c:/a%20b", "c:\\a%20b"),
    ("file:////c:/a%20b", "c:\\a%20b"),
    ("file:///c:/a/../b", "c:\\a\\..\\b"),
    ("file:///c:/a?b#c", "c:\\a?b#c"),
    ("file:///c:/%C3%A9é", "c:\\éé"),
    ("file://%6cocalhost/s/p", "\\\\localhost\\s\\p"),
]


@pytest.mark.parametrize(("url", "path"), WINDOWS, ids=[url for url, _ in WINDOWS])
def test_windows_has_its_own_rules(url: str, path: str) -> None:
    assert file_url_to_path(url, local_host="me", windows=True) == path


@pytest.mark.parametrize(
    "url",
    ["file:", "file://", "file:///", "file://localhost", "file://host/c:/x", "file:///c:/a%00", "file:///c:/%ff"],
)
def test_what_windows_cannot_name_is_12005(url: str) -> None:
    with pytest.raises(InternetException) as caught:
        file_url_to_path(url, local_host="me", windows=True)
    assert caught.value.code == 12005
