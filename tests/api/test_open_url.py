"""`InternetSession.open_url`: what is refused, what is sent, what comes back."""

from __future__ import annotations

import base64
import io
import socket
from typing import TYPE_CHECKING, Any

import pytest

from pyinet import (
    AccessType,
    CallerError,
    CannotConnect,
    HandleClosed,
    HttpFile,
    InternetException,
    InternetFlag,
    InternetSession,
    LocalFileError,
    NameNotResolved,
    NotSupported,
    ProtocolError,
    TransferError,
)
from pyinet.stdiofile import StdioFile
from servers.scripted import ScriptedServer, response

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path
    from typing import TypeAlias

    from servers.scripted import ScriptedConn

    Given: TypeAlias = str | Mapping[str, str] | Iterable[tuple[str, str]] | None

NO_FLAGS = InternetFlag(0)


def got(session: InternetSession, url: str, *args: Any, **kw: Any) -> bytes:  # noqa: ANN401 - as open_url
    with opened(session, url, *args, **kw) as file:
        return file.read()


def opened(session: InternetSession, url: str, *args: Any, **kw: Any) -> HttpFile:  # noqa: ANN401 - as open_url
    file = session.open_url(url, *args, **kw)
    assert isinstance(file, HttpFile)
    return file


def sent(server: ScriptedServer) -> list[str]:
    """The last request: its line and its fields, without Host."""
    lines = server.received[-1].raw.decode("latin-1").split("\r\n")
    return [line for line in lines if line and not line.startswith("Host:")]


# ---- what is refused ----


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("", 12006), ("host", 12006), ("//host/path", 12006), ("/path", 12006), ("../up", 12006), (":", 12006),
        ("mailto:somebody", 12006), ("javascript:1", 12006), ("about:blank", 12006), ("ws://host/", 12006),
        ("data:,x", 12006), ("1http://host/", 12006), ("https", 12006), ("htttp://host/", 12006),
        ("http:", 12005), ("http:host", 12005), ("http:/host", 12005), ("http://", 12005), ("http:///path", 12005),
        ("https://:443/", 12005), ("http://user@/", 12005), ("http://host:port/", 12005), ("http://host:65536/", 12005),
        ("http://[::1/", 12005), ("http://ho st/", 12005), ("http://ho\\st/", 12005), ("http://h\0st/", 12005),
        ("http://host/\r\nX: 1", 12005), ("http://host/\n", 12005), ("http://host/\tpath", 12005),
        ("http://host/\x7f", 12005), ("http://host/\x85", 12005), ("http://host/#\r", 12005),
    ],
    ids=repr,
)  # fmt: skip
def test_a_url_that_cannot_be_opened_is_refused_with_its_own_number(
    session: InternetSession, url: str, code: int
) -> None:
    with pytest.raises(InternetException) as caught:
        session.open_url(url)
    assert caught.value.code == code
    assert isinstance(caught.value, NotSupported) is (code == 12006)
    assert isinstance(caught.value, io.UnsupportedOperation) is (code == 12006)


@pytest.mark.parametrize("url", [None, b"http://host/", 5], ids=repr)
def test_a_url_that_is_no_text_is_refused(session: InternetSession, url: str) -> None:
    with pytest.raises(CallerError, match="must be a str") as caught:
        session.open_url(url)
    assert caught.value.code == 87


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_both_transfer_flags_are_refused(
    server: ScriptedServer, session: InternetSession, tmp_path: Path, scheme: str
) -> None:
    (tmp_path / "file").write_bytes(b"")
    url = server.url() if scheme == "http" else (tmp_path / "file").as_uri()
    with pytest.raises(CallerError, match="TRANSFER_ASCII") as caught:
        session.open_url(url, flags=InternetFlag.TRANSFER_ASCII | InternetFlag.TRANSFER_BINARY)
    assert caught.value.code == 87
    assert server.requests == []


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "file:///", "mailto:x"])
def test_a_closed_session_opens_nothing(url: str) -> None:
    session = InternetSession("agent", access_type=AccessType.DIRECT)
    session.close()
    with pytest.raises(HandleClosed) as caught:
        session.open_url(url)
    assert caught.value.code == 6


