"""`make demo`: its server, and the whole of it with and without a damaged file."""

from __future__ import annotations

import http.client
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def scripts(pytestconfig: pytest.Config) -> Path:
    return pytestconfig.rootpath / "scripts"


@pytest.fixture
def port(scripts: Path, tmp_path: Path) -> Iterator[int]:
    (tmp_path / "www" / "sub").mkdir(parents=True)
    (tmp_path / "www" / "sub" / "a b").write_bytes(b"content")
    (tmp_path / "www" / "empty").write_bytes(b"")
    (tmp_path / "secret").write_bytes(b"secret")
    command = [sys.executable, str(scripts / "demo_server.py"), f"www={tmp_path / 'www'}"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        yield int(server.stdout.readline())
    assert server.returncode == 0


def test_the_server_answers_many_requests_on_one_connection(port: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    seen = []
    for method, target in [
        ("GET", "/www/sub/a%20b"),
        ("HEAD", "/www/sub/a%20b"),
        ("GET", "/www/empty"),
        ("GET", "/www/sub"),
        ("GET", "/www/../secret"),
        ("GET", "/www/%2e%2e/secret"),
        ("GET", "/www/a%00b"),
        ("GET", "/other/a"),
        ("DELETE", "/www/empty"),
    ]:
        connection.request(method, target)
        local = connection.sock
        response = connection.getresponse()
        seen.append((response.status, response.read()))
        assert connection.sock is local
    connection.close()

    assert seen == [(200, b"content"), (200, b""), (200, b""), *[(404, b"")] * 5, (405, b"")]


def test_the_server_refuses_requests_with_a_body(port: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("GET", "/www/empty", body=b"x")

    assert connection.getresponse().status == 400
    connection.close()


@pytest.mark.slow
def test_the_demo_mirrors_over_1000_files_and_compares_them(scripts: Path, tmp_path: Path) -> None:
    demo = subprocess.run(
        [sys.executable, str(scripts / "demo.py"), "--keep", str(tmp_path / "kept")],
        cwd=scripts.parent,
        capture_output=True,
        text=True,
        check=False,
    )

    assert demo.returncode == 0, demo.stderr
    assert "byte for byte" in demo.stdout
    assert "transfers/s" in demo.stdout
    assert sum(path.is_file() for path in (tmp_path / "kept").rglob("*")) > 1000


@pytest.mark.slow
def test_the_demo_names_a_file_that_differs(scripts: Path) -> None:
    demo = subprocess.run(
        [sys.executable, str(scripts / "demo.py"), "--corrupt-one"],
        cwd=scripts.parent,
        capture_output=True,
        text=True,
        check=False,
    )

    assert demo.returncode == 1
    assert "\ndiffers: " in demo.stderr
    assert "\ndemo: 1 of" in demo.stderr


def test_the_demo_takes_a_manifest_of_the_user(scripts: Path, tmp_path: Path, port: int) -> None:
    manifest = tmp_path / "m.txt"
    manifest.write_text(f"http://127.0.0.1:{port}/www/empty\nhttp://127.0.0.1:{port}/www/missing\n")

    demo = subprocess.run(
        [sys.executable, str(scripts / "demo.py"), "--urls", str(manifest)],
        cwd=scripts.parent,
        capture_output=True,
        text=True,
        check=False,
    )

    assert demo.returncode == 1
    assert "404 Not Found" in demo.stderr
    assert "1 files, 0 bytes" in demo.stdout
