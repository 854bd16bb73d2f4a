"""The exceptions of pyinet, and the tables which turn native failures into them.

Two branches by fault: `CallerError` (this side: a repeat fails the same way) and `TransferError` (the
peer or the network: a repeat may succeed). What is the fault of neither, as memory running out or a
failure inside libcurl, is an `InternetException` of no branch.
"""
# ruff: noqa: N818  (the names are those of WinINet and of the public face; the root ends in Exception)

from __future__ import annotations

import errno
import io
import os
import sys
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from pyinet._wording import TEXTS, constant_name, describe, redact
from pyinet.enums import InternetErrorCode as Code

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "CURLE_ERRORS",
    "CallerError",
    "CannotConnect",
    "ConnectionLost",
    "DecodingFailed",
    "ExtendedError",
    "GopherError",
    "HandleClosed",
    "HeaderNotFound",
    "HttpStatusError",
    "InternetException",
    "InternetTimeout",
    "LimitExceeded",
    "LocalFileError",
    "LoginFailure",
    "NameNotResolved",
    "NoMoreFiles",
    "NoMoreItems",
    "NotSupported",
    "ProtocolError",
    "TlsError",
    "TransferError",
    "TransferInProgress",
    "describe",
    "errno_of",
    "from_curl",
    "http_status_error",
    "invalid_parameter",
    "local_file_error",
    "redact",
]

_HTTP_E_STATUS = 0x80190000  # HTTP_E_STATUS_* of winerror.h: this plus the status code


def _blank(cls: type[InternetException]) -> InternetException:
    return cls.__new__(cls)


class InternetException(Exception):
    """Root of all errors of pyinet. Pickles and copies with every attribute.

    Attributes:
        code: Win32 or WinINet error number (MFC ``CInternetException::m_dwError``).
        url: What was transferred, without its password; empty when no URL is concerned.
        context: The context of the handle at work (MFC ``m_dwContext``); 0 when there is none.
        curl_code: The ``CURLcode`` behind the error; 0 when libcurl did not fail.
        response_text: What the server said last (``InternetGetLastResponseInfo``).
    """

    def __init__(
        self,
        message: str,
        code: int,
        *,
        url: str = "",
        context: int = 0,
        curl_code: int = 0,
        response_text: str = "",
    ) -> None:
        super().__init__(message)
        self._message = message
        self.code = int(code)
        self.url = redact(url)
        self.context = context
        self.curl_code = curl_code
        self.response_text = response_text

    @property
    def name(self) -> str:
        """The constant's name, for example ``ERROR_INTERNET_TIMEOUT``."""
        return constant_name(self.code)

    @property
    def m_dwError(self) -> int:  # noqa: N802 - the name of MFC
        """`code`. Source: MFC ``CInternetException::m_dwError``."""
        return self.code

    @property
    def m_dwContext(self) -> int:  # noqa: N802 - the name of MFC
        """`context`. Source: MFC ``CInternetException::m_dwContext``."""
        return self.context

    def get_error_message(self, max_chars: int | None = None) -> str:
        """Return the text for `code`, or what the server said (12003), of at most *max_chars* characters.

        Source: MFC ``CException::GetErrorMessage``; *max_chars* counts no NUL.
        """
        from pyinet._error_texts import error_message  # here: programs print the exception itself

        text = self.response_text if self.code == Code.ERROR_INTERNET_EXTENDED_ERROR else ""
        text = text or error_message(self.code)
        return text if max_chars is None else text[: max(0, max_chars)]

    def report_error(self) -> int:
        """Write the message to standard error, as there are no dialogs; return 1 (IDOK). Source: ``ReportError``."""
        if sys.stderr is not None:  # a program without a console has none
            sys.stderr.write(f"{self}\n")
        return 1

    def __str__(self) -> str:
        # KeyError would quote the message, OSError would put the errno before it.
        return self._message

    def __reduce__(self) -> tuple[Any, ...]:
        # Restored as state and not through the constructor, so that subclasses may change its signature.
        return _blank, (type(self),), self._state()

    def _state(self) -> dict[str, Any]:
        return {**self.__dict__, "args": self.args}


