"""Clocks: what they bound, and what stops them. Times are short; only lower bounds and generous upper ones count."""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING

import pytest

from pyinet import CallerError, InternetOption, InternetSession, InternetTimeout, Request
from servers.scripted import response
from waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from servers.scripted import ScriptedConn, ScriptedServer

LIMIT = 0.3
SOON = 5.0
"""Far beyond every limit used here, far below the server's patience."""


def silent(conn: ScriptedConn) -> None:
    conn.recv_request()
    conn.wait_closed()


def stalls_in_the_headers(conn: ScriptedConn) -> None:
    conn.recv_request()
    conn.send(b"HTTP/1.1 200 OK\r\nContent-Le")
    conn.wait_closed()


def stalls_in_the_body(conn: ScriptedConn) -> None:
    conn.recv_request()
    conn.send(response(b"x" * 100)[:-50])
    conn.wait_closed()


SCRIPTS = [silent, stalls_in_the_headers, stalls_in_the_body]


def assert_times_out(session: InternetSession, request: Request, words: str, at_least: float = LIMIT) -> None:
    started = time.monotonic()
    with pytest.raises(InternetTimeout, match=words) as caught:
        session.fetch_one(request)
    assert at_least * 0.95 <= time.monotonic() - started < SOON
    assert isinstance(caught.value, TimeoutError)
    assert (caught.value.code, caught.value.name) == (12002, "ERROR_INTERNET_TIMEOUT")


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_request_has_its_own_deadline(server: ScriptedServer, session: InternetSession, script: object) -> None:
    server.play(script)  # type: ignore[arg-type]
    assert_times_out(session, Request(server.url(), timeout=LIMIT), "not finished in time")


@pytest.mark.parametrize("script", SCRIPTS)
def test_silence_is_bounded_by_the_receive_timeout(
    server: ScriptedServer, session: InternetSession, script: object
) -> None:
    session.set_option(InternetOption.RECEIVE_TIMEOUT, int(LIMIT * 1000))
    server.play(script)  # type: ignore[arg-type]
    assert_times_out(session, Request(server.url()), "no answer in time|stalled")


def test_a_server_that_does_not_read_is_silent_too(server: ScriptedServer, session: InternetSession) -> None:
    session.set_option(InternetOption.SEND_TIMEOUT, int(LIMIT * 1000))
    released = server.gate()

    def never_reads(_: ScriptedConn) -> None:
        released.wait()

    server.play(never_reads)
    assert_times_out(
        session, Request(server.url(), method="PUT", body=bytes(64 << 20)), "the request body is not taken"
    )


