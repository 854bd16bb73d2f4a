"""The Cookie headers of one origin, worked out once and remembered."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pyinet._cookies.record import Cookie

__all__ = ["Answer", "Entry", "Plan", "cookie_string", "site_of"]

_MOST_ANSWERS = 64


def site_of(domain: str) -> str:
    """Return the last two labels: cookies of domains with different ones never meet, but for domains of one label."""
    return domain[domain.rfind(".", 0, max(domain.rfind("."), 0)) + 1 :]


class Entry:
    """A cookie in a jar, with what changes about it."""

    __slots__ = ("accessed", "alive", "cookie", "order", "pair", "site")

    def __init__(self, cookie: Cookie, serial: int) -> None:
        self.cookie = cookie
        self.pair = cookie.pair
        self.order = (-len(cookie.path), cookie.creation, serial)
        """Where it stands in a header: longest path, then oldest, first (RFC 6265bis section 5.8.3, step 4)."""
        self.site = site_of(cookie.domain)
        self.accessed = cookie.last_access
        self.alive = True
        """Whether it still is in the jar."""

    @property
    def serial(self) -> int:
        """Decides between cookies of one clock tick."""
        return self.order[2]

    def snapshot(self) -> Cookie:
        """Return the cookie with its last access."""
        return self.cookie._replace(last_access=self.accessed)


def cookie_string(entries: Iterable[Entry]) -> str:
    """Return what the Cookie header says (RFC 6265bis section 5.8.3, step 6)."""
    return "; ".join([entry.pair for entry in entries])


class Answer:
    """A finished header, and when it was last given."""

    __slots__ = ("entries", "text", "used")

    def __init__(self, entries: list[Entry]) -> None:
        self.entries = entries
        self.text = cookie_string(entries)
        self.used = float("-inf")

    def settle(self) -> None:
        """Write the last access to the cookies."""
        for entry in self.entries:
            entry.accessed = max(entry.accessed, self.used)


class Plan:
    """The cookies of one host and scheme, in order, and the headers made of them so far.

    A header depends only on which of the few different cookie paths match, so one is kept for each such set: requests
    to ever new paths share them. The last access of the cookies is noted with the header until `settle`.
    """

    __slots__ = ("_answers", "_entries", "_paths", "fixed")

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._entries = sorted(entries, key=lambda entry: entry.order)
        # A path matches when it is the cookie's, or begins with it and a slash.
        paths = sorted({entry.cookie.path for entry in self._entries if entry.cookie.path != "/"})
        self._paths = [(path, path if path.endswith("/") else path + "/", 1 << at) for at, path in enumerate(paths)]
        self._answers: dict[int, Answer] = {}
        self.fixed = None if paths else Answer(self._entries)
        """The one header there is when every cookie has the path ``/``."""

    def answer(self, path: str) -> Answer:
        """Return the header for a request to *path*, which begins with a slash."""
        matching = 0
        for own, slashed, bit in self._paths:
            if path.startswith(slashed) or path == own:
                matching |= bit
        return self._answers.get(matching) or self._make(matching)

    def _make(self, matching: int) -> Answer:
        if len(self._answers) >= _MOST_ANSWERS:
            self.settle()
            self._answers.clear()
        paths = {own for own, _, bit in self._paths if matching & bit} | {"/"}
        answer = self._answers[matching] = Answer([entry for entry in self._entries if entry.cookie.path in paths])
        return answer

    def settle(self) -> None:
        """Write the last accesses to the cookies."""
        if self.fixed is not None:
            self.fixed.settle()
        for answer in self._answers.values():
            answer.settle()
