"""What options of files say of an answer, and do to a request."""

from __future__ import annotations

import base64
import gzip
from typing import TYPE_CHECKING

import pytest

import pyinet
from pyinet import (
    AccessType,
    CallerError,
    HeaderNotFound,
    HttpFile,
    InternetFlag,
    InternetOption,
    InternetSession,
    LocalFileError,
    TransferError,
)
from pyinet._process import PROCESS
from pyinet._urls.wire import origin_of
from servers.scripted import ScriptedServer, response

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pyinet.httpconnection import HttpConnection
    from servers.nginx import Nginx

Opt = InternetOption
UNAUTHORIZED = response(b"", 'WWW-Authenticate: Basic realm="r"', status="401 Unauthorized")
VIA_PROXY, NO_HEADERS, CACHE_WRITE_DISABLED = 0x4, 0x8, 0x40


@pytest.fixture
def connection(session: InternetSession, server: ScriptedServer) -> Iterator[HttpConnection]:
    with session.get_http_connection("127.0.0.1", server.port, "u", "p") as opened:
        yield opened


def opened(session: InternetSession, url: str, flags: int = 0) -> HttpFile:
    file = session.open_url(url, flags=flags)
    assert isinstance(file, HttpFile)
    return file


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def code_of(file: HttpFile, option: Opt, value: object = None) -> int:
    with pytest.raises(CallerError) as caught:
        file.set_option(option, value)
    return caught.value.code


# ---- what they say ----


def test_an_answer_over_plain_http(server: ScriptedServer, connection: HttpConnection) -> None:
    server.route("/a", response(b"", "Location: /b?c", status="302 Found"))
    server.route("/b", response(b"x"))
    with connection.open_request("GET", "/a") as file:
        assert file.query_option(Opt.URL) == server.url("/a")
        file.send_request()
        for _ in range(2):
            assert file.query_option(Opt.URL) == server.url("/b?c")
            assert file.query_option(Opt.REQUEST_FLAGS) == 0
            assert file.query_option(Opt.SECURITY_FLAGS) == 0
            assert file.query_option(Opt.HTTP_VERSION) == (1, 1)
            assert file.query_option(Opt.HTTP_PROTOCOL_USED) == 0
            assert file.query_option(Opt.COMPRESSED_CONTENT_LENGTH) == 1
            assert file.query_option(Opt.DIAGNOSTIC_SOCKET_INFO).destination_port == server.port
            assert file.query_option(Opt.DIAGNOSTIC_SOCKET_INFO).flags & 0xE == 0
            file.read()


def test_a_short_answer_of_open_url(server: ScriptedServer, session: InternetSession) -> None:
    server.route("/a", response(b"x"))
    with opened(session, server.url("/a?b")) as file:
        assert file.query_option(Opt.HANDLE_TYPE) == 13
        assert file.query_option(Opt.PARENT_HANDLE) == session.handle
        assert file.query_option(Opt.URL) == server.url("/a?b")
        assert file.query_option(Opt.REQUEST_FLAGS) == 0
        assert file.query_option(Opt.USERNAME) == ""
        assert file.query_option(Opt.HTTP_VERSION) == (1, 1)


def test_the_version_is_that_of_the_answer(server: ScriptedServer, connection: HttpConnection) -> None:
    server.reply(b"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx")
    with connection.get() as file:
        assert file.query_option(Opt.HTTP_VERSION) == (1, 0)
        assert file.query_option(Opt.HTTP_PROTOCOL_USED) == 0


@pytest.mark.parametrize("http2", [True, False])
def test_the_protocol_of_an_answer(nginx: Nginx, session: InternetSession, http2: bool) -> None:
    (nginx.root / "protocol.txt").write_text("x")
    session.set_option(Opt.ENABLE_HTTP_PROTOCOL, 2 if http2 else 0)
    with opened(session, nginx.tls_url("/protocol.txt")) as file:
        assert file.query_option(Opt.HTTP_PROTOCOL_USED) == (2 if http2 else 0)
        assert file.query_option(Opt.HTTP_VERSION) == ((2, 0) if http2 else (1, 1))


