"""The headers of a request, and what ``AddRequestHeaders`` does to them: spec 3.2. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from pyinet._wording import describe
from pyinet.enums import HttpAddReq
from pyinet.enums import InternetErrorCode as Code
from pyinet.errors import CallerError, HeaderNotFound, invalid_parameter

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["HeaderLines", "RequestHeaders", "header_pairs"]

HeaderLines = str | Mapping[str, str] | Iterable[tuple[str, str]]
"""Headers as a program gives them: lines ``"Name: value"``, a mapping, or pairs of name and value."""

_BLANK = " \t"
_LINE_ENDS = re.compile(r"[\r\n]+")
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+\Z")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_BEYOND_LATIN_1 = re.compile(r"[^\x00-\xff]")
_SHOWN = 80  # characters of bad input that a message shows
_SECRET = frozenset({"authorization", "cookie", "proxy-authorization"})

# As plain ints: `&` of an IntFlag costs a microsecond each time.
_ADD_IF_NEW = int(HttpAddReq.ADD_IF_NEW)
_ADD = int(HttpAddReq.ADD)
_COMMA = int(HttpAddReq.COALESCE_WITH_COMMA)
_SEMICOLON = int(HttpAddReq.COALESCE_WITH_SEMICOLON)
_REPLACE = int(HttpAddReq.REPLACE)

_Field = tuple[str, str, str]  # name in lower case, name, value


def header_pairs(headers: HeaderLines | None) -> list[tuple[str, str]]:
    r"""Return headers as pairs of name and value, white space around both removed.

    Args:
        headers: Lines with any run of ``\r`` and ``\n`` between them, blank ones ignored; a mapping; pairs; or None
            for no headers.

    Raises:
        CallerError: 12153, a line has no colon, a name is no token, or a value cannot be sent: a control character, a
            line break, or what is outside ISO-8859-1 (RFC 9110 section 5); 87, *headers* is none of these.
    """
    if headers is None:
        return []
    if isinstance(headers, str):
        lines = [line for line in _LINE_ENDS.split(headers) if line.strip(_BLANK)]
        return [_split(line, number) for number, line in enumerate(lines, start=1)]
    pairs = headers.items() if hasattr(headers, "items") else headers
    if isinstance(pairs, bytes) or not isinstance(pairs, Iterable):
        raise invalid_parameter(f"headers must be text, a mapping, or pairs of name and value, not {_short(headers)}")
    return [_checked_pair(pair) for pair in pairs]


class RequestHeaders:
    r"""The header lines that a program gave a request: in order, names case-insensitive, several lines a name.

    >>> headers = RequestHeaders()
    >>> headers.add("Accept: text/html\r\nWarning: a")
    >>> headers.add({"accept": "text/plain"}, HttpAddReq.COALESCE)
    >>> headers.lines()
    ['Accept: text/html, text/plain', 'Warning: a']
    """

    __slots__ = ("_fields",)

    def __init__(self) -> None:
        self._fields: list[_Field] = []

    def add(self, headers: HeaderLines | None, mode: int = HttpAddReq.ADD_IF_NEW) -> None:
        """Apply one or more headers one after another: all of them or, when one is refused, none.

        Args:
            headers: As `header_pairs` takes them; None and "" change nothing.
            mode: `HttpAddReq` flags. REPLACE takes the first line of the name away and puts the new one last, or does
                without when the value is empty; a header that is absent is added. ADD without REPLACE appends always.
                COALESCE and COALESCE_WITH_SEMICOLON extend the first line of the name, and append when there is none;
                the comma wins over the semicolon, and both give way to REPLACE and to ADD. ADD_IF_NEW refuses a
                header that is present, with REPLACE as well; so do no flags at all. The index in the low half has
                no effect.

        Raises:
            CallerError: 12155, ADD_IF_NEW and there is one; 12153, as `header_pairs`; 87, an empty value to add, or
                an argument of the wrong type.
            HeaderNotFound: 12150, REPLACE with an empty value and there is none.

        Source: WinINet ``HttpAddRequestHeaders``; MFC ``CHttpFile::AddRequestHeaders``.
        """
        if not isinstance(mode, int):
            raise invalid_parameter(f"mode must be HttpAddReq flags, not {_short(mode)}")
        bits = int(mode)
        fields = self._fields.copy()
        for name, value in header_pairs(headers):
            _apply(fields, name, value, bits)
        self._fields = fields

    def extend(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Append pairs that were checked before, as those of `pyinet.Request`, empty values included."""
        self._fields = self._fields + [(name.lower(), name, value) for name, value in pairs]

    def remove(self, name: str) -> None:
        """Take every line of the header away; none is no error."""
        key = name.lower()
        self._fields = [field for field in self._fields if field[0] != key]

    def get(self, name: str, default: str | None = None) -> str | None:
        """Return the value of the first line of the header, *default* when there is none."""
        return next(iter(self.get_all(name)), default)

    def get_all(self, name: str) -> list[str]:
        """Return every value of the header in order; an empty list when there is none."""
        key = name.lower()
        return [value for folded, _, value in self._fields if folded == key]

    def lines(self) -> list[str]:
        """Return the lines ``Name: value`` in order, without line ends."""
        return [f"{name}: {value}" for _, name, value in self._fields]

    def copy(self) -> RequestHeaders:
        """Return an independent copy."""
        other = RequestHeaders()
        other._fields = self._fields.copy()
        return other

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter([(name, value) for _, name, value in self._fields])

    def __len__(self) -> int:
        return len(self._fields)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in [folded for folded, _, _ in self._fields]

    def __repr__(self) -> str:
        shown = [(name, "***" if folded in _SECRET else value) for folded, name, value in self._fields]
        return f"<RequestHeaders {shown}>"


