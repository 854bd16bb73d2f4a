"""Order of delivery, and the bound on body bytes that nobody has consumed yet."""

from __future__ import annotations

import gzip
import threading
from typing import TYPE_CHECKING

import pytest

from pyinet import InternetSession, LimitExceeded, Request
from servers.scripted import response
from waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator

    from typing_extensions import Self

    from pyinet.bulk import Fetch
    from servers.scripted import ScriptedConn, ScriptedServer

MIB = 1 << 20
BODY = bytes(range(256)) * (MIB // 256)
PACKED = gzip.compress(BODY[:65536] * 15 + bytes(65536), 1)
UNPACKED = gzip.decompress(PACKED)


def chunked(body: bytes, *fields: str, step: int = 50_000) -> bytes:
    lines = ["HTTP/1.1 200 OK", "Transfer-Encoding: chunked", *fields, "", ""]
    parts = [body[at : at + step] for at in range(0, len(body), step)]
    return "\r\n".join(lines).encode() + b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in [*parts, b""])


REPLIES = {
    "known": (response(BODY), BODY),
    "chunked": (chunked(BODY), BODY),
    "until-close": (b"HTTP/1.1 200 OK\r\n\r\n" + BODY, BODY),
    "gzip": (response(PACKED, "Content-Encoding: gzip"), UNPACKED),
    "gzip-chunked": (chunked(PACKED, "Content-Encoding: gzip", step=777), UNPACKED),
}


class Watch:
    """Samples `Progress.body_bytes` of a fetch in a thread of its own, as often as it can."""

    def __init__(self, rows: Fetch) -> None:
        self.most = 0
        self._rows = rows
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        while not self._stop.wait(0.0002):
            self.most = max(self.most, self._rows.progress().body_bytes)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()


@pytest.fixture
def stuck(server: ScriptedServer) -> Iterator[threading.Event]:
    """The next connection's first request is answered with ``first`` only when this event is set."""
    gate = server.gate()

    def script(conn: ScriptedConn) -> None:
        conn.recv_request()
        gate.wait()
        conn.send(response(b"first"))

    server.play(script)
    yield gate
    gate.set()


