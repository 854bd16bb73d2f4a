"""The lines `pyinet get` prints about rows and about the whole run. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from pyinet.errors import redact

if TYPE_CHECKING:
    from pyinet.result import Result

MEGABYTE = 1_000_000


def failure(result: Result) -> str | None:
    """Return the line for a result whose file did not arrive, None if it did."""
    error = result.error
    request = result.request
    if error is not None:
        tag = f"[{error.code} {error.name}]"
        # The message names the number and the URL as well, being written to stand alone: here once is enough.
        message = str(error).replace(f" {tag}", "").replace(f": {error.url}", "")
        return _line(f"failed: {redact(request.url)} -> {request.path}: {tag} {message}")
    if result.status == 0 or 200 <= result.status < 300:  # noqa: PLR2004 - the 2xx class; 0: no status at all
        return None
    return _line(f"{result.status} {result.reason or _phrase(result.status)}  {redact(request.url)}")


def local_failure(where: str, *, reason: str, url: str = "", path: str | None = None) -> str:
    """Return the line for a row that was not sent."""
    parts = [redact(url) + (f" -> {path}" if path else "")] if url else []
    place = f" ({where})" if where and url else ""
    return _line(f"failed: {': '.join([*(parts or [where]), reason])}{place}")


@dataclass
class Tally:
    """How a run went."""

    arrived: int = 0
    """Files under their final names; after an interrupt, some of its last moment may be there uncounted."""
    failed: int = 0
    """Rows without a file."""
    received: int = 0
    """Bytes received."""
    seconds: float = 0.0
    """From the first request to the end."""
    interrupted: bool = False
    """The user stopped it."""


def summary(tally: Tally) -> str:
    """Return the last line of a run."""
    span = max(tally.seconds, 1e-9)
    return (
        f"{'interrupted: ' if tally.interrupted else ''}{tally.arrived} files arrived, "
        f"{tally.failed} failed, {megabytes(tally.received)} MB in {tally.seconds:.2f} s "
        f"({(tally.arrived + tally.failed) / span:.1f} transfers/s, {megabytes(tally.received / span)} MB/s)"
    )


def megabytes(count: float) -> str:
    """Return bytes as text in MB (10^6)."""
    return f"{count / MEGABYTE:.1f}"


def _phrase(status: int) -> str:
    """Return the registered phrase: HTTP/2 and HTTP/3 send none."""
    return HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else ""


def _line(text: str) -> str:
    """Escape what is not printable: servers choose parts of a line, and terminals obey control characters."""
    return text if text.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
