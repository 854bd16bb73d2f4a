"""A file that nobody has any more ends at once: no cycle of references keeps it for the collector."""

from __future__ import annotations

import contextlib
import gc
import weakref
from typing import TYPE_CHECKING

import pytest

from pyinet import InternetException
from servers.scripted import response

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pyinet import HttpConnection, HttpFile, InternetSession
    from servers.scripted import ScriptedServer

pytestmark = pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")


@pytest.fixture(autouse=True)
def _no_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def _uploading(connection: HttpConnection) -> HttpFile:
    file = connection.open_request("POST")
    file.send_request_ex(5).write(b"ab")
    return file


def _failed(connection: HttpConnection) -> HttpFile:
    file = connection.open_request("GET", "/empty")
    with contextlib.suppress(InternetException):
        file.send_request()
    return file


def _refused(connection: HttpConnection) -> HttpFile:
    file = connection.open_request("POST")
    with contextlib.suppress(InternetException):
        file.send_request("Content-Length: 9", b"x")
    return file


def _cut(connection: HttpConnection) -> HttpFile:
    file = connection.get("/cut")
    with contextlib.suppress(InternetException):
        file.read()
    with contextlib.suppress(InternetException):
        file.read()
    return file


@pytest.mark.parametrize("make", [_uploading, _failed, _refused, _cut])
def test_a_dropped_file_ends_at_once(
    server: ScriptedServer, session: InternetSession, make: Callable[[HttpConnection], HttpFile]
) -> None:
    server.route("/", response(b""))
    server.route("/empty", b"\r\n")
    server.route("/cut", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nConnection: close\r\n\r\nabc")
    with session.get_http_connection("127.0.0.1", server.port) as connection:
        known = weakref.ref(make(connection))
        assert known() is None
