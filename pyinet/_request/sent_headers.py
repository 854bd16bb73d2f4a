"""The headers that went out with a request, as ``QueryInfo`` shows them. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyinet._request.header_lines import header_lines
from pyinet._request.headers import RequestHeaders

if TYPE_CHECKING:
    from pyinet._settings import Settings
    from pyinet._transfer.pack import Row

__all__ = ["sent_headers"]

_CHUNKS = -1


def sent_headers(row: Row, settings: Settings, length: int | None) -> RequestHeaders:
    """Return what was sent for *row*: its own headers, those of the session, and what the transfer added.

    Args:
        row: The request, of the last hop.
        settings: Those it was sent with.
        length: Bytes of its body; -1 for chunks; None for no body. Credentials are not among the headers.
    """
    text = header_lines(row, settings).decode("latin-1")
    lines = text.splitlines() if text else settings.own_lines({"accept-encoding"})
    pairs = []
    for line in lines:
        name, colon, value = line.partition(":")
        if colon and value:
            pairs.append((name, value.strip(" ")))
        elif not colon:
            pairs.append((name.removesuffix(";"), ""))
    sent = {name.lower() for name, _ in pairs}
    if "host" not in sent:
        pairs.insert(0, ("Host", row.url.partition("://")[2].partition("/")[0].partition("?")[0]))
    if "accept" not in sent and not row.on_connection:
        pairs.append(("Accept", "*/*"))
    if row.cookie:
        pairs.append(("Cookie", row.cookie))
    if length == _CHUNKS:
        pairs.append(("Transfer-Encoding", "chunked"))
    elif "content-length" not in sent and (length is not None or row.method in {"POST", "PUT", "PATCH"}):
        pairs.append(("Content-Length", str(length or 0)))
    headers = RequestHeaders()
    headers.extend(pairs)
    return headers