@pytest.mark.parametrize(
    "headers",
    [
        {"X": "a\r\nEvil: 1"}, {"X": "a\nEvil: 1"}, {"X": "a\rEvil: 1"}, {"X": "a\0"}, {"X\r\nEvil": "1"}, {"X ": "1"},
        {"X:": "1"}, {"": "1"}, [("X", "a\r\n\r\nGET /evil HTTP/1.1")], {"X": "\x0b"}, {"X": "\x7f"},
        {"Content-Length": "5"}, {"content-length": "0"}, {"Transfer-Encoding": "chunked"},
        "Content-Length: 7\r\n", "X: a\0b", "X Y: 1", ": nameless", {"X": 1}, {1: "X"}, [("X",)], ["X: 1"],
        [("X", "1", "2")], b"X: 1", 5, [1],
    ],
    ids=repr,
)  # fmt: skip
def test_headers_that_cannot_be_are_refused_and_nothing_is_sent(
    server: ScriptedServer,
    session: InternetSession,
    headers: Any,  # noqa: ANN401 - wrong on purpose
) -> None:
    with pytest.raises(CallerError) as caught:
        session.open_url(server.url(), headers=headers)
    assert caught.value.code == 87
    assert server.connections == 0


@pytest.mark.parametrize("headers", ["nonsense", "X: 1\r\nnonsense", "X: 1\r\n folded", "\x01"], ids=repr)
def test_a_header_line_without_a_colon_is_refused(
    server: ScriptedServer, session: InternetSession, headers: str
) -> None:
    with pytest.raises(CallerError, match="no colon") as caught:
        session.open_url(server.url(), headers=headers)
    assert caught.value.code == 12153
    assert server.connections == 0


@pytest.mark.parametrize("before", [NO_FLAGS, InternetFlag.FROM_CACHE], ids=["of the call", "of the session"])
def test_from_cache_finds_nothing_and_sends_nothing(server: ScriptedServer, before: InternetFlag) -> None:
    with InternetSession("agent", access_type=AccessType.DIRECT, flags=before) as session:
        with pytest.raises(CallerError) as caught:
            session.open_url(server.url(), flags=InternetFlag.OFFLINE ^ before)
        assert caught.value.code == 2
        if before:
            with pytest.raises(CallerError, match="cache"):
                session.fetch_one(server.url())
            assert [row.error and row.error.code for row in session.fetch([server.url()] * 2)] == [2, 2]
    assert server.connections == 0


def test_a_tab_in_a_url_makes_no_cookie(server: ScriptedServer, session: InternetSession) -> None:
    """The core takes what stands behind a tab for cookies: no URL may bring its own."""
    bad = server.url("/\tevil=1")
    server.route("/", response(b"fine"))
    for _ in range(2):  # the second time with a cookie of our own
        with pytest.raises(CallerError, match="control character"):
            session.open_url(bad)
        with pytest.raises(CallerError, match="control character"):
            session.fetch_one(bad)
        rows = [server.url(), bad, server.url()]
        assert [(row.ok, row.body) for row in session.fetch(rows, ordered=True)] == [
            (True, b"fine"), (False, b""), (True, b"fine")
        ]  # fmt: skip
        session.set_cookie(server.url(), "own", "1")
    assert {request.header("cookie") for request in server.received} == {None, "own=1"}


# ---- what is sent ----


def test_a_request_has_these_lines_and_no_others(server: ScriptedServer, session: InternetSession) -> None:
    server.reply(response(b"x"))
    assert got(session, server.url("/path")) == b"x"
    assert sent(server) == ["GET /path HTTP/1.1", "Accept: */*", "User-Agent: pyinet-tests/1.0"]
    assert server.received[-1].header("host") == f"127.0.0.1:{server.port}"


@pytest.mark.parametrize(
    ("suffix", "target"),
    [
        ("", "/"), ("/", "/"), ("?q", "/?q"), ("/p?q=1&r=2", "/p?q=1&r=2"), ("/p#fragment", "/p"), ("#f", "/"),
        ("/p?q#f?g", "/p?q"), ("/a b?c d#e f", "/a%20b?c%20d"), ("/\u00e4?\u00f6#\u00fc", "/%C3%A4?%C3%B6"),
        ("/\U0001f600", "/%F0%9F%98%80"), ("/%41%2f%zz", "/%41%2f%zz"), ("/%2f?%2f#%2f", "/%2f?%2f"),
        ("/..%2f", "/..%2f"), ("/a/../b%2F", "/b%2F"), ("/a/./b?../%2f", "/a/b?../%2f"), ("?%2f", "/?%2f"),
        ("/a//b/;c=d,e", "/a//b/;c=d,e"),
        ("/?", "/?"), ("/p?http://other/?#f", "/p?http://other/?"),
        ("/" + 4100 * "x", "/" + 4100 * "x"),
    ],
)  # fmt: skip
def test_path_and_query_are_sent_and_the_fragment_is_not(
    server: ScriptedServer, session: InternetSession, suffix: str, target: str
) -> None:
    server.reply(response(b"x"))
    assert got(session, f"http://127.0.0.1:{server.port}{suffix}") == b"x"
    assert server.received[0].target == target


