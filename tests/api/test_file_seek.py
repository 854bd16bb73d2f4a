"""`InternetFile.seek`: what is sent for it, and servers that lie about ranges."""

from __future__ import annotations

import gzip
import hashlib
import io
import random
import threading
from typing import TYPE_CHECKING

import pytest

from pyinet import (
    AccessType,
    ConnectionLost,
    HandleClosed,
    HttpFile,
    HttpStatusError,
    InternetException,
    InternetFlag,
    InternetOption,
    InternetSession,
    InternetStatus,
    ProtocolError,
    TransferError,
)
from pyinet._process import PROCESS
from pyinet._urls.wire import origin_of
from servers.scripted import PATIENCE, response

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from servers.nginx import Nginx
    from servers.scripted import Script, ScriptedConn, ScriptedServer

    Open: TypeAlias = Callable[..., HttpFile]

KIB = 1024
BODY = b"".join(hashlib.blake2b(b"%d" % at).digest() for at in range(16 * KIB))
SIZE = len(BODY)
"""1 MiB: more than any answer that is complete at once, and than what is read and dropped."""

TAG = 'ETag: "v1"'
DATE = "Last-Modified: Tue, 15 Nov 1994 12:45:26 GMT"
RANGES = "Accept-Ranges: bytes"


def part(first: int, *fields: str, last: int = SIZE - 1, total: object = SIZE, body: bytes | None = None) -> bytes:
    """A 206 with bytes from *first* on."""
    content = BODY[first : last + 1] if body is None else body
    return response(content, f"Content-Range: bytes {first}-{last}/{total}", *fields, status="206 Partial Content")


def answers(*replies: bytes) -> list[Script]:
    """One script a connection: take a request, answer it, and leave the rest to the client."""

    def script(reply: bytes) -> Script:
        def play(conn: ScriptedConn) -> None:
            conn.recv_request()
            conn.send(reply)

        return play

    return [script(reply) for reply in replies]


@pytest.fixture
def opened(server: ScriptedServer, session: InternetSession) -> Open:
    """Opens a URL whose answers are given; the test closes the file."""

    def opened(*replies: bytes, **given: object) -> HttpFile:
        server.play(*answers(*replies))
        file = session.open_url(server.url(), **given)  # type: ignore[arg-type]
        assert isinstance(file, HttpFile)
        return file

    return opened


def ranges(server: ScriptedServer) -> list[tuple[str | None, str | None]]:
    """Range and If-Range of every further request."""
    return [(request.header("range"), request.header("if-range")) for request in server.received[1:]]


# ---- what is here already ----


def test_a_body_that_is_here_is_sought_without_a_word(server: ScriptedServer, opened: Open) -> None:
    with opened(response(b"0123456789")) as file:
        assert (file.seekable(), file.read(4), file.seek(1), file.read(2)) == (True, b"0123", 1, b"12")
        assert (file.seek(-2, io.SEEK_END), file.read(), file.read()) == (8, b"89", b"")
        assert (file.seek(-3, io.SEEK_CUR), file.readline(), file.seek(0), file.readall()) == (
            7,
            b"789",
            0,
            b"0123456789",
        )
        assert (file.seek(50), file.tell(), file.read(), file.readline(), list(file)) == (50, 50, b"", b"", [])
        assert (file.seek(5), file.readinto(bytearray(3)), file.tell()) == (5, 3, 8)
        assert file.bytes_transferred == 4 + 2 + 2 + 3 + 10 + 3
    assert len(server.received) == 1


