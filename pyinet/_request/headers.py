"""The headers of a request, and what ``AddRequestHeaders`` does to them. Pure. Source: MFC ``CHttpFile``."""

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
_Undo = tuple[int, "_Field | None"]  # where a line stood, and what it was; None: there was none


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

    __slots__ = ("_fields", "_gone", "_where")

    def __init__(self) -> None:
        # Thousands of lines are added, replaced and removed one by one: a line keeps its place, so that each is found
        # by its name, and a place whose line is gone stays empty until half of them are.
        self._fields: list[_Field | None] = []
        self._where: dict[str, list[int]] = {}  # by name in lower case: the places of its lines, in order
        self._gone = 0

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
        undo: list[_Undo] = []
        try:
            for name, value in header_pairs(headers):
                self._apply(name, value, bits, undo)
        except CallerError:
            self._undo(undo)
            raise
        if self._gone > len(self._fields) // 2:
            self._rebuild(self._present())

    def extend(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Append pairs that were checked before, as those of `pyinet.Request`, empty values included."""
        for name, value in pairs:
            self._append((name.lower(), name, value))

    def remove(self, name: str) -> None:
        """Take every line of the header away; none is no error."""
        for at in self._where.pop(name.lower(), ()):
            self._fields[at] = None
            self._gone += 1

    def get(self, name: str, default: str | None = None) -> str | None:
        """Return the value of the first line of the header, *default* when there is none."""
        return next(iter(self.get_all(name)), default)

    def get_all(self, name: str) -> list[str]:
        """Return every value of the header in order; an empty list when there is none."""
        found = [self._fields[at] for at in self._where.get(name.lower(), ())]
        return [field[2] for field in found if field is not None]

    def lines(self) -> list[str]:
        """Return the lines ``Name: value`` in order, without line ends."""
        return [f"{name}: {value}" for _, name, value in self._present()]

    def copy(self) -> RequestHeaders:
        """Return an independent copy."""
        other = RequestHeaders()
        other._rebuild(self._present())
        return other

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter([(name, value) for _, name, value in self._present()])

    def __len__(self) -> int:
        return len(self._fields) - self._gone

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and bool(self._where.get(name.lower()))

    def __repr__(self) -> str:
        shown = [(name, "***" if folded in _SECRET else value) for folded, name, value in self._present()]
        return f"<RequestHeaders {shown}>"

    # ---- places ----

    def _present(self) -> list[_Field]:
        return [field for field in self._fields if field is not None]

    def _rebuild(self, fields: list[_Field]) -> None:
        self._fields, self._where, self._gone = [], {}, 0
        for field in fields:
            self._append(field)

    def _append(self, field: _Field) -> None:
        self._where.setdefault(field[0], []).append(len(self._fields))
        self._fields.append(field)

    def _apply(self, name: str, value: str, mode: int, undo: list[_Undo]) -> None:
        """Apply one header, and note in *undo* how it was before.

        Raises:
            CallerError: As `add`; nothing is changed.
        """
        key = name.lower()
        places = self._where.get(key)
        if not places or (mode & _ADD and not mode & _REPLACE):
            if not value:
                raise _nothing_to_remove(name) if mode & _REPLACE else _no_value(name)
        elif mode & _REPLACE and not mode & _ADD_IF_NEW:
            at = places.pop(0)
            undo.append((at, self._fields[at]))
            self._fields[at] = None
            self._gone += 1
        elif mode & (_COMMA | _SEMICOLON) and not mode & _ADD_IF_NEW:
            if not value:
                raise _no_value(name)
            self._extend_first(places[0], value, ", " if mode & _COMMA else "; ", undo)
            return
        else:
            code = Code.ERROR_HTTP_HEADER_ALREADY_EXISTS
            hint = "HttpAddReq.REPLACE replaces it"
            raise CallerError(describe(f"the request has a header {name} already", code, hint=hint), code)
        if value:
            undo.append((len(self._fields), None))
            self._append((key, name, value))

    def _extend_first(self, at: int, value: str, glue: str, undo: list[_Undo]) -> None:
        field = self._fields[at]
        if field is not None:  # as a place that is found has one
            undo.append((at, field))
            key, spelled, present = field
            self._fields[at] = (key, spelled, f"{present}{glue}{value}" if present else value)

    def _undo(self, undo: list[_Undo]) -> None:
        for at, before in reversed(undo):
            now = self._fields[at]
            if before is None:
                self._where[now[0]].pop()  # type: ignore[index]  # it was the last line
                self._fields.pop()
            else:
                if now is None:
                    self._where[before[0]].insert(0, at)
                    self._gone -= 1
                self._fields[at] = before


def _nothing_to_remove(name: str) -> HeaderNotFound:
    code = Code.ERROR_HTTP_HEADER_NOT_FOUND
    return HeaderNotFound(describe(f"there is no header {name} to remove", code), code)


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
