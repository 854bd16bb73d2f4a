from __future__ import annotations

import csv
import errno
import gc
import hashlib
import io
import json
import os
import shutil
import sys
from typing import TYPE_CHECKING

import pytest

from pyinet.errors import CallerError, HandleClosed, InternetException, LocalFileError, NotSupported
from pyinet.stdiofile import StdioFile

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


posix = pytest.mark.skipif(os.name == "nt", reason="paths and devices of POSIX")
linux = pytest.mark.skipif(sys.platform != "linux", reason="/dev/full")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "a.tar.gz"
    file.write_bytes(b"one\r\ntwo\nth\rree\r\n\r\nend")
    return file


# Binary


def test_binary_mode_changes_nothing(path: Path) -> None:
    with StdioFile(path, "rb") as file:
        assert list(file) == [b"one\r\n", b"two\n", b"th\rree\r\n", b"\r\n", b"end"]
        file.seek(0)
        assert [file.readline(2), file.readline(), file.read_string()] == [b"on", b"e\r\n", "two"]
        assert file.read1(3) == b"th\r"
        buffer = bytearray(4)
        assert file.readinto(buffer) == 4
        assert bytes(buffer) == b"ree\r"
        assert file.readinto1(buffer) == 4
        assert bytes(buffer) == b"\n\r\ne"
        assert file.read(100) == b"nd"
        assert file.read(1) == b""
        assert file.readinto(buffer) == 0


def test_read_string_keeps_the_cr_of_binary_mode(path: Path) -> None:
    with StdioFile(path, "rb") as file:
        assert file.read_string() == "one\r"


@pytest.mark.parametrize("size", [-1, -7, None], ids=str)
@pytest.mark.parametrize("mode", ["r", "rb"])
def test_a_negative_size_or_none_reads_all(path: Path, mode: str, size: int | None) -> None:
    with StdioFile(path, mode) as file:
        assert len(file.readline(size)) == (4 if mode == "r" else 5)
        assert len(file.read(size)) == (15 if mode == "r" else 17)


@pytest.mark.parametrize("mode", ["r", "rb"])
def test_size_0_reads_nothing(path: Path, mode: str) -> None:
    with StdioFile(path, mode) as file:
        assert not file.read(0)
        assert not file.readline(0)
        assert file.tell() == 0


def test_methods_of_binary_mode_are_refused_in_text_mode(path: Path) -> None:
    with StdioFile(path) as file:
        calls: list[Callable[[], object]] = [file.read1, lambda: file.readinto(bytearray(1))]
        for call in calls:
            with pytest.raises(io.UnsupportedOperation) as caught:
                call()
            assert isinstance(caught.value, NotSupported)


def test_encoding_is_an_attribute_of_text_mode_alone(path: Path) -> None:
    with StdioFile(path) as text, StdioFile(path, "rb") as binary:
        assert (text.encoding, text.errors) == ("utf-8", "surrogateescape")
        assert not hasattr(binary, "encoding")
        assert not hasattr(binary, "errors")


@pytest.mark.parametrize(
    ("mode", "name", "argument"),
    [("r", "write", "x"), ("rb", "write", b"x"), ("r", "truncate", 1), ("rb", "truncate", 1)],
)
def test_a_file_for_reading_is_not_written(path: Path, mode: str, name: str, argument: object) -> None:
    with StdioFile(path, mode) as file:
        with pytest.raises(io.UnsupportedOperation) as caught:
            getattr(file, name)(argument)
        assert isinstance(caught.value, NotSupported)
        assert caught.value.code == 50
    assert path.stat().st_size == 22


@pytest.mark.parametrize("mode", ["w", "wb"])
@pytest.mark.parametrize("name", ["read", "readline"])
def test_a_file_for_writing_is_not_read(path: Path, mode: str, name: str) -> None:
    with StdioFile(path, mode) as file, pytest.raises(NotSupported):
        getattr(file, name)()


# Position and length


def test_seek_follows_begin_current_and_end(path: Path) -> None:
    with StdioFile(path, "rb") as file:
        assert file.seek(5) == 5
        assert file.seek(3, 1) == 8
        assert file.seek(-3, 2) == 19
        assert file.read() == b"end"
        assert file.seek_to_end() == file.get_position() == file.get_length() == 22
        file.seek_to_begin()
        assert file.tell() == 0
        assert file.seek(100) == 100
        assert file.read() == b""


