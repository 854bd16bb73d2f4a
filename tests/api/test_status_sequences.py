"""Whole lists of statuses, payloads and contexts included, against the table of the docs."""

from __future__ import annotations

import base64
import importlib.util
import re
import socket
import threading
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from pyinet import AccessType, InternetException, InternetFlag, InternetOption, InternetSession, InternetStatus, Request
from servers.scripted import PATIENCE, ScriptedConn, ScriptedServer, response, tunnel_to

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyinet import HttpFile

    Told = tuple[int, InternetStatus | str, object]
    """Context, status or `RETURN`, information."""

    from servers.nginx import Nginx
    from servers.squid import Squid
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
        self.told: list[Told] = []
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
        self.asked: dict[str, Any] = {}
        self.times = 1  # a request is sent
        self.pieces: tuple[bytes, ...] = ()  # that its body is written in

    def server(self, **given: Any) -> ScriptedServer:  # noqa: ANN401 - as ScriptedServer has them
        return self.stack.enter_context(ScriptedServer(**given))

    def session(self, **given: Any) -> Watching:  # noqa: ANN401 - as Watching has them
        session = Watching(ca=str(self.ca.pem), **given)
        self.stack.callback(session.close)
        return session


Step = Callable[[ScriptedConn], object]


def asks(conn: ScriptedConn) -> None:
    conn.recv_request()


def waits(conn: ScriptedConn) -> None:
    conn.wait_closed()


def resets(conn: ScriptedConn) -> None:
    conn.reset()


def connection(*steps: Step | bytes) -> Callable[[ScriptedConn], None]:
    """One connection that does so step by step, sends what is bytes, and then closes."""

    def script(conn: ScriptedConn) -> None:
        for step in steps:
            if isinstance(step, bytes):
                conn.send(step)
            else:
                step(conn)

    return script


def changed(prepare: Callable[[Stage], Watching], **what: Any) -> Callable[[Stage], Watching]:  # noqa: ANN401
    """As *prepare*, on a stage with some attributes changed."""

    def prepare_and_change(stage: Stage) -> Watching:
        session = prepare(stage)
        for name, value in what.items():
            setattr(stage, name, value)
        return session

    return prepare_and_change


def played(*scripts: Callable[[ScriptedConn], None]) -> Callable[[Stage], Watching]:
    def prepare(stage: Stage) -> Watching:
        server = stage.server()
        server.play(*scripts)
        stage.url = server.url("/")
        return stage.session()

    return prepare


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


def noticed(stage: Stage) -> Watching:
    """The server has closed before the second request."""
    closed = threading.Event()
    first = connection(asks, response(b"x"), ScriptedConn.close, lambda _: closed.set())
    session = second(played(first, connection(asks, response(b"y"), waits)))(stage)
    assert closed.wait(PATIENCE)
    return session


def six(stage: Stage) -> Watching:
    listener = stage.stack.enter_context(socket.create_server(("::1", 0), family=socket.AF_INET6))
    listener.settimeout(PATIENCE)

    def serve() -> None:
        sock, _ = listener.accept()
        with sock:
            sock.settimeout(PATIENCE)
            while not sock.recv(65_536).endswith(b"\r\n\r\n"):
                pass
            sock.sendall(response(b"x"))
            sock.recv(1)

    thread = threading.Thread(target=serve)
    thread.start()
    stage.stack.callback(thread.join)
    stage.url = f"http://[::1]:{listener.getsockname()[1]}/"
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


def to_another_name(stage: Stage) -> Watching:
    other = stage.server()
    other.route("/", response(b"x"))
    redirected(f"http://other.test:{other.port}/")(stage)
    return stage.session(resolve={"other.test": "127.0.0.1"})


def to_https(stage: Stage) -> Watching:
    other = stage.server(tls=stage.ca.context())
    other.route("/", response(b"x"))
    return redirected(other.url("/"))(stage)


def from_https(stage: Stage) -> Watching:
    server = stage.server(tls=stage.ca.context())
    server.route("/", response(b"", "Location: http://127.0.0.1:1/", status="302 Found"))
    stage.url = server.url("/")
    return stage.session()


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


