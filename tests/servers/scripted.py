"""An HTTP server that sends exactly the bytes it is told to: for misbehaviour, cuts and races.

Each connection runs in a thread of its own. It plays the next script queued with `ScriptedServer.play`;
without one it answers each request from `ScriptedServer.reply` (in order), else from `ScriptedServer.route`,
else 404.
Scripts order themselves with `ScriptedServer.gate` events, never with sleeps.
"""

from __future__ import annotations

import collections
import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

PATIENCE = 20.0
"""Seconds after which a server thread gives up on its peer: a bound for broken tests, not a delay."""

NOT_FOUND = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"


def response(body: bytes = b"", *fields: str, status: str = "200 OK") -> bytes:
    """A whole HTTP/1.1 response with Content-Length; *fields* are further header lines."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *fields, "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


@dataclass(frozen=True)
class ScriptedRequest:
    """A request as it came; text is latin-1."""

    method: str
    target: str
    version: str
    headers: list[tuple[str, str]]
    body: bytes
    raw: bytes
    """Request line and header section with the empty line, without the body."""

    @property
    def line(self) -> bytes:
        """The request line without its line end."""
        return self.raw.split(b"\r\n", 1)[0]

    def header(self, name: str) -> str | None:
        """The first field of that name in any case, or None."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


class ScriptedConn:
    """The server's end of one connection, in the hands of a script."""

    def __init__(self, sock: socket.socket, record: Callable[[ScriptedRequest], None]) -> None:
        self.sock = sock
        self._record = record
        self._read = b""

    def _more(self) -> bool:
        chunk = self.sock.recv(65536)
        self._read += chunk
        return bool(chunk)

    def _take(self, size: int) -> bytes:
        while len(self._read) < size:
            if not self._more():
                raise ConnectionError("peer closed inside a request body")
        taken, self._read = self._read[:size], self._read[size:]
        return taken

    def _take_through(self, end: bytes) -> bytes:
        while end not in self._read:
            if not self._more():
                raise ConnectionError("peer closed inside a request")
        return self._take(self._read.index(end) + len(end))

    def recv_request(self) -> ScriptedRequest | None:
        """The next request with its whole body; None when the peer closed instead of sending one.

        Answers ``Expect: 100-continue`` so that the body comes.
        """
        if not self._read and not self._more():
            return None
        raw = self._take_through(b"\r\n\r\n")
        line, *fields = raw[:-4].decode("latin-1").split("\r\n")
        method, target, version = line.split(" ", 2)
        headers = [(name, value.strip()) for name, _, value in (field.partition(":") for field in fields)]
        lower = {name.lower(): value.lower() for name, value in headers}
        if lower.get("expect") == "100-continue":
            self.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        if lower.get("transfer-encoding") == "chunked":
            body = self._chunked_body()
        else:
            body = self._take(int(lower.get("content-length", 0)))
        request = ScriptedRequest(method, target, version, headers, body, raw)
        self._record(request)
        return request

    def _chunked_body(self) -> bytes:
        body = b""
        while size := int(self._take_through(b"\r\n").split(b";")[0], 16):
            body += self._take(size)
            self._take_through(b"\r\n")
        while self._take_through(b"\r\n") != b"\r\n":  # trailer fields
            pass
        return body

    def send(self, data: bytes, *, segment: int | None = None) -> None:
        """Send *data*, in writes of *segment* bytes each when given (the kernel may still join them)."""
        step = segment or max(len(data), 1)
        for start in range(0, len(data), step):
            self.sock.sendall(data[start : start + step])

    def close(self) -> None:
        """End the connection properly: TLS close_notify if there is TLS, then FIN."""
        if isinstance(self.sock, ssl.SSLSocket):
            self.sock.setblocking(False)  # send our close_notify without waiting for theirs
            with contextlib.suppress(OSError):
                self.sock.unwrap()
        self.sock.close()

    def reset(self) -> None:
        """End the connection with RST."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def wait_closed(self) -> bytes:
        """Wait until the peer closes or resets; returns what it sent before that.

        Raises:
            TimeoutError: It did neither within `PATIENCE`.
        """
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            while self._more():
                pass
        rest, self._read = self._read, b""
        return rest


Script = Callable[[ScriptedConn], None]


def tunnel_to(target: ScriptedServer, *, early: bytes = b"") -> Script:
    """A proxy's script: answer CONNECT with 200 and *early*, then pass bytes on to *target*, whatever was named."""

    def script(conn: ScriptedConn) -> None:
        request = conn.recv_request()
        assert request
        assert request.method == "CONNECT"
        with socket.create_connection(("127.0.0.1", target.port), PATIENCE) as far:
            conn.send(b"HTTP/1.1 200 Connection established\r\nX-Proxy: 1\r\n\r\n" + early)
            relay_both_ways(conn.sock, far)

    return script


