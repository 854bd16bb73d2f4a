"""The dates of cookies: RFC 6265bis section 5.1.1, and Windows' numeric months. Pure."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["parse_cookie_date"]

_TOKEN = re.compile(r"[^\t\x20-\x2F\x3B-\x40\x5B-\x60\x7B-\x7E]+")
_TIME = re.compile(r"([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})(?![0-9])")
_ONE_OR_TWO_DIGITS = re.compile(r"([0-9]{1,2})(?![0-9])")
_TWO_TO_FOUR_DIGITS = re.compile(r"([0-9]{2,4})(?![0-9])")
_MONTHS: Mapping[str, int] = MappingProxyType(
    {
        name: number
        for number, name in enumerate(
            ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), start=1
        )
    }
)
_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_FIRST_YEAR = 1601
_FEBRUARY = 2
_CENTURY_TURN = 70  # years 70 to 99 are those of the 20th century
_TWO_DIGIT_YEARS = 100


class _Fields(NamedTuple):
    """What the tokens say; None is not found."""

    time: tuple[int, int, int] | None
    day: int | None
    month: int | None
    year: int | None


def parse_cookie_date(text: str) -> int | None:
    """Return the seconds since 1970 that a cookie-date means, None when it is none.

    A date whose only fault is that its month is a number is read as day, month, year, or as year, month, day when
    the year has four digits and comes first: so WinINet does.

    Source: RFC 6265bis section 5.1.1; MFC ``CInternetSession::SetCookie``.
    """
    tokens: list[str] = _TOKEN.findall(text)
    fields = _standard(tokens)
    if fields.month is None:
        fields = _numeric(tokens)
    if fields.time is None or fields.day is None or fields.month is None or fields.year is None:
        return None
    hour, minute, second = fields.time
    year = fields.year
    if year < _TWO_DIGIT_YEARS:
        year += 1900 if year >= _CENTURY_TURN else 2000
    if year < _FIRST_YEAR or hour > 23 or minute > 59 or second > 59:  # noqa: PLR2004 - a clock's
        return None
    if not (1 <= fields.month <= len(_DAYS) and 1 <= fields.day <= _days_in(fields.month, year)):
        return None
    return ((_days_since_1970(year, fields.month, fields.day) * 24 + hour) * 60 + minute) * 60 + second


def _standard(tokens: Iterable[str]) -> _Fields:
    time: tuple[int, int, int] | None = None
    day = month = year = None
    for token in tokens:
        if time is None and (found := _TIME.match(token)):
            time = (int(found[1]), int(found[2]), int(found[3]))
        elif day is None and (found := _ONE_OR_TWO_DIGITS.match(token)):
            day = int(found[1])
        elif month is None and (number := _MONTHS.get(token[:3].lower())):
            month = number
        elif year is None and (found := _TWO_TO_FOUR_DIGITS.match(token)):
            year = int(found[1])
    return _Fields(time, day, month, year)


def _numeric(tokens: Iterable[str]) -> _Fields:
    time: tuple[int, int, int] | None = None
    short: list[int] = []  # numbers of one or two digits, in order
    year = None
    year_first = False
    for token in tokens:
        if time is None and (found := _TIME.match(token)):
            time = (int(found[1]), int(found[2]), int(found[3]))
        elif found := _ONE_OR_TWO_DIGITS.match(token):
            short.append(int(found[1]))
        elif year is None and (found := _TWO_TO_FOUR_DIGITS.match(token)):
            year, year_first = int(found[1]), not short
    if year is None and len(short) > 2:  # noqa: PLR2004 - day, month and year
        year = short[2]
    first, second = (*short, None, None)[:2]
    return _Fields(time, second, first, year) if year_first else _Fields(time, first, second, year)


def _days_in(month: int, year: int) -> int:
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return _DAYS[month - 1] + (leap and month == _FEBRUARY)


def _days_since_1970(year: int, month: int, day: int) -> int:
    # By hand: `datetime` costs import time. Years run from March, so that the leap day is the last of its year.
    year -= month <= _FEBRUARY
    days = 365 * year + year // 4 - year // 100 + year // 400
    return days + (153 * ((month + 9) % 12) + 2) // 5 + day - 719469
