"""Values of command-line options: sizes, headers, addresses."""

from __future__ import annotations

import ipaddress
import re

import click

from pyinet.errors import InternetException
from pyinet.request import Request

_SIZE = re.compile(r"(\d+)([kMG]?)i?B?", re.IGNORECASE)
_SIZE_SHIFT = {"": 0, "k": 10, "m": 20, "g": 30}
_RESOLVE = re.compile(r"(\*|[^\s:=]+(?::\d{1,5})?)=\[?([^\s\[\]]+)\]?")


def size(text: str) -> int:
    """Return a count of bytes; k, M and G are powers of 1024.

    Raises:
        click.BadParameter: It is no such count, or none at all.
    """
    match = _SIZE.fullmatch(text)
    count = int(match[1]) << _SIZE_SHIFT[match[2].lower()] if match else 0
    if not count:
        raise click.BadParameter(f"{text!r} is no size; write for example 500000, 64k, 20M or 1G")
    return count


def header(text: str) -> tuple[str, str]:
    """Split "Name: value".

    Raises:
        click.BadParameter: It has no colon, or no request may carry it.
    """
    name, colon, value = text.partition(":")
    if not colon:
        raise click.BadParameter(f'{text!r} is no header; write "Name: value"')
    pair = (name, value.strip(" \t"))
    try:
        Request("", headers=[pair])
    except InternetException as error:
        raise click.BadParameter(str(error)) from error
    return pair


def resolve(text: str) -> tuple[str, str]:
    """Split HOST[:PORT]=ADDR; HOST may be "*".

    Raises:
        click.BadParameter: It has another form, or ADDR is no IP address.
    """
    match = _RESOLVE.fullmatch(text)
    if match is None:
        raise click.BadParameter(f"{text!r}: write HOST=ADDRESS, HOST:PORT=ADDRESS or *=ADDRESS")
    try:
        ipaddress.ip_address(match[2])
    except ValueError as error:
        raise click.BadParameter(f"{text!r}: {error}") from error
    return match[1], match[2]
