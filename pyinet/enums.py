"""Numbers of WinINet that programs name: errors, statuses, flags, access types, and on demand the others.

Values are those of ``wininet.h`` and ``winerror.h``, typed as literals: nothing here asks libcurl.
"""

from __future__ import annotations

from enum import IntEnum, IntFlag
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyinet._httpenums import (
        HSR,
        Decision,
        ErrorUiFlag,
        HttpAddReq,
        HttpQuery,
        HttpStatus,
        HttpVerb,
        RequestFlag,
        SecurityFlag,
    )
    from pyinet._optionenums import InternetOption
    from pyinet._urlenums import IcuFlag, InternetScheme, InternetService

__all__ = [
    "HSR",
    "AccessType",
    "Decision",
    "ErrorUiFlag",
    "HttpAddReq",
    "HttpQuery",
    "HttpStatus",
    "HttpVerb",
    "IcuFlag",
    "InternetErrorCode",
    "InternetFlag",
    "InternetHandleType",
    "InternetOption",
    "InternetScheme",
    "InternetService",
    "InternetStatus",
    "RequestFlag",
    "SecurityFlag",
]

_LATER = {
    "Decision": "pyinet._httpenums",
    "ErrorUiFlag": "pyinet._httpenums",
    "HSR": "pyinet._httpenums",
    "HttpAddReq": "pyinet._httpenums",
    "HttpQuery": "pyinet._httpenums",
    "HttpStatus": "pyinet._httpenums",
    "HttpVerb": "pyinet._httpenums",
    "IcuFlag": "pyinet._urlenums",
    "InternetOption": "pyinet._optionenums",
    "InternetScheme": "pyinet._urlenums",
    "InternetService": "pyinet._urlenums",
    "RequestFlag": "pyinet._httpenums",
    "SecurityFlag": "pyinet._httpenums",
}
"""Names that are imported when somebody asks for them: enums cost time by the member."""


def __getattr__(name: str) -> object:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib  # here, as few programs come here

    value = globals()[name] = getattr(importlib.import_module(_LATER[name]), name)
    return value


class AccessType(IntEnum):
    """How an `InternetSession` reaches the network. Values: ``INTERNET_OPEN_TYPE_*``, wininet.h."""

    PRECONFIG = 0
    """The proxy settings of the environment (MFC: ``PRE_CONFIG_INTERNET_ACCESS``)."""
    DIRECT = 1
    """No proxy (MFC: ``LOCAL_INTERNET_ACCESS``)."""
    PROXY = 3
    """The proxies given by name, but for hosts on the bypass list (MFC: ``CERN_PROXY_INTERNET_ACCESS``)."""
    PRECONFIG_WITH_NO_AUTOPROXY = 4
    """As `PRECONFIG`, without a configuration script; scripts are never run, so both are the same here."""


class InternetStatus(IntEnum):
    """What ``on_status_callback`` is told. Values: ``INTERNET_STATUS_*``, wininet.h."""

    RESOLVING_NAME = 10
    """A host lookup begins; *info* is the host name (str)."""
    NAME_RESOLVED = 11
    """The lookup succeeded; *info* is the address (str)."""
    CONNECTING_TO_SERVER = 20
    """A socket is about to connect; *info* is the address (str), IPv6 in brackets."""
    CONNECTED_TO_SERVER = 21
    """The socket is connected, before any TLS handshake; *info* as for `CONNECTING_TO_SERVER`."""
    SENDING_REQUEST = 30
    """A request is about to be sent; *info* is None."""
    REQUEST_SENT = 31
    """The request was handed to the socket; *info* is the number of bytes (int)."""
    RECEIVING_RESPONSE = 40
    """The response is awaited; *info* is None."""
    RESPONSE_RECEIVED = 41
    """The response headers are complete; *info* is the number of bytes received (int)."""
    CTL_RESPONSE_RECEIVED = 42
    """Not implemented by WinINet; never reported."""
    PREFETCH = 43
    """Not implemented by WinINet; never reported."""
    CLOSING_CONNECTION = 50
    """A connection is about to be closed; *info* is None."""
    CONNECTION_CLOSED = 51
    """The connection was closed; *info* is None."""
    HANDLE_CREATED = 60
    """A handle came to be; *info* is its number (int)."""
    HANDLE_CLOSING = 70
    """The last status of a handle; *info* is its number (int)."""
    DETECTING_PROXY = 80
    """A proxy is being detected; never reported, as nothing is detected."""
    REQUEST_COMPLETE = 100
    """An asynchronous operation ended; never reported by synchronous calls."""
    REDIRECT = 110
    """A redirect is about to be followed; *info* is the new URL (str)."""
    INTERMEDIATE_RESPONSE = 120
    """A 1xx response arrived; *info* is its status code (int)."""
    USER_INPUT_REQUIRED = 140
    """A dialog is needed; never reported."""
    STATE_CHANGE = 200
    """The process went on or off line; *info* holds ``INTERNET_STATE_*`` bits (int)."""
    COOKIE_SENT = 320
    """Cookies were chosen for a request; never reported."""
    COOKIE_RECEIVED = 321
    """A response set cookies; never reported."""
    PRIVACY_IMPACTED = 324
    """Not implemented by WinINet; never reported."""
    P3P_HEADER = 325
    """P3P is obsolete; never reported."""
    P3P_POLICYREF = 326
    """Not implemented by WinINet; never reported."""
    COOKIE_HISTORY = 327
    """Of old Internet Explorer alone; never reported."""


