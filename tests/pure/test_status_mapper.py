"""Raw events of the core as statuses, without a network."""

from __future__ import annotations

import pickle

import pytest

from pyinet.enums import InternetStatus

native = pytest.importorskip("pyinet._native", reason="the kinds of events are numbers of the core")

from pyinet._transfer.status import NameMemory, ServerAddress, StatusMapper, is_literal  # noqa: E402

RESOLVING, CONNECTING, CONNECTED = 1, 2, 3
SENDING, SENT, RECEIVED, INTERIM, CLOSING, CLOSED = 4, 5, 6, 7, 8, 9
PAST_CONNECTING = [(CONNECTED, 80, "192.0.2.1"), (SENDING, 0, ""), (SENT, 99, ""), (RECEIVED, 120, "")]


def mapper(url: str = "http://host.test/", proxy: str | None = None, names: NameMemory | None = None) -> StatusMapper:
    found = StatusMapper(names or NameMemory())
    found.begin(url, proxy)
    return found


def told(found: StatusMapper, *events: tuple[int, int, str]) -> list[tuple[int, object]]:
    return [(int(status), info) for event in events for status, info in found.feed(*event)]


def connecting(address: str = "192.0.2.1", port: int = 80) -> tuple[int, int, str]:
    return CONNECTING, port, address


# ---- events ----


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        ((RESOLVING, 0, ""), [(10, "host.test")]),
        ((CONNECTING, 80, "192.0.2.1"), [(20, "192.0.2.1")]),
        ((CONNECTED, 80, "192.0.2.1"), [(21, "192.0.2.1")]),
        ((SENDING, 0, ""), [(30, None)]),
        ((SENT, 4711, ""), [(31, 4711), (40, None)]),
        ((RECEIVED, 815, ""), [(41, 815)]),
        ((INTERIM, 103, ""), [(120, 103)]),
        ((CLOSING, 0, ""), [(50, None)]),
        ((CLOSED, 0, ""), [(51, None)]),
    ],
    ids=lambda value: str(value[0]) if isinstance(value, tuple) else "told",
)
def test_each_event_tells_its_statuses(event: tuple[int, int, str], expected: list[tuple[int, object]]) -> None:
    assert told(mapper(), event) == expected


def test_the_numbers_of_events_are_those_of_the_core() -> None:
    names = ["RESOLVING", "CONNECTING", "CONNECTED", "SENDING", "SENT", "RECEIVED", "INTERIM", "CLOSING", "CLOSED"]
    assert [getattr(native.lib, f"PNET_EVENT_{name}") for name in names] == list(range(1, 10))


def test_a_whole_request_is_told_in_members_of_the_enum() -> None:
    events = [(RESOLVING, 0, ""), connecting(), *PAST_CONNECTING, (CLOSING, 0, ""), (CLOSED, 0, "")]
    found = mapper()
    statuses = [status for event in events for status, _ in found.feed(*event)]
    assert statuses == [10, 11, 20, 21, 30, 31, 40, 41, 50, 51]
    assert {type(status) for status in statuses} == {InternetStatus}


# ---- names ----


def test_a_name_is_resolved_when_the_first_address_is_tried() -> None:
    found = mapper()
    assert told(found, (RESOLVING, 0, ""), connecting("192.0.2.1"), connecting("192.0.2.2")) == [
        (10, "host.test"), (11, "192.0.2.1"), (20, "192.0.2.1"), (20, "192.0.2.2"),
    ]  # fmt: skip


def test_a_name_that_is_known_is_not_told() -> None:
    assert told(mapper(), connecting()) == [(20, "192.0.2.1")]


def test_a_lookup_that_fails_tells_no_address() -> None:
    found = mapper()
    assert told(found, (RESOLVING, 0, "")) == [(10, "host.test")]
    found.begin("http://other.test/", None)
    assert told(found, connecting()) == [(20, "192.0.2.1")], "the lookup was that of the hop before"


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("http://host.test", "host.test"), ("http://host.test?q", "host.test"),
        ("http://host.test:8080/a", "host.test"),
        ("https://user:p%40ss@host.test/", "host.test"), ("http://HOST.test/", "HOST.test"),
        ("http://xn--bcher-kva.test/", "xn--bcher-kva.test"), ("http://localhost/", "localhost"),
        ("http://1.example/", "1.example"), ("http://v1/", "v1"),
    ],
)  # fmt: skip
def test_the_name_is_the_host_of_the_url(url: str, name: str) -> None:
    assert told(mapper(url), (RESOLVING, 0, "")) == [(10, name)]


@pytest.mark.parametrize("proxy", ["http://proxy.test:3128", "http://u:p@proxy.test:3128", "socks5h://proxy.test:1080"])
def test_with_a_proxy_its_name_is_told(proxy: str) -> None:
    found = mapper("https://host.test/", proxy)
    assert told(found, (RESOLVING, 0, ""), connecting("192.0.2.9", 3128))[:2] == [
        (10, "proxy.test"), (11, "192.0.2.9"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1/", "http://127.0.0.1:8080/a", "http://[::1]/", "http://[::1]:8080/", "https://u:p@192.0.2.1/",
     "http://[2001:db8::1]/"],
)  # fmt: skip
def test_an_address_is_not_looked_up(url: str) -> None:
    assert told(mapper(url), (RESOLVING, 0, ""), connecting()) == [(20, "192.0.2.1")]


