"""The scenarios of what a session adds: event loops, status callbacks, files, cookies, threads."""

from __future__ import annotations

import bodies
from bodies import COOKIE_HOSTS
from contenders import Aiohttp, Pyinet, Requests
from contenders_session import (
    BareSocket,
    PycurlChunks,
    PyinetAsync,
    PyinetCookies,
    PyinetGetCookie,
    PyinetHeader,
    PyinetHosts,
    PyinetOpenUrl,
    PyinetPadded,
    PyinetRequests,
    PyinetThreads,
    PyinetThreadsFetch,
    PyinetThreadsOpen,
    PyinetWatched,
    Pyreqwest,
    Urllib3,
)
from scenarios import SMALL, Entry, Goal, Scenario, growth, peak

HOSTS = 16
"""Hosts that get requests, 4 at a time each. With more, new connections would hide what is measured."""
THREADS = (PyinetThreads, PyinetThreadsFetch, PyinetThreadsOpen)

SCENARIOS: dict[str, Scenario] = {
    "async": Scenario(
        title=f"{SMALL:,} GETs of 1 KiB awaited one by one in 64 tasks",
        body=bodies.bulk_get,
        count=SMALL,
        in_flight=64,
        entries=(Entry(PyinetAsync), Entry(Aiohttp), Entry(Pyreqwest)),
        goals=(
            Goal("pyinet+uvloop", ("aiohttp+uvloop",), 0.5),
            Goal("pyinet+uvloop", ("pyreqwest+uvloop",), 1.0),
        ),
    ),
    "statuses": Scenario(
        title=f"{SMALL:,} GETs of 1 KiB, 64 in flight, every row watched",
        body=bodies.bulk_get,
        count=SMALL,
        in_flight=64,
        entries=(Entry(PyinetWatched), Entry(PyinetRequests), Entry(Pyinet)),
        goals=(Goal("pyinet, watched", ("pyinet, Requests",), 2.0),),
    ),
    "open_url": Scenario(
        title="6,000 GETs of 1 KiB through open_url(url).read(), one after another",
        body=bodies.get_one_by_one,
        count=6_000,
        entries=(Entry(PyinetOpenUrl), Entry(Pyinet), Entry(Urllib3)),
        goals=(
            Goal("pyinet, open_url", ("pyinet",), 1.5),
            Goal("pyinet, open_url", ("urllib3",), 0.3),
        ),
    ),
    "read": Scenario(
        title="1 GiB through read(1 MiB), twice",
        body=bodies.read_chunks,
        count=2,
        files="1g",
        entries=(Entry(PyinetOpenUrl), Entry(PycurlChunks), Entry(Requests), Entry(BareSocket)),
        goals=(
            Goal("pyinet, open_url", ("pycurl into memoryview",), 1.15),
            Goal("pyinet, open_url", ("requests",), 0.5),
            Goal("pyinet, open_url", (), 40, metric=growth, form="value", unit="MB"),
        ),
    ),
    "read-slow": Scenario(
        title="1 GiB through read(1 MiB) with 5 ms between two reads",
        body=bodies.read_chunks,
        count=1,
        files="1g",
        entries=(Entry(PyinetOpenUrl, pause_ms=5),),
        goals=(Goal("pyinet, open_url", (), 40, metric=growth, form="value", unit="MB"),),
    ),
    "cookies-send": Scenario(
        title=f"{2 * SMALL:,} GETs of 1 KiB from {HOSTS} hosts with 10 of 10,000 cookies each, 64 in flight",
        body=bodies.bulk_get,
        count=2 * SMALL,
        in_flight=64,
        hosts=HOSTS,
        entries=(Entry(PyinetCookies), Entry(PyinetHosts), Entry(PyinetPadded)),
        goals=(
            Goal("pyinet, 10,000 cookies", ("pyinet, empty jar",), 3, form="difference", unit="us"),
            Goal("pyinet, 10,000 cookies", ("pyinet, empty jar, as many bytes",), 3, form="difference", unit="us"),
        ),
    ),
    "cookies-get": Scenario(
        title=f"{SMALL:,} get_cookie calls, 10,000 cookies over {COOKIE_HOSTS:,} hosts; nothing is sent",
        body=bodies.look_up,
        count=SMALL,
        hosts=COOKIE_HOSTS,
        entries=(Entry(PyinetGetCookie), Entry(PyinetHeader)),
        goals=(
            Goal("pyinet, get_cookie", (), 20, form="value", unit="us"),
            Goal("header alone", (), 3, form="value", unit="us"),
        ),
    ),
    "threads": Scenario(
        title="10,000 GETs of 1 KiB by 500 threads on one session",
        body=bodies.bulk_get,
        count=10_000,
        in_flight=500,
        entries=tuple(Entry(contender) for contender in THREADS),
        goals=tuple(Goal(contender.label, (), 400, metric=peak, form="value", unit="MB") for contender in THREADS),
    ),
}
