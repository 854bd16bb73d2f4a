"""Negotiate with Kerberos tickets: Apache httpd asks, a realm made for this run vouches."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pyinet import AccessType, HttpFile, InternetFlag, InternetOption, InternetSession, Request
from pyinet._transfer.engine import library_versions
from servers.faces import FACES
from servers.httpd import Httpd, echo
from servers.kerberos import Kdc
from servers.scripted import response

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from servers.faces import Face
    from servers.scripted import ScriptedServer
    from servers.tls import CertificateAuthority

pytestmark = pytest.mark.skipif(
    "GSS-API" not in library_versions()["features"], reason="the libcurl at hand speaks no Kerberos (GSS-API)"
)

USER = "anna"


@pytest.fixture(scope="module")
def realm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kdc]:
    with Kdc(tmp_path_factory.mktemp("kdc"), USER) as kdc:
        yield kdc


@pytest.fixture(scope="module")
def httpd(tmp_path_factory: pytest.TempPathFactory, ca: CertificateAuthority, realm: Kdc) -> Iterator[Httpd]:
    folder, root = tmp_path_factory.mktemp("httpd"), tmp_path_factory.mktemp("www")
    (root / "in").mkdir()
    (root / "in" / "a.txt").write_text("members only")
    (root / "a.txt").write_text("for all")
    config = realm.negotiate("/in/") + echo("/in/echo")
    with Httpd(folder, root, config=config, pem=ca.server_pem, environ=realm.service_environ) as server:
        yield server


@pytest.fixture(params=FACES, ids=str)
def face(request: pytest.FixtureRequest) -> Face:
    return FACES[request.param]


@pytest.fixture
def as_user(realm: Kdc, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in realm.user_environ.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def as_stranger(realm: Kdc, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in realm.stranger_environ.items():
        monkeypatch.setenv(name, value)


def local(url: str) -> str:
    """The URL by the name that the service has in the realm."""
    return url.replace("127.0.0.1", "localhost")


def seen(httpd: Httpd, before: int, count: int) -> list[tuple[str, str, str]]:
    """Status, user and first word of Authorization of each request since the log had *before* lines."""
    lines = httpd.log_lines(before + count)[before:]
    assert len(lines) == count
    return [(line.split(" ")[4], line.split(" ")[5], line.split(" ")[6]) for line in lines]


@pytest.mark.usefixtures("as_user")
@pytest.mark.parametrize("secure", [False, True], ids=["http", "https"])
def test_a_ticket_lets_in(httpd: Httpd, session: InternetSession, face: Face, secure: bool) -> None:
    before = len(httpd.log_lines())
    url = local(httpd.tls_url("/in/a.txt") if secure else httpd.url("/in/a.txt"))
    # The name and the password are of no account: the ticket says who it is.
    assert face(session, url, "whoever", "whatever") == (200, b"members only")
    assert seen(httpd, before, 2) == [("401", "-", "-"), ("200", f"{USER}@PYINET.TEST", "Negotiate")]


@pytest.mark.usefixtures("as_user")
def test_nothing_is_sent_to_whom_did_not_ask(httpd: Httpd, session: InternetSession, face: Face) -> None:
    before = len(httpd.log_lines())
    assert face(session, local(httpd.url("/a.txt")), USER, "") == (200, b"for all")
    assert seen(httpd, before, 1) == [("200", "-", "-")]


@pytest.mark.usefixtures("as_user")
def test_no_ticket_is_shown_unless_a_name_is_given(httpd: Httpd, session: InternetSession, face: Face) -> None:
    before = len(httpd.log_lines())
    assert face(session, local(httpd.url("/in/a.txt")), None, None)[0] == 401
    assert seen(httpd, before, 1) == [("401", "-", "-")]


@pytest.mark.usefixtures("as_user")
def test_no_auth_shows_none(httpd: Httpd, session: InternetSession) -> None:
    request = Request(local(httpd.url("/in/a.txt")), user=USER, password="", flags=InternetFlag.NO_AUTH)
    assert session.fetch_one(request).status == 401


@pytest.mark.usefixtures("as_user")
def test_an_empty_name_is_the_current_user(httpd: Httpd, session: InternetSession, face: Face) -> None:
    before = len(httpd.log_lines())
    assert face(session, local(httpd.url("/in/a.txt")), "", "") == (200, b"members only")
    assert seen(httpd, before, 2) == [("401", "-", "-"), ("200", f"{USER}@PYINET.TEST", "Negotiate")]


@pytest.mark.usefixtures("as_user")
def test_a_file_of_the_current_user_is_sent_again_as_such(httpd: Httpd, session: InternetSession) -> None:
    with session.open_url(local(httpd.url("/in/a.txt")).replace("//", "//:@")) as file:
        assert isinstance(file, HttpFile)
        assert file.query_option(InternetOption.USERNAME) == ""
        assert file.send_request().status_code == 200


@pytest.mark.usefixtures("as_user")
def test_a_body_of_the_current_user_arrives_whole(httpd: Httpd, session: InternetSession) -> None:
    body = b"x" * 300_000
    result = session.fetch_one(Request(local(httpd.url("/in/echo")), "POST", body=body, user=""))
    assert (result.status, result.body == body) == (200, True)


@pytest.mark.usefixtures("as_stranger")
def test_a_current_user_without_a_ticket_gets_the_401(httpd: Httpd, session: InternetSession, face: Face) -> None:
    assert face(session, local(httpd.url("/in/a.txt")), "", "")[0] == 401


@pytest.mark.usefixtures("as_user")
def test_a_redirect_does_not_ask_for_the_current_user(
    httpd: Httpd, server: ScriptedServer, session: InternetSession, face: Face
) -> None:
    target = local(httpd.url("/in/a.txt")).replace("//", "//:@")
    server.reply(response(b"", f"Location: {target}", status="302 Found"))
    before = len(httpd.log_lines())
    assert face(session, server.url("/"), None, None)[0] == 401
    assert seen(httpd, before, 1) == [("401", "-", "-")]


@pytest.mark.usefixtures("as_user")
def test_a_connection_with_an_empty_name_is_for_nobody(httpd: Httpd, session: InternetSession) -> None:
    with (
        session.get_http_connection("localhost", httpd.port, "", "") as connection,
        connection.get("/in/a.txt") as file,
    ):
        assert file.status_code == 401


@pytest.mark.usefixtures("as_stranger")
def test_who_has_no_ticket_gets_the_401(httpd: Httpd, session: InternetSession, face: Face) -> None:
    status, body = face(session, local(httpd.url("/in/a.txt")), USER, "x")
    assert status == 401
    assert b"Unauthorized" in body


@pytest.mark.usefixtures("as_user")
def test_a_service_that_the_realm_does_not_know_gets_no_ticket(httpd: Httpd, session: InternetSession) -> None:
    before = len(httpd.log_lines())
    assert session.fetch_one(Request(httpd.url("/in/a.txt"), user=USER, password="")).status == 401  # by address
    lines = httpd.log_lines(before + 1)[before:]
    assert {line.split(" ")[6] for line in lines} == {"-"}  # some versions of libcurl ask again all the same


@pytest.mark.usefixtures("as_user")
@pytest.mark.parametrize("size", [1, 70_000, 2_000_000])
def test_a_body_arrives_whole(httpd: Httpd, session: InternetSession, size: int) -> None:
    body = b"x" * size
    request = Request(local(httpd.url("/in/echo")), "POST", body=body, user=USER, password="")
    result = session.fetch_one(request)
    assert (result.status, result.body == body) == (200, True)


@pytest.mark.usefixtures("as_user")
def test_the_connection_of_another_is_not_used(httpd: Httpd) -> None:
    url = local(httpd.url("/in/a.txt"))
    with InternetSession("t", access_type=AccessType.DIRECT) as session:
        rows = [Request(url, user=USER if n % 2 else None, password="", key=n) for n in range(40)]
        with session.fetch(rows, in_flight=4) as results:
            assert {result.key: result.status for result in results} == {n: 200 if n % 2 else 401 for n in range(40)}


@pytest.mark.usefixtures("as_user")
def test_no_ticket_follows_a_redirect_to_another_origin(
    httpd: Httpd, realm: Kdc, session: InternetSession, face: Face, tmp_path: Path
) -> None:
    config = realm.negotiate("/in/") + f"Redirect 307 /away/ {local(httpd.url('/'))}\n"
    before = len(httpd.log_lines())
    with Httpd(tmp_path, httpd.root, config=config, environ=realm.service_environ) as other:
        assert face(session, local(other.url("/away/in/a.txt")), USER, "")[0] == 401
    assert [authorization for *_, authorization in seen(httpd, before, 1)] == ["-"]
