from __future__ import annotations

import pickle
import subprocess
import sys

import pytest

import pyinet
from pyinet import enums
from pyinet._answer.query_info import HEADER_NAMES
from pyinet.enums import (
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

# wininet.h, HTTP_QUERY_*, by number
QUERIES = [
    "MIME_VERSION", "CONTENT_TYPE", "CONTENT_TRANSFER_ENCODING", "CONTENT_ID", "CONTENT_DESCRIPTION",
    "CONTENT_LENGTH", "CONTENT_LANGUAGE", "ALLOW", "PUBLIC", "DATE", "EXPIRES", "LAST_MODIFIED", "MESSAGE_ID",
    "URI", "DERIVED_FROM", "COST", "LINK", "PRAGMA", "VERSION", "STATUS_CODE", "STATUS_TEXT", "RAW_HEADERS",
    "RAW_HEADERS_CRLF", "CONNECTION", "ACCEPT", "ACCEPT_CHARSET", "ACCEPT_ENCODING", "ACCEPT_LANGUAGE",
    "AUTHORIZATION", "CONTENT_ENCODING", "FORWARDED", "FROM", "IF_MODIFIED_SINCE", "LOCATION", "ORIG_URI",
    "REFERER", "RETRY_AFTER", "SERVER", "TITLE", "USER_AGENT", "WWW_AUTHENTICATE", "PROXY_AUTHENTICATE",
    "ACCEPT_RANGES", "SET_COOKIE", "COOKIE", "REQUEST_METHOD", "REFRESH", "CONTENT_DISPOSITION", "AGE",
    "CACHE_CONTROL", "CONTENT_BASE", "CONTENT_LOCATION", "CONTENT_MD5", "CONTENT_RANGE", "ETAG", "HOST", "IF_MATCH",
    "IF_NONE_MATCH", "IF_RANGE", "IF_UNMODIFIED_SINCE", "MAX_FORWARDS", "PROXY_AUTHORIZATION", "RANGE",
    "TRANSFER_ENCODING", "UPGRADE", "VARY", "VIA", "WARNING", "EXPECT", "PROXY_CONNECTION", "UNLESS_MODIFIED_SINCE",
    "ECHO_REQUEST", "ECHO_REPLY", "ECHO_HEADERS", "ECHO_HEADERS_CRLF", "PROXY_SUPPORT", "AUTHENTICATION_INFO",
    "PASSPORT_URLS", "PASSPORT_CONFIG", "X_CONTENT_TYPE_OPTIONS", "P3P", "X_P2P_PEERDIST", "TRANSLATE",
    "X_UA_COMPATIBLE", "DEFAULT_STYLE", "X_FRAME_OPTIONS", "X_XSS_PROTECTION", "SET_COOKIE2", "DO_NOT_TRACK",
    "KEEP_ALIVE", "HTTP2_SETTINGS", "STRICT_TRANSPORT_SECURITY", "TOKEN_BINDING",
    "INCLUDE_REFERRED_TOKEN_BINDING_ID", "PUBLIC_KEY_PINS", "PUBLIC_KEY_PINS_REPORT_ONLY",
]  # fmt: skip

NOT_HEADERS = {"VERSION", "STATUS_CODE", "STATUS_TEXT", "RAW_HEADERS", "RAW_HEADERS_CRLF", "REQUEST_METHOD"}


@pytest.mark.parametrize(("number", "name"), list(enumerate(QUERIES)), ids=QUERIES)
def test_query_has_the_number_of_wininet(number: int, name: str) -> None:
    assert HttpQuery[name] == number
    assert HttpQuery(number).name == name


@pytest.mark.parametrize(("number", "name"), list(enumerate(QUERIES)), ids=QUERIES)
def test_query_means_the_header_of_its_name(number: int, name: str) -> None:
    if name in NOT_HEADERS:
        assert HEADER_NAMES[number] == ""
    elif name == "DO_NOT_TRACK":
        assert HEADER_NAMES[number] == "DNT"
    else:
        assert HEADER_NAMES[number].upper() == name.replace("_", "-")


def test_there_are_96_queries_and_names() -> None:
    assert len(QUERIES) == len(HEADER_NAMES) == HttpQuery.MAX + 1 == 96


@pytest.mark.parametrize(
    ("member", "value"),
    [
        (HttpQuery.LANGUAGE, 6),
        (HttpQuery.ALLOWED_METHODS, 7),
        (HttpQuery.PUBLIC_METHODS, 8),
        (HttpQuery.WWW_LINK, 16),
        (HttpQuery.INCLUDE_REFERER_TOKEN_BINDING_ID, 93),
        (HttpQuery.CUSTOM, 65535),
        (HttpQuery.FLAG_REQUEST_HEADERS, 0x80000000),
        (HttpQuery.FLAG_SYSTEMTIME, 0x40000000),
        (HttpQuery.FLAG_NUMBER, 0x20000000),
        (HttpQuery.FLAG_COALESCE, 0x10000000),
        (HttpQuery.FLAG_NUMBER64, 0x08000000),
        (HttpQuery.FLAG_COALESCE_WITH_COMMA, 0x04000000),
        (HttpVerb.POST, 0),
        (HttpVerb.GET, 1),
        (HttpVerb.HEAD, 2),
        (HttpVerb.PUT, 3),
        (HttpVerb.LINK, 4),
        (HttpVerb.DELETE, 5),
        (HttpVerb.UNLINK, 6),
        (HttpAddReq.INDEX_MASK, 0x0000FFFF),
        (HttpAddReq.FLAGS_MASK, 0xFFFF0000),
        (HttpAddReq.ADD_IF_NEW, 0x10000000),
        (HttpAddReq.ADD, 0x20000000),
        (HttpAddReq.COALESCE, 0x40000000),
        (HttpAddReq.COALESCE_WITH_COMMA, 0x40000000),
        (HttpAddReq.COALESCE_WITH_SEMICOLON, 0x01000000),
        (HttpAddReq.REPLACE, 0x80000000),
        (HttpStatus.CONTINUE, 100),
        (HttpStatus.SWITCH_PROTOCOLS, 101),
        (HttpStatus.OK, 200),
        (HttpStatus.CREATED, 201),
        (HttpStatus.ACCEPTED, 202),
        (HttpStatus.PARTIAL, 203),
        (HttpStatus.NO_CONTENT, 204),
        (HttpStatus.RESET_CONTENT, 205),
        (HttpStatus.PARTIAL_CONTENT, 206),
        (HttpStatus.WEBDAV_MULTI_STATUS, 207),
        (HttpStatus.AMBIGUOUS, 300),
        (HttpStatus.MOVED, 301),
        (HttpStatus.REDIRECT, 302),
        (HttpStatus.REDIRECT_METHOD, 303),
        (HttpStatus.NOT_MODIFIED, 304),
        (HttpStatus.USE_PROXY, 305),
        (HttpStatus.REDIRECT_KEEP_VERB, 307),
        (HttpStatus.PERMANENT_REDIRECT, 308),
        (HttpStatus.BAD_REQUEST, 400),
        (HttpStatus.DENIED, 401),
        (HttpStatus.PAYMENT_REQ, 402),
        (HttpStatus.FORBIDDEN, 403),
        (HttpStatus.NOT_FOUND, 404),
        (HttpStatus.BAD_METHOD, 405),
        (HttpStatus.NONE_ACCEPTABLE, 406),
        (HttpStatus.PROXY_AUTH_REQ, 407),
        (HttpStatus.REQUEST_TIMEOUT, 408),
        (HttpStatus.CONFLICT, 409),
        (HttpStatus.GONE, 410),
        (HttpStatus.LENGTH_REQUIRED, 411),
        (HttpStatus.PRECOND_FAILED, 412),
        (HttpStatus.REQUEST_TOO_LARGE, 413),
        (HttpStatus.URI_TOO_LONG, 414),
        (HttpStatus.UNSUPPORTED_MEDIA, 415),
        (HttpStatus.MISDIRECTED_REQUEST, 421),
        (HttpStatus.RETRY_WITH, 449),
        (HttpStatus.SERVER_ERROR, 500),
        (HttpStatus.NOT_SUPPORTED, 501),
        (HttpStatus.BAD_GATEWAY, 502),
        (HttpStatus.SERVICE_UNAVAIL, 503),
        (HttpStatus.GATEWAY_TIMEOUT, 504),
        (HttpStatus.VERSION_NOT_SUP, 505),
        (HSR.ASYNC, 1),
        (HSR.SYNC, 4),
        (HSR.USE_CONTEXT, 8),
        (HSR.INITIATE, 8),
        (HSR.DOWNLOAD, 0x10),
        (HSR.CHUNKED, 0x20),
        (Decision.OK, 0),
        (Decision.RETRY, 12032),
        (Decision.CANCEL, 1223),
        (ErrorUiFlag.FILTER_FOR_ERRORS, 1),
        (ErrorUiFlag.CHANGE_OPTIONS, 2),
        (ErrorUiFlag.GENERATE_DATA, 4),
        (ErrorUiFlag.NO_UI, 8),
        (ErrorUiFlag.SERIALIZE_DIALOGS, 0x10),
        (SecurityFlag.SECURE, 1),
        (SecurityFlag.IETFSSL4, 0x20),
        (SecurityFlag.IGNORE_REVOCATION, 0x80),
        (SecurityFlag.IGNORE_UNKNOWN_CA, 0x100),
        (SecurityFlag.IGNORE_WRONG_USAGE, 0x200),
        (SecurityFlag.IGNORE_CERT_CN_INVALID, 0x1000),
        (SecurityFlag.IGNORE_CERT_DATE_INVALID, 0x2000),
        (SecurityFlag.IGNORE_REDIRECT_TO_HTTPS, 0x4000),
        (SecurityFlag.IGNORE_REDIRECT_TO_HTTP, 0x8000),
        (SecurityFlag.IGNORE_WEAK_SIGNATURE, 0x10000),
        (SecurityFlag.CERT_REV_FAILED, 0x00800000),
        (SecurityFlag.CERT_INVALID_DATE, 0x04000000),
        (SecurityFlag.NORMALBITNESS, 0x10000000),
        (SecurityFlag.STRENGTH_STRONG, 0x20000000),
        (SecurityFlag.UNKNOWNBIT, 0x80000000),
        (RequestFlag.FROM_CACHE, 1),
        (RequestFlag.ASYNC, 2),
        (RequestFlag.VIA_PROXY, 4),
        (RequestFlag.NO_HEADERS, 8),
        (RequestFlag.PASSIVE, 0x10),
        (RequestFlag.CACHE_WRITE_DISABLED, 0x40),
        (RequestFlag.NET_TIMEOUT, 0x80),
    ],
    ids=str,
)
def test_value_is_that_of_the_windows_headers(member: int, value: int) -> None:
    assert member == value


def test_modifiers_combine_to_an_int() -> None:
    assert HttpQuery.STATUS_CODE | HttpQuery.FLAG_NUMBER == 0x20000013


def test_an_unknown_status_stays_an_int() -> None:
    with pytest.raises(ValueError, match="299"):
        HttpStatus(299)


def test_bits_of_a_mode_that_have_no_name_are_kept() -> None:
    assert int(HttpAddReq(0x80000007)) == 0x80000007


@pytest.mark.parametrize("name", ["Decision", "ErrorUiFlag", "HttpQuery", "HttpStatus", "RequestFlag", "SecurityFlag"])
def test_an_enum_loaded_late_is_one_and_the_same_everywhere(name: str) -> None:
    group = getattr(enums, name)
    assert getattr(pyinet, name) is group
    assert name in enums.__all__
    assert name in pyinet.__all__
    member = next(iter(group))
    assert pickle.loads(pickle.dumps(member)) is member  # noqa: S301 - pickled just now


@pytest.mark.parametrize("name", ["HttpVerb", "HttpAddReq", "HSR", "InternetPolicy", "Challenge"])
def test_the_package_gives_it(name: str) -> None:
    assert name in pyinet.__all__
    assert getattr(pyinet, name).__name__ == name


def test_a_name_that_is_none_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'HttpNothing'"):
        enums.HttpNothing  # noqa: B018 - it raises


def test_importing_the_package_does_not_load_what_costs() -> None:
    script = "import sys, pyinet; print([m for m in ('_httpenums', 'policy') if 'pyinet.' + m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"
