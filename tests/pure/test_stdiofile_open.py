from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

import pytest

from pyinet._stdio.modes import plan_open
from pyinet.enums import InternetFlag
from pyinet.errors import CallerError, HandleClosed, LocalFileError, NameNotResolved, NotSupported
from pyinet.stdiofile import OpenFlags, StdioFile, open_file_url

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ASCII = InternetFlag.TRANSFER_ASCII
BINARY = InternetFlag.TRANSFER_BINARY
READ = OpenFlags.MODE_READ
WRITE = OpenFlags.MODE_WRITE
CREATE = OpenFlags.MODE_CREATE
KEEP = OpenFlags.MODE_NO_TRUNCATE
TEXT = OpenFlags.TYPE_TEXT
AS_BYTES = OpenFlags.TYPE_BINARY

posix = pytest.mark.skipif(os.name == "nt", reason="paths and devices of POSIX")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "a.tar.gz"
    file.write_bytes(b"one\r\ntwo\nth\rree\r\n\r\nend")
    return file


def url_of(path: Path) -> str:
    return path.as_uri()


@pytest.mark.parametrize("flags", [InternetFlag(0), BINARY, BINARY | InternetFlag.RELOAD], ids=str)
def test_without_ascii_a_url_opens_in_binary_mode(path: Path, flags: InternetFlag) -> None:
    with open_file_url(url_of(path), flags, local_host="me") as file:
        assert file.mode == "rb"
        assert file.read() == path.read_bytes()
        assert file.handle == 0
        assert not file.writable()


def test_ascii_opens_a_url_in_text_mode(path: Path) -> None:
    with open_file_url(url_of(path), ASCII, local_host="me") as file:
        assert file.mode == "r"
        assert file.read() == "one\ntwo\nth\rree\n\nend"


@posix
def test_own_host_name_is_this_machine(path: Path) -> None:
    with open_file_url(f"file://Me{path}", BINARY, local_host="mE") as file:
        assert file.length == 22
    with pytest.raises(NameNotResolved):
        open_file_url(f"file://you{path}", BINARY, local_host="me")


@pytest.mark.parametrize(
    ("name", "code", "number"),
    [("missing", 2, errno.ENOENT), ("no/where", 3, errno.ENOENT), ("a.tar.gz/x", 3, errno.ENOTDIR)],
)
@posix
def test_missing_file_is_2_and_missing_directory_3(path: Path, name: str, code: int, number: int) -> None:
    url = url_of(path.parent / name)
    with pytest.raises(OSError, match=f"cannot open.*{name}.*\\[{code} ERROR_") as caught:
        open_file_url(url, BINARY, local_host="me")
    error = caught.value
    assert isinstance(error, LocalFileError)
    assert (error.code, error.errno, error.filename, error.url) == (code, number, str(path.parent / name), url)


