"""Through SOCKS proxies that others built: each version, names looked up here or there, with and without a password."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pyinet import AccessType, InternetException, InternetSession
from servers.faces import FACES
from servers.socksd import Dante, Microsocks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from servers.faces import Face
    from servers.nginx import Nginx
    from servers.squid import Daemon
    from servers.tls import CertificateAuthority

USER, PASSWORD = "anna", "s e:c%r@t"
ESCAPED = "anna:s%20e%3Ac%25r%40t"


@pytest.fixture(scope="module")
def dante(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dante]:
    with Dante(tmp_path_factory.mktemp("dante")) as proxy:
        yield proxy


@pytest.fixture(scope="module")
def microsocks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Microsocks]:
    with Microsocks(tmp_path_factory.mktemp("microsocks")) as proxy:
        yield proxy


@pytest.fixture(scope="module")
def keeper(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Microsocks]:
    """It lets in `USER` alone."""
    with Microsocks(tmp_path_factory.mktemp("microsocks"), USER, PASSWORD) as proxy:
        yield proxy


@pytest.fixture(params=FACES, ids=str)
def face(request: pytest.FixtureRequest) -> Face:
    return FACES[request.param]


@pytest.fixture(scope="module")
def page(nginx: Nginx) -> str:
    (nginx.root / "socks.txt").write_bytes(b"by socks")
    return "/socks.txt"


def through(name: str, ca: CertificateAuthority) -> InternetSession:
    return InternetSession("t", 1, AccessType.PROXY, name, "<-loopback>", ca=str(ca.pem))


def asked(proxy: Daemon, before: int) -> list[str]:
    """Where it was asked to connect to since its log had *before* lines, host and port in its own form."""
    lines = proxy.log_lines(before + 1)[before:]
    return [line.rpartition("connected to " if "connected to " in line else "-> ")[2] for line in lines]


# The host of the URL, and what the log of the proxy has for it. SOCKS5 takes the first address of a name: for localhost
# that may be one where nobody listens.
NAMES = [
    pytest.param("microsocks", "socks=127.0.0.1:{}", "localhost", "localhost", id="socks="),
    pytest.param("microsocks", "socks5://127.0.0.1:{}", "127.0.0.1", "127.0.0.1", id="5"),
    pytest.param(
        "microsocks", "http=socks5h://127.0.0.1:{0} https=socks5h://127.0.0.1:{0}", "localhost", "localhost", id="5h"
    ),
    pytest.param("dante", "socks4://127.0.0.1:{}", "localhost", "127.0.0.1", id="4, Dante"),
    pytest.param("dante", "socks5://127.0.0.1:{}", "127.0.0.1", "127.0.0.1", id="5, Dante"),
    pytest.param("dante", "socks5h://127.0.0.1:{}", "localhost", "127.0.0.1", id="5h, Dante"),  # addresses only
]


@pytest.mark.parametrize(("kind", "name", "host", "logged"), NAMES)
@pytest.mark.parametrize("secure", [False, True], ids=["http", "https"])
def test_each_version_gets_there(
    request: pytest.FixtureRequest,
    nginx: Nginx,
    page: str,
    ca: CertificateAuthority,
    face: Face,
    kind: str,
    name: str,
    host: str,
    logged: str,
    secure: bool,
) -> None:
    proxy = request.getfixturevalue(kind)
    before = len(proxy.log_lines())
    url = (nginx.tls_url(page) if secure else nginx.url(page)).replace("127.0.0.1", host)
    with through(name.format(proxy.port), ca) as session:
        assert face(session, url, None, None) == (200, b"by socks")
    separator = "." if kind == "dante" else ":"
    port = nginx.tls_port if secure else nginx.port
    assert f"{logged}{separator}{port}" in asked(proxy, before)[0]


@pytest.mark.parametrize("kind", ["socks5", "socks5h"])
def test_who_has_the_password_gets_there(
    keeper: Microsocks, nginx: Nginx, page: str, ca: CertificateAuthority, face: Face, kind: str
) -> None:
    with through(f"{kind}://{ESCAPED}@127.0.0.1:{keeper.port}", ca) as session:
        assert face(session, nginx.url(page), None, None) == (200, b"by socks")
        assert face(session, nginx.tls_url(page), None, None) == (200, b"by socks")


@pytest.mark.parametrize(
    "userinfo", [pytest.param("", id="none"), pytest.param("anna:wr0ng@", id="wrong"), pytest.param("x:y@", id="other")]
)
def test_who_has_not_does_not(
    keeper: Microsocks, nginx: Nginx, page: str, ca: CertificateAuthority, face: Face, userinfo: str
) -> None:
    before = len(nginx.log_entries())
    with through(f"socks5://{userinfo}127.0.0.1:{keeper.port}", ca) as session:
        with pytest.raises(InternetException) as caught:
            face(session, nginx.url(page), None, None)
        assert "wr0ng" not in f"{caught.value!r} {caught.value} {session!r}"
    assert len(nginx.log_entries()) == before


def test_many_rows(microsocks: Microsocks, nginx: Nginx, page: str, ca: CertificateAuthority) -> None:
    urls = [nginx.url(page), nginx.tls_url(page)] * 50
    with through(f"socks=127.0.0.1:{microsocks.port}", ca) as session, session.fetch(urls, in_flight=8) as rows:
        assert [(row.status, row.body) for row in rows] == [(200, b"by socks")] * 100


@pytest.mark.parametrize("variable", ["http_proxy", "all_proxy", "ALL_PROXY"])
@pytest.mark.parametrize("scheme", ["socks5", "socks5h", "socks4"])
def test_the_environment_may_name_one(
    microsocks: Microsocks,
    dante: Dante,
    nginx: Nginx,
    page: str,
    ca: CertificateAuthority,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    scheme: str,
) -> None:
    proxy = dante if scheme == "socks4" else microsocks
    monkeypatch.setenv(variable, f"{scheme}://127.0.0.1:{proxy.port}")
    before = len(proxy.log_lines())
    with InternetSession("t", ca=str(ca.pem)) as session:
        assert session.fetch_one(nginx.url(page)).body == b"by socks"
    assert len(asked(proxy, before)) == 1
