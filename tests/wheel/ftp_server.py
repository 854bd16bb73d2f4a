"""A server that speaks just enough FTP to hand over one file, in the clear or with TLS from the first byte."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENCE = 10


@contextlib.contextmanager
def ftp_server(body: bytes, tls: ssl.SSLContext | None = None) -> Iterator[int]:
    """Port of a server that answers one session and sends *body* for any name."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(PATIENCE)
    thread = threading.Thread(target=_session, args=(listener, body, tls), daemon=True)
    thread.start()
    yield listener.getsockname()[1]
    thread.join(PATIENCE)
    listener.close()


def _secured(sock: socket.socket, tls: ssl.SSLContext | None) -> socket.socket:
    sock.settimeout(PATIENCE)
    return tls.wrap_socket(sock, server_side=True) if tls else sock


def _session(listener: socket.socket, body: bytes, tls: ssl.SSLContext | None) -> None:
    data = socket.create_server(("127.0.0.1", 0))
    data.settimeout(PATIENCE)
    replies = {
        "USER": "331 password?",
        "PASS": "230 welcome",
        "PBSZ": "200 0",
        "PROT": "200 private",
        "PWD": '257 "/"',
        "CWD": "250 there",
        "TYPE": "200 binary",
        "SIZE": f"213 {len(body)}",
        "EPSV": f"229 here (|||{data.getsockname()[1]}|)",
        "QUIT": "221 bye",
    }
    with data, _secured(listener.accept()[0], tls) as control, control.makefile("rb") as lines:
        control.sendall(b"220 ready\r\n")
        for line in lines:
            verb = line.split()[0].decode().upper()
            if verb == "RETR":
                control.sendall(b"150 coming\r\n")
                with _secured(data.accept()[0], tls) as sock:
                    sock.sendall(body)
                    if isinstance(sock, ssl.SSLSocket):
                        with contextlib.suppress(OSError):
                            sock.unwrap()
                control.sendall(b"226 done\r\n")
            else:
                control.sendall(f"{replies.get(verb, '502 no')}\r\n".encode())
            if verb == "QUIT":
                return
