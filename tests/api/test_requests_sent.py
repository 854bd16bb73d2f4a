"""Requests byte for byte as they reach the server, and what is refused before anything is sent (RFC 9112)."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

import pytest

from pyinet import AccessType, CallerError, InternetException, InternetFlag, InternetSession, NotSupported, Request
from servers.scripted import ScriptedServer, response

if TYPE_CHECKING:
    from collections.abc import Callable

CODINGS = "gzip,deflate,br,zstd"


@pytest.fixture
def echo(server: ScriptedServer) -> ScriptedServer:
    """Answers every request on every connection with 200 and an empty body."""
    for _ in range(50):
        server.reply(response())
    return server


def sent(server: ScriptedServer, session: InternetSession, request: str | Request) -> bytes:
    """Request line and headers as they came."""
    session.fetch_one(request)
    return server.received[-1].raw


def request_head(server: ScriptedServer, method: str, target: str, *fields: str) -> bytes:
    host = f"Host: 127.0.0.1:{server.port}"
    lines = [f"{method} {target} HTTP/1.1", host, *fields, "", ""]
    return "\r\n".join(lines).encode("latin-1")


COMMON = ("Accept: */*", f"Accept-Encoding: {CODINGS}", "User-Agent: pyinet-tests/1.0")

# ---- the usual ----


def test_a_plain_url_is_a_plain_get(echo: ScriptedServer, session: InternetSession) -> None:
    assert sent(echo, session, echo.url("/a?b=c")) == request_head(echo, "GET", "/a?b=c", *COMMON)


def test_a_request_object_sends_the_same(echo: ScriptedServer, session: InternetSession) -> None:
    assert sent(echo, session, Request(echo.url("/a?b=c"))) == request_head(echo, "GET", "/a?b=c", *COMMON)


def test_fetch_and_fetch_one_send_the_same(echo: ScriptedServer, session: InternetSession) -> None:
    session.fetch_one(echo.url("/a"))
    with session.fetch([echo.url("/a"), Request(echo.url("/a"))]) as rows:
        list(rows)
    assert len({got.raw for got in echo.received}) == 1


@pytest.mark.parametrize(
    "method", ["GET", "HEAD", "DELETE", "OPTIONS", "PROPFIND", "get", "M-SEARCH", "X!#$%&'*+-.^_`|~"]
)
def test_methods_are_sent_as_given(echo: ScriptedServer, session: InternetSession, method: str) -> None:
    assert sent(echo, session, Request(echo.url("/a"), method)) == request_head(echo, method, "/a", *COMMON)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
def test_methods_that_anticipate_a_body_say_that_there_is_none(
    echo: ScriptedServer, session: InternetSession, method: str
) -> None:
    # RFC 9110 section 8.6
    head = sent(echo, session, Request(echo.url("/a"), method))
    assert b"\r\nContent-Length: 0\r\n" in head
    assert b"Content-Type" not in head
    assert b"Expect" not in head


def test_nothing_leaks_from_one_request_into_the_next(echo: ScriptedServer, session: InternetSession) -> None:
    odd = Request(
        echo.url("/a"), "POST", {"X-A": "1", "User-Agent": "x", "Range": "bytes=0-1"}, b"body", user="u", password="p"
    )
    plain = request_head(echo, "GET", "/a", *COMMON)
    for _ in range(3):
        sent(echo, session, odd)
        assert sent(echo, session, echo.url("/a")) == plain
        sent(echo, session, Request(echo.url("/a"), "HEAD", flags=InternetFlag.RELOAD))
        assert sent(echo, session, Request(echo.url("/a"))) == plain


@pytest.mark.parametrize(
    ("agent", "field"),
    [("x/1 (y; z)", b"x/1 (y; z)"), ("", None), (None, re.sub(r".*/|\.[^.]*$", "", sys.argv[0]).encode())],
)
def test_the_agent_is_the_user_agent(echo: ScriptedServer, agent: str | None, field: bytes | None) -> None:
    with InternetSession(agent, access_type=AccessType.DIRECT) as session:
        head = sent(echo, session, echo.url("/"))
    found = re.search(rb"\r\nUser-Agent: (.*)\r\n", head)
    assert (found[1] if found else None) == field


# ---- URLs ----


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("", "/"),
        ("?x", "/?x"),
        ("#f", "/"),
        ("/a#f?x", "/a"),
        ("/a b", "/a%20b"),
        ("/a?b c", "/a?b%20c"),
        ("/\u00e9?\u20ac#\u00fc", "/%C3%A9?%E2%82%AC"),
        ("/%e9%2F%zz%", "/%e9%2F%zz%"),
        ("/a%00b", "/a%00b"),
        ("/a%0d%0ab", "/a%0d%0ab"),
        ('/[x]{y}|^`"<>', '/[x]{y}|^`"<>'),
        ("//double//slash/", "//double//slash/"),
        ("/a;b=c,d", "/a;b=c,d"),
        ("/user@host", "/user@host"),
        ("/http://other.example/", "/http://other.example/"),
    ],
)
def test_targets_are_sent_as_written(echo: ScriptedServer, session: InternetSession, path: str, target: str) -> None:
    for row in (echo.url("") + path, Request(echo.url("") + path)):
        sent(echo, session, row)
        assert echo.received[-1].target == target


@pytest.mark.parametrize(("path", "target"), [("/a/../b", "/b"), ("/./a/.", "/a/"), ("/../..", "/")])
def test_dot_segments_are_removed(echo: ScriptedServer, session: InternetSession, path: str, target: str) -> None:
    sent(echo, session, echo.url(path))  # RFC 3986 section 5.2.4
    assert echo.received[-1].target == target


@pytest.mark.parametrize(
    ("host", "field"),
    [
        ("EXAMPLE.test", "EXAMPLE.test"),
        ("b\u00fccher.test", "xn--bcher-kva.test"),
        ("fa\u00df.test", "xn--fa-hia.test"),  # IDNA 2008, not 2003
        ("example.test.", "example.test."),
    ],
)
def test_the_host_is_the_urls(echo: ScriptedServer, host: str, field: str) -> None:
    with InternetSession("t", access_type=AccessType.DIRECT, resolve={"*": "127.0.0.1"}) as session:
        sent(echo, session, f"http://{host}:{echo.port}/")
    assert (echo.received[-1].header("host") or "").lower() == f"{field}:{echo.port}".lower()


@pytest.mark.parametrize("key", ["a.test", "a.test:{port}", "*"])
def test_resolve_names_the_address(echo: ScriptedServer, key: str) -> None:
    resolve = {key.format(port=echo.port): "127.0.0.1"}
    with InternetSession("t", access_type=AccessType.DIRECT, resolve=resolve) as session:
        assert session.fetch_one(f"http://a.test:{echo.port}/").status == 200


# ---- headers ----


def test_headers_are_sent_in_order_and_repeated(echo: ScriptedServer, session: InternetSession) -> None:
    pairs = [("X-B", "2"), ("X-A", "1"), ("X-B", "3"), ("x-b", "4")]
    head = sent(echo, session, Request(echo.url("/"), headers=pairs))
    own = [line for line in head.decode().split("\r\n") if line[:2].lower() == "x-"]
    assert own == ["X-B: 2", "X-A: 1", "X-B: 3", "x-b: 4"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("User-Agent", "mine"), ("user-agent", "mine"), ("Accept", "text/html"), ("Accept-Encoding", "br"),
        ("accept-encoding", "identity"), ("Host", "virtual.example"), ("Connection", "close"), ("Cookie", "a=b"),
        ("Authorization", "Bearer x"), ("Content-Type", "text/x"), ("Referer", "http://r.example/"),
    ],
)  # fmt: skip
def test_a_header_of_the_caller_replaces_our_own(
    echo: ScriptedServer, session: InternetSession, name: str, value: str
) -> None:
    session.fetch_one(Request(echo.url("/"), "POST", {name: value}, b"body"))
    got = [pair for pair in echo.received[-1].headers if pair[0].lower() == name.lower()]
    assert got == [(name, value)]


def test_an_empty_value_is_sent_empty(echo: ScriptedServer, session: InternetSession) -> None:
    head = sent(echo, session, Request(echo.url("/"), headers={"X-Empty": "", "X-Blank": "  "}))
    assert b"\r\nX-Empty:\r\n" in head
    assert b"\r\nX-Blank:\r\n" in head


@pytest.mark.parametrize(
    ("value", "wire"),
    [
        ("caf\u00e9", b"caf\xe9"),
        ("\u20ac", "\u20ac".encode()),
        ("a\tb", b"a\tb"),
        (" a ", b"a"),
        (";", b";"),
        ("a: b", b"a: b"),
        ("\u010a\u010d", "\u010a\u010d".encode()),
    ],
)
def test_values_are_sent_as_latin_1_or_else_utf_8(
    echo: ScriptedServer, session: InternetSession, value: str, wire: bytes
) -> None:
    head = sent(echo, session, Request(echo.url("/"), headers={"X-V": value}))
    assert head.split(b"\r\nX-V: ")[1].split(b"\r\n")[0] == wire


def test_a_long_header_arrives(echo: ScriptedServer, session: InternetSession) -> None:
    sent(echo, session, Request(echo.url("/"), headers={"X-Long": "v" * 50_000}))
    assert echo.received[-1].header("x-long") == "v" * 50_000


def test_a_range_asks_for_no_coding(echo: ScriptedServer, session: InternetSession) -> None:
    sent(echo, session, Request(echo.url("/"), headers={"range": "bytes=0-1"}))
    assert echo.received[-1].header("accept-encoding") == "identity"


@pytest.mark.parametrize(
    ("flag", "fields"),
    [
        (InternetFlag.RELOAD, [("Cache-Control", "no-cache"), ("Pragma", "no-cache")]),
        (InternetFlag.PRAGMA_NOCACHE, [("Pragma", "no-cache")]),
        (InternetFlag.NO_COOKIES | InternetFlag.DONT_CACHE, []),
    ],
)
@pytest.mark.parametrize("on_session", [False, True])
def test_flags_of_the_cache_become_headers(
    echo: ScriptedServer, flag: InternetFlag, fields: list[tuple[str, str]], on_session: bool
) -> None:
    none = InternetFlag(0)
    with InternetSession("t", access_type=AccessType.DIRECT, flags=flag if on_session else none) as session:
        url = echo.url("/")
        sent(echo, session, url if on_session else Request(url, flags=flag))
    got = [pair for pair in echo.received[-1].headers if pair[0] in {"Cache-Control", "Pragma"}]
    assert got == fields


# ---- credentials ----

UNAUTHORIZED = response(b"", 'WWW-Authenticate: Basic realm="r"', status="401 Unauthorized")


def test_credentials_wait_for_the_challenge(server: ScriptedServer, session: InternetSession) -> None:
    server.reply(UNAUTHORIZED)
    server.reply(response(b"in"))
    assert session.fetch_one(Request(server.url("/"), user="u\u00e9", password="p:w")).body == b"in"
    assert [got.header("authorization") for got in server.received] == [None, "Basic dcOpOnA6dw=="]


def test_wrong_credentials_are_a_401_and_not_a_loop(server: ScriptedServer, session: InternetSession) -> None:
    server.route("/", UNAUTHORIZED)
    result = session.fetch_one(Request(server.url("/"), user="u", password="p"))
    assert (result.status, len(server.received)) == (401, 2)


@pytest.mark.parametrize(
    ("url", "sends"), [("//u:p@", "Basic dTpw"), ("//u%40x:p%3A@", "Basic dUB4OnA6"), ("//u@", "Basic dTo=")]
)
def test_credentials_of_the_url_never_stand_in_the_request(
    server: ScriptedServer, session: InternetSession, url: str, sends: str
) -> None:
    server.reply(UNAUTHORIZED)
    server.reply(response(b"in"))
    result = session.fetch_one(server.url("/a").replace("//", url))
    assert result.body == b"in"
    assert [got.target for got in server.received] == ["/a", "/a"]
    assert [got.header("authorization") for got in server.received] == [None, sends]
    assert [got.header("host") for got in server.received] == [f"127.0.0.1:{server.port}"] * 2


def test_no_auth_answers_no_challenge(server: ScriptedServer, session: InternetSession) -> None:
    server.route("/", UNAUTHORIZED)
    for request in (
        Request(server.url("/"), user="u", password="p", flags=InternetFlag.NO_AUTH),
        Request(server.url("/").replace("//", "//u:p@"), flags=InternetFlag.NO_AUTH),
    ):
        assert session.fetch_one(request).status == 401
    assert [got.header("authorization") for got in server.received] == [None, None]


# ---- refused ----

CONTROLS = ["\r\nX-Evil: 1", "\n", "\r", "\0", "\x01", "\x1f", "\x7f", "\r\n\r\nGET /evil HTTP/1.1\r\n\r\n"]


@pytest.mark.parametrize("bad", CONTROLS)
@pytest.mark.parametrize(
    "make",
    [
        lambda url, bad: Request(url, headers={"X-A": f"b{bad}"}),
        lambda url, bad: Request(url, headers={f"X-A{bad}": "b"}),
        lambda url, bad: Request(url, method=f"GET{bad}"),
        lambda url, bad: Request(url, headers=[("X-A", f"{bad}b")]) if bad.strip(" \t") else None,
    ],
    ids=["value", "name", "method", "start of value"],
)
def test_control_characters_are_refused_at_construction(
    server: ScriptedServer, make: Callable[[str, str], Request], bad: str
) -> None:
    with pytest.raises(CallerError) as caught:
        make(server.url("/"), bad)
    assert caught.value.code == 87


@pytest.mark.parametrize("bad", [*CONTROLS, "\u0085", "\u2028", "\ud800"])
@pytest.mark.parametrize("place", ["/a{}b", "/?a{}b", "/#a{}b", "{}"])
@pytest.mark.parametrize("wrap", [str, Request])
def test_control_characters_in_a_url_send_nothing(
    server: ScriptedServer, session: InternetSession, place: str, bad: str, wrap: Callable[[str], str | Request]
) -> None:
    row = wrap(server.url("") + place.format(bad))
    with pytest.raises(InternetException):
        session.fetch_one(row)
    with session.fetch([row]) as rows:
        (result,) = rows
    assert isinstance(result.error, CallerError)
    assert server.connections == 0


@pytest.mark.parametrize("field", ["user", "password"])
@pytest.mark.parametrize("bad", ["\r\nX-Evil: 1", "\n", "\0"])
def test_credentials_cannot_smuggle_a_header(
    server: ScriptedServer, session: InternetSession, field: str, bad: str
) -> None:
    credentials = {"user": "u", "password": "p", field: f"x{bad}"}
    with pytest.raises(CallerError) as caught:
        session.fetch_one(Request(server.url("/"), **credentials))  # type: ignore[arg-type]
    assert caught.value.code == 87
    assert server.connections == 0


@pytest.mark.parametrize("name", ["", " X", "X Y", "X:", "X\u00e9", "(X)", "X\t"])
def test_names_that_are_no_tokens_are_refused(name: str) -> None:
    with pytest.raises(CallerError) as caught:
        Request("http://127.0.0.1/", headers={name: "v"})
    assert caught.value.code == 87


@pytest.mark.parametrize(
    "name", ["Content-Length", "transfer-encoding", "TE", "Trailer", "Upgrade", "Keep-Alive", "Connection"]
)
def test_framing_belongs_to_the_transfer(name: str) -> None:
    with pytest.raises(CallerError):
        Request("http://127.0.0.1/", headers={name: "5"})


@pytest.mark.parametrize("method", ["CONNECT", "TRACE"])
def test_methods_that_are_not_for_clients_are_refused(method: str) -> None:
    with pytest.raises(NotSupported):
        Request("http://127.0.0.1/", method)


@pytest.mark.parametrize("method", ["", "GET ", " GET", "GE T", "G\u00e9T", "GET/", "GET:"])
def test_methods_that_are_no_tokens_are_refused(method: str) -> None:
    with pytest.raises(CallerError):
        Request("http://127.0.0.1/", method)


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("", 12006), ("/a", 12006), ("127.0.0.1/", 12006), ("http:/127.0.0.1/", 12005), ("http://", 12005),
        ("http:///a", 12005), ("http://:80/", 12005), ("http://a b/", 12005), ("http://127.0.0.1:99999/", 12005),
        ("http://[host]/", 12005), ("http://[]/", 12005), ("http://[::1]x/", 12005), ("http://[::1]:99999/", 12005),
        ("http://127.0.0.1:+80/", 12005), ("http://127.0.0.1:\u0661/", 12005), ("http://127.0.0.1]/", 12005),
        ("http://127.0.0.1:port/", 12005), ("http://127.0.0.1:-1/", 12005), ("http://[::1/", 12005),
        ("http://[fe80::zz]/", 12005), ("http://\u2100.test\u0000/", 12005), (" http://127.0.0.1/", 12006),
        ("ftp://127.0.0.1/", 12006), ("file:///etc/passwd", 12006), ("gopher://127.0.0.1/", 12006),
        ("ws://127.0.0.1/", 12006), ("dict://127.0.0.1/", 12006), ("httpx://127.0.0.1/", 12006),
    ],
)  # fmt: skip
def test_urls_that_cannot_be_fetched_are_refused(session: InternetSession, url: str, code: int) -> None:
    for row in (url, Request(url)):
        with pytest.raises(CallerError) as caught:
            session.fetch_one(row)
        assert caught.value.code == code


@pytest.mark.parametrize("trick", ["\\@", "\\\\@", "\\/@"])
@pytest.mark.parametrize("wrap", [str, Request])
def test_a_backslash_does_not_hide_the_host(
    server: ScriptedServer, session: InternetSession, trick: str, wrap: Callable[[str], str | Request]
) -> None:
    """Browsers end the host at a backslash, RFC 3986 does not: what two readers take differently is refused."""
    with ScriptedServer() as other:
        with pytest.raises(InternetException) as caught:
            session.fetch_one(wrap(f"http://127.0.0.1:{server.port}{trick}127.0.0.1:{other.port}/"))
        assert caught.value.code == 12005
        assert (server.connections, other.connections) == (0, 0)


@pytest.mark.parametrize("name", ["Cookie", "X-Large", "User-Agent"])
def test_a_header_beyond_the_limit_is_the_callers_error_and_named(
    server: ScriptedServer, session: InternetSession, name: str
) -> None:
    headers = {"A": "b", name: "x" * (1 << 20)}
    match = rf"the header {name} has 1048576 characters.*\[87 .*1000000 bytes together"
    with pytest.raises(CallerError, match=match):
        session.fetch_one(Request(server.url(), headers=headers))
    with pytest.raises(CallerError, match=match):
        session.open_url(server.url(), headers=headers)
    [result] = session.fetch([Request(server.url(), headers=headers)])
    assert result.error is not None
    assert result.error.code == 87
    assert server.requests == []


def test_a_url_beyond_the_limit_is_the_callers_error(server: ScriptedServer, session: InternetSession) -> None:
    server.route("/", response(b""))
    large, most = server.url("/?") + "x" * (1 << 20), server.url("/?") + "x" * 950_000
    with pytest.raises(CallerError, match=r"the URL has 10\d+ characters"):
        session.fetch_one(large)
    with pytest.raises(CallerError, match=r"the URL has 10\d+ characters"):
        session.open_url(large)
    rows = session.fetch([most, most, large, most], ordered=True)
    assert [row.status if row.ok else row.error and row.error.code for row in rows] == [200, 200, 87, 200]
