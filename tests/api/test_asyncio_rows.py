"""``async for`` over `InternetSession.fetch`: every kind of input, leaving early, other tasks meanwhile."""

from __future__ import annotations

import asyncio
import collections
import itertools
import os
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from loops import new_loop, run_on, until
from pyinet import CallerError, InternetSession, NotSupported, Request
from pyinet._transfer.aio import Hub, _Bell
from pyinet._transfer.aiter import AsyncRows
from pyinet._transfer.engine import live_objects
from servers.scripted import ScriptedServer, response

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Callable, Coroutine, Iterable, Iterator

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


async def keys(rows: AsyncIterable[Result]) -> list[Any]:
    return [result.key async for result in rows]


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


# ---- inputs ----


def as_list(rows: list[str | Request]) -> Rows:
    return rows


def as_tuple(rows: list[str | Request]) -> Rows:
    return tuple(rows)


def as_generator(rows: list[str | Request]) -> Rows:
    return (row for row in rows)


async def as_quick_async_generator(rows: list[str | Request]) -> AsyncIterator[str | Request]:
    for row in rows:
        yield row


async def as_polite_async_generator(rows: list[str | Request]) -> AsyncIterator[str | Request]:
    for row in rows:
        await asyncio.sleep(0)
        yield row


class AsAsyncIterable:
    """Has nothing but what the protocol asks for."""

    def __init__(self, rows: list[str | Request]) -> None:
        self._rows = iter(rows)

    def __aiter__(self) -> AsAsyncIterable:
        return self

    async def __anext__(self) -> str | Request:
        try:
            return next(self._rows)
        except StopIteration:
            raise StopAsyncIteration from None


INPUTS: list[Callable[[list[str | Request]], Rows]] = [
    as_list, as_tuple, as_generator, as_quick_async_generator, as_polite_async_generator, AsAsyncIterable,
]  # fmt: skip
inputs = pytest.mark.parametrize("kind", INPUTS, ids=lambda kind: kind.__name__)


@inputs
@pytest.mark.parametrize("ordered", [False, True])
def test_every_row_gets_one_result(
    server: ScriptedServer, session: InternetSession, run: Run, kind: Callable[..., Rows], ordered: bool
) -> None:
    rows = numbered(server, 10) * 60
    got = run(keys(session.fetch(kind(rows), in_flight=5, ordered=ordered)))
    assert collections.Counter(got) == dict.fromkeys(range(10), 60)
    if ordered:
        assert got == list(range(10)) * 60


@inputs
def test_no_rows_end_at_once(session: InternetSession, run: Run, kind: Callable[..., Rows]) -> None:
    assert run(keys(session.fetch(kind([])))) == []


def failing(rows: list[str | Request]) -> Iterator[str | Request]:
    yield from rows
    raise LookupError("no more")


async def failing_async(rows: list[str | Request]) -> AsyncIterator[str | Request]:
    for row in rows:
        yield row
    raise LookupError("no more")


@pytest.mark.parametrize("kind", [failing, failing_async])
@pytest.mark.parametrize("count", [0, 1, 700])
def test_what_the_input_raises_comes_after_the_rows_before(
    server: ScriptedServer, session: InternetSession, run: Run, kind: Callable[..., Rows], count: int
) -> None:
    rows = numbered(server, 1) * count
    got = []

    async def main() -> None:
        async for result in session.fetch(kind(rows), in_flight=8):
            got.append(result.key)  # noqa: PERF401 - what came before the exception counts

    with pytest.raises(LookupError, match="no more"):
        run(main())
    assert got == [0] * count
    assert live_objects()["transfers"] == 0


def test_an_input_that_is_cancelled_inside_is_no_end(
    server: ScriptedServer, session: InternetSession, run: Run
) -> None:
    rows = numbered(server, 3)

    async def source() -> AsyncIterator[str | Request]:
        for row in rows:
            yield row
        raise asyncio.CancelledError("of the input's own")

    got = []

    async def main() -> None:
        async for result in session.fetch(source(), ordered=True):
            got.append(result.key)  # noqa: PERF401 - what came before the exception counts

    with pytest.raises(asyncio.CancelledError):
        run(main())
    assert got == [0, 1, 2]


