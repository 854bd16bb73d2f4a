"""Kept-alive connections that die or speak unasked: nothing is sent twice that must not be, no answer is foreign."""

from __future__ import annotations

import os
import socket
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pyinet import AccessType, ConnectionLost, InternetException, InternetSession, Request, TransferError
from servers.scripted import response, tunnel_to
from waiting import eventually

if TYPE_CHECKING:
    from pyinet import Result
    from servers.scripted import Script, ScriptedConn, ScriptedServer
    from servers.tls import CertificateAuthority

pytestmark = pytest.mark.usefixtures("driver")


def row_of(session: InternetSession, request: str | Request) -> Result:
    with session.fetch([request]) as rows:
        (result,) = rows
    return result


def error_of(session: InternetSession, request: str | Request) -> InternetException:
    result = row_of(session, request)
    assert result.error, f"a success: {result!r}"
    return result.error


def dies_after_one(conn: ScriptedConn) -> None:
    """Answer a request, then end the connection when the next one has been read."""
    conn.recv_request()
    conn.send(response(b"first"))
    conn.recv_request()
    conn.close()


def answers_once(conn: ScriptedConn) -> None:
    """Answer a request and end the connection."""
    conn.recv_request()
    conn.send(response(b"first"))
    conn.close()


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"])
def test_an_idempotent_request_on_a_dead_connection_is_sent_once_more(
    server: ScriptedServer, session: InternetSession, method: str
) -> None:
    server.play(dies_after_one)
    session.fetch_one(server.url("/first"))
    server.route("/again", response(b"" if method == "HEAD" else b"second"))
    body = b"payload" if method == "PUT" else None
    result = session.fetch_one(Request(server.url("/again"), method, body=body))
    assert (result.status, server.connections) == (200, 2)
    assert [got.method for got in server.received] == ["GET", method, method]
    assert [got.body for got in server.received[1:]] == [body or b""] * 2


def test_it_is_sent_no_third_time(server: ScriptedServer, session: InternetSession) -> None:
    def hang_up(conn: ScriptedConn) -> None:
        conn.recv_request()
        conn.close()

    server.play(dies_after_one, *[hang_up] * 3)
    session.fetch_one(server.url("/first"))
    assert isinstance(error_of(session, server.url("/again")), TransferError)
    assert len(server.received) == 3


@pytest.mark.parametrize("method", ["POST", "PATCH", "INVENTED"])
@pytest.mark.parametrize("body", [b"payload", b"x" * 300_000, None])
def test_other_requests_on_a_dead_connection_are_sent_once(
    server: ScriptedServer, session: InternetSession, method: str, body: bytes | None
) -> None:
    server.play(dies_after_one)
    session.fetch_one(server.url("/first"))
    server.route("/again", response(b"second"))
    error = error_of(session, Request(server.url("/again"), method, body=body))
    assert isinstance(error, ConnectionLost)
    assert error.code in {12030, 12031}
    assert [got.method for got in server.received] == ["GET", method]


def test_a_connection_closed_while_idle_is_not_used(server: ScriptedServer, session: InternetSession) -> None:
    server.play(answers_once)
    session.fetch_one(server.url("/first"))
    server.route("/again", response(b"second"))
    # The FIN may come late: then a POST fails for not being sent twice, but it never arrives twice.
    result = row_of(session, Request(server.url("/again"), method="POST", body=b"payload"))
    assert result.body == b"second" or isinstance(result.error, ConnectionLost)
    assert server.requests.count(b"POST /again HTTP/1.1") <= 1


class Unasked:
    """Script: answer once, speak when told to, and answer whoever still uses the connection."""

    def __init__(self, server: ScriptedServer, words: bytes) -> None:
        self._words = words
        self._now, self._spoken = server.gate(), server.gate()

    def __call__(self, conn: ScriptedConn) -> None:
        conn.recv_request()
        conn.send(response(b"first"))
        self._now.wait()
        conn.send(self._words)
        self._spoken.set()
        while conn.recv_request():
            conn.send(response(b"on the tainted connection"))

    def speak(self) -> None:
        """Return once the words are on their way: on loopback they have arrived then."""
        self._now.set()
        assert self._spoken.wait(10)


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("words", [response(b"smuggled"), response(status="408 Request Timeout"), b"x"])
@pytest.mark.parametrize("secure", [False, True])
def test_bytes_on_an_idle_connection_never_answer_the_next_request(
    server: ScriptedServer,
    tls_server: ScriptedServer,
    session: InternetSession,
    method: str,
    words: bytes,
    secure: bool,
) -> None:
    peer = tls_server if secure else server
    unasked = Unasked(peer, words)
    peer.play(unasked)
    peer.route("/next", response(b"mine"))
    assert session.fetch_one(peer.url("/first")).body == b"first"
    unasked.speak()
    result = session.fetch_one(Request(peer.url("/next"), method, body=b"x" if method == "POST" else None))
    assert result.body == b"mine"
    assert peer.connections == 2


def test_nor_on_one_to_a_proxy_whatever_the_next_origin(server: ScriptedServer) -> None:
    unasked = Unasked(server, response(b"smuggled"))
    server.play(unasked)
    with InternetSession("t", 1, AccessType.PROXY, f"127.0.0.1:{server.port}", "<-loopback>") as session:
        assert session.fetch_one("http://a.test/").body == b"first"
        unasked.speak()
        server.reply(response(b"mine"))
        assert session.fetch_one("http://b.test/").body == b"mine"


def input_waits(port: int) -> bool:
    """Whether a socket of this process that is connected to *port* has bytes nobody has read."""
    for entry in Path("/proc/self/fd").iterdir():
        try:
            with socket.socket(fileno=os.dup(int(entry.name))) as twin:
                if (
                    twin.family == socket.AF_INET
                    and twin.getpeername()[1] == port
                    and twin.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
                ):
                    return True
        except OSError:
            continue  # no socket, not connected, or nothing there
    return False


def test_nor_in_a_tunnel(server: ScriptedServer, tls_server: ScriptedServer, ca: CertificateAuthority) -> None:
    unasked = Unasked(tls_server, response(b"smuggled"))
    tls_server.play(unasked)
    tls_server.route("/next", response(b"mine"))
    server.play(tunnel_to(tls_server), tunnel_to(tls_server))
    name = f"127.0.0.1:{server.port}"
    with InternetSession("t", 1, AccessType.PROXY, name, "<-loopback>", ca=ca.pem) as session:
        assert session.fetch_one(tls_server.url("/first")).body == b"first"
        unasked.speak()
        eventually(lambda: input_waits(server.port), "what was spoken, through the relay")
        assert session.fetch_one(tls_server.url("/next")).body == b"mine"


def test_many_tainted_connections_are_all_passed_over(server: ScriptedServer, session: InternetSession) -> None:
    """More of them than a transfer tries one after another."""
    count = 8
    scripts = [Unasked(server, response(b"smuggled")) for _ in range(count)]
    everyone = threading.Barrier(count)

    def together(script: Script) -> Script:
        def play(conn: ScriptedConn) -> None:
            everyone.wait(10)
            script(conn)

        return play

    server.play(*map(together, scripts))
    with session.fetch([server.url("/first")] * count, in_flight=count) as rows:
        assert [result.body for result in rows] == [b"first"] * count
    for script in scripts:
        script.speak()
    server.route("/next", response(b"mine"))
    with session.fetch([server.url("/next")] * 20, in_flight=4) as rows:
        assert [result.body for result in rows] == [b"mine"] * 20