@pytest.mark.parametrize(("offset", "whence"), [(-1, 0), (-9, 1), (-23, 2)])
@pytest.mark.parametrize("buffered", [False, True])
def test_a_position_before_the_start_is_131_and_changes_nothing(
    path: Path, offset: int, whence: int, buffered: bool
) -> None:
    with StdioFile(path, "rb") as file:
        file.seek(8)
        if buffered:
            file.read(1)
            file.seek(-1, 1)
        with pytest.raises(CallerError) as caught:
            file.seek(offset, whence)
        assert caught.value.code == 131
        assert file.tell() == 8


def test_in_text_mode_a_negative_position_is_131(path: Path) -> None:
    with StdioFile(path) as file, pytest.raises(CallerError) as caught:
        file.seek(-1)
    assert caught.value.code == 131


def test_in_text_mode_only_told_positions_are_sought(path: Path) -> None:
    with StdioFile(path) as file:
        file.readline()
        at = file.tell()
        rest = file.read()
        assert file.seek(at) == at
        assert file.seek(0, 1) == at
        assert file.read() == rest
        assert file.seek(0, 2) == 22
        for offset, whence in [(1, 1), (-1, 1), (-1, 2), (1, 2)]:
            with pytest.raises(NotSupported) as caught:
                file.seek(offset, whence)
            assert caught.value.code == 50
        assert file.tell() == 22


@pytest.mark.parametrize("mode", ["r", "rb"])
@pytest.mark.parametrize(("offset", "whence"), [(0, 3), (0, -1), (1 << 200, 0)])
def test_bad_arguments_of_seek_are_87(path: Path, mode: str, offset: int, whence: int) -> None:
    with StdioFile(path, mode) as file, pytest.raises(CallerError) as caught:
        file.seek(offset, whence)
    assert caught.value.code == 87


@pytest.mark.parametrize("mode", ["r", "rb"])
def test_a_position_that_is_no_integer_is_a_type_error(path: Path, mode: str) -> None:
    with StdioFile(path, mode) as file, pytest.raises(TypeError):
        file.seek(1.0)  # type: ignore[arg-type]


def test_a_write_past_the_end_extends_the_file(path: Path) -> None:
    with StdioFile(path, "r+b") as file:
        file.seek(24)
        file.write(b"x")
        assert file.length == 25
    assert path.read_bytes().endswith(b"end\0\0x")


def test_length_counts_what_is_in_the_buffer(path: Path) -> None:
    with StdioFile(path, "w") as file:
        file.write("é")
        assert (file.length, file.get_length(), file.get_status().st_size) == (2, 2, 2)


@pytest.mark.parametrize("mode", ["r+", "r+b"])
def test_truncate_cuts_and_keeps_the_position(path: Path, mode: str) -> None:
    path.write_bytes(b"0123456789")
    with StdioFile(path, mode) as file:
        file.read(2)
        assert file.truncate(4) == 4
        assert file.tell() == 2
        assert file.truncate() == 2
        assert not file.read()
        with pytest.raises(CallerError) as caught:
            file.truncate(-1)
        assert caught.value.code == 131
    assert path.read_bytes() == b"01"


@pytest.mark.parametrize("mode", ["r+", "r+b"])
def test_set_length_goes_to_the_new_end(path: Path, mode: str) -> None:
    with StdioFile(path, mode) as file:
        file.set_length(3)
        assert (file.tell(), file.length) == (3, 3)
        file.set_length(5)
        assert (file.tell(), file.length) == (5, 5)
    assert path.read_bytes() == b"one\0\0"


@pytest.mark.parametrize("flush", [False, True])
def test_what_was_written_is_not_read_again_in_one_call(path: Path, flush: bool) -> None:
    with StdioFile(path, "r+b") as file:
        assert file.read1(100) == path.read_bytes()
        file.seek(5)
        file.write(b"TWO")
        if flush:
            file.flush()
        assert file.read1(3) == b"\nth"


def test_reads_and_writes_alternate_in_binary_mode(path: Path) -> None:
    with StdioFile(path, "r+b") as file:
        assert file.read(1) == b"o"
        file.write(b"NE")
        assert file.read(2) == b"\r\n"
    assert path.read_bytes().startswith(b"oNE\r\ntwo")


