"""Cookies on the wire: which are taken from answers, and the exact Cookie header of what is asked next.

RFC 6265bis sections 5.7 and 5.8.
"""

from __future__ import annotations

import asyncio
import re
import threading
from typing import TYPE_CHECKING

import pytest

from pyinet import AccessType, InternetException, InternetFlag, InternetSession, NoMoreItems, Request
from servers.scripted import ScriptedServer, response

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from servers.scripted import ScriptedConn
    from servers.tls import CertificateAuthority

    Ask = Callable[[InternetSession, str], object]


def through_file(session: InternetSession, url: str, headers: str | None = None, flags: int = 0) -> None:
    with session.open_url(url, headers=headers, flags=flags) as file:
        file.read()


async def rows_of(session: InternetSession, url: str) -> None:
    async with session.fetch([url]) as rows:
        async for row in rows:
            assert row.error is None


ASK: dict[str, Ask] = {
    "fetch_one": lambda session, url: session.fetch_one(url),
    "fetch_one of a Request": lambda session, url: session.fetch_one(Request(url, headers={"X": "y"})),
    "fetch": lambda session, url: list(session.fetch([url])),
    "fetch ordered": lambda session, url: list(session.fetch([url], ordered=True)),
    "fetch of a Request": lambda session, url: list(session.fetch([Request(url)])),
    "open_url": through_file,
    "open_url with headers": lambda session, url: through_file(session, url, "X: y"),
    "fetch_one_async": lambda session, url: asyncio.run(session.fetch_one_async(url)),
    "async for": lambda session, url: asyncio.run(rows_of(session, url)),
}
"""Every way to ask for a URL: plain and not, one and many, waited for and awaited."""

every_way = pytest.mark.parametrize("ask", ASK.values(), ids=ASK)
few_ways = pytest.mark.parametrize(
    "ask", [ASK["fetch_one"], ASK["fetch"], ASK["open_url"]], ids=["one", "rows", "file"]
)


@pytest.fixture
def named(ca: CertificateAuthority) -> Iterator[InternetSession]:
    """A session for which every name is 127.0.0.1."""
    with InternetSession("t", access_type=AccessType.DIRECT, ca=ca.pem, resolve={"*": "127.0.0.1"}) as session:
        yield session


def setting(*cookies: str, status: str = "200 OK", body: bytes = b"", location: str = "") -> bytes:
    """An answer that sets cookies."""
    fields = [f"Location: {location}"] if location else []
    return response(body, *fields, *(f"Set-Cookie: {cookie}" for cookie in cookies), status=status)


def at(server: ScriptedServer, host: str, path: str = "/") -> str:
    return f"http://{host}:{server.port}{path}"


def sent(server: ScriptedServer) -> str | None:
    """Cookie of the last request; None without the header. Never more than one header."""
    values = [value for name, value in server.received[-1].headers if name.lower() == "cookie"]
    assert len(values) <= 1
    return values[0] if values else None


def known(session: InternetSession, url: str) -> str:
    """What the session would send to *url*, HttpOnly left out; "" for nothing."""
    try:
        return str(session.get_cookie(url))
    except NoMoreItems:
        return ""


# ---- taken from answers ----


@every_way
@pytest.mark.parametrize("then", [ASK["fetch_one"], ASK["open_url"], ASK["fetch"]], ids=["one", "file", "rows"])
def test_a_cookie_goes_out_with_the_next_request_however_it_came(
    server: ScriptedServer, session: InternetSession, ask: Ask, then: Ask
) -> None:
    server.reply(setting("a=1", "b=2; HttpOnly"))
    server.reply(response(b"x"))
    ask(session, server.url("/"))
    assert sent(server) is None
    then(session, server.url("/"))
    assert sent(server) == "a=1; b=2"


@every_way
def test_every_way_sends_the_cookies(server: ScriptedServer, session: InternetSession, ask: Ask) -> None:
    server.reply(response(b"x"))
    session.set_cookie("http://127.0.0.1/", "a", "1")
    ask(session, server.url("/some/path?q=/x#y"))
    assert sent(server) == "a=1"


@pytest.mark.parametrize(
    "status", ["200 OK", "201 Created", "400 No", "404 No", "410 No", "500 No", "503 No", "599 No"]
)
@few_ways
def test_any_status_sets_cookies(server: ScriptedServer, session: InternetSession, ask: Ask, status: str) -> None:
    server.reply(setting("a=1", status=status, body=b"text"))
    ask(session, server.url("/"))
    assert known(session, server.url("/")) == "a=1"


