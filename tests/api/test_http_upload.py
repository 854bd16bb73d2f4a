"""`send_request_ex`, `write` and `end_request`."""

from __future__ import annotations

import array
import collections
import io
import itertools
import shutil
import threading
from typing import TYPE_CHECKING, Any

import pytest

from pyinet import (
    AccessType,
    CallerError,
    HandleClosed,
    InternetException,
    InternetOption,
    InternetSession,
    InternetTimeout,
    LengthMismatch,
    LocalFileError,
    NotSupported,
    close_handle,
)
from servers.scripted import PATIENCE, ScriptedServer, response

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pyinet import HttpConnection
    from servers.scripted import ScriptedConn

pytestmark = pytest.mark.usefixtures("driver")

LARGE = bytes(range(256)) * 40_000


@pytest.fixture
def connection(server: ScriptedServer) -> Iterator[HttpConnection]:
    server.route("/", response(b"thanks"))
    with (
        InternetSession("agent", access_type=AccessType.DIRECT) as session,
        session.get_http_connection("127.0.0.1", server.port) as connection,
    ):
        yield connection


def code_of(call: Callable[[], object]) -> int:
    """Number of the error a call ends with; 0 when it ends well."""
    try:
        call()
    except InternetException as error:
        return error.code
    return 0


def head_only(conn: ScriptedConn) -> bytes:
    """Read a request's header section and leave its body."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += conn.sock.recv(1)
    return data


# ---- the good ones ----


@pytest.mark.parametrize("length", [len(LARGE), None], ids=["known", "chunked"])
@pytest.mark.parametrize("step", [1_000, 65_536, 5_000_000, len(LARGE)])
def test_a_body_in_pieces(server: ScriptedServer, connection: HttpConnection, length: int | None, step: int) -> None:
    body = LARGE[: 500 * step]
    with connection.open_request("POST") as request:
        request.send_request_ex(None if length is None else len(body))
        assert request.writable()
        assert not request.readable()
        for at in range(0, len(body), step):
            assert request.write(body[at : at + step]) == len(body[at : at + step])
        request.end_request()
        assert (request.status_code, request.read()) == (200, b"thanks")
        assert not request.writable()
    received = server.received[-1]
    assert received.body == body
    assert received.header("content-length") == (None if length is None else str(len(body)))
    assert received.header("transfer-encoding") == ("chunked" if length is None else None)


def test_the_context_manager_ends_the_request(server: ScriptedServer, connection: HttpConnection) -> None:
    with connection.open_request("PUT") as request:
        with request.send_request_ex(10, headers="X: y", first_chunk=b"01234") as upload:
            upload.write(memoryview(b"56789"))
            assert (upload.length, upload.sent) == (10, 10)
        assert request.read() == b"thanks"
    assert (server.received[-1].body, server.received[-1].header("x")) == (b"0123456789", "y")


def test_an_empty_body(server: ScriptedServer, connection: HttpConnection) -> None:
    for length in (0, None):
        with connection.open_request("POST") as request:
            with request.send_request_ex(length):
                pass
            assert request.read() == b"thanks"
        assert server.received[-1].body == b""


def test_several_uploads_on_one_request_and_connection(server: ScriptedServer, connection: HttpConnection) -> None:
    with connection.open_request("POST") as request:
        for size in (3, 70_000, 0, 5):
            with request.send_request_ex(size) as upload:
                upload.write(bytes(size))
            assert request.read() == b"thanks"
        request.send_request(data=b"whole")
        assert request.read() == b"thanks"
    assert [len(one.body) for one in server.received] == [3, 70_000, 0, 5, 5]
    assert server.connections == 1


def test_files_can_be_copied_into_it(server: ScriptedServer, connection: HttpConnection) -> None:
    with connection.open_request("POST") as request:
        with request.send_request_ex(None) as upload:
            shutil.copyfileobj(io.BytesIO(LARGE), upload)
        assert request.status_code == 200
    assert server.received[-1].body == LARGE


# ---- what is refused ----


@pytest.mark.parametrize("length", [-1, 1 << 63, "5", 5.0, True])
def test_bad_lengths(server: ScriptedServer, connection: HttpConnection, length: Any) -> None:  # noqa: ANN401
    with connection.open_request("POST") as request:
        assert code_of(lambda: request.send_request_ex(length)) == 87
    assert server.connections == 0


def test_nothing_is_written_without_an_upload(connection: HttpConnection) -> None:
    with connection.open_request("POST") as request:
        for state in range(2):
            if state:
                request.send_request()
            with pytest.raises(NotSupported) as refused:
                request.write(b"x")
            assert refused.value.code == 12019
            assert code_of(request.end_request) == 12019


def test_nothing_else_works_during_an_upload(connection: HttpConnection) -> None:
    with connection.open_request("POST") as request:
        request.send_request_ex(5)
        for call in (
            request.send_request,
            lambda: request.send_request_ex(5),
            lambda: request.add_request_headers("A: b"),
            lambda: request.status_code,
            request.read,
            request.readline,
            request.available,
            lambda: request.read(1),
            lambda: request.readinto(bytearray(1)),
        ):
            assert code_of(call) == 12019
        request.write(b"12345")
        request.end_request()
        assert request.read() == b"thanks"


def test_the_request_may_be_ended_within_its_block(server: ScriptedServer, connection: HttpConnection) -> None:
    with connection.open_request("POST") as request:
        with request.send_request_ex(3) as upload:
            upload.write(b"abc")
            request.end_request()
            assert request.read() == b"thanks"
        with request.send_request_ex(3):
            request.abort_request()
        assert not request.writable()
    assert [one.body for one in server.received] == [b"abc"]


def test_a_first_piece_that_is_none_leaves_nothing_begun(server: ScriptedServer, connection: HttpConnection) -> None:
    with connection.open_request("POST") as request:
        with pytest.raises(TypeError):
            request.send_request_ex(3, first_chunk="abc")  # type: ignore[arg-type]
        wide = memoryview(array.array("i", [1, 2, 3]))
        with pytest.raises(LengthMismatch):
            request.send_request_ex(3, first_chunk=wide)
        assert (server.connections, request.writable()) == (0, False)
        with request.send_request_ex(wide.nbytes, first_chunk=wide) as upload:
            assert (upload.sent, upload.length) == (wide.nbytes, wide.nbytes)


def test_headers_of_a_request_that_cannot_be_made_are_forgotten(
    server: ScriptedServer, connection: HttpConnection
) -> None:
    with connection.open_request("POST") as request:
        assert code_of(lambda: request.send_request("X: 1\r\nContent-Length: 9", b"abc")) == 87
        assert code_of(lambda: request.send_request_ex(3, headers="X: 1\r\nContent-Length: 9")) == 87
        assert code_of(lambda: request.send_request("X: 2\r\nno colon", b"abc")) == 12153
        request.send_request(data=b"abc")
    assert [one.header("x") for one in server.received] == [None]


def test_a_body_of_a_file_that_is_not_there(connection: HttpConnection, tmp_path: Path) -> None:
    path = tmp_path / "body"
    with connection.open_request("POST") as request:
        for headers in (None, "Content-Length: 3"):
            with pytest.raises((LocalFileError, CallerError)):
                request.send_request(headers, path)
        path.write_bytes(b"abc")
        request.send_request(data=path)
        path.unlink()
        assert request.request_headers.get("Host")


def test_more_than_was_announced(server: ScriptedServer, connection: HttpConnection) -> None:
    with connection.open_request("POST") as request:
        with request.send_request_ex(5) as upload:
            upload.write(b"123")
            with pytest.raises(LengthMismatch) as refused:
                upload.write(b"456")
            assert isinstance(refused.value, ValueError)
            assert refused.value.code == 87
            upload.write(b"45")
        assert request.read() == b"thanks"
    assert server.received[-1].body == b"12345"
    with connection.open_request("POST") as request, pytest.raises(LengthMismatch):
        request.send_request_ex(2, first_chunk=b"123")


def test_fewer_than_were_announced(server: ScriptedServer, connection: HttpConnection) -> None:
    with connection.open_request("POST") as request:
        request.send_request_ex(5)
        request.write(b"123")
        with pytest.raises(LengthMismatch):
            request.end_request()
        assert server.received == []
        assert request.send_request(data=b"whole").read() == b"thanks"
    assert [one.body for one in server.received] == [b"whole"]
    assert server.connections == 2


@pytest.mark.parametrize("length", [100, None])
def test_an_exception_inside_aborts(server: ScriptedServer, connection: HttpConnection, length: int | None) -> None:
    with connection.open_request("POST") as request:

        def send() -> None:
            with request.send_request_ex(length) as upload:
                upload.write(b"123")
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            send()
        assert server.received == []
        assert request.send_request(data=b"whole").read() == b"thanks"


def test_chunks_need_http_1_1(server: ScriptedServer, connection: HttpConnection) -> None:
    with connection.open_request("POST", version="1.0") as request:
        assert code_of(lambda: request.send_request_ex(None)) == 87
        with request.send_request_ex(2) as upload:
            upload.write(b"12")
        assert request.read() == b"thanks"
    assert server.received[-1].line == b"POST / HTTP/1.0"


# ---- servers ----


def test_a_server_that_answers_early(server: ScriptedServer, connection: HttpConnection) -> None:
    def refuses(conn: ScriptedConn) -> None:
        head_only(conn)
        conn.send(response(b"no", status="413 Too Large"))
        conn.wait_closed()

    server.play(refuses)
    with connection.open_request("POST") as request:
        with request.send_request_ex(len(LARGE)) as upload:
            for at in range(0, len(LARGE), 65_536):
                upload.write(LARGE[at : at + 65_536])
        assert (request.status_code, request.read()) == (413, b"no")
        assert request.send_request(data=b"x").read() == b"thanks"
    assert server.connections == 2


def test_a_server_that_answers_200_before_the_end(server: ScriptedServer, connection: HttpConnection) -> None:
    rest: list[bytes] = []
    whole = threading.Event()

    def eager(conn: ScriptedConn) -> None:
        head_only(conn)
        conn.send(response(b"fine"))
        left = len(LARGE)
        while left:
            data = conn.sock.recv(min(left, 65_536))
            rest.append(data)
            left -= len(data)
        whole.set()
        conn.wait_closed()

    server.play(eager)
    with connection.open_request("POST") as request:
        with request.send_request_ex(len(LARGE)) as upload:
            for at in range(0, len(LARGE), 65_536):
                upload.write(LARGE[at : at + 65_536])
        assert (request.status_code, request.read()) == (200, b"fine")
    assert whole.wait(PATIENCE)
    assert b"".join(rest) == LARGE


def test_a_server_that_closes_half_way(server: ScriptedServer, connection: HttpConnection) -> None:
    def breaks(conn: ScriptedConn) -> None:
        head_only(conn)
        conn.reset()

    server.play(breaks)
    with connection.open_request("POST") as request:

        def send() -> None:
            with request.send_request_ex(len(LARGE)) as upload:
                for at in range(0, len(LARGE), 65_536):
                    upload.write(LARGE[at : at + 65_536])

        assert code_of(send) in {12030, 12031}
        assert code_of(lambda: request.write(b"x")) == 12019
        assert request.send_request(data=b"x").read() == b"thanks"


def test_a_server_that_does_not_read(server: ScriptedServer, connection: HttpConnection) -> None:
    stuck = threading.Event()

    def deaf(conn: ScriptedConn) -> None:
        head_only(conn)
        assert stuck.wait(PATIENCE)

    server.play(deaf)
    connection.session.set_option(InternetOption.SEND_TIMEOUT, 100)
    with (
        connection.session.get_http_connection("127.0.0.1", server.port) as other,
        other.open_request("POST") as request,
    ):
        request.send_request_ex(None)
        pieces = itertools.repeat(bytes(1_000_000))
        with pytest.raises(InternetTimeout):
            collections.deque(map(request.write, pieces), maxlen=0)
    stuck.set()


def test_no_clock_runs_while_the_program_takes_its_time(server: ScriptedServer, connection: HttpConnection) -> None:
    connection.session.set_option(InternetOption.SEND_TIMEOUT, 50)
    connection.session.set_option(InternetOption.RECEIVE_TIMEOUT, 50)
    with (
        connection.session.get_http_connection("127.0.0.1", server.port) as other,
        other.open_request("POST") as request,
    ):
        with request.send_request_ex(4) as upload:
            upload.write(b"12")
            threading.Event().wait(0.3)  # several times the limits: the program, not the network, is slow
            upload.write(b"34")
        connection.session.set_option(InternetOption.RECEIVE_TIMEOUT, 30_000)
        assert request.read() == b"thanks"


def test_nobody_listens(session: InternetSession) -> None:
    with ScriptedServer() as gone:
        port = gone.port
    with session.get_http_connection("127.0.0.1", port) as connection, connection.open_request("POST") as request:
        assert code_of(lambda: request.send_request_ex(5)) == 12029
        assert not request.writable()


@pytest.mark.parametrize(("status", "code"), [(302, 0), (303, 0), (307, 12032), (308, 12032)])
def test_redirects(server: ScriptedServer, connection: HttpConnection, status: int, code: int) -> None:
    server.route("/from", response(b"", "Location: /", status=f"{status} Elsewhere"))
    with connection.open_request("POST", "/from") as request:
        request.send_request_ex(3)
        request.write(b"123")
        assert code_of(request.end_request) == code
        if not code:
            assert (request.verb, request.read()) == ("GET", b"thanks")
            assert server.received[-1].body == b""


def test_401_is_the_answer(server: ScriptedServer, connection: HttpConnection) -> None:
    server.route("/", response(b"denied", 'WWW-Authenticate: Basic realm="x"', status="401 Denied"))
    with connection.open_request("POST") as request:
        with request.send_request_ex(3) as upload:
            upload.write(b"123")
        assert (request.status_code, request.read()) == (401, b"denied")


# ---- closing ----


def test_closing_in_the_middle(server: ScriptedServer, connection: HttpConnection) -> None:
    request = connection.open_request("POST")
    upload = request.send_request_ex(None)
    upload.write(b"123")
    request.close()
    for call in (lambda: upload.write(b"4"), request.end_request):
        with pytest.raises(HandleClosed):
            call()
    assert server.received == []
    with request.send_request_ex(1) if not request.closed else pytest.raises(HandleClosed):
        upload.write(b"x")


def test_another_thread_may_close_it_while_it_writes(server: ScriptedServer, connection: HttpConnection) -> None:
    reading, done = threading.Event(), threading.Event()

    def deaf(conn: ScriptedConn) -> None:
        head_only(conn)
        reading.set()
        assert done.wait(PATIENCE)

    server.play(deaf)
    request = connection.open_request("POST")
    codes: list[int] = []

    def send() -> None:
        with request.send_request_ex(None) as upload:
            while True:
                upload.write(bytes(1_000_000))

    thread = threading.Thread(target=lambda: codes.append(code_of(send)))
    thread.start()
    assert reading.wait(PATIENCE)
    close_handle(request.handle)
    thread.join(PATIENCE)
    done.set()
    assert codes[0] in {12017, 6}  # inside a write, or between two


def test_closing_the_session_while_it_writes(server: ScriptedServer) -> None:
    reading, done = threading.Event(), threading.Event()

    def deaf(conn: ScriptedConn) -> None:
        head_only(conn)
        reading.set()
        assert done.wait(PATIENCE)

    server.play(deaf)
    session = InternetSession("a", access_type=AccessType.DIRECT)
    request = session.get_http_connection("127.0.0.1", server.port).open_request("POST")
    codes: list[int] = []

    def send() -> None:
        with request.send_request_ex(None) as upload:
            while True:
                upload.write(bytes(1_000_000))

    thread = threading.Thread(target=lambda: codes.append(code_of(send)))
    thread.start()
    assert reading.wait(PATIENCE)
    session.close()
    thread.join(PATIENCE)
    done.set()
    assert codes[0] in {12017, 6}  # inside a write, or between two


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_file_that_is_dropped_in_the_middle(server: ScriptedServer, connection: HttpConnection) -> None:
    request = connection.open_request("POST")
    request.send_request_ex(5)
    request.write(b"123")
    del request
    assert connection.post("/", b"x").read() == b"thanks"
    assert [one.body for one in server.received] == [b"x"]


# ---- statuses ----


def test_statuses_of_a_post_in_pieces(server: ScriptedServer) -> None:
    class Watching(InternetSession):
        told: list[tuple[int, object]]

        def on_status_callback(self, context: int, status: int, info: object) -> None:
            del context
            self.told.append((int(status), info))

    server.route("/", response(b"thanks"))
    with Watching("a", access_type=AccessType.DIRECT) as session:
        session.told = []
        session.enable_status_callback()
        with (
            session.get_http_connection("127.0.0.1", server.port) as connection,
            connection.open_request("POST") as request,
        ):
            request.send_request_ex(6)
            request.write(b"123")
            request.write(b"456")
            assert [status for status, _ in session.told][-4:] == [30, 31, 30, 31]
            request.end_request()
            assert request.read() == b"thanks"
        sizes = [info for status, info in session.told if status == 31]
        assert [status for status, _ in session.told] == [60, 60, 20, 21, 30, 31, 30, 31, 30, 31, 40, 41, 70, 70]
        assert sizes == [len(server.received[-1].raw), 3, 3]


def test_a_callback_that_closes_the_file_ends_the_write(server: ScriptedServer) -> None:
    class Closing(InternetSession):
        request: Any = None

        def on_status_callback(self, context: int, status: int, info: object) -> None:
            del context, info
            if status == 31 and self.request is not None:
                self.request.close()

    server.route("/", response(b"thanks"))
    with Closing("a", access_type=AccessType.DIRECT) as session:
        session.enable_status_callback()
        with session.get_http_connection("127.0.0.1", server.port) as connection:
            request = connection.open_request("POST")
            request.send_request_ex(6)
            session.request = request
            assert code_of(lambda: request.write(b"123") + request.write(b"456")) in {12017, 6}
    assert server.received == []
