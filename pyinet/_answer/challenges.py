"""What a server or a proxy asks for: WWW-Authenticate and Proxy-Authenticate, RFC 9110 section 11.6.1. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["Challenge", "parse_challenges"]

_BETWEEN = re.compile(r"[ \t,]*")
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_TOKEN_68 = re.compile(r"[ \t]+[A-Za-z0-9\-._~+/]+=*[ \t]*(?=,|\Z)")
_BEFORE_PARAMETER = re.compile(r"[ \t]+(?=[!#$%&'*+\-.^_`|~0-9A-Za-z]+[ \t]*=)")
_EQUALS = re.compile(r"[ \t]*=[ \t]*")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)(?:"|\\?\Z)', re.DOTALL)
_UNQUOTED = re.compile(r"[^,]*")
_PAIR = re.compile(r"\\(.)", re.DOTALL)


class Challenge(NamedTuple):
    """One way to authenticate that is asked for.

    Attributes:
        host: Host, and port where it is not the usual one, of who asks.
        realm: What the credentials are for, as the server names it; "" when it does not.
        scheme: ``Basic``, ``Digest``, ``NTLM``, ``Negotiate`` or another, as it was sent.
        is_proxy: Whether a proxy asks.
    """

    host: str
    realm: str
    scheme: str
    is_proxy: bool


def parse_challenges(lines: Iterable[str], *, host: str = "", is_proxy: bool = False) -> list[Challenge]:
    """Return the challenges of a response in order. What is malformed is passed over.

    Args:
        lines: Values of WWW-Authenticate or Proxy-Authenticate; one may hold several challenges.
        host: Who asks.
        is_proxy: Whether that is a proxy.
    """
    return [Challenge(host, realm, scheme, is_proxy) for line in lines for scheme, realm in _schemes(line)]


def _schemes(line: str) -> Iterator[tuple[str, str]]:
    """Yield scheme and realm of every challenge in *line*."""
    scheme, realm = "", None
    at = 0
    while (at := _end(_BETWEEN, line, at)) < len(line):
        name = _TOKEN.match(line, at)
        if name is None:
            at = _end(_UNQUOTED, line, at)
            continue
        equals = _EQUALS.match(line, name.end())
        if equals is not None:
            value, at = _value(line, equals.end())
            if name[0].lower() == "realm" and realm is None:
                realm = value
            continue
        if scheme:
            yield scheme, realm or ""
        scheme, realm = name[0], None
        at = name.end()
        at = _end(_TOKEN_68, line, at) or _end(_BEFORE_PARAMETER, line, at) or _end(_UNQUOTED, line, at)
    if scheme:
        yield scheme, realm or ""


def _value(line: str, at: int) -> tuple[str, int]:
    quoted = _QUOTED.match(line, at)
    if quoted is not None:
        return _PAIR.sub(r"\1", quoted[1]), _end(_UNQUOTED, line, quoted.end())
    end = _end(_UNQUOTED, line, at)  # to the comma: some realms have blanks and no quotes
    return line[at:end].strip(" \t"), end


def _end(pattern: re.Pattern[str], line: str, at: int) -> int:
    found = pattern.match(line, at)
    return 0 if found is None else found.end()
