from __future__ import annotations

import re

import pytest

from pyinet._network.proxy import ProxyConfig
from pyinet.enums import AccessType
from pyinet.errors import CallerError, NotSupported

DOCUMENTED = "ftp=ftp://ftp-gw HTTP=https://jericho:99 proxy"  # the example of InternetOpen's page


def test_direct_has_no_proxy() -> None:
    config = ProxyConfig.direct()
    assert config.is_direct
    assert config.choose("http", "h", 80) is None


@pytest.mark.parametrize(
    ("name", "scheme", "url"),
    [
        (DOCUMENTED, "http", "https://jericho:99"),
        (DOCUMENTED, "https", "http://proxy:80"),
        (DOCUMENTED, "gopher", "http://proxy:80"),
        ("proxy", "http", "http://proxy:80"),
        ("proxy:8080", "HTTP", "http://proxy:8080"),
        ("http://proxy:8080/", "http", "http://proxy:8080"),
        ("https://proxy", "http", "https://proxy:443"),
        ("https=proxy", "https", "http://proxy:80"),
        ("https=proxy", "http", None),
        ("a b", "http", "http://a:80"),
        ("http=a http=b c", "http", "http://a:80"),
        (" \t;a:1;;http=b:2\r\n", "http", "http://b:2"),
        (" \t;a:1;;http=b:2\r\n", "https", "http://a:1"),
        ("socks=s", "http", "socks5h://s:1080"),
        ("socks=s:9 https=p", "https", "http://p:80"),
        ("socks=s:9 https=p", "http", "socks5h://s:9"),
        ("socks=socks4://s", "http", "socks4://s:1080"),
        ("socks=s p", "http", "http://p:80"),
        ("socks5h://s:9", "https", "socks5h://s:9"),
        ("socks://s", "http", "socks5h://s:1080"),
        ("u:p%40w@h:1", "http", "http://u:p%40w@h:1"),
        ("http=http://u:p=@h:1", "http", "http://u:p=@h:1"),
        ("http://u:p=@h:1", "http", "http://u:p=@h:1"),
        ("d\\u:p@w@h:1", "http", "http://d\\u:p%40w@h:1"),
        ("[::1]:3128", "http", "http://[::1]:3128"),
        ("http://[2001:db8::1]", "http", "http://[2001:db8::1]:80"),
    ],
)
def test_proxy_string_of_wininet(name: str, scheme: str, url: str | None) -> None:
    assert ProxyConfig.named(name).choose(scheme, "www.example.org", 80) == url


def test_ftp_gateway_is_refused_when_it_is_wanted() -> None:
    with pytest.raises(NotSupported, match=r"ftp://ftp-gw:21.*\[50 ERROR_NOT_SUPPORTED\]"):
        ProxyConfig.named(DOCUMENTED).choose("ftp", "h", 21)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("", "proxy_name is empty"),
        (" ; ", "proxy_name is empty"),
        ("h:http", "'http' is not a port"),
        ("h:", "'' is not a port"),
        ("h:0", "'0' is not a port"),
        ("h:65536", "'65536' is not a port"),
        ("h:+1", r"'\+1' is not a port"),
        ("h:\u0661", "is not a port"),
        (":80", "is not a host"),
        ("http://", "is not a host"),
        ("http://h/path", "is not a host"),
        ("::1", "is not a host|cannot tell host from port"),
        ("fe80::1:80", "cannot tell host from port|is not a port"),
        ("[::1", "cannot tell host from port"),
        ("[h]:80", "is not an IPv6 address"),
        ("[1.2.3.4]:80", "is not an IPv6 address"),
        ("quic://h", "unknown scheme 'quic'"),
        ("htp=h", "unknown protocol 'htp'"),
        ("=h", "unknown protocol ''"),
        ("u:p/w@h", "hold a delimiter"),
    ],
)
def test_malformed_proxy_is_error_87(name: str, text: str) -> None:
    with pytest.raises(CallerError, match=text) as caught:
        ProxyConfig.named(name)
    assert caught.value.code == 87


