"""`Request.path`: bodies that go to files, whole or not at all."""

from __future__ import annotations

import errno
import gzip
import os
import stat
import subprocess
import sys
import zlib
from typing import TYPE_CHECKING

import pytest

from pyinet import (
    ConnectionLost,
    DecodingFailed,
    InternetSession,
    InternetTimeout,
    LimitExceeded,
    LocalFileError,
    Request,
)
from servers.scripted import response

if TYPE_CHECKING:
    from pathlib import Path

    from servers.nginx import Nginx
    from servers.scripted import ScriptedConn, ScriptedServer

BODY = bytes(range(256)) * 1024


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def chunked(body: bytes, *fields: str) -> bytes:
    lines = ["HTTP/1.1 200 OK", "Transfer-Encoding: chunked", *fields, "", ""]
    return "\r\n".join(lines).encode() + b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)


@pytest.mark.parametrize(
    ("reply", "body"),
    [
        (response(BODY), BODY),
        (response(b""), b""),
        (response(b"x", status="206 Partial Content"), b"x"),
        (chunked(BODY), BODY),
        (b"HTTP/1.1 200 OK\r\n\r\n" + BODY, BODY),
        (response(gzip.compress(BODY), "Content-Encoding: gzip"), BODY),
        (chunked(zlib.compress(BODY), "Content-Encoding: deflate"), BODY),
    ],
    ids=["length", "empty", "206", "chunked", "until close", "gzip", "deflate chunked"],
)
def test_a_success_is_in_the_file_and_not_in_memory(
    server: ScriptedServer, session: InternetSession, tmp_path: Path, reply: bytes, body: bytes
) -> None:
    server.reply(reply)
    result = session.fetch_one(Request(server.url(), path=tmp_path / "out"))
    assert files(tmp_path) == {"out": body}
    assert (result.body, result.size, result.ok) == (b"", len(body), True)


@pytest.mark.parametrize("status", ["404 Not Found", "500 Broken", "301 Moved", "304 Not Modified", "401 Who"])
def test_any_other_status_makes_no_file_and_is_in_the_body(
    server: ScriptedServer, session: InternetSession, tmp_path: Path, status: str
) -> None:
    body = b"" if status.startswith("304") else b"why not"
    server.reply(response(body, status=status))
    result = session.fetch_one(Request(server.url(), path=tmp_path / "out"))
    assert (result.status, result.body, result.error) == (int(status[:3]), body, None)
    assert files(tmp_path) == {}


def test_of_a_long_error_page_the_first_64_kib_are_kept(
    server: ScriptedServer, session: InternetSession, tmp_path: Path
) -> None:
    server.reply(response(BODY, status="404 Not Found"))
    server.reply(response(gzip.compress(BODY), "Content-Encoding: gzip", status="404 Not Found"))
    for _ in range(2):
        result = session.fetch_one(Request(server.url(), path=tmp_path / "out"))
        assert result.body == BODY[:65536]
        assert result.size == len(BODY)
    assert files(tmp_path) == {}
    assert server.connections == 1


def test_an_existing_file_is_replaced_by_a_success(
    server: ScriptedServer, session: InternetSession, tmp_path: Path
) -> None:
    (tmp_path / "out").write_bytes(b"the old one, which is longer than the new one")
    server.reply(response(b"new"))
    session.fetch_one(Request(server.url(), path=tmp_path / "out"))
    assert files(tmp_path) == {"out": b"new"}


def _cut(conn: ScriptedConn) -> None:
    conn.recv_request()
    conn.send(response(BODY)[:-1])
    conn.close()


def _reset(conn: ScriptedConn) -> None:
    conn.recv_request()
    conn.send(response(BODY)[:-1])
    conn.reset()


def _cut_chunk(conn: ScriptedConn) -> None:
    conn.recv_request()
    conn.send(chunked(BODY)[:-5])
    conn.close()


def _cut_gzip(conn: ScriptedConn) -> None:
    conn.recv_request()
    conn.send(response(gzip.compress(BODY)[:-9], "Content-Encoding: gzip"))


