"""The body of an answer with Location: read like any when that is final, dropped when it is followed."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pytest

from pyinet import HttpFile, InternetException, InternetFlag
from servers.scripted import response

if TYPE_CHECKING:
    from pyinet import InternetSession
    from servers.scripted import ScriptedConn, ScriptedServer

pytestmark = pytest.mark.usefixtures("driver")

SIZES = [0, 5, 65_536, 65_537, 262_144, 262_145, 3_000_000]


def body_of(size: int) -> bytes:
    return (bytes(range(251)) * (size // 251 + 1))[:size]


def chunked(body: bytes, *fields: str, status: str) -> bytes:
    lines = "\r\n".join([f"HTTP/1.1 {status}", "Transfer-Encoding: chunked", *fields, "", ""]).encode()
    pieces = [body[at : at + 50_000] for at in range(0, len(body), 50_000)]
    return lines + b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("make", [response, chunked], ids=["length", "chunks"])
@pytest.mark.parametrize("location", ["ftp://127.0.0.1/x", "", "mailto:a@b"])
def test_an_answer_that_leads_nowhere_is_read_whole(
    server: ScriptedServer, session: InternetSession, size: int, make: object, location: str
) -> None:
    server.reply(make(body_of(size), f"Location: {location}", status="302 Found"))  # type: ignore[operator]
    server.reply(response(b"next"))
    with session.open_url(server.url("/")) as file:
        assert isinstance(file, HttpFile)
        assert file.status_code == 302
        assert file.read() == body_of(size)
    assert session.open_url(server.url("/")).read() == b"next"
    assert server.connections == 1


@pytest.mark.parametrize("size", SIZES)
def test_an_answer_that_must_not_be_followed_is_read_whole(
    server: ScriptedServer, session: InternetSession, size: int
) -> None:
    server.reply(response(body_of(size), "Location: /elsewhere", status="301 Moved"))
    with session.open_url(server.url("/"), flags=InternetFlag.NO_AUTO_REDIRECT) as file:
        assert isinstance(file, HttpFile)
        assert (file.status_code, file.read()) == (301, body_of(size))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("make", [response, chunked], ids=["length", "chunks"])
def test_an_answer_that_is_followed_may_have_a_body(
    server: ScriptedServer, session: InternetSession, size: int, make: object
) -> None:
    server.reply(make(body_of(size), "Location: /there", status="307 Elsewhere"))  # type: ignore[operator]
    server.route("/there", response(b"here"))
    with session.open_url(server.url("/")) as file:
        assert isinstance(file, HttpFile)
        assert (file.status_code, file.read(), file.url) == (200, b"here", server.url("/there"))
    assert server.requests == [b"GET / HTTP/1.1", b"GET /there HTTP/1.1"]


def test_a_short_body_keeps_its_connection(server: ScriptedServer, session: InternetSession) -> None:
    server.reply(response(body_of(60_000), "Location: /there", status="302 Found"))
    server.route("/there", response(b"here"))
    assert session.open_url(server.url("/")).read() == b"here"
    assert server.connections == 1


def test_a_body_without_end_is_not_waited_for(server: ScriptedServer, session: InternetSession) -> None:
    def endless(conn: ScriptedConn) -> None:
        conn.recv_request()
        conn.send(b"HTTP/1.1 302 Found\r\nLocation: /there\r\n\r\n")
        while True:
            conn.send(bytes(100_000))

    server.play(endless)
    server.route("/there", response(b"here"))
    assert session.open_url(server.url("/")).read() == b"here"
    assert server.connections == 2


def test_a_coded_body_that_is_cut_by_following_is_no_fault(server: ScriptedServer, session: InternetSession) -> None:
    def slow(conn: ScriptedConn) -> None:
        conn.recv_request()
        coded = gzip.compress(body_of(5_000_000))
        conn.send(
            b"HTTP/1.1 302 Found\r\nContent-Encoding: gzip\r\nLocation: /there\r\n\r\n" + coded[: len(coded) // 2]
        )
        conn.wait_closed()

    server.play(slow)
    server.route("/there", response(b"here"))
    assert session.open_url(server.url("/")).read() == b"here"


def test_a_body_that_ends_too_early_is_an_error_when_it_is_read(
    server: ScriptedServer, session: InternetSession
) -> None:
    def cut(conn: ScriptedConn) -> None:
        conn.recv_request()
        conn.send(b"HTTP/1.1 302 Found\r\nLocation: ftp://x/\r\nContent-Length: 100000\r\n\r\n" + bytes(70_000))
        conn.close()

    server.play(cut)
    with session.open_url(server.url("/")) as file:
        with pytest.raises(InternetException) as caught:
            file.read()
        assert caught.value.code == 12030


def test_too_many_redirects_with_long_bodies(server: ScriptedServer, session: InternetSession) -> None:
    server.route("/", response(body_of(400_000), "Location: /", status="302 Found"))
    with pytest.raises(InternetException) as caught:
        session.open_url(server.url("/"))
    assert caught.value.code == 12156
    assert len(server.received) == 11


def test_cookies_of_every_hop_count_whatever_its_body(server: ScriptedServer, session: InternetSession) -> None:
    server.reply(response(body_of(300_000), "Location: /two", "Set-Cookie: a=1", status="302 Found"))
    server.reply(response(body_of(300_000), "Location: ftp://x/", "Set-Cookie: b=2", status="302 Found"))
    with session.open_url(server.url("/")) as file:
        assert len(file.read()) == 300_000
    assert server.received[1].header("cookie") == "a=1"
    assert session.get_cookie(server.url("/")) == "a=1; b=2"
