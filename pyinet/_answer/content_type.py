"""The Content-Type of an answer (RFC 9110 section 8.3). Pure."""

from __future__ import annotations

__all__ = ["charset_of"]


def charset_of(content_type: str) -> str:
    """Return the name of the codec that the charset parameter asks for; "utf-8" without one that is known."""
    for parameter in content_type.split(";")[1:]:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            charset = value.strip(" \t\"'").lower()
            try:
                " ".encode(charset)  # raises for codecs that are none of text, too
            except (LookupError, ValueError):
                break
            return charset
    return "utf-8"
