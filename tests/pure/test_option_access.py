from __future__ import annotations

import pytest

from pyinet._options.access import ConnectedInfo, Version, check_flags, query_option, set_option
from pyinet._options.proxy_info import ProxyInfo
from pyinet._options.table import OPTIONS, Level, Option, Verdict
from pyinet.enums import AccessType, InternetHandleType
from pyinet.enums import InternetOption as Opt
from pyinet.errors import CallerError

G, S, C, R = Level

SAMPLES: dict[Opt, object] = {
    Opt.CLIENT_CERT_CONTEXT: ("cert.pem", "key.pem"),
    Opt.CODEPAGE: 65001,
    Opt.CODEPAGE_EXTRA: 65001,
    Opt.CODEPAGE_PATH: 65001,
    Opt.CONNECTED_STATE: (0x10, 1),
    Opt.DATAFILE_EXT: ".gif",
    Opt.HTTP_VERSION: (1, 1),
    Opt.PER_CONNECTION_OPTION: [(1, 1)],
    Opt.PROXY: (1, None, None),
    Opt.UNDOCUMENTED_99: 0x100,
}
"""Values for options that do not take every number below 4."""
TEXTS = {Opt.USERNAME, Opt.PASSWORD, Opt.PROXY_USERNAME, Opt.PROXY_PASSWORD, Opt.USER_AGENT, Opt.SECONDARY_CACHE_KEY,
         Opt.AUTODIAL_CONNECTION}  # fmt: skip


class Fake:
    """A holder that remembers what it was told."""

    def __init__(self, level: Level) -> None:
        self.level = level
        self.stored: dict[int, object] = {}
        self.changes: list[tuple[int, object]] = []
        self.values: dict[int, object] = {}

    def store(self, option: int, value: object) -> None:
        self.stored[option] = value

    def option_value(self, option: Opt) -> object:
        return self.values[option]

    def option_changed(self, option: Opt, value: object) -> None:
        self.changes.append((option, value))


def sample(number: Opt) -> object:
    return SAMPLES.get(number, "text" if number in TEXTS else 2)


def set_code(level: Level, option: object, value: object = 2, flags: object = 0) -> int:
    holder = Fake(level)
    with pytest.raises(CallerError) as caught:
        set_option(holder, option, value, flags)  # type: ignore[arg-type]  # wrong types are the point
    assert not holder.stored
    assert not holder.changes
    return caught.value.code


def query_code(level: Level, option: object) -> int:
    with pytest.raises(CallerError) as caught:
        query_option(Fake(level), option)  # type: ignore[arg-type]  # wrong types are the point
    return caught.value.code


EVERYWHERE = [
    pytest.param(row, level, id=f"{row.number.name}-{level.name}") for row in OPTIONS.values() for level in Level
]


@pytest.mark.parametrize(("row", "level"), EVERYWHERE)
def test_an_option_can_be_set_where_the_table_says_and_nowhere_else(row: Option, level: Level) -> None:
    number = row.number
    if level in row.writable:
        holder = Fake(level)
        set_option(holder, number, sample(number))
        assert bool(holder.changes) == (row.verdict is Verdict.IMPLEMENTED)
    elif row.verdict is Verdict.REFUSED:
        assert set_code(level, number) == row.refusal
    elif row.writable:
        assert set_code(level, number) == row.wrong_handle
    else:
        assert set_code(level, number) == (12018 if number == Opt.CALLBACK and level is G else 12011)


@pytest.mark.parametrize(("row", "level"), EVERYWHERE)
def test_an_option_can_be_queried_where_the_table_says_and_nowhere_else(row: Option, level: Level) -> None:
    holder = Fake(level)
    holder.values[row.target] = 7
    if level not in row.readable:
        assert query_code(level, row.number) == (row.refusal or row.wrong_handle)
    elif row.verdict is Verdict.STORED:
        assert query_option(holder, row.number) == row.default
    else:
        assert query_option(holder, row.number) == 7


