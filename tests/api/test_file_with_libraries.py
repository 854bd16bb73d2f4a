"""Files of nginx under what wants a file: archives by ranges, layers of `io`, sniffers, writers."""

from __future__ import annotations

import csv
import gzip
import io
import json
import pickle
import shutil
import tarfile
import zipfile
from typing import TYPE_CHECKING, Literal
from urllib.parse import quote

import pytest

from pyinet import HttpFile, InternetException, InternetFile, NotSupported
from pyinet.enums import InternetHandleType
from servers.scripted import response

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from pyinet import InternetSession
    from pyinet._handles import Handle
    from servers.nginx import LogEntry, Nginx
    from servers.scripted import ScriptedServer

    Serve: TypeAlias = Callable[[bytes], HttpFile]

MIB = 1 << 20
NOISE = bytes(range(256)) * 4096


@pytest.fixture
def serve(nginx: Nginx, session: InternetSession, request: pytest.FixtureRequest) -> Serve:
    """Puts a body under nginx and opens it; the test closes it."""

    def opened(body: bytes) -> HttpFile:
        name = f"{request.node.name.replace('/', '_').replace(' ', '_').replace('|', '_').replace('*', '_')}.bin"
        (nginx.root / name).write_bytes(body)
        file = session.open_url(nginx.url(f"/{quote(name)}"))
        assert isinstance(file, HttpFile)
        return file

    return opened


def requests(nginx: Nginx, file: HttpFile) -> list[LogEntry]:
    path = file.url.partition(f":{nginx.port}")[2]
    return [entry for entry in nginx.log_entries() if entry.uri == path]


# ---- archives ----


def packed(members: int, size: int) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for n in range(members):
            archive.writestr(f"{n}.bin", bytes([n]) * size)
    return out.getvalue()


def test_zipfile_reads_the_directory_and_the_members_it_is_asked_for(nginx: Nginx, serve: Serve) -> None:
    body = packed(40, MIB)
    with serve(body) as file:
        with zipfile.ZipFile(file) as archive:
            assert len(archive.namelist()) == 40
            assert archive.read("7.bin") == bytes([7]) * MIB
            assert archive.read("31.bin") == bytes([31]) * MIB
        assert not file.closed
        assert file.bytes_transferred < 3 * MIB
    assert [entry.status for entry in requests(nginx, file)][1:] == [206] * (len(requests(nginx, file)) - 1)
    assert len(requests(nginx, file)) <= 6  # the first, three for the directory, one for each member


def test_zipfile_of_a_small_archive_sends_one_request(nginx: Nginx, serve: Serve) -> None:
    with serve(packed(3, 1000)) as file, zipfile.ZipFile(file) as archive:
        assert archive.testzip() is None
    assert len(requests(nginx, file)) == 1


@pytest.mark.parametrize("length", [0, 10, 5000, 2 * MIB])
def test_zipfile_says_that_something_is_no_archive(serve: Serve, length: int) -> None:
    with serve(bytes(length)) as file:
        assert not zipfile.is_zipfile(file)
        with pytest.raises(zipfile.BadZipFile):
            zipfile.ZipFile(file)


def test_zipfile_where_the_server_takes_no_ranges_is_refused(server: ScriptedServer, session: InternetSession) -> None:
    server.reply(response(packed(3, MIB), "Accept-Ranges: none"))
    with session.open_url(server.url()) as file:
        assert not file.seekable()
        with pytest.raises((io.UnsupportedOperation, zipfile.BadZipFile)):
            zipfile.ZipFile(file)


@pytest.mark.parametrize("mode", ["r|", "r|*", "r:", "r:*", "r:gz"])
@pytest.mark.parametrize("size", [997, 50_000])
def test_tarfile(serve: Serve, mode: Literal["r|", "r|*", "r:", "r:*", "r:gz"], size: int) -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz" if "gz" in mode else "w") as archive:
        for n in range(50):
            member = tarfile.TarInfo(f"dir/{n}")
            member.size = n * size
            archive.addfile(member, io.BytesIO(bytes([n]) * member.size))
    with serve(out.getvalue()) as file, tarfile.open(fileobj=file, mode=mode) as archive:
        found = {}
        for member in archive:
            content = archive.extractfile(member)
            assert content
            found[member.name] = content.read()
    assert found == {f"dir/{n}": bytes([n]) * n * size for n in range(50)}