def test_no_password_is_shown() -> None:
    config = ProxyConfig.named("http://u:secret@h:1 ftp=ftp://u:secret@g")
    assert repr(config) == "<ProxyConfig *=http://u:***@h:1 ftp=ftp://u:***@g:21>"
    assert repr(ProxyConfig.direct()) == "<ProxyConfig direct>"
    assert "secret" not in repr(config._proxies)
    with pytest.raises(NotSupported) as unsupported:
        config.choose("ftp", "h", 21)
    assert "secret" not in str(unsupported.value)
    for text in ("u:secret@h:x", "http://u:secret/w@h", "u:secret@::1"):
        with pytest.raises(CallerError) as caught:
            ProxyConfig.named(text)
        assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("bypass", "host", "bypassed"),
    [
        ("", "localhost", True),
        ("", "LOOPBACK", True),
        ("", "127.0.0.1", True),
        ("", "[::1]", True),
        ("", "0:0:0:0:0:0:0:1", True),
        ("", "127.0.0.2", False),
        ("", "localhost.example.org", False),
        ("<-loopback>", "localhost", False),
        ("<-loopback>", "[::1]", False),
        ("<-LOOPBACK>;localhost", "localhost", True),
        ("<local>", "intranet", True),
        ("<LOCAL>", "intranet", True),
        ("<local>", "intranet.example.org", False),
        ("<local>", "2001:db8::1", False),
        ("*.example.org", "www.example.org", True),
        ("*.example.org", "a.b.Example.ORG", True),
        ("*.example.org", "example.org", False),
        ("example.org", "www.example.org", False),
        ("EXAMPLE.org", "example.org.", True),
        ("a;b c", "b", True),
        ("a;b c", "c", True),
        ("ms*", "msdn", True),
        ("*int*", "the-internet.example", True),
        ("*int*", "example", False),
        ("e.ample.org", "example.org", False),
        ("*", "any.example.org", True),
        ("10.*", "10.1.2.3", True),
        ("[2001:DB8::1]", "2001:db8:0::1", True),
        ("2001:db8:0::1", "[2001:db8::1]", True),
        ("2001:db8:*", "2001:db8::1", True),
        ("2001:db8:*", "2001:db9::1", False),
        ("example.org:8080", "example.org", False),
        ("example.org:80", "example.org", True),
        ("https://example.org", "example.org", False),
        ("http://example.org:80", "example.org", True),
        ("[::2]:80", "::2", True),
        ("[::2]:81", "::2", False),
    ],
)
def test_bypass_list_of_wininet(bypass: str, host: str, *, bypassed: bool) -> None:
    proxy = ProxyConfig.named("p", bypass).choose("http", host, 80)
    assert proxy == (None if bypassed else "http://p:80")


@pytest.mark.parametrize("bypass", ["h:x", "h:0", "e?ample.org", "<locl>", "[h]", "::x"])
def test_malformed_bypass_is_error_87(bypass: str) -> None:
    with pytest.raises(CallerError, match=re.escape(f"proxy_bypass: {bypass!r}: ")) as caught:
        ProxyConfig.named("p", bypass)
    assert caught.value.code == 87


@pytest.mark.parametrize(
    ("environ", "scheme", "url"),
    [
        ({}, "http", None),
        ({"http_proxy": "p:1"}, "http", "http://p:1"),
        ({"http_proxy": "p:1"}, "https", None),
        ({"HTTP_PROXY": "p:1"}, "http", None),
        ({"http_proxy": " "}, "http", None),
        ({"HTTPS_PROXY": "p:1"}, "https", "http://p:1"),
        ({"https_proxy": "a:1", "HTTPS_PROXY": "b:1"}, "https", "http://a:1"),
        ({"https_proxy": "", "HTTPS_PROXY": "b:1"}, "https", "http://b:1"),
        ({"ALL_PROXY": "p:1"}, "http", "http://p:1"),
        ({"all_proxy": "a:1", "http_proxy": "p:1"}, "http", "http://p:1"),
        ({"all_proxy": "a:1", "http_proxy": "p:1"}, "https", "http://a:1"),
        ({"http_proxy": "p"}, "http", "http://p:1080"),
        ({"http_proxy": "https://p/"}, "http", "https://p:443"),
        ({"http_proxy": "socks5h://p"}, "http", "socks5h://p:1080"),
        ({"http_proxy": "socks://p"}, "http", "socks4://p:1080"),
        ({"http_proxy": "http://u:p%2Fw@p:1/"}, "http", "http://u:p%2Fw@p:1"),
    ],
)
def test_environment_is_read_as_curl_reads_it(environ: dict[str, str], scheme: str, url: str | None) -> None:
    config = ProxyConfig.from_environment(environ)
    assert config.choose(scheme, "www.example.org", 80) == url