@pytest.mark.parametrize("option", [0, 14, 61, 106, 9999, -1, 1 << 40, "2", None, 2.0])
def test_what_is_no_option_is_12009(option: object) -> None:
    assert set_code(S, option) == 12009
    assert query_code(S, option) == 12009


@pytest.mark.parametrize("option", [Opt.RECEIVE_TIMEOUT, 6, Opt.CONTROL_RECEIVE_TIMEOUT])
def test_a_member_and_its_number_are_the_same(option: int) -> None:
    holder = Fake(S)
    set_option(holder, option, 5)
    assert holder.changes == [(6, 5)]


@pytest.mark.parametrize(
    ("number", "levels", "code"),
    [
        (Opt.POLICY, "GSCR", 87),
        (Opt.COOKIES_3RD_PARTY, "GSCR", 12009),
        (Opt.ASYNC_ID, "S", 12009),
        (Opt.IDENTITY, "S", 12009),
        (Opt.MAX_CONNS_PER_SERVER, "SCR", 12016),
        (Opt.MAX_CONNS_PER_1_0_SERVER, "SCR", 12016),
        (Opt.MAX_CONNS_PER_PROXY, "SCR", 12018),
        (Opt.CONTEXT_VALUE, "G", 12018),
        (Opt.HTTP_DECODING, "G", 12018),
        (Opt.ERROR_MASK, "G", 12018),
        (Opt.USER_AGENT, "GC", 12018),
        (Opt.REQUEST_FLAGS, "GSC", 12018),
        (Opt.CLIENT_CERT_CONTEXT, "GSCR", 12018),
        (Opt.REFRESH, "GSCR", 12018),
    ],
    ids=lambda value: value.name if isinstance(value, Opt) else str(value),
)
def test_errors_of_a_query_as_windows_has_them(number: Opt, levels: str, code: int) -> None:
    assert {query_code(dict(zip("GSCR", Level, strict=True))[letter], number) for letter in levels} == {code}


