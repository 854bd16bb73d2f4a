"""Setting and querying options: every check of the table, once for all kinds of handles."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, NamedTuple, NoReturn

from pyinet._options.proxy_info import ProxyInfo
from pyinet._options.table import DWORD_MAX, OPTIONS, SECURITY_SET_MASK, Kind, Level, Option, Verdict
from pyinet._request.sendable import is_sendable
from pyinet.enums import InternetErrorCode as Code
from pyinet.enums import InternetOption
from pyinet.errors import CallerError, describe, invalid_parameter

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Protocol

    class Holder(Protocol):
        """What has options: the process, a session, a connection, a file."""

        level: Level

        @property
        def stored(self) -> Mapping[int, object]:
            """Values of options that are only stored, by number; a child begins with those of its parent."""

        def store(self, option: int, value: object) -> None:
            """Keep the value of an option that is only stored."""

        def option_value(self, option: InternetOption) -> object:
            """Return the value of an option that is implemented and readable at this level."""

        def option_changed(self, option: InternetOption, value: object) -> None:
            """Obey a new value: checked and converted; None for an option that has no value."""


__all__ = ["ConnectedInfo", "Version", "check_flags", "query_option", "set_option"]

_UPPER = Level.PROCESS | Level.SESSION
_ISO_FLAGS = 0b11  # ISO_GLOBAL, ISO_REGISTRY
_POINTER_MAX = (1 << 64) - 1

_CONNECTED, _DISCONNECTED_BY_USER = 0x01, 0x10
_ISO_FORCE_DISCONNECTED = 0x01

_PER_CONN_NUMBERS = frozenset({1, 5, 6, 7, 8, 9})
_PER_CONN_TEXTS = frozenset({2, 3, 4})


class Version(NamedTuple):
    """``INTERNET_VERSION_INFO`` and ``HTTP_VERSION_INFO``."""

    major: int
    minor: int


class ConnectedInfo(NamedTuple):
    """``INTERNET_CONNECTED_INFO``."""

    state: int
    flags: int = 0


def query_option(holder: Holder, option: int) -> object:
    """Return the value of an option: an int, str, bool or tuple.

    Args:
        holder: What is asked.
        option: ``INTERNET_OPTION_*``, as a member of `InternetOption` or a plain number.

    Raises:
        CallerError: 12009, no such option; 12018, not on this kind of handle, or it can only be set; else as the table
            says.

    Source: WinINet ``InternetQueryOption``; MFC ``CInternetSession::QueryOption``.
    """
    row = _row_of(option)
    if holder.level not in row.readable:
        raise _not_here(row, holder.level, "queried", row.readable)
    if row.verdict is Verdict.STORED:
        return holder.stored.get(row.number, row.default)
    return _plain(holder.option_value(row.target))


def set_option(holder: Holder, option: int, value: object = None, flags: int = 0) -> None:
    """Set an option.

    Args:
        holder: What is changed.
        option: ``INTERNET_OPTION_*``, as a member of `InternetOption` or a plain number.
        value: Of the type that the table names; whatever it is, an option without a value ignores it.
        flags: ``ISO_GLOBAL`` (1) and ``ISO_REGISTRY`` (2), both ignored.

    Raises:
        CallerError: 12009, no such option; 12011, it can only be queried; 12018, not on this kind of handle; 12010
            (process, session) or 87 (connection, request), *value* is of the wrong type or size; 87, *value* is out of
            range or *flags* has another bit; else as the table says.
        NotSupported: 50, a value that is not built.

    Source: WinINet ``InternetSetOptionEx``; MFC ``CInternetSession::SetOption``.
    """
    check_flags(flags)
    row = _row_of(option)
    level = holder.level
    if level not in row.writable:
        if row.writable or (row.number == InternetOption.CALLBACK and level is Level.PROCESS):
            raise _not_here(row, level, "set", row.writable or row.readable)
        raise _error(f"{_name(row)} can only be queried", Code.ERROR_INTERNET_OPTION_NOT_SETTABLE)
    converted = _CONVERTERS[row.kind](row, level, value)
    if row.verdict is not Verdict.STORED:
        holder.option_changed(row.target, converted)
    elif row.kind is not Kind.SIGNAL:
        holder.store(row.number, converted)


def check_flags(flags: object) -> None:
    """Refuse flags of ``InternetSetOptionEx`` that it does not have.

    Raises:
        CallerError: 87.
    """
    if not isinstance(flags, int) or flags & ~_ISO_FLAGS:
        raise invalid_parameter(f"flags {flags!r} of set_option: only ISO_GLOBAL (1) and ISO_REGISTRY (2) exist")


def _row_of(option: object) -> Option:
    try:
        row = OPTIONS.get(operator.index(option))  # type: ignore[arg-type]  # what has no index is the point
    except TypeError:
        row = None
    if row is None:
        hint = "use a member of InternetOption"
        raise _error(f"there is no option {option!r}", Code.ERROR_INTERNET_INVALID_OPTION, hint)
    if row.refusal:
        raise _error(f"{_name(row)} is refused", row.refusal, row.help)
    return row


def _name(row: Option) -> str:
    return f"option {row.number.value} {row.number.name}"


def _error(what: str, code: int, hint: str = "") -> CallerError:
    return CallerError(describe(what, code, hint=hint), code)


_WHERE: Mapping[Level, str] = {
    Level.PROCESS: "the process",
    Level.SESSION: "a session",
    Level.CONNECTION: "a connection",
    Level.REQUEST: "a request",
}


def _not_here(row: Option, level: Level, done: str, where: Level) -> CallerError:
    if not where:
        hint = "it can only be set"
    else:
        hint = f"it can be {done} on " + ", ".join(text for one, text in _WHERE.items() if one in where)
    return _error(f"{_name(row)} cannot be {done} on {_WHERE[level]}", row.wrong_handle, hint)


def _plain(value: object) -> object:
    return int(value) if isinstance(value, int) and not isinstance(value, bool) else value


# ---- values ----


def _wrong_size(row: Option, level: Level, value: object) -> NoReturn:
    usual = Code.ERROR_INTERNET_BAD_OPTION_LENGTH if level in _UPPER else Code.ERROR_INVALID_PARAMETER
    code = row.bad_length or usual
    shown = type(value).__name__ if isinstance(value, (str, bytes)) else repr(value)  # it may be a password
    raise _error(f"{_name(row)} does not take {shown}", code, f"its type: {row.kind.value}")


def _index(row: Option, level: Level, value: object, highest: int) -> int:
    try:
        number = operator.index(value)  # type: ignore[arg-type]  # what has no index is the point
    except TypeError:
        _wrong_size(row, level, value)
    if not 0 <= number <= highest:
        _wrong_size(row, level, value)
    return number


def _number(row: Option, level: Level, value: object) -> int:
    number = _index(row, level, value, DWORD_MAX)
    low = row.low if row.low_below is None or level in _UPPER else row.low_below
    if not low <= number <= row.high:
        what = f"{_name(row)} cannot be {number}"
        hint = f"{low} to {row.high}" if low < row.high else f"only {low}"
        raise _error(what, row.out_of_range, f"it can be {hint}")
    if number & ~row.mask:
        what = f"{_name(row)} has no bits {number & ~row.mask:#x}"
        raise _error(what, row.out_of_range, f"it has {row.mask:#x}")
    return number & SECURITY_SET_MASK if row.number == InternetOption.SECURITY_FLAGS else number


def _pointer(row: Option, level: Level, value: object) -> int:
    return _index(row, level, value, _POINTER_MAX)


def _flag(row: Option, level: Level, value: object) -> bool:
    if value is None and row.number in _SWITCHES:
        return True
    return _index(row, level, value, DWORD_MAX) != 0


_SWITCHES = frozenset({InternetOption.IGNORE_OFFLINE, InternetOption.SUPPRESS_SERVER_AUTH})
"""Set without a buffer in C: setting them is switching them on."""


_CREDENTIALS = frozenset({
    InternetOption.USERNAME, InternetOption.PASSWORD, InternetOption.PROXY_USERNAME, InternetOption.PROXY_PASSWORD,
})  # fmt: skip


def _text(row: Option, level: Level, value: object) -> str:
    if value is None and row.default == "":
        return ""  # a NULL pointer
    if not isinstance(value, str):
        _wrong_size(row, level, value)
    if any(character < " " or character == "\x7f" for character in value):
        raise invalid_parameter(f"{_name(row)}: the text holds a control character")
    if row.number in _CREDENTIALS and not is_sendable(value):
        raise invalid_parameter(f"{_name(row)}: the text holds half a surrogate pair")
    if row.number == InternetOption.USER_AGENT and not value.isprintable():
        raise invalid_parameter(f"{_name(row)}: the text holds a character that cannot be printed")
    if row.number == InternetOption.DATAFILE_EXT and not value.removeprefix(".").isalnum():
        raise invalid_parameter(f"{_name(row)}: {value!r} is not a suffix", "letters and digits")
    return value


def _signal(_row: Option, _level: Level, _value: object) -> None:
    """An option without a value takes any: C callers pass a buffer or none."""


def _fields(row: Option, level: Level, value: object, least: int, most: int) -> tuple[object, ...]:
    if not isinstance(value, (tuple, list)) or not least <= len(value) <= most:
        _wrong_size(row, level, value)
    return tuple(value)


def _version(row: Option, level: Level, value: object) -> Version:
    major, minor = (_index(row, level, part, DWORD_MAX) for part in _fields(row, level, value, 2, 2))
    if (major, minor) not in {(1, 0), (1, 1)}:
        raise invalid_parameter(f"{_name(row)} cannot be {major}.{minor}", "HTTP/2 is option ENABLE_HTTP_PROTOCOL")
    return Version(major, minor)


def _optional_text(row: Option, level: Level, value: object) -> str | None:
    if value is not None and not isinstance(value, str):
        _wrong_size(row, level, value)
    return value


def _proxy(row: Option, level: Level, value: object) -> ProxyInfo:
    access_type, *texts = _fields(row, level, value, 1, 3)
    number = _index(row, level, access_type, DWORD_MAX)
    return ProxyInfo(number, *(_optional_text(row, level, text) for text in texts))


def _proxy_list(row: Option, level: Level, value: object) -> tuple[tuple[int, int | str | None], ...]:
    pairs = tuple(value.items()) if isinstance(value, dict) else value
    if not isinstance(pairs, (tuple, list)):
        _wrong_size(row, level, value)
    return tuple(_per_connection(row, level, *_fields(row, level, pair, 2, 2)) for pair in pairs)


def _per_connection(row: Option, level: Level, part: object, value: object) -> tuple[int, int | str | None]:
    number = _index(row, level, part, DWORD_MAX)
    if number in _PER_CONN_TEXTS:
        return number, _optional_text(row, level, value)
    if number in _PER_CONN_NUMBERS:
        return number, _index(row, level, 0 if value is None else value, DWORD_MAX)
    raise invalid_parameter(f"{_name(row)} has no part {number}", "INTERNET_PER_CONN_*: 1 to 9")


def _connected(row: Option, level: Level, value: object) -> ConnectedInfo:
    parts = _fields(row, level, value, 1, 2) if isinstance(value, (tuple, list)) else (value,)
    info = ConnectedInfo(*(_index(row, level, part, DWORD_MAX) for part in parts))
    if info.state not in {_CONNECTED, _DISCONNECTED_BY_USER}:
        hint = "CONNECTED (1) or DISCONNECTED_BY_USER (0x10)"
        raise invalid_parameter(f"{_name(row)}: {info.state:#x} cannot be set", hint)
    if info.flags & ~_ISO_FORCE_DISCONNECTED:
        raise invalid_parameter(f"{_name(row)}: flags {info.flags:#x}", "ISO_FORCE_DISCONNECTED (1) alone exists")
    return info


def _certificate(row: Option, level: Level, value: object) -> tuple[str, ...]:
    paths = _fields(row, level, value, 2, 3)
    for path in paths:
        if not isinstance(path, str):
            _wrong_size(row, level, path)
    return tuple(str(path) for path in paths)


def _record(row: Option, level: Level, value: object) -> NoReturn:
    _wrong_size(row, level, value)


_CONVERTERS: Mapping[Kind, Callable[[Option, Level, object], object]] = {
    Kind.NUMBER: _number,
    Kind.MILLISECONDS: _number,
    Kind.FLAG: _flag,
    Kind.TEXT: _text,
    Kind.SIGNAL: _signal,
    Kind.POINTER: _pointer,
    Kind.VERSION: _version,
    Kind.PROXY: _proxy,
    Kind.PROXY_LIST: _proxy_list,
    Kind.CONNECTED: _connected,
    Kind.CERTIFICATE: _certificate,
    Kind.RECORD: _record,
}
