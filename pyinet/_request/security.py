"""What is forgiven in a certificate, who we are to a server, and the lines that tell the core. Pure."""

from __future__ import annotations

import os
from typing import NamedTuple

from pyinet._transfer.ffi import lib
from pyinet.errors import invalid_parameter

__all__ = ["FORGIVING", "ClientCertificate", "extra_lines", "native_flags", "without_credentials"]

FORGIVING = 0x3300
"""SECURITY_FLAG_IGNORE_UNKNOWN_CA, _WRONG_USAGE, _CERT_CN_INVALID and _CERT_DATE_INVALID; the last two are also
``INTERNET_FLAG_*``. SECURITY_FLAG_IGNORE_REVOCATION (0x80) is not among them: revocation is not checked."""

_NATIVE = (
    (0x0100, lib.PNET_REQ_IGNORE_CA),
    (0x0200, lib.PNET_REQ_IGNORE_USAGE),
    (0x1000, lib.PNET_REQ_IGNORE_HOST),
    (0x2000, lib.PNET_REQ_IGNORE_DATE),
)


class ClientCertificate(NamedTuple):
    """A certificate that shows a server who we are. Source: ``INTERNET_OPTION_CLIENT_CERT_CONTEXT``.

    Attributes:
        certificate: PEM file with the certificate, and those that lead to its root.
        key: PEM file with the private key; None when it is in the same file.
        password: That the key is encrypted with; None when it is not.
    """

    certificate: str | os.PathLike[str]
    key: str | os.PathLike[str] | None = None
    password: str | None = None

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {os.fspath(self.certificate)!r}>"


def native_flags(security: int) -> int:
    """Return the ``PNET_REQ_IGNORE_*`` flags for bits of `FORGIVING`."""
    return sum(native for bit, native in _NATIVE if security & bit)


def extra_lines(
    certificate: ClientCertificate | None,
    proxy_user: str | None,
    proxy_password: str | None,
    auth: str,
    proxy_auth: str,
    target: str = "",
    *,
    is_current_user: bool = False,
) -> bytes:
    """Return ``pnet_request.extra``.

    Args:
        certificate: Certificate for the origin.
        proxy_user: User name for the proxy; None: that of its URL.
        proxy_password: Password that goes with it.
        auth: Schemes allowed for the origin, out of basic, digest, ntlm, negotiate, between commas; "" for all.
        proxy_auth: The same for the proxy.
        target: What the request line names; "" for path and query of the URL.
        is_current_user: Whether the user name for the origin is empty, and not absent.

    Raises:
        CallerError: 87, a value holds a control character or half a surrogate pair.
    """
    given: list[tuple[str, bytes | None]] = []
    if certificate is not None:
        path, key, password = certificate
        given += [
            ("cert", os.fsencode(os.path.abspath(path))),  # noqa: PTH100 - symbolic links stay as they are
            ("key", None if key is None else os.fsencode(os.path.abspath(key))),  # noqa: PTH100
            ("key-password", _encoded(password, "key-password")),
        ]
    given += [
        ("proxy-user", _encoded(proxy_user, "proxy-user")),
        ("proxy-password", _encoded(proxy_password, "proxy-password")),
        ("auth", auth.encode() or None),
        ("proxy-auth", proxy_auth.encode() or None),
        ("target", target.encode() or None),
        ("user", b"" if is_current_user else None),
    ]
    return b"".join(_line(name, value) for name, value in given if value is not None)


def _encoded(text: str | None, name: str) -> bytes | None:
    if text and not text.isprintable() and any("\ud800" <= char <= "\udfff" for char in text):
        raise invalid_parameter(f"{name} holds half a surrogate pair")  # what encode raises would show the text
    return None if text is None else text.encode()


def _line(name: str, value: bytes) -> bytes:
    if any(byte < 0x20 or byte == 0x7F for byte in value):  # noqa: PLR2004 - RFC 20
        raise invalid_parameter(f"{name} holds a control character or a line break")
    return b"%s %s\n" % (name.encode(), value)


def without_credentials(proxy: str) -> str:
    """Return the URL of an HTTP proxy without user and password; that of another proxy as it is."""
    scheme, separator, rest = proxy.partition("://")
    return f"{scheme}{separator}{rest.rpartition('@')[2]}" if scheme.startswith("http") else proxy
