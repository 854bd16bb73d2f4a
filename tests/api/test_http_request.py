"""`HttpFile.send_request` and what is around it."""

from __future__ import annotations

import io
import threading
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest

from pyinet import (
    AccessType,
    CallerError,
    HandleClosed,
    HeaderNotFound,
    HttpAddReq,
    HttpQuery,
    InternetException,
    InternetFlag,
    InternetOption,
    InternetSession,
    InternetTimeout,
    ProtocolError,
    close_handle,
)
from servers.scripted import PATIENCE, ScriptedServer, response

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pyinet import HttpConnection, HttpFile
    from servers.nginx import Nginx
    from servers.scripted import ScriptedConn


REQUEST = HttpQuery.FLAG_REQUEST_HEADERS


@pytest.fixture
def connection(server: ScriptedServer, session: InternetSession) -> Iterator[HttpConnection]:
    server.route("/", response(b"root"))
    with session.get_http_connection("127.0.0.1", server.port) as connection:
        yield connection


def code_of(call: Callable[[], object]) -> int:
    """Number of the error a call ends with; 0 when it ends well."""
    try:
        call()
    except InternetException as error:
        return error.code
    return 0


def fields(server: ScriptedServer) -> list[tuple[str, str]]:
    """Headers of the last request, without Host and User-Agent."""
    return [pair for pair in server.received[-1].headers if pair[0] not in {"Host", "User-Agent"}]


# ---- before it is sent ----


def test_nothing_can_be_asked_before_an_answer(connection: HttpConnection) -> None:
    with connection.open_request("GET", "/a") as request:
        for call in (
            lambda: request.status_code,
            request.query_info_status_code,
            lambda: request.headers,
            lambda: request.query_info(HttpQuery.CONTENT_TYPE),
            request.read,
            lambda: request.readinto(bytearray(1)),
            request.readline,
            request.end_request,
        ):
            assert code_of(call) == 12019
        assert request.get_verb() == "GET"
        assert request.get_object() == "/a"
        assert request.get_file_url() == request.url
        assert request.query_info(HttpQuery.RAW_HEADERS_CRLF) == "\r\n"


def test_a_file_that_was_closed_says_so(connection: HttpConnection) -> None:
    request = connection.get()
    request.close()
    for call in (
        request.send_request,
        lambda: request.add_request_headers("A: b"),
        lambda: request.send_request_ex(1),
        lambda: request.query_info(HttpQuery.DATE),
        lambda: request.write(b"x"),
        request.end_request,
        request.error_dlg,
        request.read,
        request.seekable,
        request.available,
        request.query_info_status_code,
        request.get_length,
        request.raise_for_status,
        lambda: request.query_info_all("date"),
        lambda: request.get_header("date"),
        lambda: request.set_credentials("a", "b"),
        lambda: request.query_option(InternetOption.URL),
        lambda: request.set_option(InternetOption.USERNAME, "a"),
    ):
        with pytest.raises(HandleClosed):
            call()
    for name in (
        "status_code", "reason", "headers", "ok", "http_version", "content_length", "length", "request_headers"
    ):  # fmt: skip
        with pytest.raises(HandleClosed):
            getattr(request, name)


def test_a_file_that_was_closed_still_says_which_it_was(server: ScriptedServer, connection: HttpConnection) -> None:
    request = connection.open_request("GET", "/a", context=5)
    request.close()
    assert (request.get_verb(), request.get_object(), request.get_context()) == ("GET", "/a", 5)
    assert request.get_file_url() == request.name == server.url("/a")
    assert (request.handle, request.closed) == (0, True)


# ---- headers ----


def test_headers_are_added_and_survive_sending_again(server: ScriptedServer, connection: HttpConnection) -> None:
    with connection.open_request() as request:
        request.add_request_headers("A: 1\r\nB: 2\r\n")
        request.add_request_headers({"A": "3"}, HttpAddReq.ADD)
        request.add_request_headers("B: 4", HttpAddReq.COALESCE_WITH_SEMICOLON)
        request.send_request("C: 5\nB: 6")
        assert fields(server) == [("A", "1"), ("A", "3"), ("C", "5"), ("B", "6")]
        request.add_request_headers("A:", HttpAddReq.REPLACE)
        request.send_request()
        assert fields(server) == [("A", "3"), ("C", "5"), ("B", "6")]


