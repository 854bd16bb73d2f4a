"""Through a squid that wants to know who it is, for http and by tunnels; which proxy is taken, and who decides."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from pyinet import AccessType, InternetException, InternetSession, Request, TlsError
from pyinet._transfer.engine import library_versions
from servers.faces import FACES
from servers.scripted import ScriptedServer, response
from servers.squid import Squid

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from servers.faces import Face
    from servers.nginx import Nginx
    from servers.tls import CertificateAuthority

USER, PASSWORD = "anna", "s e:c%r@\u00e9t"
HAS_NTLM = "NTLM" in library_versions()["features"]
SCHEMES = [
    "basic",
    "digest",
    pytest.param("ntlm", marks=pytest.mark.skipif(not HAS_NTLM, reason="the libcurl at hand speaks no NTLM")),
]


@pytest.fixture(scope="module", params=SCHEMES)
def keeper(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Squid]:
    """A proxy for `USER` alone, by one scheme; NTLM's helper believes everybody."""
    with Squid(tmp_path_factory.mktemp("squid"), users={USER: PASSWORD}, schemes=(request.param,)) as proxy:
        yield proxy


@pytest.fixture(params=FACES, ids=str)
def face(request: pytest.FixtureRequest) -> Face:
    return FACES[request.param]


@pytest.fixture(scope="module")
def page(nginx: Nginx) -> str:
    """Path of a file at nginx."""
    (nginx.root / "proxied.txt").write_bytes(b"proxied")
    return "/proxied.txt"


def through(
    proxy: Squid, ca: CertificateAuthority, user: str | None = None, password: str = "", *, bypass: str = "<-loopback>"
) -> InternetSession:
    """A session that takes that proxy, for loopback hosts too."""
    userinfo = "" if user is None else f"{quote(user, safe='')}:{quote(password, safe='')}@"
    name = f"http://{userinfo}127.0.0.1:{proxy.port}"
    return InternetSession("t", 1, AccessType.PROXY, name, bypass, ca=str(ca.pem))


def is_ntlm(keeper: Squid) -> bool:
    return keeper.schemes == ("ntlm",)


def statuses(keeper: Squid, before: int, count: int) -> list[str]:
    """Status and user of each request since its log had *before* lines."""
    lines = keeper.log_lines(before + count)[before:]
    assert len(lines) == count, lines
    return [" ".join(line.split(" ")[3:5]) for line in lines]


# ---- forward ----


def test_it_is_told_who_it_is_when_it_asks(
    keeper: Squid, nginx: Nginx, page: str, ca: CertificateAuthority, face: Face
) -> None:
    before = len(keeper.log_lines())
    with through(keeper, ca, USER, PASSWORD) as session:
        assert face(session, nginx.url(page), None, None) == (200, b"proxied")
    rounds = 3 if is_ntlm(keeper) else 2
    found = statuses(keeper, before, rounds)
    assert [line.split(" ")[0] for line in found] == [*["407"] * (rounds - 1), "200"]
    assert found[0] == "407 -"
    assert found[-1].lower().startswith("200 anna")  # the helper appends what stands behind the name


def test_who_names_nobody_gets_the_407(
    keeper: Squid, nginx: Nginx, page: str, ca: CertificateAuthority, face: Face
) -> None:
    before = len(keeper.log_lines())
    with through(keeper, ca) as session:
        status, body = face(session, nginx.url(page), None, None)
    assert (status, body == b"proxied") == (407, False)
    assert statuses(keeper, before, 1) == ["407 -"]


@pytest.mark.parametrize("keeper", ["basic", "digest"], indirect=True)  # NTLM's helper believes everybody
@pytest.mark.parametrize(("user", "password"), [(USER, "wrong"), ("nobody", PASSWORD)], ids=["password", "user"])
def test_who_is_not_known_gets_the_407(
    keeper: Squid, nginx: Nginx, page: str, ca: CertificateAuthority, face: Face, user: str, password: str
) -> None:
    before = len(keeper.log_lines())
    with through(keeper, ca, user, password) as session:
        status, body = face(session, nginx.url(page), None, None)
    assert (status, body == b"proxied") == (407, False)
    assert {line.split(" ")[0] for line in statuses(keeper, before, 2)} == {"407"}


