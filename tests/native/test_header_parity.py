"""What Python repeats of the C side is what the compiler made of csrc/pnet.h and of libcurl's headers."""

from __future__ import annotations

import re
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from pyinet._transfer.ffi import curl_names, ffi, lib
from pyinet._transfer.record import DETAILS, DONE, NO_DETAILS, REQUEST, Details
from pyinet.errors import CURLE_ERRORS

ROOT = Path(__file__).parents[2]

Layout = list[tuple[int, str]]
"""Offset and kind of each number, in order; a kind is a character of `struct`."""


def layout_of(record: struct.Struct) -> Layout:
    """Where a `struct` format puts its fields; a string of bytes is one field."""
    found: Layout = []
    done = "@"
    for count, kind in re.findall(r"(\d*)([a-zA-Z])", record.format):
        for item in [count + kind] if kind == "s" else [kind] * int(count or 1):
            done += item
            found.append((struct.calcsize(done) - struct.calcsize(item), item))
    return found


def compiled_layout(name: str) -> Layout:
    """Where the compiler puts the fields of a C struct, and as which numbers."""
    kinds = {"uint64_t": "Q", "int64_t": "q", "uint32_t": "I", "int32_t": "i"}
    return [(field.offset, kinds[field.type.cname]) for _, field in ffi.typeof(name).fields]


def field_names(name: str) -> list[str]:
    return [field for field, _ in ffi.typeof(name).fields]


def test_requests_are_packed_as_the_compiler_lays_them_out() -> None:
    assert layout_of(REQUEST) == compiled_layout("struct pnet_request")
    assert REQUEST.size == ffi.sizeof("struct pnet_request")


def test_results_are_read_as_the_compiler_lays_them_out() -> None:
    *first, (rest, _) = layout_of(DONE)
    later = [(rest + offset, kind) for offset, kind in layout_of(DETAILS)]
    assert first + later == compiled_layout("struct pnet_done")
    assert DONE.size == rest + DETAILS.size == ffi.sizeof("struct pnet_done")
    assert len(NO_DETAILS) == DETAILS.size


def test_details_have_the_names_of_the_header() -> None:
    names = field_names("struct pnet_done")
    assert list(Details._fields) == names[names.index("body_len") :]


@pytest.mark.parametrize(
    "position", range(len(field_names("struct pnet_request"))), ids=field_names("struct pnet_request")
)
def test_a_packed_number_arrives_in_its_field(position: int) -> None:
    names = field_names("struct pnet_request")
    packed = REQUEST.pack(*(int(at == position) for at in range(len(names))))
    record = ffi.from_buffer("struct pnet_request *", packed)
    assert {name for name in names if getattr(record, name)} == {names[position]}


def test_every_libcurl_error_of_the_table_has_a_number() -> None:
    assert set(CURLE_ERRORS) <= set(curl_names().values())


def test_every_libcurl_number_has_one_name() -> None:
    wanted = (ROOT / "csrc" / "curl_names.txt").read_text("ascii").split()
    assert len(curl_names()) == len(wanted)
    assert curl_names()[lib.CURLE_OK] == "OK"


def test_the_stub_is_that_of_the_header() -> None:
    subprocess.run([sys.executable, ROOT / "csrc" / "build_ffi.py", "--check-stub"], check=True)
