"""Every `InternetFlag` in the three places that take flags: what it does there, if anything."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pytest

from pyinet import AccessType, CallerError, InternetException, InternetFlag, InternetSession, Request
from servers.scripted import response

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from servers.scripted import ScriptedServer
    from servers.tls import CertificateAuthority

Flag = InternetFlag

SESSION, OPEN_URL, REQUEST = "session", "open_url", "Request"
PLACES = (SESSION, OPEN_URL, REQUEST)


class Outcome(NamedTuple):
    """What a GET of a page that is moved, with a cookie in the jar and credentials at hand, comes to."""

    lines: tuple[str, ...] = ()
    """Header lines beyond those of a GET without flags."""
    cookie: str | None = "a=b"
    """What is sent."""
    requests: tuple[str, ...] = ("/moved", "/page")


OUTCOMES: dict[Flag, Outcome | int] = {
    Flag.TRANSFER_ASCII: Outcome(),
    Flag.TRANSFER_BINARY: Outcome(),
    Flag.BGUPDATE: Outcome(),
    Flag.NEED_FILE: Outcome(),
    Flag.FWD_BACK: Outcome(),
    Flag.FORMS_SUBMIT: Outcome(),
    Flag.CACHE_ASYNC: Outcome(),
    Flag.PRAGMA_NOCACHE: Outcome(("Pragma: no-cache",)),
    Flag.NO_UI: Outcome(),
    Flag.HYPERLINK: Outcome(),
    Flag.RESYNCHRONIZE: Outcome(),  # there is no copy to be compared
    Flag.IGNORE_REDIRECT_TO_HTTPS: Outcome(),
    Flag.IGNORE_REDIRECT_TO_HTTP: Outcome(),
    Flag.CACHE_IF_NET_FAIL: Outcome(),
    Flag.RESTRICTED_ZONE: Outcome(),
    Flag.NO_AUTH: Outcome(),
    Flag.NO_COOKIES: Outcome(cookie=None),
    Flag.READ_PREFETCH: Outcome(),
    Flag.NO_AUTO_REDIRECT: Outcome(requests=("/moved",)),
    Flag.KEEP_CONNECTION: Outcome(("Connection: Keep-Alive",)),
    Flag.FROM_CACHE: 2,
    Flag.MAKE_PERSISTENT: Outcome(),
    Flag.NO_CACHE_WRITE: Outcome(),
    Flag.PASSIVE: Outcome(),
    Flag.ASYNC: 87,
    Flag.EXISTING_CONNECT: Outcome(),
    Flag.RAW_DATA: Outcome(),
    Flag.RELOAD: Outcome(("Cache-Control: no-cache", "Pragma: no-cache")),
    Flag(1 << 2): Outcome(),  # has no name
}
ELSEWHERE = Flag.SECURE | Flag.IGNORE_CERT_CN_INVALID | Flag.IGNORE_CERT_DATE_INVALID
"""Flags that concern TLS have tests of their own."""


def fetch(place: str, flags: int, url: str, method: str = "GET", ca: str | None = None) -> str:
    """Fetch *url* with the flags of a session, of open_url or of a request; return the URL of the answer."""
    of_session = flags if place == SESSION else 0
    with InternetSession("agent", access_type=AccessType.DIRECT, flags=of_session, ca=ca) as session:
        session.set_cookie(url, "a", "b")
        if place == OPEN_URL:
            with session.open_url(url, flags=flags) as file:
                file.read()
                return file.name
        plain = place == SESSION and method == "GET"
        result = session.fetch_one(url if plain else Request(url, method, flags=0 if place == SESSION else flags))
        assert result.url is not None
        return result.url


@pytest.fixture
def moved(server: ScriptedServer) -> str:
    server.route("/moved", response(b"", "Location: /page", status="302 Found"))
    server.route("/page", response(b"page"))
    return server.url("/moved")


def test_the_table_has_every_flag() -> None:
    named = Flag(0)
    for flag in OUTCOMES:
        named |= flag
    assert int(named | ELSEWHERE) == 0xFFFFFFFF


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    ("flag", "outcome"), OUTCOMES.items(), ids=lambda x: x.name or "?" if isinstance(x, Flag) else ""
)
def test_a_flag_does_what_the_table_says(
    server: ScriptedServer, moved: str, place: str, flag: Flag, outcome: Outcome | int
) -> None:
    fetch(place, 0, moved)
    usual = server.received[0].headers
    server.received.clear()
    if isinstance(outcome, int):
        with pytest.raises(CallerError) as caught:
            fetch(place, int(flag), moved)
        assert caught.value.code == outcome
        assert server.received == []
        return
    fetch(place, int(flag), moved)
    assert tuple(request.target for request in server.received) == outcome.requests
    for request in server.received:
        own = [f"{name}: {value}" for name, value in request.headers if (name, value) not in usual]
        assert sorted(own) == sorted(outcome.lines)
        assert request.header("cookie") == outcome.cookie


@pytest.mark.parametrize("place", [SESSION, REQUEST])
@pytest.mark.parametrize("method", ["POST", "HEAD"])
def test_what_is_not_to_be_cached_asks_for_no_cached_answer_unless_it_is_a_get(
    server: ScriptedServer, place: str, method: str
) -> None:
    server.route("/", response(b""))
    fetch(place, Flag.NO_CACHE_WRITE, server.url("/"), method)
    assert server.received[0].header("cache-control") == "no-cache"
    assert server.received[0].header("pragma") is None


@pytest.mark.parametrize("place", PLACES)
def test_without_authentication_credentials_stay_here(server: ScriptedServer, place: str) -> None:
    challenge = response(b"", 'WWW-Authenticate: Basic realm="r"', status="401 Unauthorized")
    server.route("/", challenge)
    fetch(place, Flag.NO_AUTH, server.url("/").replace("//", "//user:pass@"))
    assert [request.header("authorization") for request in server.received] == [None]


@pytest.mark.parametrize("flags", [0, Flag.NO_AUTH], ids=["usual", "NO_AUTH"])
def test_without_authentication_the_proxy_gets_no_credentials_either(server: ScriptedServer, flags: int) -> None:
    challenge = response(b"", 'Proxy-Authenticate: Basic realm="r"', status="407 Proxy Authentication Required")
    server.route("http://example.org/", challenge)
    proxy = server.url("").replace("//", "//user:pass@")
    with InternetSession("agent", access_type=AccessType.PROXY, proxy_name=proxy) as session:
        session.fetch_one(Request("http://example.org/", flags=flags))
    assert [request.header("proxy-authorization") is None for request in server.received] == (
        [True] if flags else [True, False]
    )


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("scheme", ["http", "HTTP", "https"])
def test_secure_makes_http_https(tls_server: ScriptedServer, ca: CertificateAuthority, place: str, scheme: str) -> None:
    tls_server.route("/", response(b"safe"))
    url = tls_server.url("/")
    asked = scheme + url[len("https") :]
    assert fetch(place, Flag.SECURE, asked, ca=str(ca.pem)) in {url, asked if scheme == "https" else url}
    assert [request.target for request in tls_server.received] == ["/"]


def test_secure_without_a_port_is_443() -> None:
    names: list[str] = []

    class Watching(InternetSession):
        def on_status_callback(self, context: int, status: int, info: object) -> None:
            del context
            if status == 20:
                names.append(f"{info}:{info.port}")  # type: ignore[attr-defined]

    with Watching("agent", access_type=AccessType.DIRECT, resolve={"secure.example": "127.0.0.1"}) as watching:
        watching.enable_status_callback()
        watching.set_option(2, 2000)
        with pytest.raises(InternetException):
            watching.open_url("http://secure.example/", flags=Flag.SECURE)
    assert names == ["127.0.0.1:443"]


def test_a_redirect_from_a_secured_url_to_http_is_refused(tls_server: ScriptedServer, session: InternetSession) -> None:
    tls_server.route("/", response(b"", "Location: http://127.0.0.1:1/", status="302 Found"))
    with pytest.raises(InternetException) as caught:
        session.open_url(tls_server.url("/").replace("https", "http"), flags=Flag.SECURE)
    assert caught.value.code == 12040


@pytest.mark.parametrize(
    "call",
    [
        lambda _session, _url, flags: InternetSession("agent", flags=flags).close(),
        lambda session, url, flags: session.open_url(url, flags=flags),
        lambda _session, url, flags: Request(url, flags=flags),
    ],
    ids=PLACES,
)
@pytest.mark.parametrize("flags", [3, "RELOAD", 1.5], ids=["ASCII and BINARY", "a str", "a float"])
def test_flags_that_cannot_be_are_refused(
    session: InternetSession, call: Callable[[InternetSession, str, object], object], flags: object
) -> None:
    with pytest.raises(CallerError) as caught:
        call(session, "http://127.0.0.1:1/", flags)
    assert caught.value.code == 87
    assert caught.value.context in {0, 1}


@pytest.mark.parametrize(
    ("of_session", "of_call", "text"),
    [(1, 0, True), (1, 2, False), (2, 1, True), (2, 0, False), (0, 1, True)],
    ids=["session ASCII", "call BINARY", "call ASCII", "session BINARY", "call alone"],
)
def test_the_transfer_type_of_a_local_file_is_the_calls_before_the_sessions(
    tmp_path: Path, of_session: int, of_call: int, text: bool
) -> None:
    (tmp_path / "a").write_bytes(b"a\r\n")
    with (
        InternetSession("agent", access_type=AccessType.DIRECT, flags=of_session) as session,
        session.open_url((tmp_path / "a").as_uri(), flags=of_call) as file,
    ):
        assert isinstance(file.read(), str) == text