@pytest.mark.parametrize("scheme", ["HTTP", "Http", "hTTp"])
def test_the_scheme_may_be_in_any_case(server: ScriptedServer, session: InternetSession, scheme: str) -> None:
    server.reply(response(b"x"))
    assert got(session, f"{scheme}://127.0.0.1:{server.port}/") == b"x"


@pytest.mark.parametrize(
    ("headers", "lines"),
    [
        (None, []), ("", []), ({}, []), ([], []), ("\r\n\r\n", []),
        ("X: 1", ["X: 1"]), ("X: 1\r\n", ["X: 1"]), ("X: 1\r\nY: 2", ["X: 1", "Y: 2"]),
        ("X: 1\nY: 2\n", ["X: 1", "Y: 2"]), ("X: 1\rY: 2", ["X: 1", "Y: 2"]),
        ("X: 1\r\n\r\nY: 2\r\n\r\n", ["X: 1", "Y: 2"]), ("X:1", ["X: 1"]), (" X \t:\t 1 ", ["X: 1"]),
        ("X: a: b", ["X: a: b"]), ("X: 1\r\nX: 2", ["X: 1", "X: 2"]),
        ({"X": "1", "Y": "2"}, ["X: 1", "Y: 2"]), ([("X", "1"), ("X", "2")], ["X: 1", "X: 2"]),
        ((("X", "1"),), ["X: 1"]), (iter([("X", "1")]), ["X: 1"]), ({"X": " 1\t"}, ["X: 1"]),
        ({"X": "a\tb"}, ["X: a\tb"]), ({"X": "\u00e4"}, ["X: \u00e4"]), ({"X": 'a;b,c "d"'}, ['X: a;b,c "d"']),
        ({"Accept-Encoding": "gzip"}, ["Accept-Encoding: gzip"]), ("Range: bytes=1-2", ["Range: bytes=1-2"]),
        ({"Connection": "close"}, ["Connection: close"]), ({"Cookie": "a=b"}, ["Cookie: a=b"]),
        ({"Authorization": "Basic eDp5"}, ["Authorization: Basic eDp5"]),
    ],
    ids=repr,
)  # fmt: skip
def test_headers_may_be_lines_a_mapping_or_pairs(
    server: ScriptedServer,
    session: InternetSession,
    headers: Given,
    lines: list[str],
) -> None:
    server.reply(response(b"x"))
    assert got(session, server.url(), headers=headers) == b"x"
    own = ["GET / HTTP/1.1", "Accept: */*", "User-Agent: pyinet-tests/1.0"]
    assert [line for line in sent(server) if line not in own] == lines
    assert set(own) <= set(sent(server))


@pytest.mark.parametrize(
    ("header", "line"),
    [
        ("Accept: text/html", "Accept: text/html"),
        ("accept: text/html", "accept: text/html"),
        ("User-Agent: other", "User-Agent: other"),
        ("USER-AGENT: other", "USER-AGENT: other"),
        ("Host: other.example", "Host: other.example"),
    ],
)
def test_a_header_of_the_caller_replaces_the_automatic_one(
    server: ScriptedServer, session: InternetSession, header: str, line: str
) -> None:
    server.reply(response(b"x"))
    got(session, server.url(), headers=header)
    lines = server.received[0].raw.decode().split("\r\n")
    name = line.partition(":")[0].lower()
    assert [each for each in lines if each.lower().startswith(f"{name}:")] == [line]


@pytest.mark.parametrize(("agent", "value"), [("name/1.0 (x)", "name/1.0 (x)"), ("", None)])
def test_the_user_agent_is_that_of_the_session(server: ScriptedServer, agent: str, value: str | None) -> None:
    server.reply(response(b"x"))
    with InternetSession(agent, access_type=AccessType.DIRECT) as session:
        got(session, server.url())
    assert server.received[0].header("user-agent") == value