@posix
def test_reads_and_writes_alternate_in_text_mode(path: Path) -> None:
    with StdioFile(path, "r+") as file:
        assert file.readline() == "one\n"
        file.write("TWO")
        assert file.read(3) == "\nth"
        file.write("RR")
    assert path.read_bytes() == b"one\r\nTWO\nthRRee\r\n\r\nend"


# Closing


def test_everything_on_a_closed_file_is_error_6(path: Path) -> None:
    file = StdioFile(path)
    file.close()
    file.close()
    calls: list[Callable[[], object]] = [
        file.read, file.readline, file.read_string, file.tell, file.flush, file.fileno, file.readable, file.writable,
        file.seekable, file.isatty, file.get_length, file.get_status, file.seek_to_end, file.read1, file.truncate,
        lambda: file.seek(0), lambda: file.write("x"), lambda: next(file), lambda: file.write_string("x"),
        lambda: file.set_length(0),
    ]  # fmt: skip
    for call in calls:
        with pytest.raises(ValueError, match="closed") as caught:
            call()
        assert isinstance(caught.value, HandleClosed)
        assert caught.value.code == 6
    with pytest.raises(ValueError, match="closed"), file:
        pass
    assert file.stream is None


@pytest.mark.parametrize("mode", ["r", "rb", "w", "wb"])
def test_an_unclosed_file_warns_and_is_written(path: Path, mode: str) -> None:
    file = StdioFile(path, mode)
    descriptor = file.fileno()
    if file.writable():
        file.write_string("kept")
    with pytest.warns(ResourceWarning, match=r"unclosed file <pyinet.stdiofile.StdioFile name='.*a.tar.gz'"):
        del file  # the last reference
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)
    assert path.read_bytes() == (b"kept" if "w" in mode else b"one\r\ntwo\nth\rree\r\n\r\nend")


def test_closed_unopened_and_failed_objects_do_not_warn(path: Path, recwarn: pytest.WarningsRecorder) -> None:
    StdioFile(path).close()
    StdioFile()
    with pytest.raises(LocalFileError):
        StdioFile(path.parent / "missing")
    gc.collect()
    assert len(recwarn) == 0


@pytest.mark.parametrize("mode", ["r+", "r+b", "w", "wb"])
def test_abort_drops_the_buffer_and_never_fails(path: Path, mode: str) -> None:
    file = StdioFile(path, mode)
    file.write_string("dropped")
    file.abort()
    file.abort()
    gc.collect()
    assert file.closed
    assert b"dropped" not in path.read_bytes()
    StdioFile().abort()


@linux
@pytest.mark.parametrize("mode", ["w", "wb"])
def test_a_full_disk_is_112_and_close_closes_all_the_same(mode: str) -> None:
    file = StdioFile("/dev/full", mode)
    file.write_string("x")
    with pytest.raises(LocalFileError, match="cannot write '/dev/full'") as caught:
        file.flush()
    assert (caught.value.code, caught.value.errno, caught.value.filename) == (112, errno.ENOSPC, "/dev/full")
    with pytest.raises(LocalFileError):
        file.close()
    assert file.closed
    file.close()
    file = StdioFile("/dev/full", mode)
    file.write_string("x")
    file.abort()


@linux
@pytest.mark.parametrize("mode", ["r", "rb"])
def test_a_failed_read_is_a_local_file_error(mode: str) -> None:
    with StdioFile("/proc/self/mem", mode) as file, pytest.raises(LocalFileError, match="cannot read") as caught:
        file.read(1)
    assert caught.value.errno == errno.EIO
    assert caught.value.code == 1117


# As a file of Python


def test_csv_reads_it(path: Path) -> None:
    path.write_bytes(b'a,b\r\n1,"x\r\ny"\r\n')
    with StdioFile(path) as file:
        assert list(csv.reader(file)) == [["a", "b"], ["1", "x\ny"]]


@pytest.mark.parametrize("mode", ["r", "rb"])
def test_json_loads_it(path: Path, mode: str) -> None:
    path.write_text('{"a": [1, "é"]}', encoding="utf-8")
    with StdioFile(path, mode) as file:
        assert json.load(file) == {"a": [1, "é"]}


def test_copyfileobj_copies_it(path: Path) -> None:
    with StdioFile(path, "rb") as source, StdioFile(path.parent / "copy", "wb") as target:
        shutil.copyfileobj(source, target, 5)
    assert (path.parent / "copy").read_bytes() == path.read_bytes()


