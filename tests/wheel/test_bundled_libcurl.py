"""What the libcurl of the wheel can do, tried: each feature and protocol that `pyinet doctor` lists.

``make test-wheel`` names the libraries in PYINET_BUNDLED; a program is linked with them here, as pyinet itself uses
only a part yet.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import os
import re
import socket
import ssl
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

import pytest

from pyinet._transfer.engine import library_versions
from servers.scripted import ScriptedServer, response

sys.path.insert(0, str(Path(__file__).parent))
from ftp_server import ftp_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from servers.nginx import Nginx
    from servers.scripted import ScriptedConn
    from servers.tls import CertificateAuthority

BUNDLED = os.environ.get("PYINET_BUNDLED", "")
pytestmark = pytest.mark.skipif(not BUNDLED, reason="PYINET_BUNDLED names no libraries: see make test-wheel")

AUTH_DIGEST, AUTH_NTLM = 2, 8
PROXY_HTTPS, PROXY_SOCKS5 = 2, 5
HTTP_2 = 3


class Outcome(NamedTuple):
    body: bytes
    code: int
    status: int
    version: int
    length: int


class Run(Protocol):
    """Runs transfers one after another on one handle; for each a list of options."""

    def __call__(self, *transfers: list[str]) -> list[Outcome]: ...


@pytest.fixture(scope="module")
def exercise(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Runs transfers with the libraries; a list of arguments for each."""
    found = json.loads(Path(BUNDLED, "bundled.json").read_text("utf-8"))
    flags = {key: [flag.replace("{folder}", BUNDLED) for flag in found[key]] for key in ("cflags", "ldflags")}
    links = [flag for flag in flags["ldflags"] if "exports" not in flag and "exported_symbol" not in flag]
    program = tmp_path_factory.mktemp("exercise") / "exercise"
    source = Path(__file__).with_name("exercise.c")
    cc = found["environment"].get("CC", "cc")
    subprocess.run([cc, *flags["cflags"], "-o", str(program), str(source), *links], check=True)

    def run(*transfers: list[str]) -> list[Outcome]:
        words = [word for transfer in transfers for word in (*transfer, "--")]
        env = {"PATH": os.defpath, "HOME": str(program.parent)}
        done = subprocess.run([program, *words], check=True, capture_output=True, text=True, env=env, timeout=50)
        outcomes = []
        for line in done.stdout.splitlines():
            body, *numbers = line.split(" ")
            outcomes.append(Outcome(bytes.fromhex(body), *map(int, numbers)))
        return outcomes

    return run


@contextlib.contextmanager
def serving(
    tls: ssl.SSLContext | None = None, family: int = socket.AF_INET, *, answer: Callable[[bytes], bytes]
) -> Iterator[int]:
    """Port of a server that reads what comes first and answers it, once."""
    with socket.create_server(("::1" if family == socket.AF_INET6 else "127.0.0.1", 0), family=family) as listener:
        listener.settimeout(10)

        def serve() -> None:
            sock = listener.accept()[0]
            sock.settimeout(10)
            with tls.wrap_socket(sock, server_side=True) if tls else sock as peer:
                asked = b""
                while not asked.endswith(b"\n"):
                    asked += peer.recv(65536)
                peer.sendall(answer(asked))
                if isinstance(peer, ssl.SSLSocket):
                    with contextlib.suppress(OSError):
                        peer.unwrap()  # an end that the client can tell from a broken connection

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        thread.join(10)


EXERCISED = {
    "features": {
        "AsynchDNS": "test_names_are_resolved_by_threads",
        "HSTS": "test_hsts_turns_http_into_https",
        "HTTP2": "test_http2_over_tls",
        "HTTPS-proxy": "test_https_proxy",
        "IPv6": "test_ipv6",
        "Largefile": "test_a_length_beyond_four_gigabytes",
        "NTLM": "test_ntlm",
        "SSL": "test_http2_over_tls",
        "alt-svc": "test_alt_svc_leads_to_the_other_server",
        "threadsafe": "test_beside_others.py: test_pyinet_works_beside_ssl_and_pycurl_under_threads",
    },
    "protocols": {
        "ftp": "test_ftp",
        "ftps": "test_ftp",
        "gopher": "test_gopher",
        "gophers": "test_gopher",
        "http": "test_digest",
        "https": "test_http2_over_tls",
    },
}
"""What `pyinet doctor` may list, and the test that tries it."""