def relay_both_ways(near: socket.socket, far: socket.socket) -> None:
    """Pass bytes on between two connections until both have ended."""
    back = threading.Thread(target=_relay, args=(far, near), daemon=True)
    back.start()
    _relay(near, far)
    back.join(PATIENCE)


def _relay(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):  # one end is gone: so is the tunnel
        while data := source.recv(65536):
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)  # also after a reset: nobody else tells the other end


class ScriptedServer:
    """Context manager: listens on 127.0.0.1 at a free port until it exits.

    Leaving the context closes every connection, joins every thread and raises what a script raised. A peer
    that hangs up in the middle of a script is no error; `ScriptedConn.wait_closed` is for scripts that mind.
    """

    def __init__(self, *, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls
        self._scripts: collections.deque[Script] = collections.deque()
        self._replies: collections.deque[tuple[bytes, int | None]] = collections.deque()
        self._routes: dict[str, tuple[bytes, int | None]] = {}
        self._gates: list[threading.Event] = []
        self._lock = threading.Lock()
        self._stopping = False
        self._socks: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._errors: list[BaseException] = []
        self.received: list[ScriptedRequest] = []
        """Every request read so far, in order of arrival."""
        self.connections = 0
        """Connections accepted so far."""
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port: int = self._listener.getsockname()[1]

    def url(self, path: str = "/") -> str:
        """Absolute URL of *path* on this server."""
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}{path}"

    @property
    def requests(self) -> list[bytes]:
        """Request lines received so far."""
        with self._lock:
            return [request.line for request in self.received]

    def play(self, *scripts: Script) -> None:
        """Queue scripts; each takes over one connection from its first byte (after TLS) to its end."""
        self._scripts.extend(scripts)

    def reply(self, data: bytes, *, segment: int | None = None) -> None:
        """Queue the answer to one request, whatever its path."""
        self._replies.append((data, segment))

    def route(self, path: str, data: bytes, *, segment: int | None = None) -> None:
        """Answer every request for *path* with *data*."""
        self._routes[path] = (data, segment)

    def gate(self) -> threading.Event:
        """An event for scripts to wait on; shutdown sets it, so that no script waits for ever."""
        event = threading.Event()
        self._gates.append(event)
        return event

    def __enter__(self) -> Self:
        self._spawn(self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            self._stopping = True
            socks = list(self._socks)
        self._listener.shutdown(socket.SHUT_RDWR)  # wakes accept; closing alone would not
        for event in self._gates:
            event.set()
        for sock in socks:
            with contextlib.suppress(OSError):  # its thread was faster
                sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(PATIENCE)
        self._listener.close()
        if kind is None:
            if self._errors:
                raise self._errors[0]
            stuck = [thread.name for thread in self._threads if thread.is_alive()]
            assert not stuck, f"scripts still running: {stuck}"

    def _spawn(self, target: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                if self._stopping:
                    sock.close()
                    return
                self.connections += 1
                self._socks.add(sock)
            self._spawn(self._serve, sock, self._scripts.popleft() if self._scripts else self._answer)

    def _serve(self, sock: socket.socket, script: Script) -> None:
        plain = sock
        try:
            sock.settimeout(PATIENCE)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._tls:
                sock = self._tls.wrap_socket(sock, server_side=True)
                with self._lock:
                    self._socks.add(sock)
            script(ScriptedConn(sock, self._record))
        except (ConnectionError, ssl.SSLError):
            pass  # the peer hung up or refused our certificate
        except BaseException as error:  # noqa: BLE001 - handed to the thread that leaves the context
            if not self._stopping:
                self._errors.append(error)
        finally:
            with self._lock:
                self._socks -= {plain, sock}
            sock.close()

    def _record(self, request: ScriptedRequest) -> None:
        with self._lock:
            self.received.append(request)

    def _answer(self, conn: ScriptedConn) -> None:
        while request := conn.recv_request():
            with self._lock:
                queued = self._replies.popleft() if self._replies else None
            data, segment = queued or self._routes.get(request.target.split("?")[0], (NOT_FOUND, None))
            conn.send(data, segment=segment)
            if _ends_with_close(data, request.method):
                conn.close()
                return


def _ends_with_close(data: bytes, method: str) -> bool:
    """Whether the peer can only see the end of this response, or was told so, when the connection closes."""
    head = data.partition(b"\r\n\r\n")[0].lower()
    if b"\r\nconnection: close" in head:
        return True
    framed = b"\r\ncontent-length:" in head or b"\r\ntransfer-encoding:" in head
    bodyless = method == "HEAD" or head.split(b" ")[1:2] in ([b"204"], [b"304"])
    return not framed and not bodyless