FLAGS = [
    (InternetFlag.RELOAD, ["Cache-Control: no-cache", "Pragma: no-cache"]),
    (InternetFlag.PRAGMA_NOCACHE, ["Pragma: no-cache"]),
    (InternetFlag.RELOAD | InternetFlag.PRAGMA_NOCACHE, ["Cache-Control: no-cache", "Pragma: no-cache"]),
    (InternetFlag.KEEP_CONNECTION, ["Connection: Keep-Alive"]),
    (InternetFlag.TRANSFER_ASCII, []), (InternetFlag.TRANSFER_BINARY, []), (InternetFlag.DONT_CACHE, []),
    (InternetFlag.EXISTING_CONNECT, []), (InternetFlag.PASSIVE, []), (InternetFlag.HYPERLINK, []),
    (InternetFlag.RAW_DATA, []), (InternetFlag.RESYNCHRONIZE, []), (InternetFlag.NO_UI, []),
    (InternetFlag.NO_AUTH, []), (InternetFlag.NO_COOKIES, []), (InternetFlag.NO_AUTO_REDIRECT, []),
    (InternetFlag.IGNORE_REDIRECT_TO_HTTP | InternetFlag.IGNORE_REDIRECT_TO_HTTPS, []), (InternetFlag(0x4), []),
]  # fmt: skip


@pytest.mark.parametrize(("flags", "lines"), FLAGS, ids=str)
def test_a_flag_adds_its_header_lines(
    server: ScriptedServer, session: InternetSession, flags: InternetFlag, lines: list[str]
) -> None:
    server.reply(response(b"x"))
    assert got(session, server.url(), flags=int(flags)) == b"x"
    assert sorted(sent(server)[1:]) == sorted(["Accept: */*", "User-Agent: pyinet-tests/1.0", *lines])


@pytest.mark.parametrize(("flags", "lines"), FLAGS[:4], ids=str)
def test_flags_of_the_session_hold_for_each_of_its_files(
    server: ScriptedServer, flags: InternetFlag, lines: list[str]
) -> None:
    server.reply(response(b"x"))
    with InternetSession("agent", access_type=AccessType.DIRECT, flags=flags) as session:
        assert got(session, server.url()) == b"x"
    assert sorted(sent(server)[1:]) == sorted(["Accept: */*", "User-Agent: agent", *lines])


def test_headers_that_a_flag_would_add_are_not_said_twice(server: ScriptedServer, session: InternetSession) -> None:
    server.reply(response(b"x"))
    got(session, server.url(), flags=InternetFlag.RELOAD, headers={"pragma": "mine", "Cache-Control": "max-age=0"})
    assert {line for line in sent(server) if "ragma" in line or "ache" in line} == {
        "pragma: mine",
        "Cache-Control: max-age=0",
    }


# ---- user and password ----

CHALLENGE = response(b"who?", 'WWW-Authenticate: Basic realm="r"', status="401 Unauthorized")


def test_user_and_password_of_the_url_are_sent_when_asked_for(server: ScriptedServer, session: InternetSession) -> None:
    server.reply(CHALLENGE)
    server.reply(response(b"welcome"))
    with opened(session, f"http://us%65r:p%40ss@127.0.0.1:{server.port}/p") as file:
        assert (file.status_code, file.read(), file.url) == (200, b"welcome", server.url("/p"))
    assert [request.header("authorization") for request in server.received] == [
        None,
        "Basic " + base64.b64encode(b"user:p@ss").decode(),
    ]


@pytest.mark.parametrize("userinfo", ["", "user:wrong@"])
def test_who_is_not_let_in_gets_the_401(server: ScriptedServer, session: InternetSession, userinfo: str) -> None:
    server.reply(CHALLENGE)
    server.reply(CHALLENGE)
    with opened(session, f"http://{userinfo}127.0.0.1:{server.port}/") as file:
        assert (file.status_code, file.read()) == (401, b"who?")


def test_no_auth_answers_no_challenge(server: ScriptedServer, session: InternetSession) -> None:
    server.reply(CHALLENGE)
    with opened(session, f"http://user:pass@127.0.0.1:{server.port}/", flags=InternetFlag.NO_AUTH) as file:
        assert (file.status_code, file.read()) == (401, b"who?")
    assert [request.header("authorization") for request in server.received] == [None]


# ---- redirects ----


