"""Leaving early: nothing of a fetch stays alive, and its session works on."""

from __future__ import annotations

import gc
import threading
import weakref
from typing import TYPE_CHECKING

import pytest

from pyinet import AccessType, HandleClosed, InternetSession, Request
from pyinet._transfer.engine import live_objects
from servers.scripted import ScriptedServer, response
from waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pyinet.bulk import Fetch
    from servers.scripted import ScriptedConn

pytestmark = pytest.mark.usefixtures("driver")


@pytest.fixture
def hanging(server: ScriptedServer) -> ScriptedServer:
    """Answers ``/fine``; ``/hang`` is never answered."""
    release = server.gate()

    def script(conn: ScriptedConn) -> None:
        while request := conn.recv_request():
            if request.target == "/hang":
                release.wait()
                return
            conn.send(response(b"fine"))

    server.play(*[script] * 64)
    server.route("/fine", response(b"fine"))
    return server


def transfers() -> int:
    return live_objects()["transfers"]


def rows_of(server: ScriptedServer) -> list[str]:
    return [server.url("/fine"), *[server.url("/hang")] * 30]


def assert_idle_and_usable(session: InternetSession, server: ScriptedServer) -> None:
    assert transfers() == 0
    assert session.fetch_one(server.url("/fine")).body == b"fine"


def test_break_cancels_at_once(hanging: ScriptedServer, session: InternetSession) -> None:
    for _ in session.fetch(rows_of(hanging), in_flight=8):
        break
    assert_idle_and_usable(session, hanging)


def test_an_exception_in_the_loop_body_cancels_at_once(hanging: ScriptedServer, session: InternetSession) -> None:
    def loop() -> None:
        for _ in session.fetch(rows_of(hanging), in_flight=8):
            raise LookupError("enough")

    with pytest.raises(LookupError, match="enough"):
        loop()
    assert_idle_and_usable(session, hanging)


def test_an_exception_in_a_with_block_cancels_at_once(hanging: ScriptedServer, session: InternetSession) -> None:
    with pytest.raises(LookupError, match="enough"), session.fetch(rows_of(hanging), in_flight=8) as rows:  # noqa: PT012
        next(rows)
        raise LookupError("enough")
    assert_idle_and_usable(session, hanging)


def test_close_cancels_at_once(hanging: ScriptedServer, session: InternetSession) -> None:
    rows = session.fetch(rows_of(hanging), in_flight=8)
    next(rows)
    assert transfers() > 0
    rows.close()
    rows.close()
    assert_idle_and_usable(session, hanging)
    assert list(rows) == []


def test_progress_may_be_asked_after_close(hanging: ScriptedServer, session: InternetSession) -> None:
    with session.fetch(rows_of(hanging), in_flight=8) as rows:
        next(rows)
    progress = rows.progress()
    assert (progress.in_flight, progress.queued, progress.body_bytes) == (0, 0, 0)


def test_dropping_the_iterator_cancels_at_once(hanging: ScriptedServer, session: InternetSession) -> None:
    rows = session.fetch(rows_of(hanging), in_flight=8)
    next(rows)
    assert transfers() > 0
    del rows
    assert_idle_and_usable(session, hanging)


def test_a_fetch_that_was_never_iterated_leaves_nothing(hanging: ScriptedServer, session: InternetSession) -> None:
    session.fetch(rows_of(hanging))
    assert live_objects()["queues"] == 0
    assert_idle_and_usable(session, hanging)


@pytest.mark.parametrize("ordered", [False, True])
def test_bodies_nobody_consumed_are_freed(server: ScriptedServer, session: InternetSession, ordered: bool) -> None:
    server.route("/", response(bytes(200_000)))

    def leave_early() -> None:
        with session.fetch([server.url()] * 20, in_flight=8, ordered=ordered) as rows:
            next(rows)
            eventually(lambda: rows.progress().done == 20, "all bodies")

    leave_early()
    assert (transfers(), live_objects()["bodies"]) == (0, 0)


def test_cancelled_files_leave_nothing(hanging: ScriptedServer, session: InternetSession, tmp_path: Path) -> None:
    rows = [Request(hanging.url("/hang"), path=tmp_path / str(i)) for i in range(8)]
    with session.fetch([hanging.url("/fine"), *rows], in_flight=4) as fetched:
        next(fetched)
    assert live_objects()["files"] == 0
    assert list(tmp_path.iterdir()) == []


def test_cancelling_one_fetch_leaves_the_others_alone(hanging: ScriptedServer, session: InternetSession) -> None:
    cancelled = session.fetch([hanging.url("/hang")] * 4, in_flight=4)

    def close() -> None:
        eventually(lambda: hanging.requests.count(b"GET /hang HTTP/1.1") == 4, "requests that hang")
        cancelled.close()

    with ScriptedServer() as server:
        server.route("/", response(b"fine"))
        other = session.fetch([server.url()] * 3, in_flight=1)
        assert next(other).body == b"fine"
        closing = threading.Thread(target=close)
        closing.start()
        assert list(cancelled) == []
        closing.join()
        assert [result.body for result in other] == [b"fine"] * 2


