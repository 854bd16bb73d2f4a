"""Handles: numbers, the tree, and closing from wherever."""

from __future__ import annotations

import contextlib
import gc
import threading
from typing import TYPE_CHECKING

import pytest

import pyinet
from pyinet import (
    AccessType,
    CallerError,
    HandleClosed,
    HttpFile,
    InternetException,
    InternetHandleType,
    InternetSession,
    InternetStatus,
    close_handle,
    handle_type,
)
from pyinet._transfer.engine import live_objects
from servers.scripted import response
from waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from servers.scripted import ScriptedConn, ScriptedServer

LONG = bytes(1 << 20)


def direct(context: int = 1) -> InternetSession:
    return InternetSession("agent", context, AccessType.DIRECT)


@pytest.fixture
def url(server: ScriptedServer) -> str:
    """Of a short body; ``/long`` is one that is not read ahead."""
    server.route("/", response(b"short"))
    server.route("/long", response(LONG))
    return server.url()


def opened(session: InternetSession, url: str) -> HttpFile:
    file = session.open_url(url)
    assert isinstance(file, HttpFile)
    return file


@contextlib.contextmanager
def code(number: int) -> Iterator[None]:
    with pytest.raises(InternetException) as caught:
        yield
    assert caught.value.code == number


# ---- numbers ----


def test_a_handle_is_a_number_until_it_is_closed(session: InternetSession, url: str) -> None:
    assert isinstance(session.handle, int)
    assert session.handle > 0
    assert int(session) == session.handle
    assert f"{session:}" == str(session)
    file = opened(session, url)
    assert file.handle > session.handle
    file.close()
    assert file.handle == 0
    session.close()
    assert (session.handle, int(session), session.closed) == (0, 0, True)


def test_numbers_are_never_used_again(session: InternetSession, url: str) -> None:
    seen = {session.handle}
    for _ in range(50):
        with opened(session, url) as file:
            assert file.handle not in seen
            assert file.handle > max(seen)
            seen.add(file.handle)
        with direct() as other:
            assert other.handle > max(seen)
            seen.add(other.handle)


def test_numbers_of_many_threads_differ(session: InternetSession, url: str) -> None:
    numbers: list[int] = []

    def work() -> None:
        for _ in range(20):
            with opened(session, url) as file:
                numbers.append(file.handle)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(numbers)) == 160


@pytest.mark.parametrize("number", [0, -1, 1, 5, 1 << 40, (1 << 64) - 1])
def test_a_wrong_number_is_an_invalid_handle(number: int) -> None:
    for call in (close_handle, handle_type):
        with pytest.raises(HandleClosed) as caught:
            call(number)
        assert (caught.value.code, caught.value.name) == (6, "ERROR_INVALID_HANDLE")
        assert isinstance(caught.value, ValueError)


def test_an_old_number_is_an_invalid_handle(session: InternetSession, url: str) -> None:
    file = opened(session, url)
    old = file.handle
    close_handle(old)
    assert file.closed
    with code(6):
        close_handle(old)
    with opened(session, url), code(6):
        close_handle(old)  # and not that of the other file
    with code(6):
        handle_type(old)


def test_the_kind_of_a_handle(session: InternetSession, url: str) -> None:
    with opened(session, url) as file:
        assert handle_type(session.handle) is InternetHandleType.INTERNET
        assert handle_type(file.handle) is InternetHandleType.HTTP_REQUEST
        assert [int(handle_type(handle)) for handle in (session.handle, file.handle)] == [1, 13]


# ---- the tree ----


@pytest.mark.parametrize("path", ["/", "/long"])
@pytest.mark.parametrize("how", ["close", "close_handle", "with"])
def test_closing_the_session_closes_its_files(url: str, path: str, how: str) -> None:
    session = direct()
    files = [opened(session, url + path[1:]) for _ in range(3)]
    files[0].readline()
    files[1].close()
    numbers = [file.handle for file in files if file.handle]
    if how == "close":
        session.close()
    elif how == "close_handle":
        close_handle(session.handle)
    else:
        with session:
            pass
    assert [file.closed for file in files] == [True] * 3
    assert [file.handle for file in files] == [0] * 3
    for number in numbers:
        with code(6):
            close_handle(number)
    for file in files:
        for use in (file.read, file.readline, lambda: file.readinto(bytearray(1))):  # noqa: B023 - called at once
            with pytest.raises(HandleClosed):
                use()
        file.close()
        file.abort()
        with code(6):
            file.query_info_status_code()


def test_closing_a_file_leaves_the_others_alone(session: InternetSession, url: str) -> None:
    first, second = opened(session, url + "long"), opened(session, url + "long")
    close_handle(first.handle)
    assert second.read() == LONG
    second.close()
    assert not session.closed
    assert session.fetch_one(url).body == b"short"


def test_sessions_do_not_close_each_others_files(url: str) -> None:
    one, two = direct(), direct()
    with opened(two, url + "long") as file:
        one.close()
        assert file.read() == LONG
    two.close()


def test_a_file_keeps_its_session_alive(url: str) -> None:
    session = direct()
    file = opened(session, url + "long")
    del session
    gc.collect()
    assert file.read() == LONG
    file.close()


def test_a_session_that_is_dropped_with_its_file_leaks_nothing(url: str) -> None:
    with pytest.warns(ResourceWarning, match="unclosed file"):  # noqa: PT031 - all of it makes the warning
        opened(direct(), url + "long")
        gc.collect()
    eventually(lambda: live_objects()["transfers"] == 0, "the transfer of a session that was dropped")