def moved(location: str, status: int = 302, body: bytes = b"moved") -> bytes:
    return response(body, f"Location: {location}", status=f"{status} Elsewhere")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_followed(server: ScriptedServer, session: InternetSession, status: int) -> None:
    server.route("/a/b", moved("../c?q", status))
    server.route("/c", response(b"here", "X: last"))
    with opened(session, server.url("/a/b")) as file:
        assert (file.status_code, file.url, file.headers["x"], file.read(), file.verb) == (
            200, server.url("/c?q"), "last", b"here", "GET"
        )  # fmt: skip
    assert server.requests == [b"GET /a/b HTTP/1.1", b"GET /c?q HTTP/1.1"]
    assert server.connections == 1


@pytest.mark.parametrize("status", [300, 304, 305, 306, 399])
def test_other_statuses_are_answers_though_they_have_a_location(
    server: ScriptedServer, session: InternetSession, status: int
) -> None:
    server.reply(moved("/other", status, b"" if status == 304 else b"moved"))
    with opened(session, server.url()) as file:
        assert (file.status_code, file.url) == (status, server.url())
    assert len(server.received) == 1


@pytest.mark.parametrize(
    "reply",
    [
        response(b"moved", status="302 No Location"),
        moved(""), moved("mailto:somebody"), moved("ftp://127.0.0.1/"), moved("javascript:alert(1)"),
        moved("file:///etc/passwd"),
    ],
    ids=["no Location", "empty Location", "mailto", "ftp", "javascript", "file"],
)  # fmt: skip
def test_a_redirect_to_nowhere_is_the_answer(server: ScriptedServer, session: InternetSession, reply: bytes) -> None:
    server.reply(reply)
    with opened(session, server.url()) as file:
        assert (file.status_code, file.read(), file.url) == (302, b"moved", server.url())
    assert len(server.received) == 1


@pytest.mark.parametrize("location", ["http:///nohost", "http://", "http://a b/", "http://host:port/"])
def test_a_redirect_to_no_usable_url_fails(server: ScriptedServer, session: InternetSession, location: str) -> None:
    server.reply(moved(location))
    with pytest.raises(ProtocolError) as caught:
        session.open_url(server.url())
    assert caught.value.code == 12005


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_auto_redirect_returns_the_redirect(server: ScriptedServer, session: InternetSession, status: int) -> None:
    server.reply(moved("/other", status, 100_000 * b"m"))
    with opened(session, server.url(), flags=InternetFlag.NO_AUTO_REDIRECT) as file:
        assert (file.status_code, file.headers["location"], file.url) == (status, "/other", server.url())
        assert file.read() == 100_000 * b"m"
    assert len(server.received) == 1


def test_ten_redirects_are_followed_and_the_eleventh_is_one_too_many(
    server: ScriptedServer, session: InternetSession
) -> None:
    for hop in range(11):
        server.route(f"/{hop}", moved(f"/{hop + 1}"))
    server.route("/11", response(b"end"))
    assert got(session, server.url("/1")) == b"end"
    with pytest.raises(ProtocolError) as caught:
        session.open_url(server.url("/0"))
    assert caught.value.code == 12156


def test_headers_go_along_but_secrets_stay_with_their_origin(server: ScriptedServer, session: InternetSession) -> None:
    with ScriptedServer() as other:
        server.route("/away", moved(other.url("/")))
        server.route("/near", moved("/away"))
        other.route("/", response(b"other"))
        headers = {"Authorization": "Basic eDp5", "Cookie": "a=b", "X": "1"}
        assert got(session, server.url("/near"), headers=headers) == b"other"
        assert [[request.header(name) for name in headers] for request in server.received + other.received] == [
            ["Basic eDp5", "a=b", "1"], ["Basic eDp5", "a=b", "1"], [None, None, "1"]
        ]  # fmt: skip


def test_https_to_http_needs_a_flag(
    server: ScriptedServer, tls_server: ScriptedServer, session: InternetSession
) -> None:
    tls_server.route("/", moved(server.url()))
    server.route("/", response(b"plain"))
    with pytest.raises(TransferError, match="from https to http") as caught:
        session.open_url(tls_server.url())
    assert (caught.value.code, server.requests) == (12040, [])
    with pytest.raises(TransferError, match="from https to http"):
        session.open_url(tls_server.url(), flags=InternetFlag.IGNORE_REDIRECT_TO_HTTPS)  # the other way round
    assert got(session, tls_server.url(), flags=InternetFlag.IGNORE_REDIRECT_TO_HTTP) == b"plain"


