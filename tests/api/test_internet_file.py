"""`HttpFile` from `open_url`: its members, every way to read it, bodies that are large, slow, cut or silent."""

from __future__ import annotations

import gc
import hashlib
import io
import socket
import time
from typing import TYPE_CHECKING

import pytest

from pyinet import (
    ConnectionLost,
    HandleClosed,
    HttpFile,
    InternetException,
    InternetOption,
    InternetTimeout,
)
from pyinet._transfer.engine import live_objects
from servers.scripted import response
from waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from pyinet import InternetSession
    from pyinet.stdiofile import StdioFile
    from servers.scripted import Script, ScriptedConn, ScriptedServer

    Opened: TypeAlias = HttpFile | StdioFile

MIB = 1 << 20


def pattern(size: int) -> bytes:
    """Bytes in which no part looks like another: hashes of the offset."""
    blocks = range((size + 63) // 64)
    return b"".join(hashlib.blake2b(at.to_bytes(8, "big")).digest() for at in blocks)[:size]


LARGE = pattern(16 * MIB)


def chunked(body: bytes, size: int, *fields: str) -> bytes:
    lines = ["HTTP/1.1 200 OK", "Transfer-Encoding: chunked", *fields, "", ""]
    parts = [body[at : at + size] for at in range(0, len(body), size)]
    return "\r\n".join(lines).encode() + b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in parts) + b"0\r\n\r\n"


def until_close(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\n\r\n" + body


def sends(*pieces: bytes) -> Script:
    """Answer with these bytes, then close."""

    def script(conn: ScriptedConn) -> None:
        conn.recv_request()
        for piece in pieces:
            conn.send(piece)

    return script


@pytest.fixture
def http(session: InternetSession, server: ScriptedServer) -> Callable[[bytes], HttpFile]:
    """Opens an answer; the test closes it."""

    def opened(reply: bytes) -> HttpFile:
        server.reply(reply)
        file = session.open_url(server.url())
        assert isinstance(file, HttpFile)
        return file

    return opened


# ---- members ----


@pytest.mark.parametrize(
    ("reply", "length", "body"),
    [
        (response(b"four"), 4, b"four"), (response(b""), 0, b""),
        (chunked(b"four", 2), None, b"four"), (until_close(b"four"), None, b"four"),
        (b"HTTP/1.1 204 None\r\n\r\n", 0, b""), (b"HTTP/1.1 304 Same\r\nContent-Length: 9\r\n\r\n", 0, b""),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nok", 2, b"ok"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0002\r\n\r\nok", 2, b"ok"),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", 2, b"ok"),
    ],
    ids=["length", "empty", "chunked", "until close", "204", "304", "twice the same", "leading zeros", "HTTP/1.0"],
)  # fmt: skip
def test_the_length_is_what_the_answer_says(
    http: Callable[[bytes], HttpFile], reply: bytes, length: int | None, body: bytes
) -> None:
    with http(reply) as file:
        assert (file.content_length, file.length) == (length, length)
        if length is None:
            with pytest.raises(InternetException) as caught:
                file.get_length()
            assert caught.value.code == 12016
        else:
            assert file.get_length() == length
        assert file.read() == body
        assert file.length == length


@pytest.mark.parametrize(
    ("line", "status", "reason", "version"),
    [
        ("HTTP/1.1 200 OK", 200, "OK", "1.1"), ("HTTP/1.0 404 Not here, sorry", 404, "Not here, sorry", "1.0"),
        ("HTTP/1.1 200", 200, "", "1.1"), ("HTTP/1.1 200 ", 200, "", "1.1"), ("HTTP/1.1 999 So", 999, "So", "1.1"),
    ],
)  # fmt: skip
def test_the_status_line_is_read(
    http: Callable[[bytes], HttpFile], line: str, status: int, reason: str, version: str
) -> None:
    with http(f"{line}\r\nContent-Length: 1\r\n\r\nx".encode()) as file:
        assert (file.status_code, file.query_info_status_code(), file.reason, file.http_version) == (
            status, status, reason, version
        )  # fmt: skip


def test_headers_are_those_of_the_final_answer(http: Callable[[bytes], HttpFile]) -> None:
    interim = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
    with http(interim + response(b"x", "Vary: a", "vary: b", "Set-Cookie: a=1", "Set-Cookie: b=2")) as file:
        assert (file.headers["VARY"], "link" in file.headers) == ("a, b", False)
        assert file.headers.get_all("set-cookie") == ["a=1", "b=2"]