def _stall(conn: ScriptedConn) -> None:
    conn.recv_request()
    conn.send(response(BODY)[:-1])
    conn.wait_closed()


def _too_large(conn: ScriptedConn) -> None:
    conn.recv_request()
    conn.send(chunked(bytes(400_000)))


FAILURES = [
    (_cut, ConnectionLost), (_reset, ConnectionLost), (_cut_chunk, ConnectionLost), (_cut_gzip, DecodingFailed),
    (_stall, InternetTimeout), (_too_large, LimitExceeded),
]  # fmt: skip


@pytest.mark.parametrize(("script", "error"), FAILURES)
@pytest.mark.parametrize("existing", [False, True])
def test_a_failure_leaves_everything_as_it_was(
    server: ScriptedServer, session: InternetSession, tmp_path: Path, script: object, error: type, existing: bool
) -> None:
    before = {"out": b"old"} if existing else {}
    if existing:
        (tmp_path / "out").write_bytes(b"old")
    server.play(script)  # type: ignore[arg-type]
    with pytest.raises(error):
        session.fetch_one(Request(server.url(), path=tmp_path / "out", timeout=0.3, max_size=300_000))
    assert files(tmp_path) == before


def test_a_directory_that_is_missing(server: ScriptedServer, session: InternetSession, tmp_path: Path) -> None:
    server.route("/", response(b"x"))
    path = tmp_path / "missing" / "out"
    with pytest.raises(LocalFileError) as caught:
        session.fetch_one(Request(server.url(), path=path))
    assert isinstance(caught.value, OSError)
    assert (caught.value.code, caught.value.errno, caught.value.filename) == (3, errno.ENOENT, str(path))
    assert caught.value.strerror == os.strerror(errno.ENOENT)
    assert files(tmp_path) == {}


def test_a_path_that_is_a_directory(server: ScriptedServer, session: InternetSession, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    server.route("/", response(b"x"))
    with pytest.raises(LocalFileError) as caught:
        session.fetch_one(Request(server.url(), path=tmp_path / "out"))
    assert (caught.value.code, caught.value.errno) == (5, errno.EISDIR)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_name_that_is_too_long(server: ScriptedServer, session: InternetSession, tmp_path: Path) -> None:
    server.route("/", response(b"x"))
    with pytest.raises(LocalFileError) as caught:
        session.fetch_one(Request(server.url(), path=tmp_path / ("n" * 300)))
    assert (caught.value.code, caught.value.errno) == (206, errno.ENAMETOOLONG)
    assert files(tmp_path) == {}


def test_the_longest_name_and_odd_ones_work(server: ScriptedServer, session: InternetSession, tmp_path: Path) -> None:
    server.route("/", response(b"x"))
    names = ["n" * 255, "ü€", " ", "new\nline", ".hidden", os.fsdecode(b"\xff\xfe"), "-x", "100%"]
    for result in session.fetch([Request(server.url(), path=tmp_path / name) for name in names]):
        assert result.error is None
    assert files(tmp_path) == dict.fromkeys(names, b"x")


def test_a_relative_path_is_resolved_when_the_row_is_taken(
    server: ScriptedServer, session: InternetSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.route("/", response(b"x"))
    monkeypatch.chdir(tmp_path)
    session.fetch_one(Request(server.url(), path="out"))
    assert files(tmp_path) == {"out": b"x"}


def test_a_symbolic_link_is_replaced_and_not_followed(
    server: ScriptedServer, session: InternetSession, tmp_path: Path
) -> None:
    (tmp_path / "target").write_bytes(b"untouched")
    (tmp_path / "out").symlink_to("target")
    server.route("/", response(b"x"))
    session.fetch_one(Request(server.url(), path=tmp_path / "out"))
    assert files(tmp_path) == {"out": b"x", "target": b"untouched"}
    assert not (tmp_path / "out").is_symlink()


def test_permissions_follow_the_umask(server: ScriptedServer, session: InternetSession, tmp_path: Path) -> None:
    server.route("/", response(b"x"))
    old = os.umask(0o027)
    try:
        session.fetch_one(Request(server.url(), path=tmp_path / "out"))
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "out").stat().st_mode) == 0o640


