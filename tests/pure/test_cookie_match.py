from __future__ import annotations

import pytest

from pyinet._cookies.match import (
    default_path,
    host_matches,
    is_ip_address,
    is_public_suffix,
    parent_domains,
    path_matches,
    split_target,
)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://h", (False, "h", "/")),
        ("https://h/", (True, "h", "/")),
        ("HTTPS://WWW.Example.ORG:443/A/b?c/d#e", (True, "www.example.org", "/A/b")),
        ("http://h?a/b", (False, "h", "/")),
        ("http://h#a/b", (False, "h", "/")),
        ("http://h/a#b?c", (False, "h", "/a")),
        ("http://u:p@h:8080/x", (False, "h", "/x")),
        ("http://a@b@h/", (False, "h", "/")),
        ("http://h/@x:y", (False, "h", "/@x:y")),
        ("http://h.:80/", (False, "h.", "/")),
        ("http://[::A]:8080/x", (False, "[::a]", "/x")),
        ("http://h//x", (False, "h", "//x")),
        ("http://h/%2f;p", (False, "h", "/%2f;p")),
        ("http://", (False, "", "/")),
        ("http:///x", (False, "", "/x")),
        ("https://:80/", (True, "", "/")),
    ],
)
def test_url_is_cut_into_what_cookies_ask_of_it(url: str, expected: tuple[bool, str, str]) -> None:
    assert split_target(url) == expected


@pytest.mark.parametrize("url", ["", "h", "ftp://h/", "http:/h", "httpx://h/", "about:blank"])
def test_other_urls_have_no_target(url: str) -> None:
    assert split_target(url) is None


@pytest.mark.parametrize(
    ("host", "domain", "expected"),
    [
        ("example.org", "example.org", True),
        ("www.example.org", "example.org", True),
        ("a.b.example.org", "example.org", True),
        ("badexample.org", "example.org", False),
        ("example.org", "www.example.org", False),
        ("example.org.", "example.org", False),
        ("www.example.org.", "example.org.", True),
        ("home.example.org", ".example.org", False),
        ("1.2.3.4", "1.2.3.4", True),
        ("1.2.3.4", "3.4", False),
        ("1.2.3.4", "4", False),
        ("[::1]", "[::1]", True),
        ("[::1]", "1]", False),
    ],
)
def test_host_matches_its_domains(host: str, domain: str, expected: object) -> None:
    assert host_matches(host, domain) is expected


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("www.example.org", ["example.org", "org"]),
        ("localhost", []),
        ("a.org.", ["org."]),
        ("1.2.3.4", []),
        ("[::ffff:1.2.3.4]", []),
    ],
)
def test_parents_are_those_a_host_matches(host: str, expected: list[str]) -> None:
    assert parent_domains(host) == expected
    assert all(host_matches(host, parent) for parent in expected)


@pytest.mark.parametrize("host", ["1.2.3.4", "127.1", "1.2.3.4.", "2130706433", "0x7f.1", "1.0x1", "[::1]"])
def test_addresses(host: str) -> None:
    assert is_ip_address(host)


@pytest.mark.parametrize("host", ["localhost", "4.example", "1.2.3.4.example.org", "a.b"])
def test_names_are_no_addresses(host: str) -> None:
    assert not is_ip_address(host)


@pytest.mark.parametrize(
    ("request_path", "cookie_path", "expected"),
    [
        ("/", "/", True),
        ("/foo", "/", True),
        ("/foo", "/foo", True),
        ("/foo/", "/foo", True),
        ("/foo/x", "/foo", True),
        ("/foobar", "/foo", False),
        ("/foo", "/foo/", False),
        ("/foo/x", "/foo/", True),
        ("/foo//x", "/foo/", True),
        ("/FOO", "/foo", False),
        ("/f%6Fo", "/foo", False),
        ("/foo", "/foo?", False),
    ],
)
def test_path_match(request_path: str, cookie_path: str, expected: object) -> None:
    assert path_matches(request_path, cookie_path) is expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [("/", "/"), ("/a", "/"), ("/a/", "/a"), ("/a/b", "/a"), ("/a/b/", "/a/b"), ("//", "/"), ("", "/"), ("a/b", "/")],
)
def test_default_path_is_the_directory(path: str, expected: str) -> None:
    assert default_path(path) == expected


@pytest.mark.parametrize(
    "domain",
    ["com", "localhost", "co.uk", "co.uk.", "com.pl", "github.io", "foo.ck", "xn--p1ai", "xn--55qx5d.cn", "not-listed"],
)
def test_public_suffixes(domain: str) -> None:
    assert is_public_suffix(domain)


@pytest.mark.parametrize(
    "domain",
    [
        "gmail.co.uk",
        "example.com",
        "www.ck",
        "a.github.io",
        "city.kawasaki.jp",
        "xn--85x722f.cn",
        "xn--\x7f.com",
        "a.b",
    ],
)
def test_what_can_be_registered_is_no_public_suffix(domain: str) -> None:
    assert not is_public_suffix(domain)