def test_every_kind_of_read_follows_a_seek(nginx: Nginx, session: InternetSession) -> None:
    """Against `io.BytesIO`, at random."""
    (nginx.root / "seek.bin").write_bytes(BODY)
    rng, twin = random.Random(5), io.BytesIO(BODY)  # noqa: S311 - an order
    with session.open_url(nginx.url("/seek.bin")) as file:
        for _ in range(60):
            if rng.random() < 0.5:
                position = rng.choice([0, 1, SIZE - 1, SIZE, SIZE + 9, rng.randrange(SIZE), twin.tell() + 300_000])
                assert file.seek(position) == twin.seek(position)
            elif rng.random() < 0.5:
                offset = rng.randrange(-100, 400_000)
                if twin.tell() + offset >= 0:
                    assert file.seek(offset, 1) == twin.seek(offset, 1)
            size = rng.choice([1, 100, 70_000])
            if rng.random() < 0.3:
                assert file.readline(size) == twin.readline(size)
            elif rng.random() < 0.3:
                buffer = bytearray(size)
                got = file.readinto(buffer)
                assert bytes(buffer[:got]) == twin.read(got)
            else:
                assert file.read(size) == twin.read(size)
            assert file.tell() == twin.tell()


# ---- what is sent ----


def test_a_short_way_forward_is_read_and_dropped(server: ScriptedServer, opened: Open) -> None:
    with opened(response(BODY, RANGES, TAG)) as file:
        assert (file.seek(262_144), file.read(3)) == (262_144, BODY[262_144:262_147])
        assert (file.seek(1000, io.SEEK_CUR), file.read(3)) == (263_147, BODY[263_147:263_150])
    assert len(server.received) == 1


@pytest.mark.parametrize(
    ("fields", "condition"),
    [
        ([TAG], '"v1"'), ([TAG, DATE], '"v1"'), ([DATE], DATE[15:]), (['ETag: W/"v1"', DATE], DATE[15:]),
        (['ETag: W/"v1"'], None), ([], None),
    ],
    ids=["tag", "tag and date", "date", "weak tag and date", "weak tag", "nothing but a length"],
)  # fmt: skip
def test_a_long_way_is_asked_for_with_a_condition(
    server: ScriptedServer, opened: Open, fields: list[str], condition: str | None
) -> None:
    with opened(response(BODY, RANGES, *fields), part(500_000, *fields), part(7, *fields)) as file:
        assert (file.read(5), file.seek(500_000), file.tell()) == (BODY[:5], 500_000, 500_000)
        assert len(server.received) == 1  # a seek sends nothing
        assert file.read(3) == BODY[500_000:500_003]
        assert (file.seek(7), file.read()) == (7, BODY[7:])
    assert ranges(server) == [("bytes=500000-", condition), ("bytes=7-", condition)]


def test_seeking_to_and_fro_costs_nothing_until_something_is_read(server: ScriptedServer, opened: Open) -> None:
    with opened(response(BODY, RANGES, TAG)) as file:
        assert [file.seek(0, io.SEEK_END), file.tell(), file.seek(9), file.seek(0)] == [SIZE, SIZE, 9, 0]
        assert file.read() == BODY
        assert (file.seek(0, io.SEEK_END), file.read(1), file.seek(SIZE + 5), file.read(1)) == (
            SIZE,
            b"",
            SIZE + 5,
            b"",
        )
    assert len(server.received) == 1


def test_a_file_that_was_read_to_its_end_is_read_again(server: ScriptedServer, opened: Open) -> None:
    with opened(response(BODY, RANGES, TAG), part(0, TAG)) as file:
        assert (file.read(), file.seek(0), file.read()) == (BODY, 0, BODY)
        assert file.bytes_transferred == 2 * SIZE
    assert ranges(server) == [("bytes=0-", '"v1"')]


def test_header_lines_of_the_program_go_along_but_for_its_conditions(server: ScriptedServer, opened: Open) -> None:
    given = {"X-Mine": "1", "If-None-Match": '"old"', "If-Modified-Since": "x", "Authorization": "secret"}
    with opened(response(BODY, RANGES, TAG), part(500_000, TAG), headers=given) as file:
        file.seek(500_000)
        file.read(1)
    again = server.received[1]
    assert (again.header("x-mine"), again.header("authorization")) == ("1", "secret")
    assert (again.header("if-none-match"), again.header("if-modified-since")) == (None, None)


