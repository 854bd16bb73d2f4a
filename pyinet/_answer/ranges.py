"""Requests for the rest of a body, and what an answer to one means. Pure; RFC 9110 sections 13.1.5 and 14."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from pyinet.enums import InternetErrorCode as Code
from pyinet.errors import InternetException, ProtocolError, TransferError, describe, http_status_error

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pyinet._answer.headers import Headers

__all__ = ["Entity", "Rest", "entity_of", "judge", "request_fields"]

_CONDITIONS = frozenset({"range", "if-range", "if-none-match", "if-modified-since"})
"""Of the first request; they would make the answer to the next one another."""

_CONTENT_RANGE = re.compile(r"bytes\s+(?:(\d{1,19})-(\d{1,19})|\*)/(\d{1,19}|\*)", re.ASCII | re.IGNORECASE)

_OK, _PARTIAL, _FAILED_CONDITION, _NOT_SATISFIABLE, _ERROR = 200, 206, 412, 416, 400


class Entity(NamedTuple):
    """What an answer says of the entity its body is, or is a part of.

    Attributes:
        etag: ETag, as it came; "" for none.
        modified: Last-Modified, as it came; "" for none.
        coding: Content-Encoding in lower case; "" for none.
        first: Where in the entity the body begins.
        last: Where it ends, in a 206 to a Range of the program; None: at the end of the entity.
        total: Bytes of the whole entity; None when nobody says.
        ranges: Whether the server takes ranges; None when it does not say.
    """

    etag: str
    modified: str
    coding: str
    first: int
    last: int | None
    total: int | None
    ranges: bool | None

    @property
    def recognisable(self) -> bool:
        """Whether a later answer can be told from one with another entity."""
        return bool(self.etag or self.modified or self.total is not None)

    @property
    def size(self) -> int | None:
        """Bytes of the body; None when nobody says."""
        if self.last is not None:
            return self.last + 1 - self.first
        return None if self.total is None else self.total - self.first


class Rest(NamedTuple):
    """The body of an answer to a request for a rest.

    Attributes:
        position: Where in the file it begins.
        due: Bytes it has to have, when its framing does not say; else None.
        size: Bytes of the whole file, when they were not known before; else None.
        empty: Whether nothing is there: the position lies behind the end.
        whole: Whether the server sent the whole entity: it takes no ranges.
    """

    position: int
    due: int | None = None
    size: int | None = None
    empty: bool = False
    whole: bool = False


class ContentRange(NamedTuple):
    """``Content-Range: bytes first-last/total``; ``bytes */total`` has a *first* of -1."""

    first: int
    last: int
    total: int | None


def entity_of(status: int, headers: Headers) -> Entity | None:
    """Return what an answer is, or a part of; None when no request could bring the rest of such a body."""
    found = _entity(headers)
    if status == _OK:
        return found._replace(total=_content_length(headers))
    part = content_range(headers)
    if status != _PARTIAL or part is None or part.first < 0:
        return None
    return found._replace(first=part.first, last=part.last, total=part.total, ranges=True)


def _entity(headers: Headers) -> Entity:
    accepted = {token.strip().lower() for token in headers.get("accept-ranges", "").split(",")} - {""}
    ranges = "bytes" in accepted if accepted else None
    coding = headers.get("content-encoding", "").strip().lower()
    return Entity(
        headers.get("etag", ""), headers.get("last-modified", ""), "" if coding == "identity" else coding,
        0, None, None, ranges,
    )  # fmt: skip


def content_range(headers: Headers) -> ContentRange | None:
    """Return the Content-Range of an answer; None when it has none, several, or one that says nothing."""
    values = headers.get_all("content-range")
    match = _CONTENT_RANGE.fullmatch(values[0].strip()) if len(values) == 1 else None
    if match is None:
        return None
    first, last, total = match.groups()
    size = None if total == "*" else int(total)
    if first is None:
        return None if size is None else ContentRange(-1, -1, size)
    part = ContentRange(int(first), int(last), size)
    return part if part.first <= part.last and (size is None or part.last < size) else None


def _content_length(headers: Headers) -> int | None:
    if "transfer-encoding" in headers:
        return None
    value = headers.get("content-length", "").partition(",")[0].strip()
    return int(value) if value.isascii() and value.isdigit() else None


def request_fields(fields: Iterable[tuple[str, str]], entity: Entity, position: int) -> list[tuple[str, str]]:
    """Return the header fields of a request for the rest of a body.

    Args:
        fields: Those of the first request.
        entity: What was answered to it.
        position: Where in the body the rest begins.
    """
    kept = [pair for pair in fields if pair[0].lower() not in _CONDITIONS]
    last = "" if entity.last is None else entity.last
    kept.append(("Range", f"bytes={entity.first + position}-{last}"))
    # A date is a weaker validator than RFC 9110 would like, yet better than none: the answer is checked in any case.
    validator = entity.etag if entity.etag.startswith('"') else entity.modified
    if validator:
        kept.append(("If-Range", validator))
    return kept


def judge(entity: Entity, position: int, status: int, headers: Headers, url: str) -> Rest:
    """Return what the answer to a request of `request_fields` brings.

    Raises:
        TransferError: 12032, the entity is another one by now.
        ProtocolError: 12152, that is no answer to what was asked.
        HttpStatusError: The status is one of 400 or more.
    """
    if status == _PARTIAL:
        return _judge_part(entity, position, headers, url)
    if status == _OK:
        return _judge_whole(entity, position, headers, url)
    if status == _NOT_SATISFIABLE:
        return _judge_end(entity, position, headers, url)
    if status == _FAILED_CONDITION:
        raise _changed(url)
    if status >= _ERROR:
        raise http_status_error(status, headers.reason, url=url)
    raise _wrong(f"the server answered a request for a range with status {status}", url)


def _judge_part(entity: Entity, position: int, headers: Headers, url: str) -> Rest:
    part = content_range(headers)
    start = entity.first + position
    if part is None or part.first < 0:
        raise _wrong("the server sent a part of the body and does not say which", url)
    if not _may_be(entity, _entity(headers), part.total):
        raise _changed(url)
    end = entity.total if part.total is None else part.total
    last = entity.last if entity.last is not None else part.last if end is None else end - 1
    if (part.first, part.last) != (start, last):
        wanted = f"{start}-{last}"
        raise _wrong(f"the server sent bytes {part.first}-{part.last} of the body instead of {wanted}", url)
    size = part.last + 1 - part.first
    length = _content_length(headers)
    if length not in {None, size}:
        raise _wrong(f"the server sent {length} bytes as bytes {part.first}-{part.last} of the body", url)
    known = None if entity.size is not None or end is None else end - entity.first
    return Rest(position, due=size if length is None else None, size=known)


def _judge_whole(entity: Entity, position: int, headers: Headers, url: str) -> Rest:
    now, total = _entity(headers), _content_length(headers)
    alike = (
        bool(entity.etag) and entity.etag == now.etag,
        bool(entity.modified) and entity.modified == now.modified,
        entity.total is not None and entity.total == total,
    )
    if not _may_be(entity, now, total) or entity.coding != now.coding or not any(alike):
        raise _changed(url)
    if entity.first or entity.last is not None:
        raise _wrong(f"the server no longer sends a part of the body, asked for position {position}", url)
    return Rest(0, whole=True)


def _judge_end(entity: Entity, position: int, headers: Headers, url: str) -> Rest:
    part = content_range(headers)
    total = None if part is None else part.total
    if not _may_be(entity, _entity(headers)._replace(coding=""), total):
        raise _changed(url)
    if entity.size is not None and position < entity.size:
        raise _wrong(f"the server says that there is no byte {entity.first + position} of {entity.total}", url)
    return Rest(position, size=None if total is None else total - entity.first, empty=True)


def _may_be(entity: Entity, now: Entity, total: int | None) -> bool:
    """Whether nothing tells *now* from *entity*. What one of them does not say tells nothing."""
    pairs = ((entity.etag, now.etag), (entity.modified, now.modified), (entity.total, total))
    if any(before not in {"", None} and after not in {"", None} and before != after for before, after in pairs):
        return False
    return not now.coding or now.coding == entity.coding


def _changed(url: str) -> InternetException:
    code = Code.ERROR_INTERNET_FORCE_RETRY
    what = "the body is another one than the one that was read from before"
    return TransferError(describe(what, code, url=url, hint="open it anew"), code, url=url)


def _wrong(what: str, url: str) -> InternetException:
    code = Code.ERROR_HTTP_INVALID_SERVER_RESPONSE
    return ProtocolError(describe(what, code, url=url), code, url=url)
