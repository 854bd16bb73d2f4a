"""Raw events of the core as status codes: what an INTERNET_STATUS_CALLBACK is told. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyinet._transfer.ffi import lib
from pyinet._urls.wire import host_and_port
from pyinet.enums import InternetStatus as Status

if TYPE_CHECKING:
    from collections.abc import Collection

    from typing_extensions import Self

__all__ = ["NameMemory", "ServerAddress", "StatusMapper"]

Told = list[tuple[Status, object]]

_HOSTS = 4096  # remembered
_WITHOUT_INFO = {
    lib.PNET_EVENT_SENDING: Status.SENDING_REQUEST,
    lib.PNET_EVENT_CLOSING: Status.CLOSING_CONNECTION,
    lib.PNET_EVENT_CLOSED: Status.CONNECTION_CLOSED,
}
_WITH_NUMBER = {
    lib.PNET_EVENT_SENT: ((Status.REQUEST_SENT, True), (Status.RECEIVING_RESPONSE, False)),
    lib.PNET_EVENT_RECEIVED: ((Status.RESPONSE_RECEIVED, True),),
    lib.PNET_EVENT_INTERIM: ((Status.INTERMEDIATE_RESPONSE, True),),
}


class ServerAddress(str):
    """The IP address of a server as text, IPv6 in brackets; `sockaddr` is what the documentation promises instead."""

    __slots__ = ("port",)

    port: int

    def __new__(cls, address: str, port: int) -> Self:
        """*address*: as the system writes it, without brackets."""
        self = super().__new__(cls, f"[{address}]" if ":" in address else address)
        self.port = port
        return self

    @property
    def sockaddr(self) -> tuple[str, int] | tuple[str, int, int, int]:
        """The address as the `socket` module takes it."""
        host = self.strip("[]")
        return (host, self.port, 0, 0) if self.startswith("[") else (host, self.port)

    def __getnewargs__(self) -> tuple[str, int]:  # type: ignore[override]  # it has a port as well
        return self.strip("[]"), self.port


def is_literal(host: str) -> bool:
    """Whether *host* is an IP address, which nobody looks up."""
    if not host[-1:].isdigit() and not host.startswith("["):
        return False
    from ipaddress import ip_address  # here, as it costs import time

    try:
        ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


class NameMemory:
    """Names a session was given addresses for (``resolve``): reported as looked up once, as a hosts file would be."""

    def __init__(self, given: Collection[str] = ()) -> None:
        """*given*: keys of the ``resolve`` mapping."""
        self._given = frozenset(name.lower() for name in given)
        self._told: set[str] = set()
        self._literal: dict[str, bool] = {}

    def is_literal(self, host: str) -> bool:
        """As `is_literal`, remembered: every row asks."""
        known = self._literal.get(host)
        if known is None:
            if len(self._literal) >= _HOSTS:
                self._literal.clear()
            known = self._literal[host] = is_literal(host)
        return known

    def given(self, host: str, port: int) -> bool:
        """Whether an address was given for *host*: libcurl then looks up nothing but that address."""
        return bool(self._given) and bool(self._given & {host.lower(), f"{host.lower()}:{port}", "*"})

    def forget(self) -> None:
        """Nobody was told of anything."""
        self._told.clear()

    def news(self, host: str, port: int) -> bool:
        """Whether an address was given for *host* and nobody was told yet; from now on somebody was."""
        if not self.given(host, port) or host.lower() in self._told:
            return False
        self._told.add(host.lower())
        return True


class StatusMapper:
    """Statuses of one transfer after the other on the same handle, hop by hop."""

    def __init__(self, names: NameMemory) -> None:
        self._names = names
        self._host, self._port, self._literal, self._resolving = "", 0, True, False

    def begin(self, url: str, proxy: str | None) -> None:
        """The next hop goes to *url*, through *proxy*."""
        self._host, self._port = host_and_port(proxy or url)
        self._literal = self._names.is_literal(self._host)
        self._resolving = False

    def feed(self, kind: int, value: int, text: str) -> Told:
        """Return what an event tells: statuses with their information."""
        if kind in _WITHOUT_INFO:
            return [(_WITHOUT_INFO[kind], None)]
        if kind in _WITH_NUMBER:
            return [(status, value if counted else None) for status, counted in _WITH_NUMBER[kind]]
        if kind == lib.PNET_EVENT_RESOLVING:
            return self._resolve()
        address = ServerAddress(text, value)
        if kind == lib.PNET_EVENT_CONNECTED:
            return [(Status.CONNECTED_TO_SERVER, address)]
        return [*self._resolved(address), (Status.CONNECTING_TO_SERVER, address)]

    def _resolve(self) -> Told:
        if self._literal or self._names.given(self._host, self._port):
            return []
        self._resolving = True
        return [(Status.RESOLVING_NAME, self._host)]

    def _resolved(self, address: ServerAddress) -> Told:
        if self._resolving:
            self._resolving = False
            return [(Status.NAME_RESOLVED, address)]
        if not self._literal and self._names.news(self._host, self._port):
            return [(Status.RESOLVING_NAME, self._host), (Status.NAME_RESOLVED, address)]
        return []
