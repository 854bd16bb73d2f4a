"""The cookie calls of `InternetSession`: on a session those of its jar, on the class those of the process's own."""

from __future__ import annotations

import time
from types import MethodType
from typing import TYPE_CHECKING, Any

from pyinet._process import PROCESS
from pyinet._wording import describe
from pyinet.enums import InternetErrorCode as Code
from pyinet.errors import NoMoreItems

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyinet._settings import Settings
    from pyinet.cookiejar import CookieJar

__all__ = ["SessionCookies"]


class _OnBoth:
    """A method that is given the session's jar, or the process's when it is called on the class."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function
        self.__doc__ = function.__doc__

    def __get__(self, session: SessionCookies | None, cls: type) -> MethodType:
        jar = PROCESS.jar if session is None else session._settings.jar  # noqa: SLF001 - its base
        return MethodType(self._function, jar)


class SessionCookies:
    """Base of `InternetSession`: cookies in memory (RFC 6265bis). They end with the session."""

    _settings: Settings

    @_OnBoth
    def set_cookie(jar: CookieJar, url: str, name: str | None, data: str) -> None:  # noqa: N805 - see _OnBoth
        """Store a cookie as if *url* had set it.

        Args:
            url: The http or https URL it belongs to.
            name: Its name; None or "" when *data* says it.
            data: ``"value; attributes"``, or ``"name=value; attributes"`` without a *name*.

        Raises:
            CallerError: 87, *url* has no host, the domain is not the URL's, or a value is refused; 12006, *url* has no
                scheme; 12005, it is no URL; 4317, an HttpOnly cookie is concerned.

        Source: MFC ``CInternetSession::SetCookie``, RFC 6265bis section 5.7.
        """
        jar.set(url, name, data, time.time())

    @_OnBoth
    def get_cookie(jar: CookieJar, url: str, name: str | None = None) -> str:  # noqa: N805 - see _OnBoth
        """Return the cookies that a request to *url* would send, as ``"name=value; name2=value2"``.

        HttpOnly cookies are left out, as programs are not to see them.

        Args:
            url: An http or https URL.
            name: Only the cookie of this name; None or "" for all.

        Raises:
            NoMoreItems: 259, there is none.
            CallerError: 87, *url* has no host; 12006, it has no scheme; 12005, it is no URL.

        Source: MFC ``CInternetSession::GetCookie``, RFC 6265bis section 5.8.3.
        """
        found = jar.get(url, name, time.time())
        if not found:
            code = Code.ERROR_NO_MORE_ITEMS
            which = f"no cookie named {name!r}" if name else "no cookie"
            raise NoMoreItems(describe(which, code, url=url), code, url=url)
        return found

    @_OnBoth
    def get_cookie_length(jar: CookieJar, url: str, name: str | None = None) -> int:  # noqa: N805 - see _OnBoth
        """Return the characters a buffer for `get_cookie` needs with its NUL; 0 when there is no cookie.

        Raises:
            CallerError: 87, *url* has no host; 12006, it has no scheme; 12005, it is no URL.

        Source: MFC ``CInternetSession::GetCookieLength``.
        """
        found = jar.get(url, name, time.time())
        return len(found) + 1 if found else 0
