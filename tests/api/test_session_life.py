"""A session from its constructor to its end, as its files see it."""

from __future__ import annotations

import asyncio
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest

from pyinet import (
    AccessType,
    CallerError,
    HandleClosed,
    HttpFile,
    InternetException,
    InternetFlag,
    InternetOption,
    InternetSession,
    InternetStatus,
)
from pyinet._transfer.engine import live_objects
from servers.scripted import response
from waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Callable

    from servers.scripted import ScriptedConn, ScriptedServer


def direct(**kw: Any) -> InternetSession:  # noqa: ANN401 - as the session's
    return InternetSession("agent", access_type=AccessType.DIRECT, **kw)


# ---- the constructor ----


def test_nothing_is_needed_to_make_a_session() -> None:
    with InternetSession() as session:
        assert (session.get_context(), session.closed) == (1, False)
        assert session.handle > 0


def test_without_an_agent_the_program_is_named(server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["/some/where/mirror.py", "x"])
    server.reply(response(b"x"))
    with InternetSession(access_type=AccessType.DIRECT) as session, session.open_url(server.url()) as file:
        assert file.read() == b"x"
    assert server.received[0].header("user-agent") == "mirror"


@pytest.mark.parametrize(
    "wrong",
    [
        {"access_type": 2}, {"access_type": 5}, {"access_type": -1}, {"access_type": AccessType.PROXY},
        {"access_type": AccessType.PROXY, "proxy_name": ""}, {"flags": InternetFlag.ASYNC}, {"agent": "a\r\nX: 1"},
        {"agent": "a\0"}, {"context": "x"},
    ],
    ids=repr,
)  # fmt: skip
def test_wrong_arguments_are_refused_and_leave_nothing(wrong: dict[str, Any]) -> None:
    before = live_objects()
    with pytest.raises(CallerError) as caught:
        InternetSession(**wrong)
    assert caught.value.code == 87
    assert live_objects() == before


@pytest.mark.parametrize("context", [0, 1, 77, -5, 1 << 63])
def test_the_context_is_what_was_given(context: int) -> None:
    with direct(context=context) as session:
        assert session.get_context() == context


def test_access_types_that_need_no_proxy_open_files(server: ScriptedServer) -> None:
    server.route("/", response(b"x"))
    for kind in (AccessType.PRECONFIG, AccessType.DIRECT, AccessType.PRECONFIG_WITH_NO_AUTOPROXY):
        with InternetSession("agent", 1, kind) as session, session.open_url(server.url()) as file:
            assert file.read() == b"x"


# ---- the end ----

