"""What a session hands to its transfers: proxies, flags, limits, clocks, cookies, and header lines of all requests."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from pyinet._network.proxy import ProxyConfig
from pyinet._urls.wire import origin_of
from pyinet.cookiejar import CookieJar
from pyinet.enums import InternetFlag

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Set as AbstractSet

    from pyinet._urls.wire import Origin

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
        flag_bits: The same as a plain number.
        context: Context of errors whose request has none.
        max_redirects: Hops followed before 12156.
        connect_timeout_ms: From a slot to a connection (``INTERNET_OPTION_CONNECT_TIMEOUT``); 0 = no limit.
        receive_timeout_ms: Longest silence while a request is sent, awaited or answered
            (``INTERNET_OPTION_RECEIVE_TIMEOUT``); 0 = no limit.
        max_size: Decoded bytes of a body in memory whose request sets no limit.
        max_ratio: Decoded to received bytes, looked at beyond 16 MiB decoded.
        jar: The session's cookies.
        send_timeout_ms: As receive_timeout_ms, while the request body is sent (``INTERNET_OPTION_SEND_TIMEOUT``).
        connect_retries: Addresses of a name that are tried (``INTERNET_OPTION_CONNECT_RETRIES``).
        http_decoding: Whether files ask for gzip and deflate, and undo them (``INTERNET_OPTION_HTTP_DECODING``).
        http2: Whether files may speak HTTP/2 (``INTERNET_OPTION_ENABLE_HTTP_PROTOCOL``).
        error_mask: ``INTERNET_OPTION_ERROR_MASK``.
        proxy_user: User name for the proxy (``INTERNET_OPTION_PROXY_USERNAME``); None: that of the proxy's URL.
        proxy_password: Password that goes with it (``INTERNET_OPTION_PROXY_PASSWORD``).
        stored: Values of options as they were set, by number. Copies share it: `store` replaces it.
        is_default: The engine's own header lines are those of these settings.
    """

    __slots__ = (
        "_proxy_of", "agent", "connect_retries", "connect_timeout_ms", "context", "error_mask", "flag_bits", "flags",
        "http2", "http_decoding", "is_default", "jar", "max_ratio", "max_redirects", "max_size", "proxies",
        "proxy_password", "proxy_user", "receive_timeout_ms", "send_timeout_ms", "stored",
    )  # fmt: skip

    def __init__(
        self, agent: str = "", proxies: ProxyConfig | None = None, flags: InternetFlag = _NO_FLAGS, context: int = 1
    ) -> None:
        self.agent = agent
        self.proxies = proxies or ProxyConfig.direct()
        self.flags = flags
        self.flag_bits = int(flags)
        self.context = context
        self.max_redirects = 10
        self.connect_timeout_ms = 60_000
        self.receive_timeout_ms = 30_000
        self.send_timeout_ms = 30_000
        self.connect_retries = 5
        self.http_decoding = False
        self.http2 = False
        self.error_mask = 0
        self.is_default = True
        self.jar = CookieJar()
        self.max_size = 1 << 30
        self.max_ratio = 250
        self.proxy_user: str | None = None
        self.proxy_password: str | None = None
        self.stored: Mapping[int, object] = {}
        self._proxy_of: dict[Origin, str | None] = {}

    @property
    def is_special(self) -> bool:
        """Whether files are more than plain HTTP/1.1 with the engine's own header lines."""
        return self.http_decoding or self.http2

    def cookies_for(self, url: str) -> str:
        """Value of Cookie for a request to an encoded URL now; "" for none."""
        return self.jar.header(url, time.time()) if self.jar else ""

    def store_cookies(self, url: str, lines: list[str]) -> None:
        """Store the Set-Cookie values of an answer from *url*."""
        if lines:
            self.jar.store(url, lines, time.time())

    def copy(self) -> Settings:
        """Return a copy that shares the jar: later changes of either do not reach the other."""
        other = Settings.__new__(Settings)
        for name in Settings.__slots__:
            setattr(other, name, getattr(self, name))
        other.forget_proxies()
        return other

    @property
    def clocks(self) -> tuple[int, ...]:
        """All that `queue_config` tells: what two settings must agree in for their transfers to share a queue."""
        return (
            self.max_size, self.max_ratio, self.connect_timeout_ms, self.send_timeout_ms, self.receive_timeout_ms,
            self.connect_retries,
        )  # fmt: skip

    def store(self, option: int, value: object) -> None:
        """Remember the value of an option. Copies made before keep theirs."""
        self.stored = {**self.stored, int(option): value}

    def queue_config(self, **more: int) -> dict[str, int]:
        """Limits and clocks as ``struct pnet_queue_config`` has them, and *more* of its fields."""
        silence_us = self.receive_timeout_ms * 1000
        return {
            "max_size": self.max_size,
            "max_ratio": self.max_ratio,
            "connect_time_us": self.connect_timeout_ms * 1000,
            "send_time_us": self.send_timeout_ms * 1000,
            "reply_time_us": silence_us,
            "idle_time_us": silence_us,
            "max_addresses": self.connect_retries,
            **more,
        }

    def __getstate__(self) -> dict[str, Any]:
        """All but the cookies: they stay with their session."""
        return {name: getattr(self, name) for name in Settings.__slots__ if name not in {"jar", "_proxy_of"}}

    def __setstate__(self, state: dict[str, Any]) -> None:
        for name, value in state.items():
            setattr(self, name, value)
        self.jar = CookieJar()
        self.forget_proxies()

    def forget_proxies(self) -> None:
        """`proxies` changed."""
        self._proxy_of = {}

    def own_lines(self, given: AbstractSet[str] = frozenset()) -> list[str]:
        """Header lines that every request gets unless it brings its own: names in *given*, in lower case."""
        lines = [] if "accept-encoding" in given else [f"Accept-Encoding: {CODINGS}"]
        if self.agent and "user-agent" not in given:
            lines.append(f"User-Agent: {self.agent}")
        elif not self.is_default and "user-agent" not in given:
            lines.append("User-Agent:")  # no lines at all would stand for those the engine was made with
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