@pytest.mark.parametrize("status", ["204 No Content", "304 Not Modified", "300 Choices", "302 Found"])
@few_ways
def test_answers_without_body_or_location_set_cookies(
    server: ScriptedServer, session: InternetSession, ask: Ask, status: str
) -> None:
    ending = "" if status[:3] in {"204", "304"} else "Content-Length: 0\r\n"
    server.reply(f"HTTP/1.1 {status}\r\nSet-Cookie: a=1\r\n{ending}\r\n".encode())
    ask(session, server.url("/"))
    assert known(session, server.url("/")) == "a=1"


@pytest.mark.parametrize("method", ["HEAD", "POST", "PUT", "DELETE", "OPTIONS"])
def test_any_method_sends_and_sets_cookies(server: ScriptedServer, session: InternetSession, method: str) -> None:
    server.reply(b"HTTP/1.1 200 OK\r\nSet-Cookie: b=2\r\nContent-Length: 0\r\n\r\n")
    session.set_cookie(server.url("/"), "a", "1")
    session.fetch_one(Request(server.url("/"), method, body=b"x" if method in {"POST", "PUT"} else None))
    assert sent(server) == "a=1"
    assert known(session, server.url("/")) == "a=1; b=2"


@pytest.mark.parametrize("size", [0, 1, 20_000, 3_000_000])
@every_way
def test_a_body_of_any_size_comes_with_cookies(
    server: ScriptedServer, session: InternetSession, ask: Ask, size: int
) -> None:
    server.reply(setting("a=1", body=bytes(size)))
    ask(session, server.url("/"))
    assert known(session, server.url("/")) == "a=1"


def test_a_download_to_a_path_sets_cookies(server: ScriptedServer, session: InternetSession, tmp_path: Path) -> None:
    server.reply(setting("a=1", body=b"x"))
    server.reply(setting("b=2", body=b"x", status="404 No"))
    for _ in range(2):
        session.fetch_one(Request(server.url("/"), path=tmp_path / "body"))
    assert known(session, server.url("/")) == "a=1; b=2"


def test_a_file_has_stored_them_before_its_body_comes(server: ScriptedServer, session: InternetSession) -> None:
    go = server.gate()

    def script(conn: ScriptedConn) -> None:
        conn.recv_request()
        conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nSet-Cookie: a=1\r\n\r\n")
        go.wait()
        conn.send(b"hello")
        conn.recv_request()

    server.play(script)
    with session.open_url(server.url("/")) as file:
        assert known(session, server.url("/")) == "a=1"
        session.set_cookie(server.url("/"), "a", "mine")
        go.set()
        assert file.read() == b"hello"
    assert known(session, server.url("/")) == "a=mine"  # stored once, not again at the end


BROKEN = {
    "cut body": b"HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nContent-Length: 9\r\nConnection: close\r\n\r\nx",
    "bad chunk": b"HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "bad gzip": b"HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nxxx",
}


@pytest.mark.parametrize("answer", BROKEN.values(), ids=BROKEN)
def test_a_body_that_fails_keeps_the_cookies_of_its_header(
    server: ScriptedServer, session: InternetSession, answer: bytes
) -> None:
    def script(conn: ScriptedConn) -> None:
        conn.recv_request()
        conn.send(answer)
        conn.close()

    server.play(script, script)
    (row,) = session.fetch([server.url("/")])
    assert row.error is not None
    assert known(session, server.url("/")) == "a=1"


def test_a_header_section_that_is_cut_off_sets_nothing(server: ScriptedServer, session: InternetSession) -> None:
    def script(conn: ScriptedConn) -> None:
        conn.recv_request()
        conn.send(b"HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\n")
        conn.close()

    server.play(script, script, script)
    (row,) = session.fetch([server.url("/")])
    assert row.error is not None
    assert known(session, server.url("/")) == ""


@few_ways
def test_neither_early_hints_nor_trailers_set_cookies(
    server: ScriptedServer, session: InternetSession, ask: Ask
) -> None:
    server.reply(
        b"HTTP/1.1 103 Early Hints\r\nSet-Cookie: early=1\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"1\r\nx\r\n0\r\nSet-Cookie: late=1\r\n\r\n"
    )
    ask(session, server.url("/"))
    assert known(session, server.url("/")) == ""


