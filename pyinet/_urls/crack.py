"""``InternetCrackUrl``: a URL taken apart. Pure."""

from __future__ import annotations

from typing import NamedTuple

from pyinet._urls.escape import decode
from pyinet._urls.scheme import DEFAULT_PORTS, invalid_url, scheme_number, split_scheme
from pyinet._wording import describe
from pyinet.enums import IcuFlag, InternetScheme
from pyinet.enums import InternetErrorCode as Code
from pyinet.errors import NotSupported

__all__ = ["UrlParts", "crack"]


class UrlParts(NamedTuple):
    """The parts of a URL (``URL_COMPONENTS``); what is absent is "" or 0."""

    scheme: str = ""
    """As written, without the colon."""
    scheme_number: InternetScheme = InternetScheme.DEFAULT
    host: str = ""
    """Without the port; an IPv6 address with its brackets."""
    port: int = 0
    """As written, else the default of the scheme, else 0."""
    user: str = ""
    password: str = ""
    path: str = ""
    """For ``file`` the path of the machine, already decoded."""
    extra: str = ""
    """From the first question mark, or where there is none from the first ``#``, to the end."""


def crack(url: str, flags: IcuFlag, *, windows: bool) -> UrlParts:
    """Return the parts of *url*; see `pyinet.crack_url`.

    Args:
        url: Up to its first NUL.
        flags: ``ICU_*``.
        windows: Whether file URLs become paths of Windows.
    """
    split = split_scheme(url)
    if split is None:
        code = Code.ERROR_INTERNET_UNRECOGNIZED_SCHEME
        what, hint = "the URL has no scheme", "combine_url makes a relative URL absolute"
        raise NotSupported(describe(what, code, url=url, hint=hint), code, url=url)
    scheme, rest = split
    number = scheme_number(scheme)
    body, extra = _cut_extra(rest)
    parts = UrlParts(scheme, number, path=body, extra=extra)
    if body.startswith("//"):
        parts = _with_authority(parts, body[2:], url)
    local = number is InternetScheme.FILE
    if local:
        parts = parts._replace(path=_local_path(parts, windows=windows))
    if flags & (IcuFlag.DECODE | IcuFlag.ESCAPE):
        path = parts.path if local else decode(parts.path)
        parts = parts._replace(
            host=decode(parts.host),
            user=decode(parts.user),
            password=decode(parts.password),
            path=path,
            extra=decode(parts.extra),
        )
    return parts


def _cut_extra(rest: str) -> tuple[str, str]:
    at = rest.find("?")
    if at < 0:
        at = rest.find("#")
    return (rest, "") if at < 0 else (rest[:at], rest[at:])


def _with_authority(parts: UrlParts, rest: str, url: str) -> UrlParts:
    # What stands between a "#" and the first "?" belongs to the path, and never to the host (RFC 3986 section 3.2).
    end = min((at for at in map(rest.find, "/#") if at >= 0), default=len(rest))
    authority, path = rest[:end], rest[end:]
    userinfo, at_sign, host_port = authority.partition("@")
    if not at_sign:
        userinfo, host_port = "", authority
    user, colon, password = userinfo.rpartition(":")
    if not colon:
        user, password = userinfo, ""
    parts = parts._replace(user=user, password=password, path=path)
    if parts.scheme_number is InternetScheme.RES:  # the host is a file's name: no port
        return parts._replace(host=host_port)
    host, port = _host_and_port(host_port, url)
    if parts.scheme_number is InternetScheme.FILE and len(host) <= 1:
        return parts._replace(path=host_port + path)  # a drive and no host
    if port is None:
        return parts._replace(host=host, port=DEFAULT_PORTS.get(parts.scheme_number, 0))
    if not (port.isascii() and port.isdigit() and len(port.lstrip("0")) < 6 and int(port) < 1 << 16):  # noqa: PLR2004
        raise invalid_url("the port is not a number below 65536", url)
    return parts._replace(host=host, port=int(port))


def _host_and_port(text: str, url: str) -> tuple[str, str | None]:
    """Return the host, and the port as written; None when there is none, or nothing behind its colon."""
    if text.startswith("["):
        address, close, behind = text.partition("]")
        if not close or behind[:1] not in {"", ":"}:
            raise invalid_url("the brackets of the host do not match", url)
        return address + close, behind[1:] or None
    host, colon, port = text.rpartition(":")
    return (host, port or None) if colon else (text, None)


def _local_path(parts: UrlParts, *, windows: bool) -> str:
    path = parts.path
    slash = "\\" if windows else "/"
    if path.startswith("/"):
        path = _decoded_path(path)
        bare = path[1:]
        if windows and bare[:1].isalpha() and bare[1:2] in {":", "|"}:
            path = f"{bare[0]}:{bare[2:]}"
        elif windows and parts.host and parts.host.lower() != "localhost":
            path = f"//{parts.host}{path}"
    if windows:
        path = path.replace("/", "\\")
    return path + slash if path.endswith((f"{slash}.", f"{slash}..")) else path


def _decoded_path(path: str) -> str:
    from urllib.parse import unquote_to_bytes  # here, as it costs import time

    # What is no UTF-8 becomes what the system's calls take it from, as in os.fsdecode.
    escaped = path.replace("%00", "%2500")  # the strings of the system end at a NUL
    return unquote_to_bytes(escaped.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogateescape")
