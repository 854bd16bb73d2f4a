from __future__ import annotations

import pytest

from pyinet._urls.combine import combine
from pyinet.enums import IcuFlag
from pyinet.errors import CallerError
from pyinet.urlfunctions import combine_url

BASE = "http://a/b/c/d;p?q#f"

# RFC 3986 sections 5.4.1 and 5.4.2; "http:g" by the leniency that 5.2.2 permits.
RFC_3986 = [
    ("gg:h", "gg:h"),
    ("g", "http://a/b/c/g"),
    ("./g", "http://a/b/c/g"),
    ("g/", "http://a/b/c/g/"),
    ("/g", "http://a/g"),
    ("//g", "http://g/"),
    ("?y", "http://a/b/c/d;p?y"),
    ("g?y", "http://a/b/c/g?y"),
    ("#s", "http://a/b/c/d;p?q#s"),
    ("#", "http://a/b/c/d;p?q#"),
    ("g#s", "http://a/b/c/g#s"),
    ("g?y#s", "http://a/b/c/g?y#s"),
    (";x", "http://a/b/c/;x"),
    ("g;x", "http://a/b/c/g;x"),
    ("", "http://a/b/c/d;p?q"),
    (".", "http://a/b/c/"),
    ("./", "http://a/b/c/"),
    ("..", "http://a/b/"),
    ("../", "http://a/b/"),
    ("../g", "http://a/b/g"),
    ("../..", "http://a/"),
    ("../../g", "http://a/g"),
    ("../../../g", "http://a/g"),
    ("/./g", "http://a/g"),
    ("/../g", "http://a/g"),
    ("g.", "http://a/b/c/g."),
    ("..g", "http://a/b/c/..g"),
    ("./g/.", "http://a/b/c/g/"),
    ("g/../h", "http://a/b/c/h"),
    ("g;x=1/../y", "http://a/b/c/y"),
    ("g?y/../x", "http://a/b/c/g?y/../x"),
    ("g#s/../x", "http://a/b/c/g#s/../x"),
    ("http:g", "http://a/b/c/g"),
    ("HTTP:/g", "http://a/g"),
    ("http://o/x", "http://o/x"),
    ("ftp:g", "ftp:g"),
]


@pytest.mark.parametrize(("url", "target"), RFC_3986, ids=[url for url, _ in RFC_3986])
def test_reference_is_resolved_as_rfc_3986_has_it(url: str, target: str) -> None:
    assert combine_url(BASE, url) == target


OTHERS = [
    ("http://h", "c", "http://h/c"),
    ("http://h?x", "c", "http://h/c"),
    ("http://h/a", "c d?e f", "http://h/c%20d?e f"),
    ("http://h/a", "\\c\\d", "http://h/c/d"),
    ("http://h/a", "\\\\o\\c", "http://o/c"),
    ("http://h/a", " \tc\n", "http://h/c"),
    ("http://h/a", "c\0d", "http://h/c"),
    ("http://u:p@h:1/a", "/c", "http://u:p@h:1/c"),
    ("http://h/a", "//o", "http://o/"),
    ("ftp://h/a/b", "../c", "ftp://h/c"),
    ("foo://h/a/b", "../../c", "foo://h/c"),
    ("foo:today", "foo:calendar", "foo:calendar"),
    ("foo:today", "bar:calendar", "bar:calendar"),
    ("Foo:/today/", "fOo:calendar", "foo:/today/calendar"),
    ("mailto:a@b", "c", "mailto:c"),
    ("mailto:a@b", "#f", "mailto:a@b%23f"),
    ("", "http://h", "http://h/"),
    ("x", "http://h/y", "http://h/y"),
    ("file:///home/u/x", "y", "file:///home/u/y"),
    ("file:///home/u/x", "/y", "file:///y"),
    ("file:///home/u/x#y/z", "w", "file:///home/u/x%23y/w"),
    ("file:///home/u/x.html#y/z", "w", "file:///home/u/w"),
    ("file://h/s/x", "y", "file://h/s/y"),
    ("file:///C:/d/x", "y z", "file:///C:/d/y%20z"),
    ("file:///C:/d/x", "../../../y", "file:///C:/y"),
    ("C:\\d\\x.txt", "C:\\e\\y.txt", "file:///C:/e/y.txt"),
    ("http://h/a", "C:\\x", "file:///C:/x"),
    ("C:\\d\\", "//s/y", "file://s/y"),
]


@pytest.mark.parametrize(("base", "url", "target"), OTHERS, ids=[f"{base}+{url}" for base, url, _ in OTHERS])
def test_schemes_and_backslashes_are_those_of_wininet(base: str, url: str, target: str) -> None:
    assert combine_url(base, url) == target


def test_flags_are_those_of_canonicalising() -> None:
    assert combine_url("http://h/a/b", "../c d", IcuFlag.NO_META) == "http://h/a/../c%20d"
    assert combine_url("http://h/a", "c d", IcuFlag.NO_ENCODE) == "http://h/c d"
    assert combine_url("http://h/a", "c%41", IcuFlag.DECODE) == "http://h/cA"
    assert combine_url("http://h/a", "c%41", IcuFlag.ENCODE_PERCENT) == "http://h/c%2541"
    assert combine_url("http://h/a", "c <", IcuFlag.ENCODE_SPACES_ONLY) == "http://h/c%20<"


def test_share_of_windows_has_slashes() -> None:
    assert combine("\\\\s\\d\\x", "y", IcuFlag.NO_ENCODE, windows=True) == "file://s/d/y"


@pytest.mark.parametrize(("base", "url"), [("server", "x"), ("", ""), ("/a", "../b"), ("a/b", "?q")])
def test_two_relative_urls_are_161(base: str, url: str) -> None:
    with pytest.raises(CallerError) as caught:
        combine_url(base, url)
    assert caught.value.code == 161


@pytest.mark.parametrize(("base", "url"), [(None, "x"), ("http://h", None), (b"http://h", "x"), ("http://h", 5)])
def test_url_that_is_no_str_is_87(base: object, url: object) -> None:
    with pytest.raises(CallerError) as caught:
        combine_url(base, url)  # type: ignore[arg-type]
    assert caught.value.code == 87
