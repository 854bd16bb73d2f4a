"""Proxies of macOS and Windows. What the systems themselves answer is not tried here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pyinet._network.system_proxy import proxy_environment

if TYPE_CHECKING:
    from collections.abc import Mapping


def told(platform: str) -> tuple[Mapping[str, str], tuple[str, ...]]:
    assert platform in {"darwin", "win32"}
    proxies = {"http": "http://proxy:3128", "https": "http://proxy:3129", "ftp": "ftp://proxy:21"}
    return proxies, ("*.example.org", "192.168.0.1", "localhost")


def not_asked(platform: str) -> tuple[Mapping[str, str], tuple[str, ...]]:
    raise AssertionError(platform)


@pytest.mark.parametrize("platform", ["darwin", "win32"])
def test_the_systems_settings_stand_for_the_environment(platform: str) -> None:
    assert proxy_environment({"A": "b", "https_proxy": " "}, platform, told) == {
        "A": "b",
        "http_proxy": "http://proxy:3128",
        "https_proxy": "http://proxy:3129",
        "no_proxy": ".example.org,192.168.0.1,localhost",
    }


@pytest.mark.parametrize("name", ["http_proxy", "HTTPS_PROXY", "all_proxy", "ftp_proxy"])
def test_the_environment_goes_first(name: str) -> None:
    environ = {name: "http://other:1"}
    assert proxy_environment(environ, "darwin", not_asked) is environ


def test_no_proxy_alone_is_kept() -> None:
    environ = proxy_environment({"NO_PROXY": "mine"}, "win32", told)
    assert (environ["http_proxy"], environ["NO_PROXY"], environ.get("no_proxy")) == ("http://proxy:3128", "mine", None)


def test_a_system_without_proxies_changes_nothing() -> None:
    assert proxy_environment({"A": "b"}, "darwin", lambda _: ({}, ("x",))) == {"A": "b"}


def test_other_systems_are_not_asked() -> None:
    environ = {"A": "b"}
    assert proxy_environment(environ, "linux", not_asked) is environ