def test_cookies_are_those_of_the_moment(server: ScriptedServer, session: InternetSession, opened: Open) -> None:
    first = response(BODY, RANGES, TAG, "Set-Cookie: a=1")
    with opened(first, part(500_000, TAG, "Set-Cookie: b=2")) as file:
        file.seek(500_000)
        file.read(1)
    assert server.received[1].header("cookie") == "a=1"
    assert session.get_cookie(server.url()) == "a=1; b=2"


def test_after_a_redirect_the_final_url_is_asked_and_may_redirect_itself(
    server: ScriptedServer, session: InternetSession
) -> None:
    server.reply(response(b"", "Location: /final", status="302 Go"))
    server.reply(response(BODY, RANGES, TAG))
    moved = response(b"", "Location: /moved", status="307 Go")
    with session.open_url(server.url("/first"), headers={"Authorization": "x"}) as file:
        assert (file.name, file.read(1)) == (server.url("/final"), BODY[:1])
        file.seek(500_000)
        server.reply(moved)
        server.reply(part(500_000, TAG))
        assert file.read(4) == BODY[500_000:500_004]
        assert file.name == server.url("/final")
    assert [request.target for request in server.received] == ["/first", "/final", "/final", "/moved"]
    assert [request.header("range") for request in server.received] == [None, None, "bytes=500000-", "bytes=500000-"]


def test_status_headers_and_length_stay_those_of_the_first_answer(opened: Open) -> None:
    with opened(response(BODY, RANGES, TAG, "X-A: first"), part(500_000, TAG, "X-A: second")) as file:
        file.seek(500_000)
        file.read(1)
        assert (file.status_code, file.length, file.get_length(), file.headers["x-a"]) == (200, SIZE, SIZE, "first")


def test_a_range_of_the_program_is_a_file_of_its_own(server: ScriptedServer, opened: Open) -> None:
    first, last = 1000, 800_000
    replies = [part(first, TAG, last=last), part(first + 5, TAG, last=last)]
    with opened(*replies, headers={"Range": f"bytes={first}-{last}"}) as file:
        assert (file.seekable(), file.length) == (True, last + 1 - first)
        assert (file.read(10), file.seek(5)) == (BODY[1000:1010], 5)
        assert (file.read(3), file.seek(-1, io.SEEK_END)) == (BODY[1005:1008], last - first)
    assert ranges(server) == [(f"bytes={first + 5}-{last}", '"v1"')]


def test_a_connection_is_used_again_after_a_rest_was_read(nginx: Nginx, session: InternetSession) -> None:
    (nginx.root / "again.bin").write_bytes(BODY)
    before = len(nginx.log_entries())
    with session.open_url(nginx.url("/again.bin")) as file:
        assert file.read() == BODY
        for _ in range(3):
            file.seek(-100, io.SEEK_END)
            assert (file.read(), file.read()) == (BODY[-100:], b"")
    entries = nginx.log_entries()[before:]
    assert [entry.status for entry in entries if entry.uri == "/again.bin"] == [200, 206, 206, 206]
    assert len({entry.connection for entry in entries if entry.uri == "/again.bin"}) == 1


def test_a_place_among_few_connections_is_given_up_before_another_is_taken(
    nginx: Nginx, session: InternetSession, request: pytest.FixtureRequest
) -> None:
    (nginx.root / "limit.bin").write_bytes(BODY)
    limit = PROCESS.connections
    request.addfinalizer(lambda: setattr(limit, "limit", None))
    limit.limit = 1
    with session.open_url(nginx.url("/limit.bin")) as file:
        for position in (500_000, 3, 900_000):
            file.seek(position)
            assert file.read(2) == BODY[position : position + 2]
        assert limit.taken(origin_of(nginx.url())) == 1
    assert limit.taken(origin_of(nginx.url())) == 0


# ---- where there is no seeking ----


def refused(use: Callable[[], object]) -> int:
    with pytest.raises(io.UnsupportedOperation) as caught:
        use()
    assert isinstance(caught.value, InternetException)
    return caught.value.code


