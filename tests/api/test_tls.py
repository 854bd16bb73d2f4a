"""TLS: whom a session trusts, and how each refusal is told apart."""

from __future__ import annotations

import hashlib
import ssl
import subprocess
from typing import TYPE_CHECKING

import pytest

from pyinet import AccessType, CallerError, InternetException, InternetSession, Request, TlsError
from servers.scripted import ScriptedServer, response

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from servers.scripted import ScriptedConn
    from servers.tls import CertificateAuthority


def opened(ca: str | Path | bytes | None, resolve: dict[str, str] | None = None) -> InternetSession:
    return InternetSession("t", access_type=AccessType.DIRECT, ca=ca, resolve=resolve)


def test_a_good_certificate_is_accepted(tls_server: ScriptedServer, session: InternetSession) -> None:
    tls_server.reply(response(b"hello"))
    result = session.fetch_one(tls_server.url("/"))
    assert (result.body, result.http_version) == (b"hello", "1.1")
    assert 0 < result.timings.connect <= result.timings.tls <= result.timings.total


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("expired", 12037),
        ("wrong_name", 12038),
        ("other_common_name", 12038),
        ("nameless", 12038),
        ("self_signed", 12045),
    ],
)
def test_a_bad_certificate_is_refused_for_its_own_reason(
    ca: CertificateAuthority, session: InternetSession, kind: str, code: int
) -> None:
    with ScriptedServer(tls=getattr(ca, kind)()) as server:
        with pytest.raises(TlsError) as caught:
            session.fetch_one(Request(server.url("/"), headers={"Authorization": "secret"}))
        assert (caught.value.code, caught.value.curl_code) == (code, 60)
        assert server.received == []


def test_a_bad_certificate_fails_its_rows_alone(
    ca: CertificateAuthority, session: InternetSession, tls_server: ScriptedServer
) -> None:
    tls_server.route("/", response(b"hello"))
    with ScriptedServer(tls=ca.expired()) as bad:
        urls = [bad.url("/") if n % 2 else tls_server.url("/") for n in range(20)]
        with session.fetch(urls, in_flight=8, ordered=True) as rows:
            outcomes = [result.error.code if result.error else result.body for result in rows]
    assert outcomes == [b"hello", 12037] * 10


def test_another_authority_is_not_trusted(tls_server: ScriptedServer, tmp_path: Path) -> None:
    import trustme

    trustme.CA().cert_pem.write_to_path(str(tmp_path / "other.pem"))
    with opened(tmp_path / "other.pem") as session, pytest.raises(TlsError) as caught:
        session.fetch_one(tls_server.url("/"))
    assert caught.value.code == 12045


def test_without_an_own_store_the_systems_does_not_trust_us(tls_server: ScriptedServer) -> None:
    with opened(None) as session, pytest.raises(TlsError) as caught:
        session.fetch_one(tls_server.url("/"))
    assert caught.value.code == 12045


def hashed_directory(folder: Path, pem: Path) -> Path:
    hash_ = subprocess.run(
        ["openssl", "x509", "-subject_hash", "-noout", "-in", pem], check=True, capture_output=True, text=True
    )
    folder.mkdir()
    (folder / f"{hash_.stdout.strip()}.0").write_bytes(pem.read_bytes())
    return folder


