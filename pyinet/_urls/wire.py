"""URLs on their way to the wire: what is refused, what is encoded, how a redirect target is resolved. Pure."""

from __future__ import annotations

from typing import NamedTuple

from pyinet._wording import describe
from pyinet.enums import InternetErrorCode as Code
from pyinet.errors import CallerError, NotSupported

__all__ = [
    "Origin",
    "encode_url",
    "host_and_port",
    "is_ipv6_address",
    "join_url",
    "origin_of",
    "split_authority",
    "split_scheme",
]

_SCHEME_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.")
_PORTS = {"http": 80, "https": 443}
_PORT_DIGITS = 5


class Origin(NamedTuple):
    """Scheme, host and port of a URL (RFC 6454), in lower case; what credentials belong to."""

    scheme: str
    host: str
    port: int


def _refuse(what: str, url: str) -> CallerError:
    code = Code.ERROR_INTERNET_INVALID_URL
    return CallerError(describe(what, code, url=url), code, url=url)


def split_scheme(url: str) -> tuple[str, str]:
    """Return scheme in lower case and the rest of *url*.

    Raises:
        CallerError: 12005, there are no slashes behind http or https.
        NotSupported: 12006, there is no scheme, or it is another one.
    """
    scheme, mark, rest = url.partition("://")
    scheme = scheme.lower()
    if not mark or not scheme or not set(scheme) <= _SCHEME_CHARACTERS:
        what, code = "the URL has no scheme such as https://", Code.ERROR_INTERNET_UNRECOGNIZED_SCHEME
        if scheme.partition(":")[0] in _PORTS:
            raise _refuse(what, url)
        raise NotSupported(describe(what, code, url=url), code, url=url)
    if scheme not in _PORTS:
        code = Code.ERROR_INTERNET_UNRECOGNIZED_SCHEME
        what = f"the scheme {scheme}: is not supported here; http and https are"
        raise NotSupported(describe(what, code, url=url), code, url=url)
    return scheme, rest


def split_authority(rest: str) -> tuple[str, str]:
    """Split what stands behind ``scheme://`` into the authority and the rest (RFC 3986 section 3.2)."""
    end = min((at for at in map(rest.find, "/?#") if at >= 0), default=len(rest))
    return rest[:end], rest[end:]


def encode_url(url: str) -> str:
    """Return *url* as it goes to the wire: printable ASCII.

    Host names outside ASCII become their A-labels (IDNA 2008 with UTS 46 mapping), other characters outside ASCII
    and spaces are percent-encoded as UTF-8 (RFC 3986 section 2.5, RFC 3987 section 3.1). All else stays as it is.

    Raises:
        CallerError: 12005, a control character, no scheme, no host, a host that is none, or a port that is none.
        NotSupported: 12006, the scheme is not http or https.
    """
    if not url.isprintable():
        raise _refuse("the URL holds a control character or a line break", url)
    scheme, rest = split_scheme(url)
    authority, tail = split_authority(rest)
    if "\\" in authority:
        raise _refuse("the host holds a backslash", url)  # some take it for a slash: who is meant is anybody's guess
    userinfo, at_sign, host_port = authority.rpartition("@")
    if not host_port or host_port.startswith(":"):
        raise _refuse("the URL has no host", url)
    if " " in host_port:
        raise _refuse("the host holds a space", url)
    if ":" in host_port or "[" in host_port or "]" in host_port:
        _check_address_and_port(host_port, url)
    if not host_port.isascii():
        host, colon, port = host_port.partition(":")
        host_port = _a_labels(host, url) + colon + port
    return f"{scheme}://{_percent(userinfo)}{at_sign}{host_port}{_percent(tail)}"


def is_ipv6_address(text: str) -> bool:
    """Whether *text* is an IPv6 address, without brackets; with a zone or without."""
    from ipaddress import AddressValueError, IPv6Address  # here, as it costs import time, and few hosts are addresses

    try:
        IPv6Address(text)
    except AddressValueError:
        return False
    return True


def _check_address_and_port(host_port: str, url: str) -> None:
    """Raise 12005 unless brackets have an address in them, and a port is one."""
    if "[" in host_port or "]" in host_port:
        address, close, behind = host_port.partition("]")
        if not (address.startswith("[") and close and behind[:1] in {"", ":"}):
            raise _refuse("the brackets of the host do not match", url)
        if not is_ipv6_address(address[1:]):
            raise _refuse("there is no IPv6 address in the brackets of the host", url)
        port = behind[1:]
    else:
        port = host_port.partition(":")[2]
    if port and not _is_port(port):
        raise _refuse("the port is not a number below 65536", url)


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text.lstrip("0")) <= _PORT_DIGITS and int(text) < 1 << 16


def _a_labels(host: str, url: str) -> str:
    import idna  # here: most hosts are ASCII

    try:
        return idna.encode(host, uts46=True).decode("ascii")
    except idna.IDNAError as error:
        raise _refuse(f"the host name cannot be written in ASCII ({error})", url) from error


def _percent(text: str) -> str:
    if text.isascii() and " " not in text:
        return text
    from urllib.parse import quote  # here, as it costs import time

    return quote(text, safe="!\"#$%&'()*+,/:;<=>?@[\\]^_`{|}~-.")


def origin_of(url: str) -> Origin:
    """Return the origin of an encoded http or https URL.

    Raises:
        CallerError: 12005, the port is not a number.
    """
    scheme, _, rest = url.partition("://")
    host_port = split_authority(rest)[0].rpartition("@")[2].lower()
    host, colon, port = host_port.rpartition(":")
    if not colon or port.endswith("]"):
        host, port = host_port, ""
    if port and not _is_port(port):
        raise _refuse("the port is not a number below 65536", url)
    scheme = scheme.lower()
    return Origin(scheme, host, int(port) if port else _PORTS.get(scheme, 0))


def host_and_port(url: str) -> tuple[str, int]:
    """Return host, as it is written, and port of an encoded URL of a server or a proxy; 0 for a port unknown."""
    scheme, _, rest = url.partition("://")
    host_port = split_authority(rest)[0].rpartition("@")[2]
    host, colon, port = host_port.rpartition(":")
    if not colon or port.endswith("]"):
        return host_port, _PORTS.get(scheme.lower(), 0)
    return host, int(port) if port.isdigit() else 0


def join_url(base: str, reference: str) -> str:
    """Resolve a ``Location`` against the URL it came from (RFC 3986 section 5, RFC 9110 section 10.2.2).

    *reference* is the field value as latin-1; its bytes outside ASCII are percent-encoded. A fragment of *base* is
    kept when the target has none.
    """
    from urllib.parse import quote_from_bytes, urljoin  # here, as it costs import time

    raw = reference.encode("latin-1", "replace")
    target = quote_from_bytes(raw, safe="!\"#$%&'()*+,/:;<=>?@[\\]^_`{|}~-. \t\r\n\0").strip()
    scheme, colon, _ = target.partition(":")
    if not (colon and scheme[:1].isalpha() and set(scheme) <= _SCHEME_CHARACTERS):
        target = urljoin(base, target)  # not for absolute ones: it would lend them the host of the base
    _, mark, fragment = base.partition("#")
    return f"{target}#{fragment}" if mark and "#" not in target else target
