"""The scenarios of the HTTP face: requests, uploads, header queries."""

from __future__ import annotations

from typing import TYPE_CHECKING

import bodies
from bodies import Outcome
from contenders_http import (
    CurlUpload,
    PyinetQueryInfo,
    PyinetRequest,
    PyinetUploadCopy,
    PyinetUploadFile,
    PyinetUploadPieces,
    received,
)
from contenders_session import PyinetOpenUrl
from scenarios import Entry, Goal, Scenario, growth

if TYPE_CHECKING:
    from collections.abc import Callable

    from contenders import Contender
    from job import Job


def upload(client: Contender, job: Job, _rss: Callable[[], int]) -> Outcome:
    """Upload the large file, again and again."""
    return Outcome(sum(received(job, client) for _ in range(job.count)))


def look_up(client: PyinetQueryInfo, job: Job, _rss: Callable[[], int]) -> Outcome:
    """Query one header again and again."""
    return Outcome(client.look_up(job.count))


UPLOADS = (PyinetUploadFile, PyinetUploadCopy, PyinetUploadPieces)

SCENARIOS: dict[str, Scenario] = {
    "request": Scenario(
        title="6,000 GETs of 1 KiB through open_request, send_request and read, kept alive, one after another",
        body=bodies.get_one_by_one,
        count=6_000,
        entries=(Entry(PyinetRequest), Entry(PyinetOpenUrl)),
        goals=(Goal("pyinet, open_request", ("pyinet, open_url",), 1.2),),
    ),
    "upload": Scenario(
        title="1 GiB uploaded to a server that only counts it",
        body=upload,
        count=1,
        files="1g",
        entries=(*(Entry(contender) for contender in UPLOADS), Entry(CurlUpload)),
        goals=(
            Goal("pyinet, from a file", ("curl -T",), 1.2),
            Goal("pyinet, send_request_ex from a file", ("curl -T",), 1.2),
            Goal("pyinet, write of 64 KiB", ("curl -T",), 2.0),
            *(Goal(one.label, (), 40, metric=growth, form="value", unit="MB") for one in UPLOADS),
        ),
    ),
    "query-info": Scenario(
        title="200,000 query_info calls for one header out of 40; nothing is sent",
        body=look_up,
        count=200_000,
        entries=(Entry(PyinetQueryInfo),),
        goals=(Goal("pyinet, query_info", (), 2, form="value", unit="us"),),
    ),
}
