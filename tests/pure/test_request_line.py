from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyinet._request.line import accept_header, checked_verb, http_version_of, object_target
from pyinet._urls.wire import encode_url
from pyinet.enums import HttpVerb
from pyinet.errors import CallerError, NotSupported

if TYPE_CHECKING:
    from collections.abc import Iterable


@pytest.mark.parametrize(
    ("verb", "method"),
    [
        (None, "GET"),
        ("", "GET"),
        (HttpVerb.POST, "POST"),
        (0, "POST"),
        (1, "GET"),
        (2, "HEAD"),
        (3, "PUT"),
        (4, "LINK"),
        (5, "DELETE"),
        (6, "UNLINK"),
        ("get", "get"),
        ("PROPFIND", "PROPFIND"),
        ("M-SEARCH", "M-SEARCH"),
        ("RPC_IN_DATA", "RPC_IN_DATA"),
        ("!#$%&'*+-.^_`|~1", "!#$%&'*+-.^_`|~1"),
    ],
)
def test_verb(verb: HttpVerb | str | int | None, method: str) -> None:
    assert checked_verb(verb) == method


@pytest.mark.parametrize(
    "verb",
    [
        7,
        -1,
        1.0,
        True,
        False,
        b"GET",
        ["GET"],
        "GE T",
        "GET ",
        "GET\r\nX: y",
        "GET\n",
        "GET\0",
        "G\xc9T",
        "GET/",
        "G:T",
    ],
    ids=repr,
)
def test_what_is_no_verb_is_error_87(verb: object) -> None:
    with pytest.raises(CallerError) as caught:
        checked_verb(verb)  # type: ignore[arg-type]
    assert caught.value.code == 87


@pytest.mark.parametrize(
    ("text", "target"),
    [
        (None, "/"),
        ("", "/"),
        ("\r\n", "/"),
        ("/", "/"),
        ("a", "/a"),
        ("/a/b.html", "/a/b.html"),
        ("?q=1", "/?q=1"),
        ("*", "/*"),
        ("/a\r\n", "/a"),
        ("/a\n\r\n\r", "/a"),
        ("\\a\\b", "/a/b"),
        ("a\\b?c=\\d", "/a/b?c=/d"),
        ("/a b", "/a%20b"),
        (" a ", "/%20a%20"),
        ("/a?b=c d&e", "/a?b=c%20d&e"),
        ("/a%20b%zz%", "/a%20b%zz%"),
        ("/a+b", "/a+b"),
        ("/../a/./b//c", "/a/b//c"),
        ("/a/../b", "/b"),
        ("/a/..", "/"),
        ("/a/.", "/a/"),
        ("..", "/"),
        ("\\a\\..\\b", "/b"),
        ("//../a", "/a"),
        ("/.a/b./..c/...", "/.a/b./..c/..."),
        ("/a/%2e%2e/b", "/a/%2e%2e/b"),
        ("/a/../b?c=/../d#/../e", "/b?c=/../d#/../e"),
        ("http://host/a/../b", "http://host/b"),
        ("http://host/..", "http://host/"),
        ("http://host?/..", "http://host?/.."),
        ("http://../a", "http://../a"),
        ("/\"<>^`{|}[]'!$&()*,;=:@~#x", "/\"<>^`{|}[]'!$&()*,;=:@~#x"),
        ("/\xe9\u4e2d", "/%C3%A9%E4%B8%AD"),
        ("/\xa0\u200b\u2028", "/%C2%A0%E2%80%8B%E2%80%A8"),
        ("http://host/a b", "http://host/a%20b"),
        ("HTTP://host", "HTTP://host"),
        ("http:\\\\host\\a", "http://host/a"),
        ("http:/host", "/http:/host"),
        ("https://host/", "/https://host/"),
    ],
    ids=repr,
)
def test_object(text: str | None, target: str) -> None:
    assert object_target(text) == target


@pytest.mark.parametrize(
    "text",
    [
        "/a\r\nX: y",
        "/a\nb",
        "/a\rb",
        "/a\0",
        "\0",
        "/a\r\n\0",
        "/a\tb",
        "/\x1b",
        "/\x7f",
        "\r\na",
        "/\ud800",
        "/a\ud800 b",
    ],
    ids=ascii,
)
def test_what_cannot_stand_in_a_request_line_is_error_12005(text: str) -> None:
    with pytest.raises(CallerError) as caught:
        object_target(text)
    assert caught.value.code == 12005
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("text", [b"/a", 5, ["/"]], ids=repr)
def test_an_object_that_is_no_text_is_error_87(text: object) -> None:
    with pytest.raises(CallerError) as caught:
        object_target(text)  # type: ignore[arg-type]
    assert caught.value.code == 87


def test_a_password_in_an_object_is_not_shown() -> None:
    with pytest.raises(CallerError) as caught:
        object_target("http://u:secret@h/\n1")
    assert "secret" not in str(caught.value)


@given(st.text())
def test_a_target_is_printable_ascii_without_blanks_or_an_error(text: str) -> None:
    try:
        target = object_target(text)
    except CallerError:
        assert not text.rstrip("\r\n").isprintable()
        return
    assert target.isascii()
    assert target.isprintable()
    assert " " not in target
    assert target.startswith(("/", "h", "H"))
    assert object_target(target) == target


@given(st.text(st.characters(blacklist_categories=["Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Zs"])))
def test_an_object_is_encoded_as_a_url_is(text: str) -> None:
    path = "/" + text.replace("\\", "/").replace(".", "")  # dot segments go
    assert f"http://h{object_target(path)}" == encode_url(f"http://h{path}")


@pytest.mark.parametrize(
    ("types", "value"),
    [
        (None, None),
        ([], None),
        ([""], None),
        (["", " "], None),
        (["text/html"], "text/html"),
        (["*"], "*"),
        (["text/html", "", "image/*"], "text/html, image/*"),
        (("a/b;q=0.5", " c/d "), "a/b;q=0.5, c/d"),
        (iter(["a/b"]), "a/b"),
        ("text/html", "text/html"),
        ("", None),
    ],
    ids=repr,
)
def test_accept(types: Iterable[str] | None, value: str | None) -> None:
    assert accept_header(types) == value


@pytest.mark.parametrize("types", [5, [5], ["a/b", None], [b"a/b"], b"ab"], ids=repr)
def test_accept_types_that_are_no_text_are_error_87(types: object) -> None:
    with pytest.raises(CallerError) as caught:
        accept_header(types)  # type: ignore[arg-type]
    assert caught.value.code == 87


@pytest.mark.parametrize(
    ("text", "version"),
    [
        (None, "1.1"),
        ("", "1.1"),
        ("HTTP/1.1", "1.1"),
        ("HTTP/1.0", "1.0"),
        ("http/1.0", "1.0"),
        ("1.1", "1.1"),
        ("1.0", "1.0"),
    ],
)
def test_version(text: str | None, version: str) -> None:
    assert http_version_of(text) == version


@pytest.mark.parametrize("text", ["HTTP/2", "2", "2.0", "HTTP/3", "HTTP/3.0"])
def test_a_higher_version_is_not_supported(text: str) -> None:
    with pytest.raises(NotSupported) as caught:
        http_version_of(text)
    assert caught.value.code == 50


@pytest.mark.parametrize("text", ["1", "1.2", "0.9", "HTTP/", "HTTP1.1", " 1.1", "1.1\r\n", "x", 1.1, (1, 1)], ids=repr)
def test_what_is_no_version_is_error_87(text: object) -> None:
    with pytest.raises(CallerError) as caught:
        http_version_of(text)  # type: ignore[arg-type]
    assert caught.value.code == 87
