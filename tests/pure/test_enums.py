from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pyinet.enums import (
    AccessType,
    IcuFlag,
    InternetErrorCode,
    InternetFlag,
    InternetHandleType,
    InternetOption,
    InternetScheme,
    InternetService,
    InternetStatus,
)

if TYPE_CHECKING:
    from enum import IntEnum, IntFlag


@pytest.mark.parametrize(
    ("member", "value"),
    [
        (AccessType.PRECONFIG, 0),
        (AccessType.DIRECT, 1),
        (AccessType.PROXY, 3),
        (AccessType.PRECONFIG_WITH_NO_AUTOPROXY, 4),
        (InternetStatus.RESOLVING_NAME, 10),
        (InternetStatus.REQUEST_COMPLETE, 100),
        (InternetStatus.REDIRECT, 110),
        (InternetStatus.COOKIE_HISTORY, 327),
        (InternetFlag.RELOAD, 0x80000000),
        (InternetFlag.SECURE, 0x00800000),
        (InternetFlag.TRANSFER_ASCII, 1),
        (InternetFlag.OFFLINE, 0x01000000),
        (InternetFlag.DONT_CACHE, 0x04000000),
        (InternetOption.CONNECT_TIMEOUT, 2),
        (InternetOption.CONTROL_RECEIVE_TIMEOUT, 6),
        (InternetOption.MAX_CONNS_PER_SERVER, 73),
        (InternetOption.ENABLE_HTTP_PROTOCOL, 148),
        (InternetOption.OPT_IN_WEAK_SIGNATURE, 176),
        (InternetErrorCode.ERROR_INVALID_PARAMETER, 87),
        (InternetErrorCode.ERROR_DISK_FULL, 112),
        (InternetErrorCode.ERROR_NO_MORE_ITEMS, 259),
        (InternetErrorCode.ERROR_INTERNET_TIMEOUT, 12002),
        (InternetErrorCode.ERROR_INTERNET_NAME_NOT_RESOLVED, 12007),
        (InternetErrorCode.ERROR_INTERNET_CANNOT_CONNECT, 12029),
        (InternetErrorCode.ERROR_FTP_TRANSFER_IN_PROGRESS, 12110),
        (InternetErrorCode.ERROR_GOPHER_UNKNOWN_LOCATOR, 12138),
        (InternetErrorCode.ERROR_HTTP_HEADER_NOT_FOUND, 12150),
        (InternetErrorCode.ERROR_HTTP_INVALID_SERVER_RESPONSE, 12152),
        (InternetErrorCode.ERROR_INTERNET_SECURITY_CHANNEL_ERROR, 12157),
        (InternetErrorCode.ERROR_INTERNET_DECODING_FAILED, 12175),
        (InternetErrorCode.ERROR_INTERNET_SECURE_FAILURE_PROXY, 12188),
        (InternetScheme.PARTIAL, -2),
        (InternetScheme.UNKNOWN, -1),
        (InternetScheme.HTTP, 3),
        (InternetScheme.RES, 11),
        (InternetService.HTTP, 3),
        (InternetService.UNK, 0x1000),
        (InternetService.FILE, 0x1001),
        (InternetService.HTTPS, 0x100B),
        (IcuFlag.ENCODE_PERCENT, 0x1000),
        (IcuFlag.BROWSER_MODE, 0x02000000),
        (IcuFlag.ENCODE_SPACES_ONLY, 0x04000000),
        (IcuFlag.NO_META, 0x08000000),
        (IcuFlag.DECODE, 0x10000000),
        (IcuFlag.NO_ENCODE, 0x20000000),
        (IcuFlag.USERNAME, 0x40000000),
        (IcuFlag.ESCAPE, 0x80000000),
    ],
)
def test_value_is_that_of_the_windows_headers(member: int, value: int) -> None:
    assert member == value


def test_offline_and_disconnected_are_one_error() -> None:
    assert InternetErrorCode["ERROR_INTERNET_OFFLINE"] is InternetErrorCode.ERROR_INTERNET_DISCONNECTED


@pytest.mark.parametrize("group", [IcuFlag, InternetFlag])
def test_every_flag_is_one_bit_of_its_own(group: type[IntFlag]) -> None:
    values = [flag.value for flag in group]
    assert all(value.bit_count() == 1 for value in values)
    assert len(set(values)) == len(values)


def test_unknown_flag_bits_are_kept() -> None:
    assert int(InternetFlag(0x80000004)) == 0x80000004


@pytest.mark.parametrize(
    "group",
    [
        AccessType,
        InternetErrorCode,
        InternetHandleType,
        InternetOption,
        InternetScheme,
        InternetService,
        InternetStatus,
    ],
)
def test_members_stand_in_the_order_of_their_values(group: type[IntEnum]) -> None:
    values = [member.value for member in group]
    assert values == sorted(values)