@pytest.mark.parametrize(
    ("headers", "mode", "code"),
    [
        ("A: 2", HttpAddReq.ADD_IF_NEW, 12155),
        ("B", HttpAddReq.ADD, 12153),
        ("B: 1\r\nA: 2", HttpAddReq.ADD_IF_NEW, 12155),
        ("B:", HttpAddReq.ADD, 87),
        ("B:", HttpAddReq.REPLACE, 12150),
        ("B b: 1", HttpAddReq.ADD, 12153),
        ({"B": "1\r\nC: 2"}, HttpAddReq.ADD, 12153),
        ("B: \u20ac", HttpAddReq.ADD, 12153),
    ],
    ids=repr,
)
def test_a_header_that_is_refused_changes_nothing(
    server: ScriptedServer,
    connection: HttpConnection,
    headers: Any,  # noqa: ANN401 - text, or a mapping
    mode: HttpAddReq,
    code: int,
) -> None:
    with connection.open_request(headers="A: 1") as request:
        assert code_of(lambda: request.add_request_headers(headers, mode)) == code
        request.add_request_headers(None)
        request.add_request_headers("")
        request.send_request()
    assert fields(server) == [("A", "1")]


def test_a_host_of_its_own_does_not_change_the_peer(server: ScriptedServer, connection: HttpConnection) -> None:
    connection.get(headers="Host: other.test").close()
    assert [value for name, value in server.received[-1].headers if name == "Host"] == ["other.test"]


def test_automatic_headers_are_seen_once_the_request_was_sent(
    connection: HttpConnection, server: ScriptedServer
) -> None:
    def seen(name: str) -> list[Any]:
        return request.query_info_all(HttpQuery.CUSTOM | HttpQuery.FLAG_REQUEST_HEADERS, name=name)

    with connection.open_request("POST", headers="A: 1") as request:
        assert (seen("A"), seen("Host"), seen("User-Agent")) == (["1"], [], [])
        request.send_request(data=b"12345")
        assert (seen("A"), seen("Host")) == (["1"], [f"127.0.0.1:{server.port}"])
        assert (seen("User-Agent"), seen("Content-Length")) == (["pyinet-tests/1.0"], ["5"])
        raw = request.query_info(HttpQuery.RAW_HEADERS_CRLF | HttpQuery.FLAG_REQUEST_HEADERS)
        assert str(raw).startswith("POST / HTTP/1.1\r\n")
        assert sorted(str(raw).strip().splitlines()[1:]) == sorted(
            f"{name}: {value}" for name, value in server.received[-1].headers
        )


@pytest.mark.parametrize(
    ("headers", "data", "code"),
    [
        ("Content-Length: 5", b"12345", 0),
        ("Content-Length: 4", b"12345", 87),
        ("Content-Length: 1", None, 87),
        ("Content-Length: 0", None, 0),
        ("Content-Length: 5\r\nContent-Length: 6", b"12345", 0),  # the last one replaces, as in every SendRequest
        ("Content-Length: 100", None, 87),  # WinINet sends it, and the server waits
        ("Transfer-Encoding: chunked", b"12345", 87),
    ],
    ids=repr,
)
def test_a_length_must_be_true(
    server: ScriptedServer, connection: HttpConnection, headers: str, data: bytes | None, code: int
) -> None:
    with connection.open_request("POST") as request:
        if "6" in headers:
            assert code_of(lambda: request.send_request(headers, data)) == 87
        else:
            assert code_of(lambda: request.send_request(headers, data)) == code
    if not server.received:
        assert server.connections == 0
    else:
        lengths = [value for name, value in server.received[-1].headers if name == "Content-Length"]
        assert lengths == [str(len(data or b""))]


def test_a_length_of_the_program_holds_for_the_next_sending_too(
    server: ScriptedServer, connection: HttpConnection
) -> None:
    with connection.open_request("POST") as request:
        request.send_request("Content-Length: 3", b"abc")
        assert code_of(lambda: request.send_request(data=b"defghi")) == 87  # WinINet sends both as they are
        request.send_request(data=b"def")
        request.send_request("Content-Length: 6", b"defghi")
        request.add_request_headers("Content-Length:", HttpAddReq.REPLACE)
        request.send_request(data=b"de")
        assert [got.body for got in server.received] == [b"abc", b"def", b"defghi", b"de"]


