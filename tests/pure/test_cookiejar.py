from __future__ import annotations

import threading

import pytest

from pyinet._cookies.evict import Limits
from pyinet.cookiejar import CookieJar
from pyinet.errors import CallerError, InternetException, NotSupported

NOW = 1_700_000_000.0
DAY = 86_400
URL = "https://www.example.org/dir/page"


def jar_with(*lines: str, url: str = URL) -> CookieJar:
    jar = CookieJar()
    jar.store(url, lines, NOW)
    return jar


@pytest.mark.parametrize(
    ("url", "line", "to", "sent"),
    [
        ("http://h.example.org/", "a=b", "http://h.example.org/x", True),
        ("http://h.example.org/", "a=b", "http://H.EXAMPLE.ORG:81/x", True),
        ("http://h.example.org/", "a=b", "https://h.example.org/x", True),
        ("http://h.example.org/", "a=b", "http://s.h.example.org/", False),
        ("http://h.example.org/", "a=b", "http://example.org/", False),
        ("http://h.example.org/", "a=b", "http://h.example.org./", False),
        ("http://h.example.org/", "a=b; Domain=h.example.org", "http://s.h.example.org/", True),
        ("http://h.example.org/", "a=b; Domain=.example.org", "http://other.example.org/", True),
        ("http://h.example.org/", "a=b; Domain=example.org", "http://badexample.org/", False),
        ("http://h.example.org/", "a=b; Domain=example.org.", "http://h.example.org/", False),
        ("http://h.example.org./", "a=b; Domain=example.org", "http://h.example.org./", False),
        ("http://h.example.org./", "a=b; Domain=example.org.", "http://x.example.org./", True),
        ("http://h.example.org/", "a=b; Domain=s.h.example.org", "http://s.h.example.org/", False),
        ("http://h.example.org/", "a=b; Domain=org", "http://h.example.org/", False),
        ("http://h.example.org/", "a=b; Domain=example.org:80", "http://h.example.org/", False),
        ("http://h.example.org/", "a=b; Domain=", "http://h.example.org/", True),
        ("http://h.example.org/", "a=b; Domain=.", "http://s.h.example.org/", False),
        ("http://h.example.org/", "a=b; Domain=x.org; Domain=", "http://h.example.org/", True),
        ("http://h.example.org/", "a=b; Domain=ex\xe4mple.org", "http://h.example.org/", False),
        ("http://a.co.uk/", "a=b; Domain=co.uk", "http://a.co.uk/", False),
        ("http://co.uk/", "a=b; Domain=co.uk", "http://co.uk/", True),
        ("http://co.uk/", "a=b; Domain=co.uk", "http://a.co.uk/", False),
        ("http://localhost/", "a=b; Domain=localhost", "http://localhost/", True),
        ("http://localhost/", "a=b; Domain=localhost", "http://s.localhost/", False),
        ("http://1.2.3.4/", "a=b; Domain=1.2.3.4", "http://1.2.3.4/", True),
        ("http://1.2.3.4/", "a=b; Domain=3.4", "http://1.2.3.4/", False),
        ("http://[::1]:80/", "a=b; Domain=[::1]", "http://[::1]/", True),
        ("http://h/a/b", "a=b", "http://h/a/c", True),
        ("http://h/a/b", "a=b", "http://h/a", True),
        ("http://h/a/b", "a=b", "http://h/ab", False),
        ("http://h/a/b?x=/c/d", "a=b", "http://h/a?/b", True),
        ("http://h?a/b", "a=b", "http://h", True),
        ("http://h/x", "a=b; Path=/foo", "http://h/foobar", False),
        ("http://h/x", "a=b; Path=/foo", "http://h/foo?x", True),
        ("http://h/x", "a=b; Path=/foo", "http://h?/foo/", False),
        ("http://h/x", "a=b; Path=/foo/", "http://h/foo", False),
        ("http://h/x", "a=b; Path=/foo/", "http://h/foo/#x", True),
        ("http://h/x", "a=b; Path=/f%6Fo", "http://h/foo", False),
        ("http://h/dir/x", "a=b; Path=foo", "http://h/dir", True),
        ("https://h/", "a=b; Secure", "https://h/", True),
        ("https://h/", "a=b; Secure", "http://h/", False),
        ("http://h/", "a=b; Secure", "https://h/", False),
        ("https://h/", "a=b; SameSite=None", "https://h/", False),
        ("https://h/", "a=b; SameSite=None; Secure", "https://h/", True),
        ("http://h/", "a=b; SameSite=Strict", "http://h/", True),
        ("https://h/", "__secure-a=b", "https://h/", False),
        ("https://h/", "__SECURE-a=b; Secure", "https://h/", True),
        ("https://h/", "__Host-a=b; Secure", "https://h/", False),
        ("https://h/", "__host-a=b; Secure; Path=/", "https://h/", True),
        ("https://h/", "__Host-a=b; Secure; Path=x", "https://h/", True),
        ("https://h/d/", "__Host-a=b; Secure; Path=x", "https://h/d/", False),
        ("https://w.h.org/", "__Host-a=b; Secure; Path=/; Domain=h.org", "https://h.org/", False),
        ("https://h/", "__Host-a; Secure; Path=/", "https://h/", False),
        ("https://h/", "=__secure-a; Secure; Path=/", "https://h/", False),
        ("http://h/", "a=b; Max-Age=0", "http://h/", False),
        ("http://h/", "a=b; Max-Age=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "http://h/", True),
        ("http://h/", "a=b; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "http://h/", False),
        ("http://h/", "a=b; Expires=yesterday", "http://h/", True),
        ("http://h/", "a=b; HttpOnly", "http://h/", True),
        ("ftp://h/", "a=b", "http://h/", False),
        ("http:///", "a=b", "http:///", False),
    ],
)
def test_which_request_gets_a_cookie(url: str, line: str, to: str, *, sent: bool) -> None:
    jar = CookieJar()
    assert jar.header(to, NOW) == ""  # what was remembered before the cookie came does not last
    jar.store(url, [line], NOW)
    header = jar.header(to, NOW)
    assert header == (line.partition(";")[0] if sent else "")
    assert jar.header(to, NOW) == header


def test_header_has_longest_path_then_oldest_first() -> None:
    jar = CookieJar()
    jar.store(URL, ["c=1; Path=/", "a=2; Path=/dir", "b=3; Path=/"], NOW)
    jar.store("https://example.org/", ["p=4; Path=/dir; Domain=example.org"], NOW - 1)
    assert jar.header(URL, NOW) == "p=4; a=2; c=1; b=3"


def test_replacing_keeps_the_place_but_not_after_expiry() -> None:
    jar = jar_with("a=1", "b=2; Max-Age=10", "c=3")
    jar.store(URL, ["a=4", "b=5; Max-Age=10"], NOW + 5)
    assert jar.header(URL, NOW + 5) == "a=4; b=5; c=3"
    jar.store(URL, ["b=6"], NOW + 15)
    assert jar.header(URL, NOW + 15) == "a=4; c=3; b=6"
    assert [cookie.creation for cookie in jar] == [NOW, NOW, NOW + 15]


def test_host_only_and_domain_cookies_are_two() -> None:
    jar = jar_with("a=1", "a=2; Domain=www.example.org", "a=3")
    assert jar.header(URL, NOW) == "a=3; a=2"
    assert jar.header("https://s.www.example.org/dir/", NOW) == "a=2"


def test_names_and_paths_are_told_apart_by_case() -> None:
    jar = jar_with("a=1", "A=2", "a=3; Path=/DIR", "a=4; Path=/")
    assert jar.header(URL, NOW) == "a=1; A=2; a=4"


def test_nameless_cookies_are_one_and_sent_as_their_value() -> None:
    jar = jar_with("foo", "=x", "b=", "\xe6\x98\xa5")
    assert jar.header(URL, NOW) == "\xe6\x98\xa5; b="


def test_cookie_ends_when_its_age_is_reached() -> None:
    jar = jar_with("a=1; Max-Age=10", "b=2; Path=/; Max-Age=20")
    assert jar.header(URL, NOW + 9.9) == "a=1; b=2"
    assert jar.header(URL, NOW + 10) == "b=2"
    assert len(jar) == 1
    assert jar.get(URL, None, NOW + 20) == ""
    assert len(jar) == 0


@pytest.mark.parametrize("life", ["Max-Age=" + "9" * 40, "Expires=Fri, 31 Dec 9999 23:59:59 GMT"])
def test_no_cookie_lives_longer_than_400_days(life: str) -> None:
    assert [cookie.expires for cookie in jar_with(f"a=b; {life}")] == [NOW + 400 * DAY]


def test_store_counts_what_it_accepts_deletions_included() -> None:
    jar = jar_with("a=1")
    assert jar.store(URL, ["a=; Max-Age=0", "b=2", "=", "c=3; Domain=com", "d=\0"], NOW) == 2
    assert jar.header(URL, NOW) == "b=2"


@pytest.mark.parametrize(
    ("existing", "line", "kept"),
    [
        ("s=1; Secure; Path=/", "s=2; Path=/", True),
        ("s=1; Secure; Path=/login", "s=2; Path=/login/en", True),
        ("s=1; Secure; Path=/login", "s=2; Path=/", False),
        ("s=1; Secure; Path=/login", "s=2; Path=/loginx", False),
        ("s=1; Secure; Path=/", "t=2; Path=/", False),
        ("s=1; Path=/", "s=2; Path=/", False),
        ("s=1; Secure; Path=/; Domain=example.org", "s=2; Path=/", True),
        ("s=1; Secure; Path=/", "s=2; Path=/; Domain=example.org", True),
        ("s=1; Secure; Path=/", "s=; Path=/; Max-Age=0", True),
        ("s=1; Secure; Path=/; Max-Age=1", "s=2; Path=/", False),
    ],
)
def test_http_does_not_overlay_a_secure_cookie(existing: str, line: str, *, kept: bool) -> None:
    jar = jar_with(existing)
    assert jar.store("http://www.example.org/", [line], NOW + 2) == (not kept)
    assert jar.store("https://www.example.org/", [line], NOW + 2) == 1


def test_a_domain_of_one_label_reaches_below_when_it_is_no_public_suffix() -> None:
    jar = CookieJar(is_public_suffix=lambda _: False)
    assert jar.header("http://s.lan/", NOW) == ""
    jar.store("https://s.lan/", ["a=1; Domain=lan", "b=1; Secure"], NOW)
    assert jar.header("http://t.lan/", NOW) == "a=1"
    assert jar.store("http://lan/", ["b=2; Domain=lan", "c=2"], NOW) == 1
    jar.store("http://t.lan/", ["a=3; Domain=lan"], NOW)
    assert jar.header("http://t.lan/", NOW) == "a=3"
    jar.store("https://lan/", ["d=1; Domain=lan; Secure"], NOW)
    assert jar.store("http://t.lan/", ["d=2"], NOW) == 0


def test_records_tell_everything() -> None:
    jar = CookieJar()
    jar.store(URL, ["b=2; Path=/; Secure; HttpOnly; SameSite=lax; Max-Age=5; Domain=example.org"], NOW)
    jar.store(URL, ["a=1"], NOW + 1)
    jar.header(URL, NOW + 2)
    assert list(jar) == [
        ("b", "2", "example.org", False, "/", True, True, "Lax", NOW + 5, NOW, NOW + 2),
        ("a", "1", "www.example.org", True, "/dir", False, False, "Default", None, NOW + 1, NOW + 2),
    ]


def test_last_access_is_the_latest_of_header_and_get() -> None:
    jar = jar_with("a=1")
    jar.header(URL, NOW + 1)
    jar.get(URL, None, NOW + 2)
    assert [cookie.last_access for cookie in jar] == [NOW + 2]
    jar.header(URL, NOW + 3)
    assert [cookie.last_access for cookie in jar] == [NOW + 3]


def test_a_cookie_set_again_and_again_leaves_nothing_behind() -> None:
    jar = CookieJar()
    for turn in range(1000):
        jar.store(URL, ["a=1; Max-Age=1000"], NOW + turn)
        jar.header(f"{URL}?{turn}", NOW + turn)
    assert len(jar) == 1
    assert len(jar._expiries) < 100
    assert len(jar._plans) < 10


def test_what_is_remembered_of_origins_is_bounded() -> None:
    jar = jar_with("a=1; Path=/")
    for turn in range(5000):
        jar.header(f"http://h{turn}.org/", NOW)
        jar.header(f"https://www.example.org?{turn}", NOW)
    assert len(jar._plans) <= 4096
    assert len(jar._bare) <= 4096
    assert jar.header(URL, NOW) == "a=1"


def test_a_url_with_a_password_is_not_remembered() -> None:
    jar = jar_with("a=1; Path=/")
    assert jar.header("https://user:secret@www.example.org/", NOW) == "a=1"
    assert not [origin for origin in jar._plans if "secret" in origin]


def test_clearing() -> None:
    jar = jar_with("a=1; Max-Age=50", "b=2", "c=3; Secure")
    assert jar.header(URL, NOW) == "a=1; b=2; c=3"
    jar.clear_session()
    assert jar.header(URL, NOW) == "a=1"
    jar.clear()
    assert (jar.header(URL, NOW), len(jar), list(jar)) == ("", 0, [])
    assert jar.store("http://www.example.org/dir/", ["c=4"], NOW) == 1


def test_a_crowded_domain_loses_the_longest_unused_and_not_the_secure_first() -> None:
    jar = CookieJar(limits=Limits(domain=3))
    jar.store(URL, ["s=1; Secure", "a=1; Path=/a", "b=1"], NOW)
    assert jar.header("https://www.example.org/a", NOW + 1) == "a=1"
    jar.store(URL, ["c=1"], NOW + 2)
    assert [cookie.name for cookie in jar] == ["s", "a", "c"]
    jar.store(URL, ["d=1; Secure", "e=1; Secure"], NOW + 3)
    assert [cookie.name for cookie in jar] == ["s", "d", "e"]
    jar.store(URL, ["f=1; Secure"], NOW + 4)
    assert [cookie.name for cookie in jar] == ["d", "e", "f"]
    assert jar.header(URL, NOW + 4) == "d=1; e=1; f=1"


def test_a_full_jar_loses_the_longest_unused() -> None:
    jar = CookieJar(limits=Limits(domain=9, total=4, kept=2))
    for host in "abcd":
        jar.store(f"http://{host}.org/", ["n=1"], NOW)
    assert jar.header("http://a.org/", NOW + 1) == "n=1"
    jar.store("http://e.org/", ["n=1"], NOW + 2)
    assert [cookie.domain for cookie in jar] == ["a.org", "e.org"]
    assert jar.header("http://b.org/", NOW + 2) == ""


def test_a_jar_holds_180_of_a_domain_and_10000_in_all() -> None:
    jar = CookieJar()
    for host in range(1000):
        jar.store(f"http://h{host}.example.org/", [f"n{number}=v" for number in range(10)], NOW)
    jar.store(URL, [f"n{number}=v" for number in range(181)], NOW)
    assert len(jar) == 10_180
    assert jar.header("http://h0.example.org/", NOW).count("; ") == 9


@pytest.mark.parametrize(
    ("name", "data", "expected"),
    [
        ("a", "b", "a=b"),
        ("a", "b; Path=/dir; x", "a=b"),
        ("a", "", "a="),
        (" a ", " b ", "a=b"),
        ("a", "b=c", "a=b=c"),
        (None, "a=b; Path=/", "a=b"),
        ("", "a=b", "a=b"),
        (None, "a", "a="),
        (None, "a; Path=/", "a="),
        (None, "=a", "a"),
        ("a", "b; expires=", "a=b"),
        ("a", "b; expires=soon; unknown", "a=b"),
        ("a", "b; domain=.example.org", "a=b"),
        ("a", "b; max-age=0", ""),
        ("a", "春", "a=春"),
        ("é", "ü", "é=ü"),
    ],
)
def test_set_takes_name_and_data(name: str | None, data: str, expected: str) -> None:
    jar = CookieJar()
    jar.set(URL, name, data, NOW)
    assert jar.get(URL, None, NOW) == expected


def test_text_set_by_a_program_goes_out_as_utf_8() -> None:
    jar = CookieJar()
    jar.set(URL, "a", "春", NOW)
    assert jar.header(URL, NOW).encode("latin-1") == "a=春".encode()
    jar.store(URL, ["a=\xe4"], NOW)
    assert jar.get(URL, None, NOW) == "a=ä"


@pytest.mark.parametrize(
    ("url", "name", "data", "code"),
    [
        (None, "a", "b", 87),
        ("", "a", "b", 87),
        (URL, "a", None, 87),
        (URL, None, "", 87),
        (URL, None, "; Path=/", 87),
        (URL, " ", "b", 87),
        (URL, "a=", "b", 87),
        (URL, "a;", "b", 87),
        (URL, "a\n", "b", 87),
        (URL, "a", "b\r\nX: y", 87),
        (URL, "a", "\ud800", 87),
        (URL, "a", "x" * 4096, 87),
        (URL, "a", "b; domain=other.org", 87),
        (URL, "a", "b; domain=org", 87),
        (URL, "__Host-a", "b", 87),
        ("http://h/", "a", "b; secure", 87),
        ("http://", "a", "b", 87),
        ("http:///x", "a", "b", 87),
        ("about:blank", "a", "b", 87),
        ("file:///x", "a", "b", 87),
        ("www.example.org", "a", "b", 12006),
        ("localhost:80/x", "a", "b", 12006),
        ("ftp://h/", "a", "b", 12006),
        (URL, "a", "b; HttpOnly", 4317),
        (URL, "locked", "b", 4317),
        (URL, "locked", "b; max-age=0", 4317),
        ("http://www.example.org/dir/", "secured", "b", 4317),
    ],
)
def test_set_refuses(url: str | None, name: str | None, data: str | None, code: int) -> None:
    jar = jar_with("locked=1; HttpOnly", "secured=1; Secure")
    before = list(jar)
    with pytest.raises(CallerError, match=rf"\[{code} ERROR_") as caught:
        jar.set(url, name, data, NOW)
    assert caught.value.code == code
    assert list(jar) == before


def test_get_leaves_out_http_only_cookies() -> None:
    jar = jar_with("a=1; HttpOnly", "b=2; Path=/", "c=3")
    assert jar.get(URL, None, NOW) == "c=3; b=2"
    assert jar.get(URL, "a", NOW) == ""


def test_get_selects_by_name_in_its_very_spelling() -> None:
    jar = jar_with("a=1; Path=/", "a=2", "A=3", "b=4")
    assert jar.get(URL, "a", NOW) == "a=2; a=1"
    assert jar.get(URL, "", NOW) == "a=2; A=3; b=4; a=1"
    assert jar.get(URL, "x", NOW) == ""
    assert jar.get(URL, "\ud800", NOW) == ""


@pytest.mark.parametrize(
    ("url", "code", "cls"),
    [
        (None, 87, CallerError),
        ("about:blank", 87, CallerError),
        ("https://", 87, CallerError),
        ("example.org/x", 12006, NotSupported),
        ("gopher://h/", 12006, NotSupported),
    ],
)
def test_get_refuses(url: str | None, code: int, cls: type[InternetException]) -> None:
    with pytest.raises(cls) as caught:
        CookieJar().get(url, None, NOW)
    assert caught.value.code == code


def test_passwords_are_in_no_message() -> None:
    with pytest.raises(CallerError) as caught:
        CookieJar().set("http://u:secret@h/", "a", "b; Secure", NOW)
    assert "secret" not in str(caught.value)


def test_new_lock_frees_a_jar_whose_lock_was_held() -> None:
    jar = jar_with("a=1")
    jar._lock.acquire()
    jar.renew_lock()
    assert jar.header(URL, NOW) == "a=1"


def test_threads_share_a_jar() -> None:
    jar = CookieJar(limits=Limits(domain=20, total=100, kept=90))
    failures: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for turn in range(300):
                host = f"https://h{(number + turn) % 8}.example.org/"
                jar.store(host, [f"n{turn % 30}={number}; Max-Age={1 + turn % 5}; Secure"], NOW + turn)
                jar.header(host, NOW + turn)
                jar.set(host, "own", str(turn), NOW + turn)
                assert "own=" in jar.get(host, None, NOW + turn)
                list(jar)
        except BaseException as error:  # noqa: BLE001 - told to the main thread
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(jar) == len(list(jar))
