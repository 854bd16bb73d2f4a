"""Credentials for a proxy: given as options or in its URL, told to the proxy alone, and shown nowhere."""

from __future__ import annotations

import base64
import logging
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from pyinet import (
    AccessType,
    CallerError,
    CannotConnect,
    InternetException,
    InternetFlag,
    InternetSession,
    LoginFailure,
    NotSupported,
    Request,
)
from pyinet._transfer.ffi import lib
from pyinet._transfer.pack import Row
from servers.scripted import ScriptedServer, response, tunnel_to
from servers.squid import Squid

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from servers.nginx import Nginx
    from servers.scripted import ScriptedConn
    from servers.tls import CertificateAuthority

WANTED = (
    b'HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm="p"\r\nContent-Length: 0\r\n\r\n'
)
BOTH = (
    b"HTTP/1.1 407 Proxy Authentication Required\r\n"
    b'Proxy-Authenticate: Digest realm="p", nonce="abc", qop="auth", algorithm=MD5\r\n'
    b'Proxy-Authenticate: Basic realm="p"\r\nContent-Length: 0\r\n\r\n'
)


@pytest.fixture
def proxy() -> Iterator[ScriptedServer]:
    with ScriptedServer() as scripted:
        yield scripted


def through(
    name: str, user: str | None = None, password: str | None = None, ca: CertificateAuthority | None = None
) -> InternetSession:
    """A session whose proxy has credentials as options 43 and 44 give them."""
    session = InternetSession("t", 1, AccessType.PROXY, name, "<-loopback>", ca=ca.pem if ca else None)
    session._settings.proxy_user, session._settings.proxy_password = user, password
    return session


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


@pytest.mark.parametrize(
    ("user", "password"),
    [
        ("u", "p"),
        ("u", None),
        ("u", ""),
        ("u@host", "p@:/?#[]"),
        ("100%41", "%41%2f+ \\\"'"),
        ("Grüße", "\u540d\U0001f512"),
        ("DOMAIN\\user", " leading and trailing "),
        ("u" * 500, "p" * 500),
    ],
)
@pytest.mark.parametrize("own", ["", "other:secret@"], ids=["alone", "instead of those of the URL"])
def test_they_arrive_as_they_are(proxy: ScriptedServer, user: str, password: str | None, own: str) -> None:
    proxy.reply(WANTED)
    proxy.reply(response(b"hello"))
    with through(f"http://{own}127.0.0.1:{proxy.port}", user, password) as session:
        assert session.fetch_one("http://origin.test/").body == b"hello"
    sent = [got.header("proxy-authorization") for got in proxy.received]
    assert sent == [None, basic(user, password or "")]
    assert [got.header("authorization") for got in proxy.received] == [None, None]


@pytest.mark.parametrize("text", ["a\nproxy-user b", "a\r", "a\0", "a\x7f", "\x1b"], ids=ascii)
def test_control_characters_are_refused(proxy: ScriptedServer, text: str) -> None:
    for user, password in ((text, "p"), ("u", text)):
        with through(f"127.0.0.1:{proxy.port}", user, password) as session, pytest.raises(CallerError) as caught:
            session.fetch_one("http://origin.test/")
        assert caught.value.code == 87
    assert proxy.connections == 0


def test_a_tunnel_gets_them_and_the_origin_does_not(
    proxy: ScriptedServer, tls_server: ScriptedServer, ca: CertificateAuthority
) -> None:
    tunnel = tunnel_to(tls_server)

    def script(conn: ScriptedConn) -> None:
        conn.recv_request()
        conn.send(WANTED)
        tunnel(conn)

    proxy.play(script)
    tls_server.route("/a", response(b"hello"))
    with through(f"127.0.0.1:{proxy.port}", "u", "p:", ca) as session:
        assert session.fetch_one(tls_server.url("/a")).body == b"hello"
    assert [got.header("proxy-authorization") for got in proxy.received] == [None, basic("u", "p:")]
    assert {name.lower() for name, _ in tls_server.received[0].headers}.isdisjoint(
        {"proxy-authorization", "authorization"}
    )