def test_names(http: Callable[[bytes], HttpFile], server: ScriptedServer) -> None:
    with http(response(b"x")) as file:
        assert {file.url, file.get_file_url(), file.name} == {server.url()}
        assert (file.verb, file.get_verb(), file.mode) == ("GET", "GET", "rb")
        assert (file.readable(), file.writable(), file.seekable(), file.isatty()) == (True, False, True, False)
        assert server.url() in repr(file)
        for refused in (file.fileno, file.truncate, lambda: file.write(b"x"), lambda: file.writelines([b"x"])):
            with pytest.raises(io.UnsupportedOperation):
                refused()


# ---- reading ----

PLAIN = b"0123456789" * 10
REPLIES = {"length": response(PLAIN), "chunked": chunked(PLAIN, 7), "until close": until_close(PLAIN)}
BIG = LARGE[:300_001]
BIG_REPLIES = {"big length": response(BIG), "big chunked": chunked(BIG, 997), "big until close": until_close(BIG)}


@pytest.mark.parametrize("segment", [None, 1, 13], ids=lambda size: f"segments of {size}")
@pytest.mark.parametrize("reply", REPLIES.values(), ids=REPLIES)
def test_read_fills_and_ends_with_nothing(
    server: ScriptedServer, session: InternetSession, reply: bytes, segment: int | None
) -> None:
    server.reply(reply, segment=segment)
    with session.open_url(server.url()) as file:
        assert [file.read(0), file.read(33), file.read(0), file.read(33)] == [b"", PLAIN[:33], b"", PLAIN[33:66]]
        assert file.tell() == 66
        assert [file.read(100), file.read(1), file.read(), file.read(0)] == [PLAIN[66:], b"", b"", b""]
        assert (file.readline(), list(file), file.readinto(bytearray(3)), file.tell()) == (b"", [], 0, 100)


@pytest.mark.parametrize("reply", (REPLIES | BIG_REPLIES).values(), ids=REPLIES | BIG_REPLIES)
def test_no_size_and_a_size_beyond_the_end_read_all(http: Callable[[bytes], HttpFile], reply: bytes) -> None:
    for size in (None, -1, -5, 1 << 20, (1 << 26) + 1, 1 << 40, (1 << 63) - 1):
        with http(reply) as file:
            assert file.read(size) in (PLAIN, BIG)
            assert file.read(size) == b""


@pytest.mark.parametrize("reply", BIG_REPLIES.values(), ids=BIG_REPLIES)
@pytest.mark.parametrize("first", ["read", "readline", "readinto", "nothing"])
def test_readall_returns_what_is_left(http: Callable[[bytes], HttpFile], reply: bytes, first: str) -> None:
    with http(reply) as file:
        begin = b""
        if first == "read":
            begin = file.read(70_000)
        elif first == "readline":
            begin = file.readline()
        elif first == "readinto":
            buffer = bytearray(1000)
            begin = bytes(buffer[: file.readinto(buffer)])
        assert begin + file.readall() == BIG
        assert (file.tell(), file.readall()) == (len(BIG), b"")


@pytest.mark.parametrize("reply", BIG_REPLIES.values(), ids=BIG_REPLIES)
def test_readinto_takes_any_writable_buffer(http: Callable[[bytes], HttpFile], reply: bytes) -> None:
    import array

    with http(reply) as file:
        data = bytearray()
        words = array.array("I", bytes(400))
        while len(data) < 100_000:
            got = file.readinto(memoryview(words))
            assert 0 < got <= 400
            data += words.tobytes()[:got]
        buffer = bytearray(50_000)
        while got := file.readinto(memoryview(buffer)[10:]):
            data += buffer[10 : 10 + got]
        assert bytes(data) == BIG
        assert buffer[:10] == bytes(10)
        assert file.readinto(buffer) == 0


def test_readinto_nothing_reads_nothing(http: Callable[[bytes], HttpFile]) -> None:
    with http(response(b"body")) as file:
        assert [file.readinto(bytearray()), file.readinto(memoryview(b"")), file.tell()] == [0, 0, 0]
        with pytest.raises((TypeError, ValueError, BufferError)):
            file.readinto(memoryview(b"read only"))
        assert file.read() == b"body"


