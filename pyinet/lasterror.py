"""The last error and the last response text of each thread, and what MFC makes of them."""

from __future__ import annotations

import threading
from types import MappingProxyType
from typing import TYPE_CHECKING, NoReturn

from pyinet import errors
from pyinet._error_texts import error_message, error_text
from pyinet.enums import InternetErrorCode as Code
from pyinet.errors import InternetException, describe, invalid_parameter

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "get_error_message",
    "get_last_error",
    "get_last_response_info",
    "set_last_error",
    "set_last_response_info",
    "throw_internet_exception",
]


class _ThreadState(threading.local):
    """Each thread sees its own values, at first these."""

    error = 0
    response: tuple[int, str] = (0, "")


_state = _ThreadState()  # process-wide in WinINet, and by thread: what a program sets here no other thread sees


def get_last_error() -> int:
    """Return the last error number of this thread; 0 when none was set. Source: ``GetLastError``."""
    return _state.error


def set_last_error(code: int) -> None:
    """Set the last error number of this thread.

    Args:
        code: Win32 or WinINet number, 32 bits.

    Raises:
        CallerError: 87, *code* is no such number.

    Source: ``SetLastError``.
    """
    _state.error = _number("code", code)


def get_last_response_info() -> tuple[int, str]:
    """Return number and text of what a server said last in this thread; ``(0, "")`` when there is nothing.

    Source: ``InternetGetLastResponseInfo``.
    """
    return _state.response


def set_last_response_info(code: int, text: str) -> None:
    """Store number and text of what a server said last in this thread.

    Args:
        code: What goes with the text, for FTP the code of the reply.
        text: The server's own words.

    Raises:
        CallerError: 87, one of them is of the wrong type.
    """
    if not isinstance(text, str):
        raise invalid_parameter(f"text is {type(text).__name__}, not str")
    _state.response = (_number("code", code), text)


def get_error_message(code: int, max_chars: int | None = None) -> str:
    """Return the English text for an error number.

    Args:
        code: Win32 or WinINet number; one that is not known is named. For 12003 the text is what the server said last
            in this thread, if it said anything.
        max_chars: Characters at most, the rest is cut off; None for all of them.

    Raises:
        CallerError: 87, *code* is no number of 32 bits, or *max_chars* is negative.

    Source: MFC ``CInternetException::GetErrorMessage``.
    """
    if max_chars is not None:
        _number("max_chars", max_chars)
    return error_message(_number("code", code), get_last_response_info()[1], max_chars)


def throw_internet_exception(context: int, error: int = 0) -> NoReturn:
    """Raise the exception for an error number, of the class that pyinet itself raises for it.

    Args:
        context: The context of the operation that failed.
        error: Win32 or WinINet number; 0 for the last error of this thread.

    Raises:
        InternetException: Always.

    Source: MFC ``AfxThrowInternetException``.
    """
    code = _number("error", error) or get_last_error()
    text = get_last_response_info()[1] if code == Code.ERROR_INTERNET_EXTENDED_ERROR else ""
    what, hint = error_text(code)
    if text:
        what = f"{what}: {text}"
    cls = _CLASSES.get(code, InternetException)
    raise cls(describe(what, code, hint=hint), code, context=context, response_text=text)


def _number(name: str, value: object) -> int:
    if not isinstance(value, int) or not 0 <= value < 1 << 32:
        raise invalid_parameter(f"{name} is {value!r}, not a number of 32 bits")
    return int(value)


_OF_CALLERS = (
    Code.ERROR_BAD_ARGUMENTS, Code.ERROR_BAD_PATHNAME, Code.ERROR_INVALID_OPERATION,
    Code.ERROR_INTERNET_BAD_OPTION_LENGTH, Code.ERROR_INTERNET_OPTION_NOT_SETTABLE,
    Code.ERROR_INTERNET_INCORRECT_HANDLE_TYPE, Code.ERROR_INTERNET_INCORRECT_HANDLE_STATE,
    Code.ERROR_HTTP_INVALID_HEADER, Code.ERROR_HTTP_REDIRECT_NEEDS_CONFIRMATION,
)  # fmt: skip

_CLASSES: Mapping[int, type[InternetException]] = MappingProxyType(
    {
        **{code: cls for code, cls in errors.CURLE_ERRORS.values() if cls is not errors.LocalFileError},
        **dict.fromkeys(_OF_CALLERS, errors.CallerError),
        Code.ERROR_INVALID_HANDLE: errors.HandleClosed,
        Code.ERROR_NO_MORE_FILES: errors.NoMoreFiles,
        Code.ERROR_CALL_NOT_IMPLEMENTED: errors.NotSupported,
        Code.ERROR_NO_MORE_ITEMS: errors.NoMoreItems,
        Code.ERROR_INTERNET_INCORRECT_USER_NAME: errors.LoginFailure,
        Code.ERROR_INTERNET_INCORRECT_PASSWORD: errors.LoginFailure,
        Code.ERROR_INTERNET_CONNECTION_RESET: errors.ConnectionLost,
        Code.ERROR_INTERNET_SEC_CERT_DATE_INVALID: errors.TlsError,
        Code.ERROR_INTERNET_SEC_CERT_CN_INVALID: errors.TlsError,
        Code.ERROR_INTERNET_SEC_CERT_REVOKED: errors.TlsError,
        Code.ERROR_INTERNET_HTTPS_TO_HTTP_ON_REDIR: errors.TransferError,
        Code.ERROR_INTERNET_DISCONNECTED: errors.TransferError,
        Code.ERROR_FTP_TRANSFER_IN_PROGRESS: errors.TransferInProgress,
        Code.ERROR_HTTP_HEADER_NOT_FOUND: errors.HeaderNotFound,
        **dict.fromkeys(
            range(Code.ERROR_GOPHER_PROTOCOL_ERROR, Code.ERROR_GOPHER_UNKNOWN_LOCATOR + 1), errors.GopherError
        ),
    }
)
"""Error number to the class of its exceptions; the others are of the root."""