@pytest.mark.parametrize(
    ("reply", "seekable"),
    [
        (response(BODY, RANGES), True), (response(BODY, "accept-ranges: none, Bytes", TAG), True),
        (response(BODY), False), (response(BODY, TAG), False), (response(BODY, "Accept-Ranges: none", TAG), False),
        (response(BODY, RANGES, status="404 No"), False),
    ],
    ids=["bytes", "list", "nothing said", "tag alone", "none", "404"],
)  # fmt: skip
def test_seekable_says_what_is_known(opened: Open, reply: bytes, seekable: bool) -> None:
    with opened(reply) as file:
        assert file.seekable() is seekable
        assert io.BufferedReader(file).seekable() is seekable
    with pytest.raises(HandleClosed):
        file.seekable()


def test_a_206_proves_that_ranges_work_and_a_200_that_they_do_not(opened: Open) -> None:
    with opened(response(BODY, TAG), part(500_000, TAG), response(BODY, TAG)) as file:
        assert not file.seekable()
        file.seek(500_000)
        file.read(1)
        assert file.seekable()
        file.seek(0)
        assert file.read(5) == BODY[:5]
        assert not file.seekable()


@pytest.mark.parametrize(
    ("reply", "flags"),
    [
        (response(BODY, "Accept-Ranges: none", TAG), 0), (response(BODY, RANGES, TAG, status="404 No"), 0),
        (b"HTTP/1.1 200 OK\r\n\r\n" + BODY, 0),
    ],
    ids=["no ranges", "404", "nothing to know it by"],
)  # fmt: skip
def test_no_way_back_is_12016_and_changes_nothing(
    server: ScriptedServer, opened: Open, reply: bytes, flags: int
) -> None:
    with opened(reply, flags=flags) as file:
        assert file.read(10) == BODY[:10]
        assert refused(lambda: file.seek(9)) == 12016
        assert (file.tell(), file.read(2)) == (10, BODY[10:12])
        assert (file.seek(700_000), file.read(2)) == (700_000, BODY[700_000:700_002])  # forward is always possible
    assert len(server.received) == 1


@pytest.mark.parametrize("streamed", [False, True])
def test_a_get_with_a_body_goes_forward_only_and_its_body_out_once(
    server: ScriptedServer, session: InternetSession, streamed: bool
) -> None:
    server.play(*answers(response(BODY, RANGES, TAG)))
    with session.get_http_connection("127.0.0.1", server.port) as connection, connection.open_request() as file:
        file.send_request(data=iter([b"query"]) if streamed else b"query")
        assert file.read(10) == BODY[:10]
        assert not file.seekable()
        assert refused(lambda: file.seek(9)) == 12016
        assert (file.seek(900_000), file.read(2)) == (900_000, BODY[900_000:900_002])
    assert [got.body for got in server.received] == [b"query"]


def test_an_answer_to_a_post_is_not_sought_but_that_of_the_get_it_led_to_is(
    server: ScriptedServer, session: InternetSession
) -> None:
    server.play(*answers(response(BODY, RANGES, TAG)))
    with session.get_http_connection("127.0.0.1", server.port) as connection:
        with connection.post("/", b"query") as file:
            assert refused(lambda: file.seek(9)) == 12016
        moved = response(b"", "Location: /b", "Connection: close", status="303 See Other")
        server.play(*answers(moved, response(BODY, RANGES, TAG), part(500_000, TAG)))
        with connection.post("/", b"query") as file:
            file.seek(500_000)
            assert file.read(2) == BODY[500_000:500_002]
    assert [(got.method, got.body) for got in server.received] == [
        ("POST", b"query"), ("POST", b"query"), ("GET", b""), ("GET", b""),
    ]  # fmt: skip