def test_tarfile_in_any_order(serve: Serve) -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for n in range(20):
            member = tarfile.TarInfo(str(n))
            member.size = 400_000
            archive.addfile(member, io.BytesIO(bytes([n]) * member.size))
    with serve(out.getvalue()) as file, tarfile.open(fileobj=file, mode="r:") as archive:
        for n in (19, 3, 0, 11):
            content = archive.extractfile(str(n))
            assert content
            assert content.read() == bytes([n]) * 400_000


def test_gzip_goes_back(serve: Serve) -> None:
    text = b"".join(b"%d\n" % n for n in range(400_000))
    with serve(gzip.compress(text)) as file, gzip.GzipFile(fileobj=file) as unpacked:
        assert unpacked.read(2_000_000) == text[:2_000_000]
        assert (unpacked.seek(5), unpacked.read(10)) == (5, text[5:15])
        assert (unpacked.seek(1_999_999), unpacked.read(5)) == (1_999_999, text[1_999_999:2_000_004])


# ---- the layers of io ----


@pytest.mark.parametrize("size", [1, 8192, MIB])
def test_buffered(serve: Serve, size: int) -> None:
    with serve(NOISE) as file:
        reader = file.buffered(size)
        assert isinstance(reader, io.BufferedReader)
        assert (reader.seekable(), reader.read(300), reader.seek(1)) == (True, NOISE[:300], 1)
        assert (reader.read(4), reader.seek(-5, io.SEEK_END), reader.read()) == (NOISE[1:5], MIB - 5, NOISE[-5:])
        assert (reader.tell(), reader.seek(0), reader.peek(1)[:1]) == (MIB, 0, NOISE[:1])
        reader.close()
        assert file.closed


@pytest.mark.parametrize("size", [0, -1, 1.5, None])
def test_a_buffer_of_no_size_is_refused(serve: Serve, size: int) -> None:
    with serve(b"x") as file:
        for use in (file.buffered, file.set_read_buffer_size, file.set_write_buffer_size):
            if size == 0 and use != file.buffered:
                use(size)
                continue
            with pytest.raises(InternetException) as caught:
                use(size)
            assert caught.value.code == 87


@pytest.mark.parametrize(
    ("fields", "given", "body", "text"),
    [
        ("Content-Type: text/plain; charset=iso-8859-1", None, b"\xe9\r\n", "\xe9\n"),
        ('Content-Type: text/plain; charset="UTF-16"', None, "\xe9\n".encode("utf-16"), "\xe9\n"),
        ("Content-Type: text/plain", None, "\u20ac".encode(), "\u20ac"), ("X: y", None, "\u20ac".encode(), "\u20ac"),
        ("Content-Type: text/plain; charset=none-such", None, "\u20ac".encode(), "\u20ac"),
        ("Content-Type: text/plain; charset=hex", None, "\u20ac".encode(), "\u20ac"),
        ("Content-Type: text/plain; charset=utf-8", "cp1252", b"\x80", "\u20ac"),
    ],
    ids=["latin", "quoted", "none", "no type", "unknown", "no text", "argument"],
)  # fmt: skip
def test_text_takes_the_charset(
    server: ScriptedServer, session: InternetSession, fields: str, given: str | None, body: bytes, text: str
) -> None:
    server.reply(response(body, fields))
    file = session.open_url(server.url())
    assert isinstance(file, HttpFile)
    with file.text(given) as reader:
        assert reader.read() == text
    assert file.closed


