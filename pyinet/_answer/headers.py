"""Response headers: ordered, case-insensitive, with several values a name."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar, overload

from pyinet.enums import InternetErrorCode
from pyinet.errors import HeaderNotFound, describe

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Set as AbstractSet

__all__ = ["Headers"]

_T = TypeVar("_T")

_STATUS_DIGITS = 3


class Headers:
    r"""The header lines of one response; immutable.

    Made from the raw block and parsed at first use only, as most results of a bulk run are never asked.
    Any bytes will do: they are read as Latin-1, what is no header line is left out, and nothing raises.

    ``headers[name]`` joins the values of a repeated header with ``", "`` (RFC 9110 section 5.2), but for
    Set-Cookie, whose values hold commas themselves (RFC 6265 section 3): there it is the first one, and
    `get_all` has the others. Two of them are equal when they have the same lines in the same order,
    whatever the case of the names.

    Args:
        block: The status line, then header lines, each ended by CRLF or LF. A line which begins with white
            space continues the one before and is joined to it by a space (RFC 9112 section 5.2).

    >>> Headers(b"HTTP/1.1 200 OK\r\nVary: a\r\nvary: b\r\n\r\n")["VARY"]
    'a, b'
    """

    __slots__ = ("_block", "_lines", "_values")

    def __init__(self, block: bytes) -> None:
        self._block = block
        self._lines: list[tuple[str, str]] | None = None
        self._values: dict[str, list[str]] | None = None

    @property
    def status_line(self) -> str:
        """The first line of the block, for example ``HTTP/1.1 200 OK``."""
        return self._block.partition(b"\n")[0].rstrip(b"\r").decode("latin-1")

    @property
    def reason(self) -> str:
        """The text of the status line; empty where there is none, as in HTTP/2."""
        return (*self.status_line.split(None, 2), "", "", "")[2].strip()

    @property
    def status(self) -> int:
        """The status of the first line; 0 where there is none. Servers may put several spaces before it."""
        word = (*self.status_line.split(None, 2), "", "")[1]
        return int(word) if len(word) == _STATUS_DIGITS and word.isascii() and word.isdigit() else 0

    def __getitem__(self, name: str) -> str:
        values = self.get_all(name)
        if not values:
            code = InternetErrorCode.ERROR_HTTP_HEADER_NOT_FOUND
            raise HeaderNotFound(describe(f"the response has no header {name!r}", code), code)
        return values[0] if name.lower() == "set-cookie" else ", ".join(values)

    @overload
    def get(self, name: str) -> str | None: ...
    @overload
    def get(self, name: str, default: _T) -> str | _T: ...
    def get(self, name: str, default: _T | None = None) -> str | _T | None:
        """Return ``headers[name]``, or *default* when there is no such header."""
        if name not in self:
            return default
        return self[name]

    def get_all(self, name: str) -> list[str]:
        """Return every value of the header in order; an empty list when there is none."""
        return list(self._by_name().get(name.lower(), ()))

    def without(self, names: AbstractSet[str]) -> Headers:
        """Return the same without the lines of those names, which are in lower case."""
        first, *lines = self._block.split(b"\n")
        kept, drops = [first], False
        for line in lines:
            if not line.startswith((b" ", b"\t")):
                drops = line.partition(b":")[0].strip(b" \t\r").lower().decode("latin-1") in names
            if not drops:
                kept.append(line)
        return Headers(b"\n".join(kept))

    def keys(self) -> list[str]:
        """Return the names in order, each once and as first spelled; ``dict(headers)`` needs this."""
        first: dict[str, str] = {}
        for name, _ in self._parsed():
            first.setdefault(name.lower(), name)
        return list(first.values())

    def items(self) -> list[tuple[str, str]]:
        """Return name and value of every line in order, repeated names included."""
        return list(self._parsed())

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._by_name()

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())

    def __len__(self) -> int:
        return len(self._by_name())

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Headers):
            return NotImplemented
        return self._folded() == other._folded()

    def __hash__(self) -> int:
        return hash(tuple(self._folded()))

    def __repr__(self) -> str:
        return f"<Headers {self._parsed()}>"

    def __reduce__(self) -> tuple[type[Headers], tuple[bytes]]:
        return Headers, (self._block,)

    def _folded(self) -> list[tuple[str, str]]:
        return [(name.lower(), value) for name, value in self._parsed()]

    # Two threads may both parse: each assigns a finished object, and both are the same.

    def _parsed(self) -> list[tuple[str, str]]:
        if self._lines is None:
            self._lines = _parse(self._block)
        return self._lines

    def _by_name(self) -> dict[str, list[str]]:
        if self._values is None:
            values: dict[str, list[str]] = {}
            for name, value in self._parsed():
                values.setdefault(name.lower(), []).append(value)
            self._values = values
        return self._values


def _parse(block: bytes) -> list[tuple[str, str]]:
    # Not str.splitlines(): it also breaks at \x0b, \x0c, \x1c and \x85, which may stand in a value.
    lines = block.decode("latin-1").split("\n")[1:]
    parsed: list[tuple[str, str]] = []
    continues = False  # whether the line before is a header, which this one could continue
    for line in lines:
        text = line.strip(" \t\r")
        if line.startswith((" ", "\t")):
            if continues and text:
                name, value = parsed[-1]
                parsed[-1] = (name, f"{value} {text}".lstrip())
            continue
        name, colon, value = text.partition(":")
        name = name.rstrip(" \t")
        continues = bool(colon and name)
        if continues:
            parsed.append((name, value.strip(" \t")))
    return parsed
