"""Which answers are followed, with what method, body and headers, and where it ends (RFC 9110 section 15.4)."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from pyinet import (
    AccessType,
    InternetFlag,
    InternetSession,
    InternetTimeout,
    ProtocolError,
    Request,
)
from servers.scripted import response

if TYPE_CHECKING:
    from pathlib import Path

    from servers.scripted import ScriptedConn, ScriptedServer

CODES = ("301 Moved Permanently", "302 Found", "303 See Other", "307 Temporary Redirect", "308 Permanent Redirect")


def redirect(location: str, status: str = "302 Found", body: bytes = b"") -> bytes:
    return response(body, f"Location: {location}", status=status)


# ---- method and body ----


@pytest.mark.parametrize("status", CODES)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_safe_methods_stay_as_they_are(
    server: ScriptedServer, session: InternetSession, status: str, method: str
) -> None:
    server.route("/a", response(b"", "Location: /b", status=status))
    server.route("/b", response(b"" if method == "HEAD" else b"there"))
    result = session.fetch_one(Request(server.url("/a"), method=method))
    assert (result.status, result.url) == (200, server.url("/b"))
    assert server.requests == [f"{method} {path} HTTP/1.1".encode() for path in ("/a", "/b")]


@pytest.mark.parametrize("status", CODES[:3])
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_301_302_303_turn_a_request_with_a_body_into_a_get_without(
    server: ScriptedServer, session: InternetSession, status: str, method: str
) -> None:
    server.route("/a", redirect("/b", status))
    server.route("/b", response(b"there"))
    request = Request(server.url("/a"), method, {"Content-Type": "text/plain", "X-Mine": "1"}, b"payload")
    assert session.fetch_one(request).body == b"there"
    first, second = server.received
    assert (first.method, first.body) == (method, b"payload")
    assert (second.method, second.body) == ("GET", b"")
    assert second.header("content-length") is None
    assert second.header("content-type") is None
    assert second.header("x-mine") == "1"


@pytest.mark.parametrize("status", CODES)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_headers_of_a_body_that_is_not_there_go_no_further(
    server: ScriptedServer, session: InternetSession, status: str, method: str
) -> None:
    server.route("/a", redirect("/b", status))
    server.route("/b", response())
    session.fetch_one(Request(server.url("/a"), method, {"Content-Type": "text/plain", "Content-Language": "en"}))
    first, second = server.received
    assert (first.header("content-type"), second.header("content-type")) == ("text/plain", None)
    assert second.header("content-language") == "en"


@pytest.mark.parametrize("status", CODES[3:])
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_307_and_308_repeat_method_and_body(
    server: ScriptedServer, session: InternetSession, status: str, method: str
) -> None:
    server.route("/a", redirect("/b", status))
    server.route("/b", response(b"there"))
    request = Request(server.url("/a"), method, {"Content-Type": "text/plain"}, b"payload")
    assert session.fetch_one(request).body == b"there"
    assert [(got.method, got.body) for got in server.received] == [(method, b"payload")] * 2
    assert server.received[1].header("content-type") == "text/plain"


def test_a_file_body_is_sent_again_by_307(server: ScriptedServer, session: InternetSession, tmp_path: Path) -> None:
    payload = bytes(range(256)) * 1000
    (tmp_path / "in").write_bytes(payload)
    server.route("/a", redirect("/b", "307 Temporary Redirect"))
    server.route("/b", response(b"there"))
    assert session.fetch_one(Request(server.url("/a"), "PUT", body=tmp_path / "in")).body == b"there"
    assert [got.body for got in server.received] == [payload] * 2


# ---- where to ----


@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("/b", "/b"),
        ("b", "/dir/b"),
        ("../b", "/b"),
        ("../../../b", "/b"),
        ("./b/./c/../d", "/dir/b/d"),
        ("?x=1", "/dir/a?x=1"),
        ("b?x=/../y", "/dir/b?x=/../y"),
        ("/with space", "/with%20space"),
        ("/already%20encoded%2f", "/already%20encoded%2f"),
        ("/caf\u00c3\u00a9", "/caf%C3%A9"),  # UTF-8 on the wire
        ("/caf\u00e9", "/caf%E9"),  # Latin-1 on the wire
        ("/b;p=1", "/b;p=1"),
        ('/a|b^c"d', '/a|b^c"d'),
        ("//{host}/b", "/b"),
        ("HTTP://{host}/b", "/b"),
        ("http://{host}", "/"),
        ("http://{host}?q", "/?q"),
        (" \t/b \t", "/b"),
    ],
)
def test_locations_are_resolved_against_the_request(
    server: ScriptedServer, session: InternetSession, location: str, target: str
) -> None:
    server.reply(redirect(location.format(host=f"127.0.0.1:{server.port}")))
    server.reply(response(b"there"))
    assert session.fetch_one(server.url("/dir/a?old=1")).body == b"there"
    assert server.received[1].target == target


def test_a_fragment_is_inherited_and_never_sent(server: ScriptedServer, session: InternetSession) -> None:
    server.route("/a", redirect("/b"))
    server.route("/b", redirect("/c#own"))
    server.route("/c", response(b"there"))
    result = session.fetch_one(server.url("/a#first"))
    assert result.url == server.url("/c#own")
    assert [got.target for got in server.received] == ["/a", "/b", "/c"]


@pytest.mark.parametrize("location", ["", "  "])
def test_an_empty_location_is_not_followed(server: ScriptedServer, session: InternetSession, location: str) -> None:
    server.reply(redirect(location, body=b"as it is"))
    result = session.fetch_one(server.url())
    assert (result.status, result.body) == (302, b"as it is")


@pytest.mark.parametrize(
    "status", ["300 Multiple Choices", "304 Not Modified", "305 Use Proxy", "306 Unused", "201 Created"]
)
def test_other_codes_with_a_location_are_final(server: ScriptedServer, session: InternetSession, status: str) -> None:
    server.reply(response(b"", "Location: /b", status=status))
    assert session.fetch_one(server.url("/a")).status == int(status[:3])
    assert len(server.received) == 1


def test_a_redirect_without_location_is_final(server: ScriptedServer, session: InternetSession) -> None:
    server.reply(response(b"where?", status="302 Found"))
    result = session.fetch_one(server.url())
    assert (result.status, result.body, result.ok) == (302, b"where?", True)


def test_a_location_sent_twice_is_not_joined_into_a_third_one(server: ScriptedServer, session: InternetSession) -> None:
    server.route("/a", response(b"", "Location: /b", "Location: /b", status="302 Found"))
    server.route("/b", response(b"there"))
    assert session.fetch_one(server.url("/a")).body == b"there"
    assert [got.target for got in server.received] == ["/a", "/b"]


@pytest.mark.parametrize(
    "location", ["ftp://127.0.0.1/x", "file:///etc/passwd", "mailto:a@b.example", "data:,x", "javascript:1"]
)
def test_a_location_of_another_scheme_leaves_the_answer_as_it_is(
    server: ScriptedServer, session: InternetSession, location: str
) -> None:
    server.reply(redirect(location, body=b"look there"))
    result = session.fetch_one(server.url("/a"))
    assert (result.status, result.body, result.url) == (302, b"look there", server.url("/a"))
    assert result.headers["location"] == location


@pytest.mark.parametrize(
    "location",
    [
        "http:///nohost", "http://:80/", "http://a b/", "http://127.0.0.1:99999/", "http://127.0.0.1:x/", "http://[::1/",
        "http://%00/", "http://a%0D%0Ab/", "http://[gggg]/",
    ],
)  # fmt: skip
def test_a_location_that_is_no_url_is_12005_and_the_status_stays_readable(
    server: ScriptedServer, session: InternetSession, location: str
) -> None:
    server.reply(redirect(location))
    with session.fetch([server.url()]) as rows:
        (result,) = rows
    assert isinstance(result.error, ProtocolError)
    assert (result.error.code, result.status) == (12005, 302)


# ---- how long ----


def test_ten_redirects_are_followed(server: ScriptedServer, session: InternetSession) -> None:
    for n in range(10):
        server.route(f"/{n}", redirect(f"/{n + 1}"))
    server.route("/10", response(b"there"))
    assert session.fetch_one(server.url("/0")).body == b"there"
    assert len(server.received) == 11


def test_the_eleventh_redirect_is_12156(server: ScriptedServer, session: InternetSession) -> None:
    for n in range(11):
        server.route(f"/{n}", redirect(f"/{n + 1}"))
    with pytest.raises(ProtocolError) as caught:
        session.fetch_one(server.url("/0"))
    assert caught.value.code == 12156
    assert len(server.received) == 11


def test_a_loop_ends(server: ScriptedServer, session: InternetSession) -> None:
    server.route("/a", redirect("/b"))
    server.route("/b", redirect("/a"))
    with pytest.raises(ProtocolError) as caught:
        session.fetch_one(server.url("/a"))
    assert caught.value.code == 12156
    assert server.connections == 1


def test_a_timeout_covers_all_hops(server: ScriptedServer, session: InternetSession) -> None:
    never = server.gate()

    def script(conn: ScriptedConn) -> None:
        while conn.recv_request():
            if len(server.received) > 1:
                conn.wait_closed()
                return
            never.wait(0.4)  # part of the time is spent on the first hop
            conn.send(redirect("/b"))

    server.play(script)
    started = time.monotonic()
    with pytest.raises(InternetTimeout):
        session.fetch_one(Request(server.url("/a"), timeout=0.6))
    assert 0.55 < time.monotonic() - started < 0.95
    assert len(server.received) == 2


@pytest.mark.parametrize("ordered", [False, True])
def test_many_redirects_through_one_slot_lose_no_row(
    server: ScriptedServer, session: InternetSession, ordered: bool
) -> None:
    for n in range(10):
        server.route(f"/{n}", redirect(f"/{n + 1}", body=b"x" * 5000))
    server.route("/10", response(b"there"))
    urls = [server.url("/0" if n % 2 else "/10") for n in range(60)]
    with session.fetch(urls, in_flight=1, per_host=1, ordered=ordered, buffer_bytes=16384) as rows:
        results = list(rows)
        assert rows.progress().body_bytes == 0
    assert [result.body for result in results] == [b"there"] * 60
    assert server.connections == 1


def test_refused_and_endless_redirects_give_their_slot_back(server: ScriptedServer, session: InternetSession) -> None:
    server.route("/loop", redirect("/loop"))
    server.route("/bad", redirect("http:///"))
    server.route("/ftp", redirect("ftp://127.0.0.1/"))
    server.route("/a", response(b"there"))
    paths = ["/loop", "/bad", "/ftp", "/a"] * 5
    with session.fetch([server.url(path) for path in paths], in_flight=1, per_host=1, ordered=True) as rows:
        outcomes = [result.error.code if result.error else result.status for result in rows]
    assert outcomes == [12156, 12005, 302, 200] * 5


def test_the_body_of_a_redirect_counts_against_max_size_hop_by_hop(
    server: ScriptedServer, session: InternetSession
) -> None:
    server.route("/a", redirect("/b", body=b"x" * 90))
    server.route("/b", response(b"y" * 90))
    assert session.fetch_one(Request(server.url("/a"), max_size=100)).body == b"y" * 90


# ---- flags, files ----


@pytest.mark.parametrize("on_session", [False, True])
def test_no_auto_redirect_returns_the_answer(server: ScriptedServer, on_session: bool) -> None:
    server.reply(redirect("/b", body=b"as it is"))
    flag, none = InternetFlag.NO_AUTO_REDIRECT, InternetFlag(0)
    with InternetSession("t", access_type=AccessType.DIRECT, flags=flag if on_session else none) as session:
        result = session.fetch_one(Request(server.url("/a"), flags=none if on_session else flag))
    assert (result.status, result.body, result.headers["location"]) == (302, b"as it is", "/b")
    assert len(server.received) == 1


@pytest.mark.parametrize("to_file", [False, True], ids=["memory", "file"])
@pytest.mark.parametrize("fields", [(), ("Content-Length: 1000000000",)], ids=["no end", "a gigabyte"])
def test_a_long_body_is_not_waited_for(
    server: ScriptedServer, session: InternetSession, fields: tuple[str, ...], tmp_path: Path, *, to_file: bool
) -> None:
    def endless(conn: ScriptedConn) -> None:
        conn.recv_request()
        conn.send("\r\n".join(["HTTP/1.1 302 Found", "Location: /there", *fields, "", ""]).encode())
        while True:
            conn.send(bytes(100_000))

    server.play(endless)
    server.route("/there", response(b"here"))
    request = Request(server.url("/"), path=tmp_path / "out" if to_file else None, timeout=20)
    with session.fetch([request]) as rows:
        (result,) = rows
        assert rows.progress().failed == 0
    assert ((tmp_path / "out").read_bytes() if to_file else result.body) == b"here"
    assert server.connections == 2


def test_a_body_that_does_not_decode_is_no_fault(server: ScriptedServer, session: InternetSession) -> None:
    server.route("/a", response(b"no gzip", "Location: /b", "Content-Encoding: gzip", status="302 Found"))
    server.route("/b", response(b"there"))
    assert session.fetch_one(server.url("/a")).body == b"there"


def test_a_long_body_that_leads_nowhere_arrives_whole(server: ScriptedServer, session: InternetSession) -> None:
    body = bytes(range(256)) * 1000
    server.reply(redirect("ftp://127.0.0.1/x", body=body))
    assert session.fetch_one(server.url("/a")).body == body


def test_only_the_last_body_reaches_the_file(server: ScriptedServer, session: InternetSession, tmp_path: Path) -> None:
    server.route("/a", redirect("/b", body=b"moved" * 1000))
    server.route("/b", response(b"there" * 1000))
    result = session.fetch_one(Request(server.url("/a"), path=tmp_path / "out"))
    assert result.body == b""
    assert [(file.name, file.read_bytes()) for file in tmp_path.iterdir()] == [("out", b"there" * 1000)]


def test_an_unfollowed_redirect_leaves_no_file(
    server: ScriptedServer, session: InternetSession, tmp_path: Path
) -> None:
    server.reply(redirect("/b", body=b"moved"))
    request = Request(server.url("/a"), path=tmp_path / "out", flags=InternetFlag.NO_AUTO_REDIRECT)
    assert session.fetch_one(request).body == b"moved"
    assert list(tmp_path.iterdir()) == []
