"""Compare pyinet with other clients on this machine and say which goals are met.

``make bench`` prepares everything and calls this. Each run is a fresh process; the runs of a
scenario are interleaved, each repeat in another order, and a ratio is taken inside one repeat.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import report
from bodies import spin
from catalogue import SCENARIOS
from job import Job, Measurement
from scenarios import WORK_SECONDS, Entry, Scenario
from server import SIZES, Server

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent
ROOT = HERE.parent
TMPFS = Path("/dev/shm")
RUN_SECONDS = 600
"""A run that takes longer has failed."""


def turns_of_work() -> int:
    """Return how many turns of `spin` take `WORK_SECONDS` here."""
    turns = 1000
    best = min(_timed_spin(turns) for _ in range(500))  # short tries: some escape whatever else runs
    return max(1, round(turns * WORK_SECONDS / best))


def _timed_spin(turns: int) -> float:
    began = time.perf_counter()
    spin(turns)
    return time.perf_counter() - began


class Runner:
    """Runs scenarios against one server.

    Args:
        server: Where the files come from.
        scratch: Directory for lists of URLs and for downloads to disk.
        repeats: Measured runs of each row.
    """

    def __init__(self, server: Server, scratch: Path, repeats: int) -> None:
        self._server = server
        self._scratch = scratch
        self._repeats = repeats
        self._turns = turns_of_work()
        # Neither proxies nor settings of the interpreter: without compiled modules on disk, say, an import is slow.
        self._environ = {
            key: value
            for key, value in os.environ.items()
            if not key.lower().endswith("_proxy") and not key.startswith("PYTHON")
        }
        self._environ.update(PYTHONPATH=str(ROOT), PYTHONHASHSEED="0")

    def run(self, name: str) -> report.Rows:
        """Verify and measure every row of a scenario; a row that fails carries the reason."""
        scenario = SCENARIOS[name]
        rows = report.Rows(scenario)
        jobs: dict[str, Job] = {}
        for entry in scenario.entries:
            with rows.failing(entry.label):
                jobs[entry.label] = self._verified(name, scenario, entry, rows)
        for repeat in range(min(self._repeats, scenario.most_repeats)):
            labels = list(jobs)
            turn = repeat % max(1, len(labels))
            for label in labels[turn:] + labels[:turn]:
                if label not in rows.failures:
                    with rows.failing(label):
                        rows.measured.setdefault(label, []).append(self._once(scenario, jobs[label]))
        return rows

    def _verified(self, name: str, scenario: Scenario, entry: Entry, rows: report.Rows) -> Job:
        """Check every body byte for byte, unmeasured, and return the job to measure."""
        urls = self._server.urls(scenario.files, tls=scenario.tls, hosts=scenario.hosts)
        url_file = self._scratch / f"{name}.urls"
        url_file.write_text("".join(f"{url}\n" for url in urls))
        job = Job(
            scenario=name,
            contender=entry.contender.label,
            url_file=str(url_file),
            count=scenario.count,
            in_flight=entry.in_flight or scenario.in_flight,
            spin=self._turns if entry.works else 0,
            size=SIZES[scenario.files],
            pause_ms=entry.pause_ms,
            root=str(self._server.root),
            sink=self._server.sink,
            agent="" if entry.own_agent else Job.agent,
            ca=str(self._server.ca) if scenario.tls else None,
            connections=rows.connects.get(scenario.same_connections_as, 0),
        )
        if entry.contender.verifiable:
            whole = max(len(urls), job.in_flight)
            done = self._once(scenario, replace(job, count=min(job.count, whole), spin=0, pause_ms=0, verify=True))
            rows.connects[entry.label] = done.connects
        return job

    def _once(self, scenario: Scenario, job: Job) -> Measurement:
        """Run *job* in a process of its own."""
        command = next(e.contender for e in scenario.entries if e.contender.label == job.contender).command
        with self._out(scenario) as out:
            job = replace(job, out=out)
            accepted = self._server.accepted()
            try:
                done = subprocess.run(
                    command(job),
                    check=False,
                    capture_output=True,
                    text=True,
                    env=self._environ,
                    timeout=RUN_SECONDS,
                )
            except subprocess.TimeoutExpired:
                raise report.RunError(f"not finished after {RUN_SECONDS} s") from None
            connects = self._server.accepted() - accepted - 1  # the second question is a connection too
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["no message"])[-1]
            raise report.RunError(f"exit code {done.returncode}: {last}")
        row = replace(Measurement(**json.loads(done.stdout)), connects=connects)
        if row.count != job.count:
            wrong = f"{job.count - row.count} of {job.count} bodies wrong"
            raise report.RunError(f"{wrong}: {done.stderr.strip()[:300]}")
        return row

    @contextmanager
    def _out(self, scenario: Scenario) -> Iterator[str | None]:
        """Give a directory for downloads on the file system the scenario names."""
        if not scenario.store:
            yield None
            return
        parent = TMPFS if scenario.store == "tmpfs" else self._scratch
        if not parent.is_dir():
            raise report.RunError(f"no {parent} here")
        out = tempfile.mkdtemp(prefix="pyinet-bench-", dir=parent)
        try:
            yield out
        finally:
            shutil.rmtree(out)


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    # Those of the wheel want one (setup_wheel.sh), so they are not part of "all".
    usual = [name for name in SCENARIOS if not name.startswith("wheel")]
    parser.add_argument("--scenario", nargs="+", choices=SCENARIOS, default=usual, metavar="NAME")
    parser.add_argument("--repeats", type=int, default=5, help="measured runs of each row (5)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every run to FILE")
    parser.add_argument("--markdown", action="store_true", help="print tables for README.md")
    parser.add_argument("--check", action="store_true", help="exit with 1 unless every goal is met")
    return parser.parse_args()


def main() -> int:
    """Run what was asked for and print it."""
    options = arguments()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))  # thousands of connections; children inherit it
    results: dict[str, report.Rows] = {}
    with (
        tempfile.TemporaryDirectory(prefix="pyinet-bench-") as scratch,
        Server(Path(scratch)) as server,
    ):
        runner = Runner(server, Path(scratch), options.repeats)
        for name in options.scenario:
            print(f"{name}: {SCENARIOS[name].title}", file=sys.stderr)
            results[name] = runner.run(name)
        about = report.about(server.version(), Path(scratch), results.values())
    print(report.text(results, about, markdown=options.markdown))
    if options.json:
        options.json.write_text(report.as_json(results, about))
    met = all(verdict.met for rows in results.values() for verdict in rows.verdicts())
    return 1 if options.check and not met else 0


if __name__ == "__main__":
    sys.exit(main())