@pytest.mark.parametrize(
    ("level", "number", "value", "code"),
    [
        (G, Opt.CONNECT_TIMEOUT, 0, 160),
        (S, Opt.CONNECT_TIMEOUT, 0, 160),
        (G, Opt.CONNECT_TIMEOUT, "1", 12010),
        (S, Opt.RECEIVE_TIMEOUT, -1, 12010),
        (S, Opt.RECEIVE_TIMEOUT, 1 << 32, 12010),
        (S, Opt.RECEIVE_TIMEOUT, 1.5, 12010),
        (S, Opt.RECEIVE_TIMEOUT, None, 12010),
        (C, Opt.RECEIVE_TIMEOUT, None, 87),
        (R, Opt.RECEIVE_TIMEOUT, 1 << 32, 87),
        (C, Opt.USERNAME, 1, 87),
        (C, Opt.USERNAME, b"u", 87),
        (C, Opt.USERNAME, "a\r\nb", 87),
        (R, Opt.PASSWORD, "a\0b", 87),
        (S, Opt.USER_AGENT, 1, 12010),
        (S, Opt.USER_AGENT, None, 12010),
        (S, Opt.USER_AGENT, "a\nX: y", 87),
        (S, Opt.USER_AGENT, "a\u2028b", 87),
        (S, Opt.CALLBACK, 1, 12011),
        (G, Opt.CALLBACK, 1, 12018),
        (S, Opt.URL, "http://h/", 12011),
        (C, Opt.HANDLE_TYPE, 1, 12011),
        (C, Opt.REFRESH, None, 12018),
        (R, Opt.REFRESH, None, 12018),
        (S, Opt.CONTEXT_VALUE, -1, 87),
        (S, Opt.CONTEXT_VALUE, 1 << 64, 87),
        (S, Opt.CONTEXT_VALUE, "1", 87),
        (S, Opt.CONTEXT_VALUE_OLD, None, 87),
        (S, Opt.HTTP_DECODING, "yes", 87),
        (S, Opt.HTTP_DECODING, None, 87),
        (R, Opt.ERROR_MASK, 4, 87),
        (R, Opt.ERROR_MASK, 16, 87),
        (R, Opt.ERROR_MASK, "11", 12010),
        (S, Opt.ERROR_MASK, -1, 12010),
        (R, Opt.SECURITY_FLAGS, None, 87),
        (R, Opt.UNDOCUMENTED_99, 0x4000, 12011),
        (S, Opt.CODEPAGE, 1252, 12009),
        (S, Opt.CODEPAGE_PATH, 0, 12009),
        (G, Opt.MAX_CONNS_PER_SERVER, 0, 160),
        (G, Opt.MAX_CONNS_PER_SERVER, None, 12010),
        (S, Opt.MAX_CONNS_PER_SERVER, 4, 12016),
        (G, Opt.MAX_CONNS_PER_1_0_SERVER, 0, 160),
        (G, Opt.MAX_CONNS_PER_PROXY, 1, 87),
        (G, Opt.MAX_CONNS_PER_PROXY, 129, 87),
        (G, Opt.SUPPRESS_BEHAVIOR, "3", 12010),
        (G, Opt.SUPPRESS_BEHAVIOR, 5, 87),
        (C, Opt.IDN, 4, 87),
        (S, Opt.ENABLE_HTTP_PROTOCOL, 1, 87),
        (G, Opt.HTTP_VERSION, (2, 0), 87),
        (G, Opt.HTTP_VERSION, (1,), 12010),
        (G, Opt.HTTP_VERSION, "1.1", 12010),
        (G, Opt.CONNECTED_STATE, 2, 87),
        (G, Opt.CONNECTED_STATE, (0x10, 2), 87),
        (G, Opt.CONNECTED_STATE, (), 12010),
        (S, Opt.PROXY, (), 12010),
        (S, Opt.PROXY, "proxy:80", 12010),
        (S, Opt.PROXY, (3, 5, None), 12010),
        (S, Opt.PER_CONNECTION_OPTION, [(10, 0)], 87),
        (S, Opt.PER_CONNECTION_OPTION, [(1, "x")], 12010),
        (S, Opt.PER_CONNECTION_OPTION, [(2, 5)], 12010),
        (S, Opt.PER_CONNECTION_OPTION, [1], 12010),
        (S, Opt.PER_CONNECTION_OPTION, 1, 12010),
        (R, Opt.CLIENT_CERT_CONTEXT, "cert.pem", 87),
        (R, Opt.CLIENT_CERT_CONTEXT, ("cert.pem", 1), 87),
        (R, Opt.DATAFILE_EXT, "../x", 87),
    ],
    ids=lambda value: value.name if isinstance(value, (Opt, Level)) else None,
)
def test_a_value_that_cannot_be_used_is_refused_and_changes_nothing(
    level: Level, number: Opt, value: object, code: int
) -> None:
    assert set_code(level, number, value) == code


@pytest.mark.parametrize(
    ("level", "number", "value", "told"),
    [
        (S, Opt.CONNECT_TIMEOUT, 0xFFFFFFFF, 0xFFFFFFFF),
        (S, Opt.RECEIVE_TIMEOUT, 0, 0),
        (C, Opt.CONNECT_TIMEOUT, 0, 0),
        (R, Opt.CONNECT_TIMEOUT, 0, 0),
        (S, Opt.HTTP_DECODING, 1, True),
        (S, Opt.HTTP_DECODING, False, False),
        (S, Opt.HTTP_DECODING, 0, False),
        (R, Opt.IGNORE_OFFLINE, None, True),
        (R, Opt.SUPPRESS_SERVER_AUTH, None, True),
        (S, Opt.REFRESH, None, None),
        (S, Opt.REFRESH, b"whatever", None),
        (S, Opt.ERROR_MASK, 11, 11),
        (S, Opt.USER_AGENT, "", ""),
        (C, Opt.USERNAME, None, ""),
        (R, Opt.CONTEXT_VALUE, (1 << 64) - 1, (1 << 64) - 1),
        (S, Opt.PROXY, [AccessType.PROXY, "p:1", "<local>"], ProxyInfo(3, "p:1", "<local>")),
        (S, Opt.PROXY, (1,), ProxyInfo(1)),
        (R, Opt.SECURITY_FLAGS, 0xFFFFFFFF, 0x3380),
        (S, Opt.PER_CONNECTION_OPTION, {1: 2, 2: "p:1"}, ((1, 2), (2, "p:1"))),
        (S, Opt.PER_CONNECTION_OPTION, [(2, None), (5, None)], ((2, None), (5, 0))),
        (G, Opt.CONNECTED_STATE, (0x10, 1), ConnectedInfo(0x10, 1)),
        (G, Opt.CONNECTED_STATE, 1, ConnectedInfo(1)),
        (G, Opt.HTTP_VERSION, (1, 0), Version(1, 0)),
        (R, Opt.CLIENT_CERT_CONTEXT, ("c", "k", "p"), ("c", "k", "p")),
    ],
    ids=lambda value: value.name if isinstance(value, (Opt, Level)) else None,
)
def test_the_holder_is_told_a_value_of_the_options_own_type(
    level: Level, number: Opt, value: object, told: object
) -> None:
    holder = Fake(level)
    set_option(holder, number, value)
    assert holder.changes == [(number, told)]
    assert type(holder.changes[0][1]) is type(told)