def test_a_length_that_was_made_is_made_anew(server: ScriptedServer, connection: HttpConnection) -> None:
    with connection.open_request("POST") as request:
        request.send_request()
        request.send_request(data=b"test")
        assert [got.header("content-length") for got in server.received] == ["0", "4"]


def test_a_get_has_the_length_the_program_gives_it(server: ScriptedServer, connection: HttpConnection) -> None:
    with connection.open_request(headers="Content-Length: 0") as request:
        request.send_request()
        assert server.received[-1].header("content-length") == "0"
        assert request.query_info(HttpQuery.CONTENT_LENGTH | REQUEST) == "0"


@pytest.mark.parametrize("version", ["HTTP/1.0", "HTTP/1.1"])
def test_the_request_line_is_the_one_that_is_sent(
    server: ScriptedServer, connection: HttpConnection, version: str
) -> None:
    with connection.open_request("POST", "/", version=version) as request:
        for _ in range(2):
            assert request.query_info(HttpQuery.VERSION | REQUEST) == version
            raw = str(request.query_info(HttpQuery.RAW_HEADERS_CRLF | REQUEST))
            assert raw.startswith(f"POST / {version}\r\n")
            request.send_request()
    assert server.received[-1].line.decode() == f"POST / {version}"


# ---- bodies ----


@pytest.mark.parametrize("verb", ["POST", "PUT", "PATCH", "DELETE", "GET", "PROPFIND"])
@pytest.mark.parametrize("size", [1, 100_000])
def test_any_verb_may_have_a_body(server: ScriptedServer, connection: HttpConnection, verb: str, size: int) -> None:
    with connection.open_request(verb) as request:
        request.send_request(data=b"x" * size)
        assert request.read() == b"root"
    received = server.received[-1]
    assert (received.method, received.body) == (verb, b"x" * size)
    assert received.header("content-length") == str(size)
    assert (received.header("content-type"), received.header("expect")) == (None, None)


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_a_head_has_no_body_but_an_empty_one(
    server: ScriptedServer,
    connection: HttpConnection,
    kind: Any,  # noqa: ANN401 - a type
) -> None:
    with connection.open_request("HEAD") as request:
        assert code_of(lambda: request.send_request(data=kind(b"x"))) == 87
        assert server.connections == 0
        assert request.send_request(data=kind(b"")).status_code == 200
    assert server.received[-1].header("content-length") == "0"


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview, "path", "file", "BytesIO", "generator", "list"])
def test_kinds_of_bodies(
    server: ScriptedServer,
    connection: HttpConnection,
    tmp_path: Path,
    kind: Any,  # noqa: ANN401 - a type or a name
) -> None:
    content = bytes(range(256)) * 3000
    path = tmp_path / "body"
    path.write_bytes(b"head" + content)
    with path.open("rb") as file:
        file.read(4)
        data: Any = {
            "path": path,
            "file": file,
            "BytesIO": io.BytesIO(content),
            "generator": (content[i : i + 1000] for i in range(0, len(content), 1000)),
            "list": [content[:5], b"", content[5:]],
        }.get(kind) or kind(content)
        with connection.open_request("POST") as request:
            request.send_request(data=data)
    assert server.received[-1].body == (b"head" if kind == "path" else b"") + content
    chunked = kind in {"generator", "list"}
    assert (server.received[-1].header("transfer-encoding") == "chunked") == chunked


@pytest.mark.parametrize("data", ["text", 5, {"a": "b"}, io.StringIO("text"), ["text"]], ids=repr)
def test_what_is_no_body_is_refused(server: ScriptedServer, connection: HttpConnection, data: Any) -> None:  # noqa: ANN401
    with connection.open_request("POST") as request:
        assert code_of(lambda: request.send_request(data=data)) == 87
        assert server.received == []
        assert request.send_request().read() == b"root"