def test_a_body_goes_through(keeper: Squid, server: ScriptedServer, ca: CertificateAuthority) -> None:
    # More than squid has read when it refuses, and it loses count of the rest: the connection stands still.
    body = bytes(range(256)) * 40
    server.reply(response(b"got it"))
    with through(keeper, ca, USER, PASSWORD) as session:
        result = session.fetch_one(Request(server.url("/in"), "POST", body=body))
    assert (result.status, result.body) == (200, b"got it")
    assert [got.body == body for got in server.received] == [True]


def test_the_origin_sees_none_of_it(keeper: Squid, server: ScriptedServer, ca: CertificateAuthority) -> None:
    server.reply(response(b"", 'WWW-Authenticate: Basic realm="r"', status="401 Unauthorized"))
    server.reply(response(b"in"))
    with through(keeper, ca, USER, PASSWORD) as session:
        assert session.fetch_one(Request(server.url("/"), user="o", password="p")).body == b"in"
    assert [got.header("authorization") for got in server.received] == [None, "Basic bzpw"]
    assert [got.header("proxy-authorization") for got in server.received] == [None, None]


# ---- tunnels ----


def test_a_tunnel_is_opened_for_whom_it_knows(
    keeper: Squid, nginx: Nginx, page: str, ca: CertificateAuthority, face: Face
) -> None:
    with through(keeper, ca, USER, PASSWORD) as session:
        assert face(session, nginx.tls_url(page), None, None) == (200, b"proxied")
        assert face(session, nginx.tls_url(page), None, None) == (200, b"proxied")


def test_a_tunnel_that_is_refused_is_an_error_with_its_status(
    keeper: Squid, nginx: Nginx, page: str, ca: CertificateAuthority, face: Face
) -> None:
    before = len(nginx.log_entries())
    with through(keeper, ca) as session, pytest.raises(InternetException, match="407"):
        face(session, nginx.tls_url(page), None, None)
    assert len(nginx.log_entries()) == before


def test_many_rows_share_the_tunnels_of_their_session(
    keeper: Squid, nginx: Nginx, page: str, ca: CertificateAuthority
) -> None:
    urls = [nginx.tls_url(page), nginx.url(page)] * 20
    with through(keeper, ca, USER, PASSWORD) as session, session.fetch(urls, in_flight=4) as rows:
        assert [(row.status, row.body) for row in rows] == [(200, b"proxied")] * 40


# ---- a proxy that is spoken to over TLS ----


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory, ca: CertificateAuthority) -> Iterator[Squid]:
    with Squid(tmp_path_factory.mktemp("squid"), users={USER: PASSWORD}, pem=ca.server_pem) as proxy:
        yield proxy


@pytest.mark.parametrize("target", ["http", "https"])
def test_an_https_proxy(
    secure: Squid, nginx: Nginx, page: str, ca: CertificateAuthority, face: Face, target: str
) -> None:
    name = f"https://{USER}:{quote(PASSWORD, safe='')}@localhost:{secure.tls_port}"
    url = nginx.url(page) if target == "http" else nginx.tls_url(page)
    with InternetSession("t", 1, AccessType.PROXY, name, "<-loopback>", ca=str(ca.pem)) as session:
        assert face(session, url, None, None) == (200, b"proxied")


def test_the_certificate_of_an_https_proxy_is_checked(secure: Squid, nginx: Nginx, page: str, tmp_path: Path) -> None:
    from servers.tls import CertificateAuthority

    name = f"https://{USER}:secret@localhost:{secure.tls_port}"
    other = CertificateAuthority(tmp_path)
    with (
        InternetSession("t", 1, AccessType.PROXY, name, "<-loopback>", ca=str(other.pem)) as session,
        pytest.raises(TlsError) as caught,
    ):
        session.fetch_one(nginx.url(page))
    assert "secret" not in str(caught.value)


# ---- which one ----


@pytest.mark.parametrize(
    "bypass",
    [
        pytest.param("", id="loopback by itself"),
        pytest.param("<-loopback>;127.0.0.1", id="by address"),
        pytest.param("<-loopback>;127.*", id="by pattern"),
        pytest.param("<-loopback> *.test http://127.0.0.1", id="by scheme"),
    ],
)
def test_hosts_on_the_bypass_list_are_asked_directly(
    squid: Squid, nginx: Nginx, page: str, ca: CertificateAuthority, face: Face, bypass: str
) -> None:
    before = len(squid.log_lines())
    with through(squid, ca, bypass=bypass) as session:
        assert face(session, nginx.url(page), None, None) == (200, b"proxied")
    assert len(squid.log_lines()) == before