class CallerError(InternetException):
    """This side is at fault: a bad argument (87), a bad URL (12005), a cancelled operation (12017)."""


class TransferError(InternetException):
    """The peer or the network is at fault; a repeat may succeed."""


class HandleClosed(CallerError, ValueError):
    """The object was closed, or its session was: ``ERROR_INVALID_HANDLE`` (6)."""


class NotSupported(CallerError, io.UnsupportedOperation):
    """pyinet or this libcurl cannot do that: 12006 for a scheme, 50 for all else."""


class LocalFileError(CallerError, OSError):
    """A local file could not be read or written: 112 when the disk is full, else 2, 3, 5, 80, ...

    A `CallerError`, as neither the peer nor the network has a part in it: asking the server again does
    not free the disk or change a permission. As an ``OSError`` it has `errno`, `strerror` and `filename`.
    """

    def __init__(
        self,
        message: str,
        code: int,
        *,
        os_errno: int,
        filename: str,
        url: str = "",
        context: int = 0,
        curl_code: int = 0,
        response_text: str = "",
    ) -> None:
        super().__init__(message, code, url=url, context=context, curl_code=curl_code, response_text=response_text)
        self.errno = os_errno
        self.strerror = os.strerror(os_errno)
        self.filename = filename
        self.args = (os_errno, self.strerror)

    def _state(self) -> dict[str, Any]:
        # OSError keeps these outside of __dict__.
        native = {"errno": self.errno, "strerror": self.strerror, "filename": self.filename}
        return {**super()._state(), **native}


class LengthMismatch(CallerError, ValueError):
    """A request body is longer or shorter than was announced: ``ERROR_INVALID_PARAMETER`` (87)."""


class HeaderNotFound(CallerError, KeyError):
    """The response has no such header: ``ERROR_HTTP_HEADER_NOT_FOUND`` (12150)."""


class NoMoreItems(CallerError, KeyError):
    """Nothing matches: ``ERROR_NO_MORE_ITEMS`` (259)."""


class NoMoreFiles(CallerError):
    """A directory has no further entry: ``ERROR_NO_MORE_FILES`` (18)."""


class TransferInProgress(CallerError):
    """The FTP connection is still transferring a file: ``ERROR_FTP_TRANSFER_IN_PROGRESS`` (12110)."""


class InternetTimeout(TransferError, TimeoutError):
    """A time limit passed: ``ERROR_INTERNET_TIMEOUT`` (12002)."""


class NameNotResolved(TransferError):
    """A host or proxy name has no address: ``ERROR_INTERNET_NAME_NOT_RESOLVED`` (12007)."""


class CannotConnect(TransferError, ConnectionError):
    """No connection, so nothing was sent: ``ERROR_INTERNET_CANNOT_CONNECT`` (12029)."""


class ConnectionLost(TransferError):
    """The connection ended inside a transfer: aborted (12030) or reset (12031)."""


class ProtocolError(TransferError):
    """The server's answer breaks the protocol (12152), or redirects too often or wrongly (12156)."""


class TlsError(TransferError):
    """TLS failed: handshake (12157) or certificate.

    Certificates: expired (12037), other host name (12038), unknown authority (12045), revoked (12170),
    otherwise invalid (12169), revocation unknown (12057), client certificate wanted or unusable (12044).
    """


class DecodingFailed(TransferError):
    """The body is not what its Content-Encoding says: ``ERROR_INTERNET_DECODING_FAILED`` (12175)."""


class LimitExceeded(TransferError):
    """The body is larger than the request allowed: ``ERROR_FILE_TOO_LARGE`` (223)."""


class LoginFailure(TransferError):
    """The server refused the user name (12013), the password (12014) or both (12015)."""


class ExtendedError(TransferError):
    """The server refused, in its own words in `response_text`: ``ERROR_INTERNET_EXTENDED_ERROR`` (12003)."""


