"""`HttpFile.error_dlg` and the session's policy; KB Q189094."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest

from pyinet import (
    AccessType,
    CallerError,
    Challenge,
    Decision,
    ErrorUiFlag,
    HandleClosed,
    InternetException,
    InternetPolicy,
    InternetSession,
)
from servers.scripted import ScriptedServer, response

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyinet import HttpConnection, HttpFile
    from servers.scripted import ScriptedConn
    from servers.tls import CertificateAuthority

DENIED = response(b"denied", 'WWW-Authenticate: Basic realm="here"', status="401 Denied")


class Asking(InternetPolicy):
    """Answers as it was told to, and writes down what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[object, ...]] = []
        self.credentials: tuple[str, str] | None = None
        self.certificate = Decision.CANCEL
        self.redirect: Decision | None = None

    def get_credentials(self, req: HttpFile, challenge: Challenge) -> tuple[str, str] | None:
        self.asked.append((req.url, *challenge))
        return self.credentials

    def accept_certificate(self, req: HttpFile, error: int, info: object) -> Decision:
        self.asked.append((req.url, error, type(info).__name__))
        return self.certificate

    def allow_redirect(self, req: HttpFile, status: int, new_url: str) -> Decision | None:
        self.asked.append((req.url, status, new_url))
        return self.redirect


@pytest.fixture
def policy(session: InternetSession) -> Asking:
    session.policy = Asking()
    return session.policy


@pytest.fixture
def connection(server: ScriptedServer, session: InternetSession, policy: Asking) -> Iterator[HttpConnection]:
    del policy
    server.route("/", response(b"root"))
    with session.get_http_connection("127.0.0.1", server.port) as connection:
        yield connection


def guarded(conn: ScriptedConn) -> None:
    """Lets in who says user:secret."""
    expected = "Basic " + base64.b64encode(b"user:secret").decode()
    while request := conn.recv_request():
        conn.send(response(b"welcome") if request.header("authorization") == expected else DENIED)


def test_the_recipe_of_a_retry_after_401(server: ScriptedServer, connection: HttpConnection, policy: Asking) -> None:
    server.play(guarded)
    policy.credentials = ("user", "secret")
    with connection.open_request("GET", "/in") as request:
        request.send_request()
        assert request.status_code == 401
        tries = 0
        while request.error_dlg() == Decision.RETRY:
            tries += 1
            request.send_request()
        assert (tries, request.status_code, request.read()) == (1, 200, b"welcome")
    assert policy.asked == [(request.url, "127.0.0.1", "here", "Basic", False)]
    assert server.connections == 1
    assert connection.user_name == "user"


def test_credentials_set_by_hand(server: ScriptedServer, connection: HttpConnection) -> None:
    server.play(guarded)
    with connection.open_request() as request:
        assert request.send_request().status_code == 401
        request.set_credentials("user", "secret")
        assert request.send_request().status_code == 200


def test_an_answer_of_none_cancels(server: ScriptedServer, connection: HttpConnection) -> None:
    server.play(guarded)
    with connection.get() as file:
        assert file.error_dlg() == Decision.CANCEL
        assert file.error_dlg(0, ErrorUiFlag.FILTER_FOR_ERRORS) == Decision.CANCEL
        assert (file.status_code, file.read()) == (401, b"denied")


def test_without_a_policy_nobody_is_asked(server: ScriptedServer, session: InternetSession) -> None:
    server.play(guarded)
    with session.get_http_connection("127.0.0.1", server.port) as connection, connection.get() as file:
        assert file.error_dlg() == Decision.CANCEL


def test_no_ui_asks_nobody(server: ScriptedServer, connection: HttpConnection, policy: Asking) -> None:
    server.play(guarded)
    policy.credentials = ("user", "secret")
    with connection.get() as file:
        assert file.error_dlg(flags=ErrorUiFlag.NO_UI) == Decision.CANCEL
    assert policy.asked == []


def test_a_good_answer_needs_nothing(connection: HttpConnection, policy: Asking) -> None:
    with connection.get() as file:
        assert file.error_dlg() == Decision.OK
        assert int(Decision.OK) == 0
    assert policy.asked == []


def test_a_policy_that_raises_ends_the_call(server: ScriptedServer, connection: HttpConnection) -> None:
    class Raising(InternetPolicy):
        def get_credentials(self, req: HttpFile, challenge: Challenge) -> tuple[str, str] | None:  # noqa: ARG002
            raise ZeroDivisionError

    server.play(guarded)
    connection.session.policy = Raising()
    with connection.get() as file:
        with pytest.raises(ZeroDivisionError):
            file.error_dlg()
        assert file.read() == b"denied"


def test_a_closed_file_says_so(connection: HttpConnection) -> None:
    file = connection.get()
    file.close()
    with pytest.raises(HandleClosed):
        file.error_dlg()


# ---- redirects ----


@pytest.mark.parametrize(("answer", "code"), [(None, 0), (Decision.OK, 0), (Decision.CANCEL, 12168)])
def test_the_policy_may_forbid_a_redirect(
    server: ScriptedServer, connection: HttpConnection, policy: Asking, answer: Decision | None, code: int
) -> None:
    server.route("/from", response(b"", "Location: /", status="302 Found"))
    policy.redirect = answer
    with connection.open_request("GET", "/from") as request:
        if code:
            with pytest.raises(CallerError) as refused:
                request.send_request()
            assert refused.value.code == code
        else:
            assert request.send_request().read() == b"root"
    assert policy.asked == [(server.url("/from"), 302, server.url("/"))]


def test_the_policy_may_allow_https_to_http(
    server: ScriptedServer, ca: CertificateAuthority, session: InternetSession, policy: Asking
) -> None:
    server.route("/", response(b"plain"))
    with ScriptedServer(tls=ca.context()) as secure:
        secure.route("/", response(b"", f"Location: {server.url('/')}", status="302 Found"))
        with (
            session.get_http_connection("127.0.0.1", secure.port, flags=0x00800000) as connection,
            connection.open_request() as request,
        ):
            with pytest.raises(InternetException) as refused:
                request.send_request()
            assert refused.value.code == 12040
            assert request.error_dlg(12040) == Decision.CANCEL
            policy.redirect = Decision.OK
            assert request.error_dlg(12040) == Decision.RETRY
            policy.redirect = None  # the request goes by its flags now
            assert request.send_request().read() == b"plain"


def test_files_of_open_url_ask_the_policy(server: ScriptedServer) -> None:
    server.route("/from", response(b"", "Location: /", status="302 Found"))
    with InternetSession("a", access_type=AccessType.DIRECT) as session:
        session.policy = policy = Asking()
        policy.redirect = Decision.CANCEL
        with pytest.raises(CallerError) as refused:
            session.open_url(server.url("/from"))
        assert refused.value.code == 12168


@pytest.mark.parametrize("verb", ["GET", "POST"])
def test_what_a_policy_raises_ends_the_sending_and_not_the_file(
    server: ScriptedServer, session: InternetSession, connection: HttpConnection, verb: str
) -> None:
    class Broken(InternetPolicy):
        def allow_redirect(self, req: HttpFile, status: int, new_url: str) -> Decision | None:
            del req, status, new_url
            raise ZeroDivisionError

    server.route("/away", response(b"", "Location: /", status="302 Found"))
    session.policy = Broken()
    with connection.open_request(verb, "/away") as request:
        with pytest.raises(ZeroDivisionError):
            request.send_request()
        session.policy = None
        assert request.send_request().read() == b"root"
