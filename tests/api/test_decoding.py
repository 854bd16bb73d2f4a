"""Content codings through the whole stack: undone completely, or the row fails (RFC 9110 section 8.4)."""

from __future__ import annotations

import base64
import gzip
import os
import zlib
from typing import TYPE_CHECKING

import pytest

from pyinet import DecodingFailed, LimitExceeded, Request
from servers.scripted import response

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pyinet import InternetSession, Result
    from servers.scripted import ScriptedConn, ScriptedServer

TEXT = b"hello, hello, hello, hello world; " * 20
BR = base64.b64decode("G6cCQBwJNk50bySGV2VoCcLCljtsb7nIPJVVAtO6gzAQDg==")
ZSTD = base64.b64decode("KLUv/WSoAeUAAHBoZWxsbywgIHdvcmxkOwQAaYqqADLgkzZKihGd0627")  # with a checksum


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


ENCODED = {
    "gzip": ("gzip", gzip.compress(TEXT, mtime=0)),
    "x-gzip": ("x-gzip", gzip.compress(TEXT, mtime=0)),
    "gzip of two members": ("gzip", gzip.compress(TEXT[:99], mtime=0) + gzip.compress(TEXT[99:], mtime=0)),
    "deflate": ("deflate", zlib.compress(TEXT)),
    "raw deflate": ("deflate", raw_deflate(TEXT)),
    "br": ("br", BR),
    "zstd": ("zstd", ZSTD),
    "identity": ("identity", TEXT),
    "upper case": ("GZip", gzip.compress(TEXT, mtime=0)),
    "deflate then gzip": ("deflate, gzip", gzip.compress(zlib.compress(TEXT), mtime=0)),
    "br then gzip": ("br , ,gzip", gzip.compress(BR, mtime=0)),
    "zstd then deflate": ("zstd,deflate", zlib.compress(ZSTD)),
    "five times": ("gzip, gzip, identity, gzip, gzip, gzip", b""),
}
_five = TEXT
for _ in range(5):
    _five = gzip.compress(_five, mtime=0)
ENCODED["five times"] = (ENCODED["five times"][0], _five)

every_coding = pytest.mark.parametrize(("coding", "body"), ENCODED.values(), ids=ENCODED.keys())


def encoded(body: bytes, coding: str, *fields: str, status: str = "200 OK") -> bytes:
    return response(body, f"Content-Encoding: {coding}", *fields, status=status)


def chunked(body: bytes, coding: str, size: int) -> bytes:
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    return head + b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def row_of(session: InternetSession, request: str | Request) -> Result:
    with session.fetch([request]) as rows:
        (result,) = rows
    return result


# ---- whole bodies ----


@every_coding
@pytest.mark.parametrize("segment", [None, 1, 7])
def test_bodies_are_decoded_however_they_are_cut(
    server: ScriptedServer, session: InternetSession, coding: str, body: bytes, segment: int | None
) -> None:
    server.reply(encoded(body, coding), segment=segment)
    result = session.fetch_one(server.url())
    assert (result.body, result.size) == (TEXT, len(TEXT))
    assert result.headers["content-encoding"] == coding
    assert result.bytes_received >= len(body)


@every_coding
@pytest.mark.parametrize("size", [1, 5, 4096])
def test_chunks_make_no_difference(
    server: ScriptedServer, session: InternetSession, coding: str, body: bytes, size: int
) -> None:
    server.reply(chunked(body, coding, size))
    assert session.fetch_one(server.url()).body == TEXT


@every_coding
def test_files_get_the_decoded_body(
    server: ScriptedServer, session: InternetSession, tmp_path: Path, coding: str, body: bytes
) -> None:
    server.reply(encoded(body, coding))
    result = session.fetch_one(Request(server.url(), path=tmp_path / "out"))
    assert (result.body, result.size) == (b"", len(TEXT))
    assert (tmp_path / "out").read_bytes() == TEXT


