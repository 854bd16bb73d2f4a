"""Event loops and the life of what they wait for: leaving early, closing, loops that end, are blocked, or dropped."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import threading
import time
import weakref
from typing import TYPE_CHECKING, Any

import pytest

from loops import new_loop, run_on, until
from pyinet import AccessType, HandleClosed, InternetException, InternetSession, Request, close_handle
from pyinet._transfer.engine import live_objects
from servers.scripted import ScriptedServer, response
from waiting import PATIENCE, eventually

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Callable, Coroutine, Iterable, Iterator
    from pathlib import Path

    from pyinet import Result
    from pyinet.bulk import Fetch
    from servers.nginx import Nginx
    from servers.scripted import ScriptedConn

    Run = Callable[[Coroutine[Any, Any, Any]], Any]
    Rows = Iterable[str | Request] | AsyncIterable[str | Request]

pytestmark = pytest.mark.skipif("PYINET_DRIVER" in os.environ, reason="event loops wait for a descriptor of the engine")


@pytest.fixture(params=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Run:
    """Runs a coroutine to its end on a new event loop; what the loop complains about fails the test."""
    return lambda main: run_on(new_loop(request.param), main)


def numbered(server: ScriptedServer, count: int) -> list[str | Request]:
    for i in range(count):
        server.route(f"/{i}", response(b"body %d" % i))
    return [Request(server.url(f"/{i}"), key=i) for i in range(count)]


@pytest.fixture
def hanging(server: ScriptedServer) -> ScriptedServer:
    """Answers everything but ``/hang``, whose answers wait for `ScriptedServer.release`."""
    release = server.gate()

    def script(conn: ScriptedConn) -> None:
        while request := conn.recv_request():
            if request.target == "/hang":
                release.wait()
            conn.send(response(request.target.encode()))

    server.play(*[script] * 200)
    server.release = release  # type: ignore[attr-defined]
    return server


async def collect(rows: AsyncIterable[Result]) -> list[Result]:
    return [result async for result in rows]


async def as_async_generator(rows: list[str | Request]) -> AsyncIterator[str | Request]:
    for row in rows:
        yield row


# ---- leaving early ----


async def leave_by_break(fetch: Fetch) -> None:
    async for _ in fetch:
        break


async def leave_by_exception(fetch: Fetch) -> None:
    with pytest.raises(LookupError):  # noqa: PT012 - the loop is what raises
        async for _ in fetch:
            raise LookupError


async def leave_a_block(fetch: Fetch) -> None:
    async with fetch as rows:
        async for _ in rows:
            break
        del rows


async def leave_by_close(fetch: Fetch) -> None:
    async for _ in fetch:
        fetch.close()


async def leave_by_dropping_the_iterator(fetch: Fetch) -> None:
    rows = aiter(fetch)
    del fetch
    await anext(rows)


async def leave_without_a_step(fetch: Fetch) -> None:
    aiter(fetch)


async def leave_by_cancelling(fetch: Fetch) -> None:
    task = asyncio.create_task(collect(fetch))
    del fetch
    await asyncio.sleep(0.0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.parametrize(
    "leave",
    [
        leave_by_break, leave_by_exception, leave_a_block, leave_by_close, leave_by_dropping_the_iterator,
        leave_without_a_step, leave_by_cancelling,
    ],
    ids=lambda leave: leave.__name__,
)  # fmt: skip
@pytest.mark.parametrize(("kind", "ordered"), [(list, False), (iter, True), (as_async_generator, False)])
def test_leaving_early_cancels_what_is_in_flight(
    hanging: ScriptedServer, session: InternetSession, run: Run, leave: Callable[[Fetch], Coroutine[Any, Any, None]],
    kind: Callable[..., Rows], ordered: bool,
) -> None:  # fmt: skip
    rows = [hanging.url("/fine"), *[hanging.url("/hang")] * 30]

    async def main() -> None:
        await leave(session.fetch(kind(rows), in_flight=8, ordered=ordered))
        await until(lambda: live_objects()["transfers"] == 0, "the transfers to end")
        await until(lambda: len(asyncio.all_tasks()) <= 2, "the input's task to end")
        assert (await session.fetch_one_async(hanging.url("/fine"))).body == b"/fine"

    run(main())
    assert live_objects()["transfers"] == 0


def test_an_async_generator_is_closed_when_the_loop_is_left(
    server: ScriptedServer, session: InternetSession, run: Run
) -> None:
    closed = []

    async def source() -> AsyncIterator[str | Request]:
        try:
            for row in numbered(server, 2) * 5000:
                yield row
        finally:
            closed.append(True)

    async def main() -> None:
        async for _ in session.fetch(source(), in_flight=2):
            break
        await until(lambda: closed == [True], "the generator to be closed")

    run(main())


def test_an_input_that_waits_is_cancelled_when_the_loop_is_left(
    server: ScriptedServer, session: InternetSession, run: Run
) -> None:
    fine = numbered(server, 1)
    ended = []

    async def source() -> AsyncIterator[str | Request]:
        yield fine[0]
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise

    async def main() -> None:
        async with session.fetch(source()) as rows:
            async for _ in rows:
                break
        await until(lambda: bool(ended), "the input to be told")

    run(main())
    assert ended == ["cancelled"]


def test_cancelling_the_loop_closes_its_connections(session: InternetSession, run: Run) -> None:
    gone = threading.Semaphore(0)

    def script(conn: ScriptedConn) -> None:
        conn.recv_request()
        conn.wait_closed()
        gone.release()

    async def main() -> None:
        with ScriptedServer() as server:
            server.play(*[script] * 4)
            task = asyncio.create_task(collect(session.fetch([server.url()] * 4)))
            await until(lambda: len(server.received) == 4, "all requests")
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            del task  # before CPython 3.11 it keeps the frame that keeps the rows
            for _ in range(4):
                await until(lambda: gone.acquire(blocking=False), "a connection to be closed")

    run(main())


def test_a_step_that_is_given_up_loses_nothing(hanging: ScriptedServer, session: InternetSession, run: Run) -> None:
    async def main() -> list[bytes]:
        fetch = session.fetch([hanging.url("/hang"), hanging.url("/a")], in_flight=1)
        rows = aiter(fetch)
        for _ in range(3):
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(anext(rows), 0.01)
        hanging.release.set()  # type: ignore[attr-defined]
        return [result.body async for result in rows]

    assert run(main()) == [b"/hang", b"/a"]


@pytest.mark.parametrize("by_thread", [False, True])
def test_rows_closed_while_a_task_waits_for_them_end(
    hanging: ScriptedServer, session: InternetSession, run: Run, by_thread: bool
) -> None:
    async def main() -> list[Result]:
        fetch = session.fetch([hanging.url("/hang")] * 4)
        task = asyncio.create_task(collect(fetch))
        await until(lambda: len(hanging.received) == 4, "all requests")
        if by_thread:
            await asyncio.get_running_loop().run_in_executor(None, fetch.close)
        else:
            fetch.close()
        return await asyncio.wait_for(task, 2)

    assert run(main()) == []


@pytest.mark.parametrize("by_thread", [False, True])
@pytest.mark.parametrize("ordered", [False, True])
def test_a_session_closed_while_a_task_waits_for_rows_is_an_error(
    hanging: ScriptedServer, session: InternetSession, run: Run, by_thread: bool, ordered: bool
) -> None:
    async def main() -> None:
        tasks = [asyncio.create_task(collect(session.fetch([hanging.url("/hang")] * 4, ordered=ordered))) for _ in "ab"]
        await until(lambda: len(hanging.received) == 8, "all requests")
        if by_thread:
            await asyncio.get_running_loop().run_in_executor(None, session.close)
        else:
            session.close()
        for result in await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 2):
            assert isinstance(result, HandleClosed)

    run(main())


# ---- closing the session ----


def by_session(session: InternetSession) -> None:
    session.close()


def by_handle(session: InternetSession) -> None:
    close_handle(session.handle)


@pytest.mark.parametrize("close", [by_session, by_handle])
@pytest.mark.parametrize("by_thread", [False, True])
def test_closing_the_session_ends_whoever_waits_at_once(
    hanging: ScriptedServer,
    session: InternetSession,
    run: Run,
    close: Callable[[InternetSession], None],
    by_thread: bool,
) -> None:
    async def main() -> None:
        tasks = [asyncio.create_task(session.fetch_one_async(hanging.url("/hang"))) for _ in range(20)]
        await until(lambda: len(hanging.received) == 20, "all requests")
        if by_thread:
            await asyncio.get_running_loop().run_in_executor(None, close, session)
        else:
            close(session)
        results = await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 2)
        assert [type(result) for result in results] == [HandleClosed] * 20
        assert {getattr(result, "code", 0) for result in results} == {6}
        assert len(set(map(id, results))) == 20  # each has a traceback of its own
        with pytest.raises(HandleClosed):
            await session.fetch_one_async(hanging.url("/fine"))
        with pytest.raises(HandleClosed):
            await collect(session.fetch([hanging.url("/fine")]))

    run(main())


@pytest.mark.parametrize("used", [False, True], ids=["unused", "used before"])
@pytest.mark.parametrize("rounds", range(4))
def test_closing_right_after_the_request_was_made_ends_it_too(
    server: ScriptedServer, session: InternetSession, run: Run, rounds: int, used: bool
) -> None:
    server.route("/", response(b"x"))

    async def main() -> None:
        if used:
            await session.fetch_one_async(server.url())
        task = asyncio.create_task(session.fetch_one_async(server.url()))
        for _ in range(rounds):
            await asyncio.sleep(0)
        session.close()
        with contextlib.suppress(HandleClosed):
            assert (await asyncio.wait_for(task, 2)).body == b"x"

    run(main())


def test_closing_while_several_loops_and_threads_wait_ends_them_all(
    hanging: ScriptedServer, session: InternetSession, run: Run
) -> None:
    errors: list[object] = []

    async def main() -> None:
        tasks = [asyncio.create_task(session.fetch_one_async(hanging.url("/hang"))) for _ in range(5)]
        tasks2 = [asyncio.create_task(collect(session.fetch([hanging.url("/hang")]))) for _ in range(5)]
        errors.extend(await asyncio.gather(*tasks, *tasks2, return_exceptions=True))

    def one() -> None:
        with contextlib.suppress(HandleClosed):
            session.fetch_one(hanging.url("/hang"))

    threads = [
        *[threading.Thread(target=run, args=(main(),), daemon=True) for _ in range(3)],
        *[threading.Thread(target=one, daemon=True) for _ in range(3)],
    ]
    for thread in threads:
        thread.start()
    eventually(lambda: len(hanging.received) == 33, "all requests")
    session.close()
    for thread in threads:
        thread.join(PATIENCE)
    assert [type(error) for error in errors] == [HandleClosed] * 30


def test_async_with_closes_the_session(server: ScriptedServer, run: Run) -> None:
    server.route("/", response(b"x"))

    async def main() -> InternetSession:
        async with InternetSession("a", access_type=AccessType.DIRECT) as session:
            assert (await session.fetch_one_async(server.url())).body == b"x"
            assert not session.closed
        return session

    session = run(main())
    assert session.closed
    assert session.handle == 0


def test_async_with_closes_the_session_after_an_exception(hanging: ScriptedServer, run: Run) -> None:
    async def main() -> None:
        async with InternetSession("a", access_type=AccessType.DIRECT) as session:
            task = asyncio.create_task(session.fetch_one_async(hanging.url("/hang")))
            await until(lambda: len(hanging.received) == 1, "the request")
            with pytest.raises(LookupError):
                async with session:
                    raise LookupError
            with pytest.raises(HandleClosed):
                await task

    run(main())
    gc.collect()
    assert live_objects()["engines"] == 0


# ---- loops that end ----


def test_a_session_serves_one_loop_after_another(server: ScriptedServer, session: InternetSession, run: Run) -> None:
    server.route("/", response(b"x"))

    async def main() -> None:
        assert (await session.fetch_one_async(server.url())).body == b"x"
        assert [result.body for result in await collect(session.fetch([server.url()] * 3))] == [b"x"] * 3

    for new in [asyncio.new_event_loop] * 3:
        run(main())
        loop = new()
        loop.run_until_complete(main())
        loop.close()
        assert session.fetch_one(server.url()).body == b"x"
    assert server.connections <= 3


def test_tasks_cancelled_at_the_end_of_a_loop_leave_nothing(
    hanging: ScriptedServer, session: InternetSession, run: Run
) -> None:
    async def main() -> None:
        tasks = [asyncio.create_task(session.fetch_one_async(hanging.url("/hang"))) for _ in range(5)]
        rows = [asyncio.create_task(collect(session.fetch([hanging.url("/hang")]))) for _ in range(5)]
        await until(lambda: len(hanging.received) == 10, "all requests")
        assert not any(task.done() for task in [*tasks, *rows])

    run(main())
    eventually(lambda: live_objects()["transfers"] == 0, "the transfers to end")
    assert session.fetch_one(hanging.url("/fine")).body == b"/fine"


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_loop_closed_over_pending_tasks_does_no_harm(hanging: ScriptedServer, session: InternetSession) -> None:
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(lambda *_: None)  # it complains about the tasks
    tasks = [loop.create_task(session.fetch_one_async(hanging.url("/hang"))) for _ in range(5)]
    loop.run_until_complete(until(lambda: len(hanging.received) == 5, "all requests"))
    loop.close()
    assert session.fetch_one(hanging.url("/fine")).body == b"/fine"
    assert [result.body for result in session.fetch([hanging.url("/fine")] * 20)] == [b"/fine"] * 20
    with session.open_url(hanging.url("/fine")) as file:
        assert file.read() == b"/fine"
    del tasks
    gc.collect()
    asyncio.run(session.fetch_one_async(hanging.url("/fine")))
    eventually(lambda: live_objects()["transfers"] == 0, "the transfers to end")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_session_may_be_closed_after_its_loop(hanging: ScriptedServer) -> None:
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(lambda *_: None)
    with InternetSession("a", access_type=AccessType.DIRECT) as session:
        task = loop.create_task(session.fetch_one_async(hanging.url("/hang")))
        rows = loop.create_task(collect(session.fetch(as_async_generator([hanging.url("/hang")]))))
        loop.run_until_complete(until(lambda: len(hanging.received) == 2, "the requests"))
        loop.close()
    assert live_objects()["transfers"] == 0
    del task, rows, session
    gc.collect()
    assert live_objects()["engines"] == 0


def test_rows_go_on_when_their_session_is_dropped(server: ScriptedServer, run: Run) -> None:
    server.route("/", response(b"x"))

    async def main() -> int:
        count = 0
        async for result in InternetSession("a", access_type=AccessType.DIRECT).fetch([server.url()] * 50, in_flight=2):
            assert result.body == b"x"
            count += 1
            await asyncio.sleep(0)
        return count

    assert run(main()) == 50


def test_a_request_goes_on_when_its_session_is_dropped(server: ScriptedServer, run: Run) -> None:
    server.route("/", response(b"x"))
    pending = InternetSession("a", access_type=AccessType.DIRECT).fetch_one_async(server.url())
    assert run(pending).body == b"x"


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_session_that_is_dropped_does_not_live_on_in_the_loop(server: ScriptedServer, run: Run) -> None:
    server.route("/", response(b"x"))
    gc.collect()
    before = live_objects()["engines"]

    async def main() -> None:
        session = InternetSession("a", access_type=AccessType.DIRECT)
        await session.fetch_one_async(server.url())
        await collect(session.fetch([server.url()]))
        known = weakref.ref(session)
        del session
        assert known() is None
        await until(lambda: live_objects()["engines"] == before, "the engine to go")

    run(main())


# ---- descriptors ----


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - Path.iterdir says the same in more words


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="needs /proc")  # noqa: PTH112
def test_loops_and_sessions_leave_no_descriptor(server: ScriptedServer, run: Run) -> None:
    server.route("/", response(b"x"))

    async def main(session: InternetSession) -> None:
        await asyncio.gather(*[session.fetch_one_async(server.url()) for _ in range(3)])
        await collect(session.fetch([server.url()] * 3))

    def once() -> None:
        with InternetSession("a", access_type=AccessType.DIRECT) as session:
            for _ in range(3):
                run(main(session))
        gc.collect()

    once()
    eventually(lambda: not server._socks, "the server's ends to close")
    before = descriptors()
    for _ in range(5):
        once()
    eventually(lambda: descriptors() <= before, "the descriptors to be as few as before")


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="needs /proc")  # noqa: PTH112
def test_one_session_over_many_loops_holds_no_more_descriptors(
    server: ScriptedServer, session: InternetSession, run: Run
) -> None:
    server.route("/", response(b"x"))
    counts = []
    for _ in range(6):
        run(session.fetch_one_async(server.url()))
        counts.append(descriptors())
    assert counts[-1] == counts[1]


# ---- a loop that is blocked ----


def test_transfers_go_on_while_the_loop_is_blocked(
    server: ScriptedServer, session: InternetSession, run: Run, tmp_path: Path
) -> None:
    """The engine's thread takes over: more rows are asked for as slots become free."""
    for i in range(30):
        server.route(f"/{i}", response(b"x" * 100_000))
    rows = [Request(server.url(f"/{i}"), path=str(tmp_path / str(i))) for i in range(30)]

    async def main() -> int:
        fetch = session.fetch(rows, in_flight=2)
        results = aiter(fetch)
        await anext(results)
        eventually(lambda: fetch.progress().done == 30, "all rows, in a thread that does not await")
        return 1 + len(await collect(results))

    assert run(main()) == 30
    assert all((tmp_path / str(i)).stat().st_size == 100_000 for i in range(30))


