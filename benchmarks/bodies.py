"""The work itself: one body for each kind of it, the same for every contender."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from job import Job

if TYPE_CHECKING:
    from contenders import Accept, Buffer, Contender, Interpreter


class Outcome(NamedTuple):
    """What a body returns."""

    good: int
    """Requests whose body was right; the runner rejects a run with fewer than asked for."""
    rss_start: int | None = None
    """Resident bytes to count growth from; None: where the measured part began."""


Body = Callable[[Any, Job, Callable[[], int]], Outcome]
"""Called with the client, the job and a function that tells the resident bytes."""


class Tally:
    """Counts right bodies; the first wrong one is shown, for the run is lost then anyway."""

    def __init__(self, client: Contender, job: Job) -> None:
        self.good = 0
        self.wrong = 0
        self._url_of, self._body_of = client.url_of, client.body_of
        self._job = job
        self._expected: dict[str, bytes] = {}

    def accept(self) -> Accept:
        """Return the check the job asks for."""
        return self._same_bytes if self._job.verify else self._same_length

    def _same_length(self, result: Any) -> None:  # noqa: ANN401 - opaque to all but its client
        if len(self._body_of(result)) == self._job.size:
            self.good += 1
        else:
            self._reject(result)

    def _same_bytes(self, result: Any) -> None:  # noqa: ANN401
        url = self._url_of(result)
        path = self._job.served_file(url)
        if str(path) not in self._expected:
            self._expected[str(path)] = path.read_bytes()
        if self._body_of(result) == self._expected[str(path)]:
            self.good += 1
        else:
            self._reject(result)

    def _reject(self, result: Any) -> None:  # noqa: ANN401
        self.wrong += 1
        if self.wrong == 1:
            size = len(self._body_of(result))
            print(f"{self._url_of(result)}: {size} bytes, {result!r:.150}", file=sys.stderr)


def spin(turns: int) -> int:
    """Keep the interpreter busy without touching a clock."""
    value = 1
    for turn in range(turns):
        value = (value * 31 + turn) & 0xFFFF
    return value


def bulk_get(client: Contender, job: Job, _rss: Callable[[], int]) -> Outcome:
    """Get all URLs at once, a bounded number in flight."""
    tally = Tally(client, job)
    client.get_many(job.urls(), job.in_flight, tally.accept())
    return Outcome(tally.good)


def bulk_get_with_work(client: Contender, job: Job, _rss: Callable[[], int]) -> Outcome:
    """The same with work on each result in the thread that receives it."""
    tally = Tally(client, job)
    check, turns = tally.accept(), job.spin

    def accept(result: Any) -> None:  # noqa: ANN401
        check(result)
        spin(turns)

    client.get_many(job.urls(), job.in_flight, accept)
    return Outcome(tally.good)


def get_one_by_one(client: Contender, job: Job, _rss: Callable[[], int]) -> Outcome:
    """Get one URL after another, waiting for each."""
    tally = Tally(client, job)
    accept, get_one = tally.accept(), client.get_one
    for url in job.urls():
        accept(get_one(url))
    return Outcome(tally.good)


def generator(client: Contender, job: Job, rss: Callable[[], int]) -> Outcome:
    """Get distinct URLs that exist one at a time only; growth counts from the first result."""
    tally = Tally(client, job)
    check, rss_start = tally.accept(), 0

    def accept(result: Any) -> None:  # noqa: ANN401
        nonlocal rss_start
        check(result)
        rss_start = rss_start or rss()

    base = job.distinct_urls()
    urls = (f"{base[number % len(base)]}?number={number}" for number in range(job.count))
    client.get_many(urls, job.in_flight, accept)
    return Outcome(tally.good, rss_start)


COOKIE_HOSTS = 1000
"""Hosts with cookies."""
COOKIES_PER_HOST = 10


def expected_cookies() -> str:
    """Return what each host is sent: paths are equal, so the oldest comes first."""
    return "; ".join(f"name{number}=value{number}" for number in range(COOKIES_PER_HOST))


def look_up(client: Contender, job: Job, _rss: Callable[[], int]) -> Outcome:
    """Ask for the cookies of one URL after another; nothing is sent."""
    get_one, body_of, expected = client.get_one, client.body_of, expected_cookies()
    return Outcome(sum(body_of(get_one(url)) == expected for url in job.urls()))


CHUNK = 1 << 20
"""Bytes of a chunk."""


def read_chunks(client: Contender, job: Job, _rss: Callable[[], int]) -> Outcome:
    """Read large bodies chunk by chunk, one after another."""
    return Outcome(sum(_read_chunks(client, job, url) for url in job.urls()))


def _read_chunks(client: Contender, job: Job, url: str) -> bool:
    """Return whether the body was right; what is kept of it is its length."""
    pause, received, right = job.pause_ms / 1000, 0, True
    with job.served_file(url).open("rb") as served:

        def accept(chunk: Buffer) -> None:
            nonlocal received, right
            received += len(chunk)
            if job.verify and served.read(len(chunk)) != chunk:
                right = False
            if pause:
                time.sleep(pause)

        client.get_chunks(url, CHUNK, accept)
    return right and received == job.size


def stored(job: Job, url: str, path: Path) -> bool:
    """Return whether *path* holds what *url* serves, as far as the job wants to know."""
    if not path.is_file():
        return False
    if job.verify:
        return path.read_bytes() == job.served_file(url).read_bytes()
    return path.stat().st_size == job.size


def download(client: Contender, job: Job, _rss: Callable[[], int]) -> Outcome:
    """Store bodies in files."""
    pairs = [(url, f"{job.out}/{number:05d}") for number, url in enumerate(job.urls())]
    client.download(pairs, job.in_flight)
    return Outcome(sum(stored(job, url, Path(path)) for url, path in pairs))


def start_up(client: Interpreter, job: Job, _rss: Callable[[], int]) -> Outcome:
    """Start an interpreter again and again."""
    for _ in range(job.count):
        client.start()
    return Outcome(job.count)