@pytest.mark.parametrize("body", [b"short", BODY], ids=["short", "long"])
@pytest.mark.parametrize("where", ["open_url", "session"])
def test_dont_cache_forbids_every_seek(
    server: ScriptedServer, session: InternetSession, body: bytes, where: str
) -> None:
    server.reply(response(body, RANGES, TAG))
    flags = InternetFlag.DONT_CACHE if where == "open_url" else InternetFlag(0)
    other = InternetSession("t", access_type=AccessType.DIRECT, flags=InternetFlag.DONT_CACHE)
    with other, (session if where == "open_url" else other).open_url(server.url(), flags=flags) as file:
        assert file.read(2) == body[:2]
        assert not file.seekable()
        for seek in (lambda: file.seek(0), lambda: file.seek(3), lambda: file.seek(0, 2)):
            assert refused(seek) == 12016
        assert (file.tell(), file.read(2)) == (2, body[2:4])


def test_from_the_end_needs_a_length(opened: Open) -> None:
    with opened(b'HTTP/1.1 200 OK\r\nETag: "v1"\r\n\r\n' + BODY) as file:
        assert refused(lambda: file.seek(-1, io.SEEK_END)) == 12016
        assert file.read() == BODY
        assert file.seek(0, io.SEEK_END) == SIZE  # by now it is known


@pytest.mark.parametrize("body", [b"short", BODY], ids=["short", "long"])
def test_before_the_beginning_is_131(opened: Open, body: bytes) -> None:
    with opened(response(body, RANGES, TAG)) as file:
        file.read(3)
        for seek in (
            lambda: file.seek(-1), lambda: file.seek(-4, io.SEEK_CUR), lambda: file.seek(-len(body) - 1, io.SEEK_END)
        ):  # fmt: skip
            assert refused(seek) == 131
        assert (file.tell(), file.read(1)) == (3, body[3:4])


def test_a_wrong_whence_is_87(opened: Open) -> None:
    with opened(response(b"x")) as file:
        with pytest.raises(InternetException) as caught:
            file.seek(0, 3)
        assert caught.value.code == 87
        with pytest.raises(TypeError):
            file.seek(1.5)  # type: ignore[arg-type]
    with pytest.raises(HandleClosed):
        file.seek(0)
    with pytest.raises(HandleClosed):
        file.seek(0, 3)


def test_a_decoded_body_goes_forward_only(server: ScriptedServer, session: InternetSession) -> None:
    session.set_option(InternetOption.HTTP_DECODING, True)
    server.play(*answers(response(gzip.compress(BODY, 0), RANGES, TAG, "Content-Encoding: gzip")))
    with session.open_url(server.url(), headers={"Accept-Encoding": "gzip"}) as file:
        assert (file.read(3), file.seekable()) == (BODY[:3], False)
        assert refused(lambda: file.seek(0)) == 12016
        assert refused(lambda: file.seek(0, io.SEEK_END)) == 12016
        assert (file.seek(900_000), file.read()) == (900_000, BODY[900_000:])


def test_a_coded_body_that_is_not_decoded_is_sought_as_it_is(server: ScriptedServer, opened: Open) -> None:
    coding = "Content-Encoding: gzip"
    with opened(response(BODY, RANGES, TAG, coding), part(600_000, TAG, coding)) as file:
        file.seek(600_000)
        assert file.read(9) == BODY[600_000:600_009]
    assert server.received[1].header("accept-encoding") == server.received[0].header("accept-encoding")


# ---- answers that are not what was asked for ----