@pytest.mark.parametrize(
    ("number", "value"),
    [(Opt.KEEP_CONNECTION, 1), (Opt.LISTEN_TIMEOUT, 7), (Opt.HSTS, True), (Opt.AUTODIAL_CONNECTION, "x")],
    ids=lambda value: value.name if isinstance(value, Opt) else None,
)
@pytest.mark.parametrize("level", Level, ids=lambda level: level.name)
def test_what_is_only_stored_is_given_back(level: Level, number: Opt, value: object) -> None:
    holder = Fake(level)
    set_option(holder, number, value)
    assert query_option(holder, number) == value
    assert holder.stored == {number: value}
    assert not holder.changes


@pytest.mark.parametrize(
    ("number", "meant"),
    [(Opt.CONTEXT_VALUE_OLD, Opt.CONTEXT_VALUE), (Opt.UNDOCUMENTED_99, Opt.SECURITY_FLAGS)],
    ids=["10", "99"],
)
def test_another_number_of_an_option_sets_that_option(number: Opt, meant: Opt) -> None:
    holder = Fake(R)
    set_option(holder, number, 0x100)
    assert holder.changes == [(meant, 0x100)]


def test_98_is_the_query_of_31() -> None:
    holder = Fake(R)
    holder.values[Opt.SECURITY_FLAGS] = 0x1000
    assert query_option(holder, 98) == 0x1000


def test_a_member_of_an_enum_comes_out_as_a_plain_number() -> None:
    holder = Fake(S)
    holder.values[Opt.HANDLE_TYPE] = InternetHandleType.INTERNET
    assert type(query_option(holder, Opt.HANDLE_TYPE)) is int


def test_a_bool_stays_a_bool() -> None:
    holder = Fake(S)
    holder.values[Opt.HTTP_DECODING] = True
    assert query_option(holder, Opt.HTTP_DECODING) is True


@pytest.mark.parametrize("flags", [0, 1, 2, 3])
def test_flags_of_set_option_ex_are_accepted(flags: int) -> None:
    check_flags(flags)


@pytest.mark.parametrize("flags", [4, -1, 0x04000000, 1.0, None, "1"])
def test_other_flags_are_87_before_all_else(flags: object) -> None:
    assert set_code(S, 9999, 1, flags) == 87


def test_a_value_that_is_refused_is_not_shown_when_it_is_text() -> None:
    with pytest.raises(CallerError) as caught:
        set_option(Fake(C), Opt.PASSWORD, b"secret")
    assert "secret" not in str(caught.value)


def test_the_message_says_where_the_option_can_be_set() -> None:
    with pytest.raises(
        CallerError, match=r"option 28 USERNAME cannot be set on a session .* on a connection, a request"
    ):
        set_option(Fake(S), Opt.USERNAME, "u")
