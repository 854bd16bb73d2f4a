"""Byte for byte what curl sends, but where WinINet wants it otherwise: pycurl is the other side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pyinet import AccessType, InternetFlag, InternetSession, Request
from servers.scripted import ScriptedRequest, ScriptedServer, response

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pycurl = pytest.importorskip("pycurl", reason="no wheel of pycurl for this Python")

AGENT = "pyinet-tests/1.0"
CODINGS = "Accept-Encoding: gzip,deflate,br,zstd"
FORM = "Content-Type: application/x-www-form-urlencoded"
BODY = b"a=b&c=\x00\xff\r\n"

OK = response(b"ok")

Options = dict[str, Any]
"""Of pycurl, by their names."""


def by_curl(url: str, options: Options) -> None:
    """Perform what *options* say, with our agent and neither proxy nor environment."""
    curl = pycurl.Curl()
    try:
        for name, value in {"URL": url, "USERAGENT": AGENT, "PROXY": "", "NOPROXY": "*", **options}.items():
            curl.setopt(getattr(pycurl, name), value)
        curl.setopt(pycurl.WRITEFUNCTION, lambda _: None)
        curl.setopt(pycurl.HEADERFUNCTION, lambda _: None)
        curl.setopt(pycurl.TIMEOUT, 20)
        curl.perform()
    finally:
        curl.close()


def sent(act: Callable[[str], None], ports: list[int], first: bytes = OK) -> list[ScriptedRequest]:
    """The requests that *act* makes to a server of its own, whose port is added to *ports*."""
    with ScriptedServer() as server:
        ports.append(server.port)
        server.reply(first)
        server.reply(OK)
        act(server.url())
        return server.received


def shown(request: ScriptedRequest, port: int) -> tuple[list[str], bytes]:
    """Request line and header lines in order, the port made equal, and the body.

    User-Agent goes to the end: we send it as one of the lines that libcurl does not make itself.
    """
    lines = request.raw.decode("latin-1").replace(f":{port}", ":PORT").split("\r\n")
    assert lines[-2:] == ["", ""]
    agent = [line for line in lines if line.startswith("User-Agent:")]
    assert len(agent) == 1
    lines.remove(agent[0])
    return lines[:-2] + agent, request.body


CASES = [
    pytest.param("/", {}, {}, [], [CODINGS], id="GET"),
    pytest.param("/a%20b/%C3%A9?x=1&y=%2f;z#f", {}, {}, [], [CODINGS], id="GET with query and escapes"),
    pytest.param("/a/./b/../c", {}, {}, [], [CODINGS], id="GET with dots"),
    pytest.param("?x", {}, {}, [], [CODINGS], id="GET without a path"),
    pytest.param("/", {"method": "HEAD"}, {"NOBODY": 1}, [], [CODINGS], id="HEAD"),
    pytest.param("/", {"method": "DELETE"}, {"CUSTOMREQUEST": "DELETE"}, [], [CODINGS], id="DELETE"),
    pytest.param("/", {"method": "get"}, {"CUSTOMREQUEST": "get"}, [], [CODINGS], id="a method in small letters"),
    pytest.param(
        "/",
        {"headers": [("X-One", "1"), ("X-Two", "a, b"), ("X-Two", "c"), ("X-Latin", "\u00e9"), ("X-Empty", "")]},
        {"HTTPHEADER": ["X-One: 1", "X-Two: a, b", "X-Two: c", b"X-Latin: \xe9", "X-Empty;"]},
        [],
        [CODINGS],
        id="headers",
    ),
    pytest.param(
        "/",
        {"headers": {"Accept": "text/html", "Accept-Encoding": "br", "Host": "other.test", "User-Agent": "mine"}},
        {"HTTPHEADER": ["Accept: text/html", "Accept-Encoding: br", "Host: other.test", "User-Agent: mine"]},
        [],
        [],
        id="headers that replace",
    ),
    pytest.param("/", {"headers": {"Cookie": "a=b; c=d"}}, {"COOKIE": "a=b; c=d"}, [], [CODINGS], id="cookies"),
    pytest.param("/", {"headers": {"Referer": "http://r/"}}, {"REFERER": "http://r/"}, [], [CODINGS], id="referer"),
    pytest.param(
        "/",
        {"headers": {"Range": "bytes=5-9"}},
        {"HTTPHEADER": ["Range: bytes=5-9"]},
        [],
        ["Accept-Encoding: identity"],  # a part of what is encoded cannot be decoded
        id="range",
    ),
    pytest.param(
        "/", {"method": "POST", "body": BODY}, {"POSTFIELDS": BODY, "POST": 1}, [FORM], [CODINGS], id="POST bytes"
    ),
    pytest.param(
        "/",
        {"method": "POST", "body": BODY, "headers": {"Content-Type": "text/plain"}},
        {"POSTFIELDS": BODY, "HTTPHEADER": ["Content-Type: text/plain"]},
        [],
        [CODINGS],
        id="POST bytes with a type",
    ),
    pytest.param(
        "/", {"method": "POST", "body": b""}, {"POSTFIELDS": b"", "POST": 1}, [FORM], [CODINGS], id="POST nothing"
    ),
    pytest.param("/", {"method": "POST"}, {"POSTFIELDS": b"", "POST": 1}, [FORM], [CODINGS], id="POST without a body"),
    pytest.param(
        "/",
        {"method": "PATCH", "body": BODY},
        {"POSTFIELDS": BODY, "CUSTOMREQUEST": "PATCH"},
        [FORM],
        [CODINGS],
        id="PATCH bytes",
    ),
    pytest.param(
        "/",
        {"method": "POST", "body": BODY * 200_000},
        {"POSTFIELDS": BODY * 200_000},
        [FORM, "Expect: 100-continue"],  # it would wait a second for servers that do not know it
        [CODINGS],
        id="POST of 2 MB",
    ),
    pytest.param(
        "/", {"flags": InternetFlag.PRAGMA_NOCACHE}, {}, [], [CODINGS, "Pragma: no-cache"], id="PRAGMA_NOCACHE"
    ),
    pytest.param(
        "/",
        {"flags": InternetFlag.RELOAD},
        {},
        [],
        [CODINGS, "Cache-Control: no-cache", "Pragma: no-cache"],
        id="RELOAD",
    ),
    pytest.param(
        "/",
        {"flags": InternetFlag.KEEP_CONNECTION},
        {},
        [],
        [CODINGS, "Connection: Keep-Alive"],
        id="KEEP_CONNECTION",
    ),
]


def compare(ours: ScriptedRequest, theirs: ScriptedRequest, ports: list[int], less: list[str], more: list[str]) -> None:
    (mine, body), (other, expected_body) = shown(ours, ports[0]), shown(theirs, ports[1])
    assert body == expected_body
    assert mine[0] == other[0]
    for line in less:
        other.remove(line)  # an error when curl does not send it
    for line in more:
        mine.remove(line)  # an error when we do not
    assert mine == other


@pytest.mark.parametrize(("path", "ours", "theirs", "less", "more"), CASES)
def test_a_request_differs_where_it_should(
    path: str, ours: dict[str, Any], theirs: Options, less: list[str], more: list[str]
) -> None:
    ports: list[int] = []
    with InternetSession(AGENT, access_type=AccessType.DIRECT) as session:
        (mine,) = sent(lambda url: void(session.fetch_one(Request(url.removesuffix("/") + path, **ours))), ports)
    (other,) = sent(lambda url: by_curl(url.removesuffix("/") + path, theirs), ports)
    compare(mine, other, ports, less, more)


@pytest.mark.parametrize("size", [0, 1, 100_000, 2_000_000])
def test_a_file_differs_where_it_should(tmp_path: Path, size: int) -> None:
    body, ports = tmp_path / "body", list[int]()
    body.write_bytes(b"x" * size)

    def put(url: str) -> None:
        with body.open("rb") as file:
            by_curl(url, {"UPLOAD": 1, "READDATA": file, "INFILESIZE_LARGE": size})

    with InternetSession(AGENT, access_type=AccessType.DIRECT) as session:
        (mine,) = sent(lambda url: void(session.fetch_one(Request(url, "PUT", body=body))), ports)
    (other,) = sent(put, ports)
    compare(mine, other, ports, ["Expect: 100-continue"] if other.header("expect") else [], [CODINGS])


@pytest.mark.parametrize("path", ["/", "/a?b#c"])
def test_a_file_that_is_opened_asks_for_no_coding(path: str) -> None:
    ports: list[int] = []
    with InternetSession(AGENT, access_type=AccessType.DIRECT) as session:
        (mine,) = sent(lambda url: session.open_url(url.removesuffix("/") + path).close(), ports)
    (other,) = sent(lambda url: by_curl(url.removesuffix("/") + path, {}), ports)
    compare(mine, other, ports, [], [])


def test_a_cookie_of_the_session_is_sent_as_curl_sends_its_own() -> None:
    # One only: several go in the order of RFC 6265, which is not curl's.
    ports: list[int] = []

    def by_two_requests(url: str) -> None:
        for _ in range(2):
            session.fetch_one(Request(url))

    def by_curl_twice(url: str) -> None:
        curl = pycurl.Curl()
        options = {"URL": url, "USERAGENT": AGENT, "PROXY": "", "COOKIEFILE": "", "WRITEFUNCTION": lambda _: None}
        for name, value in options.items():
            curl.setopt(getattr(pycurl, name), value)
        curl.perform()
        curl.perform()
        curl.close()

    first = response(b"", 'Set-Cookie: a="1, 2"=3; Path=/; HttpOnly', "Set-Cookie: gone=1; Path=/x")
    with InternetSession(AGENT, access_type=AccessType.DIRECT) as session:
        _, mine = sent(by_two_requests, ports, first)
    _, other = sent(by_curl_twice, ports, first)
    assert mine.header("cookie") == 'a="1, 2"=3'
    compare(mine, other, ports, [], [CODINGS])


def void(_: object) -> None:
    """Nothing, of what a call returns."""