class InternetFlag(IntFlag):
    """How a session, connection or request behaves. Values: ``INTERNET_FLAG_*``, wininet.h."""

    TRANSFER_ASCII = 0x00000001  # FTP TYPE A
    TRANSFER_BINARY = 0x00000002  # FTP TYPE I
    BGUPDATE = 0x00000008  # accepted, no effect
    NEED_FILE = 0x00000010  # keep a temporary file where the cache may not
    MUST_CACHE_REQUEST = NEED_FILE
    FWD_BACK = 0x00000020  # a cached copy without looking at its age
    FORMS_SUBMIT = 0x00000040  # accepted, no effect
    CACHE_ASYNC = 0x00000080  # accepted, no effect
    PRAGMA_NOCACHE = 0x00000100  # reload past every proxy
    NO_UI = 0x00000200  # accepted, there are no dialogs
    HYPERLINK = 0x00000400  # reload what has neither Expires nor Last-Modified
    RESYNCHRONIZE = 0x00000800  # conditional request even when the copy is fresh
    IGNORE_CERT_CN_INVALID = 0x00001000  # a certificate for another host name will do
    IGNORE_CERT_DATE_INVALID = 0x00002000  # an expired certificate will do
    IGNORE_REDIRECT_TO_HTTPS = 0x00004000  # redirects from http to https
    IGNORE_REDIRECT_TO_HTTP = 0x00008000  # redirects from https to http, otherwise error 12040
    CACHE_IF_NET_FAIL = 0x00010000  # a cached copy when the server cannot be reached
    RESTRICTED_ZONE = 0x00020000  # accepted, no effect
    NO_AUTH = 0x00040000  # no automatic authentication to server or proxy
    NO_COOKIES = 0x00080000  # neither send nor store cookies
    READ_PREFETCH = 0x00100000  # disabled in WinINet, no effect
    NO_AUTO_REDIRECT = 0x00200000  # hand a 3xx response to the caller
    KEEP_CONNECTION = 0x00400000  # connections are kept alive with or without it
    SECURE = 0x00800000  # TLS
    FROM_CACHE = 0x01000000  # never the network; what is not cached is error 2
    OFFLINE = FROM_CACHE
    MAKE_PERSISTENT = 0x02000000  # no longer supported by WinINet, no effect
    NO_CACHE_WRITE = 0x04000000  # do not store the response
    DONT_CACHE = NO_CACHE_WRITE
    PASSIVE = 0x08000000  # FTP PASV
    ASYNC = 0x10000000  # of InternetOpen; not for the classes of MFC
    EXISTING_CONNECT = 0x20000000  # reuse a connection object
    RAW_DATA = 0x40000000  # FTP directories as records, not as HTML
    RELOAD = 0x80000000  # from the origin, not from the cache


