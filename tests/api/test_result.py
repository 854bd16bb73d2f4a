"""`Result` and its errors as data: decoding, views, timings, pickling."""

from __future__ import annotations

import copy
import json
import multiprocessing
import pickle
from concurrent.futures import ProcessPoolExecutor
from typing import TYPE_CHECKING

import pytest

from pyinet import (
    CallerError,
    ConnectionLost,
    HttpStatusError,
    InternetException,
    InternetSession,
    LocalFileError,
    Request,
    Result,
)
from servers.scripted import response

if TYPE_CHECKING:
    from pathlib import Path

    from servers.scripted import ScriptedConn, ScriptedServer


def fetch(server: ScriptedServer, session: InternetSession, reply: bytes) -> Result:
    server.reply(reply)
    return session.fetch_one(server.url())


@pytest.mark.parametrize(
    ("body", "kind", "text"),
    [
        ("grüße".encode(), "text/plain", "grüße"),
        ("grüße".encode(), "text/plain; charset=utf-8", "grüße"),
        ("grüße".encode("latin-1"), "text/plain; charset=ISO-8859-1", "grüße"),
        ("grüße".encode("utf-16"), 'text/plain; format=flowed; Charset="UTF-16"', "grüße"),
        ("grüße".encode(), "text/plain; charset=no-such-thing", "grüße"),
        (b"\xff", "text/plain", "\ufffd"),
    ],
)
def test_text_follows_the_charset(
    server: ScriptedServer, session: InternetSession, body: bytes, kind: str, text: str
) -> None:
    assert fetch(server, session, response(body, f"Content-Type: {kind}")).text() == text


def test_text_takes_an_encoding_of_the_callers_choice(server: ScriptedServer, session: InternetSession) -> None:
    result = fetch(server, session, response(b"\xe9", "Content-Type: text/plain; charset=utf-8"))
    assert result.text("latin-1") == "é"
    with pytest.raises(UnicodeDecodeError):
        result.text(errors="strict")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
def test_json_is_parsed(server: ScriptedServer, session: InternetSession, encoding: str) -> None:
    value = {"a": [1, 2.5, None, "ü"]}
    assert fetch(server, session, response(json.dumps(value).encode(encoding))).json() == value


def test_what_is_no_json_raises(server: ScriptedServer, session: InternetSession) -> None:
    with pytest.raises(json.JSONDecodeError):
        fetch(server, session, response(b"<html>")).json()


@pytest.mark.parametrize("size", [0, 10, 200_000])
def test_buffer_and_body_are_the_same_bytes(server: ScriptedServer, session: InternetSession, size: int) -> None:
    body = bytes(i % 251 for i in range(size))
    result = fetch(server, session, response(body))
    assert result.buffer.readonly
    assert result.buffer.nbytes == size
    assert result.buffer == body
    assert result.body == body
    assert result.body is result.body
    assert result.buffer == body


def test_a_view_of_the_body_outlives_its_result(server: ScriptedServer, session: InternetSession) -> None:
    result = fetch(server, session, response(bytes(300_000)))
    view = result.buffer[100:200]
    del result
    assert bytes(view) == bytes(100)


def test_header_names_have_no_case_and_may_repeat(server: ScriptedServer, session: InternetSession) -> None:
    headers = fetch(server, session, response(b"", "Set-Cookie: a=1", "SET-COOKIE: b=2", "ETag: x")).headers
    assert headers.get_all("set-cookie") == ["a=1", "b=2"]
    assert headers["etag"] == headers["ETAG"] == "x"
    assert "missing" not in headers


@pytest.mark.parametrize(("version", "told"), [(b"HTTP/1.0", "1.0"), (b"HTTP/1.1", "1.1")])
def test_the_version_is_that_of_the_answer(
    server: ScriptedServer, session: InternetSession, version: bytes, told: str
) -> None:
    assert fetch(server, session, response(b"x").replace(b"HTTP/1.1", version)).http_version == told


@pytest.mark.parametrize("line", ["200", "200 ", "200 Très bien"])
def test_the_reason_may_be_missing_or_odd(server: ScriptedServer, session: InternetSession, line: str) -> None:
    result = fetch(server, session, response(b"x", status=line))
    assert (result.status, result.reason) == (200, line[4:])


def test_bytes_received_count_headers_and_body_as_sent(server: ScriptedServer, session: InternetSession) -> None:
    reply = response(b"x" * 1000, "X-A: b")
    result = fetch(server, session, reply)
    assert (result.bytes_received, result.size) == (len(reply), 1000)


