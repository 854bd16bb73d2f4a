"""Which proxy a request takes: the proxy strings of WinINet, and the environment variables of curl."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from pyinet._request.sendable import is_sendable
from pyinet.enums import AccessType, InternetErrorCode
from pyinet.errors import NotSupported, describe, invalid_parameter, redact

if TYPE_CHECKING:
    from collections.abc import Mapping
    from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

__all__ = ["ProxyConfig"]

_SEPARATORS = r"[ \t\r\n;]+"
_MAX_PORT = 65535
_PROTOCOLS = frozenset({"http", "https", "ftp", "gopher", "socks"})

# Default ports by the scheme of the proxy. libcurl has its own idea of an http proxy's; it holds for the
# environment variables, which have to mean what they mean to curl.
_WININET_PORTS = MappingProxyType(
    {"http": 80, "https": 443, "ftp": 21, "socks4": 1080, "socks4a": 1080, "socks5": 1080, "socks5h": 1080}
)
_CURL_PORTS = MappingProxyType({**_WININET_PORTS, "http": 1080})


class _Proxy(NamedTuple):
    """One proxy; *protocol* is what it is for, "" being all that have none of their own."""

    protocol: str
    scheme: str
    userinfo: str
    host: str
    port: int

    @property
    def url(self) -> str:
        userinfo = f"{self.userinfo}@" if self.userinfo else ""
        return f"{self.scheme}://{userinfo}{self.host}:{self.port}"

    def __repr__(self) -> str:
        return f"{self.protocol or '*'}={redact(self.url)}"


class _Bypass(NamedTuple):
    """Hosts that are reached without a proxy; an empty *scheme* or a *port* of 0 stands for all."""

    hosts: str  # regular expression
    scheme: str = ""
    port: int = 0

    def matches(self, scheme: str, host: str, port: int) -> bool:
        return (
            self.scheme in {"", scheme}
            and self.port in {0, port}
            and re.fullmatch(self.hosts, host, re.DOTALL) is not None
        )


class _BypassNetwork(NamedTuple):
    """Addresses of a network, as 10.0.0.0/8."""

    network: IPv4Network | IPv6Network

    def matches(self, _scheme: str, host: str, _port: int) -> bool:
        address = _address(host)
        return address is not None and address in self.network


_EVERY_HOST = _Bypass(r".*")
_LOOPBACK = _Bypass(r"localhost|loopback|127\.0\.0\.1|::1")
_LOCAL = _Bypass(r"[^.:]+")  # no period; and a colon makes it an IPv6 address, not a name


class ProxyConfig:
    """The proxies of a session and the hosts that bypass them. Immutable; `choose` is a pure function."""

    __slots__ = ("_bypass", "_proxies")

    def __init__(self, proxies: tuple[_Proxy, ...] = (), bypass: tuple[_Bypass | _BypassNetwork, ...] = ()) -> None:
        self._proxies = proxies
        self._bypass = bypass

    @classmethod
    def direct(cls) -> ProxyConfig:
        """No proxy for any host."""
        return cls()

    @classmethod
    def named(cls, proxy_name: str, proxy_bypass: str = "") -> ProxyConfig:
        """Proxies as WinINet's ``InternetOpen`` takes them.

        Args:
            proxy_name: Entries ``[protocol=][scheme://][user:password@]host[:port]`` between spaces or ``;``.
                A request takes the first entry of its protocol, else the first without one, else the one
                of ``socks=``, else no proxy. Protocols: http, https, ftp, gopher, socks. Schemes: http (the
                default), https, ftp, socks4, socks4a, socks5, socks5h; socks means socks5h. Ports: of the
                scheme, 80 if there is none, 1080 for SOCKS. Credentials stay percent-encoded.
            proxy_bypass: Hosts between ``;`` or spaces, each ``[scheme://]host[:port]`` with ``*`` for any
                text; ``<local>`` is every name without a period. localhost, loopback, 127.0.0.1 and [::1]
                bypass without being listed, unless ``<-loopback>`` is.

        Raises:
            CallerError: 87, *proxy_name* is empty or an entry is malformed.

        Source: ``InternetOpen`` and "Enabling Internet Functionality" of the WinINet documentation.
        """
        return cls(_parse_names(proxy_name), _parse_bypass(proxy_bypass))

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> ProxyConfig:
        """Proxies as curl takes them from environment variables.

        ``http_proxy`` (lower case alone: a CGI program gets HTTP_PROXY from its client), ``https_proxy``,
        ``ftp_proxy``, ``all_proxy`` and ``no_proxy``, the latter four also in upper case; lower case wins.
        ``no_proxy`` lists host names between commas or spaces: each with its subdomains, perhaps with a
        port; addresses and networks as 10.0.0.0/8; ``*`` for all. Unlike `named`, and like curl, the
        loopback hosts are not on that list by themselves.

        Args:
            environ: Environment variables.

        Raises:
            CallerError: 87, a variable is malformed.
        """
        bypass = _environment_bypass(environ)
        if _EVERY_HOST in bypass:
            return cls()
        variables = {
            "http": ("http_proxy",),
            "https": ("https_proxy", "HTTPS_PROXY"),
            "ftp": ("ftp_proxy", "FTP_PROXY"),
            "": ("all_proxy", "ALL_PROXY"),
        }
        proxies = []
        for protocol, names in variables.items():
            name = next((name for name in names if environ.get(name, "").strip()), None)
            if name is not None:
                source = f"the variable {name}"
                value = environ[name].strip()
                proxies.append(_parse_proxy(protocol, value, source, _CURL_PORTS, socks="socks4"))
        return cls(tuple(proxies), bypass)

    @classmethod
    def from_access_type(
        cls, access_type: int, proxy_name: str | None, proxy_bypass: str | None, environ: Mapping[str, str]
    ) -> ProxyConfig:
        """The configuration that the constructor of a session asks for.

        Args:
            access_type: An `AccessType`.
            proxy_name: As in `named`; used with `AccessType.PROXY` alone, as in WinINet.
            proxy_bypass: Likewise; None stands for the system's list: ``no_proxy`` and the loopback hosts.
            environ: Environment variables.

        Raises:
            CallerError: 87, *access_type* is none of them, or a proxy is missing or malformed.

        Source: ``CInternetSession::CInternetSession``.
        """
        if access_type == AccessType.DIRECT:
            return cls.direct()
        if access_type in {AccessType.PRECONFIG, AccessType.PRECONFIG_WITH_NO_AUTOPROXY}:
            return cls.from_environment(environ)
        if access_type != AccessType.PROXY:
            raise invalid_parameter(f"unknown access type {access_type!r}", "use a member of AccessType")
        if proxy_name is None:
            raise invalid_parameter("AccessType.PROXY without proxy_name", "name a proxy, or use AccessType.DIRECT")
        _check_text("proxy_name", proxy_name)
        _check_text("proxy_bypass", proxy_bypass)
        if proxy_bypass is None:
            return cls(_parse_names(proxy_name), (_LOOPBACK, *_environment_bypass(environ)))
        return cls.named(proxy_name, proxy_bypass)

    @property
    def is_direct(self) -> bool:
        """Whether `choose` returns None for every host, so that it need not be asked."""
        return not self._proxies

    def choose(self, scheme: str, host: str, port: int) -> str | None:
        """Return the proxy of a request as a URL for ``CURLOPT_PROXY``, or None for a direct connection.

        Args:
            scheme: Scheme of the request's URL.
            host: Its host as it stands there, IPv6 with or without brackets; names are not looked up.
            port: Its port, the default one if it has none.

        Raises:
            NotSupported: 50, the proxy is an FTP gateway.
        """
        if not self._proxies:
            return None
        scheme, host = scheme.lower(), _normalized(host)
        candidates = (p for wanted in (scheme, "", "socks") for p in self._proxies if p.protocol == wanted)
        proxy = next(candidates, None)
        if proxy is None or any(rule.matches(scheme, host, port) for rule in self._bypass):
            return None
        if proxy.scheme == "ftp":
            code = InternetErrorCode.ERROR_NOT_SUPPORTED
            what = f"FTP gateway {redact(proxy.url)}: not supported as a proxy"
            raise NotSupported(describe(what, code, hint="use an http proxy"), code)
        return proxy.url

    def __repr__(self) -> str:
        return f"<ProxyConfig {' '.join(map(repr, self._proxies)) or 'direct'}>"


def _check_text(what: str, value: object) -> None:
    if value is not None and not isinstance(value, str):
        raise invalid_parameter(f"{what} must be a str, not {type(value).__name__}")


def _parse_names(text: str) -> tuple[_Proxy, ...]:
    """Parse the proxy string of WinINet."""
    entries = [entry for entry in re.split(_SEPARATORS, text) if entry]
    if not entries:
        raise invalid_parameter("proxy_name is empty", "name a proxy, or use AccessType.DIRECT")
    return tuple(map(_parse_named, entries))


def _parse_named(entry: str) -> _Proxy:
    match = re.match(r"([a-z0-9]*)=", entry, re.IGNORECASE)
    if match is None:
        return _parse_proxy("", entry, "proxy_name", _WININET_PORTS, socks="socks5h")
    protocol, rest = match[1].lower(), entry[match.end() :]
    if protocol not in _PROTOCOLS:
        known = ", ".join(sorted(_PROTOCOLS))
        raise invalid_parameter(f"proxy_name: unknown protocol {protocol!r} of a proxy", f"known are {known}")
    if protocol == "socks" and "://" not in rest:
        rest = f"socks://{rest}"
    return _parse_proxy(protocol, rest, "proxy_name", _WININET_PORTS, socks="socks5h")


def _parse_proxy(protocol: str, text: str, source: str, ports: Mapping[str, int], *, socks: str) -> _Proxy:
    """Parse ``[scheme://][user:password@]host[:port]``; *socks* is what the scheme "socks" means."""
    scheme, separator, rest = text.partition("://")
    if not separator:
        scheme, rest = "http", text
    scheme = scheme.lower()
    scheme = socks if scheme == "socks" else scheme
    if scheme not in ports:
        raise invalid_parameter(f"{source}: unknown scheme {scheme!r} of a proxy", f"known are {', '.join(ports)}")
    userinfo, _, address = rest.removesuffix("/").rpartition("@")
    if re.search(r"[\s/?#]", userinfo):
        raise invalid_parameter(f"{source}: the credentials in {redact(text)!r} hold a delimiter", "percent-encode it")
    if "%" in userinfo:
        from urllib.parse import unquote  # here, as it costs import time

        if not is_sendable(unquote(userinfo)):
            raise invalid_parameter(f"{source}: the credentials in {redact(text)!r} hold a control character")
    host, port = _parse_address(address, f"{source}: {redact(text)!r}")
    # libcurl ends the credentials at the first "@", people mean the last one.
    return _Proxy(protocol, scheme, userinfo.replace("@", "%40"), host, port or ports[scheme])


def _parse_address(text: str, source: str) -> tuple[str, int]:
    """Split ``host[:port]``; the port is 0 when there is none."""
    match = re.fullmatch(r"(\[[^\[\]]*\]|[^:\[\]]*)(?::(.*))?", text, re.DOTALL)
    if match is None:
        raise invalid_parameter(f"{source}: cannot tell host from port", "write an IPv6 address in brackets")
    host, port = match[1], match[2]
    if host.startswith("[") and not (":" in host and _address(host[1:-1])):
        raise invalid_parameter(f"{source}: {host} is not an IPv6 address", "brackets are for IPv6 alone")
    if not host or re.search(r"[\s/?#\\<>]", host):
        raise invalid_parameter(f"{source}: {host!r} is not a host", "write host:port")
    if port is None:
        return host, 0
    if not re.fullmatch(r"[0-9]{1,5}", port) or not 0 < int(port) <= _MAX_PORT:
        raise invalid_parameter(f"{source}: {port!r} is not a port", f"a port is a number from 1 to {_MAX_PORT}")
    return host, int(port)


def _parse_bypass(text: str) -> tuple[_Bypass, ...]:
    """Parse the bypass list of WinINet."""
    rules = [_LOOPBACK]
    for entry in filter(None, re.split(_SEPARATORS, text.lower())):
        if entry == "<-loopback>":
            rules = [rule for rule in rules if rule is not _LOOPBACK]
        elif entry == "<local>":
            rules.append(_LOCAL)
        else:
            rules.append(_parse_bypass_entry(entry))
    return tuple(rules)


def _parse_bypass_entry(entry: str) -> _Bypass:
    scheme, separator, address = entry.partition("://")
    if not separator:
        scheme, address = "", entry
    if _address(address) or ("*" in address and address.count(":") > 1):
        host, port = address, 0  # IPv6 without brackets, perhaps with a wildcard
    else:
        host, port = _parse_address(address, f"proxy_bypass: {entry!r}")
    parts = re.split(r"\*+", _normalized(host))
    return _Bypass(".*".join(map(re.escape, parts)), scheme, port)


def _environment_bypass(environ: Mapping[str, str]) -> tuple[_Bypass | _BypassNetwork, ...]:
    """Parse ``no_proxy``. As in curl an entry that makes no sense is one that matches nothing."""
    text = environ.get("no_proxy") or environ.get("NO_PROXY") or ""
    entries = [entry for entry in re.split(r"[,\s]+", text.lower()) if entry.strip(".")]
    return (_EVERY_HOST,) if "*" in entries else tuple(map(_parse_no_proxy_entry, entries))


def _parse_no_proxy_entry(entry: str) -> _Bypass | _BypassNetwork:
    if "/" in entry:
        from ipaddress import ip_network  # here, as it costs import time and few need it

        try:
            return _BypassNetwork(ip_network(entry, strict=False))
        except ValueError:
            return _Bypass(re.escape(entry))
    match = None if _address(entry) else re.fullmatch(r"(.+):([0-9]{1,5})", entry)
    host, port = (match[1], int(match[2])) if match else (entry, 0)
    host = _normalized(host.removeprefix("."))
    # Subdomains of a name; but 10.0.0.1 is no subdomain of 0.1.
    subdomains = "" if re.fullmatch(r"[0-9.]+|.*:.*", host) else r"(?:.*\.)?"
    return _Bypass(subdomains + re.escape(host), port=port)


def _normalized(host: str) -> str:
    """Lower case, no brackets, no dot at the end, IPv6 in its short form."""
    host = host.lower().removeprefix("[").removesuffix("]").removesuffix(".")
    return str(_address(host) or host)


def _address(host: str) -> IPv4Address | IPv6Address | None:
    from ipaddress import ip_address  # here, as it costs import time and few have a proxy

    try:
        return ip_address(host)
    except ValueError:
        return None