@pytest.mark.parametrize("kind", EXERCISED)
def test_whatever_doctor_lists_is_tried(kind: str) -> None:
    assert set(library_versions()[kind]) == set(EXERCISED[kind])
    for name in EXERCISED[kind].values():
        file, _, test = name.rpartition(": ")
        assert f"def {test}(" in Path(__file__).with_name(file or Path(__file__).name).read_text("utf-8")


@pytest.mark.parametrize("scheme", ["gopher", "gophers"])
def test_gopher(exercise: Run, ca: CertificateAuthority, scheme: str) -> None:
    tls = ca.context() if scheme == "gophers" else None
    with serving(tls, answer=lambda selector: b"got " + selector) as port:
        (outcome,) = exercise([f"URL={scheme}://127.0.0.1:{port}/0/a%20b", f"CAINFO={ca.pem}"])
    assert (outcome.code, outcome.body) == (0, b"got /a b\r\n")


@pytest.mark.parametrize("scheme", ["ftp", "ftps"])
def test_ftp(exercise: Run, ca: CertificateAuthority, scheme: str) -> None:
    with ftp_server(b"a file", ca.context() if scheme == "ftps" else None) as port:
        (outcome,) = exercise([f"URL={scheme}://127.0.0.1:{port}/a.txt", f"CAINFO={ca.pem}", "USE_SSL=1"])
    assert (outcome.code, outcome.body) == (0, b"a file")


def test_http2_over_tls(exercise: Run, nginx: Nginx, ca: CertificateAuthority) -> None:
    (nginx.root / "bundled.txt").write_bytes(b"hello")
    (outcome,) = exercise([f"URL={nginx.tls_url('/bundled.txt')}", f"CAINFO={ca.pem}"])
    assert (outcome.code, outcome.body, outcome.version) == (0, b"hello", HTTP_2)


def test_ipv6(exercise: Run) -> None:
    with serving(family=socket.AF_INET6, answer=lambda _: response(b"six")) as port:
        (outcome,) = exercise([f"URL=http://[::1]:{port}/"])
    assert (outcome.code, outcome.body) == (0, b"six")


def test_names_are_resolved_by_threads(exercise: Run, server: ScriptedServer) -> None:
    server.reply(response(b"hello"))
    (outcome,) = exercise([f"URL=http://{socket.gethostname()}:{server.port}/", "IPRESOLVE=1", "TIMEOUT=5"])
    try:
        here = socket.gethostbyname(socket.gethostname())
    except OSError:
        here = ""
    if here.startswith("127.0.0.1"):
        assert (outcome.code, outcome.body) == (0, b"hello")
    else:
        assert outcome.code in {6, 7}  # answered in time, if only with a refusal


def test_a_length_beyond_four_gigabytes(exercise: Run, server: ScriptedServer) -> None:
    server.reply(b"HTTP/1.1 200 OK\r\nContent-Length: 5000000000\r\n\r\n")
    (outcome,) = exercise([f"URL={server.url('/')}", "NOBODY=1"])
    assert (outcome.code, outcome.length) == (0, 5_000_000_000)


def test_https_proxy(exercise: Run, ca: CertificateAuthority) -> None:
    with ScriptedServer(tls=ca.context()) as proxy:
        proxy.reply(response(b"by proxy"))
        options = [f"PROXY=https://127.0.0.1:{proxy.port}", f"PROXY_CAINFO={ca.pem}"]
        (outcome,) = exercise(["URL=http://origin.test/a", *options])
    assert (outcome.code, outcome.body) == (0, b"by proxy")
    assert proxy.requests == [b"GET http://origin.test/a HTTP/1.1"]


