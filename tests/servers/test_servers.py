"""The servers themselves: what other tests take for granted."""

from __future__ import annotations

import base64
import http.client
import os
import select
import socket
import ssl
import urllib.error
import urllib.request
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING

import pytest

from servers.httpd import Httpd, basic, digest
from servers.kerberos import Kdc
from servers.nginx import Nginx
from servers.scripted import PATIENCE, ScriptedConn, ScriptedServer
from servers.socksd import Dante, Microsocks
from servers.squid import Squid, descendants

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from servers.squid import Daemon
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


def through(proxy: Squid, url: str, credentials: str = "") -> tuple[int, bytes]:
    """Status and body of a GET by way of *proxy*."""
    client = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=10)
    token = base64.b64encode(credentials.encode()).decode()
    client.request("GET", url, headers={"Proxy-Authorization": f"Basic {token}"} if credentials else {})
    response = client.getresponse()
    body = response.read()
    client.close()
    return response.status, body


def test_squid_forwards_a_get(squid: Squid, nginx: Nginx) -> None:
    (nginx.root / "squid.txt").write_bytes(b"forwarded")
    url = nginx.url("/squid.txt?query=kept")
    assert through(squid, url) == (200, b"forwarded")
    (line,) = squid.log_lines(1, containing=url)
    assert line.split(" ")[1:] == ["GET", url, "200", "-"]


def test_squid_tunnels_a_connect(squid: Squid, nginx: Nginx, ca: CertificateAuthority) -> None:
    (nginx.root / "tunnel.txt").write_bytes(b"tunnelled")
    target = f"localhost:{nginx.tls_port}"
    before = len(squid.log_lines(containing=target))
    context = ssl.create_default_context(cafile=str(ca.pem))
    client = http.client.HTTPSConnection("127.0.0.1", squid.port, timeout=10, context=context)
    client.set_tunnel("localhost", nginx.tls_port)
    client.request("GET", "/tunnel.txt")
    assert client.getresponse().read() == b"tunnelled"
    client.close()
    (line,) = squid.log_lines(before + 1, containing=target)[before:]
    assert line.split(" ")[1:] == ["CONNECT", target, "200", "-"]


def test_squid_keeps_no_copy(squid: Squid, nginx: Nginx) -> None:
    (nginx.root / "fresh.txt").write_bytes(b"fresh")
    for _ in range(2):
        assert through(squid, nginx.url("/fresh.txt")) == (200, b"fresh")
    assert len([entry for entry in nginx.log_entries() if entry.uri == "/fresh.txt"]) == 2


@pytest.mark.parametrize(
    ("credentials", "status"),
    [
        pytest.param("", 407, id="none"),
        pytest.param("anna:wrong", 407, id="wrong password"),
        pytest.param("nobody:s e%c:r\u00e9t", 407, id="unknown user"),
        pytest.param("anna:s e%c:r\u00e9t", 200, id="right"),
    ],
)
def test_squid_asks_for_a_password(tmp_path: Path, nginx: Nginx, credentials: str, status: int) -> None:
    (nginx.root / "members.txt").write_bytes(b"members only")
    with Squid(tmp_path, users={"anna": "s e%c:r\u00e9t"}) as proxy:
        answer, body = through(proxy, nginx.url("/members.txt"), credentials)
        (line,) = proxy.log_lines(1)
    assert answer == status
    assert (body == b"members only") == (status == 200)
    assert line.split(" ")[3] == str(status)


@pytest.fixture(scope="module")
def httpd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Httpd]:
    folder, root = tmp_path_factory.mktemp("httpd"), tmp_path_factory.mktemp("www")
    for name in ("basic", "digest"):
        (root / name).mkdir()
    for name in ("a.txt", "basic/a.txt", "digest/a.txt"):
        (root / name).write_text(name)
    config = basic("/basic/") + digest("/digest/") + "Redirect 307 /old /a.txt\n"
    with Httpd(folder, root, config=config, users={"anna": "secret"}) as server:
        yield server


