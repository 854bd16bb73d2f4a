"""The records that cross to and from the core, as `struct` layouts of csrc/pnet.h. Pure."""

from __future__ import annotations

import struct
from typing import NamedTuple

__all__ = ["DETAILS", "DONE", "DONE_CUT", "EVENT", "NO_DETAILS", "REQUEST", "Details"]

REQUEST = struct.Struct("@3Q2q21Ii")
"""``struct pnet_request``, field by field as in csrc/pnet.h."""

DONE = struct.Struct("@Q3IiII120s")
"""``struct pnet_done``: id, head_at, body_at, detail_at, status, special, detail_len, and the rest unread."""

EVENT = struct.Struct("@Q4I")
"""``struct pnet_event``: id, kind, value, text_at, text_len."""

DETAILS = struct.Struct("@4Q7q5i3I")
"""The rest of ``struct pnet_done``, read when somebody asks; see `Details`."""


class Details(NamedTuple):
    """Fields of ``struct pnet_done`` from body_len on."""

    body_len: int
    body: int
    decoded_bytes: int
    bytes_received: int
    queue_us: int
    resolve_us: int
    connect_us: int
    tls_us: int
    sent_us: int
    first_byte_us: int
    total_us: int
    fault: int
    curl_code: int
    os_errno: int
    verify_result: int
    http_version: int
    flags: int
    new_connections: int
    proxy_status: int

    @classmethod
    def read(cls, rest: bytes) -> Details:
        """Unpack the last field of a `DONE` record."""
        return cls(*DETAILS.unpack(rest))


DONE_CUT = 4
"""``PNET_DONE_CUT`` of csrc/pnet.h."""

NO_DETAILS = bytes(DETAILS.size)
"""Those of a row that never reached the core."""
