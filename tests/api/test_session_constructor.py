"""The constructor of a session: every parameter, what it does to requests, and how it is refused."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Any

import pytest

from pyinet import (
    AccessType,
    CallerError,
    InternetException,
    InternetFlag,
    InternetOption,
    InternetSession,
    InternetStatus,
    Request,
)
from pyinet._transfer.engine import live_objects
from servers.scripted import ScriptedServer, response

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from servers.tls import CertificateAuthority


def direct(agent: str | None = "agent", **more: Any) -> InternetSession:  # noqa: ANN401 - as the session's
    return InternetSession(agent, access_type=AccessType.DIRECT, **more)


def through_file(session: InternetSession, url: str) -> None:
    with session.open_url(url) as file:
        file.read()


def through_rows(session: InternetSession, row: str | Request) -> None:
    (result,) = session.fetch([row])
    if result.error is not None:
        raise result.error


ASK: dict[str, Callable[[InternetSession, str], object]] = {
    "fetch_one": lambda session, url: session.fetch_one(url),
    "fetch_one of a Request": lambda session, url: session.fetch_one(Request(url)),
    "fetch": through_rows,
    "fetch of a Request": lambda session, url: through_rows(session, Request(url)),
    "fetch_one_async": lambda session, url: asyncio.run(session.fetch_one_async(url)),
    "open_url": through_file,
}
every_way = pytest.mark.parametrize("ask", ASK.values(), ids=ASK)

NO_PROXY = {"access_type": AccessType.PROXY}
PROXY = {"access_type": AccessType.PROXY, "proxy_name": "proxy.test:3128"}

REFUSED: dict[str, dict[str, Any]] = {
    "access type 2": {"access_type": 2},
    "access type 5": {"access_type": 5},
    "access type -1": {"access_type": -1},
    "access type None": {"access_type": None},
    "access type text": {"access_type": "PROXY"},
    "no proxy name": NO_PROXY,
    "empty proxy name": {**NO_PROXY, "proxy_name": ""},
    "blank proxy name": {**NO_PROXY, "proxy_name": " ;\t"},
    "proxy name of bytes": {**NO_PROXY, "proxy_name": b"proxy"},
    "proxy name a number": {**NO_PROXY, "proxy_name": 3128},
    "proxy port 0": {**NO_PROXY, "proxy_name": "proxy:0"},
    "proxy port too large": {**NO_PROXY, "proxy_name": "proxy:65536"},
    "proxy port no number": {**NO_PROXY, "proxy_name": "proxy:http"},
    "proxy of an unknown protocol": {**NO_PROXY, "proxy_name": "nntp=proxy"},
    "proxy of an unknown scheme": {**NO_PROXY, "proxy_name": "quic://proxy"},
    "second proxy malformed": {**NO_PROXY, "proxy_name": "http=proxy https=proxy:x"},
    "bypass a number": {**PROXY, "proxy_bypass": 5},
    "bypass of bytes": {**PROXY, "proxy_bypass": b"*"},
    "agent with a line break": {"agent": "a\r\nX: 1"},
    "agent with LF": {"agent": "a\n"},
    "agent with NUL": {"agent": "a\0"},
    "agent with a tab": {"agent": "a\tb"},
    "agent with DEL": {"agent": "a\x7f"},
    "agent half a surrogate pair": {"agent": "\ud800"},
    "agent of bytes": {"agent": b"agent"},
    "agent a number": {"agent": 5},
    "flag ASYNC": {"flags": InternetFlag.ASYNC},
    "flag ASYNC as a number": {"flags": 0x10000000},
    "flag ASYNC among others": {"flags": InternetFlag.ASYNC | InternetFlag.RELOAD},
    "flags None": {"flags": None},
    "flags text": {"flags": "RELOAD"},
    "flags no whole number": {"flags": 1.5},
    "context text": {"context": "1"},
    "context None": {"context": None},
    "context no whole number": {"context": 1.5},
    "ca that is not there": {"ca": "/nonexistent/ca.pem"},
    "ca empty": {"ca": ""},
    "ca no bytes": {"ca": b""},
    "ca bytes that are no PEM": {"ca": b"\x30\x82"},
    "ca a number": {"ca": 5},
    "ca a list": {"ca": ["ca.pem"]},
    "resolve text": {"resolve": "host"},
    "resolve a number": {"resolve": 5},
    "resolve a list": {"resolve": ["host"]},
    "resolve to a name": {"resolve": {"host": "other.test"}},
    "resolve to nothing": {"resolve": {"host": ""}},
    "resolve to None": {"resolve": {"host": None}},
    "resolve to a number": {"resolve": {"host": 2130706433}},
    "resolve to bytes": {"resolve": {"host": b"\x7f\0\0\1"}},
    "resolve to an address with a port": {"resolve": {"host": "127.0.0.1:80"}},
    "resolve to a short address": {"resolve": {"host": "127.1"}},
    "resolve to a list": {"resolve": {"host": ["127.0.0.1"]}},
    "resolve of nothing": {"resolve": {"": "127.0.0.1"}},
    "resolve of a number": {"resolve": {1: "127.0.0.1"}},
    "resolve of a URL": {"resolve": {"http://host": "127.0.0.1"}},
    "resolve of a URL with a port": {"resolve": {"http://host:80": "127.0.0.1"}},
    "resolve of a port": {"resolve": {":80": "127.0.0.1"}},
    "resolve of every host's port": {"resolve": {"*:80": "127.0.0.1"}},
    "resolve of a wildcard": {"resolve": {"*.example.test": "127.0.0.1"}},
    "resolve of a large port": {"resolve": {"host:65536": "127.0.0.1"}},
    "resolve of a negative port": {"resolve": {"host:-1": "127.0.0.1"}},
    "resolve of a port in other digits": {"resolve": {"host:\u00b2": "127.0.0.1"}},
    "resolve of a line break": {"resolve": {"host\nother": "127.0.0.1"}},
    "resolve of a space": {"resolve": {"a b": "127.0.0.1"}},
    "resolve of half a bracket": {"resolve": {"[::1": "127.0.0.1"}},
    "resolve of a name in brackets": {"resolve": {"[host]": "127.0.0.1"}},
    "resolve of too many colons": {"resolve": {"a:b:c": "127.0.0.1"}},
}


@pytest.mark.parametrize("wrong", REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_used_is_87_and_leaves_nothing(wrong: dict[str, Any]) -> None:
    before = live_objects()
    with pytest.raises(CallerError) as caught:
        InternetSession(**{"context": 77, **wrong})
    assert caught.value.code == 87
    assert caught.value.context == (77 if "context" not in wrong else 0)  # MFC: m_dwContext of the exception
    assert live_objects() == before


def test_the_arguments_stand_in_the_order_of_the_documentation() -> None:
    with InternetSession("a", 7, AccessType.PROXY, "p.test:1", "*.b.test", InternetFlag.RELOAD) as session:
        assert session.query_option(InternetOption.USER_AGENT) == "a"
        assert session.get_context() == 7
        assert tuple(session.query_option(InternetOption.PROXY)) == (3, "p.test:1", "*.b.test")
    with pytest.raises(TypeError):
        InternetSession("a", 7, 1, None, None, 0, None)  # type: ignore[call-arg]


# ---- agent ----


@pytest.mark.parametrize("agent", ["demo/1.0", "two words", "x" * 5000, "\u00e9", "\u65e5\u672c", "a: b", "%s"])
@every_way
def test_the_agent_is_sent(server: ScriptedServer, ask: Callable[..., object], agent: str) -> None:
    server.reply(response())
    with direct(agent) as session:
        ask(session, server.url())
    sent = (server.received[-1].header("user-agent") or "").encode("latin-1")
    assert sent == agent.encode("latin-1" if max(agent) <= "\xff" else "utf-8")  # as headers of a request are


def test_the_agent_is_the_same_beside_other_headers(server: ScriptedServer) -> None:
    server.route("/", response())
    with direct("caf\u00e9") as session:
        session.fetch_one(server.url())
        session.fetch_one(Request(server.url(), headers={"X": "y"}))
        session.open_url(server.url(), headers="X: y").close()
    assert [got.header("user-agent") for got in server.received] == ["caf\u00e9"] * 3


@every_way
def test_an_empty_agent_is_no_header(server: ScriptedServer, ask: Callable[..., object]) -> None:
    server.reply(response())
    with direct("") as session:
        ask(session, server.url())
        assert session.query_option(InternetOption.USER_AGENT) == ""
    assert server.received[-1].header("user-agent") is None


@pytest.mark.parametrize(
    ("argv", "agent"),
    [
        (["/some/where/mirror.py", "--x"], "mirror"),
        (["tool"], "tool"),
        (["./a.tar.gz"], "a.tar"),
        (["/x/\u00fcber\n.py"], "ber"),
        ([""], "pyinet"),
        ([], "pyinet"),
        (["/x/\u65e5.py"], "pyinet"),
    ],
)
def test_no_agent_is_the_name_of_the_program(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch, argv: list[str], agent: str
) -> None:
    monkeypatch.setattr(sys, "argv", argv)
    server.reply(response())
    with direct(None) as session:
        session.fetch_one(server.url())
    assert server.received[-1].header("user-agent") == agent


# ---- context ----


@pytest.mark.parametrize("context", [0, 1, 2, 77, 0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF])
@every_way
def test_the_context_is_that_of_errors(ask: Callable[..., object], context: int) -> None:
    with direct(context=context) as session:
        with pytest.raises(InternetException) as caught:
            ask(session, "http://bad host/")
        assert (session.get_context(), caught.value.context) == (context, context)


def test_the_context_is_1_unless_told() -> None:
    with direct() as session:
        assert session.get_context() == 1


class Told(InternetSession):
    """Keeps what it is told."""

    def __init__(self, context: int) -> None:
        super().__init__("agent", context, AccessType.DIRECT)
        self.told: set[int] = set()
        self.enable_status_callback()

    def on_status_callback(self, context: int, status: InternetStatus, info: object) -> None:  # noqa: ARG002
        self.told.add(context)


def test_each_session_is_told_with_its_own_context(server: ScriptedServer) -> None:
    server.route("/", response(b"x"))
    with Told(7) as seven, Told(8) as eight, Told(0) as silent:
        for session in (seven, eight, silent):
            through_file(session, server.url())
            session.fetch_one(Request(server.url(), context=1))
    assert (seven.told, eight.told, silent.told) == ({7}, {8}, set())


# ---- access types ----


@pytest.mark.parametrize(
    ("kind", "resolved"),
    [
        (0, 1),
        (1, 1),
        (4, 1),
        (AccessType.PRECONFIG, 1),
        (AccessType.DIRECT, 1),
        (AccessType.PRECONFIG_WITH_NO_AUTOPROXY, 1),
    ],
)
def test_without_proxies_every_type_is_direct(server: ScriptedServer, kind: int, resolved: int) -> None:
    server.reply(response(b"x"))
    with InternetSession("agent", 1, kind) as session:
        assert session.query_option(InternetOption.PROXY).access_type == resolved
        assert session.fetch_one(server.url()).body == b"x"


@pytest.mark.parametrize("kind", [AccessType.PRECONFIG, AccessType.PRECONFIG_WITH_NO_AUTOPROXY])
def test_preconfig_takes_the_environments_proxy(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch, kind: AccessType
) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{server.port}")
    server.reply(response(b"x"))
    with InternetSession("agent", 1, kind) as session:
        assert session.query_option(InternetOption.PROXY).access_type == AccessType.PROXY
        session.fetch_one("http://far.test/")
    assert server.requests == [b"GET http://far.test/ HTTP/1.1"]


@pytest.mark.parametrize("name", ["", "proxy:x", "127.0.0.1:9"])
@pytest.mark.parametrize("kind", [AccessType.PRECONFIG, AccessType.DIRECT])
def test_a_proxy_name_is_for_its_access_type_alone(server: ScriptedServer, kind: AccessType, name: str) -> None:
    server.reply(response(b"x"))
    with InternetSession("agent", 1, kind, name, "<-loopback>") as session:
        assert session.fetch_one(server.url()).body == b"x"


@every_way
def test_a_proxy_is_asked(server: ScriptedServer, ask: Callable[..., object]) -> None:
    server.reply(response(b"x"))
    with InternetSession("agent", 1, 3, f"http=127.0.0.1:{server.port}") as session:
        ask(session, "http://far.test/x")
    assert server.requests == [b"GET http://far.test/x HTTP/1.1"]


@pytest.mark.parametrize(
    ("bypass", "through"),
    [(None, False), ("", True), ("far.test", False), ("*.test", False), ("<local>", True), ("other;FAR.*", False)],
)
def test_the_bypass_list(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch, bypass: str | None, through: bool
) -> None:
    monkeypatch.setenv("no_proxy", "far.test")  # what None stands for
    server.reply(response(b"x"))
    with ScriptedServer() as proxy:
        proxy.reply(response(b"x"))
        name = f"127.0.0.1:{proxy.port}"
        with InternetSession("agent", 1, AccessType.PROXY, name, bypass, resolve={"far.test": "127.0.0.1"}) as session:
            session.fetch_one(f"http://far.test:{server.port}/")
        assert (len(proxy.received), len(server.received)) == (int(through), int(not through))


# ---- flags ----


@every_way
@pytest.mark.parametrize("flag", [InternetFlag.OFFLINE, InternetFlag.FROM_CACHE, 0x01000000])
def test_off_line_nothing_is_found_and_nothing_sent(
    server: ScriptedServer, ask: Callable[..., object], flag: int
) -> None:
    with direct(flags=flag) as session:
        for _ in range(2):
            with pytest.raises(CallerError) as caught:
                ask(session, server.url())
            assert caught.value.code == 2
    assert server.connections == 0


@pytest.mark.parametrize(
    ("flags", "pragma", "cache_control"),
    [
        (InternetFlag.RELOAD, "no-cache", "no-cache"),
        (InternetFlag.PRAGMA_NOCACHE, "no-cache", None),
        (InternetFlag.DONT_CACHE, None, None),
        (0, None, None),
    ],
)
@every_way
def test_flags_hold_for_every_request(
    server: ScriptedServer, ask: Callable[..., object], flags: int, pragma: str | None, cache_control: str | None
) -> None:
    server.reply(response())
    with direct(flags=flags) as session:
        ask(session, server.url())
    got = server.received[-1]
    assert (got.header("pragma"), got.header("cache-control")) == (pragma, cache_control)


@every_way
def test_no_auto_redirect_holds_for_every_request(server: ScriptedServer, ask: Callable[..., object]) -> None:
    server.reply(response(b"", "Location: /next", status="302 Found"))
    with direct(flags=InternetFlag.NO_AUTO_REDIRECT) as session:
        ask(session, server.url())
    assert server.requests == [b"GET / HTTP/1.1"]


@pytest.mark.parametrize("flags", [0x00000008, 1 << 33, 1 << 62, 0x02000000, 0x00020000, 0x20000000, 0x40000000, 0x80])
@every_way
def test_flags_without_a_meaning_here_are_ignored(
    server: ScriptedServer, ask: Callable[..., object], flags: int
) -> None:
    server.reply(response(b"x"))
    with direct(flags=flags) as session:
        ask(session, server.url())
    assert server.requests == [b"GET / HTTP/1.1"]


# ---- ca ----


@pytest.mark.parametrize("form", ["str", "path", "bytes", "text"])
@every_way
def test_roots_of_any_form_are_trusted(
    ca: CertificateAuthority, tls_server: ScriptedServer, ask: Callable[..., object], form: str
) -> None:
    forms: dict[str, str | Path | bytes] = {
        "str": str(ca.pem), "path": ca.pem, "bytes": ca.pem.read_bytes(), "text": ca.pem.read_text(),
    }  # fmt: skip
    tls_server.reply(response(b"x"))
    with direct(ca=forms[form]) as session:
        ask(session, tls_server.url())
    assert len(tls_server.received) == 1


def test_roots_in_memory_leave_no_file(
    ca: CertificateAuthority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with direct(ca=ca.pem.read_bytes()):
        assert len(list(tmp_path.iterdir())) == 1
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(CallerError):
        direct(ca=ca.pem.read_bytes(), resolve={"*": "nowhere"})
    assert list(tmp_path.iterdir()) == []


# ---- resolve ----


@pytest.mark.parametrize("key", ["far.test", "FAR.test", "far.test:{port}", "*", "far.test:"])
@every_way
def test_an_address_is_used_instead_of_dns(server: ScriptedServer, ask: Callable[..., object], key: str) -> None:
    server.reply(response(b"x"))
    with direct(resolve={key.format(port=server.port): "127.0.0.1"}) as session:
        ask(session, f"http://Far.Test:{server.port}/")
    assert server.received[-1].header("host") == f"Far.Test:{server.port}"


@pytest.mark.parametrize("key", ["::1", "[::1]", "[::1]:{port}", "[0:0:0:0:0:0:0:1]"])
def test_a_literal_of_ipv6_is_a_host_like_any_other(server: ScriptedServer, key: str) -> None:
    server.reply(response(b"x"))
    with direct(resolve={key.format(port=server.port): "127.0.0.1"}) as session:
        session.fetch_one(f"http://[::1]:{server.port}/")
        with pytest.raises(InternetException):  # and it stands for no other host
            session.fetch_one(f"http://{'x' * 64}.test:{server.port}/")
    assert len(server.received) == 1


def test_the_most_specific_entry_counts(server: ScriptedServer) -> None:
    server.route("/", response(b"x"))
    port = server.port
    orders = [{"*": "127.0.0.9", "far.test": "127.0.0.8", f"far.test:{port}": "127.0.0.1"},
              {f"far.test:{port}": "127.0.0.1", "far.test": "127.0.0.8", "*": "127.0.0.9"},
              {"*": "127.0.0.9", "far.test:1": "127.0.0.8", "far.test": "127.0.0.1"},
              {"far.test": "127.0.0.8", "*": "127.0.0.1"}]  # fmt: skip
    for resolve, host in zip(orders, ["far.test", "far.test", "far.test", "other.test"], strict=True):
        with direct(resolve=resolve) as session:
            assert session.fetch_one(f"http://{host}:{port}/").body == b"x"


def test_sessions_have_addresses_of_their_own(server: ScriptedServer) -> None:
    server.route("/", response(b"here"))
    url = f"http://far.test:{server.port}/"
    given = {"far.test": "127.0.0.1"}
    with direct(resolve=given) as one, direct(resolve={"far.test": "127.0.0.9"}) as two:
        given["far.test"] = "127.0.0.9"  # too late
        assert one.fetch_one(url).body == b"here"
        with pytest.raises(InternetException) as caught:
            two.fetch_one(url)
        assert caught.value.code == 12029
        assert one.fetch_one(url).body == b"here"


@pytest.mark.parametrize("resolve", [None, {}])
def test_nothing_to_resolve_is_nothing_special(server: ScriptedServer, resolve: dict[str, str] | None) -> None:
    server.reply(response(b"x"))
    with direct(resolve=resolve) as session:
        assert session.fetch_one(server.url()).body == b"x"
