"""What is compared: one scenario for each line of the table, its rows and its goals."""

from __future__ import annotations

from collections.abc import Callable, Mapping  # noqa: TC003 - fields of dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import bodies
from contenders import (
    Aiohttp,
    Contender,
    CurlTool,
    Floor,
    ImportPyinet,
    Interpreter,
    NoTransfers,
    PycurlEasy,
    PycurlEpoll,
    PycurlMulti,
    PycurlWheel,
    Pyinet,
    PyinetWheel,
    Requests,
)

if TYPE_CHECKING:
    from job import Measurement

Store = Literal["", "tmpfs", "disk"]
WORK_SECONDS = 200e-6
"""Python work on each result in the scenario `overlap`."""


def cpu(row: Measurement) -> float:
    """CPU a request."""
    return row.cpu_us


def wall(row: Measurement) -> float:
    """Elapsed time a request."""
    return row.wall_us


def growth(row: Measurement) -> float:
    """Growth of resident memory."""
    return row.rss_growth_mb


def peak(row: Measurement) -> float:
    """Largest resident memory."""
    return row.rss_peak / 1e6


@dataclass(frozen=True)
class Entry:
    """One row: a contender and what differs for it from the scenario's settings."""

    contender: type[Contender]
    note: str = ""
    in_flight: int | None = None
    own_agent: bool = False
    """True: sends the User-Agent it sends by itself; pycurl's is long, and libcurl pays for it byte by byte."""
    works: bool = True
    """False: leaves out the Python work on results."""
    pause_ms: float = 0
    """Pause after each chunk of a body that is read in chunks."""

    @property
    def label(self) -> str:
        """Name of the row."""
        return f"{self.contender.label}, {self.note}" if self.note else self.contender.label


@dataclass(frozen=True)
class Goal:
    """What the subject must reach against others: the largest of them counts, each repeat by itself."""

    subject: str
    against: tuple[str, ...]
    limit: float
    metric: Callable[[Measurement], float] = cpu
    form: Literal["ratio", "difference", "value"] = "ratio"
    unit: str = "x"

    @property
    def text(self) -> str:
        """The goal in words."""
        names = {"cpu": "CPU", "wall": "wall", "growth": "RSS growth", "peak": "RSS"}
        what = names[self.metric.__name__]
        other = " / ".join(self.against)
        other = f"max({', '.join(self.against)})" if len(self.against) > 1 else other
        if self.form == "ratio":
            return f"{what} <= {self.limit:g} x {other}"
        return f"{what} <= {self.limit:g} {self.unit}" + (f" beyond {other}" if other else "")

    def measured(self, rows: Mapping[str, Measurement]) -> float:
        """Return the figure of one repeat, to be at most `limit`."""
        subject = self.metric(rows[self.subject])
        if self.form == "value":
            return subject
        other = max(self.metric(rows[label]) for label in self.against)
        if self.form == "ratio":
            return subject / other
        return (subject - other) / (1000 if self.unit == "ms" else 1)


@dataclass(frozen=True)
class Scenario:
    """One line of work for several contenders."""

    title: str
    body: bodies.Body
    entries: tuple[Entry, ...]
    goals: tuple[Goal, ...]
    count: int
    in_flight: int = 1
    files: Literal["1k", "5m", "1g"] = "1k"
    hosts: int = 0
    """So many host names take turns in the URLs, all of them the server; 0: its address."""
    tls: bool = False
    store: Store = ""
    same_connections_as: str = ""
    """Row whose number of connections is the limit of the others."""
    most_repeats: int = 1000
    libcurls_differ: bool = False
    """Whether builds with different libcurls are what is compared."""


STORES: tuple[Store, ...] = ("tmpfs", "disk")
SMALL = 20_000
"""Requests of 1 KiB in a run."""