@pytest.mark.parametrize("from_file", [False, True])
def test_a_body_that_is_read_slowly_is_no_silence(
    server: ScriptedServer, session: InternetSession, tmp_path: Path, from_file: bool
) -> None:
    session.set_option(InternetOption.RECEIVE_TIMEOUT, int(LIMIT * 1000))
    size, pause = 16 << 20, server.gate()

    def reads_slowly(conn: ScriptedConn) -> None:
        conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += conn.sock.recv(1)
        conn.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        taken = 0
        for last in (size // 3, 2 * size // 3, size):
            while taken < last:
                chunk = conn.sock.recv(65536)
                if not chunk:
                    return
                taken += len(chunk)
            pause.wait(0.7 * LIMIT)
        conn.send(response(b"thanks"))

    server.play(reads_slowly)
    (tmp_path / "body").write_bytes(bytes(size))
    body = tmp_path / "body" if from_file else bytes(size)
    assert session.fetch_one(Request(server.url(), method="PUT", body=body)).body == b"thanks"


def test_bytes_that_trickle_are_no_silence(server: ScriptedServer, session: InternetSession) -> None:
    """The receive timeout is one of silence: a transfer may take longer as a whole."""
    session.set_option(InternetOption.RECEIVE_TIMEOUT, 400)
    pause = server.gate()

    def trickle(conn: ScriptedConn) -> None:
        conn.recv_request()
        reply = response(b"12345678")
        for at in range(0, len(reply), 8):
            conn.send(reply[at : at + 8])
            pause.wait(0.1)

    server.play(trickle)
    started = time.monotonic()
    assert session.fetch_one(server.url()).body == b"12345678"
    assert time.monotonic() - started > 0.4


def test_the_deadline_bounds_bytes_that_trickle(server: ScriptedServer, session: InternetSession) -> None:
    pause = server.gate()

    def trickle(conn: ScriptedConn) -> None:
        conn.recv_request()
        conn.send(b"HTTP/1.1 200 OK\r\n\r\n")
        while not pause.wait(0.02):
            conn.send(b"x")

    server.play(trickle)
    assert_times_out(session, Request(server.url(), timeout=LIMIT), "not finished in time")


@pytest.fixture
def unanswering_port() -> Iterator[int]:
    """A port whose backlog is full: connecting to it takes for ever."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        fill = [socket.socket() for _ in range(4)]
        for sock in fill:
            sock.setblocking(False)
            sock.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]
        for sock in fill:
            sock.close()


def test_connecting_is_bounded_by_the_connect_timeout(session: InternetSession, unanswering_port: int) -> None:
    session.set_option(InternetOption.CONNECT_TIMEOUT, int(LIMIT * 1000))
    assert_times_out(session, Request(f"http://127.0.0.1:{unanswering_port}/"), "no connection in time")


def test_a_tls_handshake_is_part_of_connecting(server: ScriptedServer, session: InternetSession) -> None:
    session.set_option(InternetOption.CONNECT_TIMEOUT, int(LIMIT * 1000))

    def no_handshake(conn: ScriptedConn) -> None:
        conn.wait_closed()

    server.play(no_handshake)
    assert_times_out(session, Request(server.url().replace("http:", "https:")), "no connection in time")


def test_a_timeout_in_fetch_is_a_result_and_the_others_arrive(server: ScriptedServer, session: InternetSession) -> None:
    server.play(silent)
    server.route("/", response(b"x"))
    rows = [Request(server.url("/silent"), timeout=LIMIT), *[Request(server.url(), timeout=SOON)] * 20]
    results = list(session.fetch(rows, in_flight=2, ordered=True))
    assert isinstance(results[0].error, InternetTimeout)
    assert [result.status for result in results[1:]] == [200] * 20
    assert results[0].timings.total >= LIMIT * 0.95


def test_the_clock_of_a_request_starts_when_it_gets_its_slot(server: ScriptedServer, session: InternetSession) -> None:
    def slow(conn: ScriptedConn) -> None:
        conn.recv_request()
        server.gate().wait(2 * LIMIT)
        conn.send(response(b"slow"))

    server.play(slow)
    server.route("/", response(b"x"))
    rows = [Request(server.url()), *[Request(server.url(), timeout=LIMIT)] * 5]
    results = list(session.fetch(rows, in_flight=1))
    assert [result.error for result in results] == [None] * 6
    assert max(result.timings.queue for result in results) >= 2 * LIMIT * 0.95


@pytest.mark.parametrize("ordered", [False, True])
def test_no_clock_runs_while_the_consumer_is_the_one_to_wait_for(
    server: ScriptedServer, session: InternetSession, ordered: bool
) -> None:
    """The budget holds four bodies: the others are paused, or wait, while the loop body takes its time."""
    session.set_option(InternetOption.RECEIVE_TIMEOUT, int(2 * LIMIT * 1000))
    server.route("/", response(bytes(1 << 20)))
    rows = [Request(server.url(), timeout=4 * LIMIT)] * 12
    with session.fetch(rows, in_flight=8, ordered=ordered, buffer_bytes=4 << 20) as fetched:
        errors = [next(fetched).error]
        eventually(lambda: fetched.progress().body_bytes >= 2 << 20, "a budget that is used up")
        time.sleep(5 * LIMIT)  # the loop body at work: longer than any limit
        errors += [result.error for result in fetched]
    assert errors == [None] * 12


def test_results_are_no_older_for_waiting(server: ScriptedServer, session: InternetSession) -> None:
    server.route("/", response(b"x"))
    with session.fetch([Request(server.url(), timeout=LIMIT)] * 50, in_flight=2) as rows:
        next(rows)
        time.sleep(1.5 * LIMIT)  # the loop body at work
        assert [result.error for result in rows] == [None] * 49


def test_a_connection_that_timed_out_is_not_used_again(server: ScriptedServer, session: InternetSession) -> None:
    late = server.gate()

    def answers_late(conn: ScriptedConn) -> None:
        conn.recv_request()
        late.wait()
        conn.send(response(b"late"))

    server.play(answers_late)
    server.route("/", response(b"fresh"))
    assert_times_out(session, Request(server.url(), timeout=LIMIT), "not finished")
    late.set()
    assert session.fetch_one(server.url()).body == b"fresh"
    assert server.connections == 2


def test_infinite_means_none(server: ScriptedServer, session: InternetSession) -> None:
    for option in (InternetOption.RECEIVE_TIMEOUT, InternetOption.CONNECT_TIMEOUT):
        session.set_option(option, 0xFFFFFFFF)
        assert session.query_option(option) == 0xFFFFFFFF
    server.route("/", response(b"x"))
    assert session.fetch_one(server.url()).body == b"x"


def test_options_hold_for_transfers_that_start_later(server: ScriptedServer, session: InternetSession) -> None:
    def answers_once(conn: ScriptedConn) -> None:
        conn.recv_request()
        conn.send(response(b"x"))
        silent(conn)

    server.play(answers_once)
    session.fetch_one(server.url())
    session.set_option(InternetOption.RECEIVE_TIMEOUT, int(LIMIT * 1000))
    assert session.query_option(InternetOption.RECEIVE_TIMEOUT) == int(LIMIT * 1000)
    assert_times_out(session, Request(server.url()), "no answer in time")
    assert server.connections == 1


@pytest.mark.parametrize(
    ("option", "value", "error", "code"),
    [
        (InternetOption.CONNECT_TIMEOUT, 0, CallerError, 160),
        (InternetOption.CONNECT_TIMEOUT, -1, CallerError, 12010),
        (InternetOption.RECEIVE_TIMEOUT, 1 << 32, CallerError, 12010),
        (9999, 1, CallerError, 12009),
    ],
)
def test_an_option_out_of_range_is_refused(
    session: InternetSession, option: int, value: int, error: type[CallerError], code: int
) -> None:
    with pytest.raises(error) as caught:
        session.set_option(option, value)
    assert caught.value.code == code


@pytest.mark.parametrize("timeout", [0, -1, float("nan"), float("inf"), "1", 1e12])
def test_a_timeout_that_makes_no_sense_is_refused(timeout: float) -> None:
    with pytest.raises(CallerError) as caught:
        Request("http://127.0.0.1/", timeout=timeout)
    assert caught.value.code == 87