class GopherError(TransferError):
    """A gopher server or locator is at fault: ``ERROR_GOPHER_*`` (12130 to 12138)."""


class HttpStatusError(TransferError):
    """``raise_for_status()`` met a status of 400 or more: ``HTTP_E_STATUS_*`` (0x80190000 + status)."""

    @property
    def name(self) -> str:
        """``HTTP_E_STATUS_`` and the status code."""
        return f"HTTP_E_STATUS_{self.status}"

    @property
    def status(self) -> int:
        """The HTTP status code."""
        return self.code - _HTTP_E_STATUS


_Rule = tuple[int, type[InternetException]]

_ACCESS: _Rule = (Code.ERROR_INTERNET_EXTENDED_ERROR, ExtendedError)
_ARGUMENT: _Rule = (Code.ERROR_INVALID_PARAMETER, CallerError)
_CONNECT: _Rule = (Code.ERROR_INTERNET_CANNOT_CONNECT, CannotConnect)
_INTERNAL: _Rule = (Code.ERROR_INTERNET_INTERNAL_ERROR, InternetException)
_LOGIN: _Rule = (Code.ERROR_INTERNET_LOGIN_FAILURE, LoginFailure)
_LOST: _Rule = (Code.ERROR_INTERNET_CONNECTION_ABORTED, ConnectionLost)
_NAME: _Rule = (Code.ERROR_INTERNET_NAME_NOT_RESOLVED, NameNotResolved)
_NO_PASSIVE: _Rule = (Code.ERROR_FTP_NO_PASSIVE_MODE, TransferError)
_OPTION: _Rule = (Code.ERROR_INTERNET_INVALID_OPTION, CallerError)
_RANGE: _Rule = (Code.ERROR_INTERNET_INVALID_OPERATION, TransferError)
_RESPONSE: _Rule = (Code.ERROR_HTTP_INVALID_SERVER_RESPONSE, ProtocolError)
_REVOCATION: _Rule = (Code.ERROR_INTERNET_SEC_CERT_REV_FAILED, TlsError)
_TIMEOUT: _Rule = (Code.ERROR_INTERNET_TIMEOUT, InternetTimeout)
_TLS: _Rule = (Code.ERROR_INTERNET_SECURITY_CHANNEL_ERROR, TlsError)
_TLS_CLIENT: _Rule = (Code.ERROR_INTERNET_CLIENT_AUTH_CERT_NEEDED, TlsError)
_TLS_INVALID: _Rule = (Code.ERROR_INTERNET_SEC_INVALID_CERT, TlsError)
_TLS_ISSUER: _Rule = (Code.ERROR_INTERNET_INVALID_CA, TlsError)

