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
    LengthMismatch,
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
from pyinet.request import Request
from pyinet.result import Result, Timings
from pyinet.session import InternetSession

if TYPE_CHECKING:
    from pyinet._answer.challenges import Challenge
    from pyinet._options.process import query_option, set_option
    from pyinet.enums import (
        HSR,
        Decision,
        ErrorUiFlag,
        HttpAddReq,
        HttpQuery,
        HttpStatus,
        HttpVerb,
        IcuFlag,
        InternetOption,
        InternetScheme,
        InternetService,
        RequestFlag,
        SecurityFlag,
    )
    from pyinet.httpconnection import HttpConnection
    from pyinet.httpfile import HttpFile
    from pyinet.internetconnection import InternetConnection
    from pyinet.internetfile import InternetFile
    from pyinet.lasterror import (
        get_error_message,
        get_last_error,
        get_last_response_info,
        set_last_error,
        throw_internet_exception,
    )
    from pyinet.policy import InternetPolicy
    from pyinet.stdiofile import OpenFlags, StdioFile
    from pyinet.urlfunctions import canonicalize_url, combine_url, crack_url, create_url, parse_url, parse_url_ex

__all__ = [
    "HSR",
    "AccessType",
    "CallerError",
    "CannotConnect",
    "Challenge",
    "ConnectionLost",
    "Decision",
    "DecodingFailed",
    "ErrorUiFlag",
    "ExtendedError",
    "Fetch",
    "GopherError",
    "HandleClosed",
    "HeaderNotFound",
    "HttpAddReq",
    "HttpConnection",
    "HttpFile",
    "HttpQuery",
    "HttpStatus",
    "HttpStatusError",
    "HttpVerb",
    "IcuFlag",
    "InternetConnection",
    "InternetErrorCode",
    "InternetException",
    "InternetFile",
    "InternetFlag",
    "InternetHandleType",
    "InternetOption",
    "InternetPolicy",
    "InternetScheme",
    "InternetService",
    "InternetSession",
    "InternetStatus",
    "InternetTimeout",
    "LengthMismatch",
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
    "RequestFlag",
    "Result",
    "SecurityFlag",
    "StdioFile",
    "Timings",
    "TlsError",
    "TransferError",
    "TransferInProgress",
    "canonicalize_url",
    "close_handle",
    "combine_url",
    "crack_url",
    "create_url",
    "get_error_message",
    "get_last_error",
    "get_last_response_info",
    "handle_type",
    "parse_url",
    "parse_url_ex",
    "query_option",
    "set_last_error",
    "set_option",
    "throw_internet_exception",
]

_LATER = {
    "Challenge": "pyinet._answer.challenges",
    "Decision": "pyinet.enums",
    "ErrorUiFlag": "pyinet.enums",
    "HSR": "pyinet.enums",
    "HttpAddReq": "pyinet.enums",
    "HttpConnection": "pyinet.httpconnection",
    "HttpFile": "pyinet.httpfile",
    "HttpQuery": "pyinet.enums",
    "HttpStatus": "pyinet.enums",
    "HttpVerb": "pyinet.enums",
    "IcuFlag": "pyinet.enums",
    "InternetConnection": "pyinet.internetconnection",
    "InternetFile": "pyinet.internetfile",
    "InternetOption": "pyinet.enums",
    "InternetPolicy": "pyinet.policy",
    "InternetScheme": "pyinet.enums",
    "InternetService": "pyinet.enums",
    "OpenFlags": "pyinet.stdiofile",
    "RequestFlag": "pyinet.enums",
    "SecurityFlag": "pyinet.enums",
    "StdioFile": "pyinet.stdiofile",
    "canonicalize_url": "pyinet.urlfunctions",
    "combine_url": "pyinet.urlfunctions",
    "crack_url": "pyinet.urlfunctions",
    "create_url": "pyinet.urlfunctions",
    "get_error_message": "pyinet.lasterror",
    "get_last_error": "pyinet.lasterror",
    "get_last_response_info": "pyinet.lasterror",
    "parse_url": "pyinet.urlfunctions",
    "parse_url_ex": "pyinet.urlfunctions",
    "query_option": "pyinet._options.process",
    "set_last_error": "pyinet.lasterror",
    "set_option": "pyinet._options.process",
    "throw_internet_exception": "pyinet.lasterror",
}
"""Names that are imported when somebody asks for them: they would double the time of ``import pyinet``."""


def __getattr__(name: str) -> object:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(importlib.import_module(_LATER[name]), name)
    return value
