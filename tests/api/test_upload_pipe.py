"""Request bodies that are written while they are sent, against servers that misbehave, and real ones."""

from __future__ import annotations

import io
import os
import random
import socket
import subprocess
import sys
import textwrap
import threading
import time
from typing import TYPE_CHECKING

import pytest

from pyinet import InternetException, InternetFlag, InternetOption, InternetSession
from servers.scripted import PATIENCE, ScriptedServer, response

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pyinet import HttpConnection
    from pyinet.httpfile import HttpFile
    from servers.nginx import Nginx
    from servers.scripted import Script, ScriptedConn

pytestmark = pytest.mark.usefixtures("driver")

LARGE = bytes(range(256)) * 24_000
LENGTHS = pytest.mark.parametrize("announced", [True, False], ids=["length", "chunks"])


@pytest.fixture
def connection(server: ScriptedServer, session: InternetSession) -> Iterator[HttpConnection]:
    server.route("/", response(b"thanks"))
    with session.get_http_connection("127.0.0.1", server.port) as connection:
        yield connection


def head_of(conn: ScriptedConn) -> bytes:
    """Read a request's header section and leave its body."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += conn.sock.recv(1)
    return data


def answering(answer: bytes, *, after: int = 0, deaf: threading.Event | None = None) -> Script:
    """Answer when *after* bytes of the body were read; then close with the rest unread, or stay and wait for *deaf*."""

    def script(conn: ScriptedConn) -> None:
        head_of(conn)
        left = after
        while left:
            left -= len(conn.sock.recv(min(left, 65_536)))
        conn.send(answer)
        if deaf is not None:
            deaf.wait(PATIENCE)
        conn.close()

    return script


def write_all(request: HttpFile, body: bytes, *, announced: bool, step: int = 60_000) -> None:
    with request.send_request_ex(len(body) if announced else None) as upload:
        for at in range(0, len(body), step):
            upload.write(body[at : at + step])


def code_of(call: Callable[[], object]) -> int:
    """Number of the error a call ends with; 0 when it ends well."""
    try:
        call()
    except InternetException as error:
        return error.code
    return 0


# ---- answers that come early ----

EARLY = {
    "401": response(b"who?", "WWW-Authenticate: Basic realm=x", "Connection: close", status="401 Who"),
    "413": response(b"too much", "Connection: close", status="413 Too Large"),
    "500": response(b"broken", "Connection: close", status="500 Broken"),
    "302 that leads nowhere": response(b"there", "Location: ftp://x/", "Connection: close", status="302 Found"),
    "200": response(b"enough", "Connection: close"),
    "204": b"HTTP/1.1 204 Fine\r\nConnection: close\r\n\r\n",
    "413 behind interim ones": b"HTTP/1.1 103 A\r\n\r\nHTTP/1.1 102 B\r\n\r\n" + response(b"no", status="413 No"),
    "413 in chunks": b"HTTP/1.1 413 No\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n0\r\n\r\n",
}


def expected(answer: bytes) -> tuple[int, bytes]:
    final = answer[answer.rindex(b"HTTP/1.") :]
    head, _, body = final.partition(b"\r\n\r\n")
    return int(final[9:12]), b"no" if b"chunked" in head else body


@LENGTHS
@pytest.mark.parametrize("after", [0, 300_000])
@pytest.mark.parametrize("answer", EARLY.values(), ids=EARLY.keys())
def test_an_early_answer_is_had_though_the_server_closes(
    server: ScriptedServer, connection: HttpConnection, answer: bytes, after: int, announced: bool
) -> None:
    server.play(answering(answer, after=after))
    with connection.open_request("POST") as request:
        write_all(request, LARGE, announced=announced)
        assert (request.status_code, request.read()) == expected(answer)
        assert request.send_request(data=b"x").read() == b"thanks"
    assert server.connections == 2


@pytest.mark.parametrize("body", ["file", "bytes"])
@pytest.mark.parametrize("answer", EARLY.values(), ids=EARLY.keys())
def test_an_early_answer_to_what_the_core_reads_itself(
    server: ScriptedServer, connection: HttpConnection, tmp_path: Path, answer: bytes, body: str
) -> None:
    server.play(answering(answer, after=100_000))
    (tmp_path / "body").write_bytes(LARGE)
    with connection.open_request("POST") as request, (tmp_path / "body").open("rb") as file:
        request.send_request(data=file if body == "file" else LARGE)
        assert (request.status_code, request.read()) == expected(answer)
    assert server.connections == 1


@LENGTHS
@pytest.mark.parametrize("answer", [EARLY["413"], EARLY["413 in chunks"]], ids=["length", "chunks"])
def test_an_early_answer_while_the_program_pauses(
    server: ScriptedServer, connection: HttpConnection, answer: bytes, announced: bool
) -> None:
    answered = server.gate()

    def script(conn: ScriptedConn) -> None:
        head_of(conn)
        conn.send(answer)
        answered.set()
        conn.wait_closed()

    server.play(script)
    with connection.open_request("POST") as request:
        with request.send_request_ex(len(LARGE) if announced else None) as upload:
            upload.write(b"12")
            assert answered.wait(PATIENCE)
            upload.write(b"34")
            for at in range(4, len(LARGE), 500_000):
                upload.write(LARGE[at : at + 500_000])
        assert (request.status_code, request.read()) == expected(answer)


@pytest.mark.parametrize("written", [False, True], ids=["bytes", "written"])
def test_an_early_answer_that_is_cut_off_is_lost_at_once(
    server: ScriptedServer, connection: HttpConnection, *, written: bool
) -> None:
    begun = server.gate()

    def script(conn: ScriptedConn) -> None:
        head_of(conn)
        conn.send(EARLY["413"][:-1])
        begun.wait(PATIENCE)
        conn.sock.shutdown(socket.SHUT_WR)
        conn.wait_closed()

    server.play(script)
    connection.session.set_option(InternetOption.RECEIVE_TIMEOUT, 5000)
    with connection.session.get_http_connection("127.0.0.1", server.port) as other, other.open_request("POST") as sent:
        if written:
            write_all(sent, LARGE, announced=True)
        else:
            sent.send_request(data=LARGE)
        assert sent.status_code == 413
        begun.set()
        assert code_of(sent.read) == 12030


def test_a_complete_answer_counts_though_the_server_never_reads(
    server: ScriptedServer, connection: HttpConnection
) -> None:
    server.play(answering(response(b"fine"), deaf=server.gate()))
    connection.session.set_option(InternetOption.RECEIVE_TIMEOUT, 200)
    connection.session.set_option(InternetOption.SEND_TIMEOUT, 200)
    with (
        connection.session.get_http_connection("127.0.0.1", server.port) as other,
        other.open_request("POST") as request,
    ):
        write_all(request, LARGE * 3, announced=True)
        assert (request.status_code, request.read()) == (200, b"fine")


@LENGTHS
@pytest.mark.parametrize("fields", [[], ["Connection: close"]], ids=["kept", "closing"])
def test_a_long_refusal_waits_for_its_reader(
    server: ScriptedServer, session: InternetSession, fields: list[str], announced: bool
) -> None:
    def script(conn: ScriptedConn) -> None:
        head_of(conn)
        conn.send(response(LARGE, *fields, status="413 Too Large"))
        over.wait(PATIENCE)
        conn.close()

    over = server.gate()
    server.play(script)
    session.set_option(InternetOption.SEND_TIMEOUT, 100)
    session.set_option(InternetOption.RECEIVE_TIMEOUT, 100)
    with (
        session.get_http_connection("127.0.0.1", server.port) as connection,
        connection.open_request("POST") as request,
    ):
        begun = time.monotonic()
        write_all(request, LARGE, announced=announced, step=20_000)
        assert time.monotonic() - begun < 5  # what is not wanted is not waited for
        first = request.read(10)
        threading.Event().wait(0.6)  # several times the limits: the program, not the network, is slow
        assert first + request.read() == LARGE
        over.set()


def test_a_refused_body_in_chunks_is_given_no_end(server: ScriptedServer, connection: HttpConnection) -> None:
    rest: list[bytes] = []
    answered, closed = server.gate(), threading.Event()

    def script(conn: ScriptedConn) -> None:
        head_of(conn)
        conn.send(EARLY["413"])
        answered.set()
        rest.append(conn.wait_closed())
        closed.set()

    server.play(script)
    with connection.open_request("POST") as request:
        with request.send_request_ex(None) as upload:
            upload.write(b"123")
            assert answered.wait(PATIENCE)
            upload.write(b"456")
        assert (request.status_code, request.read()) == expected(EARLY["413"])
    assert closed.wait(PATIENCE)
    assert not rest[0].endswith(b"0\r\n\r\n")


def test_two_answers_at_once_do_not_answer_the_next_request(server: ScriptedServer, connection: HttpConnection) -> None:
    server.play(answering(response(b"one") + response(b"two"), after=3, deaf=server.gate()))
    with connection.open_request("POST") as request:
        write_all(request, b"123", announced=True)
        assert request.read() == b"one"
        assert request.send_request(data=b"x").read() == b"thanks"
    assert server.connections == 2


@LENGTHS
def test_a_server_that_closes_without_a_word(
    server: ScriptedServer, connection: HttpConnection, announced: bool
) -> None:
    server.play(lambda conn: conn.close() if head_of(conn) else None)
    with connection.open_request("POST") as request:
        assert code_of(lambda: write_all(request, LARGE, announced=announced)) in {12030, 12031, 12152}


def test_interim_answers_do_not_stop_the_send_clock(server: ScriptedServer, connection: HttpConnection) -> None:
    server.play(answering(b"HTTP/1.1 102 Wait\r\n\r\n", deaf=server.gate()))
    connection.session.set_option(InternetOption.RECEIVE_TIMEOUT, 60_000)
    connection.session.set_option(InternetOption.SEND_TIMEOUT, 200)
    with (
        connection.session.get_http_connection("127.0.0.1", server.port) as other,
        other.open_request("POST") as request,
    ):
        assert code_of(lambda: write_all(request, LARGE * 3, announced=False)) == 12002


# ---- credentials ----


@LENGTHS
def test_credentials_are_asked_for_before_the_body_is_sent(
    server: ScriptedServer, connection: HttpConnection, announced: bool
) -> None:
    def challenges(conn: ScriptedConn) -> None:
        assert b"Expect: 100-continue" in head_of(conn)
        conn.send(response(b"who?", 'WWW-Authenticate: Basic realm="x"', status="401 Who"))
        assert conn.wait_closed() == b""

    server.play(challenges)
    with connection.open_request("POST") as request:
        request.set_credentials("u", "p")
        write_all(request, LARGE, announced=announced)
        assert (request.status_code, request.read()) == (200, b"thanks")
    assert server.received[-1].body == LARGE
    assert server.received[-1].header("authorization") == "Basic dTpw"


def test_a_challenge_that_comes_too_late_is_told_and_wants_a_repetition(
    server: ScriptedServer, connection: HttpConnection
) -> None:
    server.reply(response(b"who?", 'WWW-Authenticate: Basic realm="x"', status="401 Who"))
    with connection.open_request("POST") as request:
        request.set_credentials("u", "p")
        write_all(request, b"123", announced=True)
        assert request.status_code == 401
        assert code_of(request.read) == 12032


def test_nothing_is_expected_without_credentials(server: ScriptedServer, connection: HttpConnection) -> None:
    with connection.open_request("POST") as request:
        write_all(request, LARGE, announced=True)
        assert request.read() == b"thanks"
    assert server.received[-1].header("expect") is None


# ---- pieces ----


@LENGTHS
@pytest.mark.parametrize("largest", [1, 300, 9_000, 200_000])
def test_pieces_of_any_size_arrive_in_order(
    server: ScriptedServer, connection: HttpConnection, largest: int, announced: bool
) -> None:
    sizes = random.Random(largest)  # noqa: S311 - a test wants the same every time
    body = LARGE[: min(len(LARGE), 3_000 * largest)]
    with connection.open_request("PUT") as request:
        with request.send_request_ex(len(body) if announced else None) as upload:
            at = 0
            while at < len(body):
                step = sizes.randint(0, largest)
                upload.write(body[at : at + step])
                at += step
        assert request.read() == b"thanks"
    assert server.received[-1].body == body


def test_small_pieces_leave_soon_though_nobody_writes_more(server: ScriptedServer, connection: HttpConnection) -> None:
    arrived = threading.Event()

    def script(conn: ScriptedConn) -> None:
        head_of(conn)
        received = b""
        while len(received) < len(b"hello"):
            received += conn.sock.recv(5)
        assert received == b"hello"
        arrived.set()
        conn.send(response(b"ok"))
        conn.wait_closed()

    server.play(script)
    with connection.open_request("POST") as request:
        with request.send_request_ex(5) as upload:
            upload.write(b"he")
            upload.write(b"llo")
            assert arrived.wait(PATIENCE)
        assert request.read() == b"ok"


def test_chunks_after_another_server_said_http_1_0(
    server: ScriptedServer, session: InternetSession, connection: HttpConnection
) -> None:
    with ScriptedServer() as old:
        old.route("/", b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 3\r\n\r\nold")
        assert session.open_url(old.url("/")).read() == b"old"
    with connection.open_request("POST") as request:
        write_all(request, b"123", announced=False)
        assert request.read() == b"thanks"
    assert server.received[-1].body == b"123"


def test_many_threads_upload_at_once(server: ScriptedServer, connection: HttpConnection) -> None:
    wrong: list[object] = []

    def upload(number: int) -> None:
        body = bytes([number]) * 700_000
        with connection.open_request("POST", f"/{number}") as request:
            write_all(request, body, announced=bool(number % 2), step=50_000)
            if request.status_code != 404:
                wrong.append(request.status_code)

    threads = [threading.Thread(target=upload, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert not wrong
    assert sorted((one.target, one.body[:1], len(one.body)) for one in server.received) == [
        (f"/{number}", bytes([number]), 700_000) for number in range(8)
    ]


def test_a_part_of_an_open_file(server: ScriptedServer, connection: HttpConnection, tmp_path: Path) -> None:
    (tmp_path / "body").write_bytes(LARGE)
    with connection.open_request("POST") as request, (tmp_path / "body").open("rb") as file:
        file.seek(1_000)
        request.send_request(data=file)
        assert request.read() == b"thanks"
        assert file.tell() in {1_000, len(LARGE)}
    assert server.received[-1].body == LARGE[1_000:]


def test_an_open_file_that_becomes_shorter(server: ScriptedServer, connection: HttpConnection, tmp_path: Path) -> None:
    path = tmp_path / "body"
    path.write_bytes(bytes(10_000_000))

    def script(conn: ScriptedConn) -> None:
        head_of(conn)
        os.truncate(path, 10)
        conn.wait_closed()

    server.play(script)
    with connection.open_request("POST") as request, path.open("rb") as file:
        assert code_of(lambda: request.send_request(data=file)) not in {0, 12002}


def test_a_file_object_without_a_descriptor(server: ScriptedServer, connection: HttpConnection) -> None:
    with connection.open_request("POST") as request:
        assert request.send_request(data=io.BytesIO(LARGE)).read() == b"thanks"
    assert server.received[-1].body == LARGE


@pytest.mark.skipif(sys.platform == "win32", reason="needs a limit on descriptors")
def test_no_descriptor_to_spare_for_an_open_file(
    server: ScriptedServer, connection: HttpConnection, tmp_path: Path
) -> None:
    import resource

    (tmp_path / "body").write_bytes(LARGE)
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    with connection.open_request("POST") as request, (tmp_path / "body").open("rb") as file:
        assert request.send_request(data=b"x").read() == b"thanks"
        spare = os.open(os.devnull, os.O_RDONLY)  # the lowest that is free
        os.close(spare)
        resource.setrlimit(resource.RLIMIT_NOFILE, (spare, limits[1]))
        try:
            code = code_of(lambda: request.send_request(data=file))
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, limits)
        assert code == 12004
        assert request.send_request(data=file).read() == b"thanks"
    assert len(server.received) == 2
    assert server.received[-1].body == LARGE


# ---- the surroundings ----


@LENGTHS
def test_over_tls(tls_server: ScriptedServer, session: InternetSession, announced: bool) -> None:
    tls_server.route("/", response(b"thanks"))
    tls_server.play(answering(response(b"no", status="413 No"), after=70_000, deaf=tls_server.gate()))
    with (
        session.get_http_connection("127.0.0.1", tls_server.port, flags=InternetFlag.SECURE) as connection,
        connection.open_request("POST") as request,
    ):
        write_all(request, LARGE, announced=announced)
        assert (request.status_code, request.read()) == (413, b"no")
        write_all(request, LARGE, announced=announced)
        assert request.read() == b"thanks"
    assert tls_server.received[-1].body == LARGE


@pytest.mark.parametrize("tls", [False, True], ids=["http", "https"])
def test_nginx_answers_before_it_has_read_the_body(nginx: Nginx, session: InternetSession, tls: bool) -> None:
    port = nginx.tls_port if tls else nginx.port
    with (
        session.get_http_connection(
            "127.0.0.1" if not tls else "localhost", port, flags=InternetFlag.SECURE if tls else 0
        ) as connection,
        connection.open_request("POST", "/") as request,
    ):
        for announced in (True, False, True):
            write_all(request, LARGE, announced=announced)
            assert request.status_code in {403, 413}
            assert b"nginx" in request.read()


@pytest.mark.forks
def test_a_forked_child_cannot_go_on_with_it(server: ScriptedServer) -> None:
    code = """
        import os, sys
        from pyinet import AccessType, InternetException, InternetSession
        with InternetSession("t", access_type=AccessType.DIRECT) as session:
            with session.get_http_connection("127.0.0.1", int(sys.argv[1])) as connection:
                request = connection.open_request("POST")
                upload = request.send_request_ex(600_000)
                upload.write(bytes(300_000))
                child = os.fork()
                if not child:
                    try:
                        upload.write(bytes(300_000))
                    except InternetException:
                        os._exit(7)
                    os._exit(0)
                assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
                upload.write(bytes(300_000))
                request.end_request()
                print(request.status_code)
                request.close()
    """
    server.route("/", response(b"thanks"))
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), str(server.port)],
        capture_output=True, text=True, timeout=PATIENCE, check=False,
    )  # fmt: skip
    assert (done.stdout, done.returncode) == ("200\n", 0), done.stderr
    assert len(server.received[-1].body) == 600_000
