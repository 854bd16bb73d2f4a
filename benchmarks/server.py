"""The server of the benchmarks: nginx in a process of its own, with files only it and the checks know."""

from __future__ import annotations

import http.client
import os
import random
import re
import resource
import socket
import subprocess
import time
from typing import TYPE_CHECKING

import trustme

if TYPE_CHECKING:
    from pathlib import Path

    from typing_extensions import Self

BACKLOG = 8192
"""Pending connections; thousands are opened at once."""
READY_SECONDS = 10.0
CONFIG = """
daemon off;
worker_processes 1;
{user}
pid {directory}/nginx.pid;
error_log {directory}/error.log warn;
events {{ worker_connections {descriptors}; }}
http {{
  access_log off;
  default_type application/octet-stream;
  sendfile on;
  open_file_cache max=10000 inactive=1h;
  open_file_cache_valid 1h;
  keepalive_requests 100000000;
  keepalive_timeout 1h;
  client_body_temp_path {directory}/tmp;
  proxy_temp_path {directory}/tmp;
  fastcgi_temp_path {directory}/tmp;
  uwsgi_temp_path {directory}/tmp;
  scgi_temp_path {directory}/tmp;
  ssl_certificate {directory}/server.pem;
  ssl_certificate_key {directory}/server.pem;
  root {root};
  server {{
    listen 127.0.0.1:{http} backlog={backlog};
    listen 127.0.0.1:{https} ssl http2 backlog={backlog};
    location = /status {{ stub_status; }}
  }}
}}
"""


def make_files(folder: Path, number: int, size: int) -> None:
    """Write *number* different files of *size* random bytes, the same ones every time."""
    folder.mkdir(parents=True)
    for index in range(number):
        source = random.Random(f"{folder.name} {index}")
        (folder / f"{index:05d}").write_bytes(source.randbytes(size))


class Server:
    """nginx serving 1 KiB and 5 MiB files over http, and https with HTTP/2, on ports of its own choice.

    Args:
        binary: The nginx to run.
        directory: Empty directory for its files; the caller removes it.
    """

    small = 2000
    """Distinct files of `SIZES["1k"]`."""
    large = 50
    """Distinct files of `SIZES["5m"]`, each under eight different queries."""

    def __init__(self, binary: str, directory: Path) -> None:
        self._binary = binary
        self._directory = directory
        self.root = directory / "root"
        self.ca = directory / "ca.pem"

    def __enter__(self) -> Self:
        make_files(self.root / "1k", self.small, SIZES["1k"])
        make_files(self.root / "5m", self.large, SIZES["5m"])
        (self._directory / "tmp").mkdir()
        authority = trustme.CA()
        authority.cert_pem.write_to_path(self.ca)
        authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(self._directory / "server.pem")
        self._start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._process.terminate()
        self._process.wait()

    def _start(self) -> None:
        # nginx adopts listening sockets named in NGINX: free ports without a race.
        sockets = [socket.create_server(("127.0.0.1", 0), backlog=BACKLOG) for _ in range(2)]
        self._port, self._tls_port = (each.getsockname()[1] for each in sockets)
        config = self._directory / "nginx.conf"
        config.write_text(
            CONFIG.format(
                user="user root;" if os.geteuid() == 0 else "",  # the scratch directory is ours alone
                directory=self._directory,
                root=self.root,
                http=self._port,
                https=self._tls_port,
                backlog=BACKLOG,
                descriptors=resource.getrlimit(resource.RLIMIT_NOFILE)[0],
            )
        )
        inherited = [each.fileno() for each in sockets]
        self._process = subprocess.Popen(
            [self._binary, "-p", self._directory, "-c", config, "-e", self._directory / "error.log"],
            env={**os.environ, "NGINX": "".join(f"{fd};" for fd in inherited)},
            pass_fds=inherited,
        )
        for each in sockets:
            each.close()
        self._wait_ready()

    def _wait_ready(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                log = (self._directory / "error.log").read_text()
                raise RuntimeError(f"nginx did not start: {log}")
            time.sleep(0.02)

    def _answers(self) -> bool:
        try:
            self.accepted()
        except OSError:
            return False
        return True

    def accepted(self) -> int:
        """Return how many connections nginx has accepted so far, this question's own included."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=READY_SECONDS)
        try:
            connection.request("GET", "/status")
            text = connection.getresponse().read().decode("ascii")
        finally:
            connection.close()
        numbers = re.search(r"requests\s+(\d+)", text)
        if numbers is None:
            raise RuntimeError(f"not a status page: {text!r}")
        return int(numbers[1])

    def urls(self, files: str, *, tls: bool) -> list[str]:
        """Return the distinct URLs of one size, ``1k`` or ``5m``."""
        base = f"https://127.0.0.1:{self._tls_port}" if tls else f"http://127.0.0.1:{self._port}"
        if files == "1k":
            return [f"{base}/1k/{index:05d}" for index in range(self.small)]
        return [f"{base}/5m/{index:05d}?copy={copy}" for copy in range(8) for index in range(self.large)]

    def version(self) -> str:
        """Return nginx's own words for its version."""
        shown = subprocess.run([self._binary, "-v"], check=True, capture_output=True, text=True)
        return shown.stderr.strip().removeprefix("nginx version: ")


SIZES = {"1k": 1024, "5m": 5 << 20}
"""Bytes of the files, by the name of their folder."""
