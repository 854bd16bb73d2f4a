from __future__ import annotations

import click
import pytest

from pyinet.cli.options import header, resolve, size


@pytest.mark.parametrize(
    ("text", "count"),
    [("1", 1), ("64k", 65536), ("64K", 65536), ("20M", 20 << 20), ("1G", 1 << 30), ("1MiB", 1 << 20)],
)
def test_sizes_count_in_powers_of_1024(text: str, count: int) -> None:
    assert size(text) == count


@pytest.mark.parametrize("text", ["", "0", "-1", "1.5M", "1T", "k", "1 M"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter, match="is no size"):
        size(text)


@pytest.mark.parametrize(
    ("text", "pair"),
    [("Accept: a/b", ("Accept", "a/b")), ("X:", ("X", "")), ("X-Y:  a:b \t", ("X-Y", "a:b"))],
)
def test_a_header_is_split_at_its_colon(text: str, pair: tuple[str, str]) -> None:
    assert header(text) == pair


@pytest.mark.parametrize("text", ["", "X", ": a", "X Y: a", "X: a\r\nZ: b", "X: a\n", "X: a\0", "Content-Length: 1"])
def test_a_header_that_is_none_or_adds_another_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter):
        header(text)


@pytest.mark.parametrize(
    ("text", "pair"),
    [
        ("h=127.0.0.1", ("h", "127.0.0.1")),
        ("h:80=127.0.0.1", ("h:80", "127.0.0.1")),
        ("*=::1", ("*", "::1")),
        ("h=[::1]", ("h", "::1")),
    ],
)
def test_an_address_is_given_for_a_host(text: str, pair: tuple[str, str]) -> None:
    assert resolve(text) == pair


@pytest.mark.parametrize("text", ["", "h", "h=", "=127.0.0.1", "h:x=127.0.0.1", "h=example.org", "h=1.2.3"])
def test_an_address_in_another_form_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter):
        resolve(text)
