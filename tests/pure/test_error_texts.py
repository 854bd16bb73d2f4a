from __future__ import annotations

import threading

import pytest

from pyinet import errors
from pyinet._error_texts import MORE_TEXTS, error_message
from pyinet._wording import TEXTS
from pyinet.enums import InternetErrorCode
from pyinet.errors import CallerError, InternetException
from pyinet.lasterror import (
    get_error_message,
    get_last_error,
    get_last_response_info,
    set_last_error,
    set_last_response_info,
    throw_internet_exception,
)


@pytest.fixture(autouse=True)
def _nothing_said_before() -> None:
    set_last_error(0)
    set_last_response_info(0, "")


def test_every_number_has_one_text() -> None:
    assert not set(TEXTS) & set(MORE_TEXTS)
    assert set(TEXTS) | set(MORE_TEXTS) == set(InternetErrorCode)


def test_texts_are_short_and_tell_the_numbers_apart() -> None:
    texts = [*TEXTS.values(), *MORE_TEXTS.values()]
    assert max(len(f"{what}; {hint}") for what, hint in texts) <= 80
    assert all(what == what.strip() and not what.endswith(".") for what, _ in texts)
    doubled = {what for what, _ in texts if [other for other, _ in texts].count(what) > 1}
    assert doubled == {"out of memory"}  # 8 and 14


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (0, "No error."),
        (2, "File not found."),
        (12002, "A time limit passed; try again or allow more time."),
        (12003, "The server refused."),
        (12157, "TLS failed."),
        (0x80190194, "HTTP status 404."),
        (99999, "Unknown error 99999."),
    ],
)
def test_message_is_a_sentence(code: int, message: str) -> None:
    assert get_error_message(code) == message


def test_message_is_cut_to_what_the_caller_has_room_for() -> None:
    assert get_error_message(12002, 6) == "A time"
    assert get_error_message(12002, 0) == ""
    assert get_error_message(12002, 1000) == get_error_message(12002)


def test_message_of_12003_is_what_the_server_said() -> None:
    set_last_response_info(550, "550 No such file")
    assert get_error_message(12003) == "550 No such file"
    assert get_error_message(12003, 3) == "550"
    assert get_error_message(12002) == error_message(12002)


@pytest.mark.parametrize(("code", "max_chars"), [(None, None), ("5", None), (-1, None), (1 << 32, None), (5, -1)])
def test_what_is_no_number_is_87(code: int, max_chars: int | None) -> None:
    with pytest.raises(CallerError) as caught:
        get_error_message(code, max_chars)
    assert caught.value.code == 87


def test_last_error_and_response_are_those_of_the_thread() -> None:
    set_last_error(12002)
    set_last_response_info(550, "no")
    seen: list[object] = []

    def look() -> None:
        seen.extend([get_last_error(), get_last_response_info()])
        set_last_error(5)
        set_last_response_info(1, "other")

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert seen == [0, (0, "")]
    assert (get_last_error(), get_last_response_info()) == (12002, (550, "no"))


@pytest.mark.parametrize("code", [None, "x", -1, 1 << 32])
def test_last_error_is_a_number_of_32_bits(code: int) -> None:
    with pytest.raises(CallerError):
        set_last_error(code)
    with pytest.raises(CallerError):
        set_last_response_info(code, "")
    with pytest.raises(CallerError):
        set_last_response_info(0, None)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("code", "cls"),
    [
        (6, errors.HandleClosed),
        (18, errors.NoMoreFiles),
        (50, errors.NotSupported),
        (87, CallerError),
        (112, InternetException),
        (223, errors.LimitExceeded),
        (259, errors.NoMoreItems),
        (12002, errors.InternetTimeout),
        (12006, errors.NotSupported),
        (12014, errors.LoginFailure),
        (12029, errors.CannotConnect),
        (12031, errors.ConnectionLost),
        (12038, errors.TlsError),
        (12110, errors.TransferInProgress),
        (12135, errors.GopherError),
        (12150, errors.HeaderNotFound),
        (12175, errors.DecodingFailed),
        (99999, InternetException),
    ],
)
def test_thrown_exception_has_the_class_of_its_number(code: int, cls: type[InternetException]) -> None:
    with pytest.raises(InternetException) as caught:
        throw_internet_exception(7, code)
    assert type(caught.value) is cls
    assert (caught.value.code, caught.value.context) == (code, 7)
    assert f"[{code} " in str(caught.value)


@pytest.mark.parametrize("code", list(InternetErrorCode))
def test_any_number_can_be_thrown(code: int) -> None:
    with pytest.raises(InternetException) as caught:
        throw_internet_exception(0, code)
    assert caught.value.code == code


def test_0_throws_the_last_error() -> None:
    set_last_error(12029)
    with pytest.raises(errors.CannotConnect):
        throw_internet_exception(1)


def test_thrown_12003_carries_what_the_server_said() -> None:
    set_last_response_info(550, "550 no")
    with pytest.raises(errors.ExtendedError, match="the server refused: 550 no") as caught:
        throw_internet_exception(1, 12003)
    assert caught.value.response_text == "550 no"
