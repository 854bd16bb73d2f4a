"""NTLM to an origin: three messages on one connection, which then is somebody's."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest

from pyinet import AccessType, InternetSession, Request
from pyinet._transfer.engine import library_versions
from servers.faces import FACES, by_request
from servers.ntlm import DOMAIN, ntlm_origin, write_accounts
from servers.scripted import ScriptedServer, response, tunnel_to

if TYPE_CHECKING:
    from pathlib import Path

    from servers.faces import Face
    from servers.tls import CertificateAuthority

pytestmark = pytest.mark.skipif(
    "NTLM" not in library_versions()["features"], reason="the libcurl at hand speaks no NTLM"
)

# No colon, for the file of accounts; ASCII, as libcurl makes UTF-16 of a password by widening its bytes.
USER, PASSWORD = "anna", "s e;c%r!t"


@pytest.fixture(autouse=True)
def _accounts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_accounts(tmp_path / "accounts", USER, PASSWORD)
    monkeypatch.setenv("NTLM_USER_FILE", str(tmp_path / "accounts"))


@pytest.fixture(params=FACES, ids=str)
def face(request: pytest.FixtureRequest) -> Face:
    return FACES[request.param]


def messages(server: ScriptedServer) -> list[int]:
    """Of each request the number of its NTLM message, 0 without one."""
    kinds = []
    for request in server.received:
        scheme, _, token = (request.header("authorization") or "").partition(" ")
        assert scheme in {"", "NTLM"}
        kinds.append(base64.b64decode(token)[8] if token else 0)
    return kinds


@pytest.mark.parametrize(
    "user", [pytest.param(rf"{DOMAIN}\{USER}", id="backslash"), pytest.param(f"{DOMAIN}/{USER}", id="slash")]
)
def test_a_user_of_the_domain_is_let_in(
    server: ScriptedServer, session: InternetSession, face: Face, user: str
) -> None:
    who: list[str] = []
    server.play(ntlm_origin(logged_in=who.append))
    server.play(ntlm_origin(logged_in=who.append))
    assert face(session, server.url("/a"), user, PASSWORD)[0] == 200
    assert who == [rf"{DOMAIN}\{USER}"]
    assert messages(server) == [0, 1, 3]
    assert server.connections == 1


@pytest.mark.parametrize(
    ("user", "password"),
    [
        pytest.param(rf"{DOMAIN}\{USER}", "wrong", id="wrong password"),
        pytest.param(rf"{DOMAIN}\nobody", PASSWORD, id="unknown user"),
        pytest.param(rf"OTHER\{USER}", PASSWORD, id="other domain"),
    ],
)
def test_who_is_not_let_in_gets_the_401(
    server: ScriptedServer, session: InternetSession, face: Face, user: str, password: str
) -> None:
    server.play(*[ntlm_origin()] * 2)
    assert face(session, server.url("/a"), user, password) == (401, b"who?")
    assert messages(server) == [0, 1, 3]


def test_nothing_is_said_without_a_name(server: ScriptedServer, session: InternetSession, face: Face) -> None:
    server.play(ntlm_origin())
    assert face(session, server.url("/a"), None, None) == (401, b"who?")
    assert messages(server) == [0]


def test_a_body_is_sent_with_the_last_message(server: ScriptedServer, session: InternetSession) -> None:
    server.play(*[ntlm_origin()] * 2)
    request = Request(server.url("/a"), "POST", body=b"body" * 1000, user=rf"{DOMAIN}\{USER}", password=PASSWORD)
    assert session.fetch_one(request).body == b"body" * 1000
    assert messages(server)[-2:] == [1, 3]
    assert [len(got.body) for got in server.received][-2:] == [0, 4000]


def test_the_connection_of_another_is_not_used(server: ScriptedServer, session: InternetSession) -> None:
    # The server takes whatever comes on a connection for whom proved to be there first.
    who: list[str] = []
    server.play(*[ntlm_origin(logged_in=who.append)] * 8)
    url = server.url("/a")
    assert by_request(session, url, rf"{DOMAIN}\{USER}", PASSWORD)[0] == 200
    assert by_request(session, url, None, None)[0] == 401
    assert by_request(session, url, rf"{DOMAIN}\{USER}", "wrong")[0] == 401
    assert by_request(session, url, rf"{DOMAIN}\{USER}", PASSWORD)[0] == 200


def test_many_at_once_each_on_a_connection_of_its_own(server: ScriptedServer, session: InternetSession) -> None:
    server.play(*[ntlm_origin()] * 64)
    rows = [
        Request(
            server.url(f"/{number}"),
            "POST",
            body=b"%d" % number,
            user=rf"{DOMAIN}\{USER}",
            password=PASSWORD if number % 4 else "wrong",
            key=number,
        )
        for number in range(24)
    ]
    with session.fetch(rows, in_flight=6) as results:
        got = {result.key: (result.status, result.body) for result in results}
    assert got == {number: (200, b"%d" % number) if number % 4 else (401, b"who?") for number in range(24)}


def test_https_and_a_tunnel_change_nothing(ca: CertificateAuthority) -> None:
    with ScriptedServer(tls=ca.context()) as origin, ScriptedServer() as proxy:
        origin.play(*[ntlm_origin()] * 2)
        proxy.play(*[tunnel_to(origin)] * 2)
        name = f"127.0.0.1:{proxy.port}"
        with InternetSession("t", 1, AccessType.PROXY, name, "<-loopback>", ca=str(ca.pem)) as session:
            assert by_request(session, origin.url("/a"), rf"{DOMAIN}\{USER}", PASSWORD)[0] == 200
        assert [got.header("authorization") for got in proxy.received] == [None]


def test_no_message_follows_a_redirect_to_another_origin(
    server: ScriptedServer, session: InternetSession, face: Face
) -> None:
    with ScriptedServer() as other:
        server.route("/a", response(b"", f"Location: {other.url('/b')}", status="307 Temporary Redirect"))
        other.play(ntlm_origin())
        assert face(session, server.url("/a"), rf"{DOMAIN}\{USER}", PASSWORD) == (401, b"who?")
        assert messages(other) == [0]


def test_it_goes_before_basic_which_would_tell_the_password(server: ScriptedServer, session: InternetSession) -> None:
    server.play(*[ntlm_origin(first=('WWW-Authenticate: Basic realm="r"',))] * 2)
    assert by_request(session, server.url("/a"), rf"{DOMAIN}\{USER}", PASSWORD)[0] == 200
    assert messages(server) == [0, 1, 3]