@pytest.mark.parametrize("status", ["200 OK", "403 No", "407 Who"])
def test_what_a_proxy_says_to_connect_sets_no_cookies(
    server: ScriptedServer, tls_server: ScriptedServer, status: str
) -> None:
    def script(conn: ScriptedConn) -> None:
        conn.recv_request()
        conn.send(f"HTTP/1.1 {status}\r\nSet-Cookie: proxy=1\r\nContent-Length: 0\r\n\r\n".encode())
        conn.close()

    server.play(script)
    with InternetSession("t", 1, AccessType.PROXY, f"127.0.0.1:{server.port}", "<-loopback>") as session:
        with pytest.raises(InternetException):
            session.fetch_one(tls_server.url("/"))
        assert known(session, tls_server.url("/")) == ""


def test_cookies_of_an_origin_behind_a_proxy_are_the_origins(server: ScriptedServer) -> None:
    server.reply(setting("a=1"))
    server.reply(response())
    with InternetSession("t", 1, AccessType.PROXY, f"127.0.0.1:{server.port}", "<-loopback>") as session:
        session.fetch_one("http://far.example.test/")
        session.fetch_one("http://far.example.test/")
        assert sent(server) == "a=1"
        assert known(session, server.url("/")) == ""


@pytest.mark.parametrize("pieces", [1, 3])
def test_a_challenge_that_is_answered_sets_its_cookies(server: ScriptedServer, pieces: int) -> None:
    cookies = [f"Set-Cookie: c{number}={number}" for number in range(pieces)]
    server.reply(response(b"who?", 'WWW-Authenticate: Basic realm="r"', *cookies, status="401 Unauthorized"))
    server.reply(response(b"in", "Set-Cookie: last=1"))
    with InternetSession("t", access_type=AccessType.DIRECT) as session:
        result = session.fetch_one(Request(server.url("/"), user="u", password="p"))
        assert (result.status, result.body, result.headers.get_all("set-cookie")) == (200, b"in", ["last=1"])
        assert known(session, server.url("/")) == "; ".join(
            [f"c{number}={number}" for number in range(pieces)] + ["last=1"]
        )


@few_ways
def test_a_challenge_to_a_file_sets_its_cookies_once(
    server: ScriptedServer, session: InternetSession, ask: Ask
) -> None:
    server.reply(response(b"who?", 'WWW-Authenticate: Basic realm="r"', "Set-Cookie: a=1", status="401 Unauthorized"))
    server.reply(response(b"in"))
    ask(session, server.url("/").replace("//", "//u:p@"))
    assert known(session, server.url("/")) == "a=1"


def test_what_a_proxy_says_to_a_request_sets_no_cookies(server: ScriptedServer) -> None:
    challenge = response(b"", 'Proxy-Authenticate: Basic realm="r"', "Set-Cookie: proxy=1", status="407 Who")
    server.reply(challenge)
    server.reply(response(b"in", "Set-Cookie: a=1"))
    with InternetSession("t", 1, AccessType.PROXY, f"u:p@127.0.0.1:{server.port}", "<-loopback>") as session:
        assert session.fetch_one("http://far.example.test/").body == b"in"
        assert known(session, "http://far.example.test/") == "a=1"


# ---- redirects ----


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 Other", "307 Temporary", "308 Permanent"])
@every_way
def test_every_hop_sets_cookies_and_the_next_one_sends_them(
    server: ScriptedServer, session: InternetSession, ask: Ask, status: str
) -> None:
    server.reply(setting("a=1", status=status, location="/two"))
    server.reply(setting("b=2", "a=3", status=status, location="/three", body=b"moved"))
    server.reply(setting("c=4", "b=; Max-Age=0"))
    ask(session, server.url("/one"))
    assert [got.header("cookie") for got in server.received] == [None, "a=1", "a=3; b=2"]
    assert known(session, server.url("/")) == "a=3; c=4"


@few_ways
def test_a_page_that_wants_its_cookie_back_is_reached(
    server: ScriptedServer, session: InternetSession, ask: Ask
) -> None:
    server.reply(setting("seen=1", status="302 Found", location="/"))
    server.reply(response(b"welcome"))
    ask(session, server.url("/"))
    assert [got.header("cookie") for got in server.received] == [None, "seen=1"]


@few_ways
def test_hops_to_other_hosts_get_what_is_theirs(server: ScriptedServer, named: InternetSession, ask: Ask) -> None:
    server.reply(
        setting("host=1", "all=2; Domain=a.example.test", status="302 Found", location=at(server, "sub.a.example.test"))
    )
    server.reply(setting("up=3; Domain=A.Example.Test", "own=4", status="302 Found", location=at(server, "other.test")))
    server.reply(
        setting("far=5", "bad=6; Domain=a.example.test", status="302 Found", location=at(server, "a.example.test"))
    )
    server.reply(response())
    ask(named, at(server, "a.example.test"))
    assert [got.header("cookie") for got in server.received] == [None, "all=2", None, "host=1; all=2; up=3"]
    assert known(named, "http://sub.a.example.test/") == "all=2; up=3; own=4"
    assert known(named, "http://other.test/") == "far=5"


