"""The server of the benchmarks: the tests' nginx, with files only it and the checks know."""

from __future__ import annotations

import http.client
import random
import re
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.append(str(Path(__file__).parents[1] / "tests"))

from job import host_name

from servers.nginx import Nginx
from servers.tls import CertificateAuthority

if TYPE_CHECKING:
    from typing_extensions import Self

SIZES = {"1k": 1024, "5m": 5 << 20, "1g": 1 << 30}
"""Bytes of the files, by the name of their folder."""
CACHE = """
open_file_cache max=10000 inactive=1h;
open_file_cache_valid 1h;
"""
LOCATIONS = """
location = /status { stub_status; }
location = /headers { HEADERS return 200 ""; }
location = /cookie { return 200 "$http_cookie"; }
"""
ANSWER_SECONDS = 10.0


def make_files(folder: Path, number: int, size: int) -> None:
    """Write *number* different files of *size* random bytes, the same ones every time."""
    folder.mkdir(parents=True)
    for index in range(number):
        source = random.Random(f"{folder.name} {index}")
        (folder / f"{index:05d}").write_bytes(source.randbytes(size))


def make_large_file(path: Path, size: int) -> None:
    """Write *size* random bytes, the same ones every time; done once."""
    if path.exists():
        return
    path.parent.mkdir(parents=True)
    source = random.Random(path.name)
    with path.open("wb") as file:
        for _ in range(size >> 20):
            file.write(source.randbytes(1 << 20))


SINK = Path(__file__).with_name("sink.py")
HEADERS = "add_header Last-Modified 'Sun, 06 Nov 1994 08:49:37 GMT'; " + "".join(
    f'add_header X-Header-{number} "value {number}"; ' for number in range(34)
)
"""With those nginx sends by itself: 40."""


class Server:
    """nginx serving files of 1 KiB, 5 MiB and, when asked for, 1 GiB over http, and https with HTTP/2.

    Args:
        directory: Empty directory for its files; the caller removes it.
    """

    small = 2000
    """Distinct files of ``SIZES["1k"]``."""
    large = 50
    """Distinct files of ``SIZES["5m"]``, each under eight different queries."""

    def __init__(self, directory: Path) -> None:
        self.root = directory / "root"
        make_files(self.root / "1k", self.small, SIZES["1k"])
        make_files(self.root / "5m", self.large, SIZES["5m"])
        authority = CertificateAuthority(directory)
        self.ca = authority.pem
        self._nginx = Nginx(
            directory,
            self.root,
            authority.server_pem,
            http_extra=CACHE,
            server_extra=LOCATIONS.replace("HEADERS", HEADERS),
            log=False,
        )
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self._stack.enter_context(self._nginx)
        process = self._stack.enter_context(
            subprocess.Popen(
                [sys.executable, str(Path(__file__).with_name("sink.py"))], stdout=subprocess.PIPE, text=True
            )
        )
        self._stack.callback(process.kill)
        self.sink = f"http://127.0.0.1:{process.stdout.readline().strip() if process.stdout else 0}"
        return self

    def __exit__(self, *exc: object) -> None:
        self._stack.close()

    def accepted(self) -> int:
        """Return how many connections nginx has accepted so far, this question's own included."""
        page = self._status().read().decode("ascii")
        numbers = re.search(r"requests\s+(\d+)", page)
        if numbers is None:
            raise RuntimeError(f"not a status page: {page!r}")
        return int(numbers[1])

    def version(self) -> str:
        """Return nginx's own words for its version."""
        return self._status().getheader("Server", "nginx")

    def _status(self) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection("127.0.0.1", self._nginx.port, timeout=ANSWER_SECONDS)
        connection.request("GET", "/status", headers={"Connection": "close"})
        return connection.getresponse()

    def urls(self, files: str, *, tls: bool, hosts: int = 0) -> list[str]:
        """Return the distinct URLs of one size, ``1k``, ``5m`` or ``1g``.

        With *hosts*, the small ones take turns over so many host names, which only the client can resolve.
        """
        base = self._nginx.tls_url("") if tls else self._nginx.url("")
        if files == "1g":
            make_large_file(self.root / "1g" / "00000", SIZES["1g"])
            return [f"{base}/1g/00000"]
        if hosts:
            port = self._nginx.port
            return [f"http://{host_name(index % hosts)}:{port}/1k/{index:05d}" for index in range(self.small)]
        if files == "1k":
            return [f"{base}/1k/{index:05d}" for index in range(self.small)]
        return [f"{base}/5m/{index:05d}?copy={copy}" for copy in range(8) for index in range(self.large)]
