"""Answers that are no HTTP, or nearly none: the fault is named, and nothing short is taken for whole (RFC 9112)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pyinet import ConnectionLost, HttpQuery, InternetException, LimitExceeded, ProtocolError
from pyinet._transfer.engine import library_versions

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyinet import InternetSession
    from servers.scripted import ScriptedConn, ScriptedServer

OK = b"HTTP/1.1 200 OK\r\n"
UNFOLDS = str(library_versions()["libcurl"]).startswith("8.")
"""Newer libcurl takes a folded line for what it means (RFC 9112 section 5.2), and no second space before a status."""
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"


def read(server: ScriptedServer, session: InternetSession, answer: bytes) -> bytes:
    """The body of a GET that is answered so, before the connection ends."""

    def script(conn: ScriptedConn) -> None:
        conn.recv_request()
        conn.send(answer)

    server.play(script)
    with session.get_http_connection("127.0.0.1", server.port) as connection, connection.get() as file:
        return file.read()


@pytest.mark.parametrize(
    "chunks",
    [
        b"zz\r\nhello\r\n0\r\n\r\n", b"-5\r\nhello\r\n0\r\n\r\n", b"\r\nhello\r\n0\r\n\r\n", b"5\r\nhelloXX0\r\n\r\n",
        b"0x5\r\nhello\r\n0\r\n\r\n", b"FFFFFFFFFFFFFFFFFF\r\nhello\r\n0\r\n\r\n", b"3\r\nhello\r\n0\r\n\r\n",
        b"5\r\nhello\r\n0\r\nno field\r\n\r\n", b"5h\r\nhello\r\n0\r\n\r\n", b"5 5\r\nhello\r\n0\r\n\r\n",
        b"5,5\r\nhello\r\n0\r\n\r\n", b"5.0\r\nhello\r\n0\r\n\r\n", b"5\0\r\nhello\r\n0\r\n\r\n",
        b"5\rX\nhello\r\n0\r\n\r\n", b"5\rhello\r\n0\r\n\r\n", b"5;a\rb\r\nhello\r\n0\r\n\r\n",
        b"5;\0\r\nhello\r\n0\r\n\r\n", b"5\r\nhello\r\n0\r\n: x\r\n\r\n", b"5\r\nhello\r\n0\r\n x\r\n\r\n",
        b"5\r\nhello\r\n0\r\nX: \0\r\n\r\n",
    ],
    ids=[
        "no number", "negative", "empty", "no line end", "prefix", "overflow", "longer", "trailer", "suffix",
        "two sizes", "list", "fraction", "NUL", "CR", "CR alone", "CR in extension", "NUL in extension",
        "trailer without name", "trailer folds nothing", "NUL in trailer",
    ],
)  # fmt: skip
def test_malformed_chunks_are_the_servers_fault(
    server: ScriptedServer, session: InternetSession, chunks: bytes
) -> None:
    with pytest.raises(ProtocolError) as caught:
        read(server, session, CHUNKED + chunks)
    assert caught.value.code == 12152


def test_extensions_without_end_are_refused(server: ScriptedServer, session: InternetSession) -> None:
    def script(conn: ScriptedConn) -> None:
        conn.recv_request()
        conn.send(CHUNKED + b"5;")
        while True:
            conn.send(b"x" * 65536)

    server.play(script)
    with pytest.raises(LimitExceeded), session.open_url(server.url()) as file:
        file.read()


def test_chunks_that_are_cut_off_are_a_lost_connection(server: ScriptedServer, session: InternetSession) -> None:
    with pytest.raises(ConnectionLost):
        read(server, session, CHUNKED + b"5\r\nhel")


@pytest.mark.parametrize(
    "fields",
    [
        b"Transfer-Encoding: chunked\r\n , gzip\r\n", b"Transfer-Encoding : chunked\r\n",
        b"Content-Length : 99\r\n", b"Content-Length\t: 99\r\n", b"Content-Length: 3\r\n 5\r\n",
    ],
    ids=["fold behind", "space", "length space", "length tab", "length fold behind"],
)  # fmt: skip
def test_a_body_is_not_framed_by_what_libcurl_does_not_see(
    server: ScriptedServer, session: InternetSession, fields: bytes
) -> None:
    with pytest.raises(ProtocolError) as caught:
        read(server, session, OK + fields + b"\r\n3\r\nabc\r\n0\r\n\r\n")
    assert caught.value.code == 12152


@pytest.mark.parametrize(
    "answer",
    [
        OK + b"Transfer-Encoding:\r\n chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        OK + b"Content-Length:\r\n 3\r\n\r\nabc",
        OK + b" X: folded\r\nContent-Length: 3\r\n\r\nabc",
    ],
    ids=["chunked", "length", "behind the status"],
)
def test_a_folded_line_is_refused_or_unfolded(server: ScriptedServer, session: InternetSession, answer: bytes) -> None:
    if UNFOLDS:
        assert read(server, session, answer) == b"abc"
        return
    with pytest.raises(ProtocolError) as caught:
        read(server, session, answer)
    assert caught.value.code == 12152


def test_a_length_that_is_folded_and_does_not_hold(server: ScriptedServer, session: InternetSession) -> None:
    with pytest.raises(ConnectionLost if UNFOLDS else ProtocolError):
        read(server, session, OK + b"Content-Length:\r\n 99\r\n\r\nabc")


def test_a_folded_first_line_behind_another_answer_is_no_more(server: ScriptedServer, session: InternetSession) -> None:
    fields = b"".join(b"X-%d: %s\r\n" % (n, b"v" * 40 * n) for n in range(9))
    good, folded = OK + fields + b"Content-Length: 2\r\n\r\nhi", OK + b" X: folded\r\nContent-Length: 2\r\n\r\nhi"
    for _ in range(20):  # libcurl before 8.1.1 appends it to a field it has freed
        server.route("/", good)
        assert session.fetch_one(server.url()).body == b"hi"
        server.route("/", folded)
        if UNFOLDS:
            assert session.fetch_one(server.url()).body == b"hi"
        else:
            with pytest.raises(ProtocolError):
                session.fetch_one(server.url())


def test_spaces_around_the_status_do_not_hide_it(server: ScriptedServer, session: InternetSession) -> None:
    server.reply(b"HTTP/1.1 404  Not here\r\nContent-Length: 0\r\n\r\n")
    with session.get_http_connection("127.0.0.1", server.port) as connection, connection.get() as file:
        assert (file.status_code, file.reason, file.ok) == (404, "Not here", False)
        assert file.query_info(HttpQuery.STATUS_CODE) == "404"
        assert file.query_info(HttpQuery.STATUS_TEXT) == "Not here"


def test_a_status_after_two_spaces_is_read_or_refused(server: ScriptedServer, session: InternetSession) -> None:
    server.reply(b"HTTP/1.1  404 Not here\r\nContent-Length: 0\r\n\r\n")
    with session.get_http_connection("127.0.0.1", server.port) as connection:
        if UNFOLDS:
            with pytest.raises(ProtocolError):
                connection.get()
            return
        with connection.get() as file:
            assert (file.status_code, file.reason) == (404, "Not here")


def code_and_context(call: Callable[[], object]) -> tuple[int, int]:
    with pytest.raises(InternetException) as caught:
        call()
    return caught.value.code, caught.value.context


def test_an_error_has_the_context_of_the_file(server: ScriptedServer, session: InternetSession) -> None:
    server.route("/", OK + b"Content-Length: 9\r\nConnection: close\r\n\r\nabc")
    with session.get_http_connection("127.0.0.1", server.port) as connection, connection.get(context=77) as file:
        assert file.read(9) == b"abc"
        for call in (file.read, file.readline, file.available):
            assert code_and_context(call) == (12030, 77)
        assert code_and_context(lambda: file.query_info("X-Absent")) == (12150, 77)
