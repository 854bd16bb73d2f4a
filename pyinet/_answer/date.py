"""The dates of HTTP headers: RFC 9110 section 5.6.7. Pure, the clock is passed in."""

from __future__ import annotations

import re
import time
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

__all__ = ["parse_http_date"]

_WEEKDAY = r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*"
_DAY_MONTH = r"(?P<day>[0-9]{1,2})[ -](?P<month>[A-Z]{3})"
_CLOCK = r"(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2}):(?P<second>[0-9]{2})"
_ZONE = r"(?: *(?:[A-Z]{1,5}|[+-][0-9]{4}))?"
# RFC 1123 with blanks and four digits of the year, RFC 850 with hyphens and two; mixtures of both are seen as well.
_DAY_FIRST = re.compile(
    rf"(?:{_WEEKDAY},? *)?{_DAY_MONTH}[ -](?P<year>[0-9]{{4}}|[0-9]{{2}}) +{_CLOCK}{_ZONE}\Z",
    re.IGNORECASE,
)
_ASCTIME = re.compile(
    rf"{_WEEKDAY} +(?P<month>[A-Z]{{3}}) +(?P<day>[0-9]{{1,2}}) +{_CLOCK} +(?P<year>[0-9]{{4}}){_ZONE}\Z",
    re.IGNORECASE,
)
_MONTHS: Mapping[str, int] = MappingProxyType(
    {
        name: number
        for number, name in enumerate(
            ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), start=1
        )
    }
)
_SHORT_YEAR = 2  # digits
_FUTURE = 50  # years ahead that a year of two digits may lie


def parse_http_date(text: str, clock: Callable[[], float] = time.time) -> datetime | None:
    """Return the moment that an HTTP date means, in UTC; None when it is none.

    RFC 1123, RFC 850 and asctime are read. The time is always GMT: another time zone is not looked at, nor is the day
    of the week. Second 60 is the one after 59.

    Args:
        text: Value of a header.
        clock: Seconds since 1970; a year of two digits is at most 50 years ahead of it.

    Source: RFC 9110 section 5.6.7; WinINet ``HTTP_QUERY_FLAG_SYSTEMTIME``.
    """
    from datetime import datetime, timedelta, timezone  # here, as it costs import time

    found = _DAY_FIRST.match(text.strip(" \t")) or _ASCTIME.match(text.strip(" \t"))
    if found is None:
        return None
    year = int(found["year"])
    if len(found["year"]) == _SHORT_YEAR:
        last = time.gmtime(clock()).tm_year + _FUTURE
        year = last - (last - year) % 100
    month, day = _MONTHS.get(found["month"].lower(), 0), int(found["day"])
    second = int(found["second"])
    leap = second == 60  # noqa: PLR2004 - a leap second
    try:
        moment = datetime(
            year, month, day, int(found["hour"]), int(found["minute"]), second - leap, tzinfo=timezone.utc
        )
        return moment + timedelta(seconds=leap)
    except (ValueError, OverflowError):  # the 31st of June; the second after the year 9999
        return None
