"""Passwords reach whom they are for: no text of ours, no other origin, nothing that callbacks are told."""

from __future__ import annotations

import base64
import copy
import logging
import socket
from functools import partial
from typing import TYPE_CHECKING

import pytest

from pyinet import (
    AccessType,
    CallerError,
    HttpFile,
    InternetException,
    InternetOption,
    InternetSession,
    InternetStatus,
    Request,
)
from servers.digest import DigestOrigin
from servers.faces import FACES
from servers.scripted import ScriptedServer, response

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from servers.faces import Face

PASSWORD = "hunter2hunter2"
TOKEN = base64.b64encode(f"anna:{PASSWORD}".encode()).decode()
BASIC = response(b"who?", 'WWW-Authenticate: Basic realm="r"', status="401 Unauthorized")
PROXY_BASIC = response(b"who?", 'Proxy-Authenticate: Basic realm="r"', status="407 Proxy Authentication Required")


class Told(InternetSession):
    """Keeps the text of all that it is told."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        self.told: list[str] = []
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # as in the class itself
        self.enable_status_callback()

    def on_status_callback(self, context: int, status: InternetStatus, info: object) -> None:
        self.told.append(f"{context} {status!r} {info!r} {info}")


@pytest.fixture(params=FACES, ids=str)
def face(request: pytest.FixtureRequest) -> Face:
    return FACES[request.param]


@pytest.fixture
def elsewhere() -> Iterator[ScriptedServer]:
    """Another origin: the same host, another port."""
    with ScriptedServer() as other:
        yield other


@pytest.fixture
def refused() -> Iterator[str]:
    """Host and port where nobody listens."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{unused.getsockname()[1]}"


def assert_secret(*shown: object) -> None:
    for thing in shown:
        for text in (str(thing), repr(thing)):
            assert PASSWORD not in text
            assert TOKEN not in text


