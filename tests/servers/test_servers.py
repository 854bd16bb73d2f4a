"""The servers themselves: what other tests take for granted."""

from __future__ import annotations

import http.client
import socket
import ssl
from typing import TYPE_CHECKING

import pytest

from servers.nginx import Nginx
from servers.scripted import ScriptedConn, ScriptedServer

if TYPE_CHECKING:
    from pathlib import Path

    from servers.tls import CertificateAuthority

HELLO = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"


def connect(server: ScriptedServer) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), 10)


@pytest.mark.parametrize("segment", [None, 1, 7])
def test_queued_replies_come_in_order_on_one_connection(server: ScriptedServer, segment: int | None) -> None:
    server.reply(HELLO, segment=segment)
    server.reply(HELLO.replace(b"hello", b"world"), segment=segment)
    client = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    bodies = []
    for path in ("/a", "/b"):
        client.request("GET", path)
        bodies.append(client.getresponse().read())
    client.close()
    assert bodies == [b"hello", b"world"]
    assert server.requests == [b"GET /a HTTP/1.1", b"GET /b HTTP/1.1"]
    assert server.connections == 1


def test_routes_answer_by_path_and_everything_else_is_404(server: ScriptedServer) -> None:
    server.route("/a", HELLO)
    client = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    statuses = []
    for path in ("/a?x=1", "/b", "/a"):
        client.request("GET", path)
        response = client.getresponse()
        response.read()
        statuses.append(response.status)
    client.close()
    assert statuses == [200, 404, 200]


def test_a_response_without_framing_ends_with_the_connection(server: ScriptedServer) -> None:
    server.reply(b"HTTP/1.1 200 OK\r\n\r\nall there is")
    client = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    client.request("GET", "/")
    assert client.getresponse().read() == b"all there is"


@pytest.mark.parametrize("chunked", [False, True])
def test_request_bodies_are_read_whole(server: ScriptedServer, chunked: bool) -> None:
    server.reply(HELLO)
    client = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    body = iter([b"ab", b"cd"]) if chunked else b"abcd"
    client.request("POST", "/in", body=body, encode_chunked=chunked)
    client.getresponse().read()
    client.close()
    assert server.received[0].body == b"abcd"
    assert server.received[0].header("host") == f"127.0.0.1:{server.port}"


def test_a_script_can_reset_the_connection(server: ScriptedServer) -> None:
    def script(conn: ScriptedConn) -> None:
        conn.recv_request()
        conn.reset()

    server.play(script)
    with connect(server) as sock:
        sock.sendall(b"GET / HTTP/1.1\r\n\r\n")
        with pytest.raises(ConnectionResetError):
            sock.recv(1)


def test_wait_closed_returns_what_came_before_the_end(server: ScriptedServer) -> None:
    seen: list[bytes] = []
    ended = server.gate()

    def script(conn: ScriptedConn) -> None:
        seen.append(conn.wait_closed())
        ended.set()

    server.play(script)
    with connect(server) as sock:
        sock.sendall(b"last words")
    assert ended.wait(10)
    assert seen == [b"last words"]


def test_what_a_script_raises_surfaces_at_the_end() -> None:
    def script(conn: ScriptedConn) -> None:
        assert conn.recv_request() is not None, "wanted a request"

    server = ScriptedServer()
    server.__enter__()
    server.play(script)
    with connect(server) as sock:
        sock.shutdown(socket.SHUT_WR)
        assert sock.recv(1) == b""
    with pytest.raises(AssertionError, match="wanted a request"):
        server.__exit__(None, None, None)


def test_shutdown_releases_scripts_that_wait() -> None:
    with ScriptedServer() as server:
        gate = server.gate()
        started = server.gate()

        def script(conn: ScriptedConn) -> None:
            started.set()
            gate.wait()
            conn.wait_closed()

        server.play(script)
        with connect(server):
            assert started.wait(10)


def test_the_good_certificate_is_trusted(tls_server: ScriptedServer, ca: CertificateAuthority) -> None:
    tls_server.reply(HELLO)
    context = ssl.create_default_context(cafile=str(ca.pem))
    client = http.client.HTTPSConnection("localhost", tls_server.port, timeout=10, context=context)
    client.request("GET", "/")
    assert client.getresponse().read() == b"hello"
    client.close()


@pytest.mark.parametrize(("kind", "verdict"), [("expired", 10), ("wrong_name", 64), ("self_signed", 18)])
def test_a_bad_certificate_fails_for_its_own_reason(ca: CertificateAuthority, kind: str, verdict: int) -> None:
    context = ssl.create_default_context(cafile=str(ca.pem))
    with ScriptedServer(tls=getattr(ca, kind)()) as server, connect(server) as sock:
        with pytest.raises(ssl.SSLCertVerificationError) as caught:
            context.wrap_socket(sock, server_hostname="127.0.0.1")
        assert caught.value.verify_code == verdict


def test_nginx_serves_files_and_counts_connections(nginx: Nginx) -> None:
    (nginx.root / "hello.txt").write_bytes(b"hello")
    before = len(nginx.log_entries())
    for _ in range(2):
        client = http.client.HTTPConnection("127.0.0.1", nginx.port, timeout=10)
        for _ in range(2):
            client.request("GET", "/hello.txt")
            assert client.getresponse().read() == b"hello"
        client.close()
    entries = nginx.log_entries()[before:]
    assert [entry.nth for entry in entries] == [1, 2, 1, 2]
    assert len({entry.connection for entry in entries}) == 2
    assert {entry[2:] for entry in entries} == {("HTTP/1.1", "GET", "/hello.txt", 200)}


def test_nginx_offers_http2_over_tls(nginx: Nginx, ca: CertificateAuthority) -> None:
    context = ssl.create_default_context(cafile=str(ca.pem))
    context.set_alpn_protocols(["h2", "http/1.1"])
    with (
        socket.create_connection(("127.0.0.1", nginx.tls_port), 10) as sock,
        context.wrap_socket(sock, server_hostname="localhost") as tls,
    ):
        assert tls.selected_alpn_protocol() == "h2"


def test_nginx_says_why_it_does_not_start(tmp_path: Path, ca: CertificateAuthority) -> None:
    server = Nginx(tmp_path, tmp_path, ca.server_pem, http_extra="no_such_directive on;")
    with pytest.raises(RuntimeError, match="no_such_directive"), server:
        pass


def test_python_may_only_connect_to_loopback() -> None:
    with socket.socket() as sock, pytest.raises(AssertionError, match=r"192\.0\.2\.1"):
        sock.connect(("192.0.2.1", 80))
