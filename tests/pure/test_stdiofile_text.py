from __future__ import annotations

import io
import itertools
import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyinet._stdio.local import UpdateStream
from pyinet._stdio.text import TextChannel
from pyinet.errors import CallerError, NotSupported
from pyinet.stdiofile import OpenFlags, StdioFile

if TYPE_CHECKING:
    from pathlib import Path

READ = OpenFlags.MODE_READ
WRITE = OpenFlags.MODE_WRITE
CREATE = OpenFlags.MODE_CREATE

posix = pytest.mark.skipif(os.name == "nt", reason="paths and devices of POSIX")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "a.tar.gz"
    file.write_bytes(b"one\r\ntwo\nth\rree\r\n\r\nend")
    return file


def text_of(data: bytes, encoding: str = "utf-8") -> TextChannel:
    stream = UpdateStream(io.BytesIO(data))  # type: ignore[arg-type]  # all that the layer needs
    return TextChannel(stream, encoding, "surrogateescape", crlf=False)


PIECES = st.lists(st.sampled_from(["\r", "\n", "\r\n", "a", "é", "\U0001f600"]), max_size=40).map("".join)
SIZES = st.lists(st.integers(1, 7), min_size=1, max_size=5)


@given(PIECES, SIZES)
def test_translation_is_the_same_wherever_it_is_cut(text: str, sizes: list[int]) -> None:
    channel = text_of(text.encode())
    got = []
    for size in itertools.cycle(sizes):
        got.append(channel.read(size))
        if len(got[-1]) < size:
            break
    assert "".join(got) == text.replace("\r\n", "\n")


@given(PIECES, st.integers(0, 9), st.integers(0, 9))
def test_the_rest_is_the_same_wherever_reading_stopped(text: str, first: int, second: int) -> None:
    channel = text_of(text.encode())
    got = channel.read(first) + channel.readline(second)
    assert got + channel.readline() + channel.read() == text.replace("\r\n", "\n")


@given(PIECES, SIZES)
def test_lines_are_the_same_wherever_they_are_cut(text: str, sizes: list[int]) -> None:
    channel = text_of(text.encode())
    lines = [""]
    for size in itertools.cycle(sizes):
        piece = channel.readline(size)
        assert len(piece) <= size
        if not piece:
            break
        lines[-1] += piece
        if piece.endswith("\n"):
            lines.append("")
    assert lines == text.replace("\r\n", "\n").replace("\n", "\n\0").split("\0")


@given(PIECES, st.lists(st.tuples(st.booleans(), st.integers(0, 5)), max_size=12))
def test_any_position_told_can_be_sought(text: str, steps: list[tuple[bool, int]]) -> None:
    channel = text_of(text.encode())
    seen = []
    for by_line, size in steps:
        at = channel.tell()
        seen.append((at, channel.readline(size) if by_line else channel.read(size), by_line, size))
    for at, piece, by_line, size in reversed(seen):
        assert channel.seek(at) == at
        assert (channel.readline(size) if by_line else channel.read(size)) == piece


@given(PIECES, st.integers(0, 20))
def test_what_is_written_lands_behind_what_was_read(text: str, size: int) -> None:
    raw = text.encode()
    channel = text_of(raw)
    got = channel.read(size)
    at = channel.tell()
    channel.write("WW")
    # What was read stays, and what is written replaces as many bytes behind it.
    behind = raw[at + 2 :].decode("utf-8", "surrogateescape")
    assert channel.read() == behind.replace("\r\n", "\n")
    channel.seek(0)
    expected = raw[:at] + b"WW" + raw[at + 2 :]
    assert channel.read() == expected.decode("utf-8", "surrogateescape").replace("\r\n", "\n")
    assert raw[:at].decode().replace("\r\n", "\n") == got


@given(PIECES)
def test_utf16_is_translated_by_character(text: str) -> None:
    assert text_of(text.encode("utf-16-le"), "utf-16-le").read() == text.replace("\r\n", "\n")


