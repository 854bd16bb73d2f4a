"""Who is told of statuses, where and in which order; nothing a callback does is harmful."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import gc
import subprocess
import sys
import threading
import warnings
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from pyinet import (
    AccessType,
    CallerError,
    HandleClosed,
    HttpFile,
    InternetException,
    InternetSession,
    InternetStatus,
    Request,
    close_handle,
)
from servers.scripted import PATIENCE, ScriptedServer, response

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from servers.scripted import ScriptedConn

LONG = bytes(1 << 20)
OPENED = [60, 20, 21, 30, 31, 40, 41]
"""A file on a new connection to an address."""
ASKED = [30, 31, 40, 41]


class Told(NamedTuple):
    """One call of the callback."""

    context: int
    status: InternetStatus
    info: object
    thread: int


class Watching(InternetSession):
    """Writes down what it is told, and then acts."""

    def __init__(self, context: int = 1, *, enable: bool = True, **given: Any) -> None:  # noqa: ANN401 - passed on
        self.told: list[Told] = []
        self.act: Callable[[InternetStatus, object], object] = nothing
        super().__init__("agent", context, **{"access_type": AccessType.DIRECT, **given})
        if enable:
            self.enable_status_callback()

    def on_status_callback(self, context: int, status: InternetStatus, info: object) -> object:
        self.told.append(Told(context, status, info, threading.get_ident()))
        return self.act(status, info)

    def statuses(self, context: int | None = None) -> list[int]:
        """Numbers of what was told, of one context or of all."""
        return [int(told.status) for told in list(self.told) if context is None or told.context == context]

    def infos(self, status: InternetStatus) -> list[object]:
        return [told.info for told in list(self.told) if told.status == status]


def nothing(status: InternetStatus, info: object) -> object:
    """Do nothing about it."""
    del status, info
    return None


def at(number: int, call: Callable[[], object]) -> Callable[[InternetStatus, object], object]:
    """Act in one status alone."""
    return lambda status, _: call() if status == number else None


def raise_(error: BaseException) -> None:
    raise error


@pytest.fixture
def watching() -> Iterator[Watching]:
    with Watching() as session:
        yield session


@pytest.fixture
def url(server: ScriptedServer) -> str:
    """Of a short body; below it ``long``, ``close`` (delimited by it), ``there`` and ``redirect`` to it."""
    server.route("/", response(b"hello"))
    server.route("/long", response(LONG))
    server.route("/close", b"HTTP/1.1 200 OK\r\n\r\nhello")
    server.route("/there", response(b"there"))
    server.route("/redirect", response(b"", "Location: /there", status="302 Found"))
    return server.url("/")


def opened(session: InternetSession, url: str, context: int | None = 1) -> HttpFile:
    file = session.open_url(url, context)
    assert isinstance(file, HttpFile)
    return file


def read(session: InternetSession, url: str, context: int | None = 1) -> bytes:
    with opened(session, url, context) as file:
        return file.read()


def code_of(call: Callable[[], object]) -> int:
    """Number of the error a call ends with; 0 when it ends well."""
    try:
        call()
    except InternetException as error:
        return error.code
    return 0


def in_thread(call: Callable[[], object]) -> int:
    """Run *call* in a thread of its own, and return that thread's number."""
    found: list[int] = []

    def work() -> None:
        found.append(threading.get_ident())
        call()

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(PATIENCE)
    assert not thread.is_alive()
    return found[0]


# ---- enabling and disabling ----


def test_nothing_is_told_until_it_is_enabled(url: str) -> None:
    with Watching(enable=False) as session:
        assert read(session, url) == b"hello"
        session.fetch_one(Request(url, context=5))
        assert session.told == []
        assert session.enable_status_callback() is True
        assert read(session, url) == b"hello"
        assert session.statuses()[0] == 60
        assert session.statuses()[-5:] == [*ASKED, 70]


def test_a_file_has_the_callback_of_the_moment_it_was_opened(url: str) -> None:
    with Watching(enable=False) as session:
        silent = opened(session, url + "close")
        session.enable_status_callback()
        with opened(session, url + "close", 7) as heard:
            session.enable_status_callback(False)
            session.told.clear()
            assert silent.read() == heard.read() == b"hello"
            silent.close()
        assert session.statuses() == session.statuses(7) == [50, 51, 70]
        read(session, url)
        assert session.statuses() == [50, 51, 70]


def test_rows_have_the_callback_of_the_moment_of_fetch(url: str) -> None:
    with Watching(enable=False) as session:
        silent = session.fetch([Request(url, context=5)])
        session.enable_status_callback()
        assert [row.status for row in silent] == [200]
        assert session.told == []
        heard = session.fetch([Request(url, context=6)])
        assert [row.status for row in heard] == [200]
        assert session.statuses(6)[-4:] == ASKED


