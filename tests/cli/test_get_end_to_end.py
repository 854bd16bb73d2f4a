"""`python -m pyinet get` as users run it, against scripted servers."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from servers.scripted import ScriptedConn, ScriptedServer
    from servers.tls import CertificateAuthority


def reply(body: bytes, status: bytes = b"200 OK") -> bytes:
    return b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s" % (status, len(body), body)


def run(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pyinet", "get", *arguments]
    return subprocess.run(command, input=stdin, capture_output=True, text=True, check=False, timeout=40)


def files(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


@pytest.fixture
def refusing_port() -> int:
    """A port of this machine nobody listens on."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
    return port


def test_files_arrive_under_host_and_path(server: ScriptedServer, out: Path) -> None:
    server.route("/a/b.txt", reply(b"content"))
    server.route("/a/", reply(b"index"))

    done = run("-o", str(out), server.url("/a/b.txt"), server.url("/a/"))

    host = f"127.0.0.1_{server.port}"
    assert (done.returncode, done.stdout) == (0, "")
    assert files(out) == {f"{host}/a/b.txt": b"content", f"{host}/a/index.html": b"index"}
    assert done.stderr.startswith("2 files arrived, 0 failed")


def test_every_failure_is_a_line_and_the_others_arrive(server: ScriptedServer, out: Path, refusing_port: int) -> None:
    server.route("/good", reply(b"good"))
    server.route("/gone", reply(b"page", b"404 Not Found"))
    manifest = (
        f"{server.url('/gone')} gone\nhttp://127.0.0.1:{refusing_port}/ refused\n"
        f"{server.url('/bad')} ../bad\n"
        f"{server.url('/good')} good\n"
    )

    done = run("-o", str(out), "--manifest", "-", stdin=manifest)

    lines = done.stderr.splitlines()
    assert done.returncode == 1
    assert files(out) == {"good": b"good"}
    assert f"404 Not Found  {server.url('/gone')}" in lines
    assert any("refused: [12029 ERROR_INTERNET_CANNOT_CONNECT]" in line for line in lines)
    assert any('".." in it' in line and line.endswith("(-:3)") for line in lines)
    assert lines[-1].startswith("1 files arrived, 3 failed")
    assert b"GET /bad HTTP/1.1" not in server.requests


def test_a_body_that_breaks_off_leaves_no_file(server: ScriptedServer, out: Path) -> None:
    def cut(conn: ScriptedConn) -> None:
        conn.recv_request()
        conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
        conn.close()

    server.play(cut, cut)

    done = run("-o", str(out), server.url("/a"))

    assert done.returncode == 1
    assert "failed: " in done.stderr
    assert files(out) == {}


def test_a_body_beyond_the_limit_leaves_no_file(server: ScriptedServer, out: Path) -> None:
    server.route("/a", reply(b"x" * 2000))

    done = run("-o", str(out), "--max-size", "1k", server.url("/a"))

    assert done.returncode == 1
    assert "[223 ERROR_FILE_TOO_LARGE]" in done.stderr
    assert files(out) == {}


def test_headers_and_agent_are_sent_and_addresses_used(server: ScriptedServer, out: Path) -> None:
    server.route("/a", reply(b"a"))
    url = server.url("/a").replace("127.0.0.1", "named.example")
    options = ["--header", "X-Mine: 1", "--user-agent", "me/1", "--resolve", "named.example=127.0.0.1"]

    done = run("-o", str(out), *options, url)

    assert done.returncode == 0, done.stderr
    (request,) = server.received
    assert [request.header(name) for name in ("X-Mine", "User-Agent")] == ["1", "me/1"]
    assert request.header("Host") == f"named.example:{server.port}"


def test_certificates_are_checked_against_the_given_authority(
    tls_server: ScriptedServer, ca: CertificateAuthority, out: Path
) -> None:
    tls_server.route("/a", reply(b"a"))
    url = tls_server.url("/a")

    assert run("-o", str(out), "--ca", str(ca.pem), url).returncode == 0
    assert list(files(out).values()) == [b"a"]
    untrusted = run("-o", str(out / "other"), url)
    assert untrusted.returncode == 1
    assert "[12045 ERROR_INTERNET_INVALID_CA]" in untrusted.stderr


@pytest.mark.usefixtures("_interrupts_reach_children")
def test_an_interrupt_leaves_whole_files_only(server: ScriptedServer, out: Path) -> None:
    halfway, finish = server.gate(), server.gate()

    def script(conn: ScriptedConn) -> None:
        conn.recv_request()
        conn.send(reply(b"first"))
        conn.recv_request()
        conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + b"x" * 100_000)
        halfway.set()
        finish.wait(20)

    server.play(script)
    command = [sys.executable, "-m", "pyinet", "get", "--in-flight", "1", "-o", str(out)]
    command += [server.url("/first"), server.url("/second"), server.url("/third")]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as child:
        assert halfway.wait(20)
        os.kill(child.pid, signal.SIGINT)
        _, err = child.communicate(timeout=20)
        finish.set()

    assert child.returncode == 130
    assert err.splitlines()[-1].startswith("interrupted: ")
    assert list(files(out).values()) == [b"first"]
