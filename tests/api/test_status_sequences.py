"""Whole lists of statuses, payloads and contexts included, against the table of the docs."""

from __future__ import annotations

import base64
import importlib.util
import re
import socket
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pyinet import AccessType, InternetException, InternetFlag, InternetSession, InternetStatus, Request
from servers.scripted import ScriptedServer, response, tunnel_to

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from servers.scripted import ScriptedConn
    from servers.tls import CertificateAuthority

ROOT = Path(__file__).parents[2]
CONTEXT = 4711
RETURN = "|"


def _table() -> Any:  # noqa: ANN401 - a module
    spec = importlib.util.spec_from_file_location("status_sequences", ROOT / "docs/tables/status_sequences.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


TABLE = _table().SEQUENCES


class Watching(InternetSession):
    """Writes down what it is told."""

    def __init__(self, **given: Any) -> None:  # noqa: ANN401 - as InternetSession has them
        self.told: list[tuple[int, InternetStatus | str, object]] = []
        super().__init__("t", **{"access_type": AccessType.DIRECT, **given})
        self.enable_status_callback()

    def on_status_callback(self, context: int, status: InternetStatus, info: object) -> None:
        self.told.append((context, status, info))


class Stage:
    """What a situation needs: servers, a session, and what is to be opened."""

    def __init__(self, stack: ExitStack, ca: CertificateAuthority, free_port: int) -> None:
        self.stack, self.ca, self.free_port = stack, ca, free_port
        self.url = ""
        self.flags = InternetFlag(0)
        self.reads = True
        self.address = "127.0.0.1"

    def server(self, **given: Any) -> ScriptedServer:  # noqa: ANN401 - as ScriptedServer has them
        return self.stack.enter_context(ScriptedServer(**given))

    def session(self, **given: Any) -> Watching:  # noqa: ANN401 - as Watching has them
        session = Watching(ca=str(self.ca.pem), **given)
        self.stack.callback(session.close)
        return session


def fresh(stage: Stage) -> Watching:
    server = stage.server()
    server.route("/", response(b"x"))
    stage.url = f"http://localhost:{server.port}/"
    return stage.session(resolve={f"localhost:{server.port}": "127.0.0.1"})


def answered(*data: bytes) -> Callable[[Stage], Watching]:
    """One connection that answers so, one request after the other."""

    def prepare(stage: Stage) -> Watching:
        server = stage.server()
        for each in data:
            server.reply(each)
        stage.url = server.url("/")
        return stage.session()

    return prepare


def second(prepare: Callable[[Stage], Watching]) -> Callable[[Stage], Watching]:
    """The same URL was opened and read before."""

    def again(stage: Stage) -> Watching:
        session = prepare(stage)
        with session.open_url(stage.url) as file:
            file.read()
        session.told.clear()
        return session

    return again


def closes(stage: Stage) -> Watching:
    server = stage.server()
    server.route("/", response(b"x", "Connection: close"))
    stage.url = f"http://localhost:{server.port}/"
    return stage.session(resolve={"localhost": "127.0.0.1"})


def dies(stage: Stage) -> Watching:
    server = stage.server()

    def once(conn: ScriptedConn) -> None:
        conn.recv_request()
        conn.send(response(b"x"))
        conn.recv_request()  # and closes without an answer

    def whole(conn: ScriptedConn) -> None:
        conn.recv_request()
        conn.send(response(b"y"))
        conn.wait_closed()

    server.play(once, whole)
    stage.url = server.url("/")
    return stage.session()


def redirected(target: str, *fields: str) -> Callable[[Stage], Watching]:
    def prepare(stage: Stage) -> Watching:
        server = stage.server()
        server.route("/", response(b"", f"Location: {target}", *fields, status="302 Found"))
        server.route("/there", response(b"x"))
        stage.url = server.url("/")
        return stage.session()

    return prepare


def to_another_server(stage: Stage) -> Watching:
    other = stage.server()
    other.route("/", response(b"x"))
    return redirected(other.url("/"))(stage)


def stays(stage: Stage) -> Watching:
    stage.flags = InternetFlag.NO_AUTO_REDIRECT
    return redirected("/there")(stage)


def secure(stage: Stage) -> Watching:
    server = stage.server(tls=stage.ca.context())
    server.route("/", response(b"x"))
    stage.url = f"https://127.0.0.1:{server.port}/"
    return stage.session()


def untrusted(stage: Stage) -> Watching:
    server = stage.server(tls=stage.ca.self_signed())
    stage.url = f"https://127.0.0.1:{server.port}/"
    return stage.session()


def through_proxy(stage: Stage) -> Watching:
    proxy = stage.server()
    proxy.reply(response(b"x"))
    stage.url = "http://origin.test/"
    name = f"localhost:{proxy.port}"
    return stage.session(access_type=AccessType.PROXY, proxy_name=name, proxy_bypass="<-loopback>")


def through_tunnel(stage: Stage) -> Watching:
    target = stage.server(tls=stage.ca.context())
    target.route("/", response(b"x"))
    proxy = stage.server()
    proxy.play(tunnel_to(target))
    stage.url = f"https://127.0.0.1:{target.port}/"
    name = f"127.0.0.1:{proxy.port}"
    return stage.session(access_type=AccessType.PROXY, proxy_name=name, proxy_bypass="<-loopback>")


def unread(stage: Stage) -> Watching:
    server = stage.server()

    def half(conn: ScriptedConn) -> None:
        conn.recv_request()
        conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
        conn.wait_closed()

    server.play(half)
    stage.url = server.url("/")
    stage.reads = False
    return stage.session()


def challenged(stage: Stage) -> Watching:
    server = stage.server()

    def rounds(conn: ScriptedConn) -> None:
        conn.recv_request()
        conn.send(response(b"no", 'WWW-Authenticate: Basic realm="x"', status="401 Unauthorized"))
        again = conn.recv_request()
        assert again is not None
        assert again.header("authorization") == "Basic " + base64.b64encode(b"u:p").decode()
        conn.send(response(b"x"))
        conn.wait_closed()

    server.play(rounds)
    stage.url = server.url("/").replace("://", "://u:p@")
    return stage.session()


def nobody(stage: Stage) -> Watching:
    stage.url = f"http://127.0.0.1:{stage.free_port}/"
    return stage.session()


def unknown(stage: Stage) -> Watching:
    stage.url = "http://no-such-host.invalid/"
    return stage.session()


def cut(stage: Stage) -> Watching:
    server = stage.server()

    def some_headers(conn: ScriptedConn) -> None:
        conn.recv_request()
        conn.send(b"HTTP/1.1 200 OK\r\nContent-Le")

    server.play(some_headers)
    stage.url = server.url("/")
    return stage.session()


EARLY_HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
SITUATIONS: dict[str, Callable[[Stage], Watching]] = {
    "fresh": fresh,
    "address": answered(response(b"x")),
    "kept-alive": second(answered(response(b"x"), response(b"y"))),
    "known-name": second(closes),
    "dead-kept-alive": second(dies),
    "redirect-same-host": redirected("/there"),
    "redirect-closed": redirected("/there", "Connection: close"),
    "redirect-other-host": to_another_server,
    "redirect-without-host": redirected("http:///nohost"),
    "redirect-other-scheme": redirected("mailto:a@b"),
    "no-redirect": stays,
    "https": secure,
    "refused-certificate": untrusted,
    "proxy": through_proxy,
    "tunnel": through_tunnel,
    "no-content": answered(b"HTTP/1.1 204 No Content\r\n\r\n"),
    "no-content-closed": answered(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"),
    "close-delimited": answered(b"HTTP/1.1 200 OK\r\n\r\nhello"),
    "close-announced": answered(response(b"hello", "Connection: close")),
    "closed-unread": unread,
    "interim": answered(EARLY_HINTS + response(b"x")),
    "credentials": challenged,
    "refused": nobody,
    "unresolvable": unknown,
    "cut-headers": cut,
    "row": answered(response(b"x")),
    "row-redirect": redirected("/there"),
    "row-refused": nobody,
}


@pytest.fixture
def stage(ca: CertificateAuthority) -> Iterator[Stage]:
    with ExitStack() as stack, socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))  # and does not listen
        yield Stage(stack, ca, bound.getsockname()[1])


