"""The record of a failed transfer as an exception: ``enum pnet_fault`` and ``CURLcode`` to class and number."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from pyinet._process import PROCESS
from pyinet._transfer.ffi import curl_names, lib
from pyinet.enums import InternetErrorCode as Code
from pyinet.errors import (
    CallerError,
    ConnectionLost,
    DecodingFailed,
    InternetException,
    InternetTimeout,
    LimitExceeded,
    ProtocolError,
    describe,
    errno_of,
    from_curl,
    local_file_error,
)

if TYPE_CHECKING:
    from pyinet._settings import Settings
    from pyinet._transfer.record import Details

__all__ = ["Faults"]

_TIMES = {
    lib.PNET_FAULT_QUEUE_TIME: ("no slot in time", "raise in_flight or per_host"),
    lib.PNET_FAULT_CONNECT_TIME: ("no connection in time", "see INTERNET_OPTION_CONNECT_TIMEOUT"),
    lib.PNET_FAULT_REPLY_TIME: ("no answer in time", "see INTERNET_OPTION_RECEIVE_TIMEOUT"),
    lib.PNET_FAULT_IDLE_TIME: ("the transfer stalled", "see INTERNET_OPTION_RECEIVE_TIMEOUT"),
    lib.PNET_FAULT_SEND_TIME: ("the request body is not taken", "see INTERNET_OPTION_SEND_TIMEOUT"),
    lib.PNET_FAULT_TOTAL_TIME: ("not finished in time", "see Request.timeout"),
}
_LIMITS = {
    lib.PNET_FAULT_HEADERS_SIZE: ("the header section, or a line of it, is too large", ""),
    lib.PNET_FAULT_TOO_LARGE: (
        "the body is larger than max_size",
        "raise max_size, or give the request a path",
    ),
    lib.PNET_FAULT_RATIO: (
        "the body decodes to suspiciously many bytes",
        "give the request a max_size to allow it",
    ),
    lib.PNET_FAULT_NO_ROOM: (
        "the body does not fit into buffer_bytes",
        "raise it, or give the request a path",
    ),
}


_COMBINED_SEC_CERT = 2  # INTERNET_ERROR_MASK_COMBINED_SEC_CERT
_CERTIFICATE = frozenset({
    Code.ERROR_INTERNET_SEC_CERT_DATE_INVALID, Code.ERROR_INTERNET_SEC_CERT_CN_INVALID, Code.ERROR_INTERNET_INVALID_CA,
    Code.ERROR_INTERNET_SEC_INVALID_CERT, Code.ERROR_INTERNET_SEC_CERT_REVOKED,
})  # fmt: skip


class Faults:
    """Makes exceptions from records; knows libcurl's names."""

    def __init__(self, settings: Settings) -> None:
        self._names = curl_names()
        self._settings = settings

    def error_of(self, record: Details, detail: str, url: str, path: str | None) -> InternetException:
        """Return the exception for a record whose fault is set.

        Args:
            record: Its details.
            detail: The core's or libcurl's words.
            url: What was transferred last.
            path: The file the body was to go to.
        """
        fault, curl_code = record.fault, record.curl_code
        name = self._names.get(curl_code, str(curl_code))
        os_errno = PROCESS.os_errno = errno_of(name, record.os_errno)
        if fault == lib.PNET_FAULT_CURL:
            from pyinet._transfer.better_faults import better_error  # here: it is made of patterns

            error = better_error(name, record, detail, url) or from_curl(
                name, curl_code, url=url, detail=detail, os_errno=os_errno, verify_result=record.verify_result
            )
        elif fault in _TIMES:
            what, hint = _TIMES[fault]
            seconds = (record.queue_us + record.total_us) * 1e-6
            error = _make(InternetTimeout, Code.ERROR_INTERNET_TIMEOUT, f"{what} ({seconds:.3f} s)", url, hint)
        elif fault in _LIMITS:
            what, hint = _LIMITS[fault]
            error = _make(LimitExceeded, Code.ERROR_FILE_TOO_LARGE, what, url, hint)
        elif fault == lib.PNET_FAULT_LOCAL_FILE:
            error = local_file_error(os_errno, path or "", url=url, what=detail or "cannot write")
        elif fault == lib.PNET_FAULT_DECODING:
            error = _make(DecodingFailed, Code.ERROR_INTERNET_DECODING_FAILED, detail, url)
        elif fault in {lib.PNET_FAULT_HEADERS_CUT, lib.PNET_FAULT_BAD_REPLY}:
            error = _make(ProtocolError, Code.ERROR_HTTP_INVALID_SERVER_RESPONSE, detail, url)
        elif fault == lib.PNET_FAULT_LOST:
            reset = os_errno in {errno.ECONNRESET, errno.EPIPE}
            code = Code.ERROR_INTERNET_CONNECTION_RESET if reset else Code.ERROR_INTERNET_CONNECTION_ABORTED
            error = _make(ConnectionLost, code, detail, url)
        elif fault == lib.PNET_FAULT_CANCELLED:
            error = _make(CallerError, Code.ERROR_INTERNET_OPERATION_CANCELLED, "cancelled", url)
        else:
            error = _make(InternetException, Code.ERROR_NOT_ENOUGH_MEMORY, "out of memory", url)
        error.curl_code = curl_code
        if self._settings.error_mask & _COMBINED_SEC_CERT and error.code in _CERTIFICATE:
            error.code = Code.ERROR_INTERNET_SEC_CERT_ERRORS
        return error


def _make(cls: type[InternetException], code: int, what: str, url: str, hint: str = "") -> InternetException:
    return cls(describe(what, code, url=url, hint=hint), code, url=url)