def test_a_redirect_that_goes_around_the_proxy_does_not_take_them_along(
    proxy: ScriptedServer, server: ScriptedServer
) -> None:
    proxy.reply(WANTED)
    proxy.reply(response(b"", f"Location: {server.url('/direct')}", status="302 Found"))
    server.reply(WANTED)
    name = f"127.0.0.1:{proxy.port}"
    with InternetSession("t", 1, AccessType.PROXY, name, "") as session:
        session._settings.proxy_user, session._settings.proxy_password = "u", "secret"
        assert session.fetch_one("http://origin.test/a").status == 407
    assert [got.header("proxy-authorization") for got in server.received] == [None]


def test_an_origin_that_asks_as_a_proxy_does_gets_nothing(server: ScriptedServer) -> None:
    server.reply(WANTED)
    with InternetSession("t", access_type=AccessType.DIRECT) as session:
        session._settings.proxy_user, session._settings.proxy_password = "u", "secret"
        assert session.fetch_one(server.url("/")).status == 407
    assert len(server.received) == 1


def test_those_for_the_origin_and_those_for_the_proxy_are_two(proxy: ScriptedServer) -> None:
    proxy.reply(WANTED)
    proxy.reply(response(b"", 'WWW-Authenticate: Basic realm="o"', status="401 Unauthorized"))
    proxy.reply(response(b"hello"))
    with through(f"127.0.0.1:{proxy.port}", "pu", "pp") as session:
        assert session.fetch_one(Request("http://origin.test/", user="ou", password="op")).body == b"hello"
    sent = [(got.header("proxy-authorization"), got.header("authorization")) for got in proxy.received]
    assert sent == [(None, None), (basic("pu", "pp"), None), (basic("pu", "pp"), basic("ou", "op"))]


def test_no_auth_gives_none(proxy: ScriptedServer) -> None:
    for _ in range(2):
        proxy.reply(WANTED)
    with through(f"http://u:secret@127.0.0.1:{proxy.port}", "u", "secret") as session:
        request = Request("http://origin.test/", flags=InternetFlag.NO_AUTH)
        assert session.fetch_one(request).status == 407
    assert [got.header("proxy-authorization") for got in proxy.received] == [None]


# ---- schemes ----


def status_of(session: InternetSession, url: str, auth: str = "", proxy_auth: str = "", user: str | None = None) -> int:
    stream = session._core.stream()
    row = Row(Request(url, user=user, password="p"), session._snapshot(), lib.PNET_REQ_PIPE | lib.PNET_REQ_HTTP1)
    row.auth, row.proxy_auth = auth, proxy_auth
    stream.begin(row, session._snapshot(), lambda: None)
    stream.finish()
    return stream.status


@pytest.mark.parametrize(
    ("allowed", "scheme"),
    [("basic", "Basic"), ("digest", "Digest"), ("basic,digest", "Digest"), ("digest,basic", "Digest"), ("", "Digest")],
)
def test_only_schemes_that_are_allowed_answer_a_proxy(proxy: ScriptedServer, allowed: str, scheme: str) -> None:
    proxy.reply(BOTH)
    proxy.reply(response())
    with through(f"127.0.0.1:{proxy.port}", "u", "p") as session:
        assert status_of(session, "http://origin.test/", proxy_auth=allowed) == 200
    first, second = (got.header("proxy-authorization") for got in proxy.received)
    assert first is None
    assert (second or "").partition(" ")[0] == scheme


@pytest.mark.parametrize("allowed", ["basic", "digest", "basic,digest"])
def test_only_schemes_that_are_allowed_answer_an_origin(server: ScriptedServer, allowed: str) -> None:
    server.reply(BOTH.replace(b"407 Proxy", b"401").replace(b"Proxy-Authenticate", b"WWW-Authenticate"))
    server.reply(response())
    with InternetSession("t", access_type=AccessType.DIRECT) as session:
        assert status_of(session, server.url("/"), auth=allowed, user="u") == 200
    first, second = (got.header("authorization") for got in server.received)
    assert first is None
    assert (second or "").partition(" ")[0].lower() == allowed.rsplit(",", maxsplit=1)[-1]


def test_a_scheme_that_is_not_offered_leaves_the_answer(proxy: ScriptedServer) -> None:
    proxy.reply(WANTED)
    with through(f"127.0.0.1:{proxy.port}", "u", "p") as session:
        assert status_of(session, "http://origin.test/", proxy_auth="digest") == 407
    assert len(proxy.received) == 1


