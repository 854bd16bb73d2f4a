"""Fixtures and rules for every test: local servers, no other network, a time limit, nothing left alive."""

from __future__ import annotations

import faulthandler
import gc
import importlib.util
import ipaddress
import os
import signal
import socket
import sys
from typing import TYPE_CHECKING

import pytest

from servers.nginx import Nginx
from servers.scripted import ScriptedServer
from servers.squid import Squid
from servers.tls import CertificateAuthority

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pyinet import InternetSession

TIME_LIMIT, TIME_LIMIT_SLOW = 60, 120
"""Seconds for a test with its fixtures; then every stack is printed and the run ends."""

STDERR = pytest.StashKey[int]()

SETTINGS = ("SSL_CERT_FILE", "SSL_CERT_DIR", "CURL_CA_BUNDLE")
"""Variables of the environment that would change what a session does, beside the proxies'."""


def pytest_configure(config: pytest.Config) -> None:
    """Keep the real standard error for the stacks of a test that hangs."""
    capture = config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():
        config.stash[STDERR] = os.dup(2)


def pytest_report_header() -> str:
    """Which build is tested; a sanitizer run shows its own here."""
    found = importlib.util.find_spec("pyinet")
    return f"pyinet: {found.origin if found else 'not importable'}"


@pytest.fixture(autouse=True)
def _time_limit(request: pytest.FixtureRequest) -> Iterator[None]:
    limit = TIME_LIMIT_SLOW if request.node.get_closest_marker("slow") else TIME_LIMIT
    faulthandler.dump_traceback_later(limit, exit=True, file=request.config.stash[STDERR])
    yield
    faulthandler.cancel_dump_traceback_later()


def _live_objects() -> dict[str, int]:
    """Objects of the native core that still exist; a process that never loaded it has none."""
    engine = sys.modules.get("pyinet._transfer.engine")
    return engine.live_objects() if engine else {}


@pytest.fixture(autouse=True)
def _nothing_left_alive(request: pytest.FixtureRequest, _time_limit: None) -> Iterator[None]:
    """Counts native objects after all other fixtures of the test are gone."""
    failed, before = request.session.testsfailed, _live_objects()
    yield
    if request.session.testsfailed > failed:
        return  # the traceback of a failed test keeps its objects alive
    request.node.funcargs.clear()  # the values of fixtures that are finished
    if _live_objects() != before:
        gc.collect()
    left = {name: count for name, count in _live_objects().items() if count > before.get(name, 0)}
    assert not left, f"left alive: {left}, before: {before}"


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Takes proxies and certificate stores out of the environment; a test that wants one sets it."""
    for name in list(os.environ):
        if name in SETTINGS or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)


@pytest.fixture(params=["epoll", "poll"])
def driver(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Runs the test under both ways of waiting, its children included; for modules that mark it as used."""
    monkeypatch.setenv("PYINET_DRIVER", request.param)
    return str(request.param)


@pytest.fixture
def _interrupts_reach_children() -> Iterator[None]:
    """A test run in the background may ignore SIGINT, and children would inherit that."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def _is_loopback(address: object) -> bool:
    """Whether a Python socket address stays on this machine."""
    if not isinstance(address, tuple):
        return True  # a path: AF_UNIX
    host = str(address[0])
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@pytest.fixture(autouse=True, scope="session")
def _loopback_only() -> Iterator[None]:
    """Refuses Python's own connections to anywhere else; libcurl's go where tests send them."""

    def guarded(original: Callable[..., object]) -> Callable[..., object]:
        def connect(sock: socket.socket, address: object) -> object:
            if not _is_loopback(address):
                raise AssertionError(f"a test may not connect to {address!r}")
            return original(sock, address)

        return connect

    with pytest.MonkeyPatch.context() as patch:
        for name in ("connect", "connect_ex"):
            patch.setattr(socket.socket, name, guarded(getattr(socket.socket, name)))
        yield


@pytest.fixture(scope="session")
def ca(tmp_path_factory: pytest.TempPathFactory) -> CertificateAuthority:
    """The certificates of this run; ``ca.pem`` is what clients trust."""
    return CertificateAuthority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="session")
def nginx(tmp_path_factory: pytest.TempPathFactory, ca: CertificateAuthority) -> Iterator[Nginx]:
    """One nginx for the run; tests put files of their own names under ``nginx.root``."""
    folder, root = tmp_path_factory.mktemp("nginx"), tmp_path_factory.mktemp("www")
    with Nginx(folder, root, ca.server_pem) as server:
        yield server


@pytest.fixture(scope="session")
def squid(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Squid]:
    """One forward proxy for the run; it lets everybody in."""
    with Squid(tmp_path_factory.mktemp("squid")) as proxy:
        yield proxy


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    """A scripted http server."""
    with ScriptedServer() as scripted:
        yield scripted


@pytest.fixture
def tls_server(ca: CertificateAuthority) -> Iterator[ScriptedServer]:
    """A scripted https server (HTTP/1.1) with a good certificate."""
    with ScriptedServer(tls=ca.context()) as scripted:
        yield scripted


@pytest.fixture
def session(ca: CertificateAuthority) -> Iterator[InternetSession]:
    """A session that uses no proxy and trusts the certificates of this run."""
    from pyinet import AccessType, InternetSession  # pure tests run without the compiled module

    with InternetSession("pyinet-tests/1.0", access_type=AccessType.DIRECT, ca=str(ca.pem)) as opened:
        yield opened
