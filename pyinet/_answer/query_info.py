"""What ``QueryInfo`` says of a request and its answer: headers, first lines. Pure. Source: MFC ``CHttpFile``."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, NamedTuple

from pyinet._answer.headers import Headers
from pyinet._wording import describe
from pyinet.enums import InternetErrorCode as Code
from pyinet.errors import CallerError, HeaderNotFound, ProtocolError, invalid_parameter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from typing import TypeAlias

    from pyinet._request.headers import RequestHeaders

    Value: TypeAlias = str | int | datetime | list[str]

__all__ = ["HEADER_NAMES", "plain_key", "query_info", "query_info_iter"]

# HTTP_QUERY_*, wininet.h. Not from `HttpQuery`: it costs import time, and few who query need it.
_VERSION, _STATUS_CODE, _STATUS_TEXT, _RAW, _RAW_CRLF, _METHOD = 18, 19, 20, 21, 22, 45
_CUSTOM = 65535
_REQUEST, _SYSTEMTIME, _NUMBER, _NUMBER64 = 0x80000000, 0x40000000, 0x20000000, 0x08000000
_COMMA = 0x04000000
_MODIFIERS = 0xFC000000  # with FLAG_COALESCE, which has no effect
_TYPES = _SYSTEMTIME | _NUMBER | _NUMBER64
_PLAIN = frozenset({0, _SYSTEMTIME, _NUMBER, _NUMBER64})  # one type at most, and nothing else
_DWORD_MAX = 0xFFFFFFFF
_QWORD_MAX = 0xFFFFFFFFFFFFFFFF
_DIGITS = 20  # of _QWORD_MAX; also keeps int() from work a server could choose

_STATUS = re.compile(r"HTTP/[^ \t]*[ \t]+([0-9]{3})(?![0-9])")
_NO_STATUS_LINE = "HTTP/1.0 200 OK"  # what an answer without one counts as

HEADER_NAMES = (
    "MIME-Version", "Content-Type", "Content-Transfer-Encoding", "Content-ID",
    "Content-Description", "Content-Length", "Content-Language", "Allow",
    "Public", "Date", "Expires", "Last-Modified", "Message-ID", "URI", "Derived-From", "Cost",
    "Link", "Pragma", "", "", "", "", "", "Connection",
    "Accept", "Accept-Charset", "Accept-Encoding", "Accept-Language",
    "Authorization", "Content-Encoding", "Forwarded", "From",
    "If-Modified-Since", "Location", "Orig-URI", "Referer", "Retry-After", "Server", "Title", "User-Agent",
    "WWW-Authenticate", "Proxy-Authenticate", "Accept-Ranges", "Set-Cookie",
    "Cookie", "", "Refresh", "Content-Disposition",
    "Age", "Cache-Control", "Content-Base", "Content-Location", "Content-MD5", "Content-Range", "ETag", "Host",
    "If-Match", "If-None-Match", "If-Range", "If-Unmodified-Since",
    "Max-Forwards", "Proxy-Authorization", "Range", "Transfer-Encoding",
    "Upgrade", "Vary", "Via", "Warning", "Expect", "Proxy-Connection", "Unless-Modified-Since", "Echo-Request",
    "Echo-Reply", "Echo-Headers", "Echo-Headers-CRLF", "Proxy-Support",
    "Authentication-Info", "Passport-URLs", "Passport-Config", "X-Content-Type-Options",
    "P3P", "X-P2P-PeerDist", "Translate", "X-UA-Compatible",
    "Default-Style", "X-Frame-Options", "X-XSS-Protection", "Set-Cookie2",
    "DNT", "Keep-Alive", "HTTP2-Settings", "Strict-Transport-Security",
    "Token-Binding", "Include-Referred-Token-Binding-ID", "Public-Key-Pins", "Public-Key-Pins-Report-Only",
)  # fmt: skip
"""Names of the headers by their ``HTTP_QUERY_*`` numbers; "" where there is none."""
_KEY_OF = {number: name.lower() for number, name in enumerate(HEADER_NAMES) if name}


def query_info(
    level: int | str,
    index: int = 0,
    name: str | None = None,
    *,
    head: Headers | bytes | None,
    request: RequestHeaders,
    verb: str = "GET",
    target: str = "/",
    version: str = "1.1",
    url: str = "",
    clock: Callable[[], float] = time.time,
) -> tuple[Value, int]:
    r"""Return what *level* asks for, and the index of the next header of that name.

    Args:
        level: A number of `HttpQuery` with its ``FLAG_*``, or the name of a header.
        index: Which of several headers of the name, from 0.
        name: The header that ``HttpQuery.CUSTOM`` is about.
        head: Status line and headers of the answer; None while there is none.
        request: Headers of the request.
        verb: Method of the request.
        target: Its target.
        version: HTTP version it speaks.
        url: For error messages.
        clock: Seconds since 1970; RFC 850 dates need it.

    Returns:
        The value: str; list of lines for RAW_HEADERS; int with FLAG_NUMBER or FLAG_NUMBER64; aware datetime in UTC with
        FLAG_SYSTEMTIME. The index: one higher, or behind the last with FLAG_COALESCE_WITH_COMMA, which joins this
        value and those after it by ``", "``; *index* itself for RAW_HEADERS, RAW_HEADERS_CRLF, STATUS_TEXT and
        VERSION, where it is not looked at. Before an answer RAW_HEADERS is ``[]`` and RAW_HEADERS_CRLF ``"\r\n"``.

    Raises:
        HeaderNotFound: 12150, there is no such header, or none of that index or number.
        CallerError: 87, an argument cannot be used, or two types are asked for; 12154, STATUS_CODE of the request;
            12019, there is no answer yet; 12153, the value is no number, too large a number, or no date.
        ProtocolError: 12152, the status line has no code of three digits.

    Source: WinINet ``HttpQueryInfo``; MFC ``CHttpFile::QueryInfo``.
    """
    key, kind = _quick(level, name)
    if key and head.__class__ is Headers and index.__class__ is int and index >= 0:  # most queries
        values = head.get_all(key)
        if index < len(values):
            value: Value = values[index]
            return (_converted(values[index], kind, key, url, clock) if kind else value), index + 1
    asked = _asked(level, index, name)
    if isinstance(head, bytes):
        head = Headers(head)
    if asked.number in {_RAW, _RAW_CRLF}:
        first = f"{verb} {target} HTTP/{version}" if asked.of_request else ""
        value = _raw(asked, head, first, request)
        behind = index
    elif asked.number in {_VERSION, _STATUS_CODE, _STATUS_TEXT, _METHOD}:
        value, behind = _of_first_line(asked, head, verb, version, url)
    else:
        value, behind = _of_header(asked, head, request, url)
    if asked.kind and isinstance(value, str):
        value = _converted(value, asked.kind, asked.shown, url, clock)
    return value, behind


def query_info_iter(ask: Callable[[int], tuple[Value, int]]) -> Iterator[Value]:
    """Yield the values of *ask* for index 0 and those it gives, until there is no more.

    Args:
        ask: `query_info` with all but its index.

    Raises:
        InternetException: As `query_info`, but for `HeaderNotFound`, which ends it.
    """
    index, behind = -1, 0
    while index < behind:
        index = behind
        try:
            value, behind = ask(index)
        except HeaderNotFound:
            return
        yield value


def _quick(level: int | str, name: str | None) -> tuple[str, int]:
    """Return key and type, as of `_Asked`, when the query is a plain one of the answer; else no key."""
    if name is None:
        if level.__class__ is str:
            return level.lower(), 0
        if isinstance(level, int):
            kind = level & _MODIFIERS
            if kind in _PLAIN:
                return _KEY_OF.get(level & ~_MODIFIERS, ""), kind
    elif level == _CUSTOM and name.__class__ is str:
        return name.lower(), 0
    return "", 0


def plain_key(level: int | str) -> str:
    """Return the name, in lower case, of the header of the answer that *level* asks for as text; "" for all else."""
    if isinstance(level, int):
        return _KEY_OF.get(level, "")
    return level.lower() if level.__class__ is str else ""


class _Asked(NamedTuple):
    """What a query is about.

    Attributes:
        number: ``HTTP_QUERY_*`` without modifiers.
        key: Name of the header in lower case, "" for none.
        shown: As it is named in messages.
        at: Which of several headers.
        of_request: Whether the request is meant.
        joined: Whether the values are to be joined.
        kind: The ``FLAG_*`` of the type wanted; 0 for text.
    """

    number: int
    key: str
    shown: str
    at: int
    of_request: bool
    joined: bool
    kind: int


def _asked(level: object, index: object, name: object) -> _Asked:
    if not isinstance(index, int) or index < 0:
        raise invalid_parameter(f"index must be a whole number from 0, not {index!r}")
    if isinstance(level, str):
        if name is not None:
            raise invalid_parameter("name goes with HttpQuery.CUSTOM, not with a name before it")
        level, name = _CUSTOM, level
    if not isinstance(level, int) or not 0 <= level <= _DWORD_MAX:
        raise invalid_parameter(f"level must be an HttpQuery with its flags, or a name, not {level!r}")
    number, kind = level & ~_MODIFIERS, level & _TYPES
    if kind not in _PLAIN:
        raise invalid_parameter("only one of FLAG_SYSTEMTIME, FLAG_NUMBER and FLAG_NUMBER64 can be asked for")
    key = _KEY_OF.get(number, "")
    shown = HEADER_NAMES[number] if key else f"of level {number}"
    if number == _CUSTOM:
        if not isinstance(name, str) or not name:
            raise invalid_parameter("HttpQuery.CUSTOM needs the name of a header as name")
        key, shown = name.lower(), name
    elif name is not None:
        raise invalid_parameter(f"name goes with HttpQuery.CUSTOM, not with level {number}")
    return _Asked(number, key, shown, index, bool(level & _REQUEST), bool(level & _COMMA), kind)


def _raw(asked: _Asked, head: Headers | None, request_line: str, request: RequestHeaders) -> str | list[str]:
    if asked.of_request:
        lines = [request_line, *request.lines()]
    elif head is not None:
        lines = [_status_line(head), *[f"{name}: {value}" for name, value in head.items()]]
    else:
        lines = []
    if asked.number == _RAW and not asked.kind:
        return lines
    return "".join([f"{line}\r\n" for line in lines]) + "\r\n"


def _of_first_line(asked: _Asked, head: Headers | None, verb: str, version: str, url: str) -> tuple[str, int]:
    number, index = asked.number, asked.at
    if number == _STATUS_CODE and asked.of_request:
        code = Code.ERROR_HTTP_INVALID_QUERY_REQUEST
        raise CallerError(describe("a request has no status code", code, url=url), code, url=url)
    if number in {_STATUS_CODE, _METHOD} and index:
        raise _not_found(asked, url)
    if number == _METHOD:
        return verb, index + 1
    if number == _VERSION and asked.of_request:
        return f"HTTP/{version}", index
    line = _status_line(_answered(head, url))
    if number == _VERSION:
        return line.partition(" ")[0], index
    if number == _STATUS_TEXT:
        return (*line.split(None, 2), "", "", "")[2].strip(), index
    found = _STATUS.match(line)
    if found is None:
        code = Code.ERROR_HTTP_INVALID_SERVER_RESPONSE
        raise ProtocolError(describe(f"no status code in {line[:80]!r}", code, url=url), code, url=url)
    return found[1], index + 1


def _of_header(asked: _Asked, head: Headers | None, request: RequestHeaders, url: str) -> tuple[str, int]:
    values = (request if asked.of_request else _answered(head, url)).get_all(asked.key)
    if asked.at >= len(values):
        raise _not_found(asked, url)
    if asked.joined:
        return ", ".join(values[asked.at :]), len(values)
    return values[asked.at], asked.at + 1


def _answered(head: Headers | None, url: str) -> Headers:
    if head is None:
        code = Code.ERROR_INTERNET_INCORRECT_HANDLE_STATE
        what = describe("there is no answer yet", code, url=url, hint="send_request comes first")
        raise CallerError(what, code, url=url)
    return head


def _status_line(head: Headers) -> str:
    line = head.status_line
    return line if line.startswith("HTTP/") else _NO_STATUS_LINE


def _converted(value: str, kind: int, shown: str, url: str, clock: Callable[[], float]) -> int | datetime:
    text = value.strip(" \t")
    code = Code.ERROR_HTTP_INVALID_HEADER
    if kind == _SYSTEMTIME:
        from pyinet._answer.date import parse_http_date  # here, as its expressions cost two milliseconds once

        moment = parse_http_date(text, clock)
        if moment is None:
            raise CallerError(describe(f"{text[:80]!r} of {shown} is no HTTP date", code, url=url), code, url=url)
        return moment
    limit = _DWORD_MAX if kind == _NUMBER else _QWORD_MAX
    if text.isascii() and text.isdigit() and len(digits := text.lstrip("0") or "0") <= _DIGITS:
        number = int(digits)
        if number <= limit:
            return number
    what = f"{text[:80]!r} of {shown} is no number of up to {limit.bit_length()} bits"
    raise CallerError(describe(what, code, url=url), code, url=url)


def _not_found(asked: _Asked, url: str) -> HeaderNotFound:
    code = Code.ERROR_HTTP_HEADER_NOT_FOUND
    which = f", index {asked.at}" if asked.at else ""
    return HeaderNotFound(describe(f"there is no header {asked.shown}{which}", code, url=url), code, url=url)