AT = 600_000
WRONG: dict[str, tuple[bytes, type[InternetException]]] = {
    "another range": (part(AT + 1, TAG), ProtocolError),
    "an earlier range": (part(AT - 1, TAG), ProtocolError),
    "an end that is none": (part(AT, TAG, last=SIZE - 2), ProtocolError),
    "no Content-Range": (response(BODY[AT:], TAG, status="206 Partial Content"), ProtocolError),
    "two of them": (part(AT, TAG, f"Content-Range: bytes {AT}-{SIZE - 1}/{SIZE}"), ProtocolError),
    "a broken one": (response(BODY[AT:], TAG, "Content-Range: bytes x", status="206 P"), ProtocolError),
    "backwards": (response(b"x", TAG, f"Content-Range: bytes {AT}-{AT - 9}/{SIZE}", status="206 P"), ProtocolError),
    "parts": (response(b"x", TAG, "Content-Type: multipart/byteranges; boundary=x", status="206 P"), ProtocolError),
    "fewer bytes than the range": (part(AT, TAG, body=b"few"), ProtocolError),
    "another length": (part(AT, TAG, total=SIZE + 1), TransferError),
    "another tag": (part(AT, 'ETag: "v2"'), TransferError),
    "another date": (part(AT, TAG, DATE.replace("1994", "1995")), TransferError),
    "another coding": (part(AT, TAG, "Content-Encoding: gzip"), TransferError),
    "200, another tag": (response(BODY, 'ETag: "v2"', DATE), TransferError),
    "200, the tag is weak": (response(BODY, 'ETag: W/"v1"', DATE), TransferError),
    "200, another length": (response(BODY[1:], TAG, DATE), TransferError),
    "200, another date": (response(BODY, TAG, DATE.replace("1994", "1995")), TransferError),
    "200, nothing to know it by": (b"HTTP/1.1 200 OK\r\n\r\n" + BODY, TransferError),
    "416 inside the body": (response(b"", f"Content-Range: bytes */{SIZE}", status="416 No"), ProtocolError),
    "416 of another body": (response(b"", "Content-Range: bytes */5", status="416 No"), TransferError),
    "412": (response(b"", status="412 No"), TransferError),
    "404": (response(b"gone", status="404 Not Found"), HttpStatusError),
    "503": (response(BODY, status="503 Busy"), HttpStatusError),
    "204": (b"HTTP/1.1 204 None\r\n\r\n", ProtocolError),
    "304": (b"HTTP/1.1 304 Same\r\n\r\n", ProtocolError),
    "a redirect to nowhere": (response(b"", status="302 Go"), ProtocolError),
}


@pytest.mark.parametrize(("reply", "kind"), WRONG.values(), ids=WRONG)
def test_a_wrong_answer_is_an_error_and_gives_no_byte(
    server: ScriptedServer, opened: Open, reply: bytes, kind: type[InternetException]
) -> None:
    with opened(response(BODY, RANGES, TAG, DATE), reply, reply) as file:
        assert (file.read(5), file.seek(AT)) == (BODY[:5], AT)
        buffer = bytearray(100)
        for read in (lambda: file.read(10), lambda: file.readinto(buffer)):
            with pytest.raises(kind) as caught:
                read()
            if kind is TransferError:
                assert caught.value.code == 12032
            elif kind is ProtocolError:
                assert caught.value.code == 12152
            else:
                assert isinstance(caught.value, HttpStatusError)
            assert server.url() in str(caught.value)
        assert (file.tell(), bytes(buffer), file.bytes_transferred) == (AT, bytes(100), 5)
    assert len(server.received) == (2 if kind is TransferError else 3)  # a body that changed stays changed


def test_a_200_with_the_same_entity_is_skipped_to_the_position(server: ScriptedServer, opened: Open) -> None:
    whole = response(BODY, TAG)
    with opened(response(BODY, RANGES, TAG), whole, whole) as file:
        assert (file.seek(700_000), file.read(9)) == (700_000, BODY[700_000:700_009])
        assert (file.seek(1_000_000), file.read(9)) == (1_000_000, BODY[1_000_000:1_000_009])  # by reading on
        assert (file.seek(3), file.read()) == (3, BODY[3:])
    assert [pair[0] for pair in ranges(server)] == ["bytes=700000-", "bytes=3-"]


