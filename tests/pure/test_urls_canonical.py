from __future__ import annotations

import pytest

from pyinet._urls.canonical import canonicalize
from pyinet.enums import IcuFlag
from pyinet.errors import CallerError
from pyinet.urlfunctions import canonicalize_url

MIXED = "http://h/%27/ /./>/#>  "


@pytest.mark.parametrize(
    ("flags", "canonical"),
    [
        (IcuFlag(0), "http://h/%27/%20/%3E/#>"),
        (IcuFlag.BROWSER_MODE, "http://h/%27/%20/%3E/#>"),
        (IcuFlag.ESCAPE, "http://h/%27/%20/%3E/#>"),
        (IcuFlag.DECODE, "http://h/'/%20/%3E/#>"),
        (IcuFlag.ENCODE_PERCENT, "http://h/%2527/%20/%3E/#>"),
        (IcuFlag.ENCODE_SPACES_ONLY, "http://h/%27/%20/>/#>"),
        (IcuFlag.NO_ENCODE, "http://h/%27/ />/#>"),
        (IcuFlag.NO_ENCODE | IcuFlag.BROWSER_MODE, "http://h/%27/ />/#>"),
        (IcuFlag.NO_META, "http://h/%27/%20/./%3E/#>"),
        (IcuFlag.DECODE | IcuFlag.NO_ENCODE, "http://h/'/ />/#>"),
    ],
)
def test_flags_choose_what_is_changed(flags: IcuFlag, canonical: str) -> None:
    assert canonicalize_url(MIXED, flags) == canonical


CANONICAL = [
    ("", ""),
    ("http://h", "http://h/"),
    ("http://h?x", "http://h/?x"),
    ("http://h#f", "http://h/#f"),
    ("HTTP://User:Pw@HosT:80/A", "http://User:Pw@host:80/A"),
    ("  http://h/a  ", "http://h/a"),
    ("http://h/a\tb\r\n/c", "http://h/ab/c"),
    ("http://h/a?x= ", "http://h/a?x="),
    ("http://h/a\0b", "http://h/a"),
    ("http://h/a/./b/../c", "http://h/a/c"),
    ("http://h/a/b/..", "http://h/a/"),
    ("http://h/a/b/.", "http://h/a/b/"),
    ("http://h/a/b/../../../c", "http://h/c"),
    ("http://h/../a/../b", "http://h/../a/../b"),
    ("http://h/./a", "http://h/./a"),
    ("http://h//a//../b", "http://h//a/b"),
    ("http://h/.a/b./...", "http://h/.a/b./..."),
    ("http://h/%2e%2e/a", "http://h/%2e%2e/a"),
    ("http://h/a/../b?c/../d", "http://h/b?c/../d"),
    ("http://h/a/../b#c/../d", "http://h/b#c/../d"),
    ("http:\\\\h\\a\\..\\b?c\\d", "http://h/b?c\\d"),
    ("ftp://h/a\\b", "ftp://h/a%5Cb"),
    ("ftp://H/a/../b", "ftp://h/b"),
    ("http://h/a b?c d", "http://h/a%20b?c d"),
    ("http://h/a b#c d", "http://h/a%20b#c d"),
    ('http://h/\x01\x7f<>"{}|^[]`&', "http://h/%01%7F%3C%3E%22%7B%7D%7C%5E%5B%5D%60%26"),
    ("http://h/~'!$()*+,;=:@-_.", "http://h/~'!$()*+,;=:@-_."),
    ("http://h/%zz%", "http://h/%zz%"),
    ("http://h/é中\U0001f600", "http://h/%C3%A9%E4%B8%AD%F0%9F%98%80"),
    ("http://h/\ud800", "http://h/%EF%BF%BD"),
    ("http://é/é?é", "http://é/%C3%A9?é"),
    ("http://[::1]:80/a", "http://[::1]:80/a"),
    ("http://[FE80::1]/", "http://[fe80::1]/"),
    ("http://u{:p@h/", "http://u%7B:p@h/"),
    ("http:a/b", "http:a%2Fb"),
    ("mailto:a@b?c d#e/f", "mailto:a@b%3Fc%20d%23e%2Ff"),
    ("javascript:a(1/2) ? ?", "javascript:a(1%2F2)%20? ?"),
    ("aBoUt:Blank", "about:Blank"),
    ("foo://H/../A/b c", "foo://H/../A/b%20c"),
    ("foo:a/../b", "foo:a%2F..%2Fb"),
    ("foo:/a/../../b", "foo:/../b"),
    ("server", "server"),
    ("a/../b c", "b%20c"),
    ("a/../..", "../"),
    ("a/..", "/"),
    ("/a/./b", "/a/b"),
    ("?x", "?x"),
    ("file:///home/u/../a b", "file:///home/a%20b"),
    ("file:///a#b", "file:///a%23b"),
    ("file:///a.html#b c", "file:///a.html#b c"),
    ("file:///a?b c", "file:///a?b c"),
    ("file:/a", "file:///a"),
    ("file:a", "file:a"),
    ("file://h/s/a", "file://h/s/a"),
    ("file://LocalHost/a", "file:///a"),
    ("file:////a/b", "file:////a/b"),
    ("file:///C:/a b", "file://C:/a%20b"),
    ("file://C:/a/../../b", "file://C:/../b"),
    ("c:\\d\\e f", "file://c:/d/e%20f"),
    ("c|/d", "file://c%7C/d"),
    ("\\\\s\\d\\e", "file://s/d/e"),
]


