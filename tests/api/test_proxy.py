"""Through a forward proxy: absolute targets for http, tunnels for https, and nobody's secrets to the wrong party."""

from __future__ import annotations

import base64
import socket
from typing import TYPE_CHECKING

import pytest

from pyinet import (
    AccessType,
    CannotConnect,
    InternetException,
    InternetFlag,
    InternetSession,
    NameNotResolved,
    Request,
)
from servers.scripted import ScriptedServer, response, tunnel_to

if TYPE_CHECKING:
    from collections.abc import Iterator

    from servers.scripted import ScriptedConn
    from servers.tls import CertificateAuthority

WANTED = (
    b'HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm="p"\r\nContent-Length: 0\r\n\r\n'
)


@pytest.fixture
def proxy() -> Iterator[ScriptedServer]:
    """A proxy; what it does is scripted or routed by each test."""
    with ScriptedServer() as scripted:
        yield scripted


def through(
    proxy: ScriptedServer | str, ca: CertificateAuthority | None = None, bypass: str = "<-loopback>"
) -> InternetSession:
    """A session with that proxy, for loopback hosts too."""
    name = proxy if isinstance(proxy, str) else f"127.0.0.1:{proxy.port}"
    return InternetSession("t", 1, AccessType.PROXY, name, bypass, ca=ca.pem if ca else None)


# ---- http ----


def test_http_goes_through_in_absolute_form(proxy: ScriptedServer) -> None:
    proxy.reply(response(b"hello"))
    with through(proxy) as session:
        result = session.fetch_one("http://origin.test:8080/a?b=c#d")
    assert (result.body, result.url) == (b"hello", "http://origin.test:8080/a?b=c#d")
    (got,) = proxy.received
    assert got.line == b"GET http://origin.test:8080/a?b=c HTTP/1.1"
    assert got.header("host") == "origin.test:8080"


def test_a_plain_str_and_a_request_take_the_same_way(proxy: ScriptedServer) -> None:
    for _ in range(3):
        proxy.reply(response(b"hello"))
    with through(proxy) as session:
        rows: list[str | Request] = [
            "http://origin.test/",
            Request("http://origin.test/"),
            Request("http://origin.test/", "POST", body=b"x"),
        ]
        with session.fetch(rows, in_flight=1) as results:
            assert [result.body for result in results] == [b"hello"] * 3
    assert {got.target for got in proxy.received} == {"http://origin.test/"}
    assert proxy.connections == 1


def test_escapes_in_targets_stay_as_they_were_written(proxy: ScriptedServer) -> None:
    paths = ["/%2f", "/a", "/%c3%A4?%2f", "/?%2f", "/%2F", "/b%2fc#%2f", "/"]
    for _ in paths:
        proxy.reply(response(b"hello"))
    with through(proxy) as session, session.fetch([f"http://origin.test{path}" for path in paths], in_flight=1) as rows:
        assert [result.body for result in rows] == [b"hello"] * len(paths)
    assert [got.target for got in proxy.received] == [f"http://origin.test{path.split('#')[0]}" for path in paths]


def test_one_connection_to_the_proxy_serves_many_origins(proxy: ScriptedServer) -> None:
    for _ in range(20):
        proxy.reply(response(b"hello"))
    with through(proxy) as session, session.fetch([f"http://o{n}.test/" for n in range(20)], in_flight=1) as rows:
        assert [result.body for result in rows] == [b"hello"] * 20
    assert proxy.connections == 1


def test_names_are_not_resolved_here(proxy: ScriptedServer) -> None:
    proxy.reply(response(b"hello"))
    with through(proxy) as session:
        assert session.fetch_one("http://no-such-host.invalid/").body == b"hello"


def test_credentials_of_the_proxy_answer_its_challenge(proxy: ScriptedServer) -> None:
    proxy.reply(WANTED)
    proxy.reply(response(b"hello"))
    with through(f"http://u:p%40@127.0.0.1:{proxy.port}") as session:
        assert session.fetch_one("http://origin.test/").body == b"hello"
    sent = [got.header("proxy-authorization") for got in proxy.received]
    assert sent == [None, "Basic " + base64.b64encode(b"u:p@").decode()]
    assert [got.header("authorization") for got in proxy.received] == [None, None]


def test_credentials_of_the_origin_are_not_the_proxys(proxy: ScriptedServer) -> None:
    proxy.reply(WANTED)
    with through(proxy) as session:
        result = session.fetch_one(Request("http://origin.test/", user="u", password="p"))
    assert result.status == 407
    assert [got.header("proxy-authorization") for got in proxy.received] == [None]


def test_the_answer_of_a_proxy_is_an_answer(proxy: ScriptedServer) -> None:
    proxy.reply(response(b"no route", status="502 Bad Gateway"))
    with through(proxy) as session:
        result = session.fetch_one("http://origin.test/")
    assert (result.status, result.body) == (502, b"no route")


