"""Scripts for SOCKS proxies (RFC 1928, RFC 1929, and the older 4 and 4a) that note what they were asked."""

from __future__ import annotations

import socket
import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from servers.scripted import PATIENCE, ScriptedServer, relay_both_ways

if TYPE_CHECKING:
    from servers.scripted import ScriptedConn


@dataclass
class Asked:
    """One connection's request.

    Attributes:
        version: 4 or 5.
        host: Name or address that was asked for.
        port: Its port.
        by_name: Whether the proxy was to look the name up.
        user: The user name given; None for none.
        password: The password given.
    """

    version: int
    host: str
    port: int
    by_name: bool
    user: str | None = None
    password: str | None = None


@dataclass
class Socks:
    """A proxy that leads every connection to *target*.

    Attributes:
        target: Where connections lead.
        users: Name and password of those who may use it; None lets everybody in.
        reply: Of SOCKS5: 0 for success.
        asked: What was asked, in order.
    """

    target: ScriptedServer
    users: dict[str, str] | None = None
    reply: int = 0
    asked: list[Asked] = field(default_factory=list)

    def script(self, conn: ScriptedConn) -> None:
        """A connection's script."""
        sock = conn.sock
        version = sock.recv(1)
        if version not in {b"\4", b"\5"}:
            return
        if not (self._four(sock) if version == b"\4" else self._five(sock)):
            return
        with socket.create_connection(("127.0.0.1", self.target.port), PATIENCE) as far:
            relay_both_ways(sock, far)

    def _four(self, sock: socket.socket) -> bool:
        _, port, address = struct.unpack("!BH4s", _take(sock, 7))
        user = _text(sock)
        by_name = address[:3] == b"\0\0\0" and address[3] != 0
        host = _text(sock) if by_name else socket.inet_ntoa(address)
        self.asked.append(Asked(4, host, port, by_name, user or None))
        granted = self.users is None or user in self.users
        sock.sendall(struct.pack("!BBH4s", 0, 90 if granted else 93, 0, b"\0" * 4))
        return granted

    def _five(self, sock: socket.socket) -> bool:
        methods = _take(sock, _take(sock, 1)[0])
        wanted = 0 if self.users is None else 2
        sock.sendall(bytes([5, wanted if wanted in methods else 255]))
        if wanted not in methods:
            return False
        user = password = None
        if wanted:
            _take(sock, 1)
            user, password = (_take(sock, _take(sock, 1)[0]).decode() for _ in range(2))
            known = self.users is not None and self.users.get(user) == password
            sock.sendall(b"\1\0" if known else b"\1\1")
            if not known:
                return False
        _, _, _, kind = _take(sock, 4)
        if kind == 3:
            host = _take(sock, _take(sock, 1)[0]).decode()
        else:
            size, family = (4, socket.AF_INET) if kind == 1 else (16, socket.AF_INET6)
            host = socket.inet_ntop(family, _take(sock, size))
        (port,) = struct.unpack("!H", _take(sock, 2))
        self.asked.append(Asked(5, host, port, kind == 3, user, password))
        sock.sendall(bytes([5, self.reply, 0, 1]) + b"\0" * 6)
        return not self.reply


def _take(sock: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        more = sock.recv(size - len(data))
        if not more:
            raise ConnectionError("peer closed inside a SOCKS message")
        data += more
    return data


def _text(sock: socket.socket) -> str:
    """Up to a NUL."""
    data = b""
    while not data.endswith(b"\0"):
        data += _take(sock, 1)
    return data[:-1].decode()
