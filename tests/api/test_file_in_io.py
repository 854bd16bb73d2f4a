"""A file of `open_url` where Python's library wants a file: `io.RawIOBase` is the contract."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import pickle
import shutil
import tarfile
import zipfile
import zlib
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest

from pyinet import ConnectionLost, HandleClosed, HttpFile, InternetException
from servers.scripted import response

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import Literal, TypeAlias

    from pyinet import InternetSession
    from servers.scripted import ScriptedConn, ScriptedServer

    Serve: TypeAlias = Callable[[bytes], HttpFile]

TEXT = "".join(f"line {n} \u00e4\u20ac\U0001f600\r\n" for n in range(20_000))
RAW = TEXT.encode()


def chunked(body: bytes, size: int = 1013) -> bytes:
    parts = [body[at : at + size] for at in range(0, len(body), size)]
    return (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        + b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts)
        + b"0\r\n\r\n"
    )


@pytest.fixture(params=["length", "chunked"])
def serve(request: pytest.FixtureRequest, server: ScriptedServer, session: InternetSession) -> Serve:
    """Serves a body and opens it; the test closes it."""

    def opened(body: bytes) -> HttpFile:
        server.reply(response(body) if request.param == "length" else chunked(body))
        file = session.open_url(server.url())
        assert isinstance(file, HttpFile)
        return file

    return opened


@pytest.fixture
def cut(server: ScriptedServer, session: InternetSession) -> Serve:
    """The same, but the connection ends 10 bytes before the body does."""

    def opened(body: bytes) -> HttpFile:
        def script(conn: ScriptedConn) -> None:
            conn.recv_request()
            conn.send(response(body)[:-10])

        server.play(script)
        file = session.open_url(server.url())
        assert isinstance(file, HttpFile)
        return file

    return opened


def test_it_is_a_raw_io_base(serve: Serve) -> None:
    with serve(b"x") as file:
        assert isinstance(file, io.RawIOBase)
        assert isinstance(file, io.IOBase)


@pytest.mark.parametrize("size", [1, 100, 8192, 1 << 20])
def test_buffered_reader(serve: Serve, size: int) -> None:
    with io.BufferedReader(serve(RAW), size) as reader:
        assert reader.peek(1)[:1] == RAW[:1]
        assert reader.read(10) == RAW[:10]
        first = reader.read1(5)
        assert first == RAW[10 : 10 + len(first)]
        rest = reader.readline() + reader.read(100_000) + reader.read()
        assert first + rest == RAW[10:]
        assert reader.read(1) == b""


def test_closing_the_reader_closes_the_file(serve: Serve) -> None:
    file = serve(RAW)
    with io.BufferedReader(file):
        pass
    assert file.closed
    other = serve(b"x")
    reader = io.BufferedReader(other)
    assert reader.detach() is other
    assert other.read() == b"x"
    other.close()


@pytest.mark.parametrize("buffered", [False, True], ids=["directly", "over a BufferedReader"])
@pytest.mark.parametrize(("newline", "text"), [(None, TEXT.replace("\r\n", "\n")), ("", TEXT), ("\n", TEXT)])
def test_text_io_wrapper(serve: Serve, buffered: bool, newline: str | None, text: str) -> None:
    file: Any = serve(RAW)
    with io.TextIOWrapper(io.BufferedReader(file) if buffered else file, "utf-8", newline=newline) as reader:
        first = reader.readline()
        assert first + reader.read() == text
    assert file.closed


def test_csv(serve: Serve) -> None:
    rows = [["a", 'b "quoted"', "c\nd"], ["1", "\u00e4", ""]] * 3000
    out = io.StringIO(newline="")
    csv.writer(out).writerows(rows)
    with io.TextIOWrapper(serve(out.getvalue().encode()), "utf-8", newline="") as reader:
        assert list(csv.reader(reader)) == rows


def test_json(serve: Serve) -> None:
    value = {"list": list(range(30_000)), "text": "\u20ac"}
    with serve(json.dumps(value).encode()) as file:
        assert json.load(file) == value


def test_pickle(serve: Serve) -> None:
    value = [{"n": n, "b": bytes(n)} for n in range(400)]
    with serve(pickle.dumps(value) + pickle.dumps("second")) as file:
        assert [pickle.load(file), pickle.load(file)] == [value, "second"]  # noqa: S301 - our own
        with pytest.raises(EOFError):
            pickle.load(file)  # noqa: S301


@pytest.mark.parametrize("members", [1, 3])
def test_gzip(serve: Serve, members: int) -> None:
    packed = gzip.compress(RAW, 1) * members
    with serve(packed) as file, gzip.GzipFile(fileobj=file) as unpacked:
        assert unpacked.read(1000) + unpacked.read() == RAW * members


def test_gzip_open_as_text(serve: Serve) -> None:
    with serve(gzip.compress(RAW)) as file, gzip.open(file, "rt", encoding="utf-8", newline="") as text:
        assert "".join(text) == TEXT


def test_zlib_piece_by_piece(serve: Serve) -> None:
    unpacker = zlib.decompressobj()
    with serve(zlib.compress(RAW)) as file:
        data = b"".join(unpacker.decompress(piece) for piece in file.iter_bytes(777))
    assert data + unpacker.flush() == RAW


@pytest.mark.parametrize("mode", ["r|", "r|gz", "r|*"])
def test_tar_as_a_stream(serve: Serve, mode: Literal["r|", "r|gz", "r|*"]) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w" if mode == "r|" else "w:gz") as archive:
        for n in range(50):
            member = tarfile.TarInfo(f"dir/{n}")
            member.size = n * 997
            archive.addfile(member, io.BytesIO(bytes([n]) * member.size))
    with serve(packed.getvalue()) as file, tarfile.open(fileobj=file, mode=mode) as archive:
        found = {}
        for member in archive:
            content = archive.extractfile(member)
            assert content
            found[member.name] = content.read()
    assert found == {f"dir/{n}": bytes([n]) * n * 997 for n in range(50)}


def test_what_needs_to_seek_is_refused_by_python_itself(serve: Serve) -> None:
    with serve(b"PK" + bytes(100)) as file, pytest.raises((io.UnsupportedOperation, zipfile.BadZipFile)):
        zipfile.ZipFile(file)


@pytest.mark.parametrize("length", [0, 99, 1000, 1 << 20])
def test_copyfileobj(serve: Serve, tmp_path: Path, length: int) -> None:
    with serve(RAW) as file, (tmp_path / "copy").open("wb") as out:
        if length:
            shutil.copyfileobj(file, out, length)
        else:
            shutil.copyfileobj(file, out)
    assert (tmp_path / "copy").read_bytes() == RAW


def test_a_digest(serve: Serve) -> None:
    digest, buffer = hashlib.sha256(), bytearray(4096)
    with serve(RAW) as file:
        while got := file.readinto(buffer):
            digest.update(memoryview(buffer)[:got])
    assert digest.digest() == hashlib.sha256(RAW).digest()


def test_xml_piece_by_piece(serve: Serve) -> None:
    with serve(b"<all>" + b"<one>x</one>" * 10_000 + b"</all>") as file:
        assert sum(element.tag == "one" for _, element in ET.iterparse(file)) == 10_000  # noqa: S314 - our own


def test_bytes_io_and_writelines(serve: Serve) -> None:
    out = io.BytesIO()
    with serve(RAW) as file:
        out.writelines(file)
    assert out.getvalue() == RAW


# ---- a body that is cut is no success for any of them ----

CONSUMERS: dict[str, tuple[bytes, Callable[[Any], object]]] = {
    "read": (RAW, lambda file: file.read()),
    "for": (RAW, list),
    "BufferedReader.read": (RAW, lambda file: io.BufferedReader(file).read()),
    "BufferedReader.read some": (RAW, lambda file: io.BufferedReader(file).read(len(RAW))),
    "BufferedReader for": (RAW, lambda file: list(io.BufferedReader(file))),
    "TextIOWrapper.read": (RAW, lambda file: io.TextIOWrapper(file, "utf-8", "replace").read()),
    "TextIOWrapper for": (RAW, lambda file: list(io.TextIOWrapper(io.BufferedReader(file), "utf-8", "replace"))),
    "copyfileobj": (RAW, lambda file: shutil.copyfileobj(file, io.BytesIO())),
    "gzip": (gzip.compress(RAW, 0), lambda file: gzip.GzipFile(fileobj=file).read()),
    "json": (json.dumps(list(range(1000))).encode(), json.load),
    "short read": (b"twenty bytes of text", lambda file: file.read()),
    "short for": (b"twenty bytes\nof text.", list),
    "iter_bytes": (RAW, lambda file: list(file.iter_bytes(1000))),
}


@pytest.mark.parametrize(("body", "consume"), CONSUMERS.values(), ids=CONSUMERS)
def test_a_cut_body_is_an_error_whoever_reads_it(cut: Serve, body: bytes, consume: Callable[[Any], object]) -> None:
    with cut(body) as file, pytest.raises(ConnectionLost):
        consume(file)


# ---- errors of a closed file are those that io promises ----


def test_layers_above_a_closed_file_raise_value_error(serve: Serve) -> None:
    for close_first in (True, False):
        file = serve(RAW)
        reader = io.BufferedReader(file)
        if not close_first:
            assert reader.readline()
        file.close()
        with pytest.raises(ValueError, match="closed"):
            reader.read()
        reader.close()
    assert issubclass(HandleClosed, ValueError)
    assert not issubclass(InternetException, ValueError)