def test_http_to_https_is_followed(
    server: ScriptedServer, tls_server: ScriptedServer, session: InternetSession
) -> None:
    server.route("/", moved(tls_server.url()))
    tls_server.route("/", response(b"safe"))
    with opened(session, server.url()) as file:
        assert (file.read(), file.url) == (b"safe", tls_server.url())


@pytest.mark.parametrize("flags", [NO_FLAGS, InternetFlag.SECURE], ids=["plain", "SECURE"])
def test_https(tls_server: ScriptedServer, session: InternetSession, flags: InternetFlag) -> None:
    tls_server.reply(response(b"safe"))
    assert got(session, tls_server.url(), flags=flags) == b"safe"


# ---- cookies ----


def test_cookies_come_and_go_with_every_hop(server: ScriptedServer, session: InternetSession) -> None:
    server.route("/", response(b"", "Set-Cookie: hop=1", "Location: /next", status="302 Found"))
    server.route("/next", response(b"x", "Set-Cookie: end=2", "Set-Cookie: too=3"))
    for _ in range(2):
        got(session, server.url())
    assert [request.header("cookie") for request in server.received] == [
        None, "hop=1", "hop=1; end=2; too=3", "hop=1; end=2; too=3"
    ]  # fmt: skip
    assert session.get_cookie(server.url(), "end") == "end=2"


@pytest.mark.parametrize("own", [False, True], ids=["flag of the call", "flag of the session"])
def test_no_cookies_neither_sends_nor_stores(server: ScriptedServer, own: bool) -> None:
    server.route("/", response(b"x", "Set-Cookie: b=2"))
    flags = InternetFlag.NO_COOKIES
    with InternetSession("agent", access_type=AccessType.DIRECT, flags=flags if own else 0) as session:
        session.set_cookie(server.url(), "a", "1")
        got(session, server.url(), flags=0 if own else flags)
        with opened(session, server.url(), flags=flags, headers={"Cookie": "mine=1"}) as file:
            assert file.headers.get_all("set-cookie") == ["b=2"]
        assert [request.header("cookie") for request in server.received] == [None, "mine=1"]
        assert session.get_cookie(server.url()) == "a=1"


def test_the_jar_replaces_a_cookie_of_the_caller_and_its_absence_does_not(
    server: ScriptedServer, session: InternetSession
) -> None:
    server.route("/", response(b"x"))
    got(session, server.url(), headers="Cookie: mine=1")
    session.set_cookie(server.url(), "a", "1")
    got(session, server.url(), headers="Cookie: mine=1")
    assert [request.header("cookie") for request in server.received] == ["mine=1", "a=1"]


# ---- answers ----


@pytest.mark.parametrize(
    "status", [200, 201, 203, 206, 226, 400, 401, 403, 404, 407, 410, 416, 429, 500, 503, 599, 999]
)
def test_any_status_is_an_answer(server: ScriptedServer, session: InternetSession, status: int) -> None:
    server.reply(response(b"words", status=f"{status} So"))
    with opened(session, server.url()) as file:
        assert (file.status_code, file.reason, file.read()) == (status, "So", b"words")


@pytest.mark.parametrize("flags", [NO_FLAGS, InternetFlag.TRANSFER_ASCII, InternetFlag.TRANSFER_BINARY], ids=str)
def test_bytes_are_never_altered(server: ScriptedServer, session: InternetSession, flags: InternetFlag) -> None:
    body = b"\xef\xbb\xbfone\r\ntwo\rthree\nfour\x1a\0\xff"
    server.reply(response(body, "Content-Type: text/plain; charset=utf-16"))
    assert got(session, server.url(), flags=flags) == body


@pytest.mark.parametrize("headers", [None, {"Accept-Encoding": "gzip"}], ids=["not asked for", "asked for"])
def test_content_codings_are_left_alone(server: ScriptedServer, session: InternetSession, headers: Given) -> None:
    body = b"\x1f\x8b not even gzip"
    server.reply(response(body, "Content-Encoding: gzip"))
    with opened(session, server.url(), headers=headers) as file:
        assert (file.read(), file.headers["content-encoding"], file.content_length) == (body, "gzip", len(body))