@pytest.mark.parametrize("ordered", [False, True])
@pytest.mark.parametrize("kind", REPLIES)
def test_unconsumed_bodies_stay_within_the_budget(
    server: ScriptedServer, session: InternetSession, kind: str, ordered: bool
) -> None:
    reply, body = REPLIES[kind]
    budget = 4 * MIB
    server.route("/", reply)
    urls = [server.url()] * 16
    with session.fetch(urls, in_flight=8, ordered=ordered, buffer_bytes=budget) as rows, Watch(rows) as watch:
        count = 0
        for result in rows:
            assert result.error is None
            assert result.buffer == body
            count += 1
            if count in {1, 6}:  # a consumer that stops: the room fills up, and stays filled
                eventually(lambda: rows.progress().body_bytes >= budget // 2 - MIB, "bodies that wait")
        assert count == 16
    assert budget // 2 - MIB <= watch.most <= budget


def test_what_is_counted_is_what_was_received(server: ScriptedServer, session: InternetSession) -> None:
    """While the consumer is stopped no more than the budget comes off the network, whatever the counter says."""
    server.route("/", REPLIES["known"][0])
    with session.fetch([server.url()] * 20, in_flight=10, buffer_bytes=4 * MIB) as rows:
        next(rows)
        eventually(lambda: rows.progress().body_bytes == 4 * MIB, "a full budget")
        assert rows.progress().bytes_received <= 5 * MIB + 20 * 1024
        assert len(list(rows)) == 19


def test_consumed_bodies_make_room(server: ScriptedServer, session: InternetSession) -> None:
    server.route("/", REPLIES["known"][0])
    with session.fetch([server.url()] * 6, in_flight=6, buffer_bytes=2 * MIB) as rows:
        assert sum(result.body == BODY for result in rows) == 6
        assert rows.progress().body_bytes == 0


def test_results_that_are_kept_do_not_count(server: ScriptedServer, session: InternetSession) -> None:
    """Once delivered a body is the consumer's own: a list of them may outgrow the budget."""
    server.route("/", REPLIES["known"][0])
    kept = list(session.fetch([server.url()] * 12, buffer_bytes=2 * MIB))
    assert [result.body == BODY for result in kept] == [True] * 12


@pytest.mark.parametrize("kind", REPLIES)
@pytest.mark.parametrize("ordered", [False, True])
def test_a_body_larger_than_the_budget_fails_alone(
    server: ScriptedServer, session: InternetSession, kind: str, ordered: bool
) -> None:
    server.route("/large", REPLIES[kind][0])
    server.route("/small", response(b"x" * 1000))
    urls = [server.url("/small"), server.url("/large")] * 5
    results = list(session.fetch(urls, in_flight=4, ordered=ordered, buffer_bytes=MIB // 2))
    large = [result for result in results if result.url.endswith("large")]
    assert [result.error is None for result in results if result.url.endswith("small")] == [True] * 5
    assert [type(result.error) for result in large] == [LimitExceeded] * 5
    assert {result.error.code for result in large if result.error} == {223}
    assert all(result.body == b"" for result in large)


def test_a_body_too_large_beside_another_fails_and_the_other_arrives(
    server: ScriptedServer, session: InternetSession
) -> None:
    """Neither has a known length. The older one is the last to find no room, and nothing will ever make some."""
    older, younger, budget = BODY[: 600 << 10], BODY[: 300 << 10], 512 << 10
    begun, gate = server.gate(), server.gate()

    def send_older(conn: ScriptedConn) -> None:
        conn.recv_request()
        reply = chunked(older, step=100 << 10)
        conn.send(reply[: 101 << 10])
        begun.set()
        gate.wait()
        conn.send(reply[101 << 10 :])

    def send_younger(conn: ScriptedConn) -> None:
        conn.recv_request()
        begun.wait()
        conn.send(chunked(younger))

    def release() -> None:
        eventually(lambda: rows.progress().body_bytes >= budget // 2, "the younger body at its limit")
        gate.set()

    server.play(send_older, send_younger)
    rows = session.fetch([server.url("/1"), server.url("/2")], in_flight=2, buffer_bytes=budget)
    releasing = threading.Thread(target=release)
    releasing.start()
    results = list(rows)
    releasing.join()
    assert sorted(type(result.error).__name__ for result in results) == ["LimitExceeded", "NoneType"]
    assert [result.buffer == younger for result in results if result.error is None] == [True]


@pytest.mark.parametrize("kind", REPLIES)
@pytest.mark.parametrize("ordered", [False, True])
def test_bodies_of_half_the_budget_always_fit(
    server: ScriptedServer, session: InternetSession, kind: str, ordered: bool
) -> None:
    reply, body = REPLIES[kind]
    server.route("/", reply)
    results = list(session.fetch([server.url()] * 12, in_flight=12, ordered=ordered, buffer_bytes=2 * MIB))
    assert [(result.error, result.buffer == body) for result in results] == [(None, True)] * 12


def test_a_larger_budgets_worth_of_small_bodies_passes_through(
    server: ScriptedServer, session: InternetSession
) -> None:
    server.route("/", response(b"x" * 10_000))
    results = session.fetch([server.url()] * 300, in_flight=16, buffer_bytes=40_000)
    assert sum(len(result.buffer) for result in results) == 3_000_000


def test_a_stuck_first_row_holds_back_the_others(
    server: ScriptedServer, session: InternetSession, stuck: threading.Event
) -> None:
    server.route("/", response(b"x"))
    rows = [Request(server.url("/stuck"), key=0), *(Request(server.url(), key=i) for i in range(1, 200))]
    fetched = session.fetch(rows, in_flight=8, ordered=True)

    def release() -> None:
        eventually(lambda: fetched.progress().done == 31, "the window's rows")
        stuck.set()

    releasing = threading.Thread(target=release)
    releasing.start()
    results = list(fetched)
    releasing.join()
    assert [result.key for result in results] == list(range(200))
    assert results[0].body == b"first"


def test_a_stuck_first_row_halts_the_intake_and_not_the_memory(
    server: ScriptedServer, session: InternetSession, stuck: threading.Event
) -> None:
    server.route("/", REPLIES["known"][0])
    pulled = 0

    def urls() -> Iterator[str]:
        nonlocal pulled
        for i in range(100):
            pulled = i + 1
            yield server.url("/stuck" if not i else "/")

    budget, held = 4 * MIB, []

    def release() -> None:
        eventually(lambda: rows.progress().body_bytes >= budget // 2, "bodies behind the first row")
        eventually(lambda: pulled == 32, "a full window")
        held.append(rows.progress())
        stuck.set()

    rows = session.fetch(urls(), in_flight=8, ordered=True, buffer_bytes=budget)
    releasing = threading.Thread(target=release)
    releasing.start()
    with Watch(rows) as watch:
        first = next(rows)
        assert pulled == 32  # four times in_flight
        rest = [result.body == BODY for result in rows]
    releasing.join()
    assert first.body == b"first"
    assert rest == [True] * 99
    assert watch.most <= budget
    assert held[0].body_bytes <= budget


def test_a_large_first_row_gets_its_room_although_others_fill_it(
    server: ScriptedServer, session: InternetSession
) -> None:
    """Half of the budget is kept for the row that is delivered next."""
    gate = server.gate()

    def script(conn: ScriptedConn) -> None:
        conn.recv_request()
        gate.wait()
        conn.send(REPLIES["known"][0])

    server.play(script)
    server.route("/", response(BODY[: MIB // 4]))
    rows = session.fetch([server.url()] * 20, in_flight=8, ordered=True, buffer_bytes=2 * MIB)

    def release() -> None:
        eventually(lambda: rows.progress().body_bytes == MIB, "bodies behind the first row")
        gate.set()

    releasing = threading.Thread(target=release)
    releasing.start()
    sizes = [len(result.buffer) for result in rows]
    releasing.join()
    assert sizes == [MIB, *[MIB // 4] * 19]


def test_a_failing_first_row_does_not_block_the_others(server: ScriptedServer, session: InternetSession) -> None:
    server.route("/", REPLIES["known"][0])
    rows: list[str | Request] = ["ftp://127.0.0.1/", *[server.url()] * 9]
    results = list(session.fetch(rows, in_flight=4, ordered=True, buffer_bytes=2 * MIB))
    assert [result.error is None for result in results] == [False, *[True] * 9]