@pytest.mark.parametrize("answers", [[BASIC, response(b"in")], [BASIC, BASIC]], ids=["let in", "kept out"])
def test_nothing_says_it_when_all_goes_well(
    server: ScriptedServer,
    face: Face,
    answers: list[bytes],
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    for answer in answers:
        server.reply(answer)
    with Told("t", access_type=AccessType.DIRECT) as session:
        shown = face(session, server.url("/a"), "anna", PASSWORD)
        assert_secret(session, *session.told, *shown, caplog.text, *capfd.readouterr())
    assert session.told or face is FACES["URL"]  # bare rows have no context
    assert server.received[1].header("authorization") == f"Basic {TOKEN}"


def test_nothing_says_it_when_it_fails(
    refused: str, face: Face, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    with Told("t", access_type=AccessType.DIRECT) as session:
        with pytest.raises(InternetException) as caught:
            face(session, f"http://{refused}/a", "anna", PASSWORD)
        error = caught.value
        assert_secret(error, error.__cause__, error.args, vars(error), *session.told, caplog.text, *capfd.readouterr())


def test_a_request_and_its_result_do_not_show_it(server: ScriptedServer, session: InternetSession) -> None:
    server.route("/a", response(b"in"))
    url = server.url("/a").replace("//", f"//anna:{PASSWORD}@")
    for request in (Request(url), Request(server.url("/a"), user="anna", password=PASSWORD)):
        assert_secret(request, session.fetch_one(request))
    with session.open_url(url) as file:
        assert isinstance(file, HttpFile)
        assert_secret(file, file.name, file.url)


@pytest.mark.parametrize(
    "url",
    [
        pytest.param(f"http://anna:{PASSWORD}@", id="no host"),
        pytest.param(f"http://anna:{PASSWORD}@h:99999/", id="bad port"),
        pytest.param(f"http://anna:{PASSWORD}@h h/", id="space in the host"),
        pytest.param(f"http://anna:{PASSWORD}@[::1/", id="bad bracket"),
        pytest.param(f"bogus://anna:{PASSWORD}@h/", id="bad scheme"),
        pytest.param(f"http://anna:{PASSWORD}@h/\0", id="NUL"),
        pytest.param(f"ftp://anna:{PASSWORD}@127.0.0.1/", id="ftp"),
    ],
)
def test_a_url_that_is_refused_is_told_without_it(session: InternetSession, face: Face, url: str) -> None:
    with pytest.raises(InternetException) as caught:
        face(session, url, None, None)
    assert_secret(caught.value, caught.value.__cause__, vars(caught.value))


@pytest.mark.parametrize(
    ("user", "password"),
    [
        pytest.param("anna\r\nX-Evil: 1", PASSWORD, id="CRLF in the name"),
        pytest.param("anna\n", PASSWORD, id="LF in the name"),
        pytest.param("anna", f"{PASSWORD}\r\nX-Evil: 1", id="CRLF"),
        pytest.param("anna", f"{PASSWORD}\0", id="NUL"),
        pytest.param("anna", f"{PASSWORD}\x7f", id="DEL"),
    ],
)
def test_control_characters_are_refused_and_nothing_is_sent(
    server: ScriptedServer, session: InternetSession, face: Face, user: str, password: str
) -> None:
    with pytest.raises(InternetException) as caught:
        face(session, server.url("/a"), user, password)
    assert caught.value.code == 87
    assert_secret(caught.value)
    assert server.connections == 0


def test_a_redirect_to_a_name_with_a_line_break_is_refused(
    server: ScriptedServer, elsewhere: ScriptedServer, session: InternetSession, face: Face
) -> None:
    target = elsewhere.url("/b").replace("//", "//otto%0d%0aX-Evil:1@")
    server.reply(response(b"", f"Location: {target}", status="302 F"))
    with pytest.raises(InternetException) as caught:
        face(session, server.url("/a"), None, None)
    assert caught.value.code == 12005
    assert elsewhere.connections == 0


@pytest.mark.parametrize("statement", ["http://anna:{}@127.0.0.1:{}", "http=http://anna:{}@127.0.0.1:{} socks=h:1"])
def test_a_proxy_does_not_show_it(
    server: ScriptedServer, face: Face, statement: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server.reply(PROXY_BASIC)
    server.reply(response(b"in"))
    server.reply(PROXY_BASIC)
    server.reply(PROXY_BASIC)
    with Told("t", 1, AccessType.PROXY, statement.format(PASSWORD, server.port), "<-loopback>") as session:
        assert face(session, "http://origin.test/", None, None) == (200, b"in")
        assert face(session, "http://origin.test/", None, None) == (407, b"who?")
        assert_secret(session, *session.told, caplog.text)
    assert server.received[1].header("proxy-authorization") == f"Basic {TOKEN}"


@pytest.mark.parametrize(
    "name",
    [
        f"http://anna:{PASSWORD}@",
        f"http://anna:{PASSWORD}@h:x",
        f"bogus://anna:{PASSWORD}@h",
        f"nosuch=http://anna:{PASSWORD}@h",
        f"http://anna:{PASSWORD}/@h",
        f"anna:{PASSWORD}@h:1:2",
    ],
)
def test_a_proxy_that_is_malformed_is_told_without_it(name: str) -> None:
    with pytest.raises(InternetException) as caught:
        InternetSession("t", 1, AccessType.PROXY, name)
    assert caught.value.code == 87
    assert_secret(caught.value, caught.value.__cause__)


def test_a_variable_that_is_malformed_is_told_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", f"http://anna:{PASSWORD}@h:x")
    with pytest.raises(InternetException) as caught:
        InternetSession("t")
    assert_secret(caught.value, caught.value.__cause__)


# ---- and not to others ----


@pytest.mark.parametrize("status", ["301 M", "302 F", "303 S", "307 T", "308 P"])
def test_another_origin_is_told_nothing(
    server: ScriptedServer, elsewhere: ScriptedServer, session: InternetSession, face: Face, status: str
) -> None:
    server.reply(BASIC)
    server.reply(response(b"", f"Location: {elsewhere.url('/b')}", status=status))
    elsewhere.reply(BASIC)
    assert face(session, server.url("/a"), "anna", PASSWORD) == (401, b"who?")
    assert [got.header("authorization") for got in server.received] == [None, f"Basic {TOKEN}"]
    assert [got.header("authorization") for got in elsewhere.received] == [None]


def test_nor_is_the_first_when_it_leads_back(
    server: ScriptedServer, elsewhere: ScriptedServer, session: InternetSession, face: Face
) -> None:
    server.reply(response(b"", f"Location: {elsewhere.url('/b')}", status="302 F"))
    elsewhere.reply(response(b"", f"Location: {server.url('/c')}", status="302 F"))
    server.reply(BASIC)
    assert face(session, server.url("/a"), "anna", PASSWORD) == (401, b"who?")
    assert [got.header("authorization") for got in (*server.received, *elsewhere.received)] == [None] * 3


def test_who_a_redirect_names_is_who_asks_from_then_on(
    server: ScriptedServer, elsewhere: ScriptedServer, session: InternetSession, face: Face
) -> None:
    target = elsewhere.url("/b").replace("//", "//otto:other@")
    server.reply(response(b"", f"Location: {target}", status="302 F"))
    elsewhere.reply(BASIC)
    elsewhere.reply(response(b"in"))
    assert face(session, server.url("/a"), "anna", PASSWORD) == (200, b"in")
    expected = "Basic " + base64.b64encode(b"otto:other").decode()
    assert [got.header("authorization") for got in elsewhere.received] == [None, expected]


def test_a_kept_connection_keeps_nobody(server: ScriptedServer, session: InternetSession, face: Face) -> None:
    server.play(*[DigestOrigin({"anna": PASSWORD}).script] * 8)
    assert face(session, server.url("/a"), "anna", PASSWORD)[0] == 200
    assert face(session, server.url("/a"), None, None)[0] == 401
    assert server.received[-1].header("authorization") is None


def test_a_referer_names_nobody(server: ScriptedServer, session: InternetSession, face: Face) -> None:
    server.reply(BASIC)
    server.reply(response(b"", "Location: /b", status="302 F"))
    server.reply(BASIC)
    server.reply(response(b"in"))
    assert face(session, server.url("/a"), "anna", PASSWORD) == (200, b"in")
    for got in server.received:
        assert got.header("referer") is None
        assert b"anna" not in got.raw


def test_a_copy_of_a_session_still_has_its_proxy(server: ScriptedServer) -> None:
    server.reply(PROXY_BASIC)
    server.reply(response(b"in"))
    name = f"http://anna:{PASSWORD}@127.0.0.1:{server.port}"
    with InternetSession("t", 1, AccessType.PROXY, name, "<-loopback>") as session:
        copied = copy.deepcopy(session)
    with copied:
        assert_secret(copied)
        assert copied.fetch_one("http://origin.test/").body == b"in"


def test_half_a_surrogate_pair_is_refused_without_it(server: ScriptedServer, session: InternetSession) -> None:
    server.route("/", BASIC)
    for user, password in (("anna", f"{PASSWORD}\udc80"), (f"{PASSWORD}\udc80", "")):
        with pytest.raises(InternetException) as caught:
            session.get_http_connection("127.0.0.1", server.port, user, password)
        assert (caught.value.code, caught.value.__cause__, caught.value.__context__) == (87, None, None)
        assert PASSWORD not in repr(caught.value)
    assert server.connections == 0


UNSENDABLE = [
    f"{PASSWORD}\r\nX-Evil: 1",
    f"{PASSWORD}\n",
    f"\r{PASSWORD}",
    f"{PASSWORD}\0",
    f"{PASSWORD}\x7f",
    f"{PASSWORD}\ud800",
]


@pytest.mark.parametrize("text", UNSENDABLE, ids=["CRLF", "LF", "CR", "NUL", "DEL", "half a pair"])
def test_what_cannot_be_sent_is_refused_where_it_is_set(
    server: ScriptedServer, session: InternetSession, text: str
) -> None:
    server.route("/", response(b"ok"))
    connection = session.get_http_connection("127.0.0.1", server.port, "u", "p")
    file = connection.open_request()
    calls: list[Callable[[], object]] = [
        lambda: Request(server.url(), user=text),
        lambda: Request(server.url(), user="u", password=text),
        lambda: session.get_http_connection("127.0.0.1", server.port, text, "p"),
        lambda: session.get_http_connection("127.0.0.1", server.port, "u", text),
        lambda: file.set_credentials(text, "p"),
        lambda: file.set_credentials("u", text),
    ]
    options = (
        InternetOption.USERNAME, InternetOption.PASSWORD, InternetOption.PROXY_USERNAME, InternetOption.PROXY_PASSWORD,
    )  # fmt: skip
    calls += [partial(holder.set_option, option, text) for holder in (connection, file) for option in options]
    for call in calls:
        with pytest.raises(CallerError) as caught:
            call()
        assert caught.value.code == 87
        assert_secret(caught.value, caught.value.__cause__)
    assert file.send_request().read() == b"ok"  # with what was set before


@pytest.mark.parametrize(
    "userinfo", [f"u%0d%0aX:{PASSWORD}", f"u:{PASSWORD}%0A", f"u%7f:{PASSWORD}", f"u:{PASSWORD}%00"]
)
def test_a_proxy_whose_credentials_cannot_be_sent_is_refused_where_it_is_named(
    session: InternetSession, monkeypatch: pytest.MonkeyPatch, userinfo: str
) -> None:
    name = f"http://{userinfo}@127.0.0.1:1"
    monkeypatch.setenv("http_proxy", name)
    calls: list[Callable[[], object]] = [
        lambda: InternetSession("t", 1, AccessType.PROXY, name),
        lambda: InternetSession("t"),
        lambda: session.set_option(InternetOption.PROXY, (AccessType.PROXY, name)),
    ]
    for call in calls:
        with pytest.raises(CallerError) as caught:
            call()
        assert caught.value.code == 87
        assert_secret(caught.value, caught.value.__cause__)


def test_a_status_does_not_say_what_a_redirect_does(server: ScriptedServer) -> None:
    target = server.url("/to").replace("//", f"//anna:{PASSWORD}@")
    server.route("/from", response(b"", f"Location: {target}", status="302 Found"))
    server.route("/to", response(b"there"))
    with Told("agent", context=1, access_type=AccessType.DIRECT) as session:
        session.open_url(server.url("/from")).close()
        assert PASSWORD not in "".join(session.told)
        assert f"{server.url('/to')!r}" in "".join(session.told)


@pytest.mark.parametrize("challenge", ['Basic realm="r"', 'Digest realm="r", nonce="n"', "NTLM", "Negotiate"])
def test_an_empty_name_is_told_to_nobody(
    server: ScriptedServer, session: InternetSession, face: Face, challenge: str
) -> None:
    for _ in range(3):
        server.reply(response(b"who?", f"WWW-Authenticate: {challenge}", status="401 Unauthorized"))
    assert face(session, server.url("/a"), "", "") == (401, b"who?")  # and there is no ticket for this server
    assert {got.header("authorization") for got in server.received} == {None}