def test_single_requests_go_on_while_the_loop_is_blocked(
    hanging: ScriptedServer, session: InternetSession, run: Run
) -> None:
    async def main() -> list[bytes]:
        tasks = [asyncio.create_task(session.fetch_one_async(hanging.url(f"/{i}"))) for i in range(150)]
        tasks.append(asyncio.create_task(session.fetch_one_async(hanging.url("/hang"))))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        eventually(lambda: len(hanging.received) == 151, "all requests, in a thread that does not await")
        hanging.release.set()  # type: ignore[attr-defined]
        return [result.body for result in await asyncio.gather(*tasks)]

    assert run(main()) == [*[b"/%d" % i for i in range(150)], b"/hang"]


def test_a_blocked_loop_does_not_hold_up_another(nginx: Nginx, session: InternetSession, run: Run) -> None:
    (nginx.root / "aio-other").write_bytes(b"x")
    blocked, release = threading.Event(), threading.Event()

    async def block() -> None:
        await session.fetch_one_async(nginx.url("/aio-other"))
        task = asyncio.create_task(session.fetch_one_async(nginx.url("/aio-other")))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        blocked.set()
        assert release.wait(PATIENCE)
        await task

    async def work() -> None:
        for _ in range(100):
            assert (await session.fetch_one_async(nginx.url("/aio-other"))).body == b"x"
        assert len(await collect(session.fetch([nginx.url("/aio-other")] * 200, in_flight=8))) == 200

    other = threading.Thread(target=run, args=(block(),), daemon=True)
    other.start()
    assert blocked.wait(PATIENCE)
    before = time.monotonic()
    try:
        run(work())
    finally:
        release.set()
        other.join(PATIENCE)
    assert not other.is_alive()
    assert time.monotonic() - before < PATIENCE / 2


