"""The cookie calls of a session and of the class: `set_cookie`, `get_cookie`, `get_cookie_length`."""

from __future__ import annotations

import inspect
import pickle
from typing import TYPE_CHECKING, Any

import pytest

from pyinet import (
    AccessType,
    CallerError,
    InternetException,
    InternetFlag,
    InternetSession,
    NoMoreItems,
    NotSupported,
    Request,
)
from pyinet._process import PROCESS
from servers.scripted import response

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from servers.scripted import ScriptedServer

URL = "http://www.example.com/dir/page"


@pytest.fixture(autouse=True)
def _no_cookies_of_the_process() -> Iterator[None]:
    PROCESS.jar.clear()
    yield
    PROCESS.jar.clear()


@pytest.fixture(params=["session", "class"])
def face(request: pytest.FixtureRequest, session: InternetSession) -> Any:  # noqa: ANN401 - either has the calls
    """What the calls are made on."""
    return session if request.param == "session" else InternetSession


def direct() -> InternetSession:
    return InternetSession("t", access_type=AccessType.DIRECT)


def code_of(call: Callable[[], object]) -> int:
    with pytest.raises(InternetException) as caught:
        call()
    return caught.value.code


# ---- set and get ----


@pytest.mark.parametrize(
    ("name", "data", "expected"),
    [
        ("a", "1", "a=1"),
        ("a", "", "a="),
        ("a", "1; Path=/dir; unknown=x; unknown", "a=1"),
        ("a", "1; Expires=", "a=1"),
        ("a", "1; Expires=garbage", "a=1"),
        ("a", "1; expires=Fri, 31-Dec-2100 23:59:59 GMT", "a=1"),
        ("a", "1; Domain=example.com", "a=1"),
        ("a", "1; Domain=.www.example.com", "a=1"),
        ("a", "1=2", "a=1=2"),
        (" a ", " 1 ", "a=1"),
        (None, "a=1", "a=1"),
        (None, "a=1; Path=/", "a=1"),
        (None, "a", "a="),
        (None, "a; Path=/", "a="),
        ("", "a=1", "a=1"),
        ("\u00fc", "\u20ac", "\u00fc=\u20ac"),
        ("a", '"x y"', 'a="x y"'),
    ],
)
def test_what_is_set_is_got(face: Any, name: str | None, data: str, expected: str) -> None:  # noqa: ANN401
    face.set_cookie(URL, name, data)
    assert face.get_cookie(URL) == expected
    assert face.get_cookie_length(URL) == len(expected) + 1


def test_arguments_have_the_names_of_the_documentation(face: Any) -> None:  # noqa: ANN401
    face.set_cookie(url=URL, name="a", data="1")
    assert face.get_cookie(url=URL, name="a") == "a=1"
    assert face.get_cookie_length(url=URL, name="a") == 4


def test_a_name_selects_in_its_very_spelling(face: Any) -> None:  # noqa: ANN401
    for name, data in (("a", "1; Path=/"), ("A", "2"), ("a", "3; Path=/dir"), ("ab", "4")):
        face.set_cookie(URL, name, data)
    assert face.get_cookie(URL, "a") == "a=3; a=1"  # the longest path goes first
    assert face.get_cookie(URL, "A") == "A=2"
    assert face.get_cookie(URL, None) == face.get_cookie(URL, "") == face.get_cookie(URL) == "A=2; a=3; ab=4; a=1"
    assert (face.get_cookie_length(URL, "a"), face.get_cookie_length(URL)) == (9, 20)
    assert (face.get_cookie_length(URL, "b"), face.get_cookie_length("http://example.com/")) == (0, 0)


@pytest.mark.parametrize("name", [None, "", "b"])
def test_without_a_cookie_there_are_no_more_items(face: Any, name: str | None) -> None:  # noqa: ANN401
    face.set_cookie("http://other.example/", "b", "1")
    with pytest.raises(NoMoreItems) as caught:
        face.get_cookie(URL, name)
    assert (caught.value.code, isinstance(caught.value, KeyError), caught.value.url) == (259, True, URL)
    assert face.get_cookie_length(URL, name) == 0


