from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pyinet._urls.canonical import canonicalize
from pyinet._urls.combine import combine
from pyinet._urls.crack import crack
from pyinet._urls.create import create
from pyinet.enums import IcuFlag, InternetScheme
from pyinet.errors import InternetException
from pyinet.urlfunctions import UrlParts, create_url, parse_url_ex

PIECES = [
    *"/\\:@?#%. []|&;=\0\t\n~",
    *["//", "..", "/.", "%41", "%2F", "%00", "%E9", "%C3%A9", "é", "\ud800", "a", "Z", "80", "c:", ".html#"],
    *["http:", "ftp:", "file:", "mailto:", "foo:", "about:", "res:", "localhost", "h"],
]
urls = st.text() | st.lists(st.sampled_from(PIECES), max_size=12).map("".join)
flags = st.integers(0, 0xFFFFFFFF) | st.lists(st.sampled_from(list(IcuFlag))).map(sum)
name = st.text("abcXYZ019-._~", min_size=1)
path = st.text("abcXYZ019-._~/ é%", min_size=0).map(lambda text: f"/{text}")
extra = st.just("") | st.text("abcXYZ019-._~/?# é%").map(lambda text: f"?{text}")


@given(urls, urls, flags, st.booleans())
def test_nothing_but_internet_exceptions_is_raised(url: str, other: str, bits: int, windows: bool) -> None:
    known = IcuFlag(bits & 0xFE001000)
    canonicalize(url, known, windows=windows)
    parse_url_ex(url, bits)
    try:
        create(crack(url, known, windows=windows), known)
    except InternetException as error:
        assert error.code in {87, 12005, 12006}  # noqa: PT017  (most examples raise nothing)
    try:
        combine(url, other, known, windows=windows)
    except InternetException as error:
        assert error.code == 161  # noqa: PT017


@pytest.mark.parametrize("known", [IcuFlag(0), IcuFlag.NO_ENCODE, IcuFlag.ENCODE_SPACES_ONLY, IcuFlag.NO_META])
@pytest.mark.parametrize("scheme", ["http", "https", "ftp", "gopher"])
@given(host=name, path=st.text("ab./\\ %é~&?#:@", max_size=20))
def test_canonical_form_of_a_web_url_is_its_own(known: IcuFlag, scheme: str, host: str, path: str) -> None:
    once = canonicalize(f"{scheme}://{host}/{path}", known, windows=False)
    assert canonicalize(once, known, windows=False) == once


@given(urls)
def test_canonical_web_url_is_ascii_before_the_query_and_has_no_space_there(url: str) -> None:
    canonical = canonicalize(f"http://h/{url}", IcuFlag(0), windows=False)
    body = canonical.partition("?")[0].partition("#")[0]
    assert body.isascii()
    assert body.isprintable()
    assert " " not in body


@given(st.sampled_from(["http", "https", "ftp", "gopher", "foo"]), name, st.integers(1, 65535), name, name, path, extra)
def test_cracked_parts_are_those_the_url_was_created_of(
    scheme: str, host: str, port: int, user: str, password: str, path: str, extra: str
) -> None:
    url = create_url(UrlParts(scheme, InternetScheme.DEFAULT, host, port, user, password, path, extra))
    cracked = crack(url, IcuFlag(0), windows=False)
    assert cracked._replace(scheme_number=InternetScheme.DEFAULT) == UrlParts(
        scheme, InternetScheme.DEFAULT, host, port, user, password, path, extra
    )
    assert create_url(cracked) == url


@given(path.map(lambda text: text.replace("%", "")), extra.map(lambda text: text.replace("%", "")))
def test_escaped_file_path_survives(path: str, extra: str) -> None:
    assume(not path.endswith(("/.", "/..")))  # they gain a slash
    parts = UrlParts("file", path=path, extra=extra)
    cracked = crack(create_url(parts, IcuFlag.ESCAPE), IcuFlag.DECODE, windows=False)
    assert (cracked.path, cracked.extra) == (path, extra)
