"""`InternetSession.fetch`: rows in, results out, faults as data."""

from __future__ import annotations

import collections
from typing import TYPE_CHECKING, Any

import pytest

from pyinet import CallerError, HandleClosed, InternetSession, NotSupported, Request
from servers.scripted import response
from waiting import eventually

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from servers.scripted import ScriptedConn, ScriptedServer


@pytest.mark.parametrize("ordered", [False, True])
@pytest.mark.parametrize("in_flight", [1, 3, 64])
def test_every_row_gets_one_result(
    server: ScriptedServer, session: InternetSession, in_flight: int, ordered: bool
) -> None:
    for i in range(10):
        server.route(f"/{i}", response(b"body %d" % i))
    rows = [Request(server.url(f"/{i % 10}"), key=i) for i in range(300)]
    results = list(session.fetch(rows, in_flight=in_flight, ordered=ordered))
    assert collections.Counter(result.key for result in results) == collections.Counter(range(300))
    assert all(result.body == b"body %d" % (result.key % 10) for result in results)
    assert server.connections <= in_flight
    if ordered:
        assert [result.key for result in results] == list(range(300))


def test_str_and_request_rows_may_be_mixed(server: ScriptedServer, session: InternetSession) -> None:
    server.route("/", response(b"x"))
    rows: list[str | Request] = [server.url(), Request(server.url(), key="k"), server.url()]
    assert [result.key for result in session.fetch(rows, ordered=True)] == [None, "k", None]


@pytest.mark.parametrize("make", [list, tuple, set, iter, dict.fromkeys])
def test_any_iterable_is_an_input(server: ScriptedServer, session: InternetSession, make: Any) -> None:  # noqa: ANN401
    server.route("/", response(b"x"))
    assert [result.status for result in session.fetch(make([server.url()]))] == [200]


def test_an_empty_input_gives_no_results(session: InternetSession) -> None:
    with session.fetch([]) as rows:
        assert list(rows) == []
        assert rows.progress().done == 0


def test_results_come_as_they_end(server: ScriptedServer, session: InternetSession) -> None:
    gate = server.gate()

    def slow(conn: ScriptedConn) -> None:
        conn.recv_request()
        gate.wait()
        conn.send(response(b"slow"))

    server.play(slow)
    server.route("/fast", response(b"fast"))
    bodies = []
    for result in session.fetch([server.url("/slow"), *[server.url("/fast")] * 3], in_flight=2):
        bodies.append(result.body)
        if len(bodies) == 3:
            gate.set()
    assert bodies == [b"fast", b"fast", b"fast", b"slow"]


def test_a_failed_transfer_is_a_result(server: ScriptedServer, session: InternetSession) -> None:
    server.route("/", response(b"x"))

    def cut(conn: ScriptedConn) -> None:
        conn.recv_request()
        conn.close()

    server.play(cut)
    with session.fetch([Request(server.url(), method="POST", key=i) for i in range(3)], in_flight=1) as rows:
        results = list(rows)
        progress = rows.progress()
    assert [result.key for result in results] == [0, 1, 2]
    assert results[0].error is not None
    assert not results[0].ok
    assert [result.body for result in results[1:]] == [b"x", b"x"]
    assert (progress.done, progress.failed) == (3, 1)


def test_wrong_rows_are_results_with_an_error_and_the_others_go_on(
    server: ScriptedServer, session: InternetSession
) -> None:
    server.route("/", response(b"x"))
    rows: list[Any] = [server.url(), None, 7, b"http://127.0.0.1/", "", "ftp://127.0.0.1/", server.url(), object()]
    with session.fetch(rows, ordered=True) as fetched:
        results = list(fetched)
        progress = fetched.progress()
    assert [result.status for result in results] == [200, 0, 0, 0, 0, 0, 200, 0]
    assert [isinstance(result.error, CallerError) for result in results] == [False, *[True] * 5, False, True]
    assert [results[i].error.code for i in (1, 2, 3, 5, 7)] == [87, 87, 87, 12006, 87]  # type: ignore[union-attr]
    assert len(server.received) == 2
    assert (progress.done, progress.failed) == (8, 6)


@pytest.mark.parametrize("url", ["http://127.0.0.1/\ud800", "http://[::1", "http://a b/", "http://127.0.0.1:x/"])
def test_a_url_that_cannot_be_sent_is_a_result(session: InternetSession, url: str) -> None:
    (result,) = session.fetch([url])
    assert isinstance(result.error, CallerError)
    assert result.url == url


@pytest.mark.parametrize("rows", ["http://127.0.0.1/", b"http://127.0.0.1/", 7, None, object()])
def test_an_input_that_is_no_iterable_of_rows_is_refused(session: InternetSession, rows: Any) -> None:  # noqa: ANN401
    with pytest.raises(CallerError) as caught:
        session.fetch(rows)
    assert caught.value.code == 87


def test_asynchronous_input_is_for_asynchronous_loops_alone(session: InternetSession) -> None:
    async def rows() -> AsyncIterator[str]:
        yield "http://127.0.0.1/"

    with session.fetch(rows()) as found, pytest.raises(NotSupported):
        next(found)


@pytest.mark.parametrize(
    "limits",
    [
        {"in_flight": 0}, {"in_flight": -1}, {"in_flight": 1.5}, {"in_flight": "8"}, {"per_host": 0},
        {"per_host": -3}, {"buffer_bytes": 0}, {"buffer_bytes": -1}, {"buffer_bytes": None}, {"in_flight": 1 << 40},
    ],
)  # fmt: skip
def test_limits_that_make_no_sense_are_refused(session: InternetSession, limits: dict[str, Any]) -> None:
    with pytest.raises(CallerError) as caught:
        session.fetch([], **limits)
    assert caught.value.code == 87


