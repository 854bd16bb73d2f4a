"""What errors of sessions and files carry beside a number: the context of the handle at work, and no stale cause."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

import pyinet
from pyinet import (
    AccessType,
    CallerError,
    CannotConnect,
    HandleClosed,
    HttpFile,
    InternetException,
    InternetHandleType,
    InternetOption,
    InternetSession,
    NameNotResolved,
    NotSupported,
    Request,
)
from servers.scripted import response

if TYPE_CHECKING:
    from collections.abc import Callable

    from servers.scripted import ScriptedServer

SESSION_CONTEXT, FILE_CONTEXT = 21, 22

CLOSED: dict[str, Callable[[InternetSession], object]] = {
    "open_url": lambda session: session.open_url("http://127.0.0.1:1/", FILE_CONTEXT),
    "fetch": lambda session: session.fetch([]),
    "fetch_one": lambda session: session.fetch_one("http://127.0.0.1:1/"),
    "fetch_one_async": lambda session: asyncio.run(session.fetch_one_async("http://127.0.0.1:1/")),
    "enable_status_callback": lambda session: session.enable_status_callback(),
    "set_option": lambda session: session.set_option(InternetOption.CONNECT_TIMEOUT, 1),
    "query_option": lambda session: session.query_option(InternetOption.CONNECT_TIMEOUT),
}

REFUSED: dict[str, tuple[Callable[[InternetSession], object], int]] = {
    "no such option": (lambda session: session.query_option(9999), 12009),
    "a value": (lambda session: session.set_option(InternetOption.CONNECT_TIMEOUT, 0), 160),
    "a size": (lambda session: session.set_option(InternetOption.CONNECT_TIMEOUT, "x"), 12010),
    "read only": (lambda session: session.set_option(InternetOption.HANDLE_TYPE, 1), 12011),
    "another kind": (lambda session: session.query_option(InternetOption.URL), 12018),
    "flags": (lambda session: session.open_url("http://127.0.0.1:1/", FILE_CONTEXT, 3), 87),
    "a scheme": (lambda session: session.open_url("foo:bar", FILE_CONTEXT), 12006),
    "no scheme": (lambda session: session.fetch_one("server"), 12006),
    "an opaque scheme": (lambda session: session.fetch_one("about:blank"), 12006),
    "no slashes": (lambda session: session.fetch_one("http:host"), 12005),
    "a header": (lambda session: session.open_url("http://127.0.0.1:1/", FILE_CONTEXT, 0, "none"), 12153),
}

OF_A_FILE: dict[str, tuple[Callable[[HttpFile], object], int]] = {
    "write": (lambda file: file.write(b""), 12019),
    "get_length": (lambda file: file.get_length(), 12016),
    "cut body": (lambda file: file.read(), 12030),
}


def direct() -> InternetSession:
    return InternetSession("agent", SESSION_CONTEXT, AccessType.DIRECT)


def caught(call: Callable[[], object]) -> InternetException:
    with pytest.raises(InternetException) as info:
        call()
    return info.value


@pytest.mark.parametrize("call", CLOSED.values(), ids=CLOSED)
def test_a_closed_session_is_6_with_its_context(call: Callable[[InternetSession], object]) -> None:
    session = direct()
    session.close()
    error = caught(lambda: call(session))
    assert (type(error), error.code, error.context) == (HandleClosed, 6, SESSION_CONTEXT)


@pytest.mark.parametrize(("call", "code"), REFUSED.values(), ids=REFUSED)
def test_what_a_session_refuses_carries_its_context(call: Callable[[InternetSession], object], code: int) -> None:
    with direct() as session:
        error = caught(lambda: call(session))
        assert (error.code, error.context) == (code, SESSION_CONTEXT)
        assert isinstance(error, CallerError)


@pytest.mark.parametrize(("call", "code"), OF_A_FILE.values(), ids=OF_A_FILE)
def test_errors_of_a_file_carry_its_context(
    server: ScriptedServer, call: Callable[[HttpFile], object], code: int
) -> None:
    server.route("/", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n5\r\nhe")
    with direct() as session, session.open_url(server.url(), FILE_CONTEXT) as file:
        assert isinstance(file, HttpFile)
        error = caught(lambda: call(file))
        assert (error.code, error.context) == (code, FILE_CONTEXT)


def test_a_closed_file_is_6_with_its_context(server: ScriptedServer) -> None:
    server.route("/", response(b"hello"))
    with direct() as session:
        file = session.open_url(server.url(), FILE_CONTEXT)
        file.close()
        error = caught(file.read)
        assert (error.code, error.context) == (6, FILE_CONTEXT)


def test_a_row_carries_its_own_context() -> None:
    with direct() as session:
        assert caught(lambda: session.fetch_one(Request("server", context=5))).context == 5


def test_a_failed_lookup_does_not_show_the_errno_of_an_earlier_failure(session: InternetSession) -> None:
    session.set_option(InternetOption.CONNECT_TIMEOUT, 5000)
    for call in (session.fetch_one, session.open_url):
        with pytest.raises(CannotConnect, match="refused"):
            call("http://127.0.0.1:1/")
        assert session.query_option(InternetOption.EXTENDED_ERROR) == 10061
        with pytest.raises(NameNotResolved) as found:
            call("http://no-such-host.invalid/")
        assert "refused" not in str(found.value)
        assert session.query_option(InternetOption.EXTENDED_ERROR) == 0
        with pytest.raises(CallerError) as malformed:
            call("http://h:99999/")
        assert "refused" not in str(malformed.value)


@pytest.mark.parametrize("value", [None, "x", 1.5, [], {}], ids=repr)
def test_what_is_no_number_is_no_handle(value: Any) -> None:  # noqa: ANN401 - of any type
    calls: list[Callable[[Any], object]] = [
        pyinet.close_handle,
        pyinet.handle_type,
        InternetSession.service_type_from_handle,
    ]
    for call in calls:
        with pytest.raises(HandleClosed):
            call(value)


def test_the_service_type_of_a_handle_is_its_kind(session: InternetSession) -> None:
    assert session.service_type_from_handle(session.handle) is InternetHandleType.INTERNET


@pytest.mark.parametrize("agent", [5, b"agent"], ids=repr)
def test_an_agent_that_is_no_text_is_called_that(agent: Any) -> None:  # noqa: ANN401 - of any type
    with pytest.raises(CallerError, match="agent must be a str, not"):
        InternetSession(agent)


@pytest.mark.parametrize(
    ("code", "cls"),
    [(12018, CallerError), (12019, CallerError), (12011, CallerError), (160, CallerError), (12006, NotSupported)],
)
def test_thrown_by_number_an_error_is_of_the_class_that_calls_raise(code: int, cls: type[InternetException]) -> None:
    assert type(caught(lambda: pyinet.throw_internet_exception(4, code))) is cls


@pytest.mark.parametrize("code", [50, 87, 12009, 12016])
def test_the_texts_of_numbers_speak_of_no_library(code: int) -> None:
    assert "libcurl" not in pyinet.get_error_message(code).lower()