@few_ways
def test_a_path_of_a_hop_is_that_of_the_hop(server: ScriptedServer, session: InternetSession, ask: Ask) -> None:
    server.reply(setting("a=1", status="302 Found", location="/two/x"))
    server.reply(setting("b=2", status="302 Found", location="/one/y"))
    server.reply(response())
    ask(session, server.url("/one/x"))
    assert [got.header("cookie") for got in server.received] == [None, None, "a=1"]
    assert known(session, server.url("/two/")) == "b=2"


def test_a_redirect_that_is_not_followed_sets_cookies(
    server: ScriptedServer, session: InternetSession, tls_server: ScriptedServer
) -> None:
    server.reply(setting("a=1", status="302 Found", location="/x"))
    session.fetch_one(Request(server.url("/"), flags=InternetFlag.NO_AUTO_REDIRECT))
    server.reply(setting("b=2", status="302 Found", location="/x"))
    through_file(session, server.url("/"), flags=InternetFlag.NO_AUTO_REDIRECT)
    server.reply(setting("c=3", status="302 Found", location="http://bad host/"))
    with pytest.raises(InternetException):
        session.fetch_one(server.url("/"))
    tls_server.reply(setting("d=4", status="302 Found", location=server.url("/")))
    with pytest.raises(InternetException) as caught:
        through_file(session, tls_server.url("/"))
    assert caught.value.code == 12040
    assert known(session, server.url("/")) == "a=1; b=2; c=3; d=4"


# ---- hosts, ports, paths, order, time ----


@pytest.mark.parametrize(
    ("host", "cookie", "other", "reaches"),
    [
        ("a.example.test", "c=1", "a.example.test", True),
        ("a.example.test", "c=1", "A.EXAMPLE.test", True),
        ("A.example.TEST", "c=1", "a.example.test", True),
        ("a.example.test", "c=1", "sub.a.example.test", False),
        ("a.example.test", "c=1; Domain=a.example.test", "sub.a.example.test", True),
        ("a.example.test", "c=1; Domain=.a.example.test", "sub.sub.a.example.test", True),
        ("a.example.test", "c=1; Domain=example.test", "b.example.test", True),
        ("a.example.test", "c=1; Domain=example.test", "notexample.test", False),
        ("a.example.test", "c=1; Domain=sub.a.example.test", "sub.a.example.test", False),
        ("a.example.test", "c=1; Domain=test", "example.test", False),
        ("a.example.test", "c=1; Domain=", "a.example.test", True),
        ("b\u00fccher.test", "c=1", "xn--bcher-kva.test", True),
        ("xn--bcher-kva.test", "c=1; Domain=xn--bcher-kva.test", "sub.b\u00fccher.test", True),
        ("127.0.0.1", "c=1", "127.0.0.1", True),
        ("127.0.0.1", "c=1; Domain=127.0.0.1", "127.0.0.1", True),
        ("127.0.0.1", "c=1; Domain=0.0.1", "127.0.0.1", False),
        ("127.0.0.1", "c=1", "localhost", False),
        ("[::1]", "c=1", "[::1]", True),
        ("[::1]", "c=1", "127.0.0.1", False),
        ("localhost", "c=1", "localhost", True),
        ("a.example.test", "c=1", "a.example.test.", False),
    ],
)
def test_hosts(
    server: ScriptedServer, named: InternetSession, host: str, cookie: str, other: str, reaches: bool
) -> None:
    server.reply(setting(cookie))
    server.route("/", response())
    named.fetch_one(at(server, host))
    for ask in (ASK["fetch_one"], ASK["fetch"], ASK["open_url with headers"]):
        ask(named, at(server, other))
        assert sent(server) == ("c=1" if reaches else None)


def test_ports_do_not_matter(server: ScriptedServer, session: InternetSession) -> None:
    with ScriptedServer() as other:
        server.reply(setting("a=1"))
        other.reply(setting("b=2"))
        server.reply(response())
        session.fetch_one(server.url("/"))
        session.fetch_one(other.url("/"))
        session.fetch_one(server.url("/"))
        assert (sent(other), sent(server)) == ("a=1", "a=1; b=2")