def test_text_can_tell_and_seek(serve: Serve) -> None:
    lines = "".join(f"line {n} \u20ac\r\n" for n in range(60_000))
    with serve(lines.encode()).text(newline="") as reader:
        reader.readline()
        where = reader.tell()
        second = reader.readline()
        reader.read(900_000)
        reader.seek(where)
        assert reader.readline() == second == "line 1 \u20ac\r\n"


def test_csv_twice(serve: Serve) -> None:
    rows = [[str(n), "text \u20ac"] for n in range(30_000)]
    out = io.StringIO(newline="")
    csv.writer(out).writerows(rows)
    with serve(out.getvalue().encode()).text(newline="") as reader:
        dialect = csv.Sniffer().sniff(reader.read(2000))
        reader.seek(0)
        assert list(csv.reader(reader, dialect)) == rows


@pytest.mark.parametrize("length", [100, MIB])
def test_what_looks_at_the_beginning_and_goes_back(nginx: Nginx, serve: Serve, length: int) -> None:
    with serve(NOISE[:length]) as file:
        assert (file.seek(0), file.read(16), file.seek(0)) == (0, NOISE[:16], 0)
        assert (file.read(6), file.seek(-6, io.SEEK_CUR), file.read()) == (NOISE[:6], 0, NOISE[:length])
    assert len(requests(nginx, file)) == (1 if length == 100 else 3)


def test_json_pickle_and_copyfileobj_after_a_seek(serve: Serve) -> None:
    value = list(range(100_000))
    with serve(json.dumps(value).encode()) as file:
        file.read(700)
        file.seek(0)
        assert json.load(file) == value
    with serve(pickle.dumps(value)) as file:
        file.read(7)
        file.seek(0)
        assert pickle.load(file) == value  # noqa: S301 - our own
    copy = io.BytesIO()
    with serve(NOISE) as file:
        file.seek(-300_000, io.SEEK_END)
        shutil.copyfileobj(file, copy)
    assert copy.getvalue() == NOISE[-300_000:]


def test_pandas(serve: Serve) -> None:
    pandas = pytest.importorskip("pandas")
    body = b"a,b\n" + b"".join(b"%d,x%d\n" % (n, n) for n in range(50_000))
    with serve(body) as file:
        assert pandas.read_csv(file)["a"].sum() == sum(range(50_000))
    with serve(gzip.compress(body)) as file:
        assert len(pandas.read_csv(file, compression="gzip")) == 50_000


# ---- reading ahead ----


def test_a_read_buffer_only_grows_and_changes_no_byte(serve: Serve) -> None:
    with serve(NOISE) as file:
        file.set_read_buffer_size(5000)
        file.set_read_buffer_size(10)
        data, buffer = file.read(3), bytearray(7)
        assert 0 < file.available() <= 4997
        while len(data) < 20_000:
            data += file.read(11)
            data += buffer[: file.readinto(buffer)]
            assert file.tell() == len(data)
        assert (file.seek(5), file.read(3)) == (5, NOISE[5:8])
        file.seek(len(data))
        assert data + file.read() == NOISE


def test_available_tells_what_can_be_read_without_waiting(server: ScriptedServer, session: InternetSession) -> None:
    more = server.gate()

    def script(conn):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
        conn.recv_request()
        conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc")
        more.wait()
        conn.send(b"de")

    server.play(script)
    with session.open_url(server.url()) as file:
        assert isinstance(file, HttpFile)
        assert (file.available(), file.available(), file.read(3)) == (3, 3, b"abc")
        more.set()
        assert (file.available() > 0, file.read(), file.available()) == (True, b"de", 0)
    with pytest.raises(ValueError, match="closed"):
        file.available()


def test_the_encoding_of_read_string(serve: Serve) -> None:
    with serve("\u20ac1\r\n\u20ac2".encode()) as file:
        assert (file.encoding, file.read_string()) == ("latin-1", "\u20ac1".encode().decode("latin-1"))
        file.encoding = "utf-8"
        assert (file.read_string(), file.read_string()) == ("\u20ac2", None)
        with pytest.raises(InternetException) as caught:
            file.encoding = "none-such"
        assert caught.value.code == 87