SCENARIOS: dict[str, Scenario] = {
    "bulk": Scenario(
        title=f"{SMALL:,} GETs of 1 KiB, HTTP/1.1, 64 in flight",
        body=bodies.bulk_get,
        count=SMALL,
        in_flight=64,
        entries=(
            Entry(Pyinet),
            Entry(Floor),
            Entry(PycurlMulti),
            Entry(PycurlMulti, "own User-Agent", own_agent=True),
            Entry(Aiohttp),
        ),
        goals=(
            Goal("pyinet", ("C floor",), 1.30),
            Goal("pyinet", ("pycurl multi (select)",), 0.85),
            Goal("pyinet", ("pycurl multi (select), own User-Agent",), 0.85),
            Goal("pyinet", ("aiohttp+uvloop",), 0.16),
        ),
    ),
    "bulk-4000": Scenario(
        title=f"{SMALL:,} GETs of 1 KiB, HTTP/1.1, 4,000 in flight",
        body=bodies.bulk_get,
        count=SMALL,
        in_flight=4000,
        entries=(
            Entry(Pyinet),
            Entry(Pyinet, "64 in flight", in_flight=64),
            Entry(Floor),
            Entry(PycurlEpoll),
        ),
        goals=(
            Goal("pyinet", ("pycurl multi (epoll)",), 0.30),
            Goal("pyinet", ("pyinet, 64 in flight",), 2.5),
        ),
    ),
    "bulk-h2": Scenario(
        title=f"{SMALL:,} GETs of 1 KiB, HTTP/2 over TLS, 64 in flight, equal connections",
        body=bodies.bulk_get,
        count=SMALL,
        in_flight=64,
        tls=True,
        same_connections_as="pyinet",
        entries=(Entry(Pyinet), Entry(Floor), Entry(PycurlMulti)),
        goals=(Goal("pyinet", ("pycurl multi (select)",), 0.85),),
    ),
    **{
        f"wheel{suffix}": Scenario(
            title=f"the wheel: {SMALL:,} GETs of 1 KiB, {protocol}, 64 in flight",
            body=bodies.bulk_get,
            count=SMALL,
            in_flight=64,
            tls=tls,
            same_connections_as="pyinet wheel" if tls else "",
            entries=(Entry(PyinetWheel), Entry(Pyinet), Entry(PycurlWheel)),
            goals=(
                Goal("pyinet wheel", ("pyinet",), 0.80),
                Goal("pyinet wheel", ("pycurl wheel (select)",), 0.75),
            ),
            libcurls_differ=True,
        )
        for suffix, protocol, tls in (("", "HTTP/1.1", False), ("-h2", "HTTP/2 over TLS", True))
    },
    "overlap": Scenario(
        title=f"10,000 GETs of 1 KiB, 64 in flight, {WORK_SECONDS * 1e6:.0f} us of Python work per result",
        body=bodies.bulk_get_with_work,
        count=10_000,
        in_flight=64,
        entries=(Entry(Pyinet), Entry(Pyinet, "transfers alone", works=False), Entry(NoTransfers)),
        goals=(Goal("pyinet", ("pyinet, transfers alone", "work alone"), 1.15, metric=wall),),
    ),
    "sequential": Scenario(
        title="3,000 GETs of 1 KiB, one after another",
        body=bodies.get_one_by_one,
        count=3_000,
        entries=(
            Entry(Pyinet),
            Entry(PycurlEasy),
            Entry(PycurlEasy, "own User-Agent", own_agent=True),
            Entry(Requests),
        ),
        goals=(
            Goal("pyinet", ("pycurl perform",), 1.0),
            Goal("pyinet", ("pycurl perform, own User-Agent",), 1.0),
            Goal("pyinet", ("requests",), 0.1),
        ),
    ),
    **{
        f"files-{store}": Scenario(
            title=f"400 files of 5 MiB to {store}, 64 in flight",
            body=bodies.download,
            count=400,
            in_flight=64,
            files="5m",
            store=store,
            entries=(Entry(Pyinet), Entry(CurlTool)),
            goals=(
                Goal("pyinet", ("curl --parallel",), 1.10),
                Goal("pyinet", (), 40, metric=growth, form="value", unit="MB"),
            ),
        )
        for store in STORES
    },
    "generator": Scenario(
        title="a generator of 1,000,000 URLs, 64 in flight",
        body=bodies.generator,
        count=1_000_000,
        in_flight=64,
        most_repeats=1,
        entries=(Entry(Pyinet),),
        goals=(Goal("pyinet", (), 50, metric=growth, form="value", unit="MB"),),
    ),
    "import": Scenario(
        title="import pyinet",
        body=bodies.start_up,
        count=20,
        entries=(Entry(ImportPyinet), Entry(Interpreter)),
        goals=(Goal("import pyinet", ("python",), 40, metric=wall, form="difference", unit="ms"),),
    ),
}