@few_ways
def test_the_longest_path_goes_first_then_the_oldest(
    server: ScriptedServer, session: InternetSession, ask: Ask
) -> None:
    server.reply(setting("root=1; Path=/", "deep=2; Path=/a/b", "mid=3; Path=/a", "late=4; Path=/", "dir=5"))
    server.reply(setting("root=6; Path=/"))  # keeps its place
    server.route("/a/b/c", response())
    ask(session, server.url("/a/b/c"))
    ask(session, server.url("/a/b/c"))
    assert sent(server) == "deep=2; dir=5; mid=3; root=1; late=4"
    ask(session, server.url("/a/b/c"))
    assert sent(server) == "deep=2; dir=5; mid=3; root=6; late=4"


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("/foo", "c=1"), ("/foo/", "c=1"), ("/foo/bar", "c=1"), ("/foo?x", "c=1"), ("/foo#x", "c=1"),
        ("/foo/?/x", "c=1"), ("/foo%2fx", None),
        ("/foobar", None), ("/", None), ("", None), ("?/foo", None), ("/Foo", None), ("/x/foo", None), ("/%66oo", None),
        ("/foo/../bar", None), ("/foo/..", None), ("/./foo", "c=1"), ("/x/../foo/y", "c=1"), ("/foo/.", "c=1"),
        ("/foo/...", "c=1"), ("/foo/.x", "c=1"), ("/foo/%2e%2E/bar", None), ("/x?/../foo", None), ("//foo", None),
    ],
)  # fmt: skip
def test_the_path_is_the_one_that_is_requested(
    server: ScriptedServer, session: InternetSession, target: str, expected: str | None
) -> None:
    for path in ("/set", "/foo"):
        server.reply(setting("c=1; Path=/foo"))
        session.fetch_one(server.url(path))
    for ask in (ASK["fetch_one"], ASK["fetch of a Request"], ASK["open_url"]):
        ask(session, f"http://127.0.0.1:{server.port}{target}")
        assert sent(server) == expected


@pytest.mark.parametrize(
    ("path", "default"),
    [
        ("/", "/"),
        ("/x", "/"),
        ("/d/x", "/d"),
        ("/d/", "/d"),
        ("/d/x?/y/z", "/d"),
        ("/d/../e/x", "/e"),
        ("/d e/x", "/d%20e"),
    ],
)
def test_without_a_path_it_is_the_directory_of_the_request(
    server: ScriptedServer, session: InternetSession, path: str, default: str
) -> None:
    server.reply(setting("c=1", "d=2; Path=nowhere"))
    session.fetch_one(server.url(path))
    above = default.rpartition("/")[0] + "/"
    assert known(session, server.url(default)) == "c=1; d=2"
    assert known(session, server.url(above)) == ("c=1; d=2" if default == "/" else "")


class Clock:
    """In place of the module ``time``."""

    now = 1_800_000_000.0

    def time(self) -> float:
        return self.now


