"""From rows to requests, one at a time as the transfers ask for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyinet.cli.manifest import BadRow, Row
from pyinet.cli.names import RefusedNameError, given_path, name_for_url
from pyinet.cli.report import local_failure
from pyinet.errors import InternetException

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from pyinet.cli.claims import Claims
    from pyinet.cli.tree import OutputTree
    from pyinet.request import Request


class Plan:
    """Names the file of each row and hands its request over; a row that cannot be sent is reported.

    Args:
        rows: What is wanted, pulled lazily.
        claims: The names taken by earlier rows.
        tree: Where files go.
        make_request: Called with URL and file; what the options say is its business.
        failed: Called with one line for each row that cannot be sent.
    """

    def __init__(
        self,
        rows: Iterable[Row | BadRow],
        claims: Claims,
        tree: OutputTree,
        make_request: Callable[[str, str], Request],
        failed: Callable[[str], None],
    ) -> None:
        self._rows = rows
        self._claims = claims
        self._tree = tree
        self._make_request = make_request
        self._failed = failed
        self.seen = 0
        """Rows pulled so far."""
        self.exhausted = False
        """All rows were pulled: `seen` is their number."""

    def requests(self) -> Iterator[Request]:
        """Yield the requests, in the order of the rows. A manifest that stops being readable ends them."""
        for row in self._readable():
            self.seen += 1
            request = self._request(row)
            if request is not None:
                yield request
        self.exhausted = True

    def _readable(self) -> Iterator[Row | BadRow]:
        rows = iter(self._rows)
        while True:
            try:
                row = next(rows)
            except StopIteration:
                return
            except OSError as error:
                yield BadRow("manifest", f"cannot be read further: {error.strerror}")
                return
            yield row

    def _request(self, row: Row | BadRow) -> Request | None:
        if isinstance(row, BadRow):
            self._failed(local_failure(row.where, reason=row.reason))
            return None
        try:
            path = given_path(row.path) if row.path else name_for_url(row.url)
            return self._make_request(row.url, self._tree.place(self._claims.take(path)))
        except (RefusedNameError, InternetException) as error:
            self._failed(local_failure(row.where, url=row.url, path=row.path, reason=str(error)))
            return None
