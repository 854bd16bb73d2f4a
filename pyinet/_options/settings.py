"""What options change in settings, the same for a session, a connection and a file. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyinet._options.table import INFINITE
from pyinet.enums import InternetOption as Opt

if TYPE_CHECKING:
    from pyinet._settings import Settings

__all__ = ["AS_SET", "apply_option"]

_HTTP2 = 0x2  # HTTP_PROTOCOL_FLAG_HTTP2

_TIMES = {
    Opt.CONNECT_TIMEOUT: "connect_timeout_ms",
    Opt.SEND_TIMEOUT: "send_timeout_ms",
    Opt.RECEIVE_TIMEOUT: "receive_timeout_ms",
}
AS_SET = frozenset({*_TIMES, Opt.CONNECT_RETRIES, Opt.DATA_SEND_TIMEOUT, Opt.DATA_RECEIVE_TIMEOUT,
                    Opt.READ_BUFFER_SIZE, Opt.WRITE_BUFFER_SIZE, Opt.ENABLE_HTTP_PROTOCOL, Opt.IDN})  # fmt: skip
"""Implemented, and queried as they were set: kept like the stored ones, so that children inherit the same value."""


def apply_option(settings: Settings, option: Opt, value: Any) -> None:  # noqa: ANN401 - checked and converted
    """Have *settings* obey an option, and remember it if it is one of `AS_SET`.

    One that no setting stands for changes nothing.
    """
    if option in AS_SET:
        settings.store(option, value)
    if option in _TIMES:
        setattr(settings, _TIMES[option], 0 if value == INFINITE else value)
    elif option == Opt.CONNECT_RETRIES:
        settings.connect_retries = max(1, value)
    elif option == Opt.HTTP_DECODING:
        settings.http_decoding = value
    elif option == Opt.ENABLE_HTTP_PROTOCOL:
        settings.http2 = bool(value & _HTTP2)
    elif option == Opt.ERROR_MASK:
        settings.error_mask = value
    elif option == Opt.PROXY_USERNAME:
        settings.proxy_user = value or None
    elif option == Opt.PROXY_PASSWORD:
        settings.proxy_password = value or None
    elif option == Opt.USER_AGENT:
        settings.agent = value
        settings.is_default = False  # the engine has the header lines it was made with
