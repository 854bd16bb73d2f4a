"""Numbers of the HTTP face that few programs name; `pyinet.enums` gives them on demand.

Values are those of ``wininet.h`` and ``winerror.h``, typed as literals.
"""

from __future__ import annotations

from enum import IntEnum, IntFlag

__all__ = [
    "HSR",
    "Decision",
    "ErrorUiFlag",
    "HttpAddReq",
    "HttpQuery",
    "HttpStatus",
    "HttpVerb",
    "RequestFlag",
    "SecurityFlag",
]


class HttpQuery(IntEnum):
    """What ``query_info`` is asked: a header, or a part of the first line. Values: ``HTTP_QUERY_*``, wininet.h.

    ``FLAG_*`` are modifiers, added with ``|``: ``HttpQuery.LAST_MODIFIED | HttpQuery.FLAG_SYSTEMTIME``.
    """

    MIME_VERSION = 0
    CONTENT_TYPE = 1
    CONTENT_TRANSFER_ENCODING = 2
    CONTENT_ID = 3
    CONTENT_DESCRIPTION = 4
    CONTENT_LENGTH = 5
    CONTENT_LANGUAGE = 6
    LANGUAGE = CONTENT_LANGUAGE  # name of old MFC
    ALLOW = 7
    ALLOWED_METHODS = ALLOW  # name of old MFC
    PUBLIC = 8
    PUBLIC_METHODS = PUBLIC  # name of old MFC
    DATE = 9
    EXPIRES = 10
    LAST_MODIFIED = 11
    MESSAGE_ID = 12
    URI = 13
    DERIVED_FROM = 14
    COST = 15
    LINK = 16
    WWW_LINK = LINK  # name of old MFC
    PRAGMA = 17
    VERSION = 18
    """Protocol of the answer, as ``HTTP/1.1``; with `FLAG_REQUEST_HEADERS` that of the request."""
    STATUS_CODE = 19
    """Status code of the answer."""
    STATUS_TEXT = 20
    """Reason phrase of the answer."""
    RAW_HEADERS = 21
    """First line and headers: a list of lines."""
    RAW_HEADERS_CRLF = 22
    """First line and headers: one text, lines ended by CRLF, an empty line behind them."""
    CONNECTION = 23
    ACCEPT = 24
    ACCEPT_CHARSET = 25
    ACCEPT_ENCODING = 26
    ACCEPT_LANGUAGE = 27
    AUTHORIZATION = 28
    CONTENT_ENCODING = 29
    FORWARDED = 30
    FROM = 31
    IF_MODIFIED_SINCE = 32
    LOCATION = 33
    ORIG_URI = 34
    REFERER = 35
    RETRY_AFTER = 36
    SERVER = 37
    TITLE = 38
    USER_AGENT = 39
    WWW_AUTHENTICATE = 40
    PROXY_AUTHENTICATE = 41
    ACCEPT_RANGES = 42
    SET_COOKIE = 43
    COOKIE = 44
    REQUEST_METHOD = 45
    """Verb of the request."""
    REFRESH = 46
    CONTENT_DISPOSITION = 47
    AGE = 48
    CACHE_CONTROL = 49
    CONTENT_BASE = 50
    CONTENT_LOCATION = 51
    CONTENT_MD5 = 52
    CONTENT_RANGE = 53
    ETAG = 54
    HOST = 55
    IF_MATCH = 56
    IF_NONE_MATCH = 57
    IF_RANGE = 58
    IF_UNMODIFIED_SINCE = 59
    MAX_FORWARDS = 60
    PROXY_AUTHORIZATION = 61
    RANGE = 62
    TRANSFER_ENCODING = 63
    UPGRADE = 64
    VARY = 65
    VIA = 66
    WARNING = 67
    EXPECT = 68
    PROXY_CONNECTION = 69
    UNLESS_MODIFIED_SINCE = 70
    ECHO_REQUEST = 71  # 71 to 74: not implemented by WinINet; a header like any other here
    ECHO_REPLY = 72
    ECHO_HEADERS = 73
    ECHO_HEADERS_CRLF = 74
    PROXY_SUPPORT = 75
    AUTHENTICATION_INFO = 76
    PASSPORT_URLS = 77
    PASSPORT_CONFIG = 78
    X_CONTENT_TYPE_OPTIONS = 79
    P3P = 80
    X_P2P_PEERDIST = 81
    TRANSLATE = 82
    X_UA_COMPATIBLE = 83
    DEFAULT_STYLE = 84
    X_FRAME_OPTIONS = 85
    X_XSS_PROTECTION = 86
    SET_COOKIE2 = 87
    DO_NOT_TRACK = 88
    """The header DNT."""
    KEEP_ALIVE = 89
    HTTP2_SETTINGS = 90
    STRICT_TRANSPORT_SECURITY = 91
    TOKEN_BINDING = 92
    INCLUDE_REFERRED_TOKEN_BINDING_ID = 93
    INCLUDE_REFERER_TOKEN_BINDING_ID = INCLUDE_REFERRED_TOKEN_BINDING_ID
    PUBLIC_KEY_PINS = 94
    PUBLIC_KEY_PINS_REPORT_ONLY = 95
    MAX = PUBLIC_KEY_PINS_REPORT_ONLY
    CUSTOM = 65535
    """The header that *name* says."""
    FLAG_COALESCE_WITH_COMMA = 0x04000000
    """Modifier: all values of the name, joined by ``", "``."""
    FLAG_NUMBER64 = 0x08000000
    """Modifier: as an int of up to 64 bits."""
    FLAG_COALESCE = 0x10000000
    """Modifier: not implemented by WinINet; no effect."""
    FLAG_NUMBER = 0x20000000
    """Modifier: as an int of up to 32 bits."""
    FLAG_SYSTEMTIME = 0x40000000
    """Modifier: as a datetime in UTC."""
    FLAG_REQUEST_HEADERS = 0x80000000
    """Modifier: of the request, not of the answer."""


