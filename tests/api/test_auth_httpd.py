"""Name and password for Apache httpd: when they are sent, what is returned when they are wrong, what is kept alive."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, NamedTuple

import pytest

from pyinet import AccessType, InternetFlag, InternetSession, Request
from servers.faces import FACES
from servers.httpd import Httpd, basic, digest, echo

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from servers.faces import Face
    from servers.tls import CertificateAuthority

USERS = {"anna": "s e:c%r\u00e9t", "TESTS\\anna": "domain"}
SCHEMES = ["basic", "digest"]


@pytest.fixture(scope="module")
def httpd(tmp_path_factory: pytest.TempPathFactory, ca: CertificateAuthority) -> Iterator[Httpd]:
    folder, root = tmp_path_factory.mktemp("httpd"), tmp_path_factory.mktemp("www")
    for name in ("open", *SCHEMES):
        (root / name).mkdir()
        (root / name / "a.txt").write_text(f"{name} area")
    config = basic("/basic/") + digest("/digest/") + "".join(echo(f"/{name}/echo") for name in ("open", *SCHEMES))
    config += "Redirect 302 /to/ /\nRedirect 307 /again/ /\n"
    with Httpd(folder, root, config=config, users=USERS, pem=ca.server_pem) as server:
        yield server


class Line(NamedTuple):
    """A request in the log."""

    port: int
    nth: int
    method: str
    path: str
    status: int
    user: str
    authorization: str


class Log:
    """What the server was asked since the test began."""

    def __init__(self, server: Httpd) -> None:
        self._server = server
        self._before = len(server.log_lines())

    def lines(self, count: int) -> list[Line]:
        """The *count* requests there were."""
        found = []
        for text in self._server.log_lines(self._before + count)[self._before :]:
            port, nth, method, path, status, user, authorization = text.split(" ", 6)
            found.append(Line(int(port), int(nth), method, path, int(status), user, authorization))
        assert len(found) == count, found
        return found

    def statuses(self, count: int) -> list[int]:
        return [line.status for line in self.lines(count)]


@pytest.fixture
def log(httpd: Httpd) -> Log:
    return Log(httpd)


@pytest.fixture(params=FACES, ids=str)
def face(request: pytest.FixtureRequest) -> Face:
    return FACES[request.param]


# ---- right and wrong ----


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("secure", [False, True], ids=["http", "https"])
def test_they_are_sent_when_asked_for_and_on_the_same_connection(
    httpd: Httpd, log: Log, session: InternetSession, face: Face, scheme: str, secure: bool
) -> None:
    path = f"/{scheme}/a.txt"
    url = httpd.tls_url(path) if secure else httpd.url(path)
    assert face(session, url, "anna", USERS["anna"]) == (200, f"{scheme} area".encode())
    first, second = log.lines(2)
    assert (first.status, first.user, first.authorization) == (401, "-", "-")
    assert (second.status, second.user) == (200, "anna")
    assert second.authorization.lower().startswith(scheme)
    assert (second.port, second.nth) == (first.port, first.nth + 1)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(
    ("user", "password", "tries"),
    [
        pytest.param(None, None, 1, id="none given"),
        pytest.param("anna", "wrong", 2, id="wrong password"),
        pytest.param("anna", "", 2, id="empty password"),
        pytest.param("nobody", USERS["anna"], 2, id="unknown user"),
    ],
)
def test_who_is_not_let_in_gets_the_401(
    httpd: Httpd,
    log: Log,
    session: InternetSession,
    face: Face,
    scheme: str,
    user: str | None,
    password: str | None,
    tries: int,
) -> None:
    status, body = face(session, httpd.url(f"/{scheme}/a.txt"), user, password)
    assert status == 401
    assert b"Unauthorized" in body  # the answer of the server, whole
    assert log.statuses(tries) == [401] * tries  # no third time


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_domain_stands_before_the_name(
    httpd: Httpd, log: Log, session: InternetSession, face: Face, scheme: str
) -> None:
    # Basic and Digest know no domains: the name is sent as it is written.
    assert face(session, httpd.url(f"/{scheme}/a.txt"), "TESTS\\anna", "domain")[0] == 200
    assert log.lines(2)[1].status == 200


@pytest.mark.parametrize("secure", [False, True], ids=["http", "https"])
def test_nothing_is_sent_to_whom_did_not_ask(
    httpd: Httpd, log: Log, session: InternetSession, face: Face, secure: bool
) -> None:
    url = httpd.tls_url("/open/a.txt") if secure else httpd.url("/open/a.txt")
    assert face(session, url, "anna", USERS["anna"]) == (200, b"open area")
    assert log.lines(1)[0].authorization == "-"


@pytest.mark.parametrize("where", ["request", "session"])
def test_no_auth_leaves_the_401(httpd: Httpd, log: Log, where: str) -> None:
    flag = InternetFlag.NO_AUTH
    with InternetSession("t", access_type=AccessType.DIRECT, flags=flag if where == "session" else 0) as session:
        own = flag if where == "request" else 0
        url = httpd.url("/basic/a.txt")
        assert session.fetch_one(Request(url, user="anna", password=USERS["anna"], flags=own)).status == 401
    assert log.lines(1)[0].authorization == "-"


def test_a_header_of_the_caller_goes_as_it_is(httpd: Httpd, log: Log, session: InternetSession) -> None:
    token = base64.b64encode(f"anna:{USERS['anna']}".encode()).decode()
    result = session.fetch_one(Request(httpd.url("/basic/a.txt"), headers={"Authorization": f"Basic {token}"}))
    assert (result.status, result.body) == (200, b"basic area")
    assert log.lines(1)[0].user == "anna"


# ---- bodies ----


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("size", [0, 1, 70_000, 3_000_000], ids="{} bytes".format)
def test_a_body_is_sent_again_with_the_answer(httpd: Httpd, session: InternetSession, scheme: str, size: int) -> None:
    body = bytes(index % 251 for index in range(256)) * (size // 256) + b"x" * (size % 256)
    request = Request(httpd.url(f"/{scheme}/echo"), "POST", body=body, user="anna", password=USERS["anna"])
    result = session.fetch_one(request)
    assert (result.status, result.body == body) == (200, True)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_file_is_sent_again_from_its_start(
    httpd: Httpd, session: InternetSession, tmp_path: Path, scheme: str
) -> None:
    body = tmp_path / "body"
    body.write_bytes(bytes(range(256)) * 4000)
    request = Request(httpd.url(f"/{scheme}/echo"), "POST", body=body, user="anna", password=USERS["anna"])
    result = session.fetch_one(request)
    assert (result.status, result.body == body.read_bytes()) == (200, True)


def test_head_is_asked_twice(httpd: Httpd, log: Log, session: InternetSession) -> None:
    result = session.fetch_one(Request(httpd.url("/digest/a.txt"), "HEAD", user="anna", password=USERS["anna"]))
    assert (result.status, result.body) == (200, b"")
    assert [(line.method, line.status) for line in log.lines(2)] == [("HEAD", 401), ("HEAD", 200)]


# ---- more than one ----


@pytest.mark.parametrize("scheme", SCHEMES)
def test_each_row_is_who_it_says(httpd: Httpd, session: InternetSession, scheme: str) -> None:
    # On connections that are reused, nobody is let in because another was.
    url = httpd.url(f"/{scheme}/a.txt")
    requests = [
        Request(url, user="anna", password=USERS["anna"] if number % 3 else "wrong", key=number)
        if number % 2
        else Request(url, key=number)
        for number in range(60)
    ]
    with session.fetch(requests, in_flight=8) as rows:
        statuses = {result.key: result.status for result in rows}
    assert statuses == {number: 200 if number % 2 and number % 3 else 401 for number in range(60)}


@pytest.mark.parametrize("scheme", SCHEMES)
def test_they_are_given_again_after_a_redirect_on_the_origin(
    httpd: Httpd, log: Log, session: InternetSession, face: Face, scheme: str
) -> None:
    assert face(session, httpd.url(f"/to/{scheme}/a.txt"), "anna", USERS["anna"]) == (200, f"{scheme} area".encode())
    assert log.statuses(3) == [302, 401, 200]


@pytest.mark.parametrize("scheme", SCHEMES)
def test_another_scheme_is_another_origin(
    httpd: Httpd, session: InternetSession, face: Face, scheme: str, tmp_path: Path
) -> None:
    # From http to https of the same host, and between ports: the name and the password do not follow.
    config = f"Redirect 307 /away/ {httpd.tls_url('/')}\n"
    with Httpd(tmp_path, httpd.root, config=config + digest("/digest/") + basic("/basic/"), users=USERS) as other:
        log = Log(httpd)
        assert face(session, other.url(f"/away/{scheme}/a.txt"), "anna", USERS["anna"])[0] == 401
        assert [line.authorization for line in log.lines(1)] == ["-"]