def test_a_date_in_the_past_deletes(face: Any) -> None:  # noqa: ANN401
    face.set_cookie(URL, "a", "1")
    face.set_cookie(URL, "a", "; Expires=Thu, 01-Jan-1970 00:00:00 GMT")
    face.set_cookie(URL, "never", "there; Max-Age=0")
    assert face.get_cookie_length(URL) == 0


def test_the_last_value_counts(face: Any) -> None:  # noqa: ANN401
    for name, data in (("a", "1"), ("b", "2"), ("a", "3")):
        face.set_cookie(URL, name, data)
    assert face.get_cookie(URL) == "a=3; b=2"


@pytest.mark.parametrize(
    ("url", "other", "reaches"),
    [
        ("http://www.example.com:8080/dir/x", "https://www.example.com/dir/", True),
        ("https://www.example.com/", "http://www.example.com/", True),
        ("HTTP://WWW.EXAMPLE.COM/", "http://www.example.com/", True),
        ("http://user:pw@www.example.com/", "http://www.example.com/", True),
        ("http://www.example.com", "http://www.example.com", True),
        ("http://www.example.com?x", "http://www.example.com#y", True),
        ("http://www.example.com/dir/x", "http://www.example.com/other/", False),
        ("http://www.example.com/dir/../other/x", "http://www.example.com/other/", True),
        ("http://b\u00fccher.example/", "http://xn--bcher-kva.example/", True),
        ("http://xn--bcher-kva.example/", "http://B\u00dcCHER.example/", True),
        ("http://h.example/\u00fc/x", "http://h.example/%C3%BC/y", True),
        ("http://h.example/a b/x", "http://h.example/a%20b/y", True),
        ("http://[::1]:81/", "http://[::1]/", True),
        ("http://[::1]/", "http://[::2]/", False),
        ("http://10.0.0.1/", "http://10.0.0.2/", False),
    ],
)
def test_urls_of_one_resource_share_cookies(face: Any, url: str, other: str, reaches: bool) -> None:  # noqa: ANN401
    face.set_cookie(url, "a", "1")
    assert face.get_cookie_length(other) == (4 if reaches else 0)


def test_secure_cookies_are_got_for_https_alone(face: Any) -> None:  # noqa: ANN401
    face.set_cookie("https://www.example.com/", "a", "1; Secure")
    assert face.get_cookie("https://www.example.com/") == "a=1"
    assert face.get_cookie_length("http://www.example.com/") == 0
    assert code_of(lambda: face.set_cookie("http://www.example.com/", "b", "1; Secure")) == 87


# ---- refused ----

HOSTLESS = [
    "",
    None,
    "http://",
    "http:///path",
    "https://:80/",
    "http://?x",
    "http://@/",
    "about:blank",
    "mailto:x",
    "file:///x",
]
SCHEMELESS = [
    "www.example.com",
    "www.example.com/path",
    "//www.example.com/",
    "ftp://www.example.com/",
    "://x/",
    "localhost:80",
]
NO_URL = [
    "http://www.example.com:99999/",
    "http://www.example.com:-1/",
    "http://www.example.com:port/",
    "http://www.example.com:\u0661/",
    "http://www ex.com/",
    "http://www.example.com\\@h/",
    "http://[::1/",
    "http://[::1]x/",
    "http://[host]/",
    "http://[]/",
    "http://ho]st/",
    "http://[::1]:65536/",
    "http://h\r\n/",
]


