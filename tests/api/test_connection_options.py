"""What options of connections do: to what is opened later, and to what is open."""

from __future__ import annotations

import base64
import gzip
from typing import TYPE_CHECKING

import pytest

from pyinet import AccessType, CallerError, HttpFile, InternetOption, InternetSession, InternetStatus
from servers.scripted import response

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyinet.httpconnection import HttpConnection
    from servers.scripted import ScriptedServer

Opt = InternetOption
UNAUTHORIZED = response(b"", 'WWW-Authenticate: Basic realm="r"', status="401 Unauthorized")


def connect(session: InternetSession, server: ScriptedServer, *who: str) -> HttpConnection:
    return session.get_http_connection("127.0.0.1", server.port, *who)


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


INHERITED = [
    (Opt.CONNECT_TIMEOUT, 1234, 60_000),
    (Opt.SEND_TIMEOUT, 0xFFFFFFFF, 30_000),
    (Opt.RECEIVE_TIMEOUT, 0, 30_000),
    (Opt.DATA_RECEIVE_TIMEOUT, 5, 30_000),
    (Opt.CONNECT_RETRIES, 2, 5),
    (Opt.READ_BUFFER_SIZE, 10_000, 4096),
    (Opt.HTTP_DECODING, True, False),
    (Opt.KEEP_CONNECTION, 7, 0),
    (Opt.FROM_CACHE_TIMEOUT, 7, 0xFFFFFFFF),
    (Opt.AUTODIAL_CONNECTION, "x", ""),
]
EACH = pytest.mark.parametrize(("option", "value", "default"), INHERITED, ids=lambda v: getattr(v, "name", None))


@EACH
def test_children_begin_with_what_their_parent_has(
    session: InternetSession, option: Opt, value: object, default: object
) -> None:
    session.set_option(option, value)
    with session.get_http_connection("h") as connection, connection.open_request() as file:
        session.set_option(option, default)
        assert connection.query_option(option) == value
        assert file.query_option(option) == value


@EACH
def test_later_changes_of_a_parent_do_not_reach_what_is_open(
    session: InternetSession, option: Opt, value: object, default: object
) -> None:
    with session.get_http_connection("h") as connection, connection.open_request() as file:
        session.set_option(option, value)
        assert connection.query_option(option) == default
        connection.set_option(option, value)
        assert file.query_option(option) == default
        with connection.open_request() as later:
            assert later.query_option(option) == value


@EACH
def test_changes_do_not_go_up_nor_to_siblings(
    session: InternetSession, option: Opt, value: object, default: object
) -> None:
    with (
        session.get_http_connection("h") as connection,
        session.get_http_connection("h") as other,
        connection.open_request() as file,
        connection.open_request() as sibling,
    ):
        file.set_option(option, value)
        assert [one.query_option(option) for one in (sibling, connection, session)] == [default] * 3
        connection.set_option(option, value)
        assert [one.query_option(option) for one in (sibling, other, session)] == [default] * 3


@EACH
def test_a_file_of_open_url_begins_with_what_its_session_has(
    server: ScriptedServer, session: InternetSession, option: Opt, value: object, default: object
) -> None:
    server.route("/", response(b"x"))
    with session.open_url(server.url()) as before:
        session.set_option(option, value)
        with session.open_url(server.url()) as after:
            assert isinstance(before, HttpFile)
            assert isinstance(after, HttpFile)
            assert before.query_option(option) == default
            assert after.query_option(option) == value


def test_the_error_mask_is_inherited(session: InternetSession) -> None:
    session.set_option(Opt.ERROR_MASK, 1)
    with session.get_http_connection("h") as connection:
        with connection.open_request() as file:
            assert file.query_option(Opt.ERROR_MASK) == 1
        connection.set_option(Opt.ERROR_MASK, 8)
        with connection.open_request() as file:
            assert file.query_option(Opt.ERROR_MASK) == 8


# ---- who ----


def test_credentials_set_on_a_connection_are_used_by_the_next_sending_of_an_open_request(
    server: ScriptedServer, session: InternetSession
) -> None:
    with connect(session, server, "u", "wrong") as connection, connection.open_request() as file:
        server.route("/", UNAUTHORIZED)
        assert file.send_request().status_code == 401
        assert server.received[-1].header("authorization") == basic("u", "wrong")
        connection.set_option(Opt.USERNAME, "me")
        connection.set_option(Opt.PASSWORD, "right")
        assert connection.user_name == "me"
        assert file.query_option(Opt.PASSWORD) == "right"
        server.reply(UNAUTHORIZED)
        server.reply(response(b"in"))
        assert file.send_request().read() == b"in"
        assert server.received[-1].header("authorization") == basic("me", "right")


