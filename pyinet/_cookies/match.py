"""Which requests a cookie belongs to: hosts, paths and public suffixes (RFC 6265bis section 5.1). Pure."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList

__all__ = [
    "Target",
    "default_path",
    "host_matches",
    "is_ip_address",
    "is_public_suffix",
    "normal_path",
    "parent_domains",
    "path_matches",
    "split_target",
]

_A_LABEL = "xn--"


class Target(NamedTuple):
    """What cookies ask of a URL."""

    secure: bool
    """Whether the scheme is https."""
    host: str
    """In lower case; IPv6 in brackets; a trailing dot is part of it; empty when the URL has none."""
    path: str
    """Without query, fragment and dot segments; ``/`` when the URL has none."""


def split_target(url: str) -> Target | None:
    """Cut an http or https URL, None for another; by hand, as every request does it."""
    if url[:8].lower() == "https://":
        secure, start = True, 8
    elif url[:7].lower() == "http://":
        secure, start = False, 7
    else:
        return None
    slash = url.find("/", start)
    authority = url[start:] if slash < 0 else url[start:slash]
    path = "/" if slash < 0 else url[slash:]
    if "?" in authority or "#" in authority:  # the slash stands behind the end of the authority
        authority, path = authority.partition("#")[0].partition("?")[0], "/"
    elif "?" in path or "#" in path:
        path = path.partition("#")[0].partition("?")[0]
    if "@" in authority:
        authority = authority.rpartition("@")[2]
    if authority.startswith("["):
        host, closed, _ = authority.partition("]")
        authority = host + closed
    elif ":" in authority:
        authority = authority.partition(":")[0]
    return Target(secure, authority.lower(), normal_path(path))


def normal_path(path: str) -> str:
    """Return *path*, which begins with a slash, without its dot segments, as it is sent (RFC 3986 section 5.2.4).

    An encoded dot counts as one: newer versions of libcurl take it for one, and so do most servers.
    """
    if "/." not in path and "/%2" not in path:
        return path
    kept: list[str] = []
    plain = ""
    for segment in path.split("/")[1:]:
        plain = segment.lower().replace("%2e", ".")
        if plain == "..":
            del kept[-1:]
        elif plain != ".":
            kept.append(segment)
    if plain in {".", ".."}:
        kept.append("")  # a directory
    return "/" + "/".join(kept)


def is_ip_address(host: str) -> bool:
    """Tell whether *host* is an address: IPv6 in brackets, or a last label which is a number as in IPv4.

    No top-level domain is a number (RFC 3696 section 2), so this does not take a name for an address.
    """
    if host.startswith("["):
        return True
    last = host.removesuffix(".").rpartition(".")[2]
    return last.isdigit() or last.startswith("0x")


def host_matches(host: str, domain: str) -> bool:
    """Tell whether *host* domain-matches *domain*, both in lower case (RFC 6265bis section 5.1.3)."""
    if host == domain:
        return True
    return host.endswith(domain) and host[-len(domain) - 1 : -len(domain)] == "." and not is_ip_address(host)


def parent_domains(host: str) -> list[str]:
    """Return every domain which *host* domain-matches beside itself, nearest first."""
    if is_ip_address(host):
        return []
    parents = []
    dot = host.find(".")
    while 0 <= dot < len(host) - 1:
        parents.append(host[dot + 1 :])
        dot = host.find(".", dot + 1)
    return parents


def path_matches(request_path: str, cookie_path: str) -> bool:
    """Tell whether *request_path* path-matches *cookie_path* (RFC 6265bis section 5.1.4)."""
    if not request_path.startswith(cookie_path):
        return False
    size = len(cookie_path)
    return len(request_path) == size or cookie_path.endswith("/") or request_path[size] == "/"


def default_path(request_path: str) -> str:
    """Return the path of a cookie which names none: the directory of the request (RFC 6265bis section 5.1.4)."""
    return request_path[: request_path.rfind("/")] or "/" if request_path.startswith("/") else "/"


def is_public_suffix(domain: str) -> bool:
    """Tell whether *domain*, in lower case, is one under which anyone can register, as ``co.uk``.

    By the list of publicsuffix.org, its private part included; a name of one label always is. The list is read at
    the first domain of more labels, which takes about 30 ms.
    """
    domain = domain.removesuffix(".")
    if "." not in domain:
        return True
    if _A_LABEL in domain:
        domain = ".".join(_unicode_label(label) for label in domain.split("."))
    return _public_suffix_list().is_public(domain)


@cache
def _public_suffix_list() -> PublicSuffixList:
    from publicsuffixlist import PublicSuffixList  # here: only Domain attributes need it

    # Its own A-labels would double the list and treble the time; the domain asked for is decoded instead.
    return PublicSuffixList(accept_encoded_idn=False)


def _unicode_label(label: str) -> str:
    if not label.startswith(_A_LABEL):
        return label
    try:
        return label.removeprefix(_A_LABEL).encode("ascii").decode("punycode")
    except UnicodeError:
        return label