@pytest.mark.parametrize("variable", ["http_proxy", "all_proxy", "ALL_PROXY"])
def test_the_environment_names_the_proxy_and_the_user(
    keeper: Squid, nginx: Nginx, page: str, ca: CertificateAuthority, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, f"http://{USER}:{quote(PASSWORD, safe='')}@127.0.0.1:{keeper.port}")
    before = len(keeper.log_lines())
    with InternetSession("t", ca=str(ca.pem)) as session:
        assert session.fetch_one(nginx.url(page)).body == b"proxied"
    assert statuses(keeper, before, 3 if is_ntlm(keeper) else 2)[-1].lower().startswith("200 anna")


@pytest.mark.parametrize("variable", ["https_proxy", "HTTPS_PROXY", "all_proxy"])
def test_the_environment_names_the_proxy_of_https(
    squid: Squid, nginx: Nginx, page: str, ca: CertificateAuthority, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, squid.url)
    target = f"127.0.0.1:{nginx.tls_port}"
    before = len(squid.log_lines(containing=target))
    with InternetSession("t", ca=str(ca.pem)) as session:
        assert session.fetch_one(nginx.tls_url(page)).body == b"proxied"
    assert len(squid.log_lines(before + 1, containing=target)) == before + 1


@pytest.mark.parametrize(
    ("variable", "value", "is_direct"),
    [
        pytest.param("no_proxy", "127.0.0.1", True, id="address"),
        pytest.param("NO_PROXY", "a.test,127.0.0.0/8", True, id="network"),
        pytest.param("no_proxy", "*", True, id="all"),
        pytest.param("no_proxy", "a.test", False, id="others"),
    ],
)
def test_no_proxy_of_the_environment(
    squid: Squid,
    nginx: Nginx,
    page: str,
    ca: CertificateAuthority,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    value: str,
    is_direct: bool,
) -> None:
    monkeypatch.setenv("http_proxy", squid.url)
    monkeypatch.setenv(variable, value)
    url = nginx.url(f"{page}?{variable}={value}")
    with InternetSession("t", ca=str(ca.pem)) as session:
        assert session.fetch_one(url).body == b"proxied"
    assert len(squid.log_lines(0 if is_direct else 1, containing=f"?{variable}={value}")) == (not is_direct)


def test_arguments_go_before_the_environment(
    squid: Squid, nginx: Nginx, page: str, ca: CertificateAuthority, monkeypatch: pytest.MonkeyPatch, face: Face
) -> None:
    with ScriptedServer() as never:
        for name in ("http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://u:p@127.0.0.1:{never.port}")
        monkeypatch.setenv("no_proxy", "*")
        before = len(squid.log_lines())
        with through(squid, ca) as session:
            assert face(session, nginx.url(page), None, None) == (200, b"proxied")
        assert len(squid.log_lines(before + 1)) == before + 1
        with InternetSession("t", access_type=AccessType.DIRECT, ca=str(ca.pem)) as session:
            assert face(session, nginx.url(page), None, None) == (200, b"proxied")
            assert face(session, nginx.tls_url(page), None, None) == (200, b"proxied")
        assert len(squid.log_lines()) == before + 1
        assert never.connections == 0


def test_each_scheme_may_have_its_own(
    squid: Squid, keeper: Squid, nginx: Nginx, page: str, ca: CertificateAuthority
) -> None:
    name = f"http={squid.url} https=http://{USER}:{quote(PASSWORD, safe='')}@127.0.0.1:{keeper.port}"
    before = len(squid.log_lines()), len(keeper.log_lines())
    with InternetSession("t", 1, AccessType.PROXY, name, "<-loopback>", ca=str(ca.pem)) as session:
        assert session.fetch_one(nginx.url(page)).body == b"proxied"
        assert session.fetch_one(nginx.tls_url(page)).body == b"proxied"
    assert [line.split(" ")[1] for line in squid.log_lines(before[0] + 1)[before[0] :]] == ["GET"]
    assert {line.split(" ")[1] for line in keeper.log_lines(before[1] + 1)[before[1] :]} == {"CONNECT"}
