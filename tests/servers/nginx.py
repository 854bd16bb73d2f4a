"""nginx as a child process on ports of its own choosing."""

from __future__ import annotations

import os
import re
import resource
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

FETCH = Path(__file__).parents[2] / "scripts" / "fetch_servers.py"
PATIENCE = 20.0
PROBE = "/-/probe"
"""Answered by nginx itself and not logged."""

CONFIG = """
{user}
daemon off;
worker_processes 1;
worker_rlimit_nofile {descriptors};
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
events {{ worker_connections {connections}; }}
http {{
  log_format tests '$connection $connection_requests $server_protocol $request_method $request_uri $status';
  access_log {access_log};
  types {{ text/html html; text/plain txt; application/json json; }}
  default_type application/octet-stream;
  sendfile on;
  tcp_nopush on;
  gzip off;
  gzip_static off;
  keepalive_requests 1000000;
  keepalive_timeout 60s;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  {http_extra}
  server {{
    listen 127.0.0.1:{port};
    listen 127.0.0.1:{tls_port} ssl http2;
    server_name localhost;
    ssl_certificate {pem};
    ssl_certificate_key {pem};
    root {root};
    location = {probe} {{ access_log off; return 204; }}
    {server_extra}
  }}
}}
"""


class LogEntry(NamedTuple):
    """One line of the access log."""

    connection: int
    """Serial number of the connection: distinct values count connections."""
    nth: int
    """Which request on that connection, from 1."""
    protocol: str
    method: str
    uri: str
    status: int


class Nginx:
    """Context manager: serves *root* over http, and over https with HTTP/2, from one single-threaded worker.

    Args:
        folder: Empty folder for its configuration, logs and temporary files.
        root: What it serves.
        pem: Key and certificate chain in one file.
        http_extra: Lines for the http block of the configuration.
        server_extra: Lines for the server block, such as a location.
        connections: How many it takes at a time; the worker's descriptor limit is raised to fit.
        log: Whether requests are logged, for `log_entries`.
    """

    def __init__(
        self,
        folder: Path,
        root: Path,
        pem: Path,
        *,
        http_extra: str = "",
        server_extra: str = "",
        connections: int = 8192,
        log: bool = True,
    ) -> None:
        self.root = root
        self._folder = folder
        self._access_log = folder / "access.log"
        self._connections = connections
        self._extra = {"http_extra": http_extra, "server_extra": server_extra}
        self._log = log
        self._pem = pem
        self._process: subprocess.Popen[bytes] | None = None
        self.port = self.tls_port = 0

    def url(self, path: str = "/") -> str:
        """URL of *path* over http."""
        return f"http://127.0.0.1:{self.port}{path}"

    def tls_url(self, path: str = "/") -> str:
        """URL of *path* over https."""
        return f"https://127.0.0.1:{self.tls_port}{path}"

    @property
    def pid(self) -> int:
        """Process id of the master; its only child is the worker."""
        assert self._process
        return self._process.pid

    def log_entries(self) -> list[LogEntry]:
        """Every request answered so far, in the order in which they ended."""
        # nginx writes the line when it has sent the answer, which the client may see first. The one worker is
        # single-threaded: once it answers a later request, the lines of all earlier ones are there.
        self._probe()
        entries = []
        for line in self._access_log.read_text("latin-1").splitlines():
            connection, nth, protocol, method, uri, status = line.split(" ")
            entries.append(LogEntry(int(connection), int(nth), protocol, method, uri, int(status)))
        return entries

    def __enter__(self) -> Self:
        program = subprocess.run([sys.executable, FETCH], check=True, stdout=subprocess.PIPE, text=True)
        # nginx cannot listen on port 0, but it takes over listening sockets named in NGINX, as when one
        # release hands over to the next.
        listeners = [socket.create_server(("127.0.0.1", 0), backlog=1024) for _ in range(2)]
        try:
            for listener in listeners:
                listener.setblocking(False)
            self.port, self.tls_port = (listener.getsockname()[1] for listener in listeners)
            fds = [listener.fileno() for listener in listeners]
            # setpriv (util-linux): ends with us even when the time limit of a test ends the run at once.
            command = ["setpriv", "--pdeathsig", "TERM", program.stdout.strip()]
            with (self._folder / "stderr").open("wb") as stderr:
                self._process = subprocess.Popen(
                    [*command, "-p", self._folder, "-c", self._write_config(), "-e", "stderr"],
                    pass_fds=fds,
                    env={"PATH": os.defpath, "NGINX": "".join(f"{fd};" for fd in fds)},
                    stdin=subprocess.DEVNULL,
                    stderr=stderr,
                )
        finally:
            for listener in listeners:
                listener.close()  # a dead nginx shall refuse connections, not leave them waiting
        try:
            self._probe()
        except OSError as error:
            self._stop()
            raise RuntimeError(f"nginx did not start: {self._complaints()}") from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()
        if kind is None and re.search(r"\[(alert|crit|emerg)\]", self._complaints()):
            raise AssertionError(self._complaints())

    def _write_config(self) -> Path:
        path = self._folder / "nginx.conf"
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        text = CONFIG.format(
            # Started by root, the worker would become a user who cannot read our folders.
            user="" if os.geteuid() else "user root;",
            descriptors=min(self._connections + 64, most),
            folder=self._folder,
            access_log=f"{self._access_log} tests" if self._log else "off",
            connections=self._connections,
            port=self.port,
            tls_port=self.tls_port,
            pem=self._pem,
            root=self.root,
            probe=PROBE,
            **self._extra,
        )
        path.write_text(text)
        return path

    def _probe(self) -> None:
        """Have one request answered, on a connection of its own."""
        with socket.create_connection(("127.0.0.1", self.port), PATIENCE) as sock:
            sock.sendall(f"GET {PROBE} HTTP/1.0\r\n\r\n".encode())
            if not sock.recv(65536).startswith(b"HTTP/1.1 204"):
                raise ConnectionError("no answer to the probe")

    def _stop(self) -> None:
        assert self._process
        self._process.terminate()
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _complaints(self) -> str:
        logs = (self._folder / "stderr", self._folder / "error.log")
        return "\n".join(path.read_text("utf-8", "replace") for path in logs if path.exists()).strip()