def test_a_text_wrapper_goes_around_binary_mode(path: Path) -> None:
    with io.TextIOWrapper(StdioFile(path, "r+b"), encoding="ascii", newline="") as text:
        assert text.readline() == "one\r\n"
        at = text.tell()
        assert text.read(3) == "two"
        text.seek(at)
        text.write("TWO")
    assert path.read_bytes().startswith(b"one\r\nTWO\n")


def test_buffered_reader_and_hashing_take_binary_mode(path: Path) -> None:
    with StdioFile(path, "rb") as file:
        assert io.BufferedReader(file).read(3) == b"one"
    with StdioFile(path, "rb") as file:
        digest = hashlib.sha256()
        while chunk := file.read(4):
            digest.update(chunk)
    assert digest.digest() == hashlib.sha256(path.read_bytes()).digest()


def test_print_and_iteration_with_positions_work(path: Path) -> None:
    with StdioFile(path, "w+") as file:
        print("a", 1, file=file)
        print("b", file=file)
        file.seek_to_begin()
        positions = [(file.tell(), line) for line in file]
    assert [line for _, line in positions] == ["a 1\n", "b\n"]
    assert positions[0][0] < positions[1][0]


# Names


def test_names_are_those_of_mfc(path: Path) -> None:
    with StdioFile(path) as file:
        assert file.name == file.file_path == file.get_file_path() == str(path)
        assert file.file_name == file.get_file_name() == "a.tar.gz"
        assert file.file_title == file.get_file_title() == "a.tar"
    assert file.file_name == "a.tar.gz"
    assert repr(file) == f"<pyinet.stdiofile.StdioFile name={str(path)!r} mode='r' closed>"


def test_the_path_is_absolute_and_stays_so(
    path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(path.parent)
    with StdioFile(os.fsencode(path.name)) as file:
        monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
        assert (file.name, file.file_path) == ("a.tar.gz", str(path))


def test_stream_is_the_binary_stream_below(path: Path) -> None:
    with StdioFile(path, "rb") as file:
        assert isinstance(file.stream, io.BufferedReader)
        assert file.stream.fileno() == file.fileno()


@pytest.mark.parametrize(
    ("name", "arguments"),
    [("duplicate", ()), ("lock_range", (0, 1)), ("unlock_range", (0, 1))],
)
def test_what_mfc_does_not_support_is_50(path: Path, name: str, arguments: tuple[int, ...]) -> None:
    with StdioFile(path) as file:
        with pytest.raises(NotSupported) as caught:
            getattr(file, name)(*arguments)
        assert caught.value.code == 50


def test_remove_deletes_a_file(path: Path) -> None:
    StdioFile.remove(path)
    assert not path.exists()
    with pytest.raises(LocalFileError) as caught:
        StdioFile.remove(path)
    assert caught.value.code == 2


def test_remove_and_rename_refuse_directories(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    with pytest.raises(LocalFileError) as caught:
        StdioFile.remove(tmp_path / "d")
    assert caught.value.code == 5
    with pytest.raises(LocalFileError) as caught:
        StdioFile.rename(tmp_path / "d", tmp_path / "e")
    assert caught.value.code == 5
    assert (tmp_path / "d").is_dir()


def test_rename_gives_a_new_name(path: Path) -> None:
    before = path.read_bytes()
    StdioFile.rename(path, path.parent / "b")
    assert not path.exists()
    assert (path.parent / "b").read_bytes() == before


@pytest.mark.parametrize(
    ("old", "new", "code", "at_fault"),
    [("a.tar.gz", "b", 80, "b"), ("missing", "c", 2, "missing"), ("a.tar.gz", "no/c", 3, "no/c")],
)
@posix
def test_rename_that_fails_changes_nothing(path: Path, old: str, new: str, code: int, at_fault: str) -> None:
    other = path.parent / "b"
    other.write_bytes(b"other")
    with pytest.raises(InternetException) as caught:
        StdioFile.rename(path.parent / old, path.parent / new)
    assert isinstance(caught.value, LocalFileError)
    assert (caught.value.code, caught.value.filename) == (code, str(path.parent / at_fault))
    assert sorted(file.name for file in path.parent.iterdir()) == ["a.tar.gz", "b"]
    assert other.read_bytes() == b"other"
