"""A script for a proxy that is spoken to over TLS: one thread passes on both ways, as an SSL object is not for two."""

from __future__ import annotations

import select
import socket
import ssl
from typing import TYPE_CHECKING

from servers.scripted import PATIENCE

if TYPE_CHECKING:
    from servers.scripted import Script, ScriptedConn, ScriptedServer


def tls_tunnel_to(target: ScriptedServer) -> Script:
    """Answer CONNECT with 200, then pass bytes on to *target*, whatever was named."""

    def script(conn: ScriptedConn) -> None:
        request = conn.recv_request()
        assert request
        assert request.method == "CONNECT"
        with socket.create_connection(("127.0.0.1", target.port), PATIENCE) as far:
            conn.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
            _relay(conn.sock, far)

    return script


def _relay(near: socket.socket, far: socket.socket) -> None:
    """Until one end has no more to say."""
    assert isinstance(near, ssl.SSLSocket)
    while True:
        ready = [near] if near.pending() else select.select([near, far], [], [], PATIENCE)[0]
        if not ready:
            raise TimeoutError("a tunnel where nothing moves")
        for source, target in ((near, far), (far, near)):
            if source not in ready:
                continue
            data = source.recv(65536)
            if not data:
                return
            target.sendall(data)
