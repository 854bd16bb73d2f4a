"""Every option on a connection and on a request: its value, what setting it does, its value then."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pytest

from pyinet import CallerError, HandleClosed, InternetException, InternetOption, InternetSession
from pyinet._options.table import OPTIONS
from pyinet._process import PROCESS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyinet.httpconnection import HttpConnection
    from pyinet.httpfile import HttpFile

Opt = InternetOption
FOR_EVER = 0xFFFFFFFF
DONE = 0


class Fails(NamedTuple):
    """The number of an error instead of a value."""

    code: int


class Case(NamedTuple):
    level: str
    option: Opt
    value: object
    """What it is set to."""
    before: object
    """Value before, or `Fails`."""
    outcome: int
    """Error of setting it, or `DONE`."""
    after: object
    """Value after, or `Fails`."""


NO_OPTION, READ_ONLY, WRONG_HANDLE, WRONG_STATE = 12009, 12011, 12018, 12019
NOWHERE = Fails(WRONG_HANDLE)


def on_both(option: Opt, value: object, before: object, outcome: int, after: object) -> list[Case]:
    return [Case(level, option, value, before, outcome, after) for level in "CR"]


def kept(option: Opt, value: object, before: object) -> list[Case]:
    return on_both(option, value, before, DONE, value)


def refused(option: Opt, code: int = NO_OPTION) -> list[Case]:
    return on_both(option, 1, Fails(code), code, Fails(code))


def absent(option: Opt, value: object = 1, code: int = WRONG_HANDLE) -> list[Case]:
    return on_both(option, value, Fails(code), code, Fails(code))


def signal(option: Opt) -> list[Case]:
    return on_both(option, None, NOWHERE, DONE, NOWHERE)


def of_request(option: Opt, value: object, before: object, outcome: int, after: object) -> list[Case]:
    other = outcome if outcome == READ_ONLY else WRONG_HANDLE
    return [
        Case("C", option, value, NOWHERE, other, NOWHERE),
        Case("R", option, value, before, outcome, after),
    ]


SESSION, CONNECTION, URL = "the session's handle", "the connection's handle", "the URL"

CASES = [
    *on_both(Opt.CALLBACK, 1, 0, READ_ONLY, 0),
    *kept(Opt.CONNECT_TIMEOUT, 0, 60_000),
    *kept(Opt.CONNECT_RETRIES, 2, 5),
    *kept(Opt.CONNECT_BACKOFF, 7, 0),
    *kept(Opt.SEND_TIMEOUT, FOR_EVER, 30_000),
    *kept(Opt.RECEIVE_TIMEOUT, 0, 30_000),
    *kept(Opt.DATA_SEND_TIMEOUT, 9, 30_000),
    *kept(Opt.DATA_RECEIVE_TIMEOUT, 9, 30_000),
    Case("C", Opt.HANDLE_TYPE, 1, 4, READ_ONLY, 4),
    Case("R", Opt.HANDLE_TYPE, 1, 13, READ_ONLY, 13),
    *kept(Opt.CONTEXT_VALUE_OLD, 5, 1),
    *kept(Opt.LISTEN_TIMEOUT, 7, 30_000),
    *kept(Opt.READ_BUFFER_SIZE, 65_536, 4096),
    *kept(Opt.WRITE_BUFFER_SIZE, 65_536, 4096),
    *refused(Opt.ASYNC_ID),
    *refused(Opt.ASYNC_PRIORITY),
    Case("C", Opt.PARENT_HANDLE, 1, SESSION, READ_ONLY, SESSION),
    Case("R", Opt.PARENT_HANDLE, 1, CONNECTION, READ_ONLY, CONNECTION),
    *kept(Opt.KEEP_CONNECTION, 1, 0),
    *of_request(Opt.REQUEST_FLAGS, 0, 0x8, READ_ONLY, 0x8),
    *on_both(Opt.EXTENDED_ERROR, 1, 0, READ_ONLY, 0),
    *kept(Opt.OFFLINE_MODE, 1, 0),
    *refused(Opt.CACHE_STREAM_HANDLE),
    *kept(Opt.USERNAME, "other", "user"),
    *kept(Opt.PASSWORD, "other", "pass"),
    *refused(Opt.ASYNC),
    *on_both(Opt.SECURITY_FLAGS, 0x40000180, 0, DONE, 0x180),
    *of_request(Opt.SECURITY_CERTIFICATE_STRUCT, 1, Fails(12016), READ_ONLY, Fails(12016)),
    *of_request(Opt.DATAFILE_NAME, "x", Fails(12028), READ_ONLY, Fails(12028)),
    *of_request(Opt.URL, "http://x/", URL, READ_ONLY, URL),
    *of_request(Opt.SECURITY_CERTIFICATE, "x", Fails(12016), READ_ONLY, Fails(12016)),
    *of_request(Opt.SECURITY_KEY_BITNESS, 1, 0, READ_ONLY, 0),
    *absent(Opt.REFRESH),
    *absent(Opt.PROXY, (1,)),
    *signal(Opt.SETTINGS_CHANGED),
    *on_both(Opt.VERSION, (1, 2), NOWHERE, READ_ONLY, NOWHERE),
    Case("C", Opt.USER_AGENT, "x", NOWHERE, WRONG_HANDLE, NOWHERE),
    Case("R", Opt.USER_AGENT, "x", "pyinet-tests/1.0", WRONG_HANDLE, "pyinet-tests/1.0"),
    *signal(Opt.END_BROWSER_SESSION),
    *kept(Opt.PROXY_USERNAME, "u", ""),
    *kept(Opt.PROXY_PASSWORD, "p", ""),
    *kept(Opt.CONTEXT_VALUE, (1 << 64) - 1, 1),
    *refused(Opt.CONNECT_LIMIT),
    *refused(Opt.SECURITY_SELECT_CLIENT_CERT),
    *refused(Opt.POLICY, 87),
    *kept(Opt.DISCONNECTED_TIMEOUT, 1, 0),
    *absent(Opt.CONNECTED_STATE),
    *kept(Opt.IDLE_STATE, 1, 0),
    *kept(Opt.OFFLINE_SEMANTICS, 1, 0),
    *of_request(Opt.SECONDARY_CACHE_KEY, "key", "", DONE, "key"),
    *kept(Opt.CALLBACK_FILTER, 1, 0),
    *kept(Opt.CONNECT_TIME, 1, 0),
    *kept(Opt.SEND_THROUGHPUT, 1, 0),
    *kept(Opt.RECEIVE_THROUGHPUT, 1, 0),
    *of_request(Opt.REQUEST_PRIORITY, 5, 1000, DONE, 5),
    *of_request(Opt.HTTP_VERSION, (1, 1), (1, 1), WRONG_HANDLE, (1, 1)),
    *absent(Opt.RESET_URLCACHE_SESSION),
    Case("C", Opt.ERROR_MASK, 9, NOWHERE, DONE, NOWHERE),
    Case("R", Opt.ERROR_MASK, 9, 0, DONE, 9),
    *kept(Opt.FROM_CACHE_TIMEOUT, 5, FOR_EVER),
    *kept(Opt.BYPASS_EDITED_ENTRY, True, False),
    *kept(Opt.HTTP_DECODING, True, False),
    *of_request(Opt.DIAGNOSTIC_SOCKET_INFO, 1, (0, 0, 7070, 0), READ_ONLY, (0, 0, 7070, 0)),
    *on_both(Opt.CODEPAGE, 65001, NOWHERE, DONE, NOWHERE),
    *of_request(Opt.CACHE_TIMESTAMPS, 1, Fails(2), READ_ONLY, Fails(2)),
    *kept(Opt.DISABLE_AUTODIAL, True, False),
    *absent(Opt.MAX_CONNS_PER_SERVER, code=12016),
    *absent(Opt.MAX_CONNS_PER_1_0_SERVER, code=12016),
    *absent(Opt.PER_CONNECTION_OPTION, [(1, 1)]),
    *absent(Opt.DIGEST_AUTH_UNLOAD),
    *of_request(Opt.IGNORE_OFFLINE, None, False, DONE, True),
    *refused(Opt.IDENTITY),
    *refused(Opt.REMOVE_IDENTITY),
    *refused(Opt.ALTER_IDENTITY),
    *absent(Opt.SUPPRESS_BEHAVIOR, 3),
    *kept(Opt.AUTODIAL_MODE, 1, 0),
    *kept(Opt.AUTODIAL_CONNECTION, "x", ""),
    *of_request(Opt.CLIENT_CERT_CONTEXT, (__file__, __file__), NOWHERE, DONE, NOWHERE),
    *kept(Opt.AUTH_FLAGS, 1, 0),
    *refused(Opt.COOKIES_3RD_PARTY),
    *kept(Opt.DISABLE_PASSPORT_AUTH, 1, 0),
    *kept(Opt.SEND_UTF8_SERVERNAME_TO_PROXY, 1, 0),
    *kept(Opt.EXEMPT_CONNECTION_LIMIT, 1, 0),
    *kept(Opt.ENABLE_PASSPORT_AUTH, 1, 0),
    *kept(Opt.HIBERNATE_INACTIVE_WORKER_THREADS, 1, 0),
    *kept(Opt.ACTIVATE_WORKER_THREADS, 1, 0),
    *kept(Opt.RESTORE_WORKER_THREAD_DEFAULTS, 1, 0),
    *kept(Opt.SOCKET_SEND_BUFFER_LENGTH, 1, 0),
    *signal(Opt.PROXY_SETTINGS_CHANGED),
    *of_request(Opt.DATAFILE_EXT, ".gif", NOWHERE, DONE, NOWHERE),
    *of_request(Opt.UNDOCUMENTED_98, 0x100, 0, READ_ONLY, 0),
    *of_request(Opt.UNDOCUMENTED_99, 0x100, NOWHERE, DONE, NOWHERE),
    *on_both(Opt.CODEPAGE_PATH, 65001, NOWHERE, DONE, NOWHERE),
    *on_both(Opt.CODEPAGE_EXTRA, 1252, NOWHERE, NO_OPTION, NOWHERE),
    *kept(Opt.IDN, 0, 3),
    *absent(Opt.MAX_CONNS_PER_PROXY, 8),
    *of_request(Opt.SUPPRESS_SERVER_AUTH, None, NOWHERE, DONE, NOWHERE),
    *of_request(Opt.SERVER_CERT_CHAIN_CONTEXT, 1, Fails(WRONG_STATE), READ_ONLY, Fails(WRONG_STATE)),
    *of_request(Opt.ENABLE_REDIRECT_CACHE_READ, True, NOWHERE, DONE, NOWHERE),
    *of_request(Opt.COMPRESSED_CONTENT_LENGTH, 1, Fails(WRONG_STATE), READ_ONLY, Fails(WRONG_STATE)),
    *on_both(Opt.ENABLE_HTTP_PROTOCOL, 2, NOWHERE, DONE, NOWHERE),
    *of_request(Opt.HTTP_PROTOCOL_USED, 2, 0, READ_ONLY, 0),
    *kept(Opt.ENCODE_EXTRA, True, False),
    *kept(Opt.HSTS, True, False),
    *kept(Opt.ENTERPRISE_CONTEXT, 1, 0),
    *kept(Opt.OPT_IN_WEAK_SIGNATURE, 1, 0),
]


@pytest.fixture(autouse=True)
def _no_failure_before() -> None:
    PROCESS.os_errno = 0


@pytest.fixture
def connection(session: InternetSession) -> Iterator[HttpConnection]:
    with session.get_http_connection("127.0.0.1", 7070, "user", "pass") as opened:
        yield opened


@pytest.fixture
def request_file(connection: HttpConnection) -> Iterator[HttpFile]:
    with connection.open_request("GET", "/x?y") as file:
        yield file


def code_of(error: InternetException) -> Fails:
    return Fails(error.code)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.option.name}-{case.level}")
def test_every_option(session: InternetSession, connection: HttpConnection, request_file: HttpFile, case: Case) -> None:
    owner = connection if case.level == "C" else request_file
    handles = {SESSION: session.handle, CONNECTION: connection.handle, URL: "http://127.0.0.1:7070/x?y"}

    def value() -> object:
        try:
            found = owner.query_option(case.option)
        except CallerError as error:
            return code_of(error)
        assert found is not None
        return found

    def expected(wanted: object) -> object:
        return handles[wanted] if isinstance(wanted, str) and wanted in handles else wanted

    found, wanted = value(), expected(case.before)
    assert found == wanted
    assert isinstance(found, bool) == isinstance(wanted, bool)
    outcome = DONE
    try:
        owner.set_option(case.option, case.value)
    except CallerError as error:
        outcome = error.code
    assert outcome == case.outcome
    assert value() == expected(case.after)


def test_the_cases_are_complete() -> None:
    assert sorted((case.option, case.level) for case in CASES) == [
        (number, level) for number in sorted(OPTIONS) for level in "CR"
    ]


@pytest.mark.parametrize("level", "CR")
@pytest.mark.parametrize(
    ("option", "value", "code"),
    [
        (Opt.CONNECT_TIMEOUT, "1", 87),
        (Opt.CONNECT_TIMEOUT, None, 87),
        (Opt.RECEIVE_TIMEOUT, -1, 87),
        (Opt.RECEIVE_TIMEOUT, 1 << 32, 87),
        (Opt.SEND_TIMEOUT, 1.5, 87),
        (Opt.USERNAME, 1, 87),
        (Opt.USERNAME, "a\nb", 87),
        (Opt.PASSWORD, b"p", 87),
        (Opt.PROXY_PASSWORD, "a\0", 87),
        (Opt.SECURITY_FLAGS, None, 87),
        (Opt.SECURITY_FLAGS, "1", 87),
        (Opt.CONTEXT_VALUE, -1, 87),
        (Opt.CONTEXT_VALUE, None, 87),
        (Opt.ERROR_MASK, 4, 87),
        (Opt.ERROR_MASK, 16, 87),
        (Opt.ERROR_MASK, "1", 12010),
        (Opt.HTTP_DECODING, "yes", 87),
        (Opt.IDN, 4, 87),
        (Opt.ENABLE_HTTP_PROTOCOL, 1, 87),
        (Opt.CODEPAGE, 1252, NO_OPTION),
        (9999, 1, NO_OPTION),
        ("2", 1, NO_OPTION),
    ],
)
def test_a_value_that_cannot_be_used(
    connection: HttpConnection, request_file: HttpFile, level: str, option: Opt, value: object, code: int
) -> None:
    owner = connection if level == "C" else request_file
    with pytest.raises(CallerError) as caught:
        owner.set_option(option, value)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("option", "value", "code"),
    [
        (Opt.UNDOCUMENTED_99, 0x4000, READ_ONLY),
        (Opt.UNDOCUMENTED_99, None, 87),
        (Opt.CLIENT_CERT_CONTEXT, "cert.pem", 87),
        (Opt.CLIENT_CERT_CONTEXT, (__file__, "/no/such/key.pem"), 3),
        (Opt.DATAFILE_EXT, "../x", 87),
    ],
)
def test_a_value_that_cannot_be_used_on_a_request(
    request_file: HttpFile, option: Opt, value: object, code: int
) -> None:
    with pytest.raises(CallerError) as caught:
        request_file.set_option(option, value)
    assert caught.value.code == code


@pytest.mark.parametrize("level", "CR")
@pytest.mark.parametrize("flags", [4, -1, "1"])
def test_flags_that_do_not_exist(connection: HttpConnection, request_file: HttpFile, level: str, flags: int) -> None:
    owner = connection if level == "C" else request_file
    with pytest.raises(CallerError) as caught:
        owner.set_option(9999, 1, flags)
    assert caught.value.code == 87
    owner.set_option(Opt.CONNECT_RETRIES, 1, 3)


def test_a_closed_handle_has_no_options(connection: HttpConnection, request_file: HttpFile) -> None:
    connection.close()
    for owner in (connection, request_file):
        with pytest.raises(HandleClosed):
            owner.query_option(9999)
        with pytest.raises(HandleClosed):
            owner.set_option(9999, 1)