@inputs
def test_failed_and_refused_rows_are_results(
    server: ScriptedServer, session: InternetSession, run: Run, kind: Callable[..., Rows]
) -> None:
    with ScriptedServer() as gone:
        refused = gone.url()
    fine = numbered(server, 1)

    async def main() -> list[Any]:
        rows: list[Any] = [*fine, "foo://x/", refused, 7, "http://127.0.0.1/a\nb", *fine]
        return [result async for result in session.fetch(kind(rows), ordered=True)]

    results = run(main())
    assert [result.ok for result in results] == [True, False, False, False, False, True]
    assert [getattr(result.error, "code", 0) for result in results[:4]] == [0, 12006, 12029, 87]


def test_an_async_iterable_is_refused_by_for(session: InternetSession) -> None:
    with pytest.raises(NotSupported, match="async for"):
        iter(session.fetch(as_quick_async_generator([])))


@pytest.mark.parametrize("rows", [None, 5, "http://h/", b"http://h/"])
def test_what_cannot_be_iterated_is_refused_at_once(session: InternetSession, rows: Any) -> None:  # noqa: ANN401
    with pytest.raises(CallerError) as error:
        session.fetch(rows)
    assert error.value.code == 87


# ---- laziness: as far as there is room, as soon as it comes ----


def endless(url: str, pulled: list[int]) -> Iterator[str]:
    for i in itertools.count():
        pulled.append(i)
        yield url


async def endless_async(url: str, pulled: list[int]) -> AsyncIterator[str]:
    for i in itertools.count():
        pulled.append(i)
        yield url


@pytest.mark.parametrize("kind", [endless, endless_async])
@pytest.mark.parametrize(("in_flight", "ordered", "window"), [(2, False, 256), (2, True, 8), (100, False, 400)])
def test_an_endless_input_is_pulled_only_so_far(
    server: ScriptedServer, session: InternetSession, run: Run, kind: Callable[..., Rows], in_flight: int,
    ordered: bool, window: int,
) -> None:  # fmt: skip
    server.route("/", response(b"x"))
    pulled: list[int] = []

    async def main() -> None:
        delivered = 0
        async with session.fetch(kind(server.url(), pulled), in_flight=in_flight, ordered=ordered) as rows:
            async for _ in rows:
                delivered += 1
                assert len(pulled) <= delivered + window
                if delivered == 3 * window:
                    break

    run(main())


def ends_with(got: list[Any], key: object) -> bool:
    return bool(got) and got[-1] == key


def test_rows_of_a_slow_input_are_on_their_way_before_the_next_one_comes(
    server: ScriptedServer, session: InternetSession, run: Run
) -> None:
    fine = [Request(server.url("/"), key=i) for i in range(5)]
    server.route("/", response(b"x"))

    async def source(got: list[Any]) -> AsyncIterator[str | Request]:
        for row in fine:
            yield row
            await until(partial(ends_with, got, row.key), "the row before to be delivered")

    async def main() -> list[Any]:
        got: list[Any] = []
        async for result in session.fetch(source(got)):
            got.append(result.key)  # noqa: PERF401 - the input looks at it meanwhile
        return got

    assert run(main()) == list(range(5))


def test_rows_go_on_their_way_while_the_loop_body_is_busy(
    server: ScriptedServer, session: InternetSession, run: Run
) -> None:
    fine = numbered(server, 20)
    more = asyncio.Event()
    got: list[Any] = []

    async def source() -> AsyncIterator[str | Request]:
        yield fine[0]
        await more.wait()
        for row in fine[1:]:
            yield row

    async def main() -> list[Any]:
        async for result in session.fetch(source()):
            if not got:
                more.set()
                await until(lambda: len(server.received) == 20, "all rows to be asked for")
            got.append(result.key)
        return got

    assert sorted(run(main())) == list(range(20))


def test_transfers_go_on_while_the_loop_body_is_busy(
    server: ScriptedServer, session: InternetSession, run: Run
) -> None:
    fine = numbered(server, 100)

    async def main() -> int:
        count = 0
        async with session.fetch(fine, in_flight=2) as rows:
            async for _ in rows:
                if not count:
                    await until(lambda: rows.progress().done == 100, "all rows to end")
                count += 1
        return count

    assert run(main()) == 100


def test_an_input_that_depends_on_the_results_may_be_a_queue(
    server: ScriptedServer, session: InternetSession, run: Run
) -> None:
    """A crawler: what is found is asked for in turn."""
    for i in range(50):
        server.route(f"/{i}", response(b"%d" % (i + 1)))

    async def main() -> list[bytes]:
        found: asyncio.Queue[str | None] = asyncio.Queue()

        async def source() -> AsyncIterator[str]:
            while (path := await found.get()) is not None:
                yield server.url(path)

        found.put_nowait("/0")
        bodies = []
        async for result in session.fetch(source()):
            bodies.append(result.body)
            found.put_nowait(f"/{result.text()}" if result.body != b"50" else None)
        return bodies

    assert run(main()) == [b"%d" % i for i in range(1, 51)]