def test_a_request_can_switch_http_2_on(nginx: Nginx, session: InternetSession) -> None:
    (nginx.root / "protocol.txt").write_text("x")
    port = origin_of(nginx.tls_url()).port
    with session.get_http_connection("127.0.0.1", port, flags=InternetFlag.SECURE) as connection:
        with connection.open_request("GET", "/protocol.txt") as file:
            file.set_option(Opt.ENABLE_HTTP_PROTOCOL, 2)
            file.send_request()
            assert file.query_option(Opt.HTTP_PROTOCOL_USED) == 2
        with connection.get("/protocol.txt") as file:
            assert file.query_option(Opt.HTTP_PROTOCOL_USED) == 0


@pytest.mark.parametrize("flag", [InternetFlag(0), InternetFlag.DONT_CACHE])
def test_request_flags(server: ScriptedServer, connection: HttpConnection, flag: InternetFlag) -> None:
    server.route("/", response(b"x"))
    disabled = CACHE_WRITE_DISABLED if flag else 0
    with connection.open_request(flags=flag) as file:
        assert file.query_option(Opt.REQUEST_FLAGS) == NO_HEADERS | disabled
        file.send_request()
        assert file.query_option(Opt.REQUEST_FLAGS) == disabled


def test_request_flags_of_open_url(server: ScriptedServer, session: InternetSession) -> None:
    server.route("/", response(b"x"))
    with opened(session, server.url(), flags=InternetFlag.DONT_CACHE) as file:
        assert file.query_option(Opt.REQUEST_FLAGS) == CACHE_WRITE_DISABLED


def test_an_answer_by_a_proxy(server: ScriptedServer) -> None:
    server.route("http://far.invalid/", response(b"by proxy"))
    proxy = f"127.0.0.1:{server.port}"
    with (
        InternetSession(access_type=AccessType.PROXY, proxy_name=proxy) as session,
        session.get_http_connection("far.invalid") as connection,
        connection.open_request() as file,
    ):
        assert file.query_option(Opt.REQUEST_FLAGS) == NO_HEADERS
        assert file.send_request().read() == b"by proxy"
        assert file.query_option(Opt.REQUEST_FLAGS) == VIA_PROXY
        assert file.query_option(Opt.DIAGNOSTIC_SOCKET_INFO).flags & 4


def test_an_answer_over_tls(tls_server: ScriptedServer, session: InternetSession) -> None:
    tls_server.route("/", response(b"x"))
    with opened(session, tls_server.url()) as file:
        assert file.query_option(Opt.SECURITY_FLAGS) & 1
        assert file.query_option(Opt.DIAGNOSTIC_SOCKET_INFO).flags & 2
        assert file.query_option(Opt.URL) == tls_server.url()


def test_the_url_has_no_credentials(server: ScriptedServer, session: InternetSession) -> None:
    server.route("/", response(b"x"))
    url = server.url().replace("//", "//u:geheim@")
    with opened(session, url) as file:
        assert file.query_option(Opt.URL) == server.url()
        assert file.query_option(Opt.USERNAME) == "u"
        assert file.query_option(Opt.PASSWORD) == "geheim"


@pytest.mark.parametrize("headers", [None, {"A": "b"}], ids=["short", "with headers"])
def test_the_url_is_in_the_form_that_is_sent(
    server: ScriptedServer, session: InternetSession, headers: dict[str, str] | None
) -> None:
    server.route("/a%20b", response(b"x"))
    with session.open_url(server.url("/a b").replace("http", "HTTP"), headers=headers) as file:
        assert isinstance(file, HttpFile)
        assert file.query_option(Opt.URL) == server.url("/a%20b")


def test_the_length_before_decoding(server: ScriptedServer, connection: HttpConnection) -> None:
    packed = gzip.compress(b"text" * 50)
    server.route("/", response(packed, "Content-Encoding: gzip"))
    with connection.open_request(headers={"Accept-Encoding": "gzip"}) as file:
        file.set_option(Opt.HTTP_DECODING, True)
        assert file.send_request().read() == b"text" * 50
        assert file.query_option(Opt.COMPRESSED_CONTENT_LENGTH) == len(packed)