def test_a_body_that_raises_half_way_is_never_whole(server: ScriptedServer, connection: HttpConnection) -> None:
    def pieces() -> Iterator[bytes]:
        yield b"x" * 1000
        raise ZeroDivisionError

    with connection.open_request("POST") as request:
        with pytest.raises(ZeroDivisionError):
            request.send_request(data=pieces())
        assert server.received == []
        assert request.send_request(data=b"whole").read() == b"root"
    assert [one.body for one in server.received] == [b"whole"]


# ---- the answer ----


@pytest.mark.parametrize("status", ["200 OK", "204 No Content", "404 Not Found", "401 Denied", "500 Broken", "299 "])
def test_every_status_is_an_answer(server: ScriptedServer, connection: HttpConnection, status: str) -> None:
    server.route("/s", response(b"", status=status))
    with connection.open_request("GET", "/s") as request:
        assert request.send_request() is request
        assert request.status_code == request.query_info_status_code() == int(status[:3])
        assert request.reason == status[4:]
        assert request.ok == (int(status[:3]) < 400)


def test_query_info(server: ScriptedServer, connection: HttpConnection) -> None:
    date = "Sun, 06 Nov 1994 08:49:37 GMT"
    server.route("/q", response(b"12345", f"Last-Modified: {date}", "Set-Cookie: a=1", "Set-Cookie: b=2", "X-Y: z"))
    with connection.get("/q") as file:
        assert file.query_info(HttpQuery.CONTENT_LENGTH) == "5"
        assert file.query_info(HttpQuery.CONTENT_LENGTH | HttpQuery.FLAG_NUMBER) == 5
        assert file.query_info(HttpQuery.STATUS_CODE | HttpQuery.FLAG_NUMBER) == 200
        moment = datetime(1994, 11, 6, 8, 49, 37, tzinfo=timezone.utc)
        assert file.query_info(HttpQuery.LAST_MODIFIED | HttpQuery.FLAG_SYSTEMTIME) == moment
        assert [file.query_info(HttpQuery.SET_COOKIE, index) for index in (0, 1)] == ["a=1", "b=2"]
        assert file.query_info_all(HttpQuery.SET_COOKIE) == ["a=1", "b=2"]
        assert list(file.query_info_iter("set-cookie")) == ["a=1", "b=2"]
        assert file.query_info("x-y") == file.query_info(HttpQuery.CUSTOM, name="X-Y") == file.get_header("X-y") == "z"
        assert file.get_header("absent", 5) == 5
        assert file.query_info(HttpQuery.RAW_HEADERS)[0] == "HTTP/1.1 200 OK"  # type: ignore[index]
        assert file.query_info(HttpQuery.REQUEST_METHOD) == "GET"
        with pytest.raises(HeaderNotFound):
            file.query_info(HttpQuery.SET_COOKIE, 2)
        with pytest.raises(KeyError):
            file.query_info("absent")
        assert code_of(lambda: file.query_info(HttpQuery.CONTENT_LENGTH, -1)) == 87