def _wait_in_fetch(session: InternetSession, url: str) -> None:
    for _ in session.fetch([url]):
        pass


def _wait_in_fetch_one(session: InternetSession, url: str) -> None:
    session.fetch_one(url)


@pytest.fixture
def caught() -> list[BaseException]:
    return []


@pytest.fixture
def start(caught: list[BaseException]) -> Iterator[Callable[..., threading.Thread]]:
    """Runs a call in a thread; what it raises is in ``caught``."""
    threads = []

    def run(call: Callable[..., None], *args: object) -> threading.Thread:
        def target() -> None:
            try:
                call(*args)
            except BaseException as error:  # noqa: BLE001 - looked at by the test
                caught.append(error)

        thread = threading.Thread(target=target, daemon=True)
        threads.append(thread)
        thread.start()
        return thread

    yield run
    for thread in threads:
        thread.join(20)
        assert not thread.is_alive()


@pytest.mark.parametrize("wait", [_wait_in_fetch, _wait_in_fetch_one])
@pytest.mark.parametrize("count", [1, 5])
def test_closing_the_session_wakes_those_who_wait(
    hanging: ScriptedServer,
    session: InternetSession,
    start: Callable[..., threading.Thread],
    caught: list[BaseException],
    wait: Callable[..., None],
    count: int,
) -> None:
    threads = [start(wait, session, hanging.url("/hang")) for _ in range(count)]
    eventually(lambda: len(hanging.received) == count, "requests at the server")
    session.close()
    for thread in threads:
        thread.join(5)
        assert not thread.is_alive()
    assert [(type(error), error.code) for error in caught] == [(HandleClosed, 6)] * count  # type: ignore[attr-defined]
    assert transfers() == 0


def test_closing_a_fetch_ends_the_loop_over_it_in_another_thread(
    hanging: ScriptedServer,
    session: InternetSession,
    start: Callable[..., threading.Thread],
    caught: list[BaseException],
) -> None:
    rows = session.fetch([hanging.url("/hang")] * 3)
    thread = start(list, rows)
    eventually(lambda: len(hanging.received) == 3, "requests at the server")
    rows.close()
    thread.join(5)
    assert not thread.is_alive()
    assert caught == []
    assert_idle_and_usable(session, hanging)


def test_the_session_may_be_closed_inside_the_loop(hanging: ScriptedServer, session: InternetSession) -> None:
    rows = session.fetch(rows_of(hanging), in_flight=8)
    next(rows)
    session.close()
    with pytest.raises(HandleClosed):
        next(rows)
    assert transfers() == 0


def test_closing_the_session_closes_its_connections(server: ScriptedServer, session: InternetSession) -> None:
    closed = server.gate()

    def script(conn: ScriptedConn) -> None:
        conn.recv_request()
        conn.send(response(b"x"))
        conn.wait_closed()
        closed.set()

    server.play(script)
    session.fetch_one(server.url())
    session.close()
    assert closed.wait(5)


def test_results_outlive_their_session(server: ScriptedServer, session: InternetSession) -> None:
    body = bytes(range(256)) * 1000
    server.route("/", response(body))
    result = session.fetch_one(server.url())
    view = result.buffer
    session.close()
    assert view == body
    del result
    assert bytes(view) == body


def test_with_closes_the_session(hanging: ScriptedServer) -> None:
    with InternetSession("t", access_type=AccessType.DIRECT) as session:
        rows = session.fetch(rows_of(hanging), in_flight=8)
        next(rows)
    assert transfers() == 0
    assert hanging.connections <= 8


def test_a_dropped_session_is_freed_at_once(server: ScriptedServer) -> None:
    server.route("/", response(b"x"))
    gc.collect()
    gc.disable()
    try:
        session = InternetSession("t", access_type=AccessType.DIRECT)
        session.fetch_one(server.url())
        gone = weakref.ref(session)
        del session
        assert gone() is None
        assert live_objects()["engines"] == 0
    finally:
        gc.enable()


def test_a_running_fetch_keeps_its_engine_alive(hanging: ScriptedServer) -> None:
    rows = InternetSession("t", access_type=AccessType.DIRECT).fetch([hanging.url("/fine")] * 20, in_flight=2)
    assert [result.body for result in rows] == [b"fine"] * 20


def test_many_cancelled_rounds_leave_nothing(hanging: ScriptedServer, session: InternetSession) -> None:
    def few() -> Fetch:
        return session.fetch([hanging.url("/fine")] * 50, in_flight=8)

    for stop in range(30):
        for count, _ in enumerate(few()):
            if count == stop % 5:
                break
        assert transfers() == 0
    assert sum(result.body == b"fine" for result in few()) == 50
