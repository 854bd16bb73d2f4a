"""Cookies in memory (RFC 6265bis), for requests and for the cookie calls of `InternetSession`."""

from __future__ import annotations

import heapq
import math
import re
from threading import Lock
from typing import TYPE_CHECKING

from pyinet._cookies.evict import Limits, surplus
from pyinet._cookies.match import host_matches, normal_path, parent_domains, path_matches, split_target
from pyinet._cookies.match import is_public_suffix as is_listed_suffix
from pyinet._cookies.plan import Entry, Plan, cookie_string, site_of
from pyinet._cookies.record import Cookie, Refusal, make_cookie, overlays_secure
from pyinet._wording import describe
from pyinet.enums import InternetErrorCode as Code
from pyinet.errors import CallerError, NotSupported, invalid_parameter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from pyinet._cookies.match import Target
    from pyinet._cookies.parse import SetCookie

__all__ = ["Cookie", "CookieJar"]

_MOST_PLANS = 4096
_DEFAULT_LIMITS = Limits()
_PLAIN_ORIGIN = re.compile(r"https?://([a-z0-9._-]+)")
_NOT_PERMITTED = frozenset({Refusal.HTTP_ONLY, Refusal.OVER_HTTP_ONLY, Refusal.OVER_SECURE})
_Key = tuple[str, str, bool]  # name, path, host-only; within a domain they tell cookies apart