def through(port: int, stage: Stage, host: str = "127.0.0.1") -> Watching:
    return stage.session(access_type=AccessType.PROXY, proxy_name=f"{host}:{port}", proxy_bypass="<-loopback>")


def through_proxy(stage: Stage) -> Watching:
    proxy = stage.server()
    proxy.reply(response(b"x"))
    stage.url = "http://origin.test/"
    return through(proxy.port, stage, "localhost")


def tunnelled(target: Callable[[Stage], ScriptedServer]) -> Callable[[Stage], Watching]:
    def prepare(stage: Stage) -> Watching:
        server = target(stage)
        server.route("/", response(b"x"))
        proxy = stage.server()
        proxy.play(tunnel_to(server))
        stage.url = server.url("/")
        return through(proxy.port, stage)

    return prepare


def by_proxy(url: str, *steps: Step | bytes, host: str = "127.0.0.1") -> Callable[[Stage], Watching]:
    def prepare(stage: Stage) -> Watching:
        proxy = stage.server()
        proxy.play(connection(*steps))
        stage.url = url
        return through(proxy.port, stage, host)

    return prepare


def no_proxy(stage: Stage) -> Watching:
    stage.url = "http://origin.test/"
    return through(stage.free_port, stage)


def unknown_proxy(stage: Stage) -> Watching:
    stage.url = "http://origin.test/"
    return through(80, stage, "no-such-host.invalid")


