"""Client certificates: shown to whom they are for, and a clear error when there is none or it is of no use."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import pytest

from pyinet import AccessType, InternetSession, Request, TlsError
from pyinet._request.security import ClientCertificate
from pyinet._transfer.ffi import lib
from pyinet._transfer.pack import Row
from servers.authority import CLIENTS, PAST, Authority
from servers.scripted import ScriptedServer, response

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from servers.scripted import ScriptedConn

VERSIONS = pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["1.2", "1.3"])


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Of the servers, and of the clients they let in."""
    return Authority(tmp_path_factory.mktemp("root"))


@pytest.fixture(scope="module")
def mine(root: Authority) -> Path:
    """The client's certificate and key in one file."""
    return root.issue(usage=CLIENTS, common_name="me")


@pytest.fixture
def trusting(root: Authority) -> Iterator[InternetSession]:
    with InternetSession("t", access_type=AccessType.DIRECT, ca=root.pem) as session:
        yield session


class Picky(ScriptedServer):
    """Answers those who show a certificate with its common name."""

    def __init__(self, root: Authority, version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> None:
        context = root.serve(clients=root)
        context.maximum_version = version
        super().__init__(tls=context)
        self.names: list[str] = []

    def tell(self, conn: ScriptedConn) -> None:
        """A connection's script."""
        assert isinstance(conn.sock, ssl.SSLSocket)
        shown = conn.sock.getpeercert()
        assert shown
        name = str(dict(pair for rdn in shown["subject"] for pair in rdn)["commonName"])  # type: ignore[misc]
        self.names.append(name)
        while conn.recv_request():
            conn.send(response(name.encode()))


def body_of(session: InternetSession, url: str, certificate: ClientCertificate | None, security: int = 0) -> bytes:
    """What comes back for a request with that certificate, on the level where option 84 arrives."""
    stream = session._core.stream()
    row = Row(Request(url), session._snapshot(), lib.PNET_REQ_PIPE | lib.PNET_REQ_HTTP1)
    row.certificate, row.security = certificate, security
    stream.begin(row, session._snapshot(), lambda: None)
    out = bytearray(100)
    n = stream.read_into(memoryview(out), 100)
    stream.finish()
    session._core.keep(stream)
    return bytes(out[:n])


def split(pem: Path) -> tuple[Path, Path]:
    """The certificate and the key in files of their own."""
    key, mark, certificate = pem.read_text().partition("-----BEGIN CERTIFICATE-----")
    files = pem.with_suffix(".crt"), pem.with_suffix(".key")
    files[0].write_text(mark + certificate)
    files[1].write_text(key)
    return files


@VERSIONS
def test_it_is_shown_when_asked_for(
    root: Authority, mine: Path, trusting: InternetSession, version: ssl.TLSVersion
) -> None:
    with Picky(root, version) as server:
        server.play(*[server.tell] * 3)
        for _ in range(3):
            assert body_of(trusting, server.url("/"), ClientCertificate(mine)) == b"me"
        assert server.connections == 1


def test_key_and_password_may_stand_apart(root: Authority, trusting: InternetSession) -> None:
    certificate, key = split(root.issue(usage=CLIENTS, common_name="apart"))
    locked, locked_key = split(root.issue(usage=CLIENTS, common_name="locked", password="hunter 2%41"))
    with Picky(root) as server:
        server.play(*[server.tell] * 3)
        assert body_of(trusting, server.url("/"), ClientCertificate(certificate, key)) == b"apart"
        assert body_of(trusting, server.url("/"), ClientCertificate(locked, locked_key, "hunter 2%41")) == b"locked"


@VERSIONS
def test_without_one_the_error_says_that_it_is_wanted(
    root: Authority, trusting: InternetSession, version: ssl.TLSVersion
) -> None:
    with Picky(root, version) as server:
        for _ in range(3):
            with pytest.raises(TlsError) as caught:
                trusting.fetch_one(server.url("/"))
            assert caught.value.code == 12044
        with trusting.fetch([server.url("/")] * 4) as rows:
            assert [result.error.code for result in rows if result.error] == [12044] * 4
        assert server.received == []


@VERSIONS
@pytest.mark.parametrize("fault", ["expired", "stranger"])
def test_one_that_the_server_refuses_is_the_error(
    root: Authority,
    trusting: InternetSession,
    tmp_path_factory: pytest.TempPathFactory,
    version: ssl.TLSVersion,
    fault: str,
) -> None:
    other = Authority(tmp_path_factory.mktemp("other"), "another")
    pem = root.issue(usage=CLIENTS, days=PAST) if fault == "expired" else other.issue(usage=CLIENTS)
    with Picky(root, version) as server:
        with pytest.raises(TlsError) as caught:
            body_of(trusting, server.url("/"), ClientCertificate(pem))
        assert caught.value.code == 12044


@pytest.mark.parametrize(
    "fault", ["missing", "no certificate", "no key", "another key", "no password", "wrong password"]
)
def test_a_file_that_is_of_no_use_is_the_error(
    root: Authority, mine: Path, trusting: InternetSession, tmp_path: Path, fault: str
) -> None:
    certificate, key = split(mine)
    _, other_key = split(root.issue())
    locked = root.issue(usage=CLIENTS, password="hunter2")
    empty = tmp_path / "empty.pem"
    empty.touch()
    given = {
        "missing": ClientCertificate(tmp_path / "nowhere.pem"),
        "no certificate": ClientCertificate(empty),
        "no key": ClientCertificate(certificate),
        "another key": ClientCertificate(certificate, other_key),
        "no password": ClientCertificate(locked),
        "wrong password": ClientCertificate(locked, None, "hunter3"),
    }[fault]
    assert key.exists()
    with Picky(root) as server:
        with pytest.raises(TlsError) as caught:
            body_of(trusting, server.url("/"), given)
        assert caught.value.code == 12044
        assert "hunter" not in str(caught.value)
        assert server.received == []


def test_who_shows_another_has_another_connection(root: Authority, mine: Path, trusting: InternetSession) -> None:
    you = root.issue(usage=CLIENTS, common_name="you")
    with Picky(root) as server:
        server.play(*[server.tell] * 4)
        bodies = [body_of(trusting, server.url("/"), ClientCertificate(pem)) for pem in (mine, you) * 3]
        assert bodies == [b"me", b"you"] * 3
        assert server.connections == 2


def test_who_shows_none_does_not_get_the_connection_of_one_who_does(
    root: Authority, mine: Path, trusting: InternetSession
) -> None:
    with Picky(root) as server:
        server.play(server.tell)
        assert body_of(trusting, server.url("/"), ClientCertificate(mine)) == b"me"
        with pytest.raises(TlsError) as caught:
            trusting.fetch_one(server.url("/"))
        assert caught.value.code == 12044


def test_who_does_not_know_the_password_does_not_get_the_connection(root: Authority, trusting: InternetSession) -> None:
    locked = root.issue(usage=CLIENTS, common_name="locked", password="hunter2")
    with Picky(root) as server:
        server.play(*[server.tell] * 3)
        assert body_of(trusting, server.url("/"), ClientCertificate(locked, None, "hunter2")) == b"locked"
        with pytest.raises(TlsError) as caught:
            body_of(trusting, server.url("/"), ClientCertificate(locked, None, "hunter3"))
        assert caught.value.code == 12044


def test_it_is_not_shown_to_where_a_redirect_leads(root: Authority, mine: Path, trusting: InternetSession) -> None:
    with Picky(root) as first, Picky(root) as second:

        def lead_on(conn: ScriptedConn) -> None:
            conn.recv_request()
            conn.send(response(b"", f"Location: {second.url('/')}", status="302 Found"))

        first.play(lead_on)
        with pytest.raises(TlsError) as caught:
            body_of(trusting, first.url("/"), ClientCertificate(mine))
        assert caught.value.code == 12044
        assert second.names == []


def test_it_follows_a_redirect_on_its_own_origin(root: Authority, mine: Path, trusting: InternetSession) -> None:
    with Picky(root) as server:

        def lead_on(conn: ScriptedConn) -> None:
            conn.recv_request()
            conn.send(response(b"", "Location: /there", status="302 Found"))
            conn.close()

        server.play(lead_on, server.tell)
        assert body_of(trusting, server.url("/"), ClientCertificate(mine)) == b"me"


def test_it_goes_with_a_server_that_is_forgiven(root: Authority, mine: Path, trusting: InternetSession) -> None:
    context = root.serve(root.issue(days=PAST), clients=root)
    with Picky(root) as server:
        server._tls = context
        server.play(server.tell)
        assert body_of(trusting, server.url("/"), ClientCertificate(mine), security=0x2000) == b"me"


def test_plain_http_does_not_care(mine: Path, trusting: InternetSession, server: ScriptedServer) -> None:
    server.route("/", response(b"hello"))
    assert body_of(trusting, server.url("/"), ClientCertificate(mine)) == b"hello"


def test_the_password_is_not_shown() -> None:
    assert "hunter2" not in repr(ClientCertificate("a.pem", "b.pem", "hunter2"))
