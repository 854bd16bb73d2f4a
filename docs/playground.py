"""A small web server for the examples of the documentation: ``python docs/playground.py [PORT]``.

It listens on 127.0.0.1 alone and keeps connections alive. What it serves is in `ANSWERS`; beside those, ``/items/N``
is a short text, ``/echo`` gives a POST its body back, ``/cookies`` shows the Cookie header, ``/never`` never answers.
"""

# ruff: noqa: A002 - a program of its own; http.server chose the names

from __future__ import annotations

import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ANSWERS: dict[str, tuple[int, dict[str, str], bytes]] = {
    "/hello.txt": (200, {"Content-Type": "text/plain"}, b"hello\n"),
    "/lines.txt": (200, {"Content-Type": "text/plain"}, b"one\ntwo\nthree\n"),
    "/numbers.json": (200, {"Content-Type": "application/json"}, b'{"numbers": [1, 2, 3]}'),
    "/moved": (302, {"Location": "/hello.txt"}, b""),
    "/loop": (302, {"Location": "/loop"}, b""),
    "/login": (200, {"Set-Cookie": "user=ada; Path=/; Max-Age=3600"}, b"welcome\n"),
}


class Playground(BaseHTTPRequestHandler):
    """Answers one connection's requests."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # headers and body in one packet

    def do_GET(self) -> None:
        """Answer GET."""
        if self.path == "/never":
            self.rfile.read(1)  # returns when the client hangs up
            self.close_connection = True
        elif self.path == "/cookies":
            self.answer(200, {}, self.headers.get("Cookie", "none").encode())
        elif self.path.startswith("/items/"):
            self.answer(200, {}, f"item {self.path.rpartition('/')[2]}".encode())
        else:
            self.answer(*ANSWERS.get(self.path, (404, {}, b"not here\n")))

    def do_POST(self) -> None:
        """Answer POST with the body that came."""
        self.answer(200, {}, self.rfile.read(int(self.headers.get("Content-Length", 0))))

    def answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        """Send an answer whose length is known, so that the connection stays."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


class Server(ThreadingHTTPServer):
    """Takes as many connections at once as the examples open; the default is 5."""

    request_queue_size = 512


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