@few_ways
def test_cookies_end_with_their_time(
    server: ScriptedServer, session: InternetSession, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    for module in ("_settings", "_transfer.dispatch", "_cookies.calls"):
        monkeypatch.setattr(f"pyinet.{module}.time", clock)
    date = "Fri, 15-Jan-2027 08:00:30 GMT"  # 30 s from now
    server.reply(setting("s=0", "age=1; Max-Age=10", f"date=2; Expires={date}", f"both=3; Expires={date}; Max-Age=60"))
    server.route("/", response())
    ask(session, server.url("/"))
    for after, expected in (
        (0, "s=0; age=1; date=2; both=3"),
        (10, "s=0; date=2; both=3"),
        (30, "s=0; both=3"),
        (60, "s=0"),
    ):
        clock.now = Clock.now + after
        ask(session, server.url("/"))
        assert sent(server) == expected


@pytest.mark.parametrize(
    "end", ["Max-Age=0", "Max-Age=-5", "Expires=Thu, 01 Jan 1970 00:00:00 GMT", "Expires=Thu, 01-Jan-70 00:00:01"]
)
@few_ways
def test_an_answer_deletes_a_cookie(server: ScriptedServer, session: InternetSession, ask: Ask, end: str) -> None:
    server.reply(setting("a=1", "b=2"))
    server.reply(setting(f"a=x; {end}"))
    server.reply(response())
    for _ in range(3):
        ask(session, server.url("/"))
    assert [got.header("cookie") for got in server.received] == [None, "a=1; b=2", "b=2"]


# ---- Secure ----


@few_ways
def test_secure_cookies_go_over_tls_alone(
    server: ScriptedServer, session: InternetSession, tls_server: ScriptedServer, ask: Ask
) -> None:
    tls_server.reply(
        setting("s=1; Secure", "p=2", "__Host-h=3; Secure; Path=/", "__Secure-x=4", "n=5; SameSite=None; Secure")
    )
    tls_server.reply(response())
    server.reply(setting("s=stolen", "t=6; Secure", "__Host-y=7; Secure; Path=/", "q=8"))
    server.reply(response())
    ask(session, tls_server.url("/"))
    ask(session, server.url("/"))
    assert sent(server) == "p=2"
    ask(session, server.url("/"))
    assert sent(server) == "p=2; q=8"
    ask(session, tls_server.url("/"))
    assert sent(tls_server) == "s=1; p=2; __Host-h=3; n=5; q=8"


@few_ways
def test_a_redirect_to_http_leaves_secure_cookies_behind(
    server: ScriptedServer, session: InternetSession, tls_server: ScriptedServer, ask: Ask
) -> None:
    session.set_cookie("https://127.0.0.1/", "s", "1; Secure")
    session.set_cookie("http://127.0.0.1/", "p", "2")
    server.reply(setting("up=3", status="302 Found", location=tls_server.url("/")))
    tls_server.reply(response())
    ask(session, server.url("/"))
    assert (sent(server), sent(tls_server)) == ("p=2", "s=1; p=2; up=3")
    tls_server.reply(setting("down=4; Secure", status="302 Found", location=server.url("/")))
    server.reply(response())
    session.fetch_one(Request(tls_server.url("/"), flags=InternetFlag.IGNORE_REDIRECT_TO_HTTP))
    assert sent(server) == "p=2; up=3"


# ---- NO_COOKIES, and a Cookie header of the caller ----

NO_COOKIES: dict[str, Ask] = {
    "fetch_one": lambda session, url: session.fetch_one(Request(url, flags=InternetFlag.NO_COOKIES)),
    "fetch": lambda session, url: list(session.fetch([Request(url, flags=InternetFlag.NO_COOKIES)])),
    "open_url": lambda session, url: through_file(session, url, flags=InternetFlag.NO_COOKIES),
}


@pytest.mark.parametrize("ask", NO_COOKIES.values(), ids=NO_COOKIES)
def test_no_cookies_on_a_request_neither_sends_nor_stores(
    server: ScriptedServer, session: InternetSession, ask: Ask
) -> None:
    session.set_cookie(server.url("/"), "a", "1")
    server.reply(setting("b=2", "a=; Max-Age=0", status="302 Found", location="/next"))
    server.reply(setting("c=3"))
    ask(session, server.url("/"))
    assert [got.header("cookie") for got in server.received] == [None, None]
    assert known(session, server.url("/")) == "a=1"


@every_way
def test_no_cookies_on_a_session_holds_for_all_of_it(server: ScriptedServer, ask: Ask) -> None:
    server.reply(setting("b=2", status="302 Found", location="/next"))
    server.reply(setting("c=3"))
    with InternetSession("t", access_type=AccessType.DIRECT, flags=InternetFlag.NO_COOKIES) as session:
        session.set_cookie(server.url("/"), "a", "1")
        ask(session, server.url("/"))
        assert [got.header("cookie") for got in server.received] == [None, None]
        assert known(session, server.url("/")) == "a=1"


def ask_with_own(session: InternetSession, url: str, way: str, flags: int = 0) -> None:
    if way == "open_url":
        through_file(session, url, "cOOkie: mine=1; too=2", flags)
    else:
        session.fetch_one(Request(url, headers=[("cOOkie", "mine=1; too=2"), ("X", "y")], flags=flags))


own_ways = pytest.mark.parametrize("way", ["fetch_one", "open_url"])


@own_ways
def test_a_cookie_header_of_the_caller_is_sent_when_the_jar_has_none(
    server: ScriptedServer, session: InternetSession, way: str
) -> None:
    session.set_cookie(server.url("/"), "a", "1; Path=/elsewhere")
    server.reply(response())
    ask_with_own(session, server.url("/"), way)
    assert sent(server) == "mine=1; too=2"
    assert known(session, server.url("/")) == ""  # and is not stored


@own_ways
def test_a_cookie_header_of_the_caller_is_replaced_by_the_jars(
    server: ScriptedServer, session: InternetSession, way: str
) -> None:
    session.set_cookie(server.url("/"), "a", "1")
    server.reply(response())
    ask_with_own(session, server.url("/"), way)
    assert sent(server) == "a=1"


@own_ways
def test_with_no_cookies_the_callers_header_survives(
    server: ScriptedServer, session: InternetSession, way: str
) -> None:
    session.set_cookie(server.url("/"), "a", "1")
    server.reply(setting("b=2", status="302 Found", location="/next"))
    server.reply(response())
    ask_with_own(session, server.url("/"), way, InternetFlag.NO_COOKIES)
    assert [got.header("cookie") for got in server.received] == ["mine=1; too=2"] * 2


@own_ways
def test_each_hop_chooses_between_the_callers_and_the_jars(
    server: ScriptedServer, session: InternetSession, way: str
) -> None:
    server.reply(setting("a=1; Path=/", status="302 Found", location="/two"))
    server.reply(setting("a=1; Path=/; Max-Age=0", status="302 Found", location="/three"))
    server.reply(response())
    ask_with_own(session, server.url("/one"), way)
    assert [got.header("cookie") for got in server.received] == ["mine=1; too=2", "a=1", "mine=1; too=2"]


# ---- octets ----


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b"a=\xe9\xff\x80", "a=\xe9\xff\x80"),
        (b"a=\xc3\xa9", "a=\xc3\xa9"),
        (b"\xe9=1", "\xe9=1"),
        (b"a=x\ty", "a=x\ty"),
        (b"\t a \t=\t 1 \t; Path=/", "a=1"),
        (b'a="q; x"', 'a="q'),
        (b'a="1, 2"', 'a="1, 2"'),
        (b"a=1, b=2", "a=1, b=2"),
        (b"a=b=c==", "a=b=c=="),
        (b"a=", "a="),
        (b"alone", "alone"),
        (b"=alone", "alone"),
        (b"a=%0d%0aX: y", "a=%0d%0aX: y"),
        (b"a=" + b"v" * 4095, "a=" + "v" * 4095),
        (b"a=" + b"v" * 4096, None),
        (b"a=1; Path=/" + b"x" * 1024, "a=1"),
        (b"a=1\x01", None),
        (b"a=1\x7f", None),
        (b"a=1\x0b\x0c", None),
        (b"", None),
        (b";", None),
        (b"=", None),
    ],
    ids=lambda value: repr(value)[:24],
)
def test_the_octets_of_a_cookie_go_back_as_they_came(
    server: ScriptedServer, session: InternetSession, line: bytes, expected: str | None
) -> None:
    server.reply(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nSet-Cookie: " + line + b"\r\n\r\n")
    server.route("/", response())
    session.fetch_one(server.url("/"))
    for ask in ASK.values():
        ask(session, server.url("/"))
        assert sent(server) == expected
        assert server.received[-1].header("x") in {None, "y"}  # of the ways themselves


def test_a_cookie_with_a_bare_carriage_return_is_not_kept(server: ScriptedServer, session: InternetSession) -> None:
    server.reply(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nSet-Cookie: a=1\rX: y\r\n\r\n")
    server.route("/", response())
    with session.fetch([server.url("/")]) as rows:
        (result,) = rows
    # RFC 9112 section 2.2 lets a recipient refuse the field, or replace the octet: libcurl 8 does the first.
    assert result.error is None or result.error.code == 12152
    session.fetch_one(server.url("/"))
    assert sent(server) is None


@few_ways
def test_names_of_any_case_and_folded_lines_are_read(
    server: ScriptedServer, session: InternetSession, ask: Ask
) -> None:
    server.reply(
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nset-cookie:a=1\r\nSET-COOKIE: \t b=2\r\nSet-Cookie:\r\n c=3\r\n"
        b"Set-Cookie: d=4\r\n ; Path=/far\r\nSet-Cookie2: e=5\r\nX-Set-Cookie: f=6\r\n\r\n"
    )
    ask(session, server.url("/"))
    assert known(session, server.url("/")) == "a=1; b=2; c=3"


@few_ways
def test_an_answer_may_set_many_long_cookies(server: ScriptedServer, session: InternetSession, ask: Ask) -> None:
    cookies = [f"c{number:03}={'v' * 1000}" for number in range(150)]
    server.reply(setting(*cookies))
    server.reply(response())
    ask(session, server.url("/"))
    ask(session, server.url("/"))
    assert sent(server) == "; ".join(cookies)


@few_ways
def test_a_tab_in_a_url_is_never_a_cookie(server: ScriptedServer, session: InternetSession, ask: Ask) -> None:
    session.set_cookie(server.url("/"), "a", "1")
    server.route("/x", response())
    url = server.url("/x\tevil=1")
    if ask is ASK["fetch"]:
        rows = sorted(session.fetch([server.url("/x"), url, server.url("/x")]), key=lambda row: row.error is not None)
        assert [row.error and row.error.code for row in rows] == [None, None, 12005]
    else:
        with pytest.raises(InternetException) as caught:
            ask(session, url)
        assert caught.value.code == 12005
    assert {got.header("cookie") for got in server.received} <= {"a=1"}


# ---- many rows, many threads ----


def test_thousands_of_plain_rows_each_carry_what_is_theirs(server: ScriptedServer, named: InternetSession) -> None:
    named.set_cookie("http://a.example.test/", "a", "1; Domain=a.example.test")
    named.set_cookie("http://a.example.test/", None, "utf=\u00e9\t\u20ac")
    named.set_cookie("http://sub.a.example.test/deep/", "d", "2")
    mine = {"a.example.test": "a=1; utf=\u00e9\t\u20ac", "sub.a.example.test": "a=1", "b.test": None}
    hosts = list(mine)
    server.route("/x", response(b"x"))
    server.route("/deep/x", response(b"x"))
    urls = [at(server, hosts[n % 3], "/deep/x" if n % 5 == 0 else "/x") + f"?{n}" for n in range(2000)]
    assert all(row.body == b"x" for row in named.fetch(urls))
    assert len(server.received) == 2000
    for got in server.received:
        host = (got.header("host") or "").partition(":")[0]
        expected = mine[host]
        if host.startswith("sub") and got.target.startswith("/deep"):
            expected = "d=2; a=1"
        cookie = got.header("cookie")
        assert (cookie and cookie.encode("latin-1").decode()) == expected


def test_plain_rows_and_others_mixed_carry_the_same(server: ScriptedServer, session: InternetSession) -> None:
    session.set_cookie(server.url("/"), "a", "1")
    server.route("/x", response())
    rows: list[str | Request] = [
        server.url("/x"), Request(server.url("/x"), headers={"Cookie": "mine=1"}), server.url("/x?\u00fc"),
        Request(server.url("/x"), flags=InternetFlag.NO_COOKIES), Request(server.url("/x"), "POST", body=b"x"),
    ] * 40  # fmt: skip
    assert all(row.ok for row in session.fetch(rows))
    cookies = [got.header("cookie") for got in server.received]
    assert (cookies.count("a=1"), cookies.count(None), len(cookies)) == (160, 40, 200)


def test_a_thousand_rows_may_each_set_a_cookie(server: ScriptedServer, named: InternetSession) -> None:
    for number in range(1000):
        foreign = "; Domain=example.test" if number % 2 else ""
        server.reply(setting(f"c{number}={number}{foreign}"))
    urls = [at(server, f"h{number % 10}.test") for number in range(1000)]
    assert all(row.ok for row in named.fetch(urls))
    stored = [pair for host in range(10) for pair in known(named, f"http://h{host}.test/").split("; ")]
    assert sorted(stored) == sorted(f"c{number}={number}" for number in range(0, 1000, 2))


def started(work: Callable[[int], None], count: int, failed: list[BaseException]) -> list[threading.Thread]:
    """Threads that call *work* with their number; what it raises is put into *failed*."""

    def run(number: int) -> None:
        try:
            work(number)
        except BaseException as error:  # noqa: BLE001 - handed to the test
            failed.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    return threads


def test_cookies_change_while_threads_ask(server: ScriptedServer, session: InternetSession) -> None:
    count, rounds, changes = 8, 40, 0
    failed: list[BaseException] = []
    asks = [ASK["fetch_one"], ASK["open_url"], ASK["fetch"], ASK["fetch_one of a Request"]]
    for number in range(count):
        server.route(f"/t{number}/x", setting(f"own={number}", "shared=server; Path=/"))

    def work(number: int) -> None:
        for _ in range(rounds):
            asks[number % len(asks)](session, server.url(f"/t{number}/x"))

    threads = started(work, count, failed)
    while any(thread.is_alive() for thread in threads):
        changes += 1
        session.set_cookie(server.url("/"), "shared", f"{changes}; Path=/")
        assert session.get_cookie(server.url("/")).startswith("shared=")
    assert not failed
    assert len(server.received) == count * rounds
    for got in server.received:
        assert re.fullmatch(rf"(own={got.target[2]}; )?(shared=(server|\d+))?", got.header("cookie") or "")
    for number in range(count):
        assert known(session, server.url(f"/t{number}/")).startswith(f"own={number}; shared=")


def test_rows_send_what_fetch_one_set(server: ScriptedServer, session: InternetSession) -> None:
    server.reply(setting("a=1"))
    server.route("/", response())
    session.fetch_one(server.url("/"))
    rows = session.fetch([server.url("/")] * 2)
    assert all(row.ok for row in rows)
    assert [got.header("cookie") for got in server.received] == [None, "a=1", "a=1"]
