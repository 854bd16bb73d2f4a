"""The proxies that macOS and Windows are set to, in the words of the environment."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Settings = tuple[Mapping[str, str], tuple[str, ...]]
    """Proxies by scheme, and the hosts reached without."""

__all__ = ["proxy_environment"]


def proxy_environment(
    environ: Mapping[str, str], platform: str = sys.platform, ask: Callable[[str], Settings] | None = None
) -> Mapping[str, str]:
    """Return *environ*, with the proxies of the system where it names none itself.

    Args:
        environ: Environment variables.
        platform: As `sys.platform` says it; only darwin and win32 have settings of their own.
        ask: Tells the settings of a platform; None for those of this machine.
    """
    if platform not in {"darwin", "win32"} or any(
        name.lower().endswith("_proxy") and name.lower() != "no_proxy" and value.strip()
        for name, value in environ.items()
    ):
        return environ
    proxies, exceptions = (ask or _settings)(platform)
    found = {f"{scheme}_proxy": proxy for scheme, proxy in proxies.items() if scheme in {"http", "https", "all"}}
    if found and exceptions and not (environ.get("no_proxy") or environ.get("NO_PROXY")):
        found["no_proxy"] = ",".join(_as_suffix(host) for host in exceptions)
    return {**environ, **found}


def _as_suffix(host: str) -> str:
    """``*.example.org`` as curl's lists have it: ``.example.org``."""
    return host.removeprefix("*") if host.startswith("*.") else host


def _settings(platform: str) -> Settings:
    import urllib.request  # here, as it costs import time, and only two platforms need it

    if platform == "darwin":
        from _scproxy import _get_proxy_settings  # type: ignore[import-not-found]  # of macOS, as urllib asks it

        return urllib.request.getproxies_macosx_sysconf(), tuple(_get_proxy_settings().get("exceptions", ()))  # type: ignore[attr-defined]
    return urllib.request.getproxies_registry(), _registry_exceptions()  # type: ignore[attr-defined]


def _registry_exceptions() -> tuple[str, ...]:
    import winreg

    path = r"Software\Microsoft\Windows\CurrentVersion\Internet Settings"
    try:
        with winreg.OpenKey(winreg.HKEY_CURRENT_USER, path) as key:  # type: ignore[attr-defined]
            text = str(winreg.QueryValueEx(key, "ProxyOverride")[0])  # type: ignore[attr-defined]
    except OSError:
        return ()
    return tuple(part.strip() for part in text.split(";") if part.strip() and part.strip() != "<local>")
