"""``INTERNET_OPTION_HTTP_DECODING``: which bodies a file undoes the coding of, and what it says of them then; 3.10."""

from __future__ import annotations

import gzip
import zlib
from typing import TYPE_CHECKING

import pytest

from pyinet import HeaderNotFound, HttpFile, HttpQuery, InternetException, InternetOption
from servers.scripted import response

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyinet import HttpConnection, InternetSession
    from servers.scripted import ScriptedServer

GZIP = "Content-Encoding: gzip"
ASKED = {"Accept-Encoding": "gzip, deflate"}
PACKED = gzip.compress(b"text")


@pytest.fixture
def connection(server: ScriptedServer, session: InternetSession) -> Iterator[HttpConnection]:
    with session.get_http_connection("127.0.0.1", server.port) as connection:
        connection.set_option(InternetOption.HTTP_DECODING, True)
        yield connection


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (PACKED, GZIP), (PACKED, "content-encoding:X-GZIP"), (zlib.compress(b"text"), "Content-Encoding: deflate"),
        (PACKED, "Content-Encoding: gzip\r\nCache-Control: max-age=1, x-no-transform"),
    ],
)  # fmt: skip
def test_what_was_decoded_has_neither_coding_nor_length(
    server: ScriptedServer, connection: HttpConnection, body: bytes, field: str
) -> None:
    server.route("/", response(body, field, "X-Other: 1"))
    with connection.get(headers=ASKED) as file:
        for level in (HttpQuery.CONTENT_ENCODING, HttpQuery.CONTENT_LENGTH):
            with pytest.raises(HeaderNotFound):
                file.query_info(level)
        assert "ontent-" not in str(file.query_info(HttpQuery.RAW_HEADERS_CRLF))
        assert (file.headers["X-Other"], file.length, file.content_length) == ("1", None, None)
        with pytest.raises(InternetException) as caught:
            file.get_length()
        assert caught.value.code == 12016
        assert file.query_option(InternetOption.COMPRESSED_CONTENT_LENGTH) == len(body)
        assert file.read() == b"text"


@pytest.mark.parametrize(
    "fields",
    [
        [GZIP, GZIP], ["Content-Encoding: gzip, gzip"], ["Content-Encoding: br"], ["Content-Encoding: unheard-of"],
        [GZIP, "Cache-Control: public, No-Transform"], [GZIP, "Cache-Control:\r\n no-transform"],
        [GZIP, "Content-Range: bytes 0-23/24"],
    ],
    ids=["two lines", "two codings", "br", "unknown", "no-transform", "no-transform folded", "range"],
)  # fmt: skip
def test_other_bodies_come_as_they_are(server: ScriptedServer, connection: HttpConnection, fields: list[str]) -> None:
    server.route("/", response(PACKED, *fields))
    with connection.get(headers=ASKED) as file:
        assert file.query_info(HttpQuery.CONTENT_LENGTH) == str(len(PACKED))
        assert file.query_info(HttpQuery.CONTENT_ENCODING)
        assert (file.length, file.read()) == (len(PACKED), PACKED)


@pytest.mark.parametrize("status", ["204 No Content", "304 Not Modified", "206 Partial Content"])
def test_without_a_whole_body_the_headers_stay(server: ScriptedServer, connection: HttpConnection, status: str) -> None:
    server.route("/", response(b"", GZIP, status=status))
    with connection.get(headers=ASKED) as file:
        assert file.headers["content-encoding"] == "gzip"
    server.route("/", response(b"", GZIP))
    with connection.head(headers=ASKED) as file:
        assert file.headers["content-encoding"] == "gzip"


def test_a_file_that_is_sent_again_forgets_the_coding(server: ScriptedServer, connection: HttpConnection) -> None:
    server.reply(response(PACKED, GZIP))
    server.reply(response(b"plain"))
    with connection.get(headers=ASKED) as file:
        assert (file.read(), file.length) == (b"text", None)
        assert (file.send_request().read(), file.length) == (b"plain", 5)


# ---- what is asked for ----


@pytest.mark.parametrize("by_url", [False, True], ids=["connection", "open_url"])
@pytest.mark.parametrize(
    ("headers", "sent", "decoded"),
    [
        ({}, "gzip, deflate", True),
        ({"X": "y"}, "gzip, deflate", True),
        ({"Accept-Encoding": "gzip"}, "gzip", True),
        ({"accept-encoding": "br, Deflate;q=0.5"}, "br, Deflate;q=0.5", True),
        ({"Accept-Encoding": "identity"}, "identity", False),
        ({"Accept-Encoding": "br"}, "br", False),
        ({"Accept-Encoding": "gzip;q=0, deflate; q=0.000"}, "gzip;q=0, deflate; q=0.000", False),
        ({"Range": "bytes=0-"}, None, True),
    ],
)
def test_gzip_and_deflate_are_asked_for_unless_the_program_asks(
    server: ScriptedServer,
    session: InternetSession,
    connection: HttpConnection,
    by_url: bool,
    headers: dict[str, str],
    sent: str | None,
    decoded: bool,
) -> None:
    server.route("/", response(PACKED, GZIP))
    session.set_option(InternetOption.HTTP_DECODING, True)
    file = session.open_url(server.url(), headers=headers) if by_url else connection.get(headers=headers)
    with file:
        assert isinstance(file, HttpFile)
        assert file.read() == (b"text" if decoded else PACKED)
        assert ("content-encoding" in file.headers) != decoded
        assert file.request_headers.get("accept-encoding") == sent
    assert server.received[-1].header("accept-encoding") == sent
