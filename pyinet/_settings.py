"""What a session hands to its transfers: proxies, flags, limits and clocks. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyinet._proxy import ProxyConfig
from pyinet._url import origin_of
from pyinet.enums import InternetFlag

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from pyinet._url import Origin

__all__ = ["CODINGS", "Settings"]

CODINGS = "gzip,deflate,br,zstd"
"""Content codings asked for, and undone by the core (RFC 9110 section 12.5.3). No spaces: libcurl writes headers
byte by byte."""

_NO_FLAGS = InternetFlag(0)
_PROXY_MEMORY = 4096  # origins whose proxy is remembered; choosing one costs some microseconds


class Settings:
    """Settings of one session; options change them, and transfers submitted later obey.

    Attributes:
        agent: User-Agent; "" for none.
        proxies: Which proxy for which host.
        flags: ``INTERNET_FLAG_*`` that every request gets.
        context: Context of errors whose request has none.
        max_redirects: Hops followed before 12156.
        connect_timeout_ms: From a slot to a connection (``INTERNET_OPTION_CONNECT_TIMEOUT``); 0 = no limit.
        receive_timeout_ms: Longest silence while a request is sent, awaited or answered
            (``INTERNET_OPTION_RECEIVE_TIMEOUT``); 0 = no limit.
        max_size: Decoded bytes of a body in memory whose request sets no limit.
        max_ratio: Decoded to received bytes, looked at beyond 16 MiB decoded.
    """

    __slots__ = (
        "_proxy_of", "agent", "connect_timeout_ms", "context", "flags", "max_ratio", "max_redirects", "max_size",
        "proxies", "receive_timeout_ms",
    )  # fmt: skip

    def __init__(
        self, agent: str = "", proxies: ProxyConfig | None = None, flags: InternetFlag = _NO_FLAGS, context: int = 1
    ) -> None:
        self.agent = agent
        self.proxies = proxies or ProxyConfig.direct()
        self.flags = flags
        self.context = context
        self.max_redirects = 10
        self.connect_timeout_ms = 60_000
        self.receive_timeout_ms = 30_000
        self.max_size = 1 << 30
        self.max_ratio = 250
        self._proxy_of: dict[Origin, str | None] = {}

    def own_lines(self, given: AbstractSet[str] = frozenset()) -> list[str]:
        """Header lines that every request gets unless it brings its own: names in *given*, in lower case."""
        lines = [] if "accept-encoding" in given else [f"Accept-Encoding: {CODINGS}"]
        if self.agent and "user-agent" not in given:
            lines.append(f"User-Agent: {self.agent}")
        return lines

    def proxy_for(self, url: str) -> str | None:
        """Return the proxy of an encoded URL, or None for a direct connection.

        Raises:
            InternetException: The URL has no usable port, or the proxy is of a kind that is not supported.
        """
        if self.proxies.is_direct:
            return None
        origin = origin_of(url)
        try:
            return self._proxy_of[origin]
        except KeyError:
            if len(self._proxy_of) >= _PROXY_MEMORY:
                self._proxy_of.clear()
            chosen = self._proxy_of[origin] = self.proxies.choose(*origin)
            return chosen