@pytest.mark.parametrize("bad", ["Basic", "basic,", ",", "kerberos", "basic digest"])
def test_a_scheme_that_is_none_is_refused(server: ScriptedServer, bad: str) -> None:
    with InternetSession("t", access_type=AccessType.DIRECT) as session, pytest.raises((CallerError, NotSupported)):
        status_of(session, server.url("/"), auth=bad, user="u")
    assert server.connections == 0


# ---- tunnels that are refused ----


@pytest.mark.parametrize(
    ("status", "cls", "code"),
    [
        ("407 Proxy Authentication Required", LoginFailure, 12015),
        ("403 Forbidden", CannotConnect, 12029),
        ("502 Bad Gateway", CannotConnect, 12029),
        ("503 Service Unavailable", CannotConnect, 12029),
        ("302 Found", CannotConnect, 12029),
        ("401 Unauthorized", CannotConnect, 12029),
    ],
)
@pytest.mark.parametrize("how", ["fetch_one", "open_url"])
@pytest.mark.parametrize("closes", [False, True])
def test_a_refused_tunnel_is_told_with_the_status(
    proxy: ScriptedServer, status: str, cls: type[InternetException], code: int, how: str, closes: bool
) -> None:
    def script(conn: ScriptedConn) -> None:
        while conn.recv_request():
            conn.send(response(b"evil", 'Proxy-Authenticate: Basic realm="p"', "Location: http://e/", status=status))
            if closes:
                conn.close()
                return

    proxy.play(*[script] * 3)
    with through(f"127.0.0.1:{proxy.port}") as session, pytest.raises(cls) as caught:
        getattr(session, how)("https://origin.test/")
    assert caught.value.code == code
    assert f"the proxy answered CONNECT with {status[:3]}" in str(caught.value)


def test_a_wrong_password_for_a_tunnel_is_12015(proxy: ScriptedServer) -> None:
    proxy.route("origin.test:443", WANTED)
    with through(f"127.0.0.1:{proxy.port}", "u", "wrong") as session, pytest.raises(LoginFailure) as caught:
        session.fetch_one("https://origin.test/")
    assert caught.value.code == 12015
    assert "wrong" not in str(caught.value)
    assert [got.header("proxy-authorization") for got in proxy.received] == [None, basic("u", "wrong")]


# ---- nobody else uses the connection ----


def test_who_has_other_credentials_has_another_tunnel(
    proxy: ScriptedServer, tls_server: ScriptedServer, ca: CertificateAuthority
) -> None:
    tunnel = tunnel_to(tls_server)

    def script(conn: ScriptedConn) -> None:
        conn.recv_request()
        conn.send(WANTED)
        tunnel(conn)

    proxy.play(*[script] * 6)
    tls_server.route("/", response(b"hello"))
    with through(f"127.0.0.1:{proxy.port}", ca=ca) as session:
        for user in ("a", "b") * 3:
            session._settings.proxy_user, session._settings.proxy_password = user, "p"
            assert session.fetch_one(tls_server.url("/")).body == b"hello"
        asked = [got.header("proxy-authorization") for got in proxy.received if got.header("proxy-authorization")]
    assert asked[:2] == [basic("a", "p"), basic("b", "p")]
    # a tunnel of somebody else is given up, never used: each change of the user that met one has opened its own
    assert all(asked[n] == basic("ab"[n % 2], "p") for n in range(len(asked)))


# ---- secrecy ----


def test_they_are_shown_nowhere(proxy: ScriptedServer, caplog: pytest.LogCaptureFixture) -> None:
    seen: list[str] = []

    class Watching(InternetSession):
        def on_status_callback(self, context: int, status: int, info: object) -> None:
            seen.append(f"{context} {status} {info}")

    caplog.set_level(logging.DEBUG)
    name = f"http://u:hunter2@127.0.0.1:{proxy.port}"
    for url, own in (("http://origin.test/", None), ("https://origin.test/", "hunter3")):
        with Watching("t", 1, AccessType.PROXY, name, "<-loopback>") as session:
            if own:
                session._settings.proxy_user, session._settings.proxy_password = "u", own
            session.enable_status_callback()
            proxy.play(lambda conn: conn.close(), lambda conn: conn.close())
            with pytest.raises(InternetException) as caught:
                session.fetch_one(Request(url, context=5))
            seen += [str(caught.value), repr(caught.value), repr(session), repr(session._settings.proxies)]
    assert len(seen) > 8
    assert "hunter" not in "".join(seen) + caplog.text