def test_a_loop_that_waits_after_a_thread_drove_gets_its_results(
    hanging: ScriptedServer, session: InternetSession, run: Run
) -> None:
    """A thread that waits runs the engine meanwhile; when it leaves, the loop's answers still come."""
    driving = threading.Event()

    def drive() -> Iterator[str]:
        yield hanging.url("/hang")
        driving.set()

    async def main() -> None:
        thread = threading.Thread(target=lambda: list(session.fetch(drive())), daemon=True)
        thread.start()
        await until(driving.is_set, "the other thread")
        await until(lambda: len(hanging.received) == 1, "its request")
        for i in range(10):
            assert (await session.fetch_one_async(hanging.url(f"/{i}"))).status == 200
        task = asyncio.create_task(session.fetch_one_async(hanging.url("/hang")))
        await until(lambda: len(hanging.received) == 12, "the request")
        hanging.release.set()  # type: ignore[attr-defined]
        assert (await task).body == b"/hang"
        await until(lambda: not thread.is_alive(), "the other thread to end")

    run(main())


# ---- races ----


def test_cancelling_and_closing_at_random_moments_is_safe(nginx: Nginx, run: Run) -> None:
    (nginx.root / "aio-race").write_bytes(b"x" * 1000)
    url = nginx.url("/aio-race")

    async def main(rounds: int) -> None:
        session = InternetSession("a", access_type=AccessType.DIRECT)
        tasks: list[asyncio.Task[Any]] = [asyncio.create_task(session.fetch_one_async(url)) for _ in range(20)]
        tasks += [asyncio.create_task(collect(session.fetch([url] * 50, in_flight=4))) for _ in range(4)]
        closer = threading.Thread(target=session.close)
        for i in range(rounds):
            await asyncio.sleep(0)
            tasks[i * 7 % len(tasks)].cancel()
        closer.start()
        for result in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(result, BaseException):
                assert isinstance(result, (InternetException, asyncio.CancelledError))
        await until(lambda: not closer.is_alive(), "the session to close")

    for rounds in range(12):
        run(main(rounds))