class CookieJar:
    """The cookies of one session. Usable from any thread.

    The clock is the caller's: *now* is seconds since 1970. What has expired is dropped at the next call that tells
    the time. Cookies keep the octets they came with, as Latin-1 text.

    Args:
        is_public_suffix: Tells whether anyone can register under a domain, given in lower case; the list of
            publicsuffix.org when None.
        limits: How many cookies there may be before the longest unused ones go.

    Source: MFC ``CInternetSession::SetCookie`` and ``GetCookie``, RFC 6265bis sections 5.6 to 5.8.
    """

    def __init__(
        self, *, is_public_suffix: Callable[[str], bool] | None = None, limits: Limits = _DEFAULT_LIMITS
    ) -> None:
        self._is_public_suffix = is_public_suffix or is_listed_suffix
        self._limits = limits
        self._lock = Lock()
        self._reset()

    def _reset(self) -> None:
        self._domains: dict[str, dict[_Key, Entry]] = {}
        self._count = 0
        self._serial = 0
        self._expiries: list[tuple[float, int, Entry]] = []  # a heap; entries no longer alive are left in it
        self._pushed = 0
        self._next_expiry = math.inf
        self._secure: dict[tuple[str, str], set[Entry]] = {}  # site and name to Secure cookies
        # The part of a URL before its path to a plan, and which of those parts belong to a site.
        self._plans: dict[str, Plan] = {}
        self._planned: dict[str, list[str]] = {}
        self._bare: set[str] = set()  # such parts of URLs without any cookie

    def header(self, url: str, now: float) -> str:
        """Return the Cookie header of a request to *url*, an http or https URL; "" when there is none.

        Never raises: any other URL has no cookies.
        """
        end = url.find("/", 8)
        origin = url[:end] if end >= 0 else url
        with self._lock:
            if now >= self._next_expiry:
                self._drop_expired(now)
            plan = self._plans.get(origin) or self._plan(origin)
            if plan is None:
                return ""
            answer = plan.fixed
            if answer is None:
                inside = end >= 0 and "?" not in origin and "#" not in origin
                path = url[end:].partition("?")[0].partition("#")[0] if inside else "/"
                answer = plan.answer(normal_path(path))
            answer.used = now
            return answer.text

    def store(self, url: str, lines: Iterable[str], now: float) -> int:
        """Take in the Set-Cookie field values of a response from *url*; return how many were accepted.

        One whose expiry lies in the past counts: it deletes its predecessor. Never raises.

        Args:
            url: Where the response came from, an http or https URL.
            lines: The octets of the field values, decoded as Latin-1.
            now: Seconds since 1970.
        """
        target = split_target(url)
        if target is None or not target.host:
            return 0
        accepted = 0
        for line in lines:
            received = _parsed(line)
            if received is not None:
                with self._lock:
                    accepted += self._receive(received, target, now, from_response=True) is None
        return accepted

    def set(self, url: str | None, name: str | None, data: str | None, now: float) -> None:
        """Store a cookie as a program does.

        Text outside ASCII is stored as UTF-8. A date in the past deletes the cookie.

        Args:
            url: The http or https URL it belongs to.
            name: Its name; None or "" when *data* says it.
            data: ``"value; attributes"``, or ``"name=value; attributes"`` without a *name*.
            now: Seconds since 1970.

        Raises:
            CallerError: 87, *url* has no host, the domain is not the host's, or the cookie is refused for another
                reason; 12005, *url* is no URL; 4317, an HttpOnly cookie is concerned, or a Secure one at an http URL.
            NotSupported: 12006, *url* has no scheme, or one other than http and https.

        Source: MFC ``CInternetSession::SetCookie``, RFC 6265bis section 5.7.
        """
        target = _target_of(url)
        url = url or ""
        if data is None:
            raise invalid_parameter("the cookie has no data")
        _check_text(name, "the name of a cookie")
        _check_text(data, "the data of a cookie")
        if name:
            from pyinet._cookies.parse import holds_control  # here: most programs set none

            if not name.strip(" \t") or "=" in name or ";" in name or holds_control(name):
                raise _refused(f"{name!r} is no name of a cookie", Code.ERROR_INVALID_PARAMETER, url)
            line = f"{name}={data}"
        else:
            pair, semicolon, attributes = data.partition(";")
            line = data if "=" in pair else f"{pair}={semicolon}{attributes}"
        try:
            received = _parsed(_to_octets(line))
        except UnicodeEncodeError:  # half of a surrogate pair
            received = None
        refusal: Refusal | None = Refusal.MALFORMED
        if received is not None:
            with self._lock:
                refusal = self._receive(received, target, now, from_response=False)
        if refusal is not None:
            code = Code.ERROR_INVALID_OPERATION if refusal in _NOT_PERMITTED else Code.ERROR_INVALID_PARAMETER
            raise _refused(refusal.value, code, url)

    def get(self, url: str | None, name: str | None, now: float) -> str:
        """Return ``"name=value; name2=value2"``, what a request to *url* sends but for HttpOnly cookies.

        Octets outside ASCII are read as UTF-8, or as Latin-1 when they are not.

        Args:
            url: An http or https URL.
            name: Only cookies of this name, in its very spelling; None or "" for all.
            now: Seconds since 1970.

        Raises:
            CallerError: 87, *url* has no host; 12005, it is no URL.
            NotSupported: 12006, *url* has no scheme, or one other than http and https.

        Source: MFC ``CInternetSession::GetCookie``, RFC 6265bis section 5.8.3.
        """
        target = _target_of(url)
        _check_text(name, "the name of a cookie")
        wanted = None
        if name:
            try:
                wanted = _to_octets(name)
            except UnicodeEncodeError:
                return ""
        with self._lock:
            if now >= self._next_expiry:
                self._drop_expired(now)
            found = [
                entry
                for entry in self._candidates(target)
                if not entry.cookie.http_only
                and (wanted is None or entry.cookie.name == wanted)
                and path_matches(target.path, entry.cookie.path)
            ]
            for entry in found:
                entry.accessed = max(entry.accessed, now)
        found.sort(key=lambda entry: entry.order)
        return _from_octets(cookie_string(found))

    def clear(self) -> None:
        """Remove every cookie."""
        with self._lock:
            self._reset()

    def clear_session(self) -> None:
        """Remove the cookies without an expiry, as ``INTERNET_OPTION_END_BROWSER_SESSION`` (42) does."""
        with self._lock:
            for entry in [entry for entry in self._entries() if entry.cookie.expires is None]:
                self._remove(entry)

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Cookie]:
        with self._lock:
            self._forget_plans()
            entries = self._in_order()
        return iter([entry.snapshot() for entry in entries])

    def renew_lock(self) -> None:
        """Take a new lock: after a fork, another thread may have held the old one for ever."""
        self._lock = Lock()

    # What follows expects the lock to be held.

    def _entries(self) -> Iterator[Entry]:
        for domain in self._domains.values():
            yield from domain.values()

    def _in_order(self) -> list[Entry]:
        return sorted(self._entries(), key=lambda entry: entry.order[1:])

    def _candidates(self, target: Target) -> list[Entry]:
        """Return the cookies of the host that the scheme allows, whatever their path and in no order."""
        domains = self._domains
        own = domains.get(target.host)
        found = list(own.values()) if own else []
        for parent in parent_domains(target.host):
            above = domains.get(parent)
            if above:
                found += [entry for entry in above.values() if not entry.cookie.host_only]
        return found if target.secure else [entry for entry in found if not entry.cookie.secure]

    def _plan(self, origin: str) -> Plan | None:
        if origin in self._bare:
            return None
        domains = self._domains
        plain = _PLAIN_ORIGIN.fullmatch(origin)
        if plain:  # most hosts have no cookies: this is the short way to see it
            host = plain[1]
            while host not in domains:
                _, dot, host = host.partition(".")
                if not dot:
                    if len(self._bare) >= _MOST_PLANS:
                        self._bare.clear()
                    self._bare.add(origin)
                    return None
        target = split_target(origin)
        if target is None:
            return None
        plan = Plan(self._candidates(target))
        if "@" not in origin:  # no passwords in memory
            if len(self._plans) >= _MOST_PLANS:
                self._forget_plans()
            self._plans[origin] = plan
            self._planned.setdefault(site_of(target.host), []).append(origin)
        return plan

    def _changed(self, entry: Entry) -> None:
        """Forget the plans of every host that the cookie could concern."""
        if "." not in entry.cookie.domain and not entry.cookie.host_only:
            self._forget_plans()
            return
        for origin in self._planned.pop(entry.site, ()):
            plan = self._plans.pop(origin, None)
            if plan is not None:
                plan.settle()

    def _forget_plans(self) -> None:
        for plan in self._plans.values():
            plan.settle()
        self._plans.clear()
        self._planned.clear()

    def _receive(self, received: SetCookie, target: Target, now: float, *, from_response: bool) -> Refusal | None:
        if now >= self._next_expiry:
            self._drop_expired(now)
        cookie = make_cookie(received, target, now, self._is_public_suffix)
        if isinstance(cookie, Refusal):
            return cookie
        if cookie.http_only and not from_response:
            return Refusal.HTTP_ONLY
        if not target.secure and self._secure and overlays_secure(cookie, self._secure_namesakes(cookie)):
            return Refusal.OVER_SECURE
        old = self._domains.get(cookie.domain, {}).get(_key_of(cookie))
        if old is None:
            self._serial += 1
            serial = self._serial
        else:
            if old.cookie.http_only and not from_response:
                return Refusal.OVER_HTTP_ONLY
            cookie = cookie._replace(creation=old.cookie.creation)
            serial = old.serial
            self._remove(old)
        if cookie.expires is None or cookie.expires > now:
            self._insert(Entry(cookie, serial))
            self._make_room(cookie.domain)
        return None

    def _secure_namesakes(self, cookie: Cookie) -> list[Cookie]:
        """Return the Secure cookies of the same name whose domain is above or below that of *cookie*, and others."""
        domain, name = cookie.domain, cookie.name
        if "." not in domain:
            return [
                entry.cookie
                for (_, named), entries in self._secure.items()
                if named == name
                for entry in entries
                if host_matches(entry.cookie.domain, domain)
            ]
        sites = {site_of(domain), *parent_domains(domain)[-1:]}
        return [entry.cookie for site in sites for entry in self._secure.get((site, name), ())]

    def _insert(self, entry: Entry) -> None:
        cookie = entry.cookie
        domain = self._domains.get(cookie.domain)
        if domain is None:
            domain = self._domains[cookie.domain] = {}
            self._bare.clear()
        domain[_key_of(cookie)] = entry
        self._count += 1
        if cookie.secure:
            self._secure.setdefault((entry.site, cookie.name), set()).add(entry)
        if cookie.expires is not None:
            self._pushed += 1
            heapq.heappush(self._expiries, (cookie.expires, self._pushed, entry))
            self._next_expiry = self._expiries[0][0]
            if len(self._expiries) > 2 * self._count + 64:
                self._rebuild_expiries()
        self._changed(entry)

    def _remove(self, entry: Entry) -> None:
        cookie = entry.cookie
        self._changed(entry)
        entry.alive = False
        domain = self._domains[cookie.domain]
        del domain[_key_of(cookie)]
        if not domain:
            del self._domains[cookie.domain]
        self._count -= 1
        if cookie.secure:
            secure = self._secure[entry.site, cookie.name]
            secure.discard(entry)
            if not secure:
                del self._secure[entry.site, cookie.name]

    def _rebuild_expiries(self) -> None:
        self._expiries = [item for item in self._expiries if item[2].alive]
        heapq.heapify(self._expiries)

    def _drop_expired(self, now: float) -> None:
        expiries = self._expiries
        while expiries and (expiries[0][0] <= now or not expiries[0][2].alive):
            entry = heapq.heappop(expiries)[2]
            if entry.alive:
                self._remove(entry)
        self._next_expiry = expiries[0][0] if expiries else math.inf

    def _make_room(self, domain: str) -> None:
        limits = self._limits
        crowd = self._domains[domain]
        if len(crowd) > limits.domain:
            self._evict(sorted(crowd.values(), key=lambda entry: entry.order[1:]), limits.domain, one_domain=True)
        if self._count > limits.total:
            self._forget_plans()
            self._evict(self._in_order(), limits.kept, one_domain=False)

    def _evict(self, entries: list[Entry], keep: int, *, one_domain: bool) -> None:
        for cookie in surplus([entry.snapshot() for entry in entries], keep, one_domain=one_domain):
            self._remove(self._domains[cookie.domain][_key_of(cookie)])


