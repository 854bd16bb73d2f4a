"""Failures of proxies, of client certificates and of malformed answers, which libcurl's code alone does not tell."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pyinet._transfer.ffi import lib
from pyinet._wording import TEXTS
from pyinet.enums import InternetErrorCode as Code
from pyinet.errors import (
    CannotConnect,
    ExtendedError,
    InternetException,
    LoginFailure,
    NameNotResolved,
    ProtocolError,
    TlsError,
    TransferError,
    describe,
)

if TYPE_CHECKING:
    from pyinet._transfer.record import Details

__all__ = ["better_error"]

_HTTP = 100  # Details.proxy_status: from here on a status code, below a CURLproxycode
_PROXY_AUTHENTICATION_REQUIRED = 407
_SOCKS_LOGIN = frozenset(
    {4, 5, 6, 7, 8, 10, 11, 12, 33}
)  # CURLPX_GSSAPI* to _IDENTD*, _LONG_*, _NO_AUTH, _USER_REJECTED
_SOCKS_RESOLVE = 27  # CURLPX_RESOLVE_HOST

_KEY = "unable to set private key"
"""What libcurl 8 calls a bad argument is a file that cannot be used."""

_FRAMING = re.compile("chunked-encod|chunk hex-length|invalid chunk size|Transfer-Encoding")
"""In libcurl's words for chunks that are none, and for transfer codings that cannot be: it says that nothing could be
received, that the body does not decode, or an argument was bad, as it does of a header line that continues none."""

_REPEAT = (
    "give bytes, a path or an open file, which can be sent again; or send Authorization at once, and repeat the request"
)
_COUNTED = "announce the length of the body: total_length, or bytes, a path or a file"

_LOST = frozenset({"GOT_NOTHING", "RECV_ERROR", "SEND_ERROR"})
_TLS = frozenset({"PEER_FAILED_VERIFICATION", "SSL_CACERT_BADFILE", "SSL_CIPHER", "SSL_CONNECT_ERROR"})
_ALERT = re.compile(
    "alert (?:bad certificate|unsupported certificate|certificate |unknown ca)|SSL certificate verification failed"
)
"""What a server says of our certificate, or of its absence (RFC 8446 section 6.2), in OpenSSL's words; the last in
libcurl's, which takes "expired" for its own finding."""


def better_error(name: str, record: Details, detail: str, url: str) -> InternetException | None:
    """Return the exception for a record with PNET_FAULT_CURL; None when libcurl's code says all.

    Args:
        name: libcurl's name of its code.
        record: Details of the record.
        detail: libcurl's words.
        url: What was transferred.
    """
    reason = f"curl {record.curl_code} {name}{detail and ': '}{detail}"
    if record.proxy_status:
        return _refused_by_proxy(record.proxy_status, reason, url)
    if name == "BAD_FUNCTION_ARGUMENT" and _KEY in detail:
        return _known(TlsError, Code.ERROR_INTERNET_CLIENT_AUTH_CERT_NEEDED, reason, url)
    if _FRAMING.search(detail) or (name == "BAD_FUNCTION_ARGUMENT" and record.first_byte_us):
        return _known(ProtocolError, Code.ERROR_HTTP_INVALID_SERVER_RESPONSE, reason, url)
    if name in {"SEND_FAIL_REWIND", "UPLOAD_FAILED"}:
        return _unsendable_body(name, reason, url)
    if name in _TLS or name in _LOST:
        return _tls_error(name, record, detail, reason, url)
    return None


def _unsendable_body(name: str, reason: str, url: str) -> InternetException:
    if name == "SEND_FAIL_REWIND":
        what = f"{TEXTS[Code.ERROR_INTERNET_FORCE_RETRY][0]}, and what was written is gone ({reason})"
        return _make(TransferError, Code.ERROR_INTERNET_FORCE_RETRY, what, url, _REPEAT)
    # the one reason that it has for HTTP
    what = f"a server that speaks HTTP/1.0 takes no body of unknown length ({reason})"
    return _make(ExtendedError, Code.ERROR_INTERNET_EXTENDED_ERROR, what, url, _COUNTED)


def _refused_by_proxy(status: int, reason: str, url: str) -> InternetException | None:
    """No tunnel: nothing was sent to the origin, and what an HTTP proxy says is no answer of it."""
    if status == _PROXY_AUTHENTICATION_REQUIRED:
        hint = "give the proxy a user name and password that it accepts"
        return _make(LoginFailure, Code.ERROR_INTERNET_LOGIN_FAILURE, "the proxy answered CONNECT with 407", url, hint)
    if status >= _HTTP:
        what = f"the proxy answered CONNECT with {status}"
        return _make(CannotConnect, Code.ERROR_INTERNET_CANNOT_CONNECT, what, url)
    if status in _SOCKS_LOGIN:
        what = f"the SOCKS proxy refuses us ({reason})"
        return _make(LoginFailure, Code.ERROR_INTERNET_LOGIN_FAILURE, what, url, "see its user name and password")
    if status == _SOCKS_RESOLVE:
        return _known(NameNotResolved, Code.ERROR_INTERNET_NAME_NOT_RESOLVED, reason, url)
    return None


def _tls_error(name: str, record: Details, detail: str, reason: str, url: str) -> InternetException | None:
    at_proxy = record.flags & lib.PNET_DONE_AT_PROXY
    # With TLS 1.3 the server refuses when the handshake is over for us: its words may be lost with the connection.
    if record.flags & lib.PNET_DONE_CERT_ASKED or _ALERT.search(detail):
        needed = Code.ERROR_INTERNET_CLIENT_AUTH_CERT_NEEDED
        return _known(TlsError, Code.ERROR_INTERNET_CLIENT_AUTH_CERT_NEEDED_PROXY if at_proxy else needed, reason, url)
    if at_proxy and name in _TLS:
        return _known(TlsError, Code.ERROR_INTERNET_SECURE_FAILURE_PROXY, reason, url)
    return None


def _known(cls: type[InternetException], code: int, reason: str, url: str) -> InternetException:
    what, hint = TEXTS[code]
    return _make(cls, code, f"{what} ({reason})", url, hint)


def _make(cls: type[InternetException], code: int, what: str, url: str, hint: str = "") -> InternetException:
    return cls(describe(what, code, url=url, hint=hint), code, url=url)