def _apply(fields: list[_Field], name: str, value: str, mode: int) -> None:
    key = name.lower()
    at = next((at for at, field in enumerate(fields) if field[0] == key), -1)
    if at < 0 or (mode & _ADD and not mode & _REPLACE):
        if not value and mode & _REPLACE:
            code = Code.ERROR_HTTP_HEADER_NOT_FOUND
            raise HeaderNotFound(describe(f"there is no header {name} to remove", code), code)
        _append(fields, name, value)
    elif mode & _REPLACE and not mode & _ADD_IF_NEW:
        del fields[at]
        if value:
            _append(fields, name, value)
    elif mode & (_COMMA | _SEMICOLON) and not mode & _ADD_IF_NEW:
        if not value:
            raise _no_value(name)
        _, spelled, present = fields[at]
        glue = ", " if mode & _COMMA else "; "
        fields[at] = (key, spelled, f"{present}{glue}{value}" if present else value)
    else:
        code = Code.ERROR_HTTP_HEADER_ALREADY_EXISTS
        hint = "HttpAddReq.REPLACE replaces it"
        raise CallerError(describe(f"the request has a header {name} already", code, hint=hint), code)


def _append(fields: list[_Field], name: str, value: str) -> None:
    if not value:
        raise _no_value(name)
    fields.append((name.lower(), name, value))


def _no_value(name: str) -> CallerError:
    return invalid_parameter(f"the header {name} has no value", "HttpAddReq.REPLACE with no value removes a header")


def _split(line: str, number: int) -> tuple[str, str]:
    name, colon, value = line.partition(":")
    if not colon:  # the line is not shown: it may be the second half of a secret
        raise _invalid(f"header line {number} has no colon")
    return _checked(name, value)


def _checked_pair(pair: object) -> tuple[str, str]:
    if isinstance(pair, (tuple, list)) and len(pair) == 2:  # noqa: PLR2004 - a pair
        name, value = pair
        if isinstance(name, str) and isinstance(value, str):
            return _checked(name, value)
    raise invalid_parameter(f"a header must be a pair of two str, name and value, not {_short(pair)}")


def _checked(name: str, value: str) -> tuple[str, str]:
    name, value = name.strip(_BLANK), value.strip(_BLANK)
    if not _TOKEN.match(name):
        raise _invalid(f"the header name {name[:_SHOWN]!r} is not a token (RFC 9110 section 5.1)")
    if _CONTROL.search(value):
        raise _invalid(f"the value of header {name[:_SHOWN]} holds a control character or a line break")
    if _BEYOND_LATIN_1.search(value):
        raise _invalid(f"the value of header {name[:_SHOWN]} holds a character outside ISO-8859-1")
    return name, value


def _invalid(what: str) -> CallerError:
    code = Code.ERROR_HTTP_INVALID_HEADER
    return CallerError(describe(what, code), code)


def _short(value: object) -> str:
    return type(value).__name__
