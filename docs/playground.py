"""A small web server for the examples of the documentation: ``python docs/playground.py [PORT]``.

It listens on 127.0.0.1 alone and keeps connections alive. Fixed answers are in `ANSWERS`, files that can be read in
parts in `FILES`; what has a method of its own is in `Playground`. It plays a proxy, too: of a request for any
``http://HOST/PATH`` it answers PATH itself.
"""

# ruff: noqa: A002 - a program of its own; http.server chose the names

from __future__ import annotations

import base64
import gzip
import io
import re
import sys
import tarfile
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TABLE = b"city,people\nBern,134000\nBasel,173000\nChur,38000\n"


def _zip() -> bytes:
    """A large member nobody wants, and a small one behind it."""
    with io.BytesIO() as made:
        with zipfile.ZipFile(made, "w") as archive:
            archive.writestr("large.bin", bytes(4 << 20))
            archive.writestr("table.csv", TABLE)
        return made.getvalue()


def _tar() -> bytes:
    with io.BytesIO() as made:
        with tarfile.open(fileobj=made, mode="w:gz") as archive:
            for name, data in (("readme.txt", b"three cities\n"), ("table.csv", TABLE)):
                member = tarfile.TarInfo(name)
                member.size = len(data)
                archive.addfile(member, io.BytesIO(data))
        return made.getvalue()


Answer = tuple[int, dict[str, str], bytes]

ANSWERS: dict[str, Answer] = {
    "/hello.txt": (200, {"Content-Type": "text/plain"}, b"hello\n"),
    "/lines.txt": (200, {"Content-Type": "text/plain"}, b"one\ntwo\nthree\n"),
    "/numbers.json": (200, {"Content-Type": "application/json"}, b'{"numbers": [1, 2, 3]}'),
    "/moved": (302, {"Location": "/hello.txt"}, b""),
    "/loop": (302, {"Location": "/loop"}, b""),
    "/login": (200, {"Set-Cookie": "user=ada; Path=/; Max-Age=3600"}, b"welcome\n"),
}

FILES: dict[str, tuple[str, bytes]] = {
    "/table.csv": ("text/csv; charset=utf-8", TABLE),
    "/table.csv.gz": ("application/gzip", gzip.compress(TABLE)),
    "/tree.tar.gz": ("application/gzip", _tar()),
    "/tree.zip": ("application/zip", _zip()),
}

PASSWORDS = {"Authorization": b"ada:lovelace", "Proxy-Authorization": b"gate:keeper"}


class Playground(BaseHTTPRequestHandler):
    """Answers one connection's requests."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # headers and body in one packet

    def do_GET(self) -> None:
        """Answer GET."""
        if self.path == "/never":
            self.rfile.read(1)  # returns when the client hangs up
            self.close_connection = True
        elif self._is_let_in():
            self.answer(*self._found())

    def do_HEAD(self) -> None:
        """Answer HEAD."""
        self.do_GET()

    def _found(self) -> Answer:
        if self.path in FILES:
            return self._part_of(*FILES[self.path])
        if self.path == "/cookies":
            return 200, {}, self.headers.get("Cookie", "none").encode()
        if self.path == "/headers":
            return 200, {"Content-Type": "text/plain"}, "".join(f"{k}: {v}\n" for k, v in self.headers.items()).encode()
        if self.path == "/private":
            return 200, {}, b"hello ada\n"
        if self.path.startswith("/items/"):
            return 200, {}, f"item {self.path.rpartition('/')[2]}".encode()
        return ANSWERS.get(self.path, (404, {}, b"not here\n"))

    def do_POST(self) -> None:
        """Answer POST with the body that came."""
        body = self._body()
        if self._is_let_in():
            self.answer(200, {}, body)

    def do_PUT(self) -> None:
        """Answer PUT with how many bytes came, and how."""
        how = "in chunks" if "Transfer-Encoding" in self.headers else "of a known length"
        body = self._body()
        if self._is_let_in():
            self.answer(201, {}, f"{len(body)} bytes {how}\n".encode())

    def _body(self) -> bytes:
        if "Transfer-Encoding" not in self.headers:
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        parts = []
        while size := int(self.rfile.readline(), 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def _is_let_in(self) -> bool:
        """Be a proxy, which ``guarded.example`` wants credentials from; and want some for ``/private``."""
        if self.path.startswith("http://"):
            host, _, path = self.path[7:].partition("/")
            self.path = f"/{path}"
            if host == "guarded.example" and not self._knows("Proxy-Authorization"):
                self.answer(407, {"Proxy-Authenticate": 'Basic realm="gate"'}, b"who are you?\n")
                return False
        if self.path == "/private" and not self._knows("Authorization"):
            self.answer(401, {"WWW-Authenticate": 'Basic realm="playground"'}, b"who are you?\n")
            return False
        return True

    def _knows(self, header: str) -> bool:
        return self.headers.get(header) == f"Basic {base64.b64encode(PASSWORDS[header]).decode()}"

    def _part_of(self, kind: str, whole: bytes) -> Answer:
        """Answer with what Range asks for (RFC 9110 section 14)."""
        headers = {
            "Content-Type": kind, "Accept-Ranges": "bytes", "ETag": '"v1"',
            "Last-Modified": "Sun, 06 Nov 1994 08:49:37 GMT",
        }  # fmt: skip
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if asked is None:
            return 200, headers, whole
        first, last = int(asked[1]), min(int(asked[2] or len(whole)), len(whole) - 1)
        if first > last:
            return 416, {"Content-Range": f"bytes */{len(whole)}"}, b""
        return 206, {**headers, "Content-Range": f"bytes {first}-{last}/{len(whole)}"}, whole[first : last + 1]

    def answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        """Send an answer whose length is known, so that the connection stays."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


class Server(ThreadingHTTPServer):
    """Takes as many connections at once as the examples open; the default is 5."""

    request_queue_size = 512

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of clients that hang up, answered or not."""
        if not isinstance(sys.exc_info()[1], (ConnectionError, ValueError)):
            super().handle_error(request, client_address)  # type: ignore[arg-type]  # as it came


def main() -> None:
    """Serve until Ctrl-C."""
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8000
    with Server(("127.0.0.1", port), Playground) as server:
        print(f"http://127.0.0.1:{server.server_port}", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print()


if __name__ == "__main__":
    main()