def unread(stage: Stage) -> Watching:
    stage.reads = False
    return played(connection(asks, b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf", waits))(stage)


def impatient(stage: Stage) -> Watching:
    session = played(connection(asks, waits))(stage)
    session.set_option(InternetOption.RECEIVE_TIMEOUT, 100)
    return session


def with_credentials(prepare: Callable[[Stage], Watching]) -> Callable[[Stage], Watching]:
    def change(stage: Stage) -> Watching:
        session = prepare(stage)
        stage.url = stage.url.replace("://", "://u:p@")
        return session

    return change


def asked(prepare: Callable[[Stage], Watching], method: str, body: bytes | None = None) -> Callable[[Stage], Watching]:
    """A row of another method."""

    def change(stage: Stage) -> Watching:
        stage.asked = {"method": method, "body": body}
        return prepare(stage)

    return change


def no_tls(stage: Stage) -> Watching:
    session = played(connection(b"HTTP/1.1 400 Bad Request\r\n\r\n"))(stage)
    stage.url = stage.url.replace("http:", "https:")
    return session


def right_credentials(conn: ScriptedConn) -> None:
    request = conn.recv_request()
    assert request is not None
    given = request.header("authorization") or request.header("proxy-authorization")
    assert given == "Basic " + base64.b64encode(b"u:p").decode()


def nobody(stage: Stage) -> Watching:
    stage.url = f"http://127.0.0.1:{stage.free_port}/"
    return stage.session()


def unknown(stage: Stage) -> Watching:
    stage.url = "http://no-such-host.invalid/"
    return stage.session()


EARLY_HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
WHO = response(b"no", 'WWW-Authenticate: Basic realm="x"', status="401 Unauthorized")
WHO_FIRST = response(b"no", 'WWW-Authenticate: Basic realm="x"', "Connection: close", status="401 Unauthorized")
WHO_TO_PROXY = response(b"no", 'Proxy-Authenticate: Basic realm="x"', status="407 Proxy Authentication Required")
DIES = (connection(asks, response(b"x"), asks), connection(asks, response(b"y"), waits))
HALF = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"
SITUATIONS: dict[str, Callable[[Stage], Watching]] = {
    "fresh": fresh,
    "address": answered(response(b"x")),
    "kept-alive": second(answered(response(b"x"), response(b"y"))),
    "known-name": second(closes),
    "dead-kept-alive": second(played(*DIES)),
    "dead-noticed": noticed,
    "address-6": six,
    "redirect-same-host": redirected("/there"),
    "redirect-closed": redirected("/there", "Connection: close"),
    "redirect-other-host": to_another_server,
    "redirect-other-name": to_another_name,
    "redirect-to-https": to_https,
    "redirect-from-https": from_https,
    "redirects-without-end": redirected("/"),
    "redirect-without-host": redirected("http:///nohost"),
    "redirect-other-scheme": redirected("mailto:a@b"),
    "no-redirect": stays,
    "https": secure,
    "refused-certificate": untrusted,
    "proxy": through_proxy,
    "tunnel": tunnelled(lambda stage: stage.server(tls=stage.ca.context())),
    "proxy-credentials": by_proxy(
        "http://origin.test/", asks, WHO_TO_PROXY, right_credentials, response(b"x"), waits, host="http://u:p@127.0.0.1"
    ),
    "tunnel-refused": by_proxy("https://origin.test/", asks, response(b"no", status="403 Forbidden"), waits),
    "tunnel-untrusted": tunnelled(lambda stage: stage.server(tls=stage.ca.self_signed())),
    "proxy-unreachable": no_proxy,
    "proxy-unresolvable": unknown_proxy,
    "no-content": answered(b"HTTP/1.1 204 No Content\r\n\r\n"),
    "no-content-closed": answered(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"),
    "not-modified": answered(b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n"),
    "empty": answered(response()),
    "empty-closed": answered(response(b"", "Connection: close")),
    "chunked": answered(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"),
    "close-delimited": answered(b"HTTP/1.1 200 OK\r\n\r\nhello"),
    "close-announced": answered(response(b"hello", "Connection: close")),
    "closed-unread": unread,
    "interim": answered(EARLY_HINTS + response(b"x")),
    "credentials": with_credentials(played(connection(asks, WHO, right_credentials, response(b"x"), waits))),
    "credentials-closed": with_credentials(
        played(connection(asks, WHO_FIRST), connection(right_credentials, response(b"x"), waits))
    ),
    "refused": nobody,
    "unresolvable": unknown,
    "cut-headers": played(connection(asks, b"HTTP/1.1 200 OK\r\nContent-Le")),
    "no-answer": played(connection(asks)),
    "interim-alone": played(connection(asks, EARLY_HINTS)),
    "reset": played(connection(asks, resets)),
    "silence": impatient,
    "cut-body": played(connection(asks, HALF)),
    "no-tls": no_tls,
    "row": answered(response(b"x")),
    "row-name": fresh,
    "row-kept-alive": second(answered(response(b"x"), response(b"y"))),
    "row-closed": answered(response(b"x", "Connection: close")),
    "row-head": asked(played(connection(asks, b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", waits)), "HEAD"),
    "row-upload": asked(answered(response(b"x")), "POST", b"data"),
    "row-upload-dead": asked(second(played(*DIES)), "POST", b"data"),
    "row-https": secure,
    "row-redirect": redirected("/there"),
    "row-redirect-other-host": to_another_server,
    "row-cut-body": played(connection(asks, HALF)),
    "row-refused": nobody,
    "request": answered(response(b"x")),
    "request-twice": changed(answered(response(b"x"), response(b"y")), times=2),
    "request-body": asked(answered(response(b"x")), "POST", b"data"),
    "request-pieces": changed(asked(answered(response(b"x")), "POST"), pieces=(b"one", b"two")),
    "request-unread": changed(unread, reads=False),
    "request-credentials": with_credentials(played(connection(asks, WHO, right_credentials, response(b"x"), waits))),
    "request-refused": nobody,
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
        try:
            while stage.reads and file.read(2):
                pass
        except InternetException as error:
            return error.code
    return 0


def fetch_row(session: Watching, stage: Stage) -> int:
    with session.fetch([Request(stage.url, context=CONTEXT, **stage.asked)]) as rows:
        (result,) = rows
    return result.error.code if result.error else 0


def request_and_close(session: Watching, stage: Stage) -> int:
    parts = urlsplit(stage.url)
    with (
        session.get_http_connection(str(parts.hostname), parts.port or 0, parts.username, parts.password) as connection,
        connection.open_request(stage.asked.get("method", "GET"), parts.path, context=CONTEXT) as request,
    ):
        try:
            for _ in range(stage.times):
                send(request, stage)
        except InternetException as error:
            return error.code
        session.told.append((CONTEXT, RETURN, None))
        if stage.reads:
            request.read()
    return 0


def send(request: HttpFile, stage: Stage) -> None:
    if not stage.pieces:
        request.send_request(data=stage.asked.get("body"))
        return
    with request.send_request_ex(sum(map(len, stage.pieces))) as upload:
        for piece in stage.pieces:
            upload.write(piece)


FACES = {"open_url": open_and_close, "fetch": fetch_row, "request": request_and_close}


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


def of_one_address(told: list[Told]) -> list[Told]:
    """Leave out an address that was refused before the next one: libcurl 8 asks ::1 first for "localhost"."""
    following = [*told[1:], (CONTEXT, RETURN, None)]
    return [
        one for one, after in zip(told, following, strict=True) if not (one[1] == after[1] == 20 and one[2] != after[2])
    ]


def written(told: list[Told]) -> str:
    return " ".join(
        status if isinstance(status, str) else f"{int(status)}{letter(info, status)}"
        for _, status, info in of_one_address(told)
    )


def test_every_row_of_the_table_has_a_situation() -> None:
    assert [row.name for row in TABLE] == list(SITUATIONS)


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
def test_what_is_told_is_what_the_table_says(row: Any, stage: Stage) -> None:  # noqa: ANN401 - of the table
    session = SITUATIONS[row.name](stage)
    code = FACES[row.face](session, stage)
    assert written(session.told) == row.statuses
    assert code == row.error
    handles = {info for _, status, info in session.told if status in {60, 70}}
    assert len(handles) == {"open_url": 1, "fetch": 0, "request": 2}[row.face]
    if row.face == "request":  # the connection is told first, and last
        assert [session.told.pop(0)[0], session.told.pop()[0]] == [1, 1]
    assert {context for context, _, _ in session.told} == {CONTEXT}


STATUSES = {row.name: row.statuses for row in TABLE}


def test_a_real_proxy_is_told_of_like_a_scripted_one(stage: Stage, squid: Squid) -> None:
    server = stage.server()
    server.route("/", response(b"x"))
    stage.url = server.url("/")
    session = through(squid.port, stage, "localhost")
    assert open_and_close(session, stage) == 0
    assert written(session.told) == STATUSES["proxy"]
    looked_up = [str(info) for _, status, info in session.told if status in {10, 11}]
    assert looked_up in (["localhost", "127.0.0.1"], ["localhost", "[::1]"])
    told = of_one_address(session.told)
    assert [info.sockaddr for _, status, info in told if status in {20, 21}] == [  # type: ignore[attr-defined]
        ("127.0.0.1", squid.port)
    ] * 2


def test_a_real_tunnel_is_told_of_like_a_scripted_one(stage: Stage, squid: Squid) -> None:
    server = stage.server(tls=stage.ca.context())
    server.route("/", response(b"x"))
    stage.url = server.url("/")
    session = through(squid.port, stage)
    assert open_and_close(session, stage) == 0
    assert written(session.told) == STATUSES["tunnel"]
    session.told.clear()
    assert open_and_close(session, stage) == 0
    assert written(session.told) == STATUSES["kept-alive"], "CONNECT once"


@pytest.mark.parametrize("first", [True, False], ids=["first", "second"])
def test_http_2_is_told_of_like_http_1(stage: Stage, nginx: Nginx, first: bool) -> None:
    (nginx.root / "told.txt").write_bytes(b"x")
    stage.url = nginx.tls_url("/told.txt")
    session = stage.session()
    if not first:
        assert session.fetch_one(stage.url).http_version == "2"
    assert fetch_row(session, stage) == 0
    assert written(session.told) == STATUSES["row" if first else "row-kept-alive"]


def test_statuses_of_the_second_row_begin_when_the_name_is_known(stage: Stage) -> None:
    session = closes(stage)
    assert fetch_row(session, stage) == 0
    first = written(session.told)
    session.told.clear()
    assert fetch_row(session, stage) == 0
    assert first == "10N 11A " + written(session.told)
    assert written(session.told) == STATUSES["row-closed"]


def test_an_address_of_ipv6_stands_in_brackets(stage: Stage) -> None:
    session = six(stage)
    assert open_and_close(session, stage) == 0
    port = int(stage.url.rpartition(":")[2].strip("/"))
    for _, status, info in session.told:
        if status in {20, 21}:
            assert (info, info.sockaddr) == ("[::1]", ("::1", port, 0, 0))  # type: ignore[attr-defined]


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
