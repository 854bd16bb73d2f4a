"""SOCKS proxies as others built them: microsocks (5, with and without a password) and Dante (4 and 5)."""

from __future__ import annotations

import os
import pwd
import socket
from typing import TYPE_CHECKING

from servers.nginx import PATIENCE
from servers.squid import NOBODY, Daemon

if TYPE_CHECKING:
    from pathlib import Path

DANTE = """
errorlog: {folder}/error.log
logoutput: {folder}/access.log
internal: 127.0.0.1 port = {port}
external: lo
clientmethod: none
socksmethod: none
user.unprivileged: {user}
client pass {{ from: 127.0.0.0/8 to: 0.0.0.0/0 }}
socks pass {{ from: 127.0.0.0/8 to: 0.0.0.0/0 log: connect }}
"""


class Microsocks(Daemon):
    """A SOCKS 5 proxy. A line of `log_lines` names the host it was asked for, as it was named, and the port.

    Args:
        folder: Empty folder for its log.
        user: Who may use it; None lets everybody in.
        password: Goes with *user*.
    """

    name = "microsocks"
    error_log = access_log = "stderr"
    alarming = "error"

    def __init__(self, folder: Path, user: str | None = None, password: str = "") -> None:
        super().__init__(folder)
        self._account = [] if user is None else ["-u", user, "-P", password]

    def _prepare(self, program: Path) -> list[str]:
        return [str(program), "-i", "127.0.0.1", "-p", str(self.port), *self._account]

    def _probe(self) -> None:
        with socket.create_connection(("127.0.0.1", self.port), PATIENCE) as sock:
            sock.sendall(b"\x05\x01\x00")
            if len(sock.recv(2)) != 2:
                raise ConnectionError("no answer to the probe")


class Dante(Daemon):
    """A SOCKS 4 and 5 proxy for everybody on this machine."""

    name = "danted"
    error_log = "error.log"
    alarming = "internal error|assert"

    def _prepare(self, program: Path) -> list[str]:
        user = pwd.getpwuid(os.geteuid() or NOBODY).pw_name  # it wants to be told who it already is
        text = DANTE.format(folder=self._folder, port=self.port, user=user)
        (self._folder / "danted.conf").write_text(text)
        return [str(program), "-f", "danted.conf", "-N", "1", "-p", str(self._folder / "danted.pid")]

    def _probe(self) -> None:
        with socket.create_connection(("127.0.0.1", self.port), PATIENCE) as sock:
            sock.sendall(b"\x05\x01\x00")
            if len(sock.recv(2)) != 2:
                raise ConnectionError("no answer to the probe")
