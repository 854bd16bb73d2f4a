"""What options of files say of a connection with TLS, and do to one."""

from __future__ import annotations

import datetime as dt
import ssl
from typing import TYPE_CHECKING

import pytest

from pyinet import CallerError, HttpFile, InternetFlag, InternetOption, InternetSession, TlsError
from servers.scripted import ScriptedServer, response

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyinet.httpconnection import HttpConnection
    from servers.tls import CertificateAuthority

Opt = InternetOption
SECURE, STRONG = 0x1, 0x20000000
IGNORE_CA = 0x100
LONG = 1 << 20


def connect(session: InternetSession, server: ScriptedServer) -> HttpConnection:
    return session.get_http_connection("127.0.0.1", server.port, flags=InternetFlag.SECURE)


def by_request(session: InternetSession, server: ScriptedServer) -> HttpFile:
    return connect(session, server).get()


def by_url(session: InternetSession, server: ScriptedServer) -> HttpFile:
    file = session.open_url(server.url())
    assert isinstance(file, HttpFile)
    return file


def by_url_again(session: InternetSession, server: ScriptedServer) -> HttpFile:
    by_url(session, server).close()  # this time over a connection that is kept
    return by_url(session, server)


def by_callback(session: InternetSession, server: ScriptedServer) -> HttpFile:
    session.enable_status_callback()
    return by_url(session, server)


OPENED = pytest.mark.parametrize("opened", [by_request, by_url, by_url_again, by_callback])


@OPENED
@pytest.mark.parametrize("size", [1, LONG], ids=["short", "long"])
def test_facts_of_the_connection_are_known_before_and_after_the_end_of_the_answer(
    tls_server: ScriptedServer,
    session: InternetSession,
    opened: Callable[[InternetSession, ScriptedServer], HttpFile],
    size: int,
) -> None:
    tls_server.route("/", response(b"x" * size))
    with opened(session, tls_server) as file:
        for _ in range(2):
            assert file.query_option(Opt.SECURITY_FLAGS) == SECURE | STRONG
            assert file.query_option(Opt.SECURITY_KEY_BITNESS) in {128, 256}
            info = file.query_option(Opt.DIAGNOSTIC_SOCKET_INFO)
            assert info.source_port > 0
            assert (info.socket, info.destination_port, info.flags & 0xE) == (0, tls_server.port, 2)
            chain = file.query_option(Opt.SERVER_CERT_CHAIN_CONTEXT)
            assert ssl.PEM_cert_to_DER_cert(chain[0])
            fields = file.query_option(Opt.SECURITY_CERTIFICATE_STRUCT)
            assert fields.start < dt.datetime.now(dt.timezone.utc) < fields.expiry
            assert fields.key_bits == file.query_option(Opt.SECURITY_KEY_BITNESS)
            text = file.query_option(Opt.SECURITY_CERTIFICATE)
            assert text.startswith("Subject:\r\n")
            assert f"({fields.key_bits} bits)" in text
            assert len(file.read()) in {size, 0}


def test_a_certificate_is_that_of_the_last_answer(
    tls_server: ScriptedServer, server: ScriptedServer, session: InternetSession
) -> None:
    tls_server.route("/", response(b"", f"Location: {server.url()}", status="302 Found"))
    server.route("/", response(b"x"))
    to_http = InternetFlag.IGNORE_REDIRECT_TO_HTTP
    with connect(session, tls_server) as connection, connection.get(flags=to_http) as file:
        assert file.query_option(Opt.SECURITY_FLAGS) == 0
        for option, code in ((Opt.SECURITY_CERTIFICATE, 12016), (Opt.SERVER_CERT_CHAIN_CONTEXT, 12019)):
            with pytest.raises(CallerError) as caught:
                file.query_option(option)
            assert caught.value.code == code


def test_a_certificate_of_an_unknown_authority_can_be_forgiven_for_one_request(tls_server: ScriptedServer) -> None:
    tls_server.route("/", response(b"x"))
    with InternetSession() as session, connect(session, tls_server) as connection:
        with connection.open_request() as file, connection.open_request() as other:
            with pytest.raises(TlsError) as caught:
                file.send_request()
            assert caught.value.code == 12045
            file.set_option(Opt.SECURITY_FLAGS, IGNORE_CA)
            assert file.send_request().read() == b"x"
            assert file.query_option(Opt.SECURITY_FLAGS) == SECURE | STRONG | IGNORE_CA
            with pytest.raises(TlsError):
                other.send_request()
        connection.set_option(Opt.SECURITY_FLAGS, IGNORE_CA)
        assert connection.get().read() == b"x"


def test_a_client_certificate_is_shown(ca: CertificateAuthority, session: InternetSession) -> None:
    context = ca.context()
    context.load_verify_locations(ca.pem)
    context.verify_mode = ssl.CERT_REQUIRED
    with ScriptedServer(tls=context) as server, connect(session, server) as connection:
        server.route("/", response(b"in"))
        with connection.open_request() as file:
            with pytest.raises(TlsError) as caught:
                file.send_request()
            assert caught.value.code == 12044
            file.set_option(Opt.CLIENT_CERT_CONTEXT, (str(ca.server_pem), str(ca.server_pem)))
            assert file.send_request().read() == b"in"
        with connection.open_request() as file:
            file.set_option(Opt.CLIENT_CERT_CONTEXT, (str(ca.server_pem), str(ca.server_pem)))
            file.set_option(Opt.SUPPRESS_SERVER_AUTH)
            with pytest.raises(TlsError):
                file.send_request()


def test_ports_of_plain_http_are_known_while_the_answer_is_read(
    server: ScriptedServer, session: InternetSession
) -> None:
    server.route("/", response(b"x" * LONG))
    with session.get_http_connection("127.0.0.1", server.port) as connection, connection.get() as file:
        assert file.query_option(Opt.DIAGNOSTIC_SOCKET_INFO).source_port > 0
        file.read()
        assert file.query_option(Opt.DIAGNOSTIC_SOCKET_INFO) == (0, 0, server.port, 0)


def test_credentials_for_a_proxy_are_sent_to_it(server: ScriptedServer) -> None:
    server.reply(response(b"", 'Proxy-Authenticate: Basic realm="r"', status="407 Proxy Authentication Required"))
    server.reply(response(b"x"))
    with (
        InternetSession(access_type=3, proxy_name=f"127.0.0.1:{server.port}") as session,
        session.get_http_connection("far.invalid") as connection,
        connection.open_request() as file,
    ):
        file.set_option(Opt.PROXY_USERNAME, "u")
        file.set_option(Opt.PROXY_PASSWORD, "p")
        assert file.send_request().read() == b"x"
    assert [request.header("proxy-authorization") for request in server.received] == [None, "Basic dTpw"]
    assert [request.header("authorization") for request in server.received] == [None, None]
