"""The ``resolve`` mapping of a session: names to addresses, as libcurl takes them. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyinet.errors import invalid_parameter

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["connect_to_lines"]


def connect_to_lines(resolve: Mapping[str, str]) -> str:
    """Return lines for ``CURLOPT_CONNECT_TO``, the most specific first.

    Args:
        resolve: "host:port", "host" or "*" to an IP address.

    Raises:
        CallerError: 87, *resolve* is no mapping, a key is none of these, or a value is no IP address.
    """
    try:
        pairs = list(dict(resolve).items())
    except (TypeError, ValueError) as error:
        raise invalid_parameter(f"resolve must be a mapping of names to addresses, not {resolve!r}") from error
    lines = [(_rank(name), _line(name, address)) for name, address in pairs]
    return "".join(f"{line}\n" for _, line in sorted(lines))


def _rank(name: str) -> int:
    if not isinstance(name, str):
        raise invalid_parameter(f"resolve: {name!r} is neither a host, a host:port nor *")
    return 2 if name == "*" else int(_split(name)[1] == "")


def _split(name: str) -> tuple[str, str]:
    host, colon, port = name.rpartition(":")
    if not colon or port.endswith("]") or (host.count(":") and not host.startswith("[")):
        return name, ""
    return host, port


def _bracketed(host: str, name: str) -> str:
    """Return an IPv6 address as libcurl compares it."""
    from ipaddress import IPv6Address  # here, as it costs import time

    inner = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    try:
        return f"[{IPv6Address(inner)}]"
    except ValueError as error:
        raise invalid_parameter(f"resolve: the address in {name!r} is not one of IPv6") from error


def _line(name: str, address: str) -> str:
    try:
        from ipaddress import ip_address  # here, as it costs import time

        target = ip_address(address.strip("[]"))
    except (ValueError, AttributeError, TypeError) as error:
        raise invalid_parameter(f"resolve: {address!r} for {name!r} is not an IP address") from error
    text = f"[{target}]" if target.version == 6 else str(target)  # noqa: PLR2004 - IP version
    if name == "*":
        return f"::{text}:"
    host, port = _split(name)
    if set(host) & set(":[]"):
        host = _bracketed(host, name)
    if not host or not host.isascii() or not host.isprintable() or set(host) & set(" /?#@*"):
        raise invalid_parameter(f"resolve: {name!r} is neither a host, a host:port nor *")
    if port and not (port.isascii() and port.isdigit() and int(port) < 1 << 16):
        raise invalid_parameter(f"resolve: the port of {name!r} is not a number below 65536")
    return f"{host}:{port}:{text}:"
