"""The ways of asking for a URL with a name and a password, as one call each: for tests that must hold for all."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import quote

from pyinet import HttpFile, Request

if TYPE_CHECKING:
    from pyinet import InternetSession

Answer = tuple[int, bytes]
"""Status and body."""
Face = Callable[["InternetSession", str, "str | None", "str | None"], Answer]
"""Takes a session, an http or https URL, a user name or None for nobody, and a password."""


def with_userinfo(url: str, user: str | None, password: str | None) -> str:
    """The URL with both in it, percent-encoded."""
    scheme, _, rest = url.partition("://")
    return url if user is None else f"{scheme}://{quote(user, safe='')}:{quote(password or '', safe='')}@{rest}"


def by_request(session: InternetSession, url: str, user: str | None, password: str | None) -> Answer:
    """One row with user and password of its own."""
    result = session.fetch_one(Request(url, user=user, password=password, context=1))
    return result.status, result.body


def by_fetch(session: InternetSession, url: str, user: str | None, password: str | None) -> Answer:
    """The same among several rows."""
    with session.fetch([Request(url, user=user, password=password, context=1)]) as rows:
        (result,) = rows
    if result.error:
        raise result.error
    return result.status, result.body


def by_url(session: InternetSession, url: str, user: str | None, password: str | None) -> Answer:
    """Both in the URL of a bare row."""
    result = session.fetch_one(with_userinfo(url, user, password))
    return result.status, result.body


def by_open_url(session: InternetSession, url: str, user: str | None, password: str | None) -> Answer:
    """Both in the URL of a file."""
    with session.open_url(with_userinfo(url, user, password)) as file:
        assert isinstance(file, HttpFile)
        return file.status_code, file.read()


FACES: dict[str, Face] = {"Request": by_request, "fetch": by_fetch, "URL": by_url, "open_url": by_open_url}