# ---- in order, in bounds ----


def test_in_order_also_when_the_first_ends_last(hanging: ScriptedServer, session: InternetSession, run: Run) -> None:
    paths = ["/hang", *[f"/{i}" for i in range(40)]]

    async def main() -> list[bytes]:
        rows = session.fetch([hanging.url(path) for path in paths], in_flight=8, ordered=True)
        loop = asyncio.create_task(collect(rows))
        await until(lambda: rows.progress().done >= 31, "the rows behind it")
        assert not loop.done()
        hanging.release.set()  # type: ignore[attr-defined]
        return [result.body for result in await loop]

    assert run(main()) == [path.encode() for path in paths]


async def collect(rows: AsyncIterable[Result]) -> list[Result]:
    return [result async for result in rows]


@pytest.mark.parametrize("ordered", [False, True])
def test_bodies_in_memory_stay_within_the_bound(
    nginx: Nginx, session: InternetSession, run: Run, ordered: bool
) -> None:
    size, bound = 1_000_000, 4_000_000
    body = os.urandom(size)
    (nginx.root / "aio-large").write_bytes(body)

    async def main() -> int:
        count = 0
        async with session.fetch([nginx.url("/aio-large")] * 30, buffer_bytes=bound, ordered=ordered) as rows:
            async for result in rows:
                assert rows.progress().body_bytes <= bound
                assert result.buffer == body
                count += 1
                if count % 10 == 0:
                    await asyncio.sleep(0)
        return count

    assert run(main()) == 30


@pytest.mark.parametrize("ordered", [False, True])
def test_progress_counts_meanwhile_and_afterwards(
    server: ScriptedServer, session: InternetSession, run: Run, ordered: bool
) -> None:
    rows = numbered(server, 30)

    async def main() -> Fetch:
        fetch = session.fetch([*rows, "foo://x/"], ordered=ordered)
        count = 0
        async for _ in fetch:
            count += 1
            progress = fetch.progress()
            assert progress.done >= count
        return fetch

    progress = run(main()).progress()
    assert (progress.done, progress.failed, progress.in_flight, progress.queued) == (31, 1, 0, 0)
    assert progress.body_bytes == 0


# ---- several at once ----


def test_several_loops_at_once_each_get_their_rows(server: ScriptedServer, session: InternetSession, run: Run) -> None:
    rows = numbered(server, 40)

    async def main() -> list[list[Any]]:
        fetches = [session.fetch(rows, in_flight=4, ordered=i % 2 == 0) for i in range(6)]
        return await asyncio.gather(*map(keys, fetches))

    assert [sorted(got) for got in run(main())] == [list(range(40))] * 6


def test_several_tasks_may_share_the_rows_of_one_fetch(
    server: ScriptedServer, session: InternetSession, run: Run
) -> None:
    rows = numbered(server, 100)

    async def main() -> list[list[Any]]:
        fetch = session.fetch(rows, in_flight=4)

        async def worker() -> list[Any]:
            got = []
            async for result in fetch:
                got.append(result.key)
                await asyncio.sleep(0)
            return got

        return await asyncio.gather(*[worker() for _ in range(5)])

    assert sorted(itertools.chain(*run(main()))) == list(range(100))


def test_tasks_that_share_rows_all_end_when_these_do(
    hanging: ScriptedServer, session: InternetSession, run: Run
) -> None:
    async def main() -> list[list[Result]]:
        fetch = session.fetch([hanging.url("/hang")])
        tasks = [asyncio.create_task(collect(fetch)) for _ in range(4)]
        await until(lambda: len(hanging.received) == 1, "the request")
        hanging.release.set()  # type: ignore[attr-defined]
        return await asyncio.wait_for(asyncio.gather(*tasks), 2)

    assert sorted(map(len, run(main()))) == [0, 0, 0, 1]


def test_rows_and_single_requests_may_be_mixed(server: ScriptedServer, session: InternetSession, run: Run) -> None:
    rows = numbered(server, 50)

    async def main() -> None:
        singles = [session.fetch_one_async(row) for row in rows]
        got, results = await asyncio.gather(keys(session.fetch(rows, in_flight=4)), asyncio.gather(*singles))
        assert sorted(got) == sorted(result.key for result in results) == list(range(50))

    run(main())


