"""``InternetCreateUrl``: a URL put together. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pyinet._urls.crack import UrlParts
from pyinet._urls.escape import encode
from pyinet._urls.scheme import DEFAULT_PORTS, scheme_number, until_nul
from pyinet.enums import IcuFlag, InternetScheme
from pyinet.errors import CallerError, invalid_parameter

__all__ = ["checked_parts", "create"]

_HIERARCHICAL = frozenset({"FTP", "GOPHER", "HTTP", "HTTPS", "FILE"})


def checked_parts(parts: object) -> UrlParts:
    """Return what the caller of ``create_url`` gave, unset parts as "" and 0.

    Raises:
        CallerError: 87, it is no mapping or sequence of the parts, or one of them has the wrong type.
    """
    fields = UrlParts._fields
    given: Mapping[object, object]
    if isinstance(parts, Mapping):
        given = parts
    elif isinstance(parts, Sequence) and not isinstance(parts, (str, bytes, bytearray)) and len(parts) <= len(fields):
        given = dict(zip(fields, parts, strict=False))
    else:
        raise invalid_parameter(
            f"parts is {type(parts).__name__}, not the parts of a URL", hint="pass what crack_url returns, or a dict"
        )
    for name in given:
        if name not in fields:
            raise invalid_parameter(f"parts has {name!r}, which no URL has", hint=f"its parts are {', '.join(fields)}")
    text = {name: _text(name, given.get(name)) for name in fields if name not in {"scheme_number", "port"}}
    number = _number("scheme_number", given.get("scheme_number"))
    port = _number("port", given.get("port"))
    if not 0 <= port < 1 << 16:
        raise invalid_parameter(f"the port {port} is not between 0 and 65535")
    try:
        known = InternetScheme(number)
    except ValueError:
        known = InternetScheme.UNKNOWN
    return UrlParts(scheme_number=known, port=port, **text)


def _text(name: str, value: object) -> str:
    if value is None or (isinstance(value, int) and value == 0):
        return ""
    if not isinstance(value, str):
        raise _wrong_type(name, value, "str")
    return until_nul(value)


def _number(name: str, value: object) -> int:
    if value is None or value == "":
        return 0
    if not isinstance(value, int):
        raise _wrong_type(name, value, "int")
    return int(value)


def _wrong_type(name: str, value: object, wanted: str) -> CallerError:
    return invalid_parameter(f"{name} is {type(value).__name__}, not {wanted}")


def create(parts: UrlParts, flags: IcuFlag) -> str:
    """Return the URL made of *parts*; see `pyinet.create_url`."""
    scheme, number = _scheme(parts)
    if parts.password and not parts.user:
        raise invalid_parameter("a password without a user name")
    url = f"{scheme}:"
    if number.name in _HIERARCHICAL or parts.host:
        url += "//"
    if parts.user:
        url += parts.user + (f":{parts.password}" if parts.password else "") + "@"
    path, extra = parts.path, parts.extra
    if IcuFlag.ESCAPE in flags:
        path, extra = encode(path), encode(extra)
    if parts.host:
        url += parts.host
        if parts.port and parts.port != DEFAULT_PORTS.get(number):
            url += f":{parts.port}"
        if path and not path.startswith("/"):
            url += "/"
    return url + path + extra


def _scheme(parts: UrlParts) -> tuple[str, InternetScheme]:
    if parts.scheme:
        return parts.scheme, scheme_number(parts.scheme)
    number = parts.scheme_number or InternetScheme.HTTP
    if number < InternetScheme.DEFAULT:
        raise invalid_parameter(f"neither a scheme nor the number of one: {int(number)}")
    return number.name.lower(), number
