"""`InternetConnection`, `HttpConnection` and `open_request`."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, Any

import pytest

from pyinet import (
    AccessType,
    CallerError,
    HandleClosed,
    HttpVerb,
    InternetException,
    InternetFlag,
    InternetHandleType,
    InternetSession,
    close_handle,
    handle_type,
)
from servers.scripted import ScriptedServer, response

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyinet import HttpConnection
    from servers.tls import CertificateAuthority


class Watching(InternetSession):
    """Writes down what it is told, and then acts."""

    def __init__(self, context: int = 1) -> None:
        self.told: list[tuple[int, int, object]] = []
        super().__init__("agent", context, AccessType.DIRECT)
        self.enable_status_callback()

    def on_status_callback(self, context: int, status: int, info: object) -> None:
        self.told.append((context, int(status), info))


@pytest.fixture
def connection(server: ScriptedServer, session: InternetSession) -> Iterator[HttpConnection]:
    server.route("/", response(b"root"))
    with session.get_http_connection("127.0.0.1", server.port) as connection:
        yield connection


def line_of(server: ScriptedServer) -> str:
    return server.received[-1].line.decode("latin-1")


# ---- the connection ----


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("",), 87),
        ((None,), 87),
        ((b"host",), 87),
        (("http://host",), 87),
        (("host:80",), 87),
        (("a b",), 12005),
        (("host/path",), 12005),
        (("user@host",), 12005),
        (("[::1",), 12005),
        (("::1]",), 12005),
        (("[::1]x",), 12005),
        (("[::1][",), 12005),
        (("[host]",), 12005),
        (("[]",), 12005),
        (("ho]st",), 12005),
        (("[::1]:80",), 87),
        (("::g",), 12005),
        (("a:b:c",), 12005),
        (("host\r\n",), 12005),
        (("host\0",), 12005),
        (("host", -1), 87),
        (("host", 65536), 87),
        (("host", "80"), 87),
        (("host", True), 87),
        (("host", InternetFlag.SECURE), 87),
        (("host", 80, 5), 87),
        (("host", 80, "user", b"password"), 87),
        (("host", 80, "us\0er"), 87),
    ],
    ids=repr,
)
def test_bad_arguments_are_refused(session: InternetSession, arguments: tuple[Any, ...], code: int) -> None:
    with pytest.raises(CallerError) as refused:
        session.get_http_connection(*arguments)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("port", "flags", "found", "secure"),
    [
        (0, 0, 80, False),
        (0, InternetFlag.SECURE, 443, True),
        (8080, 0, 8080, False),
        (8080, InternetFlag.SECURE, 8080, True),
        (443, 0, 443, False),
    ],
)
def test_the_port_is_that_of_the_service(
    session: InternetSession, port: int, flags: int, found: int, *, secure: bool
) -> None:
    with session.get_http_connection("Some.Host", port, flags=flags) as connection:
        assert (connection.port, connection.secure) == (found, secure)
        assert connection.server_name == connection.get_server_name() == "Some.Host"
        assert connection.session is connection.get_session() is session


def test_a_connection_has_a_handle_of_its_own(session: InternetSession, connection: HttpConnection) -> None:
    number = connection.handle
    assert number == int(connection) != session.handle
    assert handle_type(number) == InternetHandleType.CONNECT_HTTP
    connection.close()
    connection.close()
    assert (connection.handle, connection.closed) == (0, True)
    with pytest.raises(HandleClosed):
        close_handle(number)


def test_neither_user_nor_password_is_shown(session: InternetSession) -> None:
    with session.get_http_connection("host", 80, "user", "secret") as connection:
        assert connection.user_name == "user"
        assert "secret" not in repr(connection) + repr(vars(connection))
    with session.get_http_connection("host", 80, "", "secret") as connection:
        assert connection.user_name == ""


def test_closing_the_session_closes_connection_and_requests(server: ScriptedServer) -> None:
    server.route("/", response(b"x" * 100))
    session = InternetSession("a", access_type=AccessType.DIRECT)
    connection = session.get_http_connection("127.0.0.1", server.port)
    request, answered = connection.open_request(), connection.get()
    session.close()
    assert connection.closed
    assert request.closed
    assert answered.closed
    for call in (connection.open_request, request.send_request, answered.send_request):
        with pytest.raises(HandleClosed):
            call()
    with pytest.raises(HandleClosed):
        session.get_http_connection("host")


def test_closing_a_connection_leaves_its_session_open(session: InternetSession, connection: HttpConnection) -> None:
    request = connection.open_request()
    connection.close()
    assert request.closed
    assert not session.closed


def test_a_request_keeps_its_connection_alive(server: ScriptedServer, session: InternetSession) -> None:
    server.route("/", response(b"root"))
    request = session.get_http_connection("127.0.0.1", server.port).open_request()
    gc.collect()
    assert request.send_request().read() == b"root"
    request.close()


def test_a_connection_that_is_dropped_closes_its_handle(session: InternetSession) -> None:
    number = session.get_http_connection("host").handle
    gc.collect()
    with pytest.raises(HandleClosed):
        handle_type(number)


# ---- statuses and contexts ----


def test_statuses_of_connection_and_request_carry_their_contexts(server: ScriptedServer) -> None:
    server.route("/", response(b"root"))
    with Watching(7) as session:
        connection = session.get_http_connection("127.0.0.1", server.port)
        request = connection.open_request(context=9)
        numbers = connection.handle, request.handle
        request.send_request()
        assert request.read() == b"root"
        session.close()
        assert connection.context == connection.get_context() == 7
        assert request.context == 9
    assert [(context, status) for context, status, _ in session.told] == [
        (7, 60), (9, 60), *[(9, status) for status in (20, 21, 30, 31, 40, 41)], (9, 70), (7, 70),
    ]  # fmt: skip
    assert [info for _, status, info in session.told if status in {60, 70}] == [*numbers, *reversed(numbers)]


@pytest.mark.parametrize(("given", "found"), [(None, 7), (1, 7), (0, 0), (9, 9)])
def test_the_context_of_a_request(server: ScriptedServer, given: int | None, found: int) -> None:
    server.route("/", response(b"root"))
    with Watching(7) as session, session.get_http_connection("127.0.0.1", server.port) as connection:
        session.told.clear()
        with connection.open_request(context=given) as request:
            request.send_request()
        assert {context for context, _, _ in session.told} == ({found} if found else set())
        assert request.context == found


def test_what_was_opened_before_callbacks_were_enabled_stays_silent(server: ScriptedServer) -> None:
    server.route("/", response(b"root"))
    with Watching() as session:
        session.enable_status_callback(False)
        connection = session.get_http_connection("127.0.0.1", server.port)
        session.enable_status_callback(True)
        connection.get().close()
        connection.close()
        assert session.told == []


def test_a_connection_that_its_callback_closes_ends_the_call() -> None:
    class Closing(Watching):
        def on_status_callback(self, context: int, status: int, info: object) -> None:
            super().on_status_callback(context, status, info)
            if status == 60:
                close_handle(info)  # type: ignore[arg-type]

    with Closing() as session:
        with pytest.raises(CallerError) as refused:
            session.get_http_connection("host")
        assert refused.value.code == 12017
        assert [status for _, status, _ in session.told] == [60, 70]


# ---- opening a request ----


@pytest.mark.parametrize(
    ("verb", "sent"),
    [
        ("GET", "GET"), ("", "GET"), (None, "GET"), (HttpVerb.POST, "POST"), (0, "POST"), (1, "GET"), (2, "HEAD"),
        (3, "PUT"), (HttpVerb.LINK, "LINK"), (5, "DELETE"), (6, "UNLINK"), ("PROPFIND", "PROPFIND"), ("get", "get"),
    ],
    ids=repr,
)  # fmt: skip
def test_verbs(server: ScriptedServer, connection: HttpConnection, verb: Any, sent: str) -> None:  # noqa: ANN401
    with connection.open_request(verb) as request:
        assert request.verb == request.get_verb() == sent
        request.send_request()
    assert line_of(server) == f"{sent} / HTTP/1.1"


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        (None, "/"), ("", "/"), ("a/b?c=d", "/a/b?c=d"), ("/a b", "/a%20b"), ("\\a\\b", "/a/b"), ("/%2f%2F", "/%2f%2F"),
        ("/a\r\n", "/a"), ("/\u00e4", "/%C3%A4"), ("/a?b=%zz", "/a?b=%zz"), ("/A/../B/./C/../../d", "/d"),
        ("a/..", "/"), ("\\..\\a\\.", "/a/"), ("http://o.test/a/../b?c", "http://o.test/b?c"), ("/a#b", "/a"),
    ],
    ids=repr,
)  # fmt: skip
def test_objects(server: ScriptedServer, connection: HttpConnection, given: str | None, sent: str) -> None:
    with connection.open_request("GET", given) as request:
        assert request.object_name == request.get_object() == (given or "/")
        request.send_request()
    assert line_of(server) == f"GET {sent} HTTP/1.1"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"verb": "G ET"}, 87),
        ({"verb": "GET\r\nX: y"}, 87),
        ({"verb": 7}, 87),
        ({"verb": -1}, 87),
        ({"object_name": "/a\r\nb"}, 12005),
        ({"object_name": "/a\0"}, 12005),
        ({"referer": "a\r\nX: y"}, 12153),
        ({"accept_types": ["a\r\nX: y"]}, 12153),
        ({"accept_types": [5]}, 87),
        ({"headers": "no colon"}, 12153),
        ({"headers": "A: b\0"}, 12153),
        ({"flags": InternetFlag.ASYNC}, 87),
        ({"flags": "SECURE"}, 87),
        ({"version": "1.2"}, 87),
        ({"version": "HTTP/2"}, 50),
    ],
    ids=repr,
)
def test_bad_requests_are_refused_and_nothing_is_sent(
    server: ScriptedServer, connection: HttpConnection, arguments: dict[str, Any], code: int
) -> None:
    with pytest.raises(InternetException) as refused:
        connection.open_request(**arguments)
    assert refused.value.code == code
    assert server.connections == 0


@pytest.mark.parametrize(
    "target",
    ["http://other.test/a?b", "/a/%2e%2E/b", "/%2e/a", "/a/...", "/.a", "/a?/../b", "http://other.test/a?/../b"],
)
@pytest.mark.parametrize("fragment", ["", "#/../f"])
def test_objects_that_go_out_as_they_are(
    server: ScriptedServer, connection: HttpConnection, target: str, fragment: str
) -> None:
    for _ in range(2):
        connection.get(target + fragment).close()
        assert line_of(server) == f"GET {target} HTTP/1.1"
        connection.get("/%2f").close()
        assert line_of(server) == "GET /%2f HTTP/1.1"


def test_an_object_that_goes_out_as_it_is_may_be_redirected(server: ScriptedServer, connection: HttpConnection) -> None:
    server.route("/a/%2e%2e/b", response(b"", "Location: /", status="302 Found"))
    with connection.get("/a/%2e%2e/b") as file:
        assert (file.read(), file.url) == (b"root", f"http://127.0.0.1:{server.port}/")


@pytest.mark.parametrize("target", ["/.a", "/a/%2e%2e/b", "/a"])
def test_an_object_that_goes_out_as_it_is_names_its_server_to_a_proxy(server: ScriptedServer, target: str) -> None:
    server.reply(response(b"by proxy"))
    with (
        InternetSession("a", access_type=AccessType.PROXY, proxy_name=f"127.0.0.1:{server.port}") as session,
        session.get_http_connection("origin.test", 8080) as connection,
    ):
        assert connection.get(target).read() == b"by proxy"
    assert line_of(server) == f"GET http://origin.test:8080{target} HTTP/1.1"
    assert server.received[-1].headers == [("Host", "origin.test:8080"), ("User-Agent", "a")]


def test_opening_sends_nothing(server: ScriptedServer, connection: HttpConnection) -> None:
    with connection.open_request(), connection.open_request("POST"):
        assert server.connections == 0


def test_the_plain_headers_of_a_request(server: ScriptedServer, connection: HttpConnection) -> None:
    connection.get("/").close()
    assert server.received[-1].headers == [("Host", f"127.0.0.1:{server.port}"), ("User-Agent", "pyinet-tests/1.0")]


def test_accept_and_referer(server: ScriptedServer, connection: HttpConnection) -> None:
    connection.get("/", accept_types=["text/*", "", "image/png"], referer="http://a/").close()
    request = server.received[-1]
    assert (request.header("accept"), request.header("referer")) == ("text/*, image/png", "http://a/")
    connection.get("/", accept_types=[], referer="").close()
    request = server.received[-1]
    assert (request.header("accept"), request.header("referer")) == (None, None)


@pytest.mark.parametrize("verb", ["DELETE", "LINK", "HEAD", "POST", "PUT", "PROPFIND"])
def test_every_verb_but_get_has_a_length(server: ScriptedServer, connection: HttpConnection, verb: str) -> None:
    with connection.open_request(verb) as request:
        request.send_request()
    assert server.received[-1].header("content-length") == "0"


@pytest.mark.parametrize(
    ("verb", "flags", "found"),
    [
        ("GET", 0, (None, None, None)),
        ("GET", InternetFlag.RELOAD, ("no-cache", "no-cache", None)),
        ("GET", InternetFlag.DONT_CACHE, (None, None, None)),
        ("POST", InternetFlag.DONT_CACHE, ("no-cache", None, None)),
        ("PUT", 0, ("no-cache", None, None)),
        ("GET", InternetFlag.KEEP_CONNECTION, (None, None, "Keep-Alive")),
    ],
)
def test_flags_that_add_headers(
    server: ScriptedServer, connection: HttpConnection, verb: str, flags: int, found: tuple[str | None, ...]
) -> None:
    with connection.open_request(verb, flags=flags) as request:
        request.send_request()
    sent = server.received[-1]
    assert (sent.header("cache-control"), sent.header("pragma"), sent.header("connection")) == found


def test_secure_is_inherited(ca: CertificateAuthority) -> None:
    with (
        ScriptedServer(tls=ca.context()) as server,
        InternetSession("a", access_type=AccessType.DIRECT, ca=ca.pem) as session,
    ):
        server.route("/", response(b"root"))
        with session.get_http_connection("127.0.0.1", server.port, flags=InternetFlag.SECURE) as connection:
            assert connection.get().read() == b"root"
        with (
            session.get_http_connection("127.0.0.1", server.port) as connection,
            connection.open_request(flags=InternetFlag.SECURE) as request,
        ):
            assert request.url == f"https://127.0.0.1:{server.port}/"
            assert request.send_request().read() == b"root"


@pytest.mark.parametrize(
    ("of_connection", "of_request", "url"),
    [(0, 0, "http://host/"), (0, InternetFlag.SECURE, "https://host/"), (InternetFlag.SECURE, 0, "https://host/")],
)
def test_secure_selects_the_port(session: InternetSession, of_connection: int, of_request: int, url: str) -> None:
    with (
        session.get_http_connection("host", flags=of_connection) as connection,
        connection.open_request(flags=of_request) as request,
    ):
        assert request.url == url


@pytest.mark.parametrize("server_name", ["::1", "[::1]"])
def test_addresses_of_ipv6_stand_in_brackets(session: InternetSession, server_name: str) -> None:
    with session.get_http_connection(server_name, 8080) as connection, connection.open_request() as request:
        assert request.url == "http://[::1]:8080/"


def test_several_requests_are_read_in_any_order(server: ScriptedServer, connection: HttpConnection) -> None:
    for name in "abc":
        server.route(f"/{name}", response(name.encode() * 100_000))
    requests = {name: connection.open_request("GET", name) for name in "abc"}
    for request in requests.values():
        request.send_request()
    for name in "cab":
        assert requests[name].read() == name.encode() * 100_000
        requests[name].close()


def test_convenience(server: ScriptedServer, connection: HttpConnection) -> None:
    with connection.post("/", b"a=b") as file:
        assert file.status_code == 200
    request = server.received[-1]
    assert (request.method, request.body) == ("POST", b"a=b")
    assert request.header("content-type") == "application/x-www-form-urlencoded"
    connection.post("/", b"{}", "application/json").close()
    assert server.received[-1].header("content-type") == "application/json"
    connection.put("/", b"data", headers={"Content-Type": "a/b"}).close()
    assert (server.received[-1].method, server.received[-1].header("content-type")) == ("PUT", "a/b")
    connection.delete("/").close()
    assert server.received[-1].method == "DELETE"
    with connection.head("/") as file:
        assert (file.length, file.read()) == (0, b"")


def test_the_agent_of_the_session_can_be_replaced(server: ScriptedServer, connection: HttpConnection) -> None:
    connection.get("/", headers="User-Agent: other").close()
    assert [value for name, value in server.received[-1].headers if name == "User-Agent"] == ["other"]
