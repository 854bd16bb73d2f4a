"""pyinet: the WinINet classes of MFC over libcurl, for moving large amounts of data."""

from pyinet._handles import close_handle, handle_type
from pyinet._processoptions import query_option, set_option
from pyinet.bulk import Fetch, Progress
from pyinet.enums import (
    AccessType,
    InternetErrorCode,
    InternetFlag,
    InternetHandleType,
    InternetOption,
    InternetStatus,
)
from pyinet.errors import (
    CallerError,
    CannotConnect,
    ConnectionLost,
    DecodingFailed,
    ExtendedError,
    GopherError,
    HandleClosed,
    HeaderNotFound,
    HttpStatusError,
    InternetException,
    InternetTimeout,
    LimitExceeded,
    LocalFileError,
    LoginFailure,
    NameNotResolved,
    NoMoreFiles,
    NoMoreItems,
    NotSupported,
    ProtocolError,
    TlsError,
    TransferError,
    TransferInProgress,
)
from pyinet.httpfile import HttpFile
from pyinet.internetfile import InternetFile
from pyinet.request import Request
from pyinet.result import Result, Timings
from pyinet.session import InternetSession

__all__ = [
    "AccessType",
    "CallerError",
    "CannotConnect",
    "ConnectionLost",
    "DecodingFailed",
    "ExtendedError",
    "Fetch",
    "GopherError",
    "HandleClosed",
    "HeaderNotFound",
    "HttpFile",
    "HttpStatusError",
    "InternetErrorCode",
    "InternetException",
    "InternetFile",
    "InternetFlag",
    "InternetHandleType",
    "InternetOption",
    "InternetSession",
    "InternetStatus",
    "InternetTimeout",
    "LimitExceeded",
    "LocalFileError",
    "LoginFailure",
    "NameNotResolved",
    "NoMoreFiles",
    "NoMoreItems",
    "NotSupported",
    "Progress",
    "ProtocolError",
    "Request",
    "Result",
    "Timings",
    "TlsError",
    "TransferError",
    "TransferInProgress",
    "close_handle",
    "handle_type",
    "query_option",
    "set_option",
]