CALLS: dict[str, Callable[[InternetSession], object]] = {
    "open_url": lambda session: session.open_url("http://127.0.0.1:1/"),
    "open_url of a file": lambda session: session.open_url("file:///"),
    "open_url of nothing": lambda session: session.open_url("mailto:x"),
    "fetch": lambda session: session.fetch(["http://127.0.0.1:1/"]),
    "fetch_one": lambda session: session.fetch_one("http://127.0.0.1:1/"),
    "fetch_one_async": lambda session: asyncio.run(session.fetch_one_async("http://127.0.0.1:1/")),
    "enable_status_callback": lambda session: session.enable_status_callback(),
    "disable": lambda session: session.enable_status_callback(False),
    "set_option": lambda session: session.set_option(InternetOption.CONNECT_TIMEOUT, 5),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_a_closed_session_does_nothing_any_more(call: Callable[[InternetSession], object]) -> None:
    session = direct()
    session.close()
    with pytest.raises(HandleClosed) as caught:
        call(session)
    assert (caught.value.code, isinstance(caught.value, ValueError)) == (6, True)


def test_closing_is_idempotent_and_keeps_what_is_known() -> None:
    session = direct(context=9)
    with session as entered:
        assert entered is session
    session.close()
    session.close()
    assert (session.closed, session.handle, int(session), session.get_context()) == (True, 0, 0, 9)
    assert "closed" in repr(session)


def test_async_with_closes() -> None:
    async def use() -> InternetSession:
        async with direct() as session:
            assert not session.closed
        return session

    assert asyncio.run(use()).closed


def test_threads_that_close_at_once_are_fine(server: ScriptedServer) -> None:
    server.route("/", response(bytes(3_000_000)))
    for _ in range(5):
        session = direct()
        files = [session.open_url(server.url()) for _ in range(4)]
        threads = [threading.Thread(target=session.close) for _ in range(4)]
        threads += [threading.Thread(target=file.close) for file in files]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
        assert not any(thread.is_alive() for thread in threads)
        assert session.closed
        assert all(file.closed for file in files)


def test_close_while_many_threads_open_and_read(server: ScriptedServer) -> None:
    body = bytes(1_000_000)
    server.route("/", response(body))
    session = direct()
    going, codes, wrong = threading.Semaphore(0), set(), []

    def work() -> None:
        while True:
            try:
                with session.open_url(server.url()) as file:
                    if file.read() != body:
                        wrong.append(file)
            except InternetException as error:
                codes.add(error.code)
                return
            going.release()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for _ in range(16):
        assert going.acquire(timeout=20)
    session.close()
    for thread in threads:
        thread.join(10)
    assert not any(thread.is_alive() for thread in threads)
    assert codes <= {6, 12017}
    assert wrong == []
    eventually(lambda: live_objects()["transfers"] == 0, "the end of all transfers")


# ---- statuses do not outlive it, and do not keep it ----


def _nothing(*_: object) -> None:
    """Do nothing."""


class Told(InternetSession):
    """Notes what it is told."""

    def __init__(self) -> None:
        super().__init__("agent", access_type=AccessType.DIRECT)
        self.told: list[InternetStatus] = []
        self.act: Callable[[InternetStatus, object], None] = _nothing

    def on_status_callback(self, context: int, status: InternetStatus, info: object) -> None:
        del context
        self.told.append(status)
        self.act(status, info)


def test_nothing_is_told_before_it_is_enabled(server: ScriptedServer) -> None:
    server.route("/", response(b"x"))
    with Told() as session:
        silent = session.open_url(server.url())
        assert session.enable_status_callback() is True
        assert silent.read() == b"x"
        silent.close()
        assert session.told == []
        with session.open_url(server.url()) as file:
            assert isinstance(file, HttpFile)
            file.read()
        assert session.told[0] == InternetStatus.HANDLE_CREATED
        assert session.told[-1] == InternetStatus.HANDLE_CLOSING


@pytest.mark.parametrize(
    "status",
    [InternetStatus.HANDLE_CREATED, InternetStatus.CONNECTING_TO_SERVER, InternetStatus.SENDING_REQUEST,
     InternetStatus.RESPONSE_RECEIVED],
    ids=lambda status: status.name,
)  # fmt: skip
def test_a_callback_may_close_the_session(server: ScriptedServer, status: InternetStatus) -> None:
    server.route("/", response(bytes(1_000_000)))
    session = Told()
    session.enable_status_callback()
    session.act = lambda now, _: session.close() if now == status else None
    with pytest.raises(InternetException) as caught:
        session.open_url(server.url())
    assert caught.value.code in {6, 12017}
    assert session.closed
    assert session.told.count(InternetStatus.HANDLE_CLOSING) == 1
    assert session.told[-1] == InternetStatus.HANDLE_CLOSING


def test_a_callback_may_open_other_files(server: ScriptedServer) -> None:
    server.route("/", response(b"outer"))
    server.route("/inner", response(b"inner"))
    found: list[bytes] = []

    with Told() as session:

        def act(status: InternetStatus, _: object) -> None:
            if status == InternetStatus.SENDING_REQUEST and not found:
                found.append(b"")
                with session.open_url(server.url("/inner")) as file:
                    found.append(file.read())

        session.act = act
        session.enable_status_callback()
        with session.open_url(server.url()) as file:
            assert file.read() == b"outer"
    assert found == [b"", b"inner"]


def test_what_a_session_is_asked_while_a_read_waits_is_answered(
    server: ScriptedServer, session: InternetSession
) -> None:
    """One thread that waits stops no other."""

    def script(conn: ScriptedConn) -> None:
        conn.recv_request()
        conn.send(response(b"xx")[:-1])
        conn.wait_closed()

    server.play(script)
    server.route("/", response(b"fine"))
    slow = session.open_url(server.url())
    assert isinstance(slow, HttpFile)
    codes: list[int] = []

    def read() -> None:
        try:
            slow.read()
        except InternetException as error:
            codes.append(error.code)

    reader = threading.Thread(target=read)
    reader.start()
    eventually(slow._busy.locked, "the reader inside")
    for _ in range(5):
        with session.open_url(server.url()) as file:
            assert file.read() == b"fine"
        assert session.fetch_one(server.url()).body == b"fine"
        session.set_cookie(server.url(), "a", "1")
        assert session.get_cookie(server.url()) == "a=1"
    slow.close()
    reader.join(5)
    assert codes == [12017]
