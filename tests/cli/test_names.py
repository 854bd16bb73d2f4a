from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyinet.cli.names import MAX_SEGMENT, RefusedNameError, comparison_key, given_path, name_for_url, numbered


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("http://h.example/a/b.txt", "h.example/a/b.txt"),
        ("http://H.Example/A", "h.example/A"),
        ("http://h", "h/index.html"),
        ("http://h/", "h/index.html"),
        ("http://h/a/", "h/a/index.html"),
        ("http://h:8080/a", "h_8080/a"),
        ("http://h:80/a", "h/a"),
        ("https://h:443/a", "h/a"),
        ("https://h:80/a", "h_80/a"),
        ("http://[::1]/a", "%3A%3A1/a"),
        ("http://user:secret@h/a", "h/a"),
        ("http://h/a#fragment", "h/a"),
    ],
)
def test_a_url_is_stored_under_its_host_and_path(url: str, name: str) -> None:
    assert name_for_url(url) == name


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("http://h/a%20b/%C3%A9", "h/a b/é"),
        ("http://h/a%2Fb", "h/a%2Fb"),
        ("http://h/a%00b%0Ac%C2%9B", "h/a%00b%0Ac%C2%9B"),
        ("http://h/%FF", "h/%FF"),
        ("http://h/100%2541", "h/100%2541"),
        ("http://h/100%25", "h/100%"),
    ],
)
def test_segments_are_decoded_without_gaining_separators_controls_or_foreign_bytes(url: str, name: str) -> None:
    assert name_for_url(url) == name


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("http://h/../a", "h/.%2E/a"),
        ("http://h/%2e%2e/a", "h/.%2E/a"),
        ("http://h/./a", "h/%2E/a"),
        ("http://h/a//b", "h/a/_/b"),
        ("http://h/..%2f..%2fa", "h/..%2F..%2Fa"),
        ("http://../a", ".%2E/a"),
    ],
)
def test_dot_and_empty_segments_are_neutralised(url: str, name: str) -> None:
    assert name_for_url(url) == name


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("http://h/a?x=1&y=2", "h/a@x=1&y=2"),
        ("http://h/?x=1", "h/index.html@x=1"),
        ("http://h/a?u=http://x/", "h/a@u=http%3A%2F%2Fx%2F"),
        ("http://h/a?x=%2F", "h/a@x=%2F"),
    ],
)
def test_the_query_follows_an_at_sign_as_it_was_written(url: str, name: str) -> None:
    assert name_for_url(url) == name


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("http://h/con", "h/%63on"),
        ("http://h/NUL.txt", "h/%4EUL.txt"),
        ("http://h/com1.tar.gz", "h/%63om1.tar.gz"),
        ("http://h/console", "h/console"),
        ("http://h/aux%20.c", "h/%61ux .c"),
        ("http://h/a.", "h/a%2E"),
        ("http://h/a%20/b", "h/a%20/b"),
        ("http://h/a%3Ab%22c%5Cd%7Ce*f%3Fg%3Ch%3E", "h/a%3Ab%22c%5Cd%7Ce%2Af%3Fg%3Ch%3E"),
    ],
)
def test_what_windows_reserves_is_written_as_escapes(url: str, name: str) -> None:
    assert name_for_url(url) == name


def test_a_long_segment_is_cut_keeps_its_extension_and_stays_distinct() -> None:
    first, second = (name_for_url(f"http://h/{'é' * 200}{tail}.tar") for tail in "ab")

    assert first != second
    for name in (first, second):
        segment = name.removeprefix("h/")
        assert re.fullmatch(r"é+~[0-9a-f]{16}\.tar", segment)
        assert MAX_SEGMENT - 2 <= len(segment.encode()) <= MAX_SEGMENT


def test_an_escape_is_never_cut_in_half() -> None:
    segments = [name_for_url(f"http://h/{'a' * shift}{'%3A' * 100}").removeprefix("h/") for shift in range(3)]

    assert all(re.fullmatch(r"a*(%3A)+~[0-9a-f]{16}", segment) for segment in segments)


@pytest.mark.parametrize(
    "url",
    ["", "a/b.txt", "/a", "mailto:x", "http:///a", "http://[::1/a", "http://h:port/a", "http://h/\udcff"],
)
def test_a_url_without_host_or_in_bad_form_is_refused(url: str) -> None:
    with pytest.raises(RefusedNameError):
        name_for_url(url)


@given(st.text())
def test_no_url_path_makes_a_name_that_leaves_or_cannot_be_copied(text: str) -> None:
    try:
        name = name_for_url(f"http://h/{text}")
    except RefusedNameError:
        return
    host, *segments = name.split("/")
    assert host == "h"
    assert segments
    for segment in segments:
        assert 0 < len(segment.encode()) <= MAX_SEGMENT
        assert not re.search(r'[\x00-\x1f\x7f-\x9f<>:"\\|?*]|[. ]$', segment)


@pytest.mark.parametrize(
    ("path", "name"),
    [("a", "a"), ("a/b.txt", "a/b.txt"), ("./a//b", "a/b"), ("a b/ü", "a b/ü"), ("..a/b..", "..a/b..")],
)
def test_a_relative_path_is_kept(path: str, name: str) -> None:
    assert given_path(path) == name


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("/etc/passwd", "absolute"),
        ("\\\\server\\share", "absolute"),
        ("C:\\a", "absolute"),
        ("c:a", "absolute"),
        ("..", '".."'),
        ("a/../../b", '".."'),
        ("a\\..\\b", '".."'),
        (".. /a", '".."'),
        ("a/", "directory"),
        (".", "directory"),
        ("a/.", "directory"),
        ("a\0b", "control"),
        ("a\x1b[2J", "control"),
    ],
)
def test_a_path_that_leaves_the_directory_or_names_no_file_is_refused(path: str, why: str) -> None:
    with pytest.raises(RefusedNameError, match=why):
        given_path(path)


def test_names_are_compared_without_case_and_unicode_form() -> None:
    assert comparison_key("A/B.TXT") == comparison_key("a/b.txt")
    assert comparison_key("é") == comparison_key("E\u0301")
    assert comparison_key("straße") == comparison_key("STRASSE")
    assert comparison_key("a") != comparison_key("b")


@pytest.mark.parametrize(
    ("path", "name"), [("a/b.txt", "a/b.2.txt"), ("b", "b.2"), ("a.d/b", "a.d/b.2"), ("a/.rc", "a/.rc.2")]
)
def test_the_number_stands_before_the_extension(path: str, name: str) -> None:
    assert numbered(path, 2) == name
