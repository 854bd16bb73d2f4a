from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyinet._answer.challenges import Challenge, parse_challenges


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ('Basic realm="simple"', [("Basic", "simple")]),
        ("Basic realm=simple", [("Basic", "simple")]),
        ('BASIC REALM = "simple"', [("BASIC", "simple")]),
        ("Basic", [("Basic", "")]),
        ("Basic realm=", [("Basic", "")]),
        ('Basic realm=""', [("Basic", "")]),
        ("Basic realm", [("Basic", "")]),
        ("Basic realm=My Site", [("Basic", "My Site")]),
        ('Basic charset="UTF-8", realm="a"', [("Basic", "a")]),
        ('Basic realm="a", realm="b"', [("Basic", "a")]),
        (
            'Newauth realm="apps", type=1, title="Login to \\"apps\\"", Basic realm="simple"',
            [("Newauth", "apps"), ("Basic", "simple")],
        ),
        ('Basic realm="a, b, Digest realm=c"', [("Basic", "a, b, Digest realm=c")]),
        ('Basic realm="a \\"b\\" \\\\ c"', [("Basic", 'a "b" \\ c')]),
        (
            'Digest realm="r", qop="auth,auth-int", nonce="dcd98=", opaque="5c==", algorithm=MD5, stale=false',
            [("Digest", "r")],
        ),
        ("Negotiate", [("Negotiate", "")]),
        ("NTLM TlRMTVNTUAACAAAA/+=", [("NTLM", "")]),
        ("Negotiate oYG2MIGzoAMKAQCh==, NTLM", [("Negotiate", ""), ("NTLM", "")]),
        ("Negotiate, NTLM, Basic realm=x", [("Negotiate", ""), ("NTLM", ""), ("Basic", "x")]),
        (", ,Basic realm=x,,  NTLM ,", [("Basic", "x"), ("NTLM", "")]),
        ('Bearer realm="r", error="invalid_token"', [("Bearer", "r")]),
        ("", []),
        (" \t, ,", []),
        ('realm="lost"', []),
        ('realm="lost", Basic realm="b"', [("Basic", "b")]),
        ('Basic realm="open', [("Basic", "open")]),
        ('Basic realm="open\\', [("Basic", "open")]),
        ('Basic realm="a" junk, NTLM', [("Basic", "a"), ("NTLM", "")]),
        ("(), Basic realm=x", [("Basic", "x")]),
        ("Basic realm=caf\xe9", [("Basic", "caf\xe9")]),
        ("=x, Basic", [("Basic", "")]),
        ("Basic of some kind, NTLM", [("Basic", ""), ("NTLM", "")]),
        ("Basic/1.0, NTLM", [("Basic", ""), ("NTLM", "")]),
    ],
    ids=repr,
)
def test_line(line: str, found: list[tuple[str, str]]) -> None:
    assert [(one.scheme, one.realm) for one in parse_challenges([line])] == found


def test_lines_are_read_one_by_one_and_in_order() -> None:
    lines = ["Negotiate", 'Digest realm="a"', 'realm="of nobody"', 'Basic realm="b", NTLM']
    assert parse_challenges(lines, host="h:8080", is_proxy=True) == [
        Challenge("h:8080", "", "Negotiate", is_proxy=True),
        Challenge("h:8080", "a", "Digest", is_proxy=True),
        Challenge("h:8080", "b", "Basic", is_proxy=True),
        Challenge("h:8080", "", "NTLM", is_proxy=True),
    ]


def test_without_a_line_there_is_no_challenge() -> None:
    assert parse_challenges([]) == []


TOKENS = st.text("abcXYZ019-._~!#", min_size=1, max_size=5)
PARAMETERS = st.dictionaries(TOKENS.map(lambda name: f"p{name}"), st.text(st.characters(max_codepoint=255)), max_size=3)


def quoted(text: str) -> str:
    return '"' + "".join(f"\\{one}" if one in '"\\' else one for one in text) + '"'


@given(st.lists(st.tuples(TOKENS, st.text(st.characters(max_codepoint=255)), PARAMETERS), max_size=4))
def test_what_is_well_formed_is_read_back(challenges: list[tuple[str, str, dict[str, str]]]) -> None:
    texts = []
    for scheme, realm, others in challenges:
        parameters = [f"{name}={quoted(value)}" for name, value in {**others, "realm": realm}.items()]
        texts.append(f"{scheme} {', '.join(parameters)}")
    expected = [(scheme, realm) for scheme, realm, _ in challenges]
    assert [(one.scheme, one.realm) for one in parse_challenges([", ".join(texts)])] == expected
    assert [(one.scheme, one.realm) for one in parse_challenges(texts)] == expected


PIECES = st.lists(st.sampled_from(['"', "\\", ",", "=", " ", "\t", "Basic", "realm", "x", "\xff", "\0", "=="]))


@given(st.lists(st.text() | PIECES.map("".join), max_size=3))
def test_no_text_raises(lines: list[str]) -> None:
    for one in parse_challenges(lines, host="h"):
        assert one.scheme
        assert (one.host, one.is_proxy) == ("h", False)


@pytest.mark.parametrize("piece", ['"\\', 'a="', "a=,", "a b", ",", "Basic ", "a,", "a  "], ids=repr)
def test_a_long_line_takes_no_more_than_linear_time(piece: str) -> None:
    # A quadratic reader would be at it for minutes.
    assert len(parse_challenges([piece * 200_000])) <= 200_000