# ---- a real proxy ----


@pytest.fixture(scope="module")
def keeper(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Squid]:
    """Squid that lets in those it knows."""
    with Squid(tmp_path_factory.mktemp("keeper"), users={"u": "p@%41 "}) as squid:
        yield squid


@pytest.mark.parametrize("secure", [False, True], ids=["http", "https"])
def test_squid_lets_in_whom_it_knows(keeper: Squid, nginx: Nginx, ca: CertificateAuthority, secure: bool) -> None:
    (nginx.root / "through-squid.txt").write_bytes(b"hello")
    url = nginx.tls_url("/through-squid.txt") if secure else nginx.url("/through-squid.txt")
    with through(keeper.url, "u", "p@%41 ", ca) as session:
        for _ in range(3):
            assert session.fetch_one(url).body == b"hello"
        with session.open_url(url) as file:
            assert file.read() == b"hello"
    for user, password in ((None, None), ("u", "wrong")):
        with through(keeper.url, user, password, ca) as session:
            if secure:
                with pytest.raises(LoginFailure) as caught:
                    session.fetch_one(url)
                assert caught.value.code == 12015
            else:
                assert session.fetch_one(url).status == 407


# ---- the environment ----

CHILD = """
import sys
from pyinet import *
url, ca, kind, proxy = sys.argv[1:]
arguments = {"DIRECT": (AccessType.DIRECT, None, None), "PROXY": (AccessType.PROXY, proxy, "<-loopback>")}[kind]
with InternetSession("t", 1, *arguments, ca=ca or None) as session:
    print(session.fetch_one(url).body.decode())
    with session.open_url(url) as file:
        print(file.read().decode())
"""


@pytest.mark.parametrize("secure", [False, True], ids=["http", "https"])
@pytest.mark.parametrize("kind", ["DIRECT", "PROXY"])
def test_no_variable_of_the_environment_outweighs_an_argument(
    proxy: ScriptedServer,
    server: ScriptedServer,
    tls_server: ScriptedServer,
    ca: CertificateAuthority,
    tmp_path: Path,
    secure: bool,
    kind: str,
) -> None:
    """In a process of its own: libcurl reads some of them when it likes."""
    origin = tls_server if secure else server
    origin.route("/", response(b"hello"))
    if kind == "PROXY":
        proxy.play(*[tunnel_to(origin)] * 2 if secure else [])
        proxy.route(origin.url("/"), response(b"hello"))
    with ScriptedServer() as wrong:
        nowhere = f"http://u:p@127.0.0.1:{wrong.port}"
        (tmp_path / ".netrc").write_text("default login netrc password netrc\n")
        (tmp_path / ".curlrc").write_text(f"proxy = {nowhere}\ninsecure\nuser = a:b\n")
        other = {
            **{name: nowhere for base in ("http_proxy", "https_proxy", "all_proxy") for name in (base, base.upper())},
            "no_proxy": "*" if kind == "PROXY" else "",
            "NO_PROXY": "*" if kind == "PROXY" else "",
            "SSL_CERT_FILE": str(tmp_path / "nothing.pem"),
            "SSL_CERT_DIR": str(tmp_path),
            "CURL_CA_BUNDLE": str(tmp_path / "nothing.pem"),
            "CURL_HOME": str(tmp_path),
            "HOME": str(tmp_path),
            "XDG_CONFIG_HOME": str(tmp_path),
            "NETRC": str(tmp_path / ".netrc"),
        }
        (tmp_path / "nothing.pem").touch()
        arguments = [origin.url("/"), str(ca.pem), kind, f"127.0.0.1:{proxy.port}"]
        done = subprocess.run(
            [sys.executable, "-c", CHILD, *arguments],
            env={**os.environ, **other},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.stdout, done.stderr) == ("hello\nhello\n", "")
        assert wrong.connections == 0
    assert bool(proxy.received) == (kind == "PROXY")
    for got in origin.received + proxy.received:
        assert got.header("authorization") is None
        assert got.header("proxy-authorization") is None
