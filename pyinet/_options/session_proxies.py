"""The proxies of a session, as its options change them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pyinet._network.system_proxy import proxy_environment
from pyinet._options.proxy_info import ProxyInfo, merged, parts_of, proxy_of_parts, resolved
from pyinet._process import PROCESS

if TYPE_CHECKING:
    from pyinet._options.proxy_info import Part
    from pyinet._settings import Settings

__all__ = ["SessionProxies"]


class SessionProxies:
    """The proxies of one session, as it was asked for them and as they are.

    Attributes:
        proxy: The proxies in use: never PRECONFIG.
    """

    def __init__(self, given: ProxyInfo) -> None:
        """*given*: the proxies that the constructor was asked for."""
        self.proxy = ProxyInfo(0)
        self._given = given
        self._parts: dict[int, Part] | None = None

    def use(self, given: ProxyInfo, settings: Settings) -> None:
        """Take these proxies from now on.

        Raises:
            CallerError: 87, they are malformed; nothing is changed.
        """
        self.proxy, settings.proxies = resolved(given, PROCESS.proxy, proxy_environment(os.environ))
        self._given, self._parts = given, None
        settings.forget_proxies()

    def refresh(self, settings: Settings) -> None:
        """Read the environment again, when that is where the proxies come from."""
        parts = self._parts
        self.use(self._given, settings)
        self._parts = parts

    @property
    def parts(self) -> dict[int, Part]:
        """The proxies as ``INTERNET_PER_CONN_*`` numbers and values."""
        return parts_of(self.proxy) if self._parts is None else self._parts

    def change_parts(self, changes: tuple[tuple[int, Part], ...], settings: Settings) -> None:
        """Change some of `parts`.

        Raises:
            CallerError: 87, they are malformed; nothing is changed.
        """
        parts = merged(self.parts, changes)
        self.use(proxy_of_parts(parts), settings)
        self._parts = parts