class HttpStatus(IntEnum):
    """Status codes of HTTP under their Windows names. Values: ``HTTP_STATUS_*``, wininet.h; others stay plain ints."""

    CONTINUE = 100
    SWITCH_PROTOCOLS = 101
    OK = 200
    CREATED = 201
    ACCEPTED = 202
    PARTIAL = 203
    NO_CONTENT = 204
    RESET_CONTENT = 205
    PARTIAL_CONTENT = 206
    WEBDAV_MULTI_STATUS = 207
    AMBIGUOUS = 300
    MOVED = 301
    REDIRECT = 302
    REDIRECT_METHOD = 303
    NOT_MODIFIED = 304
    USE_PROXY = 305
    REDIRECT_KEEP_VERB = 307
    PERMANENT_REDIRECT = 308
    BAD_REQUEST = 400
    DENIED = 401
    PAYMENT_REQ = 402
    FORBIDDEN = 403
    NOT_FOUND = 404
    BAD_METHOD = 405
    NONE_ACCEPTABLE = 406
    PROXY_AUTH_REQ = 407
    REQUEST_TIMEOUT = 408
    CONFLICT = 409
    GONE = 410
    LENGTH_REQUIRED = 411
    PRECOND_FAILED = 412
    REQUEST_TOO_LARGE = 413
    URI_TOO_LONG = 414
    UNSUPPORTED_MEDIA = 415
    MISDIRECTED_REQUEST = 421
    RETRY_WITH = 449
    SERVER_ERROR = 500
    NOT_SUPPORTED = 501
    BAD_GATEWAY = 502
    SERVICE_UNAVAIL = 503
    GATEWAY_TIMEOUT = 504
    VERSION_NOT_SUP = 505


class Decision(IntEnum):
    """What is to be done about an error: what ``error_dlg`` returns. Values: ``ERROR_*``, winerror.h and wininet.h."""

    OK = 0
    """Go on (``ERROR_SUCCESS``)."""
    CANCEL = 1223
    """Give up (``ERROR_CANCELLED``)."""
    RETRY = 12032
    """Send the request again (``ERROR_INTERNET_FORCE_RETRY``)."""