def test_two_rows_for_one_file_leave_one_of_them_whole(
    server: ScriptedServer, session: InternetSession, tmp_path: Path
) -> None:
    server.route("/a", response(b"a" * 100_000))
    server.route("/b", response(b"b" * 100_000))
    rows = [Request(server.url(name), path=tmp_path / "out") for name in ("/a", "/b")]
    assert all(result.ok for result in session.fetch(rows))
    assert list(files(tmp_path)) == ["out"]
    assert files(tmp_path)["out"] in {b"a" * 100_000, b"b" * 100_000}


def test_large_files_are_exact_and_need_no_room_in_the_budget(
    nginx: Nginx, session: InternetSession, tmp_path: Path
) -> None:
    body = os.urandom(1 << 20) * 20
    (nginx.root / "large.bin").write_bytes(body)
    rows = [Request(nginx.url("/large.bin"), path=tmp_path / str(i)) for i in range(3)]
    for result in session.fetch(rows, buffer_bytes=1 << 20):
        assert (result.error, result.size) == (None, len(body))
    assert all(found == body for found in files(tmp_path).values())


def test_many_files_and_bodies_together(server: ScriptedServer, session: InternetSession, tmp_path: Path) -> None:
    server.route("/", response(BODY))
    server.route("/no", response(b"no", status="404 Not Found"))
    rows = [
        Request(server.url("/no" if i % 3 == 0 else "/"), key=i, path=tmp_path / str(i) if i % 2 else None)
        for i in range(60)
    ]
    for result in session.fetch(rows, in_flight=8):
        expected = b"no" if result.key % 3 == 0 else b"" if result.key % 2 else BODY
        assert result.body == expected
    assert files(tmp_path) == {str(i): BODY for i in range(60) if i % 2 and i % 3}


FULL = """
import resource, sys
from pyinet import InternetSession, LocalFileError, Request
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
with InternetSession("t", access_type=1) as session:
    (result,) = session.fetch([Request(sys.argv[1], path=sys.argv[2])])
assert isinstance(result.error, LocalFileError), result.error
print(result.error.errno, result.error.code)
"""


@pytest.mark.parametrize("reply", [response(BODY), chunked(BODY)], ids=["length known", "length unknown"])
def test_a_file_beyond_the_limit_of_the_process_fails_and_leaves_nothing(
    server: ScriptedServer, tmp_path: Path, reply: bytes
) -> None:
    server.route("/", reply)
    done = subprocess.run(
        [sys.executable, "-c", FULL, server.url(), tmp_path / "out"],
        capture_output=True, text=True, check=False, timeout=30,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split() == [str(errno.EFBIG), "223"]
    assert files(tmp_path) == {}


@pytest.fixture
def small_disk(tmp_path: Path) -> Path:
    """A file system of 128 KiB that ends with its process namespace; skips where that takes rights we lack."""
    probe = subprocess.run(
        ["unshare", "--mount", "mount", "-t", "tmpfs", "-o", "size=128k", "none", tmp_path],
        capture_output=True, check=False,
    )  # fmt: skip
    if probe.returncode:
        pytest.skip("mounting a file system is not permitted here")
    return tmp_path


@pytest.mark.parametrize("reply", [response(BODY), chunked(BODY)], ids=["length known", "length unknown"])
def test_a_full_disk_fails_with_112_and_leaves_nothing(server: ScriptedServer, small_disk: Path, reply: bytes) -> None:
    server.route("/", reply)
    program = FULL.replace("100_000, 100_000", "-1, -1") + "import os; print(os.listdir(os.path.dirname(sys.argv[2])))"
    mount = ["unshare", "--mount", "sh", "-c", f'mount -t tmpfs -o size=128k none {small_disk} && exec "$@"', "sh"]
    done = subprocess.run(
        [*mount, sys.executable, "-c", program, server.url(), small_disk / "out"],
        capture_output=True, text=True, check=False, timeout=30,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [f"{errno.ENOSPC} 112", "[]"]
