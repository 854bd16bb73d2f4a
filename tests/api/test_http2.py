"""HTTP/2 over TLS: negotiated, and many rows on one connection."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from pyinet import AccessType, InternetSession, Request
from servers.scripted import response

if TYPE_CHECKING:
    from pathlib import Path

    from servers.nginx import LogEntry, Nginx
    from servers.scripted import ScriptedServer


def entries(nginx: Nginx, uri: str) -> list[LogEntry]:
    return [entry for entry in nginx.log_entries() if entry.uri.startswith(uri)]


def put(nginx: Nginx, name: str, body: bytes) -> str:
    (nginx.root / name).write_bytes(body)
    return nginx.tls_url(f"/{name}")


def test_http2_is_negotiated_over_tls(nginx: Nginx, session: InternetSession) -> None:
    result = session.fetch_one(put(nginx, "h2-one.txt", b"hello"))
    assert (result.http_version, result.status, result.reason, result.body) == ("2", 200, "", b"hello")
    assert result.headers["Content-Type"] == "text/plain"
    assert {entry.protocol for entry in entries(nginx, "/h2-one")} == {"HTTP/2.0"}


def test_cleartext_stays_with_http_1(nginx: Nginx, session: InternetSession) -> None:
    put(nginx, "h1.txt", b"hello")
    assert session.fetch_one(nginx.url("/h1.txt")).http_version == "1.1"


def test_a_tls_server_without_http2_is_spoken_to_in_http_1(
    tls_server: ScriptedServer, session: InternetSession
) -> None:
    tls_server.route("/", response(b"x"))
    results = list(session.fetch([tls_server.url()] * 20, in_flight=4))
    assert {(result.http_version, result.body) for result in results} == {("1.1", b"x")}
    assert tls_server.connections <= 4


@pytest.mark.parametrize("in_flight", [10, 64, 100])
def test_the_first_wave_shares_one_connection(nginx: Nginx, session: InternetSession, in_flight: int) -> None:
    url = put(nginx, f"h2-wave-{in_flight}.bin", bytes(3000))
    results = list(session.fetch([f"{url}?{i}" for i in range(300)], in_flight=in_flight))
    assert {(result.http_version, result.size) for result in results} == {("2", 3000)}
    seen = entries(nginx, f"/h2-wave-{in_flight}.bin")
    assert len(seen) == 300
    assert len({entry.connection for entry in seen}) == 1
    assert sum(result.new_connections for result in results) == 1


def test_later_waves_use_the_same_connection(nginx: Nginx, session: InternetSession) -> None:
    url = put(nginx, "h2-later.bin", bytes(3000))
    for _ in range(3):
        assert len(list(session.fetch([url] * 50, in_flight=50))) == 50
    session.fetch_one(url)
    assert len({entry.connection for entry in entries(nginx, "/h2-later")}) == 1


def test_more_streams_than_one_connection_takes_open_few(nginx: Nginx, session: InternetSession) -> None:
    url = put(nginx, "h2-wide.bin", bytes(20_000))
    results = list(session.fetch([url] * 1000, in_flight=300))
    assert {(result.http_version, result.size, result.error) for result in results} == {("2", 20_000, None)}
    assert len({entry.connection for entry in entries(nginx, "/h2-wide")}) <= 3


def test_large_bodies_share_a_connection_within_the_budget(nginx: Nginx, session: InternetSession) -> None:
    """A paused stream must not hold up the others on its connection."""
    body = os.urandom(1 << 20)
    url = put(nginx, "h2-large.bin", body)
    with session.fetch([url] * 30, in_flight=12, buffer_bytes=4 << 20) as rows:
        for result in rows:
            assert result.buffer == body
            assert rows.progress().body_bytes <= 4 << 20


def test_files_arrive_whole(nginx: Nginx, session: InternetSession, tmp_path: Path) -> None:
    body = os.urandom(300_000)
    url = put(nginx, "h2-file.bin", body)
    rows = [Request(url, path=tmp_path / str(i)) for i in range(20)]
    assert all(result.ok for result in session.fetch(rows))
    assert all((tmp_path / str(i)).read_bytes() == body for i in range(20))


def test_cancelled_streams_leave_their_connection_usable(nginx: Nginx, session: InternetSession) -> None:
    url = put(nginx, "h2-cancel.bin", bytes(1 << 20))
    for _ in range(5):
        for _ in session.fetch([url] * 20, in_flight=20):
            break
    assert session.fetch_one(url).size == 1 << 20


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("POST", 405), ("PUT", 405), ("DELETE", 405)])
def test_other_methods(nginx: Nginx, session: InternetSession, method: str, status: int) -> None:
    url = put(nginx, "h2-methods.txt", b"static")
    results = list(session.fetch([Request(url, method=method)] * 10, in_flight=5))
    assert {(result.http_version, result.status) for result in results} == {("2", status)}


def test_two_sessions_have_connections_of_their_own(nginx: Nginx, session: InternetSession, ca_file: str) -> None:
    url = put(nginx, "h2-two.txt", b"x")
    session.fetch_one(url)
    with InternetSession("t", access_type=AccessType.DIRECT, ca=ca_file) as other:
        other.fetch_one(url)
    assert len({entry.connection for entry in entries(nginx, "/h2-two")}) == 2


@pytest.fixture
def ca_file(request: pytest.FixtureRequest) -> str:
    return str(request.getfixturevalue("ca").pem)