def test_credentials_set_on_a_request_are_those_of_its_connection(session: InternetSession) -> None:
    with (
        session.get_http_connection("h", 0, "u", "p") as connection,
        connection.open_request() as file,
        connection.open_request() as sibling,
    ):
        file.set_option(Opt.USERNAME, "other")
        file.set_option(Opt.PASSWORD, None)
        for one in (connection, sibling):
            assert one.query_option(Opt.USERNAME) == "other"
            assert one.query_option(Opt.PASSWORD) == ""
        assert connection.user_name == "other"


def test_no_user_name_is_nobody(server: ScriptedServer, session: InternetSession) -> None:
    server.route("/", UNAUTHORIZED)
    with connect(session, server, "u", "p") as connection:
        connection.set_option(Opt.USERNAME, "")
        with connection.get() as file:
            assert file.status_code == 401
    assert [request.header("authorization") for request in server.received] == [None]


@pytest.mark.parametrize("option", [Opt.USERNAME, Opt.PASSWORD, Opt.PROXY_PASSWORD])
def test_credentials_are_not_shown(session: InternetSession, option: Opt) -> None:
    with session.get_http_connection("h") as connection, connection.open_request() as file:
        for one in (connection, file):
            one.set_option(option, "geheim")
            assert "geheim" not in repr(one) + repr(vars(one))
            with pytest.raises(CallerError) as caught:
                one.set_option(option, "geheim\n")
            assert "geheim" not in str(caught.value)


# ---- effects ----


def test_decoding_of_a_connection_is_that_of_its_requests(server: ScriptedServer, session: InternetSession) -> None:
    server.route("/", response(gzip.compress(b"text"), "Content-Encoding: gzip"))
    with connect(session, server) as connection:
        with connection.get(headers={"Accept-Encoding": "gzip"}) as file:
            assert file.read() == gzip.compress(b"text")
        connection.set_option(Opt.HTTP_DECODING, True)
        with connection.get(headers={"Accept-Encoding": "gzip"}) as file:
            assert file.read() == b"text"


def test_http_2_of_a_connection(session: InternetSession) -> None:
    with session.get_http_connection("h") as connection:
        connection.set_option(Opt.ENABLE_HTTP_PROTOCOL, 2)
        with connection.open_request() as file:
            assert file._settings.http2
        connection.set_option(Opt.ENABLE_HTTP_PROTOCOL, 0)
        with connection.open_request() as file:
            assert not file._settings.http2


def test_security_flags_of_a_connection_are_those_its_requests_begin_with(session: InternetSession) -> None:
    with session.get_http_connection("h") as connection, connection.open_request() as before:
        connection.set_option(Opt.SECURITY_FLAGS, 0x1000)
        connection.set_option(Opt.SECURITY_FLAGS, 0x100)
        connection.set_option(Opt.SECURITY_FLAGS, 0)
        with connection.open_request() as after:
            assert [one.query_option(Opt.SECURITY_FLAGS) for one in (before, connection, after)] == [0, 0x1100, 0x1100]
            after.set_option(Opt.SECURITY_FLAGS, 0x2000)
            assert [one.query_option(Opt.SECURITY_FLAGS) for one in (before, connection, after)] == [0, 0x1100, 0x3100]
    with session.get_http_connection("h") as connection:
        assert connection.query_option(Opt.SECURITY_FLAGS) == 0


def test_a_host_that_is_not_ascii_can_be_forbidden(session: InternetSession) -> None:
    with session.get_http_connection("bücher.example") as connection:
        connection.set_option(Opt.IDN, 0)
        with connection.open_request() as file, pytest.raises(CallerError) as caught:
            file.send_request()
        assert caught.value.code == 12005


def test_a_path_that_is_not_ascii_is_no_host(server: ScriptedServer, session: InternetSession) -> None:
    server.route("/b%C3%BCcher", response(b"x"))
    with connect(session, server) as connection:
        connection.set_option(Opt.IDN, 0)
        with connection.get("/bücher") as file:
            assert file.read() == b"x"


