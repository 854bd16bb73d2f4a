"""`InternetSession.fetch_one`: one request, waited for in the calling thread."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from pyinet import (
    AccessType,
    CallerError,
    CannotConnect,
    HandleClosed,
    InternetException,
    InternetSession,
    NameNotResolved,
    NotSupported,
    Request,
)
from servers.scripted import response

if TYPE_CHECKING:
    from servers.scripted import ScriptedServer


@pytest.fixture
def refusing_url() -> str:
    """A URL at a port of this machine nobody listens on."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{sock.getsockname()[1]}/"


def test_a_url_gives_the_whole_answer(server: ScriptedServer, session: InternetSession) -> None:
    server.reply(response(b"hello", "Content-Type: text/plain", "X-A: 1", "x-a: 2", status="203 Fine By Me"))
    result = session.fetch_one(server.url("/a?b=c"))
    assert (result.status, result.reason, result.body) == (203, "Fine By Me", b"hello")
    assert result.headers["content-type"] == "text/plain"
    assert result.headers.get_all("X-A") == ["1", "2"]
    assert result.url == server.url("/a?b=c")
    assert result.http_version == "1.1"
    assert result.ok
    assert result.error is None
    assert server.requests == [b"GET /a?b=c HTTP/1.1"]


def test_a_request_object_comes_back_with_its_key(server: ScriptedServer, session: InternetSession) -> None:
    server.reply(response())
    request = Request(server.url(), method="OPTIONS", key=("a", 1))
    result = session.fetch_one(request)
    assert result.request is request
    assert result.key == ("a", 1)
    assert server.requests == [b"OPTIONS / HTTP/1.1"]


def test_a_str_row_comes_back_as_a_request_without_key(server: ScriptedServer, session: InternetSession) -> None:
    server.reply(response())
    result = session.fetch_one(server.url("/x"))
    assert result.request == Request(server.url("/x"))
    assert result.key is None


@pytest.mark.parametrize("status", ["404 Not Found", "500 Broken", "599 Odd"])
def test_an_http_status_is_no_exception(server: ScriptedServer, session: InternetSession, status: str) -> None:
    server.reply(response(b"sorry", status=status))
    result = session.fetch_one(server.url())
    assert (result.status, result.body, result.ok, result.error) == (int(status[:3]), b"sorry", False, None)


def test_an_empty_body_is_empty(server: ScriptedServer, session: InternetSession) -> None:
    server.reply(response())
    assert session.fetch_one(server.url()).body == b""


@pytest.mark.parametrize("size", [1, 65_535, 65_536, 65_537, 1_000_003])
def test_a_body_is_exact_at_every_size(server: ScriptedServer, session: InternetSession, size: int) -> None:
    body = bytes(i * 7 % 251 for i in range(size))
    server.reply(response(body))
    result = session.fetch_one(server.url())
    assert result.body == body
    assert result.size == size


def test_a_refused_connection_raises(session: InternetSession, refusing_url: str) -> None:
    with pytest.raises(CannotConnect) as caught:
        session.fetch_one(refusing_url)
    assert isinstance(caught.value, ConnectionError)
    assert (caught.value.code, caught.value.name) == (12029, "ERROR_INTERNET_CANNOT_CONNECT")
    assert (caught.value.curl_code, caught.value.url) == (7, refusing_url)


def test_a_host_without_an_address_raises(session: InternetSession) -> None:
    # A label of more than 63 letters: the resolver refuses it without asking the network.
    with pytest.raises(NameNotResolved) as caught:
        session.fetch_one(f"http://{'a' * 64}.invalid/")
    assert (caught.value.code, caught.value.curl_code) == (12007, 6)


def test_the_session_works_on_after_a_failure(
    server: ScriptedServer, session: InternetSession, refusing_url: str
) -> None:
    server.route("/", response(b"fine"))
    for _ in range(3):
        with pytest.raises(CannotConnect):
            session.fetch_one(refusing_url)
        assert session.fetch_one(server.url()).body == b"fine"
    assert server.connections == 1


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/a", "gopher://127.0.0.1/", "file:///etc/hosts", "nonsense://x/"])
def test_another_scheme_is_not_supported(session: InternetSession, url: str) -> None:
    with pytest.raises(NotSupported) as caught:
        session.fetch_one(url)
    assert caught.value.code == 12006


@pytest.mark.parametrize("url", ["", "/a/b", "www.example.org", "http://", "http:///a", "http://127.0.0.1:99999/"])
def test_an_unusable_url_is_the_callers_fault(session: InternetSession, url: str) -> None:
    with pytest.raises(CallerError) as caught:
        session.fetch_one(url)
    assert caught.value.code in {12005, 12006}


@pytest.mark.parametrize("row", [None, 7, b"http://127.0.0.1/", ["http://127.0.0.1/"]])
def test_a_row_of_another_type_is_refused(session: InternetSession, row: object) -> None:
    with pytest.raises(CallerError) as caught:
        session.fetch_one(row)  # type: ignore[arg-type]
    assert caught.value.code == 87


def test_errors_show_no_password(session: InternetSession, refusing_url: str) -> None:
    with pytest.raises(CannotConnect) as caught:
        session.fetch_one(refusing_url.replace("http://", "http://me:sesame@"))
    assert "sesame" not in str(caught.value) + caught.value.url + repr(caught.value)


@pytest.mark.parametrize(("own", "told"), [(None, 42), (1, 42), (0, 0), (7, 7)])
def test_errors_carry_the_context(refusing_url: str, own: int | None, told: int) -> None:
    with InternetSession("t", context=42, access_type=AccessType.DIRECT) as session:
        with pytest.raises(CannotConnect) as caught:
            session.fetch_one(Request(refusing_url, context=own))
        assert caught.value.context == told


def test_resolve_is_used_instead_of_dns(server: ScriptedServer) -> None:
    server.route("/", response(b"here"))
    with InternetSession("t", access_type=AccessType.DIRECT, resolve={"*": "127.0.0.1"}) as session:
        assert session.fetch_one(f"http://no-such-host.invalid:{server.port}/").body == b"here"
    assert server.received[0].header("host") == f"no-such-host.invalid:{server.port}"


def test_kept_alive_connections_are_used_again(server: ScriptedServer, session: InternetSession) -> None:
    server.route("/", response(b"x"))
    made = [session.fetch_one(server.url()).new_connections for _ in range(5)]
    assert made == [1, 0, 0, 0, 0]
    assert server.connections == 1


def test_a_closed_session_refuses(server: ScriptedServer, session: InternetSession) -> None:
    session.close()
    session.close()
    with pytest.raises(HandleClosed) as caught:
        session.fetch_one(server.url())
    assert caught.value.code == 6
    assert isinstance(caught.value, ValueError)
    assert server.connections == 0


def test_closed_after_use_refuses_too(server: ScriptedServer, session: InternetSession) -> None:
    server.route("/", response(b"x"))
    session.fetch_one(server.url())
    session.close()
    with pytest.raises(HandleClosed):
        session.fetch_one(server.url())
    assert server.connections == 1


def test_what_is_not_built_yet_says_so(session: InternetSession) -> None:
    for call in (session.get_ftp_connection, session.get_gopher_connection):
        with pytest.raises(NotSupported):
            call("http://127.0.0.1/")


def test_every_error_is_an_internet_exception(session: InternetSession, refusing_url: str) -> None:
    for row in (refusing_url, "ftp://127.0.0.1/", "", None):
        with pytest.raises(InternetException):
            session.fetch_one(row)  # type: ignore[arg-type]