class InternetErrorCode(IntEnum):
    """The numbers of `InternetException.code`: ``ERROR_*`` of winerror.h and wininet.h."""

    # winerror.h
    ERROR_SUCCESS = 0
    ERROR_FILE_NOT_FOUND = 2
    ERROR_PATH_NOT_FOUND = 3
    ERROR_TOO_MANY_OPEN_FILES = 4
    ERROR_ACCESS_DENIED = 5
    ERROR_INVALID_HANDLE = 6
    ERROR_NOT_ENOUGH_MEMORY = 8
    ERROR_OUTOFMEMORY = 14
    ERROR_NO_MORE_FILES = 18
    ERROR_WRITE_FAULT = 29
    ERROR_SHARING_VIOLATION = 32
    ERROR_NOT_SUPPORTED = 50
    ERROR_FILE_EXISTS = 80
    ERROR_INVALID_PARAMETER = 87
    ERROR_DISK_FULL = 112
    ERROR_CALL_NOT_IMPLEMENTED = 120
    ERROR_INSUFFICIENT_BUFFER = 122
    ERROR_INVALID_NAME = 123
    ERROR_NEGATIVE_SEEK = 131
    ERROR_BAD_ARGUMENTS = 160
    ERROR_BAD_PATHNAME = 161
    ERROR_ALREADY_EXISTS = 183
    ERROR_FILENAME_EXCED_RANGE = 206
    ERROR_FILE_TOO_LARGE = 223
    ERROR_MORE_DATA = 234
    ERROR_NO_MORE_ITEMS = 259
    ERROR_IO_PENDING = 997
    ERROR_IO_DEVICE = 1117
    ERROR_CANCELLED = 1223
    ERROR_CANT_RESOLVE_FILENAME = 1921
    ERROR_NOT_CONNECTED = 2250
    ERROR_INVALID_OPERATION = 4317
    # wininet.h
    ERROR_INTERNET_OUT_OF_HANDLES = 12001
    ERROR_INTERNET_TIMEOUT = 12002
    ERROR_INTERNET_EXTENDED_ERROR = 12003
    ERROR_INTERNET_INTERNAL_ERROR = 12004
    ERROR_INTERNET_INVALID_URL = 12005
    ERROR_INTERNET_UNRECOGNIZED_SCHEME = 12006
    ERROR_INTERNET_NAME_NOT_RESOLVED = 12007
    ERROR_INTERNET_PROTOCOL_NOT_FOUND = 12008
    ERROR_INTERNET_INVALID_OPTION = 12009
    ERROR_INTERNET_BAD_OPTION_LENGTH = 12010
    ERROR_INTERNET_OPTION_NOT_SETTABLE = 12011
    ERROR_INTERNET_SHUTDOWN = 12012
    ERROR_INTERNET_INCORRECT_USER_NAME = 12013
    ERROR_INTERNET_INCORRECT_PASSWORD = 12014
    ERROR_INTERNET_LOGIN_FAILURE = 12015
    ERROR_INTERNET_INVALID_OPERATION = 12016
    ERROR_INTERNET_OPERATION_CANCELLED = 12017
    ERROR_INTERNET_INCORRECT_HANDLE_TYPE = 12018
    ERROR_INTERNET_INCORRECT_HANDLE_STATE = 12019
    ERROR_INTERNET_NOT_PROXY_REQUEST = 12020
    ERROR_INTERNET_REGISTRY_VALUE_NOT_FOUND = 12021
    ERROR_INTERNET_BAD_REGISTRY_PARAMETER = 12022
    ERROR_INTERNET_NO_DIRECT_ACCESS = 12023
    ERROR_INTERNET_NO_CONTEXT = 12024
    ERROR_INTERNET_NO_CALLBACK = 12025
    ERROR_INTERNET_REQUEST_PENDING = 12026
    ERROR_INTERNET_INCORRECT_FORMAT = 12027
    ERROR_INTERNET_ITEM_NOT_FOUND = 12028
    ERROR_INTERNET_CANNOT_CONNECT = 12029
    ERROR_INTERNET_CONNECTION_ABORTED = 12030
    ERROR_INTERNET_CONNECTION_RESET = 12031
    ERROR_INTERNET_FORCE_RETRY = 12032
    ERROR_INTERNET_INVALID_PROXY_REQUEST = 12033
    ERROR_INTERNET_NEED_UI = 12034
    ERROR_INTERNET_HANDLE_EXISTS = 12036
    ERROR_INTERNET_SEC_CERT_DATE_INVALID = 12037
    ERROR_INTERNET_SEC_CERT_CN_INVALID = 12038
    ERROR_INTERNET_HTTP_TO_HTTPS_ON_REDIR = 12039
    ERROR_INTERNET_HTTPS_TO_HTTP_ON_REDIR = 12040
    ERROR_INTERNET_MIXED_SECURITY = 12041
    ERROR_INTERNET_CHG_POST_IS_NON_SECURE = 12042
    ERROR_INTERNET_POST_IS_NON_SECURE = 12043
    ERROR_INTERNET_CLIENT_AUTH_CERT_NEEDED = 12044
    ERROR_INTERNET_INVALID_CA = 12045
    ERROR_INTERNET_CLIENT_AUTH_NOT_SETUP = 12046
    ERROR_INTERNET_ASYNC_THREAD_FAILED = 12047
    ERROR_INTERNET_REDIRECT_SCHEME_CHANGE = 12048
    ERROR_INTERNET_DIALOG_PENDING = 12049
    ERROR_INTERNET_RETRY_DIALOG = 12050
    ERROR_INTERNET_NO_NEW_CONTAINERS = 12051
    ERROR_INTERNET_HTTPS_HTTP_SUBMIT_REDIR = 12052
    ERROR_INTERNET_INSERT_CDROM = 12053
    ERROR_INTERNET_FORTEZZA_LOGIN_NEEDED = 12054
    ERROR_INTERNET_SEC_CERT_ERRORS = 12055
    ERROR_INTERNET_SEC_CERT_NO_REV = 12056
    ERROR_INTERNET_SEC_CERT_REV_FAILED = 12057
    ERROR_INTERNET_SOURCE_PORT_IN_USE = 12058
    ERROR_INTERNET_INSECURE_FALLBACK_REQUIRED = 12059
    ERROR_HTTP_HSTS_REDIRECT_REQUIRED = 12060
    ERROR_INTERNET_PROXY_ALERT = 12061
    ERROR_INTERNET_SEC_CERT_WEAK_SIGNATURE = 12062
    ERROR_INTERNET_NO_CM_CONNECTION = 12080
    ERROR_FTP_TRANSFER_IN_PROGRESS = 12110
    ERROR_FTP_DROPPED = 12111
    ERROR_FTP_NO_PASSIVE_MODE = 12112
    ERROR_GOPHER_PROTOCOL_ERROR = 12130
    ERROR_GOPHER_NOT_FILE = 12131
    ERROR_GOPHER_DATA_ERROR = 12132
    ERROR_GOPHER_END_OF_DATA = 12133
    ERROR_GOPHER_INVALID_LOCATOR = 12134
    ERROR_GOPHER_INCORRECT_LOCATOR_TYPE = 12135
    ERROR_GOPHER_NOT_GOPHER_PLUS = 12136
    ERROR_GOPHER_ATTRIBUTE_NOT_FOUND = 12137
    ERROR_GOPHER_UNKNOWN_LOCATOR = 12138
    ERROR_HTTP_PUSH_STATUS_CODE_NOT_SUPPORTED = 12147
    ERROR_HTTP_PUSH_RETRY_NOT_SUPPORTED = 12148
    ERROR_HTTP_PUSH_ENABLE_FAILED = 12149
    ERROR_HTTP_HEADER_NOT_FOUND = 12150
    ERROR_HTTP_DOWNLEVEL_SERVER = 12151
    ERROR_HTTP_INVALID_SERVER_RESPONSE = 12152
    ERROR_HTTP_INVALID_HEADER = 12153
    ERROR_HTTP_INVALID_QUERY_REQUEST = 12154
    ERROR_HTTP_HEADER_ALREADY_EXISTS = 12155
    ERROR_HTTP_REDIRECT_FAILED = 12156
    ERROR_INTERNET_SECURITY_CHANNEL_ERROR = 12157
    ERROR_INTERNET_UNABLE_TO_CACHE_FILE = 12158
    ERROR_INTERNET_TCPIP_NOT_INSTALLED = 12159
    ERROR_HTTP_NOT_REDIRECTED = 12160
    ERROR_HTTP_COOKIE_NEEDS_CONFIRMATION = 12161
    ERROR_HTTP_COOKIE_DECLINED = 12162
    ERROR_INTERNET_DISCONNECTED = 12163
    ERROR_INTERNET_OFFLINE = ERROR_INTERNET_DISCONNECTED
    ERROR_INTERNET_SERVER_UNREACHABLE = 12164
    ERROR_INTERNET_PROXY_SERVER_UNREACHABLE = 12165
    ERROR_INTERNET_BAD_AUTO_PROXY_SCRIPT = 12166
    ERROR_INTERNET_UNABLE_TO_DOWNLOAD_SCRIPT = 12167
    ERROR_HTTP_REDIRECT_NEEDS_CONFIRMATION = 12168
    ERROR_INTERNET_SEC_INVALID_CERT = 12169
    ERROR_INTERNET_SEC_CERT_REVOKED = 12170
    ERROR_INTERNET_FAILED_DUETOSECURITYCHECK = 12171
    ERROR_INTERNET_NOT_INITIALIZED = 12172
    ERROR_INTERNET_NEED_MSN_SSPI_PKG = 12173
    ERROR_INTERNET_LOGIN_FAILURE_DISPLAY_ENTITY_BODY = 12174
    ERROR_INTERNET_DECODING_FAILED = 12175
    ERROR_INTERNET_CLIENT_AUTH_CERT_NEEDED_PROXY = 12187
    ERROR_INTERNET_SECURE_FAILURE_PROXY = 12188


class InternetHandleType(IntEnum):
    """What a handle is. Values: ``INTERNET_HANDLE_TYPE_*``, wininet.h; ``INTERNET_OPTION_HANDLE_TYPE`` returns them."""

    INTERNET = 1
    """A session."""
    CONNECT_FTP = 2
    CONNECT_GOPHER = 3
    CONNECT_HTTP = 4
    FTP_FIND = 5
    FTP_FIND_HTML = 6
    FTP_FILE = 7
    FTP_FILE_HTML = 8
    GOPHER_FIND = 9
    GOPHER_FIND_HTML = 10
    GOPHER_FILE = 11
    GOPHER_FILE_HTML = 12
    HTTP_REQUEST = 13
    FILE_REQUEST = 14