def test_the_end_of_a_browser_session_forgets_cookies_without_a_lifetime(session: InternetSession) -> None:
    with session.get_http_connection("h.example") as connection:
        session.set_cookie("http://h.example/", "a", "1")
        assert session.get_cookie("http://h.example/") == "a=1"
        connection.set_option(Opt.END_BROWSER_SESSION)
        assert session.get_cookie_length("http://h.example/") == 0


def test_the_environment_is_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    with InternetSession(access_type=AccessType.PRECONFIG) as session, session.get_http_connection("h") as connection:
        monkeypatch.setenv("http_proxy", "p:1")
        connection.set_option(Opt.PROXY_SETTINGS_CHANGED)
        assert session.query_option(Opt.PROXY)[0] == 3


# ---- contexts ----


class Telling(InternetSession):
    """Keeps what it is told."""

    def __init__(self) -> None:
        super().__init__(access_type=AccessType.DIRECT)
        self.told: list[tuple[int, InternetStatus]] = []
        self.enable_status_callback()

    def on_status_callback(self, context: int, status: InternetStatus, info: object) -> object:  # noqa: ARG002
        self.told.append((context, status))
        return None


def test_a_context_set_on_a_connection_is_inherited_and_told(server: ScriptedServer) -> None:
    server.route("/", response(b"x"))
    with Telling() as session, connect(session, server) as connection:
        connection.set_option(Opt.CONTEXT_VALUE, 9)
        assert (connection.context, connection.get_context()) == (9, 9)
        with connection.get() as file:
            assert file.context == 9
        connection.close()
        assert session.told[0] == (1, InternetStatus.HANDLE_CREATED)
        assert {context for context, _ in session.told[1:]} == {9}
        assert session.told[-1] == (9, InternetStatus.HANDLE_CLOSING)


def at_connection(session: Telling, server: ScriptedServer) -> None:
    session.set_option(Opt.CONTEXT_VALUE, 0)
    with connect(session, server) as connection:
        connection.set_option(Opt.CONTEXT_VALUE, 5)
        connection.get().close()


def at_request(session: Telling, server: ScriptedServer) -> None:
    with connect(session, server) as connection, connection.open_request(context=0) as file:
        file.set_option(Opt.CONTEXT_VALUE, 5)
        file.send_request()


@pytest.mark.parametrize("speak", [at_connection, at_request])
def test_what_was_silent_speaks_once_it_has_a_context(
    server: ScriptedServer, speak: Callable[[Telling, ScriptedServer], None]
) -> None:
    server.route("/", response(b"x"))
    with Telling() as session:
        speak(session, server)
        assert [context for context, status in session.told if status == InternetStatus.RESPONSE_RECEIVED] == [5]


def test_a_context_of_0_is_silence(server: ScriptedServer) -> None:
    server.route("/", response(b"x"))
    with Telling() as session, connect(session, server) as connection, connection.open_request() as file:
        session.told.clear()
        file.set_option(Opt.CONTEXT_VALUE, 0)
        file.send_request()
        assert session.told == []


def test_whether_callbacks_are_enabled_is_settled_when_a_handle_is_made(session: InternetSession) -> None:
    with session.get_http_connection("h") as before:
        session.enable_status_callback()
        with session.get_http_connection("h") as after, after.open_request(context=0) as file:
            assert [one.query_option(Opt.CALLBACK) for one in (before, after, file)] == [0, 1, 1]


# ---- proxies ----


def test_credentials_for_a_proxy_belong_to_the_connection(session: InternetSession) -> None:
    with session.get_http_connection("h") as connection, connection.open_request() as before:
        connection.set_option(Opt.PROXY_USERNAME, "u")
        connection.set_option(Opt.PROXY_PASSWORD, "p")
        with connection.open_request() as file, session.get_http_connection("h") as other:
            assert [one.query_option(Opt.PROXY_USERNAME) for one in (before, file, other)] == ["", "u", ""]
            assert [one.query_option(Opt.PROXY_PASSWORD) for one in (before, file, other)] == ["", "p", ""]
            assert (file._settings.proxy_user, file._settings.proxy_password) == ("u", "p")
            file.set_option(Opt.PROXY_USERNAME, "")
            assert file._settings.proxy_user is None
            assert connection.query_option(Opt.PROXY_USERNAME) == "u"