def test_readinto_gives_what_is_there_and_does_not_wait_for_more(
    server: ScriptedServer, session: InternetSession
) -> None:
    gates = [server.gate() for _ in range(3)]

    def script(conn: ScriptedConn) -> None:
        conn.recv_request()
        conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nab")
        for gate in gates:
            gate.wait()
            conn.send(b"cd" if gate is not gates[2] else b"")

    server.play(script)
    buffer = bytearray(100)
    with session.open_url(server.url()) as file:
        assert (file.readinto(buffer), bytes(buffer[:2])) == (2, b"ab")
        gates[0].set()
        assert (file.readinto(buffer), bytes(buffer[:2])) == (2, b"cd")
        gates[1].set()
        assert file.read(1) == b"c"
        assert (file.readinto(buffer), bytes(buffer[:1]), file.readinto(buffer)) == (1, b"d", 0)


def test_bytes_that_trickle_are_put_together(server: ScriptedServer, session: InternetSession) -> None:
    body = pattern(500)
    turn = server.gate()

    def script(conn: ScriptedConn) -> None:
        conn.recv_request()
        conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n")
        for at in range(500):
            conn.send(body[at : at + 1])
            turn.wait(0.0005)

    server.play(script)
    with session.open_url(server.url()) as file:
        assert file.read(200) == body[:200]
        sizes, rest, buffer = [], b"", bytearray(500)
        while got := file.readinto(buffer):
            sizes.append(got)
            rest += buffer[:got]
        assert rest == body[200:]
        assert len(sizes) > 1


LINES = [b"first\n", b"\n", b"third, with \r\n", b"x" * 70_000 + b"\n", b"\r\0\xff\n", b"last without end"]


@pytest.mark.parametrize("size", [5, 6, 7, 8191, 65_536, 1 << 20], ids=lambda size: f"chunks of {size}")
def test_lines_are_found_across_the_borders_of_chunks(http: Callable[[bytes], HttpFile], size: int) -> None:
    with http(chunked(b"".join(LINES), size)) as file:
        assert list(file) == LINES


@pytest.mark.parametrize("size", [1, 2])
def test_lines_are_found_in_the_smallest_chunks(http: Callable[[bytes], HttpFile], size: int) -> None:
    with http(chunked(b"a\n\nbc\r\n\nd", size)) as file:
        assert [file.readline() for _ in range(6)] == [b"a\n", b"\n", b"bc\r\n", b"\n", b"d", b""]


def test_readline_takes_a_size(http: Callable[[bytes], HttpFile]) -> None:
    with http(chunked(b"one\ntwo three\n\nfour", 3)) as file:
        asked = [2, 2, 0, 5, 100, None, -1, 3]
        assert [file.readline(size) for size in asked] == [b"on", b"e\n", b"", b"two t", b"hree\n", b"\n", b"four", b""]
        assert file.tell() == 19


def test_readlines_and_hints(http: Callable[[bytes], HttpFile]) -> None:
    with http(response(b"a\nb\nc\nd")) as file:
        assert (file.readlines(3), file.readlines()) == ([b"a\n", b"b\n"], [b"c\n", b"d"])


def test_lines_and_bytes_may_be_read_in_turns(http: Callable[[bytes], HttpFile]) -> None:
    with http(chunked(b"head\n" + BIG + b"\ntail\n", 1000)) as file:
        assert file.readline() == b"head\n"
        data, buffer = bytearray(), bytearray(777)
        while len(data) < 200_000:
            data += file.read(1001)
            data += buffer[: file.readinto(buffer)]
            data += file.readline(5)
        assert bytes(data) + file.read() == BIG + b"\ntail\n"


def test_read_string_takes_the_end_of_the_line_off(http: Callable[[bytes], HttpFile]) -> None:
    with http(response(b"one\r\ntwo\n\nf\xfcnf\rsechs")) as file:
        assert [file.read_string() for _ in range(5)] == ["one", "two", "", "f\u00fcnf\rsechs", None]


@pytest.mark.parametrize("size", [1, 7, 100, 1000])
def test_iter_bytes_yields_equal_pieces(http: Callable[[bytes], HttpFile], size: int) -> None:
    with http(chunked(PLAIN, 9)) as file:
        pieces = list(file.iter_bytes(size))
    assert pieces == [PLAIN[at : at + size] for at in range(0, 100, size)]


@pytest.mark.parametrize("size", [0, -1])
def test_iter_bytes_of_no_size_is_refused(http: Callable[[bytes], HttpFile], size: int) -> None:
    with http(response(b"x")) as file, pytest.raises(InternetException) as caught:
        list(file.iter_bytes(size))
    assert caught.value.code == 87


