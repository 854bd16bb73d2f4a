"""``QueryInfo`` and its kin on a file. Source: MFC ``CHttpFile``."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from pyinet._options.file import FileOptions
from pyinet._request.headers import RequestHeaders
from pyinet.errors import InternetException, http_status_error

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyinet._answer.query_info import Value

    _T = TypeVar("_T")

__all__ = ["HttpQueries"]

_GOOD = 400
_OF_REQUEST = 0x80000000  # HttpQuery.FLAG_REQUEST_HEADERS


class HttpQueries(FileOptions):
    """Base of `HttpFile`: questions about its request and its answer."""

    @property
    def request_headers(self) -> RequestHeaders:
        """Headers of the request: a copy. Those that are made when it is sent are among them once it was."""
        raise NotImplementedError

    @property
    def object_name(self) -> str:
        """Path and query as they were asked for."""
        raise NotImplementedError

    def query_info(self, level: int | str, index: int = 0, *, name: str | None = None) -> Value:
        r"""Return a header, or a part of the first line, of the answer or the request.

        Args:
            level: An `HttpQuery` with its ``FLAG_*``, or the name of a header.
            index: Which of several headers of that name, from 0.
            name: The header that ``HttpQuery.CUSTOM`` is about.

        Returns:
            str; a list of lines for RAW_HEADERS; int with FLAG_NUMBER or FLAG_NUMBER64; an aware datetime in UTC with
            FLAG_SYSTEMTIME. Before an answer RAW_HEADERS is ``[]`` and RAW_HEADERS_CRLF ``"\r\n"``.

        Raises:
            HeaderNotFound: 12150, there is no such header, or none of that index or number.
            CallerError: 87, an argument cannot be used, or two types are asked for; 12154, STATUS_CODE of the request;
                12019, there is no answer yet; 12153, the value is no number, too large a number, or no date.
            HandleClosed: 6, the file was closed.

        Source: MFC ``CHttpFile::QueryInfo``, all three overloads.
        """
        if self._handle.number and self._headers is not None and name is None and index.__class__ is int:
            from pyinet._answer.query_info import plain_key  # here, as below: most programs read `headers`

            key = plain_key(level)
            if key:  # as most queries are
                values = self._headers.get_all(key)
                if 0 <= index < len(values):
                    return values[index]
        return self._query(level, index, name)[0]

    def _query(self, level: int | str, index: int, name: str | None) -> tuple[Value, int]:
        from pyinet._answer.query_info import query_info

        self._handle.check("the file")
        of_request = isinstance(level, int) and level & _OF_REQUEST
        request = self.request_headers if of_request else RequestHeaders()
        target = self._request_target() if of_request else "/"
        version = "1.0" if self._plan is not None and self._plan.http10 else "1.1"
        try:
            return query_info(
                level, index, name, head=self._headers, request=request, verb=self._verb, target=target,
                version=version, url=self.name,
            )  # fmt: skip
        except InternetException as error:
            error.context = self._handle.context
            raise

    def _request_target(self) -> str:
        from pyinet._urls.wire import split_authority

        rest = self.name.partition("://")[2]
        return rest[len(split_authority(rest)[0]) :] or "/"

    def query_info_iter(self, level: int | str, *, name: str | None = None) -> Iterator[Value]:
        """Yield what `query_info` gives for index 0, 1, ... until there is no more."""
        from pyinet._answer.query_info import query_info_iter

        return query_info_iter(lambda index: self._query(level, index, name))

    def query_info_all(self, level: int | str, *, name: str | None = None) -> list[Value]:
        """Return all that `query_info_iter` yields."""
        return list(self.query_info_iter(level, name=name))

    def get_header(self, name: str, default: _T | None = None) -> str | _T | None:
        """Return the first header of that name of the answer, or *default*.

        Raises:
            CallerError: 12019, there is no answer yet.
        """
        try:
            return self.headers.get_all(name)[0]
        except IndexError:
            return default

    @property
    def ok(self) -> bool:
        """Whether the status is below 400."""
        return self.status_code < _GOOD

    def raise_for_status(self) -> None:
        """Raise when the status is 400 or more.

        Raises:
            HttpStatusError: It is.
            CallerError: 12019, there is no answer yet.
        """
        if not self.ok:
            raise http_status_error(self.status_code, self.reason, url=self.url)
