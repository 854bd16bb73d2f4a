"""pyinet: the WinINet classes of MFC over libcurl, for moving large amounts of data."""

import importlib
from typing import TYPE_CHECKING

from pyinet._handles import close_handle, handle_type
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

if TYPE_CHECKING:
    from pyinet._processoptions import query_option, set_option
    from pyinet.stdiofile import OpenFlags, StdioFile

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
    "OpenFlags",
    "Progress",
    "ProtocolError",
    "Request",
    "Result",
    "StdioFile",
    "Timings",
    "TlsError",
    "TransferError",
    "TransferInProgress",
    "close_handle",
    "handle_type",
    "query_option",
    "set_option",
]

_LATER = {
    "OpenFlags": "pyinet.stdiofile",
    "StdioFile": "pyinet.stdiofile",
    "query_option": "pyinet._processoptions",
    "set_option": "pyinet._processoptions",
}
"""Names that are imported when somebody asks for them: they would double the time of ``import pyinet``."""


def __getattr__(name: str) -> object:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(importlib.import_module(_LATER[name]), name)
    return value