# ---- closed ----

USES: dict[str, Callable[[HttpFile], object]] = {
    "read": lambda file: file.read(),
    "read some": lambda file: file.read(1),
    "read none": lambda file: file.read(0),
    "readall": lambda file: file.readall(),
    "readinto": lambda file: file.readinto(bytearray(1)),
    "readinto nothing": lambda file: file.readinto(bytearray()),
    "readline": lambda file: file.readline(),
    "readlines": lambda file: file.readlines(),
    "read_string": lambda file: file.read_string(),
    "next": next,
    "iter": list,
    "with": lambda file: file.__enter__(),
    "write": lambda file: file.write(b""),
}


@pytest.mark.parametrize("before", ["nothing", "a line", "all"])
@pytest.mark.parametrize("reply", [response(b"one\ntwo\n"), response(BIG)], ids=["short", "long"])
def test_a_closed_file_gives_nothing_away(http: Callable[[bytes], HttpFile], reply: bytes, before: str) -> None:
    file = http(reply)
    if before != "nothing":
        file.read() if before == "all" else file.readline()
    file.close()
    assert (file.closed, file.handle) == (True, 0)
    for name, use in USES.items():
        with pytest.raises(ValueError, match="closed") as caught:
            use(file)
        assert getattr(caught.value, "code", 6) == 6, name


def test_closing_twice_and_aborting_are_fine(http: Callable[[bytes], HttpFile]) -> None:
    for reply in (response(b"x"), response(BIG)):
        file = http(reply)
        file.close()
        file.close()
        file.abort()
        assert file.closed
        assert (file.name, file.mode, file.bytes_transferred) == (file.url, "rb", 0)  # it still says which it was


def test_leaving_a_with_block_closes(http: Callable[[bytes], HttpFile]) -> None:
    with pytest.raises(LookupError), http(response(BIG)) as file:
        raise LookupError
    assert file.closed


@pytest.mark.parametrize("reply", [response(b"short"), response(LARGE)], ids=["short", "long"])
@pytest.mark.parametrize("cycle", [False, True], ids=["dropped", "in a cycle"])
def test_an_unclosed_file_warns_and_leaks_nothing(http: Callable[[bytes], HttpFile], reply: bytes, cycle: bool) -> None:
    file: HttpFile | None = http(reply)
    if cycle:
        file.me = file  # type: ignore[union-attr]
    with pytest.warns(ResourceWarning, match="unclosed file"):  # noqa: PT031 - all of it makes the warning
        file = None
        gc.collect()
    eventually(lambda: live_objects()["transfers"] == 0, "the transfer of a file that was dropped")


@pytest.mark.parametrize(
    "reply", [response(b"short"), response(BIG), chunked(BIG, 999)], ids=["short", "long", "chunked"]
)
def test_a_file_that_was_read_to_its_end_may_be_dropped(
    session: InternetSession, server: ScriptedServer, reply: bytes
) -> None:
    for _ in range(3):
        server.reply(reply)
        assert session.open_url(server.url()).read() in (b"short", BIG)
    assert server.connections == 1


# ---- large bodies ----

FRAMES: dict[str, Callable[[bytes], bytes]] = {
    "length": response,
    "chunks of 10007": lambda body: chunked(body, 10_007),
    "chunks of 3 MiB": lambda body: chunked(body, 3 * MIB),
    "until close": until_close,
}


@pytest.mark.parametrize("frame", FRAMES.values(), ids=FRAMES)
@pytest.mark.parametrize("size", [-1, 65_537, 5 * MIB + 1], ids=lambda size: f"read {size}")
def test_a_large_body_is_the_same_byte_for_byte(
    server: ScriptedServer, session: InternetSession, frame: Callable[[bytes], bytes], size: int
) -> None:
    server.reply(frame(LARGE), segment=131_101)
    with session.open_url(server.url()) as file:
        if size < 0:
            assert file.read() == LARGE
            return
        at = 0
        while part := file.read(size):
            assert part == LARGE[at : at + size]
            at += len(part)
        assert at == len(LARGE)


@pytest.mark.parametrize("segment", [1461, 16_383, 65_537])
def test_segments_of_odd_sizes_and_reads_of_odd_sizes(
    server: ScriptedServer, session: InternetSession, segment: int
) -> None:
    server.reply(chunked(LARGE[: 4 * MIB], 30_011), segment=segment)
    data, buffer, sizes = bytearray(), bytearray(100_003), (1, 100_003, 17, 4097, 65_536, 3)
    with session.open_url(server.url()) as file:
        turn = 0
        while got := file.readinto(memoryview(buffer)[: sizes[turn % len(sizes)]]):
            data += buffer[:got]
            turn += 1
    assert bytes(data) == LARGE[: 4 * MIB]