@pytest.mark.parametrize(
    ("path", "handler", "statuses"),
    [
        pytest.param("/a.txt", None, [200], id="open"),
        pytest.param("/missing.txt", None, [404], id="missing"),
        pytest.param("/old", None, [307, 200], id="redirect"),
        pytest.param("/basic/a.txt", urllib.request.HTTPBasicAuthHandler, [401, 200], id="basic"),
        pytest.param("/basic/a.txt", None, [401], id="basic without a password"),
        pytest.param("/digest/a.txt", urllib.request.HTTPDigestAuthHandler, [401, 200], id="digest"),
        pytest.param("/digest/a.txt", None, [401], id="digest without a password"),
    ],
)
def test_httpd_answers(
    httpd: Httpd,
    path: str,
    handler: Callable[[urllib.request.HTTPPasswordMgr], urllib.request.BaseHandler] | None,
    statuses: list[int],
) -> None:
    before = len(httpd.log_lines())
    accounts = urllib.request.HTTPPasswordMgrWithDefaultRealm()
    accounts.add_password(None, httpd.url(), "anna", "secret")
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), *([handler(accounts)] if handler else []))
    try:
        with opener.open(httpd.url(path), timeout=10) as response:
            status, body = response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        status, body = error.code, ""
        error.close()
    lines = [line.split(" ") for line in httpd.log_lines(before + len(statuses))[before:]]
    assert [int(line[4]) for line in lines] == statuses
    assert status == statuses[-1]
    assert lines[-1][5] == ("anna" if handler else "-")
    if status == 200:
        assert body == ("a.txt" if path == "/old" else path[1:])


def start_squid(folder: Path, extra: str) -> Daemon:
    return Squid(folder, users={"anna": "secret"}, extra=extra)


def start_httpd(folder: Path, extra: str) -> Daemon:
    return Httpd(folder, folder, config=extra)


DAEMONS = pytest.mark.parametrize(
    "make", [pytest.param(start_squid, id="squid"), pytest.param(start_httpd, id="httpd")]
)


@DAEMONS
def test_a_stopped_server_leaves_no_process(tmp_path: Path, make: Callable[[Path, str], Daemon]) -> None:
    ended = select.poll()
    with ExitStack() as stack:
        with make(tmp_path, "") as server:
            children = descendants(server.pid)
            assert children  # the helper that knows the passwords; the process that serves
            for pid in (server.pid, *children):
                handle = os.pidfd_open(pid)
                stack.callback(os.close, handle)
                ended.register(handle, select.POLLIN)
            assert ended.poll(0) == []
        assert len(ended.poll(0)) == 1 + len(children)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", server.port), 10)


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(Microsocks, id="microsocks"),
        pytest.param(Dante, id="dante"),
        pytest.param(partial(Kdc, user="anna"), id="krb5kdc"),
    ],
)
def test_two_of_a_kind_run_at_once_and_end(tmp_path: Path, make: Callable[[Path], Daemon]) -> None:
    running, servers = [], []
    with ExitStack() as stack:
        for name in "ab":
            (tmp_path / name).mkdir()
            server = stack.enter_context(make(tmp_path / name))
            servers.append(server)
            running += [os.pidfd_open(pid) for pid in (server.pid, *descendants(server.pid))]
        assert select.select(running, [], [], 0)[0] == []
    for handle in running:
        assert select.select([handle], [], [], PATIENCE)[0] == [handle]
        os.close(handle)
    for server in servers:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", server.port), 10)


@DAEMONS
def test_several_servers_run_at_once(tmp_path: Path, make: Callable[[Path, str], Daemon]) -> None:
    with ExitStack() as stack:
        servers = []
        for name in "abc":
            (tmp_path / name).mkdir()
            servers.append(stack.enter_context(make(tmp_path / name, "")))
        assert len({server.port for server in servers}) == 3
        assert [server.log_lines() for server in servers] == [[], [], []]


@pytest.mark.parametrize(
    ("make", "mistake"),
    [
        pytest.param(start_squid, "acl broken no_such_type", id="squid"),
        pytest.param(start_httpd, "no_such_directive on", id="httpd"),
    ],
)
def test_a_server_says_why_it_does_not_start(tmp_path: Path, make: Callable[[Path, str], Daemon], mistake: str) -> None:
    with pytest.raises(RuntimeError, match="no_such_"), make(tmp_path, mistake):
        pass


def test_python_may_only_connect_to_loopback() -> None:
    with socket.socket() as sock, pytest.raises(AssertionError, match=r"192\.0\.2\.1"):
        sock.connect(("192.0.2.1", 80))