def test_resolve_does_not_turn_a_proxy_into_a_tunnel(proxy: ScriptedServer) -> None:
    proxy.reply(response(b"hello"))
    name = f"127.0.0.1:{proxy.port}"
    with InternetSession("t", 1, AccessType.PROXY, name, "<-loopback>", resolve={"*": "127.0.0.1"}) as session:
        assert session.fetch_one("http://origin.test/").body == b"hello"
    assert proxy.received[0].method == "GET"


# ---- redirects choose anew ----


def test_each_hop_chooses_its_own_proxy(proxy: ScriptedServer, server: ScriptedServer) -> None:
    proxy.reply(response(b"", f"Location: {server.url('/direct')}", status="302 Found"))
    server.reply(response(b"", "Location: http://origin.test/back", status="302 Found"))
    proxy.reply(response(b"hello"))
    with through(proxy, bypass="") as session:
        assert session.fetch_one("http://origin.test/a").body == b"hello"
    assert [got.target for got in proxy.received] == ["http://origin.test/a", "http://origin.test/back"]
    assert [got.target for got in server.received] == ["/direct"]


def test_credentials_of_the_proxy_stay_with_it(proxy: ScriptedServer, server: ScriptedServer) -> None:
    proxy.reply(WANTED)
    proxy.reply(response(b"", f"Location: {server.url('/direct')}", status="302 Found"))
    server.reply(response(b"hello"))
    with through(f"http://u:p@127.0.0.1:{proxy.port}", bypass="") as session:
        assert session.fetch_one("http://origin.test/a").body == b"hello"
    assert server.received[0].header("proxy-authorization") is None


# ---- https ----


def test_https_goes_through_a_tunnel(
    proxy: ScriptedServer, tls_server: ScriptedServer, ca: CertificateAuthority
) -> None:
    proxy.play(tunnel_to(tls_server))
    tls_server.route("/a", response(b"hello"))
    with through(proxy, ca) as session:
        for _ in range(3):
            result = session.fetch_one(tls_server.url("/a"))
            assert (result.status, result.body) == (200, b"hello")
            assert "x-proxy" not in result.headers
        assert proxy.connections == 1
    (got,) = proxy.received
    assert got.line == f"CONNECT 127.0.0.1:{tls_server.port} HTTP/1.1".encode()
    assert tls_server.requests == [b"GET /a HTTP/1.1"] * 3


def test_what_is_for_the_origin_is_not_told_to_the_proxy(
    proxy: ScriptedServer, tls_server: ScriptedServer, ca: CertificateAuthority
) -> None:
    proxy.play(tunnel_to(tls_server))
    tls_server.reply(response(b"", 'WWW-Authenticate: Basic realm="r"', status="401 Unauthorized"))
    tls_server.reply(response(b"hello"))
    headers = {"Cookie": "a=secret", "X-Key": "secret"}
    with through(proxy, ca) as session:
        request = Request(tls_server.url("/secret"), "POST", headers, b"secret", user="u", password="secret")
        assert session.fetch_one(request).body == b"hello"
    (got,) = proxy.received
    assert b"secret" not in got.raw.lower()
    assert {name.lower() for name, _ in got.headers} <= {"host", "user-agent", "proxy-connection"}
    assert tls_server.received[-1].header("proxy-connection") is None


def test_a_tunnel_with_credentials(proxy: ScriptedServer, tls_server: ScriptedServer, ca: CertificateAuthority) -> None:
    tunnel = tunnel_to(tls_server)

    def script(conn: ScriptedConn) -> None:
        conn.recv_request()
        conn.send(WANTED)
        tunnel(conn)

    proxy.play(script)
    tls_server.reply(response(b"hello"))
    with through(f"http://u:p@127.0.0.1:{proxy.port}", ca) as session:
        assert session.fetch_one(tls_server.url("/a")).body == b"hello"
    assert [got.header("proxy-authorization") for got in proxy.received] == [None, "Basic dTpw"]
    assert tls_server.received[0].header("proxy-authorization") is None


@pytest.mark.parametrize(
    "status", ["502 Bad Gateway", "403 Forbidden", "407 Proxy Authentication Required", "302 Found"]
)
def test_a_tunnel_that_is_refused_is_no_answer_of_the_origin(
    proxy: ScriptedServer, tls_server: ScriptedServer, ca: CertificateAuthority, status: str
) -> None:
    # A body from the proxy must not pass for one from the https origin.
    proxy.route(f"127.0.0.1:{tls_server.port}", response(b"evil", "Location: http://evil.test/", status=status))
    with through(proxy, ca) as session, session.fetch([tls_server.url("/a")]) as rows:
        (result,) = rows
    assert isinstance(result.error, InternetException)
    assert (result.status, result.body) == (0, b"")
    assert status[:3] in str(result.error)
    assert tls_server.connections == 0


