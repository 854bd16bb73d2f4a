"""Winsock's numbers for failures of the system. Pure. Source: winerror.h, ``WSAE*``."""

from __future__ import annotations

import errno
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["winsock_error"]

_WSABASEERR = 10_000

_NUMBERS: Mapping[str, int] = MappingProxyType(
    {
        "EINTR": 4, "EBADF": 9, "EACCES": 13, "EFAULT": 14, "EINVAL": 22, "EMFILE": 24, "EWOULDBLOCK": 35,
        "EINPROGRESS": 36, "EALREADY": 37, "ENOTSOCK": 38, "EDESTADDRREQ": 39, "EMSGSIZE": 40, "EPROTOTYPE": 41,
        "ENOPROTOOPT": 42, "EPROTONOSUPPORT": 43, "EOPNOTSUPP": 45, "EAFNOSUPPORT": 47, "EADDRINUSE": 48,
        "EADDRNOTAVAIL": 49, "ENETDOWN": 50, "ENETUNREACH": 51, "ENETRESET": 52, "ECONNABORTED": 53, "ECONNRESET": 54,
        "ENOBUFS": 55, "EISCONN": 56, "ENOTCONN": 57, "ETIMEDOUT": 60, "ECONNREFUSED": 61, "EHOSTDOWN": 64,
        "EHOSTUNREACH": 65,
    }
)  # fmt: skip

_BY_ERRNO: Mapping[int, int] = MappingProxyType(
    {
        **{getattr(errno, name): _WSABASEERR + number for name, number in _NUMBERS.items() if hasattr(errno, name)},
        errno.EPIPE: _WSABASEERR + 58,  # WSAESHUTDOWN: Winsock has no EPIPE
    }
)


def winsock_error(os_errno: int) -> int:
    """Return the ``WSAE*`` number of an ``errno``: 0 for 0, and itself when Winsock has none for it."""
    return _BY_ERRNO.get(os_errno, os_errno)
