"""Digest as RFC 7616 has it, in the variants that Apache httpd cannot ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pyinet import ProtocolError, Request
from servers.digest import DigestOrigin
from servers.faces import FACES

if TYPE_CHECKING:
    from pyinet import InternetSession
    from servers.faces import Face
    from servers.scripted import ScriptedServer

USERS = {"anna": "s e:c%r\u00e9t", 'an"na\\': "quoted"}


@pytest.fixture(params=FACES, ids=str)
def face(request: pytest.FixtureRequest) -> Face:
    return FACES[request.param]


def answers(server: ScriptedServer) -> list[str]:
    """Authorization of each request, or "-"."""
    return [request.header("authorization") or "-" for request in server.received]


VARIANTS = [
    *(
        (algorithm, qop)
        for algorithm in ("MD5", "SHA-256")
        for qop in (None, "auth", "auth,auth-int", "auth-int, auth")
    ),
    *((name, "auth") for name in ("MD5-sess", "SHA-256-sess")),
]


@pytest.mark.parametrize(("algorithm", "qop"), VARIANTS)
def test_each_variant_lets_in_and_keeps_out(
    server: ScriptedServer, session: InternetSession, face: Face, algorithm: str, qop: str | None
) -> None:
    origin = DigestOrigin(USERS, algorithm=algorithm, qop=qop)
    server.play(*[origin.script] * 4)
    url = server.url("/a?b=c,d")
    assert face(session, url, "anna", USERS["anna"])[0] == 200
    assert face(session, url, "anna", "wrong") == (401, b"who?")
    given = answers(server)
    assert given[0] == "-"
    assert ("qop=auth," in given[1]) == bool(qop)


@pytest.mark.parametrize(
    ("method", "body", "status"),
    [
        pytest.param("GET", None, 200, id="no body"),
        pytest.param("POST", b"body", 401, id="body"),  # libcurl hashes an empty body whatever is sent
    ],
)
def test_integrity_alone_is_for_requests_without_a_body(
    server: ScriptedServer, session: InternetSession, method: str, body: bytes | None, status: int
) -> None:
    server.play(DigestOrigin(USERS, qop="auth-int").script)
    request = Request(server.url("/"), method, body=body, user="anna", password=USERS["anna"])
    assert session.fetch_one(request).status == status


@pytest.mark.parametrize("user", USERS)
def test_names_and_passwords_are_quoted(
    server: ScriptedServer, session: InternetSession, face: Face, user: str
) -> None:
    server.play(DigestOrigin(USERS).script)
    assert face(session, server.url("/"), user, USERS[user])[0] == 200


def test_a_body_goes_with_the_answer(server: ScriptedServer, session: InternetSession) -> None:
    server.play(DigestOrigin(USERS).script)
    result = session.fetch_one(Request(server.url("/"), "POST", body=b"body", user="anna", password=USERS["anna"]))
    assert (result.status, result.body, result.headers["x-method"]) == (200, b"body", "POST")
    assert [request.body for request in server.received] == [b"body", b"body"]


@pytest.mark.parametrize("times", [1, 3])
def test_a_stale_nonce_is_replaced_without_a_word(server: ScriptedServer, session: InternetSession, times: int) -> None:
    server.play(DigestOrigin(USERS, stale=times).script)
    request = Request(server.url("/"), "POST", body=b"body", user="anna", password=USERS["anna"])
    result = session.fetch_one(request)
    assert (result.status, result.body) == (200, b"body")
    assert [given.partition(" ")[0] for given in answers(server)] == ["-", *["Digest"] * (times + 1)]


def test_nonces_that_are_always_stale_are_not_answered_for_ever(
    server: ScriptedServer, session: InternetSession, face: Face
) -> None:
    server.play(*[DigestOrigin(USERS, stale=1_000_000).script] * 2)
    with pytest.raises(ProtocolError) as caught:
        face(session, server.url("/"), "anna", USERS["anna"])
    assert caught.value.code == 12152
    assert len(server.received) < 20


WEAKER = ['Basic realm="b"', "Bearer", 'Unknown x="y", z=1']


@pytest.mark.parametrize("first", WEAKER, ids=["basic", "bearer", "unknown"])
def test_it_goes_before_what_is_weaker_or_unknown(
    server: ScriptedServer, session: InternetSession, face: Face, first: str
) -> None:
    server.play(DigestOrigin(USERS, first=(f"WWW-Authenticate: {first}",)).script)
    assert face(session, server.url("/"), "anna", USERS["anna"])[0] == 200
    assert [given.split(" ")[0] for given in answers(server)] == ["-", "Digest"]


def test_an_answer_is_of_no_use_to_another_path(server: ScriptedServer, session: InternetSession) -> None:
    server.play(*[DigestOrigin(USERS).script] * 4)
    for path in ("/a", "/b"):
        assert session.fetch_one(Request(server.url(path), user="anna", password=USERS["anna"])).status == 200
    given = [text for text in answers(server) if text != "-"]
    assert len({text.partition("response=")[2][:40] for text in given}) == len(given) == 2