@pytest.mark.parametrize("form", ["str", "path", "bytes", "directory", "two in a file"])
def test_a_store_may_be_a_file_text_or_a_directory(
    ca: CertificateAuthority, tls_server: ScriptedServer, tmp_path: Path, form: str
) -> None:
    import trustme

    both = tmp_path / "both.pem"
    both.write_bytes(trustme.CA().cert_pem.bytes() + ca.pem.read_bytes())
    stores: dict[str, Callable[[], str | Path | bytes]] = {
        "str": lambda: str(ca.pem),
        "path": lambda: ca.pem,
        "bytes": ca.pem.read_bytes,
        "directory": lambda: hashed_directory(tmp_path / "certs", ca.pem),
        "two in a file": lambda: both,
    }
    tls_server.reply(response(b"hello"))
    with opened(stores[form]()) as session:
        assert session.fetch_one(tls_server.url("/")).body == b"hello"


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "CURL_CA_BUNDLE", "SSL_CERT_DIR"])
def test_the_environment_names_a_store(
    ca: CertificateAuthority, tls_server: ScriptedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    store = hashed_directory(tmp_path / "certs", ca.pem) if variable == "SSL_CERT_DIR" else ca.pem
    monkeypatch.setenv(variable, str(store))
    tls_server.reply(response(b"hello"))
    with opened(None) as session:
        assert session.fetch_one(tls_server.url("/")).body == b"hello"


def test_the_argument_outweighs_the_environment(
    ca: CertificateAuthority, tls_server: ScriptedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import trustme

    trustme.CA().cert_pem.write_to_path(str(tmp_path / "other.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "other.pem"))
    tls_server.reply(response(b"hello"))
    with opened(ca.pem) as session:
        assert session.fetch_one(tls_server.url("/")).body == b"hello"


@pytest.mark.parametrize("store", ["/nonexistent/ca.pem", b"", b"no certificate", ""])
def test_a_store_that_cannot_be_one_is_refused_at_once(store: str | bytes) -> None:
    with pytest.raises((CallerError, OSError)):
        opened(store)


def test_the_name_is_checked_and_not_the_address(ca: CertificateAuthority, tls_server: ScriptedServer) -> None:
    tls_server.route("/", response(b"hello"))
    with opened(ca.pem, resolve={"*": "127.0.0.1"}) as session:
        assert session.fetch_one(f"https://localhost:{tls_server.port}/").body == b"hello"
        with pytest.raises(TlsError) as caught:
            session.fetch_one(f"https://elsewhere.test:{tls_server.port}/")
    assert caught.value.code == 12038


def test_the_name_is_told_to_the_server(ca: CertificateAuthority) -> None:
    names: list[str | None] = []
    context = ca.context()
    context.sni_callback = lambda _sock, name, _context: names.append(name)
    with ScriptedServer(tls=context) as server, opened(ca.pem, resolve={"*": "127.0.0.1"}) as session:
        server.reply(response())
        session.fetch_one(f"https://LOCALHOST:{server.port}/")
    assert [(name or "").lower() for name in names] == ["localhost"]


def test_trust_is_not_shared_by_sessions(ca: CertificateAuthority, tls_server: ScriptedServer) -> None:
    """Neither a kept connection nor a kept TLS session of one may serve the other."""
    tls_server.route("/", response(b"hello"))
    with opened(ca.pem) as trusting, opened(None) as other:
        assert trusting.fetch_one(tls_server.url("/")).body == b"hello"
        with pytest.raises(TlsError):
            other.fetch_one(tls_server.url("/"))
        assert trusting.fetch_one(tls_server.url("/")).body == b"hello"


# ---- handshakes that go wrong ----


def test_a_plain_server_behind_https_is_a_tls_error(server: ScriptedServer, session: InternetSession) -> None:
    def script(conn: ScriptedConn) -> None:
        conn.sock.recv(100)
        conn.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        conn.close()

    server.play(script)
    with pytest.raises(TlsError) as caught:
        session.fetch_one(server.url("/").replace("http:", "https:"))
    assert caught.value.code == 12157


def test_a_tls_server_behind_http_is_no_success(tls_server: ScriptedServer, session: InternetSession) -> None:
    with pytest.raises(InternetException):
        session.fetch_one(tls_server.url("/").replace("https:", "http:"))
    assert tls_server.received == []


@pytest.mark.parametrize("end", ["close", "reset"])
def test_a_handshake_that_breaks_off_is_an_error(server: ScriptedServer, session: InternetSession, end: str) -> None:
    def script(conn: ScriptedConn) -> None:
        conn.sock.recv(100)
        getattr(conn, end)()

    server.play(*[script] * 3)
    with pytest.raises(InternetException) as caught:
        session.fetch_one(server.url("/").replace("http:", "https:"))
    assert caught.value.code in {12157, 12029, 12030, 12031}


def test_an_outdated_protocol_is_refused(ca: CertificateAuthority, session: InternetSession) -> None:
    context = ca.context()
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    with ScriptedServer(tls=context) as server:
        with pytest.raises(TlsError) as caught:
            session.fetch_one(server.url("/"))
        assert caught.value.code == 12157


# ---- bodies ----


def test_a_body_that_ends_with_close_notify_is_whole(tls_server: ScriptedServer, session: InternetSession) -> None:
    tls_server.reply(b"HTTP/1.1 200 OK\r\n\r\nhello")
    assert session.fetch_one(tls_server.url("/")).body == b"hello"


@pytest.mark.parametrize("size", [0, 1, 16384, 16385, 3 << 20])
def test_bodies_of_any_size_arrive(tls_server: ScriptedServer, session: InternetSession, size: int) -> None:
    body = hashlib.shake_128(b"seed").digest(size)
    tls_server.reply(response(body))
    assert session.fetch_one(tls_server.url("/")).body == body


def test_uploads_arrive(tls_server: ScriptedServer, session: InternetSession) -> None:
    body = hashlib.shake_128(b"seed").digest(1 << 20)
    tls_server.reply(response(b"got it"))
    assert session.fetch_one(Request(tls_server.url("/"), "PUT", body=body)).body == b"got it"
    assert tls_server.received[0].body == body


def test_one_connection_serves_row_after_row(tls_server: ScriptedServer, session: InternetSession) -> None:
    tls_server.route("/", response(b"hello"))
    with session.fetch([tls_server.url("/")] * 50, in_flight=1) as rows:
        results = list(rows)
    assert sum(result.new_connections for result in results) == tls_server.connections == 1
    assert [result.body for result in results] == [b"hello"] * 50


def test_a_first_wave_finds_out_about_the_protocol_once(tls_server: ScriptedServer, session: InternetSession) -> None:
    tls_server.route("/", response(b"hello"))
    with session.fetch([tls_server.url("/")] * 64, in_flight=16, per_host=4) as rows:
        assert [result.body for result in rows] == [b"hello"] * 64
    assert tls_server.connections <= 4