def test_each_row_may_ask_for_more_in_the_loop_body(server: ScriptedServer, session: InternetSession, run: Run) -> None:
    rows = numbered(server, 20)

    async def main() -> int:
        count = 0
        async for result in session.fetch(rows, in_flight=3):
            assert (await session.fetch_one_async(result.url)).body == result.body
            count += len([r async for r in session.fetch([result.url] * 2)])
        return count

    assert run(main()) == 40


def test_redirects_are_followed_without_a_pause(server: ScriptedServer, session: InternetSession, run: Run) -> None:
    for i in range(8):
        server.route(f"/{i}", response(b"", f"Location: /{i + 1}", status="302 Found"))
    server.route("/8", response(b"end"))

    async def main() -> float:
        loop = asyncio.get_running_loop()
        before = loop.time()
        for _ in range(10):
            assert [result.body for result in await collect(session.fetch([server.url("/0")]))] == [b"end"]
            assert (await session.fetch_one_async(server.url("/0"))).body == b"end"
        return loop.time() - before

    assert run(main()) < 1.0  # 160 hops; the engine's thread alone looks only every 16 ms


# ---- other tasks, and the cost of waiting ----


def count_calls(monkeypatch: pytest.MonkeyPatch, *methods: tuple[type, str]) -> collections.Counter[str]:
    counter: collections.Counter[str] = collections.Counter()

    def count(owner: type, name: str) -> None:
        original = getattr(owner, name)

        def method(self: object) -> None:
            counter[name] += 1
            original(self)

        monkeypatch.setattr(owner, name, method)

    for owner, name in methods:
        count(owner, name)
    return counter


@pytest.mark.parametrize("kind", [as_generator, as_quick_async_generator])
def test_other_tasks_are_not_starved(
    nginx: Nginx, session: InternetSession, run: Run, kind: Callable[..., Rows]
) -> None:
    (nginx.root / "aio-tick").write_bytes(b"x")

    async def main() -> int:
        rows, most, done = 0, 0, False

        async def other_task() -> None:
            nonlocal most
            before = 0
            while not done:
                await asyncio.sleep(0)
                most, before = max(most, rows - before), rows

        other = asyncio.create_task(other_task())
        async for _ in session.fetch(kind([nginx.url("/aio-tick")] * 5000)):
            rows += 1
        done = True
        await other
        assert rows == 5000
        return most

    assert run(main()) <= 1024  # four batches of the core between two turns of the other


def test_an_input_that_is_slow_in_the_thread_of_the_loop_leaves_turns_to_others(
    server: ScriptedServer, session: InternetSession, run: Run
) -> None:
    server.route("/", response(b"x"))
    ticks = 0

    def slow() -> Iterator[str]:
        for i in range(60):
            sum(range(50_000))
            slow_ticks.append(ticks)
            yield server.url(f"/?{i}")

    slow_ticks: list[int] = []

    async def ticker() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(0)
            ticks += 1

    async def main() -> None:
        other = asyncio.create_task(ticker())
        await collect(session.fetch(slow()))
        other.cancel()

    run(main())
    assert len(set(slow_ticks)) > 5


@pytest.mark.parametrize(("tasks", "ordered"), [(1, False), (3, True)])
def test_waiting_for_a_slow_server_costs_no_turns(
    hanging: ScriptedServer,
    session: InternetSession,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
    tasks: int,
    ordered: bool,
) -> None:
    turns = count_calls(monkeypatch, (Hub, "_turn"), (_Bell, "tell"), (AsyncRows, "_wake"))

    async def main() -> int:
        loop = asyncio.get_running_loop()
        loops = [
            asyncio.create_task(collect(session.fetch([hanging.url("/hang")] * 2, ordered=ordered)))
            for _ in range(tasks)
        ]
        single = asyncio.create_task(session.fetch_one_async(hanging.url("/hang")))
        await until(lambda: len(hanging.received) == 2 * tasks + 1, "all requests")
        turns.clear()
        loop.call_later(0.3, hanging.release.set)  # type: ignore[attr-defined]
        await single
        await asyncio.gather(*loops)
        return turns.total()

    assert run(main()) < 100


def test_one_wake_up_brings_a_whole_batch(
    nginx: Nginx, session: InternetSession, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    (nginx.root / "aio-batch").write_bytes(b"x")
    turns = count_calls(monkeypatch, (Hub, "_turn"), (_Bell, "_rung"))

    async def main() -> None:
        assert len(await collect(session.fetch([nginx.url("/aio-batch")] * 2000, in_flight=64))) == 2000

    run(main())
    assert turns["_rung"] < 500
    assert turns["_turn"] < 2000
