"""The jar against a model that is slow and plainly follows the text of RFC 6265bis sections 5.7 and 5.8."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from pyinet._cookies.evict import Limits
from pyinet.cookiejar import CookieJar

SUFFIXES = {"org", "co.uk"}
LIMITS = Limits(domain=5, total=14, kept=9)
HOSTS = ["a.org", "w.a.org", "x.w.a.org", "co.uk", "lan", "s.lan", "1.2.3.4"]
PATHS = ["", "/", "/p", "/p/", "/p/q"]

urls = st.builds(
    lambda scheme, host, port, path, query: f"{scheme}://{host}{port}{path}{query}",
    st.sampled_from(["http", "https"]),
    st.sampled_from(HOSTS),
    st.sampled_from(["", "", ":8080"]),
    st.sampled_from(PATHS),
    st.sampled_from(["", "", "?x=/y"]),
)
attributes = st.fixed_dictionaries(
    {},
    optional={
        "Domain": st.sampled_from(["", *HOSTS, "org"]),
        "Path": st.sampled_from(PATHS),
        "Max-Age": st.sampled_from([-1, 0, 1, 3, 7]),
        "Secure": st.just(""),
        "HttpOnly": st.just(""),
    },
)


@dataclass
class Known:
    name: str
    value: str
    domain: str
    host_only: bool
    path: str
    secure: bool
    http_only: bool
    expires: float | None
    creation: float
    access: float
    serial: int


def under(host: str, domain: str) -> bool:
    return host == domain or (host.endswith("." + domain) and host != "1.2.3.4")


def path_match(path: str, of: str) -> bool:
    return path == of or (path.startswith(of) and (of[-1] == "/" or path[len(of)] == "/"))


class Model:
    def __init__(self) -> None:
        self.cookies: list[Known] = []
        self.serial = 0

    def expire(self, now: float) -> None:
        self.cookies = [one for one in self.cookies if one.expires is None or one.expires > now]

    def store(self, url: str, name: str, value: str, having: dict[str, object], now: float) -> bool:
        self.expire(now)
        parts = urlsplit(url)
        host, path = parts.hostname or "", parts.path or "/"
        domain, host_only = str(having.get("Domain", "")), False
        if not domain or (domain == host and (domain in SUFFIXES or domain == "1.2.3.4")):
            domain, host_only = host, True
        elif domain in SUFFIXES or not under(host, domain):
            return False
        wanted = str(having.get("Path", ""))
        directory = path[: path.rindex("/")] or "/"
        secure = "Secure" in having
        if secure and parts.scheme == "http":
            return False
        self.serial += 1
        age = having.get("Max-Age")
        expires = None if age is None else now + float(str(age))
        new = Known(
            name,
            value,
            domain,
            host_only,
            wanted or directory,
            secure,
            "HttpOnly" in having,
            expires,
            now,
            now,
            self.serial,
        )
        if parts.scheme == "http":
            for one in self.cookies:
                related = under(one.domain, domain) or under(domain, one.domain)
                if one.secure and one.name == name and related and path_match(new.path, one.path):
                    return False
        for one in self.cookies:
            if (one.name, one.domain, one.host_only, one.path) == (name, domain, host_only, new.path):
                new.creation, new.serial = one.creation, one.serial
                self.cookies.remove(one)
                break
        self.cookies.append(new)
        self.expire(now)
        self.evict(domain)
        return True

    def evict(self, domain: str) -> None:
        own = [one for one in self.cookies if one.domain == domain]
        if len(own) > LIMITS.domain:
            self.cookies.remove(min(own, key=lambda one: (one.secure, one.access, one.creation, one.serial)))
        if len(self.cookies) > LIMITS.total:
            self.cookies.sort(key=lambda one: (one.access, one.creation, one.serial))
            del self.cookies[: -LIMITS.kept]

    def retrieve(self, url: str, now: float, *, http: bool, name: str | None = None) -> str:
        self.expire(now)
        parts = urlsplit(url)
        host, path = parts.hostname or "", parts.path or "/"
        found = [
            one
            for one in self.cookies
            if (host == one.domain if one.host_only else under(host, one.domain))
            and path_match(path, one.path)
            and (parts.scheme == "https" or not one.secure)
            and (http or not one.http_only)
            and (name is None or one.name == name)
        ]
        for one in found:
            one.access = now
        found.sort(key=lambda one: (-len(one.path), one.creation, one.serial))
        return "; ".join(f"{one.name}={one.value}" for one in found)


class Jars(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.now = 1_000_000.0
        self.jar = CookieJar(is_public_suffix=lambda domain: domain in SUFFIXES, limits=LIMITS)
        self.model = Model()
        self.values = 0

    @rule(seconds=st.sampled_from([0.5, 1.0, 4.0]))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @rule(url=urls, name=st.sampled_from("abc"), having=attributes)
    def store(self, url: str, name: str, having: dict[str, object]) -> None:
        self.values += 1
        line = f"{name}={self.values}" + "".join(f"; {key}={value}" for key, value in having.items())
        accepted = self.model.store(url, name, str(self.values), having, self.now)
        assert self.jar.store(url, [line], self.now) == accepted

    @rule(url=urls)
    def header(self, url: str) -> None:
        assert self.jar.header(url, self.now) == self.model.retrieve(url, self.now, http=True)

    @rule(url=urls, name=st.sampled_from([None, "a"]))
    def get(self, url: str, name: str | None) -> None:
        assert self.jar.get(url, name, self.now) == self.model.retrieve(url, self.now, http=False, name=name)

    @rule()
    def end_session(self) -> None:
        self.jar.clear_session()
        self.model.cookies = [one for one in self.model.cookies if one.expires is not None]

    @rule()
    def look(self) -> None:
        self.jar.header("http://none.org/", self.now)
        self.model.expire(self.now)
        expected = sorted(self.model.cookies, key=lambda one: (one.creation, one.serial))
        assert [(one.name, one.value, one.last_access) for one in self.jar] == [
            (one.name, one.value, one.access) for one in expected
        ]

    @invariant()
    def count_is_right(self) -> None:
        assert len(self.jar) == sum(map(len, self.jar._domains.values()))


Jars.TestCase.settings = settings(max_examples=60, stateful_step_count=60, deadline=None)
TestJar = Jars.TestCase


@given(st.lists(st.tuples(urls, st.sampled_from("ab"), attributes), max_size=12), urls)
def test_header_does_not_depend_on_what_was_asked_before(
    stored: list[tuple[str, str, dict[str, object]]], url: str
) -> None:
    quiet, asked = (CookieJar(is_public_suffix=lambda domain: domain in SUFFIXES) for _ in range(2))
    for number, (origin, name, having) in enumerate(stored):
        line = f"{name}={number}" + "".join(f"; {key}={value}" for key, value in having.items())
        asked.header(url, number)
        for jar in (quiet, asked):
            jar.store(origin, [line], number)
    assert quiet.header(url, 12) == asked.header(url, 12)
