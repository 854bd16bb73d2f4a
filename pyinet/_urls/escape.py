"""Escape sequences of URLs: what is written as %XX, and back (RFC 3986 section 2.1). Pure."""

from __future__ import annotations

import re

__all__ = ["PATH_UNSAFE", "UNSAFE", "decode", "encode"]

UNSAFE = frozenset(map(chr, [*range(0x21), 0x7F])) | frozenset('"<>[\\]^`{|}')
"""The ASCII characters that always need encoding; the percent sign is the caller's to decide."""
PATH_UNSAFE = UNSAFE | {"&"}
"""As `UNSAFE`, for the path of a URL that WinINet canonicalises: there it encodes the ampersand as well."""

_ESCAPES = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
_SURROGATE = re.compile("[\ud800-\udfff]")


def encode(text: str, unsafe: frozenset[str] = UNSAFE) -> str:
    """Return *text* with every *unsafe* character, and all outside ASCII, as %XX of its UTF-8.

    Half of a surrogate pair, which has none, is encoded as U+FFFD.
    """
    if text.isascii() and unsafe.isdisjoint(text):
        return text
    text = _SURROGATE.sub("\ufffd", text)
    return "".join(
        [character if character < "\x80" and character not in unsafe else _percent(character) for character in text]
    )


def _percent(character: str) -> str:
    return "".join([f"%{byte:02X}" for byte in character.encode("utf-8", "surrogateescape")])


def decode(text: str, keep: str = "") -> str:
    """Return *text* with its %XX as the characters they stand for in UTF-8.

    Those of no character stay as they are, and %00 does: the strings of WinINet end at a NUL.

    Args:
        text: With escape sequences.
        keep: Characters that stay encoded.
    """
    if "%" not in text:
        return text
    kept = frozenset(keep) | {"\0"}

    def decoded(run: re.Match[str]) -> str:
        characters = bytes.fromhex(run[0].replace("%", "")).decode("utf-8", "surrogateescape")
        return "".join([_percent(one) if one in kept or "\udc80" <= one <= "\udcff" else one for one in characters])

    return _ESCAPES.sub(decoded, text)