def _key_of(cookie: Cookie) -> _Key:
    return cookie.name, cookie.path, cookie.host_only


def _to_octets(text: str) -> str:
    return text if text.isascii() else text.encode("utf-8").decode("latin-1")


def _from_octets(text: str) -> str:
    if text.isascii():
        return text
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text


def _parsed(line: str) -> SetCookie | None:
    from pyinet._cookies.parse import parse_set_cookie  # here: many programs meet no cookie

    return parse_set_cookie(line)


def _check_text(text: object, what: str) -> None:
    if text is not None and not isinstance(text, str):
        raise invalid_parameter(f"{what} must be a str, not {text!r}")


def _refused(what: str, code: Code, url: str) -> CallerError:
    return CallerError(describe(what, code, url=url), code, url=url)


def _target_of(url: str | None) -> Target:
    """Return what cookies ask of *url*, or raise as `CookieJar.get` says."""
    _check_text(url, "the URL")
    if not url:
        raise invalid_parameter("the URL is missing")
    target = split_target(url)
    if target is not None and target.host:
        from pyinet._urls.wire import encode_url  # here: programs that never name a URL of cookies need it late

        target = split_target(encode_url(url))  # host and path as requests have them
    if target is not None:
        if not target.host:
            raise _refused("the URL has no host", Code.ERROR_INVALID_PARAMETER, url)
        return target
    scheme, mark, rest = url.partition("://")
    if mark and not rest.partition("/")[0]:
        raise _refused("the URL has no host", Code.ERROR_INVALID_PARAMETER, url)
    scheme, colon, rest = url.partition(":")
    if colon and not mark and scheme.isascii() and scheme.isalpha() and not rest[:1].isdigit():
        raise _refused("the URL has no host", Code.ERROR_INVALID_PARAMETER, url)  # as about:blank
    code = Code.ERROR_INTERNET_UNRECOGNIZED_SCHEME
    what = f"the scheme {scheme}: has no cookies; http and https have" if mark else "the URL has no scheme"
    raise NotSupported(describe(what, code, url=url), code, url=url)