# ---- cut bodies ----


def cut(reply: bytes, missing: int) -> bytes:
    return reply[:-missing]


CUT = {
    "length": (cut(response(PLAIN), 10), PLAIN[:-10]),
    "chunk": (cut(chunked(PLAIN, 50), 5 + 2 + 10), PLAIN[:-10]),
    "between chunks": (cut(chunked(PLAIN, 50), 5), PLAIN),
    "inside the last chunk": (cut(chunked(PLAIN, 50), 2), PLAIN),
    "long": (cut(response(BIG), 1), BIG[:-1]),
    "long chunk": (cut(chunked(BIG, 10_000), 100), None),
    "nothing came": (cut(response(PLAIN), 100), b""),
}


def read_until_error(file: Opened, size: int) -> tuple[bytes, InternetException]:
    data = b""
    try:
        while part := file.read(size):
            data += part
    except InternetException as error:
        return data, error
    pytest.fail("the end of a cut body looks like any other")


@pytest.mark.parametrize(("reply", "body"), CUT.values(), ids=CUT)
@pytest.mark.parametrize("size", [1000, 77, 1 << 30])
def test_of_a_cut_body_come_the_bytes_then_the_error_again_and_again(
    server: ScriptedServer, session: InternetSession, reply: bytes, body: bytes | None, size: int
) -> None:
    server.play(sends(reply))
    with session.open_url(server.url()) as file:
        data, error = read_until_error(file, size)
        if body is not None:
            assert data == body
        assert isinstance(error, ConnectionLost)
        assert file.tell() == len(data)
        for again in (lambda: file.read(size), file.read, file.readline, lambda: file.readinto(bytearray(9))):
            with pytest.raises(ConnectionLost):
                again()
        assert file.read(0) == b""
    with pytest.raises(HandleClosed):
        file.read(1)


@pytest.mark.parametrize(("reply", "body"), CUT.values(), ids=CUT)
def test_a_cut_body_is_no_short_success_of_read_without_size(
    server: ScriptedServer, session: InternetSession, reply: bytes, body: bytes | None
) -> None:
    server.play(sends(reply))
    with session.open_url(server.url()) as file:
        for _ in range(2):
            with pytest.raises(ConnectionLost) as caught:
                file.read()
            assert caught.value.code in {12030, 12031}
    assert body != PLAIN + BIG


@pytest.mark.parametrize("how", ["readline", "for", "read_string"])
def test_of_a_cut_body_come_its_lines_then_the_error(
    server: ScriptedServer, session: InternetSession, how: str
) -> None:
    server.play(sends(response(b"one\ntwo\nthree\n")[:-3]))
    with session.open_url(server.url()) as file:
        step = {"readline": file.readline, "for": file.__next__, "read_string": file.read_string}[how]
        lines = [step() for _ in range(3)]
        for _ in range(2):
            with pytest.raises(ConnectionLost):
                step()
    assert lines == (["one", "two", "thr"] if how == "read_string" else [b"one\n", b"two\n", b"thr"])


@pytest.mark.parametrize("size", [2, 9, 100])
def test_what_was_read_ahead_for_a_line_comes_before_the_error(
    server: ScriptedServer, session: InternetSession, size: int
) -> None:
    server.play(sends(response(b"one\ntwo\nthree\n")[:-3]))
    with session.open_url(server.url()) as file:
        assert file.readline() == b"one\n"
        data, error = read_until_error(file, size)
        assert (data, error.code) == (b"two\nthr", 12030)


def test_a_reset_inside_the_body_is_an_error(server: ScriptedServer, session: InternetSession) -> None:
    go = server.gate()

    def script(conn: ScriptedConn) -> None:
        conn.recv_request()
        conn.send(response(PLAIN)[:-10])
        go.wait()
        conn.reset()

    server.play(script)
    with session.open_url(server.url()) as file:
        assert file.read(90) == PLAIN[:90]
        go.set()
        for _ in range(2):
            with pytest.raises(ConnectionLost):
                file.read(1)


def test_no_more_bytes_come_than_were_promised(server: ScriptedServer, session: InternetSession) -> None:
    server.play(sends(response(b"exact") + b"surplus"))
    with session.open_url(server.url()) as file:
        assert (file.read(), file.read()) == (b"exact", b"")


