"""Hostile and broken answers: each is an error of the right kind, none a short or foreign success (RFC 9112)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pyinet import ConnectionLost, InternetException, LimitExceeded, ProtocolError, Request, TransferError
from servers.scripted import ScriptedServer, response
from waiting import eventually

if TYPE_CHECKING:
    from pathlib import Path

    from pyinet import InternetSession, Result
    from servers.scripted import Script, ScriptedConn

OK = b"HTTP/1.1 200 OK\r\n"


def once(data: bytes) -> Script:
    """Answer one request with these bytes, then end the connection."""

    def script(conn: ScriptedConn) -> None:
        conn.recv_request()
        conn.send(data)
        conn.close()

    return script


def row_of(session: InternetSession, request: str | Request) -> Result:
    with session.fetch([request]) as rows:
        (result,) = rows
    return result


def error_of(session: InternetSession, request: str | Request) -> InternetException:
    result = row_of(session, request)
    assert result.error, f"a success: {result!r}"
    assert not result.ok
    with pytest.raises(type(result.error)):
        result.raise_for_status()
    return result.error


# ---- header section ----

WHOLE = OK + b"Content-Type: text/plain\r\nContent-Length: 5\r\n\r\n"


@pytest.mark.parametrize("cut", range(1, len(WHOLE)))
def test_a_header_section_that_is_cut_off_is_no_answer(
    server: ScriptedServer, session: InternetSession, cut: int
) -> None:
    server.play(*[once(WHOLE[:cut])] * 2)  # before the first byte of an answer a GET may be sent again
    error = error_of(session, server.url())
    assert isinstance(error, ProtocolError)
    assert error.code == 12152


@pytest.mark.parametrize("method", ["HEAD", "GET"])
@pytest.mark.parametrize("line", ["HTTP/1.1 204 No Content", "HTTP/1.1 304 Not Modified", "HTTP/1.1 200 OK"])
def test_nor_is_one_without_its_empty_line(
    server: ScriptedServer, session: InternetSession, line: str, method: str
) -> None:
    server.play(once(f"{line}\r\nServer: x\r\n".encode()))
    assert isinstance(error_of(session, Request(server.url(), method=method)), ProtocolError)


@pytest.mark.parametrize(
    "data",
    [
        b"hello, this is HTTP/0.9\n",
        b"<html></html>",
        b"\x15\x03\x01\x00\x02\x02\x0a",  # a TLS alert
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"ICY 200 OK\r\n\r\nmusic",
        b"RTSP/1.0 200 OK\r\n\r\n",
        b"\r\n\r\n",
        b"\0" * 100,
        b"HTTP/1.1\r\n\r\n",
        b"HTTP/1.1 \r\n\r\n",
        b"HTTP/1.1 OK\r\n\r\n",
        b"HTTP/1.1 20\r\n\r\n",
        b"HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 -200 OK\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 20x OK\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 000 OK\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 099 OK\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/one 200 OK\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/7.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/2 200 OK\r\nContent-Length: 0\r\n\r\n",  # nobody negotiated it
        b"HTTP/1.1 200 OK\r\nno colon here\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX: a\0b\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX\0: ab\r\n\r\n",
        b"HTTP/1.1 200 O\0K\r\nContent-Length: 0\r\n\r\n",
    ],
)
def test_what_is_no_http_answer_is_a_protocol_error(
    server: ScriptedServer, session: InternetSession, data: bytes
) -> None:
    server.play(once(data))
    error = error_of(session, server.url())
    assert isinstance(error, ProtocolError)
    assert error.code == 12152


def test_an_empty_answer_is_a_protocol_error(server: ScriptedServer, session: InternetSession) -> None:
    server.play(*[once(b"")] * 2)
    assert isinstance(error_of(session, server.url()), ProtocolError)


def test_a_megabyte_of_headers_is_refused(server: ScriptedServer, session: InternetSession) -> None:
    server.play(once(OK + b"".join(b"X-%d: %s\r\n" % (n, b"v" * 1000) for n in range(1000)) + b"\r\n"))
    error = error_of(session, server.url())
    assert isinstance(error, (LimitExceeded, ProtocolError))


def test_a_megabyte_in_one_header_is_refused(server: ScriptedServer, session: InternetSession) -> None:
    server.play(once(OK + b"X: " + b"v" * (1 << 20) + b"\r\n\r\n"))
    assert isinstance(error_of(session, server.url()), LimitExceeded)


def test_a_status_line_without_end_is_refused(server: ScriptedServer, session: InternetSession) -> None:
    server.play(once(b"HTTP/1.1 200 " + b"O" * (1 << 20)))
    assert isinstance(error_of(session, server.url()), LimitExceeded)


def test_interim_answers_without_end_are_refused(server: ScriptedServer, session: InternetSession) -> None:
    hung_up = server.gate()

    def script(conn: ScriptedConn) -> None:
        conn.recv_request()
        try:
            while not hung_up.is_set():
                conn.send(b"HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n" * 100)
        except OSError:
            hung_up.set()

    server.play(script)
    assert isinstance(error_of(session, Request(server.url(), timeout=20)), (LimitExceeded, ProtocolError))
    assert hung_up.wait(10)


def test_200_kib_of_headers_arrive_whole(server: ScriptedServer, session: InternetSession) -> None:
    server.reply(response(b"hello", *(f"X-{n}: {'v' * 990}" for n in range(200))))
    result = session.fetch_one(server.url())
    assert (result.body, len(result.headers["x-199"])) == (b"hello", 990)


def test_interim_answers_are_passed_over(server: ScriptedServer, session: InternetSession) -> None:
    early = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nContent-Length: 99\r\nContent-Encoding: br\r\n\r\n"
    server.reply(b"HTTP/1.1 100 Continue\r\n\r\n" + early * 2 + response(b"hello", "X-Last: 1"), segment=3)
    result = session.fetch_one(server.url())
    assert (result.status, result.body) == (200, b"hello")
    assert list(result.headers.keys()) == ["Content-Length", "X-Last"]


@pytest.mark.parametrize("data", [b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"])
def test_an_interim_answer_alone_is_none(server: ScriptedServer, session: InternetSession, data: bytes) -> None:
    server.play(once(data))
    assert isinstance(error_of(session, server.url()), TransferError)


def test_switching_protocols_uninvited_is_no_success(server: ScriptedServer, session: InternetSession) -> None:
    server.play(once(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\nframes"))
    assert isinstance(error_of(session, server.url()), ProtocolError)


def test_bare_line_feeds_end_header_lines(server: ScriptedServer, session: InternetSession) -> None:
    server.reply(b"HTTP/1.1 200 OK\nContent-Length: 5\nX-A: b\n\nhello")  # RFC 9112 section 2.2
    result = session.fetch_one(server.url())
    assert (result.body, result.headers["x-a"]) == (b"hello", "b")


# ---- length of the body ----


@pytest.mark.parametrize(
    "length",
    [
        "18446744073709551616", "99999999999999999999",
        "9223372036854775808", "1" * 400, "-1", "-5", "+5", "5x", "0x5", "5.0",
        "5 5", "5, 6", "5,", ",5", "5;5", "five", "",
    ],
)  # fmt: skip
def test_a_content_length_that_is_no_number_is_a_protocol_error(
    server: ScriptedServer, session: InternetSession, length: str
) -> None:
    server.play(once(OK + f"Content-Length: {length}\r\n\r\nhello".encode()))
    assert isinstance(error_of(session, server.url()), ProtocolError)


def test_contradicting_content_lengths_are_a_protocol_error(server: ScriptedServer, session: InternetSession) -> None:
    server.play(once(OK + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!"))
    assert isinstance(error_of(session, server.url()), ProtocolError)


@pytest.mark.parametrize("fields", [b"Content-Length: 5\r\nContent-Length: 5\r\n", b"Content-Length: 5, 5\r\n"])
def test_the_same_content_length_twice_is_one(server: ScriptedServer, session: InternetSession, fields: bytes) -> None:
    server.play(once(OK + fields + b"\r\nhello"))
    assert session.fetch_one(server.url()).body == b"hello"


def test_a_transfer_encoding_of_identity_does_not_excuse_a_bad_length(
    server: ScriptedServer, session: InternetSession
) -> None:
    server.play(once(OK + b"Transfer-Encoding: identity\r\nContent-Length: 99999999999999999999\r\n\r\nhello"))
    assert isinstance(error_of(session, server.url()), ProtocolError)


@pytest.mark.parametrize("end", ["close", "reset"])
@pytest.mark.parametrize("sent", [0, 1, 4])
def test_a_body_shorter_than_its_length_is_lost(
    server: ScriptedServer, session: InternetSession, sent: int, end: str
) -> None:
    def script(conn: ScriptedConn) -> None:
        conn.recv_request()
        conn.send(OK + b"Content-Length: 5\r\n\r\n" + b"hello"[:sent])
        getattr(conn, end)()

    server.play(script)
    result = row_of(session, server.url())
    assert isinstance(result.error, ConnectionLost)
    assert result.error.code in {12030, 12031}
    assert result.status in {0, 200}  # a reset may overtake the header section
    assert b"hello".startswith(result.body)


def test_bytes_beyond_the_length_answer_nothing(server: ScriptedServer, session: InternetSession) -> None:
    smuggled = response(b"smuggled")
    server.reply(response(b"hello") + smuggled)
    server.route("/next", response(b"mine"))
    assert session.fetch_one(server.url("/first")).body == b"hello"
    for _ in range(5):
        assert session.fetch_one(server.url("/next")).body == b"mine"


CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
CHUNKS = b"3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n"


@pytest.mark.parametrize("cut", range(len(CHUNKS)))
def test_chunks_that_are_cut_off_are_no_success(server: ScriptedServer, session: InternetSession, cut: int) -> None:
    server.play(once(CHUNKED + CHUNKS[:cut]))
    result = row_of(session, server.url())
    assert isinstance(result.error, TransferError)
    assert b"hello".startswith(result.body)


@pytest.mark.parametrize(
    "body",
    [
        b"hello", b"x\r\nhello\r\n0\r\n\r\n", b"-5\r\nhello\r\n0\r\n\r\n", b"5\r\nhelloXX0\r\n\r\n", b"\r\nhello\r\n",
        b"10000000000000005\r\nhello\r\n0\r\n\r\n", b"ffffffffffffffff\r\nhello\r\n0\r\n\r\n",
    ],
)  # fmt: skip
def test_malformed_chunks_are_no_success(server: ScriptedServer, session: InternetSession, body: bytes) -> None:
    server.play(once(CHUNKED + body))
    assert isinstance(error_of(session, server.url()), TransferError)


@pytest.mark.parametrize(
    "body",
    [
        CHUNKS, b"5;name=value\r\nhello\r\n0\r\n\r\n", b"00005\r\nhello\r\n000\r\n\r\n",
        b'5 \t\r\nhello\r\n0 ; a = "b;c" \r\n\r\n', b"5\nhello\n0\nX: y\n\n",
        b"".join(b"1;%s\r\n%c\r\n" % (b"x" * 80, byte) for byte in b"hello") + b"0\r\nX: y\r\n : z\r\nX:\r\n\r\n",
        b"5\r\nhello\r\n0\r\nX-Trailer: 1\r\nContent-Length: 3\r\nContent-Encoding: gzip\r\nLocation: /x\r\n\r\n",
    ],
)  # fmt: skip
@pytest.mark.parametrize("segment", [None, 1])
def test_well_formed_chunks_arrive(
    server: ScriptedServer, session: InternetSession, body: bytes, segment: int | None
) -> None:
    server.reply(CHUNKED + body, segment=segment)
    result = session.fetch_one(server.url())
    assert result.body == b"hello"
    assert result.headers.keys() == ["Transfer-Encoding"]


@pytest.mark.parametrize("size", [1000, 1_000_000], ids=["many", "one"])
def test_a_megabyte_of_trailers_is_refused(server: ScriptedServer, session: InternetSession, size: int) -> None:
    fields = b"".join(b"X-%d: %s\r\n" % (n, b"v" * size) for n in range(1_000_000 // size))
    server.play(once(CHUNKED + b"5\r\nhello\r\n0\r\n" + fields + b"\r\n"))
    assert isinstance(error_of(session, server.url()), LimitExceeded)


def test_chunks_outweigh_a_content_length(server: ScriptedServer, session: InternetSession) -> None:
    server.play(once(OK + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n" + CHUNKS))
    assert session.fetch_one(server.url()).body == b"hello"  # RFC 9112 section 6.3


@pytest.mark.parametrize(
    ("method", "head"),
    [
        ("GET", b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n"),
        ("GET", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n"),
        ("GET", b"HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n"),
        ("HEAD", OK + b"Content-Length: 5\r\n\r\n"),
        ("HEAD", OK + b"Transfer-Encoding: chunked\r\n\r\n"),
    ],
)
@pytest.mark.parametrize("body", [b"", b"hello", response(b"smuggled")])
def test_answers_without_a_body_end_with_their_headers(
    server: ScriptedServer, session: InternetSession, method: str, head: bytes, body: bytes
) -> None:
    server.reply(head + body)
    server.route("/next", response(b"mine"))
    assert session.fetch_one(Request(server.url(), method=method)).body == b""
    for _ in range(3):
        assert session.fetch_one(server.url("/next")).body == b"mine"


@pytest.mark.parametrize("sent", [0, 5])
def test_a_reset_in_a_body_that_ends_with_the_connection_is_lost(
    server: ScriptedServer, session: InternetSession, sent: int
) -> None:
    part = OK + b"\r\n" + b"hello"[:sent]
    seen = server.gate()  # a reset throws away what the peer has not read yet

    def script(conn: ScriptedConn) -> None:
        conn.recv_request()
        conn.send(part)
        seen.wait()
        conn.reset()

    server.play(script)
    other = response(b"other")
    with ScriptedServer() as second:
        second.reply(other)
        with session.fetch([server.url(), second.url()]) as rows:
            assert next(rows).body == b"other"
            eventually(lambda: rows.progress().bytes_received == len(part + other), "the part has arrived")
            seen.set()
            error = next(rows).error
    assert isinstance(error, ConnectionLost)
    assert error.code == 12031


def test_a_failed_body_leaves_the_file_as_it_was(
    server: ScriptedServer, session: InternetSession, tmp_path: Path
) -> None:
    (tmp_path / "out").write_bytes(b"before")
    server.play(once(OK + b"Content-Length: 50000\r\n\r\n" + b"x" * 40000))
    with pytest.raises(ConnectionLost):
        session.fetch_one(Request(server.url(), path=tmp_path / "out"))
    assert [(file.name, file.read_bytes()) for file in tmp_path.iterdir()] == [("out", b"before")]


def test_what_fails_harms_no_neighbour(server: ScriptedServer, session: InternetSession) -> None:
    server.route("/good", response(b"good"))
    bad = [
        OK + b"Content-Length: x\r\n\r\n",
        CHUNKED + b"zz\r\n",
        OK + b"Content-Length: 9\r\nConnection: close\r\n\r\nshort",
    ]
    for n, data in enumerate(bad):
        server.route(f"/{n}", data)
    urls = [server.url(f"/{n % 4}" if n % 4 < 3 else "/good") for n in range(80)]
    with session.fetch(urls, in_flight=8, ordered=True) as rows:
        outcomes = [result.body if result.error is None else None for result in rows]
    assert outcomes == [None, None, None, b"good"] * 20