def open_and_close(session: Watching, stage: Stage) -> int:
    try:
        file = session.open_url(stage.url, CONTEXT, stage.flags)
    except InternetException as error:
        return error.code
    session.told.append((CONTEXT, RETURN, None))
    with file:
        if stage.reads:
            while file.read(2):
                pass
    return 0


def fetch_row(session: Watching, stage: Stage) -> int:
    with session.fetch([Request(stage.url, context=CONTEXT)]) as rows:
        (result,) = rows
    return result.error.code if result.error else 0


def letter(info: object, status: InternetStatus) -> str:
    """What the table writes beside a status."""
    if info is None:
        return ""
    if status in {InternetStatus.HANDLE_CREATED, InternetStatus.HANDLE_CLOSING}:
        return "H"
    if isinstance(info, int):
        return "S" if status == InternetStatus.INTERMEDIATE_RESPONSE else "B"
    text = str(info)
    if text.startswith("http"):
        return "U"
    return "A" if re.fullmatch(r"[\d.]+|\[[\da-f:]+\]", text) else "N"


def written(told: list[tuple[int, InternetStatus | str, object]]) -> str:
    return " ".join(
        status if isinstance(status, str) else f"{int(status)}{letter(info, status)}" for _, status, info in told
    )


def test_every_row_of_the_table_has_a_situation() -> None:
    assert [row.name for row in TABLE] == list(SITUATIONS)


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
def test_what_is_told_is_what_the_table_says(row: Any, stage: Stage) -> None:  # noqa: ANN401 - of the table
    session = SITUATIONS[row.name](stage)
    code = (open_and_close if row.face == "open_url" else fetch_row)(session, stage)
    assert written(session.told) == row.statuses
    assert code == row.error
    assert {context for context, _, _ in session.told} == {CONTEXT}
    handles = {info for _, status, info in session.told if status in {60, 70}}
    assert len(handles) == (1 if row.face == "open_url" else 0)


def test_sizes_are_those_of_the_wire(stage: Stage) -> None:
    answer = response(b"hello", "X: y")
    server = stage.server()
    server.reply(answer)
    stage.url = server.url("/")
    session = stage.session()
    open_and_close(session, stage)
    told = {status: info for _, status, info in session.told}
    request = server.received[0]
    assert told[InternetStatus.REQUEST_SENT] == len(request.raw)
    assert told[InternetStatus.RESPONSE_RECEIVED] == answer.index(b"\r\n\r\n") + 4
