"""The sending of a file's request: from its plan to the beginning of the answer. Base of `HttpFile`."""

from __future__ import annotations

import contextlib
import copy
from functools import partial
from typing import TYPE_CHECKING

from pyinet._files.query import HttpQueries
from pyinet._files.supply import supply
from pyinet._process import PROCESS
from pyinet._transfer.ffi import lib
from pyinet.enums import InternetHandleType
from pyinet.errors import HandleClosed, InternetException
from pyinet.internetfile import check_open

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Protocol

    from pyinet._files.handle import Parent
    from pyinet._files.upload import Progress
    from pyinet._request.credentials import Credentials
    from pyinet._request.headers import RequestHeaders
    from pyinet._request.plan import Plan
    from pyinet._settings import Settings
    from pyinet._transfer.core import Core
    from pyinet._transfer.pack import Row
    from pyinet._transfer.reporting import Watch
    from pyinet._transfer.streaming import Streaming
    from pyinet.policy import InternetPolicy

    class Session(Protocol):
        """What is needed of the session."""

        policy: InternetPolicy | None
        _settings: Settings
        _copied: Settings | None
        """Its settings as files share them."""

        @property
        def _core(self) -> Core:
            """The engine of this process."""


__all__ = ["HttpSending"]

_PLAIN = lib.PNET_REQ_PIPE | lib.PNET_REQ_RAW | lib.PNET_REQ_HTTP1 | lib.PNET_REQ_BARE
_DRAINED = 65_536
"""Bytes of an answer nobody has read that are received so that its connection can be used again."""
_DRAIN_SECONDS = 0.5
"""How long they may take: a new connection takes less."""