def test_timings_grow_from_phase_to_phase(server: ScriptedServer, session: InternetSession) -> None:
    times = fetch(server, session, response(b"x")).timings
    assert 0 < times.connect <= times.send <= times.first_byte <= times.total < 10
    assert times.tls == 0
    again = fetch(server, session, response(b"x")).timings
    assert again.connect == 0
    assert 0 < again.first_byte <= again.total


def test_tls_has_a_time_of_its_own(tls_server: ScriptedServer, session: InternetSession) -> None:
    times = fetch(tls_server, session, response(b"x")).timings
    assert 0 < times.connect <= times.tls <= times.send <= times.first_byte


@pytest.mark.parametrize("status", ["200 OK", "204 No Content", "304 Not Modified", "399 Odd"])
def test_below_400_is_ok(server: ScriptedServer, session: InternetSession, status: str) -> None:
    result = fetch(server, session, response(status=status))
    assert result.ok
    assert result.raise_for_status() is result


def test_raise_for_status_tells_what_the_server_said(server: ScriptedServer, session: InternetSession) -> None:
    result = fetch(server, session, response(b"no such thing", status="404 Not Found"))
    with pytest.raises(HttpStatusError) as caught:
        result.raise_for_status()
    error = caught.value
    assert (error.status, error.code, error.name) == (404, 0x80190194, "HTTP_E_STATUS_404")
    assert (error.url, error.response_text) == (server.url(), "no such thing")


def cut(conn: ScriptedConn) -> None:
    conn.recv_request()
    conn.send(response(b"half of it")[:-5])
    conn.close()


def test_raise_for_status_raises_the_error_of_a_failed_transfer(
    server: ScriptedServer, session: InternetSession
) -> None:
    server.play(cut)
    (result,) = session.fetch([server.url()])
    assert isinstance(result.error, ConnectionLost)
    assert (result.status, result.body, result.ok) == (200, b"half ", False)
    with pytest.raises(ConnectionLost) as caught:
        result.raise_for_status()
    assert caught.value is result.error


def results(server: ScriptedServer, session: InternetSession, folder: Path) -> list[Result]:
    server.reply(response(b"small", "X-A: b"))
    server.reply(response(bytes(200_000), status="404 Not Found"))
    server.reply(response(b"x"))
    rows: list[str | Request] = [
        server.url(),
        Request(server.url(), method="OPTIONS", key={"k": 1}, headers={"A": "b"}),
        Request(server.url(), path=folder / "missing" / "out"),
        "ftp://127.0.0.1/",
        Request("http://127.0.0.1:1/", user="me", password="sesame", context=9),
    ]
    return list(session.fetch(rows, in_flight=1, ordered=True))


def facts(result: Result) -> tuple[object, ...]:
    """Everything a result tells, as plain values."""
    error = result.error
    return (
        result.request, result.key, result.url, result.status, result.reason, list(result.headers.items()),
        result.body, bytes(result.buffer), result.size, result.bytes_received, result.timings, result.http_version,
        result.new_connections, type(error), str(error), error and error_facts(error),
    )  # fmt: skip


def error_facts(error: InternetException) -> tuple[object, ...]:
    native = (error.errno, error.filename, error.strerror) if isinstance(error, LocalFileError) else ()
    return (error.code, error.name, error.url, error.context, error.curl_code, error.response_text, error.args, native)


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_results_and_errors_survive_pickling(
    server: ScriptedServer, session: InternetSession, tmp_path: Path, protocol: int
) -> None:
    for result in results(server, session, tmp_path):
        assert facts(pickle.loads(pickle.dumps(result, protocol))) == facts(result)  # noqa: S301 - our own bytes
        assert facts(copy.deepcopy(result)) == facts(result)


def test_results_and_errors_cross_to_a_spawned_process_and_back(
    server: ScriptedServer, session: InternetSession, tmp_path: Path
) -> None:
    sent = results(server, session, tmp_path)
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        back = list(pool.map(copy.copy, sent))
    assert [facts(result) for result in back] == [facts(result) for result in sent]
    assert isinstance(back[2].error, LocalFileError)
    assert isinstance(back[3].error, CallerError)


def test_reprs_show_no_password(server: ScriptedServer, session: InternetSession, tmp_path: Path) -> None:
    for result in results(server, session, tmp_path):
        assert "sesame" not in repr(result) + repr(result.request) + str(result.error) + repr(result.error)
    (result,) = session.fetch(["http://me:sesame@127.0.0.1:1/"])
    assert "sesame" not in repr(result) + repr(result.request) + str(result.error) + repr(result.error)
