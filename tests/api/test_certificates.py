"""Certificates with a fault: each fault has its error, and each flag forgives its own fault and no other."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives import serialization

from pyinet import AccessType, InternetFlag, InternetSession, NotSupported, Request, TlsError
from pyinet._transfer.faults import Faults
from pyinet._transfer.ffi import lib
from pyinet._transfer.pack import Row
from pyinet._transfer.record import NO_DETAILS, Details
from servers.authority import CLIENTS, FUTURE, PAST, Authority
from servers.https_proxy import tls_tunnel_to
from servers.scripted import ScriptedServer, response

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from pyinet._transfer.streaming import Streaming
    from servers.nginx import Nginx

UNKNOWN_CA, WRONG_USAGE, WRONG_NAME, WRONG_DATE, REVOCATION = 0x100, 0x200, 0x1000, 0x2000, 0x80
"""SECURITY_FLAG_IGNORE_* of option 31."""

FAULTS: dict[str, tuple[int, int]] = {
    "expired": (12037, WRONG_DATE),
    "not yet valid": (12037, WRONG_DATE),
    "another host": (12038, WRONG_NAME),
    "another host in its common name alone": (12038, WRONG_NAME),
    "no name at all": (12038, WRONG_NAME),
    "unknown authority": (12045, UNKNOWN_CA),
    "for clients": (12169, WRONG_USAGE),
}
"""Fault to its error, and the flag that forgives it."""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Who is trusted."""
    return Authority(tmp_path_factory.mktemp("root"))


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Who is not."""
    return Authority(tmp_path_factory.mktemp("stranger"), "a stranger")


@pytest.fixture(scope="module")
def bad(root: Authority, stranger: Authority) -> dict[str, Path]:
    """A certificate for each of `FAULTS`, and some with two."""
    return {
        "expired": root.issue(days=PAST),
        "not yet valid": root.issue(days=FUTURE),
        "another host": root.issue(hosts=["elsewhere.test"]),
        "another host in its common name alone": root.issue(hosts=[], common_name="elsewhere.test"),
        "no name at all": root.issue(hosts=[]),
        "unknown authority": stranger.issue(),
        "for clients": root.issue(usage=CLIENTS),
        "expired, unknown authority": stranger.issue(days=PAST),
        "expired, another host": root.issue(days=PAST, hosts=["elsewhere.test"]),
        "all": stranger.issue(days=PAST, hosts=["elsewhere.test"], usage=CLIENTS),
    }


@pytest.fixture
def trusting(root: Authority) -> Iterator[InternetSession]:
    with InternetSession("t", access_type=AccessType.DIRECT, ca=root.pem) as session:
        yield session


@pytest.fixture
def showing(root: Authority, bad: dict[str, Path]) -> Callable[[str], AbstractContextManager[ScriptedServer]]:
    """Makes a server that shows a certificate of `bad`, and answers any request."""

    def make(name: str) -> ScriptedServer:
        server = ScriptedServer(tls=root.serve(bad.get(name)))
        server.route("/", response(b"hello"))
        return server

    return make


def begun(session: InternetSession, url: str, security: int = 0, flags: int = 0) -> Streaming:
    """The beginning of an answer, on the level where option 31 arrives."""
    stream = session._core.stream()
    row = Row(Request(url, flags=flags), session._snapshot(), lib.PNET_REQ_PIPE | lib.PNET_REQ_HTTP1)
    row.security = security
    stream.begin(row, session._snapshot(), lambda: None)
    return stream


def code_of(session: InternetSession, url: str, security: int = 0) -> int:
    """The error a request ends with; 0 for none."""
    try:
        stream = begun(session, url, security)
    except TlsError as error:
        return error.code
    stream.finish()
    return 0


# ---- each fault has its error ----


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_has_its_error(
    trusting: InternetSession, showing: Callable[[str], AbstractContextManager[ScriptedServer]], fault: str
) -> None:
    with showing(fault) as server:
        for _ in range(2):
            with pytest.raises(TlsError) as caught:
                trusting.fetch_one(server.url("/"))
            assert caught.value.code == FAULTS[fault][0]
        assert server.received == []


def test_the_faults_are_told_apart_in_one_batch(
    trusting: InternetSession, showing: Callable[[str], AbstractContextManager[ScriptedServer]]
) -> None:
    with showing("expired") as expired, showing("another host") as named, showing("unknown authority") as unknown:
        urls = [server.url("/") for server in (expired, named, unknown)] * 4
        with trusting.fetch(urls, ordered=True) as rows:
            codes = [result.error.code for result in rows if result.error]
    assert codes == [12037, 12038, 12045] * 4


# ---- each flag forgives its own fault ----


@pytest.mark.parametrize("security", [0x100, 0x200, 0x1000, 0x2000, 0x80, 0x3380], ids=hex)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_flag_forgives_its_fault_and_no_other(
    trusting: InternetSession,
    showing: Callable[[str], AbstractContextManager[ScriptedServer]],
    fault: str,
    security: int,
) -> None:
    error, own = FAULTS[fault]
    with showing(fault) as server:
        assert code_of(trusting, server.url("/"), security) == (0 if security & own else error)


@pytest.mark.parametrize(
    ("faults", "security", "expected"),
    [
        ("expired, unknown authority", WRONG_DATE, 12045),
        ("expired, unknown authority", UNKNOWN_CA, 12037),
        ("expired, unknown authority", UNKNOWN_CA | WRONG_DATE, 0),
        ("expired, another host", WRONG_DATE, 12038),
        ("expired, another host", WRONG_NAME, 12037),
        ("expired, another host", WRONG_NAME | WRONG_DATE, 0),
        ("all", UNKNOWN_CA | WRONG_NAME | WRONG_DATE, 12169),
        ("all", UNKNOWN_CA | WRONG_NAME | WRONG_USAGE, 12037),
        ("all", UNKNOWN_CA | WRONG_USAGE | WRONG_DATE, 12038),
        ("all", WRONG_NAME | WRONG_USAGE | WRONG_DATE, 12045),
        ("all", UNKNOWN_CA | WRONG_NAME | WRONG_USAGE | WRONG_DATE, 0),
        ("expired, unknown authority", REVOCATION, 12045),
    ],
)
def test_with_several_faults_the_ones_not_forgiven_count(
    trusting: InternetSession,
    showing: Callable[[str], AbstractContextManager[ScriptedServer]],
    faults: str,
    security: int,
    expected: int,
) -> None:
    with showing(faults) as server:
        assert code_of(trusting, server.url("/"), security) == expected


def test_a_self_signed_certificate_has_an_unknown_authority(trusting: InternetSession, stranger: Authority) -> None:
    with ScriptedServer(tls=_self_signed(stranger)) as server:
        server.route("/", response(b"hello"))
        assert code_of(trusting, server.url("/")) in {12038, 12045}  # the name is wrong, too: libcurl 8 may say that
        assert code_of(trusting, server.url("/"), WRONG_DATE | WRONG_NAME) == 12045
        assert code_of(trusting, server.url("/"), UNKNOWN_CA | WRONG_NAME) == 0


def test_what_is_forgiven_is_no_forged_signature(
    trusting: InternetSession, root: Authority, tmp_path_factory: pytest.TempPathFactory
) -> None:
    # An authority of the same name and another key: the chain is complete, and the signature is wrong.
    forger = Authority(tmp_path_factory.mktemp("forger"))
    with ScriptedServer(tls=forger.serve()) as server:
        server.route("/", response(b"hello"))
        for security in (0, WRONG_DATE | WRONG_NAME | WRONG_USAGE):
            assert code_of(trusting, server.url("/"), security) in {12045, 12157, 12169}
    assert root.pem.name == forger.pem.name


def _self_signed(authority: Authority) -> ssl.SSLContext:
    """A server that shows the root itself."""
    key = authority._key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = authority.folder / "itself.pem"
    path.write_bytes(key + authority.pem.read_bytes())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


# ---- flags of INTERNET_FLAG_* ----


@pytest.mark.parametrize(
    ("fault", "flag"),
    [("expired", InternetFlag.IGNORE_CERT_DATE_INVALID), ("another host", InternetFlag.IGNORE_CERT_CN_INVALID)],
    ids=["date", "name"],
)
@pytest.mark.parametrize("given", ["request", "open_url", "session", "session and bare URL"])
def test_the_flags_of_a_request_and_of_a_session_forgive(
    root: Authority,
    showing: Callable[[str], AbstractContextManager[ScriptedServer]],
    fault: str,
    flag: InternetFlag,
    given: str,
) -> None:
    own = flag if given.startswith("session") else InternetFlag(0)
    with (
        showing(fault) as server,
        InternetSession("t", access_type=AccessType.DIRECT, ca=root.pem, flags=own) as session,
    ):
        url = server.url("/")
        if given == "request":
            assert session.fetch_one(Request(url, flags=flag)).body == b"hello"
        elif given == "session and bare URL":
            assert session.fetch_one(url).body == b"hello"
            with session.fetch([url] * 3) as rows:
                assert [row.body for row in rows] == [b"hello"] * 3
        else:
            with session.open_url(url, flags=flag if given == "open_url" else 0) as file:
                assert file.read() == b"hello"
        if not own:
            with pytest.raises(TlsError):
                session.fetch_one(url)


# ---- nothing is shared ----


def test_a_relaxed_connection_serves_nobody_else(
    trusting: InternetSession, showing: Callable[[str], AbstractContextManager[ScriptedServer]]
) -> None:
    with showing("expired") as server:
        for _ in range(3):
            assert code_of(trusting, server.url("/"), WRONG_DATE) == 0
            assert code_of(trusting, server.url("/")) == 12037
        assert len(server.received) == 3
        assert server.connections == 6


def test_a_relaxed_request_leaves_strict_connections_alone(
    trusting: InternetSession, showing: Callable[[str], AbstractContextManager[ScriptedServer]]
) -> None:
    with showing("none") as server:
        for security in (0, 0x3300, 0, 0x3300, 0):
            assert code_of(trusting, server.url("/"), security) == 0
        assert server.connections == 3  # one kept alive, and two of their own


def test_strict_and_relaxed_requests_at_once_do_not_mix(
    trusting: InternetSession, showing: Callable[[str], AbstractContextManager[ScriptedServer]]
) -> None:
    relaxed = InternetFlag.IGNORE_CERT_DATE_INVALID
    with showing("expired") as server:
        requests = [Request(server.url("/"), flags=relaxed if n % 2 else 0) for n in range(40)]
        with trusting.fetch(requests, in_flight=8, ordered=True) as rows:
            outcomes = [result.error.code if result.error else result.body for result in rows]
    assert outcomes == [12037, b"hello"] * 20


def test_strict_requests_speak_http2_and_relaxed_ones_http1(nginx: Nginx, session: InternetSession) -> None:
    url = nginx.tls_url("/")
    flags = [InternetFlag(0), InternetFlag.IGNORE_CERT_CN_INVALID] * 10
    with session.fetch([Request(url, flags=flag) for flag in flags], in_flight=8, ordered=True) as rows:
        assert [result.http_version for result in rows] == ["2", "1.1"] * 10


def test_a_relaxed_request_with_credentials_goes_its_rounds(
    trusting: InternetSession, showing: Callable[[str], AbstractContextManager[ScriptedServer]]
) -> None:
    with showing("expired") as server:
        server.reply(response(b"", 'WWW-Authenticate: Basic realm="r"', status="401 Unauthorized"))
        flag = InternetFlag.IGNORE_CERT_DATE_INVALID
        request = Request(server.url("/"), user="u", password="p", flags=flag)
        assert trusting.fetch_one(request).body == b"hello"
        assert [got.header("authorization") for got in server.received] == [None, "Basic dTpw"]


# ---- an HTTPS proxy is always checked ----


@pytest.mark.parametrize("security", [0x3380, 0])
def test_flags_forgive_the_origin_and_not_its_proxy(
    root: Authority,
    bad: dict[str, Path],
    showing: Callable[[str], AbstractContextManager[ScriptedServer]],
    security: int,
) -> None:
    with (
        showing("none") as origin,
        ScriptedServer(tls=root.serve(bad["expired"])) as proxy,
        InternetSession(
            "t", 1, AccessType.PROXY, f"https://127.0.0.1:{proxy.port}", "<-loopback>", ca=root.pem
        ) as session,
    ):
        assert code_of(session, origin.url("/"), security) == 12188
        assert code_of(session, "http://origin.test/", security) == 12188
        assert proxy.received == origin.received == []


def test_the_origin_behind_an_https_proxy_is_forgiven(
    root: Authority, showing: Callable[[str], AbstractContextManager[ScriptedServer]]
) -> None:
    with (
        showing("expired") as origin,
        ScriptedServer(tls=root.serve()) as proxy,
        InternetSession(
            "t", 1, AccessType.PROXY, f"https://127.0.0.1:{proxy.port}", "<-loopback>", ca=root.pem
        ) as session,
    ):
        proxy.play(tls_tunnel_to(origin), tls_tunnel_to(origin))
        # with libcurl 7.88 the alert through the outer TLS layer makes OpenSSL forget what was wrong
        assert code_of(session, origin.url("/")) in {12037, 12157}
        assert code_of(session, origin.url("/"), WRONG_DATE) == 0
        assert [got.method for got in proxy.received] == ["CONNECT"] * 2


def test_flags_do_nothing_to_plain_http(trusting: InternetSession, server: ScriptedServer) -> None:
    server.route("/", response(b"hello"))
    for _ in range(3):
        assert code_of(trusting, server.url("/"), 0x3380) == 0
    assert server.connections == 1


# ---- the facts of the connection ----


def test_peer_tells_of_the_connection(
    trusting: InternetSession, showing: Callable[[str], AbstractContextManager[ScriptedServer]]
) -> None:
    with showing("none") as server:
        seen = []
        for _ in range(3):
            stream = begun(trusting, server.url("/"))
            seen.append(stream.peer)
            stream.finish()
            trusting._core.keep(stream)
        first, *later = seen
        assert first is not None
        assert first.destination_port == server.port
        assert first.source_port not in {0, server.port}
        assert (first.http_version, first.protocol) == (11, "TLSv1.3")
        assert first.cipher_bits in {128, 256}
        assert first.cipher.startswith("TLS_")
        assert first.flags == 2
        assert len(first.chain) == 1
        for peer in later:
            assert peer is not None
            assert peer._replace(ticket=first.ticket, flags=2) == first
            assert peer.flags == 3  # kept alive


def test_peer_without_tls_has_no_certificates(trusting: InternetSession, server: ScriptedServer) -> None:
    server.route("/", response(b"hello"))
    stream = begun(trusting, server.url("/"))
    peer = stream.peer
    assert peer is not None
    assert (peer.chain, peer.protocol, peer.cipher, peer.cipher_bits, peer.flags) == ((), "", "", 0, 0)
    stream.finish()


def test_there_is_no_peer_before_an_answer(trusting: InternetSession) -> None:
    assert trusting._core.stream().peer is None


def test_what_cannot_be_forgiven_here_is_not_supported(trusting: InternetSession) -> None:
    """Libcurl's own word for it, as the core gives it where its TLS library is another one."""
    details = Details.read(NO_DETAILS)._replace(fault=lib.PNET_FAULT_CURL, curl_code=4)
    error = Faults(trusting._settings).error_of(details, "single faults ...", "https://a.test/", None)
    assert isinstance(error, NotSupported)
    assert error.code == 50