def test_the_certificate_is_checked_through_a_tunnel(proxy: ScriptedServer, ca: CertificateAuthority) -> None:
    with ScriptedServer(tls=ca.wrong_name()) as bad:
        proxy.play(tunnel_to(bad))
        with through(proxy, ca) as session, pytest.raises(InternetException) as caught:
            session.fetch_one(bad.url("/"))
        assert caught.value.code == 12038
        assert bad.received == []


def test_what_a_proxy_sends_behind_its_200_is_no_answer(
    proxy: ScriptedServer, tls_server: ScriptedServer, ca: CertificateAuthority
) -> None:
    proxy.play(tunnel_to(tls_server, early=response(b"smuggled")))
    tls_server.route("/a", response(b"hello"))
    with through(proxy, ca) as session, session.fetch([tls_server.url("/a")]) as rows:
        (result,) = rows
    assert result.error or result.body == b"hello"


def test_a_proxy_that_hangs_up_on_connect_is_an_error(
    proxy: ScriptedServer, tls_server: ScriptedServer, ca: CertificateAuthority
) -> None:
    def script(conn: ScriptedConn) -> None:
        conn.recv_request()
        conn.close()

    proxy.play(*[script] * 3)
    with through(proxy, ca) as session, pytest.raises(InternetException) as caught:
        session.fetch_one(tls_server.url("/a"))
    assert caught.value.code in {12029, 12030, 12031, 12152}


# ---- proxies that are not there ----


def test_a_proxy_that_refuses_connections_is_named(server: ScriptedServer) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # bound and not listening
        port = unused.getsockname()[1]
        with through(f"127.0.0.1:{port}") as session, pytest.raises(CannotConnect) as caught:
            session.fetch_one(server.url("/"))
    assert caught.value.code == 12029
    assert str(port) in str(caught.value)
    assert server.connections == 0  # no silent way around it


def test_a_proxy_without_an_address_is_12007(server: ScriptedServer) -> None:
    with through("no-such-proxy.invalid:3128") as session, pytest.raises(NameNotResolved) as caught:
        session.fetch_one(server.url("/"))
    assert caught.value.code == 12007
    assert server.connections == 0


def test_the_password_of_a_proxy_is_in_no_error(server: ScriptedServer) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        name = f"http://u:hunter2@127.0.0.1:{unused.getsockname()[1]}"
        with through(name) as session, pytest.raises(CannotConnect) as caught:
            session.fetch_one(server.url("/"))
        assert "hunter2" not in f"{caught.value} {caught.value!r} {session!r}"


# ---- which proxy ----


def test_the_bypass_list_goes_direct(proxy: ScriptedServer, server: ScriptedServer) -> None:
    server.route("/", response(b"direct"))
    with through(proxy, bypass="<-loopback>;127.*") as session:
        assert session.fetch_one(server.url("/")).body == b"direct"
    assert proxy.connections == 0


def test_each_scheme_has_its_own_proxy(
    proxy: ScriptedServer, tls_server: ScriptedServer, ca: CertificateAuthority
) -> None:
    tls_server.reply(response(b"direct"))
    proxy.reply(response(b"through"))
    with through(f"http=127.0.0.1:{proxy.port}", ca) as session:
        assert session.fetch_one(tls_server.url("/")).body == b"direct"
        assert session.fetch_one("http://origin.test/").body == b"through"


@pytest.mark.parametrize("access_type", [AccessType.PRECONFIG, AccessType.PRECONFIG_WITH_NO_AUTOPROXY])
def test_preconfig_reads_the_environment(
    proxy: ScriptedServer, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch, access_type: AccessType
) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    proxy.reply(response(b"through"))
    server.reply(response(b"direct"))
    with InternetSession("t", access_type=access_type) as session:
        assert session.fetch_one("http://origin.test/").body == b"through"
        assert session.fetch_one(server.url("/")).body == b"direct"


@pytest.mark.parametrize("variable", ["http_proxy", "all_proxy", "ALL_PROXY", "HTTP_PROXY"])
@pytest.mark.parametrize("plain", [True, False])
def test_direct_ignores_the_environment(
    proxy: ScriptedServer, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch, variable: str, plain: bool
) -> None:
    monkeypatch.setenv(variable, f"http://127.0.0.1:{proxy.port}")
    server.reply(response(b"direct"))
    with InternetSession("t", access_type=AccessType.DIRECT) as session:
        row = server.url("/") if plain else Request(server.url("/"), flags=InternetFlag.RELOAD)
        assert session.fetch_one(row).body == b"direct"
    assert proxy.connections == 0


def test_a_named_proxy_ignores_the_environments(proxy: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "origin.test")
    proxy.reply(response(b"through"))
    with through(proxy) as session:
        assert session.fetch_one("http://origin.test/").body == b"through"


def test_the_environment_is_read_once(
    proxy: ScriptedServer, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.reply(response(b"direct"))
    with InternetSession("t") as session:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")
        assert session.fetch_one(server.url("/")).body == b"direct"
    assert proxy.connections == 0