def test_an_answer_without_a_length(server: ScriptedServer, connection: HttpConnection) -> None:
    server.route("/", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n")
    with connection.get() as file, pytest.raises(HeaderNotFound):
        file.query_option(Opt.COMPRESSED_CONTENT_LENGTH)


def test_the_user_agent_is_the_sessions(session: InternetSession) -> None:
    with session.get_http_connection("h") as connection, connection.open_request() as file:
        session.set_option(Opt.USER_AGENT, "other")
        assert file.query_option(Opt.USER_AGENT) == "pyinet-tests/1.0"


# ---- what they do ----


def test_decoding_holds_from_the_next_sending_on(server: ScriptedServer, connection: HttpConnection) -> None:
    packed = gzip.compress(b"text")
    server.route("/", response(packed, "Content-Encoding: gzip"))
    with connection.get(headers={"Accept-Encoding": "gzip"}) as file:
        file.set_option(Opt.HTTP_DECODING, True)
        assert file.read() == packed
        assert file.send_request().read() == b"text"
        file.set_option(Opt.HTTP_DECODING, False)
        assert file.send_request().read() == packed


def test_credentials_of_a_url_can_be_replaced(server: ScriptedServer, session: InternetSession) -> None:
    server.route("/", UNAUTHORIZED)
    with opened(session, server.url().replace("//", "//u:p@")) as file:
        assert server.received[-1].header("authorization") == basic("u", "p")
        file.set_option(Opt.PASSWORD, "q")
        file.send_request()
        assert server.received[-1].header("authorization") == basic("u", "q")
        file.set_option(Opt.USERNAME, None)
        file.send_request()
        assert server.received[-1].header("authorization") is None


def test_server_authentication_can_be_suppressed(server: ScriptedServer, connection: HttpConnection) -> None:
    server.route("/", UNAUTHORIZED)
    with connection.open_request() as file:
        file.set_option(Opt.SUPPRESS_SERVER_AUTH)
        assert file.send_request().status_code == 401
        assert code_of(file, Opt.SUPPRESS_SERVER_AUTH) == 12019
        assert code_of(file, Opt.SUPPRESS_SERVER_AUTH, False) == 12019
        assert file.send_request().status_code == 401
    assert [request.header("authorization") for request in server.received] == [None, None]


def test_a_suppression_can_be_taken_back_before_sending(server: ScriptedServer, connection: HttpConnection) -> None:
    server.route("/", UNAUTHORIZED)
    with connection.open_request() as file:
        file.set_option(Opt.SUPPRESS_SERVER_AUTH, True)
        file.set_option(Opt.SUPPRESS_SERVER_AUTH, 0)
        file.send_request()
    assert server.received[-1].header("authorization") == basic("u", "p")


def test_a_suppressed_request_takes_no_credentials_from_a_redirect(
    server: ScriptedServer, connection: HttpConnection
) -> None:
    server.route("/", response(b"", f"Location: http://a:b@127.0.0.1:{server.port}/next", status="302 Found"))
    server.route("/next", UNAUTHORIZED)
    for suppressed in (False, True):
        with connection.open_request() as file:
            file.set_option(Opt.SUPPRESS_SERVER_AUTH, suppressed)
            file.send_request()
        assert server.received[-1].header("authorization") == (None if suppressed else basic("a", "b"))


def test_suppression_after_a_failure_is_before_sending(server: ScriptedServer, connection: HttpConnection) -> None:
    server.play(lambda conn: conn.close())
    server.route("/", UNAUTHORIZED)
    with connection.open_request() as file:
        with pytest.raises(TransferError):
            file.send_request()
        file.set_option(Opt.SUPPRESS_SERVER_AUTH)
        assert file.send_request().status_code == 401
    assert server.received[-1].header("authorization") is None


@pytest.mark.parametrize("option", [Opt.SECURITY_FLAGS, Opt.UNDOCUMENTED_99])
def test_security_flags_are_added_and_belong_to_one_request(connection: HttpConnection, option: Opt) -> None:
    with connection.open_request() as file, connection.open_request() as sibling:
        file.set_option(option, 0x80)
        file.set_option(option, 0x1000)
        file.set_option(option, 0)
        assert file.query_option(Opt.SECURITY_FLAGS) == file.query_option(98) == 0x1080
        assert sibling.query_option(Opt.SECURITY_FLAGS) == 0
        assert connection.query_option(Opt.SECURITY_FLAGS) == 0
        row = file._planned().row(file._settings, None)
        assert row.security == 0x1080


def test_flags_of_certificates_are_security_flags(connection: HttpConnection) -> None:
    flags = InternetFlag.IGNORE_CERT_CN_INVALID | InternetFlag.IGNORE_CERT_DATE_INVALID | InternetFlag.PRAGMA_NOCACHE
    with connection.open_request(flags=flags) as file:
        assert file.query_option(Opt.SECURITY_FLAGS) == 0x3000
        file.set_option(Opt.SECURITY_FLAGS, 0x100)
        assert file.query_option(Opt.SECURITY_FLAGS) == 0x3100


def test_a_client_certificate_is_kept_for_the_request(connection: HttpConnection, tmp_path: Path) -> None:
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    cert.write_text("c")
    with connection.open_request() as file:
        with pytest.raises(LocalFileError) as caught:
            file.set_option(Opt.CLIENT_CERT_CONTEXT, (str(cert), str(key)))
        assert (caught.value.code, caught.value.filename) == (2, str(key))
        assert file._planned().row(file._settings, None).certificate is None
        key.write_text("k")
        file.set_option(Opt.CLIENT_CERT_CONTEXT, (str(cert), str(key)))
        assert file._planned().row(file._settings, None).certificate == (str(cert), str(key), None)
        file.set_option(Opt.CLIENT_CERT_CONTEXT, (str(cert), str(key), "secret"))
        assert file._planned().row(file._settings, None).certificate == (str(cert), str(key), "secret")
        file.set_option(Opt.SUPPRESS_SERVER_AUTH)
        assert file._planned().row(file._settings, None).certificate is None


def test_a_client_certificate_is_not_for_other_origins(connection: HttpConnection, tmp_path: Path) -> None:
    pem = tmp_path / "both.pem"
    pem.write_text("c")
    with connection.open_request() as file:
        file.set_option(Opt.CLIENT_CERT_CONTEXT, (str(pem), str(pem)))
        row = file._planned().row(file._settings, None)
        row.follow("https://127.0.0.1/", "GET", same_origin=True, keeps_body=False)
        assert row.certificate
        row.follow("https://other.example/", "GET", same_origin=False, keeps_body=False)
        assert row.certificate is None


def test_a_request_can_ignore_that_the_process_is_off_line(server: ScriptedServer, connection: HttpConnection) -> None:
    server.route("/", response(b"x"))
    with connection.open_request() as file, connection.open_request() as other:
        try:
            pyinet.set_option(Opt.CONNECTED_STATE, (0x10, 1))
            file.set_option(Opt.IGNORE_OFFLINE)
            assert file.send_request().read() == b"x"
            file.set_option(Opt.IGNORE_OFFLINE, False)
            for one in (file, other):
                with pytest.raises(TransferError) as caught:
                    one.send_request()
                assert caught.value.code == 12163
        finally:
            PROCESS.offline = False


def test_a_file_of_open_url_has_settings_of_its_own(server: ScriptedServer, session: InternetSession) -> None:
    server.route("/", response(b"x"))
    with opened(session, server.url()) as file, opened(session, server.url()) as other:
        file.set_option(Opt.RECEIVE_TIMEOUT, 1234)
        file.set_option(Opt.CONNECT_TIMEOUT, 0xFFFFFFFF)
        assert (file._settings.receive_timeout_ms, file._settings.connect_timeout_ms) == (1234, 0)
        assert other._settings.receive_timeout_ms == session._settings.receive_timeout_ms == 30_000
        assert file.send_request().read() == b"x"


def test_the_context_set_on_a_file_is_that_of_its_errors(server: ScriptedServer, connection: HttpConnection) -> None:
    server.play(lambda conn: conn.close())
    with connection.open_request() as file:
        file.set_option(Opt.CONTEXT_VALUE_OLD, 8)
        assert file.context == 8
        with pytest.raises(TransferError) as caught:
            file.send_request()
        assert caught.value.context == 8
