"""One run of `pyinet get`: its options, its parts, its exit code."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO

import click

from pyinet.cli.claims import Claims
from pyinet.cli.plan import Plan
from pyinet.cli.progress import LIVE_INTERVAL, PLAIN_INTERVAL, LiveDisplay, PlainDisplay
from pyinet.cli.report import Tally, summary
from pyinet.cli.transfer import drain
from pyinet.cli.tree import OutputTree
from pyinet.enums import AccessType
from pyinet.errors import InternetException
from pyinet.request import Request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from pyinet.cli.manifest import BadRow, Row
    from pyinet.cli.progress import Display
    from pyinet.session import InternetSession

EXIT_FAILED = 1
EXIT_INTERRUPTED = 130
"""128 + SIGINT, as shells report it."""


@dataclass(frozen=True)
class Job:
    """The options of `pyinet get`, named as in its help."""

    output: Path
    in_flight: int
    per_host: int | None
    timeout: float | None
    max_size: int | None
    ca: str | None
    proxy: str | None
    addresses: tuple[tuple[str, str], ...]
    headers: tuple[tuple[str, str], ...]
    user_agent: str
    collisions: str
    existing: str
    quiet: bool
    no_progress: bool

    def request(self, url: str, path: str) -> Request:
        """Return the request of a row.

        Raises:
            InternetException: The URL is refused.
        """
        return Request(url, headers=self.headers, path=path, timeout=self.timeout, max_size=self.max_size)

    def session(self, make: Callable[..., InternetSession]) -> InternetSession:
        """Return a session with these options.

        Raises:
            InternetException: The proxy or the certificates cannot be used.
        """
        return make(
            self.user_agent,
            access_type=AccessType.PROXY if self.proxy else AccessType.PRECONFIG,
            proxy_name=self.proxy,
            ca=self.ca,
            resolve=dict(self.addresses) or None,
        )


def run(job: Job, rows: Iterable[Row | BadRow], make_session: Callable[..., InternetSession]) -> int:
    """Fetch all rows and return the exit code.

    Raises:
        click.UsageError: There was no row, or the output directory or an option of the session is unusable.
    """
    tally = Tally()
    with ExitStack() as stack:
        try:
            tree = OutputTree(job.output, refuse_existing=job.existing == "refuse")
        except OSError as error:
            raise click.UsageError(f"cannot use the directory {job.output}: {error.strerror}") from error
        try:
            session = stack.enter_context(job.session(make_session))
        except InternetException as error:
            raise click.UsageError(str(error)) from error
        display, interval = _display(job, sys.stderr)
        stack.callback(display.close)

        def failed(line: str) -> None:
            tally.failed += 1
            display.line(line)

        plan = Plan(rows, Claims(number=job.collisions == "number"), tree, job.request, failed)
        fetched = session.fetch(plan.requests(), in_flight=job.in_flight, per_host=job.per_host)
        drain(stack.enter_context(fetched), plan, tally, failed, display, interval)
    if plan.exhausted and not plan.seen:
        raise click.UsageError("nothing to do: the manifest has no rows")
    if not job.quiet:
        print(summary(tally), file=sys.stderr)
    if tally.interrupted:
        return EXIT_INTERRUPTED
    return EXIT_FAILED if tally.failed else 0


def _display(job: Job, stream: TextIO) -> tuple[Display, float | None]:
    """Choose the display and the seconds between its updates."""
    if job.quiet or job.no_progress:
        return PlainDisplay(stream), None
    if stream.isatty():
        return LiveDisplay(stream), LIVE_INTERVAL
    return PlainDisplay(stream), PLAIN_INTERVAL