class HttpSending(HttpQueries):
    """Base of `HttpFile`: what it asks for, and how that gets away."""

    _has_own_settings = False
    _failed: InternetException | None = None

    def __init__(self, parent: Parent, session: Session, context: int, watch: Watch | None, settings: Settings) -> None:
        """Made by a connection, `ask` follows; or by a session, `transmit` follows."""
        super().__init__(parent, InternetHandleType.HTTP_REQUEST, context, watch)
        self._session = session
        self._settings = settings
        self._plan: Plan | None = None
        self._credentials: Credentials | None = None
        self._row: Row | None = None
        self._upload: Progress | None = None

    # ---- how it is made ----

    def ask(self, plan: Plan, credentials: Credentials) -> None:
        """Be a request that nothing was sent of."""
        self._plan, self._credentials = plan, credentials
        self._url, self._verb = plan.url, plan.verb

    def hold(self, url: str, head: bytes, body: bytes) -> None:
        """Be an answer that is complete: *body* is all there is to read."""
        self._line = self._whole = body
        self._ended = True
        self._take_head(url, "GET", head)

    # ---- the request ----

    @property
    def object_name(self) -> str:
        """Path and query as they were asked for. Source: MFC ``CHttpFile::GetObject``."""
        return self._planned().object_name

    def get_object(self) -> str:
        """Return `object_name`. Source: MFC ``CHttpFile::GetObject``."""
        return self.object_name

    @property
    def request_headers(self) -> RequestHeaders:
        """Headers of the request: a copy. Those that are made when it is sent are among them once it was.

        Credentials are not: they are made inside libcurl.

        Raises:
            HandleClosed: 6, the file was closed.
        """
        self._handle.check("the file")
        plan = self._planned()
        if self._headers is None:
            return plan.headers.copy()
        from pyinet._request.plan import length_of
        from pyinet._request.sent_headers import sent_headers

        if self._row is None:  # a plain GET
            self._row = plan.row(self._settings, self._credentials)
        return sent_headers(self._row, self._settings, length_of(self._row.body, self._row.upload))

    @property
    def history(self) -> tuple[str, ...]:
        """URLs that redirected to `url`, the first one first."""
        return () if self._row is None else self._row.history

    def _planned(self) -> Plan:
        if self._plan is None:
            from pyinet._request.plan import Plan  # here: most files are sent once

            self._plan = Plan.of_row(self._row) if self._row is not None else Plan.of_url(self._url)
        return self._plan

    def _own_settings(self) -> Settings:
        """The settings, no longer shared with others: to be changed."""
        if not self._has_own_settings:
            self._settings, self._has_own_settings = self._settings.copy(), True
        return self._settings

    # ---- sending ----

    def _asks(self, row: Row) -> None:
        """Have somebody asked before a redirect of *row* is followed."""

    def _check_idle(self) -> None:
        self._handle.check("the file")
        if self._upload is not None:
            raise self._wrong_state("a body is being sent", "end_request comes first")

    def _send_request(self, plan: Plan, row: Row | None) -> None:
        """Give the answer before up, and send *row*; None stands for a plain GET.

        Raises:
            InternetException: There is no answer.
            CallerError: 12026, the file is in use.
        """
        self._claim()  # as `_occupied`, which takes a microsecond longer
        try:
            if self._headers is not None:
                self._renew()
            if row is not None or not self._send_plain(plan):
                self._send_row(row or plan.row(self._settings, self._credentials))
        except InternetException as error:
            self._explain(error)
            raise
        finally:
            self._leave()

    def transmit(self, row: Row, stream: Streaming | None) -> None:
        """Send *row*, over *stream* if there is one already, and wait for the answer.

        Raises:
            InternetException: There is no answer.
        """
        with self._occupied():
            if stream is not None:
                self._stream, self._release = stream, self._session._core.keep  # noqa: SLF001 - the session made it
            self._send_row(row)

    @contextlib.contextmanager
    def _occupied(self) -> Iterator[None]:
        """Use the file: one thread at a time, and its errors carry its context."""
        self._claim()
        try:
            yield
        except InternetException as error:
            self._explain(error)
            raise
        finally:
            self._leave()

    def _explain(self, error: InternetException) -> None:
        """Give *error* the context of this file.

        Raises:
            CallerError: 12017 instead of it, the file, or its session, was closed meanwhile.
        """
        if isinstance(error, HandleClosed):
            raise self._cancelled() from None
        error.context = self._handle.context
        self._failed = copy.copy(error)  # not itself: it holds the frames it went through, and they hold the file

    # From here on the file is occupied.

    def _renew(self) -> None:
        """Give the answer before up, and be as new."""
        self._drop_answer()
        self._headers = None
        self._row = self._whole = self._entity = self._ranges = self._changed = None
        self._begin_anew()

    def _drop_answer(self) -> None:
        if self._stream is not None:
            self._drain(self._stream)
            self._give_up()

    def _drain(self, stream: Streaming) -> None:
        """Receive what little is left, if it comes soon, so that its connection can be used again."""
        left = self._promised(self._headers) if self._headers is not None and self._upload is None else None
        if left is None or left - self._position > _DRAINED:
            return
        try:
            stream.drain(_DRAIN_SECONDS)
        except HandleClosed:
            raise
        except InternetException:
            pass  # the answer before is nobody's concern any more

    def _send_plain(self, plan: Plan) -> bool:
        """Send a plain GET and take its answer when it is short: one native call. False: `_send_row` goes on."""
        session = self._session
        if (
            self._watch is not None
            or session._copied is not self._settings  # noqa: SLF001 - the queue has the session's own
            or (self._credentials is not None and self._credentials.user is not None)
            or self._settings.is_special
            or PROCESS.offline
            or PROCESS.connections.limit is not None
        ):
            return False
        core = session._core  # noqa: SLF001 - the session made it
        stream = core.stream()
        self._stream, self._release = stream, core.keep
        body = stream.perform_short(plan.url, _PLAIN) if stream.plain else None
        if body is None:
            return False
        self.hold(plan.url, stream.head, body)
        self._give_back()
        return True

    def _send_row(self, row: Row) -> None:
        handle, url = self._handle, row.url
        if self._stream is None:
            self._stream, self._release = supply(
                self._session, url, lambda: check_open(handle, url), ignores_offline=self._ignores_offline
            )
        stream = self._stream
        self._url, self._row = url, row
        row.watch = self._watch
        self._asks(row)
        begin = stream.begin if row.upload is None else stream.begin_upload
        self._attempt(lambda: begin(row, self._settings, lambda: check_open(handle, url)))
        if row.upload is None:
            self._answer(stream)

    def _answer(self, stream: Streaming) -> None:
        """The answer has begun."""
        self._take_head(stream.url, stream.method, stream.head)
        if self._row is not None:
            self._answered(self._row, partial(supply, self._session))

    def _attempt(self, act: Callable[[], object]) -> None:
        """Do *act*; when it fails the exchange is over, and the file can be sent again."""
        try:
            act()
        except HandleClosed:
            raise
        except BaseException:  # also what a policy raises, and KeyboardInterrupt
            self._upload = None
            self._give_up()
            raise