def test_a_closed_session_refuses(session: InternetSession) -> None:
    session.close()
    with pytest.raises(HandleClosed):
        session.fetch([])


def test_rows_pulled_before_the_input_raises_are_delivered_first(
    server: ScriptedServer, session: InternetSession
) -> None:
    server.route("/", response(b"x"))

    def rows() -> Iterator[Request]:
        for i in range(10):
            yield Request(server.url(), key=i)
        raise LookupError("no more")

    keys = []
    with pytest.raises(LookupError, match="no more"):  # noqa: PT012 - the loop is what raises
        for result in session.fetch(rows(), in_flight=2):
            keys.append(result.key)  # noqa: PERF401 - it shall hold what came before
    assert sorted(keys) == list(range(10))


@pytest.mark.parametrize("ordered", [False, True])
def test_an_input_that_raises_at_once_raises(session: InternetSession, ordered: bool) -> None:
    rows_by_name: dict[str, str] = {}

    def rows() -> Iterator[str]:
        yield rows_by_name["nothing"]

    with pytest.raises(KeyError, match="nothing"):
        list(session.fetch(rows(), ordered=ordered))


def test_a_fetch_is_iterated_once(server: ScriptedServer, session: InternetSession) -> None:
    server.route("/", response(b"x"))
    rows = session.fetch([server.url()] * 3)
    assert next(rows).body == b"x"
    assert len(list(rows)) == 2
    assert list(rows) == []


def test_nothing_is_pulled_before_the_first_iteration(session: InternetSession) -> None:
    pulled = []

    def rows() -> Iterator[str]:
        pulled.append(1)
        yield "http://127.0.0.1/"

    session.fetch(rows()).close()
    assert not pulled


@pytest.mark.parametrize(("in_flight", "ordered", "most"), [(4, False, 256), (100, False, 400), (4, True, 16)])
def test_an_endless_input_is_pulled_lazily(
    server: ScriptedServer, session: InternetSession, in_flight: int, ordered: bool, most: int
) -> None:
    server.route("/", response(b"x"))
    pulled = 0

    def rows() -> Iterator[str]:
        nonlocal pulled
        while True:
            pulled += 1
            yield server.url()

    for delivered, _ in enumerate(session.fetch(rows(), in_flight=in_flight, ordered=ordered), 1):
        assert pulled <= delivered + most
        if delivered == 1000:
            break


def test_the_rest_arrives_while_the_consumer_is_busy(server: ScriptedServer, session: InternetSession) -> None:
    server.route("/", response(b"x"))
    rows = session.fetch([server.url()] * 200, in_flight=8)
    next(rows)
    eventually(lambda: len(server.received) == 200, "all requests at the server while one row is held")
    eventually(lambda: rows.progress().done == 200, "all answers while one row is held")
    assert len(list(rows)) == 199


def test_answers_given_while_nobody_waits_are_received(server: ScriptedServer, session: InternetSession) -> None:
    gate = server.gate()

    def held(conn: ScriptedConn) -> None:
        conn.recv_request()
        gate.wait()
        conn.send(response(b"late"))

    server.play(*[held] * 4)
    server.route("/early", response(b"early"))
    rows = session.fetch([server.url("/late")] * 4 + [server.url("/early")], in_flight=5)
    assert next(rows).body == b"early"
    gate.set()
    eventually(lambda: rows.progress().done == 5, "answers released while nobody waits")
    assert [result.body for result in rows] == [b"late"] * 4


def test_a_row_is_sent_while_the_input_makes_the_next(server: ScriptedServer, session: InternetSession) -> None:
    server.route("/", response(b"x"))

    def rows() -> Iterator[str]:
        yield server.url()
        eventually(lambda: len(server.received) == 1, "the first request")
        yield server.url()

    assert len(list(session.fetch(rows()))) == 2


def test_several_fetches_at_once_share_one_session(server: ScriptedServer, session: InternetSession) -> None:
    server.route("/", response(b"x"))
    fetches = [session.fetch([Request(server.url(), key=(n, i)) for i in range(50)], in_flight=4) for n in range(5)]
    keys = [result.key for results in zip(*fetches, strict=True) for result in results]
    assert sorted(keys) == [(n, i) for n in range(5) for i in range(50)]
    assert server.connections <= 20


def test_fetch_one_inside_the_loop(server: ScriptedServer, session: InternetSession) -> None:
    server.route("/", response(b"outer"))
    server.route("/inner", response(b"inner"))
    bodies = [
        (result.body, session.fetch_one(server.url("/inner")).body)
        for result in session.fetch([server.url()] * 20, in_flight=4)
    ]
    assert bodies == [(b"outer", b"inner")] * 20


def test_progress_counts_what_happened(server: ScriptedServer, session: InternetSession) -> None:
    server.route("/", response(b"x" * 100))
    with session.fetch([server.url()] * 10) as rows:
        before = rows.progress()
        results = list(rows)
        after = rows.progress()
    assert (before.done, before.queued, before.in_flight, before.bytes_received) == (0, 0, 0, 0)
    assert (after.done, after.failed, after.queued, after.in_flight, after.body_bytes) == (10, 0, 0, 0, 0)
    assert after.bytes_received == sum(result.bytes_received for result in results)
    assert after.elapsed > 0
    assert after.transfers_per_second == 10 / after.elapsed
    assert "done=10" in repr(after)
