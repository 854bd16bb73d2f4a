"""Seeking in an HTTP body: further requests, with Range. Source: MFC ``CInternetFile::Seek``."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

from pyinet._answer.content_type import charset_of
from pyinet._answer.headers import Headers
from pyinet._answer.ranges import Entity, entity_of, judge, request_fields
from pyinet.enums import InternetErrorCode as Code
from pyinet.enums import InternetFlag
from pyinet.errors import HandleClosed, InternetException
from pyinet.internetfile import InternetFile, check_open

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyinet._settings import Settings
    from pyinet._transfer.pack import Row
    from pyinet._transfer.streaming import Streaming

    Release = Callable[[Streaming], None]
    Supply = Callable[[str, Callable[[], None]], tuple[Streaming, Release]]

__all__ = ["RangedFile"]

_DONT_CACHE = int(InternetFlag.DONT_CACHE)


class RangedFile(InternetFile):
    """What an HTTP file keeps of its first request and the answer, to send another for the rest of the body.

    The answers to further requests are nobody else's: status, headers and URL stay those of the first.
    """

    _settings: Settings
    _encoded: Headers | None = None  # those of the body before it is decoded; None when it is not
    _headers: Headers | None
    _verb: str
    _left: int | None
    _row: Row | None = None  # as it was answered, after redirects; None when the body was complete at once
    _supply: Supply | None = None
    _entity: Entity | None = None
    _ranges: bool | None = None  # what the server said, then what it did
    _changed: InternetException | None = None  # once the body is another one it stays so

    def _answered(self, row: Row, supply: Supply | None) -> None:
        """*row* was answered; *supply* gives an exchange for another request to a URL, and who takes it back."""
        if self._row is not None:  # it was sent once more: what was read before is gone
            self._begin_anew()
            self._entity = self._ranges = self._changed = None
        self._row, self._supply = row, supply

    # ---- what seeking asks ----

    def seekable(self) -> bool:
        """Whether `seek` reaches every position, by what is known so far.

        True when all of the body is here, and when the server takes ranges: it said ``Accept-Ranges: bytes``, or
        has answered 206. Where it says nothing `seek` tries, and may have to read a body from its beginning.

        Raises:
            HandleClosed: The file was closed.

        Source: `io.RawIOBase`.
        """
        self._handle.check("the file")
        if self._refusal():
            return False
        return self._whole is not None or self._known_size() == 0 or (self._can_reopen() and self._ranges is True)

    def _refusal(self) -> str:
        """Why there is no seeking in this file at all; "" when there is."""
        if self._headers is None or (self._row is None and self._whole is None):
            return ""  # said by `_check_seek`
        flags = self._settings.flag_bits if self._row is None else self._row.flags
        if flags & _DONT_CACHE:
            return "the file was opened with DONT_CACHE"
        return "" if self._verb in {"GET", "HEAD"} else f"the answer to a {self._verb} cannot be asked for twice"

    def _check_seek(self) -> None:
        if self._headers is None:
            raise self._wrong_state("there is no answer yet", "send_request comes first")
        refusal = self._refusal()
        if refusal:
            raise self._unseekable(refusal)

    def _known_size(self) -> int | None:
        if self._whole is not None:
            return len(self._whole)
        if self._size_seen is not None:
            return self._size_seen
        if self._verb == "HEAD" or self._status in {204, 304}:
            return 0
        entity = self._first()
        if entity is None:
            return None if self._headers is None or self._is_decoded else _content_length(self._headers)
        return None if self._is_decoded else entity.size

    def _can_reopen(self) -> bool:
        """Not for decoded bodies: a range is cut out of the encoded form.

        Nor for a GET with a body: that is not sent once more, and without it the request would be another one.
        """
        entity, row = self._first(), self._row
        return (
            entity is not None and self._supply is not None and self._verb == "GET" and not self._is_decoded
            and row is not None and not row.body and row.upload is None
            and entity.ranges is not False and entity.recognisable
        )  # fmt: skip

    def _takes_ranges(self) -> bool:
        return self._ranges is not False

    def _charset(self) -> str:
        return charset_of("" if self._headers is None else self._headers.get("content-type", ""))

    def _first(self) -> Entity | None:
        """What the first answer is, or a part of."""
        if self._entity is None and self._headers is not None:
            self._entity = entity_of(self._status, self._headers)
            if self._entity is not None:
                self._ranges = self._entity.ranges
        return self._entity

    @property
    def _status(self) -> int:
        return 0 if self._headers is None else self._headers.status

    @property
    def _is_decoded(self) -> bool:
        return self._encoded is not None

    # ---- a further request ----

    def _reopen(self, position: int) -> None:
        if self._changed is not None:
            raise self._changed
        entity, supply, first = self._first(), self._supply, self._row
        if entity is None or supply is None or first is None:
            super()._reopen(position)
            return
        row = copy.copy(first)
        row.history = ()
        row.headers = request_fields(first.headers, entity, position)
        self._claim()
        try:
            self._give_up()
            self._ask(row, supply, entity, position)
        except HandleClosed:
            raise self._cancelled() from None  # the session was closed, with all that ran
        except InternetException as error:
            error.context = self._handle.context
            raise
        finally:
            self._leave()

    def _ask(self, row: Row, supply: Supply, entity: Entity, position: int) -> None:
        handle = self._handle

        def check() -> None:
            check_open(handle, row.url)

        check()  # a callback may have closed it
        stream, self._release = supply(row.url, check)
        self._stream = stream
        self._left = None
        try:
            stream.begin(row, self._settings, check)
            answer = Headers(stream.head)
            rest = judge(entity, position, stream.status, answer, row.url)
            if rest.empty:
                self._give_up()
        except InternetException as error:
            if error.code == Code.ERROR_INTERNET_FORCE_RETRY:
                self._changed = error
            if not handle.closed:
                self._give_up()
            raise
        self._ranges = not rest.whole
        self._due, self._next, self._ended = rest.due, rest.position, rest.empty
        if rest.size is not None:
            self._size_seen = rest.size
        if self._watch is not None and rest.due is None and not rest.empty:
            self._left = _content_length(answer)


def _content_length(headers: Headers) -> int | None:
    """Bytes the framing promises (RFC 9112 section 6.3)."""
    if "transfer-encoding" in headers:
        return None
    value = headers.get("content-length", "").partition(",")[0].strip()
    return int(value) if value.isascii() and value.isdigit() else None
