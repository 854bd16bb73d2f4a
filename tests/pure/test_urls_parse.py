from __future__ import annotations

import pytest

from pyinet.enums import IcuFlag, InternetService
from pyinet.errors import CallerError
from pyinet.urlfunctions import parse_url, parse_url_ex

S = InternetService

PARSED = [
    ("http://h", (True, S.HTTP, "h", "/", 80)),
    ("http://u:p@H:81/a b?c d#e", (True, S.HTTP, "h", "/a%20b?c d#e", 81)),
    ("https://h/a/../b", (True, S.HTTPS, "h", "/b", 443)),
    ("ftp://h/a", (True, S.FTP, "h", "/a", 21)),
    ("gopher://h/1", (True, S.GOPHER, "h", "/1", 70)),
    ("http://[::1]:8080/", (True, S.HTTP, "[::1]", "/", 8080)),
    ("http://h/dir/object.ext:81", (True, S.HTTP, "h", "/dir/object.ext:81", 80)),
    ("mailto:a@b", (True, S.MAILTO, "", "a@b", 0)),
    ("news:comp.x", (True, S.NNTP, "", "comp.x", 0)),
    ("nntp://h/x", (True, S.NNTP, "h", "/x", 0)),
    ("telnet://h:23", (True, S.TELNET, "h", "/", 23)),
    ("wais://h/", (True, S.WAIS, "h", "/", 0)),
    ("mid:a@b", (True, S.MID, "", "a@b", 0)),
    ("cid:a@b", (True, S.CID, "", "a@b", 0)),
    ("prospero://h/", (True, S.PROSPERO, "h", "/", 0)),
    ("afs://h/", (True, S.AFS, "h", "/", 0)),
    ("file:///a b#c", (True, S.FILE, "", "/a b#c", 0)),
    ("foo://h:5/a", (False, S.UNK, "h", "/a", 5)),
    ("", (False, S.UNK, "", "", 0)),
    ("server", (False, S.UNK, "", "", 0)),
    ("http://h:99999/", (False, S.UNK, "", "", 0)),
    ("http://[::1/", (False, S.UNK, "", "", 0)),
]


@pytest.mark.parametrize(("url", "parsed"), PARSED, ids=[url for url, _ in PARSED])
def test_url_names_service_server_object_and_port(url: str, parsed: tuple[bool, S, str, str, int]) -> None:
    assert parse_url(url) == parsed
    assert parse_url_ex(url)[:5] == parsed


def test_parse_url_ex_gives_user_and_password() -> None:
    assert parse_url_ex("ftp://u%40:p@h/a")[5:] == ("u%40", "p")
    assert parse_url_ex("ftp://u%40:p@h/a%20", IcuFlag.ESCAPE)[3:] == ("/a ", 21, "u@", "p")
    assert parse_url_ex("ftp://h/a b", IcuFlag.NO_ENCODE)[3:] == ("/a b", 21, "", "")


@pytest.mark.parametrize("url", [None, b"http://h", 5])
def test_url_that_is_no_str_is_87(url: object) -> None:
    for parse in (parse_url, parse_url_ex):
        with pytest.raises(CallerError) as caught:
            parse(url)  # type: ignore[arg-type]
        assert caught.value.code == 87