CURLE_ERRORS: Mapping[str, tuple[int, type[InternetException]]] = MappingProxyType(
    {
        "UNSUPPORTED_PROTOCOL": (Code.ERROR_INTERNET_UNRECOGNIZED_SCHEME, NotSupported),
        "FAILED_INIT": _INTERNAL,
        "URL_MALFORMAT": (Code.ERROR_INTERNET_INVALID_URL, CallerError),
        "NOT_BUILT_IN": (Code.ERROR_NOT_SUPPORTED, NotSupported),
        "COULDNT_RESOLVE_PROXY": _NAME,
        "COULDNT_RESOLVE_HOST": _NAME,
        "COULDNT_CONNECT": _CONNECT,
        "WEIRD_SERVER_REPLY": _RESPONSE,
        "REMOTE_ACCESS_DENIED": _ACCESS,
        "FTP_ACCEPT_FAILED": _CONNECT,
        "FTP_WEIRD_PASS_REPLY": _LOGIN,
        "FTP_ACCEPT_TIMEOUT": _TIMEOUT,
        "FTP_WEIRD_PASV_REPLY": _NO_PASSIVE,
        "FTP_WEIRD_227_FORMAT": _NO_PASSIVE,
        "FTP_CANT_GET_HOST": _NAME,
        "HTTP2": _RESPONSE,
        "FTP_COULDNT_SET_TYPE": _ACCESS,
        "PARTIAL_FILE": _LOST,
        "FTP_COULDNT_RETR_FILE": _ACCESS,
        "QUOTE_ERROR": _ACCESS,
        "WRITE_ERROR": _INTERNAL,
        "UPLOAD_FAILED": _ACCESS,
        "READ_ERROR": _INTERNAL,
        "OUT_OF_MEMORY": (Code.ERROR_NOT_ENOUGH_MEMORY, InternetException),
        "OPERATION_TIMEDOUT": _TIMEOUT,
        "FTP_PORT_FAILED": _ACCESS,
        "FTP_COULDNT_USE_REST": _ACCESS,
        "RANGE_ERROR": _RANGE,
        "SSL_CONNECT_ERROR": _TLS,
        "BAD_DOWNLOAD_RESUME": _RANGE,
        "FILE_COULDNT_READ_FILE": (Code.ERROR_FILE_NOT_FOUND, LocalFileError),
        "FUNCTION_NOT_FOUND": _OPTION,
        "ABORTED_BY_CALLBACK": (Code.ERROR_INTERNET_OPERATION_CANCELLED, CallerError),
        "BAD_FUNCTION_ARGUMENT": _ARGUMENT,
        "INTERFACE_FAILED": _CONNECT,
        "TOO_LARGE": _RESPONSE,
        "TOO_MANY_REDIRECTS": (Code.ERROR_HTTP_REDIRECT_FAILED, ProtocolError),
        "UNKNOWN_OPTION": _OPTION,
        "SETOPT_OPTION_SYNTAX": _ARGUMENT,
        "GOT_NOTHING": _RESPONSE,
        "SSL_ENGINE_NOTFOUND": _TLS,
        "SSL_ENGINE_SETFAILED": _TLS,
        "SEND_ERROR": _LOST,
        "RECV_ERROR": _LOST,
        "SSL_CERTPROBLEM": _TLS_CLIENT,
        "SSL_CIPHER": _TLS,
        "PEER_FAILED_VERIFICATION": _TLS_INVALID,
        "BAD_CONTENT_ENCODING": (Code.ERROR_INTERNET_DECODING_FAILED, DecodingFailed),
        "FILESIZE_EXCEEDED": (Code.ERROR_FILE_TOO_LARGE, LimitExceeded),
        "USE_SSL_FAILED": _TLS,
        "SEND_FAIL_REWIND": (Code.ERROR_INTERNET_FORCE_RETRY, TransferError),
        "SSL_ENGINE_INITFAILED": _TLS,
        "LOGIN_DENIED": _LOGIN,
        "REMOTE_FILE_EXISTS": _ACCESS,
        "SSL_CACERT_BADFILE": _TLS,
        "REMOTE_FILE_NOT_FOUND": _ACCESS,
        "SSL_SHUTDOWN_FAILED": _TLS,
        "SSL_CRL_BADFILE": _REVOCATION,
        "SSL_ISSUER_ERROR": _TLS_ISSUER,
        "FTP_PRET_FAILED": _ACCESS,
        "FTP_BAD_FILE_LIST": _ACCESS,
        "NO_CONNECTION_AVAILABLE": (Code.ERROR_INTERNET_REQUEST_PENDING, TransferError),
        "SSL_PINNEDPUBKEYNOTMATCH": _TLS_INVALID,
        "SSL_INVALIDCERTSTATUS": _REVOCATION,
        "HTTP2_STREAM": _RESPONSE,
        "RECURSIVE_API_CALL": _INTERNAL,
        "AUTH_ERROR": _LOGIN,
        "HTTP3": _RESPONSE,
        "QUIC_CONNECT_ERROR": _CONNECT,
        "PROXY": _CONNECT,
        "SSL_CLIENTCERT": _TLS_CLIENT,
        "UNRECOVERABLE_POLL": _INTERNAL,
        "ECH_REQUIRED": _TLS,
    }
)
"""libcurl's name of an error, without ``CURLE_``, to code and class; what is absent is 12004.

`from_curl` refines some of them by what else is known of the failure.
"""