def test_a_session_goes_on_after_a_cut_body(server: ScriptedServer, session: InternetSession) -> None:
    server.play(sends(response(PLAIN)[:-1]))
    with session.open_url(server.url()) as file, pytest.raises(ConnectionLost):
        file.read()
    server.reply(response(b"fine"))
    with session.open_url(server.url()) as file:
        assert file.read() == b"fine"


# ---- who waits for whom ----


class Flood:
    """An endless body; counts what the client took."""

    def __init__(self, server: ScriptedServer) -> None:
        self.taken = 0
        self.stuck = server.gate()
        server.play(self._script)

    def _script(self, conn: ScriptedConn) -> None:
        conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65_536)
        conn.recv_request()
        conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (1 << 40))
        block = bytes(65_536)
        while True:
            conn.sock.settimeout(0.15)
            try:
                self.taken += conn.sock.send(block)
            except TimeoutError:
                self.stuck.set()
                conn.sock.settimeout(20)
                self.taken += conn.sock.send(block)


def test_a_reader_that_does_not_read_stops_the_server(server: ScriptedServer, session: InternetSession) -> None:
    flood = Flood(server)
    with session.open_url(server.url()) as file:
        assert flood.stuck.wait(20)
        first = flood.taken
        assert first < 16 * MIB  # our ring, and what kernels keep of a socket
        flood.stuck.clear()
        assert file.read(32 * MIB) == bytes(32 * MIB)
        assert flood.stuck.wait(20)
        assert 32 * MIB <= flood.taken < 32 * MIB + 16 * MIB


def test_while_nobody_reads_no_clock_runs(server: ScriptedServer, session: InternetSession) -> None:
    session.set_option(InternetOption.RECEIVE_TIMEOUT, 200)
    flood = Flood(server)
    with session.open_url(server.url()) as file:
        assert file.read(1000) == bytes(1000)
        flood.stuck.clear()
        assert flood.stuck.wait(20)
        assert not server.gate().wait(0.5)  # longer than the timeout: the pause is ours
        assert file.read(8 * MIB) == bytes(8 * MIB)


def test_a_complete_answer_waits_for_its_reader(server: ScriptedServer, session: InternetSession) -> None:
    session.set_option(InternetOption.RECEIVE_TIMEOUT, 100)
    server.reply(response(BIG))
    with session.open_url(server.url()) as file:
        assert file.read(1) == BIG[:1]
        assert not server.gate().wait(0.3)
        assert file.read() == BIG[1:]


@pytest.mark.parametrize("sent", [0, 50], ids=["at its beginning", "in its middle"])
@pytest.mark.parametrize("size", [-1, 60])
def test_silence_in_the_body_times_out(server: ScriptedServer, session: InternetSession, sent: int, size: int) -> None:
    session.set_option(InternetOption.RECEIVE_TIMEOUT, 200)

    def script(conn: ScriptedConn) -> None:
        conn.recv_request()
        conn.send(response(PLAIN)[: len(response(PLAIN)) - 100 + sent])
        conn.wait_closed()

    server.play(script)
    with session.open_url(server.url()) as file:
        started = time.monotonic()
        if size > 0 and sent:
            assert file.read(size) == PLAIN[:sent]
        for _ in range(2):
            with pytest.raises(InternetTimeout) as caught:
                file.read(size)
        assert caught.value.code == 12002
        assert isinstance(caught.value, TimeoutError)
        assert 0.15 < time.monotonic() - started < 5


def test_silence_before_the_answer_times_out(server: ScriptedServer, session: InternetSession) -> None:
    session.set_option(InternetOption.RECEIVE_TIMEOUT, 200)

    def script(conn: ScriptedConn) -> None:
        conn.recv_request()
        conn.wait_closed()

    server.play(script)
    with pytest.raises(InternetTimeout):
        session.open_url(server.url())


def test_a_body_that_takes_longer_than_the_timeout_in_all_is_fine(
    server: ScriptedServer, session: InternetSession
) -> None:
    session.set_option(InternetOption.RECEIVE_TIMEOUT, 300)
    pause = server.gate()

    def script(conn: ScriptedConn) -> None:
        conn.recv_request()
        conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n")
        for _ in range(8):
            conn.send(b"x")
            pause.wait(0.06)

    server.play(script)
    with session.open_url(server.url()) as file:
        assert file.read() == b"x" * 8
