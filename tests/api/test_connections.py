"""Connections: how many, to whom, and that they are found again."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from pyinet import AccessType, InternetSession, Request
from servers.scripted import ScriptedServer, response

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from servers.scripted import ScriptedConn


class Barrier:
    """Answers nothing until *width* requests are there at once; then those, and the next *width*, and so on."""

    def __init__(self, server: ScriptedServer, width: int) -> None:
        self.width = width
        self.most = 0
        self._now = 0
        self._changed = threading.Condition()
        self._open = False
        self._stopping = server.gate()
        server.play(*[self._script] * 500)

    def open(self) -> None:
        """From now on answer everything at once."""
        with self._changed:
            self._open = True
            self._changed.notify_all()

    def _script(self, conn: ScriptedConn) -> None:
        while conn.recv_request():
            with self._changed:
                self._now += 1
                self.most = max(self.most, self._now)
                if self._now >= self.width:
                    self.open()
                while not self._open and not self._stopping.is_set():
                    self._changed.wait(0.1)
                self._now -= 1
            conn.send(response(b"x"))


def statuses(session: InternetSession, url: str, count: int, **limits: int) -> list[int]:
    return [result.status for result in session.fetch([url] * count, **limits)]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("in_flight", "per_host", "width"), [(100, 80, 80), (80, None, 80), (200, 150, 150), (5, 1, 1), (3, 100, 3)]
)
def test_connections_never_exceed_per_host_and_are_used_again(
    server: ScriptedServer, session: InternetSession, in_flight: int, per_host: int | None, width: int
) -> None:
    barrier = Barrier(server, width)
    rows = [server.url()] * (width + 20)
    for _ in range(3):
        results = list(session.fetch(rows, in_flight=in_flight, per_host=per_host))
        assert [result.status for result in results] == [200] * len(rows)
        assert server.connections == width
    assert barrier.most == width


def test_a_second_wave_as_wide_opens_no_connection(server: ScriptedServer, session: InternetSession) -> None:
    first = Barrier(server, 80)
    assert statuses(session, server.url(), 100, in_flight=100, per_host=80) == [200] * 100
    first._open = False  # hold the second wave until it is as wide as the first
    results = list(session.fetch([server.url()] * 100, in_flight=100, per_host=80))
    assert sum(result.new_connections for result in results) == 0
    assert server.connections == 80


def test_an_origin_at_its_limit_does_not_hold_up_another(server: ScriptedServer, session: InternetSession) -> None:
    gate = server.gate()

    def held(conn: ScriptedConn) -> None:
        while conn.recv_request():
            gate.wait()
            conn.send(response(b"held"))

    server.play(held)
    with ScriptedServer() as other:
        other.route("/", response(b"other"))
        rows = [server.url()] * 5 + [other.url()] * 5
        bodies = []
        for result in session.fetch(rows, in_flight=2, per_host=1):
            bodies.append(result.body)
            if len(bodies) == 5:
                gate.set()
        assert other.connections == 1
    assert bodies == [b"other"] * 5 + [b"held"] * 5
    assert server.connections == 1


def test_in_flight_bounds_all_origins_together(session: InternetSession) -> None:
    with ScriptedServer() as a, ScriptedServer() as b:
        barriers = [Barrier(server, 4) for server in (a, b)]
        for barrier in barriers:
            barrier.open()
        rows = [server.url() for _ in range(40) for server in (a, b)]
        assert len(list(session.fetch(rows, in_flight=4))) == 80
        assert a.connections + b.connections <= 8  # idle ones of the other included
        assert all(barrier.most <= 4 for barrier in barriers)


def test_fetch_and_fetch_one_share_connections(server: ScriptedServer, session: InternetSession) -> None:
    server.route("/", response(b"x"))
    session.fetch_one(server.url())
    assert statuses(session, server.url(), 10, in_flight=1) == [200] * 10
    session.fetch_one(server.url())
    assert server.connections == 1


def test_sessions_share_no_connections(server: ScriptedServer, session: InternetSession) -> None:
    server.route("/", response(b"x"))
    session.fetch_one(server.url())
    with InternetSession("t", access_type=AccessType.DIRECT) as other:
        other.fetch_one(server.url())
    assert server.connections == 2


def test_names_and_ports_are_different_origins(server: ScriptedServer) -> None:
    server.route("/", response(b"x"))
    with InternetSession("t", access_type=AccessType.DIRECT, resolve={"*": "127.0.0.1"}) as session:
        for host in ("a.invalid", "b.invalid", "A.invalid", "b.invalid"):
            session.fetch_one(f"http://{host}:{server.port}/")
    assert server.connections == 2


def _close_header(conn: ScriptedConn) -> None:
    conn.recv_request()
    conn.send(response(b"x", "Connection: close"))


def _old_version(conn: ScriptedConn) -> None:
    conn.recv_request()
    conn.send(response(b"x").replace(b"HTTP/1.1", b"HTTP/1.0"))


def _silent_close(conn: ScriptedConn) -> None:
    conn.recv_request()
    conn.send(response(b"x"))
    conn.close()


@pytest.mark.parametrize("script", [_close_header, _old_version, _silent_close])
def test_a_connection_the_server_gives_up_is_replaced(
    server: ScriptedServer, session: InternetSession, script: Callable[[ScriptedConn], None]
) -> None:
    server.play(*[script] * 10)
    assert statuses(session, server.url(), 10, in_flight=1) == [200] * 10
    assert server.connections == 10


def test_a_request_may_ask_for_its_connection_to_be_closed(server: ScriptedServer, session: InternetSession) -> None:
    server.route("/", response(b"x"))
    rows = [Request(server.url(), headers={"Connection": "close"})] * 3
    assert [result.status for result in session.fetch(rows, in_flight=1)] == [200] * 3
    assert server.connections == 3


def test_a_cancelled_transfer_takes_its_connection_with_it(server: ScriptedServer, session: InternetSession) -> None:
    """What is left of its answer must never be read as the answer to another request."""
    gate = server.gate()

    def half(conn: ScriptedConn) -> None:
        conn.recv_request()
        conn.send(response(b"half of it, and more")[:-9])
        gate.wait()
        conn.send(b"and more!")
        conn.wait_closed()

    server.play(half)
    server.route("/", response(b"whole"))
    with session.fetch([server.url(), server.url("/"), server.url()], in_flight=2) as rows:
        assert next(rows).body == b"whole"
    gate.set()
    assert session.fetch_one(server.url()).body == b"whole"


def test_large_and_small_origins_together(session: InternetSession, many: list[ScriptedServer]) -> None:
    rows = [Request(server.url(), key=i) for _ in range(30) for i, server in enumerate(many)]
    results = list(session.fetch(rows, in_flight=64, per_host=2))
    assert len(results) == 30 * len(many)
    assert all(result.body == b"%d" % result.key for result in results)
    assert [server.connections <= 2 for server in many] == [True] * len(many)


@pytest.fixture
def many() -> Iterator[list[ScriptedServer]]:
    """Twenty servers, each of which answers with its number."""
    servers = [ScriptedServer() for _ in range(20)]
    for i, server in enumerate(servers):
        server.__enter__()
        server.route("/", response(b"%d" % i))
    yield servers
    for server in servers:
        server.__exit__(None, None, None)