@pytest.mark.parametrize(
    ("url", "code"),
    [
        *((url, 87) for url in HOSTLESS), *((url, 12006) for url in SCHEMELESS), *((url, 12005) for url in NO_URL),
        (5, 87), (b"http://h/", 87),
    ],
)  # fmt: skip
def test_urls_without_host_or_scheme_and_what_is_none(face: Any, url: Any, code: int) -> None:  # noqa: ANN401
    assert code_of(lambda: face.set_cookie(url, "a", "1")) == code
    assert code_of(lambda: face.get_cookie(url)) == code
    assert code_of(lambda: face.get_cookie_length(url)) == code
    if code == 12006:
        with pytest.raises(NotSupported):
            face.get_cookie(url)


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("a", None, 87),
        (None, None, 87),
        ("a", 5, 87),
        (5, "1", 87),
        ("a", "1; Domain=other.com", 87),
        ("a", "1; Domain=www.example", 87),
        ("a", "1; Domain=sub.www.example.com", 87),
        ("a", "1; Domain=ample.com", 87),
        ("a", "1; Domain=com", 87),
        ("a", "1\r\nX-Evil: 1", 87),
        ("a", "1\0", 87),
        ("a\n", "1", 87),
        ("a=b", "1", 87),
        ("a;b", "1", 87),
        ("a", "v" * 4096, 87),
        ("__Secure-a", "1", 87),
        ("__Host-a", "1", 87),
        ("a", "\ud800", 87),
        ("a", "1; HttpOnly", 4317),
        ("a", "1; path=/; httponly", 4317),
        (None, "a=1; HTTPONLY", 4317),
    ],
)
def test_cookies_that_are_refused(face: Any, name: Any, data: Any, code: int) -> None:  # noqa: ANN401
    with pytest.raises(CallerError) as caught:
        face.set_cookie(URL, name, data)
    assert caught.value.code == code
    assert face.get_cookie_length(URL) == 0


@pytest.mark.parametrize("domain", ["com.pl", "example.com.pl", "co.uk"])
def test_a_public_suffix_is_no_domain(face: Any, domain: str) -> None:  # noqa: ANN401
    url = "http://aaa.example.com.pl/" if domain.endswith("pl") else "http://gmail.co.uk/"
    if domain == "example.com.pl":
        face.set_cookie(url, "a", f"1; Domain={domain}")
        assert face.get_cookie("http://bbb.example.com.pl/") == "a=1"
    else:
        assert code_of(lambda: face.set_cookie(url, "a", f"1; Domain={domain}")) == 87


# ---- with requests ----


def test_http_only_cookies_are_sent_and_neither_shown_nor_replaced(
    server: ScriptedServer, session: InternetSession
) -> None:
    server.reply(response(b"", "Set-Cookie: h=1; HttpOnly", "Set-Cookie: a=2"))
    server.reply(response())
    session.fetch_one(server.url("/"))
    assert (session.get_cookie(server.url("/")), session.get_cookie_length(server.url("/"))) == ("a=2", 4)
    assert session.get_cookie_length(server.url("/"), "h") == 0
    assert code_of(lambda: session.get_cookie(server.url("/"), "h")) == 259
    for data in ("mine", "mine; HttpOnly", "; Max-Age=0"):
        with pytest.raises(CallerError) as caught:
            session.set_cookie(server.url("/"), "h", data)
        assert caught.value.code == 4317
    session.fetch_one(server.url("/"))
    assert server.received[-1].header("cookie") == "h=1; a=2"


def test_a_program_and_a_server_share_one_jar(server: ScriptedServer, session: InternetSession) -> None:
    server.reply(response(b"", "Set-Cookie: a=server", "Set-Cookie: b=2"))
    server.reply(response())
    session.set_cookie(server.url("/"), "a", "mine")
    session.fetch_one(server.url("/"))
    assert session.get_cookie(server.url("/")) == "a=server; b=2"
    session.set_cookie(server.url("/"), "b", "; Max-Age=0")
    session.set_cookie(server.url("/"), "\u00fc", "\u20ac")
    session.open_url(server.url("/")).close()
    assert (server.received[-1].header("cookie") or "").encode("latin-1").decode() == "a=server; \u00fc=\u20ac"


def test_octets_that_are_no_utf_8_are_read_as_latin_1(server: ScriptedServer, session: InternetSession) -> None:
    server.reply(response(b"", "Set-Cookie: a=\xe9\xff"))
    session.fetch_one(server.url("/"))
    assert session.get_cookie(server.url("/")) == "a=\xe9\xff"
    assert session.get_cookie_length(server.url("/")) == 5  # characters and the NUL