class ErrorUiFlag(IntFlag):
    """What ``error_dlg`` may do. Values: ``FLAGS_ERROR_UI_*``, wininet.h."""

    FILTER_FOR_ERRORS = 0x01  # look at the status of the answer too: 401 and 407 ask for credentials
    CHANGE_OPTIONS = 0x02  # what is accepted is set on the request
    GENERATE_DATA = 0x04  # look up what the error is about
    NO_UI = 0x08  # no questions: the answers of WinINet without a dialog
    SERIALIZE_DIALOGS = 0x10  # one question at a time


class SecurityFlag(IntFlag):
    """Bits of ``InternetOption.SECURITY_FLAGS``. Values: ``SECURITY_FLAG_*``, wininet.h."""

    SECURE = 0x00000001  # the connection uses TLS
    SSL = 0x00000002
    SSL3 = 0x00000004
    PCT = 0x00000008
    PCT4 = 0x00000010
    IETFSSL4 = 0x00000020
    IGNORE_REVOCATION = 0x00000080  # settable, as are all IGNORE_* up to the date
    IGNORE_UNKNOWN_CA = 0x00000100
    IGNORE_WRONG_USAGE = 0x00000200
    IGNORE_CERT_CN_INVALID = 0x00001000
    IGNORE_CERT_DATE_INVALID = 0x00002000
    IGNORE_REDIRECT_TO_HTTPS = 0x00004000
    IGNORE_REDIRECT_TO_HTTP = 0x00008000
    IGNORE_WEAK_SIGNATURE = 0x00010000
    CERT_REV_FAILED = 0x00800000  # undocumented results, as the next three: what was wrong with the certificate
    CERT_INVALID_CA = 0x01000000
    CERT_INVALID_CN = 0x02000000
    CERT_INVALID_DATE = 0x04000000
    FORTEZZA = 0x08000000
    STRENGTH_WEAK = 0x10000000
    NORMALBITNESS = STRENGTH_WEAK
    STRENGTH_STRONG = 0x20000000
    STRENGTH_MEDIUM = 0x40000000
    UNKNOWNBIT = 0x80000000


class RequestFlag(IntFlag):
    """Bits of ``InternetOption.REQUEST_FLAGS``. Values: ``INTERNET_REQFLAG_*``, wininet.h."""

    FROM_CACHE = 0x01  # the answer came from the cache
    ASYNC = 0x02  # the request is asynchronous; never set
    VIA_PROXY = 0x04  # the request went through a proxy
    NO_HEADERS = 0x08  # there are no response headers, or none yet
    PASSIVE = 0x10  # FTP in passive mode
    CACHE_WRITE_DISABLED = 0x40  # the answer is not stored
    NET_TIMEOUT = 0x80  # the answer is cached, as the network took too long


class HttpVerb(IntEnum):
    """The verbs that ``open_request`` knows by number. Values: ``HTTP_VERB_*``, afxinet.h. POST is 0."""

    POST = 0
    GET = 1
    HEAD = 2
    PUT = 3
    LINK = 4
    DELETE = 5
    UNLINK = 6


class HttpAddReq(IntFlag):
    """How ``add_request_headers`` treats a header that is there already. Values: ``HTTP_ADDREQ_*``, wininet.h."""

    INDEX_MASK = 0x0000FFFF  # reserved for an index, no effect
    COALESCE_WITH_SEMICOLON = 0x01000000  # add to the first of its name behind "; "; none: add the header
    ADD_IF_NEW = 0x10000000  # present: error 12155
    ADD = 0x20000000  # a further line of the name; with REPLACE it has no effect
    COALESCE = 0x40000000  # add to the first of its name behind ", "; none: add the header
    COALESCE_WITH_COMMA = COALESCE
    REPLACE = 0x80000000  # the first of its name goes, the new one comes last; no value: it goes
    FLAGS_MASK = 0xFFFF0000  # all but the index


class HSR(IntFlag):
    """Flags of ``send_request_ex``; none has an effect. Values: ``HSR_*``, wininet.h."""

    ASYNC = 0x01
    SYNC = 0x04
    USE_CONTEXT = 0x08
    INITIATE = USE_CONTEXT
    DOWNLOAD = 0x10
    CHUNKED = 0x20
