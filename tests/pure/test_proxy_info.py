from __future__ import annotations

import errno

import pytest

from pyinet._network.winsock import winsock_error
from pyinet._options.proxy_info import ProxyInfo, merged, parts_of, proxy_of_parts, resolved
from pyinet.errors import CallerError

ENVIRON = {"http_proxy": "http://u:p@h:1", "ALL_PROXY": "socks5://s", "no_proxy": ".a.b, c"}


@pytest.mark.parametrize(
    ("given", "of_process", "environ", "shown"),
    [
        (ProxyInfo(1, "p", "b"), None, ENVIRON, ProxyInfo(1)),
        (ProxyInfo(3, "http=p:1", "<local>"), None, ENVIRON, ProxyInfo(3, "http=p:1", "<local>")),
        (ProxyInfo(0), None, {}, ProxyInfo(1)),
        (ProxyInfo(4), None, {}, ProxyInfo(1)),
        (ProxyInfo(0), None, ENVIRON, ProxyInfo(3, "http=http://u:p@h:1 socks5://s:1080", ".a.b;c")),
        (ProxyInfo(0), None, {"http_proxy": "h:1"}, ProxyInfo(3, "http=http://h:1", None)),
        (ProxyInfo(0), ProxyInfo(3, "p:1", ""), ENVIRON, ProxyInfo(3, "p:1", "")),
        (ProxyInfo(0), ProxyInfo(1), ENVIRON, ProxyInfo(1)),
        (ProxyInfo(1), ProxyInfo(3, "p:1", ""), ENVIRON, ProxyInfo(1)),
    ],
    ids=["direct", "named", "none", "none, no script", "environment", "one", "of the process", "process direct", "own"],
)
def test_resolved_proxies_are_direct_or_named(
    given: ProxyInfo, of_process: ProxyInfo | None, environ: dict[str, str], shown: ProxyInfo
) -> None:
    info, config = resolved(given, of_process, environ)
    assert info == shown
    assert config.is_direct == (shown.access_type == 1)


def test_what_the_environment_says_can_be_given_back() -> None:
    info, config = resolved(ProxyInfo(0), None, ENVIRON)
    again, same = resolved(info, None, {})
    assert again == info
    for scheme in ("http", "https", "ftp"):
        assert same.choose(scheme, "x.example", 80) == config.choose(scheme, "x.example", 80)


@pytest.mark.parametrize("given", [ProxyInfo(2), ProxyInfo(3), ProxyInfo(3, ""), ProxyInfo(3, "h:x")])
def test_malformed_proxies_are_87(given: ProxyInfo) -> None:
    with pytest.raises(CallerError) as caught:
        resolved(given, None, {})
    assert caught.value.code == 87


@pytest.mark.parametrize("info", [ProxyInfo(1), ProxyInfo(3, "p:1", "<local>")])
def test_parts_and_proxies_are_two_forms_of_the_same(info: ProxyInfo) -> None:
    assert proxy_of_parts(parts_of(info)) == info


def test_parts_are_the_nine_that_there_are() -> None:
    assert list(parts_of(ProxyInfo(1)).items()) == [
        (1, 1), (2, None), (3, None), (4, None), (5, 0), (6, 0), (7, 0), (8, 0), (9, 0),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "info"),
    [
        ([(1, 2), (2, "p:1")], ProxyInfo(3, "p:1", "")),
        ([(1, 3), (2, "p:1"), (3, "b")], ProxyInfo(3, "p:1", "b")),
        ([(2, "p:1")], ProxyInfo(1)),
        ([(1, 2)], ProxyInfo(1)),
        ([(1, 12), (4, "http://h/x.pac")], ProxyInfo(1)),
    ],
    ids=["proxy", "proxy or direct", "server alone", "flags alone", "script"],
)
def test_parts_decide_by_flags_and_server(changes: list[tuple[int, int | str | None]], info: ProxyInfo) -> None:
    assert proxy_of_parts(merged(parts_of(ProxyInfo(1)), changes)) == info


def test_parts_6_to_9_stay_0() -> None:
    assert merged(parts_of(ProxyInfo(1)), [(7, 5), (5, 1)]) == {**parts_of(ProxyInfo(1)), 5: 1}


@pytest.mark.parametrize(
    ("os_errno", "number"),
    [(0, 0), (errno.ECONNREFUSED, 10061), (errno.ECONNRESET, 10054), (errno.EPIPE, 10058), (errno.ETIMEDOUT, 10060),
     (errno.EHOSTUNREACH, 10065), (errno.EAGAIN, 10035), (10054, 10054), (errno.ENOENT, errno.ENOENT)],
)  # fmt: skip
def test_winsock_number_of_an_errno(os_errno: int, number: int) -> None:
    assert winsock_error(os_errno) == number