_VERIFY_RESULT: Mapping[int, int] = MappingProxyType(
    {
        0: Code.ERROR_INTERNET_SEC_CERT_CN_INVALID,  # the chain is good, so it is the name
        2: Code.ERROR_INTERNET_INVALID_CA,  # X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT
        9: Code.ERROR_INTERNET_SEC_CERT_DATE_INVALID,  # X509_V_ERR_CERT_NOT_YET_VALID
        10: Code.ERROR_INTERNET_SEC_CERT_DATE_INVALID,  # X509_V_ERR_CERT_HAS_EXPIRED
        18: Code.ERROR_INTERNET_INVALID_CA,  # X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT
        19: Code.ERROR_INTERNET_INVALID_CA,  # X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN
        20: Code.ERROR_INTERNET_INVALID_CA,  # X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY
        21: Code.ERROR_INTERNET_INVALID_CA,  # X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE
        23: Code.ERROR_INTERNET_SEC_CERT_REVOKED,  # X509_V_ERR_CERT_REVOKED
        27: Code.ERROR_INTERNET_INVALID_CA,  # X509_V_ERR_CERT_UNTRUSTED
    }
)


_WRONG_NAME = (
    "certificate subject name",  # none of its names is the host's, or its only one, the common name, is another
    "does not match target host",  # it has a common name only
    "unable to obtain common name",  # it names nobody
    "illegal cert name field",  # its common name has a NUL in it
)


def from_curl(
    curl_name: str,
    curl_code: int,
    *,
    url: str,
    detail: str = "",
    os_errno: int = 0,
    verify_result: int = 0,
) -> InternetException:
    """Return the exception for a transfer that libcurl ended with an error.

    Args:
        curl_name: Name of the ``CURLcode`` without ``CURLE_``; need not be known here.
        curl_code: Its number.
        url: What was transferred.
        detail: libcurl's error buffer.
        os_errno: ``CURLINFO_OS_ERRNO``, 0 if none.
        verify_result: ``CURLINFO_SSL_VERIFYRESULT``, an ``X509_V_ERR_*`` of OpenSSL.
    """
    os_errno = errno_of(curl_name, os_errno)
    reason = f"curl {curl_code} {curl_name}: {detail}" if detail else f"curl {curl_code} {curl_name}"
    if curl_name == "FILE_COULDNT_READ_FILE":
        from urllib.parse import unquote, urlsplit  # here, as it costs import time and this is rare

        error = local_file_error(
            os_errno or errno.ENOENT, unquote(urlsplit(url).path), url=url, what=f"cannot read ({reason})"
        )
        error.curl_code = curl_code
        return error
    code, cls = _refined(curl_name, url, detail, os_errno, verify_result)
    if os_errno and os.strerror(os_errno) not in reason:
        reason = f"{reason}; {os.strerror(os_errno)}"
    what, hint = TEXTS[code]
    return cls(describe(f"{what} ({reason})", code, url=url, hint=hint), code, url=url, curl_code=curl_code)


_OFF_THE_NETWORK = frozenset({
    "URL_MALFORMAT", "UNSUPPORTED_PROTOCOL", "COULDNT_RESOLVE_HOST", "COULDNT_RESOLVE_PROXY",
    "PEER_FAILED_VERIFICATION",
})  # fmt: skip
"""Failures of no call of the system: libcurl then reports the errno of an earlier one."""


def errno_of(curl_name: str, os_errno: int) -> int:
    """Return *os_errno* if it can be that of a failure, which libcurl calls *curl_name*; otherwise 0."""
    return 0 if curl_name in _OFF_THE_NETWORK else os_errno


