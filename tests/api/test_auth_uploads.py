"""Bodies larger than squid reads of what it refuses, with credentials for it or for the server behind it."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from pyinet import AccessType, InternetFlag, InternetOption, InternetSession, Request, TransferError
from pyinet._transfer.engine import library_versions
from servers.httpd import Httpd, basic, digest, echo
from servers.scripted import ScriptedServer, response
from servers.squid import Squid

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pyinet import HttpFile
    from servers.scripted import Script, ScriptedConn
    from servers.tls import CertificateAuthority

    Send = Callable[[HttpFile, bytes, Path], object]

USER, PASSWORD = "anna", "secret"
SIZES = [262_144, 2_000_000]
HAS_NTLM = "NTLM" in library_versions()["features"]
SCHEMES = [
    "basic",
    "digest",
    pytest.param("ntlm", marks=pytest.mark.skipif(not HAS_NTLM, reason="the libcurl at hand speaks no NTLM")),
]


@pytest.fixture(scope="module", params=SCHEMES)
def keeper(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Squid]:
    with Squid(tmp_path_factory.mktemp("squid"), users={USER: PASSWORD}, schemes=(request.param,)) as proxy:
        yield proxy


@pytest.fixture(scope="module")
def httpd(tmp_path_factory: pytest.TempPathFactory, ca: CertificateAuthority) -> Iterator[Httpd]:
    config = echo("/echo") + basic("/basic") + echo("/basic/echo") + digest("/digest") + echo("/digest/echo")
    folder, root = tmp_path_factory.mktemp("httpd"), tmp_path_factory.mktemp("www")
    with Httpd(folder, root, users={USER: PASSWORD}, config=config, pem=ca.server_pem) as server:
        yield server


@pytest.fixture(params=SIZES)
def body(request: pytest.FixtureRequest) -> bytes:
    size: int = request.param
    return bytes(range(256)) * (size // 256)


def through(proxy: Squid, ca: CertificateAuthority) -> InternetSession:
    name = f"http://{USER}:{quote(PASSWORD)}@127.0.0.1:{proxy.port}"
    session = InternetSession("t", 1, AccessType.PROXY, name, "<-loopback>", ca=str(ca.pem))
    session.set_option(InternetOption.SEND_TIMEOUT, 5_000)
    session.set_option(InternetOption.RECEIVE_TIMEOUT, 5_000)
    return session


def pieces(body: bytes) -> list[bytes]:
    return [body[at : at + 65_536] for at in range(0, len(body), 65_536)]


def from_memory(file: HttpFile, body: bytes, _path: Path) -> None:
    file.send_request(data=body)


def from_path(file: HttpFile, body: bytes, path: Path) -> None:
    path.write_bytes(body)
    file.send_request(data=path)


def from_open_file(file: HttpFile, body: bytes, path: Path) -> None:
    path.write_bytes(body)
    with path.open("rb") as opened:
        file.send_request(data=opened)


def written(file: HttpFile, body: bytes, _path: Path) -> None:
    with file.send_request_ex(len(body)) as upload:
        for piece in pieces(body):
            upload.write(piece)


def in_chunks(file: HttpFile, body: bytes, _path: Path) -> None:
    file.send_request(data=iter(pieces(body)))


WAYS = pytest.mark.parametrize("send", [from_memory, from_path, from_open_file, written, in_chunks])


@WAYS
@pytest.mark.parametrize("secure", [False, True], ids=["http", "https"])
def test_a_proxy_that_asks_who_it_is_gets_the_whole_body(
    keeper: Squid, httpd: Httpd, ca: CertificateAuthority, tmp_path: Path, send: Send, body: bytes, secure: bool
) -> None:
    port = httpd.tls_port if secure else httpd.port
    flags = InternetFlag.SECURE if secure else InternetFlag(0)
    with (
        through(keeper, ca) as session,
        session.get_http_connection("127.0.0.1", port, flags=flags) as connection,
        connection.open_request("POST", "/echo") as file,
    ):
        for _ in range(2):
            send(file, body, tmp_path / "body")
            assert (file.status_code, file.read() == body) == (200, True)


@pytest.mark.parametrize("from_file", [False, True], ids=["memory", "path"])
def test_rows_go_through_it_too(
    keeper: Squid, httpd: Httpd, ca: CertificateAuthority, tmp_path: Path, body: bytes, from_file: bool
) -> None:
    path = tmp_path / "body"
    path.write_bytes(body)
    rows = [Request(httpd.url("/echo"), "POST", body=path if from_file else body, key=n) for n in range(4)]
    with through(keeper, ca) as session, session.fetch(rows) as results:
        assert [(row.status, row.body == body) for row in results] == [(200, True)] * 4


@WAYS
@pytest.mark.parametrize("keeper", ["basic", "digest"], indirect=True)  # behind NTLM libcurl sends the rest, and loses
@pytest.mark.parametrize("scheme", ["basic", "digest"])
def test_a_server_behind_it_asks_as_well(
    keeper: Squid, httpd: Httpd, ca: CertificateAuthority, tmp_path: Path, send: Send, body: bytes, scheme: str
) -> None:
    with (
        through(keeper, ca) as session,
        session.get_http_connection("127.0.0.1", httpd.port, USER, PASSWORD) as connection,
        connection.open_request("POST", f"/{scheme}/echo") as file,
    ):
        send(file, body, tmp_path / "body")
        assert (file.status_code, file.read() == body) == (200, True)


@WAYS
def test_whom_it_does_not_know_gets_the_407(
    tmp_path: Path, httpd: Httpd, ca: CertificateAuthority, send: Send, body: bytes
) -> None:
    folder = tmp_path / "squid"
    folder.mkdir()
    with (
        Squid(folder, users={USER: "other"}) as stranger,
        through(stranger, ca) as session,
        session.get_http_connection("127.0.0.1", httpd.port) as connection,
        connection.open_request("POST", "/echo") as file,
    ):
        send(file, body, tmp_path / "body")
        assert file.status_code == 407


# ---- when it is asked for ----


def head_of(conn: ScriptedConn) -> bytes:
    head = b""
    while b"\r\n\r\n" not in head:
        data = conn.sock.recv(1)
        assert data
        head += data
    return head


def expects(server: ScriptedServer, session: InternetSession, request: Request) -> str | None:
    server.route("/", response(b"ok"))
    assert session.fetch_one(request).status == 200
    return server.received[-1].header("expect")


@pytest.mark.parametrize(
    ("size", "user", "headers", "expected"),
    [
        pytest.param(16_384, "u", {}, None, id="a short body may be sent twice"),
        pytest.param(16_385, "u", {}, "100-continue", id="a longer one not in vain"),
        pytest.param(70_000, None, {}, None, id="nobody"),
        pytest.param(70_000, "u", {"Expect": ""}, "", id="the program gave it empty"),
        pytest.param(70_000, None, {"expect": "100-continue"}, "100-continue", id="the program asked"),
    ],
)
def test_a_body_waits_where_a_challenge_may_come(
    server: ScriptedServer,
    session: InternetSession,
    size: int,
    user: str | None,
    headers: dict[str, str],
    expected: str | None,
) -> None:
    request = Request(server.url(), "POST", headers, b"x" * size, user=user, password=None if user is None else "p")
    assert expects(server, session, request) == expected


@pytest.mark.parametrize(
    ("userinfo", "option", "expected"),
    [("u:p@", None, "100-continue"), ("", "u", "100-continue"), ("", None, None)],
    ids=["in its URL", "by option", "none"],
)
def test_a_body_waits_for_a_proxy_that_is_given_credentials(
    server: ScriptedServer, userinfo: str, option: str | None, expected: str | None
) -> None:
    server.route("http://origin.test/", response(b"ok"))
    name = f"http://{userinfo}127.0.0.1:{server.port}"
    with (
        InternetSession("t", 1, AccessType.PROXY, name) as session,
        session.get_http_connection("origin.test") as connection,
    ):
        if option is not None:
            connection.set_option(InternetOption.PROXY_USERNAME, option)
        with connection.open_request("POST") as file:
            assert file.send_request(data=b"x" * 70_000).read() == b"ok"
        with connection.open_request("POST", flags=InternetFlag.NO_AUTH) as file:
            assert file.send_request(data=b"x" * 70_000).read() == b"ok"
    assert [got.header("expect") for got in server.received] == [expected, None]


def refuses_to_be_asked(*, closes: bool) -> Script:
    """Answers 417 to whatever expects something, and reads nothing of it."""

    def script(conn: ScriptedConn) -> None:
        assert b"Expect: 100-continue" in head_of(conn)
        conn.send(response(b"no", *(["Connection: close"] if closes else []), status="417 Expectation Failed"))
        if closes:
            conn.close()
            return
        while conn.recv_request():
            conn.send(response(b"thanks"))

    return script


@WAYS
@pytest.mark.parametrize("closes", [False, True], ids=["kept", "closed"])
def test_a_server_that_refuses_to_be_asked_gets_the_body(
    server: ScriptedServer, session: InternetSession, tmp_path: Path, send: Send, body: bytes, closes: bool
) -> None:
    server.play(refuses_to_be_asked(closes=closes))
    server.route("/", response(b"thanks"))
    with (
        session.get_http_connection("127.0.0.1", server.port, "u", "p") as connection,
        connection.open_request("POST") as file,
    ):
        send(file, body, tmp_path / "body")
        assert (file.status_code, file.read()) == (200, b"thanks")
    assert [(got.header("expect"), got.body == body) for got in server.received] == [(None, True)]


@pytest.mark.parametrize("size", [20_000, 300_000])
def test_a_row_to_a_server_that_refuses_to_be_asked(
    server: ScriptedServer, session: InternetSession, size: int
) -> None:
    server.play(refuses_to_be_asked(closes=True))
    server.route("/", response(b"thanks"))
    result = session.fetch_one(Request(server.url(), "POST", body=b"x" * size, user="u", password="p"))
    assert (result.status, result.body) == (200, b"thanks")
    assert [(got.header("expect"), len(got.body)) for got in server.received] == [(None, size)]


def test_a_417_to_who_expects_nothing_is_the_answer(server: ScriptedServer, session: InternetSession) -> None:
    server.play(refuses_to_be_asked(closes=True))
    server.route("/", response(b"never", status="417 Expectation Failed"))
    result = session.fetch_one(Request(server.url(), "POST", body=b"x" * 300_000, user="u", password="p"))
    assert (result.status, result.body) == (417, b"never")
    assert len(server.received) == 1


# ---- what cannot be sent again ----


def challenges_late(scheme: str) -> Script:
    """Asks for the body, reads some of it, and then wants to know who sends it."""

    def script(conn: ScriptedConn) -> None:
        head_of(conn)
        conn.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        assert conn.sock.recv(1000, socket.MSG_WAITALL)
        conn.send(response(b"who?", f"WWW-Authenticate: {scheme}", status="401 Who"))
        conn.wait_closed()

    return script


@pytest.mark.parametrize("scheme", ['Basic realm="r"', pytest.param("NTLM", marks=SCHEMES[2].marks)])  # type: ignore[attr-defined]
@pytest.mark.parametrize("length", [2_000_000, None], ids=["announced", "chunks"])
def test_a_late_challenge_says_what_to_do(
    server: ScriptedServer, session: InternetSession, scheme: str, length: int | None
) -> None:
    server.play(challenges_late(scheme))
    session.set_option(InternetOption.RECEIVE_TIMEOUT, 10_000)
    with (
        session.get_http_connection("127.0.0.1", server.port, "u", "p") as connection,
        connection.open_request("POST") as file,
    ):
        with file.send_request_ex(length) as upload:
            for _ in range(20):
                upload.write(b"x" * 100_000)
        assert file.status_code == 401  # what it says is dropped: libcurl was about to answer it
        with pytest.raises(TransferError, match="give bytes, a path or an open file") as caught:
            file.read()
        assert caught.value.code == 12032


@pytest.mark.parametrize("by_iterable", [False, True], ids=["written", "iterable"])
def test_chunks_to_a_server_that_speaks_http_1_0(
    server: ScriptedServer, session: InternetSession, by_iterable: bool
) -> None:
    def old(conn: ScriptedConn) -> None:
        while conn.recv_request():
            conn.send(b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok")

    server.play(old)
    with session.get_http_connection("127.0.0.1", server.port) as connection:
        assert connection.get("/").read() == b"ok"
        with connection.open_request("POST") as file:

            def send() -> None:
                if by_iterable:
                    file.send_request(data=iter([b"a"]))
                    return
                with file.send_request_ex(None) as upload:
                    upload.write(b"a")

            with pytest.raises(
                TransferError, match=r"HTTP/1\.0 takes no body of unknown length.*announce the length"
            ) as no:
                send()
            assert no.value.code == 12003
            assert file.send_request(data=b"a").read() == b"ok"