def test_416_behind_the_end_is_the_end(server: ScriptedServer, opened: Open) -> None:
    unknown = b'HTTP/1.1 200 OK\r\nAccept-Ranges: bytes\r\nETag: "v1"\r\n\r\n' + BODY
    no = response(b"no such range", f"Content-Range: bytes */{SIZE}", status="416 Range Not Satisfiable")
    with opened(unknown, no, part(SIZE - 4, TAG)) as file:
        file.seek(5_000_000)
        assert (file.read(9), file.read(), file.readline(), file.readinto(bytearray(3))) == (b"", b"", b"", 0)
        assert file.seek(-4, io.SEEK_END) == SIZE - 4
        assert file.read() == BODY[-4:]
    assert len(server.received) == 3


@pytest.mark.parametrize("how", ["close", "reset"])
def test_a_range_that_is_cut_gives_its_bytes_then_the_error(
    server: ScriptedServer, session: InternetSession, how: str
) -> None:
    def cut(conn: ScriptedConn) -> None:
        conn.recv_request()
        conn.send(part(AT, TAG)[:-1000])
        getattr(conn, how)()

    server.play(*answers(response(BODY, RANGES, TAG)), cut if how == "close" else _waits_then_resets(server))
    with session.open_url(server.url()) as file:
        file.seek(AT)
        data = b""
        with pytest.raises(ConnectionLost):  # noqa: PT012
            while True:
                data += file.read(4096)
        assert BODY[AT:].startswith(data)
        assert len(data) >= 4096
        if how == "close":
            assert len(data) == SIZE - AT - 1000
        with pytest.raises(ConnectionLost):
            file.read(1)
        position = file.tell()
        server.play(*answers(part(position, TAG)))
        file.seek(0, io.SEEK_CUR)  # says: go on from here
        assert file.read() == BODY[position:]


def _waits_then_resets(server: ScriptedServer) -> Script:
    def script(conn: ScriptedConn) -> None:
        conn.recv_request()
        conn.send(part(AT, TAG)[:20_000])
        server.gate().wait(0.2)
        conn.reset()

    return script


def unframed(data: bytes, *, chunked: bool) -> bytes:
    head = f'HTTP/1.1 206 P\r\nETag: "v1"\r\nContent-Range: bytes {AT}-{SIZE - 1}/{SIZE}\r\n'
    if chunked:
        return f"{head}Transfer-Encoding: chunked\r\n\r\n{len(data):x}\r\n".encode() + data + b"\r\n0\r\n\r\n"
    return f"{head}\r\n".encode() + data


@pytest.mark.parametrize("chunked", [True, False], ids=["chunked", "until close"])
@pytest.mark.parametrize("size", [-1, 7000])
@pytest.mark.parametrize(("change", "kind"), [(-1, ConnectionLost), (0, None), (1, ProtocolError)])
def test_a_part_without_a_length_of_its_own_is_counted(
    opened: Open, chunked: bool, size: int, change: int, kind: type[InternetException] | None
) -> None:
    rest = (BODY[AT:] + b"surplus")[: SIZE - AT + change]
    with opened(response(BODY, RANGES, TAG), unframed(rest, chunked=chunked)) as file:
        file.seek(AT)
        if size < 0:
            if kind is None:
                assert file.read() == BODY[AT:]
            else:
                with pytest.raises(kind):
                    file.read()
            return
        data = b""
        if kind is None:
            while piece := file.read(size):
                data += piece
        else:
            with pytest.raises(kind):  # noqa: PT012
                while piece := file.read(size):
                    data += piece
            with pytest.raises(kind):
                file.read(1)
        assert data == BODY[AT : SIZE + min(change, 0)]


def test_a_server_that_is_gone_is_an_error_and_another_read_tries_again(
    server: ScriptedServer, session: InternetSession
) -> None:
    def dies(conn: ScriptedConn) -> None:
        conn.recv_request()

    server.play(*answers(response(BODY, RANGES, TAG)), dies, *answers(part(AT, TAG)))
    with session.open_url(server.url()) as file:
        file.seek(AT)
        with pytest.raises(TransferError):
            file.read(1)
        assert file.read(4) == BODY[AT : AT + 4]