def _refined(curl_name: str, url: str, detail: str, os_errno: int, verify_result: int) -> _Rule:
    rule = CURLE_ERRORS.get(curl_name, _INTERNAL)
    if curl_name == "PEER_FAILED_VERIFICATION":
        # The text is all that a TLS library other than OpenSSL leaves us; and a good chain may leave a number, too.
        wrong_name = any(words in detail for words in _WRONG_NAME) and verify_result not in _VERIFY_RESULT
        code = _VERIFY_RESULT.get(0 if wrong_name else verify_result, Code.ERROR_INTERNET_SEC_INVALID_CERT)
        rule = (code, TlsError)
    elif curl_name in {"SEND_ERROR", "RECV_ERROR"} and os_errno in {errno.ECONNRESET, errno.EPIPE}:
        rule = (Code.ERROR_INTERNET_CONNECTION_RESET, ConnectionLost)
    elif curl_name == "WEIRD_SERVER_REPLY" and url.lower().startswith("ftp"):
        rule = _ACCESS
    elif curl_name == "UNSUPPORTED_PROTOCOL" and "HTTP/0.9" in detail:
        rule = _RESPONSE  # not the scheme of the URL: the server answered without a status line
    return rule


_ERRNO_CODES: Mapping[int, int] = MappingProxyType(
    {
        errno.ENOENT: Code.ERROR_PATH_NOT_FOUND,
        errno.ENOTDIR: Code.ERROR_PATH_NOT_FOUND,
        errno.EMFILE: Code.ERROR_TOO_MANY_OPEN_FILES,
        errno.ENFILE: Code.ERROR_TOO_MANY_OPEN_FILES,
        errno.EACCES: Code.ERROR_ACCESS_DENIED,
        errno.EPERM: Code.ERROR_ACCESS_DENIED,
        errno.EROFS: Code.ERROR_ACCESS_DENIED,
        errno.EISDIR: Code.ERROR_ACCESS_DENIED,
        errno.EBUSY: Code.ERROR_SHARING_VIOLATION,
        errno.ETXTBSY: Code.ERROR_SHARING_VIOLATION,
        errno.EEXIST: Code.ERROR_FILE_EXISTS,
        errno.EINVAL: Code.ERROR_INVALID_NAME,
        errno.ENOSPC: Code.ERROR_DISK_FULL,
        errno.EDQUOT: Code.ERROR_DISK_FULL,
        errno.ENAMETOOLONG: Code.ERROR_FILENAME_EXCED_RANGE,
        errno.EFBIG: Code.ERROR_FILE_TOO_LARGE,
        errno.EIO: Code.ERROR_IO_DEVICE,
        errno.ELOOP: Code.ERROR_CANT_RESOLVE_FILENAME,
    }
)


def local_file_error(os_errno: int, filename: str, *, url: str, what: str) -> LocalFileError:
    """Return the exception for a local file.

    Args:
        os_errno: The ``errno`` of the call that failed; one without a Win32 number of its own becomes 29.
        filename: The file at fault.
        url: What was transferred; may be empty.
        what: What was tried, as "cannot write".
    """
    code = _ERRNO_CODES.get(os_errno, Code.ERROR_WRITE_FAULT)
    message = describe(f"{what} {filename!r}: {os.strerror(os_errno)}", code, url=url)
    return LocalFileError(message, code, os_errno=os_errno, filename=filename, url=url)


def invalid_parameter(what: str, hint: str = "") -> CallerError:
    """Return the exception for a bad argument, ``ERROR_INVALID_PARAMETER`` (87), worded by `describe`."""
    code = Code.ERROR_INVALID_PARAMETER
    return CallerError(describe(what, code, hint=hint), code)


def http_status_error(status: int, reason: str, *, url: str, response_text: str = "") -> HttpStatusError:
    """Return the exception for an HTTP *status* of 400 or more, whose text is *reason*."""
    code = _HTTP_E_STATUS + status
    what = f"HTTP status {status} {reason}".rstrip()
    message = f"{what}: {redact(url)} [0x{code:08X}]"
    return HttpStatusError(message, code, url=url, response_text=response_text)
