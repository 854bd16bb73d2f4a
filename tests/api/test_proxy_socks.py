"""Through SOCKS proxies: versions 4, 4a, 5 and 5h, who looks names up, and credentials."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pyinet import AccessType, CannotConnect, InternetException, InternetSession, LoginFailure, NameNotResolved, Request
from servers.scripted import ScriptedServer, response
from servers.socks import Asked, Socks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from servers.tls import CertificateAuthority


@pytest.fixture
def proxy() -> Iterator[ScriptedServer]:
    """What listens; each test lets it play a `Socks`."""
    with ScriptedServer() as scripted:
        yield scripted


def through(name: str, ca: CertificateAuthority | None = None) -> InternetSession:
    return InternetSession("t", 1, AccessType.PROXY, name, "<-loopback>", ca=ca.pem if ca else None)


@pytest.mark.parametrize(
    ("form", "version", "host", "by_name"),
    [
        ("socks={}", 5, "origin.test", True),
        ("socks://{}", 5, "origin.test", True),
        ("socks=socks5h://{}", 5, "origin.test", True),
        ("socks5h://{}", 5, "origin.test", True),
        ("socks4a://{}", 4, "origin.test", True),
        ("http=socks4a://{}", 4, "origin.test", True),
        ("socks5://{}", 5, "localhost", False),
        ("socks4://{}", 4, "localhost", False),
    ],
)
def test_each_kind_asks_in_its_way(
    proxy: ScriptedServer, server: ScriptedServer, form: str, version: int, host: str, by_name: bool
) -> None:
    socks = Socks(server)
    proxy.play(*[socks.script] * 3)
    server.route("/a", response(b"hello"))
    with through(form.format(f"127.0.0.1:{proxy.port}")) as session:
        for _ in range(2):
            assert session.fetch_one(f"http://{host}:8080/a").body == b"hello"
    (asked,) = socks.asked
    assert asked.host in ({host} if by_name else {"127.0.0.1", "::1"})
    assert asked == Asked(version, asked.host, 8080, by_name)
    got = server.received[0]
    assert got.line == b"GET /a HTTP/1.1"  # not the absolute form: SOCKS is no HTTP
    assert got.header("host") == f"{host}:8080"
    assert server.connections == 1


def test_a_body_goes_through_both_ways(proxy: ScriptedServer, server: ScriptedServer) -> None:
    socks = Socks(server)
    proxy.play(socks.script)
    server.reply(response(b"y" * 1_000_000))
    with through(f"socks=127.0.0.1:{proxy.port}") as session:
        result = session.fetch_one(Request("http://origin.test/", "POST", body=b"x" * 1_000_000))
    assert result.body == b"y" * 1_000_000
    assert server.received[0].body == b"x" * 1_000_000


def test_https_is_checked_through_it(
    proxy: ScriptedServer, tls_server: ScriptedServer, ca: CertificateAuthority
) -> None:
    socks = Socks(tls_server)
    proxy.play(*[socks.script] * 2)
    tls_server.route("/", response(b"hello"))
    with through(f"socks=127.0.0.1:{proxy.port}", ca) as session:
        assert session.fetch_one("https://localhost/").body == b"hello"
        with pytest.raises(InternetException) as caught:
            session.fetch_one("https://elsewhere.test/")
        assert caught.value.code == 12038


def test_credentials_are_given(proxy: ScriptedServer, server: ScriptedServer) -> None:
    socks = Socks(server, users={"u s": "p@:%"})
    proxy.play(socks.script)
    server.route("/", response(b"hello"))
    with through(f"socks=u%20s:p%40%3A%25@127.0.0.1:{proxy.port}") as session:
        assert session.fetch_one("http://origin.test/").body == b"hello"
    assert (socks.asked[0].user, socks.asked[0].password) == ("u s", "p@:%")
    assert server.received[0].header("proxy-authorization") is server.received[0].header("authorization") is None


@pytest.mark.parametrize("given", ["", "u:wrong@"], ids=["none", "wrong"])
def test_refused_credentials_are_12015(proxy: ScriptedServer, server: ScriptedServer, given: str) -> None:
    socks = Socks(server, users={"u": "p"})
    proxy.play(*[socks.script] * 2)
    with (
        through(f"socks={given}127.0.0.1:{proxy.port}") as session,
        pytest.raises(LoginFailure) as caught,
    ):
        session.fetch_one("http://origin.test/")
    assert caught.value.code == 12015
    assert "wrong" not in str(caught.value)
    assert server.connections == 0


def test_who_has_other_credentials_has_another_connection(proxy: ScriptedServer, server: ScriptedServer) -> None:
    socks = Socks(server, users={"a": "1", "b": "2"})
    proxy.play(*[socks.script] * 4)
    server.route("/", response(b"hello"))
    with through(f"http=socks5h://x@127.0.0.1:{proxy.port}") as session:
        for user, password in [("a", "1"), ("b", "2")] * 2:
            session._settings.proxy_user, session._settings.proxy_password = user, password
            assert session.fetch_one(Request("http://origin.test/")).body == b"hello"
    assert [(asked.user, asked.password) for asked in socks.asked] == [("a", "1"), ("b", "2")]


@pytest.mark.parametrize("reply", [1, 2, 3, 4, 5, 8])
def test_what_the_proxy_cannot_reach_is_12029(proxy: ScriptedServer, server: ScriptedServer, reply: int) -> None:
    socks = Socks(server, reply=reply)
    proxy.play(*[socks.script] * 2)
    with through(f"socks=127.0.0.1:{proxy.port}") as session, pytest.raises(CannotConnect) as caught:
        session.fetch_one("http://origin.test/")
    assert caught.value.code == 12029


def test_a_name_that_is_to_be_looked_up_here_and_is_not_found_is_12007(
    proxy: ScriptedServer, server: ScriptedServer
) -> None:
    socks = Socks(server)
    proxy.play(*[socks.script] * 2)
    with through(f"http=socks5://127.0.0.1:{proxy.port}") as session, pytest.raises(NameNotResolved) as caught:
        session.fetch_one("http://no-such-host.invalid/")
    assert caught.value.code == 12007
    assert socks.asked == []


@pytest.mark.parametrize("said", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\5\7", b"", b"\5"])
def test_what_is_no_socks_proxy_is_an_error(proxy: ScriptedServer, server: ScriptedServer, said: bytes) -> None:
    def script(conn: object) -> None:
        conn.sock.recv(100)  # type: ignore[attr-defined]
        conn.send(said)  # type: ignore[attr-defined]
        conn.close()  # type: ignore[attr-defined]

    proxy.play(*[script] * 2)
    with through(f"socks=127.0.0.1:{proxy.port}") as session, pytest.raises(InternetException) as caught:
        session.fetch_one("http://origin.test/")
    assert caught.value.code in {12015, 12029}
    assert server.connections == 0