def test_what_was_read_ahead_is_not_mixed_with_a_changed_body(opened: Open) -> None:
    with opened(response(BODY, RANGES, TAG), response(BODY[::-1], 'ETag: "v2"')) as file:
        line = file.readline()
        file.seek(AT)
        with pytest.raises(TransferError):
            file.readline()
        assert BODY.startswith(line)
        with pytest.raises(TransferError, match="another one"):
            file.read()


# ---- threads, handles, statuses ----


def test_a_file_that_is_closed_ends_the_request_of_its_seek(server: ScriptedServer, session: InternetSession) -> None:
    asked = server.gate()

    def silent(conn: ScriptedConn) -> None:
        conn.recv_request()
        asked.set()
        conn.wait_closed()

    server.play(*answers(response(BODY, RANGES, TAG)), silent)
    file = session.open_url(server.url())
    assert isinstance(file, HttpFile)
    file.seek(AT)

    def close() -> None:
        asked.wait(PATIENCE)
        file.close()

    closer = threading.Thread(target=close)
    closer.start()
    with pytest.raises(InternetException) as caught:
        file.read(1)
    closer.join()
    assert caught.value.code == 12017
    assert file.closed


def test_a_seek_while_another_thread_reads_is_12026(server: ScriptedServer, session: InternetSession) -> None:
    asked, go = server.gate(), server.gate()

    def slow(conn: ScriptedConn) -> None:
        conn.recv_request()
        conn.send(response(BODY, RANGES, TAG)[:-10])
        asked.set()
        go.wait(PATIENCE)
        conn.send(BODY[-10:])

    server.play(slow)
    with session.open_url(server.url()) as file:
        assert isinstance(file, HttpFile)
        found: list[bytes] = []
        reader = threading.Thread(target=lambda: found.append(file.readall()))
        reader.start()
        asked.wait(PATIENCE)
        code = 0
        while not code and reader.is_alive():
            try:
                file.seek(SIZE)
                file.seek(0)
            except InternetException as error:
                code = error.code
        go.set()
        reader.join()
    assert code == 12026


class Watching(InternetSession):
    """Writes down what it is told."""

    told: list[int]

    def on_status_callback(self, context: int, status: InternetStatus, info: object) -> None:  # noqa: ARG002
        self.told.append(int(status))


def test_a_further_request_tells_its_statuses(server: ScriptedServer) -> None:
    with Watching("t", access_type=AccessType.DIRECT) as session:
        session.told = []
        session.enable_status_callback()
        server.play(*answers(response(BODY, RANGES, TAG), part(AT, TAG)))
        with session.open_url(server.url()) as file:
            file.read(1)
            file.seek(AT)
            before = len(session.told)
            assert file.read() == BODY[AT:]
            assert session.told[before:] == [50, 51, 20, 21, 30, 31, 40, 41]
        assert session.told[-1] == 70


def test_a_callback_that_closes_the_file_ends_the_read(server: ScriptedServer) -> None:
    class Closing(InternetSession):
        file: HttpFile | None = None

        def on_status_callback(self, context: int, status: InternetStatus, info: object) -> None:  # noqa: ARG002
            if self.file is not None and status == InternetStatus.CONNECTION_CLOSED:
                self.file.close()

    with Closing("t", access_type=AccessType.DIRECT) as session:
        session.enable_status_callback()
        server.play(*answers(response(BODY, RANGES, TAG)))
        file = session.open_url(server.url())
        assert isinstance(file, HttpFile)
        session.file = file
        file.seek(AT)
        with pytest.raises(InternetException) as caught:
            file.read(1)
        assert caught.value.code == 12017
        assert len(server.received) == 1
        session.file = None


def test_a_session_that_was_closed_sends_no_further_request(server: ScriptedServer, session: InternetSession) -> None:
    server.play(*answers(response(BODY, RANGES, TAG)))
    with session.open_url(server.url()) as file:
        file.seek(AT)
        session.close()
        with pytest.raises(HandleClosed):
            file.read(1)