@pytest.mark.parametrize(("url", "canonical"), CANONICAL, ids=[repr(url) for url, _ in CANONICAL])
def test_url_takes_its_canonical_form(url: str, canonical: str) -> None:
    assert canonicalize(url.partition("\0")[0], IcuFlag(0), windows=False) == canonical


@pytest.mark.parametrize(("url", "canonical"), [row for row in CANONICAL if "\0" not in row[0] and "//" in row[0][:7]])
def test_platform_makes_no_difference_when_encoding(url: str, canonical: str) -> None:
    expected = "file://a/b" if url == "file:////a/b" else canonical  # four slashes are a share on Windows
    assert canonicalize(url, IcuFlag(0), windows=True) == expected


@pytest.mark.parametrize(
    ("url", "posix", "windows"),
    [
        ("file:///C:/Program%20Files/x", "file://C:\\Program Files\\x", "file://C:\\Program Files\\x"),
        ("C:\\a\\..\\b", "file://C:\\b", "file://C:\\b"),
        ("file:///home/a%20b", "file:///home/a b", "file://\\home\\a b"),
        ("file://h/s/x", "file://h/s/x", "file://\\\\h\\s\\x"),
        ("\\\\h\\s\\x", "file://h/s/x", "file://\\\\h\\s\\x"),
        ("file:a/b", "file:a/b", "file:a\\b"),
    ],
)
def test_file_url_that_is_not_encoded_has_the_slashes_of_its_path(url: str, posix: str, windows: str) -> None:
    flags = IcuFlag.DECODE | IcuFlag.NO_ENCODE
    assert canonicalize(url, flags, windows=False) == posix
    assert canonicalize(url, flags, windows=True) == windows


@pytest.mark.parametrize(
    ("url", "decoded"),
    [
        ("http://h/%41%7e", "http://h/A~"),
        ("http://h/a%20b?c%20d", "http://h/a b?c%20d"),
        ("http://h/a%20b#c%20d", "http://h/a b#c%20d"),
        ("http://h/%C3%A9%E9", "http://h/é%E9"),
        ("http://h/a%00b", "http://h/a%00b"),
        ("http://h/%2541", "http://h/%41"),
        ("http://h/a%2Fb", "http://h/a/b"),
        ("http://u%41%40:%3A@h%2Fi/", "http://uA%40:%3A@h%2Fi/"),
    ],
)
def test_decoding_leaves_the_host_and_what_follows_the_path_where_they_end(url: str, decoded: str) -> None:
    assert canonicalize_url(url, IcuFlag.DECODE | IcuFlag.NO_ENCODE) == decoded


def test_query_that_decoding_made_is_not_encoded() -> None:
    assert canonicalize_url("http://h/a %3Fb c", IcuFlag.DECODE) == "http://h/a%20?b c"


@pytest.mark.parametrize("url", [None, b"http://h", 0])
def test_url_that_is_no_str_is_87(url: object) -> None:
    with pytest.raises(CallerError) as caught:
        canonicalize_url(url)  # type: ignore[arg-type]
    assert caught.value.code == 87