@pytest.mark.parametrize("enable", [True, False])
def test_doing_it_twice_is_doing_it_once(watching: Watching, url: str, enable: bool) -> None:
    assert watching.enable_status_callback(enable) is True
    assert watching.enable_status_callback(enable) is True
    read(watching, url)
    assert watching.statuses() == ([*OPENED, 70] if enable else [])


def test_it_may_be_switched_again_and_again(watching: Watching, url: str) -> None:
    for _ in range(3):
        watching.enable_status_callback(False)
        read(watching, url)
        assert watching.told == []
        watching.enable_status_callback()
        read(watching, url)
        assert watching.statuses() == [60, *ASKED, 70]
        watching.told.clear()


@pytest.mark.parametrize("enable", [True, False])
@pytest.mark.parametrize("before", [True, False])
def test_a_closed_session_is_an_invalid_handle(before: bool, enable: bool) -> None:
    session = Watching(enable=before)
    session.close()
    with pytest.raises(HandleClosed) as caught:
        session.enable_status_callback(enable)
    assert caught.value.code == 6


@pytest.mark.parametrize("status", [60, 20, 21, 30, 31, 40, 41, 110, 50, 51, 70])
def test_disabling_inside_a_callback_is_12019(
    watching: Watching, url: str, server: ScriptedServer, status: int
) -> None:
    server.route("/redirect", response(b"", "Location: /close", status="302 Found"))
    codes: list[int] = []
    watching.act = at(status, lambda: codes.append(code_of(lambda: watching.enable_status_callback(False))))
    assert read(watching, url + "redirect") == b"hello"
    assert set(codes) == {12019}
    read(watching, url)
    assert watching.statuses()[-1] == 70, "a refused call changes nothing"
    watching.act = nothing
    assert watching.enable_status_callback(False) is True


def test_disabling_while_another_thread_waits_is_12019(watching: Watching, server: ScriptedServer) -> None:
    asked, go = threading.Event(), server.gate()

    def script(conn: ScriptedConn) -> None:
        conn.recv_request()
        asked.set()
        assert go.wait(PATIENCE)
        conn.send(response(b"late"))
        conn.wait_closed()

    server.play(script)
    thread = threading.Thread(target=read, args=(watching, server.url()))
    thread.start()
    assert asked.wait(PATIENCE)
    with pytest.raises(CallerError) as caught:
        watching.enable_status_callback(False)
    assert (caught.value.code, caught.value.name) == (12019, "ERROR_INTERNET_INCORRECT_HANDLE_STATE")
    go.set()
    thread.join()
    assert watching.statuses()[-1] == 70
    assert watching.enable_status_callback(False) is True


def test_disabling_while_rows_are_on_their_way_is_12019(watching: Watching, url: str, server: ScriptedServer) -> None:
    def silent(conn: ScriptedConn) -> None:
        conn.wait_closed()

    server.play(silent)
    with watching.fetch([Request(url, context=5), Request(url, context=6)], in_flight=2) as rows:
        next(rows)
        assert code_of(lambda: watching.enable_status_callback(False)) == 12019
    assert watching.enable_status_callback(False) is True, "those rows were given up"


def test_rows_without_a_context_are_no_pending_callbacks(watching: Watching, url: str) -> None:
    with watching.fetch([url, url]) as rows:
        next(rows)
        assert watching.enable_status_callback(False) is True


@pytest.mark.parametrize("url", ["http://no-such-host.invalid/", "http://[bad/", "nowhere"])
def test_after_failures_nothing_is_pending(watching: Watching, url: str) -> None:
    request = Request(url, context=5)
    assert code_of(lambda: watching.open_url(url)) != 0
    assert code_of(lambda: watching.fetch_one(request)) != 0
    assert [row.ok for row in watching.fetch([request])] == [False]
    assert watching.enable_status_callback(False) is True


# ---- contexts ----

