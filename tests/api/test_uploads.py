"""Request bodies, from memory and from files: exact, once, and never a hang."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pyinet import CallerError, InternetException, InternetTimeout, LocalFileError, Request
from servers.scripted import response

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyinet import InternetSession
    from servers.scripted import ScriptedConn, ScriptedServer

PAYLOADS = {
    "one byte": b"x",
    "every byte": bytes(range(256)),
    "just below the threshold of Expect": b"a" * ((1 << 20) - 1),
    "large": os.urandom(5 << 20),
}
every_payload = pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS.keys())


@every_payload
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "GET", "REPORT"])
def test_bytes_arrive_exactly(server: ScriptedServer, session: InternetSession, method: str, payload: bytes) -> None:
    server.reply(response(b"got it"))
    result = session.fetch_one(Request(server.url("/in"), method, body=payload))
    assert result.body == b"got it"
    (got,) = server.received
    assert (got.method, got.body == payload) == (method, True)
    assert got.header("content-length") == str(len(payload))
    assert got.header("content-type") is None
    assert got.header("transfer-encoding") is None


@every_payload
@pytest.mark.parametrize("method", ["POST", "PUT", "REPORT"])
def test_files_arrive_exactly(
    server: ScriptedServer, session: InternetSession, tmp_path: Path, method: str, payload: bytes
) -> None:
    (tmp_path / "in").write_bytes(payload)
    server.reply(response(b"got it"))
    assert session.fetch_one(Request(server.url("/in"), method, body=tmp_path / "in")).body == b"got it"
    (got,) = server.received
    assert (got.method, got.body == payload) == (method, True)
    assert got.header("content-length") == str(len(payload))
    assert got.header("content-type") is None
    assert got.header("transfer-encoding") is None


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_an_empty_file_is_an_empty_body(
    server: ScriptedServer, session: InternetSession, tmp_path: Path, method: str
) -> None:
    (tmp_path / "in").touch()
    server.reply(response(b"got it"))
    assert session.fetch_one(Request(server.url("/in"), method, body=tmp_path / "in")).body == b"got it"
    assert server.received[0].header("content-length") == "0"


def test_empty_bytes_are_an_empty_body(server: ScriptedServer, session: InternetSession) -> None:
    server.reply(response(b"got it"))
    session.fetch_one(Request(server.url("/in"), "POST", body=b""))
    assert server.received[0].header("content-length") == "0"
    assert server.received[0].header("content-type") is None


@pytest.mark.parametrize(
    "make",
    [bytearray, memoryview, lambda data: memoryview(data + data)[::2], lambda data: memoryview(data).cast("H")],
    ids=["bytearray", "memoryview", "strided", "of shorts"],
)
def test_any_buffer_will_do(
    server: ScriptedServer, session: InternetSession, make: Callable[[bytes], bytearray | memoryview]
) -> None:
    body = make(bytes(range(256)) * 4)
    server.reply(response())
    session.fetch_one(Request(server.url("/in"), "POST", body=body))
    assert server.received[0].body == bytes(body)


def test_a_buffer_may_change_once_it_was_submitted(server: ScriptedServer, session: InternetSession) -> None:
    body = bytearray(b"before")
    requests = iter([Request(server.url("/in"), "POST", body=body)])
    server.reply(response())
    with session.fetch(requests) as rows:
        for _ in rows:
            body[:] = b"after."
    assert server.received[0].body == b"before"


@pytest.mark.parametrize("body", ["text", 5, [b"a"], {"a": "b"}, object()])
def test_other_bodies_are_refused(body: object) -> None:
    with pytest.raises(CallerError) as caught:
        Request("http://127.0.0.1/", "POST", body=body)  # type: ignore[arg-type]
    assert caught.value.code == 87


def test_a_content_type_of_the_caller_is_sent(server: ScriptedServer, session: InternetSession) -> None:
    server.reply(response())
    session.fetch_one(Request(server.url("/in"), "POST", {"Content-Type": "application/json"}, b"{}"))
    assert server.received[0].header("content-type") == "application/json"


def test_head_takes_no_body(server: ScriptedServer) -> None:
    with pytest.raises(CallerError) as caught:
        Request(server.url("/in"), "HEAD", body=b"x")
    assert caught.value.code == 87


def test_many_uploads_at_once_keep_apart(server: ScriptedServer, session: InternetSession, tmp_path: Path) -> None:
    def script(conn: ScriptedConn) -> None:
        while request := conn.recv_request():
            conn.send(response(request.body))

    server.play(*[script] * 8)
    bodies = [bytes([n]) * (1 + n * 900) for n in range(60)]
    for n in range(0, 60, 2):
        (tmp_path / str(n)).write_bytes(bodies[n])
    requests = [
        Request(server.url("/echo"), "POST", body=bodies[n] if n % 2 else tmp_path / str(n), key=n) for n in range(60)
    ]
    with session.fetch(requests, in_flight=8) as rows:
        assert {result.key: result.body for result in rows} == dict(enumerate(bodies))


# ---- local files at fault ----


def test_a_missing_file_is_named(server: ScriptedServer, session: InternetSession, tmp_path: Path) -> None:
    with pytest.raises(LocalFileError) as caught:
        session.fetch_one(Request(server.url("/in"), "PUT", body=tmp_path / "absent"))
    assert (caught.value.errno, caught.value.filename) == (errno.ENOENT, str(tmp_path / "absent"))
    assert server.connections == 0


def test_the_file_at_fault_is_named_and_not_the_other(
    server: ScriptedServer, session: InternetSession, tmp_path: Path
) -> None:
    with pytest.raises(LocalFileError) as caught:
        session.fetch_one(Request(server.url("/in"), "PUT", body=tmp_path / "absent", path=tmp_path / "out"))
    assert caught.value.filename == str(tmp_path / "absent")
    assert list(tmp_path.iterdir()) == []


def test_a_directory_is_no_body(server: ScriptedServer, session: InternetSession, tmp_path: Path) -> None:
    with pytest.raises(LocalFileError) as caught:
        session.fetch_one(Request(server.url("/in"), "PUT", body=tmp_path))
    assert caught.value.errno == errno.EISDIR


def test_a_relative_path_is_that_of_the_moment(
    server: ScriptedServer, session: InternetSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "in").write_bytes(b"here")
    monkeypatch.chdir(tmp_path)
    server.reply(response())
    session.fetch_one(Request(server.url("/in"), "PUT", body=Path("in")))
    assert server.received[0].body == b"here"


def test_a_pipe_without_a_writer_does_not_stop_the_others(server: ScriptedServer, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    server.route("/", response(b"fine"))
    program = textwrap.dedent("""
        import pathlib, sys
        from pyinet import InternetSession, AccessType, Request
        url, pipe = sys.argv[1:]
        with InternetSession("t", access_type=AccessType.DIRECT) as session:
            rows = [Request(url, "PUT", body=pathlib.Path(pipe), key="pipe"), Request(url, key="plain")]
            for result in session.fetch(rows):
                print(result.key, type(result.error).__name__)
    """)
    arguments = [sys.executable, "-c", program, server.url("/"), str(tmp_path / "pipe")]
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=10, check=False)
    assert done.returncode == 0, done.stderr
    assert sorted(done.stdout.splitlines()) == ["pipe LocalFileError", "plain NoneType"]


def test_a_file_that_shrinks_while_it_is_sent_is_an_error(
    server: ScriptedServer, session: InternetSession, tmp_path: Path
) -> None:
    path = tmp_path / "in"
    path.write_bytes(b"x" * (8 << 20))

    def script(conn: ScriptedConn) -> None:
        conn.sock.recv(1)  # it was opened, and its length is announced
        os.truncate(path, 100)
        conn.wait_closed()

    server.play(script)
    with pytest.raises(InternetException) as caught:
        session.fetch_one(Request(server.url("/in"), "PUT", {"Expect": ""}, path, timeout=5))
    assert not isinstance(caught.value, InternetTimeout)  # nothing to wait for: the rest will never come


def test_a_file_that_grows_is_sent_as_long_as_it_was_announced(
    server: ScriptedServer, session: InternetSession, tmp_path: Path
) -> None:
    path = tmp_path / "in"
    path.write_bytes(b"x" * 1000)
    server.route("/in", response())

    def script(conn: ScriptedConn) -> None:
        with path.open("ab") as file:
            file.write(b"y" * 1000)
        conn.recv_request()
        conn.send(response())
        assert conn.wait_closed() == b""

    server.play(script)
    session.fetch_one(Request(server.url("/in"), "PUT", body=path))
    assert len(server.received[0].body) in {1000, 2000}


# ---- answers that come early, or ask again ----


@pytest.mark.parametrize("from_file", [False, True])
def test_a_refusal_that_comes_before_the_body_was_sent_is_the_answer(
    server: ScriptedServer, session: InternetSession, tmp_path: Path, from_file: bool
) -> None:
    payload = b"x" * (8 << 20)
    (tmp_path / "in").write_bytes(payload)

    def script(conn: ScriptedConn) -> None:
        conn.sock.recv(1)
        conn.send(response(b"too much", "Connection: close", status="413 Content Too Large"))
        conn.wait_closed()

    server.play(script)
    result = session.fetch_one(
        Request(server.url("/in"), "POST", body=tmp_path / "in" if from_file else payload, timeout=10)
    )
    assert (result.status, result.body) == (413, b"too much")


@pytest.mark.parametrize("from_file", [False, True])
def test_the_body_is_sent_again_after_a_challenge(
    server: ScriptedServer, session: InternetSession, tmp_path: Path, from_file: bool
) -> None:
    payload = bytes(range(256)) * 300
    (tmp_path / "in").write_bytes(payload)
    server.reply(response(b"who?", 'WWW-Authenticate: Basic realm="r"', status="401 Unauthorized"))
    server.reply(response(b"got it"))
    request = Request(server.url("/in"), "PUT", body=tmp_path / "in" if from_file else payload, user="u", password="p")
    assert session.fetch_one(request).body == b"got it"
    assert server.received[-1].body == payload
    assert server.received[-1].header("authorization") == "Basic dTpw"


@pytest.mark.parametrize("from_file", [False, True])
def test_a_large_body_does_not_wait_for_a_server_that_ignores_expect(
    server: ScriptedServer, session: InternetSession, tmp_path: Path, from_file: bool
) -> None:
    payload = b"x" * (2 << 20)
    (tmp_path / "in").write_bytes(payload)

    def script(conn: ScriptedConn) -> None:
        head = conn._take_through(b"\r\n\r\n")
        conn._take(len(payload))
        conn.send(response(head))

    server.play(script)
    result = session.fetch_one(Request(server.url("/in"), "POST", body=tmp_path / "in" if from_file else payload))
    assert b"100-continue" in result.body or result.timings.total < 1
    assert result.timings.total < 1.9  # libcurl waits for one second


@pytest.mark.parametrize("end", ["close", "reset"])
def test_an_upload_that_breaks_off_is_no_success(server: ScriptedServer, session: InternetSession, end: str) -> None:
    def script(conn: ScriptedConn) -> None:
        conn.sock.recv(1000)
        getattr(conn, end)()

    server.play(script)
    with pytest.raises(InternetException) as caught:
        session.fetch_one(Request(server.url("/in"), "POST", body=b"x" * (8 << 20), timeout=10))
    assert caught.value.code in {12030, 12031, 12152}
    assert server.connections == 1
