"""Proxies as options speak of them. Pure. Source: ``INTERNET_OPTION_PROXY``, ``INTERNET_PER_CONN_OPTION``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from pyinet._network.proxy import ProxyConfig
from pyinet.enums import AccessType

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["Part", "ProxyInfo", "merged", "parts_of", "proxy_of_parts", "resolved"]

Part = int | str | None
"""Value of an ``INTERNET_PER_CONN_OPTION``."""

_FLAGS, _SERVER, _BYPASS, _AUTOCONFIG_URL, _DISCOVERY_FLAGS = range(1, 6)
_ZEROS = range(6, 10)
_TYPE_DIRECT, _TYPE_PROXY = 1, 2
_PRECONFIG = frozenset({AccessType.PRECONFIG, AccessType.PRECONFIG_WITH_NO_AUTOPROXY})


class ProxyInfo(NamedTuple):
    """``INTERNET_PROXY_INFO``: arguments of the constructor of `InternetSession`."""

    access_type: int
    proxy: str | None = None
    bypass: str | None = None


def resolved(
    given: ProxyInfo, of_process: ProxyInfo | None, environ: Mapping[str, str]
) -> tuple[ProxyInfo, ProxyConfig]:
    """Return what *given* comes to: access type DIRECT or PROXY, never PRECONFIG, and the proxies to use.

    Args:
        given: What the program asked for.
        of_process: What PRECONFIG means; None for the environment.
        environ: Environment variables.

    Raises:
        CallerError: 87, an access type or a proxy is malformed.
    """
    if given.access_type in _PRECONFIG and of_process is not None:
        given = of_process
    config = ProxyConfig.from_access_type(given.access_type, given.proxy, given.bypass, environ)
    if config.is_direct:
        return ProxyInfo(int(AccessType.DIRECT)), config
    if given.access_type == AccessType.PROXY:
        return ProxyInfo(int(AccessType.PROXY), given.proxy, given.bypass), config
    names = " ".join(f"{p.protocol}={p.url}" if p.protocol else p.url for p in config._proxies)  # noqa: SLF001
    no_proxy = environ.get("no_proxy") or environ.get("NO_PROXY") or ""
    return ProxyInfo(
        int(AccessType.PROXY), names, ";".join(filter(None, re.split(r"[,\s]+", no_proxy))) or None
    ), config


def parts_of(info: ProxyInfo) -> dict[int, Part]:
    """Return resolved proxies as ``INTERNET_PER_CONN_*`` numbers and values."""
    flags = _TYPE_PROXY if info.access_type == AccessType.PROXY else _TYPE_DIRECT
    parts: dict[int, Part] = {_FLAGS: flags, _SERVER: info.proxy, _BYPASS: info.bypass}
    return {**parts, _AUTOCONFIG_URL: None, _DISCOVERY_FLAGS: 0, **dict.fromkeys(_ZEROS, 0)}


def merged(parts: Mapping[int, Part], changes: Iterable[tuple[int, Part]]) -> dict[int, Part]:
    """Return *parts* with *changes*; numbers 6 to 9 stay 0."""
    return {**parts, **{number: value for number, value in changes if number not in _ZEROS}}


def proxy_of_parts(parts: Mapping[int, Part]) -> ProxyInfo:
    """Return the proxies that *parts* ask for: direct when their flags or the lack of a server say so."""
    flags, server, bypass = parts[_FLAGS], parts[_SERVER], parts[_BYPASS]
    if isinstance(flags, int) and flags & _TYPE_PROXY and server:
        return ProxyInfo(int(AccessType.PROXY), str(server), str(bypass or ""))
    return ProxyInfo(int(AccessType.DIRECT))