class Told(InternetSession):
    """Notes what it is told."""

    def __init__(self) -> None:
        super().__init__("agent", 7, AccessType.DIRECT)
        self.told: list[tuple[int, InternetStatus, object]] = []
        self.enable_status_callback()

    def on_status_callback(self, context: int, status: InternetStatus, info: object) -> None:
        if status in {InternetStatus.HANDLE_CREATED, InternetStatus.HANDLE_CLOSING}:
            self.told.append((context, status, info))


def test_each_handle_is_told_of_once_with_its_number(url: str) -> None:
    session = Told()
    files = [session.open_url(url + "long", context) for context in (1, 8, 0)]
    numbers = [file.handle for file in files if isinstance(file, HttpFile)]
    session.close()
    session.close()
    created, closing = InternetStatus.HANDLE_CREATED, InternetStatus.HANDLE_CLOSING
    assert session.told[:2] == [(7, created, numbers[0]), (8, created, numbers[1])]
    assert sorted(session.told[2:]) == [(7, closing, numbers[0]), (8, closing, numbers[1])]


def test_a_failed_open_leaves_no_handle(session: InternetSession, server: ScriptedServer) -> None:
    handles = pyinet._process.PROCESS.handles
    before = len(handles)
    server.play(lambda _: None)
    for bad in (server.url(), "http://", "mailto:x", "file:///no/such/file", "http://127.0.0.1:1/"):
        with pytest.raises(InternetException):
            session.open_url(bad)
    assert len(handles) == before


# ---- closing from elsewhere ----


def fall_silent(server: ScriptedServer) -> None:
    """Answer with 1000 bytes of a body, and no more."""

    def script(conn: ScriptedConn) -> None:
        if conn.recv_request():
            conn.send(response(LONG)[: 1000 - len(LONG)])
            conn.wait_closed()

    server.play(script)


def begin(calls: list[object], use: Callable[[], object]) -> threading.Thread:
    """Call *use* in a thread; what it returns, or the number of its error, comes into *calls*."""

    def run() -> None:
        try:
            calls.append(use())
        except InternetException as error:
            calls.append(error.code)

    thread = threading.Thread(target=run)
    thread.start()
    return thread


WAYS = ["file.close", "close_handle", "session.close", "file.abort"]


@pytest.mark.parametrize("how", WAYS)
@pytest.mark.parametrize("read", ["read", "read some", "readinto", "readline"])
def test_closing_while_a_read_waits_ends_it_with_12017(server: ScriptedServer, how: str, read: str) -> None:
    fall_silent(server)
    session = direct()
    file = opened(session, server.url())
    assert file.read(1000) == bytes(1000)  # what is there
    uses: dict[str, Callable[[], object]] = {
        "read": file.read, "read some": lambda: file.read(4000), "readline": file.readline,
        "readinto": lambda: file.readinto(bytearray(9)),
    }  # fmt: skip
    calls: list[object] = []
    thread = begin(calls, uses[read])
    eventually(file._busy.locked, "the reader inside")
    ways = {"file.close": file.close, "close_handle": lambda: close_handle(file.handle),
            "session.close": session.close, "file.abort": file.abort}  # fmt: skip
    ways[how]()
    thread.join(5)
    assert not thread.is_alive()
    assert calls == [12017]
    assert file.closed
    for use in (file.read, file.readline):
        with pytest.raises(HandleClosed) as caught:
            use()
        assert caught.value.code == 6
    session.close()


def test_after_a_read_was_ended_the_session_works_on(server: ScriptedServer, session: InternetSession) -> None:
    fall_silent(server)
    file = opened(session, server.url())
    calls: list[object] = []
    thread = begin(calls, file.read)
    eventually(file._busy.locked, "the reader inside")
    file.close()
    thread.join(5)
    assert calls == [12017]
    eventually(lambda: live_objects()["transfers"] == 0, "the end of the transfer")
    server.reply(response(b"fine"))
    with opened(session, server.url()) as other:
        assert other.read() == b"fine"


def test_closing_the_session_while_an_open_waits_ends_it(server: ScriptedServer) -> None:
    asked = threading.Event()

    def script(conn: ScriptedConn) -> None:
        conn.recv_request()
        asked.set()
        conn.wait_closed()

    server.play(script)
    session = direct()
    calls: list[object] = []
    thread = begin(calls, lambda: session.open_url(server.url()))
    assert asked.wait(10)
    session.close()
    thread.join(5)
    assert not thread.is_alive()
    assert calls == [12017]


def test_two_threads_in_one_file_get_12026(server: ScriptedServer, session: InternetSession) -> None:
    fall_silent(server)
    with opened(session, server.url()) as file:
        calls: list[object] = []
        thread = begin(calls, file.read)
        eventually(file._busy.locked, "the reader inside")
        for use in (lambda: file.read(2000), file.readall, file.readline, lambda: file.readinto(bytearray(1))):
            with pytest.raises(CallerError) as caught:
                use()
            assert caught.value.code == 12026
        assert (file.status_code, file.handle > 0, file.url) == (200, True, server.url())
    thread.join(5)
    assert calls == [12017]


def test_any_thread_may_close_by_number(session: InternetSession, url: str) -> None:
    files = [opened(session, url + "long") for _ in range(10)]
    numbers = [file.handle for file in files]
    outcomes: list[int] = []

    def work() -> None:
        for number in numbers:
            try:
                close_handle(number)
                outcomes.append(0)
            except HandleClosed as error:
                outcomes.append(error.code)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(outcomes) == 60
    assert set(outcomes) <= {0, 6}
    assert outcomes.count(0) >= 10
    assert all(file.closed for file in files)