def test_a_cookie_set_for_a_name_outside_ascii_is_sent_there(server: ScriptedServer) -> None:
    server.route("/%C3%BC/x", response(b"", "Set-Cookie: b=2"))
    url = f"http://b\u00fccher.example:{server.port}/\u00fc/x"
    with InternetSession("t", access_type=AccessType.DIRECT, resolve={"*": "127.0.0.1"}) as session:
        session.set_cookie(url, "a", "1")
        for row in (url, Request(url)):
            session.fetch_one(row)
        session.open_url(url).close()
        assert session.get_cookie(url) == "a=1; b=2"
    assert [got.header("cookie") for got in server.received] == ["a=1", "a=1; b=2", "a=1; b=2"]


def test_a_cookie_header_of_the_caller_is_no_cookie_of_the_jar(
    server: ScriptedServer, session: InternetSession
) -> None:
    server.route("/", response())
    session.fetch_one(Request(server.url("/"), headers={"Cookie": "a=1"}))
    session.open_url(server.url("/"), headers="Cookie: a=1").close()
    assert session.get_cookie_length(server.url("/")) == 0


def test_no_cookies_leaves_the_calls_alone(server: ScriptedServer) -> None:
    server.reply(response(b"", "Set-Cookie: b=2"))
    with InternetSession("t", access_type=AccessType.DIRECT, flags=InternetFlag.NO_COOKIES) as session:
        session.set_cookie(server.url("/"), "a", "1")
        session.fetch_one(server.url("/"))
        assert session.get_cookie(server.url("/")) == "a=1"


# ---- whose cookies ----


def test_sessions_and_the_process_share_nothing(server: ScriptedServer) -> None:
    server.route("/", response())
    InternetSession.set_cookie(server.url("/"), "p", "0")
    with direct() as one, direct() as two:
        one.set_cookie(server.url("/"), "a", "1")
        two.set_cookie(server.url("/"), "b", "2")
        for session, expected in ((one, "a=1"), (two, "b=2")):
            session.fetch_one(server.url("/"))
            assert server.received[-1].header("cookie") == expected
            assert session.get_cookie(server.url("/")) == expected
        assert InternetSession.get_cookie(server.url("/")) == "p=0"
    with direct() as third:
        assert third.get_cookie_length(server.url("/")) == 0
        third.fetch_one(server.url("/"))
        assert server.received[-1].header("cookie") is None


def test_answers_set_no_cookies_of_the_process(server: ScriptedServer, session: InternetSession) -> None:
    server.reply(response(b"", "Set-Cookie: a=1"))
    session.fetch_one(server.url("/"))
    assert InternetSession.get_cookie_length(server.url("/")) == 0


class Derived(InternetSession):
    """As programs derive it."""


def test_a_derived_class_has_the_cookies_of_the_process() -> None:
    Derived.set_cookie(URL, "a", "1")
    assert InternetSession.get_cookie(URL) == Derived.get_cookie(URL) == "a=1"
    with Derived("t", access_type=AccessType.DIRECT) as session:
        assert session.get_cookie_length(URL) == 0
        session.set_cookie(URL, "b", "2")
        assert (session.get_cookie(URL), Derived.get_cookie(URL)) == ("b=2", "a=1")


def test_calls_on_the_class_need_no_session_and_outlive_all() -> None:
    InternetSession.set_cookie(URL, "a", "1")
    with direct():
        pass
    assert (InternetSession.get_cookie(URL), InternetSession.get_cookie_length(URL)) == ("a=1", 4)


def test_cookies_do_not_travel_with_a_pickled_session(session: InternetSession) -> None:
    session.set_cookie(URL, "a", "1")
    with pickle.loads(pickle.dumps(session)) as copy:  # noqa: S301 - our own
        assert copy.get_cookie_length(URL) == 0
        copy.set_cookie(URL, "b", "2")
    assert session.get_cookie(URL) == "a=1"


def test_the_calls_are_documented() -> None:
    for call in (InternetSession.set_cookie, InternetSession.get_cookie, InternetSession.get_cookie_length):
        assert "Source: MFC ``CInternetSession::" in (call.__doc__ or "")
        assert next(iter(inspect.signature(call).parameters)) == "url"