@posix
def test_missing_file_in_the_working_directory_is_2(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(LocalFileError) as caught:
        StdioFile("missing")
    assert caught.value.code == 2


@pytest.mark.parametrize("flags", [ASCII, BINARY], ids=str)
def test_a_directory_is_5(tmp_path: Path, flags: InternetFlag) -> None:
    with pytest.raises(LocalFileError) as caught:
        open_file_url(url_of(tmp_path) + "/", flags, local_host="me")
    assert caught.value.code == 5


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_no_permission_is_5(path: Path) -> None:
    path.chmod(0)
    with pytest.raises(LocalFileError) as caught:
        StdioFile(path)
    assert (caught.value.code, caught.value.errno) == (5, errno.EACCES)


def test_exclusive_creation_of_what_exists_is_80(path: Path) -> None:
    with pytest.raises(LocalFileError) as caught:
        StdioFile(path, "x")
    assert (caught.value.code, caught.value.errno) == (80, errno.EEXIST)


def test_default_is_to_read_text(path: Path) -> None:
    with StdioFile(path) as file:
        assert (file.mode, file.readable(), file.writable(), file.seekable()) == ("r", True, False, True)


def test_flags_have_the_numbers_of_mfc() -> None:
    assert [int(flag) for flag in (WRITE, OpenFlags.MODE_READ_WRITE, CREATE, KEEP, TEXT, AS_BYTES)] == [
        1, 2, 0x1000, 0x2000, 0x4000, 0x8000,
    ]  # fmt: skip
    assert (OpenFlags.SHARE_EXCLUSIVE, OpenFlags.SHARE_DENY_READ, OpenFlags.SHARE_DENY_NONE) == (0x10, 0x30, 0x40)


@pytest.mark.parametrize(
    ("mode", "name"),
    [
        (READ, "r"),
        (READ | AS_BYTES, "rb"),
        (READ | OpenFlags.SHARE_DENY_WRITE, "r"),
        (WRITE | CREATE, "w"),
        (WRITE | AS_BYTES, "wb"),
        (OpenFlags.MODE_READ_WRITE, "r+"),
        (OpenFlags.TYPE_UNICODE | TEXT, "r"),
        (0x8000, "rb"),
        ("rt", "r"),
        ("rb+", "r+b"),
        ("w+", "r+"),
        ("ab", "ab"),
        ("a+", "a+"),
        ("xb", "wb"),
    ],
    ids=repr,
)
def test_mode_has_its_name_in_python(mode: int | str, name: str) -> None:
    assert plan_open(mode).mode == name


@pytest.mark.parametrize(
    "mode",
    [
        "",
        "rw",
        "b",
        "rbt",
        "rr",
        "rU",
        "z",
        3,
        TEXT | AS_BYTES,
        AS_BYTES | OpenFlags.TYPE_UNICODE,
        0x70,
        4,
        1 << 30,
        -1,
    ],
    ids=repr,
)
def test_modes_that_contradict_themselves_are_87(path: Path, mode: int | str) -> None:
    with pytest.raises(CallerError) as caught:
        StdioFile(path, mode)
    assert caught.value.code == 87


@pytest.mark.parametrize(
    ("mode", "content"),
    [
        (WRITE | AS_BYTES, b"NEW\r\ntwo"),
        (WRITE | CREATE | AS_BYTES, b"NEW"),
        (WRITE | CREATE | KEEP | AS_BYTES, b"NEW\r\ntwo"),
        (WRITE | KEEP | AS_BYTES, b"NEW\r\ntwo"),
        (OpenFlags.MODE_READ_WRITE | AS_BYTES, b"NEW\r\ntwo"),
        ("wb", b"NEW"),
        ("ab", b"one\r\ntwoNEW"),
        ("r+b", b"NEW\r\ntwo"),
    ],
    ids=repr,
)
def test_what_a_mode_keeps_of_the_file(path: Path, mode: int | str, content: bytes) -> None:
    path.write_bytes(b"one\r\ntwo")
    with StdioFile(path, mode) as file:
        file.write(b"NEW")
    assert path.read_bytes() == content


@pytest.mark.parametrize("mode", [WRITE, WRITE | KEEP, OpenFlags.MODE_READ_WRITE], ids=repr)
def test_only_create_makes_a_file(tmp_path: Path, mode: OpenFlags) -> None:
    with pytest.raises(LocalFileError):
        StdioFile(tmp_path / "new", mode)
    StdioFile(tmp_path / "new", mode | CREATE).close()
    assert (tmp_path / "new").read_bytes() == b""


@pytest.mark.parametrize("bad", ["a\0b", b"a\0b", "\ud800"], ids=ascii)
@posix
def test_a_path_that_cannot_be_is_87(bad: str | bytes) -> None:
    with pytest.raises(CallerError) as caught:
        StdioFile(bad)
    assert caught.value.code == 87


@pytest.mark.parametrize("coding", [("nope", None), ("hex", None), ("utf-8", "nope")])
def test_an_unknown_coding_is_87_before_the_file_is_emptied(path: Path, coding: tuple[str, str | None]) -> None:
    before = path.read_bytes()
    with pytest.raises(CallerError) as caught:
        StdioFile(path, "w", encoding=coding[0], errors=coding[1])
    assert caught.value.code == 87
    assert path.read_bytes() == before


def test_an_object_opens_one_file_at_a_time(path: Path) -> None:
    file = StdioFile()
    assert file.closed
    with pytest.raises(HandleClosed):
        file.read()
    file.open(path, READ | AS_BYTES)
    with pytest.raises(CallerError) as caught:
        file.open(path, READ)
    assert caught.value.code == 12019
    assert file.read(3) == b"one"
    file.close()
    file.open(path)
    assert file.read(4) == "one\n"
    file.close()


def test_failure_to_open_leaves_the_object_usable(path: Path) -> None:
    file = StdioFile()
    with pytest.raises(LocalFileError):
        file.open(path.parent / "missing", READ)
    assert file.closed
    file.open(path, READ)
    file.close()


def test_transactions_are_refused(path: Path) -> None:
    calls: list[Callable[[], object]] = [
        lambda: StdioFile(transaction=1),
        lambda: StdioFile(path, READ, transaction=1),
        lambda: StdioFile().open(path, READ, transaction=1),
        lambda: StdioFile.remove(path, transaction=1),
        lambda: StdioFile.rename(path, path.parent / "b", transaction=1),
    ]
    for call in calls:
        with pytest.raises(NotSupported) as caught:
            call()
        assert caught.value.code == 50
    assert path.exists()