def test_neither_is_the_address_of_a_proxy() -> None:
    found = mapper("http://host.test/", "http://192.0.2.9:3128")
    assert told(found, (RESOLVING, 0, ""), connecting("192.0.2.9", 3128)) == [(20, "192.0.2.9")]


def test_each_hop_has_its_own_name() -> None:
    found = mapper("http://first.test/")
    assert told(found, (RESOLVING, 0, ""), connecting())[0] == (10, "first.test")
    found.begin("http://192.0.2.1/", None)
    assert told(found, (RESOLVING, 0, ""), connecting()) == [(20, "192.0.2.1")]
    found.begin("http://third.test/", None)
    assert told(found, (RESOLVING, 0, ""), connecting())[0] == (10, "third.test")


# ---- names that were given addresses ----


@pytest.mark.parametrize(
    "given", ["host.test", "HOST.test", "host.test:80", "*"], ids=["host", "any case", "host and port", "every"]
)
def test_a_name_with_a_given_address_is_told_once(given: str) -> None:
    names = NameMemory([given])
    first = [(10, "host.test"), (11, "192.0.2.1"), (20, "192.0.2.1")]
    assert told(mapper(names=names), (RESOLVING, 0, ""), connecting()) == first, "libcurl looks up the address alone"
    assert told(mapper(names=names), (RESOLVING, 0, ""), connecting()) == first[2:]
    assert told(mapper(names=names), connecting()) == first[2:]
    assert told(mapper("http://Host.Test/b", names=names), connecting()) == first[2:]


def test_other_names_are_looked_up_as_ever() -> None:
    names = NameMemory(["other.test", "host.test:8080"])
    for _ in range(2):
        assert told(mapper(names=names), (RESOLVING, 0, ""), connecting())[:2] == [
            (10, "host.test"), (11, "192.0.2.1"),
        ]  # fmt: skip


def test_a_name_is_told_once_whatever_the_port() -> None:
    names = NameMemory(["host.test:80", "host.test:81"])
    assert [status for status, _ in told(mapper("http://host.test:80/", names=names), connecting())] == [10, 11, 20]
    assert [status for status, _ in told(mapper("http://host.test:81/", names=names), connecting())] == [20]


def test_an_address_is_no_name_even_when_all_are_given_one() -> None:
    assert told(mapper("http://127.0.0.1/", names=NameMemory("*")), (RESOLVING, 0, ""), connecting()) == [
        (20, "192.0.2.1")
    ]


def test_the_name_of_a_proxy_may_have_a_given_address() -> None:
    found = mapper("http://host.test/", "http://proxy.test:3128", NameMemory(["proxy.test"]))
    assert told(found, (RESOLVING, 0, ""), connecting("192.0.2.9", 3128))[0] == (10, "proxy.test")


# ---- addresses ----


@pytest.mark.parametrize(
    ("address", "text", "sockaddr"),
    [
        ("192.0.2.1", "192.0.2.1", ("192.0.2.1", 80)),
        ("::1", "[::1]", ("::1", 80, 0, 0)),
        ("2001:db8::7", "[2001:db8::7]", ("2001:db8::7", 80, 0, 0)),
        ("::ffff:192.0.2.1", "[::ffff:192.0.2.1]", ("::ffff:192.0.2.1", 80, 0, 0)),
    ],
)
def test_an_address_is_text_and_a_sockaddr(address: str, text: str, sockaddr: tuple[object, ...]) -> None:
    events = told(mapper(), (RESOLVING, 0, ""), (CONNECTING, 80, address), (CONNECTED, 80, address))[1:]
    assert [status for status, _ in events] == [11, 20, 21]
    for _, info in events:
        assert isinstance(info, ServerAddress)
        assert isinstance(info, str)
        assert (str(info), info.sockaddr, info.port) == (text, sockaddr, 80)
        assert {text: 1}[info] == 1


@pytest.mark.parametrize("address", ["192.0.2.1", "::1"])
def test_an_address_may_be_pickled(address: str) -> None:
    before = ServerAddress(address, 443)
    after = pickle.loads(pickle.dumps(before))  # noqa: S301 - our own
    assert (after, after.sockaddr) == (before, before.sockaddr)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True), ("[::1]", True), ("[2001:db8::1]", True), ("255.255.255.255", True),
        ("", False), ("localhost", False), ("host1", False), ("1.2.3", False), ("1.2.3.4.5", False),
        ("256.0.0.1", False), ("1.example", False), ("example.1", False), ("[not]", False), ("0", False),
    ],
)  # fmt: skip
def test_which_hosts_are_addresses(host: str, expected: bool) -> None:
    assert is_literal(host) is expected
    memory = NameMemory()
    assert [memory.is_literal(host) for _ in range(2)] == [expected] * 2


def test_what_is_remembered_of_hosts_is_bounded() -> None:
    memory = NameMemory()
    for number in range(10_000):
        assert not memory.is_literal(f"host{number}.test")
    assert len(memory._literal) <= 4096
