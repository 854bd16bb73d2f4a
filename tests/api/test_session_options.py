"""Options of sessions and of the process, as far as a server or a second session sees them."""

from __future__ import annotations

import asyncio
import errno
import gzip
import pickle
import socket
import threading
from typing import TYPE_CHECKING

import pytest

import pyinet
from pyinet import (
    AccessType,
    CallerError,
    CannotConnect,
    HandleClosed,
    InternetFile,
    InternetOption,
    InternetSession,
    InternetStatus,
    InternetTimeout,
    NoMoreItems,
    Request,
    TransferError,
)
from pyinet._process import PROCESS
from pyinet._transfer.engine import live_objects
from pyinet._urls.wire import origin_of
from servers.scripted import response
from waiting import PATIENCE, eventually

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from servers.scripted import Script, ScriptedConn, ScriptedServer

CONNECTED, DISCONNECTED_BY_USER, FORCE = 0x1, 0x10, 0x1
EVERY_TIMEOUT = [
    InternetOption.CONNECT_TIMEOUT,
    InternetOption.SEND_TIMEOUT,
    InternetOption.RECEIVE_TIMEOUT,
    InternetOption.DATA_SEND_TIMEOUT,
    InternetOption.DATA_RECEIVE_TIMEOUT,
]


@pytest.fixture(autouse=True)
def _process_as_it_was(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(PROCESS, "options", {})
    monkeypatch.setattr(PROCESS, "proxy", None)
    monkeypatch.setattr(PROCESS, "proxy_parts", None)
    yield
    PROCESS.offline = False
    PROCESS.http_1_0 = False
    PROCESS.connections.limit = None


@pytest.mark.parametrize(
    ("option", "value"),
    [
        (InternetOption.HANDLE_TYPE, 1),
        (InternetOption.PARENT_HANDLE, 0),
        (InternetOption.CALLBACK, 0),
        (InternetOption.CONNECT_TIMEOUT, 60_000),
        (InternetOption.CONNECT_RETRIES, 5),
        (InternetOption.SEND_TIMEOUT, 30_000),
        (InternetOption.READ_BUFFER_SIZE, 4096),
        (InternetOption.VERSION, (1, 2)),
        (InternetOption.USER_AGENT, "pyinet-tests/1.0"),
        (InternetOption.CONTEXT_VALUE, 1),
        (InternetOption.CONTEXT_VALUE_OLD, 1),
        (InternetOption.HTTP_DECODING, False),
        (InternetOption.PROXY, (1, None, None)),
        (InternetOption.FROM_CACHE_TIMEOUT, 0xFFFFFFFF),
        (InternetOption.OFFLINE_MODE, 0),
    ],
    ids=lambda value: value.name if isinstance(value, InternetOption) else None,
)
def test_a_new_session_has_the_defaults(session: InternetSession, option: InternetOption, value: object) -> None:
    found = session.query_option(option)
    assert found == value
    assert isinstance(found, type(value))


@pytest.mark.parametrize("option", [*EVERY_TIMEOUT, InternetOption.CONNECT_RETRIES, InternetOption.WRITE_BUFFER_SIZE])
@pytest.mark.parametrize("value", [1, 0, 0xFFFFFFFE, 0xFFFFFFFF])
def test_a_query_gives_back_what_was_set(
    server: ScriptedServer, session: InternetSession, option: InternetOption, value: int
) -> None:
    if (option, value) == (InternetOption.CONNECT_TIMEOUT, 0):
        return  # refused
    if value == 1:
        value = 5000
    server.route("/", response(b"x"))
    session.set_option(option, value)
    assert session.query_option(option) == value
    assert session.fetch_one(server.url()).body == b"x"


def test_a_closed_session_has_no_options(session: InternetSession) -> None:
    session.close()
    with pytest.raises(HandleClosed):
        session.query_option(InternetOption.CONNECT_TIMEOUT)
    with pytest.raises(HandleClosed):
        session.set_option(InternetOption.CONNECT_TIMEOUT, 1)


@pytest.mark.parametrize("agent", ["other/2.0", ""])
def test_the_user_agent_changes_for_rows_and_files(
    server: ScriptedServer, session: InternetSession, agent: str
) -> None:
    server.route("/", response(b"x"))
    session.fetch_one(server.url())
    session.open_url(server.url()).close()
    session.set_option(InternetOption.USER_AGENT, agent)
    session.fetch_one(server.url())
    session.open_url(server.url()).close()
    assert [r.header("user-agent") for r in server.received] == ["pyinet-tests/1.0"] * 2 + [agent or None] * 2
    assert session.query_option(InternetOption.USER_AGENT) == agent


def test_http_decoding_decodes_files_opened_later(server: ScriptedServer, session: InternetSession) -> None:
    packed = gzip.compress(b"text")
    server.route("/", response(packed, "Content-Encoding: gzip"))
    session.set_option(InternetOption.HTTP_DECODING, True)
    with session.open_url(server.url()) as file:
        assert file.read() == b"text"
    session.set_option(InternetOption.HTTP_DECODING, 0)
    with session.open_url(server.url()) as file:
        assert file.read() == packed
    assert [got.header("accept-encoding") for got in server.received] == ["gzip, deflate", None]
    assert session.query_option(InternetOption.HTTP_DECODING) is False


def test_a_context_is_that_of_errors_and_files_from_then_on(server: ScriptedServer, session: InternetSession) -> None:
    session.set_option(InternetOption.CONTEXT_VALUE, 77)
    assert session.query_option(InternetOption.CONTEXT_VALUE_OLD) == 77
    server.play(lambda conn: conn.close())
    with pytest.raises(TransferError) as caught:
        session.open_url(server.url())
    assert caught.value.context == 77


# ---- proxies ----


def test_a_proxy_set_later_is_used(server: ScriptedServer, session: InternetSession) -> None:
    server.route("http://far.invalid/", response(b"by proxy"))
    proxy = server.url().removeprefix("http://").rstrip("/")
    session.set_option(InternetOption.PROXY, (AccessType.PROXY, proxy, "<local>"))
    assert session.query_option(InternetOption.PROXY) == (3, proxy, "<local>")
    assert session.fetch_one("http://far.invalid/").body == b"by proxy"
    with session.open_url("http://far.invalid/") as file:
        assert file.read() == b"by proxy"


def test_no_proxy_set_later_is_direct(server: ScriptedServer) -> None:
    server.route("/", response(b"direct"))
    with InternetSession(access_type=AccessType.PROXY, proxy_name="127.0.0.1:1", proxy_bypass="<-loopback>") as session:
        with pytest.raises(CannotConnect):
            session.fetch_one(server.url())
        session.set_option(InternetOption.PROXY, (AccessType.DIRECT,))
        assert session.fetch_one(server.url()).body == b"direct"
        assert session.query_option(InternetOption.PROXY) == (1, None, None)


def test_a_malformed_proxy_changes_nothing(session: InternetSession) -> None:
    with pytest.raises(CallerError) as caught:
        session.set_option(InternetOption.PROXY, (AccessType.PROXY, "h:x", None))
    assert caught.value.code == 87
    assert session.query_option(InternetOption.PROXY) == (1, None, None)


def test_the_proxy_of_the_process_is_that_of_sessions_opened_later() -> None:
    with InternetSession() as before:
        pyinet.set_option(InternetOption.PROXY, (3, "p:1", "b"))
        with InternetSession() as later, InternetSession(access_type=AccessType.DIRECT) as direct:
            assert before.query_option(InternetOption.PROXY)[0] == 1
            assert later.query_option(InternetOption.PROXY) == (3, "p:1", "b")
            assert direct.query_option(InternetOption.PROXY)[0] == 1
        before.set_option(InternetOption.REFRESH)
        assert before.query_option(InternetOption.PROXY) == (3, "p:1", "b")
    assert pyinet.query_option(InternetOption.PROXY) == (3, "p:1", "b")
    pyinet.set_option(InternetOption.PROXY, (0, None, None))
    assert pyinet.query_option(InternetOption.PROXY) == (1, None, None)


@pytest.mark.parametrize("option", [InternetOption.REFRESH, InternetOption.PROXY_SETTINGS_CHANGED])
def test_the_environment_is_read_again(monkeypatch: pytest.MonkeyPatch, option: InternetOption) -> None:
    with InternetSession() as one, InternetSession() as other:
        monkeypatch.setenv("http_proxy", "p:1")
        assert one.query_option(InternetOption.PROXY)[0] == 1
        one.set_option(option)
        assert one.query_option(InternetOption.PROXY) == (3, "http=http://p:1", None)
        assert other.query_option(InternetOption.PROXY)[0] == (1 if option == InternetOption.REFRESH else 3)


def test_proxies_in_parts_belong_to_the_session(session: InternetSession) -> None:
    option = InternetOption.PER_CONNECTION_OPTION
    session.set_option(option, [(2, "proxy.example"), (1, 2)])
    assert dict(session.query_option(option))[2] == "proxy.example"
    assert session.query_option(InternetOption.PROXY) == (3, "proxy.example", "")
    assert dict(pyinet.query_option(option))[2] is None
    session.set_option(option, {1: 1})
    parts = dict(session.query_option(option))
    assert (parts[1], parts[2]) == (1, "proxy.example")
    assert session.query_option(InternetOption.PROXY)[0] == 1
    session.set_option(option, {2: None})
    assert dict(session.query_option(option))[2] is None


def test_proxies_in_parts_of_the_process() -> None:
    pyinet.set_option(InternetOption.PER_CONNECTION_OPTION, [(1, 2), (2, "p:1"), (4, "http://h/x.pac")])
    assert dict(pyinet.query_option(InternetOption.PER_CONNECTION_OPTION))[4] == "http://h/x.pac"
    with InternetSession() as session:
        assert session.query_option(InternetOption.PROXY) == (3, "p:1", "")
        assert dict(session.query_option(InternetOption.PER_CONNECTION_OPTION))[1] == 2


# ---- the process ----


def test_timeouts_of_the_process_are_those_of_sessions_opened_later(session: InternetSession) -> None:
    for option in EVERY_TIMEOUT:
        pyinet.set_option(option, 1234)
        assert pyinet.query_option(option) == 1234
        assert session.query_option(option) != 1234
    with InternetSession() as later:
        assert [later.query_option(option) for option in EVERY_TIMEOUT] == [1234] * len(EVERY_TIMEOUT)
        assert later._settings.receive_timeout_ms == 1234


def test_stored_options_of_the_process_are_inherited() -> None:
    pyinet.set_option(InternetOption.KEEP_CONNECTION, 9)
    with InternetSession() as later:
        assert later.query_option(InternetOption.KEEP_CONNECTION) == 9
        later.set_option(InternetOption.KEEP_CONNECTION, 10)
    assert pyinet.query_option(InternetOption.KEEP_CONNECTION) == 9


def test_options_travel_with_a_pickled_session(session: InternetSession) -> None:
    session.set_option(InternetOption.RECEIVE_TIMEOUT, 0)
    session.set_option(InternetOption.KEEP_CONNECTION, 3)
    session.set_option(InternetOption.PROXY, (3, "p:1", "b"))
    with pickle.loads(pickle.dumps(session)) as copy:  # noqa: S301 - our own
        assert copy.query_option(InternetOption.RECEIVE_TIMEOUT) == 0
        assert copy.query_option(InternetOption.KEEP_CONNECTION) == 3
        assert copy.query_option(InternetOption.PROXY) == (3, "p:1", "b")


def test_off_line_and_back(server: ScriptedServer, session: InternetSession) -> None:
    server.route("/", response(b"x"))
    assert pyinet.query_option(InternetOption.CONNECTED_STATE) == CONNECTED
    pyinet.set_option(InternetOption.CONNECTED_STATE, (DISCONNECTED_BY_USER, FORCE))
    assert pyinet.query_option(InternetOption.CONNECTED_STATE) == DISCONNECTED_BY_USER
    with pytest.raises(TransferError) as caught:
        session.open_url(server.url())
    assert caught.value.code == 12163
    pyinet.set_option(InternetOption.CONNECTED_STATE, CONNECTED)
    assert session.open_url(server.url()).read() == b"x"
    assert len(server.requests) == 1


def test_sessions_with_callbacks_are_told_of_the_connected_state() -> None:
    class Told(InternetSession):
        def on_status_callback(self, context: int, status: InternetStatus, info: object) -> None:
            seen.append((context, status, info))

    seen: list[tuple[int, InternetStatus, object]] = []
    with Told(context=7) as session, Told(context=8):
        session.enable_status_callback()
        assert session.query_option(InternetOption.CALLBACK) == 1
        pyinet.set_option(InternetOption.CONNECTED_STATE, DISCONNECTED_BY_USER)
        pyinet.set_option(InternetOption.CONNECTED_STATE, DISCONNECTED_BY_USER)
        pyinet.set_option(InternetOption.CONNECTED_STATE, CONNECTED)
    assert seen == [(7, InternetStatus.STATE_CHANGE, DISCONNECTED_BY_USER), (7, InternetStatus.STATE_CHANGE, CONNECTED)]


@pytest.mark.parametrize("of_process", [False, True], ids=["session", "process"])
def test_the_end_of_a_browser_session_drops_session_cookies(session: InternetSession, of_process: bool) -> None:
    session.set_cookie("http://h/", "a", "1")
    session.set_cookie("http://h/", "b", "1; Max-Age=1000")
    InternetSession.set_cookie("http://own.invalid/", "c", "1")
    if of_process:
        pyinet.set_option(InternetOption.END_BROWSER_SESSION)
        with pytest.raises(NoMoreItems):
            InternetSession.get_cookie("http://own.invalid/")
    else:
        session.set_option(InternetOption.END_BROWSER_SESSION)
        assert InternetSession.get_cookie("http://own.invalid/") == "c=1"
    assert session.get_cookie("http://h/") == "b=1"


def test_the_extended_error_is_that_of_the_thread(session: InternetSession) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        with pytest.raises(CannotConnect):
            session.fetch_one(f"http://127.0.0.1:{unused.getsockname()[1]}/")
    assert session.query_option(InternetOption.EXTENDED_ERROR) == 10_061
    seen: list[int] = []
    thread = threading.Thread(target=lambda: seen.append(pyinet.query_option(InternetOption.EXTENDED_ERROR)))
    thread.start()
    thread.join(PATIENCE)
    assert seen == [0]
    assert PROCESS.os_errno == errno.ECONNREFUSED


# ---- MAX_CONNS_PER_SERVER ----


def test_until_it_is_set_there_is_no_limit_of_files(server: ScriptedServer, session: InternetSession) -> None:
    server.route("/", response(b"x" * 3_000_000))
    assert pyinet.query_option(InternetOption.MAX_CONNS_PER_SERVER) == 2
    files = [session.open_url(server.url()) for _ in range(3)]
    for file in files:
        file.close()


def test_a_file_too_many_times_out(server: ScriptedServer, session: InternetSession) -> None:
    server.route("/", response(b"x" * 3_000_000))
    pyinet.set_option(InternetOption.MAX_CONNS_PER_SERVER, 1)
    session.set_option(InternetOption.CONNECT_TIMEOUT, 10)
    held = session.open_url(server.url())
    with pytest.raises(InternetTimeout, match="MAX_CONNS_PER_SERVER"):
        session.open_url(server.url())
    session.set_option(InternetOption.CONNECT_TIMEOUT, 60_000)
    held.close()
    session.open_url(server.url()).close()
    assert PROCESS.connections.taken(origin_of(server.url())) == 0


def test_a_body_read_to_its_end_makes_room(server: ScriptedServer, session: InternetSession) -> None:
    server.route("/", response(b"x"))
    pyinet.set_option(InternetOption.MAX_CONNS_PER_SERVER, 1)
    for _ in range(3):
        assert session.open_url(server.url()).read() == b"x"


def test_a_file_waits_until_another_is_closed(server: ScriptedServer, session: InternetSession) -> None:
    server.route("/", response(b"x" * 3_000_000))
    origin = origin_of(server.url())
    pyinet.set_option(InternetOption.MAX_CONNS_PER_SERVER, 1)
    held = session.open_url(server.url())
    opened: list[bool] = []

    def opens() -> None:
        with session.open_url(server.url()) as file:
            opened.append(file.closed)

    thread = threading.Thread(target=opens)
    thread.start()
    eventually(lambda: PROCESS.connections.waiting(origin) == 1, "the thread stands in line")
    assert not opened
    held.close()
    thread.join(PATIENCE)
    assert opened == [False]


@pytest.mark.parametrize("closes", ["session", "handle"])
def test_closing_ends_the_wait_as_cancelled(server: ScriptedServer, session: InternetSession, closes: str) -> None:
    server.route("/", response(b"x" * 3_000_000))
    origin = origin_of(server.url())
    pyinet.set_option(InternetOption.MAX_CONNS_PER_SERVER, 1)
    held = session.open_url(server.url())
    raised: list[tuple[type[BaseException], int, int]] = []

    def opens() -> None:
        with pytest.raises(CallerError) as caught:
            session.open_url(server.url(), context=7)
        raised.append((caught.type, caught.value.code, caught.value.context))

    thread = threading.Thread(target=opens)
    thread.start()
    eventually(lambda: PROCESS.connections.waiting(origin) == 1, "the thread stands in line")
    if closes == "session":
        session.close()
    else:
        pyinet.close_handle(max(session.handle_node.children))
    thread.join(PATIENCE)
    assert raised == [(CallerError, 12017, 1)]  # the context of the session, as for all that open_url raises
    assert held.closed == (closes == "session")
    held.close()
    assert PROCESS.connections.taken(origin) == 0


def test_a_failed_open_gives_its_place_back(server: ScriptedServer, session: InternetSession) -> None:
    pyinet.set_option(InternetOption.MAX_CONNS_PER_SERVER, 1)
    server.play(lambda conn: conn.close(), lambda conn: conn.close(), lambda conn: conn.close())
    with pytest.raises(TransferError):
        session.open_url(server.url())
    assert PROCESS.connections.taken(origin_of(server.url())) == 0


def cut_off(conn: ScriptedConn) -> None:
    conn.recv_request()
    conn.send(response(b"x" * 300_000)[:-1])
    conn.close()


def goes_silent(conn: ScriptedConn) -> None:
    conn.recv_request()
    conn.send(response(b"x" * 300_000)[:-1])
    conn.wait_closed()


def reads(file: InternetFile) -> None:
    file.read()


def reads_pieces(file: InternetFile) -> None:
    while file.read(1000):
        pass


def reads_lines(file: InternetFile) -> None:
    while file.readline():
        pass


def reads_into(file: InternetFile) -> None:
    while file.readinto(bytearray(70_000)):
        pass


def skips(file: InternetFile) -> None:
    file.seek(299_999)
    file.read()


@pytest.mark.parametrize("act", [reads, reads_pieces, reads_lines, reads_into, skips])
@pytest.mark.parametrize("script", [cut_off, goes_silent])
def test_a_body_that_fails_makes_room_at_once_and_only_once(
    server: ScriptedServer, session: InternetSession, script: Script, act: Callable[[InternetFile], None]
) -> None:
    server.play(script)
    server.route("/", response(b"y" * 3_000_000))
    origin = origin_of(server.url())
    pyinet.set_option(InternetOption.MAX_CONNS_PER_SERVER, 1)
    session.set_option(InternetOption.CONNECT_TIMEOUT, 1000)
    session.set_option(InternetOption.RECEIVE_TIMEOUT, 200)
    failed = session.open_url(server.url())
    assert isinstance(failed, InternetFile)
    with pytest.raises(TransferError) as caught:
        act(failed)
    assert PROCESS.connections.taken(origin) == 0
    session.set_option(InternetOption.RECEIVE_TIMEOUT, 30_000)
    with session.open_url(server.url()):
        for _ in range(2):  # the error stays
            with pytest.raises(TransferError) as again:
                failed.read(1)
            assert (again.type, again.value.code) == (caught.type, caught.value.code)
        failed.close()
        assert PROCESS.connections.taken(origin) == 1  # that of the file that is open
    assert PROCESS.connections.taken(origin) == 0


def test_a_short_read_before_a_failure_makes_room(server: ScriptedServer, session: InternetSession) -> None:
    server.play(cut_off)
    pyinet.set_option(InternetOption.MAX_CONNS_PER_SERVER, 1)
    with session.open_url(server.url()) as file:
        assert len(file.read(400_000)) == 299_999
        assert PROCESS.connections.taken(origin_of(server.url())) == 0
        with pytest.raises(TransferError):
            file.read(1)
        assert file.tell() == 299_999


@pytest.mark.parametrize(("version", "line"), [((1, 0), b"GET / HTTP/1.0"), ((1, 1), b"GET / HTTP/1.1")])
def test_every_row_speaks_the_version_of_the_process(
    server: ScriptedServer, session: InternetSession, version: tuple[int, int], line: bytes
) -> None:
    server.route("/", response(b"x"))
    pyinet.set_option(InternetOption.HTTP_VERSION, version)
    assert pyinet.query_option(InternetOption.HTTP_VERSION) == version
    session.open_url(server.url("/")).close()
    assert session.fetch_one(server.url("/")).body == b"x"
    assert session.fetch_one(Request(server.url("/"), headers={"A": "b"})).body == b"x"
    assert len([result.ok for result in session.fetch([server.url("/")] * 3)]) == 3
    with session.get_http_connection("127.0.0.1", server.port) as connection:
        connection.get("/").close()
        connection.get("/", version="1.1").close()
    assert [request.line for request in server.received] == [line] * 7 + [b"GET / HTTP/1.1"]


# ---- beginning anew ----

RENEWING = [InternetOption.SETTINGS_CHANGED, InternetOption.END_BROWSER_SESSION]


@pytest.mark.parametrize("option", RENEWING, ids=lambda option: option.name)
@pytest.mark.parametrize("level", ["session", "process"])
def test_idle_connections_are_dropped(
    server: ScriptedServer, session: InternetSession, option: InternetOption, level: str
) -> None:
    ended = server.gate()

    def first(conn: ScriptedConn) -> None:
        conn.recv_request()
        conn.send(response(b"first"))
        conn.wait_closed()
        ended.set()

    server.play(first)
    server.route("/", response(b"later"))
    assert session.fetch_one(server.url()).body == b"first"
    (session.set_option if level == "session" else pyinet.set_option)(option)
    assert ended.wait(PATIENCE), "the old connection is closed at once"
    assert session.fetch_one(server.url()).body == b"later"
    with session.open_url(server.url()) as file:
        assert file.read() == b"later"
    assert server.connections == 2
    assert live_objects()["engines"] == 1


@pytest.mark.parametrize("option", RENEWING, ids=lambda option: option.name)
def test_what_runs_ends_on_the_connection_it_has(
    server: ScriptedServer, session: InternetSession, option: InternetOption
) -> None:
    go_on = server.gate()

    def halves(conn: ScriptedConn) -> None:
        conn.recv_request()
        conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfirst")
        go_on.wait(PATIENCE)
        conn.send(b"later")

    server.play(halves, halves)
    file = session.open_url(server.url())
    found: list[bytes] = []
    thread = threading.Thread(target=lambda: found.extend(row.body for row in session.fetch([server.url()])))
    thread.start()
    eventually(lambda: len(server.requests) == 2, "both run")
    session.set_option(option)
    session.set_option(option)
    go_on.set()
    assert file.read() == b"firstlater"
    thread.join(PATIENCE)
    assert found == [b"firstlater"]
    file.close()
    del file
    eventually(lambda: live_objects()["engines"] == 1, "the engines that were replaced end")


@pytest.mark.parametrize("how", ["fetch_one", "fetch", "open_url", "async"])
def test_closing_the_session_ends_what_runs_on_a_replaced_engine(
    server: ScriptedServer, session: InternetSession, how: str
) -> None:
    stay = server.gate()

    def silent(conn: ScriptedConn) -> None:
        conn.recv_request()
        stay.wait(PATIENCE)

    server.play(silent)
    calls: dict[str, Callable[[], object]] = {
        "fetch_one": lambda: session.fetch_one(server.url()),
        "fetch": lambda: list(session.fetch([server.url()])),
        "open_url": lambda: session.open_url(server.url()),
        "async": lambda: asyncio.run(session.fetch_one_async(server.url())),
    }
    codes: list[int] = []

    def call() -> None:
        with pytest.raises(CallerError) as caught:
            calls[how]()
        codes.append(caught.value.code)

    thread = threading.Thread(target=call)
    thread.start()
    eventually(lambda: len(server.requests) == 1, "it runs")
    session.set_option(InternetOption.SETTINGS_CHANGED)
    session.close()
    thread.join(PATIENCE)
    assert codes == [12017 if how == "open_url" else 6]


def test_names_are_looked_up_anew_and_settings_stay(server: ScriptedServer) -> None:
    server.route("/", response(b""))
    told: list[int] = []

    class Watching(InternetSession):
        def on_status_callback(self, context: int, status: InternetStatus, info: object) -> None:
            del context, info
            told.append(status)

    direct = AccessType.DIRECT
    with Watching("agent", access_type=direct, resolve={"a.example": "127.0.0.1"}) as session:
        session.enable_status_callback()
        session.set_option(InternetOption.USER_AGENT, "other")
        url = f"http://a.example:{server.port}/"
        session.open_url(url).close()
        told.clear()
        session.set_option(InternetOption.SETTINGS_CHANGED)
        session.open_url(url).close()
        assert told[:7] == [60, 10, 11, 20, 21, 30, 31]
    assert server.received[1].header("user-agent") == "other"


def test_a_closed_session_does_not_begin_anew(session: InternetSession) -> None:
    session.close()
    with pytest.raises(HandleClosed):
        session.set_option(InternetOption.SETTINGS_CHANGED)
