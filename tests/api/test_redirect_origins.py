"""Redirects from origin to origin: what must not follow, and what may not be followed."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from pyinet import InternetFlag, InternetSession, Request, TransferError
from servers.scripted import ScriptedServer, response

if TYPE_CHECKING:
    from collections.abc import Iterator

    from servers.scripted import ScriptedConn


def redirect(location: str) -> bytes:
    return response(b"", f"Location: {location}", status="302 Found")


@pytest.fixture
def elsewhere() -> Iterator[ScriptedServer]:
    """Another origin: the same host, another port."""
    with ScriptedServer() as other:
        yield other


SECRETS = {"Authorization": "Bearer s3cret", "Cookie": "id=s3cret", "Proxy-Authorization": "Basic s3cret"}


def test_secrets_stay_with_their_origin(
    server: ScriptedServer, session: InternetSession, elsewhere: ScriptedServer
) -> None:
    server.route("/a", redirect("/b"))
    server.route("/b", redirect(elsewhere.url("/c")))
    elsewhere.route("/c", redirect(server.url("/d")))
    server.route("/d", response(b"there"))
    session.fetch_one(Request(server.url("/a"), headers={**SECRETS, "X-Mine": "1"}))
    assert [got.target for got in server.received] == ["/a", "/b", "/d"]
    for name, value in SECRETS.items():
        assert [got.header(name) for got in server.received] == [value, value, None]  # nor on the way back
        assert elsewhere.received[0].header(name) is None
    assert [got.header("x-mine") for got in (*server.received, *elsewhere.received)] == ["1"] * 4


def test_a_host_header_of_the_caller_stays_with_its_origin(
    server: ScriptedServer, session: InternetSession, elsewhere: ScriptedServer
) -> None:
    server.reply(redirect(elsewhere.url("/c")))
    elsewhere.reply(response(b"there"))
    session.fetch_one(Request(server.url("/a"), headers={"Host": "virtual.example"}))
    assert server.received[0].header("host") == "virtual.example"
    assert elsewhere.received[0].header("host") == f"127.0.0.1:{elsewhere.port}"


UNAUTHORIZED = response(b"", 'WWW-Authenticate: Basic realm="r"', status="401 Unauthorized")


@pytest.mark.parametrize("in_url", [False, True])
def test_user_and_password_answer_challenges_of_their_own_origin_only(
    server: ScriptedServer, session: InternetSession, elsewhere: ScriptedServer, in_url: bool
) -> None:
    server.reply(UNAUTHORIZED)
    server.reply(redirect(elsewhere.url("/c")))
    elsewhere.route("/c", UNAUTHORIZED)
    url = server.url("/a")
    request = Request(url.replace("//", "//u:p@")) if in_url else Request(url, user="u", password="p")
    result = session.fetch_one(request)
    assert (result.status, result.url) == (401, elsewhere.url("/c"))
    assert server.received[1].header("authorization") == "Basic dTpw"
    assert [got.header("authorization") for got in elsewhere.received] == [None]


def test_credentials_in_a_location_are_used_for_it_and_not_shown(
    server: ScriptedServer, session: InternetSession, elsewhere: ScriptedServer
) -> None:
    server.reply(redirect(elsewhere.url("/c").replace("//", "//u:p@")))
    elsewhere.reply(UNAUTHORIZED)
    elsewhere.reply(response(b"there"))
    result = session.fetch_one(server.url("/a"))
    assert result.url == elsewhere.url("/c")
    assert [got.header("authorization") for got in elsewhere.received] == [None, "Basic dTpw"]


def test_credentials_in_a_location_of_the_same_origin_are_used_for_it_and_not_shown(
    server: ScriptedServer, session: InternetSession
) -> None:
    server.reply(redirect(server.url("/c").replace("//", "//u:p@")))
    server.reply(UNAUTHORIZED)
    server.reply(response(b"there"))
    result = session.fetch_one(server.url("/a"))
    assert result.url == server.url("/c")
    assert [got.header("authorization") for got in server.received] == [None, None, "Basic dTpw"]


@pytest.mark.parametrize("trick", ["\\@", "%5C@", "#@", "?@", "/@", ";@"])
def test_no_spelling_of_a_location_sends_secrets_to_another_origin(
    server: ScriptedServer, session: InternetSession, elsewhere: ScriptedServer, trick: str
) -> None:
    # Who takes what stands before the sign for the host compares the wrong origin.
    server.reply(redirect(f"http://127.0.0.1:{server.port}{trick}127.0.0.1:{elsewhere.port}/c"))
    with session.fetch([Request(server.url("/a"), headers=SECRETS)]) as rows:
        list(rows)
    assert all(got.header(name) is None for got in elsewhere.received for name in SECRETS)


def test_https_may_not_lead_to_http(
    server: ScriptedServer, session: InternetSession, tls_server: ScriptedServer
) -> None:
    tls_server.reply(redirect(server.url("/b")))
    with session.fetch([tls_server.url("/a")]) as rows:
        (result,) = rows
    assert isinstance(result.error, TransferError)
    assert (result.error.code, result.status) == (12040, 302)
    assert server.connections == 0


def test_a_flag_permits_https_to_http_and_still_drops_secrets(
    server: ScriptedServer, session: InternetSession, tls_server: ScriptedServer
) -> None:
    tls_server.reply(redirect(server.url("/b")))
    server.reply(response(b"there"))
    request = Request(tls_server.url("/a"), headers=SECRETS, flags=InternetFlag.IGNORE_REDIRECT_TO_HTTP)
    assert session.fetch_one(request).body == b"there"
    assert [server.received[0].header(name) for name in SECRETS] == [None] * 3


def test_http_may_lead_to_https(server: ScriptedServer, session: InternetSession, tls_server: ScriptedServer) -> None:
    server.reply(redirect(tls_server.url("/b")))
    tls_server.reply(response(b"there"))
    result = session.fetch_one(Request(server.url("/a"), headers=SECRETS))
    assert (result.body, result.url) == (b"there", tls_server.url("/b"))
    assert [tls_server.received[0].header(name) for name in SECRETS] == [None] * 3


def test_each_hop_is_held_to_its_own_hosts_limit(session: InternetSession) -> None:
    """Hops to another origin wait for a place there without holding up the first one."""
    held, released = threading.Semaphore(0), threading.Event()

    def script(conn: ScriptedConn) -> None:
        while conn.recv_request():
            held.release()
            released.wait(20)
            conn.send(response(b"there"))

    with ScriptedServer() as first, ScriptedServer() as second:
        first.route("/a", redirect(second.url("/b")))
        second.play(*[script] * 2)
        with session.fetch([first.url("/a")] * 8, in_flight=8, per_host=2) as rows:
            running = iter(rows)
            collector = threading.Thread(target=lambda: results.extend(running))
            results: list[object] = []
            collector.start()
            assert held.acquire(timeout=20)
            assert held.acquire(timeout=20)
            released.set()
            collector.join(20)
        assert len(results) == 8
        assert second.connections == 2
        assert first.connections <= 2
