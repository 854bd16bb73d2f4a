"""Text that can be sent as part of a line: names and passwords. Pure."""

from __future__ import annotations

import re

__all__ = ["is_sendable"]

_NOT_SENT = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")


def is_sendable(text: str) -> bool:
    """Whether *text* has neither a control character nor half a surrogate pair (RFC 7617 section 2)."""
    return text.isprintable() or not _NOT_SENT.search(text)