@pytest.mark.parametrize(
    ("raw", "lines"),
    [
        (b"", []),
        (b"\r", ["\r"]),
        (b"\r\n", ["\n"]),
        (b"\r\r\n", ["\r\n"]),
        (b"a\rb\nc", ["a\rb\n", "c"]),
        (b"a\r\n\r\nb\r", ["a\n", "\n", "b\r"]),
        (b"\n\r\n", ["\n", "\n"]),
        (b"a\x0bb\x0cc\x85\n", ["a\x0bb\x0cc\udc85\n"]),
    ],
    ids=repr,
)
def test_only_lf_ends_a_line_and_a_lone_cr_stays(path: Path, raw: bytes, lines: list[str]) -> None:
    path.write_bytes(raw)
    with StdioFile(path) as file:
        assert list(file) == lines
        assert file.readline() == ""
        file.seek_to_begin()
        assert file.readlines() == lines
        file.seek_to_begin()
        assert [file.read_string() for _ in lines] == [line.removesuffix("\n") for line in lines]
        assert file.read_string() is None


def test_crlf_across_the_buffers_edge_is_one_line_end(path: Path) -> None:
    for filler in range(8190, 8194):
        path.write_bytes(b"x" * filler + b"\r\n" + b"y" * 70000 + b"\r\nz")
        with StdioFile(path) as file:
            assert file.read() == "x" * filler + "\n" + "y" * 70000 + "\nz"
            file.seek(0)
            assert file.read(filler + 1) == "x" * filler + "\n"
            assert file.read_string() == "y" * 70000


def test_bytes_outside_the_encoding_come_through(tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(b"caf\xe9\r\n\xff")
    with StdioFile(tmp_path / "in") as source, StdioFile(tmp_path / "out", "w") as target:
        text = source.read()
        target.write(text)
    assert text == "caf\udce9\n\udcff"
    assert (tmp_path / "out").read_bytes().replace(b"\r\n", b"\n") == b"caf\xe9\n\xff"


def test_encoding_and_errors_can_be_chosen(path: Path) -> None:
    path.write_bytes(b"caf\xe9")
    with StdioFile(path, "r", encoding="latin-1", errors="strict") as file:
        assert (file.encoding, file.errors, file.read()) == ("latin-1", "strict", "café")


@posix
def test_type_unicode_is_utf16_without_a_mark(path: Path) -> None:
    with StdioFile(path, WRITE | CREATE | OpenFlags.TYPE_UNICODE) as file:
        file.write_string("aé\n\ud800")
    assert path.read_bytes() == "aé\n\ud800".encode("utf-16-le", "surrogatepass")
    with StdioFile(path, READ | OpenFlags.TYPE_UNICODE) as file:
        assert file.read() == "aé\n\ud800"


def test_windows_writes_crlf() -> None:
    raw = io.BytesIO()
    channel = TextChannel(io.BufferedWriter(raw), "utf-8", "strict", crlf=True)
    assert channel.write("a\nb\r\n") == 5
    channel.flush()
    assert raw.getvalue() == b"a\r\nb\r\r\n"


@posix
def test_posix_writes_lines_as_they_are(path: Path) -> None:
    with StdioFile(path, "w") as file:
        assert file.write("a\n") == 2
        file.write_string("b")
        file.writelines(["c\n", "d"])
    assert path.read_bytes() == b"a\nbc\nd"


@pytest.mark.parametrize("mode", ["w", "wb"])
def test_write_string_of_none_is_87(path: Path, mode: str) -> None:
    with StdioFile(path, mode) as file:
        with pytest.raises(CallerError) as caught:
            file.write_string(None)  # type: ignore[arg-type]
        assert caught.value.code == 87


def test_each_mode_takes_its_own_type(path: Path) -> None:
    with StdioFile(path, "w") as file, pytest.raises(TypeError):
        file.write(b"a")
    with StdioFile(path, "wb") as file, pytest.raises(TypeError):
        file.write("a")


@posix
def test_a_pipe_is_read_as_text_without_positions() -> None:
    reader, writer = os.pipe()
    os.write(writer, b"a\rb\r\r\nc\r\nd\r")
    os.close(writer)
    try:
        with StdioFile(f"/dev/fd/{reader}") as file:
            assert not file.seekable()
            with pytest.raises(NotSupported):
                file.tell()
            with pytest.raises(NotSupported):
                file.seek(0)
            assert [file.read(2), file.read(1), file.read(1)] == ["a\r", "b", "\r"]
            assert list(file) == ["\n", "c\n", "d\r"]
    finally:
        os.close(reader)