def test_it_returns_when_the_header_section_is_there(server: ScriptedServer, session: InternetSession) -> None:
    go = server.gate()

    def script(conn: ScriptedConn) -> None:
        conn.recv_request()
        reply = response(b"later")
        conn.send(reply[:-5])
        go.wait()
        conn.send(reply[-5:])

    server.play(script)
    with opened(session, server.url()) as file:
        assert (file.status_code, file.content_length) == (200, 5)
        go.set()
        assert file.read() == b"later"


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (b"", 12152), (b"nonsense\r\n\r\n", 12152), (b"HTTP/1.1 200 OK\r\nX: ", 12152),
        (b"HTTP/1.1 2x0 OK\r\n\r\n", 12152),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nx", 12152),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx", 12152),
    ],
    ids=["nothing", "no HTTP", "cut headers", "no number", "negative length", "two lengths"],
)  # fmt: skip
def test_no_usable_answer_is_an_error(
    server: ScriptedServer, session: InternetSession, reply: bytes, code: int
) -> None:
    server.reply(reply)
    with pytest.raises(ProtocolError) as caught:
        session.open_url(server.url())
    assert caught.value.code == code


def test_a_refused_connection_is_an_error(session: InternetSession) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(CannotConnect) as caught:
        session.open_url(f"http://127.0.0.1:{port}/")
    assert caught.value.code == 12029


# ---- contexts ----


@pytest.mark.parametrize(
    ("given", "context"),
    [((), 77), ((None,), 77), ((1,), 77), ((0,), 0), ((5,), 5), ((-1,), -1), ((1 << 63,), 1 << 63)],
)
def test_the_context_is_inherited_unless_another_is_given(
    server: ScriptedServer, given: tuple[int | None, ...], context: int
) -> None:
    server.route("/", response(b"x"))
    with InternetSession("agent", 77, AccessType.DIRECT) as session:
        for flags in (NO_FLAGS, InternetFlag.RELOAD):
            with opened(session, server.url(), *given, flags=flags) as file:
                assert (file.context, file.get_context(), session.get_context()) == (context, context, 77)
                file.read()


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1/", "http://", "mailto:x", "file:///no/such/file", "http://127.0.0.1:1/\n"]
)
def test_a_failure_to_open_has_the_context_of_the_session(url: str) -> None:
    with InternetSession("agent", 77, AccessType.DIRECT) as session:
        for given in (1, 5):
            with pytest.raises(InternetException) as caught:
                session.open_url(url, given)
            assert caught.value.context == 77


def test_a_failure_to_read_has_the_context_of_the_file(server: ScriptedServer) -> None:
    def cut(conn: ScriptedConn) -> None:
        conn.recv_request()
        conn.send(response(b"xxx")[:-1])

    server.play(cut)
    with InternetSession("agent", 77, AccessType.DIRECT) as session:
        with opened(session, server.url(), 5) as file, pytest.raises(InternetException) as caught:
            file.read()
        assert caught.value.context == 5


# ---- file: ----


def test_a_file_url_is_binary_unless_text_is_asked_for(session: InternetSession, tmp_path: Path) -> None:
    path = tmp_path / "name with \u00e4"
    path.write_bytes(b"one\r\ntwo\xff\n")
    for flags, content in [
        (NO_FLAGS, b"one\r\ntwo\xff\n"), (InternetFlag.TRANSFER_BINARY, b"one\r\ntwo\xff\n"),
        (InternetFlag.RELOAD, b"one\r\ntwo\xff\n"), (InternetFlag.TRANSFER_ASCII, "one\ntwo\udcff\n"),
    ]:  # fmt: skip
        with session.open_url(path.as_uri(), flags=flags, headers={"Ignored": "1"}, context=5) as file:
            assert isinstance(file, StdioFile)
            assert not file.writable()
            assert file.read() == content


def test_a_local_file_outlives_its_session(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"content")
    with InternetSession("agent", access_type=AccessType.DIRECT) as session:
        file = session.open_url((tmp_path / "file").as_uri())
    with file:
        assert file.read() == b"content"


def test_a_missing_file_is_an_oserror(session: InternetSession, tmp_path: Path) -> None:
    with pytest.raises(LocalFileError) as caught:
        session.open_url((tmp_path / "missing").as_uri())
    assert isinstance(caught.value, OSError)
    assert (caught.value.code, caught.value.errno, caught.value.filename) == (2, 2, str(tmp_path / "missing"))


def test_a_file_of_another_host_is_not_opened(session: InternetSession) -> None:
    with pytest.raises(NameNotResolved):
        session.open_url("file://elsewhere.example/etc/passwd")