def test_head_has_a_length_and_no_body(server: ScriptedServer, connection: HttpConnection) -> None:
    server.route("/h", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")
    with connection.head("/h") as file:
        assert file.query_info(HttpQuery.CONTENT_LENGTH) == "5"
        assert file.read() == b""


def test_a_request_is_sent_again_on_the_same_connection(server: ScriptedServer, connection: HttpConnection) -> None:
    with connection.open_request() as request:
        for _ in range(3):
            request.send_request()
            assert request.read() == b"root"
        request.send_request()  # a short answer that nobody reads
        request.send_request()
        assert request.read(2) == b"ro"
        request.send_request()
        assert request.read() == b"root"
    assert (server.connections, len(server.received)) == (1, 6)


def test_a_long_answer_that_nobody_reads_is_given_up(server: ScriptedServer, connection: HttpConnection) -> None:
    server.route("/long", response(bytes(50_000_000)))
    with connection.open_request("GET", "/long") as request:
        request.send_request()
        assert len(request.read(10)) == 10
        request.send_request()
        assert request.tell() == 0
        assert len(request.read(10)) == 10
    assert server.connections == 2


def test_a_request_that_failed_can_be_sent_again(server: ScriptedServer, connection: HttpConnection) -> None:
    def breaks(conn: ScriptedConn) -> None:
        conn.recv_request()
        conn.send(b"HTTP/1.1 200 OK\r\nContent-")

    server.play(breaks)
    with connection.open_request() as request:
        assert code_of(request.send_request) == 12152
        assert code_of(lambda: request.status_code) == 12019
        assert request.send_request().read() == b"root"


def test_no_answer_in_time(server: ScriptedServer, session: InternetSession) -> None:
    def hangs(conn: ScriptedConn) -> None:
        conn.recv_request()
        conn.wait_closed()

    server.play(hangs)
    session.set_option(InternetOption.RECEIVE_TIMEOUT, 50)
    with (
        session.get_http_connection("127.0.0.1", server.port) as connection,
        connection.open_request() as request,
        pytest.raises(InternetTimeout),
    ):
        request.send_request()


def test_another_thread_may_close_it_while_it_waits(server: ScriptedServer, connection: HttpConnection) -> None:
    asked = threading.Event()

    def hangs(conn: ScriptedConn) -> None:
        conn.recv_request()
        asked.set()
        conn.wait_closed()

    server.play(hangs)
    request = connection.open_request()
    codes: list[int] = []
    thread = threading.Thread(target=lambda: codes.append(code_of(request.send_request)))
    thread.start()
    assert asked.wait(PATIENCE)
    close_handle(request.handle)
    thread.join(PATIENCE)
    assert codes == [12017]


def test_a_file_in_use_refuses_a_second_thread(server: ScriptedServer, connection: HttpConnection) -> None:
    asked = threading.Event()

    def hangs(conn: ScriptedConn) -> None:
        conn.recv_request()
        asked.set()
        conn.wait_closed()

    server.play(hangs)
    request = connection.open_request()
    thread = threading.Thread(target=lambda: code_of(request.send_request))
    thread.start()
    assert asked.wait(PATIENCE)
    assert code_of(request.send_request) == 12026
    request.close()
    thread.join(PATIENCE)


# ---- redirects ----


@pytest.mark.parametrize(
    ("status", "verb", "follows"),
    [
        (301, "POST", "GET"), (302, "POST", "GET"), (303, "POST", "GET"), (307, "POST", "POST"), (308, "POST", "POST"),
        (302, "HEAD", "HEAD"), (303, "HEAD", "HEAD"), (302, "PUT", "GET"), (307, "DELETE", "DELETE"),
    ],
)  # fmt: skip
def test_the_verb_after_a_redirect(
    server: ScriptedServer, connection: HttpConnection, status: int, verb: str, follows: str
) -> None:
    server.route("/from", response(b"", "Location: /?to", status=f"{status} Elsewhere"))
    server.route("/?to", response(b"there"))
    body = b"body" if verb in {"POST", "PUT"} else None
    with connection.open_request(verb, "/from", headers="Content-Language: en") as request:
        request.send_request(data=body)
        assert (request.verb, request.status_code) == (follows, 200)
        assert request.url == f"http://127.0.0.1:{server.port}/?to"
        assert request.history == (f"http://127.0.0.1:{server.port}/from",)
        assert request.object_name == "/from"
    last = server.received[-1]
    assert last.body == (b"body" if body and follows == verb else b"")
    assert (last.header("content-language") == "en") == (follows == verb)


def test_a_redirect_that_is_not_followed_is_the_answer(server: ScriptedServer, connection: HttpConnection) -> None:
    server.route("/from", response(b"moved", "Location: /", status="302 Found"))
    with connection.get("/from", flags=InternetFlag.NO_AUTO_REDIRECT) as file:
        assert (file.status_code, file.read(), file.history) == (302, b"moved", ())


def test_a_redirect_without_end(server: ScriptedServer, connection: HttpConnection) -> None:
    server.route("/loop", response(b"", "Location: /loop", status="302 Found"))
    with connection.open_request("GET", "/loop") as request:
        with pytest.raises(ProtocolError) as failed:
            request.send_request()
        assert failed.value.code == 12156
    assert len(server.received) == 11


def test_secret_headers_stay_with_their_origin(server: ScriptedServer, connection: HttpConnection) -> None:
    with ScriptedServer() as other:
        other.route("/", response(b"other"))
        server.route("/from", response(b"", f"Location: {other.url('/')}", status="302 Found"))
        headers = {"Authorization": "Bearer x", "Cookie": "a=b", "X-Own": "y"}
        with connection.get("/from", headers=headers) as file:
            assert file.read() == b"other"
        names = [name for name, _ in other.received[-1].headers]
        assert "X-Own" in names
        assert not {"Authorization", "Cookie"} & set(names)


# ---- cookies ----


def test_the_jar_replaces_a_cookie_of_the_program(server: ScriptedServer, connection: HttpConnection) -> None:
    connection.session.set_cookie(server.url("/"), "jar", "1")
    connection.get(headers="Cookie: own=2").close()
    assert server.received[-1].header("cookie") == "jar=1"
    connection.get(headers="Cookie: own=2", flags=InternetFlag.NO_COOKIES).close()
    assert server.received[-1].header("cookie") == "own=2"


def test_cookies_of_an_answer_are_kept(server: ScriptedServer, connection: HttpConnection) -> None:
    server.route("/set", response(b"", "Set-Cookie: a=1"))
    connection.get("/set").close()
    connection.get("/").close()
    assert server.received[-1].header("cookie") == "a=1"


# ---- what is around ----


def test_the_process_may_be_off_line(server: ScriptedServer, connection: HttpConnection) -> None:
    import pyinet

    with connection.open_request() as request:
        pyinet.set_option(InternetOption.CONNECTED_STATE, (0x10, 1))
        try:
            assert code_of(request.send_request) == 12163
        finally:
            pyinet.set_option(InternetOption.CONNECTED_STATE, (1, 0))
        assert request.send_request().read() == b"root"
    assert len(server.received) == 1


def test_a_proxy_gets_the_whole_url(server: ScriptedServer) -> None:
    server.reply(response(b"by proxy"))
    proxy = f"127.0.0.1:{server.port}"
    with (
        InternetSession("a", access_type=AccessType.PROXY, proxy_name=proxy) as session,
        session.get_http_connection("origin.test") as connection,
        connection.get("/a?b") as file,
    ):
        assert file.read() == b"by proxy"
    assert server.received[-1].target == "http://origin.test/a?b"


def test_a_real_server(nginx: Nginx, session: InternetSession) -> None:
    (nginx.root / "face").write_bytes(b"hello\nworld\n")
    with session.get_http_connection("127.0.0.1", nginx.port) as connection, connection.get("/face") as file:
        assert list(file) == [b"hello\n", b"world\n"]
        assert isinstance(file.query_info(HttpQuery.LAST_MODIFIED | HttpQuery.FLAG_SYSTEMTIME), datetime)


def test_open_url_and_requests_share_members(server: ScriptedServer, session: InternetSession) -> None:
    server.route("/", response(b"root"))
    with session.open_url(server.url("/")) as file:
        assert file.read() == b"root"
        assert file.query_info(HttpQuery.CONTENT_LENGTH) == "4"  # type: ignore[union-attr]
        again: HttpFile = file.send_request("X: y")  # type: ignore[union-attr]
        assert again.read() == b"root"
    assert server.received[-1].header("x") == "y"
    assert server.received[-1].header("accept") == "*/*"


def test_caller_errors_carry_the_context(session: InternetSession, server: ScriptedServer) -> None:
    with session.get_http_connection("127.0.0.1", server.port) as connection:
        server.route("/loop", response(b"", "Location: /loop", status="302 Found"))
        with connection.open_request("GET", "/loop", context=5) as request, pytest.raises(ProtocolError) as failed:
            request.send_request()
        assert failed.value.context == 5
    assert isinstance(failed.value, InternetException)
    assert not isinstance(failed.value, CallerError)


@pytest.mark.parametrize("end", ["silent", "slow"])
def test_sending_again_does_not_wait_for_an_answer_that_does_not_come(
    server: ScriptedServer, connection: HttpConnection, end: str
) -> None:
    over = server.gate()

    def script(conn: ScriptedConn) -> None:
        conn.recv_request()
        conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\nx")
        while end == "slow" and not over.wait(0.05):
            conn.send(b"x")
        conn.wait_closed()

    server.play(script)
    with connection.open_request() as request:
        request.set_option(InternetOption.RECEIVE_TIMEOUT, 0xFFFFFFFF)
        assert request.send_request().read(1) == b"x"
        assert request.send_request().read() == b"root"