@pytest.mark.parametrize(
    ("no_proxy", "host", "bypassed"),
    [
        ("", "localhost", False),
        ("localhost", "localhost", True),
        ("example.org", "example.org", True),
        ("example.org", "www.example.org", True),
        ("example.org", "notexample.org", False),
        (".example.org", "example.org", True),
        (".Example.org", "www.EXAMPLE.org", True),
        ("a, example.org", "example.org", True),
        ("a example.org", "example.org", True),
        ("*", "example.org", True),
        ("a,*", "example.org", True),
        ("*.example.org", "www.example.org", False),
        ("example.org:80", "www.example.org", True),
        ("example.org:81", "www.example.org", False),
        ("127.0.0.1", "127.0.0.1", True),
        ("0.0.1", "127.0.0.1", False),
        ("10.0.0.0/8", "10.1.2.3", True),
        ("10.0.0.0/8", "11.1.2.3", False),
        ("10.0.0.0/8", "example.org", False),
        ("10.0.0.0/99", "10.1.2.3", False),
        ("2001:db8::/32", "[2001:db8::7]", True),
        ("[::1]", "::1", True),
        ("::1", "[::1]", True),
        ("[::1]:80", "::1", True),
        ("[::1]:81", "::1", False),
        (",.,", "example.org", False),
    ],
)
@pytest.mark.parametrize("variable", ["no_proxy", "NO_PROXY"])
def test_no_proxy_keeps_its_own_rules(variable: str, no_proxy: str, host: str, *, bypassed: bool) -> None:
    config = ProxyConfig.from_environment({"http_proxy": "p:1", variable: no_proxy})
    assert config.choose("http", host, 80) == (None if bypassed else "http://p:1")


def test_environment_without_effect_is_direct() -> None:
    assert ProxyConfig.from_environment({"no_proxy": "a"}).is_direct
    assert ProxyConfig.from_environment({"http_proxy": "p:1", "no_proxy": "*"}).is_direct
    assert not ProxyConfig.from_environment({"http_proxy": "p:1"}).is_direct


def test_malformed_variable_is_named() -> None:
    with pytest.raises(CallerError, match=r"the variable HTTPS_PROXY: .*'x' is not a port") as caught:
        ProxyConfig.from_environment({"HTTPS_PROXY": "u:secret@p:x"})
    assert caught.value.code == 87
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("access_type", "url"),
    [
        (AccessType.PRECONFIG, "http://e:1"),
        (AccessType.PRECONFIG_WITH_NO_AUTOPROXY, "http://e:1"),
        (AccessType.DIRECT, None),
        (AccessType.PROXY, "http://n:2"),
        (0, "http://e:1"),
    ],
)
def test_access_type_says_where_the_proxy_comes_from(access_type: int, url: str | None) -> None:
    config = ProxyConfig.from_access_type(access_type, "n:2", "", {"http_proxy": "e:1"})
    assert config.choose("http", "h", 80) == url


@pytest.mark.parametrize(
    ("access_type", "proxy_name", "text"),
    [
        (2, None, "unknown access type 2"),
        (AccessType.PROXY, None, "AccessType.PROXY without proxy_name"),
        (AccessType.PROXY, "", "proxy_name is empty"),
    ],
)
def test_bad_access_type_is_error_87(access_type: int, proxy_name: str | None, text: str) -> None:
    with pytest.raises(CallerError, match=text) as caught:
        ProxyConfig.from_access_type(access_type, proxy_name, None, {})
    assert caught.value.code == 87


@pytest.mark.parametrize(("bypass", "url"), [(None, None), ("", "http://n:2")])
def test_bypass_of_none_is_the_systems_list(bypass: str | None, url: str | None) -> None:
    config = ProxyConfig.from_access_type(AccessType.PROXY, "n:2", bypass, {"no_proxy": "h.example"})
    assert config.choose("http", "h.example", 80) == url
    assert config.choose("http", "localhost", 80) is None
