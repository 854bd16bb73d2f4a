"""A text for every error number of `InternetErrorCode`, as ``CInternetException::GetErrorMessage`` gives it."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from pyinet._wording import TEXTS
from pyinet.enums import InternetErrorCode as Code

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["MORE_TEXTS", "error_message", "error_text"]

_HTTP_E_STATUS = 0x80190000  # HTTP_E_STATUS_* of winerror.h: this plus the status code

MORE_TEXTS: Mapping[int, tuple[str, str]] = MappingProxyType(
    {
        Code.ERROR_SUCCESS: ("no error", ""),
        Code.ERROR_FILE_NOT_FOUND: ("file not found", ""),
        Code.ERROR_PATH_NOT_FOUND: ("path not found", ""),
        Code.ERROR_TOO_MANY_OPEN_FILES: ("too many open files", "close some, or raise the limit"),
        Code.ERROR_ACCESS_DENIED: ("access denied", "check the permissions"),
        Code.ERROR_INVALID_HANDLE: ("the handle is closed or none", ""),
        Code.ERROR_OUTOFMEMORY: ("out of memory", ""),
        Code.ERROR_NO_MORE_FILES: ("no more files", ""),
        Code.ERROR_WRITE_FAULT: ("the file could not be written", ""),
        Code.ERROR_SHARING_VIOLATION: ("the file is in use", ""),
        Code.ERROR_FILE_EXISTS: ("the file exists", ""),
        Code.ERROR_DISK_FULL: ("the disk is full", "free some space"),
        Code.ERROR_CALL_NOT_IMPLEMENTED: ("not implemented", ""),
        Code.ERROR_INSUFFICIENT_BUFFER: ("the buffer is too small", ""),
        Code.ERROR_INVALID_NAME: ("not a valid file name", ""),
        Code.ERROR_NEGATIVE_SEEK: ("the position lies before the start of the file", ""),
        Code.ERROR_BAD_ARGUMENTS: ("an argument is out of range", ""),
        Code.ERROR_BAD_PATHNAME: ("the URLs cannot be combined", ""),
        Code.ERROR_ALREADY_EXISTS: ("it exists already", ""),
        Code.ERROR_FILENAME_EXCED_RANGE: ("the file name is too long", ""),
        Code.ERROR_MORE_DATA: ("there is more data", ""),
        Code.ERROR_NO_MORE_ITEMS: ("no more items", ""),
        Code.ERROR_IO_PENDING: ("the operation goes on", ""),
        Code.ERROR_IO_DEVICE: ("the device failed", ""),
        Code.ERROR_CANCELLED: ("cancelled by the user", ""),
        Code.ERROR_CANT_RESOLVE_FILENAME: ("the file name leads in a circle of links", ""),
        Code.ERROR_NOT_CONNECTED: ("not connected", ""),
        Code.ERROR_INVALID_OPERATION: ("the operation is not possible now", ""),
        Code.ERROR_INTERNET_OUT_OF_HANDLES: ("no handle is left", "close what is not in use"),
        Code.ERROR_INTERNET_PROTOCOL_NOT_FOUND: ("unknown protocol", ""),
        Code.ERROR_INTERNET_BAD_OPTION_LENGTH: ("the option's value has the wrong size", ""),
        Code.ERROR_INTERNET_OPTION_NOT_SETTABLE: ("the option can only be read", ""),
        Code.ERROR_INTERNET_SHUTDOWN: ("the library is shutting down", ""),
        Code.ERROR_INTERNET_INCORRECT_USER_NAME: ("unknown user name", ""),
        Code.ERROR_INTERNET_INCORRECT_PASSWORD: ("wrong password", ""),
        Code.ERROR_INTERNET_INCORRECT_HANDLE_TYPE: ("the handle is of another kind", ""),
        Code.ERROR_INTERNET_INCORRECT_HANDLE_STATE: ("not possible in the handle's present state", ""),
        Code.ERROR_INTERNET_NOT_PROXY_REQUEST: ("the request does not go through a proxy", ""),
        Code.ERROR_INTERNET_REGISTRY_VALUE_NOT_FOUND: ("a setting is missing", ""),
        Code.ERROR_INTERNET_BAD_REGISTRY_PARAMETER: ("a setting is invalid", ""),
        Code.ERROR_INTERNET_NO_DIRECT_ACCESS: ("the network cannot be reached directly", "use a proxy"),
        Code.ERROR_INTERNET_NO_CONTEXT: ("an asynchronous operation needs a context", "pass one other than 0"),
        Code.ERROR_INTERNET_NO_CALLBACK: ("an asynchronous operation needs a status callback", "enable one"),
        Code.ERROR_INTERNET_INCORRECT_FORMAT: ("the request has the wrong format", ""),
        Code.ERROR_INTERNET_ITEM_NOT_FOUND: ("item not found", ""),
        Code.ERROR_INTERNET_INVALID_PROXY_REQUEST: ("the proxy cannot take this request", ""),
        Code.ERROR_INTERNET_NEED_UI: ("a question to the user is needed, and none is asked", ""),
        Code.ERROR_INTERNET_HANDLE_EXISTS: ("the handle exists already", ""),
        Code.ERROR_INTERNET_HTTP_TO_HTTPS_ON_REDIR: (
            "a redirect leads from http to https",
            "permit it by IGNORE_REDIRECT_TO_HTTPS",
        ),
        Code.ERROR_INTERNET_HTTPS_TO_HTTP_ON_REDIR: (
            "a redirect leads from https to http",
            "permit it by IGNORE_REDIRECT_TO_HTTP",
        ),
        Code.ERROR_INTERNET_MIXED_SECURITY: ("secure and insecure content are mixed", ""),
        Code.ERROR_INTERNET_CHG_POST_IS_NON_SECURE: ("a change is about to be sent without TLS", ""),
        Code.ERROR_INTERNET_POST_IS_NON_SECURE: ("data are about to be sent without TLS", ""),
        Code.ERROR_INTERNET_CLIENT_AUTH_NOT_SETUP: ("client certificates are not set up here", ""),
        Code.ERROR_INTERNET_ASYNC_THREAD_FAILED: ("a thread could not be started", ""),
        Code.ERROR_INTERNET_REDIRECT_SCHEME_CHANGE: ("a redirect leads to another scheme", ""),
        Code.ERROR_INTERNET_DIALOG_PENDING: ("a dialog is still open", ""),
        Code.ERROR_INTERNET_RETRY_DIALOG: ("the dialog has to be shown again", ""),
        Code.ERROR_INTERNET_NO_NEW_CONTAINERS: ("no further cache container can be made", ""),
        Code.ERROR_INTERNET_HTTPS_HTTP_SUBMIT_REDIR: ("a redirect would send the data of a form without TLS", ""),
        Code.ERROR_INTERNET_INSERT_CDROM: ("a disc has to be inserted", ""),
        Code.ERROR_INTERNET_FORTEZZA_LOGIN_NEEDED: ("a Fortezza login is needed", ""),
        Code.ERROR_INTERNET_SEC_CERT_ERRORS: ("the certificate has errors", ""),
        Code.ERROR_INTERNET_SEC_CERT_NO_REV: ("the certificate says nothing of revocation", ""),
        Code.ERROR_INTERNET_SOURCE_PORT_IN_USE: ("the local port is in use", ""),
        Code.ERROR_INTERNET_INSECURE_FALLBACK_REQUIRED: ("the server wants an older, insecure TLS version", ""),
        Code.ERROR_HTTP_HSTS_REDIRECT_REQUIRED: ("the host is to be reached by https alone (HSTS)", ""),
        Code.ERROR_INTERNET_PROXY_ALERT: ("the proxy sent an alert", ""),
        Code.ERROR_INTERNET_SEC_CERT_WEAK_SIGNATURE: ("the certificate has a weak signature", ""),
        Code.ERROR_INTERNET_NO_CM_CONNECTION: ("no network connection is up", ""),
        Code.ERROR_FTP_TRANSFER_IN_PROGRESS: ("a file is still being transferred", "close it first"),
        Code.ERROR_FTP_DROPPED: ("the FTP session has ended", "connect again"),
        Code.ERROR_GOPHER_PROTOCOL_ERROR: ("the gopher server broke the protocol", ""),
        Code.ERROR_GOPHER_NOT_FILE: ("the gopher item is no file", ""),
        Code.ERROR_GOPHER_DATA_ERROR: ("the gopher server sent invalid data", ""),
        Code.ERROR_GOPHER_END_OF_DATA: ("end of the gopher data", ""),
        Code.ERROR_GOPHER_INVALID_LOCATOR: ("malformed gopher locator", ""),
        Code.ERROR_GOPHER_INCORRECT_LOCATOR_TYPE: ("the gopher locator is of the wrong type", ""),
        Code.ERROR_GOPHER_NOT_GOPHER_PLUS: ("the item is not of Gopher+", ""),
        Code.ERROR_GOPHER_ATTRIBUTE_NOT_FOUND: ("the gopher item has no such attribute", ""),
        Code.ERROR_GOPHER_UNKNOWN_LOCATOR: ("unknown type of gopher locator", ""),
        Code.ERROR_HTTP_PUSH_STATUS_CODE_NOT_SUPPORTED: ("the status code of a push is not supported", ""),
        Code.ERROR_HTTP_PUSH_RETRY_NOT_SUPPORTED: ("a push cannot be tried again", ""),
        Code.ERROR_HTTP_PUSH_ENABLE_FAILED: ("push could not be enabled", ""),
        Code.ERROR_HTTP_HEADER_NOT_FOUND: ("header not found", ""),
        Code.ERROR_HTTP_DOWNLEVEL_SERVER: ("the server sent no headers", ""),
        Code.ERROR_HTTP_INVALID_HEADER: ("invalid header", ""),
        Code.ERROR_HTTP_INVALID_QUERY_REQUEST: ("headers cannot be asked for in this way", ""),
        Code.ERROR_HTTP_HEADER_ALREADY_EXISTS: ("the header exists already", ""),
        Code.ERROR_INTERNET_UNABLE_TO_CACHE_FILE: ("the response could not be cached", ""),
        Code.ERROR_INTERNET_TCPIP_NOT_INSTALLED: ("there is no TCP/IP here", ""),
        Code.ERROR_HTTP_NOT_REDIRECTED: ("the request was not redirected", ""),
        Code.ERROR_HTTP_COOKIE_NEEDS_CONFIRMATION: ("the cookie needs confirmation", ""),
        Code.ERROR_HTTP_COOKIE_DECLINED: ("the cookie was declined", ""),
        Code.ERROR_INTERNET_DISCONNECTED: ("offline", ""),
        Code.ERROR_INTERNET_SERVER_UNREACHABLE: ("the server cannot be reached", ""),
        Code.ERROR_INTERNET_PROXY_SERVER_UNREACHABLE: ("the proxy cannot be reached", "check its address"),
        Code.ERROR_INTERNET_BAD_AUTO_PROXY_SCRIPT: ("the proxy configuration script has an error", ""),
        Code.ERROR_INTERNET_UNABLE_TO_DOWNLOAD_SCRIPT: ("the proxy configuration script could not be fetched", ""),
        Code.ERROR_HTTP_REDIRECT_NEEDS_CONFIRMATION: ("the redirect needs confirmation", ""),
        Code.ERROR_INTERNET_FAILED_DUETOSECURITYCHECK: ("a security check failed", ""),
        Code.ERROR_INTERNET_NOT_INITIALIZED: ("the library is not initialised", ""),
        Code.ERROR_INTERNET_NEED_MSN_SSPI_PKG: ("an authentication package is missing", ""),
        Code.ERROR_INTERNET_LOGIN_FAILURE_DISPLAY_ENTITY_BODY: ("login refused, and the body says why", ""),
    }
)
"""As `TEXTS`, for the numbers that no failure of libcurl leads to."""


def error_text(code: int) -> tuple[str, str]:
    """Return what failed, and what the reader can do ("" where that is not known)."""
    status = code - _HTTP_E_STATUS
    if 100 <= status <= 999:  # noqa: PLR2004
        return f"HTTP status {status}", ""
    return TEXTS.get(code) or MORE_TEXTS.get(code) or (f"unknown error {code}", "")


def error_message(code: int, response_text: str = "", max_chars: int | None = None) -> str:
    """Return the text for an error number as a sentence.

    Args:
        code: Win32 or WinINet number; one that is not known is named.
        response_text: What the server said last; for 12003 it is the message.
        max_chars: Characters at most; None for all of them.

    Source: MFC ``CInternetException::GetErrorMessage``.
    """
    if code == Code.ERROR_INTERNET_EXTENDED_ERROR and response_text:
        return response_text[:max_chars]
    what, hint = error_text(code)
    sentence = f"{what[0].upper()}{what[1:]}" + (f"; {hint}." if hint else ".")
    return sentence[:max_chars]