def test_socks5_proxy(exercise: Run, server: ScriptedServer) -> None:
    server.reply(response(b"by socks"))

    def script(conn: ScriptedConn) -> None:
        sock = conn.sock
        assert sock.recv(65536)[0] == PROXY_SOCKS5
        sock.sendall(b"\5\0")
        request = sock.recv(65536)
        assert request[3:5] == b"\3\x0b"  # a name of 11 characters: left to the proxy
        sock.sendall(b"\5\0\0\1\0\0\0\0\0\0")
        with socket.create_connection(("127.0.0.1", server.port), 10) as far:
            far.sendall(sock.recv(65536))
            sock.sendall(far.recv(65536))

    with ScriptedServer() as proxy:
        proxy.play(script)
        (outcome,) = exercise(["URL=http://origin.test/a", f"PROXY=socks5h://127.0.0.1:{proxy.port}"])
    assert (outcome.code, outcome.body) == (0, b"by socks")


def challenge(scheme: str, body: bytes = b"") -> bytes:
    return response(body, f"WWW-Authenticate: {scheme}", status="401 Unauthorized")


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
def test_digest(exercise: Run, server: ScriptedServer, algorithm: str) -> None:
    server.reply(challenge(f'Digest realm="r", nonce="n", algorithm={algorithm}, qop="auth"'))
    server.reply(response(b"in"))
    (outcome,) = exercise([f"URL={server.url('/x')}", f"HTTPAUTH={AUTH_DIGEST}", "USERPWD=user:secret"])
    assert (outcome.code, outcome.status, outcome.body) == (0, 200, b"in")
    field = server.received[-1].header("authorization") or ""
    told = dict(re.findall(r'(\w+)="?([^",]+)', field))

    def digest(text: str) -> str:
        return hashlib.new(algorithm.replace("-", ""), text.encode()).hexdigest()

    parts = [digest("user:r:secret"), "n", told["nc"], told["cnonce"], "auth", digest("GET:/x")]
    assert told["response"] == digest(":".join(parts))


def test_ntlm(exercise: Run, server: ScriptedServer) -> None:
    flags = (0x00088201).to_bytes(4, "little")  # unicode, NTLM, extended session security
    target = b"\0\0\0\0\x38\0\0\0"
    message = b"NTLMSSP\0\2\0\0\0" + target + flags + b"12345678" + bytes(8) + target + bytes(8)
    server.reply(challenge("NTLM " + base64.b64encode(message).decode()))
    server.reply(response(b"in"))
    (outcome,) = exercise([f"URL={server.url('/')}", f"HTTPAUTH={AUTH_NTLM}", "USERPWD=user:secret"])
    assert (outcome.code, outcome.status, outcome.body) == (0, 200, b"in")
    sent = [base64.b64decode((got.header("authorization") or "").removeprefix("NTLM ")) for got in server.received]
    assert [message[:12] for message in sent] == [b"NTLMSSP\0\1\0\0\0", b"NTLMSSP\0\3\0\0\0"]
    assert b"u\0s\0e\0r\0" in sent[1] or b"user" in sent[1]


def test_hsts_turns_http_into_https(exercise: Run, ca: CertificateAuthority, tls_server: ScriptedServer) -> None:
    tls_server.reply(response(b"one", "Strict-Transport-Security: max-age=1000"))
    tls_server.reply(response(b"two"))
    options = [f"CAINFO={ca.pem}", "HSTS_CTRL=1"]
    first, second = exercise(
        [f"URL=https://localhost:{tls_server.port}/", *options], [f"URL=http://localhost:{tls_server.port}/"]
    )
    assert [(first.code, first.body), (second.code, second.body)] == [(0, b"one"), (0, b"two")]


def test_alt_svc_leads_to_the_other_server(exercise: Run, ca: CertificateAuthority, tls_server: ScriptedServer) -> None:
    with ScriptedServer(tls=ca.context()) as other:
        tls_server.reply(response(b"one", f'Alt-Svc: http/1.1="127.0.0.1:{other.port}"', "Connection: close"))
        other.reply(response(b"two"))
        url = f"URL=https://127.0.0.1:{tls_server.port}/"
        first, second = exercise([url, f"CAINFO={ca.pem}", "ALTSVC_CTRL=8", "HTTP_VERSION=2"], [url])
    assert [first.body, second.body] == [b"one", b"two"]