# ---- writing: what a file that can be written gets from its base ----


class Written(InternetFile):
    """A file that is written to: each piece it sends."""

    def __init__(self, session: InternetSession) -> None:
        class Parent:
            handle_node: Handle = session.handle_node

        super().__init__(Parent(), InternetHandleType.HTTP_REQUEST, 0, None)
        self.pieces: list[bytes] = []
        self.broken = False

    def readable(self) -> bool:
        return False

    def writable(self) -> bool:
        return True

    def _send(self, data: memoryview) -> None:
        if self.broken:
            raise NotSupported("broken", 50)
        self.pieces.append(bytes(data))


@pytest.fixture
def written(session: InternetSession) -> Written:
    return Written(session)


def test_unbuffered_every_write_is_sent(written: Written) -> None:
    assert [written.write(b"ab"), written.write(memoryview(b"cd")), written.write(bytearray(b"e"))] == [2, 2, 1]
    written.write_string("\xfcx")
    written.writelines([b"f", b"g"])
    assert written.pieces == [b"ab", b"cd", b"e", b"\xfcx", b"f", b"g"]
    assert (written.mode, written.bytes_transferred) == ("wb", 9)
    written.close()


def test_small_writes_are_collected(written: Written) -> None:
    written.set_write_buffer_size(5)
    for piece in (b"ab", b"cd", b"ef", b"0123456789", b"g"):
        assert written.write(piece) == len(piece)
    assert written.pieces == [b"abcd", b"ef", b"0123456789"]
    written.set_write_buffer_size(2)  # sends what is there
    assert written.pieces[3:] == [b"g"]
    written.write(b"h")
    written.flush()
    written.flush()
    assert written.pieces[4:] == [b"h"]
    written.write(b"i")
    written.close()
    assert written.pieces[5:] == [b"i"]
    with pytest.raises(ValueError, match="closed"):
        written.write(b"")


def test_abort_drops_what_was_not_sent(written: Written) -> None:
    written.set_write_buffer_size(100)
    written.write(b"x")
    written.abort()
    assert (written.closed, written.pieces) == (True, [])


def test_close_raises_what_the_last_bytes_met_and_closes(written: Written) -> None:
    written.set_write_buffer_size(100)
    written.write(b"x")
    written.broken = True
    with pytest.raises(NotSupported):
        written.close()
    assert written.closed
    written.close()


@pytest.mark.parametrize("text", [None, b"x", 5, "\u20ac"], ids=repr)
def test_write_string_takes_text_that_can_be_encoded(written: Written, text: object) -> None:
    with pytest.raises(InternetException) as caught:
        written.write_string(text)
    assert (caught.value.code, written.pieces) == (87, [])
    written.close()


def test_a_buffered_writer_on_top(written: Written) -> None:
    with written.buffered(4) as writer:
        assert isinstance(writer, io.BufferedWriter)
        writer.write(b"ab")
        writer.write(b"cdefgh")
    assert b"".join(written.pieces) == b"abcdefgh"
    assert written.closed


def test_a_file_that_is_read_refuses_to_be_written(serve: Serve) -> None:
    with serve(b"x") as file:
        file.set_write_buffer_size(100)
        for refused in (lambda: file.write(b"x"), lambda: file.write_string("x"), lambda: file.writelines([b"x"])):
            with pytest.raises(io.UnsupportedOperation) as caught:
                refused()
            assert isinstance(caught.value, NotSupported)
            assert caught.value.code == 12019
        file.flush()


def test_a_file_of_no_special_kind_cannot_seek(written: Written) -> None:
    with written:
        assert not written.seekable()
        with pytest.raises(io.UnsupportedOperation) as caught:
            written.seek(0)
        assert isinstance(caught.value, NotSupported)
        assert (caught.value.code, written.tell(), written.length) == (12016, 0, None)
