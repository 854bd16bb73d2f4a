"""A fresh process for one run: do the scenario's body with one contender, print one line of JSON.

Usage: ``python child.py JOB`` where JOB is `job.Job` as JSON. Imports happen before the measured
part, opening and closing the client inside it.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from dataclasses import asdict
from pathlib import Path

from catalogue import CONTENDERS, SCENARIOS
from job import Job, Measurement


def status_bytes(key: str) -> int:
    """Return a line of ``/proc/self/status`` in bytes.

    Not ``ru_maxrss``: that one survives exec and would tell the size of the process that started us.
    """
    for line in Path("/proc/self/status").read_text("ascii").splitlines():
        if line.startswith(key + ":"):
            return int(line.split()[1]) * 1024
    raise LookupError(key)


def measure(job: Job) -> Measurement:
    """Run *job* in this process."""
    client = CONTENDERS[job.contender](job)
    body = SCENARIOS[job.scenario].body
    rss_before = status_bytes("VmRSS")
    cpu_before, began = resource.getrusage(client.who), time.perf_counter()
    with client:
        outcome = body(client, job, lambda: status_bytes("VmRSS"))
    ended, cpu_after = time.perf_counter(), resource.getrusage(client.who)
    ours = client.who == resource.RUSAGE_SELF
    rss_peak = status_bytes("VmHWM") if ours else 0  # a tool's memory is not this process's
    return Measurement(
        wall=ended - began,
        user=cpu_after.ru_utime - cpu_before.ru_utime,
        system=cpu_after.ru_stime - cpu_before.ru_stime,
        count=outcome.good,
        rss_peak=rss_peak,
        rss_growth=rss_peak - (outcome.rss_start or rss_before) if ours else 0,
        versions={"python": sys.version.split()[0], **client.versions()},
    )


if __name__ == "__main__":
    print(json.dumps(asdict(measure(Job.from_json(sys.argv[1])))))