def test_a_body_that_ends_with_the_connection_is_decoded(server: ScriptedServer, session: InternetSession) -> None:
    server.reply(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(TEXT))
    assert session.fetch_one(server.url()).body == TEXT


def test_several_header_lines_are_one_list(server: ScriptedServer, session: InternetSession) -> None:
    server.reply(response(gzip.compress(zlib.compress(TEXT)), "Content-Encoding: deflate", "Content-Encoding: gzip"))
    assert session.fetch_one(server.url()).body == TEXT


def test_a_folded_header_line_does_not_hide_the_coding(server: ScriptedServer, session: InternetSession) -> None:
    server.reply(response(gzip.compress(TEXT), "Content-Encoding:", " gzip"))
    result = row_of(session, server.url())
    assert result.error or result.body == TEXT  # RFC 9112 section 5.2: reject it, or take it for one line


def test_large_bodies_survive_decoding_exactly(server: ScriptedServer, session: InternetSession) -> None:
    body = os.urandom(3 << 20) + bytes(1 << 20)
    server.reply(encoded(gzip.compress(body, 1), "gzip"))
    assert session.fetch_one(server.url()).body == body


@pytest.mark.parametrize("status", ["404 Not Found", "302 Found"])
def test_the_body_of_any_status_is_decoded(server: ScriptedServer, session: InternetSession, status: str) -> None:
    server.reply(encoded(gzip.compress(TEXT), "gzip", status=status))
    assert session.fetch_one(server.url()).body == TEXT


# ---- what is not decoded ----


def test_a_range_of_an_encoded_body_is_left_alone(server: ScriptedServer, session: InternetSession) -> None:
    part = gzip.compress(TEXT)[5:15]
    server.reply(encoded(part, "gzip", "Content-Range: bytes 5-14/60", status="206 Partial Content"))
    result = session.fetch_one(Request(server.url(), headers={"Range": "bytes=5-14"}))
    assert (result.status, result.body) == (206, part)


def test_several_ranges_are_left_alone(server: ScriptedServer, session: InternetSession) -> None:
    # RFC 9110 section 15.3.7.2: with multipart/byteranges the whole has no Content-Range
    body = b"--b\r\nContent-Range: bytes 0-0/2\r\n\r\n\x1f\r\n--b--\r\n"
    fields = ("Content-Type: multipart/byteranges; boundary=b",)
    server.reply(encoded(body, "gzip", *fields, status="206 Partial Content"))
    assert session.fetch_one(Request(server.url(), headers={"Range": "bytes=0-0,1-1"})).body == body


def test_a_content_range_outside_of_206_does_not_stop_decoding(
    server: ScriptedServer, session: InternetSession
) -> None:
    # RFC 9110 section 14.4: the field has no meaning in other answers
    server.reply(encoded(gzip.compress(TEXT), "gzip", "Content-Range: bytes 0-59/60"))
    assert session.fetch_one(server.url()).body == TEXT


@pytest.mark.parametrize("status", ["204 No Content", "304 Not Modified"])
def test_answers_without_a_body_are_not_decoded(server: ScriptedServer, session: InternetSession, status: str) -> None:
    server.reply(f"HTTP/1.1 {status}\r\nContent-Encoding: gzip\r\nContent-Length: 60\r\n\r\n".encode())
    assert session.fetch_one(server.url()).body == b""


def test_head_is_not_decoded(server: ScriptedServer, session: InternetSession) -> None:
    server.reply(b"HTTP/1.1 200 OK\r\nContent-Encoding: unheard-of\r\nContent-Length: 60\r\n\r\n")
    result = session.fetch_one(Request(server.url(), method="HEAD"))
    assert (result.body, result.headers["content-length"]) == (b"", "60")


@pytest.mark.parametrize("coding", ["gzip", "br", "zstd", "deflate"])
def test_no_bytes_at_all_are_an_empty_body(server: ScriptedServer, session: InternetSession, coding: str) -> None:
    server.reply(encoded(b"", coding))  # servers label empty answers so
    assert session.fetch_one(server.url()).body == b""


