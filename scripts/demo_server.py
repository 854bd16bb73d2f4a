"""A small HTTP/1.1 server for the demo: static files, GET and HEAD, kept-alive connections, a thread each.

    python scripts/demo_server.py NAME=DIRECTORY ...

serves DIRECTORY as /NAME/ on a free port of 127.0.0.1, prints the port, and stops when standard input ends.
It knows what the demo needs and nothing else: no ranges, no listings, no request bodies.
"""

from __future__ import annotations

import socket
import socketserver
import sys
import threading
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path
from typing import BinaryIO, ClassVar
from urllib.parse import unquote

MAX_LINE = 65536
WORDS = 3  # of a request line: method, target, version
BODY_FIELDS = {"content-length", "transfer-encoding"}
MORE = getattr(socket, "MSG_MORE", 0)  # Linux: the header waits for the body and leaves in one segment


class Server(socketserver.ThreadingTCPServer):
    """Serves the directories of `roots`, each under its name."""

    daemon_threads = True
    request_queue_size = 1024

    def __init__(self, roots: dict[str, Path]) -> None:
        super().__init__(("127.0.0.1", 0), Connection)
        self.roots = {name: root.resolve() for name, root in roots.items()}

    def find(self, target: str) -> Path | None:
        """Return the file a request target names, None when there is none below its root."""
        _, name, *rest = [*unquote(target.partition("?")[0]).split("/"), ""]
        root = self.roots.get(name)
        with suppress(OSError, ValueError):  # ValueError: a NUL in the name
            path = root.joinpath(*rest).resolve() if root else None
            if root and path and path.is_relative_to(root) and path.is_file():
                return path
        return None


class Connection(socketserver.StreamRequestHandler):
    """One connection, until the client closes it or asks for that."""

    server: Server
    disable_nagle_algorithm = True
    METHODS: ClassVar = {"GET", "HEAD"}

    def handle(self) -> None:
        """Answer one request after another."""
        with suppress(ConnectionError):
            while self._answer():
                pass

    def _answer(self) -> bool:
        """Answer one request; return whether another may follow."""
        words = self.rfile.readline(MAX_LINE).decode("latin-1").split()
        if not words:
            return False
        headers = self._headers()
        if len(words) != WORDS or headers is None or not headers.keys().isdisjoint(BODY_FIELDS):
            self._send(HTTPStatus.BAD_REQUEST, 0, close=True)
            return False
        method, target, version = words
        close = version != "HTTP/1.1" or headers.get("connection", "").lower() == "close"
        if method not in self.METHODS:
            self._send(HTTPStatus.METHOD_NOT_ALLOWED, 0, close=close)
        elif (path := self.server.find(target)) is None:
            self._send(HTTPStatus.NOT_FOUND, 0, close=close)
        else:
            with path.open("rb") as file:
                self._send_file(file, path.stat().st_size, body=method == "GET", close=close)
        return not close

    def _headers(self) -> dict[str, str] | None:
        """Return the header fields with lower-case names, None when they break off or have no colon."""
        headers: dict[str, str] = {}
        while line := self.rfile.readline(MAX_LINE).decode("latin-1"):
            if line in {"\r\n", "\n"}:
                return headers
            name, colon, value = line.partition(":")
            if not colon:
                return None
            headers[name.lower()] = value.strip()
        return None

    def _send_file(self, file: BinaryIO, size: int, *, body: bool, close: bool) -> None:
        if body and size:
            self._send(HTTPStatus.OK, size, close=close, flags=MORE)
            self.connection.sendfile(file, count=size)
        else:
            self._send(HTTPStatus.OK, size, close=close)

    def _send(self, status: HTTPStatus, length: int, *, close: bool, flags: int = 0) -> None:
        lines = (
            f"HTTP/1.1 {status.value} {status.phrase}",
            f"Content-Length: {length}",
            "Content-Type: application/octet-stream",
            *(["Connection: close"] if close else []),
        )
        self.connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode("ascii"), flags)


def main(arguments: list[str]) -> None:
    """Serve until standard input ends."""
    roots = {name: Path(root) for name, _, root in (argument.partition("=") for argument in arguments)}
    with Server(roots) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        print(server.server_address[1], flush=True)
        with suppress(KeyboardInterrupt):  # Ctrl-C reaches the whole group; the demo decides when to stop
            sys.stdin.read()
        server.shutdown()


if __name__ == "__main__":
    main(sys.argv[1:])