CONTEXTS = [
    ("default", 1, 1, 1), ("none", 1, None, 1), ("of the session", 7, 1, 7), ("of the session by None", 7, None, 7),
    ("own", 7, 42, 42), ("own under 0", 0, 42, 42), ("negative", 7, -5, -5), ("pointer-sized", 7, 1 << 63, 1 << 63),
    ("silent", 7, 0, None), ("silent session", 0, 1, None), ("silent session by None", 0, None, None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("of_session", "given", "expected"), [row[1:] for row in CONTEXTS], ids=[row[0] for row in CONTEXTS]
)
def test_the_context_of_a_file(url: str, of_session: int, given: int | None, expected: int | None) -> None:
    with Watching(of_session) as session:
        with opened(session, url, given) as file:
            assert file.context == (expected or 0)
            file.read()
        assert session.statuses() == ([] if expected is None else [*OPENED, 70])
        assert {told.context for told in session.told} == (set() if expected is None else {expected})


@pytest.mark.parametrize(
    ("of_session", "given", "expected"),
    [(7, None, None), (7, 0, None), (7, 1, 7), (7, 42, 42), (7, -5, -5), (0, 1, None), (0, 42, 42)],
)
@pytest.mark.parametrize("face", ["fetch", "fetch_one", "fetch_one_async"])
def test_the_context_of_a_row(url: str, face: str, of_session: int, given: int | None, expected: int | None) -> None:
    with Watching(of_session) as session:
        request = Request(url, context=given)
        if face == "fetch":
            assert [row.ok for row in session.fetch([request])] == [True]
        elif face == "fetch_one":
            assert session.fetch_one(request).ok
        else:
            assert asyncio.run(session.fetch_one_async(request)).ok
        assert session.statuses() == ([] if expected is None else [20, 21, *ASKED])
        assert {told.context for told in session.told} == (set() if expected is None else {expected})


def test_each_file_and_row_has_its_own(watching: Watching, url: str) -> None:
    first, second, third = (opened(watching, url + "long", context) for context in (10, 20, 0))
    watching.told.clear()
    results = list(watching.fetch([Request(url, context=30), Request(url, context=40), url]))
    assert len(results) == 3
    for file in (second, third, first):
        assert file.read() == LONG
        file.close()
    assert {told.context for told in watching.told} == {10, 20, 30, 40}
    assert watching.statuses(10) == watching.statuses(20) == [70]
    assert watching.statuses(30)[-4:] == watching.statuses(40)[-4:] == ASKED


# ---- overriding ----


def test_an_override_may_be_inherited_and_extended(url: str) -> None:
    class Louder(Watching):
        def on_status_callback(self, context: int, status: InternetStatus, info: object) -> object:
            extended.append(int(status))
            return super().on_status_callback(context, status, info)

    class Same(Louder):
        pass

    extended: list[int] = []
    with Same() as session:
        read(session, url)
        assert extended == session.statuses() == [*OPENED, 70]


def test_without_an_override_nothing_happens(session: InternetSession, url: str) -> None:
    assert session.enable_status_callback() is True
    assert read(session, url + "redirect") == b"there"
    assert session.on_status_callback(1, InternetStatus.REDIRECT, url) is None


def test_each_session_is_told_of_its_own(url: str) -> None:
    with Watching(3) as one, Watching(4) as other, Watching(5, enable=False) as silent:
        for session in (one, other, silent):
            read(session, url)
        assert {told.context for told in one.told} == {3}
        assert {told.context for told in other.told} == {4}
        assert silent.told == []


# ---- what is told ----


def test_what_stands_beside_each_status(server: ScriptedServer) -> None:
    early = b"HTTP/1.1 103 Early Hints\r\n\r\n"
    server.reply(response(b"moved", "Location: ?page=2", status="302 Found"))
    server.reply(early + response(b"hello", "Connection: close"))
    with Watching(resolve={"named.test": "127.0.0.1"}) as session:
        file = opened(session, f"http://named.test:{server.port}/deep/a")
        number = file.handle
        file.read()
        file.close()
    infos = {int(told.status): told.info for told in session.told}
    address = ("127.0.0.1", server.port)
    assert session.statuses() == [60, 10, 11, 20, 21, *ASKED, 110, 30, 31, 40, 120, 41, 50, 51, 70]
    assert [status for status, info in infos.items() if info is None] == [30, 40, 50, 51]
    assert infos[10] == "named.test"
    assert infos[110] == f"http://named.test:{server.port}/deep/a?page=2"
    assert type(infos[10]) is type(infos[110]) is str
    for status in (11, 20, 21):
        assert isinstance(infos[status], str)
        assert infos[status] == "127.0.0.1"
        assert infos[status].sockaddr == address  # type: ignore[attr-defined]  # of a str subclass
    assert infos[60] == infos[70] == number
    assert infos[120] == 103
    assert infos[31] == len(server.received[1].raw)
    assert infos[41] == len(response(b"hello", "Connection: close")) - len(b"hello")
    assert {type(infos[status]) for status in (31, 41, 60, 70, 120)} == {int}
    assert {type(told.status) for told in session.told} == {InternetStatus}
    assert {type(told.context) for told in session.told} == {int}


def test_the_request_that_was_sent_counts_with_its_body(watching: Watching, url: str, server: ScriptedServer) -> None:
    body = bytes(range(256)) * 300
    assert watching.fetch_one(Request(url, "POST", body=body, context=5)).ok
    assert watching.infos(InternetStatus.REQUEST_SENT) == [len(server.received[0].raw) + len(body)]


@pytest.mark.parametrize(
    ("location", "told"),
    [("/there", "/there"), ("there", "/there"), ("?q", "/redirect?q"), ("./x/../there", "/there")],
)
def test_redirects_are_told_as_whole_urls(watching: Watching, server: ScriptedServer, location: str, told: str) -> None:
    server.reply(response(b"", f"Location: {location}", status="307 Temporary Redirect"))
    server.reply(response(b"there"))
    with opened(watching, server.url("/redirect")) as file:
        assert file.url == server.url(told)
    assert watching.infos(InternetStatus.REDIRECT) == [server.url(told)]


def test_the_number_told_is_the_handle_of_the_file(watching: Watching, url: str) -> None:
    codes: list[int] = []
    with opened(watching, url) as file:
        assert watching.infos(InternetStatus.HANDLE_CREATED) == [file.handle]
        number = file.handle
        watching.act = at(70, lambda: codes.append(code_of(lambda: close_handle(number))))
    assert watching.infos(InternetStatus.HANDLE_CLOSING) == [number]
    assert codes == [6], "in its last status it is no handle any more"


# ---- order ----

WHOLE, CLOSED = response(b"hello"), b"HTTP/1.1 200 OK\r\n\r\nhello"


@pytest.mark.parametrize(
    ("reply", "withheld", "size", "expected"),
    [
        (WHOLE, 0, -1, [70]), (WHOLE, 0, 5, [70]), (WHOLE, 3, 0, [50, 51, 70]), (WHOLE, 3, 2, [50, 51, 70]),
        (CLOSED, 0, -1, [50, 51, 70]), (CLOSED, 0, 5, [50, 51, 70]), (CLOSED, 3, 0, [50, 51, 70]),
        (response(LONG), 0, 10, [50, 51, 70]), (response(LONG), 0, len(LONG), [70]), (response(LONG), 0, -1, [70]),
    ],
    ids=["all", "exactly", "nothing", "some", "to the close", "up to the close", "not to the close", "a little",
         "exactly a long one", "all of a long one"],
)  # fmt: skip
def test_what_is_told_after_so_much_was_read(
    watching: Watching, server: ScriptedServer, reply: bytes, withheld: int, size: int, expected: list[int]
) -> None:
    def script(conn: ScriptedConn) -> None:
        conn.recv_request()
        conn.send(reply[: len(reply) - withheld])
        if withheld or reply is not CLOSED:
            conn.wait_closed()

    server.play(script)
    file = opened(watching, server.url())
    assert watching.statuses() == OPENED
    if size:
        file.read(size)
    assert watching.statuses() in (OPENED, [*OPENED, 50, 51])
    for _ in range(2):
        file.close()
        assert watching.statuses() == [*OPENED, *expected]


def test_the_close_is_told_by_the_read_that_comes_to_the_end(watching: Watching, url: str) -> None:
    with opened(watching, url + "close") as file:
        assert file.read(2) == b"he"
        assert watching.statuses() == OPENED
        assert file.read(10) == b"llo"
        assert watching.statuses() == [*OPENED, 50, 51]
        assert file.read(10) == b""
    assert watching.statuses() == [*OPENED, 50, 51, 70]


def test_a_session_that_is_closed_closes_its_files_first(url: str) -> None:
    session = Watching(9)
    files = [opened(session, url + "long", context) for context in (11, 12, 13)]
    numbers = {file.context: file.handle for file in files}
    session.told.clear()
    session.close()
    assert [session.statuses(context) for context in numbers] == [[50, 51, 70]] * 3
    assert {told.context: told.info for told in session.told if told.status == 70} == numbers
    assert session.statuses(9) == [], "the session has none of its own"
    for file in files:
        file.close()
    assert len(session.told) == 9


def test_a_file_that_is_dropped_tells_its_end(watching: Watching, url: str) -> None:
    file = opened(watching, url + "long")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        del file
    assert watching.statuses() == [*OPENED, 50, 51, 70]


@pytest.mark.parametrize("path", ["", "long"])
def test_a_file_that_is_collected_tells_its_end(watching: Watching, url: str, path: str) -> None:
    file: Any = opened(watching, url + path)
    file.me = file
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        del file
        gc.collect()
    assert watching.statuses() == [*OPENED, 70]
    assert watching.enable_status_callback(False) is True


def test_a_failed_open_tells_the_end_before_it_raises(watching: Watching) -> None:
    assert code_of(lambda: watching.open_url("http://no-such-host.invalid/", 5)) == 12007
    assert watching.statuses(5) == [60, 10, 70]
    created, closing = (watching.infos(InternetStatus(number)) for number in (60, 70))
    assert created == closing


def test_a_refused_argument_is_told_of_nowhere(watching: Watching) -> None:
    for url in ("nowhere", "gopher://host/", "mailto:a@b"):
        assert code_of(functools.partial(watching.open_url, url)) == 12006
    assert watching.told == []


def test_a_local_file_is_told_of_nowhere(watching: Watching, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"local")
    with watching.open_url((tmp_path / "a").as_uri(), 5) as file:
        assert file.read() == b"local"
    assert watching.told == []


# ---- threads ----


def test_it_is_called_in_the_thread_that_waits(watching: Watching, url: str) -> None:
    files: list[HttpFile] = []
    opener = in_thread(lambda: files.append(opened(watching, url + "close")))
    reader = in_thread(files[0].read)
    closer = in_thread(files[0].close)
    assert [told.thread for told in watching.told] == [opener] * 7 + [reader] * 2 + [closer]


def test_rows_are_told_of_in_the_thread_that_iterates(watching: Watching, url: str) -> None:
    rows = watching.fetch([Request(url, context=context) for context in range(10, 20)])
    iterates = in_thread(lambda: list(rows))
    assert {told.thread for told in watching.told} == {iterates}
    for context in range(10, 20):
        assert watching.statuses(context)[-4:] == ASKED


def test_awaited_requests_are_told_of_in_the_thread_of_the_loop(watching: Watching, url: str) -> None:
    async def main() -> None:
        await asyncio.gather(*(watching.fetch_one_async(Request(url, context=context)) for context in range(10, 20)))
        async for row in watching.fetch([Request(url, context=context) for context in range(20, 30)]):
            assert row.ok

    asyncio.run(main())
    assert {told.thread for told in watching.told} == {threading.get_ident()}
    for context in range(10, 30):
        assert watching.statuses(context)[-4:] == ASKED


def test_files_read_in_several_threads_are_each_told_of_in_order(url: str) -> None:
    with Watching() as session:
        threads: dict[int, int] = {}

        def work(context: int) -> None:
            threads[context] = threading.get_ident()
            for path in ("close", "redirect", "long"):
                read(session, url + path, context)

        workers = [threading.Thread(target=work, args=(context,)) for context in range(100, 108)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        assert len(threads) == 8
        for context, thread in threads.items():
            mine = [told for told in session.told if told.context == context]
            numbers = [int(told.status) for told in mine if told.status not in {20, 21}]  # as there are connections
            assert numbers == [60, *ASKED, 50, 51, 70, 60, *ASKED, 110, *ASKED, 70, 60, *ASKED, 70]
            assert {told.thread for told in mine} == {thread}


def test_calls_for_one_file_never_overlap(watching: Watching, url: str) -> None:
    """Another thread closes the file while a callback runs: the last status waits for that."""
    inside: list[str] = []
    closing = threading.Thread(target=lambda: file.close())  # noqa: PLW0108 - there is no file yet

    def act(status: InternetStatus, _: object) -> None:
        inside.append(f"{int(status)} begins")
        if status == 50:
            closing.start()
            closing.join(PATIENCE)  # closing waits for nobody
            assert not closing.is_alive()
        inside.append(f"{int(status)} ends")

    file = opened(watching, url + "close")
    watching.act = act
    code_of(file.read)
    assert inside == [f"{status} {what}" for status in (50, 51, 70) for what in ("begins", "ends")]
    assert {told.thread for told in watching.told} == {threading.get_ident()}


def test_a_callback_that_takes_its_time_holds_up_nobody_else(watching: Watching, url: str) -> None:
    entered, go = threading.Event(), threading.Event()

    def act(status: InternetStatus, _: object) -> None:
        if status == 40 and not entered.is_set():
            entered.set()
            assert go.wait(PATIENCE)

    watching.act = act
    bodies: list[bytes] = []
    thread = threading.Thread(target=lambda: bodies.append(read(watching, url, 5)))
    thread.start()
    assert entered.wait(PATIENCE)
    assert read(watching, url, 6) == b"hello"
    assert [row.body for row in watching.fetch([url, url])] == [b"hello"] * 2
    assert watching.statuses(5)[-1] == 40, "it still waits"
    go.set()
    thread.join()
    assert bodies == [b"hello"]
    assert watching.statuses(5)[-2:] == [41, 70]


# ---- a callback that raises ----


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What `sys.unraisablehook` was given."""
    found: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda args: found.append((args.exc_type, str(args.exc_value))))
    return found


@pytest.mark.parametrize("status", [60, 10, 11, 20, 21, 30, 31, 40, 41, 110, 120, 50, 51, 70])
def test_what_a_callback_raises_is_shown_and_the_transfer_goes_on(
    server: ScriptedServer, shown: list[Any], status: int
) -> None:
    server.reply(response(b"", "Location: /there", status="302 Found"))
    server.reply(b"HTTP/1.1 103 Early Hints\r\n\r\n" + response(b"hello", "Connection: close"))
    with Watching(resolve={"named.test": "127.0.0.1"}) as session:
        session.act = at(status, lambda: raise_(ValueError("no")))
        assert read(session, f"http://named.test:{server.port}/") == b"hello"
        assert session.statuses() == [60, 10, 11, 20, 21, *ASKED, 110, 30, 31, 40, 120, 41, 50, 51, 70]
        assert shown == [(ValueError, "no")] * session.statuses().count(status)


@pytest.mark.parametrize("face", ["fetch", "fetch_one", "fetch_one_async"])
def test_what_a_callback_raises_for_a_row_ends_no_row(
    watching: Watching, url: str, shown: list[Any], face: str
) -> None:
    watching.act = lambda *_: raise_(HandleClosed("of its own", 6))
    request = Request(url, context=5)
    if face == "fetch":
        assert [row.body for row in watching.fetch([request])] == [b"hello"]
    elif face == "fetch_one":
        assert watching.fetch_one(request).body == b"hello"
    else:
        assert asyncio.run(watching.fetch_one_async(request)).body == b"hello"
    assert len(shown) == len(watching.told) == 6


RAISES = """
import sys
from pyinet import AccessType, InternetSession

class Raising(InternetSession):
    def on_status_callback(self, context, status, info):
        if status == 30:
            raise ValueError("a bug of the program")

with Raising("agent", access_type=AccessType.DIRECT) as session:
    session.enable_status_callback()
    with session.open_url(sys.argv[1]) as file:
        print(file.read())
"""


def test_by_default_it_stands_on_standard_error(url: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", RAISES, url], capture_output=True, text=True, timeout=PATIENCE, check=True
    )
    assert done.stdout == "b'hello'\n"
    assert done.stderr.count("ValueError: a bug of the program") == 1
    assert "Exception ignored in: <bound method Raising.on_status_callback" in done.stderr


def test_a_hook_that_raises_does_no_harm_either(url: str) -> None:
    # In a process of its own: CPython 3.12 and newer never let go of what such a hook was to show.
    hook = "def hook(shown): raise RuntimeError('the hook')\nimport sys\nsys.unraisablehook = hook\n"
    done = subprocess.run(
        [sys.executable, "-c", hook + RAISES, url], capture_output=True, text=True, timeout=PATIENCE, check=True
    )
    assert done.stdout == "b'hello'\n"
    assert done.stderr.count("RuntimeError: the hook") == 1


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("status", [60, 20, 21, 30, 31, 40, 41, 110])
@pytest.mark.parametrize("path", ["redirect", "redirect-long"])
def test_an_interrupt_ends_the_call_and_nothing_else(
    watching: Watching, url: str, server: ScriptedServer, status: int, path: str, error: type[BaseException]
) -> None:
    server.route("/redirect-long", response(b"", "Location: /long", status="302 Found"))
    watching.act = at(status, lambda: raise_(error()))
    with pytest.raises(error):
        watching.open_url(url + path)
    watching.act = nothing
    assert watching.statuses()[-1] == (70 if status != 60 else 60)
    assert read(watching, url) == b"hello"
    assert watching.enable_status_callback(False) is True


@pytest.mark.parametrize("face", ["fetch", "fetch_one"])
@pytest.mark.parametrize("status", [20, 41, 110])
def test_an_interrupt_ends_a_fetch(watching: Watching, url: str, face: str, status: int) -> None:
    watching.act = at(status, lambda: raise_(KeyboardInterrupt()))
    requests = [Request(url + path, context=5) for path in ("redirect", "long")]
    calls: dict[str, Callable[[], object]] = {
        "fetch": lambda: list(watching.fetch(requests)), "fetch_one": lambda: watching.fetch_one(requests[0]),
    }  # fmt: skip
    with pytest.raises(KeyboardInterrupt):
        calls[face]()
    watching.act = nothing
    assert watching.fetch_one(url).body == b"hello"
    assert watching.enable_status_callback(False) is True


# ---- a callback that closes what it is told about ----


@pytest.mark.parametrize("how", ["close_handle", "session"])
@pytest.mark.parametrize("status", [60, 10, 11, 20, 21, 30, 31, 40, 41, 110, 120])
def test_closing_in_any_status_of_opening_ends_with_12017_and_70_last(
    server: ScriptedServer, status: int, how: str
) -> None:
    server.reply(response(b"", "Location: /there", status="302 Found"))
    server.reply(b"HTTP/1.1 103 Early Hints\r\n\r\n" + response(LONG))
    with Watching(resolve={"named.test": "127.0.0.1"}) as session:

        def close() -> None:
            if how == "session":
                session.close()
            else:
                close_handle(session.told[0].info)  # type: ignore[arg-type]  # of HANDLE_CREATED

        session.act = at(status, close)
        with pytest.raises(CallerError) as caught:
            session.open_url(f"http://named.test:{server.port}/", 5)
        assert (caught.value.code, caught.value.name) == (12017, "ERROR_INTERNET_OPERATION_CANCELLED")
        assert session.statuses().count(status) == 1
        assert {told.context for told in session.told} == {5}
        after = session.statuses()[session.statuses().index(status) + 1 :]
        assert after in ([70], [50, 51, 70]), "nothing but the end"
        assert after == [70] or status not in {60, 10, 11, 20}, "what was not connected is not closed"
        assert len(server.requests) < 2 or status == 120, "nothing new is begun"


@pytest.mark.parametrize("status", [50, 51])
@pytest.mark.parametrize("call", ["read", "readall", "readinto", "readline"])
def test_closing_while_the_end_is_told_is_fine(watching: Watching, url: str, call: str, status: int) -> None:
    file = opened(watching, url + "close")
    watching.act = at(status, file.close)
    calls: dict[str, Callable[[], object]] = {
        "read": lambda: file.read(100), "readall": file.read, "readline": file.readline,
        "readinto": lambda: [file.readinto(bytearray(100)) for _ in range(2)],
    }  # fmt: skip
    assert code_of(calls[call]) in {0, 6, 12017}
    assert file.closed
    assert watching.statuses() == [*OPENED, 50, 51, 70]


def test_closing_in_the_last_status_is_closing_twice(watching: Watching, url: str, shown: list[Any]) -> None:
    file = opened(watching, url)

    def act(*_: object) -> None:
        file.close()
        file.abort()
        watching.close()

    watching.act = act
    file.close()
    assert watching.statuses() == [*OPENED, 70]
    assert shown == []


@pytest.mark.parametrize("status", [20, 21, 30, 31, 40, 41, 110])
def test_a_session_closed_inside_ends_its_rows(url: str, status: int) -> None:
    with Watching() as session:
        session.act = at(status, session.close)
        requests = [Request(url + path, context=5) for path in ("redirect", "", "long")]
        codes = []
        try:
            codes += [row.error.code if row.error else 0 for row in session.fetch(requests)]
        except HandleClosed as error:
            codes.append(error.code)
        assert codes[-1] in {6, 12017}
        assert session.closed


@pytest.mark.parametrize("what", ["session", "rows"])
@pytest.mark.parametrize("status", [20, 21, 30, 31, 40, 41, 110])
def test_what_is_closed_inside_tells_nothing_of_other_rows(url: str, status: int, what: str) -> None:
    with Watching() as session:
        rows = session.fetch([Request(url + "redirect", context=context) for context in range(5, 21)])
        before: list[int] = []

        def close() -> None:
            (session if what == "session" else rows).close()
            before[:] = [len(session.told)]

        session.act = at(status, close)
        with contextlib.suppress(HandleClosed):
            list(rows)
        own = session.told[before[0] - 1].context
        assert session.statuses()[before[0] :] == ([40] if status == 31 else [])  # one event of the network tells both
        assert {told.context for told in session.told[before[0] :]} <= {own}


@pytest.mark.parametrize("status", [20, 30, 41, 110])
def test_rows_closed_inside_just_end(watching: Watching, url: str, status: int) -> None:
    rows = watching.fetch([Request(url + path, context=5) for path in ("redirect", "", "long")])
    watching.act = at(status, rows.close)
    assert len(list(rows)) < 3
    watching.act = nothing
    assert read(watching, url) == b"hello"
    assert watching.enable_status_callback(False) is True


# ---- the veto ----


def test_false_forbids_a_redirect(watching: Watching, url: str, server: ScriptedServer) -> None:
    watching.act = at(110, lambda: False)
    with pytest.raises(CallerError) as caught:
        watching.open_url(url + "redirect", 5)
    assert (caught.value.code, caught.value.name) == (12168, "ERROR_HTTP_REDIRECT_NEEDS_CONFIRMATION")
    assert caught.value.url == url + "there"
    assert watching.statuses() == [*OPENED, 110, 70]
    assert server.requests == [b"GET /redirect HTTP/1.1"]


@pytest.mark.parametrize("answer", [None, True, 0, 1, "", (), "False"], ids=repr)
def test_nothing_but_false_forbids_it(watching: Watching, url: str, answer: object) -> None:
    watching.act = lambda *_: answer
    assert read(watching, url + "redirect") == b"there"


def test_false_means_nothing_in_other_statuses(watching: Watching, url: str) -> None:
    watching.act = lambda status, _: None if status == 110 else False
    assert read(watching, url + "redirect") == b"there"


def test_the_second_redirect_may_be_forbidden(watching: Watching, url: str, server: ScriptedServer) -> None:
    server.route("/there", response(b"", "Location: /end", status="302 Found"))
    watching.act = lambda _, info: not str(info).endswith("/end")
    with pytest.raises(CallerError) as caught:
        watching.open_url(url + "redirect")
    assert caught.value.code == 12168
    assert watching.statuses() == [*OPENED, 110, *ASKED, 110, 70]
    assert [line.split()[1] for line in server.requests] == [b"/redirect", b"/there"]


def test_a_forbidden_redirect_of_a_row_is_its_error(watching: Watching, url: str) -> None:
    watching.act = at(110, lambda: False)
    row, other = watching.fetch([Request(url + "redirect", context=5), Request(url, context=6)], ordered=True)
    assert row.error is not None
    assert (row.error.code, row.error.context, row.status, row.ok) == (12168, 5, 302, False)
    assert row.headers["Location"] == "/there"
    assert other.body == b"hello"
    assert code_of(lambda: watching.fetch_one(Request(url + "redirect", context=5))) == 12168


def test_after_a_veto_the_connection_serves_on(watching: Watching, url: str, server: ScriptedServer) -> None:
    watching.act = at(110, lambda: False)
    assert code_of(lambda: watching.open_url(url + "redirect")) == 12168
    assert read(watching, url) == b"hello"
    assert server.connections == 1


# ---- re-entrancy ----


@pytest.mark.parametrize("status", [60, 20, 21, 30, 31, 40, 41, 110, 50, 51, 70])
def test_other_requests_may_be_made_inside(watching: Watching, url: str, server: ScriptedServer, status: int) -> None:
    server.route("/redirect", response(b"", "Location: /close", status="302 Found"))
    found: list[bytes] = []

    def more() -> None:
        if watching.told[-1].context == 5 and not found:
            found.append(b"")
            found.append(read(watching, url, 6))
            found.append(watching.fetch_one(Request(url, context=7)).body)
            found.extend(row.body for row in watching.fetch([Request(url, context=8), url]))

    watching.act = at(status, more)
    assert read(watching, url + "redirect", 5) == b"hello"
    assert found == [b"", *[b"hello"] * 4]
    told = [number for number in watching.statuses(5) if number not in {20, 21}]  # the inner ones may connect first
    assert told == [60, *ASKED, 110, *ASKED, 50, 51, 70]
    for context in (6, 7, 8):
        assert [number for number in watching.statuses(context) if number in ASKED] == ASKED


def test_requests_may_be_made_inside_the_statuses_of_rows(watching: Watching, url: str) -> None:
    inner: list[bytes] = []
    watching.act = lambda *_: inner.append(watching.fetch_one(url).body)
    requests = [Request(url + path, context=context) for path, context in (("redirect", 5), ("long", 6))]
    assert [row.body for row in watching.fetch(requests, ordered=True)] == [b"there", LONG]
    assert inner == [b"hello"] * len(watching.told)


def test_the_file_itself_cannot_be_read_inside(watching: Watching, url: str) -> None:
    codes: list[int] = []
    with opened(watching, url + "close") as file:
        watching.act = at(50, lambda: codes.append(code_of(lambda: file.read(1))))
        assert file.read() == b"hello"
    assert codes == [12026]
    assert watching.statuses()[-1] == 70


def test_another_file_may_be_closed_inside(watching: Watching, url: str) -> None:
    other = opened(watching, url + "long", 6)
    watching.act = at(30, other.close)
    assert read(watching, url, 5) == b"hello"
    assert watching.statuses(6) == [*OPENED, 50, 51, 70]
    order = [told.context for told in watching.told if told.status in {31, 70}][1:]
    assert order == [6, 5, 5], "in the midst of the other one's"