# ---- damage ----

DAMAGED = [name for name in ENCODED if name != "identity"]


@pytest.mark.parametrize("name", DAMAGED)
@pytest.mark.parametrize("end", ["length", "chunked", "close"])
def test_no_truncated_body_is_a_success(server: ScriptedServer, session: InternetSession, name: str, end: str) -> None:
    coding, body = ENCODED[name]
    make: dict[str, Callable[[bytes], bytes]] = {
        "length": lambda part: encoded(part, coding),
        "chunked": lambda part: chunked(part, coding, 4096),
        "close": lambda part: f"HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\n\r\n".encode() + part,
    }
    whole = {len(body), len(gzip.compress(TEXT[:99], mtime=0)) if name == "gzip of two members" else len(body)}
    cuts = [cut for cut in range(1, len(body), 3) if cut not in whole]
    for cut in cuts:
        server.route(f"/{cut}", make[end](body[:cut]))
    with session.fetch([server.url(f"/{cut}") for cut in cuts], in_flight=4, ordered=True) as rows:
        outcomes = [type(result.error) for result in rows]
    assert outcomes == [DecodingFailed] * len(cuts)


@pytest.mark.parametrize("name", DAMAGED)
def test_no_corrupt_body_is_a_wrong_success(server: ScriptedServer, session: InternetSession, name: str) -> None:
    coding, body = ENCODED[name]
    spots = range(0, len(body), 2)
    for at in spots:
        server.route(f"/{at}", encoded(body[:at] + bytes([body[at] ^ 0x15]) + body[at + 1 :], coding))
    with session.fetch([server.url(f"/{at}") for at in spots], in_flight=4) as rows:
        results = list(rows)
    assert all(isinstance(result.error, (DecodingFailed, type(None))) for result in results)
    if "br" not in coding and name != "raw deflate":  # these two carry no check value
        assert all(result.error or result.body == TEXT for result in results)
    assert sum(result.error is not None for result in results) > len(spots) // 4


@pytest.mark.parametrize("name", ["gzip", "deflate", "br", "zstd"])
def test_what_follows_the_end_is_no_part_of_the_body(
    server: ScriptedServer, session: InternetSession, name: str
) -> None:
    coding, body = ENCODED[name]
    server.reply(encoded(body + b"trailing rubbish", coding))
    result = row_of(session, server.url())
    assert isinstance(result.error, DecodingFailed) or result.body == TEXT


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd"])
def test_plain_text_under_a_coding_fails(server: ScriptedServer, session: InternetSession, coding: str) -> None:
    server.reply(encoded(b"<html>this is not encoded at all</html>", coding))
    with pytest.raises(DecodingFailed) as caught:
        session.fetch_one(server.url("/a?token=1"))
    assert (caught.value.code, caught.value.url) == (12175, server.url("/a?token=1"))


@pytest.mark.parametrize("coding", ["unheard-of", "compress", "gzip, unheard-of", "gzip;q=1", "gzip gzip"])
def test_an_unknown_coding_fails(server: ScriptedServer, session: InternetSession, coding: str) -> None:
    server.reply(encoded(TEXT, coding))
    with pytest.raises(DecodingFailed):
        session.fetch_one(server.url())


def test_six_codings_are_too_many(server: ScriptedServer, session: InternetSession) -> None:
    server.reply(encoded(gzip.compress(_five), ", ".join(["gzip"] * 6)))
    with pytest.raises(DecodingFailed):
        session.fetch_one(server.url())


def test_a_damaged_body_leaves_no_file(server: ScriptedServer, session: InternetSession, tmp_path: Path) -> None:
    (tmp_path / "out").write_bytes(b"before")
    server.reply(encoded(gzip.compress(TEXT)[:-1], "gzip"))
    with pytest.raises(DecodingFailed):
        session.fetch_one(Request(server.url(), path=tmp_path / "out"))
    assert [(file.name, file.read_bytes()) for file in tmp_path.iterdir()] == [("out", b"before")]


