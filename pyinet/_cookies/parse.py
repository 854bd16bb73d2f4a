"""What a Set-Cookie line says: RFC 6265bis section 5.6. Pure."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from pyinet._cookies.date import parse_cookie_date

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["SAME_SITE_DEFAULT", "SetCookie", "holds_control", "parse_set_cookie"]

_CONTROL = re.compile(r"[\x00-\x08\x0A-\x1F\x7F]")  # CTL but for HTAB, which is white space
_DELTA_SECONDS = re.compile(r"-?[0-9]+")
_WSP = " \t"
_LONGEST_PAIR = 4096
_LONGEST_ATTRIBUTE = 1024

SAME_SITE_DEFAULT = "Default"
_SAME_SITE: Mapping[str, str] = MappingProxyType({"none": "None", "strict": "Strict", "lax": "Lax"})


class SetCookie(NamedTuple):
    """One line, read but not judged. Text is the octets as Latin-1; of a repeated attribute the last counts."""

    name: str
    value: str
    expires: int | None = None
    """Seconds since 1970; None without the attribute, or when no date is in it."""
    max_age: int | None = None
    """Seconds; None without the attribute, or when no number is in it."""
    domain: str = ""
    """In lower case, without its leading dot; empty without the attribute or when it is empty."""
    path: str | None = None
    """As given; empty when it does not begin with a slash: the default path is meant; None without the attribute."""
    secure: bool = False
    http_only: bool = False
    same_site: str = SAME_SITE_DEFAULT
    """``Strict``, ``Lax``, ``None`` or ``Default``."""


def holds_control(text: str) -> bool:
    """Tell whether *text* holds a control character other than a tab."""
    return _CONTROL.search(text) is not None


def parse_set_cookie(line: str) -> SetCookie | None:
    """Read a Set-Cookie field value; None when it has to be ignored.

    Ignored are control characters, a name and value of more than 4096 octets together, and neither name nor value.

    Args:
        line: The octets of the field value, decoded as Latin-1.
    """
    if _CONTROL.search(line):
        return None
    pair, _, attributes = line.partition(";")
    name, equals, value = pair.partition("=")
    if not equals:
        name, value = "", pair
    name, value = name.strip(_WSP), value.strip(_WSP)
    if not (name or value) or len(name) + len(value) > _LONGEST_PAIR:
        return None
    if not attributes:
        return SetCookie(name, value)
    return _with_attributes(name, value, attributes)


def _with_attributes(name: str, value: str, attributes: str) -> SetCookie:
    expires: int | None = None
    max_age: int | None = None
    domain = ""
    path: str | None = None
    secure = http_only = False
    same_site = SAME_SITE_DEFAULT
    for attribute in attributes.split(";"):
        key, _, text = attribute.partition("=")
        key, text = key.strip(_WSP).lower(), text.strip(_WSP)
        if len(text) > _LONGEST_ATTRIBUTE:
            continue
        if key == "path":
            path = text if text.startswith("/") else ""
        elif key == "domain":
            domain = text.removeprefix(".").lower()
        elif key == "expires":
            date = parse_cookie_date(text)
            expires = expires if date is None else date
        elif key == "max-age":
            max_age = int(text) if _DELTA_SECONDS.fullmatch(text) else max_age
        elif key == "secure":
            secure = True
        elif key == "httponly":
            http_only = True
        elif key == "samesite":
            same_site = _SAME_SITE.get(text.lower(), SAME_SITE_DEFAULT)
    return SetCookie(name, value, expires, max_age, domain, path, secure, http_only, same_site)
