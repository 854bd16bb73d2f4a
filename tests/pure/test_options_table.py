from __future__ import annotations

import pytest

from pyinet._options.table import DWORD_MAX, OPTIONS, Kind, Level, Option, Verdict
from pyinet.enums import InternetOption as Opt

ROWS = pytest.mark.parametrize("row", OPTIONS.values(), ids=lambda row: row.number.name)


def test_every_option_that_has_a_name_has_a_row() -> None:
    assert set(OPTIONS) == set(map(int, Opt))


def test_rows_stand_in_the_order_of_their_numbers() -> None:
    assert list(OPTIONS) == sorted(OPTIONS)


@ROWS
def test_a_row_is_refused_with_an_error_or_exists_somewhere(row: Option) -> None:
    exists = bool(row.readable | row.writable)
    assert exists == (row.verdict is not Verdict.REFUSED) == (not row.refusal)


@ROWS
def test_help_is_one_line(row: Option) -> None:
    assert row.help
    assert "\n" not in row.help
    assert len(row.help) <= 110
    assert not row.help.endswith(".")


@ROWS
def test_what_is_stored_and_readable_has_a_default_of_its_type(row: Option) -> None:
    if row.verdict is not Verdict.STORED or not row.readable:
        return
    types: dict[Kind, type] = {Kind.TEXT: str, Kind.FLAG: bool}
    assert type(row.default) is types.get(row.kind, int)


@ROWS
def test_a_numeric_default_is_a_value_that_may_be_set(row: Option) -> None:
    if row.kind in {Kind.NUMBER, Kind.MILLISECONDS} and isinstance(row.default, int):
        assert row.low <= row.default <= row.high <= DWORD_MAX
        assert not row.default & ~row.mask


@ROWS
def test_an_option_without_a_value_cannot_be_queried(row: Option) -> None:
    assert row.kind is not Kind.SIGNAL or not row.readable


@ROWS
def test_another_number_of_an_option_is_on_no_other_level(row: Option) -> None:
    target = OPTIONS[row.target]
    assert row.readable in target.readable
    assert row.writable in target.writable
    assert target.same_as is None


@pytest.mark.parametrize(
    ("number", "access", "levels"),
    [
        (Opt.CALLBACK, "R", "S C R"),
        (Opt.CONNECT_TIMEOUT, "RW", "G S C R"),
        (Opt.REQUEST_FLAGS, "R", "R"),
        (Opt.USERNAME, "RW", "C R"),
        (Opt.REFRESH, "W", "G S"),
        (Opt.PROXY, "RW", "G S"),
        (Opt.USER_AGENT, "RW", "S R"),
        (Opt.CONTEXT_VALUE, "RW", "S C R"),
        (Opt.POLICY, "-", "-"),
        (Opt.CONNECTED_STATE, "RW", "G"),
        (Opt.HTTP_DECODING, "RW", "S C R"),
        (Opt.MAX_CONNS_PER_SERVER, "RW", "G"),
        (Opt.SUPPRESS_SERVER_AUTH, "W", "R"),
        (Opt.HTTP_PROTOCOL_USED, "R", "R"),
    ],
)
def test_access_and_levels_in_letters(number: Opt, access: str, levels: str) -> None:
    assert (OPTIONS[number].access, OPTIONS[number].levels) == (access, levels)


def test_a_level_is_one_of_four() -> None:
    assert [level.name for level in Level] == ["PROCESS", "SESSION", "CONNECTION", "REQUEST"]