def test_a_damaged_body_harms_no_neighbour(server: ScriptedServer, session: InternetSession) -> None:
    server.route("/bad", encoded(gzip.compress(TEXT)[:-5], "gzip"))
    server.route("/good", encoded(gzip.compress(TEXT), "gzip"))
    urls = [server.url("/bad" if n % 3 == 0 else "/good") for n in range(30)]
    with session.fetch(urls, in_flight=2, ordered=True) as rows:
        outcomes = [result.error is None and result.body == TEXT for result in rows]
    assert outcomes == [n % 3 != 0 for n in range(30)]


def test_a_transfer_coding_beside_chunked_never_yields_a_short_success(
    server: ScriptedServer, session: InternetSession
) -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"
    packed = gzip.compress(TEXT, mtime=0)
    for name, body in (("/whole", packed), ("/cut", packed[:-9])):
        server.route(name, head + b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body))
    whole, cut = row_of(session, server.url("/whole")), row_of(session, server.url("/cut"))
    assert whole.error or whole.body == TEXT
    assert cut.error


# ---- bombs ----


def gzip_of_zeros(size: int) -> bytes:
    packer = zlib.compressobj(9, wbits=31)
    return b"".join(packer.compress(bytes(1 << 20)) for _ in range(size >> 20)) + packer.flush()


def test_a_bomb_ends_at_the_ratio(server: ScriptedServer, session: InternetSession) -> None:
    server.reply(encoded(gzip_of_zeros(64 << 20), "gzip"))
    with pytest.raises(LimitExceeded) as caught:
        session.fetch_one(server.url())
    assert caught.value.code == 223


def test_a_bomb_of_bombs_ends_at_the_ratio(server: ScriptedServer, session: InternetSession) -> None:
    server.reply(encoded(gzip.compress(gzip_of_zeros(128 << 20)), "gzip, gzip"))
    with pytest.raises(LimitExceeded):
        session.fetch_one(server.url())


def test_a_bomb_for_a_file_ends_at_the_ratio_and_leaves_no_file(
    server: ScriptedServer, session: InternetSession, tmp_path: Path
) -> None:
    server.reply(encoded(gzip_of_zeros(64 << 20), "gzip"))
    with pytest.raises(LimitExceeded):
        session.fetch_one(Request(server.url(), path=tmp_path / "out"))
    assert list(tmp_path.iterdir()) == []


def test_a_max_size_permits_any_ratio_up_to_it(server: ScriptedServer, session: InternetSession) -> None:
    server.reply(encoded(gzip_of_zeros(24 << 20), "gzip"))
    assert session.fetch_one(Request(server.url(), max_size=24 << 20)).size == 24 << 20


@pytest.mark.parametrize("name", ["gzip", "raw deflate", "br", "zstd", "deflate then gzip"])
def test_max_size_counts_decoded_bytes(server: ScriptedServer, session: InternetSession, name: str) -> None:
    coding, body = ENCODED[name]
    server.route("/", encoded(body, coding))
    assert session.fetch_one(Request(server.url(), max_size=len(TEXT))).body == TEXT
    with pytest.raises(LimitExceeded):
        session.fetch_one(Request(server.url(), max_size=len(TEXT) - 1))


def test_the_rest_of_a_bomb_is_not_read(server: ScriptedServer, session: InternetSession) -> None:
    hung_up = server.gate()

    def script(conn: ScriptedConn) -> None:
        conn.recv_request()
        conn.send(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + gzip_of_zeros(64 << 20)[:60000])
        conn.wait_closed()  # never sends the end
        hung_up.set()

    server.play(script)
    with pytest.raises(LimitExceeded):
        session.fetch_one(server.url())
    assert hung_up.wait(10)
