"""Calls of a session that are announced and not built yet: each says so, none does nothing in silence."""

from __future__ import annotations

from typing import NoReturn

from pyinet._wording import describe
from pyinet.enums import InternetErrorCode as Code
from pyinet.errors import NotSupported

__all__ = ["Announced", "not_yet"]


def not_yet(what: str) -> NoReturn:
    """Raise `NotSupported` (50) for *what*."""
    code = Code.ERROR_NOT_SUPPORTED
    raise NotSupported(describe(f"{what} is not supported yet", code), code)


class Announced:
    """Base of `InternetSession`: the members of MFC ``CInternetSession`` still to come."""

    def get_ftp_connection(self, *_: object, **__: object) -> NoReturn:
        """Not supported yet (50). Source: MFC ``CInternetSession::GetFtpConnection``."""
        not_yet("get_ftp_connection")

    def get_gopher_connection(self, *_: object, **__: object) -> NoReturn:
        """Not supported yet (50). Source: MFC ``CInternetSession::GetGopherConnection``."""
        not_yet("get_gopher_connection")
