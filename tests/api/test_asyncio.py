"""`InternetSession.fetch_one_async`: results, errors, cancelling, threads, on the standard loop and on uvloop."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import threading
from typing import TYPE_CHECKING, Any

import pytest

from loops import new_loop, run_on, until
from pyinet import (
    AccessType,
    CallerError,
    CannotConnect,
    InternetException,
    InternetFlag,
    InternetOption,
    InternetSession,
    InternetStatus,
    InternetTimeout,
    NotSupported,
    ProtocolError,
    Request,
)
from pyinet._transfer.engine import live_objects
from servers.scripted import ScriptedServer, response
from waiting import PATIENCE, eventually

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator
    from pathlib import Path

    from pyinet import Result
    from servers.nginx import Nginx
    from servers.scripted import ScriptedConn

    Run = Callable[[Coroutine[Any, Any, Any]], Any]

pytestmark = pytest.mark.skipif("PYINET_DRIVER" in os.environ, reason="event loops wait for a descriptor of the engine")


@pytest.fixture(params=["asyncio", "asyncio debug", "uvloop"])
def run(request: pytest.FixtureRequest) -> Run:
    """Runs a coroutine to its end on a new event loop; what the loop complains about fails the test."""
    return lambda main: run_on(new_loop(request.param), main)


class Hanging:
    """Scripts for connections whose requests are read and not answered before `release`; knows who hung up."""

    def __init__(self, server: ScriptedServer, connections: int = 1) -> None:
        self.release = server.gate()
        self.asked = 0
        self.hung_up = 0
        self._lock = threading.Lock()
        server.play(*[self._script] * connections)

    def _script(self, conn: ScriptedConn) -> None:
        if conn.recv_request() is None:
            return
        with self._lock:
            self.asked += 1
        if self.release.is_set():
            conn.send(response(b"late"))
        conn.wait_closed()
        with self._lock:
            self.hung_up += 1


@pytest.fixture
def hanging(server: ScriptedServer) -> Hanging:
    return Hanging(server)


# ---- results and errors ----


def test_a_result_says_what_the_answer_was(server: ScriptedServer, session: InternetSession, run: Run) -> None:
    server.route("/a", response(b"hello", "X-Seen: yes", status="201 Created"))
    result = run(session.fetch_one_async(Request(server.url("/a"), key="mine")))
    assert (result.status, result.reason, result.body, result.headers["x-seen"]) == (201, "Created", b"hello", "yes")
    assert (result.request.key, result.url, result.error, result.ok) == ("mine", server.url("/a"), None, True)


@pytest.mark.parametrize("size", [0, 1, 65_535, 65_536, 65_537, 3_000_000])
def test_bodies_of_every_size_come_whole(server: ScriptedServer, session: InternetSession, run: Run, size: int) -> None:
    body = os.urandom(size)
    server.route("/", response(body))
    assert run(session.fetch_one_async(server.url())).body == body


def test_an_http_status_is_no_exception(server: ScriptedServer, session: InternetSession, run: Run) -> None:
    result = run(session.fetch_one_async(server.url("/absent")))
    assert (result.status, result.ok, result.error) == (404, False, None)


def refused_port() -> str:
    with ScriptedServer() as gone:
        return gone.url()


REFUSED: list[tuple[str, Any, type[InternetException], int]] = [
    ("no host", "http:///a", CallerError, 12005),
    ("no scheme", "nothing", NotSupported, 12006),
    ("empty", "", NotSupported, 12006),
    ("an unknown scheme", "foo://h/", NotSupported, 12006),
    ("a line break", "http://127.0.0.1/a\nb", InternetException, 0),
    ("a NUL", "http://127.0.0.1/a\0b", InternetException, 0),
    ("a tab", "http://127.0.0.1/\tb", InternetException, 0),
    ("a lone surrogate", "http://127.0.0.1/\ud800", InternetException, 0),
    ("a number", 7, CallerError, 87),
    ("None", None, CallerError, 87),
    ("bytes", b"http://127.0.0.1/", CallerError, 87),
]


@pytest.mark.parametrize(("item", "kind", "code"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_what_is_refused_raises_as_fetch_one_does(
    session: InternetSession, run: Run, item: str, kind: type[InternetException], code: int
) -> None:
    with pytest.raises(InternetException) as there:
        session.fetch_one(item)
    with pytest.raises(InternetException) as here:
        run(session.fetch_one_async(item))
    assert (type(here.value), here.value.code, str(here.value), here.value.context) == (
        type(there.value), there.value.code, str(there.value), there.value.context,
    )  # fmt: skip
    if code:
        assert here.value.code == code
    assert isinstance(here.value, kind)


def test_one_refused_request_harms_none_of_its_round(
    server: ScriptedServer, session: InternetSession, run: Run
) -> None:
    for i in range(20):
        server.route(f"/{i}", response(b"%d" % i))

    async def main() -> list[Any]:
        items: list[Any] = [server.url(f"/{i}") for i in range(20)]
        items[3:3] = [row[1] for row in REFUSED]
        return await asyncio.gather(*map(session.fetch_one_async, items), return_exceptions=True)

    results = run(main())
    assert [r.body for r in results if not isinstance(r, Exception)] == [b"%d" % i for i in range(20)]
    assert all(isinstance(r, InternetException) for r in results[3 : 3 + len(REFUSED)])
    assert len(server.received) == 20


def test_transport_errors_are_raised(server: ScriptedServer, session: InternetSession, run: Run) -> None:
    with pytest.raises(CannotConnect):
        run(session.fetch_one_async(refused_port()))
    server.reply(b"nonsense\r\n\r\n")
    with pytest.raises(ProtocolError):
        run(session.fetch_one_async(server.url()))


def test_an_error_carries_the_context_of_its_request(session: InternetSession, run: Run) -> None:
    with pytest.raises(CannotConnect) as error:
        run(session.fetch_one_async(Request(refused_port(), context=77)))
    assert error.value.context == 77


def test_a_request_with_a_path_goes_to_the_file(
    server: ScriptedServer, session: InternetSession, run: Run, tmp_path: Path
) -> None:
    server.route("/", response(b"on disk"))
    result = run(session.fetch_one_async(Request(server.url(), path=str(tmp_path / "out"))))
    assert (result.body, (tmp_path / "out").read_bytes()) == (b"", b"on disk")


def test_a_post_sends_its_body(server: ScriptedServer, session: InternetSession, run: Run) -> None:
    server.route("/", response(b"ok"))
    run(session.fetch_one_async(Request(server.url(), method="POST", body=b"x" * 100_000)))
    assert server.received[0].body == b"x" * 100_000


def test_a_timeout_of_the_request_is_raised(
    server: ScriptedServer, session: InternetSession, run: Run, hanging: Hanging
) -> None:
    with pytest.raises(InternetTimeout):
        run(session.fetch_one_async(Request(server.url(), timeout=0.05)))
    eventually(lambda: hanging.hung_up == 1, "the connection to be closed")


# ---- one after another, many at once ----


def test_one_after_another_use_one_connection(server: ScriptedServer, session: InternetSession, run: Run) -> None:
    server.route("/", response(b"x"))

    async def main() -> None:
        for _ in range(200):
            assert (await session.fetch_one_async(server.url())).body == b"x"

    run(main())
    assert (server.connections, len(server.received)) == (1, 200)


def test_a_thousand_at_once_each_get_their_own(nginx: Nginx, session: InternetSession, run: Run) -> None:
    for i in range(50):
        (nginx.root / f"aio{i}").write_bytes(b"body %d" % i)

    async def main() -> list[Result]:
        return await asyncio.gather(*[session.fetch_one_async(nginx.url(f"/aio{i % 50}")) for i in range(1000)])

    assert [result.body for result in run(main())] == [b"body %d" % (i % 50) for i in range(1000)]


def test_more_than_the_slots_all_end(nginx: Nginx, session: InternetSession, run: Run) -> None:
    (nginx.root / "aio").write_bytes(b"x")

    async def main() -> int:
        results = await asyncio.gather(*[session.fetch_one_async(nginx.url("/aio")) for _ in range(1200)])
        return sum(result.body == b"x" for result in results)

    assert run(main()) == 1200


def test_tasks_that_start_others_are_served(server: ScriptedServer, session: InternetSession, run: Run) -> None:
    server.route("/", response(b"x"))

    async def tree(depth: int) -> int:
        await session.fetch_one_async(server.url())
        return 1 + (sum(await asyncio.gather(tree(depth - 1), tree(depth - 1))) if depth else 0)

    assert run(tree(5)) == 63


# ---- redirects, cookies, contexts ----


def test_redirects_are_followed(server: ScriptedServer, session: InternetSession, run: Run) -> None:
    for i in range(5):
        server.route(f"/{i}", response(b"", f"Location: /{i + 1}", status="302 Found"))
    server.route("/5", response(b"end"))

    async def main() -> list[Result]:
        return await asyncio.gather(*[session.fetch_one_async(server.url("/0")) for _ in range(20)])

    results = run(main())
    assert {(result.body, result.url) for result in results} == {(b"end", server.url("/5"))}
    assert len(server.received) == 120


def test_an_endless_redirect_is_an_error(server: ScriptedServer, session: InternetSession, run: Run) -> None:
    server.route("/", response(b"", "Location: /", status="302 Found"))
    with pytest.raises(InternetException) as error:
        run(session.fetch_one_async(server.url()))
    assert error.value.code == 12156
    assert live_objects()["transfers"] == 0


def test_a_redirect_is_the_result_when_it_is_not_to_be_followed(
    server: ScriptedServer, session: InternetSession, run: Run
) -> None:
    server.route("/", response(b"moved", "Location: /b", status="301 Moved"))
    result = run(session.fetch_one_async(Request(server.url(), flags=InternetFlag.NO_AUTO_REDIRECT)))
    assert (result.status, result.body) == (301, b"moved")


def test_results_behind_hundreds_of_redirects_do_not_wait_for_those(
    server: ScriptedServer, session: InternetSession, run: Run
) -> None:
    """Redirects fill a whole batch and lead nowhere yet; a plain answer came after them."""
    late, hang = server.gate(), server.gate()
    sent = []

    def script(conn: ScriptedConn) -> None:
        while request := conn.recv_request():
            if request.target == "/hop":
                conn.send(response(b"", "Location: /hang", status="302 Found"))
                sent.append(request)
            elif request.target == "/hang":
                hang.wait()
                conn.send(response(b"hung"))
            else:
                late.wait()
                conn.send(response(b"plain"))

    server.play(*[script] * 700)

    async def main() -> None:
        hops = [asyncio.create_task(session.fetch_one_async(server.url("/hop"))) for _ in range(256)]
        plain = asyncio.create_task(session.fetch_one_async(server.url("/plain")))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        # Nobody takes anything away meanwhile: the loop is blocked, and the engine's thread goes on alone.
        queue = next(iter(session._core.hubs().running()._after_turns._listeners.values()))[0]
        eventually(lambda: len(sent) == 256, "all redirects")
        late.set()
        eventually(lambda: queue.stats().done == 1, "the answer after them")
        assert (await plain).body == b"plain"
        hang.set()
        assert {result.body for result in await asyncio.gather(*hops)} == {b"hung"}

    run(main())


def test_cookies_are_kept_from_one_request_to_the_next(
    server: ScriptedServer, session: InternetSession, run: Run
) -> None:
    server.route("/set", response(b"", "Set-Cookie: a=1; Path=/", "Location: /next", status="302 Found"))
    server.route("/next", response(b"", "Set-Cookie: b=2; Path=/"))
    server.route("/last", response(b""))

    async def main() -> None:
        await session.fetch_one_async(server.url("/set"))
        await session.fetch_one_async(server.url("/last"))

    run(main())
    assert [request.header("cookie") for request in server.received] == [None, "a=1", "a=1; b=2"]


class Watching(InternetSession):
    """Records what it is told, and on which thread."""

    told: list[tuple[int, int, object, int]]
    veto = False

    def on_status_callback(self, context: int, status: InternetStatus, info: object) -> object:
        self.told.append((context, int(status), info, threading.get_ident()))
        return False if self.veto and status == InternetStatus.REDIRECT else None

    def of(self, context: int) -> list[int]:
        return [status for known, status, _, _ in self.told if known == context]


@pytest.fixture
def watching() -> Iterator[Watching]:
    with Watching("watching/1.0", access_type=AccessType.DIRECT) as session:
        session.told = []
        session.enable_status_callback()
        yield session


FRESH = [20, 21, 30, 31, 40, 41]
KEPT = [30, 31, 40, 41]


def test_statuses_of_each_request_come_in_order_in_the_thread_of_the_loop(
    server: ScriptedServer, watching: Watching, run: Run
) -> None:
    server.route("/", response(b"x"))

    async def main() -> None:
        for context in (5, 6):
            await watching.fetch_one_async(Request(server.url(), context=context))
        await asyncio.gather(*[watching.fetch_one_async(Request(server.url(), context=c)) for c in range(10, 40)])

    run(main())
    assert watching.of(5) == FRESH
    assert watching.of(6) == KEPT
    assert all(watching.of(context) in (FRESH, KEPT) for context in range(10, 40))
    assert {thread for *_, thread in watching.told} == {threading.get_ident()}


def test_no_context_of_its_own_no_statuses(server: ScriptedServer, watching: Watching, run: Run) -> None:
    server.route("/", response(b"x"))
    run(watching.fetch_one_async(server.url()))
    run(watching.fetch_one_async(Request(server.url(), context=0)))
    assert watching.told == []


def test_statuses_came_before_the_result_did(server: ScriptedServer, watching: Watching, run: Run) -> None:
    server.route("/", response(b"x"))

    async def main() -> None:
        for context in range(2, 50):
            await watching.fetch_one_async(Request(server.url(), context=context))
            assert watching.of(context)[-1] == 41
            assert watching.enable_status_callback(enable=False)
            watching.enable_status_callback()

    run(main())


def test_a_redirect_is_told_and_may_be_forbidden(server: ScriptedServer, watching: Watching, run: Run) -> None:
    server.route("/", response(b"", "Location: /b", status="302 Found"))
    server.route("/b", response(b"b"))
    assert run(watching.fetch_one_async(Request(server.url(), context=9))).body == b"b"
    assert watching.of(9) == [*FRESH, 110, *KEPT]
    watching.veto = True
    with pytest.raises(CallerError) as error:
        run(watching.fetch_one_async(Request(server.url(), context=9)))
    assert (error.value.code, error.value.context) == (12168, 9)


def test_callbacks_may_be_disabled_after_a_cancelled_request(
    server: ScriptedServer, watching: Watching, run: Run, hanging: Hanging
) -> None:
    async def main() -> None:
        task = asyncio.create_task(watching.fetch_one_async(Request(server.url(), context=9)))
        await until(lambda: hanging.asked == 1, "the request")
        with pytest.raises(CallerError) as error:
            watching.enable_status_callback(enable=False)
        assert error.value.code == 12019
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await until(lambda: live_objects()["transfers"] == 0, "the transfer to end")

    run(main())
    assert watching.enable_status_callback(enable=False)


def test_a_callback_that_closes_the_session_ends_what_is_awaited(server: ScriptedServer, run: Run) -> None:
    server.route("/", response(b"x"))

    class Closing(InternetSession):
        def on_status_callback(self, *_: object) -> None:
            self.close()

    with Closing("c", access_type=AccessType.DIRECT) as session:
        session.enable_status_callback()

        async def main() -> list[Any]:
            items = [Request(server.url(), context=context) for context in range(2, 20)]
            return await asyncio.gather(*map(session.fetch_one_async, items), return_exceptions=True)

        assert {getattr(result, "code", None) for result in run(main())} <= {6, 12017}
        assert session.closed


# ---- settings ----


def test_settings_changed_meanwhile_hold_for_what_begins_later(
    server: ScriptedServer, session: InternetSession, run: Run, hanging: Hanging
) -> None:
    server.route("/", response(b"x"))
    gc.collect()
    before = live_objects()["queues"]

    async def main() -> None:
        first = asyncio.create_task(session.fetch_one_async(server.url()))
        await until(lambda: hanging.asked == 1, "the request")
        session.set_option(InternetOption.RECEIVE_TIMEOUT, 10_000)
        assert (await session.fetch_one_async(server.url())).body == b"x"
        assert live_objects()["queues"] == before + 3
        first.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await first
        del first
        session.set_option(InternetOption.RECEIVE_TIMEOUT, 20_000)
        assert (await session.fetch_one_async(server.url())).body == b"x"
        await until(lambda: live_objects()["queues"] == before + 2, "the queues of old settings to go")

    run(main())


# ---- cancelling ----


def test_cancelling_a_task_closes_its_connection(
    server: ScriptedServer, session: InternetSession, run: Run, hanging: Hanging
) -> None:
    server.route("/", response(b"x"))

    async def main() -> None:
        task = asyncio.create_task(session.fetch_one_async(server.url()))
        await until(lambda: hanging.asked == 1, "the request")
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await until(lambda: hanging.hung_up == 1, "the connection to be closed")
        assert (await session.fetch_one_async(server.url())).body == b"x"

    run(main())


def test_cancelling_one_of_many_leaves_the_others(server: ScriptedServer, session: InternetSession, run: Run) -> None:
    hanging = Hanging(server, 30)

    async def main() -> None:
        tasks = [asyncio.create_task(session.fetch_one_async(server.url(f"/{i}"))) for i in range(30)]
        await until(lambda: hanging.asked == 30, "all requests")
        for task in tasks[::2]:
            task.cancel()
        await until(lambda: hanging.hung_up == 15, "half of the connections to be closed")
        assert [task.done() for task in tasks] == [True, False] * 15
        for task in tasks[1::2]:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await until(lambda: hanging.hung_up == 30, "all connections to be closed")

    run(main())


@pytest.mark.parametrize("rounds", [0, 1])
def test_a_task_cancelled_before_its_request_was_submitted_sends_nothing(
    server: ScriptedServer, session: InternetSession, run: Run, rounds: int
) -> None:
    server.route("/b", response(b"b"))

    async def main() -> None:
        tasks = [asyncio.create_task(session.fetch_one_async(server.url("/a"))) for _ in range(20)]
        kept = asyncio.create_task(session.fetch_one_async(server.url("/b")))
        for _ in range(rounds):
            await asyncio.sleep(0)
        for task in tasks:
            task.cancel()
        assert (await kept).body == b"b"
        assert all(isinstance(e, asyncio.CancelledError) for e in await asyncio.gather(*tasks, return_exceptions=True))

    run(main())
    assert [request.target for request in server.received] == ["/b"]


def test_wait_for_gives_up_and_closes_the_connection(
    server: ScriptedServer, session: InternetSession, run: Run, hanging: Hanging
) -> None:
    async def main() -> None:
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(session.fetch_one_async(server.url()), 0.05)
        await until(lambda: hanging.hung_up == 1, "the connection to be closed")

    run(main())


def test_a_failing_sibling_cancels_the_others(server: ScriptedServer, session: InternetSession, run: Run) -> None:
    """What a task group does."""
    hanging = Hanging(server, 8)

    async def main() -> None:
        tasks = [asyncio.create_task(session.fetch_one_async(server.url())) for _ in range(8)]
        await until(lambda: hanging.asked == 8, "all requests")
        failing = asyncio.create_task(session.fetch_one_async("foo://h/"))
        done, pending = await asyncio.wait([*tasks, failing], return_when=asyncio.FIRST_EXCEPTION)
        assert done == {failing}
        assert isinstance(failing.exception(), NotSupported)
        for task in pending:
            task.cancel()
        await asyncio.gather(*pending, return_exceptions=True)
        await until(lambda: hanging.hung_up == 8, "all connections to be closed")

    run(main())


def test_cancelling_when_the_result_is_there_is_no_harm(
    server: ScriptedServer, session: InternetSession, run: Run
) -> None:
    server.route("/", response(b"x"))

    async def main() -> None:
        for rounds in range(60):
            task = asyncio.create_task(session.fetch_one_async(server.url()))
            for _ in range(rounds):
                await asyncio.sleep(0)
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                assert (await task).body == b"x"
        assert (await session.fetch_one_async(server.url())).body == b"x"
        await until(lambda: live_objects()["transfers"] == 0, "the transfers to end")

    run(main())


def test_cancelling_at_a_redirect_does_not_follow_it(
    server: ScriptedServer, watching: Watching, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.route("/", response(b"", "Location: /b", status="302 Found"))
    server.route("/b", response(b"b"))
    tasks: list[asyncio.Task[Result]] = []

    def cancel(_context: int, status: int, _info: object) -> None:
        if status == InternetStatus.REDIRECT:
            tasks[0].cancel()

    monkeypatch.setattr(watching, "on_status_callback", cancel)

    async def main() -> None:
        tasks.append(asyncio.create_task(watching.fetch_one_async(Request(server.url(), context=5))))
        with pytest.raises(asyncio.CancelledError):
            await tasks[0]
        await until(lambda: live_objects()["transfers"] == 0, "the transfer to end")

    run(main())
    assert live_objects()["transfers"] == 0


# ---- threads ----


def in_threads(*jobs: Callable[[], object]) -> None:
    """Run every job in a thread of its own; the first exception is raised."""
    errors: list[BaseException] = []

    def guarded(job: Callable[[], object]) -> None:
        try:
            job()
        except BaseException as error:  # noqa: BLE001 - raised in the test's thread
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(job,), daemon=True) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(2 * PATIENCE)
    assert not [thread for thread in threads if thread.is_alive()]
    if errors:
        raise errors[0]


def test_several_loops_in_several_threads_share_a_session(
    server: ScriptedServer, session: InternetSession, run: Run
) -> None:
    for i in range(6):
        server.route(f"/{i}", response(b"%d" % i))

    async def main(i: int) -> None:
        for _ in range(10):
            results = await asyncio.gather(*[session.fetch_one_async(server.url(f"/{i}")) for _ in range(10)])
            assert {result.body for result in results} == {b"%d" % i}

    in_threads(*[lambda i=i: run(main(i)) for i in range(6)])
    assert len(server.received) == 600


def test_loops_and_threads_that_wait_may_be_mixed(server: ScriptedServer, session: InternetSession, run: Run) -> None:
    body = os.urandom(50_000)
    server.route("/", response(body))

    async def awaited() -> None:
        for _ in range(10):
            results = await asyncio.gather(*[session.fetch_one_async(server.url()) for _ in range(5)])
            assert all(result.body == body for result in results)

    def one_by_one() -> None:
        for _ in range(50):
            assert session.fetch_one(server.url()).body == body

    def rows() -> None:
        assert all(result.body == body for result in session.fetch([server.url()] * 50, in_flight=4))

    def files() -> None:
        for _ in range(30):
            with session.open_url(server.url()) as file:
                assert file.read() == body

    in_threads(lambda: run(awaited()), lambda: run(awaited()), one_by_one, rows, files)


def test_calls_that_wait_may_be_made_in_the_thread_of_the_loop(
    server: ScriptedServer, session: InternetSession, run: Run
) -> None:
    server.route("/", response(b"x"))

    async def main() -> None:
        tasks = [asyncio.create_task(session.fetch_one_async(server.url())) for _ in range(10)]
        await asyncio.sleep(0)
        assert session.fetch_one(server.url()).body == b"x"
        assert [result.body for result in session.fetch([server.url()] * 5)] == [b"x"] * 5
        with session.open_url(server.url()) as file:
            assert file.read() == b"x"
        assert {result.body for result in await asyncio.gather(*tasks)} == {b"x"}

    run(main())


def test_without_a_running_loop_there_is_nothing_to_await_on(session: InternetSession) -> None:
    pending = session.fetch_one_async("http://127.0.0.1/")
    with pytest.raises(RuntimeError):
        pending.send(None)
